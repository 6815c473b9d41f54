//! CF002: a transcript changed while it was read.

use super::{Finding, Fixable, Rule, Severity, Work};
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF002",
    name: "changed-while-read",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "A transcript changed while it was read",
    doc: "\
## What it means
The file grew, shrank, was rewritten or vanished between the first and the last look at it. A running gateway appends to the
transcript of every active chat, so growth alone is ordinary.

## Why it hurts
The report shows the file as it was at the first look. If it shrank or was rewritten, the report may mix two states.

## What to do
Scan again when the chat is quiet, or scan a copy.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    let segments = scan.agents.iter().flat_map(|agent| &agent.segments).map(|segment| (&segment.file, &segment.session));
    // What was met empty, or without a whole line, was perhaps only met at the wrong moment.
    let aside = scan.agents.iter().flat_map(|agent| &agent.aside).filter_map(|aside| Some((&aside.file, aside.session.as_ref()?)));
    for (file, session) in segments.chain(aside) {
        let Some(change) = session.change else { continue };
        let message = format!("{} while it was read; shown as it was at first", change.verb());
        let help = "scan again when the chat is quiet".to_owned();
        let mut finding = Finding::new(&RULE, &file.path, &[&file.name.session_id], message, help);
        if change != crate::read::Change::Grew {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
}
