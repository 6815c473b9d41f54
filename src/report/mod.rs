//! A scan and its findings in, a report out: one small file a format behind one trait.
//!
//! To add a format, write its file, implement [`Report`], and list it in [`Format`].

pub mod command;
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

use std::io::{self, Write};

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
}

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
    /// The seams of all agents that the view covers.
    pub fn seams(&self) -> impl Iterator<Item = &Seam> {
        let seams = self.scan.agents.iter().flat_map(|agent| agent.conversations.iter().map(move |c| (agent, c)));
        seams.flat_map(|(agent, c)| c.seams.iter().map(move |seam| (agent, seam))).filter_map(|(agent, seam)| {
            let at = agent.segments.get(seam.newer).map(|segment| segment.start_ms);
            self.view.covers(at).then_some(seam)
        })
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
        let mut summary = Summary { bytes: self.scan.bytes, ..Summary::default() };
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
