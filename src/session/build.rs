//! Builds a [`Session`] while the lines stream by.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{
    Call, Credential, Entry, ExecRun, Flags, Header, HeaderLine, Image, ImageSource, Links, Loads, MAX_ENTRIES, MAX_FAULTS, MAX_ID_BYTES,
    MAX_ITEMS, MAX_OPEN, MAX_STATED, ReferenceForm, Session, Thought, ToolCall, ToolResult, Turn,
};
use crate::line::{BlockKind, Fault, FaultKind, Id, Kind, Line, Parser, Role, Slot};
use crate::read::{LineSink, Quality, Span, lines_with};
use crate::secret::Scanner;
use crate::signal::image::{ImageForm, Speaker};
use crate::signal::{self, Prompts, Reading, TurnKind, exec, image};
use crate::time::{parse_iso_ms, sane};

use super::version;

/// Text of a tool result that can name a background command is no longer than this, in raw bytes.
const MAX_EXEC_TEXT: u64 = 64 * 1024;

/// Names of background commands are two words; longer ones, in bytes, are none.
const MAX_SLUG: usize = 256;
/// White space longer than this, in raw bytes, is not looked through: long texts are not decoded for this alone.
const LONGEST_BLANK: u64 = 4096;
/// Image references, and notices, followed of one text.
const MAX_REFERENCES: usize = 1_000;

/// Custom entry types under which the gateway writes down that a prompt failed.
const PROMPT_ERROR: &str = "openclaw:prompt-error";

/// Reads a transcript into its index.
///
/// # Errors
/// What [`crate::read::lines`] gives. Faults inside the file are no errors; they are in the index.
pub fn read(path: &Path, progress: &dyn Fn(u64)) -> io::Result<Session> {
    read_with(&mut Scratch::default(), path, progress)
}

/// Buffers that one reading leaves to the next. Keep one for each thread where there are many files.
#[derive(Debug, Default)]
pub struct Scratch {
    parser: Parser,
    buffer: Vec<u8>,
    prompts: Arc<Prompts>,
}

impl Scratch {
    /// Buffers for readings that know heartbeat prompts beside those of the gateway.
    pub fn with_prompts(prompts: Arc<Prompts>) -> Self {
        Scratch { prompts, ..Scratch::default() }
    }
}

/// Reads a transcript into its index with buffers that are there already.
///
/// # Errors
/// As [`read`].
pub fn read_with(scratch: &mut Scratch, path: &Path, progress: &dyn Fn(u64)) -> io::Result<Session> {
    let mut reader = Reader { parser: std::mem::take(&mut scratch.parser), ..Reader::new(path) };
    reader.indexer.prompts = Arc::clone(&scratch.prompts);
    // A parser that an error left in the middle of a line is not used again.
    let outcome = lines_with(&mut scratch.buffer, path, &mut reader, progress)?;
    scratch.parser = std::mem::take(&mut reader.parser);
    let mut session = reader.finish();
    session.bytes = outcome.bytes;
    session.change = outcome.change;
    Ok(session)
}

/// Takes the lines of one file; see [`LineSink`].
#[derive(Debug)]
pub struct Reader {
    parser: Parser,
    at_line_start: bool,
    indexer: Indexer,
}

impl Reader {
    /// A reader at the start of a file.
    pub fn new(path: &Path) -> Self {
        let indexer =
            Indexer { session: Session::new(path.to_owned()), line: 0, parsed: 0, waiting: None, clock_ms: 0, prompts: Arc::default() };
        Self { parser: Parser::new(), at_line_start: true, indexer }
    }

    /// The index of all lines that came.
    pub fn finish(self) -> Session {
        self.indexer.session
    }
}

impl LineSink for Reader {
    fn chunk(&mut self, bytes: &[u8], quality: Quality) {
        let first = std::mem::take(&mut self.at_line_start) && self.indexer.line == 0;
        // The loader trims the whole text first, which takes byte order marks off its front.
        let mut bytes = bytes;
        while let (true, Some(rest)) = (first, bytes.strip_prefix("\u{FEFF}".as_bytes())) {
            bytes = rest;
        }
        self.parser.feed(bytes, quality);
    }

    fn end(&mut self, span: Span, terminated: bool) {
        self.at_line_start = true;
        let indexer = &mut self.indexer;
        indexer.line += 1;
        indexer.session.unterminated = !terminated;
        match self.parser.end(terminated) {
            None => return,
            Some(Err((kind, at))) => {
                indexer.session.lines += 1;
                indexer.fault(span, at, kind);
            }
            Some(Ok((line, note))) => {
                indexer.session.lines += 1;
                if let Some(kind) = note {
                    indexer.fault(span, 0, kind);
                }
                indexer.line(&line, span);
                indexer.parsed += 1;
            }
        }
        indexer.credentials(self.parser.secrets(), span);
    }
}

/// Puts the facts of the lines together.
#[derive(Debug)]
struct Indexer {
    session: Session,
    line: u64,
    /// Lines that parsed so far.
    parsed: u64,
    /// The turn that waits for its answer, by index.
    waiting: Option<usize>,
    /// The last time that stood in the file.
    clock_ms: i64,
    /// Heartbeat prompts beside those of the gateway.
    prompts: Arc<Prompts>,
}

impl Indexer {
    /// Files what is shaped like a credential, the first place of each kind.
    fn credentials(&mut self, secrets: &Scanner, span: Span) {
        let mut beyond = secrets.count().saturating_sub(secrets.findings().len() as u64);
        for found in secrets.findings() {
            let known = match self.session.credentials.iter().position(|known| known.kind == found.kind) {
                Some(at) => self.session.credentials.get_mut(at),
                None => {
                    let place = Span { offset: span.offset.saturating_add(found.offset), len: u64::from(found.len) };
                    self.session.credentials.push(Credential { kind: found.kind, line: self.line, place, count: 0 });
                    self.session.credentials.last_mut()
                }
            };
            if let Some(known) = known {
                // What is beyond the bound of a line is counted with the first kind in it.
                known.count = known.count.saturating_add(1).saturating_add(std::mem::take(&mut beyond));
            }
        }
    }

    fn fault(&mut self, span: Span, at: u64, kind: FaultKind) {
        self.session.fault_count += 1;
        if self.session.faults.len() < MAX_FAULTS {
            self.session.faults.push(Fault { line: self.line, span, at: span.offset + at, kind });
        }
    }

    fn line(&mut self, line: &Line<'_>, span: Span) {
        let kind = line.kind();
        if self.parsed == 0 {
            let header = kind == Kind::Session && matches!(line.id_of(Slot::Id), Id::Text(_));
            self.session.loads = if header { Loads::Yes } else { Loads::Empty };
        }
        if kind == Kind::Null && !matches!(self.session.loads, Loads::Fails(_)) {
            // The header check reads a field of the first entry, the index one of every entry.
            if self.parsed == 0 || self.session.loads == Loads::Yes {
                self.session.loads = Loads::Fails(self.line);
            }
        }
        if kind == Kind::Session {
            self.header(line, span);
            return;
        }
        if self.session.entries.len() >= MAX_ENTRIES || self.session.names.bytes() >= MAX_ID_BYTES {
            self.session.left_out += 1;
            return;
        }
        let Ok(index) = u32::try_from(self.session.entries.len()) else { return };
        self.session.left_out += line.blocks_left_out();
        let entry = self.entry(line, kind, span);
        self.clock_ms = entry.time().unwrap_or(self.clock_ms);
        self.session.entries.push(entry);
        match kind {
            Kind::Message => match entry.role {
                Some(Role::User) => self.user(line, index, &entry),
                Some(Role::Assistant) => self.assistant(line, index, &entry),
                Some(Role::ToolResult) => self.tool_result(line, index, &entry),
                _ => self.inline_images(line, index, span),
            },
            Kind::CustomMessage => self.inline_images(line, index, span),
            Kind::Custom => self.custom(line, &entry),
            _ => {}
        }
        let target = match kind {
            Kind::Compaction | Kind::Reset => Slot::FirstKeptEntryId,
            Kind::Label | Kind::Leaf => Slot::TargetId,
            Kind::BranchSummary => Slot::FromId,
            _ => return,
        };
        let target = self.session.names.intern(&line.id_of(target));
        let kept = line.integer_of(Slot::FirstKeptEntryIndex).and_then(|index| u64::try_from(index).ok());
        self.session.links.push(Links { entry: index, target, index: kept });
    }

    fn header(&mut self, line: &Line<'_>, span: Span) {
        if self.session.headers.len() < MAX_ITEMS {
            self.session.headers.push(HeaderLine { line: self.line, span, ordinal: self.parsed });
        } else {
            self.session.left_out += 1;
        }
        if self.session.header.is_none() {
            let (version, odd_version) = version::of(line);
            self.session.header = Some(Header {
                id: line.text_of(Slot::Id).map(Into::into),
                time_ms: time_of(line),
                version,
                odd_version,
                duplicate_field: line.has_duplicate_field(),
                cwd: line.text_of(Slot::Cwd).map(Into::into),
                parent_session: line.text_of(Slot::ParentSession).map(Into::into),
                line: self.line,
            });
        }
    }

    fn entry(&mut self, line: &Line<'_>, kind: Kind, span: Span) -> Entry {
        let names = &mut self.session.names;
        let (id, parent) = (names.intern(&line.id_of(Slot::Id)), names.intern(&line.id_of(Slot::ParentId)));
        let images = line.blocks().iter().filter(|block| block.kind() == BlockKind::Image).count();
        let role = if kind == Kind::Message { line.role() } else { None };
        // Most lines are no message of the gateway's; only theirs have their model looked at.
        let own = matches!(line.text_of(Slot::Provider).as_deref(), Some("openclaw" | "clawdbot"));
        let model = if own { line.text_of(Slot::Model) } else { None };
        Entry {
            span,
            line: u32::try_from(self.line).unwrap_or(u32::MAX),
            id,
            parent,
            time_ms: time_of(line).unwrap_or(Entry::NO_TIME),
            kind,
            role,
            flags: Flags {
                mirror: model.as_deref() == Some("delivery-mirror"),
                injected: model.as_deref() == Some("gateway-injected"),
                failed: matches!(line.text_of(Slot::StopReason).as_deref(), Some("error" | "aborted")),
                summary: line.truthy(Slot::Summary),
                calls: line.blocks().iter().any(|block| block.kind() == BlockKind::ToolCall),
                duplicate_field: line.has_duplicate_field(),
                blank: role.is_some() && line.other_blocks() == 0 && line.text_len() <= LONGEST_BLANK && line.text().trim().is_empty(),
            },
            images: u16::try_from(images).unwrap_or(u16::MAX),
            text_len: u32::try_from(line.text_len()).unwrap_or(u32::MAX),
        }
    }

    fn user(&mut self, line: &Line<'_>, index: u32, entry: &Entry) {
        let text = line.text();
        if self.session.turns.len() >= MAX_ITEMS {
            self.session.left_out += 1;
            return;
        }
        let mut reading = bounded(signal::read(&text));
        for exit in &reading.exec_exits {
            end_runs(&mut self.session.runs, |slug| exec::names_run(&exit.slug, slug));
        }
        let words = text.get(reading.user_text.clone()).map(str::trim).filter(|words| !words.is_empty()).map(identity);
        let received_ms = line.integer_of(Slot::MessageTimestamp).and_then(sane);
        let at_ms = entry.time().or(received_ms).unwrap_or(self.clock_ms);
        let sender = stated(line.text_of(Slot::SenderId).map(Into::into));
        // What came through a channel is a person's, whatever it begins with.
        let own = reading.kind.is_human() && !reading.wrapped && sender.is_none();
        if own && text.get(reading.user_text.clone()).is_some_and(|text| self.prompts.fit(text)) {
            reading.kind = TurnKind::Heartbeat;
        }
        self.session.has_internal_fields |= line.has_internal_fields();
        self.waiting = Some(self.session.turns.len());
        self.session.turns.push(Turn { entry: index, at_ms, received_ms, reading, sender, words, answered: false, acknowledged: false });
        self.inline_images(line, index, entry.span);
        for path in line.media_paths() {
            if is_image_path(&path) {
                self.reference(index, ReferenceForm::Field, Some(path.into_owned()));
            }
        }
        self.references(&text, Speaker::User, index);
    }

    fn assistant(&mut self, line: &Line<'_>, index: u32, entry: &Entry) {
        if entry.flags.mirror {
            return;
        }
        if entry.flags.failed
            && let Some(time) = entry.time()
        {
            self.session.last_error_ms = Some(time);
        }
        let text = line.text();
        let said_something = entry.flags.calls || !text.trim().is_empty();
        if let Some(turn) = self.waiting.and_then(|at| self.session.turns.get_mut(at))
            && said_something
            && (!entry.flags.failed || entry.flags.calls)
        {
            turn.answered = true;
            turn.acknowledged = !entry.flags.calls && signal::acknowledges_heartbeat(&text);
            if !entry.flags.calls {
                self.waiting = None;
            }
        }
        self.session.open_calls.clear();
        self.blocks(line, index);
        for block in line.blocks().iter().filter(|block| block.kind() == BlockKind::ToolCall).take(MAX_OPEN) {
            let text = |part: Option<std::borrow::Cow<'_, str>>| part.map(Into::into).unwrap_or_default();
            self.session.open_calls.push(Call { id: text(line.block_id(block)), name: text(line.block_name(block)) });
        }
        self.inline_images(line, index, entry.span);
        if memchr::memmem::find(text.as_bytes(), b"MEDIA:").is_some() {
            self.references(&text, Speaker::Assistant, index);
        }
    }

    fn tool_result(&mut self, line: &Line<'_>, index: u32, entry: &Entry) {
        let call = self.session.call_names.intern(&line.id_of(Slot::ToolCallId));
        if self.session.results.len() < MAX_ITEMS {
            self.session.results.push(ToolResult { entry: index, call });
        } else {
            self.session.left_out += 1;
        }
        if let Some(call) = line.text_of(Slot::ToolCallId)
            && let Some(at) = self.session.open_calls.iter().position(|open| open.id == call)
        {
            self.session.open_calls.remove(at);
        }
        self.inline_images(line, index, entry.span);
        let status = line.text_of(Slot::DetailsStatus);
        let slug = line.text_of(Slot::DetailsSessionId);
        match (status.as_deref(), slug) {
            (Some("running"), Some(slug)) => self.run_started(&slug, index, entry),
            (Some(_), Some(slug)) => end_runs(&mut self.session.runs, |run| run == slug),
            (None, _) if line.text_len() <= MAX_EXEC_TEXT => {
                if let Some(slug) = exec::started(&line.text()) {
                    self.run_started(slug, index, entry);
                }
            }
            _ => {}
        }
    }

    /// Files the tool calls and thoughts of an assistant's message.
    fn blocks(&mut self, line: &Line<'_>, index: u32) {
        for block in line.blocks() {
            let session = &mut self.session;
            match block.kind() {
                BlockKind::ToolCall if session.calls.len() < MAX_ITEMS && session.call_names.bytes() < MAX_ID_BYTES => {
                    let id = session.call_names.intern(&line.block_id(block).map_or(Id::Missing, Id::Text));
                    session.calls.push(ToolCall { entry: index, id, partial: block.is_partial() });
                }
                BlockKind::Thinking if session.thoughts.len() < MAX_ITEMS => {
                    session.thoughts.push(Thought { entry: index, signature: block.signature() });
                }
                BlockKind::ToolCall | BlockKind::Thinking => session.left_out += 1,
                _ => {}
            }
        }
    }

    fn run_started(&mut self, slug: &str, index: u32, entry: &Entry) {
        let room = self.session.runs.len() < MAX_OPEN && slug.len() <= MAX_SLUG;
        if room && !self.session.runs.iter().any(|run| run.slug == slug && !run.ended) {
            self.session.runs.push(ExecRun { slug: slug.to_owned(), at_ms: entry.time_ms, entry: index, ended: false });
        }
    }

    fn custom(&mut self, line: &Line<'_>, entry: &Entry) {
        match line.text_of(Slot::CustomType).as_deref() {
            Some(PROMPT_ERROR) => self.session.last_error_ms = entry.time().or(self.session.last_error_ms),
            Some("clawfix:seam") => self.session.seams += 1,
            _ => {}
        }
    }

    fn inline_images(&mut self, line: &Line<'_>, index: u32, span: Span) {
        for block in line.blocks().iter().filter(|block| block.kind() == BlockKind::Image) {
            let source = match block.data() {
                Some((_, 0)) if block.has_url() => ImageSource::Remote,
                Some((offset, len)) => ImageSource::Inline {
                    span: Span { offset: span.offset + offset, len },
                    mime: line.block_mime(block).filter(|mime| mime.len() <= MAX_SLUG).map(Into::into),
                    fingerprint: block.fingerprint(),
                    picture: block.picture(),
                    flaw: block.flaw(),
                },
                None if block.has_url() => ImageSource::Remote,
                None => continue,
            };
            self.image(Image { entry: index, source });
        }
    }

    fn image(&mut self, image: Image) {
        if self.session.images.len() < MAX_ITEMS {
            self.session.images.push(image);
        } else {
            self.session.left_out += 1;
        }
    }

    fn references(&mut self, text: &str, speaker: Speaker, index: u32) {
        for found in image::references(text, speaker).into_iter().take(MAX_REFERENCES) {
            if found.path.is_some() || found.form == ImageForm::PrunedMark {
                self.reference(index, ReferenceForm::Text(found.form), found.path);
            }
        }
    }

    /// Files a reference once for each message and path: `MediaPath` often repeats what the text says.
    fn reference(&mut self, index: u32, form: ReferenceForm, path: Option<String>) {
        let path = match path {
            Some(long) if long.len() > MAX_STATED => return,
            path => path,
        };
        let same = |image: &Image| match &image.source {
            ImageSource::Reference { path: known, .. } => image.entry == index && path.is_some() && *known == path,
            _ => false,
        };
        if !self.session.images.iter().rev().take_while(|image| image.entry == index).any(same) {
            self.image(Image { entry: index, source: ImageSource::Reference { form, path } });
        }
    }
}

fn end_runs(runs: &mut [ExecRun], named: impl Fn(&str) -> bool) {
    for run in runs.iter_mut().filter(|run| named(&run.slug)) {
        run.ended = true;
    }
}

fn time_of(line: &Line<'_>) -> Option<i64> {
    let time = match line.text_of(Slot::Timestamp) {
        Some(text) => parse_iso_ms(&text),
        None => line.integer_of(Slot::Timestamp),
    };
    time.and_then(sane)
}

/// What a text or field states, unless it is too long to be meant.
fn stated(text: Option<String>) -> Option<String> {
    text.filter(|text| text.len() <= MAX_STATED)
}

/// A reading in bounded memory, whatever the text was.
fn bounded(mut reading: Reading) -> Reading {
    let ids = [&mut reading.channel, &mut reading.chat_id, &mut reading.thread_id, &mut reading.sender_id, &mut reading.message_id];
    for id in ids.into_iter().chain([&mut reading.reply_to]) {
        *id = stated(id.take());
    }
    reading.exec_exits.retain(|exit| exit.slug.len() <= MAX_SLUG);
    reading.exec_exits.truncate(MAX_REFERENCES);
    reading.exec_exits.shrink_to_fit();
    reading
}

/// Same words, same number. White space at line ends is no difference.
pub fn identity(words: &str) -> u64 {
    let mut hash = blake3::Hasher::new();
    for line in words.lines() {
        hash.update(line.trim_end().as_bytes()).update(b"\n");
    }
    let mut first = [0u8; 8];
    first.iter_mut().zip(hash.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(first)
}

/// Whether the name ends as an image's does.
fn is_image_path(path: &str) -> bool {
    const ENDINGS: [&str; 12] = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "heic", "heif", "tif", "tiff", "avif", "svg"];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
