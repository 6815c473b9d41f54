//! The session store (`sessions.json`): a path enters, its entries and its health leave.
//!
//! Reading never fails: what is wrong with the file is said by [`StoreHealth`], and what can be saved
//! is saved. A field of the wrong type is lost alone, an entry that is no object is skipped, and of a
//! torn store the entries in front of the tear are kept. OpenClaw itself reads a torn store as empty,
//! which is how conversations get lost; see FORMAT.md.

mod entry;
mod lax;
mod loose;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::foreign;
use crate::key::Key;
use crate::name::{FileName, FileState, classify};
use crate::platform;

pub(crate) use loose::value as loose_value;

/// The longest store that is read, in bytes (256 MiB).
pub const MAX_STORE_BYTES: u64 = 256 * 1024 * 1024;

/// Keys that are read of one store; real ones have hundreds.
pub const MAX_KEYS: usize = 100_000;

/// How a store could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreHealth {
    /// Plain JSON.
    Good,
    /// It parses only as JSON5, which the first releases accepted and later ones do not.
    Json5,
    /// Zero bytes, blank, or an object without keys: OpenClaw sees no sessions.
    Empty,
    /// It does not parse; the entries in front of the tear are kept.
    Torn {
        /// Where parsing stopped, in bytes from the start.
        offset: u64,
        /// What the parser says.
        reason: String,
    },
    /// It parses, but is no object.
    NotAnObject,
    /// Longer than [`MAX_STORE_BYTES`]; not read.
    TooLarge {
        /// Its length in bytes.
        len: u64,
    },
    /// It has more than [`MAX_KEYS`] keys; the first ones were read.
    TooMany {
        /// How many it has, as far as it parses.
        keys: usize,
    },
    /// There is no such file.
    Missing,
    /// The system refused.
    Unreadable {
        /// What the system says.
        reason: String,
    },
}

/// One entry of the store. Times are UTC in ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreEntry {
    /// The session key.
    pub key: Key,
    /// `sessionId`: the session that the key points at now.
    pub session_id: Option<String>,
    /// `sessionFile`, as written: absolute, relative, or of another system.
    pub session_file: Option<String>,
    /// `updatedAt`. Heartbeats restore older values, so it may lag behind the transcript.
    pub updated_at_ms: Option<i64>,
    /// `sessionStartedAt`.
    pub session_started_at_ms: Option<i64>,
    /// `lastInteractionAt`.
    pub last_interaction_at_ms: Option<i64>,
    /// `chatType`, or that of `origin`.
    pub chat_type: Option<String>,
    /// `channel`, or `lastChannel`, or that of `deliveryContext`; in lower case.
    pub channel: Option<String>,
    /// The chat ids of `groupId`, `origin.from` and `.to`, `deliveryContext.to` and `lastTo`, without
    /// channel words, each once.
    pub peers: Vec<String>,
    /// `usageFamilySessionIds`: the ids that one conversation went through, oldest first.
    pub family_session_ids: Vec<String>,
    /// `contextTokens`: the size of the model's window.
    pub context_tokens: Option<u64>,
    /// `totalTokens`.
    pub total_tokens: Option<u64>,
    /// `compactionCount`.
    pub compaction_count: Option<u64>,
    /// `systemSent`: the model was given its system prompt, so a turn was run.
    pub system_sent: bool,
    /// `heartbeatIsolatedBaseSessionKey`.
    pub heartbeat_base_key: Option<String>,
}

impl StoreEntry {
    /// Whether the entry points at the transcript with this id and this file name.
    #[must_use]
    pub fn points_at(&self, session_id: &str, file_name: &str) -> bool {
        let file = self.session_file.as_deref().map(foreign::basename).filter(|name| !name.is_empty());
        let (id, file) = match (self.session_id.as_deref(), file) {
            (Some(id), None) => return id.eq_ignore_ascii_case(session_id),
            (None, file) => return file.is_some_and(|file| file.eq_ignore_ascii_case(file_name)),
            (Some(id), Some(file)) => (id, file),
        };
        let names_file = file.eq_ignore_ascii_case(file_name);
        let file_id = match classify(file) {
            FileName::Transcript(name) => name.session_id,
            _ => String::new(),
        };
        if file_id.eq_ignore_ascii_case(id) {
            // Both agree on the id: the name then tells a topic or a fork from the plain file. An
            // archive never stands in the store, so for it the id alone decides.
            let live = matches!(classify(file_name), FileName::Transcript(name) if name.state == FileState::Live);
            return names_file || (!live && id.eq_ignore_ascii_case(session_id));
        }
        // They disagree: the id wins, unless the file has a name of its own that is no id at all.
        id.eq_ignore_ascii_case(session_id) || (names_file && !crate::name::is_uuid(&file_id))
    }
}

/// A store, read.
#[derive(Debug, Clone)]
pub struct Store {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub len: u64,
    /// How it could be read.
    pub health: StoreHealth,
    /// Its entries, in the order of the file.
    pub entries: Vec<StoreEntry>,
    index: Index,
}

/// Where to look among the entries, so that thousands of transcripts do not each look through all of them.
#[derive(Debug, Clone, Default)]
struct Index {
    /// Entries by `sessionId` and by the last name of `sessionFile`, in lower case.
    pointers: HashMap<String, Vec<usize>>,
    /// The first entry that lists an id as one of a family.
    families: HashMap<String, usize>,
}

impl Index {
    fn new(entries: &[StoreEntry]) -> Self {
        let mut index = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            let file = entry.session_file.as_deref().map(foreign::basename);
            for pointer in [entry.session_id.as_deref(), file].into_iter().flatten() {
                index.pointers.entry(pointer.to_ascii_lowercase()).or_default().push(at);
            }
            for id in &entry.family_session_ids {
                index.families.entry(id.clone()).or_insert(at);
            }
        }
        index
    }
}

impl Store {
    /// Reads a store. Never fails; [`Store::health`] says what came of it.
    #[must_use]
    pub fn read(path: &Path) -> Store {
        let bad = |len, health| Store { path: path.to_path_buf(), len, health, entries: Vec::new(), index: Index::default() };
        let refused = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreHealth::Missing,
            _ => StoreHealth::Unreadable { reason: error.to_string() },
        };
        let (file, metadata) = match platform::open_regular(path) {
            Ok(opened) => opened,
            Err(error) => return bad(0, refused(error)),
        };
        if metadata.len() > MAX_STORE_BYTES {
            return bad(metadata.len(), StoreHealth::TooLarge { len: metadata.len() });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        match file.take(MAX_STORE_BYTES.saturating_add(1)).read_to_end(&mut bytes) {
            Err(error) => bad(metadata.len(), refused(error)),
            Ok(len) if len as u64 > MAX_STORE_BYTES => bad(len as u64, StoreHealth::TooLarge { len: len as u64 }),
            Ok(_) => Store::from_bytes(path, &bytes),
        }
    }

    /// A store from its bytes; `path` is only noted.
    #[must_use]
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Store {
        let (health, entries) = parse(bytes);
        let entries = last_of_each_key(entries);
        let index = Index::new(&entries);
        Store { path: path.to_path_buf(), len: bytes.len() as u64, health, entries, index }
    }

    /// The entries that point at a transcript: those whose `sessionId` is this id, or whose
    /// `sessionFile` has this file name. Where both disagree the id wins (FORMAT.md).
    #[must_use]
    pub fn keys_of(&self, session_id: &str, file_name: &str) -> Vec<&StoreEntry> {
        let named = [session_id, file_name].map(str::to_ascii_lowercase);
        let mut places: Vec<usize> = named.iter().filter_map(|name| self.index.pointers.get(name)).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let entries = places.into_iter().filter_map(|at| self.entries.get(at));
        entries.filter(|entry| entry.points_at(session_id, file_name)).collect()
    }

    /// The first entry that lists the id in `usageFamilySessionIds`.
    #[must_use]
    pub fn family_of(&self, session_id: &str) -> Option<&StoreEntry> {
        self.index.families.get(session_id).and_then(|at| self.entries.get(*at))
    }
}

fn parse(bytes: &[u8]) -> (StoreHealth, Vec<StoreEntry>) {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return (StoreHealth::Empty, Vec::new());
    }
    let strict = loose::json(bytes, entry::Entries::default);
    let health = |good: StoreHealth, entries: &entry::Entries| match (entries.is_object, entries.keys) {
        (_, keys) if keys > MAX_KEYS => StoreHealth::TooMany { keys },
        (false, _) => StoreHealth::NotAnObject,
        (true, 0) => StoreHealth::Empty,
        (true, _) => good,
    };
    let torn = match strict {
        (entries, None) => return (health(StoreHealth::Good, &entries), entries.list),
        (entries, Some(tear)) => (entries, tear),
    };
    if let Some(entries) = loose::json5(bytes, entry::Entries::default) {
        return (health(StoreHealth::Json5, &entries), entries.list);
    }
    let (entries, tear) = torn;
    let reason = if bytes.iter().all(|b| *b == 0) { "the file is filled with NUL bytes".to_owned() } else { tear.reason };
    (StoreHealth::Torn { offset: tear.offset, reason }, entries.list)
}

/// A key that stands twice counts as it does in JavaScript: the first place, the last value.
fn last_of_each_key(entries: Vec<StoreEntry>) -> Vec<StoreEntry> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<StoreEntry> = Vec::with_capacity(entries.len());
    for entry in entries {
        match places.get(&entry.key.raw).and_then(|at| kept.get_mut(*at)) {
            Some(earlier) => *earlier = entry,
            None => {
                places.insert(entry.key.raw.clone(), kept.len());
                kept.push(entry);
            }
        }
    }
    kept
}
