//! CF802: the importer of the SQLite releases would take all of it.

use super::folder::many;
use super::readiness::reasons;
use super::{Fixable, Rule, Severity, Work, file_name};
use crate::name::FileState;
use crate::repair::step::Trouble;
use crate::scan::{Agent, Scan};

pub(super) static RULE: Rule = Rule {
    code: "CF802",
    name: "ready-for-import",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: true,
    summary: "The upgrade to SQLite would bring in all of this agent's sessions as they are",
    doc: "\
## What it means
Nothing in this agent's folder is of the kind that the importer of the SQLite releases (July 2026 and later) refuses, puts off or brings
in unstitched; CF801 has the list. It is shown with `--all` only, and not at all for an agent that is imported already.

## Why it hurts
It does not. It is the answer to the question whether the upgrade may begin.

## What to do
Nothing. If days pass before the upgrade, scan again: the verdict is about the files as they are now.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    if reasons(scan, agent).is_none_or(|reasons| !reasons.is_empty()) {
        return;
    }
    let live = agent.segments.iter().filter(|segment| segment.file.name.state == FileState::Live).count();
    let them = if live == 1 { "it is" } else { "they are" };
    let message = format!("ready for the upgrade to SQLite: {} would be brought in as {them}", many(live, "transcript"));
    let mut trouble = Trouble::new(&agent.dir.dir, file_name(&agent.dir.dir), message);
    trouble.help = Some("nothing needs mending; scan again right before the upgrade".to_owned());
    troubles.push(trouble);
}
