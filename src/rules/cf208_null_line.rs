//! CF208: a line is null, which makes the loader fail.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Kind;
use crate::repair::patch::Patch;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF208",
    name: "null-line",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A line is null, which makes the loader fail",
    doc: "\
## What it means
A line of the transcript is the bare word `null`: valid JSON, but no entry. A writer that serialised a missing value leaves it.

## Why it hurts
The loader reads a field of every entry and fails on this one. The whole session cannot be opened; releases that catch the error
begin a new one.

## What the fix does
The line is taken out.

## What it never does
It never touches another line. `null` is no entry, so nothing hangs on it.

## What to do
Run `clawfix repair`.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for (at, entry) in subject.entries().filter(|(_, entry)| entry.kind == Kind::Null) {
        let place = subject.linkable_before(at).and_then(|before| subject.id_text(before)).unwrap_or("the start").to_owned();
        let spot = Spot::at_line(subject, u64::from(entry.line), entry.span, "is null, which makes the loader fail on the whole session");
        spots.push(Spot { entry: Some(at), identity: format!("behind {place}"), ..spot });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let mut patch = Patch::new();
    if let Some(span) = spot.span {
        patch.cut_line(subject, span);
    }
    Ok(Some(patch))
}
