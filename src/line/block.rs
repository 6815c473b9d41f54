//! What is kept of one block of a message's content.

use super::collect::Value;
use super::print::Print;
use crate::picture::{Flaw, Picture};

/// What a content block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// `text`
    Text,
    /// `image`
    Image,
    /// `toolCall`
    ToolCall,
    /// `thinking`
    Thinking,
    /// Any other type.
    Other,
}

/// An image, tool-call or thinking block of a message's content.
#[derive(Debug, Clone, Default)]
pub struct Block {
    pub(super) kind: Option<BlockKind>,
    pub(super) data: Option<(u64, u64)>,
    pub(super) print: Print,
    pub(super) flaw: Option<Flaw>,
    pub(super) picture: Picture,
    pub(super) name: Option<Value>,
    pub(super) id: Option<Value>,
    pub(super) mime: Option<Value>,
    pub(super) url: bool,
    pub(super) partial: bool,
    pub(super) signature: Option<(u64, u64)>,
    pub(super) text_from: u64,
    pub(super) arena_from: usize,
    pub(super) crowded: bool,
}

impl Block {
    /// What the block is; a block without `type` is [`BlockKind::Other`].
    pub fn kind(&self) -> BlockKind {
        self.kind.unwrap_or(BlockKind::Other)
    }

    /// Offset within the line and length in bytes of the inline base64 of an image, if it has any; the length may be 0.
    pub fn data(&self) -> Option<(u64, u64)> {
        self.data
    }

    /// Why no provider would decode the inline base64, if it has a flaw.
    pub fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }

    /// What the header of an inline image says; its size can stand further behind than is looked at here.
    pub fn picture(&self) -> Picture {
        self.picture
    }

    /// Identity of the inline data: length and both ends. Same image, same value.
    pub fn fingerprint(&self) -> u64 {
        self.print.value()
    }

    /// Whether a tool call still has its `partialJson`, which is only there while it is streamed.
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// Length in bytes and identity of the `thinkingSignature`, if there is one.
    pub fn signature(&self) -> Option<(u64, u64)> {
        self.signature
    }

    /// Whether an image block points elsewhere (`url`) instead of holding data.
    pub fn has_url(&self) -> bool {
        self.url
    }
}
