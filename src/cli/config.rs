//! `clawfix config`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clawfix::config::{FailOn, Values, print};

use super::{Common, Rules, Verdict, output};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Config {
    /// What would be scanned: the clawfix.toml that lies above the first PATH holds, else the one above the working directory
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    rules: Rules,
    /// As in `clawfix scan`
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// As in `clawfix scan`
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "toml")]
    format: ConfigFormat,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Every key is explained in docs/configuration.md.

Examples:
  clawfix config                     the settings that hold here
  clawfix config ~/backup/.openclaw  those that hold for a copy
  clawfix config > clawfix.toml      a file to begin with

Exit codes: 0 printed; 2 a configuration that cannot be read or makes no sense.";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ConfigFormat {
    /// As a clawfix.toml that reads back
    Toml,
    /// For scripts
    Json,
}

impl Config {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let line = Values { fail_on: self.fail_on, baseline: self.baseline, ..self.rules.values() };
        let settings = self.common.settings(&self.paths, line)?;
        output::with(self.common.output.as_deref(), |out| match self.format {
            ConfigFormat::Toml => print::toml(&settings, out),
            ConfigFormat::Json => print::json(&settings, out),
        })?;
        Ok(Verdict::Clean)
    }
}
