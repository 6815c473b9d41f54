//! More findings than GitHub takes: nothing is left out without a word.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::{read, report};

/// Files, each with as many findings as a rule gives of one file.
const FILES: usize = 270;

#[test]
fn thousands_of_findings() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = folder.path().join(".openclaw/agents/main/sessions");
    std::fs::create_dir_all(&sessions).unwrap();
    for n in 0..FILES {
        let id = format!("3f1b2c4d-0000-4000-8000-{n:012}");
        let mut text = format!(r#"{{"type":"session","version":3,"id":"{id}","timestamp":"2026-02-01T10:00:00.000Z"}}"#);
        for line in 0..20 {
            write!(text, "\n{}\n{{\"type\":\"mess", r#"{"type":"message","id":"aa","parentId":null}"#.replace("aa", &format!("{line:08}")))
                .unwrap();
        }
        std::fs::write(sessions.join(format!("{id}.jsonl")), text + "\n").unwrap();
    }
    let run = |format| report(format, &[folder.path()], &[]).out;
    let counts = read::json(&run("json"));
    let all: usize = counts.iter().sum();
    assert!(all > 5_000, "{counts:?}");
    assert_eq!(read::jsonl(&run("jsonl")), counts);
    assert_eq!(read::junit(&run("junit")), counts);

    let sarif = run("sarif");
    assert_eq!(read::sarif(&sarif), counts);
    let log: Value = serde_json::from_str(&sarif).unwrap();
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), all.div_ceil(5_000));
    assert!(runs[0].get("automationDetails").is_none(), "who uploads it names its category");
    assert_eq!(runs[1]["automationDetails"]["id"], "clawfix/2/");

    let (shown, left_out) = read::github(&run("github"));
    assert!(shown.iter().all(|&count| count <= 10));
    assert_eq!(shown.iter().sum::<usize>() + left_out, all);

    let markdown = run("markdown");
    assert_eq!(read::markdown(&markdown), counts);
    assert!(markdown.len() < 1 << 20, "{}", markdown.len());
    // A hundred of a rule are listed, and the rest is counted.
    let report: Value = serde_json::from_str(&run("json")).unwrap();
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        *rules.entry(finding["rule"].as_str().unwrap()).or_default() += 1;
    }
    let many: Vec<_> = rules.values().filter(|&&count| count > 100).collect();
    assert!(!many.is_empty());
    for count in many {
        assert!(markdown.contains(&format!("… and {} more; the formats", count - 100)), "{rules:?}");
    }
}
