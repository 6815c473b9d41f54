//! `clawfix debug-report`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Instant;

use clap::Args;
use clawfix::config::{self, Effective, Values};
use clawfix::discover::Environment;
use clawfix::report::PlainFormat;
use clawfix::report::debug::{Build, Debug, Timings};
use clawfix::scan::{Options, Silent};
use clawfix::split::Level;

use super::{Verdict, output};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DebugReport {
    /// What to count in, as for `clawfix scan`; with none, the known state directories of this machine
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: PlainFormat,
}

const EXAMPLES: &str = "\
What it tells: versions, and how many files, lines, roles, damages, seams and
findings there are of each kind. It never copies an id, a key, a name, a path or
a text, so it may be posted in public. Look it over all the same.

Examples:
  clawfix debug-report                    to paste into an issue
  clawfix debug-report ~/backup/.openclaw --format json

Exit codes: 0 always, unless the usage was wrong (2).";

impl DebugReport {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let environment = Environment::from_process();
        let places = places(&environment);
        // As much as can be seen, so that seams which are judged too weak are counted, too.
        let (settings, keys) = settings(&self.paths, &environment);
        let mut options = Options { paths: self.paths, environment, ..settings.options() };
        options.split.min_level = Level::Possible;
        let begun = Instant::now();
        let scan = clawfix::scan::scan(&options, &Silent)?;
        let scanned = Instant::now();
        let findings = clawfix::rules::detect(&scan, true);
        let timings = Timings { scan_ms: ms(scanned - begun), rules_ms: ms(scanned.elapsed()) };
        let build = Build {
            clawfix: env!("CARGO_PKG_VERSION"),
            rustc: env!("CLAWFIX_RUSTC"),
            target: env!("CLAWFIX_TARGET"),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            threads: available_parallelism().map_or(0, usize::from),
        };
        let report = Debug::of(&scan, &findings, build, timings, places, keys);
        output::with(None, |out| match self.format {
            PlainFormat::Table => report.write_text(out),
            PlainFormat::Json => report.write_json(out),
        })?;
        Ok(Verdict::Clean)
    }
}

/// The settings that hold, and which keys the file sets. One that makes no sense is itself worth telling, and no reason to stop.
fn settings(paths: &[PathBuf], environment: &Environment) -> (Effective, BTreeMap<&'static str, u64>) {
    let path = std::env::current_dir().ok().and_then(|here| config::find(paths, environment, &here));
    let file = match path.map(|path| config::load(&path, environment)).transpose() {
        Ok(file) => file,
        Err(_) => return (Effective::new(None, Values::default()), BTreeMap::from([("not usable", 1)])),
    };
    let settings = Effective::new(file, Values::default());
    let set = config::keys::KEYS.iter().filter(|key| (key.show)(&settings.values).is_some());
    let keys = set.map(|key| (key.name, 1)).collect();
    (settings, keys)
}

fn ms(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Which of the known places are there, by their kind.
fn places(environment: &Environment) -> BTreeMap<&'static str, u64> {
    let home = |name: &str| environment.home.as_ref().is_some_and(|home| home.join(name).is_dir());
    [
        ("OPENCLAW_STATE_DIR is set", environment.openclaw_state_dir.is_some()),
        ("CLAWDBOT_STATE_DIR is set", environment.clawdbot_state_dir.is_some()),
        ("~/.openclaw", home(".openclaw")),
        ("~/.clawdbot", home(".clawdbot")),
        ("~/.moltbot", home(".moltbot")),
    ]
    .map(|(name, there)| (name, u64::from(there)))
    .into()
}
