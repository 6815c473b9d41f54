//! CF310: a compaction, label, leaf or branch summary points to an entry that is not there.

use super::links::{count, is_said};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Kind;

/// What a summary of a branch that begins at the root says it comes from.
const ROOT: &str = "root";

pub(super) static RULE: Rule = Rule {
    code: "CF310",
    name: "dangling-target",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "A compaction, label, leaf or branch summary points to an entry that is not there",
    doc: "\
## What it means
Four kinds of entry point to another one besides their parent: a compaction says from which entry on it keeps
(`firstKeptEntryId`), a label and a leaf name an entry (`targetId`), a branch summary says where the branch ended (`fromId`). Here
the entry that is meant is not in the file; or a compaction keeps from an entry that is not before it on its own path.

## Why it hurts
For the compaction that the model's view begins at, this costs history: the loader finds nothing to keep, and the model sees the
summary and what was said after it, but none of the messages that the compaction meant to leave in place. That is a warning. So is
a last `leaf` entry that names nothing: the loader ignores it, and the conversation stands where nobody put it.
Elsewhere it is worth knowing: a label on nothing, an older compaction that a newer one has replaced.

A transcript that goes on from another one after a compaction may begin with a compaction whose first kept entry stayed in the
other; where the file's first entry hangs on one of another transcript, nothing is reported. A leaf that names `null` is legal.

## What to do
If lines of this file are broken (CF201, CF202) or links are cut (CF303), mend those first: the entry may come back, or the path to it.
Otherwise the entry is lost, and no program can tell which one would do in its place. A copy from before the damage can.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let session = subject.session;
    if !subject.is_linked() || session.links.is_empty() {
        return;
    }
    let goes_on = session.entries.first().is_some_and(|entry| entry.parent.is_some() && subject.parent(entry).is_none());
    let path = subject.path();
    let kind = |at: u32| session.entry(at).map(|entry| entry.kind);
    let boundary = path.iter().rposition(|&at| matches!(kind(at), Some(Kind::Compaction | Kind::Reset)));
    let (before, _) = path.split_at_checked(boundary.unwrap_or(0)).unwrap_or_default();
    let last_leaf = session.links.iter().rev().find(|link| kind(link.entry) == Some(Kind::Leaf)).map(|link| link.entry);
    let mut idle: Option<(u32, usize)> = None;
    for link in &session.links {
        let missing = link.target.is_some() && subject.by_id(link.target).is_none();
        let text = session.names.text(link.target).unwrap_or_default();
        let target: String = text.chars().take(64).collect();
        let spot = match kind(link.entry) {
            Some(Kind::Compaction | Kind::Reset) if boundary.and_then(|at| path.get(at)) == Some(&link.entry) => {
                let kept = subject.by_id(link.target);
                if goes_on || !link.target.is_some() || kept.is_some_and(|kept| before.contains(&kept)) {
                    continue;
                }
                let hidden = before.iter().filter_map(|&at| session.entry(at)).filter(|entry| is_said(entry)).count();
                let why = if missing { "which is not in the file" } else { "which is not before it on its path" };
                let message = format!("it keeps from {target:?}, {why}, so none of the {} before it are kept", count(hidden, "message"));
                let spot = Spot::at_entry(subject, link.entry, message);
                if hidden == 0 { spot.severity(Severity::Info) } else { spot }
            }
            Some(Kind::Leaf) if missing && last_leaf == Some(link.entry) => {
                let message = format!("the last leaf entry names {target:?}, which is not in the file; the loader ignores it");
                Spot::at_entry(subject, link.entry, message)
            }
            Some(Kind::BranchSummary) if text == ROOT => continue,
            // A compaction that another has replaced, or on another branch, may have been copied without what it kept.
            Some(_) if missing && !(goes_on && kind(link.entry) == Some(Kind::Compaction)) => {
                idle = idle.map(|(first, more)| (first, more + 1)).or(Some((link.entry, 1)));
                continue;
            }
            _ => continue,
        };
        spots.push(spot);
    }
    if let Some((first, entries)) = idle {
        let what = if entries == 1 { "an entry points".to_owned() } else { format!("{entries} entries point") };
        let mut spot = Spot::at_entry(subject, first, format!("{what} to what is not in the file; the model sees no less for it"));
        spot.identity = "idle".to_owned();
        spots.push(spot.severity(Severity::Info));
    }
}
