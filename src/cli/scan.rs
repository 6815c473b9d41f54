//! `clawfix scan`.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use clawfix::report::{Format, Outcome, View};
use clawfix::rules::{self, Severity};

use super::{Common, Verdict, output, progress, when};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Scan {
    /// Transcripts, sessions folders, agent folders, state directories, or folders that hold such;
    /// with none, the known state directories of this machine
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Show seams that are no damage, too: resets, policy rollovers, forks
    #[arg(long)]
    all: bool,
    /// Only what happened since then: RFC 3339, or a span such as 36h or 2w before now
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<i64>,
    /// Only what happened until then
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<i64>,
    /// The least severity that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    fail_on: FailOn,
}

const EXAMPLES: &str = "\
Examples:
  clawfix scan                              the state directories of this machine
  clawfix scan ~/backup/.openclaw -v        a copy, with the evidence
  clawfix scan --format json -o report.json
  clawfix scan /srv/copy --map /home/jay=/srv/copy/home/jay";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    /// Never
    None,
    /// On anything
    Info,
    /// On warnings and errors
    Warning,
    /// On errors only
    Error,
}

impl FailOn {
    fn least(self) -> Option<Severity> {
        match self {
            FailOn::None => None,
            FailOn::Info => Some(Severity::Info),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Error => Some(Severity::Error),
        }
    }
}

impl Scan {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let common = &self.common;
        let view = View {
            all: self.all,
            verbose: common.verbose,
            color: common.color.applies(common.output.is_some()),
            width: output::width(),
            since_ms: self.since,
            until_ms: self.until,
        };
        let bar = progress::Bar::new(common.quiet);
        let options = common.options(self.paths);
        let scan = clawfix::scan::scan(&options, &bar)?;
        bar.finish();
        if scan.roots.is_empty() && scan.problems.is_empty() {
            // Nothing was looked at, so nothing may be called clean.
            bail!(
                "no state directory on this machine (looked at OPENCLAW_STATE_DIR, CLAWDBOT_STATE_DIR, ~/.openclaw, ~/.clawdbot and ~/.moltbot); name a folder to scan"
            );
        }
        if let Some(agent) = common.agent.as_deref().filter(|_| scan.agents.is_empty() && scan.problems.is_empty()) {
            let known = clawfix::discover::discover(&options.paths, &options.environment, None);
            let mut names: Vec<String> = known.sessions_dirs.into_iter().map(|dir| dir.agent).collect();
            names.sort();
            names.dedup();
            let there = if names.is_empty() { "there is none".to_owned() } else { format!("there are: {}", names.join(", ")) };
            bail!("no agent is called {agent} here; {there}");
        }
        let mut findings = rules::detect(&scan, self.all);
        findings.retain(|finding| view.covers(finding.at_ms));
        let outcome = Outcome { scan: &scan, findings: &findings, view };
        output::with(common.output.as_deref(), |out| self.format.report().write(&outcome, out))?;
        Ok(match self.fail_on.least() {
            _ if findings.iter().any(rules::Finding::is_unreadable) => Verdict::Incomplete,
            Some(least) if findings.iter().any(|finding| finding.severity >= least) => Verdict::Findings,
            _ => Verdict::Clean,
        })
    }
}
