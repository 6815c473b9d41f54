//! What a plan wants done, one file at a time.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::journal::Print;
use super::store::StoreValue;

/// New content of a file.
pub trait Content {
    /// Streams it.
    ///
    /// # Errors
    /// What opening its sources gives.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;

    /// Its length and hash, where the plan says.
    fn expected(&self) -> Option<(u64, &str)> {
        None
    }

    /// Files that it is made of: what they hold is in it, so that its hash vouches for them too.
    fn sources(&self) -> &[PathBuf] {
        &[]
    }

    /// The file that lines appended to it hang on when it is taken back, where that is not the one it replaces.
    fn heir(&self) -> Option<&Path> {
        None
    }

    /// Ids that entries have in it and had in the heir.
    fn renames(&self) -> &[(String, String)] {
        &[]
    }
}

/// A change that a plan wants.
pub enum Wanted<'a> {
    /// Put other content in a file's place.
    Replace {
        /// Which file.
        path: &'a Path,
        /// As it was when the plan was made.
        before: &'a Print,
        /// The new content.
        content: &'a dyn Content,
    },
    /// Change single values of the store, whatever else the gateway has written to it since.
    Store {
        /// Which file.
        path: &'a Path,
        /// Value by value.
        values: &'a [StoreValue],
    },
    /// Move a file into the journal.
    Move {
        /// Which file.
        path: &'a Path,
        /// As it was when the plan was made.
        before: &'a Print,
    },
    /// Make a new file.
    Create {
        /// Which file.
        path: &'a Path,
        /// Its content.
        content: &'a dyn Content,
        /// The file whose mode it gets, and which lines appended to it go back to on undo.
        heir: &'a Path,
    },
    /// Put an image into the state directory's own `media/inbound`.
    Copy {
        /// Where to, below the state directory.
        path: &'a Path,
        /// The file to copy.
        from: &'a Path,
        /// That file, as it was when the plan was made.
        print: &'a Print,
    },
    /// Give a file the present as its time of change.
    Touch {
        /// Which file.
        path: &'a Path,
        /// The time it gets, UTC ms.
        at_ms: i64,
    },
    /// Put a file of this name into the run's folder of the journal, where it stays.
    Keepsake {
        /// Its name.
        name: &'a Path,
        /// What it holds.
        content: &'a dyn Content,
    },
    /// Leave a file as it is, but hold its lock and see that it did not change.
    Keep {
        /// Which file.
        path: &'a Path,
        /// As it was when the plan was made.
        before: &'a Print,
    },
}

impl Wanted<'_> {
    pub(super) fn path(&self) -> &Path {
        match self {
            Wanted::Replace { path, .. }
            | Wanted::Store { path, .. }
            | Wanted::Move { path, .. }
            | Wanted::Create { path, .. }
            | Wanted::Copy { path, .. }
            | Wanted::Touch { path, .. }
            | Wanted::Keepsake { name: path, .. }
            | Wanted::Keep { path, .. } => path,
        }
    }

    pub(super) fn before(&self) -> Option<&Print> {
        match self {
            Wanted::Replace { before, .. } | Wanted::Move { before, .. } | Wanted::Keep { before, .. } => Some(before),
            _ => None,
        }
    }

    /// Files that the new content vouches for.
    pub(super) fn vouched(&self) -> &[PathBuf] {
        match self {
            Wanted::Replace { content, .. } | Wanted::Create { content, .. } if content.expected().is_some() => content.sources(),
            _ => &[],
        }
    }

    /// Whether there must be no such file yet.
    pub(super) fn is_new(&self) -> bool {
        matches!(self, Wanted::Create { .. } | Wanted::Copy { .. })
    }
}

impl Content for Vec<u8> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.as_slice()))
    }
}
