//! What is known is left out everywhere and counted; what is new is told, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{found, run};
use crate::common::{State, corpus_dir, seams};

/// Two state directories with a split each, and a damaged transcript.
fn fleet() -> (TempDir, PathBuf) {
    let tmp = tempfile::tempdir().unwrap();
    let root = tmp.path().join("fleet");
    State::corpus("2026.1.24-3-tseed").write(&root.join("a"));
    let damaged = root.join("c/.openclaw/agents/main/sessions");
    fs::create_dir_all(&damaged).unwrap();
    fs::write(damaged.join("3f2a9c10-5b7e-4d21-8a44-0c9d1e7b6f52.jsonl"), transcript(2)).unwrap();
    (tmp, root)
}

/// A transcript with as many equal lines of NUL bytes.
fn transcript(torn: usize) -> String {
    let mut text = String::from(
        "{\"type\":\"session\",\"version\":3,\"id\":\"3f2a9c10-5b7e-4d21-8a44-0c9d1e7b6f52\",\"timestamp\":\"2026-03-02T09:14:05.120Z\",\"cwd\":\"/x\"}\n",
    );
    for at in 0..=torn {
        let parent = if at == 0 { "null".to_owned() } else { format!("\"a1f0000{}\"", at - 1) };
        text.push_str(&format!(
            "{{\"type\":\"message\",\"id\":\"a1f0000{at}\",\"parentId\":{parent},\"timestamp\":\"2026-03-02T09:1{at}:10.500Z\",\"message\":{{\"role\":\"user\",\"content\":[{{\"type\":\"text\",\"text\":\"canary\"}}],\"timestamp\":1772442855000}}}}\n"
        ));
        if at < torn {
            text.push_str("\0\0\0\n");
        }
    }
    text
}

fn scan(folder: &Path, args: &[&str]) -> (i32, Value, String) {
    let ran = run(folder, &[&["scan", "fleet", "--format", "json"], args].concat());
    (ran.code, ran.json(), ran.err)
}

fn splits(report: &Value) -> usize {
    seams(report).filter(|seam| seam["kind"] == "split").count()
}

#[test]
fn a_second_run_is_silent_and_one_new_split_is_all_that_is_told() {
    let (tmp, root) = fleet();
    let (here, known) = (tmp.path(), tmp.path().join("known.json"));
    let (code, first, _) = scan(here, &["--write-baseline", "known.json"]);
    assert!(code == 0 && splits(&first) == 1 && found(&first).len() >= 3, "accepted, and shown: {code} {first:#}");
    let text = fs::read_to_string(&known).unwrap();
    assert!(text.contains("\"rule\":\"CF101\",\"file\":\"a/.clawdbot/agents/main/sessions/9518f330-"), "{text}");
    assert!(text.contains("\"count\":2") && !text.contains("7016642") && !text.contains("canary"), "{text}");
    assert!(!text.contains(here.to_str().unwrap()), "no path of the machine: {text}");

    let (code, second, err) = scan(here, &["--baseline", "known.json"]);
    assert_eq!((code, found(&second), splits(&second), err.as_str()), (0, vec![], 0, ""));
    let summary = &second["summary"];
    assert_eq!((&summary["splits"], &summary["fixed"]), (&0.into(), &0.into()));
    assert_eq!(summary["baselined"], found(&first).len());
    assert_eq!(second["conversations"].as_array().unwrap().len(), first["conversations"].as_array().unwrap().len(), "the inventory stays");

    State::corpus("2026.2.26-race").write(&root.join("b"));
    let (code, third, _) = scan(here, &["--baseline", "known.json"]);
    assert_eq!((code, splits(&third), &third["summary"]["splits"]), (1, 1, &1.into()));
    let all = third["findings"].as_array().unwrap();
    assert!(all.iter().all(|finding| finding["path"].as_str().unwrap().contains("/b/")), "nothing of what is known: {all:#?}");
    // A copy of a state directory is worth a note besides.
    let new: Vec<&Value> = all.iter().filter(|finding| finding["severity"] != "info").collect();
    assert!(new.len() == 1 && new[0]["rule"] == "CF101", "{new:#?}");
    let table = run(here, &["scan", "fleet", "--baseline", "known.json"]);
    assert!(table.out.contains(new[0]["conversation"].as_str().unwrap()), "{}", table.out);
    assert!(!table.out.contains("9518f330") && !table.out.contains("CF203"), "nothing of what is known: {}", table.out);
    assert!(table.out.contains("findings left out, known by the baseline"), "{}", table.out);

    // Accepting it again is silent again, and the file stays sorted.
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "known.json"]).code, 0);
    assert_eq!(scan(here, &["--baseline", "known.json"]).0, 0);
    let mut lines: Vec<String> = fs::read_to_string(&known)
        .unwrap()
        .lines()
        .filter(|line| line.contains("rule"))
        .map(|l| l.trim_end_matches(',').to_owned())
        .collect();
    assert!(lines.len() >= 3 && lines.iter().collect::<std::collections::BTreeSet<_>>().len() == lines.len());
    let sorted = lines.clone();
    lines.sort();
    assert_eq!(lines, sorted);
}

#[test]
fn nothing_is_forgotten_by_moves_and_added_lines() {
    let (tmp, root) = fleet();
    let here = tmp.path();
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "known.json"]).code, 0);
    fs::create_dir_all(here.join("elsewhere/deep")).unwrap();
    fs::rename(&root, here.join("elsewhere/deep/fleet")).unwrap();
    let ran = run(here, &["scan", "elsewhere", "--baseline", "known.json", "--format", "json"]);
    assert_eq!((ran.code, found(&ran.json())), (0, vec![]));
    let dir = here.join("elsewhere/deep/fleet/a/.clawdbot/agents/main/sessions");
    for entry in
        fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
    {
        let text = fs::read_to_string(&entry).unwrap();
        let (head, rest) = text.split_once('\n').unwrap();
        let id: Value = serde_json::from_str(rest.lines().next().unwrap()).unwrap();
        let line =
            serde_json::json!({"type":"custom","customType":"x","id":"c1a3f1f0","parentId":id["parentId"],"timestamp":id["timestamp"]});
        fs::write(&entry, format!("{head}\n{line}\n{rest}")).unwrap();
    }
    let ran = run(here, &["scan", "elsewhere", "--baseline", "known.json", "--format", "json", "--select", "CF1,CF2"]);
    assert_eq!((ran.code, found(&ran.json())), (0, vec![]));
}

#[test]
fn equal_damage_is_known_by_number() {
    let (tmp, root) = fleet();
    let (here, file) = (tmp.path(), root.join("c/.openclaw/agents/main/sessions/3f2a9c10-5b7e-4d21-8a44-0c9d1e7b6f52.jsonl"));
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "known.json"]).code, 0);
    fs::write(&file, transcript(3)).unwrap();
    let (code, more, _) = scan(here, &["--baseline", "known.json", "--select", "CF203"]);
    assert_eq!((code, found(&more).len(), &more["summary"]["baselined"], &more["summary"]["fixed"]), (1, 1, &2.into(), &0.into()));
    fs::write(&file, transcript(1)).unwrap();
    let (code, less, err) = scan(here, &["--baseline", "known.json", "--select", "CF203"]);
    assert_eq!((code, found(&less).len(), &less["summary"]["baselined"], &less["summary"]["fixed"]), (0, 0, &1.into(), &1.into()));
    assert!(err.contains("1 entry of the baseline not found again"), "{err}");
    assert!(!scan(here, &["--baseline", "known.json", "--select", "CF203", "--quiet"]).2.contains("baseline"));
}

#[test]
fn equal_damage_of_two_folders_is_told_apart() {
    let tmp = tempfile::tempdir().unwrap();
    let answer = "{\"type\":\"message\",\"id\":\"a1f00009\",\"parentId\":\"a1f00000\",\"timestamp\":\"2026-03-02T09:20:10.500Z\",\"message\":{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"yes\"}],\"stopReason\":\"stop\",\"timestamp\":1772443210000}}\n";
    let store = |host: &str, broken: bool| {
        let dir = tmp.path().join("fleet").join(host).join(".openclaw/agents/main/sessions");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("3f2a9c10-5b7e-4d21-8a44-0c9d1e7b6f52.jsonl"), transcript(0) + answer).unwrap();
        let key = "agent:main:main";
        let entry = serde_json::json!({ key: { "sessionId": "3f2a9c10-5b7e-4d21-8a44-0c9d1e7b6f52", "updatedAt": 1_772_442_855_000_u64 } });
        fs::write(dir.join("sessions.json"), if broken { String::new() } else { entry.to_string() }).unwrap();
    };
    let apart = ["scan", "fleet/a/.openclaw", "fleet/b/.openclaw"];
    for scan in [&["scan", "fleet"][..], &apart] {
        for broken in ["a", "b"] {
            let other = if broken == "a" { "b" } else { "a" };
            store(broken, true);
            store(other, false);
            assert_eq!(run(tmp.path(), &[scan, &["--write-baseline", "known.json"]].concat()).code, 0);
            let hosts = || {
                let ran = run(tmp.path(), &[scan, &["--baseline", "known.json", "--select", "CF6", "--format", "json"]].concat());
                let report = ran.json();
                let paths: Vec<&str> = report["findings"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
                let of = |host: &str| paths.iter().filter(|path| path.contains(&format!("/{host}/"))).count();
                (of(broken), of(other) > 0, report["summary"]["fixed"].as_u64().unwrap() > 0)
            };
            assert_eq!(hosts(), (0, false, false), "{scan:?}");
            store(other, true);
            assert_eq!(hosts(), (0, true, false), "both are broken, and the other is new: {scan:?}");
            store(broken, false);
            assert_eq!(hosts(), (0, true, true), "the known one was mended: {scan:?}");
        }
    }
}

#[test]
fn every_format_tells_how_much_was_left_out() {
    let (tmp, root) = fleet();
    let here = tmp.path();
    let count = found(&scan(here, &["--write-baseline", "known.json"]).1).len();
    fs::remove_dir_all(root.join("c")).unwrap();
    let left = scan(here, &["--baseline", "known.json"]).1["summary"].clone();
    let (baselined, fixed) = (left["baselined"].as_u64().unwrap(), left["fixed"].as_u64().unwrap());
    assert!(baselined + fixed == count as u64 && baselined > 0 && fixed > 1);
    let noun = if baselined == 1 { "finding" } else { "findings" };
    let words = format!("{baselined} {noun} left out, known by the baseline; {fixed} of its entries were not found again");
    for format in ["table", "json", "jsonl", "sarif", "github", "markdown", "junit", "html"] {
        let ran = run(here, &["scan", "fleet", "--format", format, "--baseline", "known.json"]);
        assert_eq!(ran.code, 0, "{format}: {}", ran.err);
        let told = match format {
            "json" => ran.json()["summary"]["baselined"] == baselined,
            "jsonl" => ran.out.contains(&format!("\"baselined\":{baselined},\"fixed\":{fixed}")),
            _ => ran.out.contains(&words),
        };
        assert!(told, "{format}: {}", ran.out);
        let split = if format == "html" { "<article class=\"card\"" } else { "heartbeat race" };
        assert!(!ran.out.contains(split), "{format} shows the known split: {}", ran.out);
        let plain = run(here, &["scan", "fleet", "--format", format]);
        assert!(!plain.out.contains("left out, known"), "{format}");
    }
}

#[test]
fn what_could_not_be_read_is_never_known() {
    let (tmp, _) = fleet();
    let here = tmp.path();
    let ran = run(here, &["scan", "fleet", "not-there", "--write-baseline", "known.json"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(!fs::read_to_string(here.join("known.json")).unwrap().contains("CF001"));
    for options in [&["--baseline", "known.json"][..], &["--ignore", "CF0"], &["--select", "CF2"], &["--fail-on", "none"]] {
        let ran = run(here, &[&["scan", "fleet", "not-there", "--format", "json"], options].concat());
        assert_eq!((ran.code, ran.json()["summary"]["unreadable"].as_u64()), (2, Some(1)), "{options:?}");
    }
}

#[test]
fn other_files_are_refused_before_anything_is_read() {
    let (tmp, root) = fleet();
    let here = tmp.path();
    fs::write(here.join("notes.txt"), "mine").unwrap();
    let ran = run(here, &["scan", "fleet", "--write-baseline", "notes.txt"]);
    assert!(ran.code == 2 && ran.out.is_empty() && ran.err.contains("notes.txt is no baseline"), "{}", ran.err);
    assert_eq!(fs::read_to_string(here.join("notes.txt")).unwrap(), "mine");
    for args in [["--baseline", "notes.txt"], ["--baseline", "none.json"]] {
        assert_eq!(run(here, &[&["scan", "fleet"][..], &args].concat()).code, 2, "{args:?}");
    }
    let inside = root.join("c/.openclaw/agents/main/sessions/known.json");
    let ran = run(here, &["scan", "fleet", "--write-baseline", inside.to_str().unwrap()]);
    assert!(ran.code == 2 && !inside.exists(), "{}", ran.err);
    for narrow in [["--since", "1d"], ["--until", "2026-01-01"], ["--agent", "main"], ["--select", "CF2"], ["--ignore", "CF2"]] {
        let ran = run(here, &[&["scan", "fleet", "--write-baseline", "known.json"][..], &narrow].concat());
        assert!(ran.code == 2 && !here.join("known.json").exists(), "{narrow:?}");
    }
    assert_eq!(fs::read_dir(here).unwrap().count(), 2, "nothing is left over");
}

#[test]
fn show_and_merge_know_of_no_baseline() {
    let (tmp, root) = fleet();
    let here = tmp.path();
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "known.json"]).code, 0);
    fs::write(root.join("clawfix.toml"), "baseline = \"../known.json\"\nselect = [\"CF2\"]\n").unwrap();
    assert_eq!(run(here, &["scan", "fleet"]).code, 0);
    let ran = run(here, &["merge", "fleet"]);
    assert!(ran.code == 0 && ran.out.contains("stitch c-61e00f7abb"), "{}{}", ran.out, ran.err);
    let ran = run(here, &["show", "fleet", "c-61e00f7abb"]);
    assert!(ran.out.contains("torn by heartbeat race"), "{}", ran.out);
}

/// All of the corpus, and every format of it.
#[test]
fn the_corpus_is_silent_when_it_is_known() {
    let tmp = tempfile::tempdir().unwrap();
    let corpus = corpus_dir();
    let corpus = corpus.to_str().unwrap();
    for options in [&[][..], &["--all", "--min-level", "possible"]] {
        let ran = run(tmp.path(), &[&["scan", corpus, "--write-baseline", "known.json"], options].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let ran =
            run(tmp.path(), &[&["scan", corpus, "--baseline", "known.json", "--format", "json", "--fail-on", "info"], options].concat());
        assert_eq!((ran.code, found(&ran.json()), splits(&ran.json())), (0, vec![], 0), "{options:?}");
        let table = run(tmp.path(), &[&["scan", corpus, "--baseline", "known.json"], options].concat()).out;
        assert!(table.starts_with("No new torn conversation.") && !table.contains("torn by") && !table.contains("rollover:"), "{table}");
    }
}
