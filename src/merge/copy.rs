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

/// Where a lost reference's image comes from.
#[derive(Debug)]
pub(super) enum Found {
    /// A copy that is to be made.
    Copy(Copied),
    /// A copy that is made already for another reference.
    Shared(PathBuf),
    /// Several files of that name that differ, or the place is taken by the copy of another file.
    Clash,
    /// Not elsewhere either, or its place is taken.
    Nothing,
}

/// Finds files elsewhere and says where their copies go.
#[derive(Debug)]
pub(super) struct Copies {
    /// The files of each folder, with the name of the state directory that it is in.
    folders: Vec<(Option<String>, Media)>,
    inbound: Option<PathBuf>,
}

impl Copies {
    /// For an agent and the folders to look in; without folders nothing is found.
    pub(super) fn new(agent: &Agent, folders: &[PathBuf]) -> Self {
        let inbound = agent.dir.state_dir.as_ref().map(|state| state.join("media").join("inbound"));
        let state = |folder: &Path| Some(folder.parent()?.file_name()?.to_string_lossy().into_owned());
        let media = |folder: &PathBuf| (state(folder), Media::new(std::slice::from_ref(folder), PathMap::default()));
        Self { folders: folders.iter().map(media).collect(), inbound }
    }

    /// The copy that brings a lost reference back. `planned` are the copies so far: no two have the same place.
    pub(super) fn of(&self, written: &str, planned: &[Copied]) -> io::Result<Found> {
        let Some(inbound) = &self.inbound else { return Ok(Found::Nothing) };
        let names = |state: &Option<String>| state.as_ref().is_some_and(|state| written.split(['/', '\\']).any(|part| part == state));
        let mut found: Vec<(bool, PathBuf, Print)> = Vec::new();
        for (state, media) in &self.folders {
            if let Some(source) = media.resolve(written).path() {
                found.push((names(state), source.to_owned(), Print::of(source)?));
            }
        }
        // Of several, those of the state directory that the reference names.
        if found.iter().any(|(named, ..)| *named) {
            found.retain(|(named, ..)| *named);
        }
        let mut found = found.into_iter();
        let Some((_, source, print)) = found.next() else { return Ok(Found::Nothing) };
        if found.any(|(_, _, other)| !other.same_content(&print)) {
            return Ok(Found::Clash);
        }
        let to = inbound.join(source.file_name().unwrap_or_default());
        // There are disks on which a name is the same in capitals.
        let place = |path: &Path| path.to_string_lossy().to_lowercase();
        if let Some(same) = planned.iter().find(|copied| place(&copied.to) == place(&to)) {
            return Ok(if same.print.same_content(&print) { Found::Shared(same.to.clone()) } else { Found::Clash });
        }
        if std::fs::symlink_metadata(&to).is_ok() {
            return Ok(Found::Nothing);
        }
        Ok(Found::Copy(Copied { from: written.to_owned(), source, to, print }))
    }
}
