//! Files changed safely: written beside the target, synced, renamed, folder synced.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::journal::{Hashed, Print};
use crate::platform;

/// Name of the file that is written before it takes the target's place.
pub fn temp_beside(target: &Path, run: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(temp_ending(run));
    target.with_file_name(name)
}

/// The ending of every temporary file of a run.
pub(crate) fn temp_ending(run: &str) -> String {
    format!(".clawfix-{run}.tmp")
}

/// Writes a temporary file with that content and mode, with the owner of `like`, and syncs it. Gives its print.
///
/// # Errors
/// What reading the source or writing gives; the temporary file is taken away then.
pub fn write_temp(temp: &Path, mut source: impl Read, mode: Option<u32>, like: Option<&Metadata>) -> io::Result<Print> {
    let result = (|| {
        // One that a stopped run left is in the way; a link of that name must not be followed.
        if let Err(error) = fs::remove_file(temp)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = File::create_new(temp)?;
        platform::make_like(&file, mode, like)?;
        let mut source = Hashed::new(&mut source);
        let mut buffer = vec![0u8; 1 << 20];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(got) => file.write_all(buffer.get(..got).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let (len, hash) = source.finish();
        file.sync_all()?;
        Ok(Print { len, hash, mode })
    })();
    if result.is_err() {
        let _ = fs::remove_file(temp);
    }
    result
}

/// Keeps an original in the journal: under a second name, where the system says how many names a file has, and as a copy
/// otherwise. The first name is about to go to the new content, so that no file is left with two; OpenClaw refuses those.
///
/// # Errors
/// What linking and copying give.
pub fn preserve(original: &Path, kept: &Path) -> io::Result<()> {
    if platform::second_name(original, kept).is_ok() {
        return File::open(kept)?.sync_all();
    }
    copy(original, kept)
}

/// Copies an original into the journal with its times and mode, and syncs it.
///
/// # Errors
/// What copying gives.
pub fn copy(original: &Path, kept: &Path) -> io::Result<()> {
    // Keeps the permission bits; on systems that can, the blocks are shared.
    fs::copy(original, kept)?;
    let file = File::options().write(true).open(kept).or_else(|_| File::open(kept))?;
    if let Ok(modified) = fs::metadata(original).and_then(|meta| meta.modified()) {
        let _ = file.set_modified(modified);
    }
    file.sync_all()
}

/// Takes the second name away again that a run gave to a file which it then did not replace.
///
/// # Errors
/// What removing gives.
pub(crate) fn release(original: &Path, kept: &Path) -> io::Result<()> {
    if fs::metadata(original).is_ok_and(|meta| platform::hard_links(&meta) > 1) && kept.exists() {
        fs::remove_file(kept)?;
    }
    Ok(())
}

/// Renames and syncs the folders on both ends.
///
/// # Errors
/// What renaming gives.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let folders = [from.parent(), to.parent()];
    for (at, folder) in folders.iter().enumerate() {
        if let Some(folder) = folder
            && (at == 0 || folders.first() != Some(&Some(folder)))
        {
            platform::sync_folder(folder)?;
        }
    }
    Ok(())
}
