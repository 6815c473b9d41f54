//! The rules in, their documentation out: pages, a table, and the book that `docs/rules.md` holds.

use std::io::{self, Write};

use crate::rules::{FAMILIES, Fixable, Rule};

/// Writes the pages of these rules one after another, to be read on a terminal.
///
/// # Errors
/// What writing gives.
pub fn text(rules: &[&Rule], out: &mut dyn Write) -> io::Result<()> {
    for (at, rule) in rules.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        page(rule, out)?;
    }
    Ok(())
}

/// Writes one page in Markdown.
///
/// # Errors
/// What writing gives.
pub fn page(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {} {}\n", rule.code, rule.name)?;
    writeln!(out, "{}. Severity: {}. {}\n", rule.summary, rule.severity.name(), mending(rule))?;
    writeln!(out, "{}", rule.doc.trim_end())
}

/// What mends a rule's findings, in a sentence.
fn mending(rule: &Rule) -> String {
    let by = match rule.code {
        "CF101" => "clawfix merge",
        "CF701" => "clawfix undo",
        _ => "clawfix repair",
    };
    match rule.fixable {
        Fixable::Safe => format!("Mended by `{by}`."),
        Fixable::Unsafe => format!("Mended by `{by} --unsafe-fixes`, since it takes a person's judgement."),
        Fixable::None => "Not mended by a program.".to_owned(),
    }
}

/// Writes a table of the rules in Markdown; `book` is the path of the pages, for links.
///
/// # Errors
/// What writing gives.
pub fn table(rules: &[&Rule], book: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| rule | name | severity | mended | what is the matter |\n|---|---|---|---|---|")?;
    for rule in rules {
        let mended = if rule.fixable == Fixable::None { "" } else { rule.fixable.name() };
        let anchor = format!("{}-{}", rule.code.to_lowercase(), rule.name);
        writeln!(
            out,
            "| [{}]({book}#{anchor}) | {} | {} | {mended} | {} |",
            rule.code,
            rule.name,
            rule.severity.name(),
            rule.summary.replace('|', "\\|")
        )?;
    }
    Ok(())
}

/// Writes the book of all rules in Markdown: families, a table, and the pages.
///
/// # Errors
/// What writing gives.
pub fn book(rules: &[&Rule], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# The rules of clawfix\n")?;
    writeln!(out, "Made by `clawfix explain --all --format markdown`; a test holds this file to the program.\n")?;
    writeln!(
        out,
        "*safe* fixes take nothing away and guess nothing; `clawfix repair` plans them unless told otherwise. *unsafe* fixes take"
    )?;
    writeln!(out, "a person's judgement, and are made with `--unsafe-fixes` alone.")?;
    for family in FAMILIES {
        let of: Vec<&Rule> = rules.iter().copied().filter(|rule| rule.code.starts_with(family.code)).collect();
        writeln!(out, "\n## {} {}\n\n{}\n", family.code, family.title, family.about)?;
        table(&of, "", out)?;
    }
    for rule in rules {
        writeln!(out)?;
        page_below(rule, out)?;
    }
    Ok(())
}

/// A page two levels down, as a part of the book.
fn page_below(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Vec::new();
    self::page(rule, &mut page)?;
    for line in String::from_utf8_lossy(&page).lines() {
        let deeper = if line.starts_with('#') { "#" } else { "" };
        writeln!(out, "{deeper}{line}")?;
    }
    Ok(())
}
