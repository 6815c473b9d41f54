//! What is refused: with exit code 2, the reason, the next step, and nothing written.

use std::path::Path;
use std::process::Command;

use clawfix::apply::journal::{Journal, Record, State as Stage};
use clawfix::apply::{ApplyError, Faults, Wanted, carry_out};
use clawfix::merge;
use clawfix::scan::{Options, Silent};
use serde_json::json;

use crate::damage::{A, B, Folder, message, store, talk, text};
use crate::proof::{Done, clawfix, json, listing};

fn folder() -> Folder {
    Folder::new(&[
        (&format!("{A}.jsonl"), text(&talk(A, "a", 1))),
        (&format!("{B}.jsonl"), text(&talk(B, "b", 5))),
        ("sessions.json", store(B)),
    ])
}

fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

fn iso(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn apply(folder: &Folder, more: &[&str]) -> Done {
    clawfix(&[&["merge", A, B, "--apply", folder.home().to_str().unwrap()], more].concat())
}

/// Refused: and no byte, name or mode is other than it was, the journal not there at all.
fn refused(folder: &Folder, more: &[&str], said: &[&str]) {
    let before = listing(folder.home());
    let done = apply(folder, more);
    assert_eq!(done.code, Some(2), "{said:?}: {}", done.out);
    for word in said {
        assert!(done.err.contains(word), "{word}: {}", done.err);
    }
    assert_eq!(listing(folder.home()), before, "{said:?}");
    assert!(!folder.sessions.join(".clawfix").exists(), "{said:?}");
}

#[test]
fn locks_of_live_processes() {
    let pid = std::process::id();
    for name in [A, B] {
        let folder = folder();
        let lock = folder.sessions.join(format!("{name}.jsonl.lock"));
        std::fs::write(&lock, json!({"pid": pid, "createdAt": iso(now()), "starttime": 1, "maxHoldMs": 9}).to_string()).unwrap();
        refused(&folder, &[], &[&format!("{name}.jsonl.lock"), &pid.to_string(), "try again"]);
    }
    let folder = folder();
    std::fs::write(folder.sessions.join("sessions.json.lock"), json!({"pid": pid, "startedAt": now().timestamp_millis()}).to_string())
        .unwrap();
    refused(&folder, &["--into", "new"], &["sessions.json.lock", "try again"]);
    // A merge that does not touch the store does not ask for its lock.
    assert_eq!(apply(&folder, &[]).code, Some(0));
}

#[test]
fn stale_locks_are_taken_over() {
    let live = std::process::id();
    let dead = 2_000_000_000;
    let old = iso(now() - chrono::Duration::minutes(31));
    let transcript = [json!({"pid": live, "createdAt": old}), json!({"pid": dead, "createdAt": iso(now())})];
    let ago = |seconds: i64| now().timestamp_millis() - seconds * 1000;
    let stores = [json!({"pid": live, "startedAt": ago(31)}), json!({"pid": dead, "startedAt": ago(1)})];
    for (transcript, store) in transcript.iter().zip(&stores) {
        if cfg!(not(unix)) && transcript["pid"] == dead {
            continue;
        }
        let folder = folder();
        std::fs::write(folder.sessions.join(format!("{B}.jsonl.lock")), transcript.to_string()).unwrap();
        std::fs::write(folder.sessions.join("sessions.json.lock"), store.to_string()).unwrap();
        let done = apply(&folder, &["--into", "new"]);
        assert_eq!(done.code, Some(0), "{}", done.err);
        crate::proof::nothing_left(folder.home());
    }
}

#[cfg(unix)]
#[test]
fn links_and_second_names() {
    let folder = folder();
    let (file, real) = (folder.sessions.join(format!("{A}.jsonl")), folder.tmp.path().join("elsewhere"));
    std::fs::rename(&file, &real).unwrap();
    std::os::unix::fs::symlink(&real, &file).unwrap();
    refused(&folder, &[], &["is a link", "name the folder"]);
    std::fs::remove_file(&file).unwrap();
    std::fs::hard_link(&real, &file).unwrap();
    refused(&folder, &[], &["several hard links", "--out"]);
}

#[test]
fn imported_originals() {
    let name = format!("{A}.jsonl.imported-1772359000000");
    let folder =
        Folder::new(&[(&name, text(&talk(A, "a", 1))), (&format!("{B}.jsonl"), text(&talk(B, "b", 5))), ("sessions.json", store(B))]);
    refused(&folder, &[], &["receipt", "--out"]);
    let out = folder.tmp.path().join("out.jsonl");
    let done = clawfix(&["merge", A, B, folder.home().to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.err);
}

#[test]
fn an_archive_as_the_survivor() {
    let name = format!("{B}.jsonl.reset.2026-03-01T10-22-33.123Z");
    let folder =
        Folder::new(&[(&format!("{A}.jsonl.deleted.2026-03-01T10-05-00.000Z"), text(&talk(A, "a", 1))), (&name, text(&talk(B, "b", 5)))]);
    refused(&folder, &[], &["archive", "--into new"]);
    assert_eq!(apply(&folder, &["--into", "new"]).code, Some(0));
}

/// A plan made through the library, and what becomes of it when the folder changes before it is carried out.
fn after_the_plan(change: impl Fn(&Folder)) -> Result<Record, ApplyError> {
    let folder = folder();
    let options = Options { paths: vec![folder.home().to_owned()], ..Options::default() };
    let scan = clawfix::scan::scan(&options, &Silent).unwrap();
    let plan = merge::plan(&scan.agents[0], "c-test", &[0, 1], &merge::Options::default(), now().timestamp_millis()).unwrap();
    change(&folder);
    let before = listing(folder.home());
    let result = merge::apply(&plan, now().timestamp_millis(), &Faults::NONE);
    if result.is_err() {
        assert_eq!(listing(folder.home()), before);
        assert!(!folder.sessions.join(".clawfix").exists());
    }
    result
}

#[test]
fn sources_that_changed_after_the_plan() {
    let append = |folder: &Folder, name: &str| {
        let path = folder.sessions.join(format!("{name}.jsonl"));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(text(&[message("user", "ffffffff", None, 9, "late")]));
        std::fs::write(path, bytes).unwrap();
    };
    for name in [A, B] {
        let error = after_the_plan(|folder| append(folder, name)).unwrap_err();
        assert!(matches!(error, ApplyError::Changed { .. }) && error.to_string().contains("run the command again"), "{error}");
        let same_length = |folder: &Folder| {
            let path = folder.sessions.join(format!("{name}.jsonl"));
            let changed = std::fs::read_to_string(&path).unwrap().replace("asks", "axes");
            std::fs::write(path, changed).unwrap();
        };
        assert!(matches!(after_the_plan(same_length), Err(ApplyError::Changed { .. })));
        let gone = |folder: &Folder| std::fs::remove_file(folder.sessions.join(format!("{name}.jsonl"))).unwrap();
        assert!(matches!(after_the_plan(gone), Err(ApplyError::Changed { .. })));
    }
    // The gateway writes the store at every turn; what the plan needs of it is all that matters.
    let touch = |folder: &Folder| {
        let path = folder.sessions.join("sessions.json");
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replace("1772360000000", "1772360000001")).unwrap();
    };
    after_the_plan(touch).unwrap();
}

#[test]
fn files_outside_the_sessions_folder() {
    let folder = folder();
    let other = folder.tmp.path().join("other.jsonl");
    std::fs::write(&other, "x\n").unwrap();
    let print = clawfix::apply::journal::Print::of(&other).unwrap();
    let record = Record {
        version: 1,
        run: "r".to_owned(),
        command: "merge".to_owned(),
        at_ms: 0,
        state: Stage::Prepared,
        conversation: "c".to_owned(),
        sessions: Vec::new(),
        target: "other.jsonl".into(),
        summary: String::new(),
        operations: Vec::new(),
    };
    let wanted = [Wanted::Move { path: &other, before: &print }];
    let error = carry_out(&Journal::of(&folder.sessions), record, &wanted, now().timestamp_millis(), &Faults::NONE).unwrap_err();
    assert!(error.to_string().contains("outside the sessions folder"), "{error}");
    assert!(other.exists() && !folder.sessions.join(".clawfix").exists());
}

#[cfg(unix)]
fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

/// As a user who may not write there; root may write everywhere, so it becomes nobody for this.
#[cfg(unix)]
#[test]
fn folders_that_are_read_only() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = folder();
    let set = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    set(folder.home(), 0o755);
    set(&folder.sessions, 0o555);
    let before = listing(folder.home());
    let mut command = Command::new(env!("CARGO_BIN_EXE_clawfix"));
    command.args(["merge", A, B, "--apply", folder.home().to_str().unwrap()]).env_clear();
    if Path::new("/proc/self").exists() && is_root() {
        command.uid(65534).gid(65534);
    }
    match command.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains("nothing was changed") && said.contains("--out"), "{said}");
        }
        // The program lies where nobody may not look.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
    }
    assert_eq!(listing(folder.home()), before);
    set(&folder.sessions, 0o755);
}

/// On a disk of a few kilobytes, where one can be made.
#[cfg(target_os = "linux")]
#[test]
fn disks_that_are_full() {
    let folder = folder();
    let disk = folder.tmp.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=128k", "tmpfs"]).arg(&disk).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return;
    }
    let sessions = disk.join("agents/main/sessions");
    std::fs::create_dir_all(&sessions).unwrap();
    for name in [format!("{A}.jsonl"), format!("{B}.jsonl"), "sessions.json".to_owned()] {
        std::fs::copy(folder.sessions.join(&name), sessions.join(&name)).unwrap();
    }
    let before = listing(&disk);
    let done = clawfix(&["merge", A, B, "--apply", disk.to_str().unwrap()]);
    let after = listing(&disk);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    assert_eq!(done.code, Some(2), "{}", done.out);
    assert!(done.err.contains("bytes free") && done.err.contains("make room"), "{}", done.err);
    assert_eq!(after, before);
}

#[test]
fn keys_of_the_store_follow_and_nothing_else_changes() {
    let windows = "C:\\\\Users\\\\jay\\\\.openclaw\\\\agents\\\\main\\\\sessions\\\\";
    let long = format!("agent:main:cron:{}:run:{}", "0".repeat(36), "1".repeat(36));
    let store = |first: &str, second: &str| {
        format!(
            "{{\r\n  \"agent:main:main\" : {{\"sessionId\": \"{second}\", \"n\": 1.50, \"sessionFile\":\"{windows}{second}.jsonl\"}},\n\t\"{long}\":{{\"x\":{{\"sessionId\":\"{A}\"}},\"sessionId\":\"{first}\"}},\n\"dangling\": {{\"sessionId\":\"{B}\",\"sessionFile\":\"/old/{first}.jsonl\"}}, \"n\\u00e9\":{{ \"sessionId\" : \"{first}\", \"sessionFile\": \"{first}.jsonl\" }} }}"
        )
    };
    let folder = Folder::new(&[
        (&format!("{A}.jsonl"), text(&talk(A, "a", 1))),
        (&format!("{B}.jsonl"), text(&talk(B, "b", 5))),
        ("sessions.json", store(A, B).into_bytes()),
    ]);
    let before = listing(folder.home());
    let home = folder.home().to_str().unwrap();
    let plan = json(&["merge", A, B, home, "--apply"])["plans"][0].clone();
    assert!(plan["target"].as_str().unwrap().ends_with(&format!("{B}.jsonl")), "{plan}");
    assert_eq!(std::fs::read_to_string(folder.sessions.join("sessions.json")).unwrap(), store(B, B));
    assert_eq!(plan["store"].as_array().unwrap().len(), 4, "{}", plan["store"]);
    assert_eq!(clawfix(&["undo", home]).code, Some(0));
    assert_eq!(listing(folder.home()), before);
}
