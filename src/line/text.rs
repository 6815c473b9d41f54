//! Raw JSON strings in, text out: decoding only what someone asks for, and a bounded keeper for texts of any length.

use std::borrow::Cow;

/// Bytes kept from the front of a text.
pub const HEAD: usize = 1 << 20;
/// Bytes kept from the end of a text whose middle is left out.
pub const TAIL: usize = 1 << 16;

/// Decodes the inside of a JSON string. Invalid UTF-8 and lone surrogates become U+FFFD, as the loader shows them.
pub fn decode(raw: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw).is_none() {
        return String::from_utf8_lossy(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(slash) = memchr::memchr(b'\\', rest) {
        let (plain, escaped) = rest.split_at(slash);
        out.extend_from_slice(plain);
        rest = unescape(escaped.get(1..).unwrap_or_default(), &mut out);
    }
    out.extend_from_slice(rest);
    match String::from_utf8(out) {
        Ok(text) => Cow::Owned(text),
        Err(bad) => Cow::Owned(String::from_utf8_lossy(bad.as_bytes()).into_owned()),
    }
}

/// Appends what the escape behind a backslash stands for; gives what follows it.
fn unescape<'a>(escape: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((&kind, rest)) = escape.split_first() else { return &[] };
    let byte = match kind {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => {
            let mut char_buffer = [0u8; 4];
            let (unit, rest) = hex4(rest);
            let (character, rest) = match unit {
                Some(high @ 0xD800..=0xDBFF) => match rest.strip_prefix(b"\\u").map(hex4) {
                    Some((Some(low @ 0xDC00..=0xDFFF), after)) => {
                        (char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)), after)
                    }
                    _ => (None, rest),
                },
                Some(unit) => (char::from_u32(unit), rest),
                None => (None, rest),
            };
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut char_buffer).as_bytes());
            return rest;
        }
        other => other,
    };
    out.push(byte);
    rest
}

fn hex4(bytes: &[u8]) -> (Option<u32>, &[u8]) {
    match bytes.split_at_checked(4) {
        Some((digits, rest)) => (std::str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, 16).ok()), rest),
        None => (None, &[]),
    }
}

/// Keeps the front and the end of a raw text, so that a line of any length costs the same memory.
#[derive(Debug, Default)]
pub struct Keeper {
    head: Vec<u8>,
    tail: Vec<u8>,
    total: u64,
}

impl Keeper {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.head.clear();
        self.tail.clear();
        self.total = 0;
    }

    /// Length in raw bytes of all that came.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes held at the moment.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.head.capacity() + self.tail.capacity()
    }

    /// The next raw bytes.
    pub fn push(&mut self, raw: &[u8]) {
        self.total += raw.len() as u64;
        let room = HEAD.saturating_sub(self.head.len()).min(raw.len());
        let (front, back) = raw.split_at_checked(room).unwrap_or((raw, &[]));
        self.head.extend_from_slice(front);
        if !back.is_empty() {
            self.tail.extend_from_slice(back.get(back.len().saturating_sub(TAIL)..).unwrap_or_default());
            if self.tail.len() > 2 * TAIL {
                self.tail.drain(..self.tail.len() - TAIL);
            }
        }
    }

    /// Takes back everything from `total` bytes on; only right while nothing was left out, else does nothing.
    pub fn truncate(&mut self, total: u64) {
        if self.tail.is_empty() && total <= self.head.len() as u64 {
            self.head.truncate(usize::try_from(total).unwrap_or(usize::MAX));
            self.total = total;
        }
    }

    /// The decoded text. Where the middle was left out, a line with an ellipsis stands for it.
    pub fn text(&self) -> Cow<'_, str> {
        if self.tail.is_empty() {
            return decode(&self.head);
        }
        Cow::Owned(format!("{}\n…\n{}", decode(&self.head), decode(&self.tail)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_follows_json() {
        let table: &[(&str, &str)] = &[
            ("plain", "plain"),
            (r#"a\"b\\c\/d\n\t\r\b\f"#, "a\"b\\c/d\n\t\r\u{8}\u{c}"),
            (r"\u0041\u00e9\u20AC", "Aé€"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d!", "\u{FFFD}!"),
            (r"\ude00\ud83d", "\u{FFFD}\u{FFFD}"),
            (r"cut \u12", "cut \u{FFFD}"),
            (r"cut \", "cut "),
        ];
        for (raw, text) in table {
            assert_eq!(decode(raw.as_bytes()), *text, "{raw}");
        }
        assert_eq!(decode(b"a\xFFb"), "a\u{FFFD}b");
    }

    #[test]
    fn a_long_text_keeps_both_ends_in_bounded_memory() {
        let mut keeper = Keeper::default();
        keeper.push(b"front ");
        for _ in 0..50 {
            keeper.push(&vec![b'x'; 100_000]);
        }
        keeper.push(b" end");
        let text = keeper.text();
        assert!(text.starts_with("front ") && text.ends_with(" end"));
        assert!(text.len() <= HEAD + 2 * TAIL + 16);
        assert_eq!(keeper.total(), 5_000_010);
    }
}
