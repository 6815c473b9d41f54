//! A plan in, changed files out, and a journal from which all of it can be taken back.
//!
//! The order is what makes a crash harmless: locks, recheck, originals into the journal, new content beside the targets,
//! the record, renames, the record again. At any instant the folder is in the old state, or the journal knows how to get
//! to the old one or the new one.

mod carry;
pub mod journal;
pub mod lock;
mod media;
pub mod source;
pub mod store;
mod touch;
pub mod trust;
pub mod undo;
pub mod wanted;
pub mod write;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use journal::{Journal, Operation, Print, Record, State};
use lock::{Kind, Lock, LockError};
pub use wanted::{Content, Wanted};

/// A place at which a test can stop the process.
#[derive(Debug, Clone, Copy)]
pub struct Faults<'a> {
    /// The place, by name; `name:2` for the second time that it is passed.
    pub at: Option<&'a str>,
    /// How often the place was passed; without it, the first time counts.
    pub passed: Option<&'a AtomicU32>,
    /// What stops it.
    pub stop: fn(),
}

impl Faults<'_> {
    /// No place at all.
    pub const NONE: Faults<'static> = Faults { at: None, passed: None, stop: || () };

    /// Stops here when this is the place.
    pub fn point(&self, name: &str) {
        let Some(at) = self.at else { return };
        let (wanted, time) = at.split_once(':').map_or((at, 1), |(wanted, time)| (wanted, time.parse().unwrap_or(1)));
        if wanted == name && self.passed.map_or(1, |passed| passed.fetch_add(1, Ordering::Relaxed) + 1) == time {
            (self.stop)();
        }
    }
}

/// Places that [`carry_out`] passes, in order. `saved`, `written` and `operation` are passed once for each file.
pub const APPLY_POINTS: [&str; 10] =
    ["begun", "locked", "checked", "saved", "written", "store-locked", "prepared", "committing", "operation", "done"];
/// Places that an undo passes, in order; `undo-operation` once for each file.
pub const UNDO_POINTS: [&str; 6] = ["undo-begun", "undo-locked", "undoing", "undo-prepared", "undo-operation", "undone"];

/// Bytes that must be left over on the disk, for the record, the locks and the gateway's own next turn.
const SPARE: u64 = 256 << 10;
/// For how long the store's lock is waited for: the gateway holds it for moments, at every turn.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

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
    #[error("{what}")]
    Io {
        /// What was tried, and the state that the folder is in now.
        what: String,
        /// Why.
        source: io::Error,
    },
}

/// Carries out a run: `record` says what it is, with no operations yet; `wanted` what to do, in this order.
///
/// The store's lock is taken last and held for moments only: the gateway takes it for abandoned after 30 seconds, and
/// every turn waits for it.
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
    let unfinished = journal.unfinished().map_err(|source| io_error("cannot use the journal; nothing was changed", source))?;
    if let Some((run, _)) = unfinished.into_iter().next() {
        let path = journal.sessions().display().to_string();
        let next = format!("run `clawfix undo {path}` first, which takes it back");
        return Err(ApplyError::Refused { path, what: format!("in the middle of run {run}, which stopped before it was done"), next });
    }
    refuse_twice(wanted)?;
    undo::sweep(journal);
    // A plan that is applied again after it was taken back has a run of its own.
    let first = record.run.clone();
    for time in 2.. {
        if !journal.folder(&record.run).exists() {
            break;
        }
        record.run = format!("{first}-{time}");
    }
    let folder = journal.begin(&record.run).map_err(|source| {
        io_error(
            "cannot make the journal; nothing was changed; make the folder writable, or stitch into another one with --out FILE",
            source,
        )
    })?;
    let prepared = prepare(journal, &folder, &mut record, wanted, now_ms, faults);
    let _locks = match prepared {
        Ok(locks) => locks,
        Err(error) => {
            // Nothing was changed yet: leave no trace of the attempt.
            remove_temps(&record, journal.sessions());
            media::clear(journal.sessions(), &folder);
            journal.forget(&record.run);
            return Err(error);
        }
    };
    faults.point("prepared");
    let failed = |source| io_error("stopped in the middle; `clawfix undo` takes the run back", source);
    record.state = State::Committing;
    journal.write(&record).map_err(failed)?;
    faults.point("committing");
    for operation in &record.operations {
        commit(journal, &folder, &record.run, operation).map_err(failed)?;
        trust::verify(journal.sessions(), &folder, operation).map_err(failed)?;
        faults.point("operation");
    }
    record.state = State::Done;
    journal.write(&record).map_err(failed)?;
    faults.point("done");
    Ok(record)
}

/// Refuses two changes of one file: the second would meet what the first left.
fn refuse_twice(wanted: &[Wanted<'_>]) -> Result<(), ApplyError> {
    let mut seen = std::collections::HashSet::new();
    for path in wanted.iter().filter(|change| !matches!(change, Wanted::Keep { .. })).map(Wanted::path) {
        if !seen.insert(path) {
            let (what, next) = ("in the plan twice".to_owned(), "nothing was changed; please report this".to_owned());
            return Err(ApplyError::Refused { path: path.display().to_string(), what, next });
        }
    }
    Ok(())
}

fn io_error(what: &str, source: io::Error) -> ApplyError {
    ApplyError::Io { what: what.to_owned(), source }
}

fn is_store(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "sessions.json")
}

/// Takes the locks of all transcripts among the files, and the run's own.
pub(crate) fn locks<'a>(journal: &Journal, run: &str, paths: impl Iterator<Item = &'a Path>, now_ms: i64) -> Result<Vec<Lock>, LockError> {
    let mut paths: Vec<&Path> = paths.filter(|path| path.extension().is_some_and(|ext| ext == "jsonl")).collect();
    paths.sort();
    paths.dedup();
    // Given back in this order, so the run's own comes last: while it is held, the run is at work.
    let own = lock::take(&journal.handle(run), Kind::Transcript, now_ms)?;
    let mut held: Vec<Lock> = Vec::new();
    for path in paths {
        held.push(lock::take(path, Kind::Transcript, now_ms)?);
    }
    held.push(own);
    Ok(held)
}

/// Takes the lock of the store, which the transcripts' locks go before.
pub(crate) fn store_lock(path: &Path) -> Result<Lock, LockError> {
    lock::wait(path, Kind::Store, STORE_PATIENCE)
}

/// Refuses what must not be touched, and what is not as it was. What is `vouched` for is read once more, and held against
/// its hash, when the new content is written; here its length is enough.
fn check(sessions: &Path, change: &Wanted<'_>, vouched: bool) -> Result<(), ApplyError> {
    let path = change.path();
    let refuse =
        |what: &str, next: &str| ApplyError::Refused { path: path.display().to_string(), what: what.to_owned(), next: next.to_owned() };
    if let Wanted::Keepsake { .. } = change {
        return Ok(());
    }
    if let Wanted::Copy { .. } = change {
        media::check(sessions, path)?;
    } else if path.parent() != Some(sessions) {
        return Err(refuse("outside the sessions folder", "name the folder it lies in"));
    }
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound && change.is_new() => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ApplyError::Changed { path: path.display().to_string() }),
        Err(source) => return Err(io_error(&format!("cannot look at {}; nothing was changed", path.display()), source)),
    };
    if change.is_new() {
        return Err(refuse("there already", "move it away, or choose another name"));
    }
    if !crate::platform::is_regular(&meta) {
        return Err(refuse(crate::platform::special_kind(&meta), "work on the file itself"));
    }
    if crate::platform::hard_links(&meta) > 1 {
        return Err(refuse("a file with several hard links", "make it a file of its own first: copy it and put the copy in its place"));
    }
    let Some(before) = change.before() else { return Ok(()) };
    if vouched && meta.len() == before.len {
        return Ok(());
    }
    let now = Print::of(path).map_err(|source| io_error(&format!("cannot read {}; nothing was changed", path.display()), source))?;
    if !now.same_content(before) {
        return Err(ApplyError::Changed { path: path.display().to_string() });
    }
    Ok(())
}

/// Refuses when the copies of the originals and the new content would not fit beside what is there.
fn check_space(journal: &Journal, wanted: &[Wanted<'_>]) -> Result<(), ApplyError> {
    let fresh = |content: &dyn Content| content.expected().map(|(len, _)| len);
    let need: u64 = wanted
        .iter()
        .map(|change| match change {
            Wanted::Replace { before, content, .. } => before.len + fresh(*content).unwrap_or(before.len),
            Wanted::Create { content, .. } => fresh(*content).unwrap_or(0),
            Wanted::Copy { print, .. } => print.len,
            Wanted::Keepsake { content, .. } => fresh(*content).unwrap_or(0),
            Wanted::Store { .. } | Wanted::Move { .. } | Wanted::Touch { .. } | Wanted::Keep { .. } => 0,
        })
        .sum();
    match crate::platform::free_space(journal.sessions()) {
        Some(free) if free < need + SPARE => Err(ApplyError::Refused {
            path: journal.sessions().display().to_string(),
            what: format!("on a disk with {free} bytes free, and {} are needed", need + SPARE),
            next: "make room, or stitch into another place with --out FILE".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Takes the locks, checks that all is as it was planned, saves the originals, writes the new content beside the targets,
/// and writes the record down.
fn prepare(
    journal: &Journal,
    folder: &Path,
    record: &mut Record,
    wanted: &[Wanted<'_>],
    now_ms: i64,
    faults: &Faults<'_>,
) -> Result<Vec<Lock>, ApplyError> {
    faults.point("begun");
    let files = wanted.iter().filter(|change| !matches!(change, Wanted::Keepsake { .. })).map(Wanted::path);
    let mut held = locks(journal, &record.run, files, now_ms)?;
    faults.point("locked");
    let vouched: Vec<&PathBuf> = wanted.iter().flat_map(Wanted::vouched).collect();
    for change in wanted {
        check(journal.sessions(), change, vouched.iter().any(|path| *path == change.path()))?;
    }
    check_space(journal, wanted)?;
    faults.point("checked");
    let mut operations = Vec::new();
    for (at, change) in wanted.iter().enumerate().filter(|(_, change)| !is_store(change.path())) {
        if let Some(operation) = prepare_one(journal, folder, &record.run, at, change, faults)? {
            // Filed at once, so that its temporary file is known if the next one fails.
            record.operations.push(operation.clone());
            operations.push((at, operation));
        }
        faults.point("written");
    }
    for (at, change) in wanted.iter().enumerate().filter(|(_, change)| is_store(change.path())) {
        held.insert(0, store_lock(change.path())?);
        faults.point("store-locked");
        check(journal.sessions(), change, false)?;
        if let Some(operation) = prepare_one(journal, folder, &record.run, at, change, faults)? {
            record.operations.push(operation.clone());
            operations.push((at, operation));
        }
        faults.point("written");
    }
    // A writer that takes no lock may have come while the others were waited for.
    for change in wanted {
        let grown = |before: &Print| std::fs::symlink_metadata(change.path()).is_ok_and(|meta| meta.len() != before.len);
        if change.before().is_some_and(grown) {
            return Err(ApplyError::Changed { path: change.path().display().to_string() });
        }
    }
    operations.sort_by_key(|(at, _)| *at);
    record.operations = operations.into_iter().map(|(_, operation)| operation).collect();
    record.state = State::Prepared;
    journal.write(record).map_err(|source| io_error("cannot write the journal; nothing was changed", source))?;
    Ok(held)
}

fn prepare_one(
    journal: &Journal,
    folder: &Path,
    run: &str,
    at: usize,
    change: &Wanted<'_>,
    faults: &Faults<'_>,
) -> Result<Option<Operation>, ApplyError> {
    let name = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    let path = change.path();
    let saved = PathBuf::from(format!("{at}-{}", name(path).display()));
    let context = |what: &str| format!("cannot {what} {}; nothing was changed", path.display());
    let temp = write::temp_beside(path, run);
    let save = || write::preserve(path, &folder.join(&saved)).map_err(|source| io_error(&context("save"), source));
    let like = |path: &Path| std::fs::metadata(path).ok();
    let write = |content: &dyn Content, mode: Option<u32>, like: Option<&std::fs::Metadata>| {
        let after = content.open().and_then(|source| write::write_temp(&temp, source, mode, like));
        let after = after.map_err(|source| io_error(&context("write the new"), source))?;
        if content.expected().is_some_and(|expected| expected != (after.len, after.hash.as_str())) {
            // A source is not what the plan read.
            let _ = std::fs::remove_file(&temp);
            return Err(ApplyError::Changed { path: path.display().to_string() });
        }
        Ok(after)
    };
    Ok(Some(match change {
        Wanted::Replace { before, content, .. } => {
            save()?;
            faults.point("saved");
            let after = write(*content, before.mode, like(path).as_ref())?;
            let heir = content.heir().map(name).filter(|heir| *heir != name(path));
            let renames = content.renames().to_vec();
            Operation::Replace { path: name(path), saved, before: (*before).clone(), after, heir, renames, carried: 0, restored: None }
        }
        Wanted::Store { values, .. } => {
            write::copy(path, &folder.join(&saved)).map_err(|source| io_error(&context("save"), source))?;
            faults.point("saved");
            let failed = |source| io_error(&context("read"), source);
            let before = Print::of(path).map_err(failed)?;
            let bytes = std::fs::read(path).map_err(failed)?;
            let edited = store::edited(&bytes, values, false).map_err(failed)?;
            let Some(bytes) = edited else { return Err(ApplyError::Changed { path: path.display().to_string() }) };
            let after = write(&bytes, before.mode, like(path).as_ref())?;
            Operation::Store { path: name(path), saved, before, after, values: values.to_vec() }
        }
        Wanted::Move { before, .. } => Operation::Move { path: name(path), saved, before: (*before).clone(), restored: None },
        Wanted::Create { content, heir, .. } => {
            let like = like(heir);
            let mode = like.as_ref().and_then(crate::platform::mode);
            let after = write(*content, mode, like.as_ref())?;
            Operation::Create { path: name(path), after, heir: name(heir), renames: content.renames().to_vec(), carried: 0 }
        }
        Wanted::Copy { from, print, .. } => media::copy(journal.sessions(), path, from, print, run)?,
        Wanted::Touch { at_ms, .. } => touch::operation(path, *at_ms).map_err(|source| io_error(&context("look at"), source))?,
        Wanted::Keepsake { name, content } => {
            let kept = content.open().and_then(|source| write::write_temp(&folder.join(name), source, None, None));
            kept.map_err(|source| io_error(&context("keep"), source))?;
            return Ok(None);
        }
        Wanted::Keep { .. } => return Ok(None),
    }))
}

/// Takes away what a run wrote beside its targets and never renamed.
pub(crate) fn remove_temps(record: &Record, sessions: &Path) {
    for operation in &record.operations {
        let _ = std::fs::remove_file(write::temp_beside(&sessions.join(operation.path()), &record.run));
    }
    // Several copies may lie in one folder, which goes with the last.
    for operation in &record.operations {
        if let Operation::Copy { made, .. } = operation {
            media::remove_folders(sessions, made);
        }
    }
}

fn commit(journal: &Journal, folder: &Path, run: &str, operation: &Operation) -> io::Result<()> {
    let path = journal.sessions().join(operation.path());
    match operation {
        Operation::Replace { .. } | Operation::Store { .. } | Operation::Create { .. } | Operation::Copy { .. } => {
            write::rename(&write::temp_beside(&path, run), &path)
        }
        Operation::Move { saved, .. } => write::rename(&path, &folder.join(saved)),
        Operation::Touch { after_ms, .. } => touch::set(&path, *after_ms),
    }
}
