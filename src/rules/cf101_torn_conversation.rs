//! CF101: a conversation was torn.

use super::{Finding, Fixable, Rule, Severity, Work, file_name};
use crate::report::command;
use crate::scan::Scan;
use crate::split::{Level, SeamKind};
use crate::time::{iso, span};

pub(super) static RULE: Rule = Rule {
    code: "CF101",
    name: "torn-conversation",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A conversation was cut in two: its newer half has lost the older one",
    doc: "\
## What it means
Two transcripts are one conversation. Something other than its owner began a new session in the middle of it: most often a
heartbeat poll or the notice of a command's exit that met the session store at the wrong moment.

## Why it hurts
The assistant goes on in the newer transcript and sees nothing of the older one: an hour of talk and every shared image are gone
from its mind, though all bytes are still on the disk. They may not stay there: OpenClaw's own cleanup takes old archives away,
and its doctor calls unreferenced transcripts orphans.

## How sure it is
*certain* needs a trace that no innocent seam leaves, and enough that only the gateway can have written. *probable* means that
every innocent explanation was tested and failed. *possible* is worth a look, and shown with `--min-level possible`.
`-v` prints the evidence with file and line; `clawfix explain E110` explains an item.

## What the fix does
`clawfix merge` stitches both halves into the file that the store points at, every line byte for byte but for the links that must
change; `clawfix relink` leaves the files apart and lets the newer one show the older one's images again.

## What it never does
It never stitches what is not proven unless you name it, and never takes a line away. `clawfix undo` takes it back.

## What to do
Run the command that the finding ends with. It shows the plan first, and writes only with `--apply`.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    for agent in &scan.agents {
        for conversation in &agent.conversations {
            let id = agent.conversation_id(conversation);
            for seam in conversation.seams.iter().filter(|seam| seam.verdict.kind == SeamKind::Split) {
                let (Some(older), Some(newer)) = (agent.segments.get(seam.older), agent.segments.get(seam.newer)) else { continue };
                let message = format!(
                    "torn from {} at {} by {} ({}, score {:.2}; gap {}); {} user turns and {} images are out of sight",
                    file_name(&older.file.path),
                    iso(newer.start_ms),
                    seam.verdict.cause.words(),
                    seam.verdict.level.name(),
                    seam.verdict.score,
                    span(seam.gap_ms),
                    older.human_count(),
                    agent.images.get(seam.older).map_or(0, |images| images.shown()),
                );
                let help = command::merge(scan, agent, &id, seam.verdict.level);
                let mut finding = Finding::new(&RULE, &newer.file.path, &[&older.id, &newer.id], message, help);
                finding.severity = match seam.verdict.level {
                    Level::Certain => Severity::Error,
                    Level::Probable => Severity::Warning,
                    Level::Possible => Severity::Info,
                };
                finding.line = newer.session.turns.first().map(|turn| newer.session.line_of(turn.entry));
                finding.span = newer.session.turns.first().and_then(|turn| newer.session.entry(turn.entry)).map(|entry| entry.span);
                finding.at_ms = Some(newer.start_ms);
                finding.conversation = Some(id.clone());
                findings.push(finding);
            }
        }
    }
}
