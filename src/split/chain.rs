//! Judged pairs in, chains out: every segment gets at most one predecessor and one successor, and the best total wins.

use std::collections::BTreeMap;

/// A possible link between two segments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Index of the older segment.
    pub older: usize,
    /// Index of the newer segment.
    pub newer: usize,
    /// Strength; only positive links are taken.
    pub weight: f64,
}

/// Gains below this are rounding.
const EPSILON: f64 = 1e-9;

/// Chooses links so that no two share an older or a newer end and the sum of the weights is the greatest. Gives the
/// indices of the chosen links, ascending.
///
/// An assignment problem, solved in each connected group of links by best augmenting paths.
pub fn choose(links: &[Link]) -> Vec<usize> {
    let mut chosen: Vec<usize> = groups(links).into_iter().flat_map(|group| Matching::new(links, group).solve()).collect();
    chosen.sort_unstable();
    chosen
}

/// Splits the links into groups that share no segment end.
fn groups(links: &[Link]) -> Vec<Vec<usize>> {
    let mut by_older: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut by_newer: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, link) in links.iter().enumerate().filter(|(_, link)| link.weight > 0.0) {
        by_older.entry(link.older).or_default().push(at);
        by_newer.entry(link.newer).or_default().push(at);
    }
    let mut groups = Vec::new();
    while let Some((_, first)) = by_older.pop_first() {
        let (mut group, mut open) = (Vec::new(), first);
        while let Some(at) = open.pop() {
            group.push(at);
            let Some(link) = links.get(at) else { continue };
            open.extend(by_newer.remove(&link.newer).unwrap_or_default());
            open.extend(by_older.remove(&link.older).unwrap_or_default());
        }
        group.sort_unstable();
        group.dedup();
        groups.push(group);
    }
    groups
}

struct Matching<'a> {
    links: &'a [Link],
    group: Vec<usize>,
    /// The chosen link of an older end.
    successor: BTreeMap<usize, usize>,
    /// The chosen link of a newer end.
    predecessor: BTreeMap<usize, usize>,
}

impl<'a> Matching<'a> {
    fn new(links: &'a [Link], group: Vec<usize>) -> Self {
        Self { links, group, successor: BTreeMap::new(), predecessor: BTreeMap::new() }
    }

    fn link(&self, at: usize) -> Link {
        self.links.get(at).copied().unwrap_or(Link { older: usize::MAX, newer: usize::MAX, weight: 0.0 })
    }

    fn solve(mut self) -> Vec<usize> {
        while self.augment() {}
        self.successor.into_values().collect()
    }

    /// Finds the exchange that gains most and carries it out; false when none gains.
    ///
    /// `reach` holds, for a newer end that would be without a predecessor, the best gain of getting there, and the link
    /// that took its predecessor away.
    fn augment(&mut self) -> bool {
        let mut reach: BTreeMap<usize, (f64, Option<usize>)> = BTreeMap::new();
        for &at in &self.group {
            let newer = self.link(at).newer;
            if !self.predecessor.contains_key(&newer) {
                reach.insert(newer, (0.0, None));
            }
        }
        let mut best: Option<(f64, usize)> = None;
        for _ in 0..=self.group.len() {
            let mut moved = false;
            for &at in &self.group {
                let link = self.link(at);
                let Some(&(gain, _)) = reach.get(&link.newer) else { continue };
                let gain = gain + link.weight;
                let Some(&met) = self.successor.get(&link.older) else {
                    if best.is_none_or(|(most, _)| gain > most + EPSILON) {
                        best = Some((gain, at));
                        moved = true;
                    }
                    continue;
                };
                if met == at {
                    continue;
                }
                let met = self.link(met);
                let gain = gain - met.weight;
                if reach.get(&met.newer).is_none_or(|&(known, _)| gain > known + EPSILON) {
                    reach.insert(met.newer, (gain, Some(at)));
                    moved = true;
                }
                // The segment that lost its predecessor may also stay without one.
                if best.is_none_or(|(most, _)| gain > most + EPSILON) {
                    best = Some((gain, at));
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
        let Some((gain, mut at)) = best.filter(|(gain, _)| *gain > EPSILON) else { return false };
        debug_assert!(gain > 0.0);
        if let Some(met) = self.successor.get(&self.link(at).older).copied() {
            self.predecessor.remove(&self.link(met).newer);
        }
        for _ in 0..=self.group.len() {
            let link = self.link(at);
            let before = reach.get(&link.newer).and_then(|(_, by)| *by);
            self.successor.insert(link.older, at);
            self.predecessor.insert(link.newer, at);
            match before {
                Some(earlier) => at = earlier,
                None => return true,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    fn total(links: &[Link], chosen: &[usize]) -> f64 {
        chosen.iter().map(|&at| links[at].weight).sum()
    }

    /// The best total by trying every subset.
    fn exhaustive(links: &[Link]) -> f64 {
        (0u32..1 << links.len())
            .filter_map(|set| {
                let chosen: Vec<usize> = (0..links.len()).filter(|at| set >> at & 1 == 1).collect();
                valid(links, &chosen).then(|| total(links, &chosen))
            })
            .fold(0.0, f64::max)
    }

    fn valid(links: &[Link], chosen: &[usize]) -> bool {
        let distinct = |end: fn(&Link) -> usize| {
            let ends: std::collections::BTreeSet<usize> = chosen.iter().map(|&at| end(&links[at])).collect();
            ends.len() == chosen.len()
        };
        distinct(|link| link.older) && distinct(|link| link.newer)
    }

    #[test]
    fn the_best_total_beats_the_best_single_link() {
        let link = |older, newer, weight| Link { older, newer, weight };
        let links = [link(0, 2, 5.0), link(0, 3, 4.0), link(1, 2, 4.0)];
        assert_eq!(choose(&links), [1, 2], "8 is more than 5");
        assert_eq!(choose(&[link(0, 1, 3.0), link(1, 2, 3.0), link(0, 2, 1.0)]), [0, 1], "a chain of three");
        assert!(choose(&[link(0, 1, -1.0), link(0, 1, 0.0)]).is_empty());
    }

    proptest! {
        #[test]
        fn no_choice_is_better(raw in prop::collection::vec((0usize..5, 0usize..5, -1i32..9), 0..11)) {
            let links: Vec<Link> =
                raw.iter().map(|&(older, newer, weight)| Link { older, newer, weight: f64::from(weight) }).collect();
            let chosen = choose(&links);
            prop_assert!(valid(&links, &chosen));
            prop_assert!((total(&links, &chosen) - exhaustive(&links)).abs() < 1e-6);
        }
    }
}
