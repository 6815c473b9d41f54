//! CF701: a run of clawfix stopped before it was done.

use super::{Finding, Fixable, Rule, Severity, Work};
use crate::apply::journal::{FOLDER, Journal, stopped};
use crate::report::command::quoted;
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF701",
    name: "unfinished-run",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A run of clawfix stopped before it was done",
    doc: "\
## What it means
A `merge --apply`, `relink --apply` or `undo` was killed, met a full disk, or the machine went down while it worked. The run's folder in
`.clawfix/runs/` beside the transcripts says how far it came, and holds the originals of everything that it changed.

## Why it hurts
Some files may be in the new state and others in the old one: a conversation may be in two files at once, or a session key may
still lead to a file that has moved into the journal.

## What the fix does
`clawfix undo` puts every file back as it was before the run, and carries along the lines that came since.

## What it never does
It never goes on with a run that stopped, and never overwrites a file that changed otherwise meanwhile.

## What to do
Run `clawfix undo`: it takes the run back, whatever it had done, and carries along the lines that came since. No other run is
begun in this folder before that.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    for agent in &scan.agents {
        let journal = Journal::of(&agent.dir.dir);
        let unfinished = match journal.unfinished() {
            Ok(unfinished) => unfinished,
            Err(error) => {
                let help = format!("clawfix log {}", quoted(&agent.dir.dir));
                findings.push(Finding::new(&RULE, &agent.dir.dir.join(FOLDER), &[&agent.dir.agent], error.to_string(), help));
                continue;
            }
        };
        for (run, state) in unfinished {
            let message = format!("run {run} {}", stopped(state));
            let help = format!("clawfix undo {}", quoted(&agent.dir.dir));
            findings.push(Finding::new(&RULE, &agent.dir.dir.join(FOLDER), &[&agent.dir.agent, &run], message, help));
        }
    }
}
