//! Other times: longer silences, other days, other zones.

use crate::common::build::{DAY, HOUR, MINUTE};
use crate::common::retime::{shift, stretch};
use crate::common::{State, corpus, each_folder};

/// Where the user's words set off the seam, and the older half was archived in that turn, only the shortness of the
/// silence tells a tear from a policy's rollover.
fn only_the_silence_tells(state: &State) -> bool {
    state.transcripts.keys().any(|name| name.contains(".reset."))
}

/// Silences of milliseconds become seconds, seconds become minutes: still within any policy.
#[test]
fn minutes_between_turns() {
    each_folder("silences 60 times as long", |state| {
        // In `tseed` and `tidle` the silences are minutes already; there 60 times is hours, which `hours_between_turns` judges.
        let factor = if state.scenario.starts_with('t') { 2 } else { 60 };
        stretch(state, factor);
    });
}

/// The seam comes 18 to 29 minutes after the last word: shorter than any policy that a directory without a
/// configuration lets us assume (half an hour), so what was torn still is.
#[test]
fn tens_of_minutes_between_turns() {
    each_folder("silences of 20 minutes", |state| {
        let factor = match state.scenario.as_str() {
            "tseed" => 20,
            "tidle" => 3,
            _ => 400,
        };
        stretch(state, factor);
    });
}

/// Hours of silence are long enough for an idle policy. That makes a rollover the better explanation, unless
/// - a command that the older session started reports its exit into the newer one (E1, E2 `race`, `stale`, `tseed`); or
/// - the release archives what it resets, and the older half stands unarchived (E3 `race`, `tseed`).
///
/// E3 `stale` has neither: its older half was archived in the turn that came after the silence, as a policy does it.
#[test]
fn hours_between_turns() {
    each_folder("silences of hours", |state| {
        let factor = match state.scenario.as_str() {
            "tseed" => 100,
            "tidle" => 2,
            _ => 3_000,
        };
        stretch(state, factor);
        if only_the_silence_tells(state) {
            state.splits.clear();
        }
    });
}

#[test]
fn other_days() {
    for days in [-9, 3, 25] {
        each_folder("moved by days", |state| shift(state, days * DAY));
    }
}

/// The hour of the day does not matter as long as no reset hour lies within the seam. Seams take under three minutes.
#[test]
fn other_hours() {
    for hours in [3, 11, 17] {
        each_folder("moved by hours", |state| shift(state, hours * HOUR + 7 * MINUTE));
    }
}

/// 04:00 UTC lies within the seam, but the text tells another zone: no reset hour was crossed. E3 tells no zone.
#[test]
fn a_reset_hour_of_another_zone() {
    let mut tried = 0;
    for mut state in corpus().into_iter().filter(|s| s.scenario == "tseed" && !s.name.starts_with("2026.7")) {
        // The seam is at 17:16 UTC, the last word before it at 17:15:05.
        shift(&mut state, 10 * HOUR + 44 * MINUTE);
        state.verdict().unwrap();
        tried += 1;
    }
    assert_eq!(tried, 2);
}

/// A chat that only ever rolls over by policy stays whole at any pace.
#[test]
fn rollovers_never_become_splits() {
    for factor in [2, 3, 7, 20] {
        for mut state in corpus().into_iter().filter(|state| state.scenario == "tidle") {
            stretch(&mut state, factor);
            state.verdict().unwrap();
        }
    }
}
