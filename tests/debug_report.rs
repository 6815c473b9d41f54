//! `debug-report` tells counts and shapes, and nothing that a file says: canaries in every text, id, key, name and path stay in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{State, corpus, map_strings};
use serde_json::{Value, json};

/// Stands in everything that a file or a path says.
const CANARY: &str = "cAnArY";

fn report(path: &Path, home: &Path, format: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_clawfix"))
        .args(["debug-report", "--format", format])
        .arg(path)
        .env_clear()
        .env("HOME", home)
        .env("OPENCLAW_STATE_DIR", format!("/{CANARY}"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

/// Words that decide what a line is; all else is planted.
fn is_structure(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "session",
        "message",
        "user",
        "assistant",
        "toolResult",
        "text",
        "image",
        "toolCall",
        "custom",
        "compaction",
        "model_change",
        "toolUse",
    ];
    WORDS.contains(&text) || text.starts_with("2026-") || text.starts_with("agent:")
}

#[test]
fn nothing_of_a_file_gets_into_it() {
    let numbers = [7_016_642_i64, 491_701_234_567];
    for mut state in corpus() {
        state.agent = format!("main{CANARY}");
        state.map_strings(&|text| if is_structure(text) { text.to_owned() } else { format!("{text}{CANARY}") });
        // Every object has fields and a type that nobody knows, and numbers that mean somebody.
        for lines in state.transcripts.values_mut() {
            let id = lines[0]["id"].clone();
            lines[0]["version"] = json!(numbers[1]);
            lines.push(json!({"type": CANARY, "id": CANARY, "parentId": id, "timestamp": CANARY, CANARY: {CANARY: numbers[0]}}));
            lines.push(json!({"type": "message", "id": "c2", "timestamp": 7, "message": {"role": CANARY, "content": [{"type": CANARY}]}}));
        }
        if let Some(Value::Object(store)) = &mut state.store {
            let mut copy = store.clone();
            copy.values_mut().for_each(|entry| map_strings(entry, &|text| text.to_owned()));
            store.extend(copy.into_iter().map(|(key, entry)| (format!("{key}:{CANARY}"), entry)));
        }
        let names: Vec<String> = state.transcripts.keys().cloned().collect();
        for name in names {
            state.rename(&name, &format!("{CANARY}{name}"));
        }
        let placed = state.place();
        std::fs::write(placed.sessions.join(format!("{CANARY}.jsonl")), format!("{{\"type\":\"{CANARY}\n{CANARY}\0\n")).unwrap();
        std::fs::write(placed.sessions.join(CANARY), CANARY).unwrap();
        let settings = format!("media-roots = [\"{CANARY}\"]\n");
        std::fs::create_dir(placed.home.join(CANARY)).unwrap();
        std::fs::write(placed.home.join("clawfix.toml"), &settings).unwrap();
        for format in ["table", "json"] {
            for path in [placed.home.as_path(), &placed.home.join(CANARY), &placed.sessions.join(CANARY)] {
                let text = report(path, &placed.home, format);
                assert!(text.contains("media-roots"), "the key is told: {text}");
                assert!(!text.contains(CANARY), "{}: {text}", state.name);
                for number in numbers {
                    assert!(!text.contains(&number.to_string()), "{}: {text}", state.name);
                }
                for part in placed.home.iter().map(|part| part.to_string_lossy()).filter(|part| part.len() > 3) {
                    assert!(part == "home" || !text.contains(&*part), "{}: {part} in {text}", state.name);
                }
            }
        }
    }
}

#[test]
fn it_counts_what_there_is() {
    let placed = State::corpus("2026.1.24-3-tseed").place();
    let report: Value = serde_json::from_str(&report(&placed.home, &placed.home, "json")).unwrap();
    assert_eq!(report["build"]["clawfix"], env!("CARGO_PKG_VERSION"));
    assert!(report["build"]["rustc"].as_str().unwrap().starts_with("rustc "));
    assert_eq!(report["places"]["~/.clawdbot"], 1);
    assert_eq!(report["places"]["~/.openclaw"], 0);
    assert_eq!(report["places"]["OPENCLAW_STATE_DIR is set"], 1);
    assert_eq!(report["transcripts"]["by_state"]["primary"], 2);
    assert_eq!(report["transcripts"]["lines"], 34);
    assert_eq!(report["transcripts"]["messages_by_role"]["user"], 12);
    assert_eq!(report["conversations"]["seams_by_cause"]["heartbeat-race"], 1);
    assert_eq!(report["conversations"]["seams_by_level"]["certain"], 1);
    assert_eq!(report["findings"]["by_rule"]["CF101"], 1);
    assert_eq!(report["stores"]["keys_by_kind"]["main"], 1);
}
