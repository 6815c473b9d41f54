//! Every image of every segment accounted for, and the edits that revive dead references.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom};

use crate::media::Resolution;
use crate::scan::Agent;
use crate::session::ImageSource;
use crate::split::segment::Segment;
use crate::stitch::piece::Edit;

/// Longest line that is searched for a path to rewrite, in bytes. Lines with references are short unless they hold the
/// image itself, and then the reference does not matter.
const MAX_LINE: u64 = 64 << 20;

/// What becomes of the images.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Images {
    /// Inline, carried byte for byte.
    pub inline: u64,
    /// References that lead to their file as they are.
    pub resolved: u64,
    /// References that lead nowhere, whose file is elsewhere; rewritten where that is asked.
    pub revived: Vec<Moved>,
    /// Whether they are rewritten, or only shown here.
    pub rewritten: bool,
    /// References whose file is nowhere and that have no inline copy beside them.
    pub lost: Vec<String>,
}

/// A reference and the file it means today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Moved {
    /// As it is written.
    pub from: String,
    /// Where the file is.
    pub to: String,
}

/// Accounts for the images and, with `rewrite`, gives the edits of each segment.
pub(super) fn plan(agent: &Agent, segments: &[&Segment], rewrite: bool) -> io::Result<(Images, Vec<Vec<Edit>>)> {
    let mut images = Images { rewritten: rewrite, ..Images::default() };
    let mut all_edits = Vec::new();
    let mut seen: HashMap<String, Resolution> = HashMap::new();
    for segment in segments {
        let mut edits = Vec::new();
        for image in &segment.session.images {
            match &image.source {
                ImageSource::Inline { .. } => images.inline += 1,
                ImageSource::Reference { path: Some(path), .. } => {
                    let first = !seen.contains_key(path);
                    let resolution = seen.entry(path.clone()).or_insert_with(|| agent.media.resolve(path));
                    match resolution {
                        Resolution::AsIs(_) => images.resolved += u64::from(first),
                        Resolution::Mapped(to) | Resolution::ByName(to) if path.starts_with("media:") => {
                            // A media URI is resolved by the gateway itself.
                            let _ = to;
                            images.resolved += u64::from(first);
                        }
                        Resolution::Mapped(to) | Resolution::ByName(to) => {
                            let to = to.to_string_lossy().into_owned();
                            if rewrite {
                                edits.extend(rewrites(segment, image.entry, path, &to)?);
                            }
                            if first {
                                images.revived.push(Moved { from: path.clone(), to });
                            }
                        }
                        Resolution::Missing => {
                            let beside = segment
                                .session
                                .images
                                .iter()
                                .any(|other| other.entry == image.entry && matches!(other.source, ImageSource::Inline { .. }));
                            if first && !beside {
                                images.lost.push(path.clone());
                            }
                        }
                    }
                }
                ImageSource::Remote | ImageSource::Reference { path: None, .. } => {}
            }
        }
        edits.sort_by_key(|edit: &Edit| (edit.range.start, edit.range.end));
        edits.dedup();
        all_edits.push(edits);
    }
    Ok((images, all_edits))
}

/// Edits that put `to` in the place of `from` wherever it stands in the strings of an entry's line.
fn rewrites(segment: &Segment, entry: u32, from: &str, to: &str) -> io::Result<Vec<Edit>> {
    let Some(entry) = segment.session.entry(entry).filter(|entry| entry.span.len <= MAX_LINE) else { return Ok(Vec::new()) };
    let (mut file, _) = crate::platform::open_regular(&segment.file.path)?;
    file.seek(SeekFrom::Start(entry.span.offset))?;
    let mut line = Vec::new();
    file.take(entry.span.len).read_to_end(&mut line)?;
    // As it stands inside a JSON string: escaped, without the quotes.
    let inside = |text: &str| serde_json::Value::from(text).to_string().trim_matches('"').to_owned();
    let (from, to) = (inside(from), inside(to));
    let edit = |at: usize| {
        let start = entry.span.offset + at as u64;
        Edit { range: start..start + from.len() as u64, bytes: to.clone().into_bytes() }
    };
    Ok(memchr::memmem::find_iter(&line, from.as_bytes()).map(edit).collect())
}
