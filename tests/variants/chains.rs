//! Conversations that were torn more than once.

use crate::common::build::{ERAS, Era, JAY, MINUTE, SECOND, Talk};
use crate::common::retime::ms;
use crate::common::{State, each_case, scan};

const START: &str = "2026-02-03T18:00:00.000Z";
const RUNS: [&str; 6] = ["brisk-gulf", "quiet-basil", "grand-lagoon", "faint-bloom", "oceanic-reef", "mellow-kelp"];

/// A chat that is torn at every link: a command starts, and a heartbeat with its exit opens the next session.
fn torn(era: Era, links: usize) -> Vec<Talk> {
    let mut at = ms(START);
    let mut ids = 4101;
    let mut talks = Vec::new();
    for link in 0..links {
        let mut talk = Talk::at(era, 10 + u64::try_from(link).unwrap(), at).message_ids(ids);
        if link > 0 {
            talk = talk.heartbeat(at + SECOND, &Talk::notice(at - 9 * SECOND, RUNS[link - 1]));
        }
        talk = talk.says(at + MINUTE, "so what about it?").says(at + 3 * MINUTE, "and the other?");
        talk = talk.exec(at + 4 * MINUTE, RUNS[link]);
        at += 6 * MINUTE;
        ids = talk.message_id;
        talks.push(talk);
    }
    talks
}

fn case(what: &str, era: Era, talks: &[Talk]) -> State {
    let mut state = State::case(what, era);
    let (last, front) = talks.split_last().unwrap();
    let mut names: Vec<String> = front.iter().map(|talk| state.put(talk)).collect();
    names.push(state.put_live(last));
    state.torn(&names)
}

#[test]
fn chains_of_three_and_five() {
    let mut cases = Vec::new();
    for era in ERAS {
        for links in [2, 3, 5] {
            cases.push(case(&format!("chain of {links}"), era, &torn(era, links)));
        }
    }
    each_case(&cases);
    for state in &cases {
        let placed = state.place();
        let run = scan(&[&placed.home], &[]);
        let conversations = run.json["conversations"].as_array().unwrap();
        assert_eq!(conversations.len(), 1, "{}: one conversation", state.name);
        let paths: Vec<&str> = conversations[0]["segments"].as_array().unwrap().iter().map(|s| s["path"].as_str().unwrap()).collect();
        assert!(paths.iter().zip(&state.splits[0]).all(|(path, name)| path.ends_with(name)), "{}: in order", state.name);
    }
}

/// Without the store the older links are as they were; the exits still tie them.
#[test]
fn chains_without_a_store() {
    let mut cases = Vec::new();
    for era in [Era::E1, Era::E2] {
        let mut state = case("chain, no store", era, &torn(era, 5));
        state.store = None;
        cases.push(state);
    }
    each_case(&cases);
}

/// A middle link that the doctor renamed days later.
#[test]
fn a_chain_with_archives_in_it() {
    let mut cases = Vec::new();
    for era in ERAS {
        let mut state = case("chain with archives", era, &torn(era, 5));
        for name in state.splits[0].clone().iter().take(4) {
            state.rename(name, &format!("{name}.deleted.2026-02-20T10-00-00.000Z"));
        }
        cases.push(state);
    }
    each_case(&cases);
}

/// A link that is gone altogether: what is left of the chain still holds where something ties it.
#[test]
fn a_chain_with_a_link_missing() {
    let mut cases = Vec::new();
    for era in [Era::E1, Era::E2] {
        let mut state = case("gap", era, &torn(era, 5));
        let gone = state.splits[0][2].clone();
        state.transcripts.remove(&gone);
        let chain = state.splits.remove(0);
        state.splits = vec![chain[..2].to_vec(), chain[3..].to_vec()];
        cases.push(state);
    }
    for state in &cases {
        // Whether the two ends are taken for one conversation (same chat, key and lane) is a matter of taste; the true
        // links must be there in any case.
        let placed = state.place();
        let run = scan(&[&placed.home], &[]);
        let found: Vec<(String, String)> = crate::common::splits(&run.json).into_iter().map(|s| (s.from, s.to)).collect();
        for pair in state.expected() {
            assert!(found.contains(&pair), "{}: {pair:?} in {found:?}", state.name);
        }
    }
}

/// A chat that was torn, then reset on purpose, then torn again: two conversations.
#[test]
fn torn_and_reset_and_torn() {
    let mut cases = Vec::new();
    for era in [Era::E1, Era::E2] {
        let mut talks = torn(era, 2);
        let at = ms(START) + 20 * MINUTE;
        let mut fresh = Talk::at(era, 30, at).message_ids(4150);
        fresh.raw(at, crate::common::build::GREETING, "user").answer(at + SECOND, "Hi!");
        talks.push(fresh.says(at + MINUTE, "a book?").exec(at + 2 * MINUTE, "mellow-kelp"));
        let at = at + 5 * MINUTE;
        let last = Talk::at(era, 31, at).message_ids(4160).heartbeat(at, &Talk::notice(at - SECOND, "mellow-kelp"));
        talks.push(last.says(at + MINUTE, "which one?").says(at + 2 * MINUTE, "ok"));
        let mut state = case("torn, reset, torn", era, &talks);
        let chain = state.splits.remove(0);
        state.splits = vec![chain[..2].to_vec(), chain[2..].to_vec()];
        assert_eq!(talks[0].chat.id, JAY.id);
        cases.push(state);
    }
    each_case(&cases);
}
