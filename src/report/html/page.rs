//! The frame of the page: a growing text that only takes escaped parts, the head with its content security policy, and
//! the parts that every page has.

use std::fmt::{self, Write};

use sha2::{Digest, Sha256};

use super::escape::escape;

/// The page as it grows.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Adds a formatted part; what is not ours in it must have gone through [`escape`].
    pub(super) fn put(&mut self, part: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(part);
    }

    /// Adds markup that is ours.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The text so far.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// Adds a formatted part to a page.
macro_rules! put {
    ($page:expr, $($part:tt)*) => { $page.put(format_args!($($part)*)) };
}
pub(super) use put;

/// A browser takes every line end for a newline before it computes a hash, however the source was checked out.
fn own(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The source expression that allows an inline block, and no other.
fn allowed(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4u32 {
            let known = digit as usize <= chunk.len();
            let value = (bits >> (18 - 6 * digit) & 63) as usize;
            text.push(if known { DIGITS.get(value).copied().map_or('=', char::from) } else { '=' });
        }
    }
    text
}

/// Everything before the content.
pub(super) fn open(page: &mut Page, title: &str) {
    let (style, script) = (own(include_str!("style.css")), own(include_str!("script.js")));
    // Nothing is loaded, nothing is sent, and of scripts and styles only these two very texts count: whatever a transcript
    // might smuggle in, the browser would not run it.
    put!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'\">\n",
        allowed(&style),
        allowed(&script)
    );
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n");
    put!(page, "<title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n", escape(title));
}

/// Everything behind the content.
pub(super) fn close(page: &mut Page) {
    put!(page, "<script>{}</script>\n</body>\n</html>\n", own(include_str!("script.js")));
}

/// A command that can be copied.
pub(super) fn command(page: &mut Page, text: &str) {
    put!(page, "<div class=\"cmd\"><code>{}</code></div>", escape(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_everywhere() {
        for (text, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
        assert_eq!(allowed(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    }

    #[test]
    fn style_and_script_do_not_end_themselves() {
        for text in [include_str!("style.css"), include_str!("script.js")] {
            assert!(!text.contains("</") && !text.contains("<!--"));
            assert!(!text.contains("http") && !text.contains("url("), "nothing is loaded");
        }
    }
}
