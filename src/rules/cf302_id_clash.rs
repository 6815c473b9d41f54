//! CF302: two entries have one id.

use std::collections::HashMap;
use std::io;

use super::clashes::{Clash, clashes};
use super::links::{count, is_said};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::Patch;
use crate::session::names::Ref;

pub(super) static RULE: Rule = Rule {
    code: "CF302",
    name: "id-clash",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "Two different entries have the same id, and the loader sees only the later one",
    doc: "\
## What it means
Entry ids must be unique within a transcript; everything else in the file finds an entry by its id. Here two entries with
different content share one. It comes from two processes that wrote to one file, from transcripts that were joined by hand, and
from tools that made up ids.

## Why it hurts
The loader keeps the last entry of an id. The earlier one is invisible, and what was said after it hangs on the wrong entry.
In an ordinary log, where each entry hangs on the one before, that makes a circle: the later entry leads to the earlier one's
children, and those lead to the later entry. The loader then never returns, and the session cannot be opened at all.

## What the fix does
The later entry gets a new id, and what hangs on it follows. Who belongs to whom is told by the order of the file, since a log
is only ever appended to: an entry that names the id and stands between the two belongs to the earlier one, because the
other was not there yet; one that stands behind the second belongs to that one. Links of compactions, labels and leaf entries that
stand before the second entry mean the first, and stay as they are. When the run is undone later, the old id stands in for the
new one.

## What it never does
It does not guess. It leaves the place alone, and says so, where a label, leaf, branch or compaction behind the second entry names
the id; where an entry further down names it and could mean either; and where the two are versions of one entry (same
parent, same kind, same time), of which a person must choose one. It changes ids and links, and not a byte of what was said.

## What to do
Run the command that the finding ends with. Where it cannot be mended, look at both lines: if the later one is a changed copy
of the earlier, take the one you do not want out of a copy of the file.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let found = clashes(subject);
    if found.is_empty() {
        return;
    }
    // The last entry that points to an id by something other than its parent link.
    let pointed: HashMap<Ref, u32> = subject.session.links.iter().map(|link| (link.target, link.entry)).collect();
    for clash in found.iter().filter(|clash| !clash.same) {
        let (Some(entry), Some(earlier)) = (subject.session.entry(clash.at), subject.session.entry(clash.before)) else { continue };
        let line = earlier.line;
        let children = subject.children(entry.id).iter();
        let misled = children.filter(|&&child| clash.before < child && child < clash.at).count();
        let hung = if misled > 0 { format!(", and {} that hung on it led elsewhere", count(misled, "line")) } else { String::new() };
        let message = format!("its id is that of the entry at line {line}, which is out of sight{hung}");
        let mut spot = Spot::at_entry(subject, clash.at, message);
        spot.identity = format!("{}/{}", spot.identity, clash.nth);
        spot.other = clash.next;
        let one = entry.parent == earlier.parent && entry.kind == earlier.kind && entry.role == earlier.role;
        let severity = if is_said(earlier) || misled > 0 { Severity::Error } else { Severity::Warning };
        let spot = if one && entry.time().is_some() && entry.time() == earlier.time() {
            let message = format!("another version of the entry at line {line}, with the same id; the later one counts");
            Spot { message, ..spot }
                .not_mendable(format!("compare both lines, and keep one of them; line {line} is out of sight now"))
                .severity(Severity::Warning)
        } else if pointed.get(&entry.id).is_some_and(|&by| by > clash.at) {
            spot.not_mendable("an entry further down points to this id, and may mean either; compare both lines").severity(severity)
        } else if unclear(subject, clash) {
            spot.not_mendable("an entry further down hangs on this id, and may mean either; compare both lines").severity(severity)
        } else {
            spot.severity(severity)
        };
        spots.push(spot);
    }
}

/// Whether an entry behind both may hang on either: the first of them has no successor yet, and the log went on elsewhere
/// before that entry was written.
fn unclear(subject: &Subject<'_>, clash: &Clash) -> bool {
    let Some(entry) = subject.session.entry(clash.at) else { return true };
    let children = subject.children(entry.id);
    let split = children.partition_point(|&child| child <= clash.at);
    let (before, after) = children.split_at_checked(split).unwrap_or_default();
    if before.iter().any(|&child| child > clash.before && child < clash.at) || entry.parent == entry.id {
        return false;
    }
    let end = clash.next.unwrap_or(u32::MAX);
    let mut expected = clash.at;
    after.iter().take_while(|&&child| child <= end).any(|&child| {
        expected = expected.saturating_add(1);
        child != expected
    })
}

/// Whether any of these places can be mended.
pub(super) fn is_mendable(subject: &Subject<'_>) -> bool {
    let mut spots = Vec::new();
    detect(subject, &mut spots);
    spots.iter().any(|spot| spot.mendable)
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(at) = spot.entry else { return Ok(None) };
    let (Some(entry), Some(old)) = (subject.session.entry(at), subject.id_text(at)) else { return Ok(None) };
    let fresh = subject.fresh_id(&format!("CF302 {}", spot.identity));
    let mut patch = Patch::new();
    patch.set_field(subject, entry.span, "id", Some(&fresh))?;
    let end = spot.other.unwrap_or(u32::MAX);
    let children = subject.children(entry.id);
    let from = children.partition_point(|&child| child <= at);
    for &child in children.get(from..).unwrap_or_default().iter().take_while(|&&child| child <= end) {
        patch.hang(subject, child, Some(&fresh))?;
    }
    patch.stands_for.push((fresh, old.to_owned()));
    Ok(Some(patch))
}
