//! The bytes of a transcript by their places, whether it lies on the disk or is in the middle of its repair.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::stitch::piece::{Edit, Output, Piece, push};

/// Bytes of one line that a repair takes into memory; a longer line is left as it is, and said so.
pub const MAX_LINE: u64 = 256 << 20;

/// A transcript as pieces of the file on the disk and new bytes between them. Pieces of the file keep its order.
#[derive(Debug, Clone)]
pub struct Text {
    sources: [PathBuf; 1],
    pieces: Vec<Piece>,
    len: u64,
}

impl Text {
    /// A file as it is, of that length in bytes. It is opened when something is read.
    pub fn of_file(path: &Path, len: u64) -> Self {
        let pieces = if len > 0 { vec![Piece::Copy { source: 0, range: 0..len }] } else { Vec::new() };
        Self { sources: [path.to_owned()], pieces, len }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes of a range; fewer where the text is over.
    ///
    /// # Errors
    /// What reading the file gives, and `InvalidInput` for more than [`MAX_LINE`] bytes.
    pub fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        if range.end.saturating_sub(range.start) > MAX_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the line is too long to be mended"));
        }
        let mut bytes = Vec::new();
        self.open(range)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Streams a range.
    ///
    /// # Errors
    /// What opening the file gives.
    pub fn open(&self, range: Range<u64>) -> io::Result<Box<dyn Read + '_>> {
        // The plain file is the common case, and the only one while a folder is scanned.
        if let [Piece::Copy { range: whole, .. }] = self.pieces.as_slice()
            && whole.start == 0
            && let [path] = &self.sources
        {
            let (mut file, _) = crate::platform::open_regular(path)?;
            file.seek(SeekFrom::Start(range.start))?;
            let end = range.end.min(self.len);
            return Ok(Box::new(file.take(end.saturating_sub(range.start))));
        }
        let mut output = self.whole();
        output.skip(range.start);
        Ok(Box::new(output.take(range.end.min(self.len).saturating_sub(range.start))))
    }

    /// Streams all of it.
    pub fn whole(&self) -> Output<'_> {
        Output::new(&self.pieces, &self.sources)
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The files that the pieces come from.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// The text with edits carried out, which are sorted and do not overlap.
    ///
    /// # Errors
    /// `InvalidData` when they do.
    pub fn edited(&self, edits: &[Edit]) -> io::Result<Text> {
        let mut pieces = Vec::new();
        let mut at = 0u64;
        for edit in edits {
            if edit.range.start < at || edit.range.end < edit.range.start || edit.range.end > self.len {
                let what = format!("an edit of bytes {} to {} overlaps another, or the end", edit.range.start, edit.range.end);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            self.copy(at..edit.range.start, &mut pieces);
            push(&mut pieces, Piece::Bytes(edit.bytes.clone()));
            at = edit.range.end;
        }
        self.copy(at..self.len, &mut pieces);
        let len = pieces.iter().map(Piece::len).sum();
        Ok(Text { sources: self.sources.clone(), pieces, len })
    }

    /// Appends the pieces of a range.
    fn copy(&self, range: Range<u64>, out: &mut Vec<Piece>) {
        let mut start = 0u64;
        for piece in &self.pieces {
            let end = start.saturating_add(piece.len());
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                match piece {
                    Piece::Copy { source, range: place } => {
                        push(out, Piece::Copy { source: *source, range: place.start + (from - start)..place.start + (to - start) });
                    }
                    Piece::Bytes(bytes) => {
                        let (Ok(a), Ok(b)) = (usize::try_from(from - start), usize::try_from(to - start)) else { continue };
                        push(out, Piece::Bytes(bytes.get(a..b).unwrap_or_default().to_vec()));
                    }
                }
            }
            if end >= range.end {
                break;
            }
            start = end;
        }
    }

    /// The ranges of the file on the disk that a range of this text is made of.
    pub fn origins(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut found = Vec::new();
        let mut start = 0u64;
        for piece in &self.pieces {
            let end = start.saturating_add(piece.len());
            let (from, to) = (range.start.max(start), range.end.min(end));
            if let Piece::Copy { range: place, .. } = piece
                && from < to
            {
                found.push(place.start + (from - start)..place.start + (to - start));
            }
            start = end;
        }
        found
    }
}
