//! The lost-and-found: bytes that could not stay in a transcript, kept in the run's folder with their place and hash.
//!
//! `lost-and-found.jsonl` has a line for each: file, offset and length in bytes, hash, rule, and the place in
//! `lost-and-found.bin`, which holds the bytes one after another.

use std::io::{self, Read};
use std::path::PathBuf;

use super::{Lost, Mended};
use crate::apply::Content;
use crate::apply::journal;
use crate::stitch::piece::{Output, Piece};

/// Name of the list.
pub(super) const LIST: &str = "lost-and-found.jsonl";
/// Name of the bytes.
pub(super) const BYTES: &str = "lost-and-found.bin";

/// The ranges in the order of the file, each once.
pub(super) fn merged(mut lost: Vec<Lost>) -> Vec<Lost> {
    lost.sort_by_key(|lost| (lost.range.start, lost.range.end));
    lost.dedup_by(|a, b| a.range == b.range);
    lost
}

/// The bytes of all lost ranges, one after another.
#[derive(Debug)]
pub(super) struct Bytes {
    sources: Vec<PathBuf>,
    pieces: Vec<Piece>,
}

impl Bytes {
    /// Of these transcripts.
    pub(super) fn of(files: &[Mended]) -> Self {
        let pieces = files
            .iter()
            .enumerate()
            .flat_map(|(source, file)| file.lost.iter().map(move |lost| Piece::Copy { source, range: lost.range.clone() }));
        Self { sources: files.iter().map(|file| file.path.clone()).collect(), pieces: pieces.collect() }
    }

    /// Whether nothing was lost.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

impl Content for Bytes {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Output::new(&self.pieces, &self.sources)))
    }
}

/// The list of what was lost.
///
/// # Errors
/// What reading the files gives.
pub(super) fn list(files: &[Mended]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0u64;
    for file in files {
        let sources = [file.path.clone()];
        for lost in &file.lost {
            let pieces = [Piece::Copy { source: 0, range: lost.range.clone() }];
            let (len, hash) = journal::hash(Output::new(&pieces, &sources))?;
            let name = file.path.file_name().unwrap_or_default().to_string_lossy();
            let line = serde_json::json!({
                "file": name, "offset": lost.range.start, "bytes": len, "blake3": hash, "rule": lost.rule, "at": at,
            });
            out.extend_from_slice(line.to_string().as_bytes());
            out.push(b'\n');
            at = at.saturating_add(len);
        }
    }
    Ok(out)
}
