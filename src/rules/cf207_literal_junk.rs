//! CF207: a word or mark that is no JSON stands in a line.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, faults};
use crate::repair::patch::{Patch, range_of};
use crate::repair::salvage::salvage;
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

/// What a value becomes that JSON cannot hold.
const NULL: &[u8] = b"null";
/// Values of one line that are mended at once; more take another step.
const MOST_VALUES: usize = 1_000;

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    faults::spots(subject, |fault| faults::junk(subject, fault).is_some(), spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(fault) = faults::of(subject, spot) else { return Ok(None) };
    let Some(junk) = faults::junk(subject, fault) else { return Ok(None) };
    let bytes = subject.text.read(range_of(fault.span))?;
    let start = fault.span.offset;
    let mut patch = Patch::new();
    if junk == "\u{FEFF}".as_bytes() {
        let marks = bytes.chunks(junk.len()).take_while(|chunk| *chunk == junk).count() * junk.len();
        let rest = bytes.get(marks..).unwrap_or_default();
        if marks == 0 || faults::first_flaw(rest) == Some(0) {
            return salvage(subject, fault, RULE.code);
        }
        patch.cut(start..start + marks as u64);
        return Ok(Some(patch));
    }
    if bytes.trim_ascii() == junk {
        return salvage(subject, fault, RULE.code);
    }
    // One value after another: in a text the same word stands for itself, so only what makes the line bad is touched.
    // What the line lost and gained so far in front of the place at hand: `null` is longer than some of what it stands for.
    let (mut line, mut gone, mut come) = (bytes.clone(), 0usize, 0usize);
    for _ in 0..MOST_VALUES {
        let Some(flaw) = faults::first_flaw(&line).and_then(|flaw| usize::try_from(flaw).ok()) else { break };
        let Some((at, junk)) = faults::junk_at(&line, flaw) else { break };
        let nulled = [line.get(..at).unwrap_or_default(), NULL, line.get(at + junk.len()..).unwrap_or_default()].concat();
        if faults::first_flaw(&nulled).is_some_and(|next| next <= flaw as u64) {
            break;
        }
        let place = start + (at + gone).saturating_sub(come) as u64;
        patch.replace(place..place + junk.len() as u64, NULL.to_vec());
        gone += junk.len();
        come += NULL.len();
        line = nulled;
    }
    if patch.is_empty() { salvage(subject, fault, RULE.code) } else { Ok(Some(patch)) }
}
