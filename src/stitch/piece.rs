//! The stitched transcript as pieces: ranges of source files and a few new bytes between them. Nothing is held in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

/// A run of bytes of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of a source file, as they stand there.
    Copy {
        /// Index of the source.
        source: usize,
        /// Offsets in bytes.
        range: Range<u64>,
    },
    /// New bytes.
    Bytes(Vec<u8>),
}

impl Piece {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Piece::Copy { range, .. } => range.end.saturating_sub(range.start),
            Piece::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Replacement of a range of a source by new bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Offsets in the source; empty for an insertion.
    pub range: Range<u64>,
    /// What stands there instead.
    pub bytes: Vec<u8>,
}

/// Appends `range` of a source with its edits carried out, and gives their number. The edits are sorted; those that lie
/// outside the range are another's.
///
/// # Errors
/// When an edit overlaps the one before it, or reaches over an end of the range: `InvalidData`.
pub fn push_edited(pieces: &mut Vec<Piece>, source: usize, range: Range<u64>, edits: &[Edit]) -> io::Result<usize> {
    let mut at = range.start;
    let mut done = 0;
    for edit in edits {
        let Range { start, end } = edit.range;
        if end < range.start || start > range.end || (start < end && (end == range.start || start == range.end)) {
            continue;
        }
        if start < at || end < start || end > range.end {
            let what = format!("an edit of bytes {start} to {end} overlaps another, or an end of {} to {}", range.start, range.end);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        push(pieces, Piece::Copy { source, range: at..start });
        push(pieces, Piece::Bytes(edit.bytes.clone()));
        at = end;
        done += 1;
    }
    push(pieces, Piece::Copy { source, range: at..range.end });
    Ok(done)
}

/// Appends a piece; runs that continue one another become one.
pub fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    if piece.is_empty() {
        return;
    }
    match (pieces.last_mut(), piece) {
        (Some(Piece::Copy { source, range }), Piece::Copy { source: same, range: next }) if *source == same && range.end == next.start => {
            range.end = next.end;
        }
        (Some(Piece::Bytes(bytes)), Piece::Bytes(more)) => bytes.extend(more),
        (_, piece) => pieces.push(piece),
    }
}

/// Streams the output from its sources.
#[derive(Debug)]
pub struct Output<'a> {
    pieces: std::slice::Iter<'a, Piece>,
    sources: &'a [PathBuf],
    open: Option<(usize, File)>,
    current: Option<(&'a Piece, u64)>,
    skipped: Option<(&'a Piece, u64)>,
}

impl<'a> Output<'a> {
    /// The output from its first byte.
    pub fn new(pieces: &'a [Piece], sources: &'a [PathBuf]) -> Self {
        Self { pieces: pieces.iter(), sources, open: None, current: None, skipped: None }
    }

    /// Leaves that many bytes out of the output's front, without reading them.
    pub fn skip(&mut self, mut bytes: u64) {
        while bytes > 0 {
            let Some(piece) = self.pieces.next() else { return };
            let done = bytes.min(piece.len());
            bytes -= done;
            self.skipped = Some((piece, done)).filter(|_| done < piece.len());
        }
    }

    fn source(&mut self, source: usize) -> io::Result<&mut File> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != source) {
            let path = self.sources.get(source).ok_or(io::ErrorKind::NotFound)?;
            self.open = Some((source, crate::platform::open_regular(path)?.0));
        }
        self.open.as_mut().map(|(_, file)| file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Read for Output<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let (piece, done) = match self.current {
                Some((piece, done)) if done < piece.len() => (piece, done),
                _ => match self.skipped.take().or_else(|| self.pieces.next().map(|piece| (piece, 0))) {
                    Some((piece, done)) => {
                        if let Piece::Copy { source, range } = piece {
                            let start = range.start + done;
                            self.source(*source)?.seek(SeekFrom::Start(start))?;
                        }
                        self.current = Some((piece, done));
                        continue;
                    }
                    None => return Ok(0),
                },
            };
            let left = usize::try_from(piece.len() - done).unwrap_or(usize::MAX).min(buffer.len());
            let got = match piece {
                Piece::Bytes(bytes) => {
                    let from = usize::try_from(done).unwrap_or(usize::MAX);
                    let part = bytes.get(from..from.saturating_add(left)).unwrap_or_default();
                    buffer.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
                    part.len()
                }
                Piece::Copy { source, .. } => {
                    let room = buffer.get_mut(..left).unwrap_or_default();
                    self.source(*source)?.read(room)?
                }
            };
            if got == 0 && left > 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a source got shorter while it was read"));
            }
            self.current = Some((piece, done + got as u64));
            return Ok(got);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn edits_change_their_bytes_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let sources = [dir.path().join("a"), dir.path().join("b")];
        std::fs::write(&sources[0], b"0123456789").unwrap();
        std::fs::write(&sources[1], b"abcdef").unwrap();
        let mut pieces = Vec::new();
        push_edited(&mut pieces, 0, 0..4, &[]).unwrap();
        let edits = [
            Edit { range: 5..7, bytes: b"<>".to_vec() },
            Edit { range: 8..8, bytes: b"+".to_vec() },
            Edit { range: 90..91, bytes: b"!".to_vec() },
        ];
        assert_eq!(push_edited(&mut pieces, 0, 4..10, &edits).unwrap(), 2);
        push(&mut pieces, Piece::Bytes(Vec::new()));
        push_edited(&mut pieces, 1, 2..6, &[]).unwrap();
        push_edited(&mut pieces, 0, 0..1, &[]).unwrap();
        let mut out = String::new();
        Output::new(&pieces, &sources).read_to_string(&mut out).unwrap();
        assert_eq!(out, "01234<>7+89cdef0");
        assert_eq!(pieces.iter().map(Piece::len).sum::<u64>(), out.len() as u64);
        std::fs::write(&sources[1], b"abc").unwrap();
        assert!(Output::new(&pieces, &sources).read_to_end(&mut Vec::new()).is_err(), "a shorter source is an error");
    }
    #[test]
    fn edits_that_overlap_or_leave_the_range_are_refused() {
        let edit = |range: Range<u64>| Edit { range, bytes: b"x".to_vec() };
        let done = |edits: &[Edit]| push_edited(&mut Vec::new(), 0, 4..10, edits).map_err(|error| error.kind());
        assert_eq!(done(&[edit(0..4), edit(4..6), edit(6..6), edit(6..10), edit(10..12)]), Ok(3));
        for edits in [&[edit(4..7), edit(6..8)][..], &[edit(4..7), edit(4..7)], &[edit(3..5)], &[edit(9..11)], &[edit(3..11)]] {
            assert_eq!(done(edits), Err(io::ErrorKind::InvalidData), "{edits:?}");
        }
    }
}
