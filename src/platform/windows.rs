//! The Windows half of [`super`]: metadata enters, what Windows tells leaves.

use std::fs::Metadata;
use std::io;

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
