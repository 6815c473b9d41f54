//! In: a text at a place where the gateway puts what is neither chat nor event: media lines, hints, notes, memory blocks.
//! Out: how many bytes the one in front takes.

use super::text::{line_len, paragraph_len, tail};
use super::{image, prompt};

/// Begins runtime context that nobody wrote.
pub(super) const INTERNAL_BEGIN: &str = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>";
/// Ends runtime context.
pub(super) const INTERNAL_END: &str = "<<<END_OPENCLAW_INTERNAL_CONTEXT>>>";

const MEDIA: &str = "[media attached";
const SEND_HINT: &str = "To send an image back, ";
const HISTORY: &str = "[Chat messages since your last reply - for context]";
const CURRENT: &str = "[Current message - respond to this]";
const THREAD: [&str; 2] = ["[Thread starter - for context]", "[Thread history - for context]"];
/// Blocks that memory plugins put in front of a turn.
const PLUGIN_BLOCKS: [(&str, &str); 3] = [
    ("<relevant-memories>", "</relevant-memories>"),
    ("<memory-guidance>", "</memory-guidance>"),
    ("<memory-context>", "</memory-context>"),
];

/// Whether the line begins one of these.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with(MEDIA)
        || line.starts_with(SEND_HINT)
        || line.starts_with(INTERNAL_BEGIN)
        || line.starts_with(prompt::QUEUED)
        || line.starts_with(prompt::RETRY)
        || line.starts_with(prompt::ABORTED)
        || line.starts_with(HISTORY)
}

/// Length of the media line or hint that `rest` begins with.
pub(super) fn media_len(rest: &str) -> Option<usize> {
    if rest.starts_with(SEND_HINT) {
        return Some(line_len(rest));
    }
    if !rest.starts_with(MEDIA) {
        return None;
    }
    Some(image::attachment_close(rest)? + 1)
}

/// Length of the note, memory block or chat history that `rest` begins with.
pub(super) fn note_len(rest: &str) -> Option<usize> {
    if rest.starts_with(prompt::ABORTED) {
        return Some(line_len(rest));
    }
    if rest.starts_with(HISTORY) {
        let mark = memchr::memmem::find(rest.as_bytes(), b"\n[Current message - respond to this]")?;
        return Some(mark + 1 + CURRENT.len());
    }
    if THREAD.iter().any(|mark| rest.starts_with(mark)) {
        return paragraph_len(rest);
    }
    let (_, end) = PLUGIN_BLOCKS.iter().find(|(begin, _)| rest.starts_with(begin))?;
    memchr::memmem::find(rest.as_bytes(), end.as_bytes()).map(|at| at + end.len())
}

/// The runtime context that `rest` begins with: its inside, and the length of the whole.
pub(super) fn internal(rest: &str) -> Option<(&str, usize)> {
    let inside = rest.strip_prefix(INTERNAL_BEGIN)?;
    let end = memchr::memmem::find(inside.as_bytes(), INTERNAL_END.as_bytes())?;
    Some((inside.get(..end)?, INTERNAL_BEGIN.len() + end + INTERNAL_END.len()))
}

/// The runtime context that `body` ends with: its inside, and where the whole begins.
pub(super) fn trailing_internal(body: &str) -> Option<(&str, usize)> {
    let front = body.trim_end().strip_suffix(INTERNAL_END)?;
    let begin = memchr::memmem::rfind(front.as_bytes(), INTERNAL_BEGIN.as_bytes())?;
    let at_line_start = begin == 0 || front.get(..begin)?.ends_with('\n');
    at_line_start.then(|| (tail(front, begin + INTERNAL_BEGIN.len()), begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_lines() {
        let table = [
            ("[media attached: /a/b.png (image/png) | /a/b.png]\nhi", Some("\nhi")),
            ("[media attached: 3 files]\r\nhi", Some("\r\nhi")),
            ("[media attached: /a/b.png (image/png)] hi [there]", Some(" hi [there]")),
            ("To send an image back, prefer the tool.\nhi", Some("hi")),
            ("[media attached: no end", None),
            ("see [media attached: x]", None),
        ];
        for (text, rest) in table {
            assert_eq!(media_len(text).map(|n| tail(text, n)), rest, "{text}");
        }
    }

    #[test]
    fn notes() {
        let table = [
            ("Note: The previous agent run was aborted by the user. Resume carefully.\n\nhi", Some("\nhi")),
            ("[Chat messages since your last reply - for context]\na: b\n\n[Current message - respond to this]\nhi", Some("\nhi")),
            ("[Chat messages since your last reply - for context]\na: b", None),
            ("[Thread starter - for context]\ntopic\n\nhi", Some("\nhi")),
            ("<relevant-memories>\nx\n</relevant-memories>\n\nhi", Some("\n\nhi")),
            ("<relevant-memories>\nx", None),
            ("hello", None),
        ];
        for (text, rest) in table {
            assert_eq!(note_len(text).map(|n| tail(text, n)), rest, "{text}");
        }
    }

    #[test]
    fn contexts() {
        let text = format!("{INTERNAL_BEGIN}\nx\n{INTERNAL_END}\nhi");
        assert_eq!(internal(&text).map(|(inside, n)| (inside, tail(&text, n))), Some(("\nx\n", "\nhi")));
        assert_eq!(internal(INTERNAL_BEGIN), None);
        let text = format!("hi\n{INTERNAL_BEGIN}\nx\n{INTERNAL_END}\n");
        assert_eq!(trailing_internal(&text), Some(("\nx\n", 3)));
        assert_eq!(trailing_internal(INTERNAL_END), None);
    }
}
