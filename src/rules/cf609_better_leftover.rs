//! CF609: a copy of the store knows conversations that the store has lost.

use std::collections::{HashMap, HashSet};

use super::folder::{self, Folder, many, some};
use super::leftovers::{Leftover, leftovers};
use super::{Fixable, Rule, Severity, Work};
use crate::apply::store::StoreValue;
use crate::repair::step::{Step, Trouble};
use crate::scan::{Agent, Scan};
use crate::split::SeamKind;
use crate::split::segment::Standing;
use crate::time::minute;
use crate::tree;

/// Chats that the store must have lost; one may have been deleted on purpose.
const LOST: usize = 2;

pub(super) static RULE: Rule = Rule {
    code: "CF609",
    name: "better-leftover",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "A copy of the store beside it knows several chats that the store has lost",
    doc: "\
## What it means
Beside `sessions.json` lies a copy of it (`sessions.json.bak.*`, or a `.tmp` that no write can own any more) with two or more chats that
the store has no key for, though their transcripts, with turns of a person, still lie in the folder and no key leads to them. This is
what is left when a reader meets half a store, takes it for empty, and writes back the one chat that it knows. Where the store is
broken or empty altogether, CF601 and CF602 report it with the same copies.

## Why it hurts
Those chats open a new session at their next message, without their history. Until then nothing has happened to them: the way back is
still open, and it closes with every message.

## What the fix does
It puts the lost entries, byte for byte as the copy has them, into the store. What the store holds now stays as it is. It takes your
judgement, because you may have deleted these chats yourself.

## What it never does
It never replaces or removes an entry of the store, never brings back a key whose transcript is gone or is led to by another key, and
never touches the copy. Keys of cron runs, hooks, subagents and heartbeats are not brought back.

## What to do
Stop the gateway, run the command of the finding, look at the keys that it names, then run it with `--apply`.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = &agent.store else { return };
    let Some((lost, leftover)) = lost(scan, agent, &Folder::of(agent)) else { return };
    let names: Vec<&str> = lost.iter().map(|(key, _)| key.as_str()).collect();
    let made = leftover.made_ms.map(|at| format!(" of {} UTC", minute(at))).unwrap_or_default();
    let chats = many(names.len(), "chat");
    let message = format!("{chats} that {}{made} still knows are lost, and their transcripts are here: {}", leftover.name, some(&names));
    let mut trouble = Trouble::new(&store.path, &leftover.name, message);
    trouble.steps = steps(&leftover, &names);
    troubles.push(trouble);
}

/// Keys that a copy knows and the store has lost, each with the file that it leads to.
pub(super) fn lost(scan: &Scan, agent: &Agent, folder: &Folder) -> Option<(Vec<(String, String)>, Leftover)> {
    let store = agent.store.as_ref().filter(|_| folder::is_editable(agent))?;
    let orphans = orphans(agent, folder);
    if orphans.len() < LOST || !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return None;
    }
    let known: HashSet<String> = store.entries.iter().map(|entry| entry.key.raw.to_lowercase()).collect();
    let of_copy = |leftover: &Leftover| -> Vec<(String, String)> {
        let mut taken = HashSet::new();
        let entries = leftover.store.entries.iter().filter(|entry| !entry.key.kind.is_machine());
        let entries = entries.filter(|entry| !known.contains(&entry.key.raw.to_lowercase()));
        let led = entries.filter_map(|entry| Some((entry.key.raw.clone(), folder.transcript_of(entry)?.name.clone())));
        led.filter(|(_, file)| orphans.contains(file.as_str()) && taken.insert(file.clone())).collect()
    };
    let all = leftovers(agent, folder).into_iter().map(|leftover| (of_copy(&leftover), leftover));
    // Of equals the first: the copies come in the order of their worth.
    all.reduce(|best, next| if next.0.len() > best.0.len() { next } else { best }).filter(|(lost, _)| lost.len() >= LOST)
}

/// Conversations that no key leads to and that no later session has taken over, by file name.
fn orphans<'a>(agent: &'a Agent, folder: &Folder) -> HashSet<&'a str> {
    let led_to = folder.led_to(agent);
    let seams = agent.conversations.iter().flat_map(|conversation| &conversation.seams);
    let continued: HashSet<usize> = seams.filter(|seam| seam.verdict.kind != SeamKind::Fork).map(|seam| seam.older).collect();
    let all = agent.segments.iter().enumerate().filter(|(at, _)| !continued.contains(at)).map(|(_, segment)| segment);
    all.filter(|segment| segment.standing == Standing::Unreferenced && segment.humans().next().is_some())
        .map(|segment| segment.file.file_name.as_str())
        .filter(|name| !led_to.contains(name))
        .collect()
}

/// Each lost entry as the copy has it.
fn steps(leftover: &Leftover, keys: &[&str]) -> Vec<Step> {
    let bytes = std::fs::read(&leftover.path).unwrap_or_default();
    let Some(tree) = tree::parse(&bytes) else { return Vec::new() };
    let wanted: HashSet<&str> = keys.iter().copied().collect();
    // Of a key that stands twice the last counts.
    let mut entries: HashMap<String, String> = HashMap::new();
    for member in tree.root().members().filter(|member| wanted.contains(&*member.key)) {
        entries.insert(member.key.into_owned(), String::from_utf8_lossy(member.value.raw()).into_owned());
    }
    let put_in =
        |key: &&str| Some(StoreValue { key: (*key).to_owned(), field: String::new(), from: String::new(), to: entries.get(*key)?.clone() });
    keys.iter().filter_map(put_in).map(Step::Store).collect()
}
