//! CF901: a transcript holds what is shaped like a live credential.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, pictures};

pub(super) static RULE: Rule = Rule {
    code: "CF901",
    name: "live-credential",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "A transcript holds a string that is shaped like a live credential",
    doc: "\
## What it means
A text, a tool's arguments or a tool's output holds a string with the prefix, length and alphabet of a credential: an API key, the
token of a bot, a private key, the token of an `Authorization` header. There is one finding for each kind and transcript, with the
count and the first place. Documented examples and placeholders are none. Image data is not searched, nor are the signatures of thoughts.

## Why it hurts
The transcript is sent to the model's provider with each request, and lies as plain text on the disk, in backups, and in every copy
that is attached to a bug report. Whoever reads it has the credential. Merging, archiving and the move to SQLite carry it along.

## What to do
Rotate the credential first, at whoever issued it: it has left the machine already, so taking it out of the file does not help
while it is valid. Then keep new ones out of the chat: name a variable or a file instead of the value. clawfix never shows the value and
does not change the text of a message; the place says where it is (line, and byte in the JSON report).
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for found in &subject.session.credentials {
        let count = usize::try_from(found.count).unwrap_or(usize::MAX);
        let strings = pictures::count(count, "string", "strings");
        let message = format!("holds {strings} shaped like a credential: {}", found.kind.name());
        let spot = Spot::new(found.kind.name(), message).not_mendable("rotate the credential at its issuer first; clawfix explain CF901");
        spots.push(Spot { line: Some(found.line), span: Some(found.place), ..spot });
    }
}
