//! CF801: the importer of the SQLite releases would not take all of it as it is.

use super::readiness::{Reason, Remedy, reasons};
use super::{Fixable, Rule, Severity, Work, file_name};
use crate::repair::step::Trouble;
use crate::scan::{Agent, Scan};

pub(super) static RULE: Rule = Rule {
    code: "CF801",
    name: "not-ready-for-import",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: true,
    summary: "The upgrade to SQLite would refuse, put off or bring in unstitched some of this agent's sessions",
    doc: "\
## What it means
Releases from July 2026 on (2026.7.2 betas, 2026.8.1) keep sessions in one database for each agent, and import the transcripts when they
first start. This agent is not imported yet, and the importer would not take everything as it is. The finding counts, in this order:

- a store that does not parse: nothing under it is imported;
- transcripts with more than one hard link: refused, because somebody else may write to them;
- transcripts whose last record is torn: put off, as if a run were still writing (one that a live run holds the lock of is not counted);
- transcripts whose header names another session than the file does: refused;
- torn conversations: each half is brought in by itself, and what no key knows as `agent:<agent>:recovered:<id>`;
- conversations without a key, all of them where the store is empty or gone: brought in as recovered, away from their chat.

## Why it hurts
The importer archives the originals with a receipt, and clawfix never edits those: what was not stitched before the import cannot be
stitched after it. What is refused or put off stays behind as a file that the new release does not show.

## What to do
Stop the gateway, run the line of commands that the finding gives, and scan again: CF802 says when the agent is
ready. What only a person can do stands behind the commands as a comment; do it first, since the rest may depend on it. The command for hard links names the first file, and the one that stitches at most ten conversations; run them until nothing is left.
Commands of clawfix show their plan first and write only with `--apply`.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(reasons) = reasons(scan, agent).filter(|reasons| !reasons.is_empty()) else { return };
    let what: Vec<&str> = reasons.iter().map(|reason| reason.what.as_str()).collect();
    let message = format!("not ready for the upgrade to SQLite: {}", what.join("; "));
    let mut trouble = Trouble::new(&agent.dir.dir, file_name(&agent.dir.dir), message);
    trouble.help = Some(line(&reasons));
    troubles.push(trouble);
}

/// The remedies as one line for a shell, a person's work as a comment; that alone where there is no command.
fn line(reasons: &[Reason]) -> String {
    let (mut commands, mut by_hand) = (Vec::new(), Vec::new());
    for reason in reasons {
        match &reason.remedy {
            Remedy::Command(command) => commands.push(command.as_str()),
            Remedy::ByHand(work) => by_hand.push(work.as_str()),
        }
    }
    let (commands, by_hand) = (commands.join(" && "), by_hand.join("; "));
    match (commands.is_empty(), by_hand.is_empty()) {
        (_, true) => commands,
        (true, false) => by_hand,
        (false, false) => format!("{commands} # by hand, before that: {by_hand}"),
    }
}
