//! The strings of a JSON line in, the places out where something stands that is shaped like a live credential. The value
//! itself is never kept, nor shown.
//!
//! Strings come raw, as they stand in the line, in chunks of any length. [`Kind`] and the table that it is declared in say
//! what a credential looks like; examples and placeholders are none. Meant to stay silent when in doubt: a finding that is none
//! costs more trust than one that is missing.

mod shape;
mod table;
#[cfg(test)]
mod tests;

pub use table::Kind;

use aho_corasick::{AhoCorasick, MatchKind, Span, packed};
use shape::{AHEAD, BACK, Extent, fits};
use std::fmt;
use std::sync::LazyLock;
use table::{ROWS, Row};

/// Findings that are kept; more are only counted.
pub const MAX_FINDINGS: usize = 256;

/// Bytes that are searched at once.
const WINDOW: usize = 16 * 1024;

/// No credential is shorter.
const SHORTEST: usize = 20;

/// A string that is shaped like a live credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What it is shaped like.
    pub kind: Kind,
    /// Where it begins, in raw bytes within the line.
    pub offset: u64,
    /// Its raw bytes. Of a private key the header and what was seen of the first line; of a long JSON web token the front.
    pub len: u32,
}

/// Looks for credentials in strings. Holds a window of text, whatever their length.
#[derive(Default)]
pub struct Scanner {
    window: Vec<u8>,
    /// Offset of the window within the line.
    offset: u64,
    /// Where in the window the search goes on; everything in front is settled.
    from: usize,
    findings: Vec<Finding>,
    count: u64,
}

impl fmt::Debug for Scanner {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner").field("findings", &self.findings).field("count", &self.count).finish_non_exhaustive()
    }
}

impl Scanner {
    /// What was found since [`Scanner::clear`], in the order of the line; at most [`MAX_FINDINGS`].
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many were found since [`Scanner::clear`].
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Forgets what was found.
    pub fn clear(&mut self) {
        self.findings.clear();
        self.count = 0;
        self.window.clear();
    }

    /// A string begins; its first byte, behind the quote, stands at this offset of the line.
    pub fn begin(&mut self, offset_in_line: u64) {
        self.window.clear();
        self.offset = offset_in_line;
        self.from = 0;
    }

    /// The next raw bytes of the string.
    pub fn push(&mut self, raw: &[u8]) {
        let mut rest = raw;
        while !rest.is_empty() {
            let room = WINDOW.saturating_sub(self.window.len()).min(rest.len());
            let (part, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.window.extend_from_slice(part);
            rest = after;
            if self.window.len() >= WINDOW {
                self.search(false);
            }
        }
    }

    /// The string is over.
    pub fn end(&mut self) {
        if self.from > 0 || self.window.len() >= SHORTEST {
            self.search(true);
        }
        self.window.clear();
    }

    /// Settles the window: all of it at the end of the string, else as far as there is enough text behind each place. So the
    /// cuts of the chunks do not matter.
    fn search(&mut self, last: bool) {
        let len = self.window.len();
        let limit = if last { len } else { len.saturating_sub(AHEAD) };
        let mut at = self.from;
        while at < limit
            && let Some(Span { start, end }) = PREFIXES.find(&self.window, at)
            && start < limit
        {
            at = start + 1;
            if let Some((kind, extent)) = self.examine(start, end) {
                self.found(kind, start, extent);
                at = start + extent.ahead.max(1);
            }
        }
        self.from = at.max(limit);
        let settled = self.from.saturating_sub(BACK);
        self.window.drain(..settled.min(len));
        self.offset += settled as u64;
        self.from -= settled;
    }

    /// Whether a credential stands where a prefix does.
    fn examine(&self, start: usize, end: usize) -> Option<(Kind, Extent)> {
        let prefix = self.window.get(start..end)?;
        let before = self.window.get(start.saturating_sub(BACK)..start)?;
        let text = self.window.get(start..)?;
        let rows = ROWS.iter().filter(|row| row.prefix.as_bytes() == prefix);
        let fit = |row: &Row| fits(row.shape, prefix.len(), before, text).map(|extent| (row.kind, extent));
        let (kind, extent) = rows.into_iter().find_map(fit)?;
        // A bearer token that is of a known kind is found, or not, as that.
        let front = self.window.get(..end + AHEAD).unwrap_or(&self.window);
        let known = kind == Kind::BearerToken && PREFIXES.find(front, end).is_some_and(|next| next.start == end);
        (!known).then_some((kind, extent))
    }

    fn found(&mut self, kind: Kind, start: usize, extent: Extent) {
        self.count += 1;
        if self.findings.len() < MAX_FINDINGS {
            let offset = self.offset + start.saturating_sub(extent.back) as u64;
            self.findings.push(Finding { kind, offset, len: u32::try_from(extent.back + extent.ahead).unwrap_or(u32::MAX) });
        }
    }
}

/// The search for all prefixes at once.
enum Prefixes {
    /// With vector instructions.
    Packed(packed::Searcher),
    /// Where the processor has none that serve.
    Automaton(Option<AhoCorasick>),
}

static PREFIXES: LazyLock<Prefixes> = LazyLock::new(|| {
    let mut prefixes: Vec<&str> = ROWS.iter().map(|row| row.prefix).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    match packed::Config::new().match_kind(packed::MatchKind::LeftmostLongest).builder().extend(&prefixes).build() {
        Some(searcher) => Prefixes::Packed(searcher),
        None => Prefixes::Automaton(AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&prefixes).ok()),
    }
});

impl Prefixes {
    /// The next prefix from a place on; of several at one place the longest.
    fn find(&self, text: &[u8], from: usize) -> Option<Span> {
        let span = Span::from(from..text.len());
        match self {
            Prefixes::Packed(searcher) => searcher.find_in(text, span).map(|found| found.span()),
            Prefixes::Automaton(automaton) => automaton.as_ref()?.find(aho_corasick::Input::new(text).span(span)).map(|found| found.span()),
        }
    }
}
