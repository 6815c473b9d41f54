//! The page for the operator: an outcome in, one file of HTML out that loads nothing and needs no script to be read.
//!
//! `escape` is the only way for text into it, `page` its frame and policy, `summary` the totals and the agents,
//! `conversations` what was torn with proof and command, `timeline` the drawings, `findings` the list with its
//! filters. The script adds filters, zoom and copying to a page that is whole without it. No message text is in it.

mod conversations;
mod escape;
mod findings;
mod page;
mod place;
mod summary;
mod timeline;

use std::io::{self, Write};

use super::{Outcome, Report};
use page::Page;
use place::Places;

/// The format `html`.
#[derive(Debug)]
pub struct Html;

impl Report for Html {
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(render(outcome, chrono::Utc::now().timestamp_millis()).text().as_bytes())
    }
}

/// The page, as of that time.
fn render(outcome: &Outcome<'_>, now_ms: i64) -> Page {
    let places = Places::new(outcome);
    let cards = conversations::gather(outcome);
    let mut page = Page::default();
    let torn = conversations::torn_count(&cards);
    page::open(&mut page, &summary::title(outcome, torn));
    summary::head(&mut page, outcome, torn, now_ms);
    page.raw("<main>\n");
    summary::unreadable(&mut page, outcome, &places);
    conversations::torn(&mut page, outcome, &cards, &places);
    findings::section(&mut page, outcome, &cards, &places);
    summary::agents(&mut page, outcome, &cards, &places);
    conversations::others(&mut page, outcome, &cards);
    page.raw("</main>\n");
    page::close(&mut page);
    page
}
