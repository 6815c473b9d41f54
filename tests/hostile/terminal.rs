//! Whatever a file, a path or an argument says: nothing but our own colours ever acts on the terminal.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Folder, id, run};

/// ANSI colours, cursor moves, a title, a link (OSC 8), a clipboard write (OSC 52), C1 controls, bidi, zero width, tags, BEL, CR.
const EVIL: &str = "\u{1b}[31m\u{1b}[2J\u{1b}]0;x\u{7}\u{1b}]8;;http://x\u{1b}\\l\u{1b}]52;c;eA==\u{7}\u{9b}31m\u{9d}0;y\u{9c}\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\r\u{8}";

/// Takes our own colours away and looks for anything else that acts.
fn check(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain += before;
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(after.len());
        let (numbers, after) = after.split_at(end);
        // What comfy-table and the table of ours set: bold, dim, a colour, the default again.
        let known = numbers.split(';').all(|n| n.is_empty() || n.parse::<u8>().is_ok_and(|n| n < 108));
        assert!(known && after.starts_with('m') && numbers.len() < 12, "{what}: ESC[{numbers}{}", after.chars().next().unwrap_or(' '));
        rest = &after[1..];
    }
    plain += rest;
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(u32::from(c), 0xAD | 0x61C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xFFF9..=0xFFFB | 0xE0000..=0xE007F)
    };
    if let Some(at) = plain.find(acts) {
        let from = plain[..at].char_indices().rev().nth(60).map_or(0, |(at, _)| at);
        panic!("{what}: {:?}", plain[from..].chars().take(120).collect::<String>());
    }
}

fn try_it(args: &[&str], folder: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clawfix"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).env("HOME", folder).env("COLUMNS", "100");
    let output = command.output().unwrap();
    check(&format!("{args:?}, stdout"), &output.stdout);
    check(&format!("{args:?}, stderr"), &output.stderr);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{args:?}");
}

/// A folder in which everything is hostile: two halves, damage of many kinds, a store.
fn folder() -> Folder {
    let folder = Folder::new();
    let json = serde_json::to_string(EVIL).unwrap();
    let evil = json.trim_matches('"');
    let line = |fields: &str, at: &str| {
        format!(r#"{{"type":"message","id":"{evil}{at}","parentId":"{evil}gone","timestamp":"2026-02-01T10:{at}:00.000Z",{fields}}}"#)
            + "\n"
    };
    let said = |role: &str, at: &str| {
        let chat = format!("[Telegram {evil} (@{evil}) id:7 2026-02-01 10:{at} UTC] {evil}");
        line(&format!(r#""message":{{"role":"{role}","model":"{evil}","content":[{{"type":"text","text":"{chat}"}}]}}"#), at)
    };
    for (n, minute) in [(1, "0"), (2, "3")] {
        let head = format!(
            r#"{{"type":"session","version":3,"id":"{}","timestamp":"2026-02-01T10:{minute}0:00.000Z","cwd":"/{evil}","parentSession":"/{evil}"}}"#,
            id(n)
        ) + "\n";
        let mut text = head;
        text += &said("user", &format!("{minute}1"));
        text += &said("assistant", &format!("{minute}2"));
        text += &said("user", &format!("{minute}2"));
        text += &said(evil, &format!("{minute}3"));
        let result = format!(
            r#""message":{{"role":"toolResult","toolCallId":"{evil}","toolName":"{evil}","content":[{{"type":"text","text":"{evil}"}}]}}"#
        );
        text += &line(&result, &format!("{minute}4"));
        text += &format!("null\n{evil}\n{{\"type\":\"{evil}\",\"id\":\"{evil}\"}} {{\"{evil}\":1}}\n");
        let mut bytes = text.into_bytes();
        // The characters themselves, in a line that is no JSON, and bytes that are no UTF-8.
        bytes.extend(format!("{EVIL} not JSON\n{{\"type\":\"message\",\"id\":\"raw{EVIL}\",\"x\":\"").into_bytes());
        bytes.extend(b"\xff\xfe\x1b[31m\x9b\"}\n\0\0\0\0\n{\"type\":\"message\",\"id\":\"torn\x1b[31m");
        folder.write(format!("{}.jsonl", id(n)), bytes);
    }
    let store = format!(
        r#"{{"agent:{evil}:main":{{"sessionId":"{}","sessionFile":"/{evil}/x.jsonl","chatType":"{evil}","lastTo":"{evil}"}},"{evil}":{{"sessionId":"{evil}"}}}}"#,
        id(2)
    );
    folder.write("sessions.json", store);
    // What a file system lets stand in a name; a name that ends a line would be two of ours.
    #[cfg(unix)]
    for name in [format!("{EVIL}.jsonl"), format!("{EVIL}\n.jsonl.reset.2026-02-01T10-00-00.000Z"), format!("{EVIL}.txt")] {
        folder.write(
            name.replace('/', "_"),
            format!("{{\"type\":\"session\",\"id\":\"{evil}\",\"timestamp\":\"2026-02-01T10:00:00.000Z\"}}\n"),
        );
    }
    folder
}

#[test]
fn no_command_lets_anything_through_but_our_colours() {
    let folder = folder();
    let first = id(1);
    let colour = ["--color", "always"];
    for format in ["table", "json", "jsonl", "sarif", "github", "markdown", "junit", "html"] {
        try_it(&["scan", ".", "--all", "-v", "--min-level", "possible", "--format", format, "--color", "always"], folder.path());
    }
    try_it(&[&["show", ".", &first, "--show-text", "-v"][..], &colour].concat(), folder.path());
    try_it(&["show", ".", &first, "--show-text", "--format", "json"], folder.path());
    for command in ["merge", "relink", "repair"] {
        try_it(&[&[command, ".", "-v"][..], &colour].concat(), folder.path());
        try_it(&[command, ".", &first, "--format", "json"], folder.path());
    }
    try_it(&[&["merge", ".", &first, &id(2), "-v"][..], &colour].concat(), folder.path());
    for more in [&[][..], &["--format", "json"]] {
        try_it(&[&["repair", ".", "--unsafe-fixes", "--show-text", "-v"][..], &colour, more].concat(), folder.path());
    }
    try_it(&["debug-report", "."], folder.path());
    try_it(&[&["repair", ".", "--unsafe-fixes", "--show-text", "--apply"][..], &colour].concat(), folder.path());
    try_it(&["log", "."], folder.path());
    try_it(&["undo", "."], folder.path());
}

#[test]
fn errors_show_what_was_asked_for_and_no_more() {
    let folder = folder();
    let path = format!("/nowhere/{}", EVIL.replace('/', "_"));
    for args in [
        &["scan", &path][..],
        &["scan", ".", "--agent", EVIL],
        &["scan", ".", "-o", &path],
        &["scan", ".", "--also", &format!("html={path}")],
        &["scan", ".", "--also", &format!("{EVIL}=x")],
        &["scan", ".", "--map", EVIL],
        &["scan", ".", "--since", EVIL],
        &["scan", ".", "--format", EVIL],
        &["scan", ".", "--color", EVIL],
        &["scan", ".", &format!("--{EVIL}")],
        &[EVIL],
        &["show", ".", EVIL],
        &["show", &path],
        &["merge", ".", EVIL],
        &["merge", &path],
        &["merge", ".", "--out", &path, &id(1), &id(2)],
        &["merge", ".", "--plan", &path],
        &["merge", "--from-plan", &path],
        &["relink", ".", EVIL],
        &["repair", ".", EVIL],
        &["repair", ".", "--select", EVIL],
        &["undo", ".", EVIL],
        &["undo", &path],
        &["log", &path],
        &["explain", EVIL],
        &["completions", EVIL],
        &["man", &path],
        &["debug-report", &path],
    ] {
        try_it(args, folder.path());
    }
}

#[test]
fn journals_may_be_hostile_too() {
    let folder = folder();
    let applied = run(Command::new(env!("CARGO_BIN_EXE_clawfix")).args(["repair", "--apply"]).arg(folder.path()));
    let journal = folder.path().join(".clawfix");
    assert!(journal.is_dir(), "{}{}", applied.out, applied.err);
    let mut records = 0;
    for file in walkdir::WalkDir::new(&journal).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let Ok(text) = std::fs::read_to_string(file.path()) else { continue };
        if file.path().extension().is_some_and(|kind| kind == "json") {
            let evil = serde_json::to_string(EVIL).unwrap();
            let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
            let fields = record.as_object_mut().unwrap();
            for (_, value) in fields.iter_mut().filter(|(key, value)| value.is_string() && *key != "state" && *key != "command") {
                *value = serde_json::from_str(&evil).unwrap();
            }
            std::fs::write(file.path(), record.to_string()).unwrap();
            records += 1;
        }
    }
    assert!(records > 0, "a record was bent");
    for args in [&["log", "."][..], &["undo", "."], &["scan", "."], &["undo", ".", EVIL]] {
        try_it(args, folder.path());
    }
}

#[test]
fn words_without_end_stay_short_everywhere() {
    let word = "w".repeat(10 << 20);
    let folder = Folder::new();
    let head =
        format!(r#"{{"type":"session","version":3,"id":"{}","timestamp":"2026-02-01T10:00:00.000Z","cwd":"/{word}"}}"#, id(1)) + "\n";
    let said = format!(
        r#"{{"type":"message","id":"a","parentId":null,"timestamp":"2026-02-01T10:00:01.000Z","message":{{"role":"user","content":"{word}"}}}}"#
    );
    folder.write(format!("{}.jsonl", id(1)), format!("{head}{said}\n{word}\n{{\"{word}"));
    for args in [&["scan", ".", "-v", "--all"][..], &["repair", ".", "--show-text"], &["show", ".", &id(1)], &["debug-report", "."]] {
        let run = run(Command::new(env!("CARGO_BIN_EXE_clawfix")).args(args).current_dir(folder.path()));
        assert!(run.out.len() + run.err.len() < 100_000, "{args:?}: {} bytes", run.out.len() + run.err.len());
    }
}
