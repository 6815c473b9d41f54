//! Paths that some other system wrote: text enters, text (or a mapped path of this system) leaves.
//!
//! The paths inside transcripts and stores come from the machine that wrote them, Windows or Unix.
//! Here they are only text: both separators count, drive letters and shares (UNC) are known, and
//! two paths are compared without case as soon as one of them is a Windows path. No file is opened.

use std::path::{Component, Path, PathBuf};

use thiserror::Error;

const SEPARATORS: [char; 2] = ['/', '\\'];

/// The last component, for both separators; separators at the end do not count. Empty for a bare root.
#[must_use]
pub fn basename(path: &str) -> &str {
    let trimmed = path.trim_end_matches(SEPARATORS);
    let last = trimmed.rsplit(SEPARATORS).next().unwrap_or(trimmed);
    match drive(last) {
        Some(rest) if trimmed.len() == last.len() => rest,
        _ => last,
    }
}

/// Whether the path names its place whole: Unix root, drive letter with separator, share, or home (`~`).
#[must_use]
pub fn is_absolute(path: &str) -> bool {
    path.starts_with(SEPARATORS)
        || drive(path).is_some_and(|rest| rest.starts_with(SEPARATORS))
        || path == "~"
        || path.strip_prefix('~').is_some_and(|rest| rest.starts_with(SEPARATORS))
}

/// Whether two foreign paths name the same file: separators are equal, empty and `.` components do
/// not count, and case does not count when either is a Windows path.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    let (a, b) = (Parts::of(a), Parts::of(b));
    let fold = a.windows || b.windows;
    a.names.len() == b.names.len() && starts_with(&a.names, &b.names, fold)
}

/// The text after `C:`, if the path begins with a drive letter.
fn drive(path: &str) -> Option<&str> {
    let mut chars = path.chars();
    let letter = chars.next()?;
    if letter.is_ascii_alphabetic() && chars.next() == Some(':') { Some(chars.as_str()) } else { None }
}

/// A path cut into its components; the first says where it starts: `/`, `\\`, `C:`, or a plain name.
struct Parts<'a> {
    names: Vec<&'a str>,
    windows: bool,
}

impl<'a> Parts<'a> {
    fn of(path: &'a str) -> Parts<'a> {
        // A share is known by its backslashes; a doubled slash in a Unix path is one slash.
        let verbatim = path.strip_prefix(r"\\?\").or_else(|| path.strip_prefix(r"\\.\"));
        let unc = verbatim.and_then(|rest| {
            let (head, tail) = rest.split_at_checked(4)?;
            head.eq_ignore_ascii_case(r"UNC\").then_some(tail)
        });
        let (start, rest) = if let Some(rest) = unc {
            (Some(r"\\"), rest)
        } else if let Some(rest) = verbatim {
            (None, rest)
        } else if let Some(rest) = path.strip_prefix(r"\\") {
            (Some(r"\\"), rest)
        } else if path.starts_with(SEPARATORS) {
            (Some("/"), path)
        } else {
            (None, path)
        };
        let windows = path.contains('\\') || drive(path).is_some();
        let names = rest.split(SEPARATORS).filter(|name| !name.is_empty() && *name != ".");
        Parts { names: start.into_iter().chain(names).collect(), windows }
    }
}

fn starts_with(path: &[&str], prefix: &[&str], fold: bool) -> bool {
    path.len() >= prefix.len() && path.iter().zip(prefix).all(|(a, b)| same_name(a, b, fold))
}

fn same_name(a: &str, b: &str, fold: bool) -> bool {
    a == b || (fold && a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase)))
}

/// A `--map` argument that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MapError {
    /// There is no `=`.
    #[error("--map {0:?}: write FROM=TO, such as --map /home/jay=/backup/jay or --map 'C:\\Users\\jay=/backup/jay'")]
    NoEquals(String),
    /// One side is empty.
    #[error("--map {0:?}: neither side may be empty; write FROM=TO, such as --map /home/jay=/backup/jay")]
    Empty(String),
}

/// The `--map FROM=TO` rules, the longest FROM first; FROM matches whole components.
#[derive(Debug, Clone, Default)]
pub struct PathMap {
    rules: Vec<(String, PathBuf)>,
}

impl PathMap {
    /// Rules from pairs, in any order.
    #[must_use]
    pub fn new(mut pairs: Vec<(String, PathBuf)>) -> Self {
        pairs.sort_by_cached_key(|(from, _)| std::cmp::Reverse(Parts::of(from).names.len()));
        PathMap { rules: pairs }
    }

    /// One argument; the first `=` parts the sides.
    ///
    /// # Errors
    /// If there is no `=` or a side is empty.
    pub fn parse(arg: &str) -> Result<(String, PathBuf), MapError> {
        let (from, to) = arg.split_once('=').ok_or_else(|| MapError::NoEquals(arg.to_owned()))?;
        if from.trim().is_empty() || to.trim().is_empty() {
            return Err(MapError::Empty(arg.to_owned()));
        }
        Ok((from.to_owned(), PathBuf::from(to)))
    }

    /// The path on this system, if a rule matches. A path that climbs out of FROM by `..` matches none.
    #[must_use]
    pub fn apply(&self, path: &str) -> Option<PathBuf> {
        let path = Parts::of(path);
        self.rules.iter().find_map(|(from, to)| {
            let from = Parts::of(from);
            if !starts_with(&path.names, &from.names, from.windows || path.windows) {
                return None;
            }
            below(to, path.names.get(from.names.len()..)?)
        })
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// `base` with the names behind it, `..` resolved as text; `None` if that leads above `base`.
fn below(base: &Path, names: &[&str]) -> Option<PathBuf> {
    let mut kept: Vec<&str> = Vec::new();
    for name in names {
        if *name == ".." {
            kept.pop()?;
        } else {
            // On this system the name must be one plain component (not `C:` on Windows).
            let mut components = Path::new(name).components();
            if !matches!((components.next(), components.next()), (Some(Component::Normal(_)), None)) {
                return None;
            }
            kept.push(name);
        }
    }
    let mut path = base.to_path_buf();
    path.extend(kept);
    Some(path)
}

/// The path that a `file:` URL names: percent-decoded, `file:///C:/x` as `C:/x`, a host as a share.
#[must_use]
pub fn from_file_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_at_checked(5)?;
    if !scheme.eq_ignore_ascii_case("file:") {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let path = match rest.strip_prefix("//") {
        None => rest.to_owned(),
        Some(after) => {
            let cut = after.find(SEPARATORS)?;
            let (host, path) = after.split_at_checked(cut)?;
            if host.is_empty() || host.eq_ignore_ascii_case("localhost") {
                path.to_owned()
            } else if drive(host) == Some("") {
                after.to_owned()
            } else {
                format!(r"\\{}{}", host, path.replace('/', r"\"))
            }
        }
    };
    let path = percent_decode(&path);
    let without_root = path
        .strip_prefix('/')
        .filter(|rest| drive(&rest.replacen('|', ":", 1)).is_some_and(|after| after.is_empty() || after.starts_with(SEPARATORS)));
    let path = match without_root {
        Some(rest) if rest.get(1..2) == Some("|") => rest.replacen('|', ":", 1),
        Some(rest) => rest.to_owned(),
        None => path,
    };
    if path.is_empty() || path.contains('\0') { None } else { Some(path) }
}

/// `%41` as `A`; what is no valid escape stays, and bytes that are no UTF-8 become U+FFFD.
#[must_use]
pub fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4) | low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests;
