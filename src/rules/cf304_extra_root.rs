//! CF304: the path begins at an entry in the middle of the file, which says that it has no parent.

use std::io;

use super::links::{count, false_starts, handle, target};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Kind;
use crate::repair::patch::Patch;
use crate::session::names::Ref;

pub(super) static RULE: Rule = Rule {
    code: "CF304",
    name: "extra-root",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "The model's view begins in the middle of the file, at an entry that has no parent",
    doc: "\
## What it means
An entry far from the beginning has `\"parentId\": null`, as only the first entry of a transcript should, and the path that the
model sees begins there.

## Why it hurts
Everything that stands before it in the file is out of the model's sight. A process that opened the transcript, failed to read
it, and went on as if it were empty leaves exactly this.

So does a person who went back to the start of the conversation on purpose, as the terminal client allows. The file does not
tell the two apart; only where a `leaf` entry (2026.5 and later) just before it names no entry is it plain that somebody wished it,
and nothing is reported. Without a person's turn before it the finding is only worth knowing.

## What the fix does
With `--unsafe-fixes`, the entry is hung on the one before it in the file, and the model sees both parts as one conversation.
Only the value of `parentId` changes.

## What it never does
It is never made unasked. It leaves the place alone where the order of times says that the entry before is not the one that the log
ended in.

## What to do
Look at what stands before the line: if the talk goes on across it, run the command that the finding ends with. If somebody
began anew there, leave it.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let wished = |at: u32| {
        let leaf = at.checked_sub(1).filter(|&before| subject.session.entry(before).is_some_and(|entry| entry.kind == Kind::Leaf));
        leaf.and_then(|leaf| target(subject, leaf)).is_some_and(|link| link.target == Ref::NULL)
    };
    for start in false_starts(subject, |at, entry| entry.parent == Ref::NULL && !wished(at), false) {
        let (messages, turns) = (count(start.messages, "message"), count(start.turns, "turn"));
        let message = format!(
            "the path begins at this entry, which has no parent; {messages} before it ({turns} of people) are out of the model's sight"
        );
        let mut spot = Spot::at_entry(subject, start.root, message);
        spot.other = start.tip;
        if start.turns == 0 {
            spot = spot.severity(Severity::Info);
        }
        if start.tip.is_none() {
            spot = spot.not_mendable("it is not plain which entry the log ended in before this one; set its parentId by hand, in a copy");
        }
        spots.push(spot);
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(at), Some(tip)) = (spot.entry, spot.other) else { return Ok(None) };
    let mut patch = Patch::new();
    patch.hang(subject, at, handle(subject, tip))?;
    Ok(Some(patch))
}
