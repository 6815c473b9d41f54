//! CF201: the file ends in the middle of a line.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, faults, folder};
use crate::apply::lock::{self, Kind};
use crate::line::FaultKind;
use crate::repair::patch::Patch;
use crate::repair::salvage::salvage;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF201",
    name: "torn-line",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "The file ends in the middle of a line",
    doc: "\
## What it means
The last line of the transcript has no end: the process was killed, the disk was full, or the gateway is writing at this very
moment. While a live process holds the transcript's lock it is the last of these, and an information.

## Why it hurts
The loader skips the line. The next append lands on the same line and is lost with it, and with it the link of everything
that follows: the model then sees nothing of what came before.

## What the fix does
The torn bytes go to the lost-and-found in the run's journal, and the file ends with a whole line again. If a whole entry was
already written behind the torn one, that entry stays.

## What it never does
It never invents the missing end of the line. It never works while the gateway holds the transcript's lock.

## What to do
If the gateway is running, scan again: a line that was being written is whole by then. Else run `clawfix repair`.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let before = spots.len();
    faults::spots(subject, |fault| fault.kind == FaultKind::Torn, spots);
    // A run is writing this very line; the lock is only looked at where there is something to tell.
    if spots.len() > before && lock::is_held(&subject.file.path, Kind::Transcript, folder::now_ms()) {
        for spot in spots.iter_mut().skip(before) {
            spot.severity = Some(Severity::Info);
            spot.help = Some("a run is writing to this transcript; scan again when it is over".to_owned());
        }
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    faults::of(subject, spot).map_or(Ok(None), |fault| salvage(subject, fault, RULE.code))
}
