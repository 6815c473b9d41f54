//! CF003: a file with a transcript's name is none.

use super::{Finding, Fixable, Rule, Severity, Work};
use crate::discover::RootKind;
use crate::scan::{AsideReason, Scan};

pub(super) static RULE: Rule = Rule {
    code: "CF003",
    name: "unknown-file",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "A file is taken for a transcript by its name or on request, but nothing in it looks like one",
    doc: "\
## What it means
The file is named like a transcript or was named on the command line, yet it has neither a session header nor a single line that
is an entry, or none of them carries a time. It may be empty, binary, or belong to another program.

## Why it hurts
It is called *unknown*, not healthy: if it was a transcript once, its content is gone.

## What to do
Look at the file. If a transcript is expected there, restore it from an archive or a backup beside it.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    let asides = scan.agents.iter().flat_map(|agent| agent.aside.iter().map(move |aside| (agent, aside)));
    for (agent, aside) in asides {
        let what = match aside.why {
            AsideReason::Empty => "unknown: it is empty",
            AsideReason::Unknown => "unknown: nothing in it looks like an OpenClaw transcript",
            AsideReason::Timeless => "unknown: no line of it carries a time",
            AsideReason::Copy | AsideReason::Unreadable(_) => continue,
        };
        let help = "look at the file; if a transcript is expected there, restore it from a backup".to_owned();
        let mut finding = Finding::new(&RULE, &aside.file.path, &[&aside.file.file_name], what.to_owned(), help);
        // A file that was named is expected to be a transcript.
        if scan.roots.get(agent.dir.root).is_some_and(|root| root.kind == RootKind::Transcript) {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
}
