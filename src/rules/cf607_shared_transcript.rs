//! CF607: several chats lead to one transcript.

use std::collections::BTreeMap;

use super::folder::{self, Folder, some};
use super::{Fixable, Rule, Severity, Work};
use crate::key::{Key, KeyKind};
use crate::repair::step::Trouble;
use crate::report::command;
use crate::scan::{Agent, Scan};

pub(super) static RULE: Rule = Rule {
    code: "CF607",
    name: "shared-transcript",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "Several chats lead to one transcript",
    doc: "\
## What it means
Two or more keys of `sessions.json` that stand for different chats lead to the same transcript. Keys that are meant to share are not
counted: a cron job and its runs, subagents, hooks, heartbeats, the names that the main chat had over time (`main`, `global`,
`agent:<agent>:main`), and keys that differ in case alone.

Two groups or threads on one transcript are a warning. The main chat and a direct chat on one transcript are an information: that is
what a change of `session.dmScope` leaves behind.

## Why it hurts
What is said in one chat is in the model's context when it answers in the other, which may be a group of strangers. A reset of either
archives the transcript under both. And two chats that write at the same time wait for one lock.

## What to do
Look at the transcript with the command of the finding. To part the chats, send `/new` in one of them: that gives its key a session of
its own, and the shared transcript stays with the other where the release does not archive it (stop and copy it before you try).
clawfix does not cut a transcript in two, because which turn belongs to which chat is not always written down.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = &agent.store else { return };
    if !folder::is_whole(scan, agent) {
        return;
    }
    let folder = Folder::of(agent);
    let mut sharing: BTreeMap<&str, Vec<&Key>> = BTreeMap::new();
    for entry in store.entries.iter().filter(|entry| !entry.key.kind.is_machine()) {
        if let Some(file) = folder.transcript_of(entry) {
            sharing.entry(&file.name).or_default().push(&entry.key);
        }
    }
    for (name, keys) in sharing {
        let mut chats: Vec<(String, &Key)> = keys.into_iter().filter_map(|key| Some((chat(key)?, key))).collect();
        chats.sort_by(|a, b| a.0.cmp(&b.0));
        chats.dedup_by(|a, b| a.0 == b.0);
        if chats.len() < 2 {
            continue;
        }
        let of_one_chat = chats.iter().filter(|(_, key)| matches!(key.kind, KeyKind::Group | KeyKind::Thread)).count();
        let named: Vec<&str> = chats.iter().map(|(_, key)| key.raw.as_str()).collect();
        let message = format!("is the transcript of {} chats at once: {}", chats.len(), some(&named));
        let mut trouble = Trouble::new(agent.dir.dir.join(name), name, message);
        trouble.severity = (of_one_chat == 0).then_some(Severity::Info);
        trouble.help = Some(command::show(scan, agent, name.strip_suffix(".jsonl").unwrap_or(name)));
        troubles.push(trouble);
    }
}

/// The chat that a key stands for; keys of the same chat give the same. None where the key says nothing of it.
fn chat(key: &Key) -> Option<String> {
    match key.kind {
        KeyKind::Main | KeyKind::Global => Some("main".to_owned()),
        KeyKind::Legacy if key.peer.is_none() => Some("main".to_owned()),
        KeyKind::Legacy | KeyKind::Direct | KeyKind::Group | KeyKind::Thread => {
            Some(format!("{}\0{}", key.peer.as_deref().unwrap_or_default(), key.thread.as_deref().unwrap_or_default()).to_lowercase())
        }
        _ => None,
    }
}
