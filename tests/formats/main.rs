//! The formats of `scan`: each is held against its schema or a parser, against the counts of the JSON report, and against
//! transcripts that want to get out of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod fleet;
mod founding;
#[path = "../common/fleet.rs"]
mod generator;
mod hostile;
mod limits;
mod read;
mod redact;
mod roots;
mod valid;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Placed, State};

/// Every format but the one for terminals.
pub const FORMATS: [&str; 6] = ["json", "jsonl", "sarif", "github", "markdown", "junit"];

/// What the binary did.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs `scan --format FORMAT` in the folder of the package.
pub fn report(format: &str, paths: &[&Path], options: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clawfix"));
    command.args(["scan", "--format", format]).args(options).args(paths);
    let output = command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("reports are UTF-8");
    let run = Run { code: output.status.code().expect("no signal ended it"), out: text(output.stdout), err: text(output.stderr) };
    assert!(!run.err.contains("panicked"), "{}", run.err);
    run
}

/// A folder with damage of several kinds, and a path that is not there.
pub fn damaged() -> (Placed, PathBuf) {
    let mut state = State::corpus("2026.2.26-race");
    for name in ["2026.7.35-stale", "2026.2.26-manual", "2026.1.24-3-tidle", "2026.1.24-3-groups"] {
        state.transcripts.extend(State::corpus(name).transcripts);
    }
    let placed = state.place();
    let write = |name: &str, bytes: &[u8]| std::fs::write(placed.sessions.join(name), bytes).unwrap();
    write("binary.jsonl", &[0xff; 700]);
    write("empty.jsonl", b"");
    write(
        "torn.jsonl",
        b"{\"type\":\"session\",\"id\":\"torn\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}\n\0\0\n{\"type\":\"mess\n{} x\n\xff\n{\"a",
    );
    write("sessions.json", b"{\"agent:main:main\": {\"sessionId\": 7");
    let missing = placed.tmp.path().join("not-there");
    (placed, missing)
}

/// A format that a command cannot write is wrong usage, never another format.
#[test]
fn other_commands_refuse_what_they_cannot_write() {
    for command in ["merge", "relink", "show"] {
        for format in FORMATS.iter().skip(1) {
            let run = Command::new(env!("CARGO_BIN_EXE_clawfix")).args([command, "x", "--format", format]).env_clear().output().unwrap();
            let error = String::from_utf8(run.stderr).unwrap();
            assert_eq!(run.status.code(), Some(2), "{command} {format}");
            assert!(error.contains("[possible values: table, json]") && run.stdout.is_empty(), "{command} {format}: {error}");
        }
    }
}

/// The README names every format.
#[test]
fn the_readme_lists_the_formats() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for format in <clawfix::report::Format as clap::ValueEnum>::value_variants() {
        let name = clap::ValueEnum::to_possible_value(format).unwrap().get_name().to_owned();
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
}
