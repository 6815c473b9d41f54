//! CF201: the file ends in the middle of a line.

use super::{Finding, Fixable, Rule, Severity, Work, faults};
use crate::line::FaultKind;
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF201",
    name: "torn-line",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "The file ends in the middle of a line",
    doc: "\
## What it means
The last line of the transcript has no end: the process was killed, the disk was full, or the gateway is writing at this very
moment.

## Why it hurts
The loader skips the line. The next append lands on the same line and is lost with it, and with it the link of everything
that follows.

## What to do
If the gateway is running, scan again. Else keep a copy of the file; the bytes of the cut line are in it, at the place named.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    faults::report(&RULE, |kind| matches!(kind, FaultKind::Torn), scan, findings);
}
