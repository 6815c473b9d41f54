//! A file's time of change, set and put back. OpenClaw's cleanup goes by it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::journal::Operation;

/// The operation that gives a file that time, UTC ms.
pub(super) fn operation(path: &Path, at_ms: i64) -> io::Result<Operation> {
    Ok(Operation::Touch { path: PathBuf::from(path.file_name().unwrap_or_default()), before_ms: modified_ms(path)?, after_ms: at_ms })
}

/// When the file was last changed, UTC ms.
pub(super) fn modified_ms(path: &Path) -> io::Result<i64> {
    let modified = std::fs::symlink_metadata(path)?.modified()?;
    Ok(match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, i64::saturating_neg),
    })
}

/// Sets the time, UTC ms.
pub(super) fn set(path: &Path, at_ms: i64) -> io::Result<()> {
    let file = File::options().write(true).open(path).or_else(|_| File::open(path))?;
    let distance = Duration::from_millis(at_ms.unsigned_abs());
    let time = if at_ms < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    file.set_modified(time.unwrap_or_else(SystemTime::now))
}
