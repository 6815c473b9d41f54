//! Where a report goes: standard output or a file, with or without colours.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

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
pub fn refuse_inside<'a>(folders: impl IntoIterator<Item = &'a Path>, file: &Path) -> anyhow::Result<()> {
    let target = real(file);
    if folders.into_iter().any(|folder| std::fs::canonicalize(folder).is_ok_and(|folder| target.starts_with(folder))) {
        bail!("{} lies in a sessions folder, where the gateway would take it for its own; choose a place elsewhere", file.display());
    }
    Ok(())
}

/// Refuses to write two things to one file, or one to a file that is read.
pub fn refuse_twice(targets: &[&Path], kept: &[(&str, &Path)]) -> anyhow::Result<()> {
    for (at, file) in targets.iter().enumerate() {
        let target = real(file);
        if target.exists() && !target.is_file() {
            // A device or a pipe takes any number; a folder is refused when it is written to.
            continue;
        }
        if targets.iter().skip(at + 1).any(|other| real(other) == target) {
            bail!("{} is to be written twice; choose another name for one of the two", file.display());
        }
        if let Some((what, _)) = kept.iter().find(|(_, other)| real(other) == target) {
            bail!("{} is {what}; choose another name for what is written", file.display());
        }
    }
    Ok(())
}

/// Where a file is, or would be: absolute, and without links.
pub fn real(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let there = std::fs::canonicalize(file).ok();
    let placed = || Some(std::fs::canonicalize(folder).ok()?.join(file.file_name()?));
    there.or_else(placed).or_else(|| std::path::absolute(file).ok()).unwrap_or_else(|| file.to_owned())
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
