//! CF203: a line is nothing but NUL bytes.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, faults};
use crate::line::FaultKind;
use crate::repair::patch::Patch;
use crate::repair::salvage::salvage;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF203",
    name: "nul-line",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A line is nothing but NUL bytes",
    doc: "\
## What it means
A run of NUL bytes stands where a line should be. File systems leave such runs when the machine goes down between growing a
file and writing its data.

## Why it hurts
The loader skips the line. The entry that should have stood there is gone for good, and what hangs on it has lost its link.

## What the fix does
The NUL bytes go to the lost-and-found. If the first entry behind them hangs on an id that nobody has, a `custom` entry of the
type `clawfix:lost` takes that place in the tree, so that everything before is in the model's view again.

## What it never does
It never throws a byte away: what leaves the transcript goes to the lost-and-found in the run's journal, with its offset and
hash. It never touches another line.

## What to do
Run `clawfix repair`. Then look at the disk: a crash that left NUL bytes here may have left them elsewhere.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    faults::spots(subject, |fault| fault.kind == FaultKind::Nul, spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    faults::of(subject, spot).map_or(Ok(None), |fault| salvage(subject, fault, RULE.code))
}
