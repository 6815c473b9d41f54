//! A scan and its findings in, a report out: one small file a format behind one trait.
//!
//! To add a format, write its file, implement [`Report`], and list it in [`Format`].

pub mod command;
pub mod debug;
mod ending;
pub mod github;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod masked;
pub mod place;
pub mod plan;
pub mod relink;
pub mod repair;
pub mod rules;
pub mod safe;
pub mod sarif;
pub mod show;
pub mod table;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::rules::{Finding, Severity};
use crate::scan::{Agent, Scan};
use crate::split::{Conversation, Seam, SeamKind};

/// What all formats show.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// What was found.
    pub scan: &'a Scan,
    /// What is the matter with it.
    pub findings: &'a [Finding],
    /// How much to show.
    pub view: View,
    /// What is kept back.
    pub withheld: &'a Withheld,
}

/// What a baseline or a selection keeps out of a report. The findings are not in [`Outcome::findings`] any more; this tells
/// of what else belongs to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Whether there is a baseline.
    pub baseline: bool,
    /// Findings that the baseline knows.
    pub baselined: u64,
    /// Entries of the baseline that were not found again.
    pub fixed: u64,
    /// Known seams, by the transcript that begins at each.
    pub seams: BTreeSet<PathBuf>,
    /// Codes of the rules that did not run.
    pub off: BTreeSet<&'static str>,
}

impl Withheld {
    /// Whether torn conversations were looked for.
    pub fn looks_for_splits(&self) -> bool {
        !self.off.contains(SPLIT_RULE)
    }
}

/// The rule whose findings are the splits; the sections about conversations show them.
pub const SPLIT_RULE: &str = "CF101";

/// How much a report shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    /// Seams that are no damage, too.
    pub all: bool,
    /// Evidence, too.
    pub verbose: bool,
    /// Colours.
    pub color: bool,
    /// Width to keep to, in columns.
    pub width: u16,
    /// Seams and findings from then on only, UTC ms.
    pub since_ms: Option<i64>,
    /// Seams and findings until then only, UTC ms.
    pub until_ms: Option<i64>,
}

impl View {
    /// Whether something that happened then is within the asked time. What has no time always is.
    pub fn covers(&self, at_ms: Option<i64>) -> bool {
        let Some(at) = at_ms else { return true };
        self.since_ms.is_none_or(|since| at >= since) && self.until_ms.is_none_or(|until| at <= until)
    }
}

/// Writes a report.
pub trait Report {
    /// Writes it whole.
    ///
    /// # Errors
    /// What writing gives.
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()>;
}

/// The formats of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, on a terminal
    Table,
    /// For scripts, one document
    Json,
    /// For scripts, one object a line
    Jsonl,
    /// For code scanning (SARIF 2.1.0)
    Sarif,
    /// Annotations for GitHub Actions
    Github,
    /// For a job summary or an issue
    Markdown,
    /// For pipelines that show tests
    Junit,
    /// One page for a browser, which loads nothing
    Html,
}

impl Format {
    /// The writer of the format.
    pub fn report(self) -> &'static dyn Report {
        match self {
            Format::Table => &table::Table,
            Format::Json => &json::Json,
            Format::Jsonl => &jsonl::Jsonl,
            Format::Sarif => &sarif::Sarif,
            Format::Github => &github::Github,
            Format::Markdown => &markdown::Markdown,
            Format::Junit => &junit::Junit,
            Format::Html => &html::Html,
        }
    }
}

/// The formats of what is no list of findings: a timeline, plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PlainFormat {
    /// For people, on a terminal
    Table,
    /// For scripts
    Json,
}

/// Numbers over a whole scan.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Summary {
    /// Primary transcripts.
    pub transcripts: u64,
    /// Archives and copies.
    pub archives: u64,
    /// Entries indexed.
    pub entries: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Conversations, of one or more segments.
    pub conversations: u64,
    /// Splits.
    pub splits: u64,
    /// Splits that are less sure than `--min-level`, and so are nowhere else in the report.
    pub splits_left_out: u64,
    /// Findings by severity.
    pub findings: Counts,
    /// Findings that the baseline knows, and that so are nowhere else in the report.
    pub baselined: u64,
    /// Entries of the baseline that were not found again: mended, or outside of what was scanned.
    pub fixed: u64,
    /// Things that could not be read.
    pub unreadable: u64,
    /// Sessions of machines, by what kind.
    pub machine: std::collections::BTreeMap<&'static str, u64>,
}

/// Findings by severity.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct Counts {
    /// Errors.
    pub error: u64,
    /// Warnings.
    pub warning: u64,
    /// Infos.
    pub info: u64,
}

impl Outcome<'_> {
    /// Whether a seam belongs into the report: it falls into the asked time, no baseline knows it, and its rule is on.
    pub fn shows(&self, agent: &Agent, seam: &Seam) -> bool {
        let newer = agent.segments.get(seam.newer);
        let known = newer.is_some_and(|segment| self.withheld.seams.contains(&segment.file.path));
        let off = seam.verdict.kind == SeamKind::Split && !self.withheld.looks_for_splits();
        !known && !off && self.view.covers(newer.map(|segment| segment.start_ms))
    }

    /// Whether a list of seams has it: torn ones always, others on request, and none whose rule is off.
    pub fn lists(&self, agent: &Agent, seam: &Seam) -> bool {
        let off = |code: &str| self.withheld.off.contains(code);
        let wanted = match seam.verdict.kind {
            SeamKind::Split => true,
            SeamKind::Rollover => self.view.all && !off("CF104"),
            SeamKind::Reset => self.view.all && !off("CF105"),
            SeamKind::Fork => self.view.all,
        };
        wanted && self.shows(agent, seam)
    }

    /// The seams of all agents that belong into the report.
    pub fn seams(&self) -> impl Iterator<Item = &Seam> {
        let seams = self.scan.agents.iter().flat_map(|agent| agent.conversations.iter().map(move |c| (agent, c)));
        seams
            .flat_map(|(agent, c)| c.seams.iter().map(move |seam| (agent, seam)))
            .filter(|(agent, seam)| self.shows(agent, seam))
            .map(|(_, seam)| seam)
    }

    /// Whether any of the conversation falls into the asked time.
    pub fn touches(&self, agent: &Agent, conversation: &Conversation) -> bool {
        let mut segments = conversation.segments.iter().filter_map(|&at| agent.segments.get(at));
        let view = self.view;
        segments.any(|segment| {
            view.since_ms.is_none_or(|since| segment.last_ms >= since) && view.until_ms.is_none_or(|until| segment.start_ms <= until)
        })
    }

    /// Counts everything.
    pub fn summary(&self) -> Summary {
        let Withheld { baselined, fixed, .. } = *self.withheld;
        let mut summary = Summary { bytes: self.scan.bytes, baselined, fixed, ..Summary::default() };
        for agent in &self.scan.agents {
            let files = agent.segments.iter().map(|segment| &segment.file).chain(agent.aside.iter().map(|aside| &aside.file));
            for file in files {
                let primary = file.name.state == crate::name::FileState::Live;
                summary.transcripts += u64::from(primary);
                summary.archives += u64::from(!primary);
            }
            let sessions = agent.segments.iter().map(|segment| &segment.session);
            let sessions = sessions.chain(agent.aside.iter().filter_map(|aside| aside.session.as_ref()));
            summary.entries += sessions.map(|session| session.entries.len() as u64).sum::<u64>();
            summary.conversations += agent.conversations.iter().filter(|held| self.touches(agent, held)).count() as u64;
            summary.splits_left_out += agent.splits_left_out;
            for machine in agent.segments.iter().filter_map(|segment| segment.machine) {
                *summary.machine.entry(machine.name()).or_default() += 1;
            }
        }
        summary.splits = self.seams().filter(|seam| seam.verdict.kind == SeamKind::Split).count() as u64;
        for finding in self.findings {
            let count = match finding.severity {
                Severity::Error => &mut summary.findings.error,
                Severity::Warning => &mut summary.findings.warning,
                Severity::Info => &mut summary.findings.info,
            };
            *count += 1;
            summary.unreadable += u64::from(finding.is_unreadable());
        }
        summary
    }
}

/// What a baseline kept back, in a sentence without its end, where there is something to tell.
fn baseline_line(outcome: &Outcome<'_>) -> Option<String> {
    let Withheld { baseline, baselined, fixed, .. } = *outcome.withheld;
    if !baseline {
        return None;
    }
    let gone = match fixed {
        0 => String::new(),
        1 => "; 1 of its entries was not found again".to_owned(),
        more => format!("; {more} of its entries were not found again"),
    };
    Some(format!("{} left out, known by the baseline{gone}", table::many(baselined, "finding")))
}
