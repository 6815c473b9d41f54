//! Input that is broken, huge or meant to harm: every case has a clear outcome, the right exit code, and no panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod bytes;
#[cfg(unix)]
mod files;
mod mutate;
mod output;
mod stores;
mod terminal;
mod times;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What the binary did.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// `clawfix scan PATH ARGS`, away from the state directories and the terminal of whoever runs the tests.
fn scan(path: &Path, args: &[&str]) -> Run {
    run(Command::new(env!("CARGO_BIN_EXE_clawfix")).arg("scan").arg(path).args(args))
}

fn run(command: &mut Command) -> Run {
    for name in ["OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR", "COLUMNS", "NO_COLOR"] {
        command.env_remove(name);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("reports are UTF-8");
    let run = Run { code: output.status.code().expect("no signal ended it"), out: text(output.stdout), err: text(output.stderr) };
    assert!(!run.err.contains("panicked"), "{}", run.err);
    run
}

/// A session id.
fn id(n: u32) -> String {
    format!("3f1b2c4d-0000-4000-8000-{n:012}")
}

fn header(n: u32) -> String {
    format!(r#"{{"type":"session","version":3,"id":"{}","timestamp":"2026-02-01T10:00:00.000Z","cwd":"/x"}}"#, id(n)) + "\n"
}

fn user(entry: &str, text: &str) -> String {
    format!(
        r#"{{"type":"message","id":"{entry}","parentId":null,"timestamp":"2026-02-01T10:00:01.000Z","message":{{"role":"user","content":"{text}"}}}}"#
    ) + "\n"
}

/// A sessions folder that is gone when the test ends.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// One transcript of these bytes behind a good header.
    fn transcript(bytes: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        let mut all = header(1).into_bytes();
        all.extend_from_slice(bytes.as_ref());
        folder.write(format!("{}.jsonl", id(1)), all);
        folder
    }
}
