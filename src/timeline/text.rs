//! A turn of the index in, its text out, read from the file again: the index keeps no text.
//!
//! The line is fed to the parser in chunks and never held; of a very long text both ends are kept. A line that is no
//! longer what the index says is not shown: the file has changed since.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::time::UNIX_EPOCH;

use crate::discover::TranscriptFile;
use crate::line::{BlockKind, Id, Kind, Line, Parser, Slot};
use crate::read::{Quality, Span};
use crate::session::names::{Names, Ref};
use crate::session::{Entry, Session};

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// The parser keeps this much of a summary; a longer one has been cut there.
const SUMMARY: usize = 4096;

/// What a turn says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// Its text, and the names of the tools that it calls.
    Said {
        /// All text blocks, joined by newlines.
        text: String,
        /// Names of tools, in order.
        calls: Vec<String>,
    },
    /// The file has changed since it was indexed, and the line is not what it was.
    Changed,
    /// The file cannot be read any more.
    Unreadable(String),
}

/// Reads turns of one transcript, best in file order.
pub struct Texts {
    source: Source,
    parser: Parser,
    buffer: Vec<u8>,
    at: u64,
    /// The byte before `at`.
    last: Option<u8>,
}

enum Source {
    Plain(File),
    /// Cold storage. It only reads forward.
    Packed(Box<dyn Read>),
    /// Nothing can be shown, for that reason.
    Closed(Text),
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The buffers hold message text, which belongs in no log.
        out.debug_struct("Texts").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Texts {
    /// Opens the file. What is in the way shows at each turn.
    pub fn open(file: &TranscriptFile) -> Self {
        let source = open(file).unwrap_or_else(|error| Source::Closed(Text::Unreadable(error.to_string())));
        Self { source, parser: Parser::new(), buffer: vec![0; CHUNK], at: 0, last: None }
    }

    /// The text of an entry.
    pub fn of(&mut self, session: &Session, entry: &Entry) -> Text {
        if let Source::Closed(why) = &self.source {
            return why.clone();
        }
        match self.feed(entry.span) {
            Ok(true) => {}
            Ok(false) => return Text::Changed,
            Err(error) => return Text::Unreadable(error.to_string()),
        }
        match self.parser.end(true) {
            Some(Ok((line, _))) if is_same(&line, session, entry) => said(&line),
            _ => Text::Changed,
        }
    }

    /// Feeds the line to the parser; false when there is no line from there to there.
    fn feed(&mut self, span: Span) -> io::Result<bool> {
        // A parser in the middle of a line starts over.
        self.parser = Parser::new();
        if span.offset > 0 {
            // The newline behind one line is the one before the next: it may have been read already.
            if self.at != span.offset {
                self.go_to(span.offset - 1)?;
                self.fill(1)?;
            }
            if self.at != span.offset || self.last != Some(b'\n') {
                return Ok(false);
            }
        } else {
            self.go_to(0)?;
        }
        let mut left = span.len;
        let mut first = span.offset == 0;
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let Some(got) = self.fill(want)? else { return Ok(false) };
            let chunk = self.buffer.get(..got).unwrap_or_default();
            if memchr::memchr(b'\n', chunk).is_some() {
                return Ok(false);
            }
            let bytes = if first { chunk.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(chunk) } else { chunk };
            // Flags only spare work; these claim nothing.
            self.parser.feed(bytes, Quality { utf8: true, control: true });
            first = false;
            left -= got as u64;
        }
        Ok(self.fill(1)?.is_none() || self.last == Some(b'\n'))
    }

    /// Fills the buffer with that many bytes, or as many as there are; `None` at the end of the file.
    fn fill(&mut self, want: usize) -> io::Result<Option<usize>> {
        let room = self.buffer.get_mut(..want).unwrap_or_default();
        let mut filled = 0;
        while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.source.read(rest) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.at += filled as u64;
        self.last = filled.checked_sub(1).and_then(|end| self.buffer.get(end)).copied().or(self.last);
        Ok((filled > 0).then_some(filled))
    }

    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        if let Source::Plain(file) = &mut self.source {
            file.seek(SeekFrom::Start(offset))?;
            self.at = offset;
            return Ok(());
        }
        let ahead = offset.checked_sub(self.at).ok_or_else(|| io::Error::other("compressed files are read forward only"))?;
        self.at += io::copy(&mut (&mut self.source).take(ahead), &mut io::sink())?;
        Ok(())
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::Plain(file) => file.read(buffer),
            Source::Packed(decoder) => decoder.read(buffer),
            Source::Closed(_) => Ok(0),
        }
    }
}

fn open(known: &TranscriptFile) -> io::Result<Source> {
    let (file, now) = crate::platform::open_regular(&known.path)?;
    // A file that only grew is still what it was, line for line; each line is checked anyway.
    let rewritten = now.len() < known.len || (now.len() == known.len && modified_ms(&now) != known.modified_ms);
    if rewritten {
        return Ok(Source::Closed(Text::Changed));
    }
    if known.path.extension().is_some_and(|ending| ending == "zst") {
        return crate::read::unpack(file).map(|unpacked| Source::Packed(Box::new(unpacked)));
    }
    Ok(Source::Plain(file))
}

fn modified_ms(metadata: &Metadata) -> Option<i64> {
    let modified = metadata.modified().ok()?;
    match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok(),
        Err(before) => i64::try_from(before.duration().as_millis()).ok().map(i64::saturating_neg),
    }
}

/// Whether a line is the one that the index describes.
fn is_same(line: &Line<'_>, session: &Session, entry: &Entry) -> bool {
    let role = if line.kind() == Kind::Message { line.role() } else { None };
    line.kind() == entry.kind
        && role == entry.role
        && names(&session.names, entry.id, &line.id_of(Slot::Id))
        && names(&session.names, entry.parent, &line.id_of(Slot::ParentId))
        && u32::try_from(line.text_len()).unwrap_or(u32::MAX) == entry.text_len
}

fn names(names: &Names, known: Ref, id: &Id<'_>) -> bool {
    match id {
        Id::Missing => known == Ref::MISSING,
        Id::Null => known == Ref::NULL,
        Id::Text(text) | Id::Other(text) => names.text(known) == Some(text),
    }
}

fn said(line: &Line<'_>) -> Text {
    let text = match line.kind() {
        Kind::Compaction | Kind::BranchSummary => {
            let mut summary = line.text_of(Slot::Summary).unwrap_or_default().into_owned();
            if summary.len() >= SUMMARY - 3 {
                summary.push('…');
            }
            summary
        }
        _ => line.text().into_owned(),
    };
    let calls = line.blocks().iter().filter(|block| block.kind() == BlockKind::ToolCall);
    let calls = calls.map(|block| line.block_name(block).map_or_else(|| "?".to_owned(), Into::into)).collect();
    Text::Said { text, calls }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::name::{FileName, classify};
    use std::path::Path;

    fn said_text(text: &str) -> Text {
        Text::Said { text: text.to_owned(), calls: Vec::new() }
    }

    fn message(id: &str, text: &str) -> String {
        format!("{{\"type\":\"message\",\"id\":\"{id}\",\"parentId\":null,\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n")
    }

    /// The file as discovery would have it now.
    fn known(path: &Path) -> TranscriptFile {
        let metadata = std::fs::metadata(path).unwrap();
        let file_name = path.file_name().unwrap().to_string_lossy().into_owned();
        let FileName::Transcript(name) = classify(&file_name) else { panic!("{file_name}") };
        let modified_ms = modified_ms(&metadata);
        TranscriptFile { path: path.to_owned(), file_name, name, len: metadata.len(), modified_ms, hard_links: 1, is_symlink: false }
    }

    fn texts(file: &TranscriptFile, session: &Session) -> Vec<Text> {
        let mut texts = Texts::open(file);
        session.entries.iter().map(|entry| texts.of(session, entry)).collect()
    }

    fn read(path: &Path) -> Session {
        crate::session::read(path, &|_| ()).unwrap()
    }

    #[test]
    fn every_line_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        let long = "x".repeat(3 * CHUNK);
        std::fs::write(&path, format!("\u{FEFF}{}\n{}{}", message("a", "first"), message("b", "zwei \\n drei"), message("c", &long)))
            .unwrap();
        let (file, session) = (known(&path), read(&path));
        let all = [said_text("first"), said_text("zwei \n drei"), said_text(&long)];
        assert_eq!(texts(&file, &session), all);
        let mut backwards = Texts::open(&file);
        for (entry, text) in session.entries.iter().zip(&all).rev() {
            assert_eq!(backwards.of(&session, entry), *text, "in any order");
        }
        let packed = dir.path().join("a.jsonl.deleted.2026-03-01T10-22-33.123Z.zst");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&packed, ruzstd::encoding::compress_to_vec(&bytes[..], ruzstd::encoding::CompressionLevel::Fastest)).unwrap();
        assert_eq!(texts(&known(&packed), &read(&packed)), all, "from cold storage");
    }

    #[test]
    fn a_file_that_changed_shows_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        let lines = message("a", "first") + &message("b", "other");
        std::fs::write(&path, &lines).unwrap();
        let (file, session) = (known(&path), read(&path));
        let became = |content: &str| {
            std::fs::write(&path, content).unwrap();
            texts(&file, &session)
        };
        let more = message("c", "more");
        assert_eq!(became(&(lines.clone() + &more)), [said_text("first"), said_text("other")], "it only grew");
        assert_eq!(became(&(message("a", "First!") + &message("b", "other") + &more)), [Text::Changed, Text::Changed]);
        assert_eq!(became(&(message("z", "first") + &message("b", "other") + &more)), [Text::Changed, said_text("other")]);
        assert_eq!(became(&(lines.replace('\n', " ") + &more)), [Text::Changed, Text::Changed], "no line there any more");
        assert_eq!(became("short"), [Text::Changed, Text::Changed]);
        std::fs::remove_file(&path).unwrap();
        assert!(texts(&file, &session).iter().all(|text| matches!(text, Text::Unreadable(_))));
    }

    #[test]
    fn a_rewrite_of_the_same_length_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, message("a", "first")).unwrap();
        let (mut file, session) = (known(&path), read(&path));
        std::fs::write(&path, message("a", "fresh")).unwrap();
        file.modified_ms = file.modified_ms.map(|at| at - 5);
        assert_eq!(texts(&file, &session), [Text::Changed]);
    }

    #[test]
    fn summaries_and_calls() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        let call = r#"{"type":"message","id":"a","message":{"role":"assistant","content":[{"type":"toolCall","id":"1","name":"exec"},{"type":"toolCall","id":"2"}]}}"#;
        let compaction = format!("{{\"type\":\"compaction\",\"id\":\"b\",\"summary\":\"{}\"}}", "s".repeat(9000));
        std::fs::write(&path, format!("{call}\n{compaction}\n")).unwrap();
        let found = texts(&known(&path), &read(&path));
        assert_eq!(found[0], Text::Said { text: String::new(), calls: vec!["exec".to_owned(), "?".to_owned()] });
        assert!(matches!(&found[1], Text::Said { text, .. } if text.ends_with("s…") && text.len() < 5000));
    }
}
