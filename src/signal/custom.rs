//! Heartbeat prompts of one's own in, whether a text begins with one of them out.

/// Beginnings of texts; `*` stands for any run of characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompts(Vec<String>);

impl Prompts {
    /// Prompts as they are written in a configuration; white space around them does not count.
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        let patterns = patterns.into_iter().map(|pattern| pattern.trim().to_owned());
        Prompts(patterns.filter(|pattern| pattern.chars().any(|c| c != '*' && !c.is_whitespace())).collect())
    }

    /// Whether one of them fits the beginning of a text.
    pub fn fit(&self, text: &str) -> bool {
        let text = text.trim_start();
        self.0.iter().any(|pattern| fits(pattern, text))
    }
}

/// The first part stands at the very front, each other one somewhere behind the part before it.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_and_stars() {
        for (pattern, text, expected) in [
            ("Look around", "Look around. Then rest", true),
            ("Look around", "  Look around", true),
            ("Look around", "I said: Look around", false),
            ("It is *. Look around", "It is 09:00. Look around now", true),
            ("It is *. Look around", "It is 09:00. Rest", false),
            ("*around*now", "Look around, and do it now", true),
            ("Tag *", "Tag x", true),
            ("", "anything", false),
            (" ** ", "anything", false),
        ] {
            assert_eq!(Prompts::new([pattern.to_owned()]).fit(text), expected, "{pattern} in {text}");
        }
        assert!(!Prompts::default().fit(""));
    }
}
