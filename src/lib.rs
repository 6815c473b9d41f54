//! clawfix finds OpenClaw conversations that were cut in two, shows the proof, and puts them back together.
//!
//! The library never prints and never exits; the binary does both. Data flows one way:
//!
//! ```text
//! discover -> read -> line -> session (index) -> signal -> split -> rules -> report
//!                                                         split -> merge | relink -> apply -> report
//!                                                         rules -> repair         -> apply -> report
//! ```
//!
//! * [`discover`] turns the paths a user names into stores, transcripts, archives and media roots.
//! * [`read`] streams a file in blocks and cuts it into lines, with byte offsets.
//! * [`mod@line`] turns one line into its facts; the only place that knows JSON speed.
//! * [`session`] gathers the lines of one file into entries, turns and images; [`context`] says what the model sees of them.
//! * [`store`] reads `sessions.json`.
//! * [`signal`] reads what the text of a turn tells.
//! * [`split`] decides which sessions are one conversation, and why.
//! * [`select`] finds the one conversation that an argument means; [`timeline`] stitches it for the eye.
//! * [`redact`] masks what names a person, chat, machine or file, before a report sees it.
//! * [`merge`] plans how a torn conversation becomes one file, [`relink`] how its files stay apart and still know of one
//!   another; [`repair`] plans how damage is mended; [`stitch`] makes the bytes, [`apply`] carries a plan out and takes it back.

pub mod apply;
pub mod baseline;
pub mod config;
pub mod context;
pub mod discover;
pub mod foreign;
pub mod key;
pub mod line;
pub mod media;
pub mod merge;
pub mod name;
pub mod nearest;
pub mod picture;
pub mod platform;
pub mod policy;
pub mod read;
pub mod redact;
pub mod relink;
pub mod repair;
pub mod report;
pub mod rules;
pub mod scan;
pub mod secret;
pub mod select;
pub mod session;
pub mod signal;
pub mod split;
pub mod stitch;
pub mod store;
pub mod time;
pub mod timeline;
pub mod trajectory;
pub mod tree;
pub mod zone;
