//! Text in, facts out: what the text of a turn tells about its chat, its time and its origin.
//!
//! Every reader here is a pure function over `&str`, in linear time, and never panics. **Position decides:** the
//! gateway writes its lines in front of a message (media, system lines, metadata, envelope) and behind it (metadata,
//! message id); the same words further inside are a person's, and count for nothing.
//!
//! To add a signal: a new prompt goes into `prompt.rs` (`OPENINGS`; those of one's own are `custom.rs`), a channel into `facts.rs` (`CHANNELS`), a
//! metadata header into `info.rs` (`HEADERS`), a note in front into `marks.rs`, an image form into `image.rs`;
//! each with a row in the table of its tests.

pub mod clock;
mod custom;
mod envelope;
pub mod exec;
mod facts;
pub mod image;
mod info;
mod layers;
mod marks;
mod path;
mod prompt;
mod reading;
mod reply;
mod system;
mod text;

#[cfg(test)]
mod robust_tests;

pub use custom::Prompts;
pub use prompt::{TurnKind, acknowledges_heartbeat};
pub use reading::{Reading, read};
