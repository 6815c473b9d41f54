//! What the model sees: clawfix's answer against a plain model of the loader's rules, on generated transcripts.
//!
//! The model here works on whole JSON values, the slow and obvious way. `.ci/oracle` asks the real loader the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::Path;

use clawfix::context::{self, Failure};
use clawfix::read::blocks;
use clawfix::session::{Reader, Session};
use proptest::prelude::*;
use serde_json::{Value, json};

fn index(text: &str) -> Session {
    let mut reader = Reader::new(Path::new("t.jsonl"));
    blocks(text.as_bytes(), 97, &mut reader, &|_| ()).unwrap();
    reader.finish()
}

/// What comes of loading a transcript.
#[derive(Debug, PartialEq)]
enum Answer {
    /// Messages as line, role and number of images; the line of the leaf; the number of roots.
    Sees { messages: Vec<(u64, String, usize)>, leaf: Option<u64>, roots: usize },
    /// No header where it has to be.
    Empty,
    /// The loader throws.
    Throws,
    /// The loader never returns.
    Hangs,
}

/// The rules, followed to the letter.
mod model {
    use super::*;

    struct Entry {
        line: u64,
        value: Value,
        /// `None` stands for `undefined`.
        id: Option<Value>,
        parent: Option<Value>,
        kept: Option<Value>,
    }

    impl Entry {
        fn kind(&self) -> Option<&str> {
            self.value.get("type")?.as_str()
        }
    }

    fn truthy(value: Option<&Value>) -> bool {
        match value {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(_) => true,
        }
    }

    pub fn load(text: &str) -> Answer {
        let parsed: Vec<(u64, Value)> =
            text.split('\n').enumerate().filter_map(|(at, line)| Some((at as u64 + 1, serde_json::from_str(line.trim()).ok()?))).collect();
        let Some((_, header)) = parsed.first() else { return Answer::Empty };
        if header.is_null() {
            return Answer::Throws;
        }
        if header.get("type") != Some(&json!("session")) || !header.get("id").is_some_and(Value::is_string) {
            return Answer::Empty;
        }
        if parsed.iter().any(|(_, value)| value.is_null()) {
            return Answer::Throws;
        }
        let version = header.get("version").and_then(Value::as_i64).unwrap_or(1);
        let mut all: Vec<Entry> = parsed
            .into_iter()
            .map(|(line, value)| {
                let field = |name: &str| value.get(name).cloned();
                Entry { line, id: field("id"), parent: field("parentId"), kept: field("firstKeptEntryId"), value }
            })
            .collect();
        if version < 2 {
            chain(&mut all);
        }
        all.retain(|entry| entry.kind() != Some("session"));
        see(&all)
    }

    /// Version 1 gets ids and links by order; an index becomes an id if that entry has its id already.
    fn chain(all: &mut [Entry]) {
        let mut previous = Value::Null;
        for at in 0..all.len() {
            if all[at].kind() == Some("session") {
                continue;
            }
            let id = json!(format!("new-{at}"));
            all[at].parent = Some(std::mem::replace(&mut previous, id.clone()));
            all[at].id = Some(id);
            let index = all[at].value.get("firstKeptEntryIndex").and_then(Value::as_u64);
            if all[at].kind() == Some("compaction")
                && let Some(kept) = index.and_then(|index| all.get(usize::try_from(index).ok()?))
                && kept.kind() != Some("session")
            {
                all[at].kept = kept.id.clone();
            }
        }
    }

    fn see(entries: &[Entry]) -> Answer {
        let by_id = |id: &Option<Value>| entries.iter().rposition(|entry| entry.id == *id);
        let roots = entries
            .iter()
            .filter(|entry| entry.parent == Some(Value::Null) || entry.parent == entry.id || by_id(&entry.parent).is_none())
            .count();
        let leaf = match entries.last() {
            None => None,
            Some(last) if last.id == Some(Value::Null) => None,
            Some(last) if truthy(last.id.as_ref()) => by_id(&last.id),
            Some(_) => Some(entries.len() - 1),
        };
        let mut path = Vec::new();
        let mut at = leaf;
        while let Some(here) = at {
            if path.contains(&here) {
                return Answer::Hangs;
            }
            path.insert(0, here);
            let parent = &entries[here].parent;
            at = if truthy(parent.as_ref()) { by_id(parent) } else { None };
        }
        let path: Vec<&Entry> = path.into_iter().map(|at| &entries[at]).collect();
        if path.iter().any(|entry| entry.kind() == Some("message") && entry.value.get("message").is_none_or(Value::is_null)) {
            return Answer::Throws;
        }
        let compaction = path.iter().rposition(|entry| entry.kind() == Some("compaction"));
        let mut messages = Vec::new();
        match compaction {
            None => messages.extend(path.iter().filter_map(|entry| message(entry))),
            Some(boundary) => {
                messages.push((path[boundary].line, "compactionSummary".to_owned(), 0));
                let before = &path[..boundary];
                let kept = before.iter().position(|entry| entry.id == path[boundary].kept).unwrap_or(boundary);
                messages.extend(before[kept..].iter().chain(&path[boundary + 1..]).filter_map(|entry| message(entry)));
            }
        }
        Answer::Sees { messages, leaf: leaf.map(|at| entries[at].line), roots }
    }

    fn message(entry: &Entry) -> Option<(u64, String, usize)> {
        let images = |content: Option<&Value>| {
            let blocks = content.and_then(Value::as_array).into_iter().flatten();
            blocks.filter(|block| block.get("type") == Some(&json!("image"))).count()
        };
        match entry.kind()? {
            "message" => {
                let message = &entry.value["message"];
                let role = match message.get("role").and_then(Value::as_str) {
                    None => "missing",
                    // Renamed on load in version 2; clawfix uses one name for both everywhere.
                    Some("hookMessage") => "custom",
                    Some(known @ ("user" | "assistant" | "toolResult" | "bashExecution" | "custom")) => known,
                    Some(_) => "other",
                };
                Some((entry.line, role.to_owned(), images(message.get("content"))))
            }
            "custom_message" => Some((entry.line, "custom".to_owned(), images(entry.value.get("content")))),
            "branch_summary" if truthy(entry.value.get("summary")) => Some((entry.line, "branchSummary".to_owned(), 0)),
            _ => None,
        }
    }
}

fn ours(text: &str) -> Answer {
    let session = index(text);
    let seen = context::of(&session);
    match seen.failure {
        Some(Failure::NoHeader) => Answer::Empty,
        Some(Failure::NullLine(_) | Failure::BareValue(_) | Failure::NoMessage(_)) => Answer::Throws,
        Some(Failure::Circle(_)) => Answer::Hangs,
        None => {
            let message = |seen: &context::Seen| {
                let images = session.entry(seen.entry).map_or(0, |entry| usize::from(entry.images));
                (session.line_of(seen.entry), seen.role.name().to_owned(), images)
            };
            let messages: Vec<_> = seen.messages.iter().map(message).collect();
            assert_eq!(seen.images as usize, messages.iter().map(|(.., images)| images).sum::<usize>());
            Answer::Sees { messages, leaf: seen.leaf.map(|leaf| session.line_of(leaf)), roots: seen.roots as usize }
        }
    }
}

/// An id of a small pool, so that links hit, miss and cross; also those that JavaScript takes for false, and no strings.
fn some_id() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        12 => (0u8..14).prop_map(|n| Some(json!(format!("e{n}")))),
        1 => Just(None),
        1 => Just(Some(Value::Null)),
        1 => Just(Some(json!(""))),
        1 => (0u8..2).prop_map(|n| Some(json!(n))),
        1 => Just(Some(json!(false))),
        1 => Just(Some(json!("nowhere"))),
    ]
}

/// Where an entry hangs.
#[derive(Debug, Clone)]
enum Parent {
    Previous,
    Of(Option<Value>),
}

/// How an entry is named.
#[derive(Debug, Clone)]
enum Name {
    Fresh,
    Of(Option<Value>),
}

#[derive(Debug, Clone)]
enum Step {
    Entry { name: Name, parent: Parent, body: Value, type_first: bool },
    Raw(&'static str),
}

fn content() -> impl Strategy<Value = Value> {
    let block = prop_oneof![
        Just(json!({"type": "text", "text": "a \"quoted\" word\n"})),
        Just(json!({"type": "image", "data": "aGFsbG8=", "mimeType": "image/png"})),
        Just(json!({"type": "image", "url": "https://example.com/i.png"})),
        Just(json!({"type": "toolCall", "id": "c1", "name": "exec", "arguments": {"type": "image", "id": "x", "parentId": "y"}})),
        Just(json!({"type": "thinking", "thinking": "hm"})),
        Just(json!("no object")),
    ];
    prop_oneof![
        3 => Just(json!("plain text")),
        4 => prop::collection::vec(block, 0..4).prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["user", "assistant", "toolResult", "bashExecution", "custom", "hookMessage", "somebody"]);
    prop_oneof![
        12 => (role, content()).prop_map(|(role, content)| json!({"type": "message", "message": {"role": role, "content": content}})),
        1 => prop::sample::select(vec![
            json!({"type": "message", "message": {"content": "no role"}}),
            json!({"type": "message", "message": {"role": 5, "content": []}}),
            json!({"type": "message", "message": "a string"}),
            json!({"type": "message", "message": null}),
            json!({"type": "message"}),
        ]),
        4 => (some_id(), prop::option::of(0u64..16)).prop_map(|(kept, index)| {
            let mut body = json!({"type": "compaction", "summary": "so far", "tokensBefore": 9});
            if let Some(kept) = kept { body["firstKeptEntryId"] = kept; }
            if let Some(index) = index { body["firstKeptEntryIndex"] = json!(index); }
            body
        }),
        2 => prop::sample::select(vec![json!("a branch"), json!(""), Value::Null, json!(7)])
            .prop_map(|summary| json!({"type": "branch_summary", "fromId": "e1", "summary": summary})),
        2 => content().prop_map(|content| json!({"type": "custom_message", "customType": "x", "content": content, "display": true})),
        3 => prop::sample::select(vec![
            json!({"type": "custom", "customType": "x", "data": {"type": "message", "id": "e2", "message": {"role": "user"}}}),
            json!({"type": "label", "targetId": "e1", "label": "here"}),
            json!({"type": "model_change", "provider": "p", "modelId": "m"}),
            json!({"type": "thinking_level_change", "thinkingLevel": "high"}),
            json!({"type": "session_info", "name": "n"}),
            json!({"type": "something_new", "message": {"role": "user", "content": "not for the model"}}),
            json!({"type": 5}),
            json!({}),
        ]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop_oneof![14 => Just(Name::Fresh), 2 => some_id().prop_map(Name::Of)];
    let parent = prop_oneof![12 => Just(Parent::Previous), 4 => some_id().prop_map(Parent::Of)];
    let raw = prop::sample::select(vec![
        "",
        "   ",
        "not json",
        "{\"type\":\"message\",\"id\":\"e3\"",
        "{\"type\":\"message\",\"id\":\"e3\",\"parentId\":null,\"message\":{\"role\":\"user\",\"content\":\"two\"}}{}",
        "[]",
        "{\"type\":\"session\",\"version\":3,\"id\":\"again\",\"timestamp\":\"2026-01-29T17:16:17.328Z\",\"cwd\":\"/\"}",
        "\u{0}\u{0}",
    ]);
    prop_oneof![
        14 => (name, parent, body(), any::<bool>()).prop_map(|(name, parent, body, type_first)| Step::Entry { name, parent, body, type_first }),
        1 => raw.prop_map(Step::Raw),
    ]
}

fn transcript() -> impl Strategy<Value = String> {
    let header = |version: Value| {
        let mut header = json!({"type": "session", "id": "s", "timestamp": "2026-01-29T17:16:17.328Z", "cwd": "/"});
        if !version.is_null() {
            header["version"] = version;
        }
        header.to_string()
    };
    let front = prop_oneof![
        10 => Just(header(json!(3))),
        3 => Just(header(json!(2))),
        3 => Just(header(json!(1))),
        2 => Just(header(Value::Null)),
        1 => Just(format!("\n{}", header(json!(3)))),
        1 => Just(format!("broken\n{}", header(json!(3)))),
        1 => Just(String::new()),
        1 => Just(r#"{"type":"session","version":3}"#.to_owned()),
        1 => Just(format!("{{\"type\":\"model_change\",\"id\":\"e0\",\"parentId\":null}}\n{}", header(json!(3)))),
    ];
    let null = prop::option::weighted(0.02, any::<prop::sample::Index>());
    (front, prop::collection::vec(step(), 0..14), null, any::<bool>()).prop_map(|(front, steps, null, ended)| {
        let mut lines: Vec<String> = front.split('\n').map(str::to_owned).collect();
        let mut previous = Value::Null;
        for (at, step) in steps.into_iter().enumerate() {
            lines.push(match step {
                Step::Raw(line) => line.to_owned(),
                Step::Entry { name, parent, body, type_first } => {
                    let id = match name {
                        Name::Fresh => Some(json!(format!("e{at}"))),
                        Name::Of(id) => id,
                    };
                    let parent = match parent {
                        Parent::Previous => Some(previous.clone()),
                        Parent::Of(id) => id,
                    };
                    previous = id.clone().unwrap_or(Value::Null);
                    render(body, id, parent, type_first)
                }
            });
        }
        if let Some(null) = null {
            let at = null.index(lines.len() + 1);
            lines.insert(at, "null".to_owned());
        }
        lines.join("\n") + if ended { "\n" } else { "" }
    })
}

fn render(mut body: Value, id: Option<Value>, parent: Option<Value>, type_first: bool) -> String {
    let fields = body.as_object_mut().unwrap();
    let mut front = String::new();
    if let Some(kind) = fields.get("type").filter(|_| type_first).cloned() {
        fields.remove("type");
        front = format!("\"type\":{kind},");
    }
    fields.insert("timestamp".to_owned(), json!("2026-01-29T17:16:17.328Z"));
    fields.extend(id.map(|id| ("id".to_owned(), id)));
    fields.extend(parent.map(|parent| ("parentId".to_owned(), parent)));
    format!("{{{front}{}", &body.to_string()[1..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn the_model_sees_what_the_rules_say(text in transcript()) {
        prop_assert_eq!(ours(&text), model::load(&text), "{}", text);
    }
}

/// A transcript of user messages and whatever else a test puts in; each line is `id`, `parent` and further fields.
fn lines(list: &[Value]) -> String {
    let mut text = json!({"type": "session", "version": 3, "id": "s", "timestamp": "2026-01-29T17:16:17.328Z"}).to_string();
    for line in list {
        text.push('\n');
        text.push_str(&line.to_string());
    }
    text + "\n"
}

fn said(id: &str, parent: Option<&str>) -> Value {
    json!({"type": "message", "id": id, "parentId": parent, "message": {"role": "user", "content": id}})
}

fn seen_lines(text: &str) -> Vec<u64> {
    match ours(text) {
        Answer::Sees { messages, .. } => messages.into_iter().map(|(line, ..)| line).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_leaf_entry_selects_the_leaf() {
    let leaf = |id: &str, target: Value| json!({"type": "leaf", "id": id, "parentId": "b", "targetId": target});
    let talk = [said("a", None), said("b", Some("a"))];
    let with = |more: &[Value]| lines(&[talk.as_slice(), more].concat());
    for (what, more, seen) in [
        ("no leaf entry: the last entry", vec![], vec![2, 3]),
        ("the target is the leaf", vec![leaf("l", json!("a"))], vec![2]),
        ("null stands before the first entry", vec![leaf("l", Value::Null)], vec![]),
        ("an unknown target is not accepted", vec![leaf("l", json!("gone"))], vec![2, 3]),
        ("nor one that comes later", vec![leaf("l", json!("c")), said("c", Some("a"))], vec![2, 5]),
        ("nor none at all", vec![json!({"type": "leaf", "id": "l", "parentId": "b"})], vec![2, 3]),
        ("an entry behind it is the leaf again", vec![leaf("l", json!("a")), said("c", Some("a"))], vec![2, 5]),
        ("the last leaf entry counts", vec![leaf("l", json!("a")), leaf("m", json!("b"))], vec![2, 3]),
        ("an unknown target leaves the one before", vec![leaf("l", json!("a")), leaf("m", json!("gone"))], vec![2]),
    ] {
        assert_eq!(seen_lines(&with(&more)), seen, "{what}");
    }
}

#[test]
fn compactions_and_resets_hide() {
    let talk = [said("a", None), said("b", Some("a")), said("c", Some("b"))];
    let cut = |kind: &str, kept: Value| json!({"type": kind, "id": "x", "parentId": "c", "summary": "s", "firstKeptEntryId": kept});
    for (cut, seen) in [
        (cut("compaction", json!("b")), vec![5, 3, 4, 6]),
        (cut("compaction", json!("gone")), vec![5, 6]),
        (cut("compaction", json!("d")), vec![5, 6]),
        (cut("reset", json!("c")), vec![4, 6]),
        (json!({"type": "reset", "id": "x", "parentId": "c"}), vec![6]),
    ] {
        let text = lines(&[talk.as_slice(), &[cut.clone(), said("d", Some("x"))]].concat());
        assert_eq!(seen_lines(&text), seen, "{cut}");
    }
}

#[test]
fn circles_and_bare_endings_are_named() {
    let circle = lines(&[said("a", Some("b")), said("b", Some("a"))]);
    assert_eq!(ours(&circle), Answer::Hangs);
    assert_eq!(model::load(&circle), Answer::Hangs);
    // A foreign last line without ids is the whole context.
    let foreign = lines(&[said("a", None), json!({"type": "message", "message": {"role": "assistant", "content": []}})]);
    assert_eq!(seen_lines(&foreign), [3]);
}
