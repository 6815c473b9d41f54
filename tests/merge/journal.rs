//! The journal as somebody else left it: runs that changed nothing are cleared up whatever became of the files since, and
//! nothing is done that a record has no business with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::damage::{A, B, Folder, store, talk, text};
use crate::proof::{clawfix, listing, nothing_left, with};

fn folder() -> Folder {
    Folder::new(&[
        (&format!("{A}.jsonl"), text(&talk(A, "a", 1))),
        (&format!("{B}.jsonl"), text(&talk(B, "b", 5))),
        ("sessions.json", store(B)),
    ])
}

fn home(folder: &Folder) -> &str {
    folder.home().to_str().unwrap()
}

fn runs(folder: &Folder) -> PathBuf {
    folder.sessions.join(".clawfix/runs")
}

fn only_run(folder: &Folder) -> PathBuf {
    std::fs::read_dir(runs(folder)).unwrap().next().unwrap().unwrap().path()
}

/// All files but locks and what stands beside a file.
fn theirs(folder: &Folder) -> BTreeMap<PathBuf, (u32, u64, String)> {
    let mut files = listing(folder.home());
    files.retain(|path, _| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        !name.starts_with('.') && !name.ends_with(".lock")
    });
    files
}

#[test]
fn a_run_that_changed_nothing_is_cleared_up_whatever_came_since() {
    let archived = |folder: &Folder| {
        let live = folder.sessions.join(format!("{B}.jsonl"));
        std::fs::rename(&live, folder.sessions.join(format!("{B}.jsonl.reset.2026-03-01T10-22-33.123Z"))).unwrap();
    };
    let rewritten = |folder: &Folder| std::fs::write(folder.sessions.join(format!("{B}.jsonl")), text(&talk(B, "c", 6))).unwrap();
    let removed = |folder: &Folder| std::fs::remove_file(folder.sessions.join(format!("{B}.jsonl"))).unwrap();
    let nothing = |_: &Folder| ();
    let changes: [&dyn Fn(&Folder); 4] = [&archived, &rewritten, &removed, &nothing];
    for point in ["saved", "written", "prepared", "committing"] {
        for into in [&["--into", "first"][..], &["--into", "new"], &[]] {
            for (at, change) in changes.iter().enumerate() {
                let folder = folder();
                let died = with(&[&["merge", A, B, "--apply", home(&folder)], into].concat(), &[("CLAWFIX_TEST_DIE_AT", point)]);
                assert_eq!(died.code, Some(70), "{point}: {}", died.err);
                change(&folder);
                let before = theirs(&folder);
                let undone = clawfix(&["undo", home(&folder)]);
                assert_eq!(undone.code, Some(0), "{point} {into:?} {at}: {}", undone.err);
                assert!(undone.out.contains("changed nothing"), "{}", undone.out);
                assert_eq!(theirs(&folder), before, "{point} {into:?} {at}");
                nothing_left(folder.home());
                #[cfg(unix)]
                for path in before.keys() {
                    use std::os::unix::fs::MetadataExt;
                    let meta = std::fs::metadata(folder.home().join(path)).unwrap();
                    assert!(meta.is_dir() || meta.nlink() == 1, "{}", path.display());
                }
                let again = clawfix(&["undo", home(&folder)]);
                assert!(again.out.contains("Nothing to take back"), "{} {}", again.out, again.err);
                let merge = clawfix(&["merge", A, B, "--apply", home(&folder)]);
                assert!(!merge.err.contains("in the middle of run"), "{}", merge.err);
            }
        }
    }
}

#[test]
fn a_run_that_changed_something_is_not_just_cleared_up() {
    let folder = folder();
    let died = with(&["merge", A, B, "--apply", home(&folder)], &[("CLAWFIX_TEST_DIE_AT", "operation")]);
    assert_eq!(died.code, Some(70), "{}", died.err);
    for entry in std::fs::read_dir(&folder.sessions).unwrap().flatten() {
        if entry.path().extension().is_some_and(|ext| ext == "jsonl") {
            std::fs::write(entry.path(), "other\n").unwrap();
        }
    }
    let before = theirs(&folder);
    assert_eq!(clawfix(&["undo", home(&folder)]).code, Some(2));
    assert_eq!(theirs(&folder), before);
    assert!(std::fs::read_dir(only_run(&folder)).unwrap().count() > 1, "the originals are kept");
}

const RUN: &str = "20260101T000000000Z-aaaaaa";

fn record(folder: &Folder, change: impl Fn(&mut Value)) {
    record_as(folder, RUN, change);
}

fn record_as(folder: &Folder, name: &str, change: impl Fn(&mut Value)) {
    let run = runs(folder).join(name);
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(run.join("0-x"), "payload\n").unwrap();
    let mut record = json!({"version": 1, "run": name, "command": "merge", "at_ms": 1, "state": "done", "conversation": "c", "sessions": ["x"],
        "target": format!("{B}.jsonl"), "summary": "s", "operations": []});
    change(&mut record);
    std::fs::write(run.join("run.json"), record.to_string()).unwrap();
}

fn is_distrusted(folder: &Folder, what: &str) {
    let before = listing(folder.home());
    let home = home(folder);
    let log = clawfix(&["log", home]);
    assert!(log.code == Some(0) && format!("{}{}", log.out, log.err).contains("not trustworthy"), "{what}: {} {}", log.out, log.err);
    let undo = clawfix(&["undo", home]);
    assert!(undo.code == Some(2) && undo.err.contains("not trustworthy"), "{what}: {} {}", undo.out, undo.err);
    let scan = clawfix(&["scan", home]);
    assert!(matches!(scan.code, Some(1 | 2)) && scan.out.contains("CF701") && scan.out.contains("trust"), "{what}: {}", scan.out);
    let merge = clawfix(&["merge", A, B, "--apply", home]);
    assert_eq!(merge.code, Some(2), "{what}: {}", merge.out);
    assert_eq!(listing(folder.home()), before, "{what}");
}

#[test]
fn records_that_name_other_places_are_not_followed() {
    let print = json!({"len": 8, "hash": "x", "mode": null});
    let outside = tempfile::tempdir().unwrap();
    let absolute = outside.path().join("written").to_str().unwrap().to_owned();
    for odd in ["../x", "a/b", "", "..", ".", "a/", absolute.as_str()] {
        let operations = [
            json!({"op": "move", "path": odd, "saved": "0-x", "before": print}),
            json!({"op": "move", "path": "y", "saved": odd, "before": print}),
            json!({"op": "replace", "path": odd, "saved": "0-x", "before": print, "after": print}),
            json!({"op": "replace", "path": "y", "saved": "0-x", "before": print, "after": print, "heir": odd}),
            json!({"op": "store", "path": odd, "saved": "0-x", "before": print, "after": print, "values": []}),
            json!({"op": "create", "path": "y", "after": print, "heir": odd}),
            json!({"op": "create", "path": odd, "after": print, "heir": "y"}),
            json!({"op": "copy", "path": odd, "after": print, "made": []}),
            json!({"op": "copy", "path": format!("../../../media/inbound/{odd}"), "after": print, "made": []}),
            json!({"op": "copy", "path": "../../../media/inbound/y", "after": print, "made": [odd]}),
        ];
        for operation in operations {
            for state in ["done", "prepared", "committing", "undoing"] {
                let folder = folder();
                record(&folder, |record| {
                    record["state"] = state.into();
                    record["operations"] = json!([operation]);
                });
                let before = listing(folder.home());
                let undo = clawfix(&["undo", home(&folder)]);
                assert!(undo.code == Some(2) && undo.err.contains("not trustworthy"), "{operation}: {} {}", undo.out, undo.err);
                assert_eq!(listing(folder.home()), before, "{operation}");
            }
        }
        let folder = folder();
        record(&folder, |record| record["target"] = odd.into());
        is_distrusted(&folder, odd);
    }
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    let other = folder();
    record(&other, |record| record["run"] = "../../other".into());
    is_distrusted(&other, "another run");
}

#[cfg(unix)]
#[test]
fn a_journal_behind_a_link_is_not_used() {
    let link = |at: &Path, outside: &Path| {
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(outside, at).unwrap();
    };
    for what in [".clawfix".to_owned(), ".clawfix/runs".to_owned(), format!(".clawfix/runs/{RUN}")] {
        let outside = tempfile::tempdir().unwrap();
        let folder = folder();
        link(&folder.sessions.join(&what), outside.path());
        is_distrusted(&folder, &what);
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0, "{what}");
    }
}

#[test]
fn the_log_says_what_undo_would_say() {
    let folder = folder();
    let done = clawfix(&["merge", A, B, "--apply", home(&folder)]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(clawfix(&["log", home(&folder)]).out.contains("done; can be taken back"));
    let record: Value = serde_json::from_slice(&std::fs::read(only_run(&folder).join("run.json")).unwrap()).unwrap();
    std::fs::write(folder.sessions.join(record["target"].as_str().unwrap()), "other\n").unwrap();
    let log = clawfix(&["log", home(&folder)]);
    assert!(log.out.contains("cannot be taken back as it stands: ") && log.out.contains("changed after the run"), "{}", log.out);
    assert_eq!(clawfix(&["undo", home(&folder)]).code, Some(2));
}

#[test]
fn runs_of_one_command_are_counted_when_one_is_taken_back() {
    let folder = folder();
    for (run, state) in
        [("20260101T000000000Z-aaaaab", "done"), ("20260101T000000000Z-aaaaac", "done"), ("20260101T000000000Z-aaaaad", "undone")]
    {
        record_as(&folder, run, |record| record["state"] = state.into());
    }
    record(&folder, |record| record["at_ms"] = 2.into());
    let first = clawfix(&["undo", home(&folder)]);
    assert!(first.code == Some(0) && !first.out.contains("still stand"), "{}", first.out);
    let second = clawfix(&["undo", home(&folder)]);
    assert!(second.out.contains("still stand: 1.") && second.out.contains("20260101T000000000Z-aaaaab"), "{}", second.out);
    let third = clawfix(&["undo", home(&folder)]);
    assert!(third.code == Some(0) && !third.out.contains("still stand"), "{}", third.out);
}
