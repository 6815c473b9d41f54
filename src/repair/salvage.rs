//! A line that does not parse in, what can be saved of it out: a whole entry behind the damage, the entry's id, and the
//! place in the tree that other entries know it by. The rest goes to the lost-and-found.

use super::patch::{Patch, range_of, stub};
use crate::line::Fault;
use crate::rules::Subject;
use crate::session::Entry;
use crate::tree::{self, Kind};

/// Places in a line at which a whole entry is looked for.
const CANDIDATES: usize = 256;

/// The edits that take a damaged line out of a transcript, without anything that hung on it losing its hold.
///
/// # Errors
/// What reading the line gives.
pub fn salvage(subject: &Subject<'_>, fault: &Fault, rule: &str) -> std::io::Result<Option<Patch>> {
    let bytes = subject.text.read(range_of(fault.span))?;
    let mut patch = Patch::new();
    let whole = entry_behind(&bytes);
    let damaged = bytes.get(..whole.unwrap_or(bytes.len())).unwrap_or_default();
    let behind = whole.map(|at| Behind::of(bytes.get(at..).unwrap_or_default()));
    let stub = place_of(subject, fault, damaged, behind.as_ref()).map(|place| {
        let parent = place.parent.as_deref();
        stub(&place.id, parent, place.time_ms, rule, damaged)
    });
    let start = fault.span.offset;
    match (stub, whole) {
        (Some(stub), Some(at)) => patch.replace(start..start + at as u64, format!("{stub}\n").into_bytes()),
        (None, Some(at)) => patch.cut(start..start + at as u64),
        (Some(stub), None) => {
            let ending = if start + fault.span.len < subject.text.len() { "" } else { "\n" };
            patch.replace(range_of(fault.span), format!("{stub}{ending}").into_bytes());
        }
        (None, None) => patch.cut_line(subject, fault.span),
    }
    Ok(Some(patch))
}

/// Where a whole entry begins behind the damage, as when a line was torn and the next one was written right behind it.
fn entry_behind(bytes: &[u8]) -> Option<usize> {
    let starts = memchr::memmem::find_iter(bytes, b"{\"").filter(|&at| at > 0);
    starts.take(CANDIDATES).find(|&at| is_entry(bytes.get(at..).unwrap_or_default()))
}

/// Whether the bytes are one whole entry or header. A block of a message is none: what closes the message stands behind it.
fn is_entry(bytes: &[u8]) -> bool {
    let Some(tree) = tree::parse(bytes) else { return false };
    let root = tree.root();
    let text = |key: &str| root.get(key).is_some_and(|node| node.kind() == Kind::String);
    root.kind() == Kind::Object && text("type") && text("id") && text("timestamp")
}

/// The whole entry behind the damage, on the same line.
#[derive(Debug, Default)]
struct Behind {
    id: Option<String>,
    parent: Option<String>,
}

impl Behind {
    fn of(bytes: &[u8]) -> Self {
        let tree = tree::parse(bytes);
        let text = |key: &str| Some(tree.as_ref()?.root().get(key)?.text()?.into_owned());
        Behind { id: text("id"), parent: text("parentId") }
    }
}

/// The place that a lost entry had in the tree.
struct Place {
    id: String,
    parent: Option<String>,
    time_ms: Option<i64>,
}

/// What the damaged bytes themselves say, else what the entries behind them say: the first that hangs on nothing hung on it.
fn place_of(subject: &Subject<'_>, fault: &Fault, damaged: &[u8], whole: Option<&Behind>) -> Option<Place> {
    let session = subject.session;
    let linked = session.entries.iter().any(|entry| entry.id.is_some());
    if !linked || (session.header.is_some() && !subject.is_linked()) {
        return None;
    }
    let behind = session.entries.partition_point(|entry| u64::from(entry.line) < fault.line);
    let next_fault = session.faults.iter().map(|other| other.line).find(|&line| line > fault.line).unwrap_or(u64::MAX);
    let dangling = |entry: &&Entry| entry.parent.is_some() && session.names.truthy(entry.parent) && subject.by_id(entry.parent).is_none();
    let following = session.entries.get(behind..).unwrap_or_default().iter().take_while(|entry| u64::from(entry.line) < next_fault);
    let orphan = following.clone().find(dangling);
    let stated = Stated::of(damaged);
    let known = |id: &String| session.names.find(id).is_some_and(|id| subject.by_id(id).is_some());
    let free = |id: &String| !known(id) && whole.is_none_or(|whole| whole.id.as_ref() != Some(id));
    let hangs_on = match whole {
        Some(whole) => whole.parent.clone(),
        None => orphan.and_then(|entry| session.names.text(entry.parent)).map(str::to_owned),
    };
    let inferred = || hangs_on.clone().filter(|id| !id.is_empty() && free(id));
    // An id that nobody hangs on needs no place kept for it.
    let wanted = |id: &String| session.names.find(id).is_some() || hangs_on.as_ref() == Some(id);
    let id = stated.id.filter(|id| free(id) && wanted(id)).or_else(inferred)?;
    let before = u32::try_from(behind).ok().and_then(|behind| subject.linkable_before(behind));
    let before_id = before.and_then(|at| subject.id_text(at)).map(str::to_owned);
    let parent = stated.parent.filter(known).or(before_id);
    let time_ms = before.and_then(|at| session.entry(at)?.time()).or_else(|| orphan.and_then(Entry::time));
    Some(Place { id, parent, time_ms })
}

/// The id and parent that the front of a damaged line states.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stated {
    id: Option<String>,
    parent: Option<String>,
}

impl Stated {
    /// Reads strings of the outermost object up to the first byte that no JSON has there.
    fn of(bytes: &[u8]) -> Self {
        let mut stated = Stated::default();
        let (mut at, mut depth, mut key) = (0usize, 0u32, None::<String>);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let Some(end) = string_end(bytes, at + 1) else { break };
                    let text = bytes.get(at + 1..end).map(|raw| crate::line::text::decode(raw).into_owned()).unwrap_or_default();
                    at = end + 1;
                    let is_key = bytes.get(at..).unwrap_or_default().iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                    match (depth, is_key, key.take().as_deref()) {
                        (1, true, _) => key = Some(text),
                        (1, false, Some("id")) => stated.id = Some(text),
                        (1, false, Some("parentId")) => stated.parent = Some(text),
                        _ => {}
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                b':' | b',' | b' ' | b'\t' | b'\r' => {}
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E' => key = None,
                _ => break,
            }
            at += 1;
        }
        stated
    }
}

fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_damaged_line_states_is_read_and_no_more() {
        let of = |text: &str| {
            let Stated { id, parent } = Stated::of(text.as_bytes());
            (id.unwrap_or_default(), parent.unwrap_or_default())
        };
        let both = ("a1".to_owned(), "b2".to_owned());
        assert_eq!(of(r#"{"type":"message","id":"a1","parentId":"b2","message":{"id":"no","content":[{"id":"n"#), both);
        assert_eq!(of(r#"{"message":{"id":"no"},"n":1,"parentId":"b2", "id" : "a1""#), both);
        assert_eq!(of(r#"{"id":"cut"#), Default::default());
        assert_eq!(of(r#"ext":"x","id":"a1"}"#), Default::default(), "without its beginning nothing is at the outermost level");
    }

    #[test]
    fn a_whole_entry_behind_a_torn_one_is_found_and_a_block_is_not() {
        let entry = r#"{"type":"custom","id":"x","parentId":null,"timestamp":"t"}"#;
        let torn = r#"{"type":"message","id":"a","message":{"content":[{"type":"text","text":"he"#;
        assert_eq!(entry_behind(format!("{torn}{entry}").as_bytes()), Some(torn.len()));
        assert_eq!(entry_behind(format!("{torn}\"}}]}}").as_bytes()), None);
        assert_eq!(entry_behind(entry.as_bytes()), None);
    }
}
