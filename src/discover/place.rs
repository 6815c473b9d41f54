//! What a folder is, by its name and its children: a path enters, its kind or its agent leaves.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Problem, RootKind};
use crate::name::{FileName, classify};
use crate::platform;
use crate::policy::CONFIG_NAMES;

/// The names of state directories; profiles add a suffix (`.openclaw-dev`).
const STATE_NAMES: [&str; 3] = [".openclaw", ".clawdbot", ".moltbot"];

/// The canonical path of a root and what it is; of a store that was named, its folder.
pub(super) fn root(path: &Path, live: &[PathBuf]) -> Result<(PathBuf, RootKind), Problem> {
    let io = |error: std::io::Error| Problem::io(path, &error);
    let canonical = fs::canonicalize(path).map_err(io)?;
    let metadata = fs::metadata(&canonical).map_err(io)?;
    if metadata.is_dir() {
        let kind = kind(&canonical, live);
        return Ok((canonical, kind));
    }
    if !platform::is_regular(&metadata) {
        return Err(Problem::special(path, platform::special_kind(&metadata)));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match (classify(&name), canonical.parent()) {
        (FileName::Store, Some(parent)) => Ok((parent.to_path_buf(), RootKind::SessionsDir)),
        _ => Ok((canonical, RootKind::Transcript)),
    }
}

fn kind(dir: &Path, live: &[PathBuf]) -> RootKind {
    let sessions = dir.join("sessions");
    if is_agent_sessions(dir) || dir.join("sessions.json").is_file() {
        RootKind::SessionsDir
    } else if is_marked(dir, live) || holds_agents(dir) {
        RootKind::StateDir
    } else if sessions.is_dir() && (parent_is(dir, "agents") || sessions.join("sessions.json").is_file()) {
        RootKind::AgentDir
    } else {
        RootKind::Folder
    }
}

/// Whether some `agents/<id>/sessions` exists in it.
fn holds_agents(dir: &Path) -> bool {
    let Ok(agents) = fs::read_dir(dir.join("agents")) else { return false };
    agents.flatten().take(1000).any(|agent| agent.path().join("sessions").is_dir())
}

/// Whether it is surely a state directory, of which only `agents/` and `sessions/` matter.
pub(super) fn is_marked(dir: &Path, live: &[PathBuf]) -> bool {
    let named = is_named_like_state(dir) || live.iter().any(|place| place == dir);
    let marked = named || CONFIG_NAMES.iter().any(|name| dir.join(name).is_file());
    marked && holds_sessions(dir)
}

/// The same by the name alone; cheap, for every folder of a walk.
pub(super) fn is_marked_by_name(dir: &Path) -> bool {
    is_named_like_state(dir) && holds_sessions(dir)
}

fn is_named_like_state(dir: &Path) -> bool {
    let name = dir.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    STATE_NAMES.iter().any(|state| name.strip_prefix(state).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', '_'])))
}

fn holds_sessions(dir: &Path) -> bool {
    dir.join("agents").is_dir() || dir.join("sessions").is_dir()
}

fn parent_is(path: &Path, name: &str) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|parent| parent == name)
}

/// Whether the path ends in `agents/<id>/sessions`: every `.jsonl` in it counts as a transcript.
pub(super) fn is_agent_sessions(dir: &Path) -> bool {
    dir.file_name().is_some_and(|name| name == "sessions") && dir.parent().is_some_and(|agent| parent_is(agent, "agents"))
}

/// The agent and the state directory of a path in `<state>/agents/<id>/sessions` or in
/// `<state>/agents/<id>/session-...`.
pub(super) fn agent_of(dir: &Path) -> Option<(String, PathBuf)> {
    dir.ancestors().find_map(|sessions| {
        let is_ours = sessions.file_name()?.to_string_lossy().starts_with("session");
        let agent = sessions.parent()?;
        if !is_ours || !parent_is(agent, "agents") {
            return None;
        }
        let id = agent.file_name()?.to_string_lossy().into_owned();
        Some((id, agent.parent()?.parent()?.to_path_buf()))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn agents_by_path() {
        for (path, wanted) in [
            ("/s/agents/main/sessions", Some(("main", "/s"))),
            ("/s/agents/main/sessions/old", Some(("main", "/s"))),
            ("/s/agents/main/session-sqlite-import-archive", Some(("main", "/s"))),
            ("/agents/a/x/agents/b/sessions", Some(("b", "/agents/a/x"))),
            ("/s/agents/main", None),
            ("/s/agents/main/agent", None),
            ("/s/sessions", None),
            ("sessions", None),
        ] {
            let found = agent_of(Path::new(path));
            assert_eq!(found, wanted.map(|(agent, state)| (agent.to_owned(), PathBuf::from(state))), "{path}");
        }
        assert!(is_agent_sessions(Path::new("/s/agents/main/sessions")));
        assert!(!is_agent_sessions(Path::new("/s/agents/main/sessions/old")));
    }

    #[test]
    fn state_names() {
        for (name, wanted) in [
            ("/h/.openclaw", true),
            ("/h/.openclaw-dev", true),
            ("/h/.clawdbot.bak", true),
            ("/h/.openclawfix", false),
            ("/h/openclaw", false),
            ("/", false),
        ] {
            assert_eq!(is_named_like_state(Path::new(name)), wanted, "{name}");
        }
    }
}
