//! Every corpus folder as it is: the splits are exactly those of its label, and nothing else is wrong with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use common::{Split, State, corpus, corpus_dir, scan, seams, splits};

/// The causes a person would agree with, by scenario.
fn causes(scenario: &str) -> &'static [&'static str] {
    match scenario {
        "race" | "stale" | "tseed" => &["heartbeat-race", "exec-notification-race"],
        _ => &[],
    }
}

fn hold(state: &State, found: &[Split]) {
    let pairs: BTreeSet<(String, String)> = found.iter().map(|s| (s.from.clone(), s.to.clone())).collect();
    assert_eq!(pairs, state.expected(), "{}", state.name);
    assert_eq!(found.len(), pairs.len(), "{}: none is told twice", state.name);
    for split in found {
        assert!(["certain", "probable"].contains(&split.level.as_str()), "{}: {split:?}", state.name);
        assert!(causes(&state.scenario).contains(&split.cause.as_str()), "{}: {split:?}", state.name);
    }
}

#[test]
fn every_folder_has_exactly_the_splits_of_its_label() {
    for state in corpus() {
        let folder = corpus_dir().join(&state.name);
        let run = scan(&[&folder], &[]);
        hold(&state, &splits(&run.json));
        assert_eq!(run.code, i32::from(!state.splits.is_empty()), "{}: {}", state.name, run.stderr);
        let torn = state.expected().len();
        assert_eq!(run.json["summary"]["splits"], torn, "{}", state.name);
        assert_eq!(run.json["summary"]["unreadable"], 0, "{}", state.name);
        let findings = run.json["findings"].as_array().unwrap();
        let (about_splits, rest): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding["rule"] == "CF101");
        assert_eq!(about_splits.len(), torn, "{}: every split is a finding", state.name);
        assert!(about_splits.iter().all(|f| f["severity"] != "info" && f["conversation"].is_string()), "{}", state.name);
        assert!(rest.iter().all(|finding| finding["severity"] == "info"), "{}: {rest:#?}", state.name);
    }
}

#[test]
fn what_the_labels_call_innocent_is_named_so() {
    for state in corpus() {
        let run = scan(&[&corpus_dir().join(&state.name)], &["--all", "--min-level", "possible"]);
        let kinds: BTreeSet<&str> = seams(&run.json).map(|seam| seam["kind"].as_str().unwrap()).collect();
        let expected: &[&str] = match state.scenario.as_str() {
            "race" | "stale" | "tseed" => &["split"],
            "manual" => &["reset"],
            "tidle" => &["rollover"],
            "groups" => &[],
            other => panic!("an unknown scenario: {other}"),
        };
        assert_eq!(kinds, expected.iter().copied().collect(), "{}", state.name);
    }
}

#[test]
fn all_folders_at_once_give_the_same() {
    let states = corpus();
    let folders: Vec<PathBuf> = states.iter().map(|state| corpus_dir().join(&state.name)).collect();
    for paths in [vec![corpus_dir()], folders] {
        let paths: Vec<&std::path::Path> = paths.iter().map(PathBuf::as_path).collect();
        let run = scan(&paths, &[]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        let mut by_pair: BTreeMap<(String, String), Split> = BTreeMap::new();
        for split in splits(&run.json) {
            assert!(by_pair.insert((split.from.clone(), split.to.clone()), split).is_none());
        }
        for state in &states {
            let found: Vec<Split> = state.expected().iter().filter_map(|pair| by_pair.remove(pair)).collect();
            hold(state, &found);
        }
        assert!(by_pair.is_empty(), "splits that no label knows: {by_pair:?}");
        let transcripts: usize = states.iter().map(|state| state.transcripts.len()).sum();
        let summary = &run.json["summary"];
        assert_eq!(summary["transcripts"].as_u64().unwrap() + summary["archives"].as_u64().unwrap(), transcripts as u64);
    }
}

#[test]
fn a_sessions_folder_or_the_files_alone_give_the_same() {
    for state in corpus().iter().filter(|state| !state.splits.is_empty()) {
        let placed = state.place();
        hold(state, &splits(&scan(&[&placed.sessions], &[]).json));
        let files: Vec<PathBuf> = state.transcripts.keys().map(|name| placed.sessions.join(name)).collect();
        let files: Vec<&std::path::Path> = files.iter().map(PathBuf::as_path).collect();
        hold(state, &splits(&scan(&files, &[]).json));
    }
}
