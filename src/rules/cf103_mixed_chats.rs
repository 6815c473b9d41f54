//! CF103: one transcript holds several chats.

use super::{Finding, Fixable, Rule, Severity, Work};
use crate::scan::Scan;

pub(super) static RULE: Rule = Rule {
    code: "CF103",
    name: "mixed-chats",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "One transcript holds several groups, or a group and a direct chat",
    doc: "\
## What it means
Turns of more than one group, or of a group and a direct chat, stand in one transcript. The main session may hold several direct
chats of one owner; that is ordinary and not reported.

## Why it hurts
Either the agent is set up to share one session among groups, or a store fault mixed them. In both cases the transcript as a whole
belongs to no single conversation, so it is never stitched to another.

## What to do
If the sharing is on purpose (`session.groupScope: \"main\"`), nothing. Else look at it with `clawfix show`.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    for segment in scan.agents.iter().flat_map(|agent| &agent.segments) {
        if segment.is_conversational() && segment.mixes_chats() {
            let message = format!("holds {} chats, and is not stitched to any other transcript", segment.chats.len());
            let help = "look at it with `clawfix show`".to_owned();
            findings.push(Finding::new(&RULE, &segment.file.path, &[&segment.id], message, help));
        }
    }
}
