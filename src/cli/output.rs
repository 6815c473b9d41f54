//! Where a report goes: standard output or a file, with or without colours.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, bail};
use clap::ValueEnum;
use clawfix::name::{FileName, classify};

/// When to use colours.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// Whether the report is coloured.
    pub fn applies(self, to_file: bool) -> bool {
        match self {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                !to_file && !refused && std::env::var_os("TERM").is_none_or(|term| term != "dumb") && io::stdout().is_terminal()
            }
        }
    }
}

/// Columns to keep to: the terminal's, else `COLUMNS`, else 100.
pub fn width() -> u16 {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    asked.or_else(|| comfy_table::Table::new().width()).filter(|&width| width > 0).unwrap_or(100)
}

/// Writes through a buffer to the file or to standard output.
///
/// # Errors
/// With the name of the file and the reason; also for a file that OpenClaw could own, which a slip of the finger must
/// never overwrite.
pub fn with(path: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    match path {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut out)?;
            out.flush()?;
        }
        Some(path) => {
            let context = || format!("cannot write the report to {}", path.display());
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.exists() && classify(&name) != FileName::Other {
                bail!("{} is there already, and named as OpenClaw names its files; choose another name for the report", path.display());
            }
            let mut out = BufWriter::new(std::fs::File::create(path).with_context(context)?);
            write(&mut out).and_then(|()| out.flush()).with_context(context)?;
        }
    }
    Ok(())
}

/// Refuses to write a file of our own where the gateway keeps its own: it would be one more transcript, or worse, a lock.
pub fn refuse_inside(scan: &clawfix::scan::Scan, file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(folder) = std::fs::canonicalize(folder) else { return Ok(()) };
    let inside = |agent: &clawfix::scan::Agent| std::fs::canonicalize(&agent.dir.dir).is_ok_and(|dir| folder.starts_with(dir));
    if scan.agents.iter().any(inside) {
        bail!("{} lies in a sessions folder, where the gateway would take it for its own; choose a place elsewhere", file.display());
    }
    Ok(())
}

/// A note for people, on standard error.
pub fn note(text: &str) {
    // Standard error may be closed; there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// An error that names nothing of this machine.
pub fn redacted(error: anyhow::Error) -> anyhow::Error {
    if super::is_closed_pipe(&error) {
        return error;
    }
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let home = clawfix::discover::Environment::from_process().home;
    anyhow::anyhow!(clawfix::redact::bare(&chain.join(": "), home.as_deref()))
}

/// Makes a panic tell its place only, as its message could hold anything.
pub fn redact_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        note(&format!("clawfix panicked{place}; its message is left out with --redact"));
    }));
}
