//! CF214: the transcript has a header and nothing else.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};

pub(super) static RULE: Rule = Rule {
    code: "CF214",
    name: "header-only",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "The transcript has a header and nothing else",
    doc: "\
## What it means
A session was begun, and nothing was ever written to it.

## Why it hurts
By itself it does not: a session that the store leads to may be waiting for its first message. But a store that leads to such a
file while an older transcript of the same chat holds the talk is the usual picture of a conversation that was just torn.

## What to do
Nothing, unless `clawfix scan` also reports a torn conversation here.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let session = subject.session;
    if session.header.is_some() && session.entries.is_empty() && session.faults.is_empty() {
        spots.push(Spot::new("header", "has a header and no entry").not_mendable("nothing needs mending"));
    }
}
