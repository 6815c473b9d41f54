//! CF309: answered turns are on a branch that the model does not see.

use std::collections::{HashMap, HashSet};
use std::io;

use super::branches::{Branch, lost};
use super::links::{count, handle, seen_from};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::{Kind, Role};
use crate::repair::patch::Patch;
use crate::report::command;
use crate::time::minute;

pub(super) static RULE: Rule = Rule {
    code: "CF309",
    name: "lost-branch",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "People were answered on a branch that the model does not see",
    doc: "\
## What it means
Two entries hang on the same one, so the conversation forks. The loader starts at the last entry and follows the links up, and sees
one of the branches. On the other, people asked and were answered. Two processes that had the transcript open at the same time leave
this: each goes on from the end that it knew.

Not every fork is damage, and these are not reported: a tool call on which both its result and the copy of an outbound message
hang; branches without an answered turn of a person; a turn that was taken again, in the same words, and is seen now; a fork at an entry
that stands in the file twice, which is CF301 or CF302. Which answer belongs to which question is told by the links, not by the
order of the lines: two processes write theirs in between each other.

## Why it hurts
What was said on the branch is in the file and out of the model's sight: to the assistant it never happened. But a person
can also have gone back on purpose, to ask otherwise. Where a `leaf` entry or a branch summary tells that, or where a later
compaction hides the place anyway, the finding is only worth knowing, and nothing is offered.

## What the fix does
With `--unsafe-fixes`, and where time makes it plain: if everything on the lost branch was over before the other branch began, the
first entry of the other is hung on the last one of the lost. Both are then one line, in the order in which they happened. Only that
one `parentId` changes.

## What it never does
It is never made unasked. It leaves alone branches that overlap in time, that fork again so that something would stay behind, that
end in the middle of a tool call, those whose end would come between a tool call and its result, and those with a compaction or a
reset on them, which would hide more than the branch gives back. The finding then says why.

## What to do
Read the branch: `clawfix show` lists its turns. If it belongs to the conversation, run the command that the finding ends with.
If somebody discarded it, leave it.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let branches = lost(subject);
    if branches.is_empty() {
        return;
    }
    let session = subject.session;
    let places: HashMap<u32, usize> = subject.path().iter().enumerate().map(|(place, &at)| (at, place)).collect();
    let seen_from = seen_from(subject);
    let chosen = session.entries.iter().any(|entry| entry.kind == Kind::Leaf);
    let summaries = session.links.iter().filter(|link| session.entry(link.entry).is_some_and(|entry| entry.kind == Kind::BranchSummary));
    let summarised: HashSet<u32> = summaries.filter_map(|link| subject.by_id(link.target)).collect();
    // Behind each branch comes the next of the same fork that can be grafted, and behind the last what the model sees.
    let mut next_of: HashMap<u32, u32> = HashMap::new();
    let mut found = Vec::new();
    for branch in branches.iter().rev() {
        let place = branch.fork.and_then(|fork| places.get(&fork)).copied();
        let seen = place.and_then(|place| subject.path().get(place + 1)).copied();
        let next = branch.fork.and_then(|fork| next_of.get(&fork)).copied().or(seen);
        let times = branch.times.map(|(from, to)| format!(", {} to {}", minute(from), minute(to))).unwrap_or_default();
        let from = match branch.fork {
            Some(fork) => format!("a branch off line {}", session.line_of(fork)),
            None => "a branch with a root of its own".to_owned(),
        };
        let (turns, messages) = (count(branch.turns, "answered turn"), count(branch.messages, "message"));
        let message = format!("{from} holds {turns} ({messages}{times}) that the model does not see");
        let mut spot = Spot::at_entry(subject, branch.top, message);
        (spot.entry, spot.other) = (Some(branch.end), next);
        let wished = match () {
            () if chosen => Some("a leaf entry chose what the model sees; nothing needs to be done"),
            () if [branch.end, branch.last].iter().any(|at| summarised.contains(at)) => {
                Some("a branch summary tells that it was left on purpose; nothing needs to be done")
            }
            () if place.is_some_and(|place| place < seen_from) => {
                Some("a later compaction hides this place anyway; nothing needs to be done")
            }
            () => None,
        };
        found.push(match (wished, unclear(subject, branch, next)) {
            (Some(why), _) => spot.not_mendable(why).severity(Severity::Info),
            (None, Some(why)) => {
                let (dir, id) = (command::quoted(&subject.agent.dir.dir), &subject.file.name.session_id);
                let message = format!("{}; it is not grafted, since {why}", spot.message);
                Spot { message, ..spot }.not_mendable(format!("clawfix show {dir} {id}"))
            }
            (None, None) => {
                branch.fork.into_iter().for_each(|fork| {
                    next_of.insert(fork, branch.top);
                });
                spot
            }
        });
    }
    spots.extend(found.into_iter().rev());
}

/// Why a branch cannot be grafted, if it cannot.
fn unclear(subject: &Subject<'_>, branch: &Branch, next: Option<u32>) -> Option<&'static str> {
    let entry = |at: u32| subject.session.entry(at);
    let (Some(end), Some(next), Some(next_at)) = (entry(branch.end), next.and_then(entry), next) else {
        return Some("the branch does not hang on what the model sees");
    };
    let over = branch.times.zip(next.time()).is_some_and(|((_, to), begins)| to <= begins);
    match () {
        () if !over || branch.last >= next_at => Some("it and the branch that the model sees overlap in time"),
        () if branch.hides => Some("a compaction or a reset on it would hide what stands before that"),
        () if !branch.whole => Some("the branch forks again, and a part would stay behind"),
        () if end.flags.calls => Some("it ends in a tool call without a result, which cannot stand in the middle"),
        () if next.role == Some(Role::ToolResult) => Some("it would come between a tool call and its result"),
        () if handle(subject, branch.end).is_none() => Some("its last entry has no id of its own to hang on"),
        () => None,
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(end), Some(next)) = (spot.entry, spot.other) else { return Ok(None) };
    let mut patch = Patch::new();
    patch.hang(subject, next, handle(subject, end))?;
    Ok(Some(patch))
}
