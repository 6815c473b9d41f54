//! The parent links of a transcript in, followed once: where each entry hangs, which root or circle it leads to, and where
//! an entry would hang had its link not been lost.

use super::Subject;
use crate::line::{Kind, Role};
use crate::session::names::Ref;
use crate::session::{Entry, Links};

/// No entry.
const NONE: u32 = u32::MAX;
/// An entry on the trail that is being followed.
const PENDING: u32 = u32::MAX - 1;
/// Entries that are looked back over for the one that another was appended to.
const REACH: usize = 1_000;
/// Clocks are set; an entry may be this much older than the one it is appended to, in ms.
pub(super) const CLOCK_SLACK_MS: i64 = 60_000;

/// The parent links of a transcript.
#[derive(Debug, Default)]
pub struct Shape {
    /// What each entry hangs on, as the loader takes it.
    parents: Vec<u32>,
    /// What each entry leads to: its root, or the first entry of the circle that it runs into.
    leads: Vec<u32>,
    /// The circles, by the first entry of each.
    circles: Vec<Circle>,
    /// Entries that another with the same id stands behind, which is the one that the loader takes.
    shadowed: Vec<u32>,
}

/// Entries that hang on each other in a circle.
#[derive(Debug, Clone, Copy)]
pub struct Circle {
    /// The first of them in the file. Its link closes the circle: it leads to itself or to what stands behind it.
    pub first: u32,
    /// How many there are.
    pub len: usize,
}

impl Shape {
    /// Follows all links, each once.
    pub(super) fn of(subject: &Subject<'_>) -> Self {
        let mut shape = Self::default();
        for (at, entry) in subject.entries() {
            shape.parents.push(subject.parent(entry).unwrap_or(NONE));
            if subject.session.names.truthy(entry.id) && subject.by_id(entry.id) != Some(at) {
                shape.shadowed.push(at);
            }
        }
        shape.follow();
        shape
    }

    fn follow(&mut self) {
        self.leads = vec![NONE; self.parents.len()];
        let mut trail = Vec::new();
        for start in 0..self.parents.len() {
            let Ok(mut at) = u32::try_from(start) else { break };
            trail.clear();
            let found = loop {
                match get(&self.leads, at) {
                    NONE => {
                        set(&mut self.leads, at, PENDING);
                        trail.push(at);
                        match get(&self.parents, at) {
                            NONE => break at,
                            parent => at = parent,
                        }
                    }
                    PENDING => {
                        let members = trail.iter().rev().take_while(|&&member| member != at).chain([&at]);
                        let (first, len) = members.fold((at, 0), |(first, len), &member| (first.min(member), len + 1));
                        self.circles.push(Circle { first, len });
                        break first;
                    }
                    known => break known,
                }
            };
            for &at in &trail {
                set(&mut self.leads, at, found);
            }
        }
        self.circles.sort_by_key(|circle| circle.first);
    }

    /// The entry that another hangs on, if it is there.
    pub fn parent(&self, at: u32) -> Option<u32> {
        Some(get(&self.parents, at)).filter(|&parent| parent != NONE)
    }

    /// The root that an entry leads to, or the first entry of the circle that it runs into.
    pub fn leads_to(&self, at: u32) -> u32 {
        get(&self.leads, at)
    }

    /// The root that an entry leads to; none when it runs into a circle.
    pub fn root(&self, at: u32) -> Option<u32> {
        let lead = self.leads_to(at);
        (lead != NONE && self.circles.binary_search_by_key(&lead, |circle| circle.first).is_err()).then_some(lead)
    }

    /// The circles, in the order of the file.
    pub fn circles(&self) -> &[Circle] {
        &self.circles
    }

    /// Entries that the loader cannot reach by their id, because a later one has it too.
    pub fn shadowed(&self) -> &[u32] {
        &self.shadowed
    }
}

fn get(list: &[u32], at: u32) -> u32 {
    usize::try_from(at).ok().and_then(|at| list.get(at)).copied().unwrap_or(NONE)
}

fn set(list: &mut [u32], at: u32, value: u32) {
    if let Some(place) = usize::try_from(at).ok().and_then(|at| list.get_mut(at)) {
        *place = value;
    }
}

/// What an entry other than a message points to, besides its parent.
pub(super) fn target<'a>(subject: &Subject<'a>, at: u32) -> Option<&'a Links> {
    let links = &subject.session.links;
    links.get(links.partition_point(|link| link.entry < at)).filter(|link| link.entry == at)
}

/// The id of an entry where a link can lead to it: a string, and no later entry has it too.
pub(super) fn handle<'a>(subject: &Subject<'a>, at: u32) -> Option<&'a str> {
    let text = subject.id_text(at)?;
    let id = subject.session.entry(at)?.id;
    (subject.session.names.find(text) == Some(id) && subject.by_id(id) == Some(at)).then_some(text)
}

/// The entry that this one was appended to, by the order of the file: the end of the log at that moment. None where that is
/// not plain. An entry that was injected without a parent is passed over, unless `injected` ones count.
pub(super) fn tip_before(subject: &Subject<'_>, at: u32, injected: bool) -> Option<u32> {
    let wants_call = subject.session.entry(at)?.role == Some(Role::ToolResult);
    for before in (0..at).rev().take(REACH) {
        let entry = subject.session.entry(before)?;
        if entry.kind == Kind::Leaf {
            // The log goes on at what it names.
            let chosen = subject.by_id(target(subject, before)?.target)?;
            return (chosen < before && handle(subject, chosen).is_some()).then_some(chosen);
        }
        if subject.id_text(before).is_none() || (entry.parent == Ref::MISSING && before > 0 && !injected) {
            continue;
        }
        // The copy of an outbound message often stands beside the tool result, and the log goes on at the result.
        if entry.flags.mirror && (wants_call || subject.children(entry.parent).len() > 1) {
            continue;
        }
        return handle(subject, before).is_some().then_some(before);
    }
    None
}

/// Whether the times of two entries allow that the second was appended to the first.
pub(super) fn in_time(subject: &Subject<'_>, first: u32, second: u32) -> bool {
    let time = |at: u32| subject.session.entry(at).and_then(Entry::time);
    match (time(first), time(second)) {
        (Some(first), Some(second)) => first <= second.saturating_add(CLOCK_SLACK_MS),
        _ => true,
    }
}

/// Whether the model would see an entry, were it on the path.
pub(super) fn is_said(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::Message | Kind::CustomMessage)
}

/// The place on the path from which on the model sees all: behind the last compaction, or where that keeps from.
pub(super) fn seen_from(subject: &Subject<'_>) -> usize {
    let path = subject.path();
    let boundary =
        path.iter().rposition(|&at| subject.session.entry(at).is_some_and(|entry| matches!(entry.kind, Kind::Compaction | Kind::Reset)));
    let Some(boundary) = boundary else { return 0 };
    let kept = path.get(boundary).and_then(|&at| subject.by_id(target(subject, at)?.target));
    let before = path.iter().take(boundary);
    before.enumerate().find(|(_, at)| Some(**at) == kept).map_or(boundary, |(place, _)| place)
}

/// Whether more would be seen if the path went on before its root: no compaction hides that anyway.
pub(super) fn root_hides(subject: &Subject<'_>) -> bool {
    let path = subject.path();
    let boundary =
        path.iter().rev().find(|&&at| subject.session.entry(at).is_some_and(|entry| matches!(entry.kind, Kind::Compaction | Kind::Reset)));
    let Some(&boundary) = boundary else { return true };
    let kept = target(subject, boundary).and_then(|link| subject.by_id(link.target));
    kept.is_some_and(|kept| !path.contains(&kept))
}

/// A root that the path begins at although there is history before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FalseStart {
    /// The entry.
    pub root: u32,
    /// What it would hang on, where that is plain.
    pub tip: Option<u32>,
    /// Messages before it in the file.
    pub messages: usize,
    /// Turns of people among them.
    pub turns: usize,
}

/// The false starts of a sort: the one that the path begins at, then the one it would begin at with that one mended, and
/// so on. None when the model would see no more without them.
pub(super) fn false_starts(subject: &Subject<'_>, is: impl Fn(u32, &Entry) -> bool, injected: bool) -> Vec<FalseStart> {
    let mut found: Vec<FalseStart> = Vec::new();
    let session = subject.session;
    let Some(&first) = subject.path().first() else { return found };
    let id = session.entry(first).map(|entry| entry.id);
    // Where two entries have one id, the rules about ids come first.
    if subject.shape().shadowed().iter().any(|&at| session.entry(at).map(|entry| entry.id) == id) {
        return found;
    }
    let mut root = first;
    while root > 0
        && let Some(entry) = session.entry(root).filter(|entry| is(root, entry))
        && entry.id.is_some()
    {
        // Each hangs on what leads to an earlier root, so that mending all of them makes no circle.
        let tip = tip_before(subject, root, injected).filter(|&tip| in_time(subject, tip, root));
        let tip = tip.filter(|&tip| subject.shape().root(tip).is_some_and(|lead| lead < root));
        found.push(FalseStart { root, tip, messages: 0, turns: 0 });
        let Some(tip) = tip else { break };
        root = subject.shape().leads_to(tip);
    }
    if found.is_empty() || !root_hides(subject) {
        return Vec::new();
    }
    let (mut earlier, mut messages, mut taken) = (0, 0, 0);
    let mut turns = session.human_turns().map(|turn| turn.entry).peekable();
    for start in found.iter_mut().rev() {
        let range = usize::try_from(earlier).unwrap_or(0)..usize::try_from(start.root).unwrap_or(0);
        messages += session.entries.get(range).unwrap_or_default().iter().filter(|entry| is_said(entry)).count();
        while turns.next_if(|&turn| turn < start.root).is_some() {
            taken += 1;
        }
        (start.messages, start.turns, earlier) = (messages, taken, start.root);
    }
    found.retain(|start| start.messages > 0);
    found
}

/// A count with its noun.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
