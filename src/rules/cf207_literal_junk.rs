//! CF207: a word or mark that is no JSON stands in a line.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, faults};
use crate::repair::patch::{Patch, range_of};
use crate::repair::salvage::salvage;
use crate::tree;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF207",
    name: "literal-junk",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A word or mark that is no JSON stands in a line",
    doc: "\
## What it means
`undefined`, `NaN`, `[object Object]` or a byte order mark stands where JSON should be: the trace of a program that wrote a
value which JSON cannot hold, or that glued files together.

## Why it hurts
The loader skips the line. If it held an entry, everything before it is out of sight for what hangs on it.

## What the fix does
A byte order mark in front of an object, and a line that is nothing but junk, are taken out. In the place of a value the junk
becomes `null`, if that makes the line good JSON. Otherwise the line is treated as CF202 says.

## What it never does
It never throws a byte away: what leaves the transcript goes to the lost-and-found in the run's journal, with its offset and
hash. It never touches another line.

## What to do
Run `clawfix repair`.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    faults::spots(subject, |fault| faults::junk(subject, fault).is_some(), spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(fault) = faults::of(subject, spot) else { return Ok(None) };
    let Some(junk) = faults::junk(subject, fault) else { return Ok(None) };
    let bytes = subject.text.read(range_of(fault.span))?;
    let found: Vec<usize> = memchr::memmem::find_iter(&bytes, junk).collect();
    let start = fault.span.offset;
    let range = |at: usize| start + at as u64..start + (at + junk.len()) as u64;
    let mut patch = Patch::new();
    if junk == "\u{FEFF}".as_bytes() {
        let marks = bytes.chunks(junk.len()).take_while(|chunk| *chunk == junk).count() * junk.len();
        patch.cut(start..start + marks as u64);
        let rest = bytes.get(marks..).unwrap_or_default();
        return if tree::parse(rest).is_some() { Ok(Some(patch)) } else { salvage(subject, fault, RULE.code) };
    }
    // In a text the word may stand for itself, so only the one at the fault is a value; others are found in later rounds.
    let at = usize::try_from(fault.at - start).unwrap_or_default();
    let Some(&first) = found.iter().find(|&&place| place.max(at) - place.min(at) <= 1) else { return salvage(subject, fault, RULE.code) };
    let nulled = [bytes.get(..first).unwrap_or_default(), b"null", bytes.get(first + junk.len()..).unwrap_or_default()].concat();
    if bytes.trim_ascii() != junk && tree::parse(&nulled).is_some() {
        patch.replace(range(first), b"null".to_vec());
        return Ok(Some(patch));
    }
    salvage(subject, fault, RULE.code)
}
