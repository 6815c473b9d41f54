//! `clawfix merge`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use clawfix::apply::journal::{Journal, Operation, Record, State};
use clawfix::merge::{self, Into, Options, Plan};
use clawfix::report::{Format, plan as report};
use clawfix::scan::Scan;
use clawfix::select;
use clawfix::split::Level;

use super::jobs::{self, Search};
use super::{Common, Verdict, faults, output, progress};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Merge {
    /// Folders to look in, and what to stitch: conversation ids (c-…), session ids, the beginnings of either, or
    /// transcripts. With no id, every split that is certain. Two or more sessions of different conversations are
    /// stitched to one, by your own judgement
    #[arg(value_name = "PATH|ID")]
    arguments: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
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
  clawfix undo                         take the last run back";

impl Merge {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let request = match select::request(&self.arguments) {
            Err(select::Miss::NoSuchPath(path)) => match moved_before(&path) {
                Some(note) => {
                    output::note(&note);
                    return Ok(Verdict::Clean);
                }
                None => return Err(select::Miss::NoSuchPath(path).into()),
            },
            request => request?,
        };
        let bar = progress::Bar::new(self.common.quiet);
        let scan = clawfix::scan::scan(&self.common.options(request.roots), &bar)?;
        bar.finish();
        super::note_unfinished(&scan);
        if scan.roots.is_empty() {
            bail!("no state directory on this machine; name a folder that holds one");
        }
        let rollovers = self.include.is_some();
        let search = Search { least: self.common.min_level.into(), rollovers, done: "stitched", command: "merge" };
        let jobs = if request.wanted.is_empty() { jobs::certain(&scan, &search) } else { jobs::named(&scan, &request.wanted, &search)? };
        if jobs.is_empty() {
            return self.nothing(&scan, &search);
        }
        let options = Options {
            into: self.into,
            no_seam: self.no_seam,
            no_close: self.no_close,
            rewrite_media: self.rewrite_media.map(|answer| answer == YesNo::Yes),
            out: self.out.clone(),
        };
        if options.out.is_some() && jobs.len() > 1 {
            bail!("{} conversations would go into one file; name one of them", jobs.len());
        }
        let now_ms = chrono::Utc::now().timestamp_millis();
        let mut plans: Vec<(Plan, bool)> = Vec::new();
        for job in &jobs {
            plans.push((merge::plan(job.agent, &job.conversation, &job.segments, &options, now_ms)?, job.by_hand));
        }
        let shown: Vec<report::Shown<'_>> =
            plans.iter().map(|(plan, by_hand)| report::Shown { plan, by_hand: *by_hand, done: None }).collect();
        if let Some(out) = &self.out {
            self.write_out(out, &plans)?;
            self.print(&shown, "written")?;
        } else if self.apply {
            let faults = faults();
            let mut done = Vec::new();
            for (plan, by_hand) in &plans {
                let record = merge::apply(plan, now_ms, &faults).map_err(anyhow::Error::from)?;
                done.push(report::Shown { plan, by_hand: *by_hand, done: Some(record.run) });
            }
            self.print(&done, "applied")?;
        } else {
            self.print(&shown, "planned")?;
        }
        Ok(Verdict::Clean)
    }

    fn nothing(&self, scan: &Scan, search: &Search) -> anyhow::Result<Verdict> {
        let weaker = scan.agents.iter().flat_map(|agent| &agent.conversations).flat_map(|c| merge::runs(c, Level::Probable, false)).count();
        let done = jobs::done_before(scan, search);
        output::with(self.common.output.as_deref(), |out| match (self.common.format, weaker) {
            (Format::Json, _) => report::write_json(&[], "planned", out),
            (Format::Table, 0) if done > 0 => writeln!(out, "Nothing to stitch; {done} conversations are stitched already."),
            (Format::Table, 0) => writeln!(out, "Nothing to stitch."),
            (Format::Table, count) => writeln!(
                out,
                "Nothing that is certain. {count} splits are probable: `clawfix scan` shows them, and each is stitched by its id."
            ),
        })?;
        Ok(Verdict::Clean)
    }

    fn write_out(&self, out: &std::path::Path, plans: &[(Plan, bool)]) -> anyhow::Result<()> {
        let Some((plan, _)) = plans.first() else { return Ok(()) };
        if std::fs::symlink_metadata(out).is_ok() {
            bail!("{} is there already; choose another name", out.display());
        }
        merge::write_out(plan, out).with_context(|| format!("cannot write {}", out.display()))
    }

    fn print(&self, plans: &[report::Shown<'_>], state: &str) -> anyhow::Result<()> {
        output::with(self.common.output.as_deref(), |out| match self.common.format {
            Format::Json => report::write_json(plans, state, out),
            Format::Table => report::write_table(plans, state, out),
        })
    }
}

/// A transcript that is gone because an earlier run moved it into the journal.
fn moved_before(path: &std::path::Path) -> Option<String> {
    let name = path.file_name()?;
    let (records, _) = Journal::of(path.parent()?).runs().ok()?;
    let moved = |record: &Record| {
        let is_it = |operation: &Operation| matches!(operation, Operation::Move { path, .. } if path == name);
        record.state == State::Done && record.operations.iter().any(is_it)
    };
    let record = records.into_iter().rev().find(moved)?;
    Some(format!("clawfix: {} is stitched already, by run {} into {}; nothing to do", path.display(), record.run, record.target.display()))
}
