//! The same talk written otherwise: older formats, missing times, other line ends, and several changes at once.

use serde_json::{Value, json};

use crate::common::build::{DAY, HOUR, MINUTE};
use crate::common::retime::{shift, stretch};
use crate::common::{State, corpus, each_folder, scan, splits};

/// Version 1 has no ids and no parents: a plain sequence.
#[test]
fn version_1() {
    each_folder("version 1", |state| {
        for line in state.transcripts.values_mut().flatten() {
            let map = line.as_object_mut().unwrap();
            if map["type"] == "session" {
                map.remove("version");
            } else {
                map.remove("id");
                map.remove("parentId");
            }
        }
    });
}

/// Without times of its entries a turn is as old as its message's arrival, which comes before the run that the trajectory
/// tells of; what set off E3 `stale`'s turns can then not be told.
#[test]
fn without_entry_times() {
    each_folder("no entry times", |state| {
        for line in state.transcripts.values_mut().flatten().filter(|line| line["type"] == "message") {
            line.as_object_mut().unwrap().remove("timestamp");
        }
        if state.name == "2026.7.35-stale" {
            state.splits.clear();
        }
    });
}

/// E3 `stale` rests on the moment at which its first message arrived, against that of the archive: without it nothing
/// tells whether the message or a wish before it set off the reset.
#[test]
fn without_message_times() {
    each_folder("no message times", |state| {
        for line in state.transcripts.values_mut().flatten().filter(|line| line["type"] == "message") {
            line["message"].as_object_mut().unwrap().remove("timestamp");
        }
        if state.name == "2026.7.35-stale" {
            state.splits.clear();
        }
    });
}

#[test]
fn without_header_times() {
    each_folder("no header times", |state| {
        for lines in state.transcripts.values_mut() {
            lines[0].as_object_mut().unwrap().remove("timestamp");
        }
    });
}

/// A transcript that was re-created has no header; its name tells the id.
#[test]
fn without_headers() {
    each_folder("no headers", |state| {
        for lines in state.transcripts.values_mut() {
            lines.remove(0);
        }
    });
}

/// Entries of types that nobody knows yet, and labels, models and names between the turns.
#[test]
fn other_entries_between() {
    each_folder("other entries", |state| {
        for (name, lines) in &mut state.transcripts {
            let mut out = Vec::new();
            for (n, line) in std::mem::take(lines).into_iter().enumerate() {
                let (at, parent) = (line["timestamp"].clone(), line["id"].clone());
                out.push(line);
                let entries = [
                    json!({"type": "holography", "payload": {"type": "message"}}),
                    json!({"type": "session_info", "name": "talk"}),
                    json!({"type": "label", "targetId": parent, "label": "x"}),
                    json!({"type": "custom", "customType": "openclaw.cache-ttl", "data": {"n": n}}),
                ];
                for (k, mut entry) in entries.into_iter().enumerate().filter(|_| n > 0) {
                    entry["id"] = json!(format!("{}{n}{k}", &name[..4]));
                    entry["parentId"] = Value::Null;
                    entry["timestamp"] = at.clone();
                    out.push(entry);
                }
            }
            *lines = out;
        }
    });
}

/// Line ends of another system, empty lines, and no newline at the end.
#[test]
fn other_line_ends() {
    for state in corpus() {
        let placed = state.place();
        for name in state.transcripts.keys() {
            let path = placed.sessions.join(name);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text.replace('\n', "\r\n\r\n").trim_end()).unwrap();
        }
        let pairs = splits(&scan(&[&placed.home], &[]).json).iter().map(|s| (s.from.clone(), s.to.clone())).collect();
        assert_eq!(state.expected(), pairs, "{}", state.name);
    }
}

/// Several changes at once, as real directories have them.
#[test]
fn several_changes_at_once() {
    let channel = |state: &mut State| {
        state
            .map_strings(&|text| text.replace("[Telegram ", "[Discord ").replace("telegram", "discord").replace("7016642", "112233445566"));
    };
    let no_trajectory = |state: &mut State| {
        state.trajectories.clear();
        state.others.retain(|path, _| !path.contains("trajectory"));
    };
    each_folder("channel, days, minutes, no media", |state| {
        channel(state);
        shift(state, 4 * DAY + 2 * HOUR);
        stretch(state, if state.scenario.starts_with('t') { 2 } else { 60 });
        state.others.retain(|path, _| !path.starts_with("media/"));
    });
    each_folder("channel, no store, minutes", |state| {
        channel(state);
        state.store = None;
        stretch(state, if state.scenario.starts_with('t') { 3 } else { 30 });
    });
    each_folder("no trajectory, days, lax store", |state| {
        no_trajectory(state);
        shift(state, 6 * DAY + 37 * MINUTE);
        for entry in state.store.as_mut().unwrap().as_object_mut().unwrap().values_mut() {
            entry.as_object_mut().unwrap().remove("sessionFile");
            entry.as_object_mut().unwrap().remove("origin");
        }
    });
    each_folder("archived by the doctor, no store, channel", |state| {
        channel(state);
        state.store = None;
        for chain in state.splits.clone() {
            let live = format!("{}.jsonl", chain[0].split(".jsonl").next().unwrap());
            state.rename(&chain[0], &format!("{live}.deleted.2026-12-01T08-00-00.000Z"));
        }
    });
}
