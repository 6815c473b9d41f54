//! The images of the older transcripts in, those that the newer one is to carry out; every other one with the reason.
//!
//! The rule: each image once, none that the newer transcript has; of those, the newest first as long as they fit; written
//! in their original order.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Options, encode};
use crate::apply::journal;
use crate::media::Resolution;
use crate::picture::MAX_BASE64;
use crate::read::Span;
use crate::scan::Agent;
use crate::session::{Image, ImageSource, ReferenceForm};
use crate::signal::image::ImageForm;
use crate::split::segment::Segment;

/// Where the bytes of an image are.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Place {
    /// Base64 in a transcript.
    Inline {
        /// Index of the source.
        source: usize,
        /// Where it stands.
        range: Range<u64>,
    },
    /// A file.
    File {
        /// Which.
        path: PathBuf,
    },
}

/// An image that is carried over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Carried {
    /// Session that it was in.
    pub session: String,
    /// Line that it was in.
    pub line: u64,
    /// Its type.
    pub mime: String,
    /// Length of its base64.
    pub bytes: u64,
    /// BLAKE3 of its base64.
    pub hash: String,
    /// Where its bytes are.
    pub(super) place: Place,
}

/// Why an image is not carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// More than `--max-images`.
    TooMany,
    /// It does not fit into `--max-image-bytes` beside newer ones.
    NoRoom,
    /// More base64 than providers take.
    TooLarge,
    /// No PNG, JPEG, GIF or WebP.
    UnknownType,
}

/// An image that stays behind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// Session that it is in.
    pub session: String,
    /// Line that it is in.
    pub line: u64,
    /// Length of its base64.
    pub bytes: u64,
    /// Why.
    pub why: Why,
}

/// What becomes of every image of the older transcripts.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Images {
    /// An earlier run carried them.
    pub done: bool,
    /// Carried over, in their original order.
    pub carried: Vec<Carried>,
    /// The newer transcript has them.
    pub there: u64,
    /// The same image once more.
    pub repeated: u64,
    /// References whose image is inline in the same message.
    pub beside: u64,
    /// Stay behind.
    pub left_out: Vec<LeftOut>,
    /// References whose file is nowhere.
    pub lost: Vec<String>,
    /// Marks of data that was removed, with no reference.
    pub pruned: u64,
    /// Sent by the assistant: the model never saw them.
    pub sent: u64,
    /// On another server.
    pub remote: u64,
}

/// Chooses.
pub(super) fn choose(agent: &Agent, older: &[&Segment], newest: &Segment, options: &Options) -> io::Result<Images> {
    let mut images = Images::default();
    let mut known: HashSet<String> = HashSet::new();
    for image in &newest.session.images {
        match &image.source {
            ImageSource::Inline { span, .. } => {
                known.insert(digest(&newest.file.path, *span)?);
            }
            // The gateway loads the file into the model's view by itself.
            ImageSource::Reference { path: Some(path), .. } => {
                if let Some(found) = agent.media.resolve(path).path()
                    && let Some((_, hash, _)) = file(found)?
                {
                    known.insert(hash);
                }
            }
            ImageSource::Reference { path: None, .. } | ImageSource::Remote => {}
        }
    }
    let there = known.clone();
    let mut lost = HashSet::new();
    let mut candidates: Vec<Carried> = Vec::new();
    for (at, segment) in older.iter().enumerate() {
        for image in &segment.session.images {
            let found = match candidate(agent, segment, at, image, &mut images, &mut lost)? {
                Some(found) => found,
                None => continue,
            };
            if there.contains(&found.hash) {
                images.there += 1;
            } else if known.insert(found.hash.clone()) {
                candidates.push(found);
            } else {
                images.repeated += 1;
            }
        }
    }
    let mut room = options.max_image_bytes;
    for image in candidates.into_iter().rev() {
        let why = match () {
            () if image.mime.is_empty() => Some(Why::UnknownType),
            () if image.bytes > MAX_BASE64 => Some(Why::TooLarge),
            () if images.carried.len() >= options.max_images => Some(Why::TooMany),
            () if image.bytes > room => Some(Why::NoRoom),
            () => None,
        };
        match why {
            None => {
                room -= image.bytes;
                images.carried.push(image);
            }
            Some(why) => images.left_out.push(LeftOut { session: image.session, line: image.line, bytes: image.bytes, why }),
        }
    }
    images.carried.reverse();
    images.left_out.reverse();
    Ok(images)
}

/// The image with its bytes, if it has any that could be carried; otherwise it is accounted for.
fn candidate(
    agent: &Agent,
    segment: &Segment,
    at: usize,
    image: &Image,
    images: &mut Images,
    lost: &mut HashSet<String>,
) -> io::Result<Option<Carried>> {
    let line = segment.session.line_of(image.entry);
    let session = segment.id.clone();
    match &image.source {
        ImageSource::Inline { span, mime, .. } => {
            let range = span.offset..span.offset + span.len;
            let mime = match mime.as_deref().filter(|mime| !mime.is_empty()) {
                Some(mime) => mime.to_owned(),
                None => {
                    let mut start = Vec::new();
                    at_span(&segment.file.path, Span { offset: span.offset, len: span.len.min(16) })?.read_to_end(&mut start)?;
                    encode::mime_of_base64(&start).unwrap_or_default().to_owned()
                }
            };
            let hash = digest(&segment.file.path, *span)?;
            Ok(Some(Carried { session, line, mime, bytes: span.len, hash, place: Place::Inline { source: at, range } }))
        }
        ImageSource::Remote => {
            images.remote += 1;
            Ok(None)
        }
        ImageSource::Reference { path: None, .. } => {
            images.pruned += 1;
            Ok(None)
        }
        ImageSource::Reference { form: ReferenceForm::Text(ImageForm::MediaLine), .. } => {
            images.sent += 1;
            Ok(None)
        }
        ImageSource::Reference { path: Some(_), .. } if has_inline_copy(segment, image) => {
            images.beside += 1;
            Ok(None)
        }
        ImageSource::Reference { path: Some(path), .. } => match agent.media.resolve(path) {
            Resolution::AsIs(path) | Resolution::Mapped(path) | Resolution::ByName(path) => {
                let Some((bytes, hash, mime)) = file(&path)? else {
                    let bytes = std::fs::metadata(&path).map_or(0, |meta| encode::encoded_len(meta.len()));
                    images.left_out.push(LeftOut { session, line, bytes, why: Why::TooLarge });
                    return Ok(None);
                };
                let mime = mime.unwrap_or_default().to_owned();
                Ok(Some(Carried { session, line, mime, bytes, hash, place: Place::File { path } }))
            }
            Resolution::Missing => {
                if lost.insert(crate::foreign::basename(path).to_lowercase()) {
                    images.lost.push(path.clone());
                }
                Ok(None)
            }
        },
    }
}

/// Whether the message holds as many images inline as it names files.
fn has_inline_copy(segment: &Segment, image: &Image) -> bool {
    let of_entry = || segment.session.images.iter().filter(|other| other.entry == image.entry);
    let inline = of_entry().filter(|other| matches!(other.source, ImageSource::Inline { .. })).count();
    let named: HashSet<&str> = of_entry()
        .filter_map(|other| match &other.source {
            ImageSource::Reference { path: Some(path), .. } => Some(crate::foreign::basename(path)),
            _ => None,
        })
        .collect();
    inline > 0 && inline >= named.len()
}

fn at_span(path: &Path, span: Span) -> io::Result<impl Read> {
    let (mut file, _) = crate::platform::open_regular(path)?;
    file.seek(SeekFrom::Start(span.offset))?;
    Ok(file.take(span.len))
}

/// Identity of inline base64.
fn digest(path: &Path, span: Span) -> io::Result<String> {
    Ok(journal::hash(at_span(path, span)?)?.1)
}

/// Length and identity of the base64 that a file would be, and its type; none where it is too large to be carried.
fn file(path: &Path) -> io::Result<Option<(u64, String, Option<&'static str>)>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let text = encode::base64(&bytes);
    let (len, hash) = journal::hash(text.as_slice())?;
    Ok(Some((len, hash, encode::mime(&bytes))))
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let (file, meta) = crate::platform::open_regular(path)?;
    if encode::encoded_len(meta.len()) > MAX_BASE64 {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(MAX_BASE64).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The base64 of a file that was chosen; it must still be the same.
pub(super) fn base64(path: &Path, image: &Carried) -> io::Result<Vec<u8>> {
    let text = read(path)?.map(|bytes| encode::base64(&bytes)).unwrap_or_default();
    if journal::hash(text.as_slice())?.1 != image.hash {
        return Err(io::Error::other("the image changed while it was read"));
    }
    Ok(text)
}
