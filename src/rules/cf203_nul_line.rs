//! CF203: a line holds nothing but NUL bytes.

use super::{Finding, Fixable, Rule, Severity, Work, faults};
use crate::line::FaultKind;
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF203",
    name: "nul-line",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "A line holds nothing but NUL bytes",
    doc: "\
## What it means
A run of NUL bytes stands where a line should be, as a crash or a power loss leaves it on some file systems.

## Why it hurts
Whatever was written there is gone. The loader skips the line, and entries that hang on it lose their link to everything
before.

## What to do
Keep a copy, check the disk, and look for an archive or a backup that holds the missing line.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    faults::report(&RULE, |kind| matches!(kind, FaultKind::Nul), scan, findings);
}
