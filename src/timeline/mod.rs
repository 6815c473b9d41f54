//! A conversation (or a single transcript) in, its stitched timeline out as data: pieces, seams, turns, images.
//!
//! No text is in it. [`text`] fetches the text of a turn from the file again, for those who ask.

pub mod text;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::context::{self, Context};
use crate::discover::TranscriptFile;
use crate::line::{Kind, Role};
use crate::media::Resolution;
use crate::scan::Agent;
use crate::select::{Place, Target};
use crate::session::{Entry, ImageSource, Session};
use crate::signal::TurnKind;
use crate::split::segment::{Machine, Segment};
use crate::split::{Conversation, Seam};

/// The timeline of one conversation, or of one transcript that is in none.
#[derive(Debug)]
pub struct Timeline<'a> {
    /// Where it is.
    pub agent: &'a Agent,
    /// The conversation, unless it is a transcript alone.
    pub conversation: Option<&'a Conversation>,
    /// Its transcripts, oldest first.
    pub pieces: Vec<Piece<'a>>,
}

/// One transcript of a timeline.
#[derive(Debug)]
pub struct Piece<'a> {
    /// The file.
    pub file: &'a TranscriptFile,
    /// Its index.
    pub session: &'a Session,
    /// The segment, unless the transcript stands aside.
    pub segment: Option<&'a Segment>,
    /// Session id: the header's, else the file name's.
    pub id: &'a str,
    /// Where the file stands: `live`, `unreferenced`, `reset` and so on.
    pub state: &'static str,
    /// Whose session, when it is a machine's.
    pub machine: Option<Machine>,
    /// Whether it was asked for by its own id.
    pub marked: bool,
    /// What the model sees of it alone.
    pub context: Cow<'a, Context>,
    /// The seam that leads here from the piece before.
    pub seam: Option<&'a Seam>,
    /// Its turns in file order.
    pub turns: Vec<Turn<'a>>,
}

/// One message, or a summary in a message's place.
#[derive(Debug)]
pub struct Turn<'a> {
    /// Its entry.
    pub entry: &'a Entry,
    /// Who or what speaks.
    pub kind: TurnOf,
    /// Whether the model sees it, in the context of its own file.
    pub in_context: bool,
    /// Its images.
    pub images: Vec<Picture<'a>>,
}

/// Who or what speaks in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnOf {
    /// A user-role turn: a person's, or a machine prompt of that kind.
    User(TurnKind),
    /// The model.
    Assistant,
    /// The gateway's copy of an outbound message.
    Mirror,
    /// The result of a tool call.
    Tool,
    /// A command that the user ran.
    Bash,
    /// An extension's message.
    Custom,
    /// A summary of a branch that was left.
    BranchSummary,
    /// The place where older turns were summed up.
    Compaction,
    /// A reset within the file.
    Reset,
    /// A role that is not known.
    Other,
}

impl TurnOf {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            TurnOf::User(TurnKind::ExecWake) => "exec",
            TurnOf::User(TurnKind::SystemOnly) => "system",
            TurnOf::User(kind) => kind.name(),
            TurnOf::Assistant => "assistant",
            TurnOf::Mirror => "mirror",
            TurnOf::Tool => "tool",
            TurnOf::Bash => "bash",
            TurnOf::Custom => "custom",
            TurnOf::BranchSummary => "branch-summary",
            TurnOf::Compaction => "compaction",
            TurnOf::Reset => "reset",
            TurnOf::Other => "other",
        }
    }
}

/// An image of a turn.
#[derive(Debug)]
pub struct Picture<'a> {
    /// How it is there.
    pub source: PictureSource,
    /// The path, as it is written.
    pub path: Option<&'a str>,
    /// The declared type.
    pub mime: Option<&'a str>,
    /// Length of the inline data, decoded, in bytes.
    pub bytes: Option<u64>,
    /// Where the path leads.
    pub resolution: Option<Resolution>,
}

/// How an image is in a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureSource {
    /// Its data stands in the line.
    Inline,
    /// By path.
    Reference,
    /// By the address of another machine.
    Remote,
    /// Its data was taken out.
    Pruned,
}

impl PictureSource {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            PictureSource::Inline => "inline",
            PictureSource::Reference => "reference",
            PictureSource::Remote => "remote",
            PictureSource::Pruned => "pruned",
        }
    }
}

impl Piece<'_> {
    /// Line of the entry that the context ends at.
    pub fn leaf_line(&self) -> Option<u64> {
        self.context.leaf.map(|leaf| self.session.line_of(leaf))
    }

    /// Turns that the model could be shown at all, and those that it is shown.
    pub fn seen(&self) -> (usize, usize) {
        (self.turns.len(), self.turns.iter().filter(|turn| turn.in_context).count())
    }
}

/// Puts the timeline of what was meant together. Empty when an index of it leads nowhere.
pub fn of<'a>(target: &Target<'a>) -> Timeline<'a> {
    let agent = target.agent;
    let mut conversation = None;
    let pieces = match target.place {
        Place::Conversation(at) => {
            conversation = agent.conversations.get(at);
            let segments = conversation.map(|held| held.segments.as_slice()).unwrap_or_default();
            segments.iter().filter_map(|&at| segment_piece(agent, at, conversation, &target.marked)).collect()
        }
        Place::Segment(at) => segment_piece(agent, at, None, &BTreeSet::new()).into_iter().collect(),
        Place::Aside(at) => aside_piece(agent, at).into_iter().collect(),
    };
    Timeline { agent, conversation, pieces }
}

fn segment_piece<'a>(agent: &'a Agent, at: usize, held: Option<&'a Conversation>, marked: &BTreeSet<usize>) -> Option<Piece<'a>> {
    let segment = agent.segments.get(at)?;
    Some(Piece {
        file: &segment.file,
        session: &segment.session,
        segment: Some(segment),
        id: &segment.id,
        state: segment.standing.name(),
        machine: segment.machine,
        marked: marked.contains(&at),
        seam: held.and_then(|held| held.seams.iter().find(|seam| seam.newer == at)),
        turns: turns(agent, &segment.session, &segment.context),
        context: Cow::Borrowed(&segment.context),
    })
}

fn aside_piece(agent: &Agent, at: usize) -> Option<Piece<'_>> {
    let aside = agent.aside.get(at)?;
    let session = aside.session.as_ref()?;
    let context = context::of(session);
    Some(Piece {
        file: &aside.file,
        session,
        segment: None,
        id: session.header.as_ref().and_then(|header| header.id.as_deref()).unwrap_or(&aside.file.name.session_id),
        state: aside.file.name.state.name(),
        machine: None,
        marked: false,
        seam: None,
        turns: turns(agent, session, &context),
        context: Cow::Owned(context),
    })
}

fn turns<'a>(agent: &Agent, session: &'a Session, context: &Context) -> Vec<Turn<'a>> {
    let seen: HashSet<u32> = context.messages.iter().map(|message| message.entry).collect();
    let readings: HashMap<u32, TurnKind> = session.turns.iter().map(|turn| (turn.entry, turn.reading.kind)).collect();
    let mut images: HashMap<u32, Vec<Picture<'_>>> = HashMap::new();
    for image in &session.images {
        images.entry(image.entry).or_default().push(picture(agent, &image.source));
    }
    let numbered = session.entries.iter().enumerate().filter_map(|(at, entry)| Some((u32::try_from(at).ok()?, entry)));
    let turn = |(at, entry): (u32, &'a Entry)| {
        let kind = kind_of(entry, readings.get(&at).copied())?;
        Some(Turn { entry, kind, in_context: seen.contains(&at), images: images.remove(&at).unwrap_or_default() })
    };
    numbered.filter_map(turn).collect()
}

/// Who speaks in an entry; `None` for those that say nothing to the model or to a person.
fn kind_of(entry: &Entry, reading: Option<TurnKind>) -> Option<TurnOf> {
    Some(match (entry.kind, entry.role) {
        (Kind::Message, Some(Role::User)) => TurnOf::User(reading.unwrap_or_default()),
        (Kind::Message, Some(Role::Assistant)) if entry.flags.mirror => TurnOf::Mirror,
        (Kind::Message, Some(Role::Assistant)) => TurnOf::Assistant,
        (Kind::Message, Some(Role::ToolResult)) => TurnOf::Tool,
        (Kind::Message, Some(Role::BashExecution)) => TurnOf::Bash,
        (Kind::Message, Some(Role::Custom)) | (Kind::CustomMessage, _) => TurnOf::Custom,
        (Kind::Message, Some(Role::BranchSummary)) | (Kind::BranchSummary, _) => TurnOf::BranchSummary,
        (Kind::Message, Some(Role::CompactionSummary)) | (Kind::Compaction, _) => TurnOf::Compaction,
        (Kind::Message, _) => TurnOf::Other,
        (Kind::Reset, _) => TurnOf::Reset,
        _ => return None,
    })
}

fn picture<'a>(agent: &Agent, source: &'a ImageSource) -> Picture<'a> {
    let bare = |source| Picture { source, path: None, mime: None, bytes: None, resolution: None };
    match source {
        // Four characters of base64 are three bytes.
        ImageSource::Inline { span, mime, .. } => {
            Picture { mime: mime.as_deref(), bytes: Some(span.len / 4 * 3), ..bare(PictureSource::Inline) }
        }
        ImageSource::Remote => bare(PictureSource::Remote),
        ImageSource::Reference { path: None, .. } => bare(PictureSource::Pruned),
        ImageSource::Reference { path: Some(path), .. } => {
            Picture { path: Some(path), resolution: Some(agent.media.resolve(path)), ..bare(PictureSource::Reference) }
        }
    }
}
