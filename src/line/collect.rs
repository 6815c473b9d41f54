//! JSON events in, the fields of a transcript line out, in bounded memory. Which keys matter is said in [`super::fields`].

use super::block::{Block, BlockKind};
use super::fields::{Context, Field, SLOTS, Slot, field_of};
use super::image_data::ImageData;
use super::print::Print;
use super::text::{Keeper, decode};
use super::token::Events;
use crate::secret::Scanner;

/// Bytes kept of any one short field; ids, paths and names are shorter.
const MAX_FIELD: usize = 4096;
/// Image and tool-call blocks recorded of one line; what is beyond is counted only.
const MAX_BLOCKS: usize = 65_536;
/// Bytes kept of all blocks of one line and their paths; blocks beyond it are counted only.
const HEAP: usize = 4 << 20;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Nothing,
    Slot(Slot),
    Message,
    Arena,
    Text,
    Data,
    Signature,
}

#[derive(Debug)]
pub(super) struct Collector {
    /// What the slots hold, and what is written there; each text is overwritten in place, so a field that stands a
    /// million times in a line costs no more than one that stands once.
    seen: [Option<Seen>; SLOTS],
    written: [Vec<u8>; SLOTS],
    /// Fields of the blocks, one after another.
    arena: Vec<u8>,
    pub(super) blocks: Vec<Block>,
    block: Block,
    pub(super) blocks_left_out: u64,
    /// Blocks that are no text, of any type.
    pub(super) other_blocks: u64,
    pub(super) has_content: bool,
    pub(super) media_paths: Vec<Value>,
    pub(super) text: Keeper,
    data: ImageData,
    /// Looks at every string but images and signatures, those of fields that are skipped too.
    pub(super) secrets: Scanner,
    searched: bool,
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
            seen: [None; SLOTS],
            written: Default::default(),
            arena: Vec::new(),
            blocks: Vec::new(),
            block: Block::default(),
            blocks_left_out: 0,
            other_blocks: 0,
            has_content: false,
            media_paths: Vec::new(),
            text: Keeper::default(),
            data: ImageData::default(),
            secrets: Scanner::default(),
            searched: false,
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
        self.secrets.clear();
        self.seen = [None; SLOTS];
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
        self.arena.capacity() + self.text.held() + self.written.iter().map(Vec::capacity).sum::<usize>()
    }

    fn forget_content(&mut self) {
        self.blocks.clear();
        self.blocks_left_out = 0;
        self.other_blocks = 0;
        self.has_content = false;
        self.text.clear();
    }

    /// A second `message` in one object replaces the first, as `JSON.parse` has it.
    fn forget_message(&mut self) {
        for seen in self.seen.iter_mut().skip(Slot::Message as usize) {
            *seen = None;
        }
        self.forget_content();
        self.media_paths.clear();
    }

    fn context(&self) -> Context {
        self.contexts.last().copied().unwrap_or(Context::Root)
    }

    /// What a slot holds, and how it is written where it is no container.
    pub(super) fn slot(&self, slot: Slot) -> Option<(Seen, &[u8])> {
        let seen = self.seen.get(slot as usize).copied().flatten()?;
        Some((seen, self.written.get(slot as usize).map(Vec::as_slice).unwrap_or_default()))
    }

    fn set(&mut self, slot: Slot, seen: Seen) {
        if let Some(place) = self.seen.get_mut(slot as usize) {
            self.duplicate |= place.is_some();
            *place = Some(seen);
        }
    }

    fn write(&mut self, slot: Slot, raw: &[u8]) {
        if let Some(written) = self.written.get_mut(slot as usize) {
            let room = MAX_FIELD.saturating_sub(written.len()).min(raw.len());
            written.extend_from_slice(raw.get(..room).unwrap_or_default());
        }
    }

    fn erase(&mut self, slot: Slot) {
        if let Some(written) = self.written.get_mut(slot as usize) {
            written.clear();
        }
    }

    fn set_message(&mut self, seen: Seen) {
        self.duplicate |= self.slot(Slot::Message).is_some();
        self.forget_message();
        self.set(Slot::Message, seen);
    }

    /// Files a value that is complete under the field that was announced for it.
    fn file(&mut self, field: Field, value: Value) {
        match field {
            Field::BlockType if value.seen == Seen::Text => {
                self.block.kind = Some(match self.bytes(value) {
                    b"text" => BlockKind::Text,
                    b"image" => BlockKind::Image,
                    b"toolCall" => BlockKind::ToolCall,
                    b"thinking" => BlockKind::Thinking,
                    _ => BlockKind::Other,
                });
                self.arena.truncate(value.start);
            }
            Field::BlockName => self.block.name = Some(value),
            Field::BlockId => self.block.id = Some(value),
            Field::BlockMime => self.block.mime = Some(value),
            Field::BlockPartial => {
                self.block.partial = true;
                self.arena.truncate(value.start);
            }
            Field::BlockUrl => {
                self.block.url = value.seen == Seen::Text;
                self.arena.truncate(value.start);
            }
            Field::Element if self.context() == Context::MediaPaths && value.seen == Seen::Text => {
                if self.media_paths.len() < MAX_BLOCKS {
                    self.media_paths.push(value);
                } else {
                    self.blocks_left_out += 1;
                    self.arena.truncate(value.start);
                }
            }
            _ => self.arena.truncate(value.start),
        }
    }

    /// Whether a field of a block is kept; where there is no room left, the block counts as left out.
    fn has_room(&mut self, field: Field) -> bool {
        let room = self.arena.len() < HEAP || field == Field::BlockType;
        self.block.crowded |= !room;
        room
    }

    pub(super) fn bytes(&self, value: Value) -> &[u8] {
        self.arena.get(value.start..value.start.saturating_add(value.len)).unwrap_or_default()
    }
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
        let container = Value { seen: Seen::Container, start: self.arena.len(), len: 0 };
        let child = match (field, array) {
            (Field::Message, false) => {
                self.set_message(Seen::Container);
                Context::Message
            }
            (Field::Content, true) => {
                self.forget_content();
                self.has_content = true;
                Context::Blocks
            }
            (Field::Element, false) if self.context() == Context::Blocks => {
                self.block = Block { text_from: self.text.total(), arena_from: self.arena.len(), ..Block::default() };
                Context::Block
            }
            (Field::Details, false) => Context::Details,
            (Field::Internal, false) => {
                self.internal = true;
                Context::Internal
            }
            (Field::MediaPaths, true) => Context::MediaPaths,
            _ => {
                match field {
                    Field::Slot(slot) => {
                        self.erase(slot);
                        self.set(slot, Seen::Container);
                    }
                    Field::Message => self.set_message(Seen::Container),
                    _ => self.file(field, container),
                }
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
            if self.block.kind() == BlockKind::Image && self.block.data.is_some() {
                self.block.picture = self.data.picture();
            }
            self.other_blocks += u64::from(self.block.kind() != BlockKind::Text);
            let counts = matches!(self.block.kind(), BlockKind::Image | BlockKind::ToolCall | BlockKind::Thinking);
            if counts && self.blocks.len() < MAX_BLOCKS && !self.block.crowded {
                self.blocks.push(std::mem::take(&mut self.block));
            } else {
                self.blocks_left_out += u64::from(counts);
                self.arena.truncate(self.block.arena_from);
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
            (Context::MediaPaths, _) if self.arena.len() < HEAP => Target::Arena,
            (Context::MediaPaths, _) => {
                self.blocks_left_out += 1;
                Target::Nothing
            }
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
                self.data.begin();
                Target::Data
            }
            (_, Field::BlockSignature) => {
                self.block.print = Print::default();
                Target::Signature
            }
            (_, Field::BlockPartial) => {
                self.block.partial = true;
                Target::Nothing
            }
            (_, Field::Slot(slot)) => {
                self.erase(slot);
                Target::Slot(slot)
            }
            (_, Field::Message) => Target::Message,
            (_, field) if self.has_room(field) => Target::Arena,
            _ => Target::Nothing,
        };
        self.string = Value { seen: Seen::Text, start: self.arena.len(), len: 0 };
        self.searched = !matches!(self.target, Target::Data | Target::Signature);
        if self.searched {
            self.secrets.begin(offset);
        }
    }

    #[inline]
    fn string_part(&mut self, raw: &[u8]) {
        if self.searched {
            self.secrets.push(raw);
        }
        match self.target {
            Target::Nothing | Target::Message => {}
            Target::Slot(slot) => self.write(slot, raw),
            Target::Arena => {
                let room = MAX_FIELD.saturating_sub(self.arena.len() - self.string.start).min(raw.len());
                self.arena.extend_from_slice(raw.get(..room).unwrap_or_default());
            }
            Target::Text => self.text.push(raw),
            Target::Data => {
                self.block.print.push(raw);
                self.data.push(raw);
            }
            Target::Signature => self.block.print.push(raw),
        }
    }

    #[inline]
    fn string_end(&mut self) {
        if self.searched {
            self.secrets.end();
        }
        if self.contexts.is_empty() {
            self.top = Some(Seen::Text);
        }
        match self.target {
            Target::Slot(slot) => self.set(slot, Seen::Text),
            Target::Message => self.set_message(Seen::Text),
            Target::Arena => {
                let value = Value { len: self.arena.len() - self.string.start, ..self.string };
                let field = if self.context() == Context::MediaPaths { Field::Element } else { self.field };
                self.file(field, value);
            }
            Target::Data => {
                if let Some((_, len)) = &mut self.block.data {
                    *len = self.block.print.len;
                }
                self.block.flaw = self.data.flaw();
            }
            Target::Signature => self.block.signature = Some((self.block.print.len, self.block.print.value())),
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
        let field = self.field;
        match field {
            Field::Slot(slot) => {
                self.erase(slot);
                self.write(slot, raw);
                self.set(slot, seen);
            }
            Field::Message => self.set_message(seen),
            _ if self.has_room(field) => {
                let value = Value { seen, start: self.arena.len(), len: raw.len() };
                self.arena.extend_from_slice(raw);
                self.file(field, value);
            }
            _ => {}
        }
    }
}
