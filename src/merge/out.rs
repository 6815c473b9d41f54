//! A plan in, its result in a file of its own out; sources and store stay as they are.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::Plan;
use crate::apply::journal;
use crate::stitch::piece::Output;

/// Writes the result to a new file, with the mode of the survivor.
///
/// # Errors
/// When there is something of that name, when writing fails, or when a source changed after the plan was made: with no
/// file left behind.
pub fn write_out(plan: &Plan, path: &Path) -> io::Result<()> {
    let file = File::create_new(path)?;
    let written = (|| {
        let like = plan.sources.get(plan.survivor).and_then(|source| fs::metadata(&source.path).ok());
        crate::platform::make_like(&file, like.as_ref().and_then(crate::platform::mode), None)?;
        let mut tee = Tee { source: Output::new(&plan.stitched.pieces, &plan.stitched.sources), copy: BufWriter::new(&file) };
        let print = journal::hash(&mut tee)?;
        tee.copy.flush()?;
        if print != plan.result {
            return Err(io::Error::other("a source changed after the plan was made; run the command again"));
        }
        file.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

struct Tee<R, W> {
    source: R,
    copy: W,
}

impl<R: io::Read, W: io::Write> io::Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.source.read(buffer)?;
        self.copy.write_all(buffer.get(..got).unwrap_or_default())?;
        Ok(got)
    }
}
