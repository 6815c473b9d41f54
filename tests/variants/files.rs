//! The same transcripts with other files around them: no store, no trajectory, archives, touched files.

use std::time::{Duration, SystemTime};

use crate::common::build::{DAY, SECOND};
use crate::common::retime::{ms, stamp};
use crate::common::{State, corpus, each_folder, scan, splits};

fn drop_trajectories(state: &mut State) {
    state.trajectories.clear();
    state.others.retain(|path, _| !path.contains(".trajectory"));
}

#[test]
fn no_store() {
    each_folder("no store", |state| state.store = None);
}

#[test]
fn no_trajectory() {
    each_folder("no trajectory", drop_trajectories);
}

#[test]
fn neither_store_nor_trajectory() {
    each_folder("neither", |state| {
        drop_trajectories(state);
        state.store = None;
    });
}

#[test]
fn no_media() {
    each_folder("no media", |state| state.others.retain(|path, _| !path.starts_with("media/")));
}

/// The time of the last line of a file.
fn last(state: &State, name: &str) -> i64 {
    state.transcripts[name].iter().filter_map(|line| line["timestamp"].as_str()).map(ms).max().unwrap()
}

/// Archives the older half of every split, `after` ms behind the newer half's start.
fn archive(state: &mut State, kind: &str, after: i64) {
    for chain in state.splits.clone() {
        let start = ms(state.transcripts[&chain[1]][0]["timestamp"].as_str().unwrap());
        let at = (start + after).max(last(state, &chain[0]) + 1);
        let live = format!("{}.jsonl", chain[0].split(".jsonl").next().unwrap());
        state.rename(&chain[0], &format!("{live}.{kind}.{}", stamp(at)));
    }
}

/// The doctor calls the forgotten half an orphan and renames it days later; a person copies it away. That says nothing
/// of how it was torn.
#[test]
fn archived_days_later() {
    for kind in ["reset", "deleted", "bak"] {
        each_folder(kind, |state| archive(state, kind, 3 * DAY));
    }
}

/// Archived in the moment of the seam, with an event that opened the newer half: a rollover that the event set off, as
/// it happens to an active chat whose store clock is stale.
#[test]
fn archived_at_the_seam_by_an_event() {
    for kind in ["reset", "bak"] {
        each_folder(kind, |state| {
            if state.scenario != "stale" || !state.name.starts_with("2026.7") {
                archive(state, kind, -20);
            }
        });
    }
}

/// Archived a minute before a person's words opened the newer half: somebody asked for it. Of the corpus, only E3 `stale`
/// has a newer half that a person opened; archived before the words came, it is `/new`.
#[test]
fn archived_before_a_person_spoke() {
    let mut state = State::corpus("2026.7.35-stale");
    archive(&mut state, "reset", -40 * SECOND);
    // The last line of the older half is earlier than that by seconds only.
    state.splits.clear();
    state.verdict().unwrap();
}

/// Times of files are never trusted.
#[test]
fn scrambled_file_times() {
    for state in corpus() {
        let placed = state.place();
        for (at, name) in state.transcripts.keys().chain(state.trajectories.keys()).enumerate() {
            let file = std::fs::File::options().write(true).open(placed.sessions.join(name)).unwrap();
            let days = (u64::try_from(at).unwrap() * 7919) % 900;
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + days * 86_400)).unwrap();
        }
        let found = splits(&scan(&[&placed.home], &[]).json);
        let pairs = found.iter().map(|s| (s.from.clone(), s.to.clone())).collect();
        assert_eq!(state.expected(), pairs, "{}", state.name);
    }
}

/// An agent's folder that lies beside another with the same content: nothing is tied across agents.
#[test]
fn two_agents_with_the_same_content() {
    for state in corpus() {
        let placed = state.place();
        let mut twin = state.clone();
        "twin".clone_into(&mut twin.agent);
        twin.map_strings(&|text| text.replace("agent:main:", "agent:twin:"));
        twin.write(&placed.home);
        let run = scan(&[&placed.home], &[]);
        assert_eq!(splits(&run.json).len(), 2 * state.expected().len(), "{}", state.name);
        for seam in crate::common::seams(&run.json) {
            let folder = |end: &str| std::path::Path::new(seam[end].as_str().unwrap()).parent().unwrap().to_owned();
            assert_eq!(folder("from"), folder("to"));
        }
    }
}

/// A copy of a transcript beside it (a backup before a repair) is no session of its own.
#[test]
fn copies_beside_the_originals() {
    each_folder("copies", |state| {
        for (name, lines) in state.transcripts.clone() {
            let live = name.split(".jsonl").next().unwrap();
            for copy in [format!("{live}.jsonl.bak-4711-1795330631729"), format!("{live}.jsonl.bak.2026-12-24T10-00-00.000Z")] {
                state.transcripts.insert(copy, lines.clone());
            }
        }
    });
}

/// Lines that a crash left torn, and foreign lines, do not hide a split.
#[test]
fn damaged_lines() {
    for state in corpus() {
        let placed = state.place();
        for name in state.transcripts.keys() {
            let path = placed.sessions.join(name);
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(5).unwrap().0;
            bytes.splice(middle..middle, *b"\n{\"type\":\"message\",\"id\":\"torn\n\0\0\0\0\n\xff\xfe\n[1]");
            bytes.extend_from_slice(b"{\"type\":\"mess");
            std::fs::write(&path, bytes).unwrap();
        }
        let run = scan(&[&placed.home], &[]);
        let pairs = splits(&run.json).iter().map(|s| (s.from.clone(), s.to.clone())).collect();
        assert_eq!(state.expected(), pairs, "{}", state.name);
        assert_eq!(run.code, 1, "{}: the torn lines are findings", state.name);
    }
}
