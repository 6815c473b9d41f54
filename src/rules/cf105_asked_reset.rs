//! CF105: a seam that is no damage.

use super::{Finding, Fixable, Rule, Severity, Work, seams};
use crate::scan::Scan;
use crate::split::SeamKind;

pub(super) static RULE: Rule = Rule {
    code: "CF105",
    name: "asked-reset",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: true,
    summary: "A new session was asked for, or the old one was deleted",
    doc: "\
## What it means
The newer session opens with the greeting of `/new` or `/reset`, or its predecessor was archived right before its first message came. Its owner asked for a new session.

## Why it hurts
It does not hurt: forgetting is what was asked for.

## What to do
Nothing.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    seams::report(&RULE, SeamKind::Reset, "began anew on request", scan, findings);
}
