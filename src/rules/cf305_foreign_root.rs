//! CF305: an entry was written without a parent link.

use std::collections::HashSet;
use std::io;

use super::links::{count, false_starts, handle};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::Patch;
use crate::session::names::Ref;

pub(super) static RULE: Rule = Rule {
    code: "CF305",
    name: "foreign-root",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "An entry was written without a parentId, and the model's view begins there",
    doc: "\
## What it means
An entry has no `parentId` at all, not even `null`. Whatever wrote it did not go through the session code: some releases wrote
injected messages (`\"stopReason\": \"injected\"`) like that, straight to the end of the file, and so do scripts.

## Why it hurts
Such an entry is a root. While the log goes on from the entry before it, it only stands aside: the model does not see it, and that
is all. But as the last line of the file, or when the next entry hangs on it, the model's view begins there,
and the whole conversation before it is gone from its sight.

Entries that only stand aside are counted in one finding, worth knowing and no more. An entry that the view begins at is an error.

## What the fix does
The entry gets the `parentId` that the session code would have given it: the id of the entry before it in the file. Where several
such entries stand in a row, each is hung on the one before.

## What it never does
It does not touch those that stand aside: linking them would change what the model sees of a conversation that is whole.

## What to do
Run the command that the finding ends with. If a script of yours appends to transcripts, let it write `id` and `parentId`.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let starts = false_starts(subject, |at, entry| entry.parent == Ref::MISSING && subject.id_text(at).is_some(), true);
    for start in &starts {
        let messages = count(start.messages, "message");
        let message = format!("the path begins at this entry, which has no parentId; {messages} before it are out of the model's sight");
        let mut spot = Spot::at_entry(subject, start.root, message);
        spot.other = start.tip;
        if start.tip.is_none() {
            spot = spot.not_mendable("it is not plain which entry the log ended in before this one; give it a parentId by hand, in a copy");
        }
        spots.push(spot);
    }
    let told: HashSet<u32> = starts.iter().map(|start| start.root).chain(subject.path().first().copied()).collect();
    let foreign = subject.entries().filter(|(at, entry)| *at > 0 && entry.parent == Ref::MISSING && subject.id_text(*at).is_some());
    let mut aside = foreign.map(|(at, _)| at).filter(|at| !told.contains(at));
    if let Some(first) = aside.next() {
        let entries = match aside.count() {
            0 => "an entry without a parentId stands".to_owned(),
            more => format!("{} entries without a parentId stand", more + 1),
        };
        let mut spot =
            Spot::at_entry(subject, first, format!("{entries} aside of the path; the model does not see that, and loses nothing else"));
        spot.identity = "aside".to_owned();
        spots.push(spot.not_mendable("nothing needs to be done").severity(Severity::Info));
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(at), Some(tip)) = (spot.entry, spot.other) else { return Ok(None) };
    let mut patch = Patch::new();
    patch.hang(subject, at, handle(subject, tip))?;
    Ok(Some(patch))
}
