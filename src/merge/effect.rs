//! What the model sees of a conversation, before and after its stitching.

use crate::context::{self, Context};
use crate::line::Role;
use crate::scan::Agent;
use crate::session::Session;
use crate::split::segment::Segment;

/// Tokens that an image counts for, roughly, with the common providers.
const IMAGE_TOKENS: u64 = 1_500;
/// Bytes of text for one token, roughly.
const BYTES_PER_TOKEN: u64 = 4;

/// A view of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sight {
    /// Messages.
    pub messages: u64,
    /// Inline images among them.
    pub images: u64,
    /// Tokens, estimated from text length and images.
    pub tokens: u64,
}

/// The effect of a stitching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Effect {
    /// Before: the file that the conversation goes on in now.
    pub before: Sight,
    /// After.
    pub after: Sight,
    /// The session's context window in tokens, from the store.
    pub window: Option<u64>,
    /// A compaction or reset on the path to the leaf hides what stands before it.
    pub compaction: bool,
    /// Messages that the parts show each on its own and that the result does not show.
    pub hidden: u64,
}

pub(crate) fn of(agent: &Agent, before: Option<&Segment>, result: &Session) -> Effect {
    let seen = context::of(result);
    let entry = before
        .zip(agent.store.as_ref())
        .and_then(|(segment, store)| store.entries.iter().find(|entry| entry.points_at(&segment.id, &segment.file.file_name)));
    Effect {
        before: before.map(|segment| sight(&segment.session, &segment.context)).unwrap_or_default(),
        after: sight(result, &seen),
        window: entry.and_then(|entry| entry.context_tokens),
        compaction: seen.messages.iter().any(|message| message.role == Role::CompactionSummary),
        hidden: 0,
    }
}

fn sight(session: &Session, context: &Context) -> Sight {
    let text: u64 = context.messages.iter().filter_map(|seen| session.entry(seen.entry)).map(|entry| u64::from(entry.text_len)).sum();
    let images = u64::from(context.images);
    Sight { messages: context.messages.len() as u64, images, tokens: text / BYTES_PER_TOKEN + images * IMAGE_TOKENS }
}
