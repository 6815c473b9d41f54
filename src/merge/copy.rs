//! Image files that lie in another state directory of this machine in, the copies that a run makes of them out. OpenClaw
//! was renamed twice, and the move left media behind: `.clawdbot`, `.moltbot` and `.openclaw` stand side by side.

use std::io;
use std::path::{Path, PathBuf};

use crate::apply::journal::Print;
use crate::discover::Environment;
use crate::foreign::PathMap;
use crate::media::Media;
use crate::scan::{Agent, Scan};

/// Names that the state directory has had.
const STATES: [&str; 3] = [".openclaw", ".clawdbot", ".moltbot"];

/// A file that is copied into the state directory's own `media/inbound`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Copied {
    /// The reference as it is written.
    pub from: String,
    /// The file in the other state directory.
    pub source: PathBuf,
    /// Its copy.
    pub to: PathBuf,
    /// The file, as it was when the plan was made.
    #[serde(skip)]
    pub print: Print,
}

/// Media folders of the other state directories: those of the same scan, those that are known of this machine, and those
/// that lie beside the agent's own.
pub fn elsewhere(scan: &Scan, agent: &Agent, environment: &Environment) -> Vec<PathBuf> {
    let own = agent.dir.state_dir.as_deref().and_then(|state| std::fs::canonicalize(state).ok());
    let scanned = scan.agents.iter().flat_map(|other| other.dir.media_roots.iter().cloned());
    let beside = agent.dir.state_dir.as_deref().and_then(Path::parent).map(|home| STATES.map(|name| home.join(name)));
    let known = environment.default_roots().into_iter().chain(beside.into_iter().flatten());
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in scanned.chain(known.map(|state| state.join("media"))) {
        let Ok(folder) = std::fs::canonicalize(folder) else { continue };
        let inside = own.as_deref().is_some_and(|own| folder.starts_with(own));
        if folder.is_dir() && !inside && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// Finds files elsewhere and says where their copies go.
#[derive(Debug)]
pub(super) struct Copies {
    media: Media,
    inbound: Option<PathBuf>,
}

impl Copies {
    /// For an agent and the folders to look in; without folders nothing is found.
    pub(super) fn new(agent: &Agent, folders: &[PathBuf]) -> Self {
        let inbound = agent.dir.state_dir.as_ref().map(|state| state.join("media").join("inbound"));
        Self { media: Media::new(folders, PathMap::default()), inbound }
    }

    /// The copy that brings a lost reference back. None when the file is not elsewhere either, or its place is taken.
    pub(super) fn of(&self, written: &str) -> io::Result<Option<Copied>> {
        let found = self.media.resolve(written);
        let (Some(source), Some(inbound)) = (found.path(), &self.inbound) else { return Ok(None) };
        let to = inbound.join(source.file_name().unwrap_or_default());
        if std::fs::symlink_metadata(&to).is_ok() {
            return Ok(None);
        }
        let print = Print::of(source)?;
        Ok(Some(Copied { from: written.to_owned(), source: source.to_owned(), to, print }))
    }
}
