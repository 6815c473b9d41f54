//! Single values of the store: the bytes of `sessions.json` in, the same bytes with a few values replaced out.
//!
//! The gateway writes the store at every turn, so a run is not bound to all of it, but to the values that it changes.

use std::collections::HashSet;
use std::io;

use serde::{Deserialize, Serialize};

use crate::stitch::fields::locate;
use crate::tree;

/// One value of a store entry: a text, or a list as it is written, brackets and all. Without a field, and with nothing that
/// it held, it is a whole entry that is put in: `to` is its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreValue {
    /// The session key.
    pub key: String,
    /// The field.
    pub field: String,
    /// What it held.
    pub from: String,
    /// What it gets.
    pub to: String,
}

/// Puts `to` in the place of `from` in every value, and no other byte changes; with `back`, the other way round. `None`
/// when a value is not what it must be.
///
/// # Errors
/// None but what finding a value gives.
pub fn edited(bytes: &[u8], values: &[StoreValue], back: bool) -> io::Result<Option<Vec<u8>>> {
    let (whole, single): (Vec<&StoreValue>, Vec<&StoreValue>) = values.iter().partition(|value| value.field.is_empty());
    let mut edits = Vec::new();
    if !whole.is_empty() {
        match entry_edits(bytes, &whole, back) {
            Some(made) => edits.extend(made),
            None => return Ok(None),
        }
    }
    for value in single {
        let (old, new) = if back { (&value.to, &value.from) } else { (&value.from, &value.to) };
        let path = format!("{}.{}", value.key, value.field);
        let located = locate(bytes, &[&path])?;
        if let (Some(open), None) = (located.containers.last(), located.last(0)) {
            let Ok(start) = usize::try_from(open.value.start) else { return Ok(None) };
            if !old.ends_with(']') || !bytes.get(start..).is_some_and(|rest| rest.starts_with(old.as_bytes())) {
                return Ok(None);
            }
            edits.push((start..start + old.len(), new.clone()));
            continue;
        }
        let Some(range) = located.last(0) else { return Ok(None) };
        let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end)) else { return Ok(None) };
        let held = bytes.get(start..end).and_then(|raw| serde_json::from_slice::<String>(raw).ok());
        if held.as_ref() != Some(old) {
            return Ok(None);
        }
        edits.push((start..end, serde_json::Value::from(new.as_str()).to_string()));
    }
    edits.sort_by_key(|(range, _): &(std::ops::Range<usize>, String)| range.start);
    let mut out = Vec::with_capacity(bytes.len() + 128);
    let mut at = 0usize;
    for (range, text) in edits {
        out.extend_from_slice(bytes.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(text.as_bytes());
        at = range.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    // A store that does not parse is taken for an empty one, which is how conversations are torn.
    Ok(Some(out).filter(|out| tree::parse(out).is_some()))
}

/// The edits that put whole entries in, or take them out again; none when that cannot be done any more. All at once, since
/// they share commas.
fn entry_edits(bytes: &[u8], values: &[&StoreValue], back: bool) -> Option<Vec<(std::ops::Range<usize>, String)>> {
    let tree = tree::parse(bytes)?;
    let root = tree.root();
    if !back {
        let (at, comma) = root.insertion()?;
        let keys: HashSet<&str> = values.iter().map(|value| value.key.as_str()).collect();
        if keys.len() < values.len() || root.members().any(|member| keys.contains(&*member.key)) {
            return None;
        }
        let entry = |value: &&StoreValue| format!("{}:{}", serde_json::Value::from(value.key.as_str()), value.to);
        let entries: Vec<String> = values.iter().map(entry).collect();
        return Some(vec![(at..at, format!("{}{}", entries.join(","), if comma { "," } else { "" }))]);
    }
    // The gateway may have written more into an entry; it is still ours while it leads to the same session. What it has
    // taken out again, or given to another session, is no longer ours to take out.
    let session = |json: &str| serde_json::from_str::<serde_json::Value>(json).ok()?.get("sessionId").cloned();
    let held = |key: &str| Some(serde_json::Value::from(root.get(key)?.get("sessionId")?.text()?.into_owned()));
    let ours = values.iter().filter(|value| held(&value.key).is_some_and(|now| session(&value.to) == Some(now)));
    let keys: HashSet<&str> = ours.map(|value| value.key.as_str()).collect();
    let members = root.members().enumerate().filter(|(_, member)| keys.contains(&*member.key));
    let places: Vec<usize> = members.map(|(at, _)| at).collect();
    Some(root.removals(&places).into_iter().map(|range| (range, String::new())).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_change_alone_and_only_when_they_are_as_expected() {
        let key = format!("agent:main:cron:{}:run:ü\"", "a".repeat(100));
        let quoted = serde_json::Value::from(key.as_str());
        let text = |id: &str| format!("{{ \"x\" : {{\"sessionId\":\"one\"}},\r\n{quoted}:{{\"n\":1.50,\"sessionId\" : \"{id}\"}} }}");
        let value = StoreValue { key, field: "sessionId".to_owned(), from: "one".to_owned(), to: "two".to_owned() };
        let values = std::slice::from_ref(&value);
        let after = edited(text("one").as_bytes(), values, false).unwrap().unwrap();
        assert_eq!(String::from_utf8(after.clone()).unwrap(), text("two"));
        assert_eq!(edited(&after, values, true).unwrap().unwrap(), text("one").into_bytes());
        assert_eq!(edited(&after, values, false).unwrap(), None);
        assert_eq!(edited(b"{}", values, false).unwrap(), None);

        let list =
            StoreValue { key: "k".to_owned(), field: "ids".to_owned(), from: "[ \"b\"]".to_owned(), to: "[ \"a\", \"b\"]".to_owned() };
        let after = edited(br#"{"k":{"ids":[ "b"], "n":1}}"#, std::slice::from_ref(&list), false).unwrap().unwrap();
        assert_eq!(String::from_utf8(after.clone()).unwrap(), r#"{"k":{"ids":[ "a", "b"], "n":1}}"#);
        assert_eq!(edited(&after, std::slice::from_ref(&list), true).unwrap().unwrap(), br#"{"k":{"ids":[ "b"], "n":1}}"#);
        assert_eq!(edited(&after, std::slice::from_ref(&list), false).unwrap(), None);
    }

    #[test]
    fn whole_entries_go_in_and_out_together_with_their_commas() {
        let put = |key: &str| StoreValue {
            key: key.to_owned(),
            field: String::new(),
            from: String::new(),
            to: format!("{{\"sessionId\":\"of {key}\"}}"),
        };
        let (values, parsed) = ([put("a"), put("b"), put("c")], |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap());
        for (before, keys) in [("{}", 3), ("{ \n}", 3), (r#"{"x":{"sessionId":"x"}}"#, 4)] {
            let after = edited(before.as_bytes(), &values, false).unwrap().unwrap();
            assert_eq!(parsed(&after).as_object().unwrap().len(), keys, "{before}");
            assert_eq!(edited(&after, &values, false).unwrap(), None, "{before}: twice");
            let back = edited(&after, &values, true).unwrap().unwrap();
            assert_eq!(parsed(&back), parsed(before.as_bytes()), "{before}");
        }
        // The gateway writes entries in an order of its own.
        let moved = br#"{"a":{"sessionId":"of a"},"x":{"sessionId":"x"},"c":{"sessionId":"of c","n":1},"b":{"sessionId":"of b"}}"#;
        let back = edited(moved, &values, true).unwrap().unwrap();
        assert_eq!(String::from_utf8(back).unwrap(), r#"{"x":{"sessionId":"x"}}"#);
        assert_eq!(edited(b"{}", &[put("a"), put("a")], false).unwrap(), None);
    }
}
