//! CF604: a key leads to a transcript that is not there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::folder::{self, Folder, many, some};
use super::{Fixable, Rule, Severity, Work, file_name};
use crate::key::KeyKind;
use crate::name::FileState;
use crate::repair::step::Trouble;
use crate::report::command;
use crate::scan::{Agent, Scan};
use crate::split::segment::Segment;
use crate::store::StoreEntry;

/// Keys that are reported one by one; the rest is counted.
const SHOWN: usize = 20;
/// Keys whose transcripts are looked for elsewhere.
const SOUGHT: usize = 1_000;
/// Project folders of the Claude command line that are looked into, and sessions that are noted of them.
const PROJECTS: usize = 1_000;
const CLAUDE_SESSIONS: usize = 100_000;

pub(super) static RULE: Rule = Rule {
    code: "CF604",
    name: "missing-transcript",
    severity: Severity::Error,
    fixable: Fixable::None,
    on_request: false,
    summary: "A session key leads to a transcript that is not in the folder",
    doc: "\
## What it means
An entry of `sessions.json` names a session by `sessionId` (and perhaps by `sessionFile`), and no primary transcript of either name
lies in the folder. How bad that is depends on the entry:

- It had history (`compactionCount` or `totalTokens` above zero, or `systemSent`), and the transcript is nowhere: an error.
- It had history, and the transcript is found: as an archive (`.reset.`, `.deleted.`, a copy before a change), in the folder of
  another agent, under another name. A warning that says where.
- It is a Claude command-line session (its transcript is kept by that program under `.claude/projects`), a key on which nobody has
  written yet, or one of a machine (cron, hook, subagent), whose transcripts are cleaned up in the ordinary course of things: an
  information, in one finding for each sort. It names the place where there is one: the file under `.claude/projects`, an archive,
  another folder.

## Why it hurts
At the next message OpenClaw opens an empty transcript of that name. The assistant starts without its history, and the entry's
counters still speak of a long conversation.

## What to do
Where the finding names an archive, `clawfix show` tells what is in it; stop the gateway and copy it back under its first name
(everything up to `.jsonl`), or let the chat write and use `clawfix merge`. Where it lies in another agent's folder or under another
name, copy it (do not move it: another key may lead there). Where it is nowhere, look into your backups before the next message comes.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = &agent.store else { return };
    if !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return;
    }
    let folder = Folder::of(agent);
    let missing = |entry: &&StoreEntry| {
        let named = entry.session_id.is_some() || entry.session_file.is_some();
        let elsewhere = entry.session_file.as_deref().and_then(folder::on_this_machine);
        named && folder.transcript_of(entry).is_none() && elsewhere.is_none()
    };
    let missing: Vec<&StoreEntry> = store.entries.iter().filter(missing).collect();
    if missing.is_empty() {
        return;
    }
    let places = Places::new(scan, agent);
    let (mut quiet, mut told): (Quiet, Vec<Trouble>) = (Quiet::default(), Vec::new());
    let mut more = 0usize;
    for entry in missing {
        let key = entry.key.raw.as_str();
        if let Some(place) = places.of_claude(entry) {
            quiet.claude.push(format!("{key} in {place}"));
            continue;
        }
        if entry.key.kind.is_machine() || entry.key.kind == KeyKind::Recovered || !has_history(entry) {
            match places.find(&folder, entry) {
                Some((place, _)) => quiet.elsewhere.push(format!("{key} is {place}")),
                None => quiet.nowhere.push(key.to_owned()),
            }
            continue;
        }
        if told.len() >= SOUGHT {
            more += 1;
            continue;
        }
        let name = entry.session_id.as_deref().or(entry.session_file.as_deref()).unwrap_or_default();
        let found = places.find(&folder, entry);
        let place = found.as_ref().map_or_else(|| "nowhere in the scanned folders".to_owned(), |(place, _)| place.clone());
        let mut trouble =
            Trouble::new(&store.path, format!("{key}\0{name}"), format!("{key} leads to session {name}, whose transcript is {place}"));
        trouble.severity = found.is_some().then_some(Severity::Warning);
        trouble.help = Some(match found {
            Some((_, path)) => format!("clawfix show {}", command::quoted(&path)),
            None => "look for it in your backups before the next message of this chat comes in".to_owned(),
        });
        trouble.at_ms = entry.updated_at_ms;
        told.push(trouble);
    }
    told.sort_by_key(|trouble| std::cmp::Reverse(trouble.severity.is_none()));
    more += told.len().saturating_sub(SHOWN);
    told.truncate(SHOWN);
    if let (Some(last), true) = (told.last_mut(), more > 0) {
        last.message = format!("{}; and {more} more keys like it", last.message);
    }
    troubles.append(&mut told);
    quiet.tell(&store.path, troubles);
}

/// Keys whose missing transcripts are no loss.
#[derive(Default)]
struct Quiet {
    /// Those of the Claude command line, each with the file.
    claude: Vec<String>,
    /// Those whose transcripts are found, each with the place.
    elsewhere: Vec<String>,
    /// The others.
    nowhere: Vec<String>,
}

impl Quiet {
    /// One finding for each sort.
    fn tell(&self, store: &Path, troubles: &mut Vec<Trouble>) {
        let sorts = [
            ("claude", &self.claude, "of the Claude command line, which keeps the transcripts itself"),
            ("elsewhere", &self.elsewhere, "without history, or of a machine, whose transcripts lie elsewhere"),
            ("quiet", &self.nowhere, "without a transcript that had none yet or needs none any more"),
        ];
        for (identity, keys, what) in sorts.into_iter().filter(|(_, keys, _)| !keys.is_empty()) {
            let names: Vec<&str> = keys.iter().map(String::as_str).collect();
            let message = format!("{} {what} ({})", many(keys.len(), "key"), some(&names));
            let mut trouble = Trouble::new(store, identity, message);
            trouble.severity = Some(Severity::Info);
            trouble.help = Some("nothing needs mending".to_owned());
            troubles.push(trouble);
        }
    }
}

/// Whether the model was ever asked under this key's present session.
fn has_history(entry: &StoreEntry) -> bool {
    entry.system_sent || entry.total_tokens.is_some_and(|count| count > 0) || entry.compaction_count.is_some_and(|count| count > 0)
}

/// Where else transcripts lie.
struct Places<'a> {
    /// Primary transcripts of the scan's other folders, by session id.
    others: HashMap<String, (&'a Agent, &'a Path)>,
    /// The folder's own transcripts, by the id in their header.
    by_header: HashMap<String, &'a Segment>,
    /// Sessions that the Claude command line keeps, with the file of each.
    claude: HashMap<String, PathBuf>,
}

impl<'a> Places<'a> {
    fn new(scan: &'a Scan, agent: &'a Agent) -> Self {
        let mut others = HashMap::new();
        for other in scan.agents.iter().filter(|other| other.dir.dir != agent.dir.dir) {
            for file in other.dir.transcripts.iter().filter(|file| file.name.state == FileState::Live) {
                others.entry(file.name.session_id.to_lowercase()).or_insert((other, file.path.as_path()));
            }
        }
        let by_header = agent.segments.iter().map(|segment| (segment.id.to_lowercase(), segment)).collect();
        let home = agent.dir.state_dir.as_deref().and_then(Path::parent);
        let names = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
        let projects = home.into_iter().flat_map(|home| names(&home.join(".claude/projects"))).take(PROJECTS);
        let sessions = projects.flat_map(|project| names(&project.path())).take(CLAUDE_SESSIONS);
        let id = |name: String| name.strip_suffix(".jsonl").map(str::to_lowercase);
        let claude =
            sessions.filter_map(|session| Some((id(session.file_name().to_string_lossy().into_owned())?, session.path()))).collect();
        Self { others, by_header, claude }
    }

    /// Where the Claude command line keeps the transcript of a session of its own: the file, else what the entry says of it.
    fn of_claude(&self, entry: &StoreEntry) -> Option<String> {
        let said = entry.session_file.as_deref().filter(|path| path.replace('\\', "/").contains("/.claude/"));
        let found = entry.session_id.as_deref().and_then(|id| self.claude.get(&id.to_lowercase()));
        found.map(|path| path.display().to_string()).or_else(|| said.map(str::to_owned))
    }

    /// Where the transcript of an entry is after all, in words, and the file.
    fn find(&self, folder: &Folder, entry: &StoreEntry) -> Option<(String, PathBuf)> {
        let id = entry.session_id.as_deref()?;
        let archive = folder.of_session(id).max_by_key(|file| {
            let copy = file.transcript().is_some_and(|name| matches!(name.state, FileState::Reset | FileState::Deleted));
            (copy, file.made_ms())
        });
        if let Some(file) = archive {
            let kind = file.transcript().map_or("archive", |name| name.state.name());
            return Some((format!("here only as an archive ({kind}): {}", file.name), file.path.clone()));
        }
        if let Some(segment) = self.by_header.get(&id.to_lowercase()) {
            return Some((format!("here under another name: {}", segment.file.file_name), segment.file.path.clone()));
        }
        let (other, path) = self.others.get(&id.to_lowercase())?;
        Some((format!("in the folder of agent {}: {}", other.dir.agent, file_name(path)), path.to_path_buf()))
    }
}
