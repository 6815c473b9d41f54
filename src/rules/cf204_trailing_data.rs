//! CF204: more stands on a line than one object.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, faults};
use crate::line::FaultKind;
use crate::repair::patch::{Patch, range_of};
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF204",
    name: "trailing-data",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "More stands on a line than one object",
    doc: "\
## What it means
A whole object stands on the line, and more behind it: a second entry whose newline is missing, or the rest of a torn one. Two
processes that append to one file at once leave such lines.

## Why it hurts
The loader takes a line as a whole or not at all: both entries are skipped, and what hangs on them has lost its link.

## What the fix does
A newline is put in behind the first object. Both are read again. What stands behind and is no whole object is then a line of
its own, and treated as CF202 says.

## What it never does
It never takes a byte away by itself, and changes neither object.

## What to do
Run `clawfix repair`. If it happens again, look for a second gateway on the same state directory.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    faults::spots(subject, |fault| fault.kind == FaultKind::Trailing, spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(fault) = faults::of(subject, spot) else { return Ok(None) };
    let bytes = subject.text.read(range_of(fault.span))?;
    let mut patch = Patch::new();
    let mut at = 0usize;
    // Each object in turn, up to the last or to what is none.
    while let Some((FaultKind::Trailing, more)) = faults::first_fault(bytes.get(at..).unwrap_or_default()) {
        at = at.saturating_add(usize::try_from(more).unwrap_or(usize::MAX));
        patch.insert(fault.span.offset + at as u64, b"\n".to_vec());
    }
    Ok(Some(patch))
}
