//! CF306: the parent links run in a circle.

use std::collections::HashSet;
use std::io;

use super::cf302_id_clash;
use super::links::{handle, tip_before};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::context::Failure;
use crate::repair::patch::Patch;
use crate::report::command;

pub(super) static RULE: Rule = Rule {
    code: "CF306",
    name: "circle",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "Entries hang on each other in a circle, and the loader never returns",
    doc: "\
## What it means
Following `parentId` from one entry leads back to it: an entry that names itself, two that name each other, or a longer round. It
comes from tools that moved lines or rewrote ids, and from two entries with one id (CF302).

## Why it hurts
The loader follows the links until they end, and these never end. A session whose last entry leads into the circle hangs the process
that opens it; the conversation is lost to the model until the link is mended. A circle on a branch that the loader
does not walk is a warning: the first thing that goes there hangs.

## What the fix does
A transcript is only ever appended to, so a link to the entry itself, or to one further down, cannot have been written by the session
code. Of the entries in the circle the first one in the file always has such a link. It is hung on the entry before it in the
file; where there is none it gets `null`, and is the root.

## What it never does
It changes one link for each circle, and no other byte. A circle that runs through an id which two entries have is left to CF302, which
takes it apart by giving each its own.

## What to do
Run the command that the finding ends with, and stop the gateway first if it hangs.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let circles = subject.shape().circles();
    if !subject.is_linked() || circles.is_empty() {
        return;
    }
    let twice: HashSet<_> = subject.shape().shadowed().iter().filter_map(|&at| Some(subject.session.entry(at)?.id)).collect();
    // Where the loader goes round, by the circle that the leaf leads to.
    let stuck = match subject.context.failure {
        Some(Failure::Circle(line)) => {
            subject.entries().find(|(_, entry)| u64::from(entry.line) == line).map(|(at, _)| subject.shape().leads_to(at))
        }
        _ => None,
    };
    // Where ids that stand twice can be told apart, that alone opens the circle.
    let apart = !twice.is_empty() && cf302_id_clash::is_mendable(subject);
    for circle in circles {
        let what = match circle.len {
            1 => "the entry hangs on itself".to_owned(),
            len => format!("{len} entries from here on hang on each other in a circle"),
        };
        let on_way = stuck == Some(circle.first);
        let effect = if on_way { "; the loader never returns" } else { "; the loader does not go there" };
        let mut spot = Spot::at_entry(subject, circle.first, format!("{what}{effect}"));
        if !on_way {
            spot = spot.severity(Severity::Warning);
        }
        if through(subject, circle.first, circle.len, &twice) && apart {
            // Each of the two gets an id of its own, and the circle is gone.
            spot = spot.not_mendable(format!("clawfix repair {} --select CF302", command::quoted(&subject.file.path)));
        }
        spots.push(spot);
    }
}

/// Whether a circle runs through one of these ids.
fn through(subject: &Subject<'_>, first: u32, len: usize, ids: &HashSet<crate::session::names::Ref>) -> bool {
    let members = std::iter::successors(Some(first), |&at| subject.shape().parent(at)).take(len);
    !ids.is_empty() && members.filter_map(|at| subject.session.entry(at)).any(|entry| ids.contains(&entry.id))
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    /// Entries that are tried, from the nearest.
    const TRIED: usize = 100;
    let Some(at) = spot.entry else { return Ok(None) };
    // What leads to an earlier root or circle can take it without closing another.
    let tips = std::iter::successors(tip_before(subject, at, false), |&tip| tip_before(subject, tip, false));
    let tip = tips.take(TRIED).find(|&tip| subject.shape().leads_to(tip) < at);
    let mut patch = Patch::new();
    patch.hang(subject, at, tip.and_then(|tip| handle(subject, tip)))?;
    Ok(Some(patch))
}
