//! `clawfix undo` and `clawfix log`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use clawfix::apply::journal::{Journal, Record, State};
use clawfix::apply::undo;
use clawfix::discover::{Environment, discover};
use clawfix::report::safe;
use clawfix::time::minute;

use super::{Verdict, faults, output};

#[derive(Debug, Args)]
#[command(after_help = UNDO)]
pub struct Undo {
    /// Folders to look in, and the run to take back; with no run, the last one that can be
    #[arg(value_name = "PATH|RUN")]
    arguments: Vec<PathBuf>,
}

const UNDO: &str = "\
Every file is put back byte for byte from the run's journal. Lines that were
appended since are kept; any other change since is a reason to refuse.

Examples:
  clawfix undo                             the last run
  clawfix undo ~/copy                      the last run in a copy
  clawfix undo 20261122T092956994Z-0903a6  a run, as `clawfix log` names it

Exit codes: 0 taken back, or nothing to take back; 2 refused.";

#[derive(Debug, Args)]
#[command(after_help = LOG)]
pub struct Log {
    /// Folders to look in; with none, the known state directories
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

const LOG: &str = "\
Examples:
  clawfix log         the runs in the state directories of this machine
  clawfix log ~/copy  those in a copy

Exit codes: 0 listed; 2 a PATH is not there.";

/// A journal, its runs, and the names of those without a record.
type Runs = (Journal, Vec<Record>, Vec<String>);

/// All journals below the paths, with their runs. A journal that cannot be used is noted if that is enough.
fn journals(paths: &[PathBuf], lenient: bool) -> anyhow::Result<Vec<Runs>> {
    let found = discover(paths, &Environment::from_process(), None);
    if let Some(problem) = found.problems.first().filter(|_| found.sessions_dirs.is_empty()) {
        bail!("{}: {}", problem.path.display(), problem.reason);
    }
    let mut list = Vec::new();
    for dir in found.sessions_dirs {
        let journal = Journal::of(&dir.dir);
        let (records, broken) = match journal.runs() {
            Ok(runs) => runs,
            Err(error) if lenient => {
                output::note(&format!("clawfix: {}", safe::line(&error.to_string())));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
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
        let journals = journals(&paths, false)?;
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
        let all: Vec<(Journal, Record)> = journals
            .into_iter()
            .flat_map(|(journal, records, _)| records.into_iter().map(move |record| (journal.clone(), record)))
            .collect();
        let mut found: Vec<(Journal, Record)> = all.iter().filter(|(_, record)| named(&record.run)).cloned().collect();
        let all: Vec<(Journal, Record)> = all.into_iter().filter(|(_, record)| record.state == State::Done).collect();
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
        found.retain(|(_, record)| record.state != State::Undone);
        let last = found.pop();
        let others: Vec<&(Journal, Record)> =
            all.iter().filter(|(_, other)| last.as_ref().is_some_and(|(_, last)| last.run != other.run)).collect();
        let Some((journal, record)) = last else {
            output::with(None, |out| writeln!(out, "Nothing to take back."))?;
            return Ok(Verdict::Clean);
        };
        let (run, conversation) = (record.run.clone(), record.conversation.clone());
        let next =
            others.iter().rfind(|(_, other)| (other.at_ms, &other.command) == (record.at_ms, &record.command)).map(|(journal, other)| {
                let count = others.iter().filter(|(_, other)| (other.at_ms, &other.command) == (record.at_ms, &record.command)).count();
                let (folder, next) = (clawfix::report::command::quoted(journal.sessions()), safe::line(&other.run));
                format!("Runs of the same command that still stand: {count}. The next one is taken back by: clawfix undo {folder} {next}")
            });
        let undone = undo::undo(&journal, record, now_ms, &faults())?;
        output::with(None, |out| {
            if undone.untouched {
                return writeln!(out, "Cleared up after run {}, which had changed nothing.", safe::line(&run));
            }
            let files = match undone.restored.len() {
                1 => "1 file is as it was".to_owned(),
                count => format!("{count} files are as they were"),
            };
            writeln!(out, "Took run {run} back ({}): {files}.", safe::line(&conversation))?;
            for path in &undone.restored {
                writeln!(out, "  {}", safe::line(&path.to_string_lossy()))?;
            }
            for (path, bytes) in &undone.carried {
                writeln!(out, "  {bytes} bytes of lines that came since were carried back to {}", safe::line(&path.to_string_lossy()))?;
            }
            next.map_or(Ok(()), |next| writeln!(out, "{next}"))
        })?;
        Ok(Verdict::Clean)
    }
}

impl Log {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let journals = journals(&self.paths, true)?;
        output::with(None, |out| {
            let mut any = false;
            for (journal, records, broken) in &journals {
                if !records.is_empty() || !broken.is_empty() {
                    writeln!(out, "{}", safe::line(&journal.sessions().to_string_lossy()))?;
                }
                for record in records.iter().rev() {
                    any = true;
                    let state = describe(journal, record);
                    writeln!(out, "  {}  {} UTC  {}  {}", record.run, minute(record.at_ms), safe::line(&record.summary), state)?;
                }
                for run in broken {
                    any = true;
                    let what = match journal.distrust(run) {
                        Some(why) => format!("the journal is not trustworthy here: {why}"),
                        None => "stopped before it changed anything; `clawfix undo` clears it up".to_owned(),
                    };
                    writeln!(out, "  {}  {}", safe::line(run), safe::line(&what))?;
                }
            }
            if !any { writeln!(out, "No runs.") } else { Ok(()) }
        })?;
        Ok(Verdict::Clean)
    }
}

/// Where a run stands, and whether it can be taken back.
fn describe(journal: &Journal, record: &Record) -> String {
    match record.state {
        State::Done => match undo::check(journal, record) {
            Ok(()) => "done; can be taken back".to_owned(),
            Err(error) => safe::line(&format!("done; cannot be taken back as it stands: {:#}", anyhow::Error::from(error))),
        },
        State::Prepared => "stopped before it changed anything; `clawfix undo` clears it up".to_owned(),
        State::Committing => "stopped in the middle; `clawfix undo` takes it back".to_owned(),
        State::Undoing => "stopped while it was taken back; `clawfix undo` goes on".to_owned(),
        State::Undone => "taken back".to_owned(),
        State::Broken => "has a record that is not to be trusted".to_owned(),
    }
}
