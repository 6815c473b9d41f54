//! CF104: a seam that is no damage.

use super::{Finding, Fixable, Rule, Severity, Work, seams};
use crate::scan::Scan;
use crate::split::SeamKind;

pub(super) static RULE: Rule = Rule {
    code: "CF104",
    name: "rollover",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: true,
    summary: "A conversation went on in a new session by a daily or idle policy",
    doc: "\
## What it means
A daily or idle reset policy began a new session. Nothing is damaged: the configuration asked for it, or an older release does it by default at 04:00 local time.

## Why it hurts
Its owner may feel it as amnesia all the same, since the newer session starts without the older one's context.

## What to do
Nothing, or turn the policy off (`session.reset`) in the configuration. It can be stitched on request with `clawfix merge --include rollover`.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    seams::report(&RULE, SeamKind::Rollover, "rolled over by policy", scan, findings);
}
