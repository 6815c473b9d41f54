//! Images copied into the state directory's own `media/inbound`, the one place outside the sessions folder that a run
//! writes to; and taken away again.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::journal::{Journal, Operation, Print};
use super::{ApplyError, io_error, write};

/// From a sessions folder to its state directory.
const STATE: &str = "../../..";
/// From the state directory to the images that came in.
const INBOUND: [&str; 2] = ["media", "inbound"];
/// Where a run notes the folders that it makes, in its own folder of the journal.
const MADE: &str = "made-folders";

/// Refuses a target that is not in `media/inbound` of the state directory that the sessions folder lies in.
pub(super) fn check(sessions: &Path, path: &Path) -> Result<(), ApplyError> {
    let refuse = |what: &str| {
        let next = "leave --copy-media out, and copy the images by hand".to_owned();
        Err(ApplyError::Refused { path: path.display().to_string(), what: what.to_owned(), next })
    };
    let mut folder = path.parent();
    for name in INBOUND.iter().rev() {
        let Some(here) = folder.filter(|here| here.file_name().is_some_and(|last| last == *name)) else {
            return refuse("not in the folder for images that came in");
        };
        if fs::symlink_metadata(here).is_ok_and(|meta| !meta.is_dir()) {
            return refuse("in a folder that is a link");
        }
        folder = here.parent();
    }
    let canonical = |path: &Path| fs::canonicalize(if path.as_os_str().is_empty() { Path::new(".") } else { path }).ok();
    let own = canonical(&sessions.join(STATE));
    if own.is_none() || folder.and_then(canonical) != own {
        return refuse("outside the state directory of these sessions");
    }
    Ok(())
}

/// Writes the copy beside its target, under a temporary name.
pub(super) fn copy(sessions: &Path, path: &Path, from: &Path, print: &Print, run: &str) -> Result<Operation, ApplyError> {
    let failed = |source| io_error(&format!("cannot copy {}; no session was changed", from.display()), source);
    let journal = Journal::of(sessions).folder(run);
    let mut made = Vec::new();
    let mut folder = PathBuf::from(STATE);
    for name in INBOUND {
        folder.push(name);
        if !sessions.join(&folder).exists() {
            note(&journal, &folder).map_err(failed)?;
            fs::create_dir(sessions.join(&folder)).map_err(failed)?;
            made.push(folder.clone());
        }
    }
    let (source, like) = crate::platform::open_regular(from).map_err(failed)?;
    let temp = write::temp_beside(path, run);
    let after = write::write_temp(&temp, source, crate::platform::mode(&like), Some(&like)).map_err(failed)?;
    if !after.same_content(print) {
        let _ = fs::remove_file(&temp);
        return Err(ApplyError::Changed { path: from.display().to_string() });
    }
    Ok(Operation::Copy { path: folder.join(path.file_name().unwrap_or_default()), after, made })
}

/// Writes down that a folder is about to be made, for a run that dies before it has a record.
fn note(journal: &Path, folder: &Path) -> std::io::Result<()> {
    let mut made = fs::OpenOptions::new().append(true).create(true).open(journal.join(MADE))?;
    writeln!(made, "{}", folder.display())?;
    made.sync_all()
}

/// Removes the folders that a run made which died before it had a record.
pub(super) fn clear(sessions: &Path, journal: &Path) {
    let noted = fs::read_to_string(journal.join(MADE)).unwrap_or_default();
    let allowed: Vec<PathBuf> =
        INBOUND.iter().scan(PathBuf::from(STATE), |at, name| Some(at.join(name)).inspect(|next| at.clone_from(next))).collect();
    let made: Vec<PathBuf> = allowed.into_iter().filter(|folder| noted.lines().any(|line| Path::new(line) == folder)).collect();
    remove_folders(sessions, &made);
}

/// Takes a copy away, unless it is gone already, and the folders that were made for it if nothing else is in them.
pub(super) fn take_back(sessions: &Path, path: &Path, made: &[PathBuf]) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    remove_folders(sessions, made);
    path.parent().map_or(Ok(()), |folder| if folder.exists() { crate::platform::sync_folder(folder) } else { Ok(()) })
}

/// Removes folders that a run made. One that is not empty stays: somebody else uses it by now.
pub(super) fn remove_folders(sessions: &Path, made: &[PathBuf]) {
    for folder in made.iter().rev() {
        let _ = fs::remove_dir(sessions.join(folder));
    }
}
