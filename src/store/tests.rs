//! Tables for the store: broken, odd and real forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::key::KeyKind;

const A: &str = "997d524e-c4b8-42e2-825a-b0e739378e87";
const B: &str = "a85b258b-ad9e-4750-b6f5-15cc6062ed10";

fn store(text: impl AsRef<[u8]>) -> Store {
    Store::from_bytes(Path::new("sessions.json"), text.as_ref())
}

#[test]
fn a_real_entry() {
    let text = format!(
        r#"{{"agent:main:telegram:group:-100555":{{"chatType":"group","channel":"telegram","groupId":"-100555",
        "origin":{{"label":"x \ud83d","from":"telegram:group:-100555","to":"telegram:-100555","chatType":"group"}},
        "sessionId":"{A}","updatedAt":1795330746242,"sessionStartedAt":1795330742769.0,"lastInteractionAt":"soon",
        "deliveryContext":{{"channel":"telegram","to":"telegram:-100555"}},"lastTo":"telegram:-100555:topic:4",
        "skillsSnapshot":{{"deep":[[[{{}}]]]}},"contextTokens":128000,"totalTokens":-4,"compactionCount":2,
        "usageFamilySessionIds":["{B}",null,7,"{A}"],"sessionFile":"C:\\x\\{A}.jsonl"}}}}"#
    );
    let store = store(text);
    assert_eq!(store.health, StoreHealth::Good);
    let entry = &store.entries[0];
    assert_eq!(entry.key.kind, KeyKind::Group);
    assert_eq!(entry.session_id.as_deref(), Some(A));
    assert_eq!(entry.updated_at_ms, Some(1_795_330_746_242));
    assert_eq!(entry.session_started_at_ms, Some(1_795_330_742_769));
    assert_eq!(entry.last_interaction_at_ms, None);
    assert_eq!(entry.peers, ["-100555"]);
    assert_eq!(entry.family_session_ids, [B, "7", A]);
    assert_eq!((entry.context_tokens, entry.total_tokens, entry.compaction_count), (Some(128_000), None, Some(2)));
    assert_eq!((entry.chat_type.as_deref(), entry.channel.as_deref()), (Some("group"), Some("telegram")));
    assert_eq!(store.keys_of(A, &format!("{A}.jsonl")).len(), 1);
}

/// Bytes, whether the health is as wanted, how many entries.
type Row<'a> = (&'a [u8], fn(&StoreHealth) -> bool, usize);

#[test]
fn health() {
    let one = r#"{"agent:main:main":{"sessionId":"a"}}"#;
    let rows: &[Row] = &[
        (one.as_bytes(), |h| *h == StoreHealth::Good, 1),
        (b"", |h| *h == StoreHealth::Empty, 0),
        (b" \r\n", |h| *h == StoreHealth::Empty, 0),
        (b"{}", |h| *h == StoreHealth::Empty, 0),
        (b"{ /* none */ }", |h| *h == StoreHealth::Empty, 0),
        (b"[]", |h| *h == StoreHealth::NotAnObject, 0),
        (b"null", |h| *h == StoreHealth::NotAnObject, 0),
        (b"'x'", |h| *h == StoreHealth::NotAnObject, 0),
        (b"17", |h| *h == StoreHealth::NotAnObject, 0),
        (b"{'agent:main:main': {sessionId: 'a', updatedAt: 0x10,},}", |h| *h == StoreHealth::Json5, 1),
        ("\u{feff}{\"agent:main:main\":{}}".as_bytes(), |h| *h == StoreHealth::Json5, 1),
        (br#"{"a":{"sessionId":"x"},"b":{"sess"#, |h| matches!(h, StoreHealth::Torn { offset: 33, .. }), 1),
        (br#"{"a":{"sessionId":"x"}}}"#, |h| matches!(h, StoreHealth::Torn { offset: 23, .. }), 1),
        (b"{\n\"a\":{},\n!", |h| matches!(h, StoreHealth::Torn { offset: 10, .. }), 1),
        (b"\0\0\0\0", |h| matches!(h, StoreHealth::Torn { reason, .. } if reason.contains("NUL")), 0),
        (b"{\"a\":{\"sessionId\":\"x\xff\"}}", |h| *h == StoreHealth::Good, 1),
        (br#"{"a":1,"b":[{}],"c":null,"d":"x","e":{}}"#, |h| *h == StoreHealth::Good, 1),
        (br#"{"a":{"sessionId":"x"},"a":{"sessionId":"y"}}"#, |h| *h == StoreHealth::Good, 1),
        (br#"{"a":{"sessionId":[1],"sessionFile":{"x":1},"origin":7,"updatedAt":1e400,"lastTo":true}}"#, |_| true, 1),
    ];
    for (bytes, wanted, entries) in rows {
        let store = store(bytes);
        let text = String::from_utf8_lossy(bytes);
        assert!(wanted(&store.health), "{text}: {:?}", store.health);
        assert_eq!(store.entries.len(), *entries, "{text}");
        assert_eq!(store.len, bytes.len() as u64);
    }
    assert_eq!(store(r#"{"a":{"sessionId":"x"},"a":{"sessionId":"y"}}"#).entries[0].session_id.as_deref(), Some("y"));
}

#[test]
fn every_cut_keeps_the_entries_in_front_of_it() {
    let text = r#"{"k1":{"sessionId":"a"},"k2":{"sessionId":"b\u00e9"},"k3":{"x":[1,2]}}"#;
    let mut most = 0;
    for cut in 0..text.len() {
        let store = store(&text[..cut]);
        assert!(store.entries.len() >= most, "{cut}");
        most = store.entries.len();
        assert!(cut == 0 || matches!(store.health, StoreHealth::Torn { .. }), "{cut} {:?}", store.health);
    }
    assert_eq!(most, 3);
}

#[test]
fn deep_nesting_ends() {
    for text in ["{\"a\":".repeat(200_000), "{a:[".repeat(200_000), "[".repeat(1_000_000)] {
        assert!(matches!(store(text).health, StoreHealth::Torn { .. } | StoreHealth::NotAnObject));
    }
}

#[test]
fn which_file_an_entry_means() {
    let row = |id: Option<&str>, file: Option<&str>| {
        let fields: Vec<String> = [("sessionId", id), ("sessionFile", file)]
            .iter()
            .filter_map(|(name, value)| value.map(|value| format!("\"{name}\":{}", serde_json::to_string(value).unwrap())))
            .collect();
        store(format!("{{\"agent:main:main\":{{{}}}}}", fields.join(",")))
    };
    let (a, b) = (format!("{A}.jsonl"), format!("{B}.jsonl"));
    let topic = format!("{A}-topic-4.jsonl");
    let archive = format!("{A}.jsonl.reset.2026-03-01T10-22-33.123Z");
    let win = format!(r"C:\Users\Jay\.openclaw\agents\main\sessions\{A}.jsonl");
    for (id, file, asked_id, asked_file, wanted) in [
        (Some(A), None, A, &a, true),
        (Some(A), None, B, &b, false),
        (Some(A), Some(win.as_str()), A, &a, true),
        (Some(A), Some(topic.as_str()), A, &a, false),
        (Some(A), Some(topic.as_str()), A, &topic, true),
        (Some(A), Some(topic.as_str()), A, &archive, true),
        (Some(A), Some(b.as_str()), A, &a, true),
        (Some(A), Some(b.as_str()), B, &b, false),
        (Some(A), Some("/x/chat.jsonl"), "chat", &"chat.jsonl".to_owned(), true),
        (None, Some(a.as_str()), A, &a, true),
        (None, None, A, &a, false),
    ] {
        assert_eq!(!row(id, file).keys_of(asked_id, asked_file).is_empty(), wanted, "{id:?} {file:?} {asked_file}");
    }
}

#[test]
fn peers_are_bare() {
    for (to, wanted) in [
        ("telegram:7016642", Some("7016642")),
        ("telegram:group:-100555", Some("-100555")),
        ("channel:99", Some("99")),
        ("+15551234", Some("+15551234")),
        ("123@g.us", Some("123@g.us")),
        ("matrix:channel:!room:server.org", Some("!room:server.org")),
        ("heartbeat", None),
        ("telegram:", Some("telegram:")),
        ("", None),
    ] {
        let store = store(format!(r#"{{"k":{{"lastTo":"{to}"}}}}"#));
        assert_eq!(store.entries[0].peers.first().map(String::as_str), wanted, "{to}");
    }
    assert_eq!(store(r#"{"k":{"groupId":-100555}}"#).entries[0].peers, ["-100555"]);
}

#[test]
fn files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.json");
    assert_eq!(Store::read(&path).health, StoreHealth::Missing);
    std::fs::write(&path, "{\"agent:main:main\":{}}").unwrap();
    assert_eq!(Store::read(&path).health, StoreHealth::Good);
    assert!(matches!(Store::read(dir.path()).health, StoreHealth::Unreadable { .. }));
    let huge = std::fs::File::create(&path).unwrap();
    huge.set_len(MAX_STORE_BYTES + 1).unwrap();
    assert_eq!(Store::read(&path).health, StoreHealth::TooLarge { len: MAX_STORE_BYTES + 1 });
}
