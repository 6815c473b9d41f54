//! `clawfix merge`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use clawfix::apply::journal::Journal;
use clawfix::merge::{self, Into, Options, Plan};
use clawfix::report::{Format, plan as report};
use clawfix::scan::{Agent, Scan};
use clawfix::select::{self, Place};
use clawfix::split::Level;

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

/// Segments of one agent that become one file.
struct Job<'a> {
    agent: &'a Agent,
    conversation: String,
    segments: Vec<usize>,
    by_hand: bool,
}

impl Merge {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let request = select::request(&self.arguments)?;
        let bar = progress::Bar::new(self.common.quiet);
        let scan = clawfix::scan::scan(&self.common.options(request.roots), &bar)?;
        bar.finish();
        if scan.roots.is_empty() {
            bail!("no state directory on this machine; name a folder that holds one");
        }
        let jobs = if request.wanted.is_empty() { self.certain(&scan) } else { self.named(&scan, &request.wanted)? };
        if jobs.is_empty() {
            return self.nothing(&scan);
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

    fn certain<'a>(&self, scan: &'a Scan) -> Vec<Job<'a>> {
        let conversations = scan.agents.iter().flat_map(|agent| agent.conversations.iter().map(move |c| (agent, c)));
        conversations
            .flat_map(|(agent, conversation)| {
                let id = agent.conversation_id(conversation);
                let runs = merge::runs(conversation, Level::Certain, self.include.is_some());
                runs.into_iter().map(move |segments| Job { agent, conversation: id.clone(), segments, by_hand: false })
            })
            .collect()
    }

    fn named<'a>(&self, scan: &'a Scan, wanted: &[select::Wanted]) -> anyhow::Result<Vec<Job<'a>>> {
        let mut jobs: Vec<Job<'a>> = Vec::new();
        let mut alone: Vec<(&Agent, usize)> = Vec::new();
        for wanted in wanted {
            let target = match select::find(scan, Some(wanted)) {
                Ok(target) => target,
                Err(miss) => {
                    if let Some(note) = already(scan, wanted) {
                        output::note(&note);
                        continue;
                    }
                    return Err(miss.into());
                }
            };
            match target.place {
                Place::Conversation(at) => {
                    let Some(conversation) = target.agent.conversations.get(at) else { continue };
                    let id = target.agent.conversation_id(conversation);
                    let runs = merge::runs(conversation, self.common.min_level.into(), self.include.is_some());
                    if runs.is_empty() {
                        let marked = target.marked.iter().next().copied().or(conversation.segments.last().copied());
                        alone.extend(marked.map(|at| (target.agent, at)));
                        continue;
                    }
                    for segments in runs {
                        if !jobs.iter().any(|job| std::ptr::eq(job.agent, target.agent) && job.segments == segments) {
                            jobs.push(Job { agent: target.agent, conversation: id.clone(), segments, by_hand: false });
                        }
                    }
                }
                Place::Segment(at) => alone.push((target.agent, at)),
                Place::Aside(_) => bail!("{} holds no time to place it by, so it cannot be stitched", describe(wanted)),
            }
        }
        if let [(agent, _), _, ..] = alone.as_slice() {
            if alone.iter().any(|(other, _)| !std::ptr::eq(*other, *agent)) {
                bail!("the sessions belong to different agents; only sessions of one agent are stitched");
            }
            let mut segments: Vec<usize> = alone.iter().map(|(_, at)| *at).collect();
            segments.sort_by_key(|&at| agent.segments.get(at).map(|segment| (segment.start_ms, segment.last_ms)));
            segments.dedup();
            let first = segments.first().and_then(|&at| agent.segments.get(at)).map(|segment| segment.id.clone()).unwrap_or_default();
            jobs.push(Job { agent, conversation: first, segments, by_hand: true });
        } else if let [(agent, at)] = alone.as_slice() {
            let id = agent.segments.get(*at).map(|segment| segment.id.clone()).unwrap_or_default();
            if self.includes_done(agent, &id) {
                output::note(&format!("clawfix: session {id} is stitched already; nothing to do"));
            } else {
                bail!(
                    "nothing is torn from session {id} at this level; to stitch by your own judgement, name two sessions (--min-level possible shows more)"
                );
            }
        }
        Ok(jobs)
    }

    /// Whether an earlier run stitched this session.
    fn includes_done(&self, agent: &Agent, id: &str) -> bool {
        let runs = Journal::of(&agent.dir.dir).runs().map(|(records, _)| records).unwrap_or_default();
        runs.iter()
            .any(|record| record.state == clawfix::apply::journal::State::Done && record.sessions.iter().any(|session| session == id))
    }

    fn nothing(&self, scan: &Scan) -> anyhow::Result<Verdict> {
        let weaker = scan.agents.iter().flat_map(|agent| &agent.conversations).flat_map(|c| merge::runs(c, Level::Probable, false)).count();
        output::with(self.common.output.as_deref(), |out| match (self.common.format, weaker) {
            (Format::Json, _) => report::write_json(&[], "planned", out),
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
        if out.exists() {
            bail!("{} is there already; choose another name", out.display());
        }
        let mut source = clawfix::stitch::piece::Output::new(&plan.stitched.pieces, &plan.stitched.sources);
        let context = || format!("cannot write {}", out.display());
        let mut file = std::fs::File::create_new(out).with_context(context)?;
        std::io::copy(&mut source, &mut file).and_then(|_| file.sync_all()).with_context(context)?;
        Ok(())
    }

    fn print(&self, plans: &[report::Shown<'_>], state: &str) -> anyhow::Result<()> {
        output::with(self.common.output.as_deref(), |out| match self.common.format {
            Format::Json => report::write_json(plans, state, out),
            Format::Table => report::write_table(plans, state, out),
        })
    }
}

fn describe(wanted: &select::Wanted) -> String {
    match wanted {
        select::Wanted::File(path) => path.display().to_string(),
        select::Wanted::Id(id) => id.clone(),
    }
}

/// A conversation or session that is gone because an earlier run stitched it.
fn already(scan: &Scan, wanted: &select::Wanted) -> Option<String> {
    let id = match wanted {
        select::Wanted::Id(id) => id.clone(),
        select::Wanted::File(path) => path.file_stem()?.to_string_lossy().into_owned(),
    };
    let records = scan.agents.iter().filter_map(|agent| Journal::of(&agent.dir.dir).runs().ok()).flat_map(|(records, _)| records);
    let mut done = records.filter(|record| record.state == clawfix::apply::journal::State::Done);
    let record =
        done.find(|record| record.conversation.starts_with(&id) || record.sessions.iter().any(|session| session.starts_with(&id)))?;
    Some(format!("clawfix: {id} is stitched already, by run {} into {}; nothing to do", record.run, record.target.display()))
}
