//! A file in, its lines out: blocks from one reused buffer, cut at newlines, with byte offsets.
//!
//! A line reaches the sink as one or more chunks and an end, so that no line, however long, is ever held whole.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

/// Size of the one block that is in memory at a time, in bytes.
pub const BLOCK: usize = 1 << 20;
/// Bytes that a compressed archive may unpack to; a few bytes of a hostile one would else keep a scan busy for ever.
pub const MAX_UNPACKED: u64 = 16 << 30;

/// A run of bytes in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Span {
    /// Offset of the first byte from the start of the file.
    pub offset: u64,
    /// Length in bytes, without the newline where the span is a line.
    pub len: u64,
}

/// What is known of a chunk's bytes before anyone looks at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// The chunk is valid UTF-8.
    pub utf8: bool,
    /// The chunk holds a control character other than a newline.
    pub control: bool,
}

/// Takes the lines of a file.
pub trait LineSink {
    /// The next bytes of the line at hand; never holds a newline.
    fn chunk(&mut self, bytes: &[u8], quality: Quality);
    /// The line is over. `terminated` is false when the file ends without a newline.
    fn end(&mut self, span: Span, terminated: bool);
}

/// How the file changed between the first and the last look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It got longer; what came after the first look was not read.
    Grew,
    /// It got shorter.
    Shrank,
    /// Same length, other modification time.
    Rewritten,
    /// Its name no longer leads to it.
    Vanished,
}

impl Change {
    /// The change as the end of the sentence "the file ... while it was read".
    pub fn verb(self) -> &'static str {
        match self {
            Change::Grew => "grew",
            Change::Shrank => "shrank",
            Change::Rewritten => "was rewritten",
            Change::Vanished => "vanished",
        }
    }
}

/// What reading a file came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Bytes that reached the sink, newlines included.
    pub bytes: u64,
    /// How the file changed meanwhile, if it did.
    pub change: Option<Change>,
}

/// A moment of a file: what must stay the same for a reading to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    len: u64,
    modified: Option<SystemTime>,
}

impl Moment {
    fn of(meta: &Metadata) -> Self {
        Self { len: meta.len(), modified: meta.modified().ok() }
    }
}

/// Streams the lines of a file into `sink`, up to the length the file has now.
///
/// Compressed archives (`.zst`) are unpacked on the way; their offsets count unpacked bytes.
/// `progress` is told how many bytes each block brought.
///
/// # Errors
/// Whatever opening or reading gives, and `InvalidInput` for anything but a regular file: a FIFO would never end.
pub fn lines(path: &Path, sink: &mut impl LineSink, progress: &dyn Fn(u64)) -> io::Result<Outcome> {
    lines_with(&mut Vec::new(), path, sink, progress)
}

/// As [`lines`], with a buffer that is kept from file to file: it grows to [`BLOCK`] at most, and is cleared but once.
///
/// # Errors
/// As [`lines`].
pub fn lines_with(buffer: &mut Vec<u8>, path: &Path, sink: &mut impl LineSink, progress: &dyn Fn(u64)) -> io::Result<Outcome> {
    let (file, meta) = crate::platform::open_regular(path)?;
    let before = Moment::of(&meta);
    let packed = path.extension().is_some_and(|ext| ext == "zst");
    let bytes = if packed {
        let unpacked = unpack(file)?;
        let bytes = blocks_with(room(buffer, BLOCK), unpacked.take(MAX_UNPACKED), sink, progress)?;
        if bytes >= MAX_UNPACKED {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it unpacks to more than 16 GiB; no transcript is that large"));
        }
        bytes
    } else {
        // Folders hold many tiny files, so the buffer is no larger than the largest file.
        let size = usize::try_from(before.len).unwrap_or(BLOCK);
        blocks_with(room(buffer, size), file.take(before.len), sink, progress)?
    };
    let change = match std::fs::metadata(path).map(|meta| Moment::of(&meta)) {
        Err(_) => Some(Change::Vanished),
        Ok(after) if after == before => None,
        Ok(after) if after.len > before.len => Some(Change::Grew),
        Ok(after) if after.len < before.len => Some(Change::Shrank),
        Ok(_) => Some(Change::Rewritten),
    };
    Ok(Outcome { bytes, change })
}

/// A zstd archive, unpacked as it is read. Its errors say nothing of what is in the file.
///
/// # Errors
/// What reading gives, and `InvalidData` for what is no such archive or a damaged one.
pub(crate) fn unpack(file: File) -> io::Result<Unpacked> {
    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    let decoder = ruzstd::decoding::StreamingDecoder::new(file).map_err(|error| {
        let why = match error {
            FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::MagicNumberReadError(e))
                if e.kind() != io::ErrorKind::UnexpectedEof =>
            {
                return e;
            }
            FrameDecoderError::ReadFrameHeaderError(
                ReadFrameHeaderError::BadMagicNumber(_) | ReadFrameHeaderError::MagicNumberReadError(_),
            ) => "it is no zstd archive",
            _ => DAMAGED,
        };
        io::Error::new(io::ErrorKind::InvalidData, why)
    })?;
    Ok(Unpacked(decoder))
}

const DAMAGED: &str = "the zstd archive is damaged";

/// What [`unpack`] gives.
pub(crate) struct Unpacked(ruzstd::decoding::StreamingDecoder<File, ruzstd::decoding::FrameDecoder>);

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.raw_os_error() {
            Some(_) => error,
            None => io::Error::new(io::ErrorKind::InvalidData, DAMAGED),
        })
    }
}

/// The front of the buffer, made large enough for a file of that length.
fn room(buffer: &mut Vec<u8>, len: usize) -> &mut [u8] {
    let size = len.clamp(64, BLOCK);
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    buffer
}

/// Streams the lines of any source into `sink` by blocks of at most `size` bytes; gives the bytes read.
///
/// # Errors
/// The first read error that is not an interruption.
pub fn blocks(source: impl Read, size: usize, sink: &mut impl LineSink, progress: &dyn Fn(u64)) -> io::Result<u64> {
    blocks_with(&mut vec![0; size.max(8)], source, sink, progress)
}

/// As [`blocks`], with a buffer that is there already; it must have room for more than one character.
fn blocks_with(buffer: &mut [u8], mut source: impl Read, sink: &mut impl LineSink, progress: &dyn Fn(u64)) -> io::Result<u64> {
    // Bytes of a character that the last block cut in two wait at the front of the buffer.
    let mut held = 0usize;
    let mut cutter = Cutter { sink, offset: 0, line_start: 0, open: false };
    loop {
        let room = buffer.get_mut(held..).unwrap_or_default();
        let got = match source.read(room) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        progress(got as u64);
        let filled = held + got;
        let block = buffer.get(..filled).unwrap_or_default();
        let keep = incomplete_tail(block);
        cutter.block(block.get(..filled - keep).unwrap_or_default());
        buffer.copy_within(filled - keep..filled, 0);
        held = keep;
    }
    cutter.block(buffer.get(..held).unwrap_or_default());
    Ok(cutter.finish())
}

/// Cuts blocks into lines.
struct Cutter<'a, S> {
    sink: &'a mut S,
    offset: u64,
    line_start: u64,
    open: bool,
}

impl<S: LineSink> Cutter<'_, S> {
    fn block(&mut self, block: &[u8]) {
        if block.is_empty() {
            return;
        }
        // One look over the whole block nearly always settles both questions for all of its lines.
        let whole = quality(block);
        let clean = whole.utf8 && !whole.control;
        let mut start = 0usize;
        for newline in memchr::memchr_iter(b'\n', block) {
            self.chunk(block.get(start..newline).unwrap_or_default(), clean, whole);
            let end = self.offset + newline as u64;
            self.sink.end(Span { offset: self.line_start, len: end - self.line_start }, true);
            self.line_start = end + 1;
            self.open = false;
            start = newline + 1;
        }
        let rest = block.get(start..).unwrap_or_default();
        if !rest.is_empty() {
            self.chunk(rest, clean, whole);
            self.open = true;
        }
        self.offset += block.len() as u64;
    }

    fn chunk(&mut self, bytes: &[u8], clean: bool, whole: Quality) {
        if !bytes.is_empty() {
            self.sink.chunk(bytes, if clean { whole } else { quality(bytes) });
        }
    }

    fn finish(self) -> u64 {
        if self.open {
            self.sink.end(Span { offset: self.line_start, len: self.offset - self.line_start }, false);
        }
        self.offset
    }
}

fn quality(bytes: &[u8]) -> Quality {
    Quality { utf8: simdutf8::basic::from_utf8(bytes).is_ok(), control: has_control(bytes) }
}

/// Whether a control character other than a newline is among the bytes.
///
/// Folding without an early exit lets the compiler use wide instructions.
pub fn has_control(bytes: &[u8]) -> bool {
    bytes.chunks(4096).any(|chunk| chunk.iter().fold(false, |seen, &b| seen | ((b < 0x20) & (b != b'\n'))))
}

/// Length of the character at the end of the block that is not complete yet, at most 3 bytes.
fn incomplete_tail(block: &[u8]) -> usize {
    for back in 1..=3usize.min(block.len()) {
        let Some(&byte) = block.len().checked_sub(back).and_then(|at| block.get(at)) else { return 0 };
        let needed = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        return if back < needed { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[derive(Default)]
    struct Collect {
        line: Vec<u8>,
        lines: Vec<(Vec<u8>, Span, bool)>,
        bad_utf8: bool,
    }

    impl LineSink for Collect {
        fn chunk(&mut self, bytes: &[u8], quality: Quality) {
            self.bad_utf8 |= !quality.utf8;
            self.line.extend_from_slice(bytes);
        }
        fn end(&mut self, span: Span, terminated: bool) {
            self.lines.push((std::mem::take(&mut self.line), span, terminated));
        }
    }

    /// Hands out at most `step` bytes a read, as a slow disk or a pipe does.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buf.len());
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn spans_tile_the_source_whatever_the_block_size() {
        let source = "a\n\nlänger ✂️ line\r\n\n\u{1F600}end".as_bytes();
        for step in 1..source.len() + 1 {
            let mut sink = Collect::default();
            assert_eq!(blocks(Drip(source, step), 16, &mut sink, &|_| ()).unwrap(), source.len() as u64);
            let mut rebuilt = Vec::new();
            for (bytes, span, terminated) in &sink.lines {
                assert_eq!(span.offset, rebuilt.len() as u64);
                assert_eq!(span.len, bytes.len() as u64);
                rebuilt.extend_from_slice(bytes);
                if *terminated {
                    rebuilt.push(b'\n');
                }
            }
            assert_eq!(rebuilt, source);
            assert!(!sink.bad_utf8, "a character cut by a block of {step} bytes is still valid");
            assert!(!sink.lines.last().unwrap().2, "the last line has no newline");
        }
    }

    #[test]
    fn invalid_bytes_taint_their_own_line_only() {
        struct Flags(Vec<bool>, bool);
        impl LineSink for Flags {
            fn chunk(&mut self, _: &[u8], quality: Quality) {
                self.1 &= quality.utf8;
            }
            fn end(&mut self, _: Span, _: bool) {
                self.0.push(self.1);
                self.1 = true;
            }
        }
        let mut sink = Flags(Vec::new(), true);
        blocks(&b"good\nb\xFFd\nfine\n"[..], BLOCK, &mut sink, &|_| ()).unwrap();
        assert_eq!(sink.0, [true, false, true]);
    }

    #[test]
    fn what_cannot_be_unpacked_is_not_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl.zst");
        let told = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            lines(&path, &mut Collect::default(), &|_| ()).map_err(|error| error.to_string())
        };
        let no = Err("it is no zstd archive".to_owned());
        assert_eq!((told(b"the secret"), told(b""), told(b"{}")), (no.clone(), no.clone(), no));
        let good = ruzstd::encoding::compress_to_vec(&b"one\ntwo\n"[..], ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(told(&good).unwrap().bytes, 8);
        for end in 4..good.len() - 4 {
            assert_eq!(told(good.get(..end).unwrap()), Err(DAMAGED.to_owned()), "cut at {end}");
        }
    }

    #[test]
    fn a_file_that_grows_is_read_as_it_was_and_said_to_have_grown() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let grown = std::cell::Cell::new(false);
        let mut sink = Collect::default();
        let outcome = lines(&path, &mut sink, &|_| {
            if !grown.replace(true) {
                std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"three\n").unwrap();
            }
        })
        .unwrap();
        assert_eq!(outcome, Outcome { bytes: 8, change: Some(Change::Grew) });
        let gone = lines(&path, &mut Collect::default(), &|_| std::fs::remove_file(&path).unwrap_or(()));
        assert_eq!(gone.unwrap().change, Some(Change::Vanished));
        assert!(lines(dir.path(), &mut Collect::default(), &|_| ()).is_err(), "a folder is no transcript");
    }
}
