//! CF301: an entry stands twice.

use std::io;

use super::clashes::clashes;
use super::links::count;
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::Patch;

pub(super) static RULE: Rule = Rule {
    code: "CF301",
    name: "repeated-entry",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "An entry stands in the file twice, with the same id and the same content",
    doc: "\
## What it means
A line is there again, byte for byte, further down. An append-only log never does that by itself: a write that was tried again
after it had succeeded does, or two copies of a file that were put behind one another.

## Why it hurts
The loader goes by ids, and takes the last line that has one. A repeated line in the middle changes nothing for it. At the end
of the file it is worse: the loader starts at the last line and follows the links up. After `A, B, C, A` it starts at the
second `A`, finds no parent, and the model sees `A` alone; B and C are still in the file and out of its sight. Such a place is
an error, any other a warning.

## What the fix does
The later copy is cut, with its newline. The first one stays where it was written, and whatever hung on the id still does. The
bytes that are cut go to the lost-and-found of the run.

## What it never does
It never cuts a line that differs from the earlier one in a single byte (that is CF302, `id-clash`), and never makes the model see
fewer messages: a cut that would is taken back.

## What to do
Run the command that the finding ends with, look at the plan, then add `--apply`. If copies keep appearing, look for a second
gateway, or a sync tool, that writes to the same folder.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let mut run: Option<(u32, u32, u32, usize)> = None;
    let mut runs = Vec::new();
    for clash in clashes(subject).into_iter().filter(|clash| clash.same) {
        match &mut run {
            Some((_, last, ..)) if last.checked_add(1) == Some(clash.at) => *last = clash.at,
            _ => runs.extend(run.replace((clash.at, clash.at, clash.before, clash.nth))),
        }
    }
    runs.extend(run);
    for (first, last, before, nth) in runs {
        let entries = usize::try_from(last - first).unwrap_or(0) + 1;
        let line = subject.session.line_of(before);
        // The path begins to be read at the copy, while the original was followed by others.
        let hides = subject.context.leaf == Some(last)
            && subject.session.entry(last).is_some_and(|entry| subject.children(entry.id).iter().any(|&child| child < first));
        let (what, repeats) = if entries == 1 {
            ("an entry".to_owned(), "repeats")
        } else {
            (count(entries, "entry").replace("entrys", "entries"), "repeat")
        };
        let effect = if hides { "; the model's view starts at the copy, and what came between is out of its sight" } else { "" };
        let mut spot = Spot::at_entry(subject, first, format!("{what} from here on {repeats} what stands at line {line}{effect}"));
        if entries == 1 {
            spot.message = format!("the entry is the same as the one at line {line}{effect}");
        }
        if nth > 1 {
            spot.identity = format!("{}/{nth}", spot.identity);
        }
        spot.other = Some(last);
        spots.push(if hides { spot } else { spot.severity(Severity::Warning) });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(first), Some(last)) = (spot.entry, spot.other) else { return Ok(None) };
    let mut patch = Patch::new();
    for at in first..=last {
        let Some(entry) = subject.session.entry(at) else { return Ok(None) };
        patch.cut_line(subject, entry.span);
    }
    Ok(Some(patch))
}
