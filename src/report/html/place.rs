//! Paths in, what the page calls them out: whose file it is, and its path from the root, which is named once.

use std::collections::HashMap;
use std::path::Path;

use crate::report::Outcome;

/// Where the agents' files lie.
#[derive(Debug)]
pub(super) struct Places<'a> {
    folders: HashMap<&'a Path, usize>,
    /// The root, when there is only one.
    root: Option<&'a Path>,
}

impl<'a> Places<'a> {
    /// The places of a scan.
    pub(super) fn new(outcome: &Outcome<'a>) -> Self {
        let folders = outcome.scan.agents.iter().enumerate().map(|(at, agent)| (agent.dir.dir.as_path(), at)).collect();
        let root = match outcome.scan.roots.as_slice() {
            [root] => Some(root.path.as_path()),
            _ => None,
        };
        Self { folders, root }
    }

    /// Index of the agent that a file belongs to.
    pub(super) fn agent_of(&self, path: &Path) -> Option<usize> {
        path.ancestors().find_map(|folder| self.folders.get(folder).copied())
    }

    /// The path, from the root on when there is only one.
    pub(super) fn name(&self, path: &Path) -> String {
        let inside = self.root.and_then(|root| path.strip_prefix(root).ok()).filter(|inside| !inside.as_os_str().is_empty());
        inside.unwrap_or(path).to_string_lossy().into_owned()
    }

    /// The same with the line, if there is one.
    pub(super) fn at(&self, path: &Path, line: Option<u64>) -> String {
        line.map_or_else(|| self.name(path), |line| format!("{}:{line}", self.name(path)))
    }
}
