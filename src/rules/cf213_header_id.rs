//! CF213: the session id in the header is not the one in the file's name.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::Patch;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF213",
    name: "header-id",
    severity: Severity::Info,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "The session id in the header is not the one in the file's name",
    doc: "\
## What it means
OpenClaw names a transcript by its session id and writes the same id into the header. Here they differ: the file was renamed or
copied, or a fork kept the header of its origin. Upper and lower case are no difference.

## Why it hurts
The gateway finds the file by its name and goes by the header afterwards. The importer of the SQLite releases refuses a file whose
header names another session.

## What the fix does
The header gets the id of the file's name, which is what the store leads to.

## What it never does
It never renames the file, and changes nothing but the id in the header. It takes a person's judgement, since the header can be
right and the name wrong: look which of the two ids `sessions.json` knows.

## What to do
Compare with the store. If the name is right, run the command with `--unsafe-fixes`; if the header is right, rename the file.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let Some(header) = &subject.session.header else { return };
    let (Some(id), name) = (&header.id, &subject.file.name.session_id) else { return };
    // Ids are UUIDs, whose case does not count.
    if !id.eq_ignore_ascii_case(name) {
        let message = format!("the header says session {id}, the file's name {name}");
        spots.push(Spot { line: Some(header.line), ..Spot::new("header", message) });
    }
}

fn fix(subject: &Subject<'_>, _: &Spot) -> io::Result<Option<Patch>> {
    let mut patch = Patch::new();
    if let Some(header) = subject.session.headers.first() {
        patch.set_field(subject, header.span, "id", Some(&subject.file.name.session_id))?;
    }
    Ok(Some(patch))
}
