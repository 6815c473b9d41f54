//! CF205: a line holds bytes that are no UTF-8.

use super::{Finding, Fixable, Rule, Severity, Work, faults};
use crate::line::FaultKind;
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF205",
    name: "invalid-utf8",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "A line holds bytes that are no UTF-8",
    doc: "\
## What it means
The line parses, but bytes inside its strings are no UTF-8. The loader shows the replacement character in their place.

## Why it hurts
The message is shown with a few wrong characters. If anything rewrites the file, the original bytes are lost for good.

## What to do
Nothing needs to be done at once; keep a copy of the file if the original bytes matter.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    faults::report(&RULE, |kind| matches!(kind, FaultKind::InvalidUtf8), scan, findings);
}
