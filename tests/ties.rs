//! Two sessions that could equally be the lost half: said so, not guessed between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::Command;

#[path = "common/folder.rs"]
mod folder;

use folder::copy;

#[test]
fn of_two_equal_candidates_none_is_taken() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus/2026.2.26-race");
    let dir = tempfile::tempdir().unwrap();
    copy(&corpus, dir.path());
    let sessions = dir.path().join("home/jay/.openclaw/agents/main/sessions");
    let (older, twin) = ("e6c21286-7953-4fbb-888d-1de8cbf4b68b", "11111111-2222-4333-8444-555555555555");
    let text = std::fs::read_to_string(sessions.join(format!("{older}.jsonl"))).unwrap();
    std::fs::write(sessions.join(format!("{twin}.jsonl")), text.replacen(older, twin, 1)).unwrap();

    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_clawfix")).args(arguments).arg(dir.path()).output().unwrap();
    let output = run(&["scan", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["splits"], 0, "a tie is no seam");
    let findings: Vec<_> = report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "info").collect();
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding["rule"], "CF102");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains(older) && message.contains(twin), "{message}");
    assert_eq!(output.status.code(), Some(1));
    let plan = run(&["merge"]);
    assert!(String::from_utf8_lossy(&plan.stdout).starts_with("Nothing to stitch"), "merge does not guess either");
}
