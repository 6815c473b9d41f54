//! `clawfix show`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use clawfix::config::Values;
use clawfix::report::show::Showing;
use clawfix::report::{Outcome, PlainFormat, View, Withheld};
use clawfix::select;
use clawfix::timeline;

use super::{Common, Verdict, output, progress};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Show {
    /// What to show: a conversation id (c-…), a session id, the beginning of either, or a transcript; folders
    /// before it say where to look, otherwise the known state directories of this machine
    #[arg(value_name = "PATH|SESSION|CONVERSATION", required = true)]
    arguments: Vec<PathBuf>,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: PlainFormat,
    /// Show what was said, too
    #[arg(long)]
    show_text: bool,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Examples:
  clawfix show c-4f1d09aa3e                 a conversation, as scan names it
  clawfix show ~/backup/.openclaw 501e9f3f  that of a session, in a copy
  clawfix show 501e9f3f-….jsonl --show-text

Exit codes: 0 shown; 2 not found, not only one, or not readable.";

impl Show {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let common = &self.common;
        let request = select::request(&self.arguments)?;
        if request.wanted.len() > 1 {
            bail!("{} things to show were named; show takes one", request.wanted.len());
        }
        let bar = progress::Bar::new(common.quiet);
        let settings = common.settings(&request.roots, Values::default())?;
        let scan = clawfix::scan::scan(&common.options(request.roots, &settings), &bar)?;
        bar.finish();
        super::note_unfinished(&scan);
        let target = select::find(&scan, request.wanted.first())?;
        if !scan.problems.is_empty() && !common.quiet {
            output::note("clawfix: not everything could be read, so parts of the conversation may be missing; `clawfix scan` lists what");
        }
        let view = View {
            all: true,
            verbose: common.verbose,
            color: common.color.applies(common.output.is_some()),
            width: output::width(),
            ..View::default()
        };
        let outcome = Outcome { scan: &scan, findings: &[], view, withheld: &Withheld::default() };
        let timeline = timeline::of(&target);
        let showing = Showing { outcome: &outcome, timeline: &timeline, text: self.show_text };
        output::with(common.output.as_deref(), |out| self.format.show_report().write(&showing, out))?;
        Ok(Verdict::Clean)
    }
}
