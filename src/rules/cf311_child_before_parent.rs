//! CF311: an entry stands before the one that it hangs on.

use super::links::count;
use super::{Fixable, Rule, Severity, Spot, Subject, Work};

pub(super) static RULE: Rule = Rule {
    code: "CF311",
    name: "child-before-parent",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "Entries stand in the file before the ones that they hang on",
    doc: "\
## What it means
A transcript is only ever appended to, so an entry comes after its parent. Here some come before it: lines were moved, sorted, or
put together from several files.

## Why it hurts
The loader bears it: it reads all lines before it follows a link, and the model sees what it always saw. Tools that read a transcript
from the top down may not. And the *last line* counts, for that is where the loader starts: if lines were moved, make sure that the
last one is what was said last.

## What to do
Nothing, if the conversation is complete. If it is not, find the copy that the lines were in order in. clawfix does not sort lines:
which of them are out of place cannot be told from the links alone.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let shape = subject.shape();
    // The links that close a circle are another rule's.
    let closes = |at: u32| shape.circles().binary_search_by_key(&at, |circle| circle.first).is_ok();
    let early = |at: u32| shape.parent(at).is_some_and(|parent| parent > at) && !closes(at);
    let mut found = subject.entries().map(|(at, _)| at).filter(|&at| early(at));
    let Some(first) = found.next() else { return };
    let entries = found.count() + 1;
    let what = if entries == 1 { "an entry stands before the one".to_owned() } else { format!("{entries} entries stand before the ones") };
    let parent = shape.parent(first).map_or(0, |parent| subject.session.line_of(parent));
    let distance = parent.saturating_sub(subject.session.line_of(first));
    let apart = count(usize::try_from(distance).unwrap_or(usize::MAX), "line");
    let message =
        format!("{what} that it hangs on, here by {apart}; the loader bears it").replace("ones that it hangs", "ones that they hang");
    let mut spot = Spot::at_entry(subject, first, message);
    spot.identity = "order".to_owned();
    spots.push(spot);
}
