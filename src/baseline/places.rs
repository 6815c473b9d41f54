//! Files by their places below the scanned roots: what a baseline calls them, and whether they are still there.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::name::{FileName, classify};
use crate::scan::Scan;

/// The scanned roots, each with what tells it from the others.
pub(super) struct Places {
    roots: Vec<(PathBuf, PathBuf)>,
}

impl Places {
    /// Of a scan. A single root needs no name; of several each has the end of its path, as long as it takes to tell them apart.
    pub(super) fn of(scan: &Scan) -> Self {
        let whole: Vec<PathBuf> =
            scan.roots.iter().map(|root| fs::canonicalize(&root.path).unwrap_or_else(|_| root.path.clone())).collect();
        let longest = whole.iter().map(|path| path.components().count()).max().unwrap_or(0);
        let ends = |length: usize| whole.iter().map(|path| end(path, length)).collect::<Vec<_>>();
        let differ = |ends: &[PathBuf]| {
            let mut sorted = ends.to_vec();
            sorted.sort();
            sorted.dedup();
            sorted.len() == ends.len()
        };
        let first = usize::from(whole.len() > 1);
        let names = (first..=longest).map(ends).find(|ends| differ(ends)).unwrap_or_else(|| ends(longest));
        Places { roots: scan.roots.iter().map(|root| root.path.clone()).zip(names).collect() }
    }

    /// A file by its place below its root, for people; with slashes on every system.
    pub(super) fn name(&self, path: &Path) -> String {
        let below = self.roots.iter().find_map(|(root, name)| path.strip_prefix(root).ok().map(|below| name.join(below)));
        let below = below.filter(|below| !below.as_os_str().is_empty());
        let place = below.as_deref().or_else(|| path.file_name().map(Path::new)).unwrap_or(path);
        place.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// Whether nothing is there any more by that name. What is no transcript belongs to its folder, and is gone with it only.
    pub(super) fn is_gone(&self, name: &str) -> bool {
        let place = Path::new(name);
        if !place.components().all(|part| matches!(part, Component::Normal(_))) {
            return true;
        }
        let moves = matches!(place.file_name().map(|name| classify(&name.to_string_lossy())), Some(FileName::Transcript(_)));
        let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
        !self.roots.iter().any(|(root, of_root)| {
            let own_name = root.file_name().is_some_and(|own| own == place.as_os_str());
            if of_root.as_os_str().is_empty() && own_name && is_there(root) {
                return true;
            }
            let Ok(below) = place.strip_prefix(of_root) else { return false };
            let path = if below.as_os_str().is_empty() { root.clone() } else { root.join(below) };
            let folder = path.parent().filter(|folder| !moves && below.components().count() > 0 && !folder.as_os_str().is_empty());
            is_there(&path) || folder.is_some_and(is_there)
        })
    }
}

/// The last components of a path.
fn end(path: &Path, length: usize) -> PathBuf {
    let parts: Vec<Component<'_>> = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    parts.iter().skip(parts.len().saturating_sub(length)).collect()
}
