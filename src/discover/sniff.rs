//! Whether a `.jsonl` file in an unknown folder is a transcript: a path enters, yes or no leaves.
//!
//! Other programs write `.jsonl` too. A transcript shows itself by a session header or an entry
//! among its first lines; the first one alone may be torn.

use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use crate::platform;

/// How much is read, in bytes.
const HEAD: u64 = 64 * 1024;
/// The entry types besides `session` and `message` (FORMAT.md).
const TYPES: [&str; 10] = [
    "model_change",
    "thinking_level_change",
    "compaction",
    "branch_summary",
    "custom",
    "custom_message",
    "label",
    "session_info",
    "leaf",
    "reset",
];

/// Looks at the first 64 KiB.
///
/// # Errors
/// What the system says on opening or reading.
pub(super) fn is_transcript(path: &Path) -> io::Result<bool> {
    let (file, _) = platform::open_regular(path)?;
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    Ok(looks_like_transcript(&head))
}

fn looks_like_transcript(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').take(100).any(|line| match serde_json::from_slice::<Value>(line) {
        Ok(value) => is_entry(&value),
        // A first line longer than the head, or torn: its start must do.
        Err(_) => starts_like_entry(line),
    })
}

fn is_entry(value: &Value) -> bool {
    let has = |key: &str| value.get(key).is_some();
    match value.get("type").and_then(Value::as_str) {
        Some("session") => has("id") || has("cwd") || has("version"),
        Some("message") => value.pointer("/message/role").is_some(),
        Some(word) => TYPES.contains(&word) && has("timestamp") && (has("id") || has("parentId")),
        None => false,
    }
}

fn starts_like_entry(line: &[u8]) -> bool {
    let start = line.trim_ascii_start();
    let start: Vec<u8> = start.iter().take(64).copied().filter(|byte| *byte != b' ').collect();
    start.starts_with(br#"{"type":"session","#)
        || start.starts_with(br#"{"type":"message","id":"#)
        || start.starts_with(br#"{"type":"message","timestamp":"#)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let long = format!(r#"{{"type":"message","id":"a","message":{{"content":"{}"#, "x".repeat(70_000));
        for (head, wanted) in [
            (r#"{"type":"session","version":3,"id":"x"}"#, true),
            ("\n\r\n  {\"cwd\":\"/x\",\"type\":\"session\"}\n", true),
            (r#"{"type":"message","message":{"role":"user"}}"#, true),
            (r#"{"type":"leaf","id":"a","parentId":null,"timestamp":"x"}"#, true),
            ("\0\0\0\n{\"type\":\"session\",\"id\":\"x\"}", true),
            ("{\"torn\n{\"type\":\"message\",\"message\":{\"role\":\"user\"}}", true),
            (r#"{"type": "session", "id": "ab"#, true),
            (long.as_str(), true),
            (r#"{"type":"user","message":{"role":"user"},"uuid":"x"}"#, false),
            (r#"{"type":"session.started","sessionId":"x"}"#, false),
            (r#"{"type":"session_meta","id":"x"}"#, false),
            (r#"{"type":"message","text":"x"}"#, false),
            (r#"{"type":"label","text":"x"}"#, false),
            (r#"{"ts":1,"jobId":"x","action":"finished"}"#, false),
            ("[]\n7\nnull", false),
            ("", false),
        ] {
            assert_eq!(looks_like_transcript(head.as_bytes()), wanted, "{}", &head[..head.len().min(60)]);
        }
    }
}
