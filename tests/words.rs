//! The words that a redacted text may hold are those of the program's own sentences: `src/redact/words.txt` is made of
//! the string literals of `src/`, and `CLAWFIX_UPDATE_WORDS=1 cargo test --test words` makes it anew.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Words of errors that the system and parsers give.
const OTHERS: &str = "no such file or directory permission denied is a os error expected value at line column eof while parsing \
    unexpected end of input invalid type character key must be string trailing characters comma too many levels of symbolic links \
    input output not available device resource busy limit open files stream did contain valid utf unexpected argument";
/// Words of examples that could be somebody's name.
const NAMES: [&str; 2] = ["jay", "eve"];

#[test]
fn the_words_are_those_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut words: BTreeSet<String> = OTHERS.split_whitespace().map(str::to_owned).collect();
    for file in sources(&root.join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().split("#[cfg(all(test").next().unwrap();
        for literal in literals(text) {
            let parts = literal.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| (2..=24).contains(&word.len()));
            // Words such as base64, but no example of an id.
            let plain = |word: &&str| word.trim_end_matches(|c: char| c.is_ascii_digit()).bytes().all(|byte| byte.is_ascii_alphabetic());
            words.extend(
                parts.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())).filter(plain).map(str::to_ascii_lowercase),
            );
        }
    }
    words.retain(|word| !["cf", "e"].contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())));
    words.retain(|word| !NAMES.contains(&word.as_str()));
    // Wrapped, as text that is read by nobody needs no line for each word.
    let mut text = String::new();
    let mut width = 0;
    for word in &words {
        width += word.len() + 1;
        text.push_str(word);
        text.push(if width > 110 { '\n' } else { ' ' });
        width = if width > 110 { 0 } else { width };
    }
    let text = text.trim_end().to_owned() + "\n";
    let file = root.join("src/redact/words.txt");
    if std::env::var_os("CLAWFIX_UPDATE_WORDS").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let held = fs::read_to_string(&file).unwrap();
    let missing: Vec<&str> = text.split_whitespace().filter(|word| !held.split_whitespace().any(|known| known == *word)).collect();
    assert!(missing.is_empty(), "run with CLAWFIX_UPDATE_WORDS=1 to add {missing:?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut list = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            list.extend(sources(&path));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            list.push(path);
        }
    }
    list
}

/// The string literals of a source, without what is filled in.
fn literals(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let at = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let (mut list, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            '\'' if at(i + 1) == '\\' => i += 3,
            '\'' if at(i + 2) == '\'' => i += 2,
            '"' => {
                let hashes = (1..=i).take_while(|back| at(i - back) == '#').count();
                let raw = i > hashes && at(i - hashes - 1) == 'r';
                let mut literal = String::new();
                i += 1;
                while i < chars.len() {
                    match at(i) {
                        '"' if !raw || (1..=hashes).all(|next| at(i + next) == '#') => break,
                        '\\' if !raw => {
                            literal.push(' ');
                            i += 1;
                        }
                        c => literal.push(c),
                    }
                    i += 1;
                }
                list.push(literal);
            }
            _ => {}
        }
        i += 1;
    }
    list
}
