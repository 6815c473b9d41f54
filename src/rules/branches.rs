//! A transcript in, the branches out that the model does not see although people were answered on them.

use std::collections::{HashMap, HashSet};

use super::Subject;
use super::links::is_said;
use crate::line::{Kind, Role};
use crate::session::names::Ref;
use crate::session::{Entry, Turn};

/// No entry, and no place on the path.
const NONE: u32 = u32::MAX;

/// Entries beside the path that hang together.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// The entry that hangs on the path, or is a root.
    pub top: u32,
    /// The entry of the path that it hangs on.
    pub fork: Option<u32>,
    /// The last entry of the branch, on which it would go on.
    pub end: u32,
    /// Its last entry in the file.
    pub last: u32,
    /// Turns of people that were answered, and are not repeated on the path.
    pub turns: usize,
    /// Messages.
    pub messages: usize,
    /// Times of its first and last entry, UTC ms.
    pub times: Option<(i64, i64)>,
    /// Whether all these turns lead to the end, so that none would be left behind.
    pub whole: bool,
    /// A compaction or a reset on the way to the end, which would hide what stands before it.
    pub hides: bool,
}

/// All of them, in the order of the file.
pub(super) fn lost(subject: &Subject<'_>) -> Vec<Branch> {
    let session = subject.session;
    let (path, mut found) = (subject.path(), Vec::new());
    let Some(&root) = path.first() else { return found };
    let mut on_path = vec![false; session.entries.len()];
    for place in path.iter().filter_map(|&at| usize::try_from(at).ok()) {
        on_path.get_mut(place).into_iter().for_each(|on| *on = true);
    }
    let is_on = |at: u32| usize::try_from(at).ok().and_then(|at| on_path.get(at)).copied().unwrap_or(false);
    // A turn that was taken again and is seen now is not lost.
    let again: HashSet<u64> = session.human_turns().filter(|turn| is_on(turn.entry)).filter_map(|turn| turn.words).collect();
    let lost = |words: Option<u64>| words.is_none_or(|words| !again.contains(&words));
    let hidden = |turn: &&Turn| !is_on(turn.entry) && lost(turn.words);
    if !session.human_turns().any(|turn| hidden(&turn)) {
        return found;
    }
    let answered = answered(subject, &is_on);
    let turns = session.human_turns().filter(|turn| hidden(turn) && answered.contains(&turn.entry));
    let turns: Vec<u32> = turns.map(|turn| turn.entry).collect();
    if turns.is_empty() {
        return found;
    }
    // Where two entries have one id, the fork is none of people's making, and the rules about ids come first.
    let shadowed: HashSet<Ref> = subject.shape().shadowed().iter().filter_map(|&at| Some(session.entry(at)?.id)).collect();
    let is_clash =
        |top: u32| subject.shape().parent(top).and_then(|fork| session.entry(fork)).is_some_and(|fork| shadowed.contains(&fork.id));
    let tops = tops(subject, &is_on);
    let top_of = |at: u32| usize::try_from(at).ok().and_then(|at| tops.get(at)).copied().filter(|&top| top != NONE);
    let mut turns_of: HashMap<u32, Vec<u32>> = HashMap::new();
    for turn in turns {
        // What stands before the root that the path begins at is out of sight for the root's sake: other rules'.
        let kept = top_of(turn).filter(|&top| (subject.shape().parent(top).is_some() || top > root) && !is_clash(top));
        kept.into_iter().for_each(|top| turns_of.entry(top).or_default().push(turn));
    }
    let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
    for (at, _) in subject.entries() {
        if let Some(top) = top_of(at).filter(|top| turns_of.contains_key(top)) {
            members.entry(top).or_default().push(at);
        }
    }
    for (top, turns) in turns_of {
        found.extend(members.get(&top).and_then(|members| branch(subject, top, &turns, members)));
    }
    found.sort_by_key(|branch| branch.top);
    found
}

/// The user turns beside the path that an assistant answered with content, by the links: where two processes wrote at once,
/// the next line of the file is another branch's.
fn answered(subject: &Subject<'_>, is_on: &impl Fn(u32) -> bool) -> HashSet<u32> {
    let (session, shape) = (subject.session, subject.shape());
    let is_turn = |at: u32| session.turns.binary_search_by_key(&at, |turn| turn.entry).is_ok();
    // The nearest turn from each entry up; one that leads to none is its own.
    let mut nearest = vec![NONE; session.entries.len()];
    let mut trail = Vec::new();
    let mut found = HashSet::new();
    for (start, entry) in subject.entries() {
        let speaks = entry.role == Some(Role::Assistant) && !entry.flags.mirror && (entry.flags.calls || !entry.flags.failed);
        let says = entry.flags.calls || (entry.text_len > 0 && !entry.flags.blank);
        if !(speaks && says) || is_on(start) || shape.root(start).is_none() {
            continue;
        }
        trail.clear();
        let mut at = start;
        let turn = loop {
            let known = usize::try_from(at).ok().and_then(|at| nearest.get(at)).copied().unwrap_or(NONE);
            if known != NONE {
                break known;
            }
            trail.push(at);
            match shape.parent(at).filter(|&parent| !is_turn(at) && !is_on(parent)) {
                Some(parent) => at = parent,
                None => break at,
            }
        };
        for place in trail.iter().filter_map(|&at| usize::try_from(at).ok()) {
            nearest.get_mut(place).into_iter().for_each(|known| *known = turn);
        }
        found.insert(turn);
    }
    found
}

/// The entry that each branch beside the path begins with, by entry.
fn tops(subject: &Subject<'_>, is_on: &impl Fn(u32) -> bool) -> Vec<u32> {
    let shape = subject.shape();
    let mut tops = vec![NONE; subject.session.entries.len()];
    let mut trail = Vec::new();
    for (start, _) in subject.entries() {
        // What runs in a circle has no beginning.
        if is_on(start) || shape.root(start).is_none() {
            continue;
        }
        trail.clear();
        let mut at = start;
        let top = loop {
            let known = usize::try_from(at).ok().and_then(|at| tops.get(at)).copied().unwrap_or(NONE);
            if known != NONE {
                break known;
            }
            trail.push(at);
            match shape.parent(at).filter(|&parent| !is_on(parent)) {
                Some(parent) => at = parent,
                None => break at,
            }
        };
        for place in trail.iter().filter_map(|&at| usize::try_from(at).ok()) {
            tops.get_mut(place).into_iter().for_each(|known| *known = top);
        }
    }
    tops
}

fn branch(subject: &Subject<'_>, top: u32, turns: &[u32], members: &[u32]) -> Option<Branch> {
    let session = subject.session;
    let (shape, last) = (subject.shape(), *members.last()?);
    // The copy of an outbound message may stand beside what goes on.
    let aside = |entry: &Entry| entry.flags.mirror && subject.children(entry.parent).len() > 1;
    let end = members.iter().rev().copied().find(|&at| session.entry(at).is_some_and(|entry| !aside(entry))).unwrap_or(last);
    let mut line: HashSet<u32> = HashSet::new();
    let mut at = Some(end);
    while let Some(here) = at {
        line.insert(here);
        at = if here == top { None } else { shape.parent(here) };
    }
    let entries = || members.iter().filter_map(|&at| session.entry(at));
    let times = || entries().filter_map(Entry::time);
    Some(Branch {
        top,
        fork: shape.parent(top),
        end,
        last,
        turns: turns.len(),
        messages: entries().filter(|entry| is_said(entry)).count(),
        times: times().min().zip(times().max()),
        whole: turns.iter().all(|turn| line.contains(turn)),
        hides: line.iter().filter_map(|&at| session.entry(at)).any(|entry| matches!(entry.kind, Kind::Compaction | Kind::Reset)),
    })
}
