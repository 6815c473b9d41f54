//! CF004: a transcript is too large to be indexed whole.

use super::{Finding, Fixable, Rule, Severity, Work};
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF004",
    name: "partly-indexed",
    severity: Severity::Error,
    fixable: Fixable::None,
    on_request: false,
    summary: "A transcript has more lines or blocks than are indexed",
    doc: "\
## What it means
The file has more entries than clawfix indexes of one file, or a line with more image and tool-call blocks than it records of one
line. Everything was read, but what is beyond the bound was only counted.

## Why it hurts
The report on this file is incomplete, so nothing is called clean, and the exit code is 2.

## What to do
No real transcript comes near the bound. Look at the file: it is most likely not one, or something wrote to it in a loop.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    for agent in &scan.agents {
        let segments = agent.segments.iter().map(|segment| (&segment.file, &segment.session));
        let aside = agent.aside.iter().filter_map(|aside| Some((&aside.file, aside.session.as_ref()?)));
        for (file, session) in segments.chain(aside).filter(|(_, session)| session.left_out > 0) {
            let message = format!("{} entries, turns, images or blocks beyond the bounds were not indexed", session.left_out);
            let help = "look at the file; something may have written to it in a loop".to_owned();
            findings.push(Finding::new(&RULE, &file.path, &[&file.name.session_id], message, help));
        }
    }
}
