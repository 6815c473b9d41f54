//! A word that is not known and those that are in, how near they are out: for "did you mean".

use std::path::{Path, PathBuf};

/// Edits between two words: characters put in, taken out or exchanged. Only the first 64 characters of `a` count.
pub fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (place, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let above = *place;
            let best = (above + 1).min(left + 1).min(diagonal + usize::from(x != y));
            diagonal = above;
            *place = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Entries of a folder that are looked at.
const ENTRIES: usize = 10_000;

/// A path that is there and differs little from one that is not: in the first part that leads nowhere, and that part alone.
pub fn path(asked: &Path) -> Option<PathBuf> {
    let there = asked.ancestors().skip(1).find(|part| part.as_os_str().is_empty() || part.is_dir())?;
    let mut missing = asked.strip_prefix(there).ok()?.components();
    let (slip, rest) = (missing.next()?.as_os_str().to_string_lossy().into_owned(), missing.as_path());
    let folder = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let names = std::fs::read_dir(folder).ok()?.take(ENTRIES).flatten().map(|entry| entry.file_name());
    let near = names.map(|name| (distance(&slip, &name.to_string_lossy()), name));
    let (_, name) = near.filter(|(edits, _)| (1..=2.min(slip.chars().count() / 3)).contains(edits)).min()?;
    let found = if rest.as_os_str().is_empty() { there.join(name) } else { there.join(name).join(rest) };
    found.exists().then_some(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_slip_in_one_part_of_a_path() {
        let tmp = tempfile::tempdir().unwrap();
        let there = tmp.path().join(".openclaw/agents");
        std::fs::create_dir_all(&there).unwrap();
        assert_eq!(path(&tmp.path().join(".opneclaw/agents")), Some(there.clone()));
        assert_eq!(path(&tmp.path().join(".openclaw/agent")), Some(there));
        for wrong in [".openclaw/nothing", ".opneclaw/agent", ".clawdbot", "x"] {
            assert_eq!(path(&tmp.path().join(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn edits_are_counted() {
        for (a, b, edits) in [("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ac", 1), ("", "abc", 3), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }
}
