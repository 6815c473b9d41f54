//! CF605: an entry names two transcripts.

use std::collections::HashMap;
use std::path::Path;

use super::folder::{self, Folder, Listed, before_name, many};
use super::{Fixable, Rule, Severity, Work};
use crate::apply::store::StoreValue;
use crate::foreign;
use crate::name::is_uuid;
use crate::repair::step::{Step, Trouble};
use crate::report::command;
use crate::scan::{Agent, Scan};
use crate::split::segment::Segment;
use crate::store::StoreEntry;
use crate::time::minute;

pub(super) static RULE: Rule = Rule {
    code: "CF605",
    name: "file-disagrees",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "A store entry names one session by its id and another by its file",
    doc: "\
## What it means
`sessionId` and `sessionFile` of an entry name different sessions. Transcripts are named after their session
(`<sessionId>.jsonl`, with a topic behind or a time in front), so the two belong together. An interrupted reset, a merge of stores
by hand, or a release that renewed one of the two and not the other parts them.

## Why it hurts
OpenClaw writes to the file that `sessionFile` names, and counts, prunes and archives by `sessionId`: the chat goes on in a
transcript that its own cleanup takes for unreferenced, or remembers another chat's talk.

## What the fix does
Where the file that `sessionId` names lies in the folder, `sessionFile` leads to it; in real stores it is nearly always the right
one. Only that one value of `sessions.json` changes. It takes your judgement, because the other file may be the one that the chat was
really held in: the finding says how many user turns each has and when it was last written.

## What it never does
It never changes a transcript and never changes `sessionId`. Where the file of the id is missing, nothing is changed at all.

## What to do
Where the file of the id is missing, the finding shows the other one. Compare the two with `clawfix show`. If both hold parts of one conversation, use `clawfix merge` first.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = &agent.store else { return };
    if !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return;
    }
    let folder = Folder::of(agent);
    let segments: HashMap<&Path, &Segment> = agent.segments.iter().map(|segment| (segment.file.path.as_path(), segment)).collect();
    let segment = |file: &Listed| segments.get(file.path.as_path()).copied();
    for entry in &store.entries {
        let (Some(id), Some(path)) = (&entry.session_id, &entry.session_file) else { continue };
        let Some(other) = other_session(entry) else { continue };
        let key = &entry.key.raw;
        let (by_id, by_file) = (folder.by_id(entry), folder.by_file(entry));
        // Neither is there: that is CF604's.
        let Some(shown) = by_id.or(by_file) else { continue };
        let by_id_words = by_id.map_or_else(|| "is missing".to_owned(), |file| held(segment(file)));
        let by_file_words = by_file.map_or_else(|| "is missing".to_owned(), |file| held(segment(file)));
        let message = format!("{key} names session {id}, whose transcript {by_id_words}, and the file of {other}, which {by_file_words}");
        let mut trouble = Trouble::new(&store.path, format!("{key}\0{id}\0{other}"), message);
        match by_id {
            Some(file) if folder::is_editable(agent) => {
                let to = format!("{}{}", before_name(path), file.name);
                let value = StoreValue { key: key.clone(), field: "sessionFile".to_owned(), from: path.clone(), to };
                trouble.steps.push(Step::Store(value));
            }
            Some(_) => trouble.help = Some("clawfix explain CF601".to_owned()),
            None => trouble.help = Some(command::show(scan, agent, &other)),
        }
        trouble.at_ms = segment(shown).map(|segment| segment.last_ms);
        troubles.push(trouble);
    }
}

/// The session that `sessionFile` names, where that is another than `sessionId`. A name that is no id names none.
fn other_session(entry: &StoreEntry) -> Option<String> {
    let name = foreign::basename(entry.session_file.as_deref()?);
    let crate::name::FileName::Transcript(file) = crate::name::classify(name) else { return None };
    let id = entry.session_id.as_deref()?;
    (is_uuid(&file.session_id) && !file.session_id.eq_ignore_ascii_case(id)).then_some(file.session_id)
}

/// What a transcript holds, as the end of a sentence.
fn held(segment: Option<&Segment>) -> String {
    match segment {
        Some(segment) => format!("holds {} until {} UTC", many(segment.human_count(), "user turn"), minute(segment.last_ms)),
        None => "is there".to_owned(),
    }
}
