//! `clawfix relink`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use clawfix::config::Values;
use clawfix::relink::{self, Options, Plan};
use clawfix::report::{PlainFormat, relink as report};
use clawfix::scan::Scan;
use clawfix::select;

use super::jobs::{self, Job, Search};
use super::refused::Refused;
use super::{Common, Verdict, faults, output, progress};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Relink {
    /// Folders to look in, and what to relink: conversation ids (c-…), session ids, the beginnings of either, or
    /// transcripts. With no id, every split that is certain. Two or more sessions that nothing was torn from are
    /// relinked by your own judgement
    #[arg(value_name = "PATH|ID")]
    arguments: Vec<PathBuf>,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: PlainFormat,
    /// Do it; without this, only the plan is shown
    #[arg(long)]
    apply: bool,
    /// Carry at most this many images over: the newest ones that fit
    #[arg(long, value_name = "N", default_value_t = Options::default().max_images)]
    max_images: usize,
    /// Carry at most this many bytes of base64 over
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().max_image_bytes)]
    max_image_bytes: u64,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
The files stay apart. The newer transcript's header names the older one as its
parent, the store lists both session ids where it keeps such a list, and one
message at the end of the newest transcript shows the model the older images
again.

Which images: each once, none that the newest transcript has. Of those, from the
newest back, every one that still fits into --max-images and --max-image-bytes;
none with more than 5 MB of base64, which providers refuse. They are written in
their original order. A file that a message names counts when it still exists
and is a PNG, JPEG, GIF or WebP.

Examples:
  clawfix relink                       the plan for everything that is certain
  clawfix relink c-4f1d09aa3e --apply  do it
  clawfix undo                         take the last run back

Exit codes: 0 done, planned, or nothing to do; 2 refused, or not done in full.";

impl Relink {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let request = select::request(&self.arguments)?;
        let bar = progress::Bar::new(self.common.quiet);
        let settings = self.common.settings(&request.roots, Values::default())?;
        let scan = clawfix::scan::scan(&self.common.options(request.roots, &settings), &bar)?;
        bar.finish();
        super::note_unfinished(&scan);
        if scan.roots.is_empty() {
            bail!("no state directory on this machine; name a folder that holds one");
        }
        let search = Search { least: settings.min_level(), rollovers: false, done: "relinked", command: "relink" };
        let jobs = if request.wanted.is_empty() { jobs::certain(&scan, &search) } else { jobs::named(&scan, &request.wanted, &search)? };
        if jobs.is_empty() {
            return self.nothing(&scan, &search);
        }
        let options = Options { max_images: self.max_images, max_image_bytes: self.max_image_bytes };
        let now_ms = chrono::Utc::now().timestamp_millis();
        let plan = |job: &Job<'_>| relink::plan(job.agent, &job.conversation, &job.segments, &options, now_ms);
        let mut plans: Vec<(Plan, bool)> = Vec::new();
        let mut refused = Refused::default();
        let mut planned = Vec::new();
        for job in &jobs {
            match plan(job) {
                Ok(plan) => {
                    plans.push((plan, job.by_hand));
                    planned.push(job);
                }
                Err(error) => refused.add(&job.conversation, error.into()),
            }
        }
        if plans.is_empty() {
            return refused.verdict();
        }
        let mut runs: Vec<Option<String>> = vec![None; plans.len()];
        if self.apply {
            for (at, ((planned, _), job)) in plans.iter_mut().zip(planned).enumerate() {
                if at > 0 && planned.store.is_some() {
                    // The run before may have written to the same store.
                    *planned = plan(job)?;
                }
                if !planned.is_done() {
                    match (relink::apply(planned, now_ms, &faults()), runs.get_mut(at)) {
                        (Ok(record), Some(run)) => *run = Some(record.run),
                        (Ok(_), None) => {}
                        (Err(error), _) => refused.add(&job.conversation, error.into()),
                    }
                }
            }
        }
        let shown: Vec<report::Shown<'_>> =
            plans.iter().zip(runs).map(|((plan, by_hand), done)| report::Shown { plan, by_hand: *by_hand, done }).collect();
        let shown: Vec<_> = shown.into_iter().filter(|shown| !self.apply || shown.done.is_some() || shown.plan.is_done()).collect();
        if !shown.is_empty() || self.format == PlainFormat::Json {
            self.print(&shown)?;
        }
        refused.verdict()
    }

    fn nothing(&self, scan: &Scan, search: &Search) -> anyhow::Result<Verdict> {
        output::with(self.common.output.as_deref(), |out| match self.format {
            PlainFormat::Json => report::write_json(&[], false, out),
            PlainFormat::Table => writeln!(out, "{}", jobs::nothing(scan, search)),
        })?;
        Ok(Verdict::Clean)
    }

    fn print(&self, shown: &[report::Shown<'_>]) -> anyhow::Result<()> {
        output::with(self.common.output.as_deref(), |out| match self.format {
            PlainFormat::Json => report::write_json(shown, self.apply, out),
            PlainFormat::Table => report::write_table(shown, self.apply, out),
        })
    }
}
