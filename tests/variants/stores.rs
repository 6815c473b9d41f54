//! Stores as they are found: torn, empty, lax, written on another system, bare, or with other keys.

use serde_json::{Value, json};

use crate::common::build::{ERAS, JAY, MIA, MINUTE, SECOND, Talk};
use crate::common::retime::ms;
use crate::common::{State, corpus, each_case, each_folder, scan, splits};

/// Scans every folder with other bytes for a store and holds the splits against the label.
fn with_store(what: &str, change: impl Fn(&State) -> Vec<u8>) {
    for state in corpus() {
        let placed = state.place();
        std::fs::write(placed.sessions.join("sessions.json"), change(&state)).unwrap();
        let pairs = splits(&scan(&[&placed.home], &[]).json).iter().map(|s| (s.from.clone(), s.to.clone())).collect();
        assert_eq!(state.expected(), pairs, "{what}: {}", state.name);
    }
}

#[test]
fn torn_empty_or_foreign_stores() {
    let text = |state: &State| serde_json::to_string_pretty(state.store.as_ref().unwrap()).unwrap();
    with_store("torn", |state| text(state).as_bytes()[..text(state).len() / 2].to_vec());
    with_store("no bytes", |_| Vec::new());
    with_store("an empty object", |_| b"{}".to_vec());
    with_store("a list", |_| b"[1, 2]".to_vec());
    with_store("no text", |_| vec![0xff; 300]);
    with_store("json5", |state| format!("// kept by hand\n{},}}\n", text(state).trim_end().trim_end_matches('}')).into_bytes());
}

/// Fields that are optional in practice: most entries of real stores name no file.
#[test]
fn bare_entries() {
    each_folder("only ids", |state| {
        for entry in state.store.as_mut().unwrap().as_object_mut().unwrap().values_mut() {
            *entry = json!({"sessionId": entry["sessionId"], "updatedAt": entry["updatedAt"]});
        }
    });
}

#[test]
fn fields_of_wrong_types() {
    each_folder("wrong types", |state| {
        for entry in state.store.as_mut().unwrap().as_object_mut().unwrap().values_mut() {
            for field in ["origin", "deliveryContext", "updatedAt", "chatType", "usageFamilySessionIds", "lastTo", "sessionFile"] {
                entry[field] = json!(7);
            }
        }
    });
}

/// The founding report came from Windows.
#[test]
fn windows_paths() {
    each_folder("windows", |state| {
        state.map_strings(&|text| {
            if !text.contains("/home/jay") {
                return text.to_owned();
            }
            let mut out = String::new();
            let mut rest = text;
            while let Some(at) = rest.find("/home/jay") {
                let end = rest[at..].find([' ', ')', ']', '"']).map_or(rest.len(), |end| at + end);
                out.push_str(&rest[..at]);
                out.push_str(&rest[at..end].replacen("/home/jay", "C:\\Users\\Jay", 1).replace('/', "\\"));
                rest = &rest[end..];
            }
            out + rest
        });
        // The pointers are JSON within JSON's own escapes; a path with backslashes would need them doubled.
        state.others.retain(|path, _| !path.ends_with(".json"));
    });
}

/// Unknown keys and entries beside, with ids of files that are not there.
#[test]
fn entries_of_sessions_that_are_gone() {
    each_folder("gone", |state| {
        let store = state.store.as_mut().unwrap();
        for n in 0..40 {
            store[format!("agent:main:telegram:group:-9{n}")] = json!({"sessionId": format!("gone-{n}"), "updatedAt": 1});
            store[format!("agent:main:cron:job-{n}")] = json!({"sessionId": format!("gone-c{n}"), "updatedAt": 1});
            store[format!("what:is:this:{n}")] = json!(null);
        }
    });
}

/// Lists of lineage that were not carried on: they are newer than the seam.
#[test]
fn without_lineage() {
    each_folder("no lineage", |state| {
        for entry in state.store.as_mut().unwrap().as_object_mut().unwrap().values_mut() {
            let map = entry.as_object_mut().unwrap();
            map.retain(|field, _| !field.starts_with("usageFamily"));
        }
    });
}

/// Two direct chats, the one after the other, tied by the exit of a command. The main key may hold both; a key of each
/// peer's own may not.
#[test]
fn two_peers_under_the_main_key_or_under_their_own() {
    let at = ms("2026-02-03T18:00:00.000Z");
    let era = ERAS[0];
    let halves = |first: &str, second: &str| {
        let a = Talk::at(era, 1, at).key(first).says(at + SECOND, "one").exec(at + MINUTE, "brisk-gulf");
        let from = at + 4 * MINUTE;
        let b = Talk::at(era, 2, from).key(second).chat(&MIA);
        (a, b.heartbeat(from + 10, &Talk::notice(from - 9_000, "brisk-gulf")).says(from + MINUTE, "two").says(from + 2 * MINUTE, "three"))
    };
    let (a, b) = halves("agent:main:main", "agent:main:main");
    let mut shared = State::case("one main key", era);
    let (from, to) = (shared.put(&a), shared.put_live(&b));
    let shared = shared.torn(&[from, to]);

    let (a, b) = halves("agent:main:telegram:dm:7016642", "agent:main:telegram:dm:8800111");
    let mut own = State::case("a key for each peer", era);
    own.put(&a);
    own.put_live(&b);
    let mut bound = State::case("both bound", era);
    bound.put_live(&a);
    bound.put_live(&b);
    each_case(&[shared, own, bound]);
}

/// The store still binds the older session to another key than the newer one's.
#[test]
fn bound_elsewhere() {
    each_folder("bound elsewhere", |state| {
        for chain in std::mem::take(&mut state.splits) {
            let id = chain[0].split(".jsonl").next().unwrap().to_owned();
            // An archive cannot be bound: a key points at live transcripts.
            let live = chain[0].ends_with(".jsonl");
            if live {
                state.bind("agent:main:telegram:dm:7016642", &id, 1_795_330_631_729, &JAY);
            } else {
                state.splits.push(chain);
            }
        }
    });
}

/// The ids of the older half in the list of another key's conversation.
#[test]
fn lineage_alone_makes_no_split() {
    each_folder("lineage", |state| {
        if state.scenario != "manual" && state.scenario != "tidle" {
            return;
        }
        let ids: Vec<Value> = state.transcripts.keys().map(|name| json!(name.split(".jsonl").next().unwrap())).collect();
        state.store.as_mut().unwrap()["agent:main:main"]["usageFamilySessionIds"] = json!(ids);
    });
}
