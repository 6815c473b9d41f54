//! CF307: entries without an id in the middle of the file.

use super::cf308_foreign_last_line::{is_nameless, tail};
use super::links::{count, is_said};
use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Kind;

pub(super) static RULE: Rule = Rule {
    code: "CF307",
    name: "nameless-entry",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "Lines without an id stand in the file, where nothing can hang on them and the model never sees them",
    doc: "\
## What it means
From version 2 of the format on every line but the header has an `id`. These have none, or one that is no id (`null`, an empty
string, zero), or are no objects at all. A script that appends to transcripts writes such lines, and a log that was written
into the wrong file.

## Why it hurts
Links go by id, so no entry can hang on such a line, and the path that the model sees never runs through it. In the middle of the file
that is all: what the line holds is out of sight, and everything else is as it was. It is a warning where the line is a message, and
worth knowing otherwise. As the *last* line of the file such a line does real harm; that is CF308, `foreign-last-line`.

## What to do
Look at the lines that the finding counts. If they are messages that belong to the conversation, find out what wrote them: their place
in it cannot be told from the file, so no program should put them there. If they are something else, leave them.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.is_linked() {
        return;
    }
    let end = tail(subject);
    let odd = |&(at, entry): &(u32, &crate::session::Entry)| entry.kind != Kind::Null && at < end && is_nameless(subject, at);
    let (mut lines, mut said, mut first) = (0, 0, None);
    for (at, entry) in subject.entries().filter(odd) {
        lines += 1;
        said += usize::from(is_said(entry));
        first = first.or(Some(at));
    }
    let Some(first) = first else { return };
    let what = if lines == 1 { "a line without an id".to_owned() } else { format!("{lines} lines without an id, from here on") };
    let messages = if said > 0 { format!(" ({})", count(said, "message")) } else { String::new() };
    let mut spot = Spot::at_entry(subject, first, format!("{what}{messages}; the model sees nothing of it"));
    spot.identity = "nameless".to_owned();
    spots.push(if said > 0 { spot } else { spot.severity(Severity::Info) });
}
