//! Where the media of a sessions folder can be: its state directory enters, folders that exist leave.

use std::fs;
use std::path::{Path, PathBuf};

use super::Problem;

/// `<state>/media/inbound`, `<state>/media`, and `media/inbound` of the workspaces: `<state>/workspace*`
/// and the old default `clawd` beside the state directory. A folder without a state directory may
/// have `media` beside its transcripts, as copies do. A link out of the roots is a problem.
pub(super) fn roots(dir: &Path, state_dir: Option<&Path>, areas: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let base = state_dir.unwrap_or(dir);
    let mut wanted = vec![base.join("media").join("inbound"), base.join("media")];
    if let Some(state) = state_dir {
        let mut workspaces: Vec<PathBuf> = fs::read_dir(state)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("workspace"))
            .map(|entry| entry.path())
            .collect();
        workspaces.sort();
        wanted.extend(workspaces.into_iter().map(|path| path.join("media").join("inbound")));
    }
    let inside = |path: &Path, target: &Path| {
        let own = fs::canonicalize(path).is_ok_and(|own| target.starts_with(own));
        own || areas.iter().any(|area| target.starts_with(area))
    };
    wanted.retain(|path| match fs::canonicalize(path) {
        Ok(target) if inside(base, &target) => target.is_dir(),
        Ok(target) => {
            problems.push(Problem::outside(path, &target));
            false
        }
        Err(_) => false,
    });
    // Not below the state directory, so a link there is no concern of the roots: it is passed over.
    if let Some(clawd) = state_dir.and_then(Path::parent).map(|home| home.join("clawd")) {
        let inbound = clawd.join("media").join("inbound");
        let real = fs::symlink_metadata(&clawd).is_ok_and(|metadata| metadata.is_dir());
        if real && fs::canonicalize(&inbound).is_ok_and(|target| target.is_dir() && inside(&clawd, &target)) {
            wanted.push(inbound);
        }
    }
    wanted
}
