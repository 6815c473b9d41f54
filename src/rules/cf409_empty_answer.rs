//! CF409: answers of the assistant with nothing in them.

use std::io;

use super::silent::{Silence, silence, speak};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Role;
use crate::repair::patch::{Patch, range_of};
use crate::tree;

pub(super) static RULE: Rule = Rule {
    code: "CF409",
    name: "empty-answer",
    severity: Severity::Info,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "Answers of the assistant have no content at all",
    doc: "\
## What it means
The assistant's turn ended in an error or was aborted before it said anything, and was written with an empty content
(`\"content\":[]`). This is common: a provider that is overloaded leaves one for each attempt. Empty answers that ended
without an error are counted too.

## Why it hurts
Some providers refuse a request with an empty message. OpenClaw therefore puts a placeholder in (`[assistant turn failed
before producing content]`) when it loads the session, from February 2026 on; older releases do not.

## What the fix does
It puts the same placeholder into failed answers with an empty list of blocks, as OpenClaw would, so that no release stumbles
over them.

## What it never does
It leaves empty answers that ended without an error alone, since nothing says what became of them, and removes no turn.

## What to do
Nothing, unless a provider refuses the session; then run the command that the finding ends with. Many of them in a row tell
of a provider or an account that was out of service.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

/// What OpenClaw puts in itself.
const PLACEHOLDER: &str = "[assistant turn failed before producing content]";

/// Assistants whose message says nothing, by whether they failed.
fn empty<'a>(subject: &'a Subject<'_>, failed: bool) -> impl Iterator<Item = u32> + use<'a> {
    let quiet = |flags: crate::session::Flags| flags.blank && !flags.mirror && !flags.injected;
    let entries = subject.entries().filter(move |(_, entry)| entry.role == Some(Role::Assistant) && quiet(entry.flags));
    entries.filter(move |(_, entry)| entry.flags.failed == failed).map(|(at, _)| at)
}

/// Whether the content of an entry is an empty list.
fn has_no_blocks(subject: &Subject<'_>, at: u32) -> bool {
    let Some(entry) = subject.session.entry(at).filter(|entry| entry.text_len == 0) else { return false };
    let line = subject.text.read(range_of(entry.span)).unwrap_or_default();
    tree::parse(&line).is_some_and(|tree| tree.root().get("message").and_then(silence) == Some(Silence::NoBlocks))
}

/// One finding for all of a transcript: there may be hundreds.
fn spot(subject: &Subject<'_>, identity: &str, found: &[u32], message: String) -> Option<Spot> {
    let first = subject.session.entry(*found.first()?)?;
    let mut spot = Spot::new(identity, message);
    (spot.line, spot.span, spot.entry) = (Some(u64::from(first.line)), Some(first.span), found.first().copied());
    spot.at_ms = first.time();
    Some(spot)
}

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let answers = |count: usize| if count == 1 { "1 answer".to_owned() } else { format!("{count} answers") };
    let failed: Vec<u32> = empty(subject, true).filter(|&at| has_no_blocks(subject, at)).collect();
    spots.extend(spot(subject, "failed", &failed, format!("{} of the assistant failed before any content came", answers(failed.len()))));
    let ended: Vec<u32> = empty(subject, false).collect();
    let message = format!("{} of the assistant ended without an error and without content", answers(ended.len()));
    spots.extend(spot(subject, "ended", &ended, message).map(|spot| spot.not_mendable("nothing: what became of them is not known")));
}

fn fix(subject: &Subject<'_>, _: &Spot) -> io::Result<Option<Patch>> {
    let mut patch = Patch::new();
    for at in empty(subject, true) {
        let Some(entry) = subject.session.entry(at).filter(|entry| entry.text_len == 0) else { continue };
        patch.within(subject, entry.span, |patch, tree| {
            if let Some(message) = tree.root().get("message").filter(|message| silence(*message) == Some(Silence::NoBlocks)) {
                speak(patch, entry.span, message, PLACEHOLDER);
            }
        })?;
    }
    Ok(Some(patch))
}
