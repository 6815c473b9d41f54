//! CF402: a tool result whose call is nowhere before it.

use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work, strays};
use crate::repair::patch::Patch;

pub(super) static RULE: Rule = Rule {
    code: "CF402",
    name: "result-without-call",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "A tool result answers a call that the model does not see",
    doc: "\
## What it means
Among the messages that the model sees is the result of a tool call, but no call of that id stands before it. The line with
the call was lost, a broken link cut it off, or a compaction keeps from the middle of a turn. Where the call stands behind the
result in the same turn of the user, the two only changed places: that is CF404, `displaced-result`.

## Why it hurts
Providers answer a request that holds such a result with an error 400, on every turn. OpenClaw's guard drops the result when
it loads the session: what the tool said, and every picture in it, is gone from the model's view.

## What the fix does
The result becomes a message of the role `custom` (`customType` `clawfix:orphan-result`), which the model reads as a user
turn. Its text and its pictures stay. Where it stands among the results of another call, it moves behind them by its link, so
that those stay together.

## What it never does
It takes nothing away and makes up no call. The model sees as many messages as before.

## What to do
Look first whether the call can be had back: findings about broken links (CF3) and torn lines (CF2) near it come first, since
mending them may bring the call back into view. Else run the command that the finding ends with; it is marked unsafe because
the model will read the result as something that was said to it.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let message = |stray: &super::pairs::Stray| match subject.session.call_names.text(stray.call) {
        Some(id) if !id.is_empty() => format!("a tool result for the call {} stands where the model sees no such call", strays::clip(id)),
        _ => "a tool result that names no call".to_owned(),
    };
    strays::spots(subject, &subject.pairs().orphans, message, spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    strays::demote(subject, spot, &subject.pairs().orphans, "clawfix:orphan-result")
}
