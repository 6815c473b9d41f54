//! A path from a transcript in, the file it means today out.
//!
//! Media files move: the state directory is renamed, the home changes, a backup lies elsewhere. The same file name under
//! the current media roots is the same image, since OpenClaw names media files by uuid.

pub(crate) mod rewrite;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::foreign::{self, PathMap};

/// Depth to which media roots are looked through; staged copies lie one folder down.
const DEPTH: usize = 3;

/// Where a reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// To the path as it is written.
    AsIs(PathBuf),
    /// To the path under a `--map` rule.
    Mapped(PathBuf),
    /// To a file of that name under a media root.
    ByName(PathBuf),
    /// Nowhere.
    Missing,
}

impl Resolution {
    /// The file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Resolution::AsIs(path) | Resolution::Mapped(path) | Resolution::ByName(path) => Some(path),
            Resolution::Missing => None,
        }
    }

    /// The word for it in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Resolution::AsIs(_) => "as-is",
            Resolution::Mapped(_) => "mapped",
            Resolution::ByName(_) => "by-name",
            Resolution::Missing => "missing",
        }
    }
}

/// The media files of one agent, by name.
#[derive(Debug, Default)]
pub struct Media {
    by_name: BTreeMap<String, PathBuf>,
    map: PathMap,
}

impl Media {
    /// Looks through the media roots once. Folders that cannot be read count as empty; discovery has reported them.
    pub fn new(roots: &[PathBuf], map: PathMap) -> Self {
        let files = roots.iter().flat_map(|root| walkdir::WalkDir::new(root).max_depth(DEPTH).into_iter().flatten());
        let by_name = files
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| (entry.file_name().to_string_lossy().to_lowercase(), entry.into_path()))
            .collect();
        Self { by_name, map }
    }

    /// Where a path of a transcript leads. `media://inbound/<id>` and `file://` forms too.
    pub fn resolve(&self, written: &str) -> Resolution {
        let decoded = if written.starts_with("file:") { foreign::from_file_url(written) } else { None };
        let path = decoded.as_deref().unwrap_or(written);
        let uri = path.strip_prefix("media://");
        if uri.is_none() {
            let local = Path::new(path);
            if local.is_absolute() && local.is_file() {
                return Resolution::AsIs(local.to_owned());
            }
            if let Some(mapped) = self.map.apply(path).filter(|mapped| mapped.is_file()) {
                return Resolution::Mapped(mapped);
            }
        }
        let name = foreign::basename(path).to_lowercase();
        if let Some(found) = self.by_name.get(&name) {
            return Resolution::ByName(found.clone());
        }
        // The id of a media URI may leave the file's ending out.
        let stem = uri.map(|_| format!("{name}.")).filter(|_| !name.is_empty());
        let found = stem.and_then(|stem| self.by_name.range(stem.clone()..).next().filter(|(known, _)| known.starts_with(&stem)));
        found.map_or(Resolution::Missing, |(_, path)| Resolution::ByName(path.clone()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_form_finds_the_file_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let inbound = dir.path().join("media/inbound");
        std::fs::create_dir_all(inbound.join("openclaw-staged-1")).unwrap();
        let image = inbound.join("0e74.png");
        std::fs::write(&image, b"x").unwrap();
        std::fs::write(inbound.join("openclaw-staged-1/77aa.jpg"), b"x").unwrap();
        let map = PathMap::new(vec![("/home/jay".to_owned(), dir.path().to_owned())]);
        let media = Media::new(std::slice::from_ref(&inbound), map);
        let as_is = image.to_string_lossy().into_owned();
        for (written, expected) in [
            (as_is.as_str(), Resolution::AsIs(image.clone())),
            ("/home/jay/media/inbound/0e74.png", Resolution::Mapped(image.clone())),
            ("/elsewhere/0e74.png", Resolution::ByName(image.clone())),
            (r"C:\Users\Jay\.openclaw\media\inbound\0E74.PNG", Resolution::ByName(image.clone())),
            ("media://inbound/0e74", Resolution::ByName(image.clone())),
            ("media://inbound/0e74.png", Resolution::ByName(image.clone())),
            ("file:///elsewhere/77aa.jpg", Resolution::ByName(inbound.join("openclaw-staged-1/77aa.jpg"))),
            ("/home/jay/media/inbound/gone.png", Resolution::Missing),
            ("media://inbound/", Resolution::Missing),
            ("", Resolution::Missing),
        ] {
            assert_eq!(media.resolve(written), expected, "{written}");
        }
    }
}
