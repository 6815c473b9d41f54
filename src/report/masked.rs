//! A piece of a transcript line in, the same with its texts hidden out: keys, ids, times and the shape stay, and every
//! other string is replaced by its length. Works on any bytes, since it shows damaged lines.

use std::fmt::Write;

use super::safe;

/// Keys whose values are shown: identifiers, times, kinds.
const SHOWN: [&str; 18] = [
    "type",
    "id",
    "parentId",
    "timestamp",
    "role",
    "customType",
    "version",
    "toolCallId",
    "mimeType",
    "stopReason",
    "firstKeptEntryId",
    "targetId",
    "fromId",
    "appendParentId",
    "rule",
    "blake3",
    "display",
    "isError",
];
/// Keys that are shown themselves; any other could be the text of a message whose quotes are out of step.
const KEYS: [&str; 38] = [
    "toolName",
    "provider",
    "model",
    "api",
    "message",
    "content",
    "text",
    "data",
    "thinking",
    "thinkingSignature",
    "arguments",
    "partialJson",
    "usage",
    "details",
    "summary",
    "cwd",
    "parentSession",
    "name",
    "label",
    "image",
    "MediaPath",
    "MediaPaths",
    "MediaType",
    "MediaTypes",
    "__openclaw",
    "senderId",
    "bytes",
    "input",
    "output",
    "cost",
    "total",
    "cacheRead",
    "cacheWrite",
    "totalTokens",
    "tokensBefore",
    "url",
    "errorMessage",
    "signature",
];
/// Keys whose objects hold what somebody put in, under keys of any name.
const INSIDE: [&str; 4] = ["arguments", "details", "data", "input"];
/// Characters of one shown value.
const LONGEST: usize = 64;

/// Hides the texts.
pub fn masked(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut at = 0usize;
    let mut key: Option<String> = None;
    let mut junk = 0usize;
    // Once quotes are out of step, what stands outside of strings is text, digits too.
    let mut broken = false;
    // Whether the values of each open object or list are those of an entry, a message or a block.
    let mut plain: Vec<bool> = Vec::new();
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' {
            flush(&mut junk, &mut out);
            let (end, closed) = string_end(bytes, at + 1);
            let raw = bytes.get(at + 1..end).unwrap_or_default();
            at = end + usize::from(closed);
            let text = String::from_utf8_lossy(raw);
            let is_key = closed && next_is_colon(bytes, at);
            let show = if is_key {
                SHOWN.contains(&&*text) || KEYS.contains(&&*text)
            } else {
                let ours = !broken && plain.last().copied().unwrap_or(false);
                ours && closed && key.as_deref().is_some_and(|key| SHOWN.contains(&key)) && raw.len() <= LONGEST
            };
            let quote = if closed { "\"" } else { "" };
            if show {
                let _ = write!(out, "\"{}{quote}", safe::line(&text));
            } else if raw.is_empty() {
                let _ = write!(out, "\"{quote}");
            } else {
                let _ = write!(out, "\"…{}{quote}", raw.len());
            }
            key = is_key.then(|| text.into_owned());
            continue;
        }
        if bytes.get(at..).is_some_and(|rest| rest.starts_with("\u{FEFF}".as_bytes())) {
            flush(&mut junk, &mut out);
            out.push_str("«BOM»");
            at += 3;
            continue;
        }
        if let Some(word) = word(bytes, at) {
            flush(&mut junk, &mut out);
            out.push_str(word);
            at += word.len();
            continue;
        }
        if matches!(byte, b'{' | b'[') {
            let inside = key.as_deref().is_some_and(|key| INSIDE.contains(&key));
            plain.push(plain.last().copied().unwrap_or(true) && !inside);
        } else if matches!(byte, b'}' | b']') {
            plain.pop();
        }
        if matches!(byte, b'{' | b'}' | b'[' | b']' | b':' | b',') || (!broken && matches!(byte, b'-' | b'.' | b'0'..=b'9')) {
            flush(&mut junk, &mut out);
            out.push(char::from(byte));
        } else if byte == b'\n' {
            flush(&mut junk, &mut out);
            out.push('\n');
            (broken, key) = (false, None);
            plain.clear();
        } else if !matches!(byte, b' ' | b'\t' | b'\r') {
            junk += 1;
            broken |= !matches!(byte, b'e' | b'E' | b'+');
        }
        if byte != b':' && byte != b' ' {
            key = None;
        }
        at += 1;
    }
    flush(&mut junk, &mut out);
    out
}

/// Says how many bytes stood outside of all strings that no JSON has there.
fn flush(junk: &mut usize, out: &mut String) {
    if *junk > 0 {
        let _ = write!(out, "«{junk}»");
        *junk = 0;
    }
}

/// A word of JSON, or of JavaScript that slipped into it.
fn word(bytes: &[u8], at: usize) -> Option<&'static str> {
    let rest = bytes.get(at..)?;
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let inside = at.checked_sub(1).is_some_and(|before| letter(bytes.get(before)));
    ["null", "true", "false", "undefined", "NaN"]
        .into_iter()
        .find(|word| rest.starts_with(word.as_bytes()) && !inside && !letter(rest.get(word.len())))
}

/// Where a string ends, and whether it does.
fn string_end(bytes: &[u8], from: usize) -> (usize, bool) {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return (at, true),
            b'\n' => return (at, false),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    (bytes.len(), false)
}

fn next_is_colon(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).unwrap_or_default().iter().find(|byte| !matches!(byte, b' ' | b'\t')).is_some_and(|&byte| byte == b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_stays_and_the_words_go() {
        for (line, shown) in [
            (
                r#"{"type":"message","id":"ab","message":{"role":"user","content":[{"type":"text","text":"my secret"}]}}"#,
                r#"{"type":"message","id":"ab","message":{"role":"user","content":[{"type":"text","text":"…9"}]}}"#,
            ),
            (r#"{"my name":"x","id": 5, "n":-1.5,"o":null}"#, r#"{"…7":"…1","id":5,"…1":-1.5,"…1":null}"#),
            (r#"secret words","type":"text"}]"#, r#"«11»"…1"«4»"…1"«4»"…2"#),
            (r#"my card 4111 1111","n":"#, r#"«14»"…1"«1»"…1"#),
            (
                r#"{"type":"toolCall","id":"call_1","arguments":{"id":"hunter2","type":"x"},"name":"y","display":true}"#,
                r#"{"type":"toolCall","id":"call_1","arguments":{"id":"…7","type":"…1"},"name":"…1","display":true}"#,
            ),
            ("undefined", "undefined"),
            ("{\"text\":\"torn in the mid", "{\"text\":\"…15"),
            ("\"a\\\"b\":1\u{1b}[31m", "\"…4\":1«1»[«3»"),
        ] {
            assert_eq!(masked(line.as_bytes()), shown);
        }
    }
}
