//! `clawfix.toml` and the command line in, the settings that hold out, each with where it comes from.
//!
//! [`keys`] declares every key once; [`read`] reads a file and says what is wrong in it, with line and column; [`effective`]
//! lays the command line over the file and the file over the defaults; [`print`](mod@print) shows the result.

pub mod effective;
pub mod keys;
pub mod print;
pub mod read;

use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use effective::{Effective, Source};
pub use keys::Values;

use crate::discover::Environment;
use crate::platform;
use crate::rules::Severity;

/// The name that is searched for.
pub const FILE_NAME: &str = "clawfix.toml";
/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The least severity that makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Never
    None,
    /// On anything
    Info,
    /// On warnings and errors
    Warning,
    /// On errors only
    Error,
}

impl FailOn {
    /// The severity; none for never.
    pub fn least(self) -> Option<Severity> {
        match self {
            FailOn::None => None,
            FailOn::Info => Some(Severity::Info),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Error => Some(Severity::Error),
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        self.least().map_or("none", Severity::name)
    }
}

/// Something wrong at a place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It could not be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What it says makes no sense.
    #[error("{}", faults.iter().map(|fault| format!("{}:{}:{}: {}", path.display(), fault.line, fault.column, fault.what)).collect::<Vec<_>>().join("\n"))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All that is wrong in it, in the order of the file.
        faults: Vec<Fault>,
    },
}

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub values: Values,
    /// The lines of its keys, from 1, by the name of the key.
    pub lines: std::collections::BTreeMap<&'static str, usize>,
}

/// Finds the file that holds for these roots: upward from the first of them (of the known state directories, where none is
/// named), then upward from the working directory. One that lies inside of what is scanned holds only where there is no other.
#[must_use]
pub fn find(roots: &[PathBuf], environment: &Environment, working: &Path) -> Option<PathBuf> {
    let upward = |start: &Path| start.ancestors().map(|folder| folder.join(FILE_NAME)).filter(|path| path.is_file()).collect::<Vec<_>>();
    let areas = areas(roots, environment);
    let above_root = areas.first().map(|area| upward(area)).unwrap_or_default();
    let is_outside = |path: &&PathBuf| !areas.iter().any(|area| path.starts_with(area));
    let nearest = above_root.first();
    if let Some(path) = nearest.filter(is_outside) {
        return Some(path.clone());
    }
    let own = std::fs::canonicalize(working).ok().and_then(|working| upward(&working).into_iter().next());
    own.or_else(|| above_root.iter().find(is_outside).cloned()).or_else(|| nearest.cloned())
}

/// Whether a file lies inside of what is scanned, so that it may have come with it.
#[must_use]
pub fn is_inside(file: &Path, roots: &[PathBuf], environment: &Environment) -> bool {
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    areas(roots, environment).iter().any(|area| file.starts_with(area))
}

/// The folders that are scanned; of a single file the one that it lies in.
fn areas(roots: &[PathBuf], environment: &Environment) -> Vec<PathBuf> {
    let defaults = if roots.is_empty() { environment.default_roots() } else { Vec::new() };
    let folder = |path: PathBuf| if path.is_dir() { Some(path) } else { path.parent().map(Path::to_owned) };
    roots.iter().chain(&defaults).filter_map(|root| std::fs::canonicalize(root).ok().and_then(folder)).collect()
}

/// Reads a file. Paths in it are relative to its folder, and `~` is the home.
///
/// # Errors
/// When it cannot be read, and for everything in it that is not understood.
pub fn load(path: &Path, environment: &Environment) -> Result<File, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let (file, metadata) = platform::open_regular(path).map_err(|error| unreadable(error.to_string()))?;
    if metadata.len() > MAX_BYTES {
        return Err(unreadable(format!("{} bytes are more than a configuration has", metadata.len())));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let places = keys::Places { folder, home: environment.home.as_deref() };
    read::read(path, &text, &places).map_err(|faults| ConfigError::Wrong { path: path.to_owned(), faults })
}
