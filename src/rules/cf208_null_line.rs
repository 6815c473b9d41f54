//! CF208: a line is null, which makes the loader fail.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Kind;
use crate::repair::patch::Patch;
use crate::session::Entry;
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
A line of the transcript is the bare word `null`: valid JSON, but no entry. A writer that serialised a missing value leaves it. In
the old format version 1, whose entries are given ids when they are loaded, a bare number, string or truth value does the same harm.

## Why it hurts
The loader reads a field of every entry and fails on this one. The whole session cannot be opened; releases that catch the error
begin a new one.

## What the fix does
The line is taken out.

## What it never does
It never touches another line. A bare value is no entry, so nothing hangs on it.

## What to do
Run `clawfix repair`.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let old = !subject.is_linked();
    let hurts = |entry: &Entry| entry.kind == Kind::Null || (old && entry.kind == Kind::Scalar);
    for (count, (at, entry)) in subject.entries().filter(|(_, entry)| hurts(entry)).enumerate() {
        let what = if entry.kind == Kind::Null { "null" } else { "a bare value, which version 1 cannot hold" };
        let spot = Spot::at_line(subject, u64::from(entry.line), entry.span, format!("is {what}; the loader fails on the whole session"));
        // They are all alike, so their number tells them apart, whatever lines are added elsewhere.
        spots.push(Spot { entry: Some(at), identity: format!("number {count}"), ..spot });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let mut patch = Patch::new();
    if let Some(span) = spot.span {
        patch.cut_line(subject, span);
    }
    Ok(Some(patch))
}
