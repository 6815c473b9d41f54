//! CF217: the header says version 1, and the entries are linked.

use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::Patch;
use crate::stitch::fields::locate;

pub(super) static RULE: Rule = Rule {
    code: "CF217",
    name: "old-version",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "The header says format version 1 or nothing, but the entries have ids and links",
    doc: "\
## What it means
Version 1 of the format has neither ids nor links: a plain sequence of entries. The header of this file names that version, or none,
which means the same, yet its entries carry the ids and links of version 3. The header was written anew by a tool, or was cut.

## Why it hurts
The loader gives every entry of a version 1 file a new id and hangs it on the one before. Branches become one line, what a
compaction kept is no longer found, and what stood before it is out of the model's sight. Then it writes the file back that way.

## What the fix does
The header says version 3, so that the links that are in the file count again.

## What it never does
It changes no entry. It takes a person's judgement, since ids in a truly old file may have come from a tool and mean nothing; and
it is not made where the model would then see less.

## What to do
Look at a few lines: if each `parentId` is the `id` of an earlier entry, run the command that the finding ends with.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let (session, Some(header)) = (subject.session, &subject.session.header) else { return };
    if subject.is_linked() || header.odd_version {
        return;
    }
    let linked = subject.entries().filter(|(_, entry)| session.names.truthy(entry.id) && subject.parent(entry).is_some()).count();
    if linked * 2 > session.entries.len() {
        let version = header.version.map_or_else(|| "no format version".to_owned(), |version| format!("format version {version}"));
        let message = format!("the header names {version}, but {linked} of {} entries are linked by id", session.entries.len());
        spots.push(Spot { line: Some(header.line), ..Spot::new("version", message) });
    }
}

fn fix(subject: &Subject<'_>, _: &Spot) -> io::Result<Option<Patch>> {
    let Some(header) = subject.session.headers.first() else { return Ok(None) };
    let (start, end) = (header.span.offset, header.span.offset.saturating_add(header.span.len));
    let located = locate(subject.text.open(start..end)?, &["version"])?;
    let mut patch = Patch::new();
    match located.last(0) {
        Some(value) => patch.set(start + value.start..start + value.end, b"3".to_vec()),
        None => patch.insert(start + located.body, b"\"version\":3,".to_vec()),
    }
    Ok(Some(patch))
}
