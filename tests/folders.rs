//! Sessions folders that look damaged and are not, or whole and are not: what a container, a live run, an ordinary reset
//! or another agent leave behind. Paths and locks of this machine are in them, so that they cannot lie in `testdata`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

const A: &str = "ca978112-ca1b-4dca-aac2-31b39a23dc4d";
const B: &str = "3e23e816-0039-494a-a389-4f6564e1b134";
/// 2026-03-02T09:00:00Z.
const T0: i64 = 1_772_442_000_000;
const HOUR: i64 = 3_600_000;

fn iso(ms: i64) -> String {
    clawfix::time::iso(ms)
}

/// A transcript in which a person is answered three times; the last line is at `at` + 5 minutes.
fn talk(id: &str, at: i64) -> String {
    transcript(id, at, 3, 60_000, |turn| format!("what of the {turn}. bed?"))
}

fn polls(id: &str, at: i64) -> String {
    let poll = "Read HEARTBEAT.md if it exists (workspace context). Follow it strictly. Do not infer or repeat old tasks from prior chats. If nothing needs attention, reply HEARTBEAT_OK.";
    transcript(id, at, 60, HOUR, |_| poll.to_owned())
}

fn transcript(id: &str, at: i64, turns: i64, step: i64, text: impl Fn(i64) -> String) -> String {
    let mut lines = vec![json!({"type": "session", "version": 3, "id": id, "timestamp": iso(at), "cwd": "/home/jay/clawd"})];
    let (mut parent, mut now) = (Value::Null, at);
    for turn in 0..turns {
        for role in ["user", "assistant"] {
            now += step;
            let own = format!("{}{turn:03}{}", &id[..4], &role[..1]);
            let words = if role == "user" { text(turn) } else { format!("answer {turn}") };
            let mut message = json!({"role": role, "content": [{"type": "text", "text": words}], "timestamp": now});
            if role == "assistant" {
                message["stopReason"] = json!("stop");
                message["provider"] = json!("mock");
                message["model"] = json!("m1");
                message["api"] = json!("openai-completions");
            }
            lines.push(json!({"type": "message", "id": own, "parentId": parent, "timestamp": iso(now), "message": message}));
            parent = json!(own);
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

struct State {
    tmp: TempDir,
    live: bool,
}

impl State {
    fn new(live: bool) -> State {
        let state = State { tmp: tempfile::tempdir().unwrap(), live };
        fs::create_dir_all(state.sessions("main")).unwrap();
        state
    }

    fn root(&self) -> PathBuf {
        self.tmp.path().canonicalize().unwrap().join(".openclaw")
    }

    fn sessions(&self, agent: &str) -> PathBuf {
        self.root().join("agents").join(agent).join("sessions")
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.sessions("main").join(name), content).unwrap();
    }

    fn store(&self, store: &Value) {
        self.put("sessions.json", store.to_string());
    }

    /// The lock of a transcript, held by this process.
    fn lock(&self, name: &str) {
        let now = iso(i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap());
        self.put(&format!("{name}.lock"), json!({"pid": std::process::id(), "createdAt": now}).to_string());
    }

    fn run(&self, command: &str) -> (i32, String) {
        let (home, live) = match self.live {
            true => (self.tmp.path().to_owned(), self.root()),
            false => (self.tmp.path().join("nobody"), self.tmp.path().join("elsewhere")),
        };
        let program = env!("CARGO_BIN_EXE_clawfix");
        // As a user pastes it, with the program that is under test.
        let line = command.replace("clawfix ", &format!("{program} "));
        let out = Command::new("sh").args(["-c", &line]).env("HOME", home).env("OPENCLAW_STATE_DIR", live).output().unwrap();
        (out.status.code().unwrap(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    }

    fn of(&self, code: &str) -> Vec<Value> {
        let root = self.root();
        let (_, out) = self.run(&format!("clawfix scan {} --all --format json --quiet --fail-on none", root.display()));
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == code).cloned().collect()
    }

    fn one(&self, code: &str) -> Value {
        let found = self.of(code);
        assert_eq!(found.len(), 1, "{code}: {found:#?}");
        found[0].clone()
    }

    fn none(&self, code: &str) {
        let found = self.of(code);
        assert!(found.is_empty(), "{code}: {found:#?}");
    }

    /// Runs the command of a finding and then, where it has a plan, the same with `--apply`.
    fn follow(&self, help: &str) {
        let (code, out) = self.run(help);
        assert!(code == 0 && !out.contains("Nothing to mend"), "{help}: {out}");
        if help.contains("clawfix repair") {
            let (code, out) = self.run(&format!("{help} --apply"));
            assert_eq!(code, 0, "{help}: {out}");
        }
    }
}

fn help(finding: &Value) -> &str {
    finding["help"].as_str().unwrap()
}

fn entry(id: &str, updated: i64, file: &str) -> Value {
    json!({"sessionId": id, "updatedAt": updated, "systemSent": true, "chatType": "direct", "totalTokens": 5000, "sessionFile": file})
}

#[test]
fn paths_of_a_container_are_right_where_the_gateway_runs() {
    let state = State::new(true);
    state.put(&format!("{A}.jsonl"), talk(A, T0));
    state.put(&format!("{B}.jsonl"), talk(B, T0 + HOUR));
    let inside = |id: &str| format!("/home/node/.openclaw/agents/main/sessions/{id}.jsonl");
    let store =
        |updated: i64, b: &str| json!({"agent:main:main": entry(A, T0, &inside(A)), "agent:main:telegram:direct:2": entry(B, updated, b)});
    state.store(&store(T0 + HOUR + 360_000, &inside(B)));
    state.none("CF606");
    // The entries were not written since the transcripts went on.
    state.store(&store(T0 - 24 * HOUR, &inside(B)));
    let stale = state.one("CF606");
    assert_eq!((&stale["severity"], &stale["fixable"]), (&json!("warning"), &json!("unsafe")));
    // One key leads to the own place, so the other's place is not how the gateway names it.
    let own = state.sessions("main").join(format!("{B}.jsonl"));
    state.store(&store(T0 + HOUR + 360_000, own.to_str().unwrap()));
    assert_eq!(state.one("CF606")["fixable"], "unsafe");
}

#[test]
fn a_file_of_another_agent_is_reported_and_left() {
    let state = State::new(false);
    fs::create_dir_all(state.sessions("work")).unwrap();
    let theirs = state.sessions("work").join(format!("{A}.jsonl"));
    fs::write(&theirs, talk(A, T0)).unwrap();
    state.put(&format!("{A}.jsonl"), talk(A, T0));
    state.store(&json!({"agent:main:main": entry(A, T0, theirs.to_str().unwrap())}));
    let found = state.one("CF606");
    assert_eq!((&found["severity"], &found["fixable"]), (&json!("warning"), &json!("none")));
    assert!(found["message"].as_str().unwrap().contains("agent work"), "{found}");
    let (code, out) = state.run(help(&found));
    assert_eq!(code, 0, "{out}");
    // A store that both agents share.
    state.store(&json!({"agent:work:main": entry(A, T0, theirs.to_str().unwrap())}));
    state.none("CF606");
}

#[test]
fn a_store_that_is_gone_is_as_bad_as_an_empty_one() {
    for (live, severity) in [(true, "warning"), (false, "info")] {
        let state = State::new(live);
        state.put(&format!("{A}.jsonl"), talk(A, T0));
        assert_eq!(state.one("CF602")["severity"], severity);
        state.none("CF802");
        state.follow(help(&state.one("CF801")));
        state.one("CF802");
        state.none("CF602");
    }
    // With a copy beside it, the copy is the way back.
    let state = State::new(true);
    state.put(&format!("{A}.jsonl"), talk(A, T0));
    state.put("sessions.json.bak.1772446711120", json!({"agent:main:main": entry(A, T0, &format!("{A}.jsonl"))}).to_string());
    assert_eq!(help(&state.one("CF801")), help(&state.one("CF602")));
    state.follow(help(&state.one("CF602")));
    state.none("CF602");
    state.one("CF802");
    // Copied transcripts in a folder of another kind need no store.
    let state = State::new(true);
    let loose = state.root().join("saved");
    fs::create_dir_all(&loose).unwrap();
    fs::write(loose.join(format!("{A}.jsonl")), talk(A, T0)).unwrap();
    let (_, out) = state.run(&format!("clawfix scan {} --all --fail-on none", loose.display()));
    assert!(!out.contains("CF602"), "{out}");
}

#[test]
fn an_empty_store_gets_several_entries_at_once() {
    for store in ["{}", ""] {
        let state = State::new(false);
        state.put(&format!("{A}.jsonl"), talk(A, T0));
        state.put(&format!("{B}.jsonl"), talk(B, T0 + 90_000));
        state.put("sessions.json", store);
        state.one("CF602");
        state.none("CF802");
        state.follow(help(&state.one("CF801")));
        state.one("CF802");
        state.none("CF602");
        let held: Value = serde_json::from_slice(&fs::read(state.sessions("main").join("sessions.json")).unwrap()).unwrap();
        assert_eq!(held.as_object().unwrap().len(), 2, "{held}");
        let (code, out) = state.run(&format!("clawfix undo {}", state.root().display()));
        assert_eq!(code, 0, "{out}");
        assert_eq!(fs::read(state.sessions("main").join("sessions.json")).unwrap().trim_ascii(), b"{}");
    }
}

#[test]
fn the_way_to_the_upgrade_is_a_line_for_a_shell() {
    let state = State::new(false);
    let text = talk(A, T0);
    state.put(&format!("{A}.jsonl"), format!("{text}{{\"type\":\"message\",\"id\":\"to"));
    state.put(&format!("{B}.jsonl"), talk(B, T0 + HOUR));
    state.store(&json!({"agent:main:main": entry(A, T0, &format!("{A}.jsonl"))}));
    let found = state.one("CF801");
    assert!(help(&found).contains(" && ") && !help(&found).contains("; then "), "{found}");
    let (code, out) = state.run(help(&found));
    assert!(code == 0 && !out.contains("Nothing to mend"), "{out}");
    // A broken store without a copy is a person's work, and no command is given that does nothing.
    state.put("sessions.json", "{\"agent:main:main\": {\"sess");
    let found = state.one("CF801");
    let (commands, by_hand) = help(&found).split_once(" # ").unwrap();
    assert!(!commands.contains("CF60") && by_hand.contains("by hand"), "{found}");
    let (code, out) = state.run(help(&found));
    assert!(code == 0 && !out.contains("Nothing to mend"), "{out}");
}

#[test]
fn a_line_that_a_run_is_writing_is_not_torn() {
    let state = State::new(true);
    let name = format!("{A}.jsonl");
    state.put(&name, format!("{}{{\"type\":\"message\",\"id\":\"to", talk(A, T0)));
    state.store(&json!({"agent:main:main": entry(A, T0, &name)}));
    assert_eq!(state.one("CF201")["severity"], "warning");
    state.one("CF801");
    state.lock(&name);
    let found = state.one("CF201");
    assert!(found["severity"] == "info" && help(&found).contains("scan again"), "{found}");
    state.none("CF801");
    state.one("CF802");
}

#[test]
fn heartbeats_after_an_ordinary_reset_own_nothing() {
    let archived = format!("{A}.jsonl.reset.2026-03-03T04-00-05.000Z");
    for (name, reported) in [(archived, 0), (format!("{A}.jsonl"), 1)] {
        let state = State::new(true);
        state.put(&name, talk(A, T0 + 11 * HOUR));
        // The next day at 04:00:05.
        state.put(&format!("{B}.jsonl"), polls(B, T0 + 19 * HOUR + 5_000));
        state.store(&json!({"agent:main:main": entry(B, T0 + 90 * HOUR, &format!("{B}.jsonl"))}));
        let found = state.of("CF704");
        assert_eq!(found.len(), reported, "{found:#?}");
        assert!(found.iter().all(|finding| help(finding).starts_with("clawfix show")), "{found:#?}");
    }
}

#[test]
fn a_missing_transcript_is_named_with_its_place() {
    let state = State::new(true);
    let projects = state.tmp.path().join(".claude/projects/-home-jay");
    fs::create_dir_all(&projects).unwrap();
    fs::write(projects.join(format!("{A}.jsonl")), "{}\n").unwrap();
    state.put(&format!("{B}.jsonl"), talk(B, T0));
    state.store(&json!({
        "agent:main:main": entry(A, T0, &format!("{A}.jsonl")),
        "agent:main:telegram:direct:2": entry(B, T0, &format!("{B}.jsonl")),
    }));
    let found = state.one("CF604");
    assert!(found["severity"] == "info" && found["message"].as_str().unwrap().contains("/.claude/projects/-home-jay/"), "{found}");
}

#[test]
fn two_names_of_which_one_is_there_are_shown_by_a_command() {
    let state = State::new(true);
    state.put(&format!("{B}.jsonl"), talk(B, T0));
    state.store(&json!({"agent:main:main": entry(A, T0, &format!("{B}.jsonl"))}));
    let (code, out) = state.run(help(&state.one("CF605")));
    assert_eq!(code, 0, "{out}");
}
