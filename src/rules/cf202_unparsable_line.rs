//! CF202: a line is no JSON, and the loader skips it.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, faults};
use crate::line::{Fault, FaultKind};
use crate::repair::patch::Patch;
use crate::repair::salvage::salvage;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF202",
    name: "unparsable-line",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A line is no JSON, and the loader skips it",
    doc: "\
## What it means
A line in the middle of the file does not parse. Most often two writes were torn or glued together: half of an entry, and right
behind it, without a newline, the next one.

## Why it hurts
The loader skips the line silently. Entries that hang on it lose their link to everything before, so one bad line can hide a
whole history. OpenClaw's own load-time repair drops such lines without relinking their children, which makes that permanent.

## What the fix does
Whatever is whole is kept: an entry that stands complete behind the damage gets a line of its own. The damaged bytes go to the
lost-and-found. Where other entries hang on the lost one, a `custom` entry of the type `clawfix:lost` takes its place in the
tree under the same id, which the damaged bytes state or the first orphan behind them names. The model never sees that entry;
its children go on hanging on it, unchanged.

## What it never does
It never throws a byte away: what leaves the transcript goes to the lost-and-found in the run's journal, with its offset and
hash. It never touches another line. It never guesses words: half a message is not shown to the model.

## What to do
Run `clawfix repair` before OpenClaw opens the file again, since its own repair does not relink.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let plain =
        |fault: &Fault| matches!(fault.kind, FaultKind::NotJson(_)) && !faults::is_control(fault) && faults::junk(subject, fault).is_none();
    faults::spots(subject, plain, spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    faults::of(subject, spot).map_or(Ok(None), |fault| salvage(subject, fault, RULE.code))
}
