//! The chat goes on after the merge: what came since is carried back, and anything else is refused.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::State;
use crate::damage::{A, B, Folder, header, message, store, talk, text};
use crate::proof::{clawfix, json, lines, listing, load, nothing_left, torn};

fn append(path: &Path, bytes: &[u8]) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn target(plan: &Value) -> PathBuf {
    PathBuf::from(plan["plans"][0]["target"].as_str().unwrap())
}

/// What the gateway writes: a turn that hangs on the leaf.
fn turn(path: &Path) -> Vec<u8> {
    let leaf = load(path).path.last().unwrap()["id"].as_str().unwrap().to_owned();
    text(&[message("user", "cccccc01", Some(&leaf), 50, "since"), message("assistant", "cccccc02", Some("cccccc01"), 51, "heard")])
}

fn last_texts(path: &Path, count: usize) -> Vec<String> {
    let messages = load(path).messages();
    let tail = messages.iter().skip(messages.len().saturating_sub(count));
    tail.map(|message| message["content"][0]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn lines_since_go_to_the_file_that_they_hang_on() {
    for name in ["2026.1.24-3-race", "2026.2.26-tseed", "2026.7.35-tseed", "2026.7.35-stale"] {
        for arguments in [&[][..], &["--into", "new"], &["--into", "first"]] {
            let state = State::corpus(name);
            if state.splits[0][0].contains(".reset.") && arguments.contains(&"first") {
                continue;
            }
            let placed = state.place();
            let home = placed.home.to_str().unwrap();
            let before = listing(&placed.home);
            let newest = placed.sessions.join(state.splits[0].last().unwrap());
            let id = torn(&placed.home);
            let plan = json(&[&["merge", "--apply", home, &id], arguments].concat());
            let target = target(&plan);
            let more = turn(&target);
            append(&target, &more);
            let undone = clawfix(&["undo", home]);
            assert_eq!(undone.code, Some(0), "{name} {arguments:?}: {}", undone.err);
            assert!(undone.out.contains("carried back"), "{}", undone.out);
            assert_eq!(last_texts(&newest, 2), ["since", "heard"], "{name} {arguments:?}: the chat goes on where it was");
            let carried = std::fs::read(&newest).unwrap();
            assert!(carried.ends_with(&more));
            std::fs::write(&newest, &carried[..carried.len() - more.len()]).unwrap();
            assert_eq!(listing(&placed.home), before, "{name} {arguments:?}: and nothing else changed");
        }
    }
}

#[test]
fn a_file_that_ended_without_a_newline_gets_one_first() {
    for arguments in [&[][..], &["--into", "new"]] {
        let mut newer = text(&talk(B, "b", 5));
        newer.pop();
        let folder =
            Folder::new(&[(&format!("{A}.jsonl"), text(&talk(A, "a", 1))), (&format!("{B}.jsonl"), newer), ("sessions.json", store(B))]);
        let home = folder.home().to_str().unwrap();
        let target = target(&json(&[&["merge", A, B, "--apply", home], arguments].concat()));
        append(&target, &turn(&target));
        assert_eq!(clawfix(&["undo", home]).code, Some(0));
        assert_eq!(last_texts(&folder.sessions.join(format!("{B}.jsonl")), 4), ["b asks", "b hears", "since", "heard"]);
    }
}

#[test]
fn links_to_ids_that_were_changed_are_changed_back() {
    // Both talks use the same ids.
    let newer = vec![
        header(B, 5),
        message("user", "a0000001", None, 5, "b asks"),
        message("assistant", "a0000002", Some("a0000001"), 6, "b hears"),
    ];
    let folder =
        Folder::new(&[(&format!("{A}.jsonl"), text(&talk(A, "a", 1))), (&format!("{B}.jsonl"), text(&newer)), ("sessions.json", store(B))]);
    let home = folder.home().to_str().unwrap();
    let target = target(&json(&["merge", A, B, "--apply", home]));
    append(&target, &turn(&target));
    assert_eq!(clawfix(&["undo", home]).code, Some(0));
    assert_eq!(last_texts(&folder.sessions.join(format!("{B}.jsonl")), 9), ["b asks", "b hears", "since", "heard"]);
}

#[test]
fn the_store_may_be_written_since() {
    let folder = Folder::new(&[
        (&format!("{A}.jsonl"), text(&talk(A, "a", 1))),
        (&format!("{B}.jsonl"), text(&talk(B, "b", 5))),
        ("sessions.json", store(B)),
    ]);
    let home = folder.home().to_str().unwrap();
    let path = folder.sessions.join("sessions.json");
    let first = std::fs::read_to_string(&path).unwrap();
    target(&json(&["merge", A, B, "--apply", home, "--into", "new"]));
    let changed = std::fs::read_to_string(&path).unwrap().replace("1772360000000", "1772360099999");
    std::fs::write(&path, changed).unwrap();
    assert_eq!(clawfix(&["undo", home]).code, Some(0));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), first.replace("1772360000000", "1772360099999"), "the gateway's own change stays");
}

/// Merges, lets something happen, and expects that undo refuses and changes nothing.
fn not_taken_back(arguments: &[&str], what: impl Fn(&Path, &Path), said: &str) {
    let folder = Folder::new(&[
        (&format!("{A}.jsonl"), text(&talk(A, "a", 1))),
        (&format!("{B}.jsonl"), text(&talk(B, "b", 5))),
        ("sessions.json", store(B)),
    ]);
    let home = folder.home().to_str().unwrap();
    let target = target(&json(&[&["merge", A, B, "--apply", home], arguments].concat()));
    what(&target, &folder.sessions);
    let before = listing(folder.home());
    let undone = clawfix(&["undo", home]);
    assert_eq!(undone.code, Some(2), "{said}: {}", undone.out);
    assert!(undone.err.contains(said) && undone.err.contains("originals are in"), "{}", undone.err);
    assert_eq!(listing(folder.home()), before, "{said}");
    nothing_left(folder.home());
    let log = clawfix(&["log", home]);
    assert!(log.out.contains("done"), "the run still stands: {}", log.out);
}

#[test]
fn other_changes_are_refused() {
    let changed = |path: &Path| std::fs::write(path, std::fs::read_to_string(path).unwrap().replace("a asks", "a axes")).unwrap();
    let cut = |path: &Path| std::fs::write(path, &std::fs::read(path).unwrap()[..100]).unwrap();
    not_taken_back(&[], |target, _| changed(target), "not only by appended lines");
    not_taken_back(&[], |target, _| cut(target), "not only by appended lines");
    not_taken_back(&["--into", "new"], |target, _| changed(target), "not only by appended lines");
    not_taken_back(&[], |target, _| std::fs::remove_file(target).unwrap(), "gone");
    let moved = |sessions: &Path| std::fs::write(sessions.join(format!("{A}.jsonl")), "{}\n").unwrap();
    not_taken_back(&[], |_, sessions| moved(sessions), "a new file in the place of one that the run moved away");
    let other = json!({"agent:main:main": {"sessionId": "somebody-else"}}).to_string();
    let store = |sessions: &Path| std::fs::write(sessions.join("sessions.json"), &other).unwrap();
    not_taken_back(&["--into", "new"], |_, sessions| store(sessions), "keys point elsewhere");
}

#[test]
fn runs_are_taken_back_in_their_order() {
    let third = "cccccccc-1111-4222-8333-000000000003";
    let folder = Folder::new(&[
        (&format!("{A}.jsonl"), text(&talk(A, "a", 1))),
        (&format!("{B}.jsonl"), text(&talk(B, "b", 5))),
        (&format!("{third}.jsonl"), text(&talk(third, "c", 9))),
        ("sessions.json", store(B)),
    ]);
    let home = folder.home().to_str().unwrap();
    let start = listing(folder.home());
    let first = json(&["merge", A, B, "--apply", home])["plans"][0]["run"].as_str().unwrap().to_owned();
    let between = listing(folder.home());
    let second = json(&["merge", B, third, "--apply", home]);
    assert_eq!(second["plans"][0]["sources"].as_array().unwrap().len(), 2, "{second}");
    let refused = clawfix(&["undo", home, &first]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("take that one back first"), "{}", refused.err);
    assert_eq!(clawfix(&["undo", home]).code, Some(0));
    assert_eq!(listing(folder.home()), between);
    assert_eq!(clawfix(&["undo", home]).code, Some(0));
    assert_eq!(listing(folder.home()), start);
    assert_eq!(lines(&folder.sessions.join(format!("{A}.jsonl"))).len(), 3);
}

#[cfg(unix)]
#[test]
fn modes_are_kept() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    for arguments in [&[][..], &["--into", "new"]] {
        let folder = Folder::new(&[
            (&format!("{A}.jsonl"), text(&talk(A, "a", 1))),
            (&format!("{B}.jsonl"), text(&talk(B, "b", 5))),
            ("sessions.json", store(B)),
        ]);
        for (name, mode) in [(format!("{A}.jsonl"), 0o640), (format!("{B}.jsonl"), 0o600), ("sessions.json".to_owned(), 0o660)] {
            std::fs::set_permissions(folder.sessions.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let before = listing(folder.home());
        let home = folder.home().to_str().unwrap();
        let target = target(&json(&[&["merge", A, B, "--apply", home], arguments].concat()));
        assert_eq!(std::fs::metadata(&target).unwrap().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(folder.sessions.join("sessions.json")).unwrap().mode() & 0o777, 0o660);
        assert_eq!(clawfix(&["undo", home]).code, Some(0));
        assert_eq!(listing(folder.home()), before);
    }
}
