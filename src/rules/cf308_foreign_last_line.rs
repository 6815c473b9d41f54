//! CF308: the file ends in a line without an id.

use std::io;

use super::links::{count, handle, is_said, tip_before};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Kind;
use crate::repair::patch::{Patch, range_of};
use crate::session::Entry;

pub(super) static RULE: Rule = Rule {
    code: "CF308",
    name: "foreign-last-line",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "The file ends in a line without an id, and the model sees nothing but that line",
    doc: "\
## What it means
The last line is JSON, but has no `id` that a link could name: a line that a script appended, a record of some other log, a bare
number or string.

## Why it hurts
The loader starts at the last line and follows the links up. This one has no place in the tree, so the walk is over at once, and
the model sees that line or nothing at all. The whole conversation is in the file, and the assistant has forgotten it.
The next message that the gateway writes hangs on nothing, and makes it lasting.

## What the fix does
The line gets a fresh id and a `parentId`: the entry before it in the file, which the log ended in. So the walk goes on into the
conversation, and if the line is a message, it is the last one. Several such lines at the end are hung on one another in their
order. A last line that is no object, or a message entry without a message, cannot be an entry, and is cut; its bytes go to the
lost-and-found of the run. When the run is undone later, the entry before stands in for the new one.

## What it never does
It never cuts a line that has content of a message, and touches nothing before the last good line.

## What to do
Run the command that the finding ends with before anything else is said in this session. Then find out what appended the line.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

/// Whether an entry has no id that the loader could find it by.
pub(super) fn is_nameless(subject: &Subject<'_>, at: u32) -> bool {
    subject.id_text(at).is_none()
}

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let from = tail(subject);
    let Some((last, entry)) = subject.entries().next_back() else { return };
    // A `null` is another rule's: the loader fails on it.
    let messages = subject.session.entries.iter().take(usize::try_from(last).unwrap_or(0)).filter(|entry| is_said(entry)).count();
    if from > last || entry.kind == Kind::Null || messages == 0 {
        return;
    }
    let lines = usize::try_from(last - from).unwrap_or(0) + 1;
    let what = if lines == 1 { "the last line has no id".to_owned() } else { format!("the last {lines} lines have no id") };
    let message =
        format!("{what}; the model's view begins and ends at the last line, and {} before it are out of sight", count(messages, "message"));
    let mut spot = Spot::at_entry(subject, from, message);
    spot.identity = "end".to_owned();
    spot.other = Some(last);
    spots.push(spot);
}

/// The first of the lines without an id that the file ends in; behind the last entry when there is none.
pub(super) fn tail(subject: &Subject<'_>) -> u32 {
    let nameless = subject.entries().rev().take_while(|(at, entry)| entry.kind != Kind::Leaf && is_nameless(subject, *at));
    nameless.last().map_or(u32::MAX, |(at, _)| at)
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(from), Some(last)) = (spot.entry, spot.other) else { return Ok(None) };
    let tip = tip_before(subject, from, false).and_then(|tip| handle(subject, tip));
    if tip.is_none() && from > 0 {
        return Ok(None);
    }
    let mut patch = Patch::new();
    let mut before = tip.map(str::to_owned);
    for at in from..=last {
        let Some(entry) = subject.session.entry(at) else { return Ok(None) };
        if is_void(subject, entry)? {
            patch.cut_line(subject, entry.span);
            continue;
        }
        let fresh = subject.fresh_id(&format!("CF308 {at}"));
        patch.set_field(subject, entry.span, "parentId", before.as_deref())?;
        patch.set_field(subject, entry.span, "id", Some(&fresh))?;
        patch.stands_for.extend(tip.map(|tip| (fresh.clone(), tip.to_owned())));
        before = Some(fresh);
    }
    Ok(Some(patch))
}

/// Whether a line has nothing that an entry could hold.
fn is_void(subject: &Subject<'_>, entry: &Entry) -> io::Result<bool> {
    /// No object with a field that says anything is shorter.
    const SHORT: u64 = 64;
    match entry.kind {
        Kind::NotAnObject | Kind::Scalar | Kind::Null => Ok(true),
        Kind::Message => Ok(entry.role.is_none()),
        _ if entry.span.len < SHORT => {
            let line = subject.text.read(range_of(entry.span))?;
            Ok(!line.contains(&b'"'))
        }
        _ => Ok(false),
    }
}
