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
    /// Where each piece begins.
    starts: Vec<u64>,
    len: u64,
}

impl Text {
    /// A file as it is, of that length in bytes. It is opened when something is read.
    pub fn of_file(path: &Path, len: u64) -> Self {
        let pieces = if len > 0 { vec![Piece::Copy { source: 0, range: 0..len }] } else { Vec::new() };
        Self::new([path.to_owned()], pieces)
    }

    fn new(sources: [PathBuf; 1], pieces: Vec<Piece>) -> Self {
        let mut len = 0u64;
        let mut starts = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            starts.push(len);
            len = len.saturating_add(piece.len());
        }
        Self { sources, pieces, starts, len }
    }

    /// The pieces from the one that holds this place on, each with where it begins.
    fn from(&self, place: u64) -> impl Iterator<Item = (u64, &Piece)> {
        let first = self.starts.partition_point(|&start| start <= place).saturating_sub(1);
        self.starts.iter().copied().zip(&self.pieces).skip(first)
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
        let first = self.starts.partition_point(|&start| start <= range.start).saturating_sub(1);
        let mut output = Output::new(self.pieces.get(first..).unwrap_or_default(), &self.sources);
        output.skip(range.start.saturating_sub(self.starts.get(first).copied().unwrap_or_default()));
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
        Ok(Text::new(self.sources.clone(), pieces))
    }

    /// Appends the pieces of a range.
    fn copy(&self, range: Range<u64>, out: &mut Vec<Piece>) {
        for (start, piece) in self.from(range.start) {
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
        }
    }

    /// The ranges of the file on the disk that a range of this text is made of.
    pub fn origins(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut found = Vec::new();
        for (start, piece) in self.from(range.start) {
            if start >= range.end {
                break;
            }
            let end = start.saturating_add(piece.len());
            let (from, to) = (range.start.max(start), range.end.min(end));
            if let Piece::Copy { range: place, .. } = piece
                && from < to
            {
                found.push(place.start + (from - start)..place.start + (to - start));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Edits upon edits give what the same edits give on plain bytes, and every place reads as it should.
        #[test]
        fn edits_are_as_on_plain_bytes(rounds in prop::collection::vec(prop::collection::vec((0usize..60, 0usize..9, "[a-z]{0,5}"), 0..5), 1..5), from in 0usize..90, len in 0usize..40) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("text");
            let mut plain: Vec<u8> = (b'A'..=b'Z').chain(b'0'..=b'9').chain(b'A'..=b'Z').collect();
            std::fs::write(&path, &plain).unwrap();
            let original = plain.clone();
            let mut text = Text::of_file(&path, plain.len() as u64);
            for round in rounds {
                let mut edits: Vec<Edit> = Vec::new();
                let mut sorted = round.clone();
                sorted.sort();
                for (at, gone, bytes) in sorted {
                    let end = (at + gone).min(plain.len()) as u64;
                    let start = at as u64;
                    if start <= end && edits.last().is_none_or(|edit| edit.range.end <= start) {
                        edits.push(Edit { range: start..end, bytes: bytes.into_bytes() });
                    }
                }
                for edit in edits.iter().rev() {
                    plain.splice(edit.range.start as usize..edit.range.end as usize, edit.bytes.iter().copied());
                }
                text = text.edited(&edits).unwrap();
            }
            prop_assert_eq!(text.len(), plain.len() as u64);
            prop_assert_eq!(text.read(0..text.len()).unwrap(), plain.clone());
            let (start, end) = (from.min(plain.len()), (from + len).min(plain.len()));
            prop_assert_eq!(text.read(start as u64..end as u64).unwrap(), plain.get(start..end).unwrap());
            for range in text.origins(start as u64..end as u64) {
                let found = original.get(range.start as usize..range.end as usize).unwrap();
                prop_assert!(plain.get(start..end).unwrap().windows(found.len()).any(|window| window == found));
            }
        }
    }
}
