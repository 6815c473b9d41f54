//! Which file holds, what is wrong in it, and what `clawfix config` prints.

use std::fs;

use super::run;
use crate::common::State;

#[test]
fn mistakes_are_told_with_their_place_and_what_was_meant() {
    let tmp = tempfile::tempdir().unwrap();
    for (text, wanted) in [
        ("selct = []", "clawfix.toml:1:1: unknown key \"selct\"; did you mean \"select\"?"),
        ("\n  min_level = \"certain\"", "clawfix.toml:2:3: unknown key \"min_level\"; did you mean \"min-level\"?"),
        ("small-gap = \"1m\"", "1:1: unknown key \"small-gap\"; did you mean \"thresholds.small-gap\"?"),
        ("[threshold]\nsmall-gap = \"1m\"", "1:2: unknown key \"threshold\"; did you mean \"thresholds\"?"),
        ("[thresholds]\nsmal-gap = \"1m\"", "2:1: unknown key \"thresholds.smal-gap\"; did you mean \"small-gap\"?"),
        ("thresholds = 3", "1:1: thresholds is a table: [thresholds]"),
        ("colour = true", "1:1: unknown key \"colour\"; `clawfix config` prints all keys"),
        ("select = \"CF1\"", "1:10: select: takes a list of strings, not a string"),
        ("select = [\"CF1\", 7]", "1:18: select: takes strings, not a whole number"),
        ("select = [\"CF1\",\n  \"torn-lime\"]", "2:3: select: \"torn-lime\": no rule is called so; did you mean CF201 (torn-line)?"),
        ("min-level = \"sure\"", "1:13: min-level: \"sure\" is none of possible, probable, certain"),
        ("min-level = \"certan\"", "did you mean \"certain\"?"),
        ("fail-on = true", "1:11: fail-on: takes a string, not true or false"),
        ("[severity]\nCF2 = \"off\"", "2:1: severity: \"CF2\" is a family; name its rules one by one"),
        ("[severity]\nCF201 = \"eror\"", "did you mean \"error\"?"),
        ("[severity]\nCF001 = \"off\"", "2:1: severity: CF001 cannot be off"),
        ("[thresholds]\nsmall-gap = 15", "2:13: thresholds.small-gap: takes a string, not a whole number"),
        ("[thresholds]\nsmall-gap = \"soon\"", "2:13: thresholds.small-gap: \"soon\" is no span"),
        ("[reset-policy]\ndaily-hour = 24", "2:14: reset-policy.daily-hour: 24 is not between 0 and 23"),
        ("[reset-policy]\ntime-zone = \"Europe/Berlim\"", "did you mean \"Europe/Berlin\"?"),
        ("media-roots = [\"not-there\"]", "not-there is no folder"),
        ("heartbeat-prompts = [\" * \"]", "an empty prompt would fit every text"),
        ("map = { \"\" = \"x\" }", "the path to map is empty"),
        ("select = [", "clawfix.toml:1:"),
        ("select = []\nselect = []", "clawfix.toml:2:1: "),
    ] {
        fs::write(tmp.path().join("clawfix.toml"), text).unwrap();
        for command in ["scan", "config", "merge", "relink", "repair"] {
            let ran = run(tmp.path(), &[command, "."]);
            assert_eq!(ran.code, 2, "{command} {text}: {}{}", ran.out, ran.err);
            assert!(ran.err.contains(wanted) && ran.out.is_empty(), "{text}: wanted {wanted}, got {}", ran.err);
        }
    }
    fs::write(tmp.path().join("clawfix.toml"), "a = 1\nfail-on = 2\nb = 3\n").unwrap();
    let ran = run(tmp.path(), &["config"]);
    assert_eq!(ran.err.lines().count(), 3, "all mistakes at once: {}", ran.err);
    assert_eq!(run(tmp.path(), &["config", "--isolated"]).code, 0);
}

#[test]
fn the_file_is_searched_above_the_root_and_then_above_the_working_folder() {
    let tmp = tempfile::tempdir().unwrap();
    let (data, work) = (tmp.path().join("data/state/agents"), tmp.path().join("work/deep"));
    fs::create_dir_all(&data).unwrap();
    fs::create_dir_all(&work).unwrap();
    let level = |args: &[&str]| {
        let ran = run(&work, &[&["config", "--format", "json"], args].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        (ran.json()["settings"]["min-level"]["value"].as_str().unwrap().to_owned(), ran.err)
    };
    let data = data.to_str().unwrap();
    assert_eq!(level(&[data]), ("probable".to_owned(), String::new()));
    fs::write(tmp.path().join("work/clawfix.toml"), "min-level = \"certain\"").unwrap();
    assert_eq!(level(&[data]), ("certain".to_owned(), String::new()), "above the working folder, which needs no telling");
    fs::write(tmp.path().join("data/clawfix.toml"), "min-level = \"possible\"").unwrap();
    let (found, note) = level(&[data]);
    assert!(found == "possible" && note.contains("settings of ") && note.contains("clawfix.toml"), "{found} {note}");
    assert_eq!(level(&[data, "--quiet"]), ("possible".to_owned(), String::new()));
    assert_eq!(level(&[]).0, "certain");
    assert_eq!(level(&[data, "--isolated"]).0, "probable");
    assert_eq!(level(&[data, "--min-level", "certain"]).0, "certain", "the command line comes first");
    fs::write(work.join("own.toml"), "min-level = \"certain\"").unwrap();
    assert_eq!(level(&[data, "--config", "own.toml"]).0, "certain");
    let ran = run(&work, &["scan", data, "--config", "missing.toml"]);
    assert!(ran.code == 2 && ran.err.contains("cannot read ") && ran.err.contains("missing.toml"), "{}", ran.err);
    assert_eq!(run(&work, &["scan", data, "--config", "own.toml", "--isolated"]).code, 2);
}

#[test]
fn a_file_among_the_transcripts_holds_only_where_there_is_no_other() {
    let tmp = tempfile::tempdir().unwrap();
    let (data, work) = (tmp.path().join("work/backup/host"), tmp.path().join("work"));
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("clawfix.toml"), "min-level = \"possible\"").unwrap();
    let level = |folder: &std::path::Path, args: &[&str]| {
        let ran = run(folder, &[&["config", "--format", "json", "--quiet"], args].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        (ran.json()["settings"]["min-level"]["value"].as_str().unwrap().to_owned(), ran.err)
    };
    let (found, note) = level(&work, &["backup/host"]);
    assert!(found == "possible" && note.contains("lies inside of what is scanned"), "told even with --quiet: {found} {note}");
    fs::write(work.join("clawfix.toml"), "min-level = \"certain\"").unwrap();
    for args in [&["backup/host"][..], &["backup"], &["backup/host", "backup"], &["backup/host/clawfix.toml"]] {
        assert_eq!(level(&work, args), ("certain".to_owned(), String::new()), "{args:?}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let (found, note) = level(elsewhere.path(), &[data.to_str().unwrap()]);
    assert_eq!((found.as_str(), note.as_str()), ("certain", ""), "above the data before inside of it");
}

#[test]
fn what_is_printed_makes_the_same_settings() {
    let tmp = tempfile::tempdir().unwrap();
    let text = clawfix::config::keys::KEYS.iter().map(|key| format!("{}\n", key.example)).collect::<String>();
    fs::write(tmp.path().join("clawfix.toml"), &text).unwrap();
    let values = |args: &[&str]| {
        let mut settings = run(tmp.path(), &[&["config", "--format", "json"], args].concat()).json()["settings"].take();
        for setting in settings.as_object_mut().unwrap().values_mut() {
            assert!(setting["value"].is_null() != setting["unset"].is_null(), "{setting}");
            setting.as_object_mut().unwrap().remove("sources");
        }
        settings
    };
    let first = values(&[]);
    assert!(first.as_object().unwrap().values().all(|setting| !setting["value"].is_null()), "every key is set: {first}");
    let printed = run(tmp.path(), &["config"]).out;
    assert!(printed.contains("min-level = \"certain\"  # clawfix.toml:3\n"), "{printed}");
    fs::write(tmp.path().join("again.toml"), &printed).unwrap();
    assert_eq!(values(&["--config", "again.toml"]), first);
    // So is what holds without any file.
    let printed = run(tmp.path(), &["config", "--isolated"]).out;
    assert!(printed.contains("\n# select: every rule  # default\n") && printed.contains("fail-on = \"warning\"  # default\n"), "{printed}");
    fs::write(tmp.path().join("again.toml"), &printed).unwrap();
    assert_eq!(values(&["--config", "again.toml"]), values(&["--isolated"]));
}

#[test]
fn the_command_line_comes_before_the_file() {
    let placed = State::corpus("2026.1.24-3-tseed").place();
    fs::write(placed.home.join("clawfix.toml"), "select = [\"CF2\"]\nignore = [\"CF201\"]\nmap = { \"/a\" = \"/b\", \"/c\" = \"/d\" }\n")
        .unwrap();
    let settings = |args: &[&str]| run(&placed.home, &[&["config", "--format", "json"], args].concat()).json()["settings"].take();
    let file = serde_json::json!({ "source": "file", "line": 2 });
    let line = serde_json::json!({ "source": "command-line", "line": null });
    let both = settings(&["--ignore", "CF202", "--map", "/a=/x"]);
    assert_eq!(both["ignore"]["value"], serde_json::json!(["CF201", "CF202"]));
    assert_eq!(both["ignore"]["sources"], serde_json::json!([file, line]));
    assert_eq!(both["map"]["value"], serde_json::json!({ "/a": "/x", "/c": "/d" }));
    let own = settings(&["--select", "CF1"]);
    assert_eq!((&own["select"]["value"], &own["ignore"]["value"]), (&serde_json::json!(["CF1"]), &serde_json::Value::Null));
    assert_eq!(run(&placed.home, &["scan", "."]).code, 0, "the file takes CF2 only");
    assert_eq!(run(&placed.home, &["scan", ".", "--select", "CF1"]).code, 1);
}
