//! A base64 text that providers refuse in, the same bytes written as they take them out, where nothing of it is missing.

use base64::Engine;

use super::{Base64Check, Format, LENIENT, Picture, payload};

/// How a text becomes one that decodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cure {
    /// That many raw bytes at its front are the front of a data URL; the rest is good.
    Front(usize),
    /// The same bytes, written anew.
    Text(Vec<u8>),
}

/// What is to be done to the raw text of an image that no provider decodes; none where bytes are missing or it is no image.
pub fn cure(raw: &[u8]) -> Option<Cure> {
    let rest = payload(raw);
    let front = raw.len().checked_sub(rest.len())?;
    if front > 0 && decodes(rest) {
        return Picture::read(rest).format.map(|_| Cure::Front(front));
    }
    let text = plain(rest)?;
    (decodes(&text) && is_whole(&text)).then_some(Cure::Text(text))
}

fn decodes(text: &[u8]) -> bool {
    let mut check = Base64Check::default();
    check.push(text);
    check.verdict().is_ok()
}

/// The letters of the standard alphabet with the padding that they need; none for any other text.
fn plain(raw: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len().saturating_add(3));
    let mut padded = false;
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        let letter = match byte {
            b'\\' => match bytes.next()? {
                b'/' => b'/',
                b'n' | b'r' | b't' => continue,
                _ => return None,
            },
            b' ' => continue,
            b'=' => {
                padded = true;
                continue;
            }
            b'-' => b'+',
            b'_' => b'/',
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => byte,
            _ => return None,
        };
        if padded {
            return None;
        }
        out.push(letter);
    }
    match out.len() % 4 {
        1 => return None,
        2 => out.extend_from_slice(b"=="),
        3 => out.push(b'='),
        _ => {}
    }
    Some(out)
}

/// Whether an image begins and ends as its format does.
fn is_whole(text: &[u8]) -> bool {
    /// Letters that are looked at from the end on; a multiple of four.
    const END: usize = 64;
    let end = LENIENT.decode(text.get(text.len().saturating_sub(END)..).unwrap_or_default()).unwrap_or_default();
    match Picture::read(text).format {
        Some(Format::Png) => end.ends_with(b"IEND\xAE\x42\x60\x82"),
        Some(Format::Jpeg) => end.ends_with(b"\xFF\xD9"),
        Some(Format::Gif) => end.ends_with(b"\x3B"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// One grey pixel.
    const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

    #[test]
    fn what_is_whole_is_written_as_providers_take_it() {
        let whole = Some(Cure::Text(PNG.as_bytes().to_vec()));
        let (first, second) = PNG.split_at(40);
        for (raw, expected) in [
            (format!("data:image/png;base64,{PNG}"), Some(Cure::Front("data:image/png;base64,".len()))),
            (format!("data:image/png;base64,{}", PNG.trim_end_matches('=')), whole.clone()),
            (PNG.trim_end_matches('=').to_owned(), whole.clone()),
            (format!("{first}\\r\\n{second}\\n"), whole.clone()),
            (format!("{PNG}="), whole.clone()),
            (first.to_owned(), None),
            (format!("{first}!{second}"), None),
            (format!("{PNG}{first}"), None),
            ("data:image/png;base64,".to_owned(), None),
            ("data:image/png;base64,aGVsbG8=".to_owned(), None),
            ("https://example.com/a.png".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(cure(raw.as_bytes()), expected, "{raw}");
        }
    }

    #[test]
    fn url_safe_letters_become_the_ordinary_ones() {
        // A GIF needs only its two ends here.
        let gif = b"GIF89a\xFF\xFF\xBF\xFB\xEF\xBE\x00\x3B";
        let good = base64::engine::general_purpose::STANDARD.encode(gif);
        let safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(gif);
        assert_ne!(good, safe);
        assert_eq!(cure(safe.as_bytes()), Some(Cure::Text(good.into_bytes())));
    }
}
