//! CF216: a field that matters stands twice in one object.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::{Patch, absolute};
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF216",
    name: "duplicate-key",
    severity: Severity::Info,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A field that matters stands twice in one object",
    doc: "\
## What it means
An entry has the same key twice, such as two `parentId` or two `message`. No release writes that; a hand or a tool did.

## Why it hurts
The loader, as all of JavaScript, goes by the last. Other readers go by the first or refuse the line: the same file means
different things to different programs.

## What the fix does
The values that do not count go to the lost-and-found; what the loader sees stays as it is.

## What it never does
It never chooses: the last value counts already. It changes no other byte of the line.

## What to do
Run `clawfix repair`. If the earlier value is the right one, take it from the lost-and-found.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if let (Some(header), Some(line)) = (&subject.session.header, subject.session.headers.first())
        && header.duplicate_field
    {
        let message = "the header has a field twice that matters; the last one counts";
        spots.push(Spot { line: Some(line.line), span: Some(line.span), ..Spot::new("header", message) });
    }
    for (at, _) in subject.entries().filter(|(_, entry)| entry.flags.duplicate_field) {
        spots.push(Spot::at_entry(subject, at, "has a field twice that matters; the last one counts"));
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(span) = spot.span else { return Ok(None) };
    let mut patch = Patch::new();
    let good = patch.within(subject, span, |patch, tree| {
        for duplicate in tree.duplicates() {
            patch.cut(absolute(span, duplicate.removal));
        }
    })?;
    Ok(good.then_some(patch))
}
