//! CF210: the transcript has no session header.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, headers};
use crate::repair::patch::Patch;
use crate::time::iso;
use std::io;

pub(super) static RULE: Rule = Rule {
    code: "CF210",
    name: "missing-header",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "The transcript has no session header",
    doc: "\
## What it means
No line of the file is a session header (`{\"type\":\"session\", ...}`). A gateway that lost the file while it was running writes on
without one, and some tools cut it off.

## Why it hurts
The loader takes a transcript without a header for an empty session, whatever stands in it, and some releases then overwrite the
file. The importer of later releases refuses it.

## What the fix does
A header is put in front: the session id is the file's name, the time that of the first entry, the working directory that of the
agent's other transcripts.

## What it never does
It never changes an entry. The format version is 3 where entries have ids and 1 where they have none, as the loader expects.

## What to do
Run `clawfix repair` before OpenClaw opens the session.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let session = subject.session;
    if session.headers.is_empty() && session.is_transcript() {
        let count = session.entries.len();
        spots.push(Spot::new("header", format!("has no session header, so its {count} entries are no session to the loader")));
    }
}

fn fix(subject: &Subject<'_>, _: &Spot) -> io::Result<Option<Patch>> {
    let session = subject.session;
    let linked = session.entries.iter().any(|entry| entry.id.is_some());
    let cwd = subject.agent.segments.iter().rev().find_map(|segment| segment.session.header.as_ref()?.cwd.clone());
    let time = session.started_ms().or(subject.file.modified_ms).unwrap_or_default();
    let mut header = serde_json::json!({"type": "session"});
    if let Some(fields) = header.as_object_mut() {
        if linked {
            fields.insert("version".to_owned(), 3.into());
        }
        fields.insert("id".to_owned(), subject.file.name.session_id.clone().into());
        fields.insert("timestamp".to_owned(), iso(time).into());
        fields.insert("cwd".to_owned(), cwd.unwrap_or_default().into());
    }
    let mut patch = Patch::new();
    patch.insert(headers::front(subject)?, format!("{header}\n").into_bytes());
    Ok(Some(patch))
}
