//! JSON events in, the fields of a transcript line out: which keys matter, and where they may stand.

use super::text::{Keeper, decode};
use super::token::Events;

/// Bytes kept of any one short field; ids, paths and names are shorter.
const MAX_FIELD: usize = 4096;
/// Image and tool-call blocks recorded of one line; what is beyond is counted only.
const MAX_BLOCKS: usize = 65_536;
/// Bytes at each end of inline image data that identify it together with its length.
const PRINT: usize = 64;

/// A field that is kept when it occurs. `Message*` fields are inside `message`, `Details*` inside its `details`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is the field of its name")]
pub enum Slot {
    Type,
    Id,
    ParentId,
    Timestamp,
    Version,
    Cwd,
    ParentSession,
    CustomType,
    TargetId,
    AppendParentId,
    FirstKeptEntryId,
    FirstKeptEntryIndex,
    FromId,
    Summary,
    Message,
    Role,
    MessageTimestamp,
    ToolCallId,
    ToolName,
    StopReason,
    Provider,
    Model,
    DetailsStatus,
    DetailsSessionId,
    DetailsExitCode,
    SenderId,
    SenderIsOwner,
    MediaPath,
}

const SLOTS: usize = Slot::MediaPath as usize + 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Text,
    Number,
    True,
    False,
    Null,
    Container,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub(super) seen: Seen,
    pub(super) start: usize,
    pub(super) len: usize,
}

/// What a content block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// `text`
    Text,
    /// `image`
    Image,
    /// `toolCall`
    ToolCall,
    /// Any other type.
    Other,
}

/// An image or tool-call block of a message's content.
#[derive(Debug, Clone, Default)]
pub struct Block {
    kind: Option<BlockKind>,
    data: Option<(u64, u64)>,
    print: Print,
    pub(super) name: Option<Value>,
    pub(super) id: Option<Value>,
    pub(super) mime: Option<Value>,
    url: bool,
    text_from: u64,
}

impl Block {
    /// What the block is; a block without `type` is [`BlockKind::Other`].
    pub fn kind(&self) -> BlockKind {
        self.kind.unwrap_or(BlockKind::Other)
    }

    /// Offset within the line and length in bytes of the inline base64 of an image, if it has any.
    pub fn data(&self) -> Option<(u64, u64)> {
        self.data.filter(|(_, len)| *len > 0)
    }

    /// Identity of the inline data: length and both ends. Same image, same value.
    pub fn fingerprint(&self) -> u64 {
        self.print.value()
    }

    /// Whether an image block points elsewhere (`url`) instead of holding data.
    pub fn has_url(&self) -> bool {
        self.url
    }
}

/// Both ends and the length of a string that is never held.
#[derive(Debug, Clone)]
struct Print {
    head: [u8; PRINT],
    tail: [u8; PRINT],
    len: u64,
}

impl Default for Print {
    fn default() -> Self {
        Self { head: [0; PRINT], tail: [0; PRINT], len: 0 }
    }
}

impl Print {
    fn push(&mut self, raw: &[u8]) {
        if let Ok(have) = usize::try_from(self.len)
            && let Some(room) = self.head.get_mut(have..)
        {
            for (slot, &byte) in room.iter_mut().zip(raw) {
                *slot = byte;
            }
        }
        let fresh = raw.len().min(PRINT);
        self.tail.copy_within(fresh.., 0);
        let end = raw.get(raw.len() - fresh..).unwrap_or_default();
        if let Some(slot) = self.tail.get_mut(PRINT - fresh..) {
            slot.copy_from_slice(end);
        }
        self.len += raw.len() as u64;
    }

    fn value(&self) -> u64 {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.len.to_le_bytes()).update(&self.head).update(&self.tail);
        let mut first = [0u8; 8];
        first.iter_mut().zip(hash.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
        u64::from_le_bytes(first)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    Message,
    Blocks,
    Block,
    Details,
    Internal,
    MediaPaths,
    Skip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Skip,
    Slot(Slot),
    Message,
    Content,
    Details,
    Internal,
    MediaPaths,
    BlockType,
    BlockText,
    BlockData,
    BlockName,
    BlockId,
    BlockMime,
    BlockUrl,
    Element,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Nothing,
    Arena,
    Text,
    Data,
}

#[derive(Debug)]
pub(super) struct Collector {
    arena: Vec<u8>,
    pub(super) slots: [Option<Value>; SLOTS],
    pub(super) blocks: Vec<Block>,
    block: Block,
    pub(super) blocks_left_out: u64,
    pub(super) has_content: bool,
    pub(super) media_paths: Vec<Value>,
    pub(super) text: Keeper,
    contexts: Vec<Context>,
    skip_depth: u64,
    field: Field,
    target: Target,
    string: Value,
    pub(super) object: bool,
    pub(super) top: Option<Seen>,
    pub(super) duplicate: bool,
    pub(super) internal: bool,
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            arena: Vec::new(),
            slots: [None; SLOTS],
            blocks: Vec::new(),
            block: Block::default(),
            blocks_left_out: 0,
            has_content: false,
            media_paths: Vec::new(),
            text: Keeper::default(),
            contexts: Vec::new(),
            skip_depth: 0,
            field: Field::Skip,
            target: Target::Nothing,
            string: Value { seen: Seen::Text, start: 0, len: 0 },
            object: false,
            top: None,
            duplicate: false,
            internal: false,
        }
    }
}

impl Collector {
    pub(super) fn reset(&mut self) {
        self.arena.clear();
        self.slots = [None; SLOTS];
        self.contexts.clear();
        self.skip_depth = 0;
        self.field = Field::Skip;
        self.object = false;
        self.top = None;
        self.duplicate = false;
        self.internal = false;
        self.forget_content();
        self.media_paths.clear();
    }

    /// Bytes held at the moment, for the test that base64 is not among them.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.arena.capacity() + self.text.held()
    }

    fn forget_content(&mut self) {
        self.blocks.clear();
        self.blocks_left_out = 0;
        self.has_content = false;
        self.text.clear();
    }

    /// A second `message` in one object replaces the first, as `JSON.parse` has it.
    fn forget_message(&mut self) {
        for slot in self.slots.iter_mut().skip(Slot::Message as usize) {
            *slot = None;
        }
        self.forget_content();
        self.media_paths.clear();
    }

    fn context(&self) -> Context {
        self.contexts.last().copied().unwrap_or(Context::Root)
    }

    fn set(&mut self, slot: Slot, value: Value) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            self.duplicate |= place.is_some();
            *place = Some(value);
        }
    }

    /// Files a value that is complete under the field that was announced for it.
    fn file(&mut self, field: Field, value: Value) {
        match field {
            Field::Slot(slot) => self.set(slot, value),
            Field::Message => {
                self.duplicate |= self.slots.get(Slot::Message as usize).is_some_and(Option::is_some);
                self.forget_message();
                self.set(Slot::Message, value);
            }
            Field::BlockType if value.seen == Seen::Text => {
                self.block.kind = Some(match self.bytes(value) {
                    b"text" => BlockKind::Text,
                    b"image" => BlockKind::Image,
                    b"toolCall" => BlockKind::ToolCall,
                    _ => BlockKind::Other,
                });
            }
            Field::BlockName => self.block.name = Some(value),
            Field::BlockId => self.block.id = Some(value),
            Field::BlockMime => self.block.mime = Some(value),
            Field::BlockUrl => self.block.url = value.seen == Seen::Text,
            Field::Element if self.context() == Context::MediaPaths && value.seen == Seen::Text => {
                if self.media_paths.len() < MAX_BLOCKS {
                    self.media_paths.push(value);
                }
            }
            _ => {}
        }
    }

    pub(super) fn bytes(&self, value: Value) -> &[u8] {
        self.arena.get(value.start..value.start.saturating_add(value.len)).unwrap_or_default()
    }
}

fn field_of(context: Context, key: &[u8]) -> Field {
    let slot = match (context, key) {
        (Context::Root, b"type") => Slot::Type,
        (Context::Root, b"id") => Slot::Id,
        (Context::Root, b"parentId") => Slot::ParentId,
        (Context::Root, b"timestamp") => Slot::Timestamp,
        (Context::Root, b"version") => Slot::Version,
        (Context::Root, b"cwd") => Slot::Cwd,
        (Context::Root, b"parentSession") => Slot::ParentSession,
        (Context::Root, b"customType") => Slot::CustomType,
        (Context::Root, b"targetId") => Slot::TargetId,
        (Context::Root, b"appendParentId") => Slot::AppendParentId,
        (Context::Root, b"firstKeptEntryId") => Slot::FirstKeptEntryId,
        (Context::Root, b"firstKeptEntryIndex") => Slot::FirstKeptEntryIndex,
        (Context::Root, b"fromId") => Slot::FromId,
        (Context::Root, b"summary") => Slot::Summary,
        (Context::Root, b"message") => return Field::Message,
        (Context::Root | Context::Message, b"content") => return Field::Content,
        (Context::Message, b"role") => Slot::Role,
        (Context::Message, b"timestamp") => Slot::MessageTimestamp,
        (Context::Message, b"toolCallId") => Slot::ToolCallId,
        (Context::Message, b"toolName") => Slot::ToolName,
        (Context::Message, b"stopReason") => Slot::StopReason,
        (Context::Message, b"provider") => Slot::Provider,
        (Context::Message, b"model") => Slot::Model,
        (Context::Message, b"MediaPath") => Slot::MediaPath,
        (Context::Message, b"MediaPaths") => return Field::MediaPaths,
        (Context::Message, b"details") => return Field::Details,
        (Context::Message, b"__openclaw") => return Field::Internal,
        (Context::Details, b"status") => Slot::DetailsStatus,
        (Context::Details, b"sessionId") => Slot::DetailsSessionId,
        (Context::Details, b"exitCode") => Slot::DetailsExitCode,
        (Context::Internal, b"senderId") => Slot::SenderId,
        (Context::Internal, b"senderIsOwner") => Slot::SenderIsOwner,
        (Context::Block, b"type") => return Field::BlockType,
        (Context::Block, b"text") => return Field::BlockText,
        (Context::Block, b"data") => return Field::BlockData,
        (Context::Block, b"name") => return Field::BlockName,
        (Context::Block, b"id") => return Field::BlockId,
        (Context::Block, b"mimeType") => return Field::BlockMime,
        (Context::Block, b"url" | b"openUrl") => return Field::BlockUrl,
        _ => return Field::Skip,
    };
    Field::Slot(slot)
}

impl Events for Collector {
    fn open(&mut self, array: bool) {
        if self.contexts.is_empty() {
            self.object = !array;
            self.top = Some(Seen::Container);
            self.contexts.push(if array { Context::Skip } else { Context::Root });
            return;
        }
        if self.context() == Context::Skip {
            self.skip_depth += 1;
            return;
        }
        let field = if matches!(self.context(), Context::Blocks | Context::MediaPaths) { Field::Element } else { self.field };
        let container = Value { seen: Seen::Container, start: 0, len: 0 };
        let child = match (field, array) {
            (Field::Message, false) => {
                self.file(Field::Message, container);
                Context::Message
            }
            (Field::Content, true) => {
                self.forget_content();
                self.has_content = true;
                Context::Blocks
            }
            (Field::Element, false) if self.context() == Context::Blocks => {
                self.block = Block { text_from: self.text.total(), ..Block::default() };
                Context::Block
            }
            (Field::Details, false) => Context::Details,
            (Field::Internal, false) => {
                self.internal = true;
                Context::Internal
            }
            (Field::MediaPaths, true) => Context::MediaPaths,
            _ => {
                self.file(field, container);
                Context::Skip
            }
        };
        self.contexts.push(child);
    }

    fn close(&mut self) {
        if self.context() == Context::Skip && self.skip_depth > 0 {
            self.skip_depth -= 1;
            return;
        }
        if self.contexts.pop() == Some(Context::Block) {
            if self.block.kind() != BlockKind::Text {
                self.text.truncate(self.block.text_from);
            }
            if matches!(self.block.kind(), BlockKind::Image | BlockKind::ToolCall) {
                if self.blocks.len() < MAX_BLOCKS {
                    self.blocks.push(std::mem::take(&mut self.block));
                } else {
                    self.blocks_left_out += 1;
                }
            }
        }
    }

    fn key(&mut self, raw: &[u8]) {
        let context = self.context();
        self.field = match context {
            Context::Skip | Context::Blocks | Context::MediaPaths => Field::Skip,
            _ if memchr::memchr(b'\\', raw).is_some() => field_of(context, decode(raw).as_bytes()),
            _ => field_of(context, raw),
        };
    }

    #[inline]
    fn string_begin(&mut self, offset: u64) {
        self.target = match (self.context(), self.field) {
            (Context::Skip, _) => Target::Nothing,
            (Context::MediaPaths, _) => Target::Arena,
            (Context::Blocks, _) | (_, Field::Skip | Field::Details | Field::Internal | Field::MediaPaths) => Target::Nothing,
            (_, Field::Content) => {
                self.forget_content();
                self.has_content = true;
                Target::Text
            }
            (_, Field::BlockText) => {
                // Blocks of text are read as lines of one text.
                if self.text.total() > 0 {
                    self.text.push(b"\\n");
                }
                Target::Text
            }
            (_, Field::BlockData) => {
                self.block.data = Some((offset, 0));
                self.block.print = Print::default();
                Target::Data
            }
            _ => Target::Arena,
        };
        self.string = Value { seen: Seen::Text, start: self.arena.len(), len: 0 };
    }

    #[inline]
    fn string_part(&mut self, raw: &[u8]) {
        match self.target {
            Target::Nothing => {}
            Target::Arena => {
                let room = MAX_FIELD.saturating_sub(self.arena.len() - self.string.start).min(raw.len());
                self.arena.extend_from_slice(raw.get(..room).unwrap_or_default());
            }
            Target::Text => self.text.push(raw),
            Target::Data => self.block.print.push(raw),
        }
    }

    #[inline]
    fn string_end(&mut self) {
        if self.contexts.is_empty() {
            self.top = Some(Seen::Text);
        }
        match self.target {
            Target::Arena => {
                let value = Value { len: self.arena.len() - self.string.start, ..self.string };
                let field = if self.context() == Context::MediaPaths { Field::Element } else { self.field };
                self.file(field, value);
            }
            Target::Data => {
                if let Some((_, len)) = &mut self.block.data {
                    *len = self.block.print.len;
                }
            }
            Target::Nothing | Target::Text => {}
        }
        self.target = Target::Nothing;
    }

    fn scalar(&mut self, raw: &[u8]) {
        let seen = match raw {
            b"null" => Seen::Null,
            b"true" => Seen::True,
            b"false" => Seen::False,
            _ => Seen::Number,
        };
        if self.contexts.is_empty() {
            self.top = Some(seen);
            return;
        }
        if self.field == Field::Skip || matches!(self.context(), Context::Skip | Context::Blocks | Context::MediaPaths) {
            return;
        }
        if self.field == Field::Content {
            self.forget_content();
            return;
        }
        let value = Value { seen, start: self.arena.len(), len: raw.len() };
        self.arena.extend_from_slice(raw);
        self.file(self.field, value);
    }
}
