//! CF608: a conversation that no key leads to.

use std::collections::{HashMap, HashSet};

use super::folder::{self, Folder, before_name, many, now_ms};
use super::leftovers::leftovers;
use super::{Fixable, Rule, Severity, Work, cf609_better_leftover};
use crate::apply::store::StoreValue;
use crate::foreign;
use crate::repair::step::{Step, Trouble};
use crate::scan::{Agent, Scan};
use crate::split::SeamKind;
use crate::split::segment::{Segment, Standing};
use crate::store::StoreHealth;
use crate::time::minute;

pub(super) static RULE: Rule = Rule {
    code: "CF608",
    name: "unindexed-transcript",
    severity: Severity::Info,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "A conversation lies in the folder, and no session key leads to it",
    doc: "\
## What it means
A primary transcript holds answered turns of a person, and no entry of `sessions.json` leads to it. Most such files are harmless: the
store keeps one pointer for each chat, so the session before the last `/new` or the last daily reset is unindexed by nature. Those are
not reported: neither an older session whose chat is held in a newer one that is indexed, nor the half of a torn conversation, which
CF101 reports, nor chats whose key a copy of the store still knows (CF609, and CF602 where the store is empty). What is left are
conversations whose chat has no entry any more, or an older one than this.

## Why it hurts
OpenClaw does not show it, cannot continue it, and calls it an orphan: `openclaw doctor` offers to archive it, `openclaw sessions
cleanup` deletes it when it is 30 days old by its time of change, and the upgrade to SQLite brings it in under a made-up key.

## What the fix does
It puts an entry `agent:<agent>:recovered:<sessionId>` into `sessions.json`, the key that the importer would make: with the session's
id, its file where that is not named after the id alone, and the present as `updatedAt`, so that the gateway does not prune it at
once for its age. No other byte of the store changes. It takes your judgement, because the conversation may belong to a chat that has
gone on elsewhere; then `clawfix merge` with both ids stitches them, and no entry is needed.

## What it never does
It never gives the conversation to an existing chat, never changes another entry, and never touches the transcript.

## What to do
Look at it with `clawfix show`. If it is the older part of a chat that goes on elsewhere, stitch the two with
`clawfix merge ROOT OLDER NEWER`; if it stands alone and you want to keep it in sight, run the command of the finding.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let judged = |health: &StoreHealth| matches!(health, StoreHealth::Good | StoreHealth::Json5 | StoreHealth::Empty);
    let Some(store) = agent.store.as_ref().filter(|store| judged(&store.health)) else { return };
    if !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return;
    }
    let folder = Folder::of(agent);
    // An empty store gets entries where it can take them and no copy of it is better; all else is CF602's.
    if store.health == StoreHealth::Empty && (!folder::takes_entries(agent) || !leftovers(agent, &folder).is_empty()) {
        return;
    }
    let unindexed = unindexed(agent, &folder);
    if unindexed.is_empty() {
        return;
    }
    let keys: HashSet<String> = store.entries.iter().map(|entry| entry.key.raw.to_lowercase()).collect();
    let lost = cf609_better_leftover::lost(scan, agent, &folder).map(|(lost, _)| lost).unwrap_or_default();
    let returning: HashSet<&str> = lost.iter().map(|(_, file)| file.as_str()).collect();
    for segment in unindexed {
        if returning.contains(segment.file.file_name.as_str()) {
            continue;
        }
        let turns = many(segment.human_count(), "user turn");
        let chat = segment.lane.as_ref().map(|lane| format!(" of {}", lane.key.raw)).unwrap_or_default();
        let message = format!("{turns}{chat}, the last at {} UTC, and no session key leads here", minute(segment.last_human_ms()));
        let mut trouble = Trouble::new(&segment.file.path, &segment.id, message);
        trouble.at_ms = Some(segment.last_ms);
        let key = format!("agent:{}:recovered:{}", agent.dir.agent, segment.id);
        if !folder::takes_entries(agent) || keys.contains(&key.to_lowercase()) {
            trouble.help = Some("the store has to be mended first; see its own finding".to_owned());
        } else {
            trouble.steps.push(Step::Store(StoreValue {
                key,
                field: String::new(),
                from: String::new(),
                to: entry(agent, &folder, segment),
            }));
        }
        troubles.push(trouble);
    }
}

/// Conversations that nothing leads to, and that are neither half of a split nor the past of a chat that is indexed.
pub(super) fn unindexed<'a>(agent: &'a Agent, folder: &Folder) -> Vec<&'a Segment> {
    let mut explained: HashSet<usize> = HashSet::new();
    for seam in agent.conversations.iter().flat_map(|conversation| &conversation.seams) {
        explained.insert(seam.older);
        if seam.verdict.kind == SeamKind::Split {
            explained.insert(seam.newer);
        }
    }
    for tie in &agent.ties {
        explained.insert(tie.newer);
        explained.extend(&tie.olders);
    }
    // When the session that a key leads to was last written to.
    let mut current: HashMap<String, i64> = HashMap::new();
    for segment in agent.segments.iter().filter(|segment| segment.standing == Standing::Live) {
        for key in &segment.bound {
            let last = current.entry(key.raw.to_lowercase()).or_insert(segment.last_ms);
            *last = (*last).max(segment.last_ms);
        }
    }
    let is_past = |segment: &Segment| {
        let key = segment.lane.as_ref().map(|lane| lane.key.raw.to_lowercase());
        key.and_then(|key| current.get(&key)).is_some_and(|&last| last >= segment.last_human_ms())
    };
    // A header that names another session than the file does not part the file from its key.
    let led_to = folder.led_to(agent);
    let all = agent.segments.iter().enumerate().filter(|(at, _)| !explained.contains(at));
    all.map(|(_, segment)| segment)
        .filter(|segment| matches!(segment.standing, Standing::Unreferenced | Standing::NoStore) && segment.is_conversational())
        .filter(|segment| segment.humans().any(|turn| turn.answered) && !is_past(segment))
        .filter(|segment| !led_to.contains(segment.file.file_name.as_str()))
        .collect()
}

/// The entry that is put into the store.
fn entry(agent: &Agent, folder: &Folder, segment: &Segment) -> String {
    let mut entry = serde_json::json!({"sessionId": segment.id, "updatedAt": now_ms()});
    let name = &segment.file.file_name;
    if let (false, Some(fields)) = (*name == format!("{}.jsonl", segment.id), entry.as_object_mut()) {
        // The folder as the gateway names it, which is another one in a copy.
        let known = agent.store.iter().flat_map(|store| &store.entries).filter(|entry| folder.by_file(entry).is_some());
        let known = known.filter_map(|entry| entry.session_file.as_deref()).find(|path| foreign::is_absolute(path));
        let path = known.map_or_else(|| folder::absolute(agent, name), |path| format!("{}{name}", before_name(path)));
        fields.insert("sessionFile".to_owned(), path.into());
    }
    entry.to_string()
}
