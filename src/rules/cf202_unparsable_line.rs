//! CF202: a line is no JSON, and the loader skips it.

use super::{Finding, Fixable, Rule, Severity, Work, faults};
use crate::line::FaultKind;
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF202",
    name: "unparsable-line",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "A line is no JSON, and the loader skips it",
    doc: "\
## What it means
A line in the middle of the file does not parse. The rest of the file is read on.

## Why it hurts
The loader skips the line silently. Entries that hang on it lose their link to everything before, so one bad line can hide a
whole history. OpenClaw's own load-time repair drops such lines without relinking their children.

## What to do
Do not let OpenClaw rewrite the file before you have a copy. Look at the named byte.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    faults::report(&RULE, |kind| matches!(kind, FaultKind::NotJson(_)), scan, findings);
}
