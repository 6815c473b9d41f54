//! Tolerant JSON: bytes enter, whatever the caller gathers while they are parsed leaves.
//!
//! Strict JSON first, then the same with broken text mended (bytes that are no UTF-8, halves of
//! surrogate pairs: OpenClaw reads both without complaint), then JSON5.

use serde::Deserialize;
use serde::de::DeserializeSeed;

/// The longest text that is tried as JSON5, in bytes; people write JSON5 by hand, so it is short.
const MAX_JSON5_BYTES: usize = 32 * 1024 * 1024;
/// The JSON5 parser recurses without a bound of its own; this is the bound of the JSON parser.
const MAX_DEPTH: usize = 127;

/// Where and why a text does not parse.
pub(super) struct Tear {
    /// Bytes from the start.
    pub offset: u64,
    pub reason: String,
}

/// Parses strict JSON into what `new` makes. A tear leaves what was gathered in front of it.
pub(super) fn json<T>(bytes: &[u8], new: impl Fn() -> T) -> (T, Option<Tear>)
where
    for<'a, 'de> &'a mut T: DeserializeSeed<'de, Value = ()>,
{
    let first = attempt(bytes, &new);
    if first.1.is_none() {
        return first;
    }
    match mend(bytes) {
        Some(mended) => {
            let second = attempt(mended.as_bytes(), &new);
            if second.1.is_none() { second } else { first }
        }
        None => first,
    }
}

fn attempt<T>(bytes: &[u8], new: &impl Fn() -> T) -> (T, Option<Tear>)
where
    for<'a, 'de> &'a mut T: DeserializeSeed<'de, Value = ()>,
{
    let mut gathered = new();
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let result = DeserializeSeed::deserialize(&mut gathered, &mut parser).and_then(|()| parser.end());
    let tear = result.err().map(|error| Tear { offset: offset(bytes, &error), reason: plain(&error) });
    (gathered, tear)
}

/// The message without the place, which [`Tear::offset`] gives.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Where it stopped: the end if the text ended too early, else line and column (both counted in bytes from 1) as an offset.
fn offset(bytes: &[u8], error: &serde_json::Error) -> u64 {
    if error.is_eof() {
        return bytes.len() as u64;
    }
    let line = error.line().saturating_sub(1);
    let start = match line.checked_sub(1) {
        None => 0,
        Some(nth) => memchr::memchr_iter(b'\n', bytes).nth(nth).map_or(bytes.len(), |at| at.saturating_add(1)),
    };
    start.saturating_add(error.column()).saturating_sub(1).min(bytes.len()) as u64
}

/// The text with U+FFFD for what is no text, or `None` if there is nothing to mend.
fn mend(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    let mut mended = matches!(text, std::borrow::Cow::Owned(_));
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, escape) = rest.split_at_checked(at)?;
        out.push_str(before);
        let (taken, put) = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, None),
            (Some(0xD800..=0xDFFF), _) => (6, Some("\\ufffd")),
            // Any other escape: the backslash and one more character.
            _ => (1 + escape.chars().nth(1).map_or(0, char::len_utf8), None),
        };
        let (escape, after) = escape.split_at_checked(taken)?;
        mended |= put.is_some();
        out.push_str(put.unwrap_or(escape));
        rest = after;
    }
    out.push_str(rest);
    mended.then_some(out)
}

/// The UTF-16 unit of an escape `\uXXXX` at the start of the text.
fn unit(text: &str) -> Option<u32> {
    let hex = text.strip_prefix("\\u")?.get(..4)?;
    hex.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(hex, 16).ok())?
}

/// Parses JSON5 into what `new` makes; `None` if it does not parse, is too long or too deep.
pub(super) fn json5<T>(bytes: &[u8], new: impl Fn() -> T) -> Option<T>
where
    for<'a, 'de> &'a mut T: DeserializeSeed<'de, Value = ()>,
{
    if bytes.len() > MAX_JSON5_BYTES || too_deep(bytes) {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let mut gathered = new();
    let mut parser = json5::Deserializer::from_str(&text);
    DeserializeSeed::deserialize(&mut gathered, &mut parser).ok()?;
    // The parser has no public check for the end; parse once more, ignoring, for that.
    json5::from_str::<serde::de::IgnoredAny>(&text).ok()?;
    Some(gathered)
}

/// A whole small file (a config) as a value: JSON, else JSON5.
pub(crate) fn value(bytes: &[u8]) -> Option<serde_json::Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    if bytes.len() > MAX_JSON5_BYTES || too_deep(bytes) {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let mut parser = json5::Deserializer::from_str(&text);
    let value = serde_json::Value::deserialize(&mut parser).ok()?;
    json5::from_str::<serde::de::IgnoredAny>(&text).ok()?;
    Some(value)
}

/// Whether brackets outside strings and comments nest deeper than [`MAX_DEPTH`]. Exact for as much
/// of the text as is JSON5, and the parser reads no further than that.
fn too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut bytes = bytes.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' | b'\'' => {
                while let Some(next) = bytes.next() {
                    if next == b'\\' {
                        bytes.next();
                    } else if next == byte {
                        break;
                    }
                }
            }
            b'/' if bytes.peek() == Some(&b'/') => {
                // A comment line may also end at U+2028; going by the earlier `\r` or `\n` counts at
                // most brackets that are none.
                for next in bytes.by_ref() {
                    if matches!(next, b'\n' | b'\r' | 0xE2) {
                        break;
                    }
                }
            }
            b'/' if bytes.peek() == Some(&b'*') => {
                bytes.next();
                let mut star = false;
                for next in bytes.by_ref() {
                    if star && next == b'/' {
                        break;
                    }
                    star = next == b'*';
                }
            }
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn depth() {
        let deep = |n: usize| "[".repeat(n);
        assert!(!too_deep(deep(MAX_DEPTH).as_bytes()));
        assert!(too_deep(deep(MAX_DEPTH + 1).as_bytes()));
        assert!(!too_deep(format!("'{}'", deep(500)).as_bytes()));
        assert!(!too_deep(format!("/*{}*/ //{}", deep(500), deep(500)).as_bytes()));
        assert!(too_deep("[']',".repeat(500).as_bytes()));
        assert!(value("[".repeat(1_000_000).as_bytes()).is_none());
    }

    #[test]
    fn mending() {
        assert_eq!(mend(br#"{"a":"\ud83d\ude00"}"#), None);
        assert_eq!(mend(br#""\ud83d x \\ud83d""#).as_deref(), Some(r#""\ufffd x \\ud83d""#));
        assert_eq!(mend(b"\"\xff\"").as_deref(), Some("\"\u{fffd}\""));
        assert_eq!(mend(b"\\"), None);
        assert_eq!(mend("\\\u{2028}".as_bytes()), None);
    }

    #[test]
    fn values() {
        for (text, good) in
            [("{\"a\":1}", true), ("\u{feff}{a:1, /* x */ b:'c',} // end", true), ("{a:1} x", false), ("", false), ("\0\0", false)]
        {
            assert_eq!(value(text.as_bytes()).is_some(), good, "{text:?}");
        }
    }
}
