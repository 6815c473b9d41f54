//! What of a journal is believed. It is a folder that anyone may have written to, so a record is used only when it names
//! nothing outside the sessions folder, and folders only when they are folders and no links.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::journal::{self, FOLDER, Operation, Print, Record, State};

/// From a sessions folder to the folders that images are copied into.
const MEDIA: [&str; 2] = ["../../../media", "../../../media/inbound"];

/// Refuses a folder of the journal that is a link or no folder; one that is not there yet is fine.
///
/// # Errors
/// When it is anything else, with the next step; and what looking at it gives.
pub fn real_folder(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(meta) => Err(io::Error::other(format!(
            "the journal is not trustworthy: {} is {}; put a real folder in its place, or move it away",
            folder.display(),
            crate::platform::special_kind(&meta)
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Refuses a journal that is reached through a link.
///
/// # Errors
/// As [`real_folder`].
pub fn real_journal(sessions: &Path) -> io::Result<()> {
    let folder = sessions.join(FOLDER);
    real_folder(&folder)?;
    real_folder(&folder.join("runs"))
}

/// Why a record is not to be trusted; none when it is.
pub fn distrust(record: &Record, folder: &Path) -> Option<String> {
    if folder.file_name().is_none_or(|name| name != record.run.as_str()) {
        return Some("it names another run than its folder".to_owned());
    }
    let mut names: Vec<&PathBuf> = vec![&record.target];
    for operation in &record.operations {
        match operation {
            Operation::Replace { path, saved, heir, .. } => names.extend([path, saved].into_iter().chain(heir)),
            Operation::Store { path, saved, .. } | Operation::Move { path, saved, .. } => names.extend([path, saved]),
            Operation::Create { path, heir, .. } => names.extend([path, heir]),
            Operation::Touch { path, .. } => names.push(path),
            Operation::Copy { path, made, .. } => {
                let [media, inbound] = MEDIA;
                let is_ours =
                    path.strip_prefix(inbound).is_ok_and(|name| is_plain(name) && path.as_os_str() == as_copied(name).as_os_str());
                if !is_ours || made.iter().any(|folder| folder != Path::new(media) && folder != Path::new(inbound)) {
                    return Some(format!("it names a copy outside the media folder: {}", path.display()));
                }
            }
        }
        if let Operation::Replace { saved, .. } | Operation::Store { saved, .. } | Operation::Move { saved, .. } = operation
            && is_plain(saved)
            && fs::symlink_metadata(folder.join(saved)).is_ok_and(|meta| !crate::platform::is_regular(&meta))
        {
            return Some(format!("the original {} in it is no plain file", saved.display()));
        }
    }
    let odd = names.into_iter().find(|name| !is_plain(name))?;
    Some(format!("it names a file outside the sessions folder: {}", odd.display()))
}

/// The path that a run writes down for a copied image.
fn as_copied(name: &Path) -> PathBuf {
    ["media", "inbound"].iter().fold(PathBuf::from("../../.."), |at, next| at.join(next)).join(name)
}

/// Whether it is the name of a file and nothing else.
fn is_plain(path: &Path) -> bool {
    let mut parts = path.components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(name)), None) if name == path.as_os_str())
}

/// Refuses to follow a link on the way to a copied image.
pub(super) fn real_media(sessions: &Path, record: &Record) -> io::Result<()> {
    if record.operations.iter().any(|operation| matches!(operation, Operation::Copy { .. })) {
        for folder in MEDIA {
            if fs::symlink_metadata(sessions.join(folder)).is_ok_and(|meta| !meta.is_dir()) {
                return Err(io::Error::other(format!("{} is a link; put a real folder in its place", sessions.join(folder).display())));
            }
        }
    }
    Ok(())
}

/// Whether a run that stopped had changed no file yet. What it wrote still stands beside its targets then.
pub(super) fn changed_nothing(sessions: &Path, folder: &Path, record: &Record) -> bool {
    if record.state != State::Committing {
        return record.state == State::Prepared;
    }
    record.operations.iter().all(|operation| {
        let path = sessions.join(operation.path());
        let waits = super::write::temp_beside(&path, &record.run).exists();
        match operation {
            Operation::Move { saved, .. } => !folder.join(saved).exists(),
            // An original with a name of its own elsewhere was not replaced.
            Operation::Replace { saved, .. } => waits || has_other_names(&folder.join(saved)),
            Operation::Store { before, .. } => waits || Print::of(&path).is_ok_and(|now| now.same_content(before)),
            Operation::Create { .. } | Operation::Copy { .. } => waits || !path.exists(),
            Operation::Touch { after_ms, .. } => super::touch::modified_ms(&path).is_ok_and(|now| now != *after_ms),
        }
    })
}

fn has_other_names(saved: &Path) -> bool {
    fs::symlink_metadata(saved).is_ok_and(|meta| crate::platform::hard_links(&meta) > 1)
}

/// Removes what a run that changed nothing kept in its folder. An original stays that has no other name and whose file is
/// not as it was any more: it may be the last of its kind, and it is in nobody's way.
pub(super) fn remove_saved(sessions: &Path, folder: &Path, record: &Record) -> io::Result<()> {
    for operation in &record.operations {
        if let Operation::Replace { path, saved, before, .. } | Operation::Store { path, saved, before, .. } = operation {
            let saved = folder.join(saved);
            let as_it_was = || Print::of(&sessions.join(path)).is_ok_and(|now| now.same_content(before));
            if saved.exists() && (has_other_names(&saved) || as_it_was()) {
                fs::remove_file(saved)?;
            }
        }
    }
    Ok(())
}

/// Reads a file again that a run has put in its place.
pub(super) fn verify(sessions: &Path, folder: &Path, operation: &Operation) -> io::Result<()> {
    let (path, print) = match operation {
        Operation::Replace { path, after, .. }
        | Operation::Store { path, after, .. }
        | Operation::Create { path, after, .. }
        | Operation::Copy { path, after, .. } => (sessions.join(path), after),
        // Moved as it is, and not written.
        Operation::Move { saved, .. } => return fs::symlink_metadata(folder.join(saved)).map(drop),
        Operation::Touch { path, .. } => return fs::symlink_metadata(sessions.join(path)).map(drop),
    };
    let (len, hash) = journal::hash(File::open(&path)?.take(print.len))?;
    if len == print.len && hash == print.hash {
        return Ok(());
    }
    Err(io::Error::other(format!("verify failed: {} does not hold what was written to it", path.display())))
}
