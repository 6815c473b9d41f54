//! A line that does not parse in, what can be saved of it out: a whole entry behind the damage, the entry's id, and the
//! place in the tree that other entries know it by. The rest goes to the lost-and-found.

use std::collections::HashSet;
use std::ops::Range;

use super::patch::{Patch, range_of, stub};
use crate::line::{Fault, FaultKind, Parser};
use crate::read::Quality;
use crate::rules::Subject;
use crate::session::Entry;
use crate::tree;

/// Places in a line at which a whole entry is looked for.
const CANDIDATES: usize = 256;

/// The edits that take what is damaged out of a line, without anything that hung on it losing its hold. Whole entries in
/// it get lines of their own.
///
/// # Errors
/// What reading the line gives.
pub fn salvage(subject: &Subject<'_>, fault: &Fault, rule: &str) -> std::io::Result<Option<Patch>> {
    let bytes = subject.text.read(range_of(fault.span))?;
    let whole = entries_within(&bytes);
    let start = fault.span.offset;
    let place = |at: usize| start + at as u64;
    let mut patch = Patch::new();
    let ids: HashSet<String> = whole.iter().filter_map(|(_, entry)| entry.id.clone()).collect();
    let mut at = 0usize;
    let mut last: Option<&Whole> = None;
    for (range, entry) in whole.iter().map(|(range, entry)| (range.clone(), Some(entry))).chain([(bytes.len()..bytes.len(), None)]) {
        let damaged = bytes.get(at..range.start).unwrap_or_default();
        let mut stub = None;
        if damaged.iter().any(|byte| !byte.is_ascii_whitespace()) {
            match place_of(subject, fault, damaged, (last, entry), &ids) {
                // What stands in front is mended first, and the place is plain then.
                Found::Later => return Ok(Some(Patch::new())),
                Found::Nowhere => {}
                Found::Place(found) => stub = Some(stub_of(&found, rule, damaged)),
            }
        }
        let front = if at > 0 { "\n" } else { "" };
        match (stub, entry) {
            (Some(stub), Some(_)) => patch.replace(place(at)..place(range.start), format!("{front}{stub}\n").into_bytes()),
            (None, Some(_)) => patch.replace(place(at)..place(range.start), front.as_bytes().to_vec()),
            (Some(stub), None) => {
                let ending = if start + fault.span.len < subject.text.len() { "" } else { "\n" };
                patch.replace(place(at)..place(range.end), format!("{front}{stub}{ending}").into_bytes());
            }
            (None, None) if at == 0 => patch.cut_line(subject, fault.span),
            (None, None) => patch.cut(place(at)..place(range.end)),
        }
        at = range.end;
        last = entry.or(last);
    }
    patch.edits.retain(|edit| !edit.range.is_empty() || !edit.bytes.is_empty());
    Ok(Some(patch))
}

fn stub_of(found: &Place, rule: &str, damaged: &[u8]) -> serde_json::Value {
    stub(&found.id, found.parent.as_deref(), found.time_ms, rule, damaged)
}

/// A whole entry inside a damaged line.
#[derive(Debug, Default)]
struct Whole {
    id: Option<String>,
    parent: Option<String>,
}

/// The whole entries inside a damaged line, with their places, in order.
fn entries_within(bytes: &[u8]) -> Vec<(Range<usize>, Whole)> {
    let mut found = Vec::new();
    let (mut at, mut tried) = (0usize, 0usize);
    while let Some(start) = memchr::memmem::find(bytes.get(at..).unwrap_or_default(), b"{\"").map(|more| at + more) {
        tried += 1;
        let rest = bytes.get(start..).unwrap_or_default();
        let len = first_value(rest);
        match len.and_then(|len| Some((len, entry(rest.get(..len)?)?))) {
            Some((len, whole)) => {
                found.push((start..start + len, whole));
                at = start + len;
            }
            None if tried > CANDIDATES => break,
            None => at = start + 2,
        }
    }
    found
}

/// Length of the JSON object that the bytes begin with; none when they begin with no whole one.
fn first_value(bytes: &[u8]) -> Option<usize> {
    let mut parser = Parser::new();
    parser.feed(bytes, Quality { utf8: true, control: true });
    match parser.end(true)? {
        Ok(_) => Some(bytes.trim_ascii_end().len()),
        Err((FaultKind::Trailing, at)) => usize::try_from(at).ok().map(|at| bytes.get(..at).unwrap_or_default().trim_ascii_end().len()),
        Err(_) => None,
    }
}

/// The bytes as an entry or header. A block of a message is none: it has no time.
fn entry(bytes: &[u8]) -> Option<Whole> {
    let tree = tree::parse(bytes)?;
    let text = |key: &str| Some(tree.root().get(key)?.text()?.into_owned());
    (text("type").is_some() && text("id").is_some() && text("timestamp").is_some())
        .then(|| Whole { id: text("id"), parent: text("parentId") })
}

/// The place that a lost entry had in the tree.
struct Place {
    id: String,
    parent: Option<String>,
    time_ms: Option<i64>,
}

/// Whether there is a place for what was lost.
enum Found {
    /// This one.
    Place(Place),
    /// None is needed, or none can be told.
    Nowhere,
    /// It can be told when the damage in front is mended.
    Later,
}

/// What the damaged bytes themselves say, else what the entries behind them say: the first that hangs on nothing hung on
/// it. `beside` are the whole entries of the same line in front of the bytes and behind them, `ids` those of all of them.
fn place_of(
    subject: &Subject<'_>,
    fault: &Fault,
    damaged: &[u8],
    beside: (Option<&Whole>, Option<&Whole>),
    ids: &HashSet<String>,
) -> Found {
    let session = subject.session;
    let linked = session.entries.iter().any(|entry| entry.id.is_some()) || !ids.is_empty();
    if !linked || (session.header.is_some() && !subject.is_linked()) {
        return Found::Nowhere;
    }
    let behind = session.entries.partition_point(|entry| u64::from(entry.line) < fault.line);
    let next = session.faults.get(session.faults.partition_point(|other| other.line <= fault.line)).map_or(u64::MAX, |other| other.line);
    let known = |id: &String| ids.contains(id) || session.names.find(id).is_some_and(|id| subject.by_id(id).is_some());
    let dangling = |entry: &&Entry| {
        entry.parent.is_some()
            && session.names.truthy(entry.parent)
            && !session.names.text(entry.parent).is_some_and(|id| known(&id.to_owned()))
    };
    let following = session.entries.get(behind..).unwrap_or_default().iter().take_while(|entry| u64::from(entry.line) < next);
    let orphan = following.clone().find(dangling);
    let stated = Stated::of(damaged);
    let hangs_on = match beside.1 {
        Some(whole) => whole.parent.clone(),
        None => orphan.and_then(|entry| session.names.text(entry.parent)).map(str::to_owned),
    };
    let inferred = || hangs_on.clone().filter(|id| !id.is_empty() && !known(id));
    // An id that nobody hangs on needs no place kept for it.
    let wanted = |id: &String| session.names.find(id).is_some() || hangs_on.as_ref() == Some(id);
    let Some(id) = stated.id.filter(|id| !known(id) && wanted(id)).or_else(inferred) else { return Found::Nowhere };
    let before = u32::try_from(behind).ok().and_then(|behind| subject.linkable_before(behind));
    let in_front = beside.0.and_then(|whole| whole.id.clone());
    let parent = match (stated.parent.filter(known), in_front) {
        (Some(parent), _) | (None, Some(parent)) => Some(parent),
        (None, None) => {
            let from = before.map_or(0, |at| session.line_of(at));
            let unsettled = session.faults.get(session.faults.partition_point(|other| other.line <= from)..).unwrap_or_default();
            if subject.may_wait && unsettled.iter().take_while(|other| other.line < fault.line).any(|other| other.kind.loses_line()) {
                return Found::Later;
            }
            before.and_then(|at| subject.id_text(at)).map(str::to_owned)
        }
    };
    // In a file whose lines are not in their order, the entry in front may itself hang on the lost one.
    let parent = parent.filter(|parent| !leads_to(subject, parent, &id));
    let time_ms = before.and_then(|at| session.entry(at)?.time()).or_else(|| orphan.and_then(Entry::time));
    Found::Place(Place { id, parent, time_ms })
}

/// Whether the way up from an entry ends at an id that no entry has.
fn leads_to(subject: &Subject<'_>, from: &str, lost: &str) -> bool {
    let session = subject.session;
    let mut at = session.names.find(from).and_then(|id| subject.by_id(id));
    for _ in 0..=session.entries.len() {
        let Some(entry) = at.and_then(|at| session.entry(at)) else { return false };
        at = subject.parent(entry);
        if at.is_none() {
            return session.names.text(entry.parent) == Some(lost);
        }
    }
    // A circle that is there already is another rule's.
    false
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
    fn whole_entries_within_a_damaged_line_are_found_and_blocks_are_not() {
        let entry = |id: &str| format!(r#"{{"type":"custom","id":"{id}","parentId":null,"timestamp":"t"}}"#);
        let torn = r#"{"type":"message","id":"a","message":{"content":[{"type":"text","text":"he"#;
        let found =
            |line: String| entries_within(line.as_bytes()).into_iter().map(|(_, whole)| whole.id.unwrap_or_default()).collect::<Vec<_>>();
        assert_eq!(found(format!("{torn}{}", entry("x"))), ["x"]);
        assert_eq!(found(format!("\0\0{}\0{}undefined{torn}", entry("x"), entry("y"))), ["x", "y"]);
        assert_eq!(found(format!("{torn}\"}}]}}")), Vec::<String>::new());
    }
}
