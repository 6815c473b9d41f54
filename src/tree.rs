//! The bytes of one good JSON line in, a tree of its values out, each with its place in the line, so that a repair can
//! replace or remove single nested values and leave every other byte.
//!
//! Accepts what `JSON.parse` accepts after `TextDecoder`: a byte order mark in front, invalid UTF-8 inside strings. Nested
//! deeper than [`MAX_DEPTH`], or of 4 GiB and more, is refused. Nothing recurses.

use crate::line::text::decode;
use memchr::memchr2;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

#[cfg(test)]
mod tests;

/// Deepest nesting that is taken.
pub const MAX_DEPTH: usize = 512;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{..}`
    Object,
    /// `[..]`
    Array,
    /// `".."`
    String,
    /// A number, as it is written.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

/// A value; 32 bits a place, since a hostile line has a value every second byte.
#[derive(Debug, Clone, Copy)]
struct Cell {
    kind: Kind,
    start: u32,
    end: u32,
    /// The key with its quotes; empty where there is none, since quotes are never empty.
    key_start: u32,
    key_end: u32,
    /// The cell behind this value and all that it holds.
    next: u32,
}

/// The values of a line, in the order of the line.
#[derive(Debug)]
pub struct Tree<'a> {
    line: &'a [u8],
    cells: Vec<Cell>,
}

/// A value of a [`Tree`].
#[derive(Debug, Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree<'t>,
    index: usize,
    cell: Cell,
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member<'t> {
    /// The key, decoded.
    pub key: Cow<'t, str>,
    /// Where the key stands, with its quotes.
    pub key_range: Range<usize>,
    /// The value.
    pub value: Node<'t>,
}

/// A member that a later one of the same key overrides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The key, decoded.
    pub key: String,
    /// From the key to the end of the value.
    pub member: Range<usize>,
    /// What to delete; the ranges of one line never overlap, all can go at once.
    pub removal: Range<usize>,
}

/// Reads a line; `None` where it is no JSON.
pub fn parse(line: &[u8]) -> Option<Tree<'_>> {
    u32::try_from(line.len()).ok()?;
    let at = if line.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut parser = Parser { line, at, cells: Vec::new(), open: Vec::new() };
    parser.run()?;
    Some(Tree { line, cells: parser.cells })
}

impl<'a> Tree<'a> {
    /// The value that the line is.
    pub fn root(&self) -> Node<'_> {
        // A tree is only made with at least one cell.
        let none = Cell { kind: Kind::Null, start: 0, end: 0, key_start: 0, key_end: 0, next: 0 };
        self.node(0).unwrap_or(Node { tree: self, index: 0, cell: none })
    }

    fn node(&self, index: usize) -> Option<Node<'_>> {
        self.cells.get(index).map(|&cell| Node { tree: self, index, cell })
    }

    /// The line that was parsed.
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// Every value in the order of the line, the root first.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.cells.iter().enumerate().map(|(index, &cell)| Node { tree: self, index, cell })
    }

    /// The members of all objects that a later one of the same key overrides, in the order of the line. What stands inside
    /// such a member is not looked at again. A key with an escaped lone surrogate is never named: decoding makes different ones equal.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        let mut found = Vec::new();
        let mut dead = HashSet::new();
        let mut index = 0;
        while let Some(node) = self.node(index) {
            if dead.contains(&index) {
                index = node.cell.next as usize;
                continue;
            }
            index += 1;
            if node.kind() != Kind::Object || node.children().nth(1).is_none() {
                continue;
            }
            let mut last: HashMap<Cow<'_, str>, Node<'_>> = HashMap::new();
            for member in node.members() {
                let raw = self.line.get(member.key_range.clone()).unwrap_or_default();
                if member.key.contains(char::REPLACEMENT_CHARACTER) && raw.contains(&b'\\') {
                    continue;
                }
                let key = member.key.clone();
                if let Some(earlier) = last.insert(member.key, member.value) {
                    dead.insert(earlier.index);
                    let (start, end) = (earlier.slot().start, earlier.slot().end);
                    let next = self.node(earlier.cell.next as usize).map_or(end, |next| next.slot().start);
                    found.push(Duplicate { key: key.into_owned(), member: start..end, removal: start..next });
                }
            }
        }
        found.sort_by_key(|duplicate| duplicate.member.start);
        found
    }
}

impl<'t> Node<'t> {
    /// Where the value stands, with its quotes or brackets.
    pub fn range(&self) -> Range<usize> {
        self.cell.start as usize..self.cell.end as usize
    }

    /// The bytes of the value as written, with its quotes or brackets.
    pub fn raw(&self) -> &'t [u8] {
        self.tree.line.get(self.range()).unwrap_or_default()
    }

    /// What the value is.
    pub fn kind(&self) -> Kind {
        self.cell.kind
    }

    /// The members of an object in the order of the line, overridden ones too; none of anything else.
    pub fn members(&self) -> impl Iterator<Item = Member<'t>> + use<'t> {
        let (line, object) = (self.tree.line, self.kind() == Kind::Object);
        self.children().filter(move |_| object).map(move |value| {
            let key_range = value.cell.key_start as usize..value.cell.key_end as usize;
            let key = decode(inside(line.get(key_range.clone()).unwrap_or_default()));
            Member { key, key_range, value }
        })
    }

    /// The items of an array; none of anything else.
    pub fn items(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let array = self.kind() == Kind::Array;
        self.children().filter(move |_| array)
    }

    /// The value of the last member of this key, which is the one that `JSON.parse` keeps.
    pub fn get(&self, key: &str) -> Option<Node<'t>> {
        self.members().filter(|member| member.key == key).last().map(|member| member.value)
    }

    /// The value under these keys, from the outside in.
    pub fn at(&self, path: &[&str]) -> Option<Node<'t>> {
        path.iter().try_fold(*self, |node, key| node.get(key))
    }

    /// The text of a string, decoded; lone surrogates and invalid UTF-8 as U+FFFD.
    pub fn text(&self) -> Option<Cow<'t, str>> {
        (self.kind() == Kind::String).then(|| decode(inside(self.raw())))
    }

    /// The bytes of a string between its quotes, as written.
    pub fn text_raw(&self) -> Option<&'t [u8]> {
        (self.kind() == Kind::String).then(|| inside(self.raw()))
    }

    /// `true` or `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// A number as it is written.
    pub fn number_raw(&self) -> Option<&'t str> {
        (self.kind() == Kind::Number).then(|| std::str::from_utf8(self.raw()).ok()).flatten()
    }

    /// What to delete so that this object or array loses its member or item of that number, and stays good JSON. For more
    /// than one, [`Node::removals`]: two single ranges may share a comma.
    pub fn removal(&self, index: usize) -> Option<Range<usize>> {
        self.removals(&[index]).pop()
    }

    /// What to delete so that this object or array loses all of these members or items at once, and stays good JSON. The
    /// ranges are in the order of the line and do not overlap. Numbers that are not there count for nothing.
    pub fn removals(&self, indexes: &[usize]) -> Vec<Range<usize>> {
        let gone: HashSet<usize> = indexes.iter().copied().collect();
        self.remove(|index, _| gone.contains(&index))
    }

    /// What to delete so that this object loses the key: every member of it, else an overridden one would come to life.
    pub fn removals_of(&self, key: &str) -> Vec<Range<usize>> {
        let places: HashSet<usize> = self.members().filter(|member| member.key == key).map(|member| member.value.index).collect();
        self.remove(|_, child| places.contains(&child.index))
    }

    /// Where a member or item can be put in at the front, and whether a comma must follow it. If members are removed in the
    /// same pass, the comma depends on whether any stays.
    pub fn insertion(&self) -> Option<(usize, bool)> {
        matches!(self.kind(), Kind::Object | Kind::Array).then(|| (self.range().start + 1, self.children().next().is_some()))
    }

    /// A run of removed children takes the comma behind it along, and the one in front of it where nothing follows.
    fn remove(&self, gone: impl Fn(usize, &Node<'t>) -> bool) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let (mut kept_end, mut from, mut gone_end) = (None, None, 0);
        for (index, child) in self.children().enumerate() {
            let slot = child.slot();
            if gone(index, &child) {
                from.get_or_insert(slot.start);
                gone_end = slot.end;
                continue;
            }
            ranges.extend(from.take().map(|from| from..slot.start));
            kept_end = Some(slot.end);
        }
        ranges.extend(from.map(|from| kept_end.unwrap_or(from)..gone_end));
        ranges
    }

    /// From the key, where there is one, to the end of the value.
    fn slot(&self) -> Range<usize> {
        let keyed = self.cell.key_end > self.cell.key_start;
        (if keyed { self.cell.key_start } else { self.cell.start }) as usize..self.cell.end as usize
    }

    fn children(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let (tree, end) = (self.tree, self.cell.next as usize);
        let within = move |index: usize| if index < end { tree.node(index) } else { None };
        std::iter::successors(within(self.index + 1), move |node| within(node.cell.next as usize))
    }
}

/// A string without its quotes.
fn inside(quoted: &[u8]) -> &[u8] {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

struct Parser<'a> {
    line: &'a [u8],
    at: usize,
    cells: Vec<Cell>,
    /// The cells of the objects and arrays around `at`, innermost last.
    open: Vec<usize>,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Option<()> {
        let mut key = 0..0;
        loop {
            self.space();
            if self.begin(key)? {
                self.space();
                if !self.close() {
                    key = self.key()?;
                    continue;
                }
            }
            // A value is over: its brackets close, or the next one comes.
            loop {
                self.space();
                if self.open.is_empty() {
                    return (self.at == self.line.len()).then_some(());
                }
                if !self.close() {
                    break;
                }
            }
            self.take(b',')?;
            key = self.key()?;
        }
    }

    /// Begins a value; true where it is an object or array, which is then open. Any other is read to its end.
    fn begin(&mut self, key: Range<usize>) -> Option<bool> {
        let start = self.at;
        let kind = match self.peek()? {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b't' => Kind::True,
            b'f' => Kind::False,
            b'n' => Kind::Null,
            _ => Kind::Number,
        };
        let opens = matches!(kind, Kind::Object | Kind::Array);
        match kind {
            Kind::Object | Kind::Array if self.open.len() >= MAX_DEPTH => return None,
            Kind::Object | Kind::Array => {
                self.open.push(self.cells.len());
                self.at += 1;
            }
            Kind::String => self.string()?,
            Kind::True => self.literal(b"true")?,
            Kind::False => self.literal(b"false")?,
            Kind::Null => self.literal(b"null")?,
            Kind::Number => self.number()?,
        }
        // No line of 4 GiB comes here, and it has no more values than bytes.
        let place = |at: usize| u32::try_from(at).ok();
        self.cells.push(Cell {
            kind,
            start: place(start)?,
            end: place(self.at)?,
            key_start: place(key.start)?,
            key_end: place(key.end)?,
            next: place(self.cells.len() + 1)?,
        });
        Some(opens)
    }

    /// Closes the innermost object or array if its bracket stands here.
    fn close(&mut self) -> bool {
        let next = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        let end = u32::try_from(self.at + 1).unwrap_or(u32::MAX);
        let bracket = self.peek();
        let Some(cell) = self.open.last().and_then(|&top| self.cells.get_mut(top)) else { return false };
        if bracket != Some(if cell.kind == Kind::Object { b'}' } else { b']' }) {
            return false;
        }
        (cell.end, cell.next) = (end, next);
        self.open.pop();
        self.at += 1;
        true
    }

    /// Reads a key and its colon where the innermost container is an object.
    fn key(&mut self) -> Option<Range<usize>> {
        let top = self.open.last().and_then(|&top| self.cells.get(top))?;
        if top.kind == Kind::Array {
            return Some(0..0);
        }
        self.space();
        let start = self.at;
        self.string()?;
        let end = self.at;
        self.space();
        self.take(b':')?;
        Some(start..end)
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            let rest = self.rest();
            let stop = memchr2(b'"', b'\\', rest)?;
            let (part, rest) = rest.split_at_checked(stop)?;
            if part.iter().fold(false, |seen, &byte| seen | (byte < 0x20)) {
                return None;
            }
            self.at += stop;
            match rest {
                [b'"', ..] => {
                    self.at += 1;
                    return Some(());
                }
                [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                [_, b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => self.at += 6,
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek()? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    fn literal(&mut self, word: &[u8]) -> Option<()> {
        self.rest().starts_with(word).then(|| self.at += word.len())
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn space(&mut self) {
        self.at += self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }
}
