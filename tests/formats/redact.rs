//! `--redact`: what names a person, chat, machine or file stands in no output, and the report is worth reading all the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::{Placed, State, corpus, corpus_dir, map_strings};
use crate::hostile::{CANARY, planted};
use crate::{FORMATS, damaged, read, report, valid};

const OPTIONS: [&str; 4] = ["--all", "-v", "--min-level", "possible"];

/// The canary in the ids of sessions, in the names of the agent, of files, folders and of the config, and in all texts.
fn marked(mut state: State) -> Placed {
    let ids: BTreeSet<String> = state.transcripts.keys().filter_map(|name| Some(name.split_once(".jsonl")?.0.to_owned())).collect();
    let rename = |text: &str| {
        let text = ids.iter().fold(text.to_owned(), |text, id| text.replace(id.as_str(), &format!("{CANARY}-{id}")));
        text.replace("agent:main:", &format!("agent:{CANARY}:"))
    };
    state.transcripts = std::mem::take(&mut state.transcripts).into_iter().map(|(name, lines)| (rename(&name), lines)).collect();
    state.trajectories = std::mem::take(&mut state.trajectories).into_iter().map(|(name, lines)| (rename(&name), lines)).collect();
    let lines = state.transcripts.values_mut().chain(state.trajectories.values_mut()).flatten();
    lines.chain(&mut state.store).for_each(|value| map_strings(value, &rename));
    state.agent = CANARY.to_lowercase();
    let config = format!(
        "{{\"session\": {{\"resetByChannel\": {{\"{CANARY}\": {{\"mode\": \"idle\"}}}}}}, \"agents\": {{\"{CANARY}\": \"{CANARY}\"}}}}"
    );
    state.others.insert("openclaw.json".to_owned(), config.into_bytes());
    let placed = planted(state);
    std::fs::write(placed.sessions.join(format!("{CANARY} of Mia.jsonl")), "{\"type\":\"session\",\"id\":\"torn\n").unwrap();
    std::fs::write(placed.sessions.join(format!("{CANARY}.jsonl.bak.{CANARY}")), "{}\n").unwrap();
    placed
}

/// Ids of a report that is not redacted.
fn named(json: &Value, needles: &mut BTreeSet<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| named(item, needles)),
        Value::Object(map) => {
            for (key, item) in map {
                match item {
                    Value::String(text) if ["session_id", "id", "fingerprint", "agent"].contains(&key.as_str()) => {
                        needles.insert(text.clone());
                    }
                    Value::String(text) if key == "key" || key == "path" => {
                        needles.extend(text.split([':', '/']).map(str::to_owned));
                    }
                    item => named(item, needles),
                }
            }
        }
        _ => {}
    }
    // Words of keys and paths, and numbers as short as times have them.
    needles.retain(|needle| needle.len() >= 5 && !COMMON.contains(&needle.as_str()));
}

pub const COMMON: [&str; 13] = [
    "agent",
    "agents",
    "sessions",
    "telegram",
    "whatsapp",
    "discord",
    "direct",
    "group",
    "topic",
    "channel",
    ".openclaw",
    ".clawdbot",
    "sessions.json",
];

#[test]
fn nothing_is_named() {
    for state in corpus() {
        let name = state.name.clone();
        let placed = marked(state);
        let missing = placed.tmp.path().join(format!("{CANARY}/no such {CANARY}"));
        let paths: [&Path; 2] = [&placed.home, &missing];
        let plain: Value = serde_json::from_str(&report("json", &paths, &OPTIONS).out).unwrap();
        let mut needles =
            BTreeSet::from([placed.tmp.path().to_str().unwrap().to_owned(), "7016642".to_owned(), CANARY.to_owned(), "jay".to_owned()]);
        named(&plain, &mut needles);
        let options = [&OPTIONS[..], &["--redact"]].concat();
        for format in FORMATS.iter().chain(&["table", "html"]) {
            let run = report(format, &paths, &options);
            assert_eq!(run.code, 2, "{name}: {format}: {}", run.err);
            for (place, text) in [("report", &run.out), ("standard error", &run.err)] {
                let text = text.to_lowercase();
                for needle in &needles {
                    let at = text.find(&needle.to_lowercase());
                    let near = at.map_or("", |at| text.get(at.saturating_sub(150)..(at + 60).min(text.len())).unwrap_or("?"));
                    assert!(at.is_none(), "{name}: {needle} in {place} of {format}: {near}");
                }
            }
            if *format == "json" {
                let redacted: Value = serde_json::from_str(&run.out).unwrap();
                assert_eq!(redacted["summary"], plain["summary"], "{name}");
                same_ids(&name, &redacted, &plain);
            }
        }
    }
}

/// Every id has one mask, and every mask one id.
fn same_ids(name: &str, redacted: &Value, plain: &Value) {
    let mut pairs: BTreeSet<(String, String)> = BTreeSet::new();
    for kind in ["conversations", "machine_sessions", "findings"] {
        let (redacted, plain) = (redacted[kind].as_array().unwrap(), plain[kind].as_array().unwrap());
        assert_eq!(redacted.len(), plain.len(), "{name}: {kind}");
        for (redacted, plain) in redacted.iter().zip(plain) {
            pair(redacted, plain, &mut pairs);
        }
    }
    let (masks, ids): (BTreeSet<_>, BTreeSet<_>) = pairs.iter().map(|(mask, id)| (mask, id)).unzip();
    assert!(pairs.len() == masks.len() && pairs.len() == ids.len(), "{name}: {pairs:#?}");
    assert!(pairs.len() > 2);
}

fn pair(redacted: &Value, plain: &Value, pairs: &mut BTreeSet<(String, String)>) {
    match (redacted, plain) {
        (Value::Array(a), Value::Array(b)) => a.iter().zip(b).for_each(|(a, b)| pair(a, b, pairs)),
        (Value::Object(a), Value::Object(b)) => {
            for ((key, a), (_, b)) in a.iter().zip(b) {
                match (a, b) {
                    (Value::String(a), Value::String(b)) => {
                        let is_id = ["session_id", "id", "agent", "path", "from", "to", "fingerprint", "conversation", "key"];
                        if is_id.contains(&key.as_str()) {
                            pairs.insert((a.clone(), b.clone()));
                        }
                    }
                    (a, b) if a.is_array() || a.is_object() => pair(a, b, pairs),
                    (a, b) => assert_eq!(a, b, "{key} is no id"),
                }
            }
        }
        _ => {}
    }
}

/// By the same schemas and parsers, and with the same counts in all formats; what the formats say is what JSON says.
#[test]
fn redacted_reports_are_valid() {
    let (placed, missing) = damaged();
    valid::hold_all("damage", &[&placed.home, &missing], &["--all", "--redact"]);
    valid::hold_all("everything", &[&corpus_dir()], &["--all", "--min-level", "possible", "--redact"]);
    let whole = report("json", &[&corpus_dir()], &["--redact"]).out;
    let whole: Value = serde_json::from_str(&whole).unwrap();
    let markdown = report("markdown", &[&corpus_dir()], &["--redact"]).out;
    let table = report("table", &[&corpus_dir()], &["--redact"]).out;
    let html = report("html", &[&corpus_dir()], &["--redact"]).out;
    for torn in whole["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|held| held["seams"].as_array().is_some_and(|seams| seams.iter().any(|seam| seam["kind"] == "split")))
    {
        let id = torn["id"].as_str().unwrap();
        for (format, text) in [("markdown", &markdown), ("table", &table), ("html", &html)] {
            assert!(text.contains(id), "{format}: {id}");
        }
    }
}

/// All rules at once: the words of their sentences stay, and no finding is lost.
#[test]
fn sentences_stay_readable() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules");
    let plain = report("json", &[&rules], &["--all"]);
    let redacted = report("json", &[&rules], &["--all", "--redact"]);
    assert_eq!(read::json(&plain.out), read::json(&redacted.out));
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap()["findings"].as_array().unwrap().clone();
    for (plain, redacted) in parse(&plain.out).iter().zip(parse(&redacted.out)) {
        let (plain, redacted) = (plain["message"].as_str().unwrap(), redacted["message"].as_str().unwrap());
        let is_mask = |word: &&str| {
            word.split_once("-").is_some_and(|(kind, rest)| {
                ["agent", "file", "folder", "id", "job", "peer", "session", "thread", "command"].contains(&kind)
                    && rest.starts_with(|c: char| c.is_ascii_digit())
            })
        };
        let words = |text: &str| text.split(|c: char| c.is_whitespace() || "()[],;:\"".contains(c)).map(str::to_owned).collect::<Vec<_>>();
        let (a, b) = (words(plain), words(redacted));
        let lost: Vec<&str> = a.iter().filter(|word| !b.contains(word)).map(String::as_str).collect();
        let english = |word: &&&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase()) && **word != "main";
        let lost: Vec<&&str> = lost.iter().filter(english).collect();
        assert!(lost.is_empty() || b.iter().all(|word| !is_mask(&word.as_str())), "{lost:?} of {plain}: {redacted}");
    }
}

/// Ids that are words of ours, or hardly anything, do not take the report apart.
#[test]
fn short_ids_destroy_nothing() {
    for evil in ["a", "1", "main", "the", "session", "findings", "CF101", "clawfix", "the older session", ".", "id-1", "peer-1", ":", "-"] {
        let mut state = State::corpus("2026.1.24-3-tseed");
        let all = state.transcripts.values_mut().flatten().chain(&mut state.store);
        all.for_each(|value| map_strings(value, &|text| text.replace("7016642", evil)));
        let placed = state.place();
        let plain: Value = serde_json::from_str(&report("json", &[&placed.home], &[]).out).unwrap();
        let run = report("json", &[&placed.home], &["--redact"]);
        let redacted: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(redacted["summary"], plain["summary"], "{evil}");
        let table = report("table", &[&placed.home], &["--redact"]).out;
        assert_eq!(plain["summary"]["splits"] == 1, table.contains("out of the assistant's sight"), "{evil}: {table}");
        valid::hold_all(evil, &[&placed.home], &["--redact"]);
    }
}

/// What stops a run tells no name either.
#[test]
fn errors_are_redacted() {
    let placed = State::corpus("2026.1.24-3-tseed").place();
    let known = placed.tmp.path().join(format!("{CANARY}.json"));
    std::fs::write(&known, format!("{{\"{CANARY}\":1}}")).unwrap();
    let file = |name: &str| placed.tmp.path().join(name).to_str().unwrap().to_owned();
    for options in [
        vec!["--agent".to_owned(), CANARY.to_owned()],
        vec!["--baseline".to_owned(), file(&format!("{CANARY}.json"))],
        vec!["--baseline".to_owned(), file(&format!("{CANARY}/none.json"))],
        vec!["--config".to_owned(), file(&format!("{CANARY}.toml"))],
        vec!["--output".to_owned(), file(&format!("{CANARY}/none/report.json"))],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clawfix"));
        let output = command.args(["scan", "--redact"]).args(&options).arg(&placed.home).env_clear().output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {error}");
        assert!(!error.to_lowercase().contains(&CANARY.to_lowercase()) && !error.contains(placed.tmp.path().to_str().unwrap()), "{error}");
        assert!(error.len() > 20, "{error}");
    }
    let run = report("json", &[&placed.home], &["--redact", "--write-baseline", "x.json"]);
    assert!(run.code == 2 && run.err.contains("--write-baseline"), "masks are no fingerprints: {}", run.err);
}
