//! The links of the result: which lines must change so that all parts are one tree with one path to the leaf.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read, Seek, SeekFrom};

use super::fields::{Located, locate};
use super::ids::{Ids, Remap};
use super::order::Block;
use super::piece::{Edit, Piece, push};
use super::unreturned::unreturned;
use super::{Change, Manner, Part, SEAM, Stitched, Why, is_linkable, last_name, leaf_of};
use crate::line::Kind;
use crate::read::Span;
use crate::session::names::Ref;
use crate::session::{Entry, HeaderLine};
use crate::time::iso;

/// Fields of an entry that can name another.
const FIELDS: [&str; 7] = ["id", "parentId", "firstKeptEntryId", "targetId", "fromId", "appendParentId", "message.role"];
const ID: usize = 0;
const PARENT: usize = 1;
const KEPT: usize = 2;
const ROLE: usize = 6;

pub(super) struct Relink<'a> {
    pub parts: &'a [Part<'a>],
    pub remap: &'a Remap,
    pub ids: &'a mut Ids,
    pub manner: &'a Manner,
    /// Id that the next block hangs on.
    pub tip: Option<String>,
    /// Parts of which something is in the result already.
    pub begun: Vec<bool>,
    /// Ids of all entries of all parts.
    pub known: &'a HashSet<&'a str>,
    /// Entries on the way to the leaf of each part, where the parts are interleaved.
    pub paths: Option<Vec<HashSet<u32>>>,
    /// New ids of last entries that had none, by part.
    pub named: HashMap<usize, String>,
    /// New ids of the entries of version 1 parts, by part and index.
    pub numbered: HashMap<(usize, usize), String>,
}

impl Relink<'_> {
    /// Puts in what stands before a part that begins here: closed tool calls and the seam.
    pub(super) fn enter(&mut self, block: &Block, before: Option<&Block>, out: &mut Stitched) -> io::Result<()> {
        let first = !std::mem::replace(self.begun.get_mut(block.part).unwrap_or(&mut false), true);
        let Some(before) = before else { return Ok(()) };
        let (Some(older), Some(newer)) = (self.parts.get(before.part), self.parts.get(block.part)) else { return Ok(()) };
        if self.manner.close && before.last {
            for call in &older.session.open_calls {
                let id = self.ids.fresh();
                let at_ms = older.session.last_ms().unwrap_or(older.start_ms);
                let line = unreturned(&call.id, &call.name, &id, self.tip.as_deref(), at_ms);
                self.add(line, id, out);
                out.closed.push(call.id.clone());
            }
        }
        if self.manner.seam && first {
            let id = self.ids.fresh();
            let data = serde_json::json!({
                "run": self.manner.run,
                "cause": newer.cause,
                "older": self.side(before.part, older)?,
                "newer": self.side(block.part, newer)?,
            });
            let line = serde_json::json!({
                "type": "custom", "customType": SEAM, "data": data, "id": id, "parentId": self.tip, "timestamp": iso(newer.start_ms),
            });
            self.add(line, id, out);
        }
        Ok(())
    }

    fn add(&mut self, line: serde_json::Value, id: String, out: &mut Stitched) {
        push(&mut out.pieces, Piece::Bytes(format!("{line}\n").into_bytes()));
        out.added += 1;
        self.tip = Some(id);
    }

    /// What the seam keeps of a side: the header line too, unless it heads the result.
    fn side(&self, at: usize, part: &Part<'_>) -> io::Result<serde_json::Value> {
        let name = part.session.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let header = match part.session.headers.first() {
            Some(header) if at != self.manner.survivor || self.manner.new_id.is_some() => Some(read_line(part, header.span)?),
            _ => None,
        };
        let header = header.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(serde_json::json!({"sessionId": part.id, "file": name, "headerLine": header}))
    }

    /// The edits of a block, in the order of the file.
    pub(super) fn edits(&mut self, block: &Block, before: Option<&Block>, out: &mut Stitched) -> io::Result<Vec<Edit>> {
        let Some(part) = self.parts.get(block.part) else { return Ok(Vec::new()) };
        let version = part.session.version();
        let mut edits = Vec::new();
        let mut previous: Option<String> = None;
        let head = self.head(block);
        for (offset, entry) in part.session.entries.get(block.entries.clone()).unwrap_or_default().iter().enumerate() {
            let at = block.entries.start + offset;
            if !is_linkable(entry.kind) {
                continue;
            }
            let mut line = LineEdit { part: *part, entry, edits: Vec::new(), located: None };
            let mut why = None;
            if version < 2 {
                let id = self.ids.fresh();
                let parent = if offset == 0 { self.tip.clone() } else { previous.clone() };
                line.insert(&[("id", Some(&id)), ("parentId", parent.as_deref())])?;
                let kept = line.kept_by_index().and_then(|index| self.numbered.get(&(block.part, index)));
                if let Some(kept) = kept {
                    line.set(KEPT, "firstKeptEntryId", kept)?;
                }
                self.numbered.insert((block.part, at), id.clone());
                previous = Some(id);
                why = Some(Why::Upgraded);
            } else {
                if self.remap.touches(block.part) && line.remap(self.remap, block.part)? {
                    why = Some(Why::Remapped);
                }
                let root = self.is_root(part, entry);
                let new_parent = if head == Some(at) && before.is_some() {
                    Some(if root { Why::Reparented } else { Why::Interleaved })
                } else {
                    (block.part > 0 && root).then_some(Why::Reparented)
                };
                let parent = if self.is_nameless_end(part, at) {
                    let id = self.ids.fresh();
                    line.set(ID, "id", &id)?;
                    self.named.insert(block.part, id);
                    why = Some(Why::Named);
                    let own = last_name(part.session).map(|own| self.remap.get(block.part, &own).to_owned());
                    own.or_else(|| self.tip.clone())
                } else {
                    new_parent.and_then(|reason| {
                        why = self.tip.as_ref().map(|_| reason).or(why);
                        self.tip.clone()
                    })
                };
                if let Some(parent) = parent {
                    line.set(PARENT, "parentId", &parent)?;
                }
            }
            if version < 3 && line.upgrade_role()? {
                why = Some(Why::Upgraded);
            }
            if let Some(why) = why {
                out.changes.push(Change { part: block.part, line: u64::from(entry.line), why });
            }
            line.edits.sort_by_key(|edit: &Edit| edit.range.start);
            edits.append(&mut line.edits);
        }
        if version < 2 {
            self.tip = previous.or(self.tip.take());
        }
        Ok(edits)
    }

    /// Whether an entry hangs on nothing in its own file, nor on an earlier part.
    fn is_root(&self, part: &Part<'_>, entry: &Entry) -> bool {
        let names = &part.session.names;
        if !entry.parent.is_some() || !names.truthy(entry.parent) || entry.parent == entry.id {
            return true;
        }
        !names.text(entry.parent).is_some_and(|parent| self.known.contains(parent))
    }

    /// The entry of a block that hangs on the block before in the result: where the parts are interleaved, the first on
    /// the way to its part's leaf that hangs on nothing in the block itself. Everything else keeps its place in the tree.
    fn head(&self, block: &Block) -> Option<usize> {
        let path = self.paths.as_ref()?.get(block.part)?;
        let entries = &self.parts.get(block.part)?.session.entries;
        let at = block.entries.clone().find(|&at| u32::try_from(at).is_ok_and(|at| path.contains(&at)))?;
        let parent = entries.get(at)?.parent;
        let inside = entries.get(block.entries.clone()).unwrap_or_default().iter().any(|entry| entry.id == parent);
        (!inside || !parent.is_some()).then_some(at)
    }

    /// Whether a part ends in an entry without an id: the loader would start at it and see nothing else.
    fn is_nameless_end(&self, part: &Part<'_>, at: usize) -> bool {
        let last = part.session.entries.get(at).filter(|_| at + 1 == part.session.entries.len());
        let controlled = || part.session.entries.iter().any(|entry| entry.kind == Kind::Leaf);
        last.is_some_and(|entry| !part.session.names.truthy(entry.id)) && !controlled()
    }

    /// Moves the tip behind a block.
    pub(super) fn leave(&mut self, block: &Block, next: Option<&Block>) {
        let Some(part) = self.parts.get(block.part) else { return };
        if part.session.version() < 2 || next.is_none() {
            return;
        }
        if let Some(id) = self.named.get(&block.part).filter(|_| block.last) {
            self.tip = Some(id.clone());
            return;
        }
        let named = |at: usize| {
            let entry = part.session.entries.get(at)?;
            part.session.names.text(entry.id).filter(|_| part.session.names.truthy(entry.id)).map(str::to_owned)
        };
        let tip = match self.paths.as_ref().and_then(|paths| paths.get(block.part)) {
            // Only what is on the way to the leaf carries the path on; a block without any of it leaves the tip where it is.
            Some(path) => {
                let on_path = |at: &usize| u32::try_from(*at).is_ok_and(|at| path.contains(&at));
                block.entries.clone().rev().filter(on_path).find_map(named)
            }
            None if block.last => leaf_of(part.session, part.context).or_else(|| block.entries.clone().rev().find_map(named)),
            None => block.entries.clone().rev().find_map(named),
        };
        if let Some(id) = tip {
            self.tip = Some(self.remap.get(block.part, &id).to_owned());
        }
    }
}

/// Edits of one line.
struct LineEdit<'a> {
    part: Part<'a>,
    entry: &'a Entry,
    edits: Vec<Edit>,
    located: Option<Located>,
}

impl LineEdit<'_> {
    fn located(&mut self) -> io::Result<&Located> {
        if self.located.is_none() {
            self.located = Some(locate(line_reader(&self.part, self.entry.span)?, &FIELDS)?);
        }
        Ok(self.located.get_or_insert_with(Located::default))
    }

    /// Index of the entry that a version 1 compaction keeps from. Its own number counts headers too.
    fn kept_by_index(&self) -> Option<usize> {
        let session = self.part.session;
        let link = session.links.iter().find(|link| session.entry(link.entry).is_some_and(|entry| entry.line == self.entry.line))?;
        let index = link.index?;
        let headers = session.headers.iter().filter(|header| header.ordinal < index).count() as u64;
        usize::try_from(index.checked_sub(headers)?).ok()
    }

    fn replace(&mut self, value: std::ops::Range<u64>, text: &str) {
        let start = self.entry.span.offset;
        let range = start + value.start..start + value.end;
        self.edits.retain(|edit| edit.range != range);
        self.edits.push(Edit { range, bytes: quoted(text) });
    }

    fn null(&mut self, value: std::ops::Range<u64>) {
        let start = self.entry.span.offset;
        self.edits.push(Edit { range: start + value.start..start + value.end, bytes: b"null".to_vec() });
    }

    /// Sets a field, or puts it in where the line has none.
    fn set(&mut self, path: usize, key: &str, text: &str) -> io::Result<()> {
        match self.located()?.last(path).cloned() {
            Some(value) => self.replace(value, text),
            None => self.insert(&[(key, Some(text))])?,
        }
        Ok(())
    }

    /// Puts fields in front of the others.
    fn insert(&mut self, fields: &[(&str, Option<&str>)]) -> io::Result<()> {
        let located = self.located()?.clone();
        let mut bytes = Vec::new();
        for (key, value) in fields {
            let path = FIELDS.iter().position(|field| field == key);
            let there = path.and_then(|path| located.last(path).cloned());
            match (there, value) {
                (Some(place), Some(value)) => self.replace(place, value),
                (Some(place), None) => self.null(place),
                (None, value) => {
                    bytes.extend(quoted(key));
                    bytes.push(b':');
                    bytes.extend(value.map_or_else(|| b"null".to_vec(), quoted));
                    bytes.push(b',');
                }
            }
        }
        if located.empty {
            bytes.pop();
        }
        let at = self.entry.span.offset + located.body;
        if !bytes.is_empty() {
            self.edits.push(Edit { range: at..at, bytes });
        }
        Ok(())
    }

    /// Carries out the new ids in every field that names an entry.
    fn remap(&mut self, remap: &Remap, part: usize) -> io::Result<bool> {
        let names = &self.part.session.names;
        let changes = |id: Ref| names.text(id).is_some_and(|text| remap.get(part, text) != text);
        let linked = matches!(self.entry.kind, Kind::Compaction | Kind::Label | Kind::Leaf | Kind::BranchSummary | Kind::Reset);
        if !(changes(self.entry.id) || changes(self.entry.parent) || linked) {
            return Ok(false);
        }
        let located = self.located()?.clone();
        let mut changed = false;
        for field in located.fields.iter().filter(|field| field.path != ROLE) {
            let raw = read_line(
                &self.part,
                Span { offset: self.entry.span.offset + field.value.start, len: field.value.end - field.value.start },
            )?;
            let Ok(id) = serde_json::from_slice::<String>(&raw) else { continue };
            let new = remap.get(part, &id);
            if new != id {
                let new = new.to_owned();
                self.replace(field.value.clone(), &new);
                changed = true;
            }
        }
        debug_assert!(FIELDS.get(ID) == Some(&"id"));
        Ok(changed)
    }

    /// Version 3 calls the role `hookMessage` `custom`.
    fn upgrade_role(&mut self) -> io::Result<bool> {
        if self.entry.kind != Kind::Message {
            return Ok(false);
        }
        let Some(value) = self.located()?.last(ROLE).cloned() else { return Ok(false) };
        let raw = read_line(&self.part, Span { offset: self.entry.span.offset + value.start, len: value.end - value.start })?;
        let hook = serde_json::from_slice::<String>(&raw).is_ok_and(|role| role == "hookMessage");
        if hook {
            self.replace(value, "custom");
        }
        Ok(hook)
    }
}

/// Brings the survivor's header to version 3.
pub(super) fn upgrade_header(part: &Part<'_>, at: usize, header: &HeaderLine, out: &mut Stitched) -> io::Result<Vec<Edit>> {
    if part.session.version() >= 3 {
        return Ok(Vec::new());
    }
    out.changes.push(Change { part: at, line: header.line, why: Why::Upgraded });
    let located = locate(line_reader(part, header.span)?, &["version"])?;
    let start = header.span.offset;
    Ok(vec![match located.last(0) {
        Some(value) => Edit { range: start + value.start..start + value.end, bytes: b"3".to_vec() },
        None => Edit { range: start + located.body..start + located.body, bytes: b"\"version\":3,".to_vec() },
    }])
}

/// Takes the byte order mark off the start of a part that begins with another line than the header. (A header takes its
/// own along, to the start of the result or into the seam.)
pub(super) fn without_mark(parts: &[Part<'_>], at: usize, out: &mut Stitched) -> io::Result<Option<Edit>> {
    let Some(part) = parts.get(at) else { return Ok(None) };
    let marked = read_line(part, Span { offset: 0, len: 3.min(part.session.bytes) })? == "\u{FEFF}".as_bytes();
    if !marked || part.session.headers.first().is_some_and(|header| header.span.offset == 0) {
        return Ok(None);
    }
    out.changes.push(Change { part: at, line: 1, why: Why::Unmarked });
    Ok(Some(Edit { range: 0..3, bytes: Vec::new() }))
}

/// Gives the header another session id.
pub(super) fn header_id(part: &Part<'_>, header: &HeaderLine, id: &str) -> io::Result<Vec<Edit>> {
    let located = locate(line_reader(part, header.span)?, &["id"])?;
    let start = header.span.offset;
    Ok(located.last(0).map(|value| Edit { range: start + value.start..start + value.end, bytes: quoted(id) }).into_iter().collect())
}

fn quoted(text: &str) -> Vec<u8> {
    serde_json::Value::from(text).to_string().into_bytes()
}

fn line_reader(part: &Part<'_>, span: Span) -> io::Result<impl Read> {
    let (mut file, _) = crate::platform::open_regular(&part.session.path)?;
    file.seek(SeekFrom::Start(span.offset))?;
    Ok(file.take(span.len))
}

fn read_line(part: &Part<'_>, span: Span) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    line_reader(part, span)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
