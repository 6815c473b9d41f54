//! What the rules about images share: inline images by their entries, the block that holds one, and what stands in its place.

use std::collections::HashSet;

use super::Subject;
use crate::picture::{Flaw, Picture};
use crate::read::Span;
use crate::session::{Image, ImageSource, Session};
use crate::tree::{Node, Tree};

/// An inline image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inline<'a> {
    /// Index of its entry.
    pub(super) entry: u32,
    /// Where its base64 is.
    pub(super) span: Span,
    /// The declared type.
    pub(super) mime: Option<&'a str>,
    /// Same image, same value.
    pub(super) fingerprint: u64,
    /// What its header says.
    pub(super) picture: Picture,
    /// Why no provider would decode it.
    pub(super) flaw: Option<Flaw>,
}

fn inline(image: &Image) -> Option<Inline<'_>> {
    match &image.source {
        ImageSource::Inline { span, mime, fingerprint, picture, flaw } => Some(Inline {
            entry: image.entry,
            span: *span,
            mime: mime.as_deref(),
            fingerprint: *fingerprint,
            picture: *picture,
            flaw: *flaw,
        }),
        _ => None,
    }
}

/// The inline images of a transcript, in the order of the file.
pub(super) fn all(session: &Session) -> impl Iterator<Item = Inline<'_>> {
    session.images.iter().filter_map(inline)
}

/// The images of one entry, inline or not.
pub(super) fn of_entry(session: &Session, entry: u32) -> &[Image] {
    // Images are filed in the order of their entries.
    let from = session.images.partition_point(|image| image.entry < entry);
    let to = session.images.partition_point(|image| image.entry <= entry);
    session.images.get(from..to).unwrap_or_default()
}

/// The inline images of one entry.
pub(super) fn inline_of(session: &Session, entry: u32) -> impl Iterator<Item = Inline<'_>> {
    of_entry(session, entry).iter().filter_map(inline)
}

/// Entries whose inline images `wanted` takes, each with those images, in the order of the file.
pub(super) fn entries<'a>(session: &'a Session, wanted: impl Fn(&Inline<'a>) -> bool) -> Vec<(u32, Vec<Inline<'a>>)> {
    let mut found: Vec<(u32, Vec<Inline<'a>>)> = Vec::new();
    for image in all(session).filter(|image| wanted(image)) {
        match found.last_mut() {
            Some((entry, images)) if *entry == image.entry => images.push(image),
            _ => found.push((image.entry, vec![image])),
        }
    }
    found
}

/// The entries that the model sees.
pub(super) fn seen(subject: &Subject<'_>) -> HashSet<u32> {
    subject.context.messages.iter().map(|seen| seen.entry).collect()
}

/// The content block of a line whose `data` stands at that place.
pub(super) fn block<'t>(tree: &'t Tree<'t>, line: Span, data: Span) -> Option<Node<'t>> {
    let start = usize::try_from(data.offset.checked_sub(line.offset)?).ok()?;
    let root = tree.root();
    let content = root.at(&["message", "content"]).or_else(|| root.get("content"))?;
    // The place of a string begins with its quote.
    content.items().find(|block| block.get("data").is_some_and(|value| value.range().start.saturating_add(1) == start))
}

/// A text block, as it takes the place of an image.
pub(super) fn text_block(text: &str) -> Vec<u8> {
    serde_json::json!({"type": "text", "text": text}).to_string().into_bytes()
}

/// The name of a file for a message: short, whatever a transcript calls a path.
pub(super) fn name(path: &str) -> String {
    const SHOWN: usize = 80;
    let name = crate::foreign::basename(path);
    let name = if name.is_empty() { path } else { name };
    if name.chars().count() <= SHOWN { name.to_owned() } else { name.chars().take(SHOWN).chain(['…']).collect() }
}

/// A number with its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A length in MB, with one digit behind the point.
pub(super) fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).saturating_add(1 << 19) >> 20;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// A declared type for a message.
pub(super) fn name_of_type(mime: &str) -> String {
    const SHOWN: usize = 40;
    mime.chars().take(SHOWN).collect()
}
