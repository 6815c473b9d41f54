//! The order of the result: whole files one after another, or whole turns where the files overlap in time.

use std::ops::Range;

use super::Part;
use crate::line::Role;
use crate::session::Entry;

/// Lines of one part that stay together: a user turn with everything up to the next, so that no tool call is ever
/// parted from its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Index of the part.
    pub part: usize,
    /// Its bytes in the file.
    pub range: Range<u64>,
    /// Its entries, by index.
    pub entries: Range<usize>,
    /// Whether the file ends in it without a newline.
    pub unterminated: bool,
    /// Whether it is the last of its part.
    pub last: bool,
    /// Time it is ordered by, UTC ms; never before the block ahead of it in the file.
    at_ms: i64,
}

/// The blocks in the order of the result.
pub(super) fn blocks(parts: &[Part<'_>]) -> Vec<Block> {
    let whole: Vec<Block> = parts.iter().enumerate().map(|(at, part)| block(at, part, 0, part.session.entries.len())).collect();
    if !overlap(parts) {
        return whole;
    }
    let mut all: Vec<Block> = parts.iter().enumerate().flat_map(|(at, part)| turns(at, part)).collect();
    // Stable, so that equal times keep the order of the parts.
    all.sort_by_key(|block| block.at_ms);
    // Neighbours of one part are one block again.
    let mut merged: Vec<Block> = Vec::new();
    for next in all {
        match merged.last_mut() {
            Some(last) if last.part == next.part => {
                last.range.end = next.range.end;
                last.entries.end = next.entries.end;
                last.last = next.last;
                last.unterminated = next.unterminated;
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// Whether the parts do not simply stand one behind the other.
pub(super) fn is_interleaved(blocks: &[Block]) -> bool {
    !blocks.is_sorted_by_key(|block| block.part)
}

/// Whether a part has user turns after the next one's first user turn.
fn overlap(parts: &[Part<'_>]) -> bool {
    parts.windows(2).any(|pair| {
        let [older, newer] = pair else { return false };
        let last = older.session.turns.iter().map(|turn| turn.at_ms).max();
        let first = newer.session.turns.iter().map(|turn| turn.at_ms).filter(|&at| at != Entry::NO_TIME).min();
        last.zip(first).is_some_and(|(last, first)| last > first)
    })
}

fn turns(at: usize, part: &Part<'_>) -> Vec<Block> {
    let entries = &part.session.entries;
    let starts = entries.iter().enumerate().filter(|(_, entry)| entry.role == Some(Role::User)).map(|(index, _)| index);
    let starts = starts.filter(|&index| !awaits_result(entries.get(index..).unwrap_or_default()));
    // What stands before the first user turn belongs to it.
    let first = entries.iter().position(|entry| entry.role == Some(Role::User));
    let mut cuts: Vec<usize> = starts.filter(|&index| Some(index) != first).collect();
    cuts.insert(0, 0);
    cuts.push(entries.len());
    let mut latest = i64::MIN;
    let mut blocks = Vec::new();
    for pair in cuts.windows(2) {
        let [from, to] = pair else { continue };
        let mut block = block(at, part, *from, *to);
        latest = latest.max(block.at_ms);
        block.at_ms = latest;
        blocks.push(block);
    }
    blocks
}

/// Whether a tool result is still to come for a call ahead of these entries: a user may write while a tool runs.
fn awaits_result(entries: &[Entry]) -> bool {
    let answer = |entry: &&Entry| match entry.role {
        Some(Role::Assistant) => !entry.flags.mirror,
        role => role == Some(Role::ToolResult),
    };
    entries.iter().find(answer).is_some_and(|entry| entry.role == Some(Role::ToolResult))
}

fn block(at: usize, part: &Part<'_>, from: usize, to: usize) -> Block {
    let session = part.session;
    let offset = |index: usize| session.entries.get(index).map(|entry| entry.span.offset);
    let start = if from == 0 { 0 } else { offset(from).unwrap_or(session.bytes) };
    let end = offset(to).unwrap_or(session.bytes);
    let entries = session.entries.get(from..to).unwrap_or_default();
    let user = entries.iter().find(|entry| entry.role == Some(Role::User)).and_then(Entry::time);
    let at_ms = user.or_else(|| entries.iter().find_map(Entry::time)).unwrap_or(part.start_ms);
    let last = to >= session.entries.len();
    Block { part: at, range: start..end, entries: from..to, unterminated: last && session.unterminated, last, at_ms }
}
