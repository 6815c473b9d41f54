//! The journal: every run with what it changed and every original, in `<sessions>/.clawfix/runs/<run>/`. Nothing in it
//! is ever purged unasked.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};

use super::lock;
use super::store::StoreValue;
use super::trust;
use crate::platform;

/// Folder of the journal, beside the transcripts.
pub const FOLDER: &str = ".clawfix";
const RUNS: &str = "runs";
const RECORD: &str = "run.json";

/// A file's content and mode, to tell whether it is still the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    /// Length in bytes.
    pub len: u64,
    /// BLAKE3 of the content, in hex.
    pub hash: String,
    /// Permission bits, where the system has them.
    pub mode: Option<u32>,
}

impl Print {
    /// Reads a whole file.
    ///
    /// # Errors
    /// What reading gives.
    pub fn of(path: &Path) -> io::Result<Print> {
        let (file, meta) = platform::open_regular(path)?;
        let (len, hash) = hash(file)?;
        Ok(Print { len, hash, mode: platform::mode(&meta) })
    }

    /// Whether the content is the same; the mode may differ.
    pub fn same_content(&self, other: &Print) -> bool {
        self.len == other.len && self.hash == other.hash
    }
}

/// Length and BLAKE3 of all that a source gives.
///
/// # Errors
/// What reading gives.
pub fn hash(source: impl Read) -> io::Result<(u64, String)> {
    let mut source = Hashed::new(source);
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(source.finish()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A source that is hashed while somebody reads it, by a thread of its own.
#[derive(Debug)]
pub struct Hashed<R> {
    source: R,
    blocks: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<blake3::Hasher>>,
    len: u64,
}

impl<R: Read> Hashed<R> {
    /// Before the first byte.
    pub fn new(source: R) -> Self {
        let (blocks, to_hash) = std::sync::mpsc::sync_channel::<Vec<u8>>(4);
        let work = move || {
            let mut hasher = blake3::Hasher::new();
            for block in to_hash {
                hasher.update(&block);
            }
            hasher
        };
        Self { source, blocks: Some(blocks), thread: Some(std::thread::spawn(work)), len: 0 }
    }

    /// Length and BLAKE3 of what was read.
    pub fn finish(mut self) -> (u64, String) {
        drop(self.blocks.take());
        let hasher = self.thread.take().and_then(|thread| thread.join().ok());
        // A thread that is lost leaves no hash, which no file has.
        (self.len, hasher.map(|hasher| hasher.finalize().to_hex().to_string()).unwrap_or_default())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.source.read(buffer)?;
        let block = buffer.get(..got).unwrap_or_default().to_vec();
        let sent = self.blocks.as_ref().is_some_and(|blocks| blocks.send(block).is_ok());
        self.len += got as u64;
        if sent { Ok(got) } else { Err(io::Error::other("the hashing thread is gone")) }
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Originals are safe, nothing has changed yet.
    Prepared,
    /// Files are being changed.
    Committing,
    /// All changes are made.
    Done,
    /// Files are being put back.
    Undoing,
    /// All is as it was.
    Undone,
    /// The record cannot be read or is not to be trusted; no record is written so.
    #[serde(skip)]
    Broken,
}

/// How far a run came that stopped; the state is none when it had no record yet.
pub fn stopped(state: Option<State>) -> &'static str {
    match state {
        None | Some(State::Prepared) => "stopped before it changed anything",
        Some(State::Committing) => "stopped in the middle",
        Some(State::Undoing) => "stopped while it was taken back",
        Some(State::Done | State::Undone) => "is done",
        Some(State::Broken) => "has a record that is not to be trusted",
    }
}

/// One change of a run. Paths are relative to the sessions folder, saved ones to the run's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Operation {
    /// A file got other content.
    Replace {
        /// Which.
        path: PathBuf,
        /// Copy of the original.
        saved: PathBuf,
        /// The original.
        before: Print,
        /// The new content.
        after: Print,
        /// The file that lines appended since go back to, when it is not this one: the one they hang on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heir: Option<PathBuf>,
        /// Ids that entries have in the new content and had in the heir, for the links of appended lines.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        renames: Vec<(String, String)>,
        /// Bytes of appended lines that an undo has put into the heir.
        #[serde(default)]
        carried: u64,
        /// What an undo puts in its place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restored: Option<Print>,
    },
    /// Single values of the store got other ones.
    Store {
        /// The store.
        path: PathBuf,
        /// Copy of the original.
        saved: PathBuf,
        /// The original.
        before: Print,
        /// The new content.
        after: Print,
        /// Value by value; these alone are put back when the gateway wrote to the store since.
        values: Vec<StoreValue>,
    },
    /// A file moved into the journal.
    Move {
        /// Where it was.
        path: PathBuf,
        /// Where it is.
        saved: PathBuf,
        /// What it is.
        before: Print,
        /// What an undo puts in its place, when that is more than what it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restored: Option<Print>,
    },
    /// A new file.
    Create {
        /// Which.
        path: PathBuf,
        /// Its content.
        after: Print,
        /// The file that lines appended to it since go back to when it is taken away.
        heir: PathBuf,
        /// Ids that entries have in it and had in the heir, for the links of appended lines.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        renames: Vec<(String, String)>,
        /// Bytes of appended lines that an undo has put into the heir.
        #[serde(default)]
        carried: u64,
    },
    /// An image copied into the state directory's own media folder.
    Copy {
        /// Which; leads up from the sessions folder.
        path: PathBuf,
        /// Its content.
        after: Print,
        /// Folders that were made for it, outermost first.
        made: Vec<PathBuf>,
    },
    /// A file got another time of change.
    Touch {
        /// Which.
        path: PathBuf,
        /// The time it had, UTC ms.
        before_ms: i64,
        /// The time it got, UTC ms.
        after_ms: i64,
    },
}

impl Operation {
    /// The file that changes.
    pub fn path(&self) -> &Path {
        match self {
            Operation::Replace { path, .. }
            | Operation::Store { path, .. }
            | Operation::Move { path, .. }
            | Operation::Create { path, .. }
            | Operation::Copy { path, .. }
            | Operation::Touch { path, .. } => path,
        }
    }
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this form.
    pub version: u32,
    /// Name of the run.
    pub run: String,
    /// Command: `merge`, `relink` or `repair`.
    pub command: String,
    /// When, UTC ms.
    pub at_ms: i64,
    /// Where it stands.
    pub state: State,
    /// The conversation by the id it had.
    pub conversation: String,
    /// Session ids that took part, oldest first.
    pub sessions: Vec<String>,
    /// File that the conversation is in now, relative to the sessions folder.
    pub target: PathBuf,
    /// What it did, in one line for people.
    pub summary: String,
    /// The changes, in the order they are made.
    pub operations: Vec<Operation>,
}

/// The journal of one sessions folder.
#[derive(Debug, Clone)]
pub struct Journal {
    sessions: PathBuf,
}

impl Journal {
    /// The journal of a sessions folder, which need not exist yet.
    pub fn of(sessions: &Path) -> Self {
        Self { sessions: sessions.to_owned() }
    }

    /// The sessions folder.
    pub fn sessions(&self) -> &Path {
        &self.sessions
    }

    /// Folder of a run.
    pub fn folder(&self, run: &str) -> PathBuf {
        self.sessions.join(FOLDER).join(RUNS).join(run)
    }

    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// What making folders gives; one that is there already belongs to another run. A journal behind a link is refused.
    pub fn begin(&self, run: &str) -> io::Result<PathBuf> {
        trust::real_journal(&self.sessions)?;
        let folder = self.folder(run);
        if let Some(runs) = folder.parent() {
            fs::create_dir_all(runs)?;
        }
        fs::create_dir(&folder)?;
        platform::sync_folder(&self.sessions)?;
        platform::sync_folder(&self.sessions.join(FOLDER).join(RUNS))?;
        Ok(folder)
    }

    /// Takes the folder of a run away that changed nothing, and the journal with it when nothing else is in it.
    pub fn forget(&self, run: &str) {
        let folder = self.folder(run);
        let _ = fs::remove_dir_all(&folder);
        for parent in folder.ancestors().skip(1).take(2) {
            let _ = fs::remove_dir(parent);
        }
    }

    /// What a run holds its own lock on while a process works on it.
    pub(crate) fn handle(&self, run: &str) -> PathBuf {
        self.folder(run).join("run")
    }

    /// Whether a run has a record, readable or not. One without has changed nothing yet.
    pub fn has_record(&self, run: &str) -> bool {
        fs::symlink_metadata(self.folder(run).join(RECORD)).is_ok()
    }

    /// Runs that stopped on the way and that no process works on, with the state they are in; none for those that
    /// changed nothing.
    ///
    /// # Errors
    /// What listing the folder gives.
    pub fn unfinished(&self) -> io::Result<Vec<(String, Option<State>)>> {
        let (records, broken) = self.runs()?;
        let stopped = records.into_iter().filter(|record| !matches!(record.state, State::Done | State::Undone));
        let all = stopped.map(|record| (record.run, Some(record.state))).chain(broken.into_iter().map(|run| {
            let state = self.distrust(&run).map(|_| State::Broken);
            (run, state)
        }));
        let now_ms = chrono::Utc::now().timestamp_millis();
        Ok(all.filter(|(run, _)| !lock::is_held(&self.handle(run), lock::Kind::Transcript, now_ms)).collect())
    }

    /// Writes a record, so that a crash leaves the old or the new one.
    ///
    /// # Errors
    /// What writing gives.
    pub fn write(&self, record: &Record) -> io::Result<()> {
        let folder = self.folder(&record.run);
        let temp = folder.join("run.json.tmp");
        // A link of that name must not be followed.
        if let Err(error) = fs::remove_file(&temp)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = File::create_new(&temp)?;
        serde_json::to_writer_pretty(&mut file, record)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&temp, folder.join(RECORD))?;
        platform::sync_folder(&folder)
    }

    /// The record of a run; none when it has none.
    ///
    /// # Errors
    /// Why the record is not to be trusted, or what reading it gives.
    pub fn record(&self, run: &str) -> io::Result<Option<Record>> {
        let folder = self.folder(run);
        trust::real_journal(&self.sessions)?;
        trust::real_folder(&folder)?;
        if !self.has_record(run) {
            return Ok(None);
        }
        let (mut file, _) = platform::open_regular(&folder.join(RECORD))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let record = serde_json::from_slice::<Record>(&bytes).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            io::Error::other(format!("not readable as the record of a run ({place}); use the version of clawfix that wrote it"))
        })?;
        match trust::distrust(&record, &folder) {
            None => Ok(Some(record)),
            Some(why) => Err(io::Error::other(format!("its record is not to be trusted: {why}"))),
        }
    }

    /// Why the record or the folder of a run is not to be trusted; none when it is, or when there is no record.
    pub fn distrust(&self, run: &str) -> Option<String> {
        self.record(run).err().map(|error| error.to_string())
    }

    /// All runs, the oldest first. In the second list are the names of those without a record, which died before they
    /// touched anything, and of those whose record is not to be trusted; [`Journal::distrust`] tells them apart.
    ///
    /// # Errors
    /// What listing the folder gives, but for its absence; a journal behind a link is refused.
    pub fn runs(&self) -> io::Result<(Vec<Record>, Vec<String>)> {
        let (mut records, mut broken) = (Vec::new(), Vec::new());
        trust::real_journal(&self.sessions)?;
        let entries = match fs::read_dir(self.sessions.join(FOLDER).join(RUNS)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((records, broken)),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                continue;
            }
            let run = entry.file_name().to_string_lossy().into_owned();
            match self.record(&run) {
                Ok(Some(record)) => records.push(record),
                Ok(None) | Err(_) => broken.push(run),
            }
        }
        records.sort_by(|a, b| (a.at_ms, &a.run).cmp(&(b.at_ms, &b.run)));
        broken.sort();
        Ok((records, broken))
    }
}
