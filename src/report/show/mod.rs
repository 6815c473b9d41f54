//! A timeline in, its report out: what `clawfix show` prints.

mod json;
pub mod lines;
mod table;

use std::io::{self, Write};

pub use json::{Json, document};
pub use table::Table;

use super::Outcome;
use crate::timeline::Timeline;

/// What is shown, and how.
#[derive(Debug)]
pub struct Showing<'a> {
    /// The scan it comes from, and the view.
    pub outcome: &'a Outcome<'a>,
    /// The timeline.
    pub timeline: &'a Timeline<'a>,
    /// Whether the text of the turns is shown, too.
    pub text: bool,
}

/// Writes the report of a timeline.
pub trait ShowReport {
    /// Writes it whole.
    ///
    /// # Errors
    /// What writing gives.
    fn write(&self, showing: &Showing<'_>, out: &mut dyn Write) -> io::Result<()>;
}

impl super::PlainFormat {
    /// The writer of timelines in the format.
    pub fn show_report(self) -> &'static dyn ShowReport {
        match self {
            super::PlainFormat::Table => &Table,
            super::PlainFormat::Json => &Json,
        }
    }
}
