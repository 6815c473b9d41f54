//! Text of any origin in, text that leaves a terminal as it is out.
//!
//! Transcripts are hostile: escape sequences, hyperlinks, bidirectional overrides and zero-width characters in a name or an
//! id could rewrite what a person reads. All of them are made visible.

use std::borrow::Cow;

/// Makes a text safe to print on one line: every control, format and invisible character becomes its code, as `\u{1b}`.
pub fn line(text: &str) -> String {
    if !text.chars().any(is_hostile) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push(' '),
            c if is_hostile(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Makes a text safe to print over several lines: newlines stay, all else is as in [`line()`].
pub fn block(text: &str) -> String {
    text.split('\n').map(|part| line(part.strip_suffix('\r').unwrap_or(part))).collect::<Vec<_>>().join("\n")
}

/// Makes JSON safe to print: the same JSON, with every invisible or acting character written as an escape.
pub fn json(text: &str) -> Cow<'_, str> {
    // Outside of strings JSON has no such character but white space, and inside it those below U+0020 are escaped already.
    let acts = |c: char| !c.is_ascii() && is_hostile(c);
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if acts(c) {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Shortens a text to that many characters, with an ellipsis in place of its end.
pub fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// Whether a character does something else than stand there.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E
            | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_gets_through() {
        for (text, safe) in [
            ("plain – ünïcode ✓ 漢字", "plain – ünïcode ✓ 漢字"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{1b}]8;;http://x\u{7}link", "\\u{1b}]8;;http://x\\u{7}link"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("two\nlines\r", "two⏎lines\\u{d}"),
            ("\u{9b}31m csi", "\\u{9b}31m csi"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
        ] {
            assert_eq!(line(text), safe);
        }
        assert_eq!(block("a\r\nb\u{1b}"), "a\nb\\u{1b}");
        assert_eq!(short("abcdef", 4), "abc…");
        let text = "{\n \"ü\": \"a\u{202e}\u{9b}\u{e0041}\"\n}";
        assert_eq!(json(text), "{\n \"ü\": \"a\\u202e\\u009b\\udb40\\udc41\"\n}");
        let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        assert_eq!(same(&json(text)), same(text));
    }
}
