//! Trajectories (`<id>.trajectory.jsonl`): a path enters, the runs that a session started leave.
//!
//! From about May 2026 on OpenClaw writes a sidecar beside each transcript. Its `session.started`
//! events name the session key and what opened the run, which the transcript itself does not say.
//! Read as a stream: memory is bounded, and only lines that can be such an event are parsed.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use serde_json::Value;

use crate::name::{FileName, classify};
use crate::platform;

/// A line longer than this (bytes) is skipped; `session.started` events are about 1 KB.
const MAX_LINE: usize = 256 * 1024;
/// More runs than this are not kept.
const MAX_STARTS: usize = 100_000;
/// What every wanted line contains.
const MARK: &[u8] = b"session.started";

/// One `session.started` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    /// `ts`, UTC in ms.
    pub at_ms: i64,
    /// `data.trigger`: `user`, `heartbeat`, `cron`, ...; empty if the event does not say.
    pub trigger: String,
}

/// What a trajectory says of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trajectory {
    /// Where it is.
    pub path: PathBuf,
    /// The `sessionId` of the first event, else the id in the file name.
    pub session_id: String,
    /// The first `sessionKey`.
    pub session_key: Option<String>,
    /// The first `data.sessionFile`, as written.
    pub session_file: Option<String>,
    /// The runs in the order of the file.
    pub starts: Vec<RunStart>,
    /// Bytes read.
    pub bytes: u64,
    /// Something was lost: a read error, a line that should be an event but does not parse or is too
    /// long, or more runs than are kept. Long lines of other kinds do not count.
    pub partial: bool,
}

impl Trajectory {
    /// Reads a trajectory.
    ///
    /// # Errors
    /// If the file cannot be opened or is no regular file. An error later on only makes it partial.
    pub fn read(path: &Path) -> io::Result<Trajectory> {
        let (file, _) = platform::open_regular(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let named_id = match classify(&name) {
            FileName::Trajectory { session_id } => Some(session_id),
            _ => None,
        };
        let mut found = Trajectory {
            path: path.to_path_buf(),
            session_id: String::new(),
            session_key: None,
            session_file: None,
            starts: Vec::new(),
            bytes: 0,
            partial: false,
        };
        found.fill(BufReader::with_capacity(64 * 1024, file));
        if found.session_id.is_empty() {
            found.session_id = named_id.unwrap_or(name);
        }
        Ok(found)
    }

    fn fill(&mut self, mut reader: BufReader<File>) {
        let mark = memchr::memmem::Finder::new(MARK);
        let mut line: Vec<u8> = Vec::new();
        let mut too_long = false;
        loop {
            let block = match reader.fill_buf() {
                Ok([]) => break,
                Ok(block) => block,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => {
                    self.partial = true;
                    break;
                }
            };
            let end = memchr::memchr(b'\n', block);
            let used = end.map_or(block.len(), |at| at.saturating_add(1));
            let part = block.get(..used).unwrap_or(block);
            let room = MAX_LINE.saturating_sub(line.len());
            too_long |= part.len() > room;
            line.extend_from_slice(part.get(..room).unwrap_or(part));
            reader.consume(used);
            self.bytes = self.bytes.saturating_add(used as u64);
            if end.is_some() {
                self.line(&line, too_long, &mark);
                line.clear();
                too_long = false;
            }
        }
        self.line(&line, too_long, &mark);
    }

    fn line(&mut self, line: &[u8], too_long: bool, mark: &memchr::memmem::Finder<'_>) {
        if mark.find(line).is_none() {
            return;
        }
        if too_long {
            self.partial = true;
            return;
        }
        let Ok(event) = serde_json::from_slice::<Value>(line) else {
            self.partial = true;
            return;
        };
        // The mark may also stand in the data of another event.
        if event.get("type").and_then(Value::as_str) == Some("session.started") {
            self.start(&event);
        }
    }

    fn start(&mut self, event: &Value) {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let data = event.get("data");
        let inner = |key: &str| text(data.and_then(|data| data.get(key)));
        if self.session_id.is_empty() {
            self.session_id = text(event.get("sessionId")).unwrap_or_default();
        }
        self.session_key = self.session_key.take().or_else(|| text(event.get("sessionKey")));
        self.session_file = self.session_file.take().or_else(|| inner("sessionFile"));
        let at_ms = event.get("ts").and_then(|ts| match ts {
            Value::String(iso) => DateTime::parse_from_rfc3339(iso).ok().map(|at| at.timestamp_millis()),
            other => other.as_i64(),
        });
        let at_ms = at_ms.and_then(crate::time::sane);
        match at_ms {
            Some(at_ms) if self.starts.len() < MAX_STARTS => {
                self.starts.push(RunStart { at_ms, trigger: inner("trigger").unwrap_or_default() });
            }
            _ => self.partial = true,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"type":"session.started","ts":"2026-11-22T06:57:40.439Z","sessionId":"a","sessionKey":"agent:main:main","data":{"trigger":"heartbeat","sessionFile":"/x/a.jsonl"}}"#;

    fn read(text: &[u8]) -> Trajectory {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("named.trajectory.jsonl");
        std::fs::write(&path, text).unwrap();
        Trajectory::read(&path).unwrap()
    }

    #[test]
    fn events() {
        let user = r#"{"data":{"trigger":"user"},"ts":1795330661058,"type":"session.started","sessionKey":"other"}"#;
        let quoted = r#"{"type":"prompt","data":{"text":"\"type\":\"session.started\""}}"#;
        let found = read(format!("{quoted}\r\n{FIRST}\n\n{user}").as_bytes());
        assert_eq!(found.session_id, "a");
        assert_eq!(found.session_key.as_deref(), Some("agent:main:main"));
        assert_eq!(found.session_file.as_deref(), Some("/x/a.jsonl"));
        let start = |at_ms, trigger: &str| RunStart { at_ms, trigger: trigger.to_owned() };
        assert_eq!(found.starts, [start(1_795_330_660_439, "heartbeat"), start(1_795_330_661_058, "user")]);
        assert!(!found.partial);
    }

    #[test]
    fn damage() {
        let long = "x".repeat(MAX_LINE);
        for (text, starts, partial) in [
            (String::new(), 0, false),
            ("\0\0\u{1}\n[]\n7".to_owned(), 0, false),
            (format!("{FIRST}\n{}", &FIRST[..80]), 1, true),
            (format!("{{\"pad\":\"{long}\"}}\n{FIRST}\n"), 1, false),
            (format!("{{\"type\":\"session.started\",\"pad\":\"{long}\"}}\n{FIRST}\n"), 1, true),
            (format!("{FIRST}\n").repeat(3) + r#"{"type":"session.started","ts":"soon"}"#, 3, true),
        ] {
            let found = read(text.as_bytes());
            assert_eq!((found.starts.len(), found.partial), (starts, partial));
            assert_eq!(found.bytes, text.len() as u64);
        }
        assert_eq!(read(b"").session_id, "named");
        assert!(Trajectory::read(Path::new("/nonexistent/x")).is_err());
    }
}
