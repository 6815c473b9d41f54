//! Every rule against the transcripts in `testdata/rules/<name>/`: `bad` shows the fault, `ok` is the nearest healthy
//! neighbour. The list of tests is the registry itself; a rule without files fails, and so does a folder without a rule.
//!
//! What git cannot keep stands in `setup.json` and is done on the copy that a test works on: ages, hard links, locks of
//! dead processes, files too large to commit, files that somebody is writing to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "common/folder.rs"]
mod folder;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use clawfix::rules::{ALL, Fixable, Rule, Work};
use serde_json::Value;
use tempfile::TempDir;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules")
}

/// A case on the disk, as a state directory.
struct Case {
    // Fields go in this order: the writer before the folder that it writes to.
    /// Messages that the model must see after the repair.
    sees: Option<u64>,
    _busy: Option<Busy>,
    _tmp: TempDir,
    home: PathBuf,
    live: bool,
}

/// A thread that keeps writing to a file.
struct Busy(Arc<AtomicBool>, Option<std::thread::JoinHandle<()>>);

impl Busy {
    fn with(path: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let content = fs::read(&path).unwrap();
        let work = move || {
            while !seen.load(Ordering::Relaxed) {
                // The same bytes again, in place.
                let mut file = File::options().write(true).open(&path).unwrap();
                std::io::Write::write_all(&mut file, &content[..1]).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        Busy(stop, Some(std::thread::spawn(work)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.take().unwrap().join().unwrap();
    }
}

impl Case {
    fn new(rule: &Rule, which: &str) -> Case {
        let tmp = tempfile::tempdir().unwrap();
        let (home, from) = (tmp.path().join("home"), data().join(rule.name).join(which));
        let state = home.join(".openclaw");
        let to = if from.join("agents").is_dir() { state.clone() } else { state.join("agents/main/sessions") };
        folder::copy(&from, &to);
        let setup = fs::read(data().join(rule.name).join("setup.json")).ok();
        let setup: Value = setup.map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).expect("setup.json is JSON"));
        let setup = &setup[which];
        let known = ["age_days", "hard_link", "mode", "write", "dead_lock", "live", "busy", "link", "sees"];
        for key in setup.as_object().into_iter().flat_map(|object| object.keys()) {
            assert!(known.contains(&key.as_str()), "{}: setup.json asks for {key}, which nobody does", rule.name);
        }
        let pairs = |key: &str| setup[key].as_object().cloned().unwrap_or_default();
        for (file, how) in pairs("write") {
            let text = |key: &str| how[key].as_str().unwrap_or_default();
            let body = text("repeat").repeat(how["times"].as_u64().unwrap_or(0) as usize);
            fs::write(to.join(file), format!("{}{body}{}", text("head"), text("tail"))).unwrap();
        }
        for (file, name) in pairs("hard_link") {
            fs::hard_link(to.join(file), to.join(name.as_str().unwrap())).unwrap();
        }
        #[cfg(unix)]
        for (file, name) in pairs("link") {
            std::os::unix::fs::symlink(name.as_str().unwrap(), to.join(file)).unwrap();
        }
        for file in setup["dead_lock"].as_array().into_iter().flatten() {
            // A process that has run and is gone.
            let mut gone =
                Command::new(env!("CARGO_BIN_EXE_clawfix")).arg("--version").stdout(std::process::Stdio::null()).spawn().unwrap();
            let pid = gone.id();
            gone.wait().unwrap();
            let body = serde_json::json!({"pid": pid, "createdAt": "2026-03-01T10:00:00.000Z", "startedAt": 1_772_000_000_000u64});
            fs::write(to.join(file.as_str().unwrap()), body.to_string()).unwrap();
        }
        for (file, days) in pairs("age_days") {
            let age = Duration::from_secs_f64(days.as_f64().unwrap() * 86_400.0);
            File::options().write(true).open(to.join(file)).unwrap().set_modified(SystemTime::now() - age).unwrap();
        }
        let busy = setup["busy"].as_str().map(|file| Busy::with(to.join(file)));
        Case { _tmp: tmp, home, live: setup["live"] == true, sees: setup["sees"].as_u64(), _busy: busy }
    }

    fn state(&self) -> PathBuf {
        self.home.join(".openclaw")
    }

    /// Runs the program on the case; gives its exit code, its standard output and its standard error.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clawfix"));
        command.args(args).arg(self.state()).env_remove("CLAWDBOT_STATE_DIR");
        if self.live {
            command.env("HOME", &self.home).env("OPENCLAW_STATE_DIR", self.state());
        } else {
            // A state directory in the user's home is live, whatever the variable says.
            command.env("HOME", self.home.join("nobody")).env("OPENCLAW_STATE_DIR", self.home.join("elsewhere"));
        }
        let out = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code().expect("no signal"), text(&out.stdout), text(&out.stderr))
    }

    fn json(&self, args: &[&str]) -> Value {
        let (code, out, err) = self.run(&[args, &["--format", "json", "--quiet"]].concat());
        assert!(code <= 2, "{args:?}: exit code {code}: {err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}{err}"))
    }

    fn findings(&self) -> Vec<Value> {
        let report = self.json(&["scan", "--all", "--min-level", "possible", "--fail-on", "none"]);
        report["findings"].as_array().unwrap().clone()
    }

    /// Findings of one rule.
    fn of(&self, rule: &Rule) -> Vec<Value> {
        self.findings().into_iter().filter(|finding| finding["rule"] == rule.code).collect()
    }

    /// Content, mode and age of every file, the journal aside.
    fn listing(&self) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        fn walk(dir: &Path, found: &mut BTreeMap<PathBuf, (Vec<u8>, SystemTime)>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let meta = fs::symlink_metadata(&path).unwrap();
                if meta.is_dir() {
                    if path.file_name().unwrap() != ".clawfix" {
                        walk(&path, found);
                    }
                } else {
                    found.insert(path.clone(), (fs::read(&path).unwrap_or_default(), meta.modified().unwrap()));
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(&self.state(), &mut found);
        found
    }

    /// Messages that the model sees, over all segments.
    fn seen(&self) -> u64 {
        let report = self.json(&["scan", "--all", "--fail-on", "none"]);
        let conversations = report["conversations"].as_array().unwrap().iter().flat_map(|held| held["segments"].as_array().unwrap());
        let machines = report["machine_sessions"].as_array().unwrap().iter().map(|held| &held["segment"]);
        conversations.chain(machines).map(|segment| segment["context"]["messages"].as_u64().unwrap()).sum()
    }
}

/// Rules that `repair` carries out.
fn is_mended_by_repair(rule: &Rule) -> bool {
    let works = match rule.work {
        Work::Scan(_) => false,
        Work::Transcript { fix, .. } => fix.is_some(),
        Work::Folder(_) => true,
    };
    works && rule.fixable != Fixable::None
}

fn worth(finding: &Value) -> bool {
    finding["severity"] != "info"
}

/// Every rule, each told by its name where it fails.
fn each(check: impl Fn(&'static Rule)) {
    let mut failed = Vec::new();
    for rule in ALL {
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(rule)));
        if run.is_err() {
            failed.push(rule.name);
        }
    }
    assert!(failed.is_empty(), "these rules fail: {failed:?}");
}

#[test]
fn every_rule_has_its_files_and_every_folder_its_rule() {
    let mut folders: Vec<String> = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.retain(|name| data().join(name).is_dir());
    folders.sort();
    let mut names: Vec<&str> = ALL.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    assert_eq!(folders, names);
}

#[test]
fn every_rule_finds_its_fault_and_nothing_in_the_healthy_neighbour() {
    each(|rule| {
        let bad = Case::new(rule, "bad");
        // Somebody writing to a file is met on most looks, not on all.
        let found = (0..20).map(|_| bad.of(rule)).find(|found| !found.is_empty() || bad._busy.is_none()).unwrap_or_default();
        assert!(!found.is_empty(), "{} finds nothing in its bad files; found were {:#?}", rule.name, bad.findings());
        for finding in &found {
            let help = finding["help"].as_str().unwrap();
            assert!(!help.is_empty() && !finding["message"].as_str().unwrap().is_empty(), "{finding}");
        }
        let ok = Case::new(rule, "ok");
        let found = ok.of(rule);
        assert!(found.is_empty(), "{} finds something in its healthy files: {found:#?}", rule.name);
    });
}

#[test]
fn every_fix_mends_its_fault_hides_nothing_and_can_be_taken_back() {
    each(|rule| {
        if !is_mended_by_repair(rule) {
            return;
        }
        let case = Case::new(rule, "bad");
        let (before, seen) = (case.listing(), case.seen());
        let others: Vec<Value> = case.findings().into_iter().filter(worth).collect();
        let mut args = vec!["repair", "--select", rule.code];
        if rule.fixable == Fixable::Unsafe {
            let (code, out, _) = case.run(&args);
            assert!(code == 0 && out.contains("Nothing to mend"), "{} is not made unasked: {out}", rule.name);
            args.push("--unsafe-fixes");
        }
        let (code, out, err) = case.run(&args);
        assert!(code == 0 && !out.contains("Nothing to mend"), "{} has no plan: {out}{err}", rule.name);
        assert_eq!(case.listing(), before, "{}: a plan writes nothing", rule.name);
        let applied = case.json(&[&args[..], &["--apply"]].concat());
        assert_eq!(applied["repairs"][0]["left"].as_array().map(Vec::len), Some(0), "{}: {applied:#}", rule.name);
        let left: Vec<Value> = case.of(rule).into_iter().filter(|finding| finding["fixable"] != "none").collect();
        assert!(left.is_empty(), "{} is still found after its repair: {left:#?}", rule.name);
        assert!(case.seen() >= seen, "{}: {} messages are seen after {seen}", rule.name, case.seen());
        if let Some(sees) = case.sees {
            assert_eq!(case.seen(), sees, "{}: messages that are seen after the repair", rule.name);
        }
        let known = |finding: &Value| others.iter().any(|other| other["rule"] == finding["rule"] && other["path"] == finding["path"]);
        let new: Vec<Value> = case.findings().into_iter().filter(worth).filter(|finding| !known(finding)).collect();
        assert!(new.is_empty(), "{}: the repair made new damage: {new:#?}", rule.name);
        let (_, again, _) = case.run(&args);
        assert!(again.contains("Nothing to mend"), "{}: a second repair changes something: {again}", rule.name);
        let (code, out, err) = case.run(&["undo"]);
        assert_eq!(code, 0, "{}: {out}{err}", rule.name);
        let after = case.listing();
        assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{}", rule.name);
        for (path, (bytes, _)) in &before {
            assert_eq!(&after[path].0, bytes, "{}: {} is not as it was", rule.name, path.display());
        }
    });
}

/// What the findings of a case tell to do, in the order of the report, each once.
#[cfg(unix)]
fn told(case: &Case) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for finding in case.findings() {
        let help = finding["help"].as_str().unwrap().to_owned();
        if help.starts_with("clawfix ") && !told.contains(&help) {
            told.push(help);
        }
    }
    told
}

/// Runs a line as a person would who pastes it.
#[cfg(unix)]
fn paste(case: &Case, line: &str) -> (i32, String) {
    let bin = Path::new(env!("CARGO_BIN_EXE_clawfix")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PATH", path).env("HOME", case.home.join("nobody")).env_remove("CLAWDBOT_STATE_DIR");
    if case.live {
        command.env("OPENCLAW_STATE_DIR", case.state());
    } else {
        command.env("OPENCLAW_STATE_DIR", case.home.join("elsewhere"));
    }
    let out = command.output().unwrap();
    (out.status.code().unwrap(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
}

#[test]
#[cfg(unix)]
fn what_a_finding_tells_to_do_can_be_pasted() {
    each(|rule| {
        let case = Case::new(rule, "bad");
        if case._busy.is_some() {
            return;
        }
        for line in told(&case) {
            let (code, out) = paste(
                &Case { _tmp: tempfile::tempdir().unwrap(), home: case.home.clone(), live: case.live, sees: None, _busy: None },
                &line,
            );
            assert!(code <= 1, "{}: {line}: {out}", rule.name);
            if line.starts_with("clawfix repair") {
                assert!(!out.contains("Nothing to mend"), "{}: {line} mends nothing", rule.name);
            }
        }
    });
}

#[test]
#[cfg(unix)]
fn pasting_one_after_another_ends_where_one_repair_does() {
    each(|rule| {
        let (whole, pasted) = (Case::new(rule, "bad"), Case::new(rule, "bad"));
        if whole._busy.is_some() || !matches!(rule.work, Work::Transcript { .. }) {
            return;
        }
        whole.run(&["repair", "--apply", "--unsafe-fixes"]);
        for line in told(&pasted).iter().filter(|line| line.starts_with("clawfix repair")) {
            paste(&pasted, &format!("{line} --apply"));
        }
        pasted.run(&["repair", "--apply", "--unsafe-fixes"]);
        assert_eq!(pasted.seen(), whole.seen(), "{}: the order in which fixes are made matters", rule.name);
    });
}

#[test]
fn the_real_transcripts_are_healthy_but_for_their_splits() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus");
    for folder in fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()) {
        let out = Command::new(env!("CARGO_BIN_EXE_clawfix"))
            .args(["scan", "--format", "json", "--quiet", "--all", "--fail-on", "none"])
            .arg(&folder)
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&out.stdout).unwrap();
        let odd: Vec<&Value> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            // Halves of splits are on a clock, and media files of other machines are truly missing.
            .filter(|finding| worth(finding) && !["CF101", "CF501", "CF703"].iter().any(|code| finding["rule"] == *code))
            .collect();
        assert!(odd.is_empty(), "{}: {odd:#?}", folder.display());
    }
}

#[test]
fn pages_of_rules_are_whole() {
    for rule in ALL {
        let mut wanted = vec!["## What it means", "## Why it hurts", "## What to do"];
        if rule.fixable != Fixable::None {
            wanted.extend(["## What the fix does", "## What it never does"]);
        }
        for heading in wanted {
            assert!(rule.doc.contains(heading), "{} lacks {heading}", rule.code);
        }
        let fixes = matches!(rule.work, Work::Transcript { fix: Some(_), .. });
        if let Work::Transcript { .. } = rule.work {
            assert_eq!(fixes, rule.fixable != Fixable::None, "{} says {:?}", rule.code, rule.fixable);
        }
    }
}

/// The findings of a rule by what identifies them, however often.
fn prints(case: &Case, rule: &Rule) -> Vec<String> {
    // Somebody writing to a file is met on most looks, not on all.
    let found = (0..20).map(|_| case.of(rule)).find(|found| !found.is_empty() || case._busy.is_none()).unwrap_or_default();
    let mut prints: Vec<String> = found.iter().map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect();
    prints.sort();
    prints
}

/// A finding stays the same finding, for baselines and for those who track reports, wherever the folder is and whatever
/// lines came before it.
#[test]
fn fingerprints_outlive_moves_and_added_lines() {
    // Rules that an added entry makes untrue: nothing but a header, no header in front.
    const CHANGED_BY_A_LINE: [&str; 3] = ["header-only", "missing-header", "header-not-first"];
    each(|rule| {
        let case = Case::new(rule, "bad");
        let expected = prints(&case, rule);
        assert_eq!(prints(&Case::new(rule, "bad"), rule), expected, "{}: in another folder", rule.name);
        if CHANGED_BY_A_LINE.contains(&rule.name) || case._busy.is_some() {
            return;
        }
        let transcripts: Vec<PathBuf> = case.listing().into_keys().filter(|path| path.to_string_lossy().contains(".jsonl")).collect();
        for path in transcripts {
            let Ok(bytes) = fs::read(&path) else { continue };
            let Some(at) = bytes.iter().position(|&byte| byte == b'\n') else { continue };
            let (head, rest) = bytes.split_at(at + 1);
            let Ok(header) = serde_json::from_slice::<Value>(head) else { continue };
            if header["type"] != "session" {
                continue;
            }
            // A root of its own, on which nothing hangs: no path leads over it.
            let line = serde_json::json!({
                "type": "custom", "customType": "x", "id": "c1a3f1f0", "parentId": null, "timestamp": header["timestamp"],
            });
            let modified = fs::metadata(&path).unwrap().modified().unwrap();
            fs::write(&path, [head, format!("{line}\n").as_bytes(), rest].concat()).unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        }
        assert_eq!(prints(&case, rule), expected, "{}: with a line more", rule.name);
    });
}
