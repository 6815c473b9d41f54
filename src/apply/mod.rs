//! A plan in, changed files out, and a journal from which all of it can be taken back.
//!
//! The order is what makes a crash harmless: locks, recheck, originals into the journal, new content beside the targets,
//! the record, renames, the record again. At any instant the folder is in the old state, or the journal knows how to get
//! to the old one or the new one.

pub mod journal;
pub mod lock;
mod media;
pub mod undo;
pub mod write;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use journal::{Journal, Operation, Print, Record, State};
use lock::{Kind, Lock, LockError};

/// A place at which a test can stop the process.
#[derive(Debug, Clone, Copy)]
pub struct Faults<'a> {
    /// The place, by name.
    pub at: Option<&'a str>,
    /// What stops it.
    pub stop: fn(),
}

impl Faults<'_> {
    /// No place at all.
    pub const NONE: Faults<'static> = Faults { at: None, stop: || () };

    /// Stops here when this is the place.
    pub fn point(&self, name: &str) {
        if self.at == Some(name) {
            (self.stop)();
        }
    }
}

/// Places that [`carry_out`] passes, in order. `rename` stands for the first of its kind, `rename-more` for the others.
pub const APPLY_POINTS: [&str; 9] = ["locked", "checked", "begun", "saved", "written", "prepared", "committing", "operation", "done"];
/// Places that an undo passes, in order.
pub const UNDO_POINTS: [&str; 4] = ["undo-locked", "undoing", "undo-operation", "undone"];

/// Why a run was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A lock is held.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file is not as it was when the plan was made.
    #[error("{path} changed after the plan was made; run the command again to plan anew")]
    Changed {
        /// Which.
        path: String,
    },
    /// A file that must not be touched.
    #[error("{path} is {what}; {next}")]
    Refused {
        /// Which.
        path: String,
        /// Why not.
        what: String,
        /// What to do about it.
        next: String,
    },
    /// The system said no.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, and the state that the folder is in now.
        what: String,
        /// Why.
        source: io::Error,
    },
}

/// New content of a file.
pub trait Content {
    /// Streams it.
    ///
    /// # Errors
    /// What opening its sources gives.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

/// A change that a plan wants.
pub enum Wanted<'a> {
    /// Put other content in a file's place.
    Replace {
        /// Which file.
        path: &'a Path,
        /// As it was when the plan was made.
        before: &'a Print,
        /// The new content.
        content: &'a dyn Content,
    },
    /// Move a file into the journal.
    Move {
        /// Which file.
        path: &'a Path,
        /// As it was when the plan was made.
        before: &'a Print,
    },
    /// Make a new file.
    Create {
        /// Which file.
        path: &'a Path,
        /// Its content.
        content: &'a dyn Content,
        /// The file whose mode it gets, and which lines appended to it go back to on undo.
        heir: &'a Path,
    },
    /// Put an image into the state directory's own `media/inbound`.
    Copy {
        /// Where to, below the state directory.
        path: &'a Path,
        /// The file to copy.
        from: &'a Path,
        /// That file, as it was when the plan was made.
        print: &'a Print,
    },
    /// Leave a file as it is, but hold its lock and see that it did not change.
    Keep {
        /// Which file.
        path: &'a Path,
        /// As it was when the plan was made.
        before: &'a Print,
    },
}

impl Wanted<'_> {
    fn path(&self) -> &Path {
        match self {
            Wanted::Replace { path, .. }
            | Wanted::Move { path, .. }
            | Wanted::Create { path, .. }
            | Wanted::Copy { path, .. }
            | Wanted::Keep { path, .. } => path,
        }
    }

    fn before(&self) -> Option<&Print> {
        match self {
            Wanted::Replace { before, .. } | Wanted::Move { before, .. } | Wanted::Keep { before, .. } => Some(before),
            Wanted::Create { .. } | Wanted::Copy { .. } => None,
        }
    }
}

/// Carries out a run: `record` says what it is, with no operations yet; `wanted` what to do, in this order.
///
/// # Errors
/// Before the first change: with nothing changed. After it: the record says how far it came, and `undo` goes on from there.
pub fn carry_out(
    journal: &Journal,
    mut record: Record,
    wanted: &[Wanted<'_>],
    now_ms: i64,
    faults: &Faults<'_>,
) -> Result<Record, ApplyError> {
    let _locks = locks(wanted.iter().map(Wanted::path), now_ms)?;
    faults.point("locked");
    for change in wanted {
        check(journal.sessions(), change)?;
    }
    faults.point("checked");
    let folder = journal.begin(&record.run).map_err(|source| io_error("cannot make the journal; nothing was changed", source))?;
    faults.point("begun");
    let prepared = prepare(journal, &folder, &mut record, wanted, faults);
    if let Err(error) = prepared {
        // Nothing was changed yet: leave no trace of the attempt.
        remove_temps(&record, journal.sessions());
        let _ = std::fs::remove_dir_all(&folder);
        return Err(error);
    }
    faults.point("prepared");
    let failed = |source| io_error("stopped in the middle; `clawfix undo` takes the run back", source);
    record.state = State::Committing;
    journal.write(&record).map_err(failed)?;
    faults.point("committing");
    for operation in &record.operations {
        commit(journal, &folder, &record.run, operation).map_err(failed)?;
        faults.point("operation");
    }
    record.state = State::Done;
    journal.write(&record).map_err(failed)?;
    faults.point("done");
    Ok(record)
}

fn io_error(what: &str, source: io::Error) -> ApplyError {
    ApplyError::Io { what: what.to_owned(), source }
}

/// Takes the locks of all files that have one: transcripts first, then the store.
pub(crate) fn locks<'a>(paths: impl Iterator<Item = &'a Path>, now_ms: i64) -> Result<Vec<Lock>, LockError> {
    let is_store = |path: &Path| path.file_name().is_some_and(|name| name == "sessions.json");
    let mut paths: Vec<(bool, &Path)> = paths.map(|path| (is_store(path), path)).collect();
    paths.sort();
    paths.dedup();
    let lockable = |path: &Path| is_store(path) || path.extension().is_some_and(|ext| ext == "jsonl");
    paths
        .into_iter()
        .filter(|(_, path)| lockable(path))
        .map(|(store, path)| lock::take(path, if store { Kind::Store } else { Kind::Transcript }, now_ms))
        .collect()
}

/// Refuses what must not be touched, and what is not as it was.
fn check(sessions: &Path, change: &Wanted<'_>) -> Result<(), ApplyError> {
    let path = change.path();
    let refuse =
        |what: &str, next: &str| ApplyError::Refused { path: path.display().to_string(), what: what.to_owned(), next: next.to_owned() };
    if let Wanted::Copy { .. } = change {
        media::check(sessions, path)?;
    } else if path.parent() != Some(sessions) {
        return Err(refuse("outside the sessions folder", "name the folder it lies in"));
    }
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound && change.before().is_none() => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ApplyError::Changed { path: path.display().to_string() }),
        Err(source) => return Err(io_error(&format!("cannot look at {}; nothing was changed", path.display()), source)),
    };
    let Some(before) = change.before() else { return Err(refuse("there already", "move it away, or choose another name")) };
    if !crate::platform::is_regular(&meta) {
        return Err(refuse(crate::platform::special_kind(&meta), "work on the file itself"));
    }
    if crate::platform::hard_links(&meta) > 1 {
        return Err(refuse("a file with several hard links", "make it a file of its own first: copy it and put the copy in its place"));
    }
    let now = Print::of(path).map_err(|source| io_error(&format!("cannot read {}; nothing was changed", path.display()), source))?;
    if !now.same_content(before) {
        return Err(ApplyError::Changed { path: path.display().to_string() });
    }
    Ok(())
}

/// Saves the originals, writes the new content beside the targets, and writes the record down.
fn prepare(journal: &Journal, folder: &Path, record: &mut Record, wanted: &[Wanted<'_>], faults: &Faults<'_>) -> Result<(), ApplyError> {
    let name = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    for (at, change) in wanted.iter().enumerate() {
        let path = change.path();
        let saved = PathBuf::from(format!("{at}-{}", name(path).display()));
        let context = |what: &str| format!("cannot {what} {}; nothing was changed", path.display());
        let temp = write::temp_beside(path, &record.run);
        let operation = match change {
            Wanted::Replace { before, content, .. } => {
                write::preserve(path, &folder.join(&saved)).map_err(|source| io_error(&context("save"), source))?;
                faults.point("saved");
                let after =
                    content.open().and_then(|source| write::write_temp(&temp, source, before.mode, std::fs::metadata(path).ok().as_ref()));
                let after = after.map_err(|source| io_error(&context("write the new"), source))?;
                Operation::Replace { path: name(path), saved, before: (*before).clone(), after }
            }
            Wanted::Move { before, .. } => Operation::Move { path: name(path), saved, before: (*before).clone() },
            Wanted::Create { content, heir, .. } => {
                let like = std::fs::metadata(heir).ok();
                let mode = like.as_ref().and_then(crate::platform::mode);
                let after = content.open().and_then(|source| write::write_temp(&temp, source, mode, like.as_ref()));
                let after = after.map_err(|source| io_error(&context("write"), source))?;
                Operation::Create { path: name(path), after, heir: name(heir) }
            }
            Wanted::Copy { from, print, .. } => media::copy(journal.sessions(), path, from, print, &record.run)?,
            Wanted::Keep { .. } => continue,
        };
        record.operations.push(operation);
        faults.point("written");
    }
    record.state = State::Prepared;
    journal.write(record).map_err(|source| io_error("cannot write the journal; nothing was changed", source))
}

/// Takes away what a run wrote beside its targets and never renamed.
pub(crate) fn remove_temps(record: &Record, sessions: &Path) {
    for operation in &record.operations {
        let _ = std::fs::remove_file(write::temp_beside(&sessions.join(operation.path()), &record.run));
        if let Operation::Copy { made, .. } = operation {
            media::remove_folders(sessions, made);
        }
    }
}

fn commit(journal: &Journal, folder: &Path, run: &str, operation: &Operation) -> io::Result<()> {
    let path = journal.sessions().join(operation.path());
    match operation {
        Operation::Replace { .. } | Operation::Create { .. } | Operation::Copy { .. } => {
            write::rename(&write::temp_beside(&path, run), &path)
        }
        Operation::Move { saved, .. } => write::rename(&path, &folder.join(saved)),
    }
}
