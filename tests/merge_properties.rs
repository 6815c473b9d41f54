//! Generated transcripts through the library: merge and undo is the identity, and a merge keeps every message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;

use clawfix::apply::journal::{Journal, Print};
use clawfix::apply::{Faults, undo};
use clawfix::context;
use clawfix::merge::{self, Into, Options};
use clawfix::scan::{Options as ScanOptions, Silent, scan};
use clawfix::session::{self, Session};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A line in the making.
#[derive(Debug, Clone)]
enum Item {
    Message { role: u8, parent: u8, twin: bool },
    Call { parent: u8 },
    Aside { kind: u8, parent: u8 },
    Compaction { kept: u8 },
    Leaf { target: u8 },
    Nameless,
    Raw(u8),
}

#[derive(Debug, Clone)]
struct Talk {
    version: Option<u8>,
    items: Vec<Item>,
    crlf: bool,
    mark: bool,
    unterminated: bool,
    /// First minute, and minutes from one entry to the next.
    start: u32,
    step: u32,
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        10 => (0u8..5, any::<u8>(), any::<bool>()).prop_map(|(role, parent, twin)| Item::Message { role, parent, twin }),
        1 => any::<u8>().prop_map(|parent| Item::Call { parent }),
        2 => (0u8..5, any::<u8>()).prop_map(|(kind, parent)| Item::Aside { kind, parent }),
        1 => any::<u8>().prop_map(|kept| Item::Compaction { kept }),
        1 => any::<u8>().prop_map(|target| Item::Leaf { target }),
        1 => Just(Item::Nameless),
        1 => (0u8..5).prop_map(Item::Raw),
    ]
}

fn talk(start: u32) -> impl Strategy<Value = Talk> {
    let version = prop_oneof![5 => Just(Some(3)), 1 => Just(Some(2)), 1 => Just(Some(1)), 1 => Just(None)];
    (version, prop::collection::vec(item(), 0..14), any::<bool>(), prop::bool::weighted(0.2), any::<bool>(), 0u32..20, 1u32..12).prop_map(
        move |(version, items, crlf, mark, unterminated, late, step)| Talk {
            version,
            items,
            crlf,
            mark,
            unterminated,
            start: start + late,
            step,
        },
    )
}

/// Two or three talks; those of the second kind overlap in time now and then.
fn talks() -> impl Strategy<Value = Vec<Talk>> {
    prop_oneof![
        (talk(0), talk(400)).prop_map(|(a, b)| vec![a, b]),
        (talk(0), talk(400), talk(800)).prop_map(|(a, b, c)| vec![a, b, c]),
        (talk(0), talk(30), talk(40)).prop_map(|(a, b, c)| vec![a, b, c]),
    ]
}

fn id_of(part: usize) -> String {
    format!("{part:08x}-1111-4222-8333-000000000000")
}

fn stamp(minute: u32) -> String {
    format!("2026-03-{:02}T{:02}:{:02}:00.000Z", 1 + minute / 1440, minute / 60 % 24, minute % 60)
}

impl Talk {
    fn plain(&self) -> bool {
        self.version.unwrap_or(1) < 2
    }

    fn bytes(&self, part: usize) -> Vec<u8> {
        let mut header = json!({"type": "session", "id": id_of(part), "timestamp": stamp(self.start), "cwd": "/work"});
        if let Some(version) = self.version {
            header["version"] = json!(version);
        }
        let mut lines = vec![header.to_string()];
        let mut ids: Vec<String> = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            let time = stamp(self.start + 1 + at as u32 * self.step);
            // Mostly the entry ahead; else any earlier one, none, or one that is not there.
            let parent = |pick: u8| match pick % 8 {
                0 if !ids.is_empty() => json!(ids[usize::from(pick / 8) % ids.len()]),
                1 if pick > 200 => Value::Null,
                2 if pick > 200 => json!("nowhere"),
                _ => json!(ids.last()),
            };
            let any = |pick: u8| if ids.is_empty() { json!("nowhere") } else { json!(ids[usize::from(pick) % ids.len()]) };
            let text = json!([{"type": "text", "text": format!("part {part} line {at} \u{e9} \"q\"")}]);
            let own = |twin: bool| if twin { format!("{at:08x}") } else { format!("{:08x}", (part + 1) * 0x10000 + at) };
            let (mut line, id) = match item {
                Item::Message { role, parent: pick, twin } => {
                    let role = ["user", "assistant", "user", "assistant", "hookMessage"][usize::from(*role)];
                    let role = if role == "hookMessage" && self.version == Some(3) { "custom" } else { role };
                    (
                        json!({"type": "message", "parentId": parent(*pick), "message": {"role": role, "content": text}, "n": 1.5}),
                        own(*twin),
                    )
                }
                Item::Call { parent: pick } => {
                    let call =
                        json!([{"type": "toolCall", "id": "call_1", "name": "exec", "arguments": {"id": "x", "parentId": "00000000"}}]);
                    (json!({"type": "message", "parentId": parent(*pick), "message": {"role": "assistant", "content": call}}), own(false))
                }
                Item::Aside { kind, parent: pick } => {
                    let body = match kind {
                        0 => json!({"type": "custom", "customType": "x", "data": {"id": "00000000"}}),
                        1 => json!({"type": "label", "targetId": any(*pick), "label": "l"}),
                        2 => json!({"type": "branch_summary", "fromId": any(*pick), "summary": "s"}),
                        3 => json!({"type": "custom_message", "customType": "x", "content": text, "display": true}),
                        _ => json!({"type": "from_the_future", "z": 1}),
                    };
                    let mut body = body;
                    body["parentId"] = parent(*pick);
                    (body, own(false))
                }
                Item::Compaction { kept } if self.plain() => (
                    json!({"type": "compaction", "summary": "s", "firstKeptEntryIndex": usize::from(*kept) % (at + 2), "tokensBefore": 1}),
                    own(false),
                ),
                Item::Compaction { kept } => (
                    json!({"type": "compaction", "parentId": parent(3), "summary": "s", "firstKeptEntryId": any(*kept), "tokensBefore": 1}),
                    own(false),
                ),
                Item::Leaf { .. } if ids.is_empty() || self.plain() => continue,
                Item::Leaf { target } => {
                    (json!({"type": "leaf", "parentId": parent(3), "targetId": any(*target), "appendParentId": any(*target)}), own(false))
                }
                Item::Nameless => {
                    lines
                        .push(json!({"type": "message", "timestamp": time, "message": {"role": "assistant", "content": text}}).to_string());
                    continue;
                }
                Item::Raw(kind) => {
                    lines.push(["", "not json", "{\"torn", "\0\0", "{\"a\":1}{}"][usize::from(*kind)].to_owned());
                    continue;
                }
            };
            line["timestamp"] = json!(time);
            if self.plain() {
                line.as_object_mut().unwrap().remove("parentId");
            } else {
                line["id"] = json!(id);
                ids.push(id);
            }
            lines.push(line.to_string());
        }
        let mut text = lines.join(if self.crlf { "\r\n" } else { "\n" });
        if !self.unterminated {
            text.push('\n');
        }
        if self.mark {
            text.insert(0, '\u{FEFF}');
        }
        text.into_bytes()
    }

    /// Whether the context of the whole is the sum of the parts': no compaction, and an end that the loader goes from.
    fn is_simple(&self) -> bool {
        let nameless = |item: &Item| matches!(item, Item::Nameless);
        let last = self.items.iter().rev().find(|item| !matches!(item, Item::Raw(_)));
        !self.items.iter().any(|item| matches!(item, Item::Compaction { .. } | Item::Leaf { .. }))
            && (self.plain() || !last.is_some_and(nameless))
    }
}

fn listing(dir: &Path) -> BTreeMap<String, Print> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.file_type().unwrap().is_file());
    files.map(|entry| (entry.file_name().into_string().unwrap(), Print::of(&entry.path()).unwrap())).collect()
}

/// Links, version and the renamed role aside, what a line says; as it is when it does not parse.
fn essence(line: &[u8]) -> Option<String> {
    let trimmed = line.trim_ascii();
    let trimmed = trimmed.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(trimmed);
    if trimmed.is_empty() {
        return None;
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(trimmed) else { return Some(format!("{trimmed:?}")) };
    if value["type"] == "session" || value["customType"] == "clawfix:seam" {
        return None;
    }
    if value["message"]["content"][0]["text"].as_str().is_some_and(|text| text.starts_with("The session was cut before")) {
        return None;
    }
    if value["message"]["role"] == "hookMessage" {
        value["message"]["role"] = json!("custom");
    }
    for key in ["id", "parentId", "firstKeptEntryId", "targetId", "fromId", "appendParentId"] {
        value.as_object_mut().unwrap().remove(key);
    }
    Some(value.to_string())
}

fn essences(bytes: &[u8]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in bytes.split(|&byte| byte == b'\n').filter_map(essence) {
        *counts.entry(line).or_default() += 1;
    }
    counts
}

/// What the model sees, by what the lines say; the results that close a call aside.
fn seen(session: &Session, bytes: &[u8]) -> Vec<String> {
    let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let line = |at: u32| essence(lines[usize::try_from(session.line_of(at)).unwrap() - 1]);
    context::of(session).messages.iter().filter_map(|seen| line(seen.entry)).collect()
}

fn read(path: &Path) -> Session {
    session::read(path, &|_| ()).unwrap()
}

fn holds(talks: &[Talk], options: &Options) -> Result<(), TestCaseError> {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("agents/main/sessions");
    std::fs::create_dir_all(&dir).unwrap();
    let mut talks = talks.to_vec();
    talks.sort_by_key(|talk| talk.start);
    let (mut whole, mut sights) = (BTreeMap::new(), Vec::new());
    for (part, talk) in talks.iter().enumerate() {
        let bytes = talk.bytes(part);
        let path = dir.join(format!("{}.jsonl", id_of(part)));
        std::fs::write(&path, &bytes).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode([0o600, 0o640, 0o644][part])).unwrap();
        for (line, count) in essences(&bytes) {
            *whole.entry(line).or_insert(0) += count;
        }
        sights.extend(seen(&read(&path), &bytes));
    }
    let last = id_of(talks.len() - 1);
    std::fs::write(dir.join("sessions.json"), json!({"agent:main:main": {"sessionId": last, "n": 1}}).to_string()).unwrap();
    let before = listing(&dir);
    let found = scan(&ScanOptions { paths: vec![tmp.path().to_owned()], jobs: Some(1), ..ScanOptions::default() }, &Silent).unwrap();
    let all: Vec<usize> = (0..talks.len()).collect();
    prop_assert_eq!(found.agents[0].segments.len(), talks.len());
    let plan = merge::plan(&found.agents[0], "c-test", &all, options, 1_800_000_000_000)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    let record = merge::apply(&plan, 1_800_000_000_000, &Faults::NONE).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let bytes = std::fs::read(&plan.target).unwrap();
    prop_assert_eq!(essences(&bytes), whole, "every line once, and nothing else");
    let result = read(&plan.target);
    if talks.iter().all(Talk::is_simple) && !plan.stitched.interleaved {
        prop_assert_eq!(seen(&result, &bytes), sights, "the model sees one part after the other");
    }
    prop_assert!(context::of(&result).failure.is_none());
    undo::undo(&Journal::of(&dir), record, 1_800_000_000_001, &Faults::NONE).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(listing(&dir), before, "taken back byte for byte, and mode for mode");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merge_and_undo_is_the_identity(talks in talks(), into in 0u8..3, no_seam: bool, no_close: bool) {
        let into = [Into::Live, Into::First, Into::New][usize::from(into)];
        holds(&talks, &Options { into, no_seam, no_close, ..Options::default() })?;
    }
}
