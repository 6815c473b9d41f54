//! Tables for [`super::classify`] and [`super::parse_stamp`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;

const ID: &str = "997d524e-c4b8-42e2-825a-b0e739378e87";
const T: i64 = 1_772_360_553_123; // 2026-03-01T10:22:33.123Z

type Row<'a> = (&'a str, FileState, Option<i64>, Option<&'a str>, Option<i64>);

#[test]
fn transcripts() {
    let rows: &[Row] = &[
        ("{}.jsonl", FileState::Live, None, None, None),
        ("{}-topic-42.jsonl", FileState::Live, None, Some("42"), None),
        ("{}-topic-om_a%3Ab%2Fc.jsonl", FileState::Live, None, Some("om_a:b/c"), None),
        ("{}-topic-1712345678.0001.jsonl.reset.2026-03-01T10-22-33.123Z", FileState::Reset, Some(T), Some("1712345678.0001"), None),
        ("2026-03-01T10-22-33-123Z_{}.jsonl", FileState::Live, None, None, Some(T)),
        ("{}.jsonl.reset.2026-03-01T10-22-33.123Z", FileState::Reset, Some(T), None, None),
        ("{}.jsonl.deleted.2026-03-01T10-22-33.123Z", FileState::Deleted, Some(T), None, None),
        ("{}.jsonl.deleted.2026-03-01T10-22-33.123Z.deleted.2026-03-02T10-22-33.123Z", FileState::Deleted, Some(T), None, None),
        ("{}.jsonl.deleted.nonsense", FileState::Deleted, None, None, None),
        ("{}.jsonl.bak.2026-03-01T10-22-33.123Z", FileState::Bak, Some(T), None, None),
        ("{}.jsonl.bak", FileState::Bak, None, None, None),
        ("{}.jsonl.bak-4711-1772360553123", FileState::Bak, Some(T), None, None),
        ("{}.jsonl.pre-doctor-branch-repair-1772360553123.bak", FileState::Bak, Some(T), None, None),
        ("{}.jsonl.corrupt-1772360553123.jsonl", FileState::Corrupt, Some(T), None, None),
        ("{}.jsonl.corrupt-2026-03-01T10-22-33.123Z.jsonl", FileState::Corrupt, Some(T), None, None),
        ("{}.checkpoint.1f1b37b3-7af3-412c-8939-59bea183e7aa.jsonl", FileState::Checkpoint, None, None, None),
        ("agent-main-main.{}.jsonl.imported-1772360553123", FileState::Imported, Some(T), None, None),
        ("archive-tier.{}.jsonl.imported-1772360553123", FileState::Imported, Some(T), None, None),
        ("agent.x.{}-topic-1.5.jsonl.imported-1772360553123", FileState::Imported, Some(T), Some("1.5"), None),
        ("{}.jsonl.reset.2026-03-01T10-22-33.123Z.zst", FileState::Compressed, Some(T), None, None),
        ("{}.jsonl.zst", FileState::Compressed, None, None, None),
    ];
    for (pattern, state, stamp_ms, topic, forked_at_ms) in rows {
        let name = pattern.replace("{}", ID);
        let FileName::Transcript(found) = classify(&name) else {
            panic!("{name}: {:?}", classify(&name));
        };
        let wanted = TranscriptName {
            session_id: ID.to_owned(),
            state: *state,
            stamp_ms: *stamp_ms,
            topic: topic.map(str::to_owned),
            forked_at_ms: *forked_at_ms,
        };
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn ids_that_are_no_uuids() {
    for (name, id) in [
        ("main.jsonl", "main"),
        ("my_chat.v2.jsonl", "my_chat.v2"),
        ("-topic-.jsonl", "-topic-"),
        ("key.plain.jsonl.imported-1772360553123", "plain"),
        ("plain.jsonl.imported-1772360553123", "plain"),
        ("чат.jsonl.reset.2026-03-01T10-22-33.123Z", "чат"),
    ] {
        let FileName::Transcript(found) = classify(name) else {
            panic!("{name}");
        };
        assert_eq!(found.session_id, id, "{name}");
    }
}

#[test]
fn the_other_files() {
    let id = || ID.to_owned();
    let rows = [
        ("{}.trajectory.jsonl", FileName::Trajectory { session_id: id() }),
        ("{}.trajectory.jsonl.deleted.2026-03-01T10-22-33.123Z", FileName::Trajectory { session_id: id() }),
        ("{}.trajectory-path.json", FileName::TrajectoryPath { session_id: id() }),
        ("sessions.json", FileName::Store),
        ("sessions.json.bak.1772360553123", FileName::StoreBackup { stamp_ms: Some(T) }),
        ("sessions.json.bak", FileName::StoreBackup { stamp_ms: None }),
        ("sessions.json.4711.1f1b37b3-7af3-412c-8939-59bea183e7aa.tmp", FileName::StoreTemp),
        ("sessions.json.lock", FileName::Lock),
        ("{}.jsonl.lock", FileName::Lock),
        ("{}.jsonl.tmp", FileName::Other),
        ("{}.jsonl.reset.2026-03-01T10-22-33.123Z.tmp", FileName::Other),
        ("{}.jsonl.old", FileName::Other),
        ("._{}.jsonl", FileName::Other),
        (".jsonl", FileName::Other),
        (".jsonl.reset.2026-03-01T10-22-33.123Z", FileName::Other),
        ("", FileName::Other),
        ("notes.txt", FileName::Other),
        ("x.zst", FileName::Other),
    ];
    for (pattern, wanted) in rows {
        assert_eq!(classify(&pattern.replace("{}", ID)), wanted, "{pattern}");
    }
}

#[test]
fn stamps() {
    for (text, wanted) in [
        ("2026-03-01T10-22-33.123Z", Some(T)),
        ("2026-03-01T10-22-33-123Z", Some(T)),
        ("2026-03-01T10:22:33.123Z", Some(T)),
        ("2026-03-01T10-22-33Z", Some(T - 123)),
        ("2026-03-01T10-22-33.123", None),
        ("2026-02-30T10-22-33.123Z", None),
        ("2026-03-01T24-00-00.000Z", None),
        ("2026-03-01T10-22-33.123-1Z", None),
        ("+026-03-01T10-22-33.123Z", None),
        ("T Z", None),
        ("", None),
    ] {
        assert_eq!(parse_stamp(text), wanted, "{text}");
    }
}
