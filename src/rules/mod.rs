//! A scan in, findings out. One file a rule: its code, name, severity, documentation and detection stand together.
//!
//! To add a rule, write its file and list it in [`ALL`]; `explain`, the reports and the tests derive from that list.

mod cf001_unreadable;
mod cf002_changed_while_read;
mod cf003_unknown_file;
mod cf004_partly_indexed;
mod cf101_torn_conversation;
mod cf102_ambiguous_split;
mod cf103_mixed_chats;
mod cf104_rollover;
mod cf105_asked_reset;
mod cf201_torn_line;
mod cf202_unparsable_line;
mod cf203_nul_line;
mod cf204_trailing_data;
mod cf205_invalid_utf8;
mod cf601_broken_store;
mod cf701_unfinished_run;
mod faults;
mod seams;

use std::path::{Path, PathBuf};

use crate::read::Span;
use crate::scan::Scan;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Something is damaged or was not understood.
    Warning,
    /// History is lost from the model's view, or something could not be read.
    Error,
}

impl Severity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Whether clawfix can mend what a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fixable {
    /// Yes, without taking anything away.
    Safe,
    /// Not by a program.
    None,
}

/// A declared rule.
#[derive(Debug)]
pub struct Rule {
    /// Stable code, `CF` and three digits; the first digit is the family.
    pub code: &'static str,
    /// Stable name in kebab case.
    pub name: &'static str,
    /// Severity, unless the finding at hand is milder.
    pub severity: Severity,
    /// Whether it can be mended.
    pub fixable: Fixable,
    /// Shown only on request (`--all`).
    pub on_request: bool,
    /// One line.
    pub summary: &'static str,
    /// The page that `explain` shows, in Markdown.
    pub doc: &'static str,
    /// Finds it.
    pub detect: fn(&Scan, &mut Vec<Finding>),
}

/// Every rule, in the order of its code.
pub static ALL: &[&Rule] = &[
    &cf001_unreadable::RULE,
    &cf002_changed_while_read::RULE,
    &cf003_unknown_file::RULE,
    &cf004_partly_indexed::RULE,
    &cf101_torn_conversation::RULE,
    &cf102_ambiguous_split::RULE,
    &cf103_mixed_chats::RULE,
    &cf104_rollover::RULE,
    &cf105_asked_reset::RULE,
    &cf201_torn_line::RULE,
    &cf202_unparsable_line::RULE,
    &cf203_nul_line::RULE,
    &cf204_trailing_data::RULE,
    &cf205_invalid_utf8::RULE,
    &cf601_broken_store::RULE,
    &cf701_unfinished_run::RULE,
];

/// The rule of a code or name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}

/// Something found at a place.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// The file.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Bytes of the file.
    pub span: Option<Span>,
    /// What is the matter. Holds ids, times and counts, never message text.
    pub message: String,
    /// The exact next step.
    pub help: String,
    /// Same damage, same value, whatever lines were added and wherever the file moved.
    pub fingerprint: String,
    /// Conversation that the finding is about, by id.
    pub conversation: Option<String>,
    /// When the damage happened, UTC ms, where that is known.
    pub at_ms: Option<i64>,
}

impl Finding {
    /// A finding of a rule about a file. `identity` tells it from others of the rule; see [`Finding::fingerprint`].
    pub fn new(rule: &'static Rule, path: &Path, identity: &[&str], message: String, help: String) -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(rule.code.as_bytes());
        for part in identity {
            hash.update(b"\0").update(part.as_bytes());
        }
        Finding {
            rule,
            severity: rule.severity,
            path: path.to_owned(),
            line: None,
            span: None,
            message,
            help,
            fingerprint: hash.finalize().to_hex().chars().take(16).collect(),
            conversation: None,
            at_ms: None,
        }
    }

    /// Whether it says that something could not be read, so that nothing may be called clean.
    pub fn is_unreadable(&self) -> bool {
        self.rule.code == cf001_unreadable::RULE.code || self.rule.code == cf004_partly_indexed::RULE.code
    }
}

/// Runs every rule; those that are shown on request only with `all`. The worst first, then by path and line.
pub fn detect(scan: &Scan, all: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in ALL.iter().filter(|rule| all || !rule.on_request) {
        (rule.detect)(scan, &mut findings);
    }
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| a.rule.code.cmp(b.rule.code)).then_with(|| (&a.path, a.line).cmp(&(&b.path, b.line)))
    });
    findings
}

/// The name of a file, for an identity that survives a move.
fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn codes_names_and_files_agree() {
        assert!(ALL.is_sorted_by(|a, b| a.code < b.code));
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
        let mut files: Vec<String> = std::fs::read_dir(dir).unwrap().map(|entry| file_name(&entry.unwrap().path())).collect();
        files.retain(|name| name.starts_with("cf"));
        files.sort();
        let expected: Vec<String> =
            ALL.iter().map(|rule| format!("{}_{}.rs", rule.code.to_lowercase(), rule.name.replace('-', "_"))).collect();
        assert_eq!(files, expected, "one file a rule, named by its code and name");
        for rule in ALL {
            assert_eq!(find(rule.name).unwrap().code, rule.code);
            assert!(!rule.summary.ends_with('.') && rule.doc.len() > 200, "{} is explained", rule.code);
            for heading in ["## What it means", "## Why it hurts", "## What to do"] {
                assert!(rule.doc.contains(heading), "{} lacks {heading}", rule.code);
            }
        }
    }
}
