//! Several conversations in one command: what one of them meets keeps no other back, and nothing is left unsaid.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "common/folder.rs"]
mod folder;

use folder::copy;

const OLDER: &str = "ad3df26c-d8a5-4d7f-bb17-0c41426f36f3.jsonl";
const NEWER: &str = "3b2d9fd3-600e-4069-bab8-97fbaae18bc4.jsonl";

/// A state directory with two agents, each with a torn conversation; gives their sessions folders.
fn two_agents(dir: &Path) -> [PathBuf; 2] {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus/2026.7.35-race");
    copy(&corpus, dir);
    let agents = dir.join("home/jay/.openclaw/agents");
    copy(&agents.join("main"), &agents.join("zed"));
    [agents.join("main/sessions"), agents.join("zed/sessions")]
}

fn clawfix(arguments: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clawfix")).args(arguments).arg(dir).output().unwrap()
}

#[test]
fn a_locked_conversation_keeps_the_other_not_back() {
    let dir = tempfile::tempdir().unwrap();
    let [main, zed] = two_agents(dir.path());
    let now = clawfix::time::iso(chrono::Utc::now().timestamp_millis());
    let lock = serde_json::json!({"pid": std::process::id(), "createdAt": now});
    std::fs::write(zed.join(format!("{NEWER}.lock")), lock.to_string()).unwrap();
    let output = clawfix(&["merge", "--apply"], dir.path());
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2));
    assert!(out.contains("done     run") && out.contains("clawfix undo"), "what was done is reported: {out}");
    assert!(err.contains(".lock is held by process"), "what was not, too: {err}");
    assert!(!main.join(OLDER).exists() && zed.join(OLDER).exists());
}

#[test]
fn a_refused_source_keeps_no_other_plan_back() {
    let dir = tempfile::tempdir().unwrap();
    let [main, zed] = two_agents(dir.path());
    std::fs::hard_link(zed.join(OLDER), dir.path().join("second-name")).unwrap();
    let plan = clawfix(&["merge"], dir.path());
    assert!(String::from_utf8_lossy(&plan.stdout).contains("stitch c-"), "the plan of the other is shown");
    assert!(String::from_utf8_lossy(&plan.stderr).contains("several hard links"));
    assert_eq!(plan.status.code(), Some(2));
    let linked = clawfix(&["relink", "--apply"], dir.path());
    assert!(linked.status.code().is_some());
    assert!(main.join(OLDER).exists() && zed.join(OLDER).exists(), "relink keeps all files apart");
}

#[test]
fn nothing_of_ours_is_put_into_a_sessions_folder() {
    let dir = tempfile::tempdir().unwrap();
    let [main, _] = two_agents(dir.path());
    for option in ["--out", "--plan"] {
        let file = main.join("sessions.json.lock");
        let output = clawfix(&["merge", "--agent", "main", option, file.to_str().unwrap()], dir.path());
        assert_eq!(output.status.code(), Some(2), "{option}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("lies in a sessions folder"));
        assert!(!file.exists());
    }
    let report = main.join("sessions.json");
    let before = std::fs::read(&report).unwrap();
    let output = clawfix(&["scan", "-o", report.to_str().unwrap()], dir.path());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read(&report).unwrap(), before, "a report never overwrites a store");
}

#[test]
fn an_unknown_agent_is_no_clean_result() {
    let dir = tempfile::tempdir().unwrap();
    two_agents(dir.path());
    let output = clawfix(&["scan", "--agent", "nosuch"], dir.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there are: main, zed"));
}
