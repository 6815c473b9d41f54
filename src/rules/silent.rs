//! The content of a message that says nothing, and how words are put into it.

use crate::read::Span;
use crate::repair::patch::{Patch, absolute, quoted};
use crate::tree::{Kind, Node};

/// How a message says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Its content is an empty list.
    NoBlocks,
    /// Blocks of text without a word in them.
    BlankBlocks,
    /// A string without a word in it.
    BlankString,
    /// No content, or `null`.
    NoContent,
}

/// How a message says nothing; none when it says something after all.
pub(super) fn silence(message: Node<'_>) -> Option<Silence> {
    let Some(content) = message.get("content") else {
        return (message.kind() == Kind::Object).then_some(Silence::NoContent);
    };
    match content.kind() {
        Kind::Null => Some(Silence::NoContent),
        Kind::String => content.text()?.trim().is_empty().then_some(Silence::BlankString),
        Kind::Array if content.items().next().is_none() => Some(Silence::NoBlocks),
        Kind::Array => content.items().all(is_blank_text).then_some(Silence::BlankBlocks),
        _ => None,
    }
}

/// Whether a block is one of text without a word in it.
fn is_blank_text(block: Node<'_>) -> bool {
    let is_text = block.get("type").and_then(|kind| kind.text()).is_some_and(|kind| kind == "text");
    is_text && block.get("text").is_none_or(|text| text.kind() == Kind::Null || text.text().is_some_and(|text| text.trim().is_empty()))
}

/// Puts words into a message that has none.
pub(super) fn speak(patch: &mut Patch, span: Span, message: Node<'_>, words: &str) {
    let block = serde_json::json!({"type": "text", "text": words}).to_string().into_bytes();
    let (content, silence) = (message.get("content"), silence(message));
    match (silence, content, message.insertion()) {
        (Some(Silence::NoBlocks), Some(content), _) => {
            if let Some((at, _)) = content.insertion() {
                patch.insert(absolute(span, at..at).start, block);
            }
        }
        (Some(Silence::BlankBlocks), Some(content), _) => {
            let first = content.items().next();
            match first.and_then(|block| block.get("text")) {
                Some(text) => patch.replace(absolute(span, text.range()), quoted(words)),
                None => {
                    if let Some((at, _)) = content.insertion() {
                        patch.insert(absolute(span, at..at).start, [block, b",".to_vec()].concat());
                    }
                }
            }
        }
        (Some(Silence::BlankString), Some(content), _) => patch.replace(absolute(span, content.range()), quoted(words)),
        (Some(Silence::NoContent), Some(content), _) => patch.set(absolute(span, content.range()), [b"[", &*block, b"]"].concat()),
        (Some(Silence::NoContent), None, Some((at, comma))) => {
            let mut field = b"\"content\":[".to_vec();
            field.extend(block);
            field.push(b']');
            field.extend(comma.then_some(b','));
            patch.insert(absolute(span, at..at).start, field);
        }
        _ => {}
    }
}
