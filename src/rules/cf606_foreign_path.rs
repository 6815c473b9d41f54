//! CF606: entries name their transcripts by a path of another place.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::folder::{self, Folder, before_name, many};
use super::{Fixable, Rule, Severity, Work};
use crate::apply::store::StoreValue;
use crate::foreign;
use crate::repair::step::{Step, Trouble};
use crate::report::command;
use crate::scan::{Agent, Scan};
use crate::store::StoreEntry;

pub(super) static RULE: Rule = Rule {
    code: "CF606",
    name: "foreign-path",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "Store entries name their transcripts by a path of another home, agent or system",
    doc: "\
## What it means
`sessionFile` is an absolute path into another folder (another home, a container, a Windows drive on a Unix system), where no such file
is, while a transcript of that very name lies in this folder beside the store. The state directory was moved, restored or copied, and
the paths inside it were not.

A gateway in a container writes the paths that are right inside it, and the host sees the same folder under another name. Where all
absolute paths of the store lead to one such place, and the newest of these entries is as young as the transcripts, the paths are
therefore taken for right. What is reported are paths that stand beside others, or whose entries were not written since the
transcripts went on.

In a copy or backup the old paths are the true ones, since they are right again where it came from: there nothing is reported.
Whether a folder is live is told by `OPENCLAW_STATE_DIR` and the home of the user who runs clawfix.

A path to a file that exists in the sessions folder of *another agent* is reported as well, wherever the store lies: that is what a
copied entry or a renamed agent leaves behind. An entry whose key names that agent is no such case (a store that agents share).

## Why it hurts
The first releases take the path as it is: they begin an empty transcript at a place that nobody reads, or fail to create it, and the
chat has lost its history. Later releases look beside the store when the path leads out of it, but the tools around them do not. A chat
that leads into another agent's folder goes on there, out of sight of its own agent's cleanup and backups.

## What the fix does
In the live state directory the path becomes that of the file in this folder. Only these values of `sessions.json` change. It takes
your judgement, because only you know whether a gateway elsewhere, in a container or on another machine, still goes by the old paths.

## What it never does
It never changes a path that leads to a file that exists (so nothing that leads to another agent), never one whose file is not in this
folder, and nothing in a copy.

## What to do
Find out whether a gateway in a container or on another machine uses this folder under the name that the finding tells. If none does,
run the command of the finding. Where a key leads to another agent, look at both transcripts with `clawfix show`, and copy the one that
should go on into this folder while the gateway is stopped.
",
    work: Work::Folder(detect),
};

/// An entry may be this much older than the last line of its transcript: lines are written while a run goes on, and the entry
/// at its end.
const LAG_MS: i64 = 60 * 60_000;

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = &agent.store else { return };
    if !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return;
    }
    let absolute = |entry: &'_ &StoreEntry| entry.session_file.as_deref().is_some_and(foreign::is_absolute);
    let absolute: Vec<&StoreEntry> = store.entries.iter().filter(absolute).collect();
    troubles.extend(absolute.iter().filter_map(|entry| of_another_agent(agent, entry)));
    // On a copy the old paths are the true ones: it is put to use by copying it back.
    if !agent.dir.live || absolute.is_empty() {
        return;
    }
    let folder = Folder::of(agent);
    let own = own_folders(&agent.dir.dir);
    // One finding for each place that they lead to: in a moved folder all of them do.
    let mut places: BTreeMap<&str, Vec<(&StoreEntry, &str, &str)>> = BTreeMap::new();
    let mut all: HashSet<&str> = HashSet::new();
    for entry in absolute {
        let Some(path) = entry.session_file.as_deref() else { continue };
        let place = before_name(path);
        all.insert(place);
        if own.iter().any(|own| foreign::same(own, place)) || folder::on_this_machine(path).is_some() {
            continue;
        }
        let Some(file) = folder.by_file(entry) else { continue };
        places.entry(place).or_default().push((entry, path, &file.name));
    }
    if all.len() == 1 && places.values().all(|entries| are_fresh(agent, entries)) {
        return;
    }
    for (place, entries) in places {
        let keys = many(entries.len(), "key");
        let verb = if entries.len() == 1 { "leads" } else { "lead" };
        let message = format!("{keys} {verb} to {place}, where nothing is, and the transcripts lie beside the store");
        let mut trouble = Trouble::new(&store.path, place, message);
        if folder::is_editable(agent) {
            trouble.steps = entries.iter().map(|(entry, path, name)| step(agent, entry, path, name)).collect();
        } else {
            trouble.help = Some("clawfix explain CF601".to_owned());
        }
        troubles.push(trouble);
    }
}

/// Whether the entries were written as late as the transcripts that they lead to, so that whoever writes these takes the
/// paths for right.
fn are_fresh(agent: &Agent, entries: &[(&StoreEntry, &str, &str)]) -> bool {
    let names: HashSet<&str> = entries.iter().map(|(_, _, name)| *name).collect();
    let led_to = agent.segments.iter().filter(|segment| names.contains(segment.file.file_name.as_str()));
    let last = led_to.map(|segment| segment.last_ms).max();
    let updated = entries.iter().filter_map(|(entry, ..)| entry.updated_at_ms).max();
    matches!((updated, last), (Some(updated), Some(last)) if updated >= last.saturating_sub(LAG_MS))
}

/// An entry whose file lies in the sessions folder of an agent that its key does not name.
fn of_another_agent(agent: &Agent, entry: &StoreEntry) -> Option<Trouble> {
    let path = folder::on_this_machine(entry.session_file.as_deref()?)?;
    let dir = path.parent().filter(|dir| super::file_name(dir) == "sessions")?.parent()?;
    let other = super::file_name(dir.parent().filter(|agents| super::file_name(agents) == "agents").and(Some(dir))?);
    let own = entry.key.agent.as_deref().unwrap_or(&agent.dir.agent);
    if other.eq_ignore_ascii_case(own) || other.eq_ignore_ascii_case(&agent.dir.agent) {
        return None;
    }
    let key = entry.key.raw.as_str();
    let beside = entry.session_id.as_deref().filter(|id| agent.segments.iter().any(|segment| segment.id.eq_ignore_ascii_case(id)));
    let too = if beside.is_some() { ", and a transcript of its session lies beside the store, too" } else { "" };
    let message = format!("{key} leads into the folder of agent {other}: {}{too}", super::file_name(path));
    let mut trouble = Trouble::new(&agent.store.as_ref()?.path, key, message);
    trouble.help = Some(format!("clawfix show {}", command::quoted(path)));
    trouble.at_ms = entry.updated_at_ms;
    Some(trouble)
}

fn step(agent: &Agent, entry: &StoreEntry, path: &str, name: &str) -> Step {
    let to = folder::absolute(agent, name);
    Step::Store(StoreValue { key: entry.key.raw.clone(), field: "sessionFile".to_owned(), from: path.to_owned(), to })
}

/// The paths by which this folder may be named.
fn own_folders(dir: &Path) -> Vec<String> {
    let ways = [std::path::absolute(dir).ok(), std::fs::canonicalize(dir).ok()];
    let text = |path: std::path::PathBuf| path.to_string_lossy().trim_start_matches(r"\\?\").to_owned();
    ways.into_iter().flatten().map(text).collect()
}
