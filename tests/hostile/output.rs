//! Where a report goes may be hostile, too, and so may what stands in it.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::{Folder, id, run, scan, user};

/// Characters that act on a terminal rather than stand there.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(u32::from(c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2069 | 0xFEFF)
}

#[test]
fn nothing_in_a_transcript_acts_on_the_terminal() {
    let evil = r"\u001b[31m\u001b]0;x\u0007\u202e\u200b\n";
    let head = format!(r#"{{"type":"session","id":"{evil}","timestamp":"2026-02-01T10:00:00.000Z"}}"#) + "\n";
    let chat = format!("[Telegram {evil} (@{evil}) id:{evil}7 2026-02-01 10:00 UTC] {evil}");
    let folder = Folder::new();
    folder.write(format!("{}.jsonl", id(1)), head + &user(evil, &chat) + "{\"torn");
    folder.write("sessions.json", format!(r#"{{"agent:{evil}:main":{{"sessionId":"{evil}","sessionFile":"../../../{evil}"}}}}"#));
    for args in [&["--all", "-v"][..], &["--all", "-v", "--format", "json"]] {
        let run = scan(folder.path(), args);
        assert!(!run.out.chars().any(acts), "{:?}", run.out);
    }
    let missing = scan(std::path::Path::new("/no\u{1b}[31m\u{202e}where"), &[]);
    assert_eq!(missing.code, 2);
    assert!(!missing.out.chars().chain(missing.err.chars()).any(acts), "{:?} {:?}", missing.out, missing.err);
}

#[test]
fn endless_words_stay_out_of_the_report() {
    let word = "w".repeat(2_000_000);
    let head = format!(r#"{{"type":"session","id":"{word}","timestamp":"2026-02-01T10:00:00.000Z"}}"#) + "\n";
    let folder = Folder::new();
    folder.write(format!("{}.jsonl", id(1)), head + &user(&word, &word) + &word);
    let run = scan(folder.path(), &["--all", "-v"]);
    assert!(run.out.len() < 20_000, "{} bytes", run.out.len());
}

#[test]
fn empty_missing_and_unwritable() {
    let folder = Folder::new();
    assert_eq!(scan(folder.path(), &[]).code, 0, "nothing is there, and nothing is wrong");
    let missing = scan(&folder.path().join("missing"), &[]);
    assert_eq!(missing.code, 2);
    assert!(missing.out.contains("no such file"), "{}", missing.out);
    for target in [folder.path().join("no/such/folder"), folder.path().to_owned()] {
        let run = scan(folder.path(), &["-o", target.to_str().unwrap()]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains("cannot write the report"), "{}", run.err);
    }
    assert_eq!(scan(folder.path(), &["--jobs", "0"]).code, 2);
}

#[test]
fn one_scan_writes_several_reports() {
    let folder = Folder::transcript("x\n");
    let out = tempfile::tempdir().unwrap();
    let also = |format: &str| format!("--also={format}={}", out.path().join(format).display());
    let with = scan(folder.path(), &["--color", "always", &also("html"), &also("table"), &also("json")]);
    let alone = scan(folder.path(), &["--color", "always"]);
    assert_eq!((with.code, &with.out), (1, &alone.out), "the report is what it is without");
    let read = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    assert!(read("html").starts_with("<!doctype html>"));
    assert!(read("table").contains("CF202") && !read("table").contains('\u{1b}'), "a file has no colours");
    assert_eq!(read("json"), scan(folder.path(), &["--format", "json"]).out);
    for wrong in ["html", "html=", "nothing=x", "=x"] {
        assert_eq!(scan(folder.path(), &["--also", wrong]).code, 2, "{wrong}");
    }
    let nowhere = scan(folder.path(), &["--also", "json=/no/such/folder/x"]);
    assert_eq!((nowhere.code, nowhere.out.as_str()), (2, ""));
}

#[test]
fn a_slip_in_a_path_is_answered() {
    let folder = Folder::new();
    folder.write("backup/x", "");
    let slip = folder.path().join("bakcup");
    let found = scan(&slip, &[]);
    assert!(found.code == 2 && found.out.contains("did you mean") && found.out.contains("backup?"), "{}", found.out);
    let shown = run(Command::new(env!("CARGO_BIN_EXE_clawfix")).args(["show"]).arg(&slip));
    assert!(shown.code == 2 && shown.err.contains("backup?"), "{}", shown.err);
}

#[test]
fn a_reader_that_hangs_up_is_no_error() {
    let folder = Folder::transcript("x\n".repeat(5_000));
    let mut child = Command::new(env!("CARGO_BIN_EXE_clawfix"))
        .args(["scan", "-v", "--format", "json"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some() && err.is_empty(), "{:?} {err}", output.status);
}

#[test]
fn widths_and_colours_are_heeded() {
    let folder = Folder::transcript("x\n");
    for columns in ["0", "1", "40", "80", "65535", "999999", "wide"] {
        let run = run(Command::new(env!("CARGO_BIN_EXE_clawfix")).arg("scan").arg(folder.path()).env("COLUMNS", columns));
        assert_eq!(run.code, 1, "{columns}");
    }
    let coloured = |no: &str, args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clawfix"));
        let output = command.arg("scan").arg(folder.path()).args(args).env("NO_COLOR", no).stdin(Stdio::null()).output().unwrap();
        output.stdout.contains(&0x1B)
    };
    assert!(!coloured("1", &[]) && !coloured("", &[]), "a pipe is no terminal");
    assert!(coloured("1", &["--color", "always"]), "asked for outright");
}
