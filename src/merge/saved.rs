//! A plan in, a file that holds what it is bound to out; and back: the plan made anew from its sources, or a refusal when
//! anything is not as it was. What is carried out is never read from the file itself.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{Into, Options, Plan, PlanError, copy, plan};
use crate::apply::journal::{Journal, Print, State};
use crate::discover::Environment;
use crate::scan::Scan;
use crate::split::Level;

/// Version of the file's form.
const VERSION: u32 = 1;

/// Saved plans and the scan that they come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Version of this form.
    pub schema_version: u32,
    /// The release that made it.
    pub clawfix: String,
    /// What is carried out.
    pub command: String,
    /// When it was made, UTC ms.
    pub made_ms: i64,
    /// What was scanned.
    pub scan: Scanned,
    /// The plans.
    pub plans: Vec<SavedPlan>,
}

/// What was scanned, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scanned {
    /// Files and folders, whole paths.
    pub roots: Vec<PathBuf>,
    /// `--map`.
    pub map: Vec<(String, PathBuf)>,
    /// `--agent`.
    pub agent: Option<String>,
    /// `--min-level`.
    pub min_level: String,
}

/// One plan: what it takes, how, and what must come out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// Name of the run.
    pub run: String,
    /// The sessions folder.
    pub sessions_dir: PathBuf,
    /// The conversation, by the id that the scan gave it.
    pub conversation: String,
    /// Its sessions were named by hand.
    pub by_hand: bool,
    /// `--into`.
    pub into: String,
    /// `--no-seam`.
    pub no_seam: bool,
    /// `--no-close`.
    pub no_close: bool,
    /// `--rewrite-media`.
    pub rewrite_media: Option<bool>,
    /// `--copy-media`.
    pub copy_media: bool,
    /// The segments, oldest first.
    pub sources: Vec<SavedFile>,
    /// Files that move into the journal.
    pub moved: Vec<SavedFile>,
    /// Image files that are copied: from, to.
    pub copied: Vec<(SavedFile, PathBuf)>,
    /// Values of the store: key, field, from, to.
    pub store: Vec<(String, String, String, String)>,
    /// The file that the conversation is in afterwards.
    pub target: PathBuf,
    /// Length of the result.
    pub bytes: u64,
    /// BLAKE3 of the result, in hex.
    pub hash: String,
}

/// A file and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFile {
    /// Which.
    pub path: PathBuf,
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3 of its content, in hex.
    pub hash: String,
}

impl SavedFile {
    fn new(path: &Path, print: &Print) -> Self {
        Self { path: path.to_owned(), bytes: print.len, hash: print.hash.clone() }
    }
}

/// Why a saved plan is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It is no saved plan of a kind that this release knows.
    #[error("this is no saved plan that this release understands: {0}; save it anew with `clawfix merge --plan FILE`")]
    Form(String),
    /// Something differs.
    #[error("{0} since the plan was saved; nothing was written, save it anew with `clawfix merge --plan FILE`")]
    Changed(String),
    /// It cannot be planned any more.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Saves plans, with whether each was asked for by hand.
pub fn save(plans: &[(Plan, bool)], options: &Options, scanned: Scanned, made_ms: i64) -> Saved {
    let plans = plans.iter().map(|(plan, by_hand)| saved(plan, *by_hand, options)).collect();
    Saved {
        schema_version: VERSION,
        clawfix: env!("CARGO_PKG_VERSION").to_owned(),
        command: "merge".to_owned(),
        made_ms,
        scan: scanned,
        plans,
    }
}

fn saved(plan: &Plan, by_hand: bool, options: &Options) -> SavedPlan {
    let name = options.into.to_possible_value().map(|value| value.get_name().to_owned());
    SavedPlan {
        run: plan.run.clone(),
        sessions_dir: plan.sessions_dir.clone(),
        conversation: plan.conversation.clone(),
        by_hand,
        into: name.unwrap_or_default(),
        no_seam: options.no_seam,
        no_close: options.no_close,
        rewrite_media: options.rewrite_media,
        copy_media: options.copy_media,
        sources: plan.sources.iter().map(|source| SavedFile::new(&source.path, &source.print)).collect(),
        moved: plan.moved.iter().map(|(path, print)| SavedFile::new(path, print)).collect(),
        copied: plan.images.copied.iter().map(|copied| (SavedFile::new(&copied.source, &copied.print), copied.to.clone())).collect(),
        store: plan
            .store
            .iter()
            .flat_map(|store| &store.changes)
            .map(|change| (change.key.clone(), change.field.to_owned(), change.from.clone(), change.to.clone()))
            .collect(),
        target: plan.target.clone(),
        bytes: plan.result.0,
        hash: plan.result.1.clone(),
    }
}

/// Reads saved plans.
///
/// # Errors
/// When it is none, or of another version.
pub fn read(bytes: &[u8]) -> Result<Saved, SavedError> {
    let saved: Saved = serde_json::from_slice(bytes).map_err(|error| SavedError::Form(error.to_string()))?;
    if saved.schema_version != VERSION || saved.command != "merge" {
        return Err(SavedError::Form(format!("{} of version {}", saved.command, saved.schema_version)));
    }
    if level(&saved.scan.min_level).is_none() {
        return Err(SavedError::Form(format!("level {}", saved.scan.min_level)));
    }
    Ok(saved)
}

/// The level of that name.
pub fn level(name: &str) -> Option<Level> {
    [Level::Possible, Level::Probable, Level::Certain].into_iter().find(|level| crate::report::json::word(level) == name)
}

/// Whether a run already carried the plan out, and was not taken back.
pub fn is_done(saved: &SavedPlan) -> bool {
    let runs = Journal::of(&saved.sessions_dir).runs().map(|(records, _)| records).unwrap_or_default();
    let same = |run: &str| run == saved.run || run.strip_prefix(&saved.run).is_some_and(|rest| rest.starts_with('-'));
    runs.iter().any(|record| record.state == State::Done && same(&record.run))
}

/// Makes the plan anew and holds it against what was saved.
///
/// # Errors
/// When a source, an option or the result is not what it was.
pub fn restore(saved: &SavedPlan, made_ms: i64, scan: &Scan, environment: &Environment) -> Result<Plan, SavedError> {
    let changed = |what: String| SavedError::Changed(what);
    for file in saved.sources.iter().chain(&saved.moved).chain(saved.copied.iter().map(|(file, _)| file)) {
        let same = Print::of(&file.path).is_ok_and(|print| print.len == file.bytes && print.hash == file.hash);
        if !same {
            return Err(changed(format!("{} changed", file.path.display())));
        }
    }
    let dir = &saved.sessions_dir;
    let agent = scan.agents.iter().find(|agent| agent.dir.dir == *dir);
    let agent = agent.ok_or_else(|| changed(format!("{} is gone", dir.display())))?;
    let mut segments = Vec::new();
    for source in &saved.sources {
        let at = agent.segments.iter().position(|segment| segment.file.path == source.path);
        segments.push(at.ok_or_else(|| changed(format!("what is beside {} changed", source.path.display())))?);
    }
    let into = Into::from_str(&saved.into, false).map_err(SavedError::Form)?;
    let options = Options {
        into,
        no_seam: saved.no_seam,
        no_close: saved.no_close,
        rewrite_media: saved.rewrite_media,
        copy_media: saved.copy_media,
        copy_from: if saved.copy_media { copy::elsewhere(scan, agent, environment) } else { Vec::new() },
        out: None,
    };
    let plan = plan(agent, &saved.conversation, &segments, &options, made_ms)?;
    let now = self::saved(&plan, saved.by_hand, &options);
    if now == *saved {
        return Ok(plan);
    }
    let what = match () {
        () if now.store != saved.store => "the store changed",
        () if now.moved != saved.moved => "files beside the transcripts came or went",
        () if now.copied != saved.copied || (now.bytes, &now.hash) != (saved.bytes, &saved.hash) => {
            "the result would be another: media files, the store, or clawfix itself changed"
        }
        () => "the plan changed",
    };
    Err(changed(what.to_owned()))
}
