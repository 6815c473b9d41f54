//! Discovery: the paths that a user names enter; sessions folders with their transcripts, archives,
//! trajectories, stores and media roots leave, and a list of what could not be looked at.
//!
//! * A root may be a transcript, a sessions folder, an agent folder, a state directory, or any folder
//!   that holds such. Without roots, the places of [`Environment`] are taken.
//! * Of a *marked* state directory (named like `.openclaw`, with a config, or one of the default
//!   places) only `agents/` and the old `sessions/` are entered; of any other folder all but
//!   `node_modules`, `.git`, `.clawfix` and `media`.
//! * Every folder is looked at once (by its canonical path), however often it is named. Links inside
//!   the roots count once, links that lead out are a [`Problem`], and nothing but regular files and
//!   folders is ever opened.
//! * `agents/<id>/session-sqlite-import-archive` is a [`SessionsDir`] of its own, of the same agent.

mod env;
mod folder;
mod media;
mod place;
mod sniff;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

pub use env::Environment;

use crate::name::TranscriptName;
use crate::nearest;
use crate::platform;

/// What a root turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// It holds `agents/<id>/sessions`.
    StateDir,
    /// It holds `sessions`.
    AgentDir,
    /// It holds transcripts or a store.
    SessionsDir,
    /// A single file.
    Transcript,
    /// Any other folder, searched at every depth.
    Folder,
}

/// One root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// As the user gave it.
    pub path: PathBuf,
    /// What it turned out to be.
    pub kind: RootKind,
    /// Whether it is (or lies in) this machine's own live state directory.
    pub live: bool,
}

/// One transcript or archive. The file has not been opened in a folder that is surely one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptFile {
    /// Where it is, under the root as the user gave it.
    pub path: PathBuf,
    /// Its name; bytes that are no UTF-8 are replaced.
    pub file_name: String,
    /// What the name says.
    pub name: TranscriptName,
    /// Length in bytes.
    pub len: u64,
    /// Time of the last change, UTC in ms; tools change it, so it proves nothing.
    pub modified_ms: Option<i64>,
    /// How many names the file has (1 where the system does not say).
    pub hard_links: u64,
    /// Whether `path` is a link.
    pub is_symlink: bool,
}

/// One sessions folder: what belongs to one agent in one state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionsDir {
    /// Where it is, under the root as the user gave it.
    pub dir: PathBuf,
    /// The agent of `agents/<agentId>/`; for a loose folder the agent of most keys in its store, else
    /// the folder's own name.
    pub agent: String,
    /// The state directory, if the folder lies in one.
    pub state_dir: Option<PathBuf>,
    /// Sorted by name.
    pub transcripts: Vec<TranscriptFile>,
    /// Sorted by name. For a root that is a single file only those of that session.
    pub trajectories: Vec<PathBuf>,
    /// `sessions.json`.
    pub store: Option<PathBuf>,
    /// Copies of the store, sorted by name.
    pub store_backups: Vec<PathBuf>,
    /// Folders where the media of these transcripts can be; those that exist.
    pub media_roots: Vec<PathBuf>,
    /// Whether it lies in this machine's own live state directory.
    pub live: bool,
    /// Index into [`Found::roots`].
    pub root: usize,
}

/// Why something could not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// There is no such file.
    NotFound,
    /// No right to read it.
    Permission,
    /// A pipe, socket or device; never opened.
    NotARegularFile,
    /// A link that leads out of the roots; not followed.
    LinkOutside,
    /// Links in a circle.
    LinkLoop,
    /// Any other error of the system.
    Io,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What.
    pub path: PathBuf,
    /// Why, and the next step.
    pub reason: String,
    /// Why, as a kind.
    pub kind: ProblemKind,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The roots that exist, in the order given, each folder once.
    pub roots: Vec<Root>,
    /// Sorted by root, then by path.
    pub sessions_dirs: Vec<SessionsDir>,
    /// Sorted by path.
    pub problems: Vec<Problem>,
}

/// Finds everything under the paths, or under the default places if there are none. With `agent`,
/// only the folders of that agent (case does not count).
#[must_use]
pub fn discover(paths: &[PathBuf], env: &Environment, agent: Option<&str>) -> Found {
    let defaults = env.default_roots();
    let live: Vec<PathBuf> = defaults.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let is_live = |canonical: &Path| live.iter().any(|place| canonical.starts_with(place));

    let mut found = Found::default();
    // The canonical path of each root; that of a store is its folder.
    let mut areas: Vec<PathBuf> = Vec::new();
    for path in if paths.is_empty() { &defaults } else { paths } {
        match place::root(path, &live) {
            Ok((canonical, _)) if areas.contains(&canonical) => {}
            Ok((canonical, kind)) => {
                let path = if kind == RootKind::SessionsDir && path.is_file() { walk::parent_of(path) } else { path.clone() };
                found.roots.push(Root { path, kind, live: is_live(&canonical) });
                areas.push(canonical);
            }
            Err(mut problem) => {
                if problem.kind == ProblemKind::NotFound
                    && let Some(near) = nearest::path(path)
                {
                    problem.reason = format!("no such file or folder; did you mean {}?", near.display());
                }
                found.problems.push(problem);
            }
        }
    }

    let mut walker = walk::Walker::new(&areas);
    for (index, (root, canonical)) in found.roots.iter().zip(&areas).enumerate() {
        if root.kind != RootKind::Transcript {
            walker.walk(&root.path, canonical, index, place::is_marked(canonical, &live));
        }
    }
    walker.links();
    for (index, (root, canonical)) in found.roots.iter().zip(&areas).enumerate() {
        if root.kind == RootKind::Transcript {
            walker.file(&root.path, canonical, index);
        }
    }

    let (folders, mut problems) = walker.finish();
    found.problems.append(&mut problems);
    for folder in folders {
        let is_root = areas.get(folder.root).is_some_and(|area| *area == folder.canonical);
        let live = is_live(&folder.canonical);
        let root = folder.root;
        let Some(sessions) = folder::sessions_dir(folder, live, &areas, &mut found.problems) else { continue };
        if is_root && let Some(root) = found.roots.get_mut(root).filter(|root| root.kind == RootKind::Folder) {
            root.kind = RootKind::SessionsDir;
        }
        if agent.is_none_or(|agent| agent.eq_ignore_ascii_case(&sessions.agent)) {
            found.sessions_dirs.push(sessions);
        }
    }
    found.sessions_dirs.sort_by(|a, b| (a.root, &a.dir).cmp(&(b.root, &b.dir)));
    found.problems.sort();
    let mut seen = HashSet::new();
    found.problems.retain(|problem| seen.insert((problem.path.clone(), problem.kind)));
    found
}

impl Problem {
    /// A problem from what the system says, with the next step.
    fn io(path: &Path, error: &std::io::Error) -> Problem {
        use std::io::ErrorKind;
        let (kind, reason) = match error.kind() {
            _ if platform::is_link_loop(error) => (ProblemKind::LinkLoop, "links lead in a circle; remove or repair the link".to_owned()),
            ErrorKind::NotFound => {
                (ProblemKind::NotFound, "no such file or folder; check the path, or whether it was moved meanwhile".to_owned())
            }
            ErrorKind::PermissionDenied => {
                (ProblemKind::Permission, "permission denied; run as the user who owns it, or grant read access and run again".to_owned())
            }
            _ => (ProblemKind::Io, format!("{error}; check the disk and the path, then run again")),
        };
        Problem { path: path.to_path_buf(), reason, kind }
    }

    fn special(path: &Path, what: &str) -> Problem {
        Problem {
            path: path.to_path_buf(),
            reason: format!("not a regular file but {what}; it was not opened, move it away if it does not belong here"),
            kind: ProblemKind::NotARegularFile,
        }
    }

    fn outside(path: &Path, target: &Path) -> Problem {
        Problem {
            path: path.to_path_buf(),
            reason: format!(
                "a link that leads out of the scanned folders, to {}; name that path too if it should be scanned",
                target.display()
            ),
            kind: ProblemKind::LinkOutside,
        }
    }
}
