//! `clawfix.toml` and baselines: every key changes what is found, every mistake is told with its place, and what is known stays
//! known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod baseline;
mod documented;
mod effects;
mod file;
mod targets;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What the program did.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// Runs the program in a folder, with nothing of the environment but a home that is not there.
pub fn run(folder: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clawfix"));
    let output = command.args(args).env_clear().env("HOME", "/nowhere").current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran = Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}

/// The rules of the findings, with their severities.
pub fn found(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    report["findings"].as_array().unwrap().iter().map(|finding| (text(&finding["rule"]), text(&finding["severity"]))).collect()
}
