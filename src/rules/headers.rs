//! Where a session header goes.

use std::io;

use super::Subject;

/// The place of the first line: behind a byte order mark, which the loader takes off the very front only.
///
/// # Errors
/// What reading gives.
pub(super) fn front(subject: &Subject<'_>) -> io::Result<u64> {
    let mark = "\u{FEFF}".as_bytes();
    let marked = subject.text.read(0..mark.len() as u64)? == mark;
    Ok(if marked { mark.len() as u64 } else { 0 })
}
