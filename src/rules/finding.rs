//! What a rule found, as every report shows it.

use std::path::{Path, PathBuf};

use super::{Fixable, Rule, Severity};
use crate::read::Span;

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
    /// Whether it can be mended here.
    pub fixable: Fixable,
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
            fixable: rule.fixable,
            fingerprint: hash.finalize().to_hex().chars().take(16).collect(),
            conversation: None,
            at_ms: None,
        }
    }

    /// Whether it says that something could not be read, so that nothing may be called clean.
    pub fn is_unreadable(&self) -> bool {
        self.rule.is_about_reading()
    }
}
