//! Files that are not as they should be, byte by byte: every line is carried along.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::proof::{Loaded, clawfix, listing, there_and_back};

pub const A: &str = "aaaaaaaa-1111-4222-8333-000000000001";
pub const B: &str = "bbbbbbbb-1111-4222-8333-000000000002";

pub struct Folder {
    pub tmp: TempDir,
    pub sessions: PathBuf,
}

impl Folder {
    /// A sessions folder with these files.
    pub fn new(files: &[(&str, Vec<u8>)]) -> Folder {
        let tmp = tempfile::tempdir().unwrap();
        let sessions = tmp.path().join(".openclaw/agents/main/sessions");
        std::fs::create_dir_all(&sessions).unwrap();
        for (name, bytes) in files {
            std::fs::write(sessions.join(name), bytes).unwrap();
        }
        Folder { tmp, sessions }
    }

    pub fn home(&self) -> &Path {
        self.tmp.path()
    }
}

pub fn header(id: &str, minute: u32) -> String {
    json!({"type": "session", "version": 3, "id": id, "timestamp": format!("2026-03-01T10:{minute:02}:00.000Z"), "cwd": "/work"})
        .to_string()
}

/// A message with an id and a parent; `minute` orders it.
pub fn message(role: &str, id: &str, parent: Option<&str>, minute: u32, text: &str) -> String {
    json!({"type": "message", "id": id, "parentId": parent, "timestamp": format!("2026-03-01T10:{minute:02}:30.000Z"),
        "message": {"role": role, "content": [{"type": "text", "text": text}]}})
    .to_string()
}

/// A short talk: header, question, answer.
pub fn talk(id: &str, mark: &str, minute: u32) -> Vec<String> {
    let (q, a) = (format!("{mark}0000001"), format!("{mark}0000002"));
    vec![
        header(id, minute),
        message("user", &q, None, minute, &format!("{mark} asks")),
        message("assistant", &a, Some(&q), minute + 1, &format!("{mark} hears")),
    ]
}

pub fn text(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

pub fn store(live: &str) -> Vec<u8> {
    json!({"agent:main:main": {"sessionId": live, "updatedAt": 1_772_360_000_000_u64, "other": {"n": 1.50, "list": [1, 2]}}})
        .to_string()
        .into_bytes()
}

pub fn texts(loaded: &Loaded) -> Vec<String> {
    let text = |message: &Value| match &message["content"] {
        Value::String(text) => text.clone(),
        blocks => blocks[0]["text"].as_str().unwrap_or_default().to_owned(),
    };
    loaded.messages().iter().map(text).collect()
}

/// Stitches the two by name, there and back, and gives the texts that the loader sees.
fn stitched(older: Vec<u8>, newer: Vec<u8>) -> (Value, Vec<String>, usize) {
    let folder = Folder::new(&[(&format!("{A}.jsonl"), older), (&format!("{B}.jsonl"), newer), ("sessions.json", store(B))]);
    let (plan, loaded) = there_and_back(folder.home(), &[A, B]);
    assert_eq!(plan["by_hand"], true);
    (plan, texts(&loaded), loaded.roots)
}

const ALL: [&str; 4] = ["a asks", "a hears", "b asks", "b hears"];

#[test]
fn torn_last_lines_and_lines_that_do_not_parse() {
    let mut older = text(&talk(A, "a", 1));
    older.extend(b"garbage\n\n{\"type\":\"message\",\"id\":\"a0000003\",\"mess");
    let mut newer = text(&talk(B, "b", 5));
    newer.splice(0..0, b"\n  \n".iter().copied());
    newer.extend(b"\0\0\0\n{\"torn");
    let (plan, texts, roots) = stitched(older, newer);
    assert_eq!((texts, roots), (ALL.map(str::to_owned).to_vec(), 1));
    assert_eq!(plan["warnings"].as_array().unwrap().len(), 1, "that it is no live folder: {}", plan["warnings"]);
}

#[test]
fn no_newline_at_the_end_and_carriage_returns() {
    let mut older = text(&talk(A, "a", 1));
    older.pop();
    let newer = talk(B, "b", 5).join("\r\n").into_bytes();
    let (_, texts, roots) = stitched(older, newer);
    assert_eq!((texts, roots), (ALL.map(str::to_owned).to_vec(), 1));
}

#[test]
fn byte_order_marks_stand_at_the_start_or_nowhere() {
    let marked = |lines: Vec<String>| [b"\xEF\xBB\xBF".to_vec(), text(&lines)].concat();
    let (_, texts, _) = stitched(marked(talk(A, "a", 1)), marked(talk(B, "b", 5)));
    assert_eq!(texts, ALL);
    // Without a header in front, the mark would stand in the middle and cost the line.
    let late = |id: &str, mark: &str, minute: u32| {
        let mut lines = talk(id, mark, minute);
        lines.swap(0, 1);
        lines
    };
    let (plan, texts, _) = stitched(marked(late(A, "a", 1)), marked(late(B, "b", 5)));
    assert_eq!(texts, ALL);
    assert_eq!(plan["changes"].as_array().unwrap().iter().filter(|c| c["line"] == 1).count(), 2, "{}", plan["changes"]);
}

#[test]
fn headers_that_are_missing_late_or_repeated() {
    let without = |id: &str, mark: &str, minute: u32| talk(id, mark, minute)[1..].to_vec();
    let (_, texts, roots) = stitched(text(&without(A, "a", 1)), text(&talk(B, "b", 5)));
    assert_eq!((texts, roots), (ALL.map(str::to_owned).to_vec(), 1));
    let (_, texts, roots) = stitched(text(&talk(A, "a", 1)), text(&without(B, "b", 5)));
    assert_eq!((texts, roots), (ALL.map(str::to_owned).to_vec(), 1));
    let (_, texts, roots) = stitched(text(&without(A, "a", 1)), text(&without(B, "b", 5)));
    assert_eq!((texts, roots), (ALL.map(str::to_owned).to_vec(), 1));
    let mut late = talk(B, "b", 5);
    late.swap(0, 1);
    let mut twice = talk(A, "a", 1);
    twice.push(header(A, 1));
    twice.insert(2, header("other", 0));
    let (_, texts, roots) = stitched(text(&twice), text(&late));
    assert_eq!((texts.len(), roots), (4, 1));
}

/// The same talk as versions 1 and 2 wrote it.
fn old_version(version: Option<u64>, id: &str, mark: &str, minute: u32) -> Vec<u8> {
    let mut lines: Vec<Value> = talk(id, mark, minute).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let hook = json!({"type": "message", "id": format!("{mark}0000003"), "parentId": format!("{mark}0000002"),
        "timestamp": format!("2026-03-01T10:{:02}:00.000Z", minute + 2), "message": {"role": "hookMessage", "content": "hook", "customType": "x"}});
    lines.push(hook);
    match version {
        Some(version) => lines[0]["version"] = json!(version),
        None => drop(lines[0].as_object_mut().unwrap().remove("version")),
    }
    if version != Some(2) {
        for line in &mut lines[1..] {
            let line = line.as_object_mut().unwrap();
            line.remove("id");
            line.remove("parentId");
        }
    }
    lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

#[test]
fn older_versions_are_upgraded_as_the_loader_would() {
    for older in [None, Some(1), Some(2), Some(3)] {
        for newer in [None, Some(1), Some(2), Some(3)] {
            if (older, newer) == (Some(3), Some(3)) {
                continue;
            }
            let file = |version, id, mark, minute| match version {
                Some(3) => text(&talk(id, mark, minute)),
                version => old_version(version, id, mark, minute),
            };
            let (plan, texts, roots) = stitched(file(older, A, "a", 1), file(newer, B, "b", 6));
            let mut expected: Vec<&str> = vec!["a asks", "a hears"];
            expected.extend((older != Some(3)).then_some(""));
            expected.extend(["b asks", "b hears"]);
            expected.extend((newer != Some(3)).then_some(""));
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(roots, 1, "{older:?} {newer:?}");
            assert_eq!(texts.iter().map(|text| text.replace("hook", "")).collect::<Vec<_>>(), expected, "{older:?} {newer:?}");
            assert!(plan["changes"].as_array().unwrap().iter().any(|change| change["why"] == "upgraded"));
        }
    }
}

#[test]
fn the_index_of_a_version_1_compaction_becomes_an_id() {
    let line = |value: Value| value.to_string();
    let older = vec![
        line(json!({"type": "session", "id": A, "timestamp": "2026-03-01T10:00:00.000Z", "cwd": "/"})),
        line(json!({"type": "message", "timestamp": "2026-03-01T10:01:00.000Z", "message": {"role": "user", "content": "one"}})),
        line(json!({"type": "message", "timestamp": "2026-03-01T10:02:00.000Z", "message": {"role": "user", "content": "two"}})),
        line(
            json!({"type": "compaction", "timestamp": "2026-03-01T10:03:00.000Z", "summary": "s", "firstKeptEntryIndex": 2, "tokensBefore": 1}),
        ),
    ];
    let folder =
        Folder::new(&[(&format!("{A}.jsonl"), text(&older)), (&format!("{B}.jsonl"), text(&talk(B, "b", 5))), ("sessions.json", store(B))]);
    let (_, loaded) = there_and_back(folder.home(), &[A, B]);
    let compaction = loaded.path.iter().find(|entry| entry["type"] == "compaction").unwrap();
    let kept = loaded.path.iter().find(|entry| entry["message"]["content"] == "two").unwrap();
    assert_eq!(compaction["firstKeptEntryId"], kept["id"]);
}

#[test]
fn branches_are_kept_and_the_leaf_goes_on() {
    let mut older = talk(A, "a", 1);
    // A second answer to the question, and an aside that hangs on the first one and is last in the file.
    older.push(message("assistant", "a0000003", Some("a0000001"), 3, "a2 hears"));
    let (_, texts, roots) = stitched(text(&older), text(&talk(B, "b", 5)));
    assert_eq!((texts, roots), (["a asks", "a2 hears", "b asks", "b hears"].map(str::to_owned).to_vec(), 1));
    // The same with the first answer chosen again by a leaf entry.
    let leaf =
        json!({"type": "leaf", "id": "a0000004", "parentId": "a0000003", "timestamp": "2026-03-01T10:04:00.000Z", "targetId": "a0000002"});
    older.push(leaf.to_string());
    let (_, texts, _) = stitched(text(&older), text(&talk(B, "b", 5)));
    assert_eq!(texts, ALL);
}

#[test]
fn a_last_line_without_an_id_hides_nothing_any_more() {
    let foreign = r#"{"type":"message","timestamp":"2026-03-01T10:03:00.000Z","message":{"role":"assistant","content":"injected"}}"#;
    let mut older = talk(A, "a", 1);
    older.push(foreign.to_owned());
    let mut newer = talk(B, "b", 5);
    newer.push(foreign.to_owned());
    let (plan, texts, roots) = stitched(text(&older), text(&newer));
    assert_eq!((texts, roots), (["a asks", "a hears", "injected", "b asks", "b hears", "injected"].map(str::to_owned).to_vec(), 1));
    assert_eq!(plan["changes"].as_array().unwrap().iter().filter(|change| change["why"] == "named").count(), 2);
}

#[test]
fn what_would_spoil_the_whole_is_refused() {
    let circle = |mark: &str| {
        let mut lines = talk(A, mark, 1);
        lines[1] = message("user", &format!("{mark}0000001"), Some(&format!("{mark}0000002")), 1, "round");
        lines
    };
    let mut null = talk(A, "a", 1);
    null.push("null".to_owned());
    let mut bare = talk(A, "a", 1);
    bare.push(r#"{"type":"message","id":"a0000009","parentId":"a0000002","timestamp":"2026-03-01T10:03:00.000Z"}"#.to_owned());
    for older in [circle("a"), null, bare] {
        let folder = Folder::new(&[
            (&format!("{A}.jsonl"), text(&older)),
            (&format!("{B}.jsonl"), text(&talk(B, "b", 5))),
            ("sessions.json", store(B)),
        ]);
        let before = listing(folder.home());
        let done = clawfix(&["merge", A, B, "--apply", folder.home().to_str().unwrap()]);
        assert_eq!(done.code, Some(2), "{}", done.out);
        assert!(done.err.contains("would spoil the whole"), "{}", done.err);
        assert_eq!(listing(folder.home()), before);
    }
}
