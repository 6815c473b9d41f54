//! The JSON of a timeline: a contract like that of `scan`. Fields are added, never renamed.

use std::io::{self, Write};

use serde::Serialize;

use super::{ShowReport, Showing};
use crate::report::json::{ConversationOut, SCHEMA_VERSION, conversation};
use crate::split::segment::Machine;
use crate::time::iso;
use crate::timeline::text::{Text, Texts};
use crate::timeline::{Picture, Piece, Turn};

/// The format `json`.
#[derive(Debug)]
pub struct Json;

impl ShowReport for Json {
    fn write(&self, showing: &Showing<'_>, out: &mut dyn Write) -> io::Result<()> {
        crate::report::json::print(&document(showing), out)
    }
}

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Document {
    /// See [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of the program.
    pub clawfix: &'static str,
    /// As in the JSON of `scan`; null for a transcript that is in no conversation.
    pub conversation: Option<ConversationOut>,
    /// The transcripts, oldest first.
    pub segments: Vec<PieceOut>,
}

/// A transcript.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "named as in the JSON of scan")]
pub struct PieceOut {
    pub path: String,
    pub session_id: String,
    pub state: &'static str,
    pub machine: Option<Machine>,
    /// Whether it was asked for by its own id or path.
    pub marked: bool,
    pub first: Option<String>,
    pub last: Option<String>,
    pub entries: u64,
    /// Lines with a fault.
    pub faults: u64,
    pub turns: Vec<TurnOut>,
    pub context: ContextOut,
}

/// A turn.
#[derive(Debug, Serialize)]
pub struct TurnOut {
    /// Line number, from 1.
    pub line: u64,
    /// When, RFC 3339.
    pub at: Option<String>,
    /// Who or what speaks; see [`crate::timeline::TurnOf::name`].
    pub kind: &'static str,
    /// The role of the message; null for what is no message.
    pub role: Option<&'static str>,
    /// Whether the model sees it, in the context of its own file.
    pub in_context: bool,
    /// Whether it ended in an error or was aborted.
    pub failed: bool,
    /// Whether it calls tools.
    pub calls_tools: bool,
    /// Length of its text in raw bytes.
    pub text_len: u32,
    /// Its text, with `--show-text` only; null when it could not be fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Option<String>>,
    /// Names of the tools that it calls, with `--show-text` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Why the text could not be fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_problem: Option<String>,
    /// Its images.
    pub images: Vec<PictureOut>,
}

/// An image.
#[derive(Debug, Serialize)]
pub struct PictureOut {
    /// `inline`, `reference`, `remote` or `pruned`.
    pub source: &'static str,
    /// The path, as it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where the path leads: `as-is`, `mapped`, `by-name` or `missing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<&'static str>,
    /// The file that it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The declared type of inline data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Length of inline data, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What the model sees of one transcript alone.
#[derive(Debug, Serialize)]
pub struct ContextOut {
    /// Line of the entry that the context ends at.
    pub leaf_line: Option<u64>,
    /// Entries without a parent in the file.
    pub roots: u32,
    /// Why the loader fails, if it does.
    pub failure: Option<String>,
    /// The messages in order.
    pub messages: Vec<MessageOut>,
}

/// A message that the model sees.
#[derive(Debug, Serialize)]
pub struct MessageOut {
    /// Line number, from 1.
    pub line: u64,
    /// Its role.
    pub role: &'static str,
    /// Its image blocks.
    pub images: u32,
}

/// Puts the report together.
pub fn document(showing: &Showing<'_>) -> Document {
    let timeline = showing.timeline;
    Document {
        schema_version: SCHEMA_VERSION,
        clawfix: env!("CARGO_PKG_VERSION"),
        conversation: timeline.conversation.map(|held| conversation(showing.outcome, timeline.agent, held)),
        segments: timeline.pieces.iter().map(|piece| segment(piece, showing.text)).collect(),
    }
}

fn segment(piece: &Piece<'_>, text: bool) -> PieceOut {
    let mut texts = text.then(|| Texts::open(piece.file));
    PieceOut {
        path: piece.file.path.to_string_lossy().into_owned(),
        session_id: piece.id.to_owned(),
        state: piece.state,
        machine: piece.machine,
        marked: piece.marked,
        first: piece.session.first_ms().map(iso),
        last: piece.session.last_ms().map(iso),
        entries: piece.session.entries.len() as u64,
        faults: piece.session.fault_count,
        turns: piece.turns.iter().map(|held| turn(piece, held, texts.as_mut())).collect(),
        context: context(piece),
    }
}

fn turn(piece: &Piece<'_>, turn: &Turn<'_>, texts: Option<&mut Texts>) -> TurnOut {
    let (text, tools, text_problem) = match texts.map(|texts| texts.of(piece.session, turn.entry)) {
        None => (None, Vec::new(), None),
        Some(Text::Said { text, calls }) => (Some(Some(text)), calls, None),
        Some(Text::Changed) => (Some(None), Vec::new(), Some("the file has changed since it was read".to_owned())),
        Some(Text::Unreadable(why)) => (Some(None), Vec::new(), Some(why)),
    };
    TurnOut {
        line: u64::from(turn.entry.line),
        at: turn.entry.time().map(iso),
        kind: turn.kind.name(),
        role: turn.entry.role.map(crate::line::Role::name),
        in_context: turn.in_context,
        failed: turn.entry.flags.failed,
        calls_tools: turn.entry.flags.calls,
        text_len: turn.entry.text_len,
        text,
        tools,
        text_problem,
        images: turn.images.iter().map(picture).collect(),
    }
}

fn picture(picture: &Picture<'_>) -> PictureOut {
    let resolution = picture.resolution.as_ref();
    PictureOut {
        source: picture.source.name(),
        path: picture.path.map(str::to_owned),
        resolution: resolution.map(crate::media::Resolution::name),
        file: resolution.and_then(|resolution| resolution.path()).map(|path| path.to_string_lossy().into_owned()),
        mime: picture.mime.map(str::to_owned),
        bytes: picture.bytes,
    }
}

fn context(piece: &Piece<'_>) -> ContextOut {
    let message = |seen: &crate::context::Seen| MessageOut {
        line: piece.session.line_of(seen.entry),
        role: seen.role.name(),
        // A summary stands in place of its entry's content.
        images: piece.session.entry(seen.entry).map_or(0, |entry| u32::from(entry.images)),
    };
    ContextOut {
        leaf_line: piece.leaf_line(),
        roots: piece.context.roots,
        failure: piece.context.failure.map(crate::context::Failure::reason),
        messages: piece.context.messages.iter().map(message).collect(),
    }
}
