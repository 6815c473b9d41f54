//! CF312: the time of entries runs backwards.

use super::links::CLOCK_SLACK_MS;
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::time::span;

pub(super) static RULE: Rule = Rule {
    code: "CF312",
    name: "time-backwards",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "Entries are older than the ones before them in the file",
    doc: "\
## What it means
The `timestamp` of an entry is more than a minute before that of the entry above it. Only the entries' own times are compared: the time
inside a message is when it was sent, and is often hours apart from when it was written down.

## Why it hurts
By itself it does not: the loader follows links and never looks at times. It tells that something unusual happened: the clock was
set, a machine slept, lines were moved, two files were put behind one another, or two processes wrote to one transcript. clawfix is
more careful with such a file: where the order of lines and the order of times disagree, it does not hang entries on each other.

Transcripts that `clawfix merge` stitched from segments that overlap in time show it too, and rightly.

## What to do
Nothing, if the conversation is complete. If other findings name the same file, read them with this one in mind.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let mut before: Option<i64> = None;
    let (mut jumps, mut largest) = (0usize, None::<(i64, u32)>);
    for (at, entry) in subject.entries() {
        let Some(time) = entry.time() else { continue };
        let back = before.map_or(0, |before| before.saturating_sub(time));
        if back > CLOCK_SLACK_MS {
            jumps += 1;
            largest = largest.filter(|(most, _)| *most >= back).or(Some((back, at)));
        }
        before = Some(time);
    }
    let Some((back, at)) = largest else { return };
    let message = match jumps {
        1 => format!("time runs back by {} here", span(back)),
        jumps => format!("time runs back {jumps} times, most here, by {}", span(back)),
    };
    let mut spot = Spot::at_entry(subject, at, message);
    spot.identity = "time".to_owned();
    spots.push(spot);
}
