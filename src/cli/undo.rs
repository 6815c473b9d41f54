//! `clawfix undo` and `clawfix log`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use clawfix::apply::journal::{Journal, Record, State};
use clawfix::apply::undo;
use clawfix::discover::{Environment, discover};
use clawfix::report::safe;
use clawfix::time::minute;

use super::{Verdict, faults, output};

#[derive(Debug, Args)]
pub struct Undo {
    /// Folders to look in, and the run to take back; with no run, the last one that can be
    #[arg(value_name = "PATH|RUN")]
    arguments: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Log {
    /// Folders to look in; with none, the known state directories
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// A journal, its runs, and the names of those without a record.
type Runs = (Journal, Vec<Record>, Vec<String>);

/// All journals below the paths, with their runs.
fn journals(paths: &[PathBuf]) -> anyhow::Result<Vec<Runs>> {
    let found = discover(paths, &Environment::from_process(), None);
    if let Some(problem) = found.problems.first().filter(|_| found.sessions_dirs.is_empty()) {
        bail!("{}: {}", problem.path.display(), problem.reason);
    }
    let mut list = Vec::new();
    for dir in found.sessions_dirs {
        let journal = Journal::of(&dir.dir);
        let (records, broken) = journal.runs()?;
        list.push((journal, records, broken));
    }
    Ok(list)
}

impl Undo {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let (paths, names): (Vec<PathBuf>, Vec<PathBuf>) = self.arguments.into_iter().partition(|argument| argument.is_dir());
        if names.len() > 1 {
            bail!("{} runs were named; undo takes one back at a time, the last one first", names.len());
        }
        let name = names.first().map(|name| name.to_string_lossy().into_owned());
        let named = |run: &str| name.as_deref().is_none_or(|name| run.starts_with(name));
        let journals = journals(&paths)?;
        let now_ms = chrono::Utc::now().timestamp_millis();
        // What stopped on the way comes first; a run that is done is not touched in the same breath.
        let mut cleared = 0;
        for (journal, _, broken) in &journals {
            undo::sweep(journal);
            for run in broken.iter().filter(|run| named(run)) {
                undo::clear(journal, run, now_ms)?;
                output::with(None, |out| writeln!(out, "Cleared up after run {}, which had changed nothing.", safe::line(run)))?;
                cleared += 1;
            }
        }
        let mut found: Vec<(Journal, Record)> = journals
            .into_iter()
            .flat_map(|(journal, records, _)| records.into_iter().map(move |record| (journal.clone(), record)))
            .filter(|(_, record)| named(&record.run))
            .collect();
        let stopped = |record: &Record| !matches!(record.state, State::Done | State::Undone);
        found.sort_by_key(|(_, record)| (stopped(record), record.at_ms));
        if cleared > 0 {
            found.retain(|(_, record)| stopped(record));
            if found.is_empty() {
                return Ok(Verdict::Clean);
            }
        }
        if let (Some(name), true) = (&name, found.is_empty()) {
            bail!("no run is called {}; `clawfix log` lists them", safe::line(name));
        }
        let last = found.into_iter().rev().find(|(_, record)| record.state != State::Undone);
        let Some((journal, record)) = last else {
            output::with(None, |out| writeln!(out, "Nothing to take back."))?;
            return Ok(Verdict::Clean);
        };
        let (run, conversation) = (record.run.clone(), record.conversation.clone());
        let undone = undo::undo(&journal, record, now_ms, &faults())?;
        output::with(None, |out| {
            writeln!(out, "Took run {run} back ({}): {} files are as they were.", safe::line(&conversation), undone.restored.len())?;
            for path in &undone.restored {
                writeln!(out, "  {}", safe::line(&path.to_string_lossy()))?;
            }
            for (path, bytes) in &undone.carried {
                writeln!(out, "  {bytes} bytes of lines that came since were carried back to {}", safe::line(&path.to_string_lossy()))?;
            }
            Ok(())
        })?;
        Ok(Verdict::Clean)
    }
}

impl Log {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let journals = journals(&self.paths)?;
        output::with(None, |out| {
            let mut any = false;
            for (journal, records, broken) in &journals {
                if !records.is_empty() || !broken.is_empty() {
                    writeln!(out, "{}", safe::line(&journal.sessions().to_string_lossy()))?;
                }
                for record in records.iter().rev() {
                    any = true;
                    let state = describe(journal.sessions(), record);
                    writeln!(out, "  {}  {} UTC  {}  {}", record.run, minute(record.at_ms), safe::line(&record.summary), state)?;
                }
                for run in broken {
                    any = true;
                    let what = if journal.has_record(run) {
                        "its record cannot be read"
                    } else {
                        "stopped before it changed anything; `clawfix undo` clears it up"
                    };
                    writeln!(out, "  {}  {what}", safe::line(run))?;
                }
            }
            if !any { writeln!(out, "No runs.") } else { Ok(()) }
        })?;
        Ok(Verdict::Clean)
    }
}

/// Where a run stands, and whether it can be taken back.
fn describe(sessions: &Path, record: &Record) -> String {
    match record.state {
        State::Done if sessions.join(&record.target).exists() => "done; can be taken back".to_owned(),
        State::Done => "done; its target is gone".to_owned(),
        State::Prepared => "stopped before it changed anything; `clawfix undo` clears it up".to_owned(),
        State::Committing => "stopped in the middle; `clawfix undo` takes it back".to_owned(),
        State::Undoing => "stopped while it was taken back; `clawfix undo` goes on".to_owned(),
        State::Undone => "taken back".to_owned(),
    }
}
