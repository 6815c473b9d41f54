//! CF603: the store is unusually large.

use std::cmp::Reverse;

use super::folder::{many, size};
use super::{Fixable, Rule, Severity, Work, file_name};
use crate::repair::step::Trouble;
use crate::scan::{Agent, Scan};
use crate::store::StoreHealth;
use crate::tree;

/// From here on the cost of a turn shows: a real store has some hundred keys of a few KB each.
const LARGE: u64 = 5 << 20;
/// Here releases from February 2026 on rotate it: `session.maintenance.rotateBytes`, 10 MB by default.
const ROTATED: u64 = 10 << 20;
/// Longer stores are not taken apart to name their largest entries.
const TAKEN_APART: u64 = 64 << 20;
/// Entries that are named.
const NAMED: usize = 3;

pub(super) static RULE: Rule = Rule {
    code: "CF603",
    name: "oversized-store",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "The session store is unusually large",
    doc: "\
## What it means
`sessions.json` is larger than 5 MB (information) or 10 MB (warning). A healthy store has some hundred keys of a few kilobytes each.
What makes it grow are keys of cron runs that nobody prunes, and snapshots of skills and system prompts (`skillsSnapshot`,
`systemPromptReport`), which are kept once in every entry.

## Why it hurts
The gateway writes the whole file at every turn of every chat, and parses it again after each change: a large store makes all chats
slow, and the longer a write takes, the likelier is a reader that meets half a file, which is how conversations are torn. At 10 MB
(`session.maintenance.rotateBytes`) releases from February 2026 on rename it to `sessions.json.bak.<ms>`, keep three such copies, and
write a new one; later ones no longer do.

## What to do
The finding names the largest entries by key and size. `openclaw sessions cleanup` prunes the keys of old sessions (with `--dry-run`
it shows them first); run `clawfix scan` before it, since it also archives the transcripts of what it prunes. Releases that keep
sessions in SQLite (July 2026 and later) have no such limit.
",
    work: Work::Folder(detect),
};

fn detect(_: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = agent.store.as_ref().filter(|store| store.len >= LARGE) else { return };
    // Beyond what a store can be, CF001 has said that it was not read.
    if matches!(store.health, StoreHealth::TooLarge { .. }) {
        return;
    }
    let named = if store.len <= TAKEN_APART { largest(&store.path) } else { String::new() };
    let message = format!("{} for {}{named}", size(store.len), many(store.entries.len(), "session"));
    let mut trouble = Trouble::new(&store.path, file_name(&store.path), message);
    trouble.severity = (store.len < ROTATED).then_some(Severity::Info);
    trouble.help = Some("look at what `openclaw sessions cleanup --dry-run` would prune".to_owned());
    troubles.push(trouble);
}

/// The largest entries with their sizes, as the end of a sentence.
fn largest(path: &std::path::Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let Some(tree) = tree::parse(&bytes) else { return String::new() };
    let mut entries: Vec<(usize, String)> =
        tree.root().members().map(|member| (member.value.range().len(), member.key.into_owned())).collect();
    entries.sort_by(|a, b| (Reverse(a.0), &a.1).cmp(&(Reverse(b.0), &b.1)));
    let named: Vec<String> =
        entries.into_iter().take(NAMED).map(|(len, key)| format!("{key} ({})", size(u64::try_from(len).unwrap_or(u64::MAX)))).collect();
    if named.is_empty() { String::new() } else { format!("; the largest are {}", named.join(", ")) }
}
