//! In: a text and a position. Out: the pieces around it, never a panic.
//! The few cuts that the readers of this folder share.

/// What follows the first `at` bytes; empty when that is no place to cut.
pub(super) fn tail(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or("")
}

/// The first line, without its line end.
pub(super) fn first_line(text: &str) -> &str {
    let line = text.split_once('\n').map_or(text, |(line, _)| line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// Length of the first line with its line end.
pub(super) fn line_len(text: &str) -> usize {
    memchr::memchr(b'\n', text.as_bytes()).map_or(text.len(), |at| at + 1)
}

/// Length of the white space in front.
pub(super) fn blank_len(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Length of the first paragraph: all lines up to an empty one. `None` when no empty line ends it.
pub(super) fn paragraph_len(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = tail(text, at);
        if rest.is_empty() {
            return None;
        }
        if first_line(rest).trim().is_empty() {
            return Some(at);
        }
        at += line_len(rest);
    }
}

/// The longest part of at most `max` bytes from the front that ends between two characters.
pub(super) fn head(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// A name as a key: lower case, single spaces.
pub(super) fn folded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts() {
        assert_eq!(tail("aé", 2), "");
        assert_eq!(first_line("a\r\nb"), "a");
        assert_eq!(line_len("a\nb"), 2);
        assert_eq!(blank_len(" \n x"), 3);
        assert_eq!(paragraph_len("a\nb\n\nc"), Some(4));
        assert_eq!(paragraph_len("a\nb"), None);
        assert_eq!(head("aé", 2), "a");
        assert_eq!(folded("  My  CHAT "), "my chat");
    }
}
