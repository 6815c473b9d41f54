//! A key and the place where it stands in, the field of a transcript line it is out.

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

/// How many slots there are.
pub(super) const SLOTS: usize = Slot::MediaPath as usize + 1;

/// The container that the parser is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Root,
    Message,
    Blocks,
    Block,
    Details,
    Internal,
    MediaPaths,
    Skip,
}

/// What the value behind a key is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
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
    BlockPartial,
    BlockSignature,
    Element,
}

/// The field that a key announces in a container.
pub(super) fn field_of(context: Context, key: &[u8]) -> Field {
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
        (Context::Block, b"partialJson") => return Field::BlockPartial,
        (Context::Block, b"thinkingSignature") => return Field::BlockSignature,
        _ => return Field::Skip,
    };
    Field::Slot(slot)
}
