//! CF205: a line holds bytes that are no UTF-8.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, faults};
use crate::line::FaultKind;
use crate::repair::patch::{Patch, range_of};
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF205",
    name: "invalid-utf8",
    severity: Severity::Info,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A line holds bytes that are no UTF-8",
    doc: "\
## What it means
The line is good JSON, but some bytes in its texts are no UTF-8: a character was cut in two, or a program wrote another encoding.

## Why it hurts
The loader shows the replacement character U+FFFD in their place, and writes that back when it rewrites the file. Strict
readers, the importer of later releases among them, refuse the line.

## What the fix does
Each bad sequence becomes U+FFFD, which is what the model sees already. The bytes themselves go to the lost-and-found.

## What it never does
It never guesses another encoding, and changes no other byte of the line.

## What to do
Run `clawfix repair`. If you know the encoding, take the original bytes from the lost-and-found.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    faults::spots(subject, |fault| fault.kind == FaultKind::InvalidUtf8, spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(fault) = faults::of(subject, spot) else { return Ok(None) };
    let bytes = subject.text.read(range_of(fault.span))?;
    let mut patch = Patch::new();
    let mut at = fault.span.offset;
    for chunk in bytes.utf8_chunks() {
        at = at.saturating_add(chunk.valid().len() as u64);
        let bad = chunk.invalid().len() as u64;
        if bad > 0 {
            patch.replace(at..at.saturating_add(bad), "\u{FFFD}".as_bytes().to_vec());
            at = at.saturating_add(bad);
        }
    }
    Ok(Some(patch))
}
