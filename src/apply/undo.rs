//! A run taken back: every file byte for byte as it was, and lines that came since carried along.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::journal::{self, Journal, Operation, Print, Record, State};
use super::{ApplyError, Faults, locks, remove_temps, write};

/// What taking back came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// Files that are as they were.
    pub restored: Vec<PathBuf>,
    /// Bytes of appended lines that were carried back, by file.
    pub carried: Vec<(PathBuf, u64)>,
}

/// How a file stands towards one operation.
enum Standing {
    /// As before the run: nothing to do.
    Before,
    /// As after it; lines of that many bytes were appended since.
    After { appended: u64 },
}

/// Takes a run back, whatever state it is in. May be called again after a crash.
///
/// # Errors
/// When a file has changed otherwise than by appended lines, or a lock is held: with nothing changed.
pub fn undo(journal: &Journal, mut record: Record, now_ms: i64, faults: &Faults<'_>) -> Result<Undone, ApplyError> {
    let sessions = journal.sessions().to_owned();
    let folder = journal.folder(&record.run);
    let paths: Vec<PathBuf> = record.operations.iter().map(|operation| sessions.join(operation.path())).collect();
    let _locks = locks(paths.iter().map(PathBuf::as_path), now_ms)?;
    faults.point("undo-locked");
    let mut standings = Vec::new();
    for operation in &record.operations {
        standings.push(standing(&sessions, &folder, operation)?);
    }
    let failed = |source| ApplyError::Io { what: "stopped in the middle; run `clawfix undo` again to go on".to_owned(), source };
    record.state = State::Undoing;
    journal.write(&record).map_err(failed)?;
    faults.point("undoing");
    let mut undone = Undone::default();
    let heirs: Vec<(PathBuf, PathBuf, u64)> = record
        .operations
        .iter()
        .zip(&standings)
        .filter_map(|(operation, standing)| match (operation, standing) {
            (Operation::Create { path, after, heir }, Standing::After { appended }) if *appended > 0 => {
                Some((heir.clone(), path.clone(), after.len))
            }
            _ => None,
        })
        .collect();
    for (operation, standing) in record.operations.iter().zip(&standings).rev() {
        if let Standing::After { appended } = standing {
            take_back(&sessions, &folder, &record.run, operation, *appended, &heirs, &mut undone).map_err(failed)?;
        }
        faults.point("undo-operation");
    }
    remove_temps(&record, &sessions);
    record.state = State::Undone;
    journal.write(&record).map_err(failed)?;
    faults.point("undone");
    Ok(undone)
}

fn standing(sessions: &Path, folder: &Path, operation: &Operation) -> Result<Standing, ApplyError> {
    let path = sessions.join(operation.path());
    let refuse = |what: &str| ApplyError::Refused {
        path: path.display().to_string(),
        what: what.to_owned(),
        next: format!("the originals are in {}; compare by hand", folder.display()),
    };
    let now = match Print::of(&path) {
        Ok(print) => Some(print),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(ApplyError::Io { what: format!("cannot read {}; nothing was changed", path.display()), source }),
    };
    match (operation, now) {
        (Operation::Replace { before, .. }, Some(now)) if now.same_content(before) => Ok(Standing::Before),
        (Operation::Replace { after, .. } | Operation::Create { after, .. }, Some(now)) => appended(&path, after, &now).map_or_else(
            || Err(refuse("a file that changed after the run, and not only by appended lines")),
            |appended| Ok(Standing::After { appended }),
        ),
        (Operation::Replace { .. }, None) => Err(refuse("gone")),
        (Operation::Create { .. } | Operation::Copy { .. }, None) => Ok(Standing::Before),
        // A copy that is another image now is no copy any more, and stays.
        (Operation::Copy { after, .. }, Some(now)) if !now.same_content(after) => Ok(Standing::Before),
        (Operation::Copy { .. }, Some(_)) => Ok(Standing::After { appended: 0 }),
        (Operation::Move { saved, before, .. }, now) => match (now, folder.join(saved).exists()) {
            (Some(now), false) if now.same_content(before) => Ok(Standing::Before),
            (None, true) => Ok(Standing::After { appended: 0 }),
            (Some(_), true) => Err(refuse("a new file in the place of one that the run moved away")),
            (_, false) => Err(refuse("not in the journal any more")),
        },
    }
}

/// Bytes that were appended behind the content of the run; none when the content itself differs.
fn appended(path: &Path, after: &Print, now: &Print) -> Option<u64> {
    if now.same_content(after) {
        return Some(0);
    }
    let more = now.len.checked_sub(after.len).filter(|more| *more > 0)?;
    let (len, hash) = journal::hash(File::open(path).ok()?.take(after.len)).ok()?;
    (len == after.len && hash == after.hash).then_some(more)
}

fn take_back(
    sessions: &Path,
    folder: &Path,
    run: &str,
    operation: &Operation,
    appended: u64,
    heirs: &[(PathBuf, PathBuf, u64)],
    undone: &mut Undone,
) -> io::Result<()> {
    let path = sessions.join(operation.path());
    match operation {
        Operation::Replace { saved, before, after, .. } => {
            let original = File::open(folder.join(saved))?;
            let mut since = File::open(&path)?;
            since.seek(SeekFrom::Start(after.len))?;
            let temp = write::temp_beside(&path, run);
            let inherited = heirs.iter().filter(|(heir, ..)| heir == operation.path());
            let mut source: Box<dyn Read> = Box::new(original.chain(since.take(appended)));
            for (_, from, len) in inherited {
                let mut file = File::open(sessions.join(from))?;
                file.seek(SeekFrom::Start(*len))?;
                source = Box::new(source.chain(file));
            }
            write::write_temp(&temp, source, before.mode, fs::metadata(&path).ok().as_ref())?;
            if appended == 0
                && let Ok(modified) = fs::metadata(folder.join(saved)).and_then(|meta| meta.modified())
            {
                let _ = File::options().write(true).open(&temp).and_then(|file| file.set_modified(modified));
            }
            write::rename(&temp, &path)?;
            if appended > 0 {
                undone.carried.push((path.clone(), appended));
            }
        }
        Operation::Move { saved, .. } => {
            let mut inherited = heirs.iter().filter(|(heir, ..)| heir == operation.path()).peekable();
            if inherited.peek().is_some() {
                let mut file = File::options().append(true).open(folder.join(saved))?;
                for (_, from, len) in inherited {
                    let mut since = File::open(sessions.join(from))?;
                    since.seek(SeekFrom::Start(*len))?;
                    io::copy(&mut since, &mut file)?;
                }
                file.sync_all()?;
            }
            write::rename(&folder.join(saved), &path)?;
        }
        Operation::Create { .. } => write::rename(&path, &folder.join("taken-back"))?,
        Operation::Copy { made, .. } => super::media::take_back(sessions, &path, made)?,
    }
    undone.restored.push(path);
    Ok(())
}
