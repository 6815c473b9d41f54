//! The walk: roots enter; folders that hold files with one of our names leave, and problems.
//!
//! Every folder is entered once, known by a hash of its canonical path. Links are noted during the
//! walk and looked at afterwards, so that what a link names inside the roots is found under its own
//! place first, and so that circles end.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{Problem, place};
use crate::name::{FileName, FileState, TranscriptName, classify};
use crate::platform;

/// Folders that are never entered, by name.
const SKIPPED: [&str; 4] = ["node_modules", ".git", ".clawfix", "media"];
/// The folders of a marked state directory that are entered.
const OF_STATE: [&str; 2] = ["agents", "sessions"];

/// A file with one of our names.
pub(super) struct Item {
    pub path: PathBuf,
    pub file_name: String,
    pub name: FileName,
    /// Whether it is a link.
    pub link: bool,
    /// Whether the user named it.
    pub named: bool,
}

/// A folder with such files.
pub(super) struct Folder {
    pub dir: PathBuf,
    pub canonical: PathBuf,
    /// Index of the root it was found under.
    pub root: usize,
    pub items: Vec<Item>,
    /// Made for single files that the user named; its other transcripts are not listed.
    pub single: bool,
}

struct Link {
    path: PathBuf,
    canonical_parent: PathBuf,
    root: usize,
}

pub(super) struct Walker<'a> {
    /// The canonical roots.
    areas: &'a [PathBuf],
    hasher: RandomState,
    seen: HashSet<u64>,
    /// By canonical path.
    folders: HashMap<PathBuf, Folder>,
    links: Vec<Link>,
    problems: Vec<Problem>,
}

impl<'a> Walker<'a> {
    pub fn new(areas: &'a [PathBuf]) -> Self {
        Walker { areas, hasher: RandomState::new(), seen: HashSet::new(), folders: HashMap::new(), links: Vec::new(), problems: Vec::new() }
    }

    pub fn finish(self) -> (Vec<Folder>, Vec<Problem>) {
        let mut folders: Vec<Folder> = self.folders.into_values().collect();
        folders.sort_by(|a, b| (a.root, &a.dir).cmp(&(b.root, &b.dir)));
        (folders, self.problems)
    }

    fn first_visit(&mut self, canonical: &Path) -> bool {
        self.seen.insert(self.hasher.hash_one(canonical))
    }

    /// Walks a folder at every depth; `marked` if it is a marked state directory.
    pub fn walk(&mut self, start: &Path, canonical: &Path, root: usize, marked: bool) {
        if !self.first_visit(canonical) {
            return;
        }
        // The depths of the marked state directories that the walk is in.
        let mut marks: Vec<usize> = if marked { vec![0] } else { Vec::new() };
        let mut walk = WalkDir::new(start).follow_links(false).into_iter();
        while let Some(next) = walk.next() {
            let entry = match next {
                Ok(entry) => entry,
                Err(error) => {
                    self.walk_error(start, error);
                    continue;
                }
            };
            let Some(above) = entry.depth().checked_sub(1) else { continue };
            while marks.last().is_some_and(|depth| *depth > above) {
                marks.pop();
            }
            let file_name = entry.file_name().to_string_lossy();
            let passed_over = SKIPPED.contains(&&*file_name) || (marks.last() == Some(&above) && !OF_STATE.contains(&&*file_name));
            if entry.file_type().is_dir() {
                if passed_over || !self.first_visit(&below(canonical, start, entry.path())) {
                    walk.skip_current_dir();
                } else if place::is_marked_by_name(entry.path()) {
                    marks.push(entry.depth());
                }
            } else if passed_over {
                // Files beside `agents/` are no transcripts.
            } else if entry.file_type().is_symlink() {
                let parent = parent_of(entry.path());
                let canonical_parent = below(canonical, start, &parent);
                self.links.push(Link { path: entry.into_path(), canonical_parent, root });
            } else {
                self.entry(&entry, &file_name, canonical, start, root);
            }
        }
    }

    fn walk_error(&mut self, start: &Path, error: walkdir::Error) {
        let path = error.path().unwrap_or(start).to_path_buf();
        let error = error.into_io_error().unwrap_or_else(|| std::io::Error::other("cannot be walked"));
        self.problems.push(Problem::io(&path, &error));
    }

    fn entry(&mut self, entry: &DirEntry, file_name: &str, canonical: &Path, start: &Path, root: usize) {
        let name = classify(file_name);
        if !is_wanted(&name) {
            return;
        }
        if !entry.file_type().is_file() {
            let what = entry.metadata().map_or("a special file", |metadata| platform::special_kind(&metadata));
            self.problems.push(Problem::special(entry.path(), what));
            return;
        }
        let Some(dir) = entry.path().parent() else { return };
        let place = below(canonical, start, dir);
        let item = Item { path: entry.path().to_path_buf(), file_name: file_name.to_owned(), name, link: false, named: false };
        self.folder(dir, place, root).items.push(item);
    }

    fn folder(&mut self, dir: &Path, canonical: PathBuf, root: usize) -> &mut Folder {
        self.folders.entry(canonical).or_insert_with_key(|canonical| {
            let (dir, canonical) = (dir.to_path_buf(), canonical.clone());
            Folder { dir, canonical, root, items: Vec::new(), single: false }
        })
    }

    /// Looks at the links that the walks met, and at those met on the way.
    pub fn links(&mut self) {
        let mut linked: Vec<(Link, PathBuf)> = Vec::new();
        while !self.links.is_empty() {
            let mut links = std::mem::take(&mut self.links);
            links.sort_by(|a, b| a.path.cmp(&b.path));
            for link in links {
                let wanted = is_wanted(&classify(&lossy_name(&link.path)));
                match fs::canonicalize(&link.path) {
                    Ok(target) => self.link(link, target, wanted, &mut linked),
                    Err(error) if wanted || platform::is_link_loop(&error) => {
                        self.problems.push(Problem::io(&link.path, &error));
                    }
                    Err(_) => {}
                }
            }
        }
        self.linked_files(linked);
    }

    fn link(&mut self, link: Link, target: PathBuf, wanted: bool, linked: &mut Vec<(Link, PathBuf)>) {
        let metadata = match fs::metadata(&target) {
            Ok(metadata) => metadata,
            Err(error) => return self.problems.push(Problem::io(&link.path, &error)),
        };
        if !metadata.is_dir() && !wanted {
            return;
        }
        if !self.areas.iter().any(|area| target.starts_with(area)) {
            return self.problems.push(Problem::outside(&link.path, &target));
        }
        if metadata.is_dir() {
            let marked = place::is_marked_by_name(&target);
            self.walk(&link.path, &target, link.root, marked);
        } else if platform::is_regular(&metadata) {
            linked.push((link, target));
        } else {
            self.problems.push(Problem::special(&link.path, platform::special_kind(&metadata)));
        }
    }

    /// Takes the linked files in, but no transcript that was found under its own name already.
    fn linked_files(&mut self, linked: Vec<(Link, PathBuf)>) {
        if linked.is_empty() {
            return;
        }
        let mut known: HashSet<PathBuf> = self
            .folders
            .values()
            .flat_map(|folder| folder.items.iter().map(|item| folder.canonical.join(item.path.file_name().unwrap_or_default())))
            .collect();
        for (link, target) in linked {
            let file_name = lossy_name(&link.path);
            let name = classify(&file_name);
            if matches!(name, FileName::Transcript(_)) && !known.insert(target) {
                continue;
            }
            let Link { path, canonical_parent, root } = link;
            let dir = parent_of(&path);
            self.folder(&dir, canonical_parent, root).items.push(Item { path, file_name, name, link: true, named: false });
        }
    }

    /// Takes a single file that the user named, whatever it is called, with the store and the
    /// trajectories beside it.
    pub fn file(&mut self, path: &Path, canonical: &Path, root: usize) {
        let link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_symlink());
        let place = parent_of(canonical);
        let dir = if link { place.clone() } else { parent_of(path) };
        let file_name = lossy_name(path);
        let name = match classify(&file_name) {
            FileName::Transcript(name) => name,
            _ => TranscriptName {
                session_id: file_name.strip_suffix(".jsonl").unwrap_or(&file_name).to_owned(),
                state: FileState::Live,
                stamp_ms: None,
                topic: None,
                forked_at_ms: None,
            },
        };
        let name = FileName::Transcript(name);
        let item = Item { path: path.to_path_buf(), file_name, name, link, named: true };
        if !self.folders.contains_key(&place) {
            let beside = self.beside(&dir);
            let folder = self.folder(&dir, place.clone(), root);
            folder.single = true;
            folder.items = beside;
        }
        let folder = self.folder(&dir, place, root);
        let same = |other: &Item| {
            matches!(other.name, FileName::Transcript(_)) && fs::canonicalize(&other.path).is_ok_and(|other| other == canonical)
        };
        let by_name = canonical.file_name();
        match folder.items.iter_mut().find(|other| other.path.file_name() == by_name || (other.link && same(other))) {
            Some(other) if matches!(other.name, FileName::Transcript(_)) => other.named = true,
            // Its name is that of a sidecar, but the user wants it read as a transcript.
            Some(other) => *other = item,
            None => folder.items.push(item),
        }
    }

    /// The store, its copies and the trajectories of a folder.
    fn beside(&mut self, dir: &Path) -> Vec<Item> {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) => {
                self.problems.push(Problem::io(dir, &error));
                return Vec::new();
            }
        };
        let mut items = Vec::new();
        for entry in entries.flatten() {
            let file_name = entry.file_name().to_string_lossy().into_owned();
            let name = classify(&file_name);
            let wanted = is_wanted(&name) && !matches!(name, FileName::Transcript(_));
            if wanted && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                items.push(Item { path: entry.path(), file_name, name, link: false, named: false });
            }
        }
        items
    }
}

fn is_wanted(name: &FileName) -> bool {
    matches!(name, FileName::Transcript(_) | FileName::Trajectory { .. } | FileName::Store | FileName::StoreBackup { .. })
}

/// `path`, which lies under `start`, under the canonical path of `start`.
fn below(canonical: &Path, start: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix(start) {
        Ok(rest) if rest.as_os_str().is_empty() => canonical.to_path_buf(),
        Ok(rest) => canonical.join(rest),
        Err(_) => path.to_path_buf(),
    }
}

fn lossy_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The folder of a path; `.` for a bare name.
pub(super) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        Some(_) => PathBuf::from("."),
        None => path.to_path_buf(),
    }
}
