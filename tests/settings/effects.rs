//! Every key reaches what it is for: with it the report is another one.

use std::fs;

use clawfix::config::keys::KEYS;
use serde_json::Value;

use super::{Ran, found, run};
use crate::common::{Placed, State, seams};

/// Scans under a `clawfix.toml`.
fn under(placed: &Placed, toml: &str) -> Ran {
    fs::write(placed.home.join("clawfix.toml"), toml).unwrap();
    let ran = run(&placed.home, &["scan", ".", "--format", "json", "--all"]);
    assert!(ran.code < 2, "{toml}: {}", ran.err);
    ran
}

/// The codes of the evidence on the only seam.
fn evidence(report: &Value) -> Vec<String> {
    let mut codes: Vec<String> =
        seams(report).flat_map(|seam| seam["evidence"].as_array().unwrap()).map(|item| item["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes
}

fn has(ran: &Ran, code: &str) -> bool {
    evidence(&ran.json()).iter().any(|known| known == code)
}

fn kinds(ran: &Ran) -> Vec<String> {
    seams(&ran.json()).map(|seam| seam["kind"].as_str().unwrap().to_owned()).collect()
}

/// A test below for every key that is declared.
#[test]
fn every_key_is_tried() {
    let source = include_str!("effects.rs");
    for key in KEYS {
        let (table, last) = key.name.split_once('.').unwrap_or(("", key.name));
        let tried =
            source.contains(&format!("{last} = ")) || source.contains(&format!("[{last}]")) || source.contains(&format!("{} = ", key.name));
        assert!(tried && source.contains(table), "{}", key.name);
    }
}

#[test]
fn select_ignore_and_severity() {
    let mut state = State::corpus("2026.1.24-3-tseed");
    // A second header, so that there are findings of two families.
    let lines = state.transcripts.values_mut().next().unwrap();
    lines.push(lines[0].clone());
    let placed = state.place();
    let rules = |toml: &str| found(&under(&placed, toml).json()).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>();
    let all = rules("");
    assert!(all.iter().any(|rule| rule == "CF101") && all.iter().any(|rule| rule == "CF212"), "{all:?}");
    assert_eq!(rules("select = [\"CF1\"]"), ["CF101"]);
    assert_eq!(rules("select = [\"torn-conversation\"]"), ["CF101"]);
    assert!(!rules("ignore = [\"CF101\"]").contains(&"CF101".to_owned()));
    assert!(!rules("[severity]\nCF101 = \"off\"").contains(&"CF101".to_owned()));
    let mild = under(&placed, "select = [\"CF101\"]\nseverity = { torn-conversation = \"info\" }");
    assert_eq!((found(&mild.json()), mild.code), (vec![("CF101".to_owned(), "info".to_owned())], 0));
    // A split whose rule is off is not shown by another way, and nothing says that there is none.
    let off = run(&placed.home, &["scan", ".", "--isolated", "--ignore", "CF1"]);
    assert!(!off.out.contains("torn by") && off.out.starts_with("Torn conversations were not looked for"), "{}", off.out);
    let off = run(&placed.home, &["scan", ".", "--isolated", "--ignore", "CF1", "--format", "json"]).json();
    assert_eq!((seams(&off).count(), &off["summary"]["splits"]), (0, &0.into()));
    // `repair` heeds them, too.
    let plan = |toml: &str| {
        fs::write(placed.home.join("clawfix.toml"), toml).unwrap();
        run(&placed.home, &["repair", "."]).out
    };
    assert!(plan("").contains("CF212"));
    for toml in ["select = [\"CF3\"]", "ignore = [\"repeated-header\"]", "severity = { CF212 = \"off\" }"] {
        assert!(!plan(toml).contains("CF212"), "{toml}");
    }
}

#[test]
fn rules_on_request_run_when_they_are_named() {
    let placed = State::corpus("2026.2.26-tidle").place();
    let rules = |args: &[&str]| {
        let found = found(&run(&placed.home, &[&["scan", ".", "--format", "json"], args].concat()).json());
        found.iter().filter(|(rule, _)| rule == "CF104").count()
    };
    assert_eq!((rules(&[]), rules(&["--select", "CF1"]), rules(&["--select", "CF104"]), rules(&["--select", "rollover"])), (0, 0, 1, 1));
    let table = run(&placed.home, &["scan", ".", "--select", "CF104"]).out;
    assert!(table.contains("rollover"), "{table}");
}

#[test]
fn min_level_and_fail_on() {
    // A split that is probable.
    let placed = State::corpus("2026.7.35-stale").place();
    assert_eq!(kinds(&under(&placed, "")), ["split"]);
    let strict = under(&placed, "min-level = \"certain\"");
    assert_eq!((kinds(&strict).len(), &strict.json()["summary"]["splits_left_out"]), (0, &1.into()));
    assert_eq!(under(&placed, "").code, 1);
    for (word, code) in [("none", 0), ("info", 1), ("warning", 1), ("error", 0)] {
        assert_eq!(under(&placed, &format!("fail-on = \"{word}\"")).code, code, "{word}");
    }
    let plan = |toml: &str| {
        fs::write(placed.home.join("clawfix.toml"), toml).unwrap();
        run(&placed.home, &["merge", "."]).out
    };
    assert_ne!(plan(""), plan("min-level = \"certain\""), "merge heeds it");
}

#[test]
fn baseline() {
    let placed = State::corpus("2026.1.24-3-race").place();
    assert_eq!(run(&placed.home, &["scan", ".", "--all", "--write-baseline", "known.json"]).code, 0);
    assert_eq!(under(&placed, "").code, 1);
    let ran = under(&placed, "baseline = \"known.json\"");
    assert_eq!((ran.code, found(&ran.json())), (0, vec![]));
}

#[test]
fn media_roots_and_map() {
    let mut state = State::corpus("2026.7.35-tseed");
    let media: Vec<(String, Vec<u8>)> =
        state.others.iter().filter(|(path, _)| path.contains("media/")).map(|(p, b)| (p.clone(), b.clone())).collect();
    assert!(media.len() >= 2);
    state.others.retain(|path, _| !path.contains("media/"));
    let placed = state.place();
    // Where each lay by the transcript's own word, with another beginning.
    let written = state.transcripts.values().flatten().filter_map(|line| line["message"]["MediaPath"].as_str());
    let below = written.filter_map(|path| path.strip_prefix("/home/jay/clawd/")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(below.len(), 2);
    for below in below {
        let name = below.rsplit('/').next().unwrap();
        let (_, bytes) = media.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        let path = placed.tmp.path().join("moved").join(&below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let missing = |toml: &str| -> u64 {
        let report = under(&placed, toml).json();
        let segments = report["conversations"].as_array().unwrap().iter().flat_map(|held| held["segments"].as_array().unwrap());
        segments.map(|segment| segment["images"]["missing"].as_u64().unwrap()).sum()
    };
    assert_eq!(missing(""), 2);
    assert_eq!(missing("media-roots = [\"../../moved/media\"]"), 0, "relative to the file");
    assert_eq!(missing("[map]\n\"/home/jay/clawd\" = \"../../moved\""), 0);
    assert_eq!(missing("map = { \"/home/jim\" = \"../../moved\" }"), 2);
}

#[test]
fn heartbeat_prompts() {
    let mut state = State::corpus("2026.1.24-3-race");
    state.map_strings(&|text| {
        text.replace("Read HEARTBEAT.md if it exists", "It is noon. Look after the garden").replace("HEARTBEAT_OK", "All is well")
    });
    let placed = state.place();
    assert!(!has(&under(&placed, ""), "E201"), "nothing tells that it is a heartbeat");
    assert!(has(&under(&placed, "heartbeat-prompts = [\"It is *. Look after\"]"), "E201"));
    assert!(!has(&under(&placed, "heartbeat-prompts = [\"Look after\"]"), "E201"), "not at the beginning");
}

#[test]
fn thresholds() {
    let placed = State::corpus("2026.1.24-3-tseed").place();
    let gaps = |toml: &str| {
        let ran = under(&placed, toml);
        (has(&ran, "E202"), has(&ran, "E203"))
    };
    // The gap is 72 s, and the older half has longer pauses.
    assert_eq!(gaps(""), (true, false));
    assert_eq!(gaps("[thresholds]\nsmall-gap = \"1m\""), (false, true));
    assert_eq!(gaps("[thresholds]\nsmall-gap = \"1m\"\nshort-gap = \"70s\""), (false, false));
    assert_eq!(gaps("thresholds.short-gap = \"70s\""), (true, false));
}

#[test]
fn the_reset_policy() {
    // An idle policy began the newer session after 61 minutes.
    let placed = State::corpus("2026.2.26-tidle").place();
    let plain = under(&placed, "");
    assert_eq!(kinds(&plain), ["rollover"]);
    let at = seams(&plain.json()).next().unwrap()["at"].as_str().unwrap().to_owned();
    let hour: u32 = at[11..13].parse().unwrap();
    let policy = |text: &str| under(&placed, &format!("[reset-policy]\n{text}"));
    let none = policy("mode = \"none\"");
    assert!(!["E401", "E402", "E403"].iter().any(|code| has(&none, code)) && kinds(&none) != ["rollover"], "{:?}", kinds(&none));
    assert!(has(&policy("mode = \"idle\"\nidle-minutes = 60"), "E402"));
    assert!(!has(&policy("mode = \"idle\"\nidle-minutes = 70"), "E402"));
    assert!(has(&policy("idle-minutes = 60"), "E402"), "beside the daily reset that holds by default");
    let daily = |hour: u32, zone: &str| policy(&format!("mode = \"daily\"\ndaily-hour = {hour}\ntime-zone = \"{zone}\""));
    assert!(has(&daily(hour, "UTC"), "E401"));
    assert!(!has(&daily((hour + 3) % 24, "UTC"), "E401"), "another hour");
    assert!(!has(&daily(hour, "+03:00"), "E401"), "another zone");
    assert!(has(&daily((hour + 3) % 24, "+03:00"), "E401"));
    assert!(has(&daily((hour + 9) % 24, "Asia/Tokyo"), "E401"), "a name");
}
