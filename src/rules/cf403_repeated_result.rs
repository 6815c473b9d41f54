//! CF403: a second result for a call that was answered already.

use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work, strays};
use crate::repair::patch::Patch;

pub(super) static RULE: Rule = Rule {
    code: "CF403",
    name: "repeated-result",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "A tool call was answered twice",
    doc: "\
## What it means
Two results among the messages that the model sees name the same call, and no second call of that id stands between them. The
gateway wrote a result again after it had been interrupted, or wrote an error in the place of a result that then came after
all.

## Why it hurts
Providers refuse a request with two results for one call. OpenClaw's guard keeps the first and drops the other when it loads
the session; if the first is the error that it made up itself, the true result is the one that the model never sees.

## What the fix does
The later result becomes a message of the role `custom` (`customType` `clawfix:repeated-result`), which the model reads as a
user turn. Its text and its pictures stay. Where it stands among the results of its call, it moves behind them by its link.

## What it never does
It takes nothing away, not even a result that is the same as the first byte for byte, and does not judge which of the two is
right.

## What to do
Look at both results. Run the command that the finding ends with if the later one is worth keeping in view, and also if the
provider refuses the session; it is marked unsafe because the model will read the result as something that was said to it.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let message = |stray: &super::pairs::Stray| {
        let id = strays::clip(subject.session.call_names.text(stray.call).unwrap_or_default());
        match stray.first {
            Some(first) => format!("a second result for the call {id}, which line {} answers already", subject.session.line_of(first)),
            None => format!("a second result for the call {id}"),
        }
    };
    strays::spots(subject, &subject.pairs().repeated, message, spots);
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    strays::demote(subject, spot, &subject.pairs().repeated, "clawfix:repeated-result")
}
