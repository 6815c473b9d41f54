//! A pair among many: sessions of other chats, scheduled jobs, helpers and heartbeats at the same time.

use serde_json::json;

use crate::common::build::{Chat, ERAS, Era, HOUR, MINUTE, SECOND, Talk};
use crate::common::retime::ms;
use crate::common::{State, corpus};

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn era_of(state: &State) -> Era {
    match &state.name[..6] {
        "2026.1" => Era::E1,
        "2026.2" => Era::E2,
        _ => Era::E3,
    }
}

/// Puts `count` sessions around the seams of a state, spread from two hours before its first to two hours after its last.
fn crowd(state: &mut State, count: u64, bind: &dyn Fn(u64) -> bool) {
    let times: Vec<i64> = state.transcripts.values().flatten().filter_map(|line| line["timestamp"].as_str()).map(ms).collect();
    let (first, last) = (times.iter().min().unwrap() - 2 * HOUR, times.iter().max().unwrap() + 2 * HOUR);
    let era = era_of(state);
    for n in 0..count {
        let at = first + (last - first) * i64::try_from(n * 7_919 % count).unwrap() / i64::try_from(count).unwrap();
        let number = 5_000 + n;
        let talk = Talk::at(era, number, at);
        let talk = match n % 6 {
            // Groups, each its own.
            0 => {
                let id = leak(format!("-1009{n:05}"));
                let chat = Chat { channel: "Telegram", id, label: "Somewhere", sender: Some(("Mia", "8800111")) };
                let talk = talk.key(leak(format!("agent:main:telegram:group:{id}"))).chat(&chat);
                talk.says(at + SECOND, "hi").says(at + 5 * MINUTE, "news?")
            }
            // Direct chats of other people on another channel, with keys of their own. Where the text names no chat
            // (E2), nothing but the store could tell them from the owner's own, so they are groups there.
            1 => {
                let id = leak(format!("55{n:07}"));
                let sender = (era == Era::E2).then_some(("Ola", id));
                let chat = Chat { channel: "Signal", id, label: "Ola", sender };
                let kind = if sender.is_some() { "group" } else { "direct" };
                talk.key(leak(format!("agent:main:signal:{kind}:{id}"))).chat(&chat).says(at + SECOND, "hello").says(at + MINUTE, "ok")
            }
            2 | 3 => {
                let mut talk = talk.key(leak(format!("agent:main:cron:job-{}:run:{n}", n % 7)));
                talk.raw(at, &format!("[cron:job-{} news] Tell me the news.\nCurrent time: now", n % 7), "cron");
                talk.answer(at + SECOND, "None.");
                talk
            }
            4 => {
                let mut talk = talk.key(leak(format!("agent:main:subagent:{n}")));
                talk.raw(at, "[Subagent Context] You are a subagent.\n\n[Subagent Task] Count.", "user");
                talk.answer(at + SECOND, "Three.");
                talk
            }
            _ => talk.key("agent:main:main:heartbeat").heartbeat(at, ""),
        };
        if bind(n) && talk.key != "agent:main:main:heartbeat" {
            state.put_live(&talk);
        } else {
            state.put(&talk);
        }
    }
}

fn hold(what: &str, change: impl Fn(&mut State)) {
    let mut wrong = Vec::new();
    for mut state in corpus() {
        change(&mut state);
        wrong.extend(state.verdict().err());
    }
    assert!(wrong.is_empty(), "{what}: {} folders differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn among_300_sessions_that_the_store_names() {
    hold("bound", |state| crowd(state, 300, &|_| true));
}

#[test]
fn among_300_sessions_that_nothing_names() {
    hold("unbound", |state| {
        if !state.splits.is_empty() {
            crowd(state, 300, &|_| false);
        }
    });
}

#[test]
fn among_60_sessions_named_in_part() {
    hold("in part", |state| crowd(state, 60, &|n| n % 5 < 2));
}

/// Every job's runs, a new session each, one a minute.
#[test]
fn a_flood_of_scheduled_jobs() {
    hold("cron", |state| {
        let times: Vec<i64> = state.transcripts.values().flatten().filter_map(|line| line["timestamp"].as_str()).map(ms).collect();
        let (first, era) = (*times.iter().min().unwrap(), era_of(state));
        for n in 0..120 {
            let at = first - HOUR + i64::try_from(n).unwrap() * MINUTE;
            let mut talk = Talk::at(era, 9_000 + n, at).key("agent:main:cron:mail");
            talk.raw(at, "[cron:mail check] Look for new mail.", "cron").answer(at + SECOND, "HEARTBEAT_OK");
            state.put(&talk);
        }
    });
}

/// Copies of outbound messages, with the forks they make under a tool call, in every transcript.
#[test]
fn delivery_mirrors() {
    hold("mirrors", |state| {
        for (name, lines) in &mut state.transcripts {
            let mut out = Vec::new();
            for (n, line) in lines.iter().enumerate() {
                out.push(line.clone());
                if line["message"]["role"] == "assistant" {
                    let mirror = json!({"type": "message", "id": format!("{}{n}", &name[..6]), "parentId": line["id"], "timestamp": line["timestamp"],
                        "message": {"role": "assistant", "content": [{"type": "text", "text": "copy"}], "stopReason": "stop",
                            "provider": "openclaw", "model": "delivery-mirror", "timestamp": line["message"]["timestamp"]}});
                    out.push(mirror);
                }
            }
            *lines = out;
        }
    });
}

/// A copy of an outbound message that lands in the older half long after the seam is no sign that it went on.
#[test]
fn a_mirror_in_the_older_half_after_the_seam() {
    hold("late mirror", |state| {
        for chain in state.splits.clone() {
            let parent = state.transcripts[&chain[0]].last().unwrap()["id"].clone();
            let end = state.transcripts[&chain[1]].last().unwrap()["timestamp"].clone();
            let at = ms(end.as_str().unwrap()) + HOUR;
            if chain[0].contains(".reset.") {
                continue;
            }
            state.transcripts.get_mut(&chain[0]).unwrap().push(json!({
                "type": "message", "id": "latecopy", "parentId": parent, "timestamp": crate::common::retime::iso(at),
                "message": {"role": "assistant", "content": [{"type": "text", "text": "copy"}], "stopReason": "stop",
                    "provider": "openclaw", "model": "delivery-mirror", "timestamp": at},
            }));
        }
    });
}

/// 300 sessions without any split among them.
#[test]
fn a_crowd_alone() {
    for era in ERAS {
        let mut state = State::case("crowd", era);
        state.name = match era {
            Era::E1 => "2026.1-crowd",
            Era::E2 => "2026.2-crowd",
            Era::E3 => "2026.7-crowd",
        }
        .to_owned();
        let talk = Talk::new(era, 1, "2026-02-03T18:00:00.000Z");
        state.put_live(&talk.says(ms("2026-02-03T18:01:00.000Z"), "hello"));
        crowd(&mut state, 300, &|n| n % 2 == 0);
        state.verdict().unwrap();
    }
}
