//! CF206: a control byte stands unescaped inside a string.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, faults};
use crate::repair::patch::{Patch, range_of};
use crate::repair::salvage::salvage;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF206",
    name: "raw-control-byte",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A control byte stands unescaped inside a string",
    doc: "\
## What it means
JSON wants control characters inside strings escaped; here one stands as it is, a NUL byte among them. A writer that pasted the
output of a command without encoding it, or a disk that lost a few bytes, leaves that.

## Why it hurts
The line is no JSON: the loader skips the whole message, and what hangs on it has lost its link.

## What the fix does
Each raw control byte becomes its escape (`\\u0000`, `\\u001b`), which makes the line good JSON with the very same text. Where
that is not enough, the line is treated as CF202 says.

## What it never does
It never drops a character of the text, and changes no other line.

## What to do
Run `clawfix repair`.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    faults::spots(subject, faults::is_control, spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(fault) = faults::of(subject, spot) else { return Ok(None) };
    let bytes = subject.text.read(range_of(fault.span))?;
    let mut escaped = Vec::with_capacity(bytes.len());
    let mut patch = Patch::new();
    let (mut inside, mut escape) = (false, false);
    for (at, &byte) in (fault.span.offset..).zip(&bytes) {
        // White space between the values is none of ours, and neither is the carriage return at a line's end.
        if byte < 0x20 && inside {
            let written = format!("\\u{byte:04x}").into_bytes();
            escaped.extend_from_slice(&written);
            patch.set(at..at.saturating_add(1), written);
        } else {
            escaped.push(byte);
        }
        inside ^= byte == b'"' && !escape;
        escape = byte == b'\\' && !escape && inside;
    }
    // Whatever else is wrong further on in the line is another rule's.
    let better = faults::first_flaw(&escaped).is_none_or(|flaw| fault.span.offset + flaw > fault.at);
    if better { Ok(Some(patch)) } else { salvage(subject, fault, RULE.code) }
}
