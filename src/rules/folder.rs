//! What the rules about a sessions folder ask of it: which files lie there by name and by session id, and what is not to
//! be judged because only a part of it was named.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::discover::RootKind;
use crate::foreign;
use crate::name::{FileName, FileState, TranscriptName, classify};
use crate::scan::{Agent, Scan};
use crate::store::{StoreEntry, StoreHealth};

/// A day, in ms.
pub(super) const DAY_MS: i64 = 86_400_000;

/// A file of the folder.
#[derive(Debug)]
pub(super) struct Listed {
    pub path: PathBuf,
    pub name: String,
    pub role: FileName,
}

impl Listed {
    /// What its name says, if it is a transcript or an archive of one.
    pub fn transcript(&self) -> Option<&TranscriptName> {
        if let FileName::Transcript(name) = &self.role { Some(name) } else { None }
    }

    /// Length in bytes and time of the last change, UTC ms.
    pub fn stat(&self) -> (u64, Option<i64>) {
        let Ok(meta) = std::fs::metadata(&self.path) else { return (0, None) };
        let at = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        (meta.len(), at.and_then(|at| i64::try_from(at.as_millis()).ok()))
    }

    /// When an archive was made: as its name says, else its time of change.
    pub fn made_ms(&self) -> Option<i64> {
        let stamp = match &self.role {
            FileName::Transcript(name) => name.stamp_ms,
            FileName::StoreBackup { stamp_ms } => *stamp_ms,
            _ => None,
        };
        stamp.or_else(|| self.stat().1)
    }
}

/// The files of a sessions folder, by name.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub files: Vec<Listed>,
    names: HashMap<String, usize>,
    ids: HashMap<String, Vec<usize>>,
    /// The primary transcript of each session: the plain one before those of topics and forks.
    live: HashMap<String, usize>,
}

impl Folder {
    /// Looks into the folder. What cannot be read is empty; discovery has reported it.
    pub fn of(agent: &Agent) -> Self {
        let mut folder = Folder::default();
        let entries = std::fs::read_dir(&agent.dir.dir).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir())) {
            let name = entry.file_name().to_string_lossy().into_owned();
            folder.files.push(Listed { path: agent.dir.dir.join(entry.file_name()), role: classify(&name), name });
        }
        folder.files.sort_by(|a, b| a.name.cmp(&b.name));
        for (at, file) in folder.files.iter().enumerate() {
            folder.names.insert(file.name.to_lowercase(), at);
            if let Some(name) = file.transcript() {
                let id = name.session_id.to_lowercase();
                let plain = name.topic.is_none() && name.forked_at_ms.is_none();
                if name.state == FileState::Live && (plain || !folder.live.contains_key(&id)) {
                    folder.live.insert(id.clone(), at);
                }
                folder.ids.entry(id).or_default().push(at);
            }
        }
        folder
    }

    /// The file of that name; case does not count.
    pub fn named(&self, name: &str) -> Option<&Listed> {
        self.names.get(&name.to_lowercase()).and_then(|&at| self.files.get(at))
    }

    /// Transcripts and archives of a session.
    pub fn of_session(&self, id: &str) -> impl Iterator<Item = &Listed> {
        self.ids.get(&id.to_lowercase()).into_iter().flatten().filter_map(|&at| self.files.get(at))
    }

    /// The primary transcript of a session.
    pub fn live(&self, id: &str) -> Option<&Listed> {
        self.live.get(&id.to_lowercase()).and_then(|&at| self.files.get(at))
    }

    /// The file that an entry's `sessionFile` names, if one of that name lies here.
    pub fn by_file(&self, entry: &StoreEntry) -> Option<&Listed> {
        let name = foreign::basename(entry.session_file.as_deref()?);
        self.named(name).filter(|file| file.transcript().is_some())
    }

    /// The file that an entry's `sessionId` names, if it lies here.
    pub fn by_id(&self, entry: &StoreEntry) -> Option<&Listed> {
        self.live(entry.session_id.as_deref()?)
    }

    /// The files that the store leads to, by either of the two, by name.
    pub fn led_to(&self, agent: &Agent) -> HashSet<&str> {
        let entries = agent.store.iter().flat_map(|store| &store.entries);
        entries.flat_map(|entry| [self.by_id(entry), self.by_file(entry)]).flatten().map(|file| file.name.as_str()).collect()
    }

    /// The transcript that an entry leads to, by either of the two.
    pub fn transcript_of(&self, entry: &StoreEntry) -> Option<&Listed> {
        self.by_id(entry).or_else(|| self.by_file(entry))
    }
}

/// Whether the folder as a whole was named, so that what is not seen of it is not there; and is no archive of the importer.
pub(super) fn is_whole(scan: &Scan, agent: &Agent) -> bool {
    let single = scan.roots.get(agent.dir.root).is_some_and(|root| root.kind == RootKind::Transcript);
    let name = super::file_name(&agent.dir.dir);
    !single && !name.contains("import-archive")
}

/// Whether the agent lives in a database already, so that the files are leftovers of its upgrade.
pub(super) fn is_in_database(agent: &Agent) -> bool {
    agent.dir.dir.parent().is_some_and(|dir| dir.join("agent/openclaw-agent.sqlite").is_file())
}

/// Whether single values of the store can be replaced.
pub(super) fn is_editable(agent: &Agent) -> bool {
    agent.store.as_ref().is_some_and(|store| store.health == StoreHealth::Good)
}

/// Whether whole entries can be put into the store; an empty object takes them, too.
pub(super) fn takes_entries(agent: &Agent) -> bool {
    /// An empty object is short, whatever blanks are in it.
    const MAX_BYTES: u64 = 64 << 10;
    let is_object = |path: &Path| {
        std::fs::read(path).is_ok_and(|bytes| crate::tree::parse(&bytes).is_some_and(|tree| tree.root().insertion().is_some()))
    };
    is_editable(agent)
        || agent.store.as_ref().is_some_and(|store| store.health == StoreHealth::Empty && store.len <= MAX_BYTES && is_object(&store.path))
}

/// Whether it is an agent's sessions folder, by its place, that has no store.
pub(super) fn lacks_store(agent: &Agent) -> bool {
    let missing = agent.store.as_ref().is_none_or(|store| store.health == StoreHealth::Missing);
    missing && agent.dir.state_dir.is_some() && super::file_name(&agent.dir.dir) == "sessions"
}

/// The path of a file of the folder as the gateway on this machine writes it.
pub(super) fn absolute(agent: &Agent, name: &str) -> String {
    let path = agent.dir.dir.join(name);
    std::path::absolute(&path).unwrap_or(path).display().to_string()
}

/// What stands in front of the last name of a path, separator and all.
pub(super) fn before_name(path: &str) -> &str {
    path.get(..path.len().saturating_sub(foreign::basename(path).len())).unwrap_or_default()
}

/// The file that a store entry names on this machine, if it is there.
pub(super) fn on_this_machine(path: &str) -> Option<&Path> {
    Some(Path::new(path)).filter(|path| path.is_absolute() && path.is_file())
}

/// The present, UTC ms.
pub(super) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KB", bytes / 1_024),
        1_048_576..1_073_741_824 => format!("{}.{} MB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
        _ => format!("{}.{} GB", bytes / 1_073_741_824, bytes % 1_073_741_824 * 10 / 1_073_741_824),
    }
}

/// A count with its noun.
pub(super) fn many(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The first few of a list, and how many more there are.
pub(super) fn some(names: &[&str]) -> String {
    /// Names that are shown.
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
