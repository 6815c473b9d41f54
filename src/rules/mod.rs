//! A scan in, findings out. One file a rule: its code, name, severity, documentation and detection stand together.
//!
//! To add a rule, write its file and list it in [`ALL`]; `explain`, the reports and the tests derive from that list.

mod branches;
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
mod cf206_raw_control_byte;
mod cf207_literal_junk;
mod cf208_null_line;
mod cf209_unterminated_file;
mod cf210_missing_header;
mod cf211_header_not_first;
mod cf212_repeated_header;
mod cf213_header_id;
mod cf214_header_only;
mod cf215_unknown_version;
mod cf216_duplicate_key;
mod cf217_old_version;
mod cf301_repeated_entry;
mod cf302_id_clash;
mod cf303_missing_parent;
mod cf304_extra_root;
mod cf305_foreign_root;
mod cf306_circle;
mod cf307_nameless_entry;
mod cf308_foreign_last_line;
mod cf309_lost_branch;
mod cf310_dangling_target;
mod cf311_child_before_parent;
mod cf312_time_backwards;
mod cf401_call_without_result;
mod cf402_result_without_call;
mod cf403_repeated_result;
mod cf404_displaced_result;
mod cf405_reused_call_id;
mod cf406_partial_json;
mod cf407_missing_role;
mod cf408_missing_message;
mod cf409_empty_answer;
mod cf410_blank_user_turn;
mod cf411_repeated_turn;
mod cf412_odd_signature;
mod cf413_starts_with_assistant;
mod cf501_missing_media;
mod cf502_moved_media;
mod cf503_pruned_image;
mod cf504_undecodable_image;
mod cf505_image_type;
mod cf506_oversized_image;
mod cf507_repeated_image;
mod cf601_broken_store;
mod cf602_empty_store;
mod cf603_oversized_store;
mod cf604_missing_transcript;
mod cf605_file_disagrees;
mod cf606_foreign_path;
mod cf607_shared_transcript;
mod cf608_unindexed_transcript;
mod cf609_better_leftover;
mod cf701_unfinished_run;
mod cf702_stale_lock;
mod cf703_half_on_a_clock;
mod cf704_heartbeat_owned_main;
mod cf705_backups_piling_up;
mod cf801_not_ready_for_import;
mod cf802_ready_for_import;
mod cf901_live_credential;
mod clashes;
mod faults;
mod finding;
mod folder;
mod headers;
mod leftovers;
mod links;
mod moves;
mod pairs;
mod pictures;
mod readiness;
mod seams;
pub mod selection;
mod silent;
mod strays;
pub mod subject;
mod transcripts;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use finding::Finding;
pub use subject::{Spot, Subject};
pub(crate) use transcripts::transcripts;

use crate::repair::patch::Patch;
use crate::repair::step::Trouble;
use crate::scan::{Agent, Scan};

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
    /// Yes, and nothing is taken away or guessed: `repair` does it unless told otherwise.
    Safe,
    /// Yes, but it takes a person's judgement: `repair --unsafe-fixes` does it.
    Unsafe,
    /// Not by a program.
    None,
}

impl Fixable {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Fixable::Safe => "safe",
            Fixable::Unsafe => "unsafe",
            Fixable::None => "none",
        }
    }
}

/// What a rule looks at, and how it mends what it finds there.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// The whole scan; nothing is mended by `repair`.
    Scan(fn(&Scan, &mut Vec<Finding>)),
    /// Each transcript by itself.
    Transcript {
        /// Where it is damaged. Works on the index; reads bytes of the file only at places that are suspicious already.
        detect: fn(&Subject<'_>, &mut Vec<Spot>),
        /// The edits that mend one of these places; none where it cannot be mended.
        fix: Option<Mend>,
    },
    /// Each sessions folder with its store; what mends it stands in what is found.
    Folder(fn(&Scan, &Agent, &mut Vec<Trouble>)),
}

/// The edits that mend a place of a transcript; none where it cannot be mended.
pub type Mend = fn(&Subject<'_>, &Spot) -> io::Result<Option<Patch>>;

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
    /// How it is found and mended.
    pub work: Work,
}

impl Rule {
    /// Whether it tells of what could not be read, so that nothing may be called clean. No selection, severity or baseline
    /// takes such findings out of a report.
    pub fn is_about_reading(&self) -> bool {
        matches!(self.code, "CF001" | "CF004")
    }
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
    &cf206_raw_control_byte::RULE,
    &cf207_literal_junk::RULE,
    &cf208_null_line::RULE,
    &cf209_unterminated_file::RULE,
    &cf210_missing_header::RULE,
    &cf211_header_not_first::RULE,
    &cf212_repeated_header::RULE,
    &cf213_header_id::RULE,
    &cf214_header_only::RULE,
    &cf215_unknown_version::RULE,
    &cf216_duplicate_key::RULE,
    &cf217_old_version::RULE,
    &cf301_repeated_entry::RULE,
    &cf302_id_clash::RULE,
    &cf303_missing_parent::RULE,
    &cf304_extra_root::RULE,
    &cf305_foreign_root::RULE,
    &cf306_circle::RULE,
    &cf307_nameless_entry::RULE,
    &cf308_foreign_last_line::RULE,
    &cf309_lost_branch::RULE,
    &cf310_dangling_target::RULE,
    &cf311_child_before_parent::RULE,
    &cf312_time_backwards::RULE,
    &cf401_call_without_result::RULE,
    &cf402_result_without_call::RULE,
    &cf403_repeated_result::RULE,
    &cf404_displaced_result::RULE,
    &cf405_reused_call_id::RULE,
    &cf406_partial_json::RULE,
    &cf407_missing_role::RULE,
    &cf408_missing_message::RULE,
    &cf409_empty_answer::RULE,
    &cf410_blank_user_turn::RULE,
    &cf411_repeated_turn::RULE,
    &cf412_odd_signature::RULE,
    &cf413_starts_with_assistant::RULE,
    &cf501_missing_media::RULE,
    &cf502_moved_media::RULE,
    &cf503_pruned_image::RULE,
    &cf504_undecodable_image::RULE,
    &cf505_image_type::RULE,
    &cf506_oversized_image::RULE,
    &cf507_repeated_image::RULE,
    &cf601_broken_store::RULE,
    &cf602_empty_store::RULE,
    &cf603_oversized_store::RULE,
    &cf604_missing_transcript::RULE,
    &cf605_file_disagrees::RULE,
    &cf606_foreign_path::RULE,
    &cf607_shared_transcript::RULE,
    &cf608_unindexed_transcript::RULE,
    &cf609_better_leftover::RULE,
    &cf701_unfinished_run::RULE,
    &cf702_stale_lock::RULE,
    &cf703_half_on_a_clock::RULE,
    &cf704_heartbeat_owned_main::RULE,
    &cf705_backups_piling_up::RULE,
    &cf801_not_ready_for_import::RULE,
    &cf802_ready_for_import::RULE,
    &cf901_live_credential::RULE,
];

/// Rules about one sort of thing.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// What the codes of its rules begin with.
    pub code: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What it is about, in a sentence.
    pub about: &'static str,
}

/// Every family, in the order of its code.
pub static FAMILIES: &[Family] = &[
    Family { code: "CF0", title: "Reading", about: "What kept clawfix from seeing all there is." },
    Family { code: "CF1", title: "Seams", about: "Conversations that were cut, and the cuts that are none." },
    Family { code: "CF2", title: "Framing", about: "Lines and headers: whether the file can be read at all, and as what." },
    Family { code: "CF3", title: "Tree", about: "The links between entries, which decide what the model sees." },
    Family { code: "CF4", title: "Turns", about: "Messages, tool calls and their results, as providers want them." },
    Family { code: "CF5", title: "Images", about: "Pictures inside the transcript, and references to files." },
    Family { code: "CF6", title: "Store", about: "`sessions.json`, and whether it leads where it should." },
    Family { code: "CF7", title: "Housekeeping", about: "Locks, archives and what OpenClaw's own cleanup will take." },
    Family { code: "CF8", title: "Import", about: "Whether the upgrade to the SQLite releases will take everything." },
    Family { code: "CF9", title: "Privacy", about: "What should not be in a transcript." },
];

/// The rule of a code or name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}

/// Which rules are to run, and how bad their findings are.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Rules that run on request only, too.
    pub all: bool,
    /// Rules that were selected or ignored.
    pub selection: selection::Selection,
    /// Severities by the code of the rule; none for a rule that is off.
    pub severity: BTreeMap<&'static str, Option<Severity>>,
}

impl Wanted {
    /// Whether a rule runs. What tells of things that could not be read always does.
    pub fn runs(&self, rule: &Rule) -> bool {
        let asked = self.all || !rule.on_request || self.selection.spells_out(rule);
        rule.is_about_reading() || (asked && self.selection.takes(rule) && self.severity.get(rule.code) != Some(&None))
    }
}

/// Runs every rule; those that are shown on request only with `all`. The worst first, then by path and line.
pub fn detect(scan: &Scan, all: bool) -> Vec<Finding> {
    detect_wanted(scan, &Wanted { all, ..Wanted::default() })
}

/// The same with some rules only, and severities of one's own.
pub fn detect_wanted(scan: &Scan, wanted: &Wanted) -> Vec<Finding> {
    let rules: Vec<&'static Rule> = ALL.iter().copied().filter(|rule| wanted.runs(rule)).collect();
    let mut findings = transcripts::detect(scan, &rules);
    for rule in rules {
        match rule.work {
            Work::Scan(detect) => detect(scan, &mut findings),
            Work::Transcript { .. } => {}
            Work::Folder(detect) => {
                for agent in &scan.agents {
                    let mut troubles = Vec::new();
                    detect(scan, agent, &mut troubles);
                    findings.extend(troubles.into_iter().map(|trouble| trouble.finding(rule, scan, agent)));
                }
            }
        }
    }
    for finding in &mut findings {
        if let Some(Some(severity)) = wanted.severity.get(finding.rule.code) {
            finding.severity = *severity;
        }
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
            assert_eq!(FAMILIES.iter().filter(|family| rule.code.starts_with(family.code)).count(), 1, "{} has one family", rule.code);
            assert_eq!(find(rule.name).unwrap().code, rule.code);
            assert!(!rule.summary.ends_with('.') && rule.doc.len() > 200, "{} is explained", rule.code);
            for heading in ["## What it means", "## Why it hurts", "## What to do"] {
                assert!(rule.doc.contains(heading), "{} lacks {heading}", rule.code);
            }
        }
    }
}
