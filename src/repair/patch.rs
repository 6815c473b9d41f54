//! A damaged place in, the edits that mend it out: lines cut, put in, or changed in single values. Every other byte stays.

use std::collections::HashSet;
use std::io;
use std::ops::Range;

use crate::read::Span;
use crate::rules::Subject;
use crate::stitch::fields::locate;
use crate::stitch::piece::Edit;
use crate::tree::{self, Tree};

/// The type of the entry that stands where a line was that could not stay: the model never sees it, and what hung on the
/// line goes on hanging on it.
pub const LOST: &str = "clawfix:lost";

/// Edits that belong together: all of them are made, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// The edits, in any order.
    pub edits: Vec<Edit>,
    /// Ranges whose bytes leave the transcript for the lost-and-found.
    pub lost: Vec<Range<u64>>,
    /// Where the lines begin that say something else afterwards.
    pub rewritten: Vec<u64>,
    /// Ids that are new, each with the older one that stands in for it when the run is taken back.
    pub stands_for: Vec<(String, String)>,
}

impl Patch {
    /// No edit yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes out; they go to the lost-and-found.
    pub fn cut(&mut self, range: Range<u64>) {
        self.replace(range, Vec::new());
    }

    /// Takes a line out with its newline.
    pub fn cut_line(&mut self, subject: &Subject<'_>, span: Span) {
        let end = span.offset.saturating_add(span.len);
        self.lost.push(span.offset..end);
        self.edits.push(Edit { range: span.offset..end.saturating_add(1).min(subject.text.len()), bytes: Vec::new() });
    }

    /// Puts other bytes in the place of some, which go to the lost-and-found.
    pub fn replace(&mut self, range: Range<u64>, bytes: Vec<u8>) {
        if !range.is_empty() {
            self.lost.push(range.clone());
        }
        self.edits.push(Edit { range, bytes });
    }

    /// Puts other bytes in the place of some that hold nothing of worth: a link, a type.
    pub fn set(&mut self, range: Range<u64>, bytes: Vec<u8>) {
        self.edits.push(Edit { range, bytes });
    }

    /// Puts bytes in.
    pub fn insert(&mut self, at: u64, bytes: Vec<u8>) {
        self.edits.push(Edit { range: at..at, bytes });
    }

    /// Puts a line in front of another.
    pub fn line_before(&mut self, span: Span, line: &serde_json::Value) {
        self.insert(span.offset, format!("{line}\n").into_bytes());
    }

    /// Puts a line behind another.
    pub fn line_after(&mut self, subject: &Subject<'_>, span: Span, line: &serde_json::Value) {
        let end = span.offset.saturating_add(span.len);
        if end < subject.text.len() {
            self.insert(end.saturating_add(1), format!("{line}\n").into_bytes());
        } else {
            self.insert(end, format!("\n{line}").into_bytes());
        }
    }

    /// Sets a field of a line's object to a string, or to `null`; it is put in where it is missing.
    ///
    /// # Errors
    /// What reading the line gives.
    pub fn set_field(&mut self, subject: &Subject<'_>, span: Span, key: &str, value: Option<&str>) -> io::Result<()> {
        let json = value.map_or_else(|| b"null".to_vec(), quoted);
        let located = locate(subject.text.open(range_of(span))?, &[key])?;
        match (located.last(0), located.containers.last()) {
            (Some(place), _) => self.set(span.offset + place.start..span.offset + place.end, json),
            // An object or a list in the place of an id: nothing that a link could be.
            (None, Some(_)) => {
                let line = subject.text.read(range_of(span))?;
                let Some(tree) = tree::parse(&line) else { return Ok(()) };
                let Some(node) = tree.root().get(key) else { return Ok(()) };
                self.replace(absolute(span, node.range()), json);
            }
            (None, None) => {
                let mut bytes = quoted(key);
                bytes.push(b':');
                bytes.extend(json);
                if !located.empty {
                    bytes.push(b',');
                }
                self.insert(span.offset + located.body, bytes);
            }
        }
        Ok(())
    }

    /// Hangs an entry on another.
    ///
    /// # Errors
    /// What reading the line gives.
    pub fn hang(&mut self, subject: &Subject<'_>, entry: u32, parent: Option<&str>) -> io::Result<()> {
        let Some(entry) = subject.session.entry(entry) else { return Ok(()) };
        self.set_field(subject, entry.span, "parentId", parent)
    }

    /// Edits values deep inside a line: `edit` gets the line's tree, and how to turn ranges of it into places of the
    /// transcript. False when the line is no JSON after all.
    ///
    /// # Errors
    /// What reading the line gives; a line over [`super::text::MAX_LINE`] is one.
    pub fn within(&mut self, subject: &Subject<'_>, span: Span, edit: impl FnOnce(&mut Patch, &Tree<'_>)) -> io::Result<bool> {
        let line = subject.text.read(range_of(span))?;
        let Some(tree) = tree::parse(&line) else { return Ok(false) };
        self.rewritten.push(span.offset);
        edit(self, &tree);
        Ok(true)
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }
}

/// The patches, by number, that change bytes which another one before them changes too.
pub fn meeting<'a>(patches: impl Iterator<Item = &'a Patch>) -> HashSet<usize> {
    let mut ranges: Vec<(u64, u64, usize)> = patches
        .enumerate()
        .flat_map(|(number, patch)| patch.edits.iter().map(move |edit| (edit.range.start, edit.range.end, number)))
        .collect();
    ranges.sort_unstable();
    let mut meeting = HashSet::new();
    // The bytes that are taken furthest to the right, and by whom.
    let mut taken: Option<(u64, u64, usize)> = None;
    for (start, end, number) in ranges {
        match taken {
            Some((from, to, other)) if other != number && start < to && (start > from || end > start) => {
                meeting.insert(other.max(number));
            }
            _ => {}
        }
        if taken.is_none_or(|(_, to, _)| end > to) && start < end {
            taken = Some((start, end, number));
        }
    }
    meeting
}

/// The bytes of a span.
pub fn range_of(span: Span) -> Range<u64> {
    span.offset..span.offset.saturating_add(span.len)
}

/// A range within a line as a place of the transcript.
pub fn absolute(span: Span, range: Range<usize>) -> Range<u64> {
    span.offset + range.start as u64..span.offset + range.end as u64
}

/// A string as JSON.
pub fn quoted(text: &str) -> Vec<u8> {
    serde_json::Value::from(text).to_string().into_bytes()
}

/// The entry that takes the place of bytes which could not stay, so that what hung on them keeps its link.
pub fn stub(id: &str, parent: Option<&str>, time_ms: Option<i64>, rule: &str, bytes: &[u8]) -> serde_json::Value {
    let hash = blake3::hash(bytes).to_hex().to_string();
    serde_json::json!({
        "type": "custom",
        "id": id,
        "parentId": parent,
        "timestamp": crate::time::iso(time_ms.unwrap_or_default()),
        "customType": LOST,
        "data": {"rule": rule, "bytes": bytes.len(), "blake3": hash},
    })
}
