//! What a rule about a sessions folder finds, and the changes of whole files or store values that mend it.

use std::path::PathBuf;

use crate::apply::store::StoreValue;
use crate::report::command;
use crate::rules::{Finding, Fixable, Rule, Severity};
use crate::scan::{Agent, Scan};

/// A change that is no edit of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// One value of the store gets another, or one entry is put in; see [`StoreValue`].
    Store(StoreValue),
    /// A file moves into the journal.
    Move(PathBuf),
    /// A file gets the present as its time of change, so that OpenClaw's cleanup by age leaves it alone.
    Touch(PathBuf),
    /// A file gets the content of another, which stays.
    Restore {
        /// The file.
        path: PathBuf,
        /// Where its new content is.
        from: PathBuf,
    },
}

/// Something that is the matter with a sessions folder.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// The file it is about.
    pub path: PathBuf,
    /// What tells it from others of this rule in this folder: a key, a file name.
    pub identity: String,
    /// What is the matter. Holds ids, times and counts, never message text.
    pub message: String,
    /// The next step, where it is another than `clawfix repair`.
    pub help: Option<String>,
    /// How bad it is here, where that is milder than the rule says.
    pub severity: Option<Severity>,
    /// When it happened, UTC ms, where that is known.
    pub at_ms: Option<i64>,
    /// What mends it; nothing where no program can.
    pub steps: Vec<Step>,
}

impl Trouble {
    /// Something that nobody has a remedy for yet.
    pub fn new(path: impl Into<PathBuf>, identity: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            identity: identity.into(),
            message: message.into(),
            help: None,
            severity: None,
            at_ms: None,
            steps: Vec::new(),
        }
    }

    /// The finding that reports show.
    pub fn finding(self, rule: &'static Rule, scan: &Scan, agent: &Agent) -> Finding {
        let fixable = if self.steps.is_empty() { Fixable::None } else { rule.fixable };
        let help = self.help.unwrap_or_else(|| command::repair(scan, agent, &agent.dir.dir, rule.code, fixable));
        let mut finding = Finding::new(rule, &self.path, &[&agent.dir.agent, &self.identity], self.message, help);
        finding.severity = self.severity.unwrap_or(rule.severity);
        finding.fixable = fixable;
        finding.at_ms = self.at_ms;
        finding
    }
}
