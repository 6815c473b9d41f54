//! CF102: a conversation was torn, but from which of several is not known.

use super::{Finding, Fixable, Rule, Severity, Work, file_name};
use crate::scan::Scan;
use crate::time::iso;

pub(super) static RULE: Rule = Rule {
    code: "CF102",
    name: "ambiguous-split",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "A session is torn from one of several others, and the evidence does not tell which",
    doc: "\
## What it means
More than one older session could be the lost half of this one, and the evidence for them is as good as equal.

## Why it hurts
A false stitch is worse than a missed one: it would show the assistant somebody else's words. So nothing is guessed.

## What to do
Compare the candidates with `clawfix show`, then name the two that belong together to `clawfix merge`.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    for agent in &scan.agents {
        for tie in &agent.ties {
            let Some(newer) = agent.segments.get(tie.newer) else { continue };
            let olders = tie.olders.iter().filter_map(|&at| agent.segments.get(at));
            let names: Vec<String> = olders.map(|segment| file_name(&segment.file.path)).collect();
            let message = format!("began at {} and could continue any of: {}", iso(newer.start_ms), names.join(", "));
            let help = "compare the candidates with `clawfix show`, then name the two to merge".to_owned();
            let mut finding = Finding::new(&RULE, &newer.file.path, &[&newer.id], message, help);
            finding.at_ms = Some(newer.start_ms);
            findings.push(finding);
        }
    }
}
