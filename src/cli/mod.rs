//! The command line: one small file a subcommand, and the one place that maps results to exit codes.

mod config;
mod debug_report;
mod explain;
mod jobs;
#[cfg(test)]
mod lines;
mod merge;
mod output;
mod progress;
mod refused;
mod relink;
mod repair;
mod scan;
mod setup;
mod show;
mod undo;
mod when;

pub use output::note;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clawfix::apply::journal::{Journal, State, stopped};
use clawfix::config::{self as settings, Effective, Values};
use clawfix::discover::Environment;
use clawfix::rules::selection;
use clawfix::scan::Options;
use clawfix::split::Level;

/// Finds OpenClaw conversations that were cut in two, and shows the proof.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Begin with `clawfix scan`: what it finds names the command that mends it.
Nothing is changed without --apply, and `clawfix undo` takes it back.

Exit codes:
  0    nothing at or above --fail-on
  1    findings at or above --fail-on
  2    wrong usage, or something could not be read: never \"clean\"
  130  interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    /// Find torn conversations and other damage; writes nothing
    Scan(scan::Scan),
    /// Show one conversation as a timeline, each seam with its proof
    Show(show::Show),
    /// Stitch torn conversations: shows the plan; --apply does it
    Merge(merge::Merge),
    /// Link the halves instead, and show the older images again
    Relink(relink::Relink),
    /// Mend damaged files: shows the plan; --apply does it
    Repair(repair::Repair),
    /// Take back what merge, relink or repair did
    Undo(undo::Undo),
    /// List the runs and whether they can be taken back
    Log(undo::Log),
    /// Explain a rule or an item of evidence
    Explain(explain::Explain),
    /// Print the settings that hold, and where each comes from
    Config(config::Config),
    /// Count what a bug report may tell: no ids, paths or texts
    DebugReport(debug_report::DebugReport),
    /// Print the completions of a shell
    Completions(setup::Completions),
    /// Print the manual page, or write those of all commands to DIR
    Man(setup::Man),
}

/// What every command that scans takes. Flattened last: the heading would hold for what follows, too.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command that scans")]
struct Common {
    /// Only this agent
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Take absolute paths inside the files that begin with FROM as beginning with TO (for copies and backups)
    #[arg(long, value_name = "FROM=TO", value_parser = clawfix::foreign::PathMap::parse)]
    map: Vec<(String, PathBuf)>,
    /// Threads; one for each core unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Leave out splits that are less sure [default: probable]
    #[arg(long, value_name = "LEVEL")]
    min_level: Option<LevelArgument>,
    /// Take the settings of FILE, instead of the clawfix.toml that lies above the first PATH or the working directory
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    config: Option<PathBuf>,
    /// Take no clawfix.toml
    #[arg(long)]
    isolated: bool,
    /// Write the report to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When to use colours; NO_COLOR is heeded
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: output::ColorChoice,
    /// No progress bar and no notes on standard error
    #[arg(short, long)]
    quiet: bool,
    /// Show the evidence, one line each with file and line
    #[arg(short, long)]
    verbose: bool,
}

/// Which rules run.
#[derive(Debug, Args)]
struct Rules {
    /// Only these rules: codes, families such as CF3, or names
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = selection::parse)]
    select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = selection::parse)]
    ignore: Vec<String>,
}

impl Rules {
    fn values(&self) -> Values {
        let said = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Values { select: said(&self.select), ignore: said(&self.ignore), ..Values::default() }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LevelArgument {
    /// Everything that is worth a look
    Possible,
    /// What is believed after every innocent explanation failed
    Probable,
    /// What is proven
    Certain,
}

impl From<LevelArgument> for Level {
    fn from(level: LevelArgument) -> Level {
        match level {
            LevelArgument::Possible => Level::Possible,
            LevelArgument::Probable => Level::Probable,
            LevelArgument::Certain => Level::Certain,
        }
    }
}

impl Common {
    /// The settings that hold for these roots: what the command line says, with what is only said by this command, over the
    /// configuration.
    fn settings(&self, roots: &[PathBuf], line: Values) -> anyhow::Result<Effective> {
        self.settings_told(roots, line, false)
    }

    /// The same, with the note that names their file redacted where that is asked for.
    fn settings_told(&self, roots: &[PathBuf], line: Values, redact: bool) -> anyhow::Result<Effective> {
        let environment = Environment::from_process();
        let path = match &self.config {
            _ if self.isolated => None,
            Some(path) => Some(std::path::absolute(path)?),
            None => settings::find(roots, &environment, &std::env::current_dir()?),
        };
        let file = path.map(|path| settings::load(&path, &environment)).transpose()?;
        if let Some(file) = file.as_ref().filter(|_| self.config.is_none()) {
            // It could have come with what is scanned, and it decides what is told.
            let beside = std::env::current_dir()
                .and_then(std::fs::canonicalize)
                .is_ok_and(|here| here.starts_with(file.path.parent().unwrap_or(&file.path)));
            let inside = settings::is_inside(&file.path, roots, &environment);
            if !beside && (inside || !self.quiet) {
                let path = if redact { "a clawfix.toml elsewhere".into() } else { file.path.to_string_lossy() };
                let warning =
                    if inside { ", which lies inside of what is scanned; --config names others, --isolated takes none" } else { "" };
                output::note(&format!("clawfix: settings of {}{warning}", clawfix::report::safe::line(&path)));
            }
        }
        let line = Values { map: (!self.map.is_empty()).then(|| self.map.clone()), min_level: self.min_level.map(Level::from), ..line };
        Ok(Effective::new(file, line))
    }

    /// What a scan of these paths is told.
    fn options(&self, paths: Vec<PathBuf>, settings: &Effective) -> Options {
        Options {
            paths,
            agent: self.agent.clone(),
            jobs: self.jobs.map(usize::from),
            environment: Environment::from_process(),
            ..settings.options()
        }
    }
}

/// What a command found, as far as the exit code is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing at or above the threshold.
    Clean,
    /// Findings.
    Findings,
    /// Something could not be read.
    Incomplete,
}

/// Runs a command.
///
/// # Errors
/// Whatever keeps it from its work; the message names the next step.
pub fn run(arguments: Arguments) -> anyhow::Result<Verdict> {
    match arguments.command {
        Command::Scan(scan) => scan.run(),
        Command::Show(show) => show.run(),
        Command::Merge(merge) => merge.run(),
        Command::Relink(relink) => relink.run(),
        Command::Repair(repair) => repair.run(),
        Command::Undo(undo) => undo.run(),
        Command::Log(log) => log.run(),
        Command::Explain(explain) => explain.run(),
        Command::Config(config) => config.run(),
        Command::DebugReport(report) => report.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
    }
}

/// Tells of runs that stopped on the way, before anything else is told of the folders.
fn note_unfinished(scan: &clawfix::scan::Scan) {
    for agent in &scan.agents {
        for (run, state) in Journal::of(&agent.dir.dir).unfinished().unwrap_or_default() {
            let (what, folder) = (stopped(state), clawfix::report::command::quoted(&agent.dir.dir));
            let next = match state {
                Some(State::Broken) => "look at it by hand; clawfix does not act on it".to_owned(),
                _ => format!("`clawfix undo {folder}` takes it back"),
            };
            output::note(&format!("clawfix: run {run} {what}; {next}"));
        }
    }
}

/// The place at which a test wants the process to die; there is none in a release build.
fn faults() -> clawfix::apply::Faults<'static> {
    static AT: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let at = AT.get_or_init(|| if cfg!(debug_assertions) { std::env::var("CLAWFIX_TEST_DIE_AT").ok() } else { None });
    static PASSED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    clawfix::apply::Faults { at: at.as_deref(), passed: Some(&PASSED), stop: || std::process::exit(70) }
}

/// Maps a result to the exit code, and prints an error if there is one. A reader that hung up is no error.
pub fn exit_code(result: anyhow::Result<Verdict>) -> ExitCode {
    match result {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Ok(Verdict::Incomplete) => ExitCode::from(2),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let chain: Vec<String> = error.chain().map(|cause| clawfix::report::safe::block(&cause.to_string())).collect();
            output::note(&format!("clawfix: {}", chain.join(": ")));
            ExitCode::from(2)
        }
    }
}

pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(ErrorKind::BrokenPipe)
    })
}
