//! Transcripts are private and hostile: no text of theirs is in any report, and no name of theirs gets out of its place.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Placed, State, corpus, map_strings};
use crate::{FORMATS, damaged, report, valid};

/// Stands in every field that holds text or a name.
pub const CANARY: &str = "cAnArY";

/// Fields that say how a line is built, or name a session, a chat or a model; all others hold text.
const STRUCTURE: [&str; 30] = [
    "type",
    "id",
    "parentId",
    "timestamp",
    "role",
    "sessionId",
    "sessionKey",
    "trigger",
    "toolCallId",
    "stopReason",
    "customType",
    "api",
    "mimeType",
    "data",
    "status",
    "chatType",
    "channel",
    "lastChannel",
    "provider",
    "surface",
    "from",
    "to",
    "lastTo",
    "groupId",
    "senderId",
    "sessionFile",
    "usageFamilyKey",
    "toolName",
    "runId",
    "modelApi",
];

/// Plants the canary: at the end of every text, and for every name of a person or group.
fn plant(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(plant),
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                match item {
                    Value::String(text) if key == "text" || key == "content" => {
                        for name in ["Jay", "jay", "Mia", "mia", "Builders", "Gardeners"] {
                            *text = text.replace(name, CANARY);
                        }
                        text.push_str(&format!(" {CANARY}"));
                    }
                    Value::String(_) if STRUCTURE.contains(&key.as_str()) => {}
                    Value::String(text) => *text = format!("{CANARY} {text} {CANARY}"),
                    Value::Array(items) if key == "usageFamilySessionIds" => assert!(!items.is_empty()),
                    item => plant(item),
                }
            }
        }
        Value::String(text) => text.push_str(CANARY),
        _ => {}
    }
}

pub fn planted(mut state: State) -> Placed {
    state.transcripts.values_mut().chain(state.trajectories.values_mut()).flatten().for_each(plant);
    state.store.iter_mut().for_each(plant);
    let more = json!({"type": "message", "id": "ca4a0001", "parentId": null, "timestamp": "2026-01-29T17:00:00.000Z", "message": {
        "role": "user", "thinking": CANARY, "senderName": CANARY, "errorMessage": CANARY,
        "content": [{"type": "thinking", "thinking": CANARY}, {"type": "toolCall", "id": "x", "name": CANARY, "arguments": {CANARY: CANARY}}]}});
    state.transcripts.values_mut().for_each(|lines| lines.push(more.clone()));
    let placed = state.place();
    // Damage in the middle of what is private.
    let torn = format!(
        "{{\"type\":\"session\",\"id\":\"t\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}}\n{CANARY}\n{{\"type\":\"message\",\"text\":\"{CANARY}\n{{}} {CANARY}\n{{\"{CANARY}\":\"{CANARY}\" {CANARY}"
    );
    std::fs::write(placed.sessions.join("torn.jsonl"), [torn.as_bytes(), b"\xff"].concat()).unwrap();
    placed
}

#[test]
fn no_text_is_in_a_report() {
    for state in corpus() {
        let name = state.name.clone();
        let placed = planted(state);
        let mut found = 0;
        for format in FORMATS.iter().chain(&["table"]) {
            let run = report(format, &[&placed.home, Path::new("/no/such")], &["--all", "-v", "--min-level", "possible"]);
            assert_eq!(run.code, 2, "{name}: {format}: {}", run.err);
            found += run.out.matches("\"rule\": \"CF101\"").count();
            for (place, text) in [("report", &run.out), ("standard error", &run.err)] {
                let text = text.to_lowercase();
                let at = text.find(&CANARY.to_lowercase());
                assert!(at.is_none(), "{name}: {place} of {format}: {}", at.map_or("", |at| &text[at.saturating_sub(200)..]));
            }
        }
        assert!(found > 0 || !name.contains("race"), "{name}: the torn are still found");
    }
}

/// What wants to get out: of a terminal's line, a workflow command, a Markdown cell or code, HTML, XML, JSON, a SARIF message.
const EVIL: &str = "x'\"&<script>alert(1)</script>]]>--><!--%0A::error::y`|``` [a](http://b.example){0}@octocat www.c.example \u{1b}[31m\u{202e}\u{200b}\n::error file=a,line=1::z\r\n\n# h\n</td>\\";

fn acts(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(u32::from(c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2069 | 0xFEFF | 0xFFFE..=0xFFFF)
}

/// The founding case with that for the name of the agent, the chat and the sender, and one more file of such a name.
fn evil() -> Placed {
    let mut state = State::corpus("2026.1.24-3-tseed");
    let id = |text: &str| text.replace("7016642", EVIL).replace("Jay", EVIL);
    let lines = state.transcripts.values_mut().flatten();
    lines.for_each(|line| map_strings(line, &|text| id(text)));
    if let Some(store) = &mut state.store {
        map_strings(store, &|text| text.replace("7016642", EVIL).replace("agent:main", &format!("agent:{EVIL}")));
    }
    // A name cannot hold a slash, nor more than 255 bytes.
    state.agent = EVIL.replace('/', "\u{2215}");
    let placed = state.place();
    let name = format!("{}.jsonl", &state.agent);
    std::fs::write(placed.sessions.join(name), "{\"type\":\"session\",\"id\":\"e\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}\n{\"type\n")
        .unwrap();
    placed
}

#[cfg(target_os = "linux")]
#[test]
fn no_name_gets_out_of_its_place() {
    let placed = evil();
    let root = placed.tmp.path().join(&EVIL.replace('/', "-")[..100]);
    std::fs::rename(placed.tmp.path().join("home"), &root).unwrap();
    let missing = placed.tmp.path().join(format!("{}\u{1b}not-there", &EVIL[..30]));
    let paths: [&Path; 2] = [&root, &missing];
    valid::hold_all("evil", &paths, &["--all", "--min-level", "possible"]);
    for format in FORMATS {
        let run = report(format, &paths, &["--all"]);
        assert_eq!(run.code, 2);
        assert!(run.out.contains("CF2") && run.out.contains("CF101"), "{format}: both files are read");
        assert!(!run.out.chars().chain(run.err.chars()).any(acts), "{format}: {:?}", run.out);
    }
}

/// A name that is no UTF-8 has its bytes in a URI, and replacements elsewhere.
#[cfg(target_os = "linux")]
#[test]
fn names_of_any_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let (placed, _) = damaged();
    let name = std::ffi::OsStr::from_bytes(b"a\xff\xfe%.jsonl");
    std::fs::rename(placed.sessions.join("torn.jsonl"), placed.sessions.join(name)).unwrap();
    valid::hold_all("bytes", &[&placed.home], &[]);
    assert!(report("sarif", &[&placed.home], &[]).out.contains("/a%FF%FE%25.jsonl\""));
}

/// Roots elsewhere on the machine are not named by the paths of findings.
#[test]
fn paths_are_relative() {
    let (placed, _) = damaged();
    let log: Value = serde_json::from_str(&report("sarif", &[&placed.home], &[]).out).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["originalUriBaseIds"], json!({"ROOT1": {"description": {"text": "Root 1 of the scan."}}}));
    for result in run["results"].as_array().unwrap() {
        let place = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(place["uriBaseId"], "ROOT1");
        assert!(place["uri"].as_str().unwrap().starts_with(".openclaw/agents/main/sessions"), "{place}");
    }
    let github = report("github", &[&placed.home], &[]).out;
    assert!(github.contains(" file=.openclaw/agents/main/sessions/torn.jsonl,line="), "{github}");
}
