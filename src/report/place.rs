//! Paths in, paths that mean the same on another machine out: relative to where clawfix was started, else to a root.
//!
//! Where a scan has several roots, the name of the root stands in front, so that no two files have the same place.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use crate::discover::{Root, RootKind};

/// What a path is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// The folder that clawfix was started in; in a pipeline that is the checkout.
    Here,
    /// A root of the scan, by its index; its folder where the root is a file.
    Root(usize),
    /// Nothing known: only the name is left.
    Nowhere,
}

/// A path within a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    /// What it is relative to.
    pub base: Base,
    /// The name of the root, where there are several.
    root: Option<OsString>,
    parts: Vec<&'a OsStr>,
}

/// Turns the paths of a scan into places.
#[derive(Debug)]
pub struct Places<'a> {
    roots: Vec<&'a Path>,
    /// What the roots outside of `here` are called, where there are several roots.
    names: BTreeMap<&'a Path, OsString>,
    here: Option<PathBuf>,
}

impl<'a> Places<'a> {
    /// The places of a scan of these roots, started in the current folder.
    pub fn new(roots: &'a [Root]) -> Self {
        Places::started_in(std::env::current_dir().ok(), roots)
    }

    fn started_in(here: Option<PathBuf>, roots: &'a [Root]) -> Self {
        // Services are started in `/`, and a path from there tells as much of the machine as an absolute one.
        let here = here.filter(|here| here.parent().is_some());
        let folder = |root: &'a Root| match root.kind {
            RootKind::Transcript => root.path.parent().unwrap_or(Path::new("")),
            _ => root.path.as_path(),
        };
        let mut places = Places { roots: roots.iter().map(folder).collect(), names: BTreeMap::new(), here };
        let first = places.roots.first().copied();
        if places.roots.iter().any(|&root| Some(root) != first) {
            places.names = places.named();
        }
        places
    }

    /// The last part of each root outside, numbered when another has the same.
    fn named(&self) -> BTreeMap<&'a Path, OsString> {
        let mut names: BTreeMap<&Path, OsString> = BTreeMap::new();
        for &root in self.roots.iter().filter(|root| self.inside(root).is_none()) {
            if names.contains_key(root) {
                continue;
            }
            let plain = root.file_name().unwrap_or(OsStr::new("root"));
            let mut name = plain.to_owned();
            for number in 2.. {
                if !names.values().any(|taken| *taken == name) {
                    break;
                }
                name = plain.to_owned();
                name.push(format!("-{number}"));
            }
            names.insert(root, name);
        }
        names
    }

    /// The parts of a path in the folder that clawfix was started in.
    fn inside<'p>(&self, path: &'p Path) -> Option<Vec<&'p OsStr>> {
        let inside = if path.is_relative() { Some(path) } else { self.here.as_deref().and_then(|here| path.strip_prefix(here).ok()) };
        inside.and_then(plain)
    }

    /// Whether the paths of this base begin with the name of their root.
    pub fn names(&self, base: Base) -> bool {
        matches!(base, Base::Root(at) if self.roots.get(at).is_some_and(|&root| self.names.contains_key(root)))
    }

    /// The place of a path.
    pub fn of<'p>(&self, path: &'p Path) -> Place<'p> {
        if let Some(parts) = self.inside(path) {
            return Place { base: Base::Here, root: None, parts };
        }
        let under = |(at, root): (usize, &&Path)| Some((at, path.strip_prefix(root).ok().and_then(plain)?));
        // The innermost of roots that lie within each other.
        let found = self.roots.iter().enumerate().filter_map(under).min_by_key(|(_, parts)| parts.len());
        match found {
            Some((at, parts)) => {
                let root = self.roots.get(at).and_then(|&root| self.names.get(root)).cloned();
                Place { base: Base::Root(at), root, parts }
            }
            None => Place { base: Base::Nowhere, root: None, parts: path.file_name().into_iter().collect() },
        }
    }
}

impl Place<'_> {
    fn names(&self) -> impl Iterator<Item = &OsStr> {
        self.root.as_deref().into_iter().chain(self.parts.iter().copied())
    }

    /// For people, with `/` on every system.
    pub fn text(&self) -> String {
        let names: Vec<_> = self.names().map(OsStr::to_string_lossy).collect();
        if names.is_empty() { ".".to_owned() } else { names.join("/") }
    }

    /// As a relative reference of RFC 3986; bytes that are no UTF-8 are kept.
    pub fn uri(&self) -> String {
        let mut uri = String::new();
        for (at, part) in self.names().enumerate() {
            if at > 0 {
                uri.push('/');
            }
            for &byte in part.as_encoded_bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
                    _ => uri.extend(['%', hex(byte >> 4), hex(byte & 15)]),
                }
            }
        }
        if uri.is_empty() { ".".to_owned() } else { uri }
    }
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()
}

/// The names of a path that goes down only.
fn plain(path: &Path) -> Option<Vec<&OsStr>> {
    let name = |part| match part {
        Component::Normal(name) => Some(Some(name)),
        Component::CurDir => Some(None),
        _ => None,
    };
    path.components().map(name).collect::<Option<Vec<_>>>().map(|names| names.into_iter().flatten().collect())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_machine_is_left() {
        let root = |path: &str, kind| Root { path: PathBuf::from(path), kind, live: false };
        let roots = [
            root("/home/jay/.openclaw", RootKind::StateDir),
            root("/home/jay/.openclaw/agents/b", RootKind::AgentDir),
            root("/srv/x/a.jsonl", RootKind::Transcript),
            root("../other", RootKind::Folder),
        ];
        let places = Places::started_in(Some(PathBuf::from("/builds/repo")), &roots);
        for (path, base, uri) in [
            ("/home/jay/.openclaw/agents/a/x y.jsonl", Base::Root(0), ".openclaw/agents/a/x%20y.jsonl"),
            ("/home/jay/.openclaw/agents/b/x.jsonl", Base::Root(1), "b/x.jsonl"),
            ("/home/jay/.openclaw", Base::Root(0), ".openclaw"),
            ("/srv/x/a.jsonl", Base::Root(2), "x/a.jsonl"),
            ("/builds/repo/state/a:b%.jsonl", Base::Here, "state/a%3Ab%25.jsonl"),
            ("./state/ü", Base::Here, "state/%C3%BC"),
            ("../other/deep/f", Base::Root(3), "other/deep/f"),
            ("/etc/secret/name", Base::Nowhere, "name"),
            ("../../f", Base::Nowhere, "f"),
            ("/", Base::Nowhere, "."),
        ] {
            let place = places.of(Path::new(path));
            assert_eq!((place.base, place.uri().as_str()), (base, uri), "{path}");
        }
        let places = Places::started_in(Some(PathBuf::from("/")), &roots);
        assert_eq!(places.of(Path::new("/srv/x/a.jsonl")).text(), "x/a.jsonl", "a start in / makes no path relative");
    }

    #[test]
    fn roots_of_one_name_are_told_apart() {
        let root = |path: &str| Root { path: PathBuf::from(path), kind: RootKind::StateDir, live: false };
        let roots = [root("/home/a/.openclaw"), root("/home/b/.openclaw"), root("/srv/.openclaw-2"), root("/srv/here/c")];
        let places = Places::started_in(Some(PathBuf::from("/srv/here")), &roots);
        let of = |path: &str| places.of(Path::new(path)).text();
        assert_eq!(of("/home/a/.openclaw/x"), ".openclaw/x");
        assert_eq!(of("/home/b/.openclaw/x"), ".openclaw-2/x");
        assert_eq!(of("/srv/.openclaw-2/x"), ".openclaw-2-2/x");
        assert_eq!(of("/srv/here/c/x"), "c/x");
        let one = Places::started_in(None, roots.get(..1).unwrap_or_default());
        assert_eq!(one.of(Path::new("/home/a/.openclaw/x")).text(), "x", "one root needs no name");
    }
}
