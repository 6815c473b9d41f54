//! The process is stopped at every step of a run and of its undo: at any instant the folder is in the old state, or the
//! journal knows how to get there.

use std::collections::BTreeSet;
use std::path::Path;

use clawfix::apply::{APPLY_POINTS, UNDO_POINTS};

use crate::common::{Placed, State};
use crate::proof::{clawfix, lines, listing, nothing_left, torn, with};

/// Code with which the switch stops the process.
const STOPPED: Option<i32> = Some(70);

fn placed() -> Placed {
    State::corpus("2026.7.35-tseed").place()
}

/// Every file has the bytes that it had before the run or has after it; nothing half-written is taken for a transcript.
fn in_one_of_both(home: &Path, known: &BTreeSet<String>) {
    for (path, (_, _, hash)) in listing(home) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let ours = name.ends_with(".lock") || (name.starts_with('.') && name.ends_with(".tmp"));
        assert!(ours || hash.is_empty() || known.contains(&hash), "{} is in neither state", path.display());
    }
}

fn hashes(home: &Path) -> BTreeSet<String> {
    listing(home).into_values().map(|(_, _, hash)| hash).collect()
}

/// Every command says that a run stopped, and the next run is refused.
fn is_reported(home: &Path, run_again: &[&str]) {
    let text = home.to_str().unwrap();
    let log = clawfix(&["log", text]);
    assert!(log.code == Some(0) && log.out.contains("stopped") && log.out.contains("clawfix undo"), "{}", log.out);
    let scan = clawfix(&["scan", text]);
    assert!(scan.out.contains("CF701") && scan.out.contains("clawfix undo"), "{}\n{}", scan.out, scan.err);
    assert!(matches!(scan.code, Some(1 | 2)), "{:?} {}", scan.code, scan.err);
    for command in ["show", "merge"] {
        let done = clawfix(&[command, text]);
        assert!(done.err.contains("stopped") && done.err.contains("clawfix undo"), "{command}: {}", done.err);
    }
    let before = listing(home);
    let refused = clawfix(run_again);
    // Where nothing is torn any more there is nothing to refuse.
    if refused.code == Some(2) {
        assert!(refused.err.contains("undo"), "{}", refused.err);
    }
    assert_eq!(listing(home), before, "{}", refused.err);
}

fn apply_dies(arguments: &[&str]) {
    let mut deaths = 0;
    for point in APPLY_POINTS {
        for time in 1..20 {
            let placed = placed();
            let home = placed.home.as_path();
            let text = home.to_str().unwrap();
            let before = listing(home);
            let id = torn(home);
            let run = [&["merge", "--apply", text, &id], arguments].concat();
            let mut known = hashes(home);
            let at = format!("{point}:{time}");
            let died = with(&run, &[("CLAWFIX_TEST_DIE_AT", &at)]);
            if died.code == Some(0) {
                assert!(time > 1 || (point == "store-locked" && arguments.is_empty()), "{point} is never passed");
                break;
            }
            assert_eq!(died.code, STOPPED, "{at}: {}", died.err);
            deaths += 1;
            if point == "done" {
                assert!(clawfix(&["log", text]).out.contains("done; can be taken back"));
            } else {
                // What the files are to become is written beside them before the first is changed.
                known.extend(journal_hashes(home));
                in_one_of_both(home, &known);
                is_reported(home, &run);
            }
            let undone = clawfix(&["undo", text]);
            assert_eq!(undone.code, Some(0), "{at}: {}", undone.err);
            assert_eq!(listing(home), before, "{at}");
            nothing_left(home);
            assert!(!clawfix(&["log", text]).out.contains("stopped"), "{at}");
            let done = clawfix(&run);
            assert_eq!(done.code, Some(0), "{at}: it works afterwards: {}", done.err);
        }
    }
    assert!(deaths >= APPLY_POINTS.len());
}

/// Hashes that the records of a folder name.
fn journal_hashes(home: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let runs = home.join(".openclaw/agents/main/sessions/.clawfix/runs");
    for run in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        let Ok(text) = std::fs::read_to_string(run.path().join("run.json")) else { continue };
        found.extend(text.split('"').filter(|word| word.len() == 64).map(str::to_owned));
    }
    found
}

#[test]
fn a_run_that_dies_is_reported_and_taken_back() {
    apply_dies(&[]);
}

#[test]
fn a_run_into_a_new_file_that_dies_is_reported_and_taken_back() {
    apply_dies(&["--into", "new"]);
}

#[test]
fn a_run_into_the_first_file_that_dies_is_reported_and_taken_back() {
    apply_dies(&["--into", "first"]);
}

fn undo_dies(arguments: &[&str], more: &str) {
    let mut deaths = 0;
    for point in UNDO_POINTS {
        for time in 1..20 {
            let placed = placed();
            let home = placed.home.as_path();
            let text = home.to_str().unwrap();
            let before = listing(home);
            let id = torn(home);
            let run = [&["merge", "--apply", text, &id, "--format", "json"], arguments].concat();
            let done = clawfix(&run);
            let plan: serde_json::Value = serde_json::from_str(&done.out).unwrap();
            let target = Path::new(plan["plans"][0]["target"].as_str().unwrap()).to_owned();
            std::fs::OpenOptions::new()
                .append(true)
                .open(&target)
                .and_then(|mut file| std::io::Write::write_all(&mut file, more.as_bytes()))
                .unwrap();
            let mut known = hashes(home);
            known.extend(before.values().map(|(_, _, hash)| hash.clone()));
            let at = format!("{point}:{time}");
            let died = with(&["undo", text], &[("CLAWFIX_TEST_DIE_AT", &at)]);
            if died.code == Some(0) {
                assert!(time > 1, "{point} is never passed");
                break;
            }
            assert_eq!(died.code, STOPPED, "{at}: {}", died.err);
            deaths += 1;
            if !["undo-begun", "undo-locked", "undone"].contains(&point) {
                known.extend(journal_hashes(home));
                in_one_of_both(home, &known);
                is_reported(home, &run);
            }
            let undone = clawfix(&["undo", text]);
            assert_eq!(undone.code, Some(0), "{at}: {}", undone.err);
            nothing_left(home);
            let after = listing(home);
            let differ: Vec<_> =
                before.iter().filter(|(path, what)| after.get(*path) != Some(what)).map(|(path, _)| path.clone()).collect();
            assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{at}");
            if more.is_empty() {
                assert!(differ.is_empty(), "{at}: {differ:?}");
            } else {
                assert_eq!(differ.len(), 1, "{at}: {differ:?}");
                let lines = lines(&home.join(&differ[0]));
                assert_eq!(lines.last().unwrap(), more.trim_end().as_bytes(), "{at}");
                assert_eq!(lines.iter().filter(|line| *line == more.trim_end().as_bytes()).count(), 1, "{at}: carried once");
                let bytes = std::fs::read(home.join(&differ[0])).unwrap();
                let old = bytes.len() - more.len();
                assert_eq!(blake3::hash(&bytes[..old]).to_hex().to_string(), before[&differ[0]].2, "{at}: nothing else changed");
            }
        }
    }
    assert!(deaths >= UNDO_POINTS.len());
}

const LINE: &str =
    "{\"type\":\"custom\",\"customType\":\"x\",\"id\":\"deadbeef\",\"parentId\":\"nowhere\",\"timestamp\":\"2026-11-22T07:00:00.000Z\"}\n";

#[test]
fn an_undo_that_dies_goes_on() {
    undo_dies(&[], "");
}

#[test]
fn an_undo_that_dies_carries_lines_once() {
    undo_dies(&[], LINE);
}

#[test]
fn an_undo_into_a_new_file_that_dies_carries_lines_once() {
    undo_dies(&["--into", "new"], LINE);
}

#[test]
fn an_undo_into_the_first_file_that_dies_carries_lines_once() {
    undo_dies(&["--into", "first"], LINE);
}
