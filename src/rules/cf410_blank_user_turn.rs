//! CF410: a user turn that says nothing.

use std::io;

use super::silent::{silence, speak};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Role;
use crate::repair::patch::{Patch, range_of};
use crate::tree::{self, Kind, Node};

pub(super) static RULE: Rule = Rule {
    code: "CF410",
    name: "blank-user-turn",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A user turn says nothing, so OpenClaw drops its line and with it the link to everything before",
    doc: "\
## What it means
A message of the user has no text but white space, no image and no media: an empty message was sent, or what it held was
stripped before it was written. A turn with a `MediaPath` or an image block is not blank.

## Why it hurts
Providers refuse empty user messages. Releases since February 2026 therefore drop the line when they load the session,
without hanging what follows on what stood before: the model starts at the next turn and sees nothing older.

## What the fix does
It puts `[empty message]` into the turn, so that no release has a reason to drop it.

## What it never does
It removes no turn and touches no link. White space that stood there goes to the lost-and-found of the run.

## What to do
Run the command that the finding ends with before the gateway opens the session again. If it has done so already, look for a
copy `.bak-<pid>-<time>` beside the transcript: there the line and its links are still whole.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

/// What the turn says instead.
const PLACEHOLDER: &str = "[empty message]";

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for (at, entry) in subject.entries().filter(|(_, entry)| entry.role == Some(Role::User) && entry.flags.blank) {
        let line = subject.text.read(range_of(entry.span)).unwrap_or_default();
        let blank = tree::parse(&line).is_some_and(|tree| tree.root().get("message").is_some_and(is_blank));
        if blank {
            spots.push(Spot::at_entry(subject, at, "a user turn without a word, an image or any other media"));
        }
    }
}

/// Whether a message says nothing and carries nothing.
fn is_blank(message: Node<'_>) -> bool {
    let empty = |value: Node<'_>| value.kind() == Kind::Null || value.text().is_some_and(|text| text.is_empty());
    let carries = message.members().any(|member| {
        member.key.starts_with("Media")
            && !empty(member.value)
            && (member.value.kind() != Kind::Array || member.value.items().next().is_some())
    });
    !carries && silence(message).is_some()
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(span) = spot.span else { return Ok(None) };
    let mut patch = Patch::new();
    patch.within(subject, span, |patch, tree| {
        if let Some(message) = tree.root().get("message").filter(|message| is_blank(*message)) {
            speak(patch, span, message, PLACEHOLDER);
        }
    })?;
    Ok(Some(patch))
}
