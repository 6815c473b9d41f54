//! A mended transcript in, the lines that differ out: what stood there and what stands there now, as bytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::Mended;
use crate::stitch::piece::Piece;

/// Bytes shown around a change on either side; a line can be longer than a screen, or than the memory.
const AROUND: u64 = 2048;
/// New bytes kept of one change.
const MOST_NEW: usize = 64 * 1024;

/// Lines that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// Line of the original at which it begins, from 1.
    pub line: u64,
    /// What stood there; of long lines the part around the change.
    pub old: Vec<u8>,
    /// What stands there now.
    pub new: Vec<u8>,
    /// Whether the lines begin before what is shown, and end behind it.
    pub cut: (bool, bool),
}

/// A change: bytes of the original that are gone, and those in their place.
struct Change {
    gone: Range<u64>,
    parts: Vec<(Range<u64>, Vec<u8>)>,
}

/// The lines that differ, in the order of the file.
///
/// # Errors
/// What reading the original gives.
pub fn hunks(mended: &Mended) -> io::Result<Vec<Hunk>> {
    let (mut file, _) = crate::platform::open_regular(&mended.path)?;
    let mut changes: Vec<Change> = Vec::new();
    for (gone, bytes) in gaps(mended) {
        let (start, end) = (line_start(&mut file, gone.start)?, line_end(&mut file, gone.clone(), &bytes, mended.before.len)?);
        match changes.last_mut() {
            Some(last) if start < last.gone.end => {
                last.gone.end = last.gone.end.max(end);
                last.parts.push((gone, bytes));
            }
            _ => changes.push(Change { gone: start..end, parts: vec![(gone, bytes)] }),
        }
    }
    let mut lines = Lines { file: crate::platform::open_regular(&mended.path)?.0, at: 0, line: 1 };
    changes.into_iter().map(|change| hunk(&mut file, &mut lines, change)).collect()
}

/// The ranges of the original that are missing from the result, each with what stands in its place.
fn gaps(mended: &Mended) -> Vec<(Range<u64>, Vec<u8>)> {
    let (mut gaps, mut at, mut bytes) = (Vec::new(), 0u64, Vec::new());
    let mut close = |gone: Range<u64>, bytes: &mut Vec<u8>| {
        if !gone.is_empty() || !bytes.is_empty() {
            gaps.push((gone, std::mem::take(bytes)));
        }
    };
    for piece in mended.text.pieces() {
        match piece {
            Piece::Bytes(new) => bytes.extend(new.iter().take(MOST_NEW)),
            Piece::Copy { range, .. } => {
                close(at..range.start, &mut bytes);
                at = range.end;
            }
        }
    }
    close(at..mended.before.len, &mut bytes);
    gaps
}

fn hunk(file: &mut File, lines: &mut Lines, change: Change) -> io::Result<Hunk> {
    let Range { start, end } = change.gone;
    let first = change.parts.first().map_or(start, |(gone, _)| gone.start);
    let last = change.parts.last().map_or(end, |(gone, _)| gone.end);
    let from = start.max(first.saturating_sub(AROUND));
    let to = end.min(last.saturating_add(AROUND));
    let line = lines.number(start)?;
    let mut new = Vec::new();
    let mut at = from;
    for (gone, bytes) in &change.parts {
        new.extend(read(file, at..gone.start)?);
        new.extend(bytes);
        at = gone.end;
    }
    new.extend(read(file, at..to)?);
    let old = read(file, from..to.min(from.saturating_add(MOST_NEW as u64)))?;
    Ok(Hunk { line, old, new, cut: (from > start, to < end) })
}

fn read(file: &mut File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(range.start))?;
    file.take(range.end.saturating_sub(range.start).min(MOST_NEW as u64)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The beginning of the line that a place is in, or a place not far before it where the line is long.
fn line_start(file: &mut File, at: u64) -> io::Result<u64> {
    let from = at.saturating_sub(AROUND * 2);
    let before = read(file, from..at)?;
    Ok(memchr::memrchr(b'\n', &before).map_or(from, |newline| from + newline as u64 + 1))
}

/// The end of the last line that a change touches, its newline left out; a change of whole lines ends where it ends.
fn line_end(file: &mut File, gone: Range<u64>, new: &[u8], len: u64) -> io::Result<u64> {
    let whole = if gone.is_empty() { new.ends_with(b"\n") } else { read(file, gone.end.saturating_sub(1)..gone.end)? == b"\n" };
    if whole {
        return Ok(gone.end);
    }
    let to = gone.end.saturating_add(AROUND * 2).min(len);
    let behind = read(file, gone.end..to)?;
    Ok(memchr::memchr(b'\n', &behind).map_or(to, |newline| gone.end + newline as u64))
}

/// Counts lines, forwards only.
struct Lines {
    file: File,
    at: u64,
    line: u64,
}

impl Lines {
    fn number(&mut self, place: u64) -> io::Result<u64> {
        let mut buffer = vec![0u8; 1 << 16];
        while self.at < place {
            let room = usize::try_from(place - self.at).unwrap_or(usize::MAX).min(buffer.len());
            let got = self.file.read(buffer.get_mut(..room).unwrap_or_default())?;
            if got == 0 {
                break;
            }
            self.line += memchr::memchr_iter(b'\n', buffer.get(..got).unwrap_or_default()).count() as u64;
            self.at += got as u64;
        }
        Ok(self.line)
    }
}
