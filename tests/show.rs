//! `clawfix show`, run as a program on copies of corpus folders.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Words of the scripted talk in the corpus.
const SAID: &str = "Log in to the studio";

struct Shown {
    code: i32,
    out: String,
    err: String,
}

impl Shown {
    fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// A copy of a corpus folder.
struct Place {
    dir: TempDir,
    sessions: PathBuf,
}

impl Place {
    fn copy(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus").join(name);
        copy_tree(&from, dir.path());
        let home = dir.path().join("home/jay");
        let state = [".clawdbot", ".openclaw"].map(|name| home.join(name)).into_iter().find(|path| path.is_dir()).unwrap();
        Self { sessions: state.join("agents/main/sessions"), dir }
    }

    /// The older and the newer half, and the id of the conversation.
    fn torn(name: &str) -> (Self, String, String, String) {
        let place = Self::copy(name);
        let scan: Value = serde_json::from_str(&run(&["scan".as_ref(), place.dir.path().as_ref(), "--format=json".as_ref()]).out).unwrap();
        let conversations = scan["conversations"].as_array().unwrap();
        let torn = conversations.iter().find(|held| held["segments"].as_array().unwrap().len() == 2).unwrap();
        let id = |at: usize| torn["segments"][at]["session_id"].as_str().unwrap().to_owned();
        let (older, newer, conversation) = (id(0), id(1), torn["id"].as_str().unwrap().to_owned());
        (place, older, newer, conversation)
    }

    fn file(&self, session: &str) -> PathBuf {
        self.sessions.join(format!("{session}.jsonl"))
    }

    /// Runs `show` on this folder.
    fn show(&self, more: &[&str]) -> Shown {
        let mut arguments: Vec<&std::ffi::OsStr> = vec!["show".as_ref(), self.dir.path().as_ref()];
        arguments.extend(more.iter().map(|argument| -> &std::ffi::OsStr { argument.as_ref() }));
        run(&arguments)
    }
}

fn run(arguments: &[&std::ffi::OsStr]) -> Shown {
    let nowhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_clawfix"))
        .args(arguments)
        .env("HOME", nowhere.path())
        .env_remove("OPENCLAW_STATE_DIR")
        .env_remove("CLAWDBOT_STATE_DIR")
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Shown { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_way_of_naming_finds_the_whole_conversation() {
    let (place, older, newer, conversation) = Place::torn("2026.1.24-3-tseed");
    for name in [conversation.as_str(), &conversation[..5], &older, &older[..6], &newer, &format!("{newer}.jsonl")] {
        let shown = place.show(&[name, "--format=json"]).json();
        assert_eq!(shown["conversation"]["id"], json!(conversation), "{name}");
        let marked: Vec<bool> = shown["segments"].as_array().unwrap().iter().map(|segment| segment["marked"].as_bool().unwrap()).collect();
        assert_eq!(marked, [older.starts_with(name), name.starts_with(&newer[..6])], "{name}");
    }
    // The file alone is enough: its folder is scanned.
    let file = place.file(&newer);
    let shown = run(&["show".as_ref(), file.as_ref(), "--format=json".as_ref()]).json();
    assert_eq!(shown["conversation"]["id"], json!(conversation));
    assert_eq!(shown["segments"][1]["marked"], json!(true));
    // With one conversation there, no name is needed.
    assert_eq!(place.show(&["--format=json"]).json()["conversation"]["id"], json!(conversation));
}

#[test]
fn a_loose_file_brings_those_beside_it() {
    let (place, older, newer, _) = Place::torn("2026.1.24-3-tseed");
    let loose = tempfile::tempdir().unwrap();
    for id in [&older, &newer] {
        std::fs::copy(place.file(id), loose.path().join(format!("{id}.jsonl"))).unwrap();
    }
    std::fs::create_dir(loose.path().join("deeper")).unwrap();
    std::fs::write(loose.path().join("deeper/other.jsonl"), "never read").unwrap();
    let file = loose.path().join(format!("{older}.jsonl"));
    let shown = run(&["show".as_ref(), file.as_ref(), "--format=json".as_ref()]).json();
    assert_eq!(shown["segments"].as_array().unwrap().len(), 2, "{shown:#}");
    assert_eq!(shown["segments"][0]["marked"], json!(true));
}

#[test]
fn what_is_not_one_thing_is_an_error_that_helps() {
    let (place, older, _, _) = Place::torn("2026.1.24-3-race");
    let groups = Place::copy("2026.1.24-3-groups");

    let several = groups.show(&["c-"]);
    assert_eq!(several.code, 2);
    assert!(several.err.contains("\"c-\" fits 3; name one of them:"), "{}", several.err);
    assert_eq!(several.err.lines().filter(|line| line.starts_with("  c-")).count(), 3, "{}", several.err);
    let unnamed = groups.show(&[]);
    assert!(unnamed.code == 2 && unnamed.err.contains("3 conversations are here; name one of them:"), "{}", unnamed.err);

    // One character of the beginning is wrong.
    let mut typo = older[..8].to_owned();
    typo.replace_range(3..4, if &older[3..4] == "0" { "1" } else { "0" });
    let near = place.show(&[&typo]);
    assert_eq!(near.code, 2);
    assert!(near.err.contains("the nearest are:") && near.err.contains(&older), "{}", near.err);

    let far = place.show(&["zzzzzzzzzzzzzzzz"]);
    assert!(far.code == 2 && far.err.contains("no conversation or session has the id") && far.err.contains("clawfix scan"), "{}", far.err);
    let gone = place.show(&["gone/x.jsonl"]);
    assert!(gone.code == 2 && gone.err.contains("no such file or folder"), "{}", gone.err);
    let two = place.show(&["a", "b"]);
    assert!(two.code == 2 && two.err.contains("show takes one"), "{}", two.err);
    let none = tempfile::tempdir().unwrap();
    let nothing = run(&["show".as_ref(), none.path().as_ref()]);
    assert!(nothing.code == 2 && nothing.err.contains("no conversation was found"), "{}", nothing.err);
    for shown in [several, unnamed, near, far, gone, two, nothing] {
        assert!(shown.out.is_empty(), "{}", shown.out);
    }
}

#[test]
fn the_table_tells_the_story_without_the_text() {
    let (place, older, newer, conversation) = Place::torn("2026.1.24-3-tseed");
    let shown = place.show(&[&conversation]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(!shown.out.contains(SAID) && !shown.err.contains(SAID));
    for part in [
        older.as_str(),
        &newer,
        "unreferenced",
        "live",
        "torn by heartbeat race",
        "E110",
        "6 user turns and 2 images",
        "heartbeat",
        "inline image/jpeg",
        "found by name",
        "mend: clawfix merge",
    ] {
        assert!(shown.out.contains(part), "{part}\n{}", shown.out);
    }
    let long: Vec<&str> = shown.out.lines().filter(|line| line.chars().count() > 80 && !line.contains('/')).collect();
    assert!(long.is_empty(), "{long:#?}");
    assert!(!shown.out.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn a_missing_image_is_said_to_be_missing() {
    let (place, _, _, conversation) = Place::torn("2026.1.24-3-tseed");
    std::fs::remove_dir_all(place.dir.path().join("home/jay/.clawdbot/media")).unwrap();
    let shown = place.show(&[&conversation, "--format=json"]).json();
    let images: Vec<&Value> =
        shown["segments"][0]["turns"].as_array().unwrap().iter().flat_map(|turn| turn["images"].as_array().unwrap()).collect();
    assert!(images.iter().any(|image| image["source"] == "reference" && image["resolution"] == "missing"), "{images:#?}");
    assert!(images.iter().any(|image| image["source"] == "inline" && image["mime"] == "image/jpeg"), "{images:#?}");
    assert!(place.show(&[&conversation]).out.contains(".png missing"));
}

#[test]
fn text_is_shown_on_request_and_cannot_act_on_a_terminal() {
    let (place, older, _, conversation) = Place::torn("2026.1.24-3-tseed");
    let file = place.file(&older);
    let evil = "\\u001b]0;owned\\u0007\\u202Ereversed\\n\\u001b[2Jcleared";
    let text = std::fs::read_to_string(&file).unwrap().replace(SAID, &format!("{SAID}{evil}"));
    std::fs::write(&file, text).unwrap();
    let shown = place.show(&[&conversation, "--show-text"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("Log in to") && shown.out.contains("\\u{1b}]0;owned\\u{7}\\u{202e}reversed"), "{}", shown.out);
    assert!(shown.out.contains("      \\u{1b}[2Jcleared"), "{}", shown.out);
    assert!(shown.out.contains("calls exec"), "{}", shown.out);
    assert!(!shown.out.contains(['\u{1b}', '\u{7}', '\u{202e}']));
    let shown = place.show(&[&conversation, "--show-text", "--format=json"]).json();
    let turns = shown["segments"][0]["turns"].as_array().unwrap();
    let said = turns.iter().find(|turn| turn["text"].as_str().is_some_and(|text| text.contains(SAID))).unwrap();
    assert_eq!(said["kind"], "human");
    assert!(said["text"].as_str().unwrap().contains("\u{202e}reversed\n\u{1b}[2Jcleared"), "JSON is exact");
    assert!(turns.iter().all(|turn| turn["text"].is_string()), "every turn has its own");
}

#[test]
fn the_json_is_as_promised() {
    let (place, older, _, conversation) = Place::torn("2026.1.24-3-race");
    let scan: Value = serde_json::from_str(&run(&["scan".as_ref(), place.dir.path().as_ref(), "--format=json".as_ref()]).out).unwrap();
    let shown = place.show(&[&conversation, "--format=json"]).json();
    assert_eq!(shown["schema_version"], scan["schema_version"]);
    let held = scan["conversations"].as_array().unwrap().iter().find(|held| held["id"] == json!(conversation)).unwrap();
    assert_eq!(shown["conversation"], *held, "the same object as in scan");
    let segments = shown["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 2);
    assert_eq!(segments[0]["session_id"], json!(older));
    assert_eq!(segments[0]["path"], held["segments"][0]["path"]);
    assert_eq!(segments[0]["state"], "unreferenced");
    let kinds: Vec<&str> = segments[1]["turns"].as_array().unwrap().iter().map(|turn| turn["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[..4], ["heartbeat", "assistant", "human", "assistant"]);
    for segment in segments {
        let context = &segment["context"];
        assert!(context["leaf_line"].is_u64() && context["roots"].is_u64() && context["failure"].is_null(), "{context:#}");
        for message in context["messages"].as_array().unwrap() {
            assert!(message["line"].is_u64() && message["role"].is_string() && message["images"].is_u64(), "{message:#}");
        }
        for turn in segment["turns"].as_array().unwrap() {
            assert!(turn["line"].is_u64() && turn["at"].is_string() && turn["text_len"].is_u64() && turn["in_context"] == json!(true));
            assert!(turn.get("text").is_none(), "no text unless asked for");
        }
    }
}

#[test]
fn machines_and_copies_can_be_shown_too() {
    let place = Place::copy("2026.1.24-3-manual");
    let header = r#"{"type":"session","version":3,"id":"nightly","timestamp":"2026-01-29T10:00:00.000Z","cwd":"/"}"#;
    let turn = r#"{"type":"message","id":"a1","parentId":null,"timestamp":"2026-01-29T10:00:00.500Z","message":{"role":"user","content":"[cron:abc nightly] tidy up"}}"#;
    std::fs::write(place.sessions.join("nightly.jsonl"), format!("{header}\n{turn}\n")).unwrap();
    let shown = place.show(&["nightly", "--format=json"]).json();
    assert_eq!(shown["conversation"], Value::Null);
    assert_eq!(shown["segments"][0]["machine"], "cron");
    assert_eq!(shown["segments"][0]["turns"][0]["kind"], "cron");
    // A copy stands aside for the original; by its own name it is shown.
    std::fs::write(place.sessions.join("nightly.jsonl.bak-77-1769680800000"), format!("{header}\n")).unwrap();
    assert_eq!(place.show(&["nightly", "--format=json"]).json()["segments"][0]["state"], shown["segments"][0]["state"]);
    let copy = place.show(&["nightly.jsonl.bak-77-1769680800000", "--format=json"]).json();
    assert_eq!((&copy["segments"][0]["state"], &copy["segments"][0]["entries"]), (&json!("bak"), &json!(0)));
    assert!(place.show(&["nightly"]).out.starts_with("a session alone  in no conversation"));
    // What holds nothing is refused, with the reason.
    let empty = place.sessions.join("empty.jsonl");
    std::fs::write(&empty, "").unwrap();
    let refused = run(&["show".as_ref(), empty.as_ref()]);
    assert!(refused.code == 2 && refused.err.contains("the file is empty"), "{}", refused.err);
}

#[test]
fn long_work_is_folded_unless_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let at = |second: usize| format!("2026-01-29T10:00:{second:02}.000Z");
    let mut lines = vec![json!({"type": "session", "version": 3, "id": "work", "timestamp": at(0), "cwd": "/"})];
    let mut say = |second: usize, message: Value| {
        let parent = if second == 1 { Value::Null } else { json!(format!("e{}", second - 1)) };
        lines.push(json!({"type": "message", "id": format!("e{second}"), "parentId": parent, "timestamp": at(second), "message": message}));
    };
    say(1, json!({"role": "user", "content": "do it"}));
    for step in 0..3 {
        let call = json!({"type": "toolCall", "id": format!("c{step}"), "name": "read", "arguments": {}});
        say(2 + 2 * step, json!({"role": "assistant", "content": [call], "stopReason": "toolUse"}));
        say(3 + 2 * step, json!({"role": "toolResult", "toolCallId": format!("c{step}"), "content": [{"type": "text", "text": "r"}]}));
    }
    say(8, json!({"role": "assistant", "content": "done"}));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let file = dir.path().join("work.jsonl");
    std::fs::write(&file, text).unwrap();
    let folded = run(&["show".as_ref(), file.as_ref()]);
    assert!(folded.out.contains("6 tool steps to line 8, in 5 s"), "{}", folded.out);
    let whole = run(&["show".as_ref(), file.as_ref(), "-v".as_ref()]);
    assert!(!whole.out.contains("tool steps") && whole.out.matches("calls tools").count() == 3, "{}", whole.out);
}
