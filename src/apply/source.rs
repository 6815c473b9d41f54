//! Which files are never changed, whatever is planned for them.

use crate::discover::TranscriptFile;
use crate::name::FileState;
use crate::read::Change;

/// Why a transcript must not be changed, and what to do about it; none when it may.
pub fn refusal(file: &TranscriptFile, change: Option<Change>) -> Option<(&'static str, &'static str)> {
    match file.name.state {
        FileState::Imported => return Some(("is an original that the importer keeps a receipt of", "work on a copy of it elsewhere")),
        FileState::Compressed => return Some(("is compressed", "unpack it beside the others first")),
        _ => {}
    }
    if file.is_symlink {
        return Some(("is a link", "name the folder that it leads to"));
    }
    if file.hard_links > 1 {
        return Some(("has several hard links", "copy it and put the copy in its place"));
    }
    if change.is_some_and(|change| change != Change::Grew) {
        return Some(("changed while it was read", "try again when the chat is quiet"));
    }
    None
}
