//! What only one system can tell about a file: metadata enters, plain facts leave.
//!
//! Everything that is not the same on Unix and on Windows sits in the two twins below, behind the
//! same function names, so that the rest of the crate has no `cfg` of its own.

use std::fs::Metadata;
use std::io;
use std::path::Path;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// How many names the file has; 1 where the system does not say.
#[must_use]
pub fn hard_links(metadata: &Metadata) -> u64 {
    system::hard_links(metadata)
}

/// Whether it is a plain file: no folder, link, pipe, socket or device. Opening anything else may block for ever.
#[must_use]
pub fn is_regular(metadata: &Metadata) -> bool {
    metadata.file_type().is_file()
}

/// What a thing that is no plain file is, in words.
#[must_use]
pub fn special_kind(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() {
        return "a folder";
    }
    if metadata.file_type().is_symlink() {
        return "a link";
    }
    system::special_kind(metadata)
}

/// Whether the error says that links lead in a circle.
#[must_use]
pub fn is_link_loop(error: &io::Error) -> bool {
    system::is_link_loop(error)
}

/// Opens a plain file for reading, following links; looks at what it is right before, so that a pipe
/// or a device is never opened.
///
/// # Errors
/// What the system says, or `InvalidInput` if it is no plain file.
pub fn open_regular(path: &Path) -> io::Result<(std::fs::File, Metadata)> {
    let before = std::fs::metadata(path)?;
    if !is_regular(&before) {
        let what = special_kind(&before);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("not a regular file but {what}")));
    }
    let file = std::fs::File::open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// The permission bits, where the system has them.
#[must_use]
pub fn mode(metadata: &Metadata) -> Option<u32> {
    system::mode(metadata)
}

/// Gives a new file the permission bits, and the owner and group of another where that is allowed.
///
/// # Errors
/// When the permission bits cannot be set.
pub fn make_like(file: &std::fs::File, mode: Option<u32>, like: Option<&Metadata>) -> io::Result<()> {
    system::make_like(file, mode, like)
}

/// Gives a file a second name, where [`hard_links`] can tell of it.
///
/// # Errors
/// What the system says.
pub fn second_name(file: &Path, name: &Path) -> io::Result<()> {
    system::second_name(file, name)
}

/// Bytes that may still be written to the file system of a folder, where the system says.
#[must_use]
pub fn free_space(folder: &Path) -> Option<u64> {
    system::free_space(folder)
}

/// Makes renames and new names in a folder durable.
///
/// # Errors
/// What the system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    system::sync_folder(folder)
}

/// Whether there is provably no process of that number.
#[must_use]
pub fn is_process_dead(pid: u32) -> bool {
    system::is_process_dead(pid)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn plain_file_has_one_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, b"x").unwrap();
        let (_, metadata) = open_regular(&path).unwrap();
        assert!(is_regular(&metadata));
        assert_eq!(hard_links(&metadata), 1);
        assert_eq!(special_kind(&std::fs::metadata(dir.path()).unwrap()), "a folder");
        assert_eq!(open_regular(dir.path()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn pipes_links_and_second_names_are_seen() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("a"), b"x").unwrap();
        std::fs::hard_link(at("a"), at("b")).unwrap();
        assert_eq!(hard_links(&std::fs::metadata(at("a")).unwrap()), 2);
        let pipe = at("p.jsonl");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = open_regular(&pipe).unwrap_err();
        assert!(error.to_string().contains("named pipe"), "{error}");
        std::os::unix::fs::symlink(at("l2"), at("l1")).unwrap();
        std::os::unix::fs::symlink(at("l1"), at("l2")).unwrap();
        assert!(is_link_loop(&std::fs::metadata(at("l1")).unwrap_err()));
        assert_eq!(special_kind(&std::fs::symlink_metadata(at("l1")).unwrap()), "a link");
    }
}
