//! One folder of a walk: its files enter, a [`SessionsDir`] leaves, or nothing if it is none of ours.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::walk::{Folder, Item};
use super::{Problem, SessionsDir, TranscriptFile, media, place, sniff};
use crate::name::{FileName, FileState, TranscriptName};
use crate::platform;
use crate::store::Store;

/// Makes a sessions folder of what a walk found in one folder.
pub(super) fn sessions_dir(folder: Folder, live: bool, areas: &[PathBuf], problems: &mut Vec<Problem>) -> Option<SessionsDir> {
    let Folder { dir, canonical, root, mut items, single } = folder;
    items.sort_by(|a, b| a.path.cmp(&b.path));
    let has_store = items.iter().any(|item| item.name == FileName::Store);
    // A folder with a store is surely OpenClaw's, so a transcript whose head is damaged counts too.
    let sure = has_store || place::is_agent_sessions(&canonical) || place::is_agent_sessions(&dir);

    let ids: Vec<String> = if single { items.iter().filter_map(transcript_id).collect() } else { Vec::new() };
    let mut found = SessionsDir {
        agent: String::new(),
        state_dir: None,
        transcripts: Vec::new(),
        trajectories: Vec::new(),
        store: None,
        store_backups: Vec::new(),
        media_roots: Vec::new(),
        live,
        root,
        dir,
    };
    for item in items {
        match item.name {
            FileName::Store => found.store = Some(item.path),
            FileName::StoreBackup { .. } => found.store_backups.push(item.path),
            FileName::Trajectory { session_id } if !single || ids.contains(&session_id) => {
                found.trajectories.push(item.path);
            }
            FileName::Transcript(name) => {
                let known = sure || item.named || name.state != FileState::Live;
                match transcript(item.path.clone(), item.file_name, name, known, item.link) {
                    Ok(file) => found.transcripts.extend(file),
                    Err(error) => problems.push(Problem::io(&item.path, &error)),
                }
            }
            _ => {}
        }
    }
    if found.transcripts.is_empty() && found.store.is_none() && (found.store_backups.is_empty() || !sure) {
        return None;
    }
    let layout = place::agent_of(&canonical).or_else(|| place::agent_of(&found.dir));
    let (agent, state_dir) = match layout {
        Some((agent, state)) => (agent, Some(as_given(&found.dir, state))),
        None => loose(&found.dir, &canonical, found.store.as_deref()),
    };
    found.media_roots = media::roots(&found.dir, state_dir.as_deref(), areas, problems);
    (found.agent, found.state_dir) = (agent, state_dir);
    Some(found)
}

fn transcript_id(item: &Item) -> Option<String> {
    if let FileName::Transcript(name) = &item.name { Some(name.session_id.clone()) } else { None }
}

/// The file, or nothing if it is not known as a transcript and does not look like one.
fn transcript(path: PathBuf, file_name: String, name: TranscriptName, known: bool, is_symlink: bool) -> io::Result<Option<TranscriptFile>> {
    if !known && !sniff::is_transcript(&path)? {
        return Ok(None);
    }
    let metadata = fs::metadata(&path)?;
    let modified_ms = metadata.modified().ok().and_then(|at| match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok(),
        Err(before) => i64::try_from(before.duration().as_millis()).ok().map(|ms| ms.saturating_neg()),
    });
    let hard_links = platform::hard_links(&metadata);
    Ok(Some(TranscriptFile { path, file_name, name, len: metadata.len(), modified_ms, hard_links, is_symlink }))
}

/// The state directory as the user would write it, if the folder's own path leads to it.
fn as_given(dir: &Path, state: PathBuf) -> PathBuf {
    let given = place::agent_of(dir).map(|(_, given)| given).filter(|given| !given.as_os_str().is_empty());
    match given {
        Some(given) if fs::canonicalize(&given).is_ok_and(|same| same == state) => given,
        _ => state,
    }
}

/// Agent and state directory of a folder outside `agents/`: `<state>/sessions` of the oldest releases,
/// or a loose folder.
fn loose(dir: &Path, canonical: &Path, store: Option<&Path>) -> (String, Option<PathBuf>) {
    let name = canonical.file_name().map(|name| name.to_string_lossy().into_owned());
    let old_state = canonical.parent().filter(|state| name.as_deref() == Some("sessions") && place::is_marked(state, &[]));
    let from_store = store.and_then(|path| most_named_agent(&Store::read(path)));
    let default = if old_state.is_some() { None } else { name };
    let agent = from_store.or(default).unwrap_or_else(|| "main".to_owned());
    let state = old_state.map(|state| match dir.parent() {
        Some(given) if fs::canonicalize(given).is_ok_and(|same| same == state) => given.to_path_buf(),
        _ => state.to_path_buf(),
    });
    (agent, state)
}

fn most_named_agent(store: &Store) -> Option<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for agent in store.entries.iter().filter_map(|entry| entry.key.agent.as_deref()) {
        let count = counts.entry(agent).or_default();
        *count = count.saturating_add(1);
    }
    counts.into_iter().max_by(|a, b| (a.1, b.0).cmp(&(b.1, a.0))).map(|(agent, _)| agent.to_owned())
}
