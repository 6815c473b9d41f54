//! The Unix half of [`super`]: metadata enters, what only Unix tells leaves.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

pub(super) fn hard_links(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

pub(super) fn special_kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "a special file"
    }
}

pub(super) fn is_link_loop(error: &io::Error) -> bool {
    // ELOOP has a number of its own on each family; no named error kind is stable for it.
    let eloop = if cfg!(any(target_os = "linux", target_os = "android")) { 40 } else { 62 };
    error.raw_os_error() == Some(eloop)
}

pub(super) fn mode(metadata: &Metadata) -> Option<u32> {
    Some(metadata.mode() & 0o7777)
}

pub(super) fn make_like(file: &File, mode: Option<u32>, like: Option<&Metadata>) -> io::Result<()> {
    if let Some(like) = like {
        let (uid, gid) = (rustix::fs::Uid::from_raw(like.uid()), rustix::fs::Gid::from_raw(like.gid()));
        // Only root may give files away; for everybody else the owner is right already.
        let _ = rustix::fs::fchown(file, Some(uid), Some(gid));
    }
    match mode {
        Some(mode) => file.set_permissions(std::fs::Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

pub(super) fn second_name(file: &Path, name: &Path) -> io::Result<()> {
    std::fs::hard_link(file, name)
}

pub(super) fn free_space(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

pub(super) fn is_process_dead(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    // A process of another user answers with "not permitted", and lives.
    pid.is_none_or(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}
