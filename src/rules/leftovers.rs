//! Copies of the store that lie beside it: `sessions.json.bak*` and `.tmp` files in, those that still lead to transcripts out.

use std::cmp::Reverse;
use std::path::PathBuf;

use super::folder::{Folder, now_ms};
use crate::name::FileName;
use crate::scan::Agent;
use crate::store::{Store, StoreHealth};

/// A temporary file younger than this may belong to a write that goes on; the gateway itself waits as long.
const WRITING_MS: i64 = 5 * 60_000;
/// Copies that are read, the newest first; the gateway keeps three.
const READ: usize = 16;
/// Longer copies are not read.
const MAX_BYTES: u64 = 64 << 20;

/// A copy of the store.
#[derive(Debug)]
pub(super) struct Leftover {
    pub path: PathBuf,
    pub name: String,
    pub store: Store,
    /// Keys whose transcripts lie in the folder.
    pub live: usize,
    /// When it was made, UTC ms.
    pub made_ms: Option<i64>,
}

/// The copies that parse and lead to at least one transcript that is there; the one that leads to most comes first, of
/// equals the newest.
pub(super) fn leftovers(agent: &Agent, folder: &Folder) -> Vec<Leftover> {
    let mut found: Vec<_> = folder
        .files
        .iter()
        .filter(|file| match file.role {
            FileName::StoreBackup { .. } => true,
            FileName::StoreTemp => file.stat().1.is_some_and(|at| now_ms().saturating_sub(at) > WRITING_MS),
            _ => false,
        })
        .map(|file| (file, file.made_ms()))
        .collect();
    found.sort_by_key(|(file, made)| (Reverse(*made), &file.name));
    let own = agent.store.as_ref().map(|store| store.path.as_path());
    let mut leftovers: Vec<Leftover> = found
        .into_iter()
        .filter(|(file, _)| own != Some(file.path.as_path()) && file.stat().0 <= MAX_BYTES)
        .take(READ)
        .filter_map(|(file, made_ms)| {
            let store = Store::read(&file.path);
            let live = store.entries.iter().filter(|entry| folder.transcript_of(entry).is_some()).count();
            let useful = store.health == StoreHealth::Good && live > 0;
            useful.then(|| Leftover { path: file.path.clone(), name: file.name.clone(), store, live, made_ms })
        })
        .collect();
    leftovers.sort_by_key(|leftover| (Reverse(leftover.live), Reverse(leftover.made_ms)));
    leftovers
}
