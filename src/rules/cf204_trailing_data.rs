//! CF204: something stands behind the object on a line.

use super::{Finding, Fixable, Rule, Severity, Work, faults};
use crate::line::FaultKind;
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF204",
    name: "trailing-data",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "Something stands behind the object on a line",
    doc: "\
## What it means
A line holds a whole object and more behind it: most often a second object, written by two processes at once or after a torn
line.

## Why it hurts
The loader skips the whole line, so both objects are lost to the model though both are there.

## What to do
Keep a copy. Both objects can be read by eye at the named line.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    faults::report(&RULE, |kind| matches!(kind, FaultKind::Trailing), scan, findings);
}
