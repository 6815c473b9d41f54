//! CF303: an entry hangs on one that is not there.

use std::io;

use super::faults;
use super::links::{count, handle, in_time, is_said, root_hides, tip_before};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::Patch;
use crate::report::command::quoted;
use crate::session::names::Ref;

pub(super) static RULE: Rule = Rule {
    code: "CF303",
    name: "missing-parent",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "An entry hangs on one that is not in the file, so nothing before it is seen",
    doc: "\
## What it means
The `parentId` of an entry names an id that no entry of the file has. The entry it meant was lost: its line was torn or
overwritten, or was dropped by a repair that did not relink the children (OpenClaw's own load-time repair, from February 2026 on,
does that).

## Why it hurts
The loader walks from the last entry upwards, from parent to parent. Where a parent is missing the walk ends, without a word:
everything before the gap is still in the file, and the model sees nothing of it. One lost line can hide a year.
A place that hides messages is an error; one on a branch that the model does not see anyway is only worth knowing.

The *first* entry of a file may hang on an entry of another transcript: a session that goes on in a new file after a compaction
begins like that. This is no damage, and is not reported.

## What the fix does
The entry is hung on the one before it in the file: a transcript is only ever appended to, so that was the end of the log when the
entry was written. A tool result is not hung on the copy of an outbound message that stands between it and its call.
Only the value of `parentId` changes.

## What it never does
It does not hang an entry on a younger one, nor on one whose id another entry has too, nor where that would close a circle; such
places are left, and said so. It invents nothing in the place of the lost line.

## What to do
Run the command that the finding ends with. Where a broken line stands right before the entry, that line is the missing one: the
command then names the family CF2 too, since the line is mended first and the link finds its end again.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let mut said = 0usize;
    for (at, entry) in subject.entries() {
        let before = said;
        said += usize::from(is_said(entry));
        if at == 0 || entry.parent == Ref::NULL || entry.parent == Ref::MISSING || subject.shape().parent(at).is_some() {
            continue;
        }
        let on_path = subject.path().first() == Some(&at);
        let hides = on_path && before > 0 && root_hides(subject);
        let parent = subject.session.names.text(entry.parent).unwrap_or_default();
        let parent: String = parent.chars().take(64).collect();
        let effect = match hides {
            true => {
                let verb = if before == 1 { "is" } else { "are" };
                format!("; {} before it {verb} out of the model's sight", count(before, "message"))
            }
            false if on_path => "; the model would see no more without this".to_owned(),
            false => "; it is on a branch that the model does not see".to_owned(),
        };
        let mut spot = Spot::at_entry(subject, at, format!("the entry hangs on {parent:?}, which is not in the file{effect}"));
        if !hides {
            spot = spot.severity(Severity::Info);
        }
        match place(subject, at) {
            // What is missing may stand in the broken line between the two, which is mended first.
            Ok(tip) if faults::between(subject, tip, at) => {
                spot = spot.not_mendable(format!("clawfix repair {} --select CF2,CF3", quoted(&subject.file.path)));
            }
            Ok(tip) => spot.other = Some(tip),
            Err(why) => spot = spot.not_mendable(why),
        }
        spots.push(spot);
    }
}

/// The entry to hang it on.
fn place(subject: &Subject<'_>, at: u32) -> Result<u32, &'static str> {
    let Some(tip) = tip_before(subject, at, false) else {
        return Err("it is not plain which entry the log ended in when this one was written; set its parentId by hand, in a copy");
    };
    if !in_time(subject, tip, at) {
        return Err("the entry before it in the file is younger, so the lines are not in their order; set its parentId by hand, in a copy");
    }
    // What leads to an earlier root can take it without closing a circle.
    if subject.shape().root(tip).is_none_or(|root| root >= at) {
        return Err(
            "the entry before it in the file itself leads here, so the lines are not in their order; set its parentId by hand, in a copy",
        );
    }
    Ok(tip)
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(at), Some(tip)) = (spot.entry, spot.other) else { return Ok(None) };
    let mut patch = Patch::new();
    patch.hang(subject, at, handle(subject, tip))?;
    Ok(Some(patch))
}
