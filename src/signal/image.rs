//! In: the text of a turn, and who speaks. Out: every image that the text refers to, in order.

use std::collections::HashSet;

use super::path::{begins, ending, from_file_url, image_prefix, is_image, is_remote};
use super::text::{first_line, line_len, tail};

/// Whose text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// A user-role text, or a tool's.
    User,
    /// The assistant's.
    Assistant,
}

/// How a text refers to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageForm {
    /// `[media attached: PATH (mime) | URL]`
    MediaAttached,
    /// `[Image: source: PATH]`
    ImageSource,
    /// `file://...`
    FileUrl,
    /// A path with an image's ending.
    BarePath,
    /// `media://inbound/<id>`
    MediaUri,
    /// `MEDIA:PATH` in the assistant's text.
    MediaLine,
    /// `<media:image>`: an image without a path.
    MediaTag,
    /// `[image data removed - already processed by model]` and the like.
    PrunedMark,
}

/// One reference to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// How it is written.
    pub form: ImageForm,
    /// The file, as written (a `file:` address as the path it names).
    pub path: Option<String>,
    /// The type that the text states.
    pub mime: Option<String>,
    /// Byte offset of the mark in the text.
    pub at: usize,
}

/// Every image reference of a text, in order, each path once.
pub fn references(text: &str, speaker: Speaker) -> Vec<ImageRef> {
    let mut found = Found::default();
    let mut at = 0;
    while at < text.len() {
        let rest = tail(text, at);
        let line = first_line(rest);
        match speaker {
            // The gateway's hint how to send an image shows paths that are none.
            Speaker::User if line.trim_start().starts_with("To send an image back, ") => {}
            Speaker::User => found.user_line(line, at),
            Speaker::Assistant => found.assistant_line(line, at),
        }
        at += line_len(rest);
    }
    found.refs
}

const PRUNED: [&str; 2] = ["[image data removed", "[media reference removed"];
const ATTACHED: &str = "[media attached";

#[derive(Default)]
struct Found {
    refs: Vec<ImageRef>,
    seen: HashSet<String>,
}

impl Found {
    fn push(&mut self, form: ImageForm, at: usize, path: Option<String>, mime: Option<String>) {
        if path.as_ref().is_none_or(|path| self.seen.insert(path.clone())) {
            self.refs.push(ImageRef { form, path, mime, at });
        }
    }

    fn user_line(&mut self, line: &str, offset: usize) {
        let mut at = 0;
        let mut start_of_word = true;
        while let Some(next) = tail(line, at).chars().next() {
            let rest = tail(line, at);
            let taken = match next {
                '[' => self.bracket(rest, offset + at),
                '<' if rest.starts_with("<media:image>") => {
                    self.push(ImageForm::MediaTag, offset + at, None, Some("image/*".to_owned()));
                    "<media:image>".len()
                }
                '"' | '\'' | '`' => self.quoted(rest, next, offset + at),
                _ if start_of_word => self.word(rest, offset + at),
                _ => 0,
            };
            start_of_word = taken == 0 && breaks_word(next);
            at += if taken == 0 { next.len_utf8() } else { taken };
        }
    }

    /// Each of these gives the bytes that it took, 0 for none.
    fn bracket(&mut self, rest: &str, at: usize) -> usize {
        if rest.starts_with(ATTACHED) {
            let Some(close) = attachment_close(rest) else { return 0 };
            self.attachment(rest.get(ATTACHED.len()..close).unwrap_or(""), at);
            return close + 1;
        }
        if let Some(source) = rest.strip_prefix("[Image: source:") {
            // Only up to the next bracket: what is never closed is looked at once.
            let Some(end) = source.find([']', '[']).filter(|end| tail(source, *end).starts_with(']')) else { return 0 };
            let path = source.get(..end).unwrap_or("").trim();
            if !path.is_empty() && !is_remote(path) && (is_image(path) || ending(path).is_none()) {
                let path = from_file_url(path).unwrap_or_else(|| path.to_owned());
                self.push(ImageForm::ImageSource, at, Some(path), None);
            }
            return rest.len() - source.len() + end + 1;
        }
        if PRUNED.iter().any(|mark| rest.starts_with(mark)) {
            self.push(ImageForm::PrunedMark, at, None, None);
            return 1;
        }
        0
    }

    /// What stands between `[media attached` and its bracket: `: PATH (mime) | URL`, ` 1/3: PATH`.
    fn attachment(&mut self, inside: &str, at: usize) {
        let Some((count, content)) = inside.split_once(':') else { return };
        if !count.trim().is_empty() && !count.contains('/') {
            return;
        }
        let content = content.split_once(" | ").map_or(content, |(path, _)| path).trim();
        let (path, mime) = match content.strip_suffix(')').and_then(|front| front.rsplit_once(" (")) {
            Some((path, mime)) if mime.contains('/') => (path.trim(), Some(mime.trim().to_ascii_lowercase())),
            _ => (content, None),
        };
        let image = match mime.as_deref() {
            Some("application/octet-stream") | None => is_image(path),
            Some(mime) => mime.starts_with("image/"),
        };
        if image && !path.is_empty() && !is_remote(path) {
            let path = from_file_url(path).unwrap_or_else(|| path.to_owned());
            self.push(ImageForm::MediaAttached, at, Some(path), mime);
        }
    }

    /// A path in quotes may hold blanks.
    fn quoted(&mut self, rest: &str, quote: char, at: usize) -> usize {
        let inside = tail(rest, quote.len_utf8());
        if !begins(inside) {
            return 0;
        }
        let Some(end) = inside.find(quote) else { return 0 };
        let path = inside.get(..end).unwrap_or("").trim_end();
        // More than one path, or prose between two quotes: leave it to the words.
        if !is_image(path) || path.len() > 1024 || path.contains(" /") {
            return 0;
        }
        self.push(ImageForm::BarePath, at + quote.len_utf8(), Some(path.to_owned()), None);
        end + 2 * quote.len_utf8()
    }

    fn word(&mut self, rest: &str, at: usize) -> usize {
        let scheme = |name: &str| rest.get(..name.len()).is_some_and(|front| front.eq_ignore_ascii_case(name));
        let (file, media) = (scheme("file://"), scheme("media://inbound/"));
        if !file && !media && !begins(rest) {
            return 0;
        }
        let stop = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '|' | '*' | '?' | '[' | ']');
        let word = rest.split(stop).next().unwrap_or(rest);
        if media {
            let uri = image_prefix(word).unwrap_or_else(|| word.trim_end_matches(['.', ',', ';', ':', '!', ')', ']', '}']));
            let id = tail(uri, "media://inbound/".len());
            if !id.is_empty() && (is_image(uri) || ending(uri).is_none()) {
                self.push(ImageForm::MediaUri, at, Some(uri.to_owned()), None);
            }
        } else if let Some(path) = image_prefix(word) {
            let (form, path) = match from_file_url(path) {
                Some(path) => (ImageForm::FileUrl, path),
                None => (ImageForm::BarePath, path.to_owned()),
            };
            self.push(form, at, Some(path), None);
        }
        word.len()
    }

    fn assistant_line(&mut self, line: &str, offset: usize) {
        let trimmed = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`' | '-' | '>'));
        let at = offset + line.len() - trimmed.len();
        if let Some(path) = trimmed.strip_prefix("MEDIA:") {
            let path = path.trim().trim_matches(|c| matches!(c, '"' | '\'' | '`' | '*' | '<' | '>')).trim();
            if is_image(path) && !is_remote(path) {
                let path = from_file_url(path).unwrap_or_else(|| path.to_owned());
                self.push(ImageForm::MediaLine, at, Some(path), None);
            }
            return;
        }
        let mut marks: Vec<usize> = PRUNED.iter().flat_map(|mark| line.match_indices(mark).map(|(at, _)| at)).collect();
        marks.sort_unstable();
        for mark in marks {
            self.push(ImageForm::PrunedMark, offset + mark, None, None);
        }
    }
}

/// Whether a path may begin behind this character.
fn breaks_word(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | '(' | '[' | '{' | '<' | '>' | '=' | ',' | ';' | '|' | '*' | '：' | '，' | '、' | '（' | '「' | '“'
        )
}

/// Where the bracket closes that `[media attached` at the start of `rest` opens. A path may hold brackets of its own.
pub(super) fn attachment_close(rest: &str) -> Option<usize> {
    // Look no further than the next mark: a line may be long, and full of them.
    let next = memchr::memmem::find(tail(rest, 1).as_bytes(), ATTACHED.as_bytes()).map_or(rest.len(), |at| at + 1);
    let region = first_line(rest.get(..next)?).trim_end();
    let ends = || region.match_indices(']').map(|(at, _)| at);
    ends()
        .find(|&at| region.get(..at).is_some_and(|front| front.ends_with(')')))
        .filter(|&at| region.get(..at).is_some_and(|front| !front.contains(" | ")))
        .or_else(|| region.ends_with(']').then(|| region.len() - 1))
        .or_else(|| ends().next())
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
