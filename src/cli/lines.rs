//! Documents and examples in, every `clawfix` command line in them out, held against the definition of the command line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use super::Arguments;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The words of a line as a shell sees them; `None` where it stops being a plain command.
fn words(line: &str) -> Vec<String> {
    let (mut list, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => (quote, begun) = (Some(c), true),
            // What a variable or a command gives is one word.
            (_, '$') if chars.peek() == Some(&'(') => {
                let mut depth = 0;
                for c in chars.by_ref() {
                    depth += i32::from(c == '(') - i32::from(c == ')');
                    if depth == 0 {
                        break;
                    }
                }
                (begun, word) = (true, word + "x");
            }
            (Some(_), c) => word.push(c),
            (None, '#') if !begun => break,
            (None, '|' | '&' | ';' | '>' | ')' | '`') => break,
            (None, c) if c.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    list.push(std::mem::take(&mut word));
                }
            }
            (None, c) => (begun, _) = (true, word.push(c)),
        }
    }
    if begun {
        list.push(word);
    }
    list
}

/// The arguments of each `clawfix` that stands where a command does.
fn commands(text: &str) -> Vec<Vec<String>> {
    // Continued lines, in a shell and in YAML; and a path to the program that stands in quotes.
    let joined = text.replace("\\\n", " ").replace("\n      --", " --").replace("clawfix\" ", "clawfix ");
    let mut found = Vec::new();
    for (at, _) in joined.match_indices("clawfix ") {
        let line_start = joined.get(..at).unwrap().rfind('\n').map_or(0, |end| end + 1);
        let before = joined.get(line_start..at).unwrap();
        let rest = joined.get(at + "clawfix ".len()..).unwrap().lines().next().unwrap();
        // A document is code between its fences only; what has none is code as a whole.
        let fences = |text: &str| text.matches("```").count();
        let code = fences(&joined) == 0 || fences(joined.get(..at).unwrap()) % 2 == 1;
        let comment = before.trim_start().starts_with('#');
        // In prose only what stands in a code span is a command; in code, what begins one.
        let begins = before.ends_with('`')
            || code && (before.ends_with("bin/") || matches!(before.trim(), "" | "$" | "exec" | "mend:" | "entry:" | "- run:" | "-"));
        if begins && !comment {
            let rest = if before.ends_with('`') { rest.split('`').next().unwrap() } else { rest };
            found.extend(Some(words(rest)).filter(|words| !words.is_empty()));
        }
    }
    found
}

fn check(what: &str, arguments: &[String]) -> Result<(), String> {
    use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
    let line = std::iter::once("clawfix".to_owned()).chain(arguments.iter().cloned());
    match Arguments::try_parse_from(line) {
        Err(error) if !matches!(error.kind(), DisplayHelp | DisplayVersion) => {
            let why = error.to_string();
            Err(format!("{what}: clawfix {}: {}", arguments.join(" "), why.lines().next().unwrap_or_default()))
        }
        _ => Ok(()),
    }
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "docs/ci.md", "docs/configuration.md", ".pre-commit-hooks.yaml"]
        .map(|name| root().join(name))
        .into();
    files.extend(std::fs::read_dir(root().join("examples/ci")).unwrap().map(|entry| entry.unwrap().path()));
    files
}

#[test]
fn every_command_line_in_the_documents_is_one() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        for arguments in commands(&text) {
            count += 1;
            wrong.extend(check(&file.display().to_string(), &arguments).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 40, "only {count} command lines were found");
}

#[test]
fn the_examples_of_the_help_are_ones_and_fit_80_columns() {
    let mut whole = Arguments::command();
    whole.build();
    let mut seen = 0;
    assert!(whole.get_after_help().unwrap().to_string().lines().all(|line| line.chars().count() <= 80));
    for command in whole.get_subcommands().filter(|command| command.get_name() != "help") {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!((10..=64).contains(&about.chars().count()), "{}: {about}", command.get_name());
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(!after.is_empty(), "{} shows examples", command.get_name());
        for line in after.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
        }
        for line in after.lines().filter_map(|line| line.strip_prefix("  clawfix ")) {
            // Behind two spaces stands what it does.
            let line = line.split("  ").next().unwrap();
            seen += 1;
            check(command.get_name(), &words(line)).unwrap_or_else(|error| panic!("{error}"));
        }
    }
    assert!(seen > 20, "only {seen} examples were found");
}

#[test]
fn command_lines_are_found() {
    let text =
        "Run `clawfix scan -v` or\nclawfix scan.\n```\n$ clawfix merge \"a b\" \\\n  --apply # now\n  x/bin/clawfix log ~ | less\n```";
    assert_eq!(commands(text), [vec!["scan", "-v"], vec!["merge", "a b", "--apply"], vec!["log", "~"]]);
}
