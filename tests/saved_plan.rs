//! Saved plans: exactly what was planned is carried out, or nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;
#[allow(dead_code, reason = "shared with the tests of merge")]
#[path = "merge/proof.rs"]
mod proof;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Placed, State};
use proof::{clawfix, json, listing};
use serde_json::Value;

/// A corpus folder on disk, with the plan of its stitching in a file beside it.
fn saved(name: &str, args: &[&str]) -> (State, Placed, PathBuf) {
    let state = State::corpus(name);
    let placed = state.place();
    let file = placed.tmp.path().join("plan.json");
    let before = listing(&placed.home);
    let done = clawfix(&[&["merge", placed.home.to_str().unwrap(), "--plan", file.to_str().unwrap()], args].concat());
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("The plan is saved"), "{}", done.out);
    assert_eq!(listing(&placed.home), before, "saving a plan writes nothing else");
    (state, placed, file)
}

fn apply(file: &Path) -> proof::Done {
    clawfix(&["merge", "--from-plan", file.to_str().unwrap(), "--apply"])
}

fn refused(placed: &Placed, file: &Path, reason: &str) {
    let before = listing(&placed.home);
    let done = apply(file);
    assert_eq!(done.code, Some(2), "{}", done.out);
    assert!(done.err.contains(reason), "{reason}: {}", done.err);
    assert_eq!(done.out, "");
    assert_eq!(listing(&placed.home), before, "nothing was written");
}

#[test]
fn a_saved_plan_is_carried_out_as_it_was_saved() {
    for (name, args) in
        [("2026.1.24-3-tseed", &[][..]), ("2026.2.26-race", &["--into", "first", "--no-seam"]), ("2026.7.35-tseed", &["--into", "new"])]
    {
        let (_, placed, file) = saved(name, args);
        let before = listing(&placed.home);
        let plan: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(plan["plans"].as_array().unwrap().len(), 1);
        let shown = clawfix(&["merge", "--from-plan", file.to_str().unwrap()]);
        assert!(shown.code == Some(0) && shown.out.contains("Nothing was written"), "{}{}", shown.out, shown.err);
        assert_eq!(listing(&placed.home), before);
        let done = json(&["merge", "--from-plan", file.to_str().unwrap(), "--apply"]);
        let plan = &plan["plans"][0];
        assert_eq!((&done["plans"][0]["result"]["hash"], &done["plans"][0]["run"]), (&plan["hash"], &plan["run"]));
        let target = std::fs::read(plan["target"].as_str().unwrap()).unwrap();
        assert_eq!(plan["hash"], blake3::hash(&target).to_hex().to_string());
        let after = listing(&placed.home);
        let again = apply(&file);
        assert!(again.code == Some(0) && again.err.contains("stitched already"), "{}", again.err);
        assert_eq!(listing(&placed.home), after);
        let home = placed.home.to_str().unwrap();
        assert_eq!(clawfix(&["undo", home]).code, Some(0));
        assert_eq!(listing(&placed.home), before, "{name}: taken back byte for byte");
        assert_eq!(apply(&file).code, Some(0), "what was taken back can be carried out again");
        assert_eq!(clawfix(&["undo", home]).code, Some(0));
        assert_eq!(listing(&placed.home), before);
    }
}

#[test]
fn a_plan_that_was_saved_in_one_folder_is_carried_out_from_another() {
    let state = State::corpus("2026.1.24-3-tseed");
    let placed = state.place();
    let run = |dir: &Path, args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_clawfix")).args(args).current_dir(dir).env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(placed.tmp.path(), &["merge", "home", "--plan", "plan.json"]);
    run(&placed.home, &["merge", "--from-plan", "../../plan.json", "--apply"]);
    assert_eq!(common::splits(&common::scan(&[&placed.home], &[]).json), []);
}

#[test]
fn a_plan_whose_sources_changed_is_refused() {
    let (state, placed, file) = saved("2026.1.24-3-tseed", &["--into", "first"]);
    let (older, newer) = (placed.sessions.join(&state.splits[0][0]), placed.sessions.join(&state.splits[0][1]));
    for path in [&older, &newer] {
        let kept = std::fs::read(path).unwrap();
        std::fs::write(path, [&kept[..], b"{\"type\":\"custom\",\"id\":\"feedbeef\",\"parentId\":null}\n"].concat()).unwrap();
        refused(&placed, &file, "changed since the plan was saved");
        std::fs::write(path, kept.iter().map(|&b| if b == b'7' { b'8' } else { b }).collect::<Vec<u8>>()).unwrap();
        refused(&placed, &file, "changed since the plan was saved");
        std::fs::remove_file(path).unwrap();
        refused(&placed, &file, "changed since the plan was saved");
        std::fs::write(path, kept).unwrap();
    }
    let store = placed.sessions.join("sessions.json");
    let kept = std::fs::read_to_string(&store).unwrap();
    std::fs::write(&store, kept.replace(&state.splits[0][1].replace(".jsonl", ""), "another")).unwrap();
    refused(&placed, &file, "changed since the plan was saved");
    std::fs::write(&store, kept).unwrap();
    assert_eq!(apply(&file).code, Some(0), "all is as it was");
}

#[test]
fn a_plan_that_was_meddled_with_is_refused() {
    let (_, placed, file) = saved("2026.2.26-tseed", &[]);
    let plan: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for (pointer, value) in [
        ("/plans/0/target", Value::from("/etc/passwd")),
        ("/plans/0/hash", Value::from("0".repeat(64))),
        ("/plans/0/no_seam", Value::from(true)),
        ("/plans/0/into", Value::from("first")),
        ("/plans/0/moved", Value::from(Vec::<Value>::new())),
        ("/made_ms", Value::from(1)),
        ("/schema_version", Value::from(99)),
        ("/command", Value::from("relink")),
        ("/plans/0/into", Value::from("sideways")),
    ] {
        let mut other = plan.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        std::fs::write(&file, other.to_string()).unwrap();
        refused(&placed, &file, "--plan FILE");
    }
    for text in ["", "{}", "no plan \u{1b}[31m", "[1, 2"] {
        std::fs::write(&file, text).unwrap();
        refused(&placed, &file, "no saved plan");
    }
    std::fs::remove_file(&file).unwrap();
    refused(&placed, &file, "cannot read");
}

#[test]
fn a_plan_overwrites_nothing_and_goes_with_no_other_choice() {
    let state = State::corpus("2026.1.24-3-tseed");
    let placed = state.place();
    let (home, file) = (placed.home.to_str().unwrap(), placed.tmp.path().join("mine"));
    std::fs::write(&file, "precious").unwrap();
    let file_text = file.to_str().unwrap();
    assert_eq!(clawfix(&["merge", home, "--plan", file_text]).code, Some(2));
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    for args in [&["--apply"][..], &["--out", "x"], &["--from-plan", "y"]] {
        assert_eq!(clawfix(&[&["merge", "--plan", "z"], args].concat()).code, Some(2), "{args:?}");
    }
    for args in [&["--into", "first"][..], &["c-1"], &["--no-seam"], &["--map", "a=b"]] {
        assert_eq!(clawfix(&[&["merge", "--from-plan", file_text], args].concat()).code, Some(2), "{args:?}");
    }
}
