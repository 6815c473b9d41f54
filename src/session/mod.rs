//! The lines of one file in, a [`Session`] out: entries, turns, images, runs and faults. No text is kept.

mod build;
pub mod mentions;
pub mod names;
mod version;

pub use build::identity;
pub use build::{Reader, Scratch, read, read_with};

use std::path::PathBuf;

use crate::line::{Fault, Kind, Role};
use crate::picture::{Flaw, Picture};
use crate::read::{Change, Span};
use crate::signal::Reading;
use crate::signal::image::ImageForm;
use names::{Names, Ref};

/// Entries indexed of one file. Beyond that the rest is counted, and the file is reported as not fully read.
pub const MAX_ENTRIES: usize = 2_000_000;
/// Bytes of entry ids kept of one file; an entry beyond it is counted as one beyond [`MAX_ENTRIES`].
pub const MAX_ID_BYTES: usize = 128 << 20;
/// User turns, images and session headers kept of one file, each; what is beyond is counted.
pub const MAX_ITEMS: usize = 200_000;
/// Background commands, and tool calls without a result, that are followed in one file.
pub const MAX_OPEN: usize = 1_000;
/// Bytes of an id, name or path that a text or field states; what is longer is none.
pub const MAX_STATED: usize = 4_096;
/// Faults kept of one file; beyond that they are counted.
pub const MAX_FAULTS: usize = 1_000;

/// The first line of a transcript.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// Session id; a transcript whose header has none is empty to the loader.
    pub id: Option<String>,
    /// Time of creation, UTC ms.
    pub time_ms: Option<i64>,
    /// Format version as JavaScript compares it, so that `"3"` is 3 and what is no number at all is newer than every old
    /// one; a header without one is version 1.
    pub version: Option<i64>,
    /// The version is written as something else than a whole number.
    pub odd_version: bool,
    /// A field that matters stands twice.
    pub duplicate_field: bool,
    /// Working directory of the agent.
    pub cwd: Option<String>,
    /// Path of the transcript this one was forked from.
    pub parent_session: Option<String>,
    /// Line number, from 1.
    pub line: u64,
}

/// Where a session header stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLine {
    /// Line number, from 1.
    pub line: u64,
    /// Where the line is.
    pub span: Span,
    /// Its place among the lines that parse, from 0.
    pub ordinal: u64,
}

/// A tool call of an assistant message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its id; may repeat within a file.
    pub id: String,
    /// Name of the tool.
    pub name: String,
}

/// A line that is an entry of the tree.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Where the line is.
    pub span: Span,
    /// Line number, from 1.
    pub line: u32,
    /// Its own id.
    pub id: Ref,
    /// Its parent's id.
    pub parent: Ref,
    /// Time of the entry, UTC ms; [`Entry::NO_TIME`] when it has none.
    pub time_ms: i64,
    /// The `type`.
    pub kind: Kind,
    /// The role of its message; `None` for other kinds, and for a message entry without a message.
    pub role: Option<Role>,
    /// More about it; see [`Flags`].
    pub flags: Flags,
    /// Inline images of the message.
    pub images: u16,
    /// Raw length of its text in bytes.
    pub text_len: u32,
}

impl Entry {
    /// Stands for a time that is missing or unreadable.
    pub const NO_TIME: i64 = i64::MIN;

    /// The time, if it has one.
    pub fn time(&self) -> Option<i64> {
        (self.time_ms != Self::NO_TIME).then_some(self.time_ms)
    }
}

/// Yes-or-no facts of an entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// A copy of an outbound message (`delivery-mirror`).
    pub mirror: bool,
    /// A note that the gateway wrote in the model's place (`gateway-injected`); like a mirror, no request repeats it.
    pub injected: bool,
    /// An assistant that ended in an error or was aborted.
    pub failed: bool,
    /// A summary that is not empty (branch and compaction entries).
    pub summary: bool,
    /// A message with tool calls.
    pub calls: bool,
    /// A field that matters stands twice.
    pub duplicate_field: bool,
    /// A message that says nothing: no blocks but text, and no text but white space.
    pub blank: bool,
}

/// A tool call, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolCall {
    /// Index of the assistant's entry.
    pub entry: u32,
    /// Its id, among [`Session::call_names`]; ids repeat, so position counts too.
    pub id: Ref,
    /// `partialJson` is left over from the stream.
    pub partial: bool,
}

/// A tool result, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolResult {
    /// Index of its entry.
    pub entry: u32,
    /// Id of the call, among [`Session::call_names`].
    pub call: Ref,
}

/// A thinking block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thought {
    /// Index of the assistant's entry.
    pub entry: u32,
    /// Length in bytes and identity of the signature, if there is one.
    pub signature: Option<(u64, u64)>,
}

/// References of the few kinds of entry that have any besides `parentId`.
#[derive(Debug, Clone, Copy)]
pub struct Links {
    /// Index of the entry.
    pub entry: u32,
    /// `firstKeptEntryId`, `targetId` or `fromId`.
    pub target: Ref,
    /// `firstKeptEntryIndex` of a version 1 compaction: counts every line that parses, the header too.
    pub index: Option<u64>,
}

/// A user turn.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Index of its entry.
    pub entry: u32,
    /// Time of the entry, else of the message, else of what stands before it, UTC ms.
    pub at_ms: i64,
    /// When the gateway received the message (`message.timestamp`), UTC ms.
    pub received_ms: Option<i64>,
    /// What its text tells.
    pub reading: Reading,
    /// `senderId` of `__openclaw`, which the gateway writes and a chat cannot.
    pub sender: Option<String>,
    /// Identity of the user's own words; `None` when there are none.
    pub words: Option<u64>,
    /// Whether an assistant answered with content.
    pub answered: bool,
    /// Whether the answer was a heartbeat acknowledgement.
    pub acknowledged: bool,
}

/// A background command that a tool result reports as running.
#[derive(Debug, Clone)]
pub struct ExecRun {
    /// Its name, two words.
    pub slug: String,
    /// Time of the entry, UTC ms.
    pub at_ms: i64,
    /// Index of the tool result's entry.
    pub entry: u32,
    /// Whether its end shows in the same transcript.
    pub ended: bool,
}

/// An image of a message.
#[derive(Debug, Clone)]
pub struct Image {
    /// Index of the entry.
    pub entry: u32,
    /// How it is there.
    pub source: ImageSource,
}

/// How an image is in a transcript.
#[derive(Debug, Clone)]
pub enum ImageSource {
    /// Base64 in the line; the text may be empty.
    Inline {
        /// Where the base64 is.
        span: Span,
        /// The declared type.
        mime: Option<String>,
        /// Same image, same value.
        fingerprint: u64,
        /// What its header says; the size of a photo with long notes in front stands too far behind to be known here.
        picture: Picture,
        /// Why no provider would decode it, if it has a flaw.
        flaw: Option<Flaw>,
    },
    /// An image block that points to a URL instead of holding data.
    Remote,
    /// A path or id in the text, or a `Media*` field.
    Reference {
        /// How it is written.
        form: ReferenceForm,
        /// The path; `None` for a placeholder without one.
        path: Option<String>,
    },
}

/// Where a reference to an image stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceForm {
    /// In the text of the message.
    Text(ImageForm),
    /// In `MediaPath` or `MediaPaths`, which the gateway writes.
    Field,
}

/// How the real loader takes the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loads {
    /// It reads the entries.
    Yes,
    /// The first line that parses is no header with an id: the loader sees an empty session, and some releases then overwrite the file.
    Empty,
    /// A line (number from 1) that is `null` makes it fail.
    Fails(u64),
}

/// Strings of one kind that are shaped like live credentials. The strings themselves are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// Whose they are shaped like.
    pub kind: crate::secret::Kind,
    /// Line of the first, from 1.
    pub line: u64,
    /// Where the first is.
    pub place: Span,
    /// How many there are.
    pub count: u64,
}

/// The index of one transcript.
#[derive(Debug)]
pub struct Session {
    /// The file.
    pub path: PathBuf,
    /// Bytes read.
    pub bytes: u64,
    /// How the file changed while it was read.
    pub change: Option<Change>,
    /// The first session line, wherever it stands.
    pub header: Option<Header>,
    /// Where the session headers are; an ordinary transcript has one.
    pub headers: Vec<HeaderLine>,
    /// How the loader takes the file.
    pub loads: Loads,
    /// Entries in file order.
    pub entries: Vec<Entry>,
    /// References of compactions, labels, leaves and branch summaries, by entry.
    pub links: Vec<Links>,
    /// Ids of the entries.
    pub names: Names,
    /// User turns in file order.
    pub turns: Vec<Turn>,
    /// Background commands.
    pub runs: Vec<ExecRun>,
    /// Images in file order.
    pub images: Vec<Image>,
    /// All tool calls.
    pub calls: Vec<ToolCall>,
    /// All tool results.
    pub results: Vec<ToolResult>,
    /// Ids of the tool calls.
    pub call_names: Names,
    /// Thinking blocks.
    pub thoughts: Vec<Thought>,
    /// Tool calls of the last assistant message that have no result yet.
    pub open_calls: Vec<Call>,
    /// Time of the last error that the model or the gateway wrote down, UTC ms.
    pub last_error_ms: Option<i64>,
    /// `clawfix:seam` entries: places where an earlier merge stitched.
    pub seams: u32,
    /// Whether messages carry `__openclaw` or `Media*` fields (May 2026 and later).
    pub has_internal_fields: bool,
    /// Strings shaped like credentials, by kind, in the order of their first places.
    pub credentials: Vec<Credential>,
    /// Lines with a fault, up to [`MAX_FAULTS`].
    pub faults: Vec<Fault>,
    /// All faults.
    pub fault_count: u64,
    /// Whether the file ends without a newline.
    pub unterminated: bool,
    /// Lines that are not blank.
    pub lines: u64,
    /// Entries, turns, images and blocks beyond the bounds of a file or a line, which were counted and not indexed.
    pub left_out: u64,
}

impl Session {
    /// An empty index of a file.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            bytes: 0,
            change: None,
            header: None,
            headers: Vec::new(),
            loads: Loads::Empty,
            entries: Vec::new(),
            links: Vec::new(),
            names: Names::default(),
            turns: Vec::new(),
            runs: Vec::new(),
            images: Vec::new(),
            calls: Vec::new(),
            results: Vec::new(),
            call_names: Names::default(),
            thoughts: Vec::new(),
            open_calls: Vec::new(),
            last_error_ms: None,
            seams: 0,
            has_internal_fields: false,
            credentials: Vec::new(),
            faults: Vec::new(),
            fault_count: 0,
            unterminated: false,
            lines: 0,
            left_out: 0,
        }
    }

    /// The entry of that index.
    pub fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// Line number of an entry, from 1; 0 when there is no such entry.
    pub fn line_of(&self, index: u32) -> u64 {
        self.entry(index).map_or(0, |entry| u64::from(entry.line))
    }

    /// Format version as the loader takes it: a header without one is version 1.
    pub fn version(&self) -> i64 {
        self.header.as_ref().and_then(|header| header.version).unwrap_or(1)
    }

    /// Time of the header, else of the first entry that has one, UTC ms.
    pub fn started_ms(&self) -> Option<i64> {
        self.header.as_ref().and_then(|header| header.time_ms).or_else(|| self.entries.iter().find_map(Entry::time))
    }

    /// The latest time of any entry, UTC ms. Entry order and time order differ in re-written files.
    pub fn last_ms(&self) -> Option<i64> {
        self.entries.iter().filter_map(Entry::time).max().or_else(|| self.header.as_ref().and_then(|header| header.time_ms))
    }

    /// The earliest time of any entry, UTC ms.
    pub fn first_ms(&self) -> Option<i64> {
        self.entries.iter().filter_map(Entry::time).min().or_else(|| self.header.as_ref().and_then(|header| header.time_ms))
    }

    /// Turns that a person took.
    pub fn human_turns(&self) -> impl DoubleEndedIterator<Item = &Turn> {
        self.turns.iter().filter(|turn| turn.reading.kind.is_human())
    }

    /// Whether anything in the file looks like an OpenClaw transcript.
    pub fn is_transcript(&self) -> bool {
        self.header.is_some()
            || self.entries.iter().any(|entry| !matches!(entry.kind, Kind::Unknown | Kind::NotAnObject | Kind::Scalar | Kind::Null))
    }
}
