//! Variants of every corpus folder, and made-up cases: what is torn stays torn, and what is not never becomes so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod chains;
mod crowd;
mod days;
mod files;
mod forged;
mod innocent;
mod lanes;

mod names;
mod shapes;
mod stores;
mod time;
mod unseen;
