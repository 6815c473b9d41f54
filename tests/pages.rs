//! Documents that are made by the program hold what the program says.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;
use std::process::Command;

fn explain(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_clawfix")).arg("explain").args(args).output().unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap()
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap().replace("\r\n", "\n")
}

#[test]
fn the_book_of_rules_is_up_to_date() {
    assert!(
        file("docs/rules.md") == explain(&["--all", "--format", "markdown"]),
        "docs/rules.md is old; make it anew: cargo run -- explain --all --format markdown > docs/rules.md"
    );
}

#[test]
fn the_readme_lists_every_rule() {
    let readme = file("README.md");
    let (_, rest) = readme.split_once("<!-- rules: clawfix explain --format markdown -->\n").expect("README.md has a table of rules");
    let (table, _) = rest.split_once("<!-- end of rules -->").unwrap();
    assert!(table.trim() == explain(&["--format", "markdown"]).trim(), "the table is old; put in what `explain --format markdown` prints");
}

#[test]
fn one_page_reads_the_same_in_both_formats() {
    let page = explain(&["cf302"]);
    assert_eq!(page, explain(&["id-clash", "--format", "markdown"]));
    assert!(page.starts_with("# CF302 id-clash\n"), "{page}");
}
