//! `clawfix repair`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use clawfix::repair::{self, Options, Plan};
use clawfix::report::{PlainFormat, repair as report};
use clawfix::scan::Scan;
use clawfix::select::{self, Place, Wanted};

use super::refused::Refused;
use super::{Common, Rules, Verdict, faults, output, progress};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Repair {
    /// Folders to look in, and what to mend: transcripts, session ids or conversation ids, or the beginnings of such.
    /// With no id, everything in the folders; with no folder, the known state directories
    #[arg(value_name = "PATH|ID")]
    arguments: Vec<PathBuf>,
    /// How to write the plan
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: PlainFormat,
    /// Do it; without this, only the plan is shown
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    rules: Rules,
    /// Fixes that take a person's judgement, too; `clawfix explain` says which those are and why
    #[arg(long)]
    unsafe_fixes: bool,
    /// Show the texts of the lines that differ, too
    #[arg(long)]
    show_text: bool,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
A repair changes only the bytes that are damaged. What cannot stay in a
transcript goes to the lost-and-found in the run's journal, with its place and
hash. Nothing that the model sees is taken from it.

Examples:
  clawfix repair                              what can safely be mended
  clawfix repair --apply                      do it
  clawfix repair 4f1d09aa --select CF2,CF3    one session, two families of rules
  clawfix repair ~/copy --select CF309 --unsafe-fixes
  clawfix undo                                take the last run back

Exit codes:
  0  planned, done, or nothing to do
  1  with --apply, something was left as it is, and the report says why
  2  wrong usage, or something could not be read or changed";

impl Repair {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let request = select::request(&self.arguments)?;
        let bar = progress::Bar::new(self.common.quiet);
        let settings = self.common.settings(&request.roots, self.rules.values())?;
        let scan = clawfix::scan::scan(&self.common.options(request.roots, &settings), &bar)?;
        bar.finish();
        super::note_unfinished(&scan);
        if scan.roots.is_empty() {
            bail!("no state directory on this machine; name a folder that holds one");
        }
        let only = named(&scan, &request.wanted)?;
        let options = Options { selection: settings.selection(), unsafe_fixes: self.unsafe_fixes, only };
        let now_ms = chrono::Utc::now().timestamp_millis();
        let mut plans: Vec<Plan> = Vec::new();
        let mut refused = Refused::default();
        for agent in &scan.agents {
            match repair::plan(&scan, agent, &options, now_ms) {
                Ok(plan) => plans.push(plan),
                Err(error) => refused.add(&agent.dir.dir.display().to_string(), error.into()),
            }
        }
        plans.retain(|plan| !plan.is_empty() || !plan.left.is_empty());
        if plans.is_empty() {
            self.nothing()?;
            return refused.verdict();
        }
        if !self.apply {
            self.print(&plans.iter().map(|plan| report::Shown { plan, done: None }).collect::<Vec<_>>(), "planned")?;
            self.note_next(&plans);
            return refused.verdict();
        }
        let mut runs: Vec<Option<Option<String>>> = Vec::new();
        for plan in &mut plans {
            if plan.is_empty() {
                runs.push(Some(None));
                continue;
            }
            match repair::apply::apply(plan, now_ms, &faults()) {
                Ok(record) => runs.push(Some(Some(record.run))),
                Err(error) => {
                    refused.add(&plan.sessions_dir.display().to_string(), error.into());
                    runs.push(None);
                }
            }
        }
        let done: Vec<_> = plans.iter().zip(runs).filter_map(|(plan, run)| Some(report::Shown { plan, done: run? })).collect();
        let left = done.iter().any(|shown| !shown.plan.left.is_empty());
        if !done.is_empty() || self.format == PlainFormat::Json {
            self.print(&done, "applied")?;
        }
        Ok(match refused.verdict()? {
            Verdict::Clean if left => Verdict::Findings,
            verdict => verdict,
        })
    }

    fn nothing(&self) -> anyhow::Result<()> {
        output::with(self.common.output.as_deref(), |out| match self.format {
            PlainFormat::Json => report::write_json(&[], "planned", self.view(), out),
            PlainFormat::Table => writeln!(out, "Nothing to mend."),
        })
    }

    fn view(&self) -> report::View {
        report::View { verbose: self.common.verbose, show_text: self.show_text }
    }

    fn print(&self, plans: &[report::Shown<'_>], state: &str) -> anyhow::Result<()> {
        output::with(self.common.output.as_deref(), |out| match self.format {
            PlainFormat::Json => report::write_json(plans, state, self.view(), out),
            PlainFormat::Table => report::write_table(plans, self.view(), out),
        })
    }

    fn note_next(&self, plans: &[Plan]) {
        if !self.common.quiet && plans.iter().any(|plan| !plan.is_empty()) {
            output::note("clawfix: this is the plan; the same command with --apply carries it out, and `clawfix undo` takes it back");
        }
    }
}

/// The transcripts that are named.
fn named(scan: &Scan, wanted: &[Wanted]) -> anyhow::Result<Vec<PathBuf>> {
    let mut only = Vec::new();
    for wanted in wanted {
        if let Wanted::File(path) = wanted {
            let same = |other: &PathBuf| std::fs::canonicalize(other).ok() == std::fs::canonicalize(path).ok();
            let files = scan.agents.iter().flat_map(|agent| &agent.dir.transcripts).map(|file| &file.path);
            if let Some(found) = files.filter(|other| other.file_name() == path.file_name()).find(|other| same(other)) {
                only.push(found.clone());
                continue;
            }
        }
        let target = select::find(scan, Some(wanted))?;
        let agent = target.agent;
        let segments: Vec<usize> = match target.place {
            Place::Conversation(at) if target.marked.is_empty() => {
                agent.conversations.get(at).map(|held| held.segments.clone()).unwrap_or_default()
            }
            Place::Conversation(_) => target.marked.iter().copied().collect(),
            Place::Segment(at) => vec![at],
            Place::Aside(at) => {
                only.extend(agent.aside.get(at).map(|aside| aside.file.path.clone()));
                continue;
            }
        };
        only.extend(segments.into_iter().filter_map(|at| Some(agent.segments.get(at)?.file.path.clone())));
    }
    Ok(only)
}
