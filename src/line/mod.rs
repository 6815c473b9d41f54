//! One line in, its facts out: [`Line`], or a [`Fault`] where it is no JSON. The only place that knows JSON speed.
//!
//! The parser is fed in chunks and never holds the line: base64 is skipped where it stands, texts are kept up to a
//! bound and decoded only when asked for, no tree of values is built. Two parts: [`token`] knows JSON,
//! [`Parser`] and its collector know which fields of a transcript line matter.

mod block;
mod collect;
mod facts;
mod fields;
mod image_data;
mod print;
pub mod text;
pub mod token;

pub use block::{Block, BlockKind};
pub use facts::{Id, Line, Parser};
pub use fields::Slot;

use crate::read::Span;
use token::Flaw;

/// The `type` of a line (pi session format, version 3, and OpenClaw's additions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The header: `session`.
    Session,
    /// `message`
    Message,
    /// `model_change`
    ModelChange,
    /// `thinking_level_change`
    ThinkingLevelChange,
    /// `compaction`
    Compaction,
    /// `branch_summary`
    BranchSummary,
    /// `custom`: never reaches the model.
    Custom,
    /// `custom_message`: reaches the model as a user turn.
    CustomMessage,
    /// `label`
    Label,
    /// `session_info`
    SessionInfo,
    /// `leaf`: selects the active leaf (2026.5 and later).
    Leaf,
    /// `reset` (2026.8 and later).
    Reset,
    /// An object of another type; must survive unchanged.
    Unknown,
    /// JSON, but no object, no bare value and not `null`: a list.
    NotAnObject,
    /// A bare string, number, `true` or `false`, which makes the real loader fail where the format is version 1.
    Scalar,
    /// `null`, which makes the real loader fail as a whole.
    Null,
}

impl Kind {
    fn of(name: &str) -> Kind {
        match name {
            "session" => Kind::Session,
            "message" => Kind::Message,
            "model_change" => Kind::ModelChange,
            "thinking_level_change" => Kind::ThinkingLevelChange,
            "compaction" => Kind::Compaction,
            "branch_summary" => Kind::BranchSummary,
            "custom" => Kind::Custom,
            "custom_message" => Kind::CustomMessage,
            "label" => Kind::Label,
            "session_info" => Kind::SessionInfo,
            "leaf" => Kind::Leaf,
            "reset" => Kind::Reset,
            _ => Kind::Unknown,
        }
    }
}

/// The `role` of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A user turn: a person, or a machine prompt in a person's place.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    ToolResult,
    /// A command that the user ran.
    BashExecution,
    /// An extension's message; version 2 calls it `hookMessage`.
    Custom,
    /// A summary of a branch, in a message's place.
    BranchSummary,
    /// A summary of what was compacted, in a message's place.
    CompactionSummary,
    /// Some other role.
    Other,
    /// No role at all, or one that is no string.
    Missing,
}

impl Role {
    fn of(name: &str) -> Role {
        match name {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "toolResult" => Role::ToolResult,
            "bashExecution" => Role::BashExecution,
            "custom" | "hookMessage" => Role::Custom,
            "branchSummary" => Role::BranchSummary,
            "compactionSummary" => Role::CompactionSummary,
            _ => Role::Other,
        }
    }

    /// The role as the transcript writes it.
    pub fn name(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::ToolResult => "toolResult",
            Role::BashExecution => "bashExecution",
            Role::Custom => "custom",
            Role::BranchSummary => "branchSummary",
            Role::CompactionSummary => "compactionSummary",
            Role::Other => "other",
            Role::Missing => "missing",
        }
    }
}

/// What is wrong with a line as a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The file ends inside the line: a write that was cut short.
    Torn,
    /// The line is no JSON; the loader skips it.
    NotJson(Flaw),
    /// The line holds nothing but NUL bytes, as a crash leaves them.
    Nul,
    /// A good object, and more behind it on the same line.
    Trailing,
    /// The line is good, but bytes in it are no UTF-8; the loader shows U+FFFD in their place.
    InvalidUtf8,
}

impl FaultKind {
    /// Whether the loader skips the line.
    pub fn loses_line(self) -> bool {
        self != FaultKind::InvalidUtf8
    }

    /// What is wrong, as the end of a sentence.
    pub fn reason(self) -> String {
        match self {
            FaultKind::Torn => "the file ends in the middle of this line".to_owned(),
            FaultKind::NotJson(Flaw::Unexpected(byte)) => format!("not JSON: unexpected byte 0x{byte:02x}"),
            FaultKind::NotJson(Flaw::Control(byte)) => format!("not JSON: control byte 0x{byte:02x} inside a string"),
            FaultKind::NotJson(Flaw::Malformed) => "not JSON: malformed number or escape".to_owned(),
            FaultKind::NotJson(Flaw::TooDeep) => "nested too deep to follow".to_owned(),
            FaultKind::NotJson(Flaw::Trailing) => "not JSON: something stands behind the value".to_owned(),
            FaultKind::NotJson(_) => "not JSON: it ends too early".to_owned(),
            FaultKind::Nul => "nothing but NUL bytes".to_owned(),
            FaultKind::Trailing => "something stands behind the object".to_owned(),
            FaultKind::InvalidUtf8 => "bytes that are no UTF-8".to_owned(),
        }
    }
}

/// A line that the loader does not take as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Line number, from 1.
    pub line: u64,
    /// Where the line is.
    pub span: Span,
    /// Offset of the first bad byte within the file, in bytes.
    pub at: u64,
    /// What is wrong.
    pub kind: FaultKind,
}
