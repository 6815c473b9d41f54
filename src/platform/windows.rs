//! The Windows half of [`super`]: metadata enters, what Windows tells leaves.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// The standard library does not give the link count on Windows without a handle; 1 is the usual answer.
pub(super) fn hard_links(_metadata: &Metadata) -> u64 {
    1
}

pub(super) fn special_kind(_metadata: &Metadata) -> &'static str {
    "a special file"
}

pub(super) fn is_link_loop(error: &io::Error) -> bool {
    // ERROR_STOPPED_ON_SYMLINK, ERROR_CANT_RESOLVE_FILENAME
    matches!(error.raw_os_error(), Some(681 | 1921))
}

pub(super) fn mode(_: &Metadata) -> Option<u32> {
    None
}

pub(super) fn make_like(_: &File, _: Option<u32>, _: Option<&Metadata>) -> io::Result<()> {
    // A new file takes its access rights from the folder, as the original did.
    Ok(())
}

pub(super) fn second_name(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn free_space(_: &Path) -> Option<u64> {
    // Not given by the standard library; a full disk is then met while writing, before anything is changed.
    None
}

pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    // Folders cannot be synced; NTFS journals its names itself.
    Ok(())
}

pub(super) fn is_process_dead(_: u32) -> bool {
    // Not provable without a handle, so every process counts as alive until its lock is stale.
    false
}
