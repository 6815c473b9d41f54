//! Text in, lines that keep to a width out. Widths are counted in characters.

/// Breaks a text at spaces so that no line is longer than `width`, where words allow; longer words are cut.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let mut word = word;
        let mut length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if used > 0 {
            line.push(' ');
            used += 1;
        }
        while length > width - used {
            let cut = word.char_indices().nth(width - used).map_or(word.len(), |(at, _)| at);
            let (front, back) = word.split_at_checked(cut).unwrap_or((word, ""));
            line.push_str(front);
            lines.push(std::mem::take(&mut line));
            length -= width - used;
            used = 0;
            word = back;
        }
        line.push_str(word);
        // An empty first word is an indent of one column.
        used += length;
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Puts notes on lines, with commas between them; only a note that is wider than a line is broken.
pub fn pack(notes: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (at, note) in notes.iter().enumerate() {
        let note = if at + 1 < notes.len() { format!("{note},") } else { note.clone() };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + note.chars().count() <= width => {
                line.push(' ');
                line.push_str(&note);
            }
            _ => lines.extend(wrap(&note, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_stay_whole() {
        let notes = ["485 B", "one.png found", "two.png missing"].map(str::to_owned);
        assert_eq!(pack(&notes, 22), ["485 B, one.png found,", "two.png missing"]);
        assert_eq!(pack(&notes, 12), ["485 B,", "one.png", "found,", "two.png", "missing"]);
        assert!(pack(&[], 10).is_empty());
    }

    #[test]
    fn lines_keep_to_the_width() {
        for (text, lines) in [
            ("", vec![""]),
            ("one two three four", vec!["one two", "three", "four"]),
            ("abcdefghijkl", vec!["abcdefgh", "ijkl"]),
            ("ab abcdefghijkl", vec!["ab", "abcdefgh", "ijkl"]),
            ("äöüäöüäöüä ß", vec!["äöüäöüäö", "üä ß"]),
            ("12345678", vec!["12345678"]),
            ("12345678 ", vec!["12345678"]),
        ] {
            assert_eq!(wrap(text, 8), lines, "{text}");
        }
    }
}
