//! Paths in, paths that mean the same on another machine out: relative to where clawfix was started, else to a root.

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
    parts: Vec<&'a std::ffi::OsStr>,
}

/// Turns the paths of a scan into places.
#[derive(Debug)]
pub struct Places<'a> {
    roots: Vec<&'a Path>,
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
        Places { roots: roots.iter().map(folder).collect(), here }
    }

    /// The place of a path.
    pub fn of<'p>(&self, path: &'p Path) -> Place<'p> {
        let inside = if path.is_relative() { Some(path) } else { self.here.as_deref().and_then(|here| path.strip_prefix(here).ok()) };
        if let Some(parts) = inside.and_then(plain) {
            return Place { base: Base::Here, parts };
        }
        let under = |(at, root): (usize, &&Path)| Some((at, path.strip_prefix(root).ok().and_then(plain)?));
        // The innermost of roots that lie within each other.
        let found = self.roots.iter().enumerate().filter_map(under).min_by_key(|(_, parts)| parts.len());
        match found {
            Some((at, parts)) => Place { base: Base::Root(at), parts },
            None => Place { base: Base::Nowhere, parts: path.file_name().into_iter().collect() },
        }
    }
}

impl Place<'_> {
    /// For people, with `/` on every system.
    pub fn text(&self) -> String {
        if self.parts.is_empty() {
            return ".".to_owned();
        }
        self.parts.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// As a relative reference of RFC 3986; bytes that are no UTF-8 are kept.
    pub fn uri(&self) -> String {
        if self.parts.is_empty() {
            return ".".to_owned();
        }
        let mut uri = String::new();
        for (at, part) in self.parts.iter().enumerate() {
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
        uri
    }
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()
}

/// The names of a path that goes down only.
fn plain(path: &Path) -> Option<Vec<&std::ffi::OsStr>> {
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
            ("/home/jay/.openclaw/agents/a/x y.jsonl", Base::Root(0), "agents/a/x%20y.jsonl"),
            ("/home/jay/.openclaw/agents/b/x.jsonl", Base::Root(1), "x.jsonl"),
            ("/home/jay/.openclaw", Base::Root(0), "."),
            ("/srv/x/a.jsonl", Base::Root(2), "a.jsonl"),
            ("/builds/repo/state/a:b%.jsonl", Base::Here, "state/a%3Ab%25.jsonl"),
            ("./state/ü", Base::Here, "state/%C3%BC"),
            ("../other/deep/f", Base::Root(3), "deep/f"),
            ("/etc/secret/name", Base::Nowhere, "name"),
            ("../../f", Base::Nowhere, "f"),
            ("/", Base::Nowhere, "."),
        ] {
            let place = places.of(Path::new(path));
            assert_eq!((place.base, place.uri().as_str()), (base, uri), "{path}");
        }
        let places = Places::started_in(Some(PathBuf::from("/")), &roots);
        assert_eq!(places.of(Path::new("/srv/x/a.jsonl")).text(), "a.jsonl", "a start in / makes no path relative");
    }
}
