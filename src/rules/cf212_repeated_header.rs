//! CF212: the transcript has more than one session header.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::Patch;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF212",
    name: "repeated-header",
    severity: Severity::Info,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "The transcript has more than one session header",
    doc: "\
## What it means
A second session header stands further down: two transcripts were put together by hand, or the gateway wrote the header again.

## Why it hurts
The loader goes by the first and skips the others. Tools that split files at headers, and the importer of later releases, may
take the rest for another session.

## What the fix does
Every header but the first goes to the lost-and-found.

## What it never does
It never touches an entry. If two conversations stand in the file, they stay where they are.

## What to do
Run `clawfix repair`. If the second header has another session id, look with `clawfix show` whether two sessions were put together.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for header in subject.session.headers.iter().skip(1) {
        spots.push(Spot::at_line(subject, header.line, header.span, "is another session header, which the loader skips"));
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let mut patch = Patch::new();
    if let Some(span) = spot.span {
        patch.cut_line(subject, span);
    }
    Ok(Some(patch))
}
