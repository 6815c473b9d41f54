//! Paths in a line of JSON in, edits that put other paths in their places out. A path is replaced only where it stands
//! by itself: never inside a longer one.

use std::ops::Range;

/// A path that a line refers to, and what is to stand there instead; none for one that stays.
pub(crate) type Wish<'a> = (&'a str, Option<&'a str>);

/// Words before a path that end in a colon.
const MARKS: [&[u8]; 3] = [b"MEDIA:", b"source:", b"attached:"];
/// Characters beyond ASCII that a path may follow.
const FRONTS: [&str; 7] = ["：", "，", "、", "（", "「", "“", "\u{a0}"];
const FILE: &[u8] = b"file://";

/// The replacements in a line, sorted and apart from one another. The longest paths choose their places first, those that
/// stay among them, so that a short one is never replaced inside a long one.
pub(crate) fn rewrites(line: &[u8], wishes: &[Wish<'_>]) -> Vec<(Range<usize>, Vec<u8>)> {
    let mut wishes: Vec<Wish<'_>> = wishes.iter().copied().filter(|(from, _)| !from.is_empty()).collect();
    wishes.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
    wishes.dedup_by_key(|(from, _)| *from);
    let mut found = Vec::new();
    for string in strings(line) {
        let Some(text) = Text::of(line, string) else { continue };
        let mut taken: Vec<Range<usize>> = Vec::new();
        for (from, to) in &wishes {
            for at in memchr::memmem::find_iter(&text.bytes, from.as_bytes()) {
                let range = at..at + from.len();
                let (before, after) = (text.bytes.get(..at).unwrap_or_default(), text.bytes.get(range.end..).unwrap_or_default());
                let url = is_file_url(before, from);
                if !(url || begins_behind(before, from)) || !ends_before(after) {
                    continue;
                }
                if taken.iter().any(|other| other.start < range.end && range.start < other.end) {
                    continue;
                }
                taken.push(range.clone());
                let to = to.and_then(|to| if url { in_url(to) } else { Some(to.to_owned()) });
                if let (Some(to), Some(raw)) = (to, text.raw(&range)) {
                    found.push((raw, escaped(&to)));
                }
            }
        }
    }
    found.sort_by_key(|(range, _)| (range.start, range.end));
    found
}

/// What lies between the quotes of each string of a line.
fn strings(line: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    let mut escaped = None;
    for at in memchr::memchr2_iter(b'"', b'\\', line) {
        if escaped == Some(at) {
            continue;
        }
        match (line.get(at), open) {
            (Some(b'\\'), Some(_)) => escaped = Some(at + 1),
            (Some(b'"'), None) => open = Some(at + 1),
            (Some(b'"'), Some(start)) => {
                found.push(start..at);
                open = None;
            }
            _ => {}
        }
    }
    found
}

/// A string with its escapes resolved.
struct Text {
    bytes: Vec<u8>,
    /// Where the string begins in the line.
    start: usize,
    /// For each byte where its character begins in the string as it is written, and the end; none without escapes.
    places: Option<Vec<usize>>,
}

impl Text {
    /// None when an escape is none.
    fn of(line: &[u8], string: Range<usize>) -> Option<Self> {
        let written = line.get(string.clone())?;
        if memchr::memchr(b'\\', written).is_none() {
            return Some(Self { bytes: written.to_vec(), start: string.start, places: None });
        }
        let (mut bytes, mut places) = (Vec::with_capacity(written.len()), Vec::with_capacity(written.len() + 1));
        let mut at = 0;
        while let Some(&byte) = written.get(at) {
            if byte != b'\\' {
                bytes.push(byte);
                places.push(at);
                at += 1;
                continue;
            }
            let (meant, len) = escape(written.get(at..)?)?;
            let mut room = [0u8; 4];
            for byte in meant.encode_utf8(&mut room).bytes() {
                bytes.push(byte);
                places.push(at);
            }
            at += len;
        }
        places.push(at);
        Some(Self { bytes, start: string.start, places: Some(places) })
    }

    /// The bytes of the line that a range of the text is written in.
    fn raw(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let place = |at: usize| self.places.as_ref().map_or(Some(at), |places| places.get(at).copied());
        Some(self.start + place(range.start)?..self.start + place(range.end)?)
    }
}

/// The character that an escape means, and its length.
fn escape(written: &[u8]) -> Option<(char, usize)> {
    let simple = |meant| Some((meant, 2));
    match written.get(1)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        byte @ (b'"' | b'\\' | b'/') => simple(char::from(*byte)),
        b'u' => {
            let high = unit(written.get(2..6)?)?;
            let low = written.get(6..12).filter(|rest| rest.starts_with(b"\\u")).and_then(|rest| unit(rest.get(2..)?));
            match (high, low) {
                (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                    Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?, 12))
                }
                _ => Some((char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6)),
            }
        }
        _ => None,
    }
}

fn unit(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

/// Whether a byte may be part of a path.
fn in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"/\\._-~%:@".contains(&byte)
}

/// Whether a path may begin behind this text.
fn begins_behind(before: &[u8], from: &str) -> bool {
    let free = |front: &[u8]| front.last().is_none_or(|last| !in_path(*last)) || FRONTS.iter().any(|end| front.ends_with(end.as_bytes()));
    // `MEDIA:/a/b.png`; but `C:/a/b.png` and `host:/a/b.png` are other paths.
    let marked = || MARKS.iter().any(|mark| before.strip_suffix(*mark).is_some_and(free));
    free(before) || (!from.starts_with(':') && marked())
}

/// Whether a path may end before this text: full stops and colons that end a clause are no part of it.
fn ends_before(after: &[u8]) -> bool {
    let rest = after.iter().find(|byte| !matches!(byte, b'.' | b':'));
    rest.is_none_or(|byte| !in_path(*byte))
}

/// Whether the path is that of a `file:` address, written in it as it is.
fn is_file_url(before: &[u8], from: &str) -> bool {
    let front = before.len().checked_sub(FILE.len()).and_then(|at| before.split_at_checked(at));
    front.is_some_and(|(front, scheme)| scheme.eq_ignore_ascii_case(FILE) && begins_behind(front, from))
        && from.starts_with('/')
        && !from.contains('%')
}

/// A path as it is written in a `file:` address.
fn in_url(path: &str) -> Option<String> {
    use std::fmt::Write as _;
    let mut url = String::new();
    for byte in path.starts_with('/').then_some(path)?.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~:@".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").ok()?;
        }
    }
    Some(url)
}

/// As it stands inside a JSON string: escaped, without the quotes.
fn escaped(text: &str) -> Vec<u8> {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn apply(line: &str, wishes: &[Wish<'_>]) -> String {
        let mut out = line.as_bytes().to_vec();
        let edits = rewrites(line.as_bytes(), wishes);
        assert!(edits.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start), "{edits:?}");
        for (range, bytes) in edits.into_iter().rev() {
            out.splice(range, bytes);
        }
        String::from_utf8(out).unwrap()
    }

    fn text(text: &str, wishes: &[Wish<'_>]) -> String {
        let out = apply(&serde_json::json!({ "text": text }).to_string(), wishes);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        value["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_path_is_replaced_where_it_stands_by_itself() {
        let wishes: [Wish<'_>; 1] = [("/old/in/pic.png", Some("/new/pic.png"))];
        for before in ["", "see ", "see\n", "\"", "'", "(", "[media attached: ", "MEDIA:", "a\t", "路径：", "\\ "] {
            for after in ["", " ", "\n", "\"", ")", "]", ".", ": it", ", and"] {
                let with = |path: &str| format!("{before}{path}{after}");
                assert_eq!(text(&with(wishes[0].0), &wishes), with("/new/pic.png"));
            }
        }
        for inside in [
            "/backup/old/in/pic.png",
            "/old/in/pic.png.txt",
            "/old/in/pic.png/x",
            "/old/in/pic.png_2",
            "/old/in/pic.png%20",
            "/old/in/pic.pngé",
            "é/old/in/pic.png",
            "C:/old/in/pic.png",
            "host:/old/in/pic.png",
            "https://old/in/pic.png",
            "https:///old/in/pic.png",
            "profile:///old/in/pic.png",
            "n/old/in/pic.png",
            "\\n/old/in/pic.png",
            "\\/old/in/pic.png",
        ] {
            assert_eq!(text(inside, &wishes), inside);
        }
        assert_eq!(text("file:///old/in/pic.png", &[("/old/in/pic.png", Some("/new place/ü.png"))]), "file:///new%20place/%C3%BC.png");
    }

    #[test]
    fn escapes_are_read_as_what_they_mean() {
        let wishes: [Wish<'_>; 2] = [(r"C:\a\ü.png", Some(r"D:\b\n.png")), ("/x/\u{1f600}.png", Some("/y.png"))];
        let line = r#"{"a":"\n\u0043:\\a\\\u00fc.png\n","b":"\"\/x\/\ud83d\ude00.png\"","c":"\u00e9/x/\ud83d\ude00.png"}"#;
        assert_eq!(apply(line, &wishes), r#"{"a":"\nD:\\b\\n.png\n","b":"\"/y.png\"","c":"\u00e9/x/\ud83d\ude00.png"}"#);
        assert_eq!(apply(r#"{"a":"\\","b":"/p.png"}"#, &[("/p.png", Some("/q\".png"))]), r#"{"a":"\\","b":"/q\".png"}"#);
    }

    #[test]
    fn long_paths_go_first_and_those_that_stay_are_left_whole() {
        let wishes: [Wish<'_>; 3] = [("in/pic.png", Some("/1.png")), ("/my in/pic.png", None), ("/old/in/pic.png", Some("/2.png"))];
        assert_eq!(text("/my in/pic.png in/pic.png /old/in/pic.png", &wishes), "/my in/pic.png /1.png /2.png");
        let wishes: [Wish<'_>; 2] = [("/a b", Some("/1")), ("b c/d", Some("/2"))];
        assert_eq!(text("/a b c/d b c/d", &wishes), "/a /2 /2");
    }
}
