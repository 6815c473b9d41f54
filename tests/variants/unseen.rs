//! What no line of the transcripts tells: a daily reset in a zone that nobody wrote down, a wish that came with a
//! message, and words that a person sent twice.

use crate::common::build::{Era, HOUR, MINUTE, SECOND, Talk};
use crate::common::retime::ms;
use crate::common::{State, each_case};

/// 22:00 in Shanghai, where the day's session ends at 20:00 UTC.
const NIGHT: &str = "2026-05-01T14:00:00.000Z";
const DAY: i64 = 24 * HOUR;

/// A night's talk to three o'clock, with heartbeats after it, and a heartbeat that begins the new day's session at 04:10.
fn nights(name: &str, days: u64, archived: bool) -> State {
    let mut state = State::case(name, Era::E3);
    let mut older: Option<Talk> = None;
    for day in 0..=days {
        let at = ms(NIGHT) + DAY * i64::try_from(day).unwrap();
        let begin = at - 17 * HOUR - 50 * MINUTE;
        if let Some(older) = older.take() {
            if archived {
                state.put_archive(&older, "reset", begin + 200);
            } else {
                state.put(&older);
            }
        }
        let mut talk = Talk::at(Era::E3, 1 + day, begin + 500).heartbeat(begin, "").says(begin + 5 * HOUR, "good morning");
        talk = talk.says(at + 4 * HOUR + 10 * MINUTE, "not asleep yet").says(at + 5 * HOUR, "what about the boat?");
        talk = talk.heartbeat(at + 5 * HOUR + 40 * MINUTE, "");
        older = Some(talk);
    }
    state.put_live(&older.unwrap());
    state
}

/// An archive that the heartbeat's own turn made is the reset itself, even once; a transcript left in place takes the
/// habit of several days to be explained.
#[test]
fn a_daily_reset_in_a_zone_that_no_text_tells() {
    each_case(&[nights("archived, once", 1, true), nights("archived, for days", 9, true), nights("left in place, for days", 9, false)]);
}

/// `/new` with a message archives within the message's own turn, as a stale clock does. Only work that was cut off tells.
#[test]
fn a_new_session_asked_for_with_a_message_after_a_heartbeat() {
    let at = ms(NIGHT);
    let mut state = State::case("asked for with a message", Era::E3);
    let older = Talk::at(Era::E3, 1, at).says(at + SECOND, "hello").says(at + 5 * MINUTE, "and?").heartbeat(at + 8 * MINUTE, "");
    let asked = at + 12 * MINUTE;
    state.put_archive(&older, "reset", asked + 900);
    state.put_live(&Talk::at(Era::E3, 2, asked + SECOND).says(asked, "Plan a trip to Rome"));
    each_case(&[state]);
}

/// The same words, sent again by hand after a `/new`, are no replay.
#[test]
fn words_that_a_person_sent_twice() {
    let mut cases = Vec::new();
    for (name, pause) in [("at once", 900), ("a little later", 3_500), ("minutes later", 4 * MINUTE)] {
        let at = ms(NIGHT);
        let mut state = State::case(name, Era::E3);
        let mut older = Talk::at(Era::E3, 1, at).says(at + SECOND, "hello");
        older.user(at + 2 * MINUTE, "are you there?");
        let archived = at + 3 * MINUTE;
        state.put_archive(&older, "reset", archived);
        state.put_live(&Talk::at(Era::E3, 2, archived + pause + 500).says(archived + pause, "are you there?"));
        cases.push(state);
    }
    each_case(&cases);
}

/// A chat that the gateway wraps does not go on from the bare words of another agent's order.
#[test]
fn bare_words_are_no_half_of_a_wrapped_chat() {
    let at = ms(NIGHT);
    let mut state = State::case("an agent's order", Era::E1);
    let mut order = Talk::at(Era::E1, 1, at);
    order.raw(at + SECOND, "Summarise the three reports in the folder.", "user").answer(at + 9 * SECOND, "Done.");
    state.put(&order);
    let begin = at + 5 * MINUTE;
    state.put_live(&Talk::at(Era::E1, 2, begin).heartbeat(begin, "").says(begin + 3 * MINUTE, "what is new?"));
    each_case(&[state]);
}
