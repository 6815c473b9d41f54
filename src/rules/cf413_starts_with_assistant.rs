//! CF413: the first message that the model sees is its own.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Role;

pub(super) static RULE: Rule = Rule {
    code: "CF413",
    name: "starts-with-assistant",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "The first message that the model sees is an assistant's",
    doc: "\
## What it means
What the model sees of this transcript begins with an answer, and no user turn and no summary stands before it. The beginning
was cut off by a lost line or a broken link, the transcript was re-created in the middle of a conversation, or it was written
by a hand or a tool.

Copies of outbound messages (`delivery-mirror`), notes of the gateway and answers that failed are not counted: requests leave
them out.

## Why it hurts
Some providers refuse a request whose first message is not the user's. And the model does not know what it was answering.

## What to do
Look at the findings of the families CF1 and CF3 for this file: a torn conversation or a broken link explains most such
beginnings, and mending it brings the turns before it back. If there are none and the provider accepts the session, nothing
need be done.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let counted = subject.context.messages.iter().find(|seen| {
        let flags = subject.session.entry(seen.entry).map(|entry| entry.flags).unwrap_or_default();
        let left_out = seen.role == Role::Assistant && (flags.mirror || flags.injected || flags.failed);
        !left_out && !matches!(seen.role, Role::Missing | Role::Other)
    });
    if let Some(first) = counted.filter(|seen| seen.role == Role::Assistant) {
        let message = "the first message that the model sees is an assistant's, with no user turn or summary before it";
        spots.push(
            Spot::at_entry(subject, first.entry, message).not_mendable("look at the findings about links and splits of this file first"),
        );
    }
}
