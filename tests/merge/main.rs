//! `merge`, `undo` and `log` as a program, on copies of the corpus and on made-up conversations: nothing is lost, nothing
//! is half done, and everything can be taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod appended;
mod chains;
mod corpus;
mod damage;
mod faults;
mod journal;
mod proof;
mod refusals;
