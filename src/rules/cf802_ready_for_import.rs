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
    summary: "Nothing that clawfix checks stands in the way of this agent's upgrade to SQLite",
    doc: "\
## What it means
None of the six obstacles that CF801 lists is there: the store parses, no transcript has a second hard link, a torn last record or a
header that names another session, no conversation is torn as far as clawfix can tell, and every conversation in which a person was
answered has a key or is the past of a chat that has one. It is shown with `--all` only, and not at all for an agent that is imported
already, or for a loose folder.

That is all that is checked. Damage inside a transcript (CF2 to CF5) does not keep the importer from taking it, and comes along as it
is; the space on the disk, rights, other programs' files and the importer's own faults are not looked at.

## Why it hurts
It does not. It answers whether something that clawfix knows of stands in the way of the upgrade.

## What to do
Mend what other findings report, and keep a copy of the state directory. If days pass before the upgrade, scan again: the verdict is about the files as they are now.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    if reasons(scan, agent).is_none_or(|reasons| !reasons.is_empty()) {
        return;
    }
    let live = agent.segments.iter().filter(|segment| segment.file.name.state == FileState::Live).count();
    let them = if live == 1 { "it is" } else { "they are" };
    let message = format!(
        "ready for the upgrade to SQLite: nothing that CF801 checks keeps {} from being brought in as {them}",
        many(live, "transcript")
    );
    let mut trouble = Trouble::new(&agent.dir.dir, file_name(&agent.dir.dir), message);
    trouble.help = Some("nothing needs mending; scan again right before the upgrade".to_owned());
    troubles.push(trouble);
}
