//! Other channels, other ids.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::build::uuid;
use crate::common::{State, each_folder};

/// Channel word of the envelope, of the store, the owner's envelope label and id, and the two groups' ids.
type Channel = (&'static str, &'static str, &'static str, &'static str, [&'static str; 2]);

const CHANNELS: &[Channel] = &[
    ("WhatsApp", "whatsapp", "+14155550100", "+14155550100", ["120363000000000001@g.us", "120363000000000002@g.us"]),
    (
        "WhatsApp",
        "whatsapp",
        "14155550100@s.whatsapp.net",
        "14155550100@s.whatsapp.net",
        ["120363000000000001@g.us", "120363000000000002@g.us"],
    ),
    ("Discord", "discord", "Jay (@jay) id:112233445566778899", "112233445566778899", ["998877665544332211", "998877665544332212"]),
    ("Slack", "slack", "Jay id:U024BE7LH", "U024BE7LH", ["C024BE91L", "C024BE92M"]),
    ("Signal", "signal", "Jay id:+14155550100", "+14155550100", ["group.abc=", "group.def="]),
    ("iMessage", "imessage", "jay@example.com", "jay@example.com", ["chat_id:41", "chat_id:42"]),
    ("Feishu", "feishu", "ou_7d8a6e6df7621556ce0d21922b676706", "ou_7d8a6e6df7621556ce0d21922b676706", ["oc_a", "oc_b"]),
    ("Carrier", "carrier", "Jay id:pigeon-7", "pigeon-7", ["loft-1", "loft-2"]),
];

fn move_to(state: &mut State, channel: &Channel) {
    let (word, name, label, id, groups) = *channel;
    state.map_strings(&|text| {
        text.replace("[Telegram Jay (@jay) id:7016642", &format!("[{word} {label}"))
            .replace("[Telegram ", &format!("[{word} "))
            .replace("telegram", name)
            .replace("7016642", id)
            .replace("-100555", groups[0])
            .replace("-100777", groups[1])
    });
}

#[test]
fn other_channels() {
    for channel in CHANNELS {
        each_folder(channel.2, |state| move_to(state, channel));
    }
}

/// Without a store the text alone tells the channel.
#[test]
fn other_channels_without_a_store() {
    for channel in CHANNELS {
        each_folder(channel.2, |state| {
            move_to(state, channel);
            state.store = None;
        });
    }
}

/// Message ids that are no numbers, or numbers that do not follow one another.
#[test]
fn other_message_ids() {
    type Form = (&'static str, fn(u64) -> String);
    let forms: [Form; 4] = [
        ("uuid", uuid),
        ("snowflake", |n| (1_466_000_000_000_000_000 + n * 987_654_321).to_string()),
        ("slack", |n| format!("17{:08}.{:06}", n * 7_919, n)),
        ("other numbers", |n| (n + 100_000).to_string()),
    ];
    for (what, form) in forms {
        each_folder(what, |state| {
            for (_, line) in state.user_messages() {
                State::set_text(line, &|text| {
                    (4101..4120).fold(text.to_owned(), |text, n| {
                        text.replace(&format!("[message_id: {n}]"), &format!("[message_id: {}]", form(n)))
                            .replace(&format!("\"message_id\": \"{n}\""), &format!("\"message_id\": \"{}\"", form(n)))
                    })
                });
            }
        });
    }
}

/// No message carries an id at all.
#[test]
fn no_message_ids() {
    each_folder("no message ids", |state| {
        for (_, line) in state.user_messages() {
            State::set_text(line, &|text| text.split("\n[message_id:").next().unwrap().to_owned());
        }
    });
}

#[test]
fn other_chat_ids() {
    each_folder("chat ids", |state| {
        state.map_strings(&|text| {
            text.replace("7016642", "990001").replace("-100555", "-2001").replace("-100777", "-2002").replace("8800111", "990002")
        });
    });
}

/// Entry ids are unique within a file only, so every file may use the same; uuids occur too.
#[test]
fn other_entry_ids() {
    for long in [false, true] {
        each_folder("entry ids", |state| {
            for lines in state.transcripts.values_mut() {
                let mut names: BTreeMap<String, String> = BTreeMap::new();
                for (at, line) in lines.iter_mut().enumerate().skip(1) {
                    let at = u64::try_from(at).unwrap();
                    let new = if long { uuid(at) } else { format!("{at:08x}") };
                    names.insert(line["id"].as_str().unwrap().to_owned(), new.clone());
                    line["id"] = Value::String(new);
                    if let Some(parent) = line["parentId"].as_str() {
                        line["parentId"] = Value::String(names[parent].clone());
                    }
                }
            }
        });
    }
}

/// Session ids with the names of the files, in the order turned around, so that no order of names helps.
#[test]
fn other_session_ids() {
    each_folder("session ids", |state| {
        let mut ids: Vec<String> = state.transcripts.keys().map(|name| name.split(".jsonl").next().unwrap().to_owned()).collect();
        ids.sort();
        let new: BTreeMap<String, String> =
            ids.iter().rev().zip(7..).map(|(id, n)| (id.clone(), format!("00{n:06}-{}", &uuid(n)[9..]))).collect();
        let change = |text: &str| new.iter().fold(text.to_owned(), |text, (old, id)| text.replace(old, id));
        state.map_strings(&change);
        state.transcripts = std::mem::take(&mut state.transcripts).into_iter().map(|(name, lines)| (change(&name), lines)).collect();
        state.trajectories = std::mem::take(&mut state.trajectories).into_iter().map(|(name, lines)| (change(&name), lines)).collect();
        state.splits.iter_mut().flatten().for_each(|name| *name = change(name));
    });
}

/// File names that are no uuids.
#[test]
fn names_that_are_no_uuids() {
    each_folder("names", |state| {
        let ids: Vec<String> = state.transcripts.keys().map(|name| name.split(".jsonl").next().unwrap().to_owned()).collect();
        let change = |text: &str| ids.iter().enumerate().fold(text.to_owned(), |text, (n, id)| text.replace(id, &format!("session_{n}")));
        state.map_strings(&change);
        state.transcripts = std::mem::take(&mut state.transcripts).into_iter().map(|(name, lines)| (change(&name), lines)).collect();
        state.trajectories = std::mem::take(&mut state.trajectories).into_iter().map(|(name, lines)| (change(&name), lines)).collect();
        state.splits.iter_mut().flatten().for_each(|name| *name = change(name));
    });
}
