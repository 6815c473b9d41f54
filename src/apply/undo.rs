//! A run taken back: every file byte for byte as it was, and lines that came since carried along.
//!
//! What a file is to become is written beside it and noted in the record before any file changes, so that an undo that
//! died goes on where it stopped.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::carry::Carry;
use super::journal::{self, Journal, Operation, Print, Record, State};
use super::lock::{self, Kind, Lock};
use super::store::edited;
use super::{ApplyError, Faults, io_error, is_store, locks, remove_temps, store_lock, trust, write};

/// What taking back came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// Files that are as they were.
    pub restored: Vec<PathBuf>,
    /// Bytes of appended lines that were carried back, by the file that they came to.
    pub carried: Vec<(PathBuf, u64)>,
    /// The run had changed nothing, and was only cleared up after.
    pub untouched: bool,
}

/// How a file stands towards one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// As before the run, or with lines that were appended to that: nothing to do.
    Before,
    /// An undo that died has put it back already.
    Restored,
    /// As after it; so many bytes of lines were appended since.
    After(u64),
    /// The store: changed since, but what the run changed is as the run left it.
    Values,
}

/// Takes a run back, whatever state it is in. May be called again after a crash.
///
/// # Errors
/// When a file has changed otherwise than by appended lines, or a lock is held: with nothing changed.
pub fn undo(journal: &Journal, mut record: Record, now_ms: i64, faults: &Faults<'_>) -> Result<Undone, ApplyError> {
    let sessions = journal.sessions().to_owned();
    sweep(journal);
    if trusted(journal, &record)?.state != record.state {
        return Err(ApplyError::Changed { path: journal.folder(&record.run).display().to_string() });
    }
    if trust::changed_nothing(&sessions, &journal.folder(&record.run), &record) {
        return clear_untouched(journal, record, now_ms);
    }
    refuse_later(journal, &record)?;
    let paths: Vec<PathBuf> = record.operations.iter().map(|operation| sessions.join(operation.path())).collect();
    faults.point("undo-begun");
    let mut held = locks(journal, &record.run, paths.iter().map(PathBuf::as_path), now_ms)?;
    faults.point("undo-locked");
    let folder = journal.folder(&record.run);
    let standings = standings(&sessions, &folder, &record)?;
    let was = std::mem::replace(&mut record.state, State::Undoing);
    let failed = |source| io_error("stopped in the middle; run `clawfix undo` again to go on", source);
    journal.write(&record).map_err(failed)?;
    faults.point("undoing");
    // What stands beside a file from here on is what it is to become.
    remove_temps(&record, &sessions);
    let mut undone = Undone::default();
    let ready = make_ready(&sessions, &folder, &mut record, &standings, &mut undone, &mut held);
    if let Err(error) = ready {
        // Nothing was put back yet: the run stands as it stood.
        remove_temps(&record, &sessions);
        record.state = was;
        let _ = journal.write(&record);
        return Err(error);
    }
    journal.write(&record).map_err(failed)?;
    faults.point("undo-prepared");
    for (operation, standing) in record.operations.iter().zip(&standings).rev() {
        put_back(&sessions, &folder, &record.run, operation, *standing, &mut undone).map_err(failed)?;
        faults.point("undo-operation");
    }
    remove_temps(&record, &sessions);
    record.state = State::Undone;
    journal.write(&record).map_err(failed)?;
    faults.point("undone");
    Ok(undone)
}

/// Whether a run could be taken back as all stands now; nothing is changed.
///
/// # Errors
/// Why not.
pub fn check(journal: &Journal, record: &Record) -> Result<(), ApplyError> {
    refuse_later(journal, record)?;
    standings(journal.sessions(), &journal.folder(&record.run), record).map(drop)
}

fn standings(sessions: &Path, folder: &Path, record: &Record) -> Result<Vec<Standing>, ApplyError> {
    trust::real_media(sessions, record).map_err(|source| io_error("cannot use the media folder; nothing was changed", source))?;
    record.operations.iter().map(|operation| standing(sessions, folder, operation)).collect()
}

/// The record of a run as it is now, when it is to be trusted.
fn trusted(journal: &Journal, record: &Record) -> Result<Record, ApplyError> {
    let refuse = |what: String| ApplyError::Refused {
        path: journal.folder(&record.run).display().to_string(),
        what: format!("not trustworthy: {what}"),
        next: "nothing was changed; look at it by hand".to_owned(),
    };
    let now = journal.record(&record.run).map_err(|error| refuse(error.to_string()))?;
    now.ok_or_else(|| refuse("it has no record".to_owned()))
}

/// Clears up after a run that wrote its record but changed no file: whatever became of the files since is no concern.
fn clear_untouched(journal: &Journal, mut record: Record, now_ms: i64) -> Result<Undone, ApplyError> {
    let (sessions, folder) = (journal.sessions(), journal.folder(&record.run));
    let _own = locks(journal, &record.run, std::iter::empty(), now_ms)?;
    // The process that held the lock until now may have gone on.
    if trusted(journal, &record)?.state != record.state || !trust::changed_nothing(sessions, &folder, &record) {
        return Err(ApplyError::Changed { path: folder.display().to_string() });
    }
    let failed = |source| io_error("cannot clear up after the run; run `clawfix undo` again to go on", source);
    trust::real_media(sessions, &record).map_err(failed)?;
    record.state = State::Prepared;
    journal.write(&record).map_err(failed)?;
    remove_temps(&record, sessions);
    trust::remove_saved(sessions, &folder, &record).map_err(failed)?;
    record.state = State::Undone;
    journal.write(&record).map_err(failed)?;
    Ok(Undone { untouched: true, ..Undone::default() })
}

/// Removes the locks that dead runs of this folder left. They block nobody, but they lie about.
pub fn sweep(journal: &Journal) {
    let (records, broken) = journal.runs().unwrap_or_default();
    let broken = broken.into_iter().filter(|run| journal.distrust(run).is_none());
    for run in records.into_iter().map(|record| record.run).chain(broken) {
        let own = journal.folder(&run).join("run.lock");
        if let Some(pid) = lock::owner(&own).filter(|pid| lock::is_dead(*pid)) {
            lock::sweep(journal.sessions(), pid);
            let _ = fs::remove_file(own);
        }
    }
}

/// Clears up after a run that died before it wrote a record, and so before it changed anything.
///
/// # Errors
/// When a process works on it, or when it has a record that cannot be read or trusted.
pub fn clear(journal: &Journal, run: &str, now_ms: i64) -> Result<(), ApplyError> {
    let folder = journal.folder(run);
    let why = journal.distrust(run).or_else(|| journal.has_record(run).then(|| "it has a record".to_owned()));
    if let Some(why) = why {
        return Err(ApplyError::Refused {
            path: folder.display().to_string(),
            what: format!("not trustworthy: {why}"),
            next: "nothing was changed; look at it by hand, the originals are in it; move it away when they are not needed".to_owned(),
        });
    }
    sweep(journal);
    let own = lock::take(&journal.handle(run), Kind::Transcript, now_ms)?;
    let ending = write::temp_ending(run);
    let media = journal.sessions().join("../../../media/inbound");
    for place in [journal.sessions(), &media] {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.ends_with(&ending) {
                fs::remove_file(entry.path()).map_err(|source| io_error(&format!("cannot remove {name}"), source))?;
            }
        }
    }
    super::media::clear(journal.sessions(), &folder);
    drop(own);
    journal.forget(run);
    Ok(())
}

/// Refuses while a later run stands that changed the same files.
fn refuse_later(journal: &Journal, record: &Record) -> Result<(), ApplyError> {
    let (records, _) = journal.runs().map_err(|source| io_error("cannot read the journal; nothing was changed", source))?;
    let touches = |other: &Record| {
        let shared = |path: &Path| !is_store(path) && record.operations.iter().any(|operation| operation.path() == path);
        other.operations.iter().any(|operation| shared(operation.path()))
    };
    let later = records.iter().skip_while(|other| other.run != record.run).skip(1);
    match later.filter(|other| other.state != State::Undone).find(|other| touches(other)) {
        Some(other) => Err(ApplyError::Refused {
            path: journal.sessions().join(&record.target).display().to_string(),
            what: format!("changed again by the later run {}", other.run),
            next: format!("take that one back first: clawfix undo {} {}", journal.sessions().display(), other.run),
        }),
        None => Ok(()),
    }
}

fn standing(sessions: &Path, folder: &Path, operation: &Operation) -> Result<Standing, ApplyError> {
    let path = sessions.join(operation.path());
    let refuse = |what: &str| ApplyError::Refused {
        path: path.display().to_string(),
        what: what.to_owned(),
        next: format!("nothing was changed; the originals are in {}; compare by hand", folder.display()),
    };
    let cannot = |source| io_error(&format!("cannot read {}; nothing was changed", path.display()), source);
    let now = match fs::symlink_metadata(&path) {
        Ok(meta) if !crate::platform::is_regular(&meta) => return Err(refuse(crate::platform::special_kind(&meta))),
        Ok(_) => Some(Print::of(&path).map_err(cannot)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(cannot(source)),
    };
    let begins = |print: &Print| now.as_ref().and_then(|now| appended(&path, print, now));
    let put_back = |restored: &Option<Print>| restored.as_ref().is_some_and(|restored| begins(restored).is_some());
    let other = || refuse("a file that changed after the run, and not only by appended lines");
    match (operation, &now) {
        (Operation::Replace { .. } | Operation::Store { .. }, None) => Err(refuse("gone")),
        // The new content may begin as the old one did, so it is asked for first.
        (Operation::Replace { before, after, restored, .. }, Some(_)) => match begins(after) {
            Some(more) => Ok(Standing::After(more)),
            None if put_back(restored) => Ok(Standing::Restored),
            None if begins(before).is_some() => Ok(Standing::Before),
            None => Err(other()),
        },
        (Operation::Store { before, after, values, .. }, Some(now)) => {
            if now.same_content(before) {
                return Ok(Standing::Before);
            }
            if now.same_content(after) {
                return Ok(Standing::After(0));
            }
            let bytes = fs::read(&path).map_err(cannot)?;
            if edited(&bytes, values, true).map_err(cannot)?.is_some() {
                Ok(Standing::Values)
            } else if edited(&bytes, values, false).map_err(cannot)?.is_some() {
                Ok(Standing::Before)
            } else {
                Err(refuse("a store whose keys point elsewhere by now"))
            }
        }
        (Operation::Create { .. } | Operation::Copy { .. } | Operation::Touch { .. }, None) => Ok(Standing::Before),
        // A file that was written to since has a time of its own.
        (Operation::Touch { after_ms, .. }, Some(_)) => {
            let same = super::touch::modified_ms(&path).map_err(cannot)? == *after_ms;
            Ok(if same { Standing::After(0) } else { Standing::Before })
        }
        (Operation::Create { after, .. }, Some(_)) => begins(after).map(Standing::After).ok_or_else(other),
        // A copy that is another image now is no copy any more, and stays.
        (Operation::Copy { after, .. }, Some(now)) if !now.same_content(after) => Ok(Standing::Before),
        (Operation::Copy { .. }, Some(_)) => Ok(Standing::After(0)),
        (Operation::Move { saved, before, restored, .. }, now) => match (now, folder.join(saved).exists()) {
            (Some(_), _) if put_back(restored) => Ok(Standing::Restored),
            (Some(_), false) if begins(before).is_some() => Ok(Standing::Before),
            (None, true) => Ok(Standing::After(0)),
            (Some(_), true) => Err(refuse("a new file in the place of one that the run moved away")),
            (_, false) => Err(refuse("not in the journal any more")),
        },
    }
}

/// Bytes that were appended behind a content; none when the content itself differs.
fn appended(path: &Path, content: &Print, now: &Print) -> Option<u64> {
    if now.same_content(content) {
        return Some(0);
    }
    let more = now.len.checked_sub(content.len).filter(|more| *more > 0)?;
    let (len, hash) = journal::hash(File::open(path).ok()?.take(content.len)).ok()?;
    (len == content.len && hash == content.hash).then_some(more)
}

/// Writes beside each file what it is to become; and last, with the store's lock, the store.
fn make_ready(
    sessions: &Path,
    folder: &Path,
    record: &mut Record,
    standings: &[Standing],
    undone: &mut Undone,
    held: &mut Vec<Lock>,
) -> Result<(), ApplyError> {
    let carries = carries(record, standings);
    let run = record.run.clone();
    let mut stores = Vec::new();
    for (operation, standing) in record.operations.iter_mut().zip(standings) {
        let path = sessions.join(operation.path());
        let failed = |source| io_error(&format!("cannot write beside {}; nothing was changed", path.display()), source);
        let own: Vec<&Carry> = carries.iter().filter(|carry| carry.heir == operation.path() && carry.more > 0).collect();
        let temp = write::temp_beside(&path, &run);
        match operation {
            // The original itself goes back.
            Operation::Replace { .. } if own.is_empty() && matches!(standing, Standing::After(_)) => {}
            Operation::Replace { saved, before, restored, .. } => {
                let base = match standing {
                    Standing::After(_) => folder.join(saved),
                    Standing::Restored | Standing::Before if own.is_empty() => continue,
                    _ => path.clone(),
                };
                *restored = Some(write_back(sessions, &base, &own, &temp, before.mode, &path).map_err(failed)?);
            }
            Operation::Move { saved, before, restored, .. } if !own.is_empty() => {
                let base = if *standing == Standing::After(0) { folder.join(saved) } else { path.clone() };
                *restored = Some(write_back(sessions, &base, &own, &temp, before.mode, &base).map_err(failed)?);
            }
            Operation::Store { saved, before, values, .. } => {
                stores.push((path.clone(), folder.join(saved), before.clone(), values.clone(), operation.clone()));
            }
            Operation::Move { .. } | Operation::Create { .. } | Operation::Copy { .. } | Operation::Touch { .. } => {}
        }
        for carry in &own {
            undone.carried.push((path.clone(), carry.more));
        }
    }
    for (operation, standing) in record.operations.iter_mut().zip(standings) {
        if let (Operation::Replace { carried, .. } | Operation::Create { carried, .. }, Standing::After(more)) = (operation, standing) {
            *carried = *more;
        }
    }
    for (path, saved, before, values, operation) in stores {
        held.insert(0, store_lock(&path)?);
        let failed = |source| io_error(&format!("cannot write beside {}; nothing was changed", path.display()), source);
        let bytes = match standing(sessions, folder, &operation)? {
            Standing::Values => {
                let bytes = fs::read(&path).and_then(|bytes| edited(&bytes, &values, true)).map_err(failed)?;
                bytes.ok_or_else(|| ApplyError::Changed { path: path.display().to_string() })?
            }
            Standing::After(_) => fs::read(&saved).map_err(failed)?,
            Standing::Before | Standing::Restored => continue,
        };
        let like = fs::metadata(&path).ok();
        write::write_temp(&write::temp_beside(&path, &run), bytes.as_slice(), before.mode, like.as_ref()).map_err(failed)?;
    }
    Ok(())
}

/// The lines that were appended to files of the run, with the file that each goes to.
fn carries(record: &Record, standings: &[Standing]) -> Vec<Carry> {
    let restored = |heir: &Path| {
        let mut both = record.operations.iter().zip(standings);
        both.any(|(operation, standing)| operation.path() == heir && *standing == Standing::Restored)
    };
    let mut carries = Vec::new();
    for (operation, standing) in record.operations.iter().zip(standings) {
        let Standing::After(more) = standing else { continue };
        let (path, after, heir, renames, carried) = match operation {
            Operation::Replace { path, after, heir, renames, carried, .. } => (path, after, heir.as_ref(), renames, *carried),
            Operation::Create { path, after, heir, renames, carried } => (path, after, Some(heir), renames, *carried),
            _ => continue,
        };
        let heir = heir.unwrap_or(path).clone();
        // What an undo that died has put into its heir already is not put there twice.
        let done = if restored(&heir) { carried.min(*more) } else { 0 };
        carries.push(Carry { from: path.clone(), offset: after.len + done, more: more - done, heir, renames: renames.clone() });
    }
    carries
}

/// Writes a file's old content with the lines that came since.
fn write_back(sessions: &Path, base: &Path, own: &[&Carry], temp: &Path, mode: Option<u32>, like: &Path) -> io::Result<Print> {
    let mut source: Box<dyn Read> = Box::new(File::open(base)?);
    if !own.is_empty() && !ends_in_newline(base)? {
        source = Box::new(source.chain(&b"\n"[..]));
    }
    for carry in own {
        source = Box::new(source.chain(carry.open(sessions)?));
    }
    let print = write::write_temp(temp, source, mode, fs::metadata(like).ok().as_ref())?;
    if own.is_empty()
        && let Ok(modified) = fs::metadata(base).and_then(|meta| meta.modified())
    {
        let _ = File::options().write(true).open(temp).and_then(|file| file.set_modified(modified));
    }
    Ok(print)
}

fn ends_in_newline(path: &Path) -> io::Result<bool> {
    use std::io::{Seek, SeekFrom};
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0u8; 1];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn put_back(sessions: &Path, folder: &Path, run: &str, operation: &Operation, standing: Standing, undone: &mut Undone) -> io::Result<()> {
    let path = sessions.join(operation.path());
    let temp = write::temp_beside(&path, run);
    match (operation, standing) {
        (Operation::Replace { .. } | Operation::Store { .. } | Operation::Move { .. }, _) if temp.exists() => {
            write::rename(&temp, &path)?;
        }
        (Operation::Replace { saved, .. }, Standing::Before) => return write::release(&path, &folder.join(saved)),
        (_, Standing::Before | Standing::Restored) => return Ok(()),
        (Operation::Move { saved, .. } | Operation::Replace { saved, .. }, _) => write::rename(&folder.join(saved), &path)?,
        (Operation::Create { .. }, _) => write::rename(&path, &folder.join("taken-back"))?,
        (Operation::Copy { made, .. }, _) => super::media::take_back(sessions, &path, made)?,
        (Operation::Touch { before_ms, .. }, _) => super::touch::set(&path, *before_ms)?,
        (Operation::Store { .. }, _) => return Ok(()),
    }
    undone.restored.push(path);
    Ok(())
}
