//! Entry ids over several transcripts: they are unique in one file only, so some must change when files are joined.

use std::collections::{HashMap, HashSet};

use super::Part;

/// Ids in use, and new ones.
#[derive(Debug)]
pub(super) struct Ids {
    used: HashSet<String>,
    seed: String,
    made: u64,
}

/// Ids of each part that get another.
#[derive(Debug, Default)]
pub(super) struct Remap(Vec<HashMap<String, String>>);

impl Remap {
    /// The id by which an entry of the part goes in the result.
    pub(super) fn get<'a>(&'a self, part: usize, id: &'a str) -> &'a str {
        self.0.get(part).and_then(|map| map.get(id)).map_or(id, String::as_str)
    }

    /// Whether anything of the part changes.
    pub(super) fn touches(&self, part: usize) -> bool {
        self.0.get(part).is_some_and(|map| !map.is_empty())
    }

    pub(super) fn listed(&self) -> Vec<(usize, String, String)> {
        let mut list: Vec<_> =
            self.0.iter().enumerate().flat_map(|(part, map)| map.iter().map(move |(old, new)| (part, old.clone(), new.clone()))).collect();
        list.sort();
        list
    }
}

impl Ids {
    /// Knows every id of every part.
    pub(super) fn new(seed: &str, parts: &[Part<'_>]) -> Self {
        let used = parts.iter().flat_map(|part| part.session.names.all()).map(str::to_owned).collect();
        Self { used, seed: seed.to_owned(), made: 0 }
    }

    /// A new id of eight hex digits, the same for the same run.
    pub(super) fn fresh(&mut self) -> String {
        loop {
            let hash = blake3::hash(format!("{}\0{}", self.seed, self.made).as_bytes()).to_hex();
            self.made += 1;
            let id: String = hash.chars().take(8).collect();
            if self.used.insert(id.clone()) {
                return id;
            }
        }
    }

    /// New ids for entries whose id occurs in an earlier part.
    pub(super) fn collisions(&mut self, parts: &[Part<'_>]) -> Remap {
        let mut known: HashSet<&str> = HashSet::new();
        let mut remap = Vec::new();
        for part in parts {
            let own: HashSet<&str> = part.session.entries.iter().filter_map(|entry| part.session.names.text(entry.id)).collect();
            let mut twice: Vec<&str> = own.intersection(&known).copied().collect();
            twice.sort_unstable();
            remap.push(twice.into_iter().map(|id| (id.to_owned(), self.fresh())).collect());
            known.extend(own);
        }
        Remap(remap)
    }
}
