//! CF211: the session header is not the first entry of the file.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, headers};
use crate::repair::patch::{Patch, range_of};
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF211",
    name: "header-not-first",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "The session header is not the first entry of the file",
    doc: "\
## What it means
A session header is there, but an entry stands in front of it: lines were sorted, merged by hand, or written by two processes.

## Why it hurts
The loader looks at the first line that parses. If that is no header, the session is empty to it, and some releases then
overwrite the file.

## What the fix does
The header line moves to the front, byte for byte. Everything else keeps its order.

## What it never does
It changes no byte of any line.

## What to do
Run `clawfix repair` before OpenClaw opens the session.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let Some(header) = subject.session.headers.first().filter(|header| header.ordinal > 0) else { return };
    let message = format!("the session header is at line {}, behind {} other lines", header.line, header.ordinal);
    spots.push(Spot { line: Some(header.line), span: Some(header.span), ..Spot::new("header", message) });
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(span) = spot.span else { return Ok(None) };
    let mut line = subject.text.read(range_of(span))?;
    line.push(b'\n');
    let end = span.offset.saturating_add(span.len).saturating_add(1).min(subject.text.len());
    let mut patch = Patch::new();
    patch.insert(headers::front(subject)?, line);
    patch.set(span.offset..end, Vec::new());
    Ok(Some(patch))
}
