//! `clawfix merge`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use clawfix::apply::journal::{Journal, Operation, Record, State};
use clawfix::config::Values;
use clawfix::discover::Environment;
use clawfix::merge::saved::{self, Saved, Scanned};
use clawfix::merge::{self, Into, Options, Plan, copy};
use clawfix::report::{PlainFormat, plan as report};
use clawfix::scan::Scan;
use clawfix::select;

use super::jobs::{self, Search};
use super::refused::Refused;
use super::{Common, Verdict, faults, output, progress};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Merge {
    /// Folders to look in, and what to stitch: conversation ids (c-…), session ids, the beginnings of either, or
    /// transcripts. With no id, every split that is certain. Two or more sessions that nothing was torn from
    /// are stitched to one, by your own judgement
    #[arg(value_name = "PATH|ID")]
    arguments: Vec<PathBuf>,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: PlainFormat,
    /// Do it; without this, only the plan is shown
    #[arg(long)]
    apply: bool,
    /// Write the stitched transcript to FILE, and change nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    out: Option<PathBuf>,
    /// Which file the conversation goes on in
    #[arg(long, value_name = "WHICH", default_value = "live")]
    into: Into,
    /// Stitch rollovers by policy, too
    #[arg(long, value_name = "KIND")]
    include: Option<Include>,
    /// Leave the seam entry out
    #[arg(long)]
    no_seam: bool,
    /// Leave tool calls open that have no result at a seam
    #[arg(long)]
    no_close: bool,
    /// Whether dead image references are rewritten; by default only in this machine's own live state directory
    #[arg(long, value_name = "YES|NO")]
    rewrite_media: Option<YesNo>,
    /// Copy image files that lie in another state directory alone (of the same scan, or known of this machine) into this
    /// one's media/inbound; `undo` takes the copies away again
    #[arg(long, conflicts_with = "out")]
    copy_media: bool,
    /// Save the plan to FILE, bound to the content of its sources, and change nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["apply", "out"])]
    plan: Option<PathBuf>,
    /// Carry out exactly the plan that was saved to FILE (with --apply), or show it again; refused if a source changed
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "arguments", "plan", "out", "into", "include", "no_seam", "no_close", "rewrite_media", "copy_media", "agent", "map", "min_level",
    ])]
    from_plan: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Include {
    /// Rollovers by a daily or idle policy
    Rollover,
}

#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum YesNo {
    Yes,
    No,
}

const EXAMPLES: &str = "\
Examples:
  clawfix merge                        the plan for everything that is certain
  clawfix merge --apply                do it
  clawfix merge ~/copy c-4f1d09aa3e --out whole.jsonl
  clawfix merge --plan plan.json       save the plan, to look at it in peace
  clawfix merge --from-plan plan.json --apply
  clawfix undo                         take the last run back

Exit codes: 0 done, planned, or nothing to do; 2 refused, or not done in full.";

impl Merge {
    pub fn run(self) -> anyhow::Result<Verdict> {
        if let Some(file) = &self.from_plan {
            return self.run_saved(file);
        }
        let mut request = match select::request(&self.arguments) {
            Err(select::Miss::NoSuchPath(path)) => match moved_before(&path) {
                Some(note) => {
                    output::note(&note);
                    return Ok(Verdict::Clean);
                }
                None => return Err(select::Miss::NoSuchPath(path).into()),
            },
            request => request?,
        };
        if self.plan.is_some() {
            // The plan may be carried out from elsewhere.
            for root in &mut request.roots {
                *root = std::path::absolute(&root).with_context(|| format!("cannot tell the whole path of {}", root.display()))?;
            }
        }
        let settings = self.common.settings(&request.roots, Values::default())?;
        let scan = self.scan(self.common.options(request.roots.clone(), &settings))?;
        let rollovers = self.include.is_some();
        let search = Search { least: settings.min_level(), rollovers, done: "stitched", command: "merge" };
        let jobs = if request.wanted.is_empty() { jobs::certain(&scan, &search) } else { jobs::named(&scan, &request.wanted, &search)? };
        if jobs.is_empty() {
            return self.nothing(&scan, &search);
        }
        if self.out.is_some() && jobs.len() > 1 {
            bail!("{} conversations would go into one file; name one of them", jobs.len());
        }
        let now_ms = chrono::Utc::now().timestamp_millis();
        let mut options = Options {
            into: self.into,
            no_seam: self.no_seam,
            no_close: self.no_close,
            rewrite_media: self.rewrite_media.map(|answer| answer == YesNo::Yes),
            copy_media: self.copy_media,
            copy_from: Vec::new(),
            out: self.out.clone(),
        };
        let mut plans: Vec<(Plan, bool)> = Vec::new();
        let mut refused = Refused::default();
        for job in &jobs {
            if self.copy_media {
                options.copy_from = copy::elsewhere(&scan, job.agent, &Environment::from_process());
            }
            match merge::plan(job.agent, &job.conversation, &job.segments, &options, now_ms) {
                Ok(plan) => plans.push((plan, job.by_hand)),
                Err(error) => refused.add(&job.conversation, error.into()),
            }
        }
        for file in [&self.plan, &self.out].into_iter().flatten() {
            output::refuse_inside(scan.agents.iter().map(|agent| agent.dir.dir.as_path()), file)?;
        }
        if plans.is_empty() {
            return refused.verdict();
        }
        if let Some(file) = &self.plan {
            let roots = if request.roots.is_empty() { scan.roots.iter().map(|root| root.path.clone()).collect() } else { request.roots };
            let scanned = Scanned {
                roots,
                map: settings.map(),
                agent: self.common.agent.clone(),
                min_level: clawfix::report::json::word(&settings.min_level()),
            };
            write_plan(file, &saved::save(&plans, &options, scanned, now_ms))?;
            self.print(&shown(&plans), "saved")?;
        } else if let Some(out) = &self.out {
            self.write_out(out, &plans)?;
            self.print(&shown(&plans), "written")?;
        } else {
            self.carry_out(&plans, now_ms, &mut refused)?;
        }
        refused.verdict()
    }

    fn scan(&self, options: clawfix::scan::Options) -> anyhow::Result<Scan> {
        let bar = progress::Bar::new(self.common.quiet);
        let scan = clawfix::scan::scan(&options, &bar)?;
        bar.finish();
        super::note_unfinished(&scan);
        if scan.roots.is_empty() {
            bail!("no state directory on this machine; name a folder that holds one");
        }
        Ok(scan)
    }

    /// Shows or carries out what was saved.
    fn run_saved(&self, file: &Path) -> anyhow::Result<Verdict> {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let saved = saved::read(&bytes)?;
        let wanted = &saved.scan;
        let settings = self.common.settings(&wanted.roots, Values::default())?;
        let usual = self.common.options(wanted.roots.clone(), &settings);
        let min_level = saved::level(&wanted.min_level).unwrap_or(usual.split.min_level);
        let scan = self.scan(clawfix::scan::Options {
            map: clawfix::foreign::PathMap::new(wanted.map.clone()),
            agent: wanted.agent.clone(),
            split: clawfix::split::Settings { min_level, ..usual.split },
            ..usual
        })?;
        let environment = Environment::from_process();
        let mut plans = Vec::new();
        for plan in &saved.plans {
            if saved::is_done(plan) {
                output::note(&format!("clawfix: {} is stitched already, by run {}; nothing to do", plan.conversation, plan.run));
                continue;
            }
            plans.push((saved::restore(plan, saved.made_ms, &scan, &environment)?, plan.by_hand));
        }
        let mut refused = Refused::default();
        if !plans.is_empty() {
            self.carry_out(&plans, chrono::Utc::now().timestamp_millis(), &mut refused)?;
        }
        refused.verdict()
    }

    /// Shows the plans, after doing them if that is asked for. What one of them meets does not keep the others back.
    fn carry_out(&self, plans: &[(Plan, bool)], now_ms: i64, refused: &mut Refused) -> anyhow::Result<()> {
        if !self.apply {
            return self.print(&shown(plans), "planned");
        }
        let faults = faults();
        let mut done = Vec::new();
        for (plan, by_hand) in plans {
            match merge::apply(plan, now_ms, &faults) {
                Ok(record) => done.push(report::Shown { plan, by_hand: *by_hand, done: Some(record.run) }),
                Err(error) => refused.add(&plan.conversation, error.into()),
            }
        }
        if done.is_empty() && self.format == PlainFormat::Table { Ok(()) } else { self.print(&done, "applied") }
    }

    fn nothing(&self, scan: &Scan, search: &Search) -> anyhow::Result<Verdict> {
        output::with(self.common.output.as_deref(), |out| match self.format {
            PlainFormat::Json => report::write_json(&[], "planned", out),
            PlainFormat::Table => writeln!(out, "{}", jobs::nothing(scan, search)),
        })?;
        Ok(Verdict::Clean)
    }

    fn write_out(&self, out: &Path, plans: &[(Plan, bool)]) -> anyhow::Result<()> {
        let Some((plan, _)) = plans.first() else { return Ok(()) };
        if std::fs::symlink_metadata(out).is_ok() {
            bail!("{} is there already; choose another name", out.display());
        }
        merge::write_out(plan, out).with_context(|| format!("cannot write {}", out.display()))
    }

    fn print(&self, plans: &[report::Shown<'_>], state: &str) -> anyhow::Result<()> {
        output::with(self.common.output.as_deref(), |out| match self.format {
            PlainFormat::Json => report::write_json(plans, state, out),
            PlainFormat::Table => report::write_table(plans, state, out),
        })
    }
}

fn shown(plans: &[(Plan, bool)]) -> Vec<report::Shown<'_>> {
    plans.iter().map(|(plan, by_hand)| report::Shown { plan, by_hand: *by_hand, done: None }).collect()
}

/// Writes saved plans to a new file.
fn write_plan(file: &Path, saved: &Saved) -> anyhow::Result<()> {
    let context = || format!("cannot write {}; name a file that is not there yet", file.display());
    let mut out = std::fs::File::create_new(file).with_context(context)?;
    serde_json::to_writer_pretty(&mut out, saved).with_context(context)?;
    std::io::Write::write_all(&mut out, b"\n").and_then(|()| out.sync_all()).with_context(context)
}

/// A transcript that is gone because an earlier run moved it into the journal.
fn moved_before(path: &Path) -> Option<String> {
    let name = path.file_name()?;
    let (records, _) = Journal::of(path.parent()?).runs().ok()?;
    let moved = |record: &Record| {
        let is_it = |operation: &Operation| matches!(operation, Operation::Move { path, .. } if path == name);
        record.state == State::Done && record.operations.iter().any(is_it)
    };
    let record = records.into_iter().rev().find(moved)?;
    Some(format!("clawfix: {} is stitched already, by run {} into {}; nothing to do", path.display(), record.run, record.target.display()))
}
