//! The Unix half of [`super`]: metadata enters, what only Unix tells leaves.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

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
