//! CF209: the last line is whole, but has no newline behind it.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::Patch;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF209",
    name: "unterminated-file",
    severity: Severity::Info,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "The last line is whole, but has no newline behind it",
    doc: "\
## What it means
The file ends right behind its last object. The write was cut one byte short, or another program saved the file.

## Why it hurts
OpenClaw appends a line with its newline behind it and none in front. The next entry would land on this line, and the loader
would then skip both.

## What the fix does
It puts the newline in.

## What it never does
It changes no other byte.

## What to do
Run `clawfix repair` before the next message comes in.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let session = subject.session;
    let torn = session.faults.last().is_some_and(|fault| fault.span.offset + fault.span.len == session.bytes && fault.kind.loses_line());
    if session.unterminated && session.lines > 0 && !torn {
        spots.push(Spot::new("end", "the last line has no newline behind it, so the next entry would land on it"));
    }
}

fn fix(subject: &Subject<'_>, _: &Spot) -> io::Result<Option<Patch>> {
    let mut patch = Patch::new();
    patch.insert(subject.text.len(), b"\n".to_vec());
    Ok(Some(patch))
}
