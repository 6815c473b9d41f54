//! Several lanes of talk side by side: they are never one conversation, however close they lie.

use crate::common::build::{BUILDERS, Chat, ERAS, Era, GARDEN, JAY, MIA, MINUTE, SECOND, Talk};
use crate::common::retime::ms;
use crate::common::{State, each_case};

const START: &str = "2026-02-03T18:00:00.000Z";

fn lane(era: Era, number: u64, from: i64, key: &str, chat: &Chat, heartbeat: bool) -> Talk {
    let at = ms(START) + from;
    let talk = Talk::at(era, number, at).key(key).chat(chat);
    let talk = if heartbeat { talk.heartbeat(at + SECOND, "") } else { talk };
    talk.says(at + MINUTE, "hello").says(at + 2 * MINUTE, "and then?").says(at + 3 * MINUTE, "good")
}

/// Two lanes, the second beginning a minute after the first fell silent, opened by a heartbeat or a person; bound by a
/// store, forgotten by it, or without one.
fn side_by_side(what: &str, a: (&str, &Chat), b: (&str, &Chat)) -> Vec<State> {
    let mut cases = Vec::new();
    for era in ERAS {
        for heartbeat in [true, false] {
            let older = lane(era, 1, 0, a.0, a.1, false);
            let newer = lane(era, 2, 4 * MINUTE, b.0, b.1, heartbeat);
            let mut bound = State::case(&format!("{what}, both bound, heartbeat {heartbeat}"), era);
            bound.put_live(&older);
            bound.put_live(&newer);
            let mut forgotten = State::case(&format!("{what}, one bound, heartbeat {heartbeat}"), era);
            forgotten.put(&older);
            forgotten.put_live(&newer);
            let mut bare = State::case(&format!("{what}, no store, heartbeat {heartbeat}"), era);
            bare.put(&older);
            bare.put(&newer);
            cases.extend([bound, forgotten, bare]);
        }
    }
    cases
}

const MAIN: &str = "agent:main:main";
const GARDEN_KEY: &str = "agent:main:telegram:group:-100777";
const BUILDERS_KEY: &str = "agent:main:telegram:group:-100555";

/// The owner talks in a group and then directly, or the other way round.
#[test]
fn a_group_and_a_direct_chat_of_one_person() {
    each_case(&side_by_side("group, direct", (BUILDERS_KEY, &BUILDERS), (MAIN, &JAY)));
    each_case(&side_by_side("direct, group", (MAIN, &JAY), (BUILDERS_KEY, &BUILDERS)));
}

#[test]
fn two_groups() {
    each_case(&side_by_side("two groups", (BUILDERS_KEY, &BUILDERS), (GARDEN_KEY, &GARDEN)));
}

/// The same person writes in two groups.
#[test]
fn two_groups_of_one_person() {
    let other = Chat { id: "-100999", label: "Roofers", ..BUILDERS };
    each_case(&side_by_side("two groups, one person", (BUILDERS_KEY, &BUILDERS), ("agent:main:telegram:group:-100999", &other)));
}

#[test]
fn two_peers_with_keys_of_their_own() {
    let cases = side_by_side("two peers", ("agent:main:telegram:direct:7016642", &JAY), ("agent:main:telegram:direct:8800111", &MIA));
    // Plain direct chats of this era carry nothing but a time; without the store nothing tells two persons apart, and
    // nothing ties them either.
    each_case(&cases);
}

/// Topics of one group are lanes of their own.
#[test]
fn two_topics_of_a_group() {
    let topic = |n: u32| format!("agent:main:telegram:group:-100555:topic:{n}");
    let mut cases = side_by_side("two topics", (&topic(4), &BUILDERS), (&topic(9), &BUILDERS));
    // With no store and no trajectory the topic stands in the file's name.
    for state in &mut cases {
        for (name, n) in state.transcripts.keys().cloned().collect::<Vec<_>>().iter().zip([4, 9]) {
            let new = name.replace(".jsonl", &format!("-topic-{n}.jsonl"));
            state.rename(name, &new);
        }
    }
    each_case(&cases);
}

/// Two sessions of one chat that both go on: nobody forgot anything.
#[test]
fn parallel_lanes_of_one_chat() {
    let mut cases = Vec::new();
    for era in ERAS {
        let at = ms(START);
        let older = lane(era, 1, 0, MAIN, &JAY, false).says(at + 12 * MINUTE, "back here").says(at + 20 * MINUTE, "still here");
        let newer = lane(era, 2, 4 * MINUTE, MAIN, &JAY, true).says(at + 15 * MINUTE, "there too");
        let mut state = State::case("parallel", era);
        state.put(&older);
        state.put_live(&newer);
        cases.push(state);
    }
    each_case(&cases);
}

/// Both lanes fell silent before a third session began; the chat ids tell whose it is, or nothing does.
#[test]
fn two_candidates_for_one_successor() {
    let mut cases = Vec::new();
    for era in ERAS {
        let a = lane(era, 1, 0, GARDEN_KEY, &GARDEN, false);
        let b = lane(era, 2, 30 * SECOND, BUILDERS_KEY, &BUILDERS, false);
        let c = lane(era, 3, 5 * MINUTE, BUILDERS_KEY, &BUILDERS, true);
        let mut state = State::case("the right one of two", era);
        state.put(&a);
        let from = state.put(&b);
        let to = state.put_live(&c);
        cases.push(state.torn(&[from, to]));
    }
    each_case(&cases);
}

/// A topic that was torn, beside another topic of the same group.
#[test]
fn a_torn_topic() {
    let mut cases = Vec::new();
    for era in ERAS {
        let topic = |n: u32| format!("agent:main:telegram:group:-100555:topic:{n}");
        let name = |talk: &Talk, n: u32| talk.file().replace(".jsonl", &format!("-topic-{n}.jsonl"));
        let at = ms(START);
        let a = Talk::at(era, 1, at).key(&topic(4)).chat(&BUILDERS).says(at + SECOND, "hello").exec(at + MINUTE, "brisk-gulf");
        let other = lane(era, 2, 20 * SECOND, &topic(9), &BUILDERS, false);
        let from = at + 4 * MINUTE;
        let b = Talk::at(era, 3, from).key(&topic(4)).chat(&BUILDERS).message_ids(a.message_id + 2);
        let b = b.heartbeat(from, &Talk::notice(from - SECOND, "brisk-gulf")).says(from + MINUTE, "well?").says(from + 2 * MINUTE, "ok");
        let mut state = State::case("a torn topic", era);
        let first = state.put_as(&a, &name(&a, 4));
        state.put_as(&other, &name(&other, 9));
        let second = state.put_as(&b, &name(&b, 4));
        state.bind(&topic(4), &b.id, b.last_ms(), &BUILDERS);
        state.bind(&topic(9), &other.id, other.last_ms(), &BUILDERS);
        cases.push(state.torn(&[first, second]));
    }
    each_case(&cases);
}
