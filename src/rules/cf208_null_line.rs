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
    // The last entry in front that has an id tells where the line stands, whatever is added elsewhere.
    let (mut place, mut count) = ("the start".to_owned(), 0u32);
    for (at, entry) in subject.entries() {
        if entry.kind != Kind::Null && !(old && entry.kind == Kind::Scalar) {
            if let Some(id) = subject.id_text(at) {
                (place, count) = (id.to_owned(), 0);
            }
            continue;
        }
        count += 1;
        let what = if entry.kind == Kind::Null { "null" } else { "a bare value, which version 1 cannot hold" };
        let spot = Spot::at_line(subject, u64::from(entry.line), entry.span, format!("is {what}; the loader fails on the whole session"));
        spots.push(Spot { entry: Some(at), identity: format!("{count} behind {place}"), ..spot });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let mut patch = Patch::new();
    if let Some(span) = spot.span {
        patch.cut_line(subject, span);
    }
    Ok(Some(patch))
}
