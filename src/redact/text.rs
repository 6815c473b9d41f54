//! A sentence of a report in, the same with all that is no word of the program's own masked out.
//!
//! What may stay is listed (`words.txt`: the words of all string literals of the program), so a new rule cannot leak by
//! naming something that nobody thought of; at worst one of its words is masked, which a test tells.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::masks::{Kind, Masks, is_key_word};
use super::paths::{Paths, file_mask, is_file_name};

/// The longest number that may stay, in digits; longer ones are ids or telephone numbers.
const DIGITS: usize = 6;
/// The shortest phrase.
const SHORTEST: usize = 3;

/// Known ids that are no single words.
pub(super) struct Phrases {
    finder: Option<AhoCorasick>,
    masks: Vec<String>,
}

impl Phrases {
    /// From ids and their masks. Those that are found as words anyway are left out.
    pub fn new(known: HashMap<String, String>) -> Self {
        // An id that reads like a sentence of ours would take sentences apart.
        let sentence = |text: &str| is_prose(text) && (text.contains(char::is_whitespace) || !text.contains([':', '/', '\\']));
        let wanted = |text: &str| text.len() >= SHORTEST && !text.chars().all(is_inner) && !sentence(text);
        let mut list: Vec<(String, String)> = known.into_iter().filter(|(text, _)| wanted(text) || text.starts_with("agent ")).collect();
        list.sort();
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(list.iter().map(|(text, _)| text)).ok();
        Phrases { finder, masks: list.into_iter().map(|(_, mask)| mask).collect() }
    }

    /// Masks a text.
    pub fn masked(&self, text: &str, masks: &mut Masks, paths: &mut Paths) -> String {
        let mut out = String::with_capacity(text.len());
        let (mut from, mut at) = (0, 0);
        while let Some(found) = self.finder.as_ref().and_then(|finder| finder.find(Input::new(text).span(at..text.len()))) {
            let before = text.get(..found.start()).and_then(|text| text.chars().next_back());
            let after = text.get(found.end()..).and_then(|text| text.chars().next());
            let first = text.get(found.start()..).and_then(|text| text.chars().next());
            let last = text.get(..found.end()).and_then(|text| text.chars().next_back());
            let joined = |a: Option<char>, b: Option<char>| a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric);
            if joined(before, first) || joined(last, after) {
                at = found.start() + first.map_or(1, char::len_utf8);
                continue;
            }
            tokens(text.get(from..found.start()).unwrap_or_default(), &mut out, masks, paths);
            out.push_str(self.masks.get(found.pattern().as_usize()).map_or("", String::as_str));
            (from, at) = (found.end(), found.end());
        }
        tokens(text.get(from..).unwrap_or_default(), &mut out, masks, paths);
        out
    }
}

/// Masks what stands between phrases.
fn tokens(text: &str, out: &mut String, masks: &mut Masks, paths: &mut Paths) {
    for piece in text.split_inclusive(char::is_whitespace) {
        let token = piece.trim_end_matches(char::is_whitespace);
        let edge =
            |c: char| matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | '"' | '\'' | '`' | ',' | ';' | '!' | '?' | ':' | '<' | '>' | '…');
        let core = token.trim_matches(edge);
        let core = if core.len() > 2 { core.trim_end_matches('.') } else { core };
        let start = token.find(core).unwrap_or(0);
        out.push_str(token.get(..start).unwrap_or_default());
        let is_path = core.contains(['/', '\\']) && core.chars().any(char::is_alphanumeric) && !is_prose(core);
        if is_path {
            out.push_str(&paths.in_text(core, masks));
        } else {
            words(core, out, masks);
        }
        out.push_str(token.get(start + core.len()..).unwrap_or_default());
        out.push_str(piece.get(token.len()..).unwrap_or_default());
    }
}

/// Masks the words of a token.
fn words(token: &str, out: &mut String, masks: &mut Masks) {
    let mut rest = token;
    while let Some(first) = rest.chars().next() {
        let inner = is_inner(first);
        let end = rest.find(|c| is_inner(c) != inner).unwrap_or(rest.len());
        let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        if !inner {
            // Signs of a sentence stay; letters of any script are inner.
            out.push_str(piece);
            continue;
        }
        let core = piece.trim_matches(['.', '-', '_']);
        let single = core.chars().all(char::is_alphanumeric);
        // Counts and parts of times are shorter than ids.
        let number = core.bytes().all(|byte| byte.is_ascii_digit());
        let named = masks.known(piece).is_some() || masks.known(core).is_some();
        let stays = match () {
            () if number && named => core.len() < 5 && piece == core,
            () if single => is_allowed(core),
            () => is_prose(core) && !named,
        };
        let (front, back) = piece.split_once(core).unwrap_or(("", ""));
        if core.is_empty() || stays {
            out.push_str(piece);
        } else if let Some(mask) = masks.known(piece) {
            out.push_str(mask);
        } else if let Some(mask) = masks.known(core) {
            out.push_str(front);
            out.push_str(mask);
            out.push_str(back);
        } else if is_file_name(core) {
            out.push_str(front);
            out.push_str(&file_mask(core, masks));
            out.push_str(back);
        } else {
            out.push_str(front);
            out.push_str(&masks.of(Kind::Id, core));
            out.push_str(back);
        }
    }
}

/// Characters of an id.
fn is_inner(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '-' | '_' | '.' | '@' | '+')
        || (!c.is_ascii() && !matches!(c, '…' | '–' | '—' | '⏎' | '·' | '→' | '«' | '»' | '×'))
}

/// Whether all words of a text may stay.
fn is_prose(text: &str) -> bool {
    !text.contains('@') && text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(is_allowed)
}

/// Whether a word may stay.
fn is_allowed(word: &str) -> bool {
    if word.len() == 1 && word.is_ascii() {
        return true;
    }
    if is_word(word) {
        return true;
    }
    let letters = word.trim_matches(|c: char| c.is_ascii_digit());
    let digits = word.len() - letters.len();
    if letters.is_empty() {
        return word.len() <= DIGITS;
    }
    let behind = word.starts_with(|c: char| c.is_ascii_digit());
    match (digits, behind) {
        (_, true) if letters.starts_with('x') => word.len() <= 4 && word.starts_with("0x"),
        // Hours of a time, then spans, sizes and the ends of times.
        (_, true) if letters == "T" => digits <= 4,
        (_, true) => {
            digits <= DIGITS
                && matches!(
                    letters,
                    "ms" | "s" | "m" | "min" | "h" | "d" | "w" | "B" | "KB" | "MB" | "GB" | "TB" | "Z" | "st" | "nd" | "rd" | "th"
                )
        }
        (_, false) => digits > 0 && digits <= 3 && matches!(letters, "CF" | "E" | "v" | "U" | "UTF" | "RFC" | "JSON"),
    }
}

fn is_word(word: &str) -> bool {
    static WORDS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let words = WORDS.get_or_init(|| include_str!("words.txt").split_whitespace().collect());
    is_key_word(word) || words.contains(word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn mask(text: &str) -> String {
        let known = [("my agent: x", "agent-1"), ("the store", "peer-9"), ("a", "peer-8"), ("/srv/my files/x.png", "ROOT1/file-1.png")];
        let known = known.map(|(text, mask)| (text.to_owned(), mask.to_owned()));
        let mut masks = Masks::default();
        masks.of(Kind::Agent, "main");
        for peer in ["store-main", "-100555", "10055"] {
            masks.of(Kind::Peer, peer);
        }
        Phrases::new(known.into()).masked(text, &mut masks, &mut Paths::new(Vec::new(), Some(Path::new("/home/jay"))))
    }

    #[test]
    fn only_our_own_words_stay() {
        for (text, masked) in [
            ("the store binds main to a line", "the store binds main to a line"),
            ("of store-main, and my agent: x.", "of peer-1, and agent-1."),
            ("in /srv/my files/x.png or /home/jay/x.png", "in ROOT1/file-1.png or ~/file-1.png"),
            ("clawfix repair . --select CF203", "clawfix repair . --select CF203"),
            ("at 2026-01-30T06:40:00.123Z, 3.5 min, 1200ms (line 7)", "at 2026-01-30T06:40:00.123Z, 3.5 min, 1200ms (line 7)"),
            ("chat 7016642 and -1001234567, 7016642 again", "chat id-1 and -id-2, id-1 again"),
            ("entry 3f2a91bc in \"zoë@host.org\"", "entry id-1 in \"id-2\""),
            ("see 550e8400-e29b-41d4-a716-446655440000.jsonl", "see session-1.jsonl"),
            ("chat -100555 of 10055 and 10056", "chat peer-2 of peer-3 and 10056"),
            ("base64, byte 0x7f of beds.png", "base64, byte 0x7f of file-1.png"),
            ("Ωmega 山田", "id-1 id-2"),
        ] {
            assert_eq!(mask(text), masked);
        }
    }
}
