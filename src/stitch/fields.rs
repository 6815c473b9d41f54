//! The bytes of one good JSON line in, the places of some of its values out, so that a value can be replaced and every
//! other byte stays. Streams: a line of any length costs the same memory.

use std::io::{self, Read};
use std::ops::Range;

/// A value of the line's object, by its key; `message.role` is the key `role` of the object under `message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Which of the asked paths it is, by index.
    pub path: usize,
    /// Where the value stands within the line, quotes included.
    pub value: Range<u64>,
}

/// What [`locate`] finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Located {
    /// The fields in the order of the line; a key that stands twice is there twice, and its last value counts.
    pub fields: Vec<Field>,
    /// The opening brackets of fields that hold an object or a list.
    pub containers: Vec<Field>,
    /// Just behind the opening brace, where a field can be put in.
    pub body: u64,
    /// Whether the object has no field at all.
    pub empty: bool,
}

impl Located {
    /// The value that counts for an asked path.
    pub fn last(&self, path: usize) -> Option<&Range<u64>> {
        self.fields.iter().rev().find(|field| field.path == path).map(|field| &field.value)
    }
}

/// Longest key that is compared; asked keys are shorter.
const MAX_KEY: usize = 1024;

/// Finds the values of `paths` in a line that is known to be a JSON object.
///
/// # Errors
/// What reading gives.
pub fn locate(mut line: impl Read, paths: &[&str]) -> io::Result<Located> {
    let mut scan = Scan { paths, ..Scan::default() };
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        let got = match line.read(&mut buffer) {
            Ok(0) => return Ok(scan.located),
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        scan.feed(buffer.get(..got).unwrap_or_default());
    }
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Between,
    Key,
    Text,
    Scalar,
}

#[derive(Debug, Default)]
struct Scan<'a> {
    paths: &'a [&'a str],
    located: Located,
    offset: u64,
    place: Place,
    escaped: bool,
    depth: usize,
    /// Whether the containers at depth 1 and 2 are objects; deeper ones do not matter.
    objects: [bool; 3],
    /// Expecting a key rather than a value, at depth 1 and 2.
    wants_key: [bool; 3],
    keys: [Vec<u8>; 3],
    start: u64,
    opened: bool,
}

impl Scan<'_> {
    fn feed(&mut self, bytes: &[u8]) {
        let mut at = 0usize;
        while let Some(&byte) = bytes.get(at) {
            match self.place {
                Place::Key | Place::Text if self.escaped => {
                    self.escaped = false;
                    self.keep(byte);
                    at += 1;
                }
                Place::Key | Place::Text => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let stop = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                    if self.place == Place::Key {
                        rest.get(..stop).unwrap_or_default().iter().for_each(|&b| self.keep(b));
                    }
                    match rest.get(stop) {
                        Some(b'"') => self.end_string(self.offset + (at + stop) as u64 + 1),
                        Some(_) => {
                            self.escaped = true;
                            self.keep(b'\\');
                        }
                        None => break,
                    }
                    at += stop + 1;
                }
                Place::Scalar if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') => {
                    self.place = Place::Between;
                    self.found(self.offset + at as u64);
                }
                Place::Scalar => at += 1,
                Place::Between => {
                    self.between(byte, self.offset + at as u64);
                    at += 1;
                }
            }
        }
        self.offset += bytes.len() as u64;
    }

    fn between(&mut self, byte: u8, at: u64) {
        match byte {
            b'"' => {
                let key = self.level().is_some_and(|level| self.wants_key.get(level) == Some(&true));
                self.place = if key { Place::Key } else { Place::Text };
                if let (true, Some(level)) = (key, self.level()) {
                    if let Some(kept) = self.keys.get_mut(level) {
                        kept.clear();
                    }
                    self.located.empty = false;
                }
                self.start = at;
            }
            b'{' | b'[' => {
                if let Some(path) = self.path() {
                    self.located.containers.push(Field { path, value: at..at + 1 });
                }
                self.depth += 1;
                if let Some(level) = self.level() {
                    set(&mut self.objects, level, byte == b'{');
                    set(&mut self.wants_key, level, byte == b'{');
                }
                if !std::mem::replace(&mut self.opened, true) {
                    self.located.body = at + 1;
                    self.located.empty = true;
                }
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' => {
                if let Some(level) = self.level() {
                    let object = self.objects.get(level) == Some(&true);
                    set(&mut self.wants_key, level, object);
                }
            }
            b':' => {
                if let Some(level) = self.level() {
                    set(&mut self.wants_key, level, false);
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            // A byte order mark.
            0xEF | 0xBB | 0xBF if !self.opened => {}
            _ => {
                self.place = Place::Scalar;
                self.start = at;
            }
        }
    }

    /// The depth, where it is one that is looked at.
    fn level(&self) -> Option<usize> {
        (1..=2).contains(&self.depth).then_some(self.depth)
    }

    fn keep(&mut self, byte: u8) {
        if self.place == Place::Key
            && let Some(level) = self.level()
            && let Some(key) = self.keys.get_mut(level)
            && key.len() < MAX_KEY
        {
            key.push(byte);
        }
    }

    fn end_string(&mut self, end: u64) {
        let value = self.place == Place::Text;
        self.place = Place::Between;
        if value {
            self.found(end);
        }
    }

    /// Files the value that ends here when it is one of those asked for.
    fn found(&mut self, end: u64) {
        if let Some(path) = self.path() {
            self.located.fields.push(Field { path, value: self.start..end });
        }
    }

    /// Which of the asked fields a value here belongs to.
    fn path(&self) -> Option<usize> {
        let [_, outer, inner] = &self.keys;
        let [_, root, nested] = &self.objects;
        let name = |raw: &[u8]| crate::line::text::decode(raw).into_owned();
        let path = match self.depth {
            1 if *root => name(outer),
            2 if *root && *nested => format!("{}.{}", name(outer), name(inner)),
            _ => return None,
        };
        self.paths.iter().position(|asked| *asked == path)
    }
}

fn set(levels: &mut [bool; 3], level: usize, value: bool) {
    if let Some(place) = levels.get_mut(level) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// Reads one byte at a time, so that every cut is tried.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buf[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn values_are_found_where_they_stand() {
        let line = r#"{ "id" :"a\"b", "x":{"id":"no","role":1},"message":{"role":"hookMessage","content":[{"role":"no","id":"no"}]},"parentId": null ,"n":-1.5e3,"\u0069d":"last"}"#;
        let paths = ["id", "parentId", "message.role", "n", "x.role", "absent"];
        for located in [locate(line.as_bytes(), &paths).unwrap(), locate(Drip(line.as_bytes()), &paths).unwrap()] {
            let text = |path: usize| located.last(path).map(|value| &line[value.start as usize..value.end as usize]);
            assert_eq!(text(0), Some(r#""last""#), "the last of two equal keys, however it is written");
            assert_eq!(text(1), Some("null"));
            assert_eq!(text(2), Some(r#""hookMessage""#));
            assert_eq!(text(3), Some("-1.5e3"));
            assert_eq!(text(4), Some("1"));
            assert_eq!(text(5), None);
            assert_eq!(&line[located.body as usize..][..4], r#" "id"#);
            assert!(!located.empty);
        }
        let list = r#"{"a.b":{"ids":[ "x"]},"ids":[]}"#;
        let located = locate(Drip(list.as_bytes()), &["a.b.ids", "ids"]).unwrap();
        let opened: Vec<(usize, u64)> = located.containers.iter().map(|field| (field.path, field.value.start)).collect();
        assert_eq!(opened, [(0, 14), (1, 28)], "lists are given by their opening bracket");
        assert!(located.fields.is_empty());
        let marked = locate("\u{FEFF}{\"id\":1}".as_bytes(), &paths).unwrap();
        assert_eq!((marked.body, marked.last(0)), (4, Some(&(9..10))), "behind a byte order mark");
        let empty = locate(&b" {} "[..], &paths).unwrap();
        assert!(empty.empty && empty.body == 2 && empty.fields.is_empty());
    }
}
