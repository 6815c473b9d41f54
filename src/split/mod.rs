//! The segments of one agent in, its conversations out: which sessions are one conversation, where it was cut, why,
//! and how sure that is.
//!
//! [`segment`] places a session; [`testimony`] gathers what ties two of them; [`innocent`] tests every explanation and
//! contradiction; [`judge`] weighs; [`chain`] chooses so that the best total wins. All weights stand in [`evidence`].

pub mod chain;
pub mod evidence;
pub mod innocent;
pub mod judge;
pub mod segment;
pub mod settings;
pub mod testimony;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::policy::ResetPolicy;
use crate::signal::exec;
use crate::store::Store;
pub use judge::{Cause, Level, SeamKind, Verdict};
use segment::Segment;
pub use settings::Settings;
pub use testimony::Evidence;
use testimony::Findings;

/// Which of the two transcripts of a seam.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that came first.
    Older,
    /// The one that came after.
    Newer,
}

/// Segments near in time that are tried as predecessors of one segment.
const NEAR: usize = 40;
/// Segments of the same key that are tried besides; more than one, since the last may be a fork or have been emptied.
const NEAR_IN_LANE: usize = 3;
/// Two ties this close are no reason to prefer one.
const TOO_CLOSE: f64 = 0.75;
/// A conversation that fell silent this long before, beside the pair, is another that the newer one could continue, in ms.
const RIVAL_REACH_MS: i64 = 6 * 3_600_000;

/// A place where one segment of a conversation ends and the next begins.
#[derive(Debug, Clone)]
pub struct Seam {
    /// Index of the older segment.
    pub older: usize,
    /// Index of the newer segment.
    pub newer: usize,
    /// What is held of it.
    pub verdict: Verdict,
    /// From the older segment's last activity to the newer one's start, in ms; negative where they overlap.
    pub gap_ms: i64,
}

/// A segment that is torn from one of several others, and the evidence does not tell which. Reported, not guessed: it is
/// no seam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// Index of the newer segment.
    pub newer: usize,
    /// Indices of the segments that could be the older one, the likeliest first.
    pub olders: Vec<usize>,
}

/// A chain of segments.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// Indices of the segments, oldest first.
    pub segments: Vec<usize>,
    /// The seams between them; one less than segments.
    pub seams: Vec<Seam>,
}

/// Two segments that are close in time and yet are no one conversation, with what contradicts it.
#[derive(Debug, Clone)]
pub struct Apart {
    /// Index of the older segment.
    pub older: usize,
    /// Index of the newer segment, which continues no other.
    pub newer: usize,
    /// The contradictions.
    pub evidence: Vec<Evidence>,
}

/// What is held of the segments of one agent.
#[derive(Debug, Clone, Default)]
pub struct Solution {
    /// The conversations; every conversational segment is in exactly one.
    pub conversations: Vec<Conversation>,
    /// Ties that are not guessed about.
    pub ties: Vec<Tie>,
    /// Splits that were left out, being less sure than asked for.
    pub left_out: u64,
    /// For segments that continue no other: the nearest that something contradicts.
    pub apart: Vec<Apart>,
}

/// Finds the conversations among the segments of one agent.
///
/// A split below [`Settings::min_level`] is no seam: its two sides stand apart.
pub fn conversations(segments: &[Segment], store: Option<&Store>, policy: &ResetPolicy, settings: &Settings) -> Solution {
    let index = Index::new(segments);
    let clock = innocent::Clockwork { policy, settings, zone_minutes: index.zone_minutes, event_starts: &index.event_starts };
    let mut judged: Vec<(chain::Link, Verdict)> = Vec::new();
    let mut apart: Vec<Apart> = Vec::new();
    for newer in (0..segments.len()).filter(|&at| segments.get(at).is_some_and(Segment::is_conversational)) {
        for older in index.candidates(segments, newer) {
            match pair(segments, &index, older, newer, store, &clock) {
                Ok(Some(verdict)) => judged.push((chain::Link { older, newer, weight: verdict.tie }, verdict)),
                Ok(None) => {}
                Err(contradictions) => apart.push(Apart { older, newer, evidence: contradictions.items }),
            }
        }
    }
    let links: Vec<chain::Link> = judged.iter().map(|(link, _)| *link).collect();
    let chosen: Vec<&(chain::Link, Verdict)> = chain::choose(&links).into_iter().filter_map(|at| judged.get(at)).collect();
    let (mut seams, mut ties, mut left_out) = (BTreeMap::new(), Vec::new(), 0);
    for (link, verdict) in &chosen {
        if verdict.kind == SeamKind::Split && verdict.level < settings.min_level {
            left_out += 1;
            continue;
        }
        let rivals = rivals(&judged, &chosen, link, verdict);
        if !rivals.is_empty() {
            ties.push(Tie { newer: link.newer, olders: std::iter::once(link.older).chain(rivals).collect() });
            continue;
        }
        let gap = |older: &Segment, newer: &Segment| newer.begin_ms() - older.last_ms;
        let gap_ms = segments.get(link.older).zip(segments.get(link.newer)).map_or(0, |(a, b)| gap(a, b));
        seams.insert(link.older, Seam { older: link.older, newer: link.newer, verdict: verdict.clone(), gap_ms });
    }
    let continues: BTreeSet<usize> = seams.values().map(|seam| seam.newer).collect();
    let apart = nearest(segments, apart, &continues, settings);
    Solution { conversations: assemble(segments, seams), ties, left_out, apart }
}

/// For every segment that continues no other, the nearest contradicted one, where it fell silent within minutes.
fn nearest(segments: &[Segment], apart: Vec<Apart>, continues: &BTreeSet<usize>, settings: &Settings) -> Vec<Apart> {
    let mut best: BTreeMap<usize, (i64, Apart)> = BTreeMap::new();
    for pair in apart.into_iter().filter(|pair| !continues.contains(&pair.newer)) {
        let Some((older, newer)) = segments.get(pair.older).zip(segments.get(pair.newer)) else { continue };
        let gap = newer.begin_ms().saturating_sub(older.last_ms).saturating_abs();
        if gap <= settings.small_gap_ms && best.get(&pair.newer).is_none_or(|(least, _)| gap < *least) {
            best.insert(pair.newer, (gap, pair));
        }
    }
    best.into_values().map(|(_, pair)| pair).collect()
}

/// Judges one pair.
///
/// # Errors
/// The contradictions, where there are any.
fn pair(
    segments: &[Segment],
    index: &Index,
    older_at: usize,
    newer_at: usize,
    store: Option<&Store>,
    clock: &innocent::Clockwork<'_>,
) -> Result<Option<Verdict>, Findings> {
    let (Some(older), Some(newer)) = (segments.get(older_at), segments.get(newer_at)) else { return Ok(None) };
    let mut findings = Findings::default();
    innocent::contradict(older, newer, &mut findings);
    if !findings.items.is_empty() {
        return Err(findings);
    }
    let mut findings = testimony::gather(older, newer, clock.settings);
    let entry = store.and_then(|store| store.keys_of(&newer.id, &newer.file.file_name).into_iter().next());
    if let Some(entry) = entry {
        testimony::store_peer(older, newer, &entry.peers, &mut findings);
    }
    if index.is_only_lane(segments, older_at, newer_at) {
        let message = "no other conversation of this agent could be the one that goes on here".to_owned();
        findings.add(&evidence::ONLY_LANE, Side::Older, None, message);
    }
    innocent::explain(older, newer, clock, &mut findings);
    Ok(judge::judge(findings))
}

/// Other older ends that are tied to the same newer segment as strongly, by a split, and do not go on clearly better
/// elsewhere.
fn rivals(judged: &[(chain::Link, Verdict)], chosen: &[&(chain::Link, Verdict)], link: &chain::Link, verdict: &Verdict) -> Vec<usize> {
    if verdict.kind != SeamKind::Split {
        return Vec::new();
    }
    let elsewhere = |other: &chain::Link| {
        chosen.iter().any(|(own, _)| own.older == other.older && own.newer != other.newer && own.weight > other.weight + TOO_CLOSE)
    };
    let close = |(other, held): &&(chain::Link, Verdict)| {
        other.older != link.older && held.kind == SeamKind::Split && other.weight > link.weight - TOO_CLOSE && !elsewhere(other)
    };
    // The pairs stand in the order of their newer end.
    let from = judged.partition_point(|(other, _)| other.newer < link.newer);
    let same_end = judged.iter().skip(from).take_while(|(other, _)| other.newer == link.newer);
    same_end.filter(close).map(|(other, _)| other.older).collect()
}

/// Follows the seams from every segment without a predecessor.
fn assemble(segments: &[Segment], mut seams: BTreeMap<usize, Seam>) -> Vec<Conversation> {
    let followers: BTreeSet<usize> = seams.values().map(|seam| seam.newer).collect();
    let mut conversations = Vec::new();
    let starts = (0..segments.len()).filter(|at| segments.get(*at).is_some_and(Segment::is_conversational) && !followers.contains(at));
    for start in starts {
        let mut conversation = Conversation { segments: vec![start], seams: Vec::new() };
        let mut at = start;
        while let Some(seam) = seams.remove(&at) {
            at = seam.newer;
            conversation.segments.push(at);
            conversation.seams.push(seam);
        }
        conversations.push(conversation);
    }
    conversations
}

/// Ways to find candidates without trying every pair.
struct Index {
    /// Conversational segments by the end of their activity.
    by_last: Vec<usize>,
    /// The earliest start among the segments of `by_last` from each place on: where a search for older starts may stop.
    earliest_start: Vec<i64>,
    by_key: HashMap<String, Vec<usize>>,
    by_id: HashMap<String, Vec<usize>>,
    /// Segments with a pending run, by the first eight characters of its name.
    by_run: HashMap<String, Vec<usize>>,
    zone_minutes: Option<i32>,
    /// Starts of conversational segments that an event opened.
    event_starts: Vec<i64>,
}

impl Index {
    fn new(segments: &[Segment]) -> Self {
        let mut index = Index {
            by_last: Vec::new(),
            earliest_start: Vec::new(),
            by_key: HashMap::new(),
            by_id: HashMap::new(),
            by_run: HashMap::new(),
            zone_minutes: None,
            event_starts: Vec::new(),
        };
        let mut zones: BTreeMap<i32, u32> = BTreeMap::new();
        for (at, segment) in segments.iter().enumerate() {
            if let Some(zone) = segment.zone_minutes {
                *zones.entry(zone).or_default() += 1;
            }
            if !segment.is_conversational() {
                continue;
            }
            index.by_last.push(at);
            if segment.session.turns.first().is_some_and(|turn| testimony::opens_by_event(turn.reading.kind)) {
                index.event_starts.push(segment.begin_ms());
            }
            index.by_id.entry(segment.id.clone()).or_default().push(at);
            if let Some(lane) = &segment.lane {
                index.by_key.entry(lane.key.raw.to_lowercase()).or_default().push(at);
            }
            for run in segment.session.runs.iter().filter(|run| !run.ended) {
                index.by_run.entry(run.slug.chars().take(8).collect()).or_default().push(at);
            }
        }
        let last = |at: &usize| segments.get(*at).map_or(i64::MIN, |segment| segment.last_ms);
        let start = |at: &usize| segments.get(*at).map_or(i64::MIN, |segment| segment.start_ms);
        index.by_last.sort_by_key(last);
        index.earliest_start = index.by_last.iter().rev().scan(i64::MAX, |least, at| Some(replace_min(least, start(at)))).collect();
        index.earliest_start.reverse();
        for list in index.by_key.values_mut() {
            list.sort_by_key(start);
        }
        index.zone_minutes = zones.into_iter().max_by_key(|&(_, count)| count).map(|(zone, _)| zone);
        index
    }

    /// Segments that may come right before `newer`: a person spoke in them. A segment in which nobody spoke yet is only
    /// where its lane stands now; once the talk has gone on elsewhere it is no part of it.
    fn candidates(&self, segments: &[Segment], newer: usize) -> BTreeSet<usize> {
        let Some(segment) = segments.get(newer) else { return BTreeSet::new() };
        if segment.is_quiet() && self.lane(segment).iter().any(|&at| segments.get(at).is_some_and(|later| precedes(segment, later))) {
            return BTreeSet::new();
        }
        let begin = segment.begin_ms();
        let mut found = BTreeSet::new();
        let after = self.by_last.partition_point(|at| segments.get(*at).is_some_and(|other| other.last_ms <= begin));
        found.extend(self.by_last.iter().take(after).rev().take(NEAR));
        found.extend(self.by_last.iter().skip(after).take(NEAR));
        let lane = self.lane(segment);
        let before = lane.partition_point(|at| segments.get(*at).is_some_and(|other| other.start_ms < segment.start_ms));
        found.extend(lane.iter().take(before).rev().take(NEAR_IN_LANE));
        found.extend(segment.family.iter().filter_map(|id| self.by_id.get(id)).flatten());
        let exits = segment.session.turns.iter().take(8).flat_map(|turn| &turn.reading.exec_exits);
        for exit in exits {
            let near = self.by_run.get(&exit.slug.chars().take(8).collect::<String>()).into_iter().flatten();
            found.extend(near.filter(|at| {
                segments.get(**at).is_some_and(|other| other.session.runs.iter().any(|run| exec::names_run(&exit.slug, &run.slug)))
            }));
        }
        found.retain(|&at| at != newer && segments.get(at).is_some_and(|other| precedes(other, segment) && !other.is_quiet()));
        found.retain(|&at| !self.has_between(segments, at, newer));
        found
    }

    /// Whether another segment of the same key began between the two.
    fn has_between(&self, segments: &[Segment], older: usize, newer: usize) -> bool {
        let (Some(a), Some(b)) = (segments.get(older), segments.get(newer)) else { return false };
        // A lane is in the order of its starts, so what lies between is a stretch of it.
        let lane = self.lane(b);
        let starts_before = |limit: i64| lane.partition_point(|at| segments.get(*at).is_some_and(|other| other.start_ms < limit));
        let stretch = lane.get(starts_before(a.start_ms)..starts_before(b.start_ms.saturating_add(1))).unwrap_or_default();
        stretch.contains(&older)
            && stretch.iter().any(|&at| {
                let stands = |mid: &&Segment| !mid.is_quiet() && precedes(a, mid) && precedes(mid, b) && shares_lane(a, mid);
                at != older && at != newer && segments.get(at).filter(stands).is_some()
            })
    }

    /// The conversational segments under the same key, by their start.
    fn lane(&self, segment: &Segment) -> &[usize] {
        let key = segment.lane.as_ref().map(|lane| lane.key.raw.to_lowercase());
        key.and_then(|key| self.by_key.get(&key)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether nothing but `older` fell silent before `newer` began, among all that could go on in it.
    fn is_only_lane(&self, segments: &[Segment], older_at: usize, newer_at: usize) -> bool {
        let (Some(older), Some(newer)) = (segments.get(older_at), segments.get(newer_at)) else { return false };
        let senders = |segment: &Segment| segment.humans().filter_map(|turn| turn.sender.clone()).collect::<BTreeSet<_>>();
        let (theirs, ours) = (senders(older), senders(newer));
        if theirs.is_empty() != ours.is_empty()
            || (!theirs.is_empty() && theirs.is_disjoint(&ours))
            || older.human_count() == 0
            || !testimony::is_wrapped_alike(older, newer)
        {
            return false;
        }
        let begin = newer.begin_ms();
        let from = begin.min(older.last_ms) - RIVAL_REACH_MS;
        let first = self.by_last.partition_point(|at| segments.get(*at).is_some_and(|other| other.last_ms < from));
        let reach = self.by_last.iter().zip(&self.earliest_start).skip(first).take_while(|(_, start)| **start < begin);
        !reach.map(|(at, _)| *at).any(|at| {
            at != older_at
                && at != newer_at
                && segments.get(at).is_some_and(|rival| rival.start_ms < begin && rival.id != older.id && could_continue(rival, newer))
        })
    }
}

fn replace_min(least: &mut i64, value: i64) -> i64 {
    *least = value.min(*least);
    *least
}

/// Whether nothing speaks against `newer` going on where `rival` fell silent.
fn could_continue(rival: &Segment, newer: &Segment) -> bool {
    let mut findings = Findings::default();
    innocent::contradict(rival, newer, &mut findings);
    findings.items.is_empty()
}

/// Whether what is between two segments of a lane is of that lane: the gateway names its key, or it shows the same chat.
/// A key that was only inferred is no proof, since every direct chat without one may seem to be the main key's.
fn shares_lane(a: &Segment, mid: &Segment) -> bool {
    let same_chat = if a.chats.is_empty() { mid.chats.is_empty() } else { mid.chats.iter().any(|chat| a.chats.contains(chat)) };
    mid.known_key().is_some() || same_chat
}

/// Whether the first segment began before the second, by its header or, where both say the same, by its content.
fn precedes(a: &Segment, b: &Segment) -> bool {
    (a.start_ms, a.last_ms) < (b.start_ms, b.last_ms)
}
