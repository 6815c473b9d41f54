//! Every image of every segment accounted for, and the edits that revive dead references.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::copy::{Copied, Copies, Found};
use crate::media::{Resolution, rewrite};
use crate::scan::Agent;
use crate::session::ImageSource;
use crate::split::segment::Segment;
use crate::stitch::piece::Edit;

/// Longest line that is searched for a path to rewrite, in bytes. Lines with references are short unless they hold the
/// image itself, and then the reference does not matter.
const MAX_LINE: u64 = 64 << 20;

/// What becomes of the images. Each reference counts once, however often it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Images {
    /// Inline, carried byte for byte.
    pub inline: u64,
    /// References that lead to their file as they are, and media URIs that the gateway resolves itself.
    pub resolved: u64,
    /// References that a `--map` rule leads to their file.
    pub mapped: Vec<Moved>,
    /// Dead references whose file is elsewhere under the agent's own media folders.
    pub revived: Vec<Moved>,
    /// Dead references whose file is copied in from another state directory.
    pub copied: Vec<Copied>,
    /// Whether the mapped, revived and copied ones are rewritten, or only shown here.
    pub rewritten: bool,
    /// Dead references whose image is inline in the same message, and so is carried.
    pub beside: u64,
    /// References whose file is nowhere and that have no inline copy beside them.
    pub lost: Vec<String>,
    /// Those of the lost ones whose name several different files have elsewhere, or one that is copied for another
    /// reference: which one is meant, or where it should go, is for a person to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clashing: Vec<String>,
    /// Marks of data that was removed, in messages that name the file: the reference is what is left, and is counted.
    pub pruned: u64,
    /// Such marks in messages that name no file: nothing is left.
    pub pruned_bare: u64,
    /// On another server.
    pub remote: u64,
}

/// A reference and the file it means today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Moved {
    /// As it is written.
    pub from: String,
    /// Where the file is.
    pub to: String,
}

/// Accounts for the images and, with `rewrite`, gives the edits of each segment. Lost files are looked for in the folders
/// `elsewhere`.
pub(super) fn plan(agent: &Agent, segments: &[&Segment], rewrite: bool, elsewhere: &[PathBuf]) -> io::Result<(Images, Vec<Vec<Edit>>)> {
    let mut images = Images { rewritten: rewrite, ..Images::default() };
    let copies = Copies::new(agent, elsewhere);
    let carried: HashSet<&str> = segments.iter().flat_map(|segment| beside(segment)).collect();
    // Where each reference leads; the new path, for those that are rewritten.
    let mut seen: HashMap<&str, Option<String>> = HashMap::new();
    let mut all_edits = Vec::new();
    for segment in segments {
        let mut wishes: BTreeMap<u32, Vec<(&str, Option<String>)>> = BTreeMap::new();
        for image in &segment.session.images {
            match &image.source {
                ImageSource::Inline { .. } => images.inline += 1,
                ImageSource::Remote => images.remote += 1,
                ImageSource::Reference { path: None, .. } => {
                    let named = references(segment).any(|(entry, _)| entry == image.entry);
                    *(if named { &mut images.pruned } else { &mut images.pruned_bare }) += 1;
                }
                ImageSource::Reference { path: Some(path), .. } => {
                    let to = match seen.get(path.as_str()) {
                        Some(to) => to.clone(),
                        None => {
                            let to = images.account(agent, &copies, path, &carried)?;
                            seen.insert(path, to.clone());
                            to
                        }
                    };
                    wishes.entry(image.entry).or_default().push((path, to.filter(|_| rewrite)));
                }
            }
        }
        let mut edits = Vec::new();
        for (entry, wishes) in &wishes {
            edits.extend(rewrites(segment, *entry, wishes)?);
        }
        edits.sort_by_key(|edit: &Edit| (edit.range.start, edit.range.end));
        all_edits.push(edits);
    }
    Ok((images, all_edits))
}

impl Images {
    /// Files a reference under what becomes of it. Gives the path that it should have.
    fn account(&mut self, agent: &Agent, copies: &Copies, path: &str, carried: &HashSet<&str>) -> io::Result<Option<String>> {
        let moved = |to: &Path| {
            // It may be written into a transcript, which is read from anywhere.
            let to = std::path::absolute(to).unwrap_or_else(|_| to.to_owned());
            Moved { from: path.to_owned(), to: to.to_string_lossy().into_owned() }
        };
        Ok(match agent.media.resolve(path) {
            Resolution::AsIs(_) => {
                self.resolved += 1;
                None
            }
            // A media URI is resolved by the gateway itself.
            Resolution::Mapped(_) | Resolution::ByName(_) if path.starts_with("media:") => {
                self.resolved += 1;
                None
            }
            Resolution::Mapped(to) => {
                self.mapped.push(moved(&to));
                Some(moved(&to).to)
            }
            Resolution::ByName(to) => {
                self.revived.push(moved(&to));
                Some(moved(&to).to)
            }
            Resolution::Missing if carried.contains(path) => {
                self.beside += 1;
                None
            }
            Resolution::Missing => match copies.of(path, &self.copied)? {
                Found::Copy(copied) => {
                    let to = moved(&copied.to).to;
                    self.copied.push(copied);
                    (!path.starts_with("media:")).then_some(to)
                }
                // Its image comes in with that of another reference.
                Found::Shared(_) if path.starts_with("media:") => {
                    self.resolved += 1;
                    None
                }
                Found::Shared(to) => {
                    self.revived.push(moved(&to));
                    Some(moved(&to).to)
                }
                Found::Clash => {
                    self.lost.push(path.to_owned());
                    self.clashing.push(path.to_owned());
                    None
                }
                Found::Nothing => {
                    self.lost.push(path.to_owned());
                    None
                }
            },
        })
    }
}

/// The references of a segment, with their entries.
fn references(segment: &Segment) -> impl Iterator<Item = (u32, &str)> {
    segment.session.images.iter().filter_map(|image| match &image.source {
        ImageSource::Reference { path: Some(path), .. } => Some((image.entry, path.as_str())),
        _ => None,
    })
}

/// References in messages that hold at least as many images inline as they name files: each has its image beside it.
fn beside(segment: &Segment) -> Vec<&str> {
    let mut named: HashMap<u32, HashSet<&str>> = HashMap::new();
    for (entry, path) in references(segment) {
        named.entry(entry).or_default().insert(crate::foreign::basename(path));
    }
    let inline = |entry| usize::from(segment.session.entry(entry).map_or(0, |entry| entry.images));
    references(segment)
        .filter(|(entry, _)| inline(*entry) > 0 && inline(*entry) >= named.get(entry).map_or(0, HashSet::len))
        .map(|(_, path)| path)
        .collect()
}

/// Edits that put other paths in the places of those that an entry's line refers to.
fn rewrites(segment: &Segment, entry: u32, wishes: &[(&str, Option<String>)]) -> io::Result<Vec<Edit>> {
    if wishes.iter().all(|(_, to)| to.is_none()) {
        return Ok(Vec::new());
    }
    let Some(entry) = segment.session.entry(entry).filter(|entry| entry.span.len <= MAX_LINE) else { return Ok(Vec::new()) };
    let (mut file, _) = crate::platform::open_regular(&segment.file.path)?;
    file.seek(SeekFrom::Start(entry.span.offset))?;
    let mut line = Vec::new();
    file.take(entry.span.len).read_to_end(&mut line)?;
    let wishes: Vec<rewrite::Wish<'_>> = wishes.iter().map(|(from, to)| (*from, to.as_deref())).collect();
    let edit = |(range, bytes): (std::ops::Range<usize>, Vec<u8>)| Edit {
        range: entry.span.offset + range.start as u64..entry.span.offset + range.end as u64,
        bytes,
    };
    Ok(rewrite::rewrites(&line, &wishes).into_iter().map(edit).collect())
}
