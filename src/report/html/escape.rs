//! Text of any origin in, text that is nothing but text inside an HTML element or a quoted attribute out.

use std::fmt::{self, Display, Write};

use crate::report::safe;

/// Text on its way into the page. Characters that act are made visible first, then those that HTML gives a meaning are
/// written as references, so the same form is right in an element and in an attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in safe::line(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '`' => f.write_str("&#96;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// The only way for text into the page.
pub(super) fn escape(text: &str) -> Escaped<'_> {
    Escaped(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        for (text, safe) in [
            ("plain – ünïcode 漢字", "plain – ünïcode 漢字"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\"><img src=x onerror=alert(1)>", "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"),
            ("' onmouseover='x", "&#39; onmouseover=&#39;x"),
            ("`${x}`", "&#96;${x}&#96;"),
            ("]]>--><!--", "]]&gt;--&gt;&lt;!--"),
            ("&lt;", "&amp;lt;"),
            ("&#x3c;", "&amp;#x3c;"),
            ("a\0b\u{202e}c\u{200b}d\r\n", "a\\u{0}b\\u{202e}c\\u{200b}d\\u{d}⏎"),
            ("\u{1b}[31m\u{feff}", "\\u{1b}[31m\\u{feff}"),
            ("", ""),
        ] {
            assert_eq!(escape(text).to_string(), safe);
        }
    }

    #[test]
    fn no_character_opens_anything() {
        let all: String = (0..=0x2FFF).filter_map(char::from_u32).collect();
        let safe = escape(&all).to_string();
        assert!(!safe.contains(['<', '>', '"', '\'', '`', '\0', '\r', '\n', '\u{202e}']));
    }
}
