//! Seams that are no tears, made up in the form of every era: each innocent explanation of the format's facts, and what
//! it takes for it not to hold.

use serde_json::json;

use crate::common::build::{BUILDERS, ERAS, Era, GREETING, HOUR, MINUTE, SECOND, Talk};
use crate::common::retime::{iso, ms};
use crate::common::{State, each_case, scan, seams};

/// 22:00 in the evening in Los Angeles.
const EVENING: &str = "2026-02-04T06:00:00.000Z";
/// 10:00 in the morning there.
const MORNING: &str = "2026-02-03T18:00:00.000Z";

/// An evening's talk.
fn talk(era: Era, number: u64, at: i64) -> Talk {
    talk_on(Talk::at(era, number, at), at)
}

fn talk_on(talk: Talk, at: i64) -> Talk {
    let talk = talk.says(at + SECOND, "hello there").says(at + 4 * MINUTE, "the blue one, please");
    talk.says(at + 9 * MINUTE, "good")
}

/// Puts the older half in as the release would: from May 2026 on a reset archives it.
fn put_older(state: &mut State, older: &Talk, archived: i64) {
    if older.era == Era::E3 {
        state.put_archive(older, "reset", archived);
    } else {
        state.put(older);
    }
}

/// The daily reset at 04:00 local: the first heartbeat after it opens the new day's session, hours before a person does.
#[test]
fn a_daily_reset_that_a_heartbeat_opens() {
    let mut cases = Vec::new();
    for era in ERAS {
        for (what, last_word) in [("after a night", 0), ("after a talk late at night", 5 * HOUR + 40 * MINUTE)] {
            let at = ms(EVENING) + last_word;
            let four = ms(EVENING) + 6 * HOUR;
            let mut state = State::case(what, era);
            let older = talk(era, 1, at);
            let newer = Talk::at(era, 2, four + 3 * MINUTE).heartbeat(four + 3 * MINUTE, "").says(four + 15 * MINUTE, "good morning");
            if era == Era::E3 && last_word > 0 {
                // The text of this era tells no zone. Another session does: a scheduled job's prompt has the time in it.
                let mut job = Talk::at(era, 3, four - 9 * HOUR).key("agent:main:cron:news");
                job.raw(
                    four - 9 * HOUR,
                    "[cron:news daily] Tell me.\nCurrent time: Tuesday, February 3rd, 2026 — 7:00 PM (America/Los_Angeles)",
                    "cron",
                );
                job.answer(four - 9 * HOUR + SECOND, "Nothing.");
                state.put(&job);
            }
            put_older(&mut state, &older, four + 3 * MINUTE + 400);
            state.put_live(&newer);
            cases.push(state);
        }
    }
    each_case(&cases);
}

/// A policy that the configuration names, however short.
#[test]
fn an_idle_policy_that_the_configuration_names() {
    let mut cases = Vec::new();
    for era in ERAS {
        for (what, by_heartbeat) in [("idle, heartbeat", true), ("idle, person", false)] {
            let at = ms(MORNING);
            let mut state = State::case(what, era);
            let config = json!({"session": {"reset": {"mode": "idle", "idleMinutes": 15}}});
            let name = if era == Era::E1 { "clawdbot.json" } else { "openclaw.json" };
            state.others.insert(name.to_owned(), config.to_string().into_bytes());
            let older = talk(era, 1, at);
            let from = at + 25 * MINUTE;
            let newer = Talk::at(era, 2, from);
            let newer = if by_heartbeat { newer.heartbeat(from, "") } else { newer };
            put_older(&mut state, &older, from + 300);
            state.put_live(&newer.says(from + MINUTE, "and now?").says(from + 2 * MINUTE, "thanks"));
            cases.push(state);
        }
    }
    each_case(&cases);
}

/// `/new` while a command is at work: its exit shows in the new session, as it must.
#[test]
fn a_greeting_after_a_command_was_started() {
    let mut cases = Vec::new();
    for era in [Era::E1, Era::E2] {
        let at = ms(MORNING);
        let mut state = State::case("greeting", era);
        let older = Talk::at(era, 1, at).says(at + SECOND, "hello").exec(at + MINUTE, "brisk-gulf");
        let from = at + 2 * MINUTE;
        let mut newer = Talk::at(era, 2, from);
        newer.raw(from, GREETING, "user").answer(from + SECOND, "Hi!");
        let newer = newer.heartbeat(from + MINUTE, &Talk::notice(from + 50_000, "brisk-gulf")).says(from + 2 * MINUTE, "a book?");
        state.put(&older);
        state.put_live(&newer);
        cases.push(state);
    }
    each_case(&cases);
}

/// `/new` with words of its own opens with these words, and this release archives nothing. But the elapsed mark tells
/// that the store knew the chat at that moment, so it was not lost.
#[test]
fn a_wish_with_words_of_its_own() {
    let at = ms(MORNING);
    let mut state = State::case("/new tell me a joke", Era::E1);
    let older = talk(Era::E1, 1, at);
    let from = older.last_ms() + 3 * MINUTE;
    let mut newer = Talk::at(Era::E1, 2, from).message_ids(older.message_id + 1);
    let text = newer.wrap(from, "tell me a joke").replace("id:7016642 ", "id:7016642 +3m ");
    newer.raw(from, &text, "user").answer(from + SECOND, "No.");
    newer.message_id += 1;
    state.put(&older);
    state.put_live(&newer.says(from + MINUTE, "thanks"));
    each_case(&[state]);
}

/// A command of the newer session whose name, cut to eight characters, is that of one that never ended in the older.
#[test]
fn two_commands_of_nearly_the_same_name() {
    let mut cases = Vec::new();
    for era in [Era::E1, Era::E2] {
        let at = ms(MORNING);
        let mut state = State::case("names", era);
        state.put(&Talk::at(era, 1, at).says(at + SECOND, "hello").exec(at + MINUTE, "quiet-basil"));
        let from = at + 50 * MINUTE;
        let newer = Talk::at(era, 2, from).message_ids(4190).heartbeat(from, "").exec(from + MINUTE, "quiet-basin");
        state.put(&newer.heartbeat(from + 5 * MINUTE, &Talk::notice(from + 4 * MINUTE, "quiet-basin")));
        cases.push(state);
    }
    each_case(&cases);
}

/// `/new` of the later releases leaves no greeting: the older transcript is archived, and the person's next message,
/// whenever it comes, begins a new one.
#[test]
fn archived_at_a_persons_wish() {
    let mut cases = Vec::new();
    for wait in [2 * SECOND, 50 * SECOND, 5 * MINUTE, 40 * MINUTE, 9 * HOUR] {
        for with_store in [true, false] {
            let at = ms(MORNING);
            let mut state = State::case(&format!("/new, {} s before the next word, store {with_store}", wait / SECOND), Era::E3);
            let older = talk(Era::E3, 1, at);
            let asked = older.last_ms() + 20 * SECOND;
            state.put_archive(&older, "reset", asked);
            let from = asked + wait;
            let mut by_heartbeat = state.clone();
            state.put_live(&Talk::at(Era::E3, 2, from + 600).says(from, "something else").says(from + MINUTE, "thanks"));
            // Or the next heartbeat comes before the person's next word.
            let newer = Talk::at(Era::E3, 2, from + 600).heartbeat(from, "").says(from + MINUTE, "something else");
            by_heartbeat.put_live(&newer.says(from + 2 * MINUTE, "thanks"));
            // Within seconds of the archive, it may be the heartbeat that set it off.
            for case in [Some(state), Some(by_heartbeat).filter(|_| wait > 10 * SECOND)].into_iter().flatten() {
                cases.push(State { store: case.store.clone().filter(|_| with_store), ..case });
            }
        }
    }
    each_case(&cases);
}

/// A person asks again, in the same words, after `/new`: that is no replay by the gateway.
#[test]
fn the_same_words_again_after_a_wish() {
    let at = ms(MORNING);
    let mut state = State::case("same words", Era::E3);
    let mut older = talk(Era::E3, 1, at);
    older.user(at + 10 * MINUTE, "are you there?");
    state.put_archive(&older, "reset", at + 11 * MINUTE);
    let from = at + 12 * MINUTE;
    state.put_live(&Talk::at(Era::E3, 2, from + 600).says(from, "are you there?").says(from + MINUTE, "thanks"));
    each_case(&[state]);
}

#[test]
fn deleted_at_a_persons_wish() {
    let mut cases = Vec::new();
    for era in ERAS {
        for by_heartbeat in [true, false] {
            let at = ms(MORNING);
            let mut state = State::case("deleted", era);
            let older = talk(era, 1, at);
            let gone = older.last_ms() + 30 * SECOND;
            state.put_archive(&older, "deleted", gone);
            let from = gone + 20 * SECOND;
            let newer = Talk::at(era, 2, from);
            let newer = if by_heartbeat { newer.heartbeat(from, "") } else { newer };
            state.put_live(&newer.says(from + 10 * SECOND, "something else").says(from + MINUTE, "thanks"));
            cases.push(state);
        }
    }
    each_case(&cases);
}

/// A heartbeat opening beside a small gap, and nothing else: never more than *possible*.
#[test]
fn a_heartbeat_and_a_small_gap_alone() {
    let at = ms(MORNING);
    let mut state = State::case("bare", Era::E2);
    state.put(&talk(Era::E2, 1, at));
    let from = at + 12 * MINUTE;
    state.put(&Talk::at(Era::E2, 2, from).heartbeat(from, "").says(from + MINUTE, "and now?").says(from + 3 * MINUTE, "ok"));
    each_case(&[state.clone()]);
    assert!(state.level().is_none_or(|level| level == "possible"));
}

/// A predecessor that no person ever spoke in has lost nothing.
#[test]
fn a_predecessor_of_heartbeats_alone() {
    let mut cases = Vec::new();
    for era in ERAS {
        let at = ms(MORNING);
        let mut state = State::case("heartbeats", era);
        let older = Talk::at(era, 1, at).heartbeat(at, "").heartbeat(at + 30 * MINUTE, "").heartbeat(at + HOUR, "");
        state.put(&older);
        let from = at + HOUR + 5 * MINUTE;
        let newer = Talk::at(era, 2, from).heartbeat(from, "").says(from + MINUTE, "hello").says(from + 2 * MINUTE, "ok");
        state.put_live(&newer);
        cases.push(state);
    }
    each_case(&cases);
}

/// A compaction successor: a header, entries that hang on the older transcript's, some lines copied.
#[test]
fn a_compaction_successor() {
    for era in ERAS {
        for copied in [0, 4] {
            let at = ms(MORNING);
            let older = talk(era, 1, at);
            let from = at + 10 * MINUTE;
            let mut newer = Talk::at(era, 2, from);
            newer.lines.truncate(1);
            let kept = older.lines.len() - copied;
            newer.lines.extend(older.lines[kept..].iter().cloned());
            let parent = older.lines.last().unwrap()["id"].clone();
            newer.entry(
                from + 10,
                json!({"type": "compaction", "parentId": parent, "summary": "talk", "firstKeptEntryId": parent, "tokensBefore": 9}),
            );
            let mut state = State::case("rotation", era);
            state.put(&older);
            state.put_live(&newer.says(from + MINUTE, "go on").says(from + 2 * MINUTE, "more"));
            let placed = state.place();
            let run = scan(&[&placed.home], &["--all"]);
            let found: Vec<_> = seams(&run.json).map(|seam| (seam["kind"].as_str(), seam["cause"].as_str())).collect();
            assert_eq!(found, [(Some("fork"), Some("compaction-rotation"))], "{} {copied}", state.name);
            assert_eq!(run.json["summary"]["splits"], 0);
        }
    }
}

/// A thread fork: the header names its parent, entries are copied, both go on or only one does.
#[test]
fn a_thread_fork() {
    for era in ERAS {
        let at = ms(MORNING);
        let older = talk(era, 1, at);
        let from = at + 10 * MINUTE;
        let mut newer = Talk::at(era, 2, from).key("agent:main:main:thread:77");
        newer.lines[0]["parentSession"] = json!(format!("/home/jay/.openclaw/agents/main/sessions/{}", older.file()));
        newer.lines.extend(older.lines[1..].iter().cloned());
        let mut state = State::case("fork", era);
        state.put(&older);
        state.put(&newer.says(from + MINUTE, "aside").says(from + 2 * MINUTE, "more"));
        let placed = state.place();
        let run = scan(&[&placed.home], &["--all", "--min-level", "possible"]);
        assert!(seams(&run.json).all(|seam| seam["kind"] == "fork"), "{}", state.name);
        assert_eq!(run.json["summary"]["splits"], 0);
    }
}

/// The gateway resets after an error and replays the message: same id, same words, the first one unanswered.
#[test]
fn a_message_that_a_reset_replays() {
    let mut cases = Vec::new();
    for era in ERAS {
        for kind in ["", "deleted", "reset"] {
            let at = ms(MORNING);
            let group = "agent:main:telegram:group:-100555";
            let mut older = talk_on(Talk::at(era, 1, at).key(group).chat(&BUILDERS), at);
            let from = at + 10 * MINUTE;
            let id = older.message_id;
            older.user(from, "what about the roof?");
            older.entry(
                from + SECOND,
                json!({"type": "message", "message": {"role": "assistant", "content": [], "stopReason": "error",
                    "errorMessage": "context overflow", "timestamp": from + SECOND}}),
            );
            let mut newer = Talk::at(era, 2, from + 3 * SECOND).key(group).chat(&BUILDERS).message_ids(id);
            newer.user(from + 3 * SECOND, "what about the roof?").answer(from + 6 * SECOND, "It leaks.");
            // The message was received once; only the run is a new one.
            for line in newer.lines.iter_mut().filter(|line| line["message"]["role"] == "user") {
                line["message"]["timestamp"] = json!(from);
            }
            let mut state = State::case(&format!("replay {kind}"), era);
            let first = match kind {
                "" => state.put(&older),
                _ => state.put_archive(&older, kind, from + 2 * SECOND),
            };
            let second = state.put_live(&newer.says(from + MINUTE, "oh"));
            cases.push(state.torn(&[first, second]));
        }
    }
    each_case(&cases);
    for state in &cases {
        let run = state.verdict().unwrap();
        let split = seams(&run.json).next().unwrap();
        assert_eq!(split["cause"], "error-reset", "{}: at {}", state.name, iso(ms(MORNING)));
    }
}
