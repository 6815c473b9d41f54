//! CF408: a message entry without its message.

use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Kind;
use crate::repair::patch::{Patch, absolute, quoted};

pub(super) static RULE: Rule = Rule {
    code: "CF408",
    name: "missing-message",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A message entry has no message, which makes the loader fail on the whole session",
    doc: "\
## What it means
A line says that it is a message (`\"type\":\"message\"`), but its `message` is missing or `null`.

## Why it hurts
The loader reads the role of every message on its way and fails where there is none: the session as a whole cannot be opened,
every turn ends in an error, and most people reset it, which loses all of it. Off the path to the last entry such a line
waits for the day on which that branch becomes active, and is reported as a warning.

## What the fix does
It changes the type of the entry to `custom` (`customType` `clawfix:no-message`), which the loader passes over. Id and link
stay, so that what hangs on the entry keeps hanging on everything before.

## What it never does
It does not remove the line, and makes up no message: there was none.

## What to do
Run the command that the finding ends with, and send the next message as if nothing had been.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for (at, _) in subject.entries().filter(|(_, entry)| entry.kind == Kind::Message && entry.role.is_none()) {
        spots.push(if subject.place(at).is_some() {
            Spot::at_entry(subject, at, "a message entry without a message, which makes the loader fail on the whole session")
        } else {
            Spot::at_entry(subject, at, "a message entry without a message, on a branch that is not active").severity(Severity::Warning)
        });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(span) = spot.span else { return Ok(None) };
    let mut patch = Patch::new();
    patch.within(subject, span, |patch, tree| {
        let root = tree.root();
        let (Some(kind), Some((body, _))) = (root.get("type"), root.insertion()) else { return };
        patch.set(absolute(span, kind.range()), quoted("custom"));
        if root.get("customType").is_none() {
            patch.insert(absolute(span, body..body).start, b"\"customType\":\"clawfix:no-message\",".to_vec());
        }
    })?;
    Ok(Some(patch))
}
