//! `clawfix scan`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use clawfix::baseline::{Baseline, BaselineError};
use clawfix::config::{Effective, FailOn, Values};
use clawfix::report::{Format, Outcome, View, Withheld};
use clawfix::rules;
use clawfix::scan::Options;

use super::{Common, Rules, Verdict, output, progress, when};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Scan {
    /// Transcripts, sessions folders, agent folders, state directories, or folders that hold such;
    /// with none, the known state directories of this machine
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Write the same findings in another format to FILE, too; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = also)]
    also: Vec<(Format, PathBuf)>,
    /// Show seams that are no damage, too: resets, policy rollovers, forks
    #[arg(long)]
    all: bool,
    /// Only what happened since then: RFC 3339, or a span such as 36h or 2w before now
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<i64>,
    /// Only what happened until then
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<i64>,
    #[command(flatten)]
    rules: Rules,
    /// The least severity that makes the exit code 1 [default: warning]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Leave out the findings that FILE knows, and count them
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings to FILE, as known from now on; the exit code is 0 then, or 2 if something could not be read
    #[arg(long, value_name = "FILE", conflicts_with_all = ["agent", "since", "until", "select", "ignore"])]
    write_baseline: Option<PathBuf>,
    /// Mask ids, chats, agents, names and paths, the same in every format, so that the report can be shown to others
    #[arg(long, conflicts_with = "write_baseline")]
    redact: bool,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Examples:
  clawfix scan                        the state directories of this machine
  clawfix scan ~/backup/.openclaw -v  a copy, with the evidence
  clawfix scan --format json -o report.json
  clawfix scan --also html=report.html --also sarif=report.sarif
  clawfix scan --select CF1,CF2 --ignore CF214
  clawfix scan --write-baseline known.json  accept what is there, once
  clawfix scan --baseline known.json        tell of new damage only
  clawfix scan --redact --format markdown   for a public issue
  clawfix scan /srv/copy --map /home/jay=/srv/copy/home/jay

Exit codes:
  0    nothing at or above --fail-on
  1    findings at or above --fail-on
  2    wrong usage, or something could not be read: never \"clean\"
  130  interrupted";

/// Rules about seams that are no damage; to ask for one is to ask for its seams.
const SEAM_RULES: [&str; 2] = ["CF104", "CF105"];

/// Takes `FORMAT=FILE`.
fn also(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) =
        text.split_once('=').filter(|(_, file)| !file.is_empty()).ok_or("not of the form FORMAT=FILE, such as html=report.html")?;
    let known = || Format::value_variants().iter().filter_map(Format::to_possible_value).map(|value| value.get_name().to_owned());
    match Format::from_str(format, false) {
        Ok(format) => Ok((format, PathBuf::from(file))),
        Err(_) => Err(format!("no format is called {format}; there are {}", known().collect::<Vec<_>>().join(", "))),
    }
}

impl Scan {
    pub fn run(self) -> anyhow::Result<Verdict> {
        if !self.redact {
            return self.report();
        }
        output::redact_panics();
        self.report().map_err(output::redacted)
    }

    fn report(self) -> anyhow::Result<Verdict> {
        let common = &self.common;
        let line = Values { fail_on: self.fail_on, baseline: self.baseline.clone(), ..self.rules.values() };
        let settings = common.settings_told(&self.paths, line, self.redact)?;
        let known = match settings.values.baseline.as_deref().map(Baseline::read).transpose() {
            // It is about to be written for the first time.
            Err(BaselineError::Missing { path }) if self.write_baseline.as_deref().map(output::real) == Some(output::real(&path)) => None,
            known => known?,
        };
        if let Some(file) = &self.write_baseline {
            Baseline::may_replace(file)?;
        }
        let wanted = settings.wanted(self.all);
        let view = View {
            all: self.all || SEAM_RULES.iter().filter_map(|code| rules::find(code)).any(|rule| wanted.selection.spells_out(rule)),
            verbose: common.verbose,
            color: common.color.applies(common.output.is_some()),
            width: output::width(),
            since_ms: self.since,
            until_ms: self.until,
        };
        let options = common.options(self.paths.clone(), &settings);
        self.refuse_targets(&settings, &options)?;
        let bar = progress::Bar::new(common.quiet);
        let mut scan = clawfix::scan::scan(&options, &bar)?;
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
        let mut findings = rules::detect_wanted(&scan, &wanted);
        let all = self.write_baseline.as_ref().map(|file| (file, Baseline::of(&findings, &scan)));
        let met_none = scan.agents.iter().all(|agent| agent.segments.is_empty() && agent.aside.is_empty());
        let lost = met_none && known.as_ref().is_some_and(|known| !known.is_empty());
        let hidden = known.as_ref().map(|known| known.hide(&mut findings, &scan, &wanted, |finding| view.covers(finding.at_ms)));
        let off = rules::ALL.iter().filter(|rule| !wanted.runs(rule)).map(|rule| rule.code).collect();
        let mut withheld = Withheld { off, ..hidden.unwrap_or_default() };
        findings.retain(|finding| view.covers(finding.at_ms));
        if self.redact {
            clawfix::redact::redact(&mut scan, &mut findings, &mut withheld, options.environment.home.as_deref());
        }
        let outcome = Outcome { scan: &scan, findings: &findings, view, withheld: &withheld };
        // The files first: whoever reads standard output to its end finds them whole.
        for (format, file) in &self.also {
            let plain = Outcome { view: View { color: false, ..view }, ..outcome };
            output::with(Some(file), |out| format.report().write(&plain, out))?;
        }
        let reported = output::with(common.output.as_deref(), |out| self.format.report().write(&outcome, out));
        if lost {
            output::note(
                "clawfix: the baseline knows of damage, and no transcript was met: is the folder the right one, or has the backup failed?",
            );
            reported?;
            return Ok(Verdict::Incomplete);
        }
        // Last, so that nothing is accepted that was not reported; a reader who has seen enough is no failure.
        if let Some((file, all)) = all.filter(|_| reported.as_ref().err().is_none_or(super::is_closed_pipe)) {
            all.write(file)?;
        }
        reported?;
        if withheld.fixed > 0 && !common.quiet && common.agent.is_none() {
            output::note(&format!(
                "clawfix: {} of the baseline not found again: mended, or outside of what was scanned; --write-baseline takes them out",
                if withheld.fixed == 1 { "1 entry".to_owned() } else { format!("{} entries", withheld.fixed) }
            ));
        }
        Ok(match settings.fail_on().least() {
            _ if findings.iter().any(rules::Finding::is_unreadable) => Verdict::Incomplete,
            _ if self.write_baseline.is_some() => Verdict::Clean,
            Some(least) if findings.iter().any(|finding| finding.severity >= least) => Verdict::Findings,
            _ => Verdict::Clean,
        })
    }

    /// Refuses files to write that would overwrite one another, what is read, or what is the gateway's. Before the scan, which
    /// can take long.
    fn refuse_targets(&self, settings: &Effective, options: &Options) -> anyhow::Result<()> {
        let mut targets: Vec<&Path> = self.also.iter().map(|(_, file)| file.as_path()).chain(self.common.output.as_deref()).collect();
        let (baseline, written) = (settings.values.baseline.as_deref(), self.write_baseline.as_deref());
        let kept: Vec<(&str, &Path)> = settings.file.as_deref().map(|file| ("the file of settings", file)).into_iter().collect();
        // The new baseline may take the place of the old one; a report may not.
        output::refuse_twice(&targets, &baseline.map(|file| ("the baseline", file)).into_iter().collect::<Vec<_>>())?;
        targets.extend(written);
        output::refuse_twice(&targets, &kept)?;
        if !targets.is_empty() {
            let found = clawfix::discover::discover(&options.paths, &options.environment, None);
            for file in targets {
                output::refuse_inside(found.sessions_dirs.iter().map(|dir| dir.dir.as_path()), file)?;
            }
        }
        Ok(())
    }
}
