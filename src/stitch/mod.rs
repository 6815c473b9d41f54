//! The segments of one conversation in, one stitched transcript out, as [`Piece`]s: every source line byte for byte,
//! except the links that must change. Writes nothing.
//!
//! The header is the survivor's. Between two segments stands one `custom` entry of the type `clawfix:seam`, which the
//! model never sees; it keeps the header lines that have no place in the result, and makes a merge recognisable.

pub mod fields;
mod ids;
mod order;
pub mod piece;
mod relink;
pub mod unreturned;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;

use crate::context::Context;
use crate::line::Kind;
use crate::session::{HeaderLine, Session};
use ids::Ids;
use piece::{Edit, Piece, push, push_edited};

/// The type of the entry between two segments.
pub const SEAM: &str = "clawfix:seam";

/// A segment to stitch.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Its index.
    pub session: &'a Session,
    /// What the model sees of it.
    pub context: &'a Context,
    /// Its session id.
    pub id: &'a str,
    /// Creation, UTC ms.
    pub start_ms: i64,
    /// Why it was cut from the part before, in a word; none for the first part and for parts stitched by hand.
    pub cause: Option<&'a str>,
}

/// How to stitch.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Index of the part whose header the result has.
    pub survivor: usize,
    /// Session id of the result, where it is not the survivor's.
    pub new_id: Option<String>,
    /// Put a seam entry between the parts.
    pub seam: bool,
    /// Close tool calls that are open at a seam by an error result.
    pub close: bool,
    /// Name of the run, for the seam entry.
    pub run: String,
}

/// Why a line is not as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A root now hangs on the segment before.
    Reparented,
    /// Its id, or one it refers to, occurs in another segment.
    Remapped,
    /// It came from an older format version.
    Upgraded,
    /// It follows another turn than before, since the segments overlap in time.
    Interleaved,
    /// It is a session header that does not head the result, or not with its id; the seam entry keeps it.
    HeaderMoved,
    /// A reference to an image leads to where the file is now.
    Rewritten,
    /// A byte order mark, which may stand at the very start of a file only, was left out.
    Unmarked,
    /// The file ended in it without an id, which would hide all before it; it has one now and hangs on the entry ahead.
    Named,
}

/// A line that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// Index of the part.
    pub part: usize,
    /// Line number in its file, from 1.
    pub line: u64,
    /// Why.
    pub why: Why,
}

/// The stitched transcript.
#[derive(Debug, Clone)]
pub struct Stitched {
    /// Its bytes.
    pub pieces: Vec<Piece>,
    /// The files that the pieces come from.
    pub sources: Vec<PathBuf>,
    /// Lines that are not as they were.
    pub changes: Vec<Change>,
    /// Ids that got another: part, old, new.
    pub remapped: Vec<(usize, String, String)>,
    /// Lines that are new: seam entries and closing tool results.
    pub added: u64,
    /// Tool calls that were closed, by id.
    pub closed: Vec<String>,
    /// Whether the parts overlap in time and were interleaved by whole turns.
    pub interleaved: bool,
    /// Index of the part that the result ends in, and that lines which come later hang on.
    pub ends_in: usize,
    /// The survivor has no header, so one was made.
    pub header_made: bool,
}

/// Stitches the parts, oldest first. `rewrites` holds, for each part, edits of single values that are wanted besides.
///
/// # Errors
/// What reading the few lines that change gives.
pub fn stitch(parts: &[Part<'_>], manner: &Manner, rewrites: &[Vec<Edit>]) -> io::Result<Stitched> {
    let mut ids = Ids::new(&manner.run, parts);
    let remap = ids.collisions(parts);
    let mut out = Stitched {
        pieces: Vec::new(),
        sources: parts.iter().map(|part| part.session.path.clone()).collect(),
        changes: Vec::new(),
        remapped: remap.listed(),
        added: 0,
        closed: Vec::new(),
        interleaved: false,
        ends_in: parts.len().saturating_sub(1),
        header_made: false,
    };
    header(parts, manner, &mut out)?;
    let blocks = order::blocks(parts);
    out.interleaved = order::is_interleaved(&blocks);
    out.ends_in = blocks.last().map_or(out.ends_in, |block| block.part);
    let known: HashSet<&str> =
        parts.iter().flat_map(|part| part.session.entries.iter().filter_map(|entry| part.session.names.text(entry.id))).collect();
    let begun = vec![false; parts.len()];
    let path = |part: &Part<'_>| crate::context::path(part.session).into_iter().collect();
    let paths = out.interleaved.then(|| parts.iter().map(path).collect());
    let (named, numbered) = (HashMap::new(), HashMap::new());
    let mut relink =
        relink::Relink { parts, remap: &remap, ids: &mut ids, manner, tip: None, begun, known: &known, paths, named, numbered };
    let mut rewritten = 0;
    for (at, block) in blocks.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| blocks.get(before));
        relink.enter(block, before, &mut out)?;
        let mut edits = relink.edits(block, before, &mut out)?;
        let more = rewrites.get(block.part).map(Vec::as_slice).unwrap_or_default();
        let more = more.iter().filter(|edit| block.range.contains(&edit.range.start));
        for edit in more {
            if let Some(line) = line_at(parts, block, edit.range.start) {
                out.changes.push(Change { part: block.part, line, why: Why::Rewritten });
            }
            edits.push(edit.clone());
            rewritten += 1;
        }
        if block.range.start == 0 && block.entries.start == 0 {
            edits.extend(relink::without_mark(parts, block.part, &mut out)?);
        }
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        copy(&mut out, parts, block, &edits)?;
        relink.leave(block, blocks.get(at + 1));
    }
    if rewritten != rewrites.iter().map(Vec::len).sum::<usize>() {
        return Err(misplaced("an edit of a value lies in no part of the result, or in two"));
    }
    out.changes.sort_by_key(|change| (change.part, change.line));
    out.changes.dedup_by_key(|change| (change.part, change.line));
    Ok(out)
}

/// The line of a block's entry that holds this byte.
fn line_at(parts: &[Part<'_>], block: &order::Block, at: u64) -> Option<u64> {
    let entries = parts.get(block.part)?.session.entries.get(block.entries.clone())?;
    let entry = entries.get(entries.partition_point(|entry| entry.span.offset <= at).checked_sub(1)?)?;
    Some(u64::from(entry.line))
}

/// The first line of the result.
fn header(parts: &[Part<'_>], manner: &Manner, out: &mut Stitched) -> io::Result<()> {
    let Some(part) = parts.get(manner.survivor) else { return Ok(()) };
    let first = part.session.headers.first();
    match (first, &manner.new_id) {
        (Some(header), new_id) => {
            let mut edits = relink::upgrade_header(part, manner.survivor, header, out)?;
            if let Some(id) = new_id {
                edits.extend(relink::header_id(part, header, id)?);
                out.changes.push(Change { part: manner.survivor, line: header.line, why: Why::HeaderMoved });
                edits.sort_by_key(|edit| edit.range.start);
            }
            let end = header.span.offset + header.span.len;
            push_edited(&mut out.pieces, manner.survivor, header.span.offset..end, &edits)?;
        }
        (None, new_id) => {
            let id = new_id.as_deref().unwrap_or(part.id);
            let cwd = parts.iter().rev().find_map(|part| part.session.header.as_ref()?.cwd.clone()).unwrap_or_default();
            let line =
                serde_json::json!({"type": "session", "version": 3, "id": id, "timestamp": crate::time::iso(part.start_ms), "cwd": cwd});
            push(&mut out.pieces, Piece::Bytes(line.to_string().into_bytes()));
            out.added += 1;
            out.header_made = true;
        }
    }
    push(&mut out.pieces, Piece::Bytes(b"\n".to_vec()));
    for (at, part) in parts.iter().enumerate().filter(|(at, _)| *at != manner.survivor) {
        if let Some(header) = part.session.headers.first() {
            out.changes.push(Change { part: at, line: header.line, why: Why::HeaderMoved });
        }
    }
    Ok(())
}

/// Copies a block, without the header of its part, and sees to a newline at its end. Every edit is carried out once.
fn copy(out: &mut Stitched, parts: &[Part<'_>], block: &order::Block, edits: &[Edit]) -> io::Result<()> {
    let Some(part) = parts.get(block.part) else { return Ok(()) };
    let mut at = block.range.start;
    let mut done = 0;
    if let Some(HeaderLine { span, .. }) = part.session.headers.first()
        && block.range.contains(&span.offset)
    {
        done += push_edited(&mut out.pieces, block.part, at..span.offset, edits)?;
        at = (span.offset + span.len + 1).min(block.range.end);
    }
    done += push_edited(&mut out.pieces, block.part, at..block.range.end, edits)?;
    if done != edits.len() {
        return Err(misplaced("an edit lies outside its part of the result, or was carried out twice"));
    }
    if at < block.range.end && block.unterminated {
        push(&mut out.pieces, Piece::Bytes(b"\n".to_vec()));
    }
    Ok(())
}

/// A fault in the edits themselves: nothing may be written then.
fn misplaced(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The id that the next entry hangs on when a transcript is over: its leaf, else its last entry that has an id.
pub(crate) fn leaf_of(session: &Session, context: &Context) -> Option<String> {
    let named = |at: u32| {
        let entry = session.entry(at).filter(|entry| session.names.truthy(entry.id))?;
        session.names.text(entry.id).map(str::to_owned)
    };
    context.leaf.and_then(named).or_else(|| last_name(session))
}

/// The id of the last entry that has one.
fn last_name(session: &Session) -> Option<String> {
    let named = |entry: &crate::session::Entry| session.names.text(entry.id).filter(|_| session.names.truthy(entry.id));
    session.entries.iter().rev().find_map(named).map(str::to_owned)
}

/// Whether an entry can carry the path on.
fn is_linkable(kind: Kind) -> bool {
    !matches!(kind, Kind::NotAnObject | Kind::Scalar | Kind::Null)
}
