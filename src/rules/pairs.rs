//! The messages that the model sees in, which tool result answers which call out.
//!
//! Providers want the results of an assistant's calls right behind it. Pairing is by position: the same id may be called
//! again in a later turn, so a result belongs to the nearest call of its id before it. Only where there is none, and the
//! turn of the user goes on to a call of that id that nothing answers, the two stand the wrong way round. Messages that no
//! request repeats (mirrors, notes of the gateway, messages without a role) stand between the two without parting them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;

use crate::context::Context;
use crate::line::Role;
use crate::session::Session;
use crate::session::names::Ref;

/// What is the matter with calls and results; each list in the order of the file, so that a fix finds its place at once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    /// Assistants with calls that nothing answers.
    pub unanswered: Vec<Unanswered>,
    /// Results whose call is nowhere before them, nor behind them in the same turn of the user.
    pub orphans: Vec<Stray>,
    /// Results of calls that have one already.
    pub repeated: Vec<Stray>,
    /// Assistants with results that do not stand right behind them.
    pub displaced: Vec<Displaced>,
}

/// An assistant with calls that nothing answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unanswered {
    /// Its entry.
    pub assistant: u32,
    /// The last of the results right behind it, or itself.
    pub anchor: u32,
    /// The calls.
    pub calls: Vec<Ref>,
    /// Nothing comes after it: the run may be going on.
    pub open: bool,
}

/// A result that answers nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stray {
    /// Its entry.
    pub result: u32,
    /// The id of the call that it names.
    pub call: Ref,
    /// The result that the call has already.
    pub first: Option<u32>,
    /// The last result of the group that it stands in the middle of.
    pub behind: Option<u32>,
    /// A message without a role stands before it, which may be the assistant that called.
    pub unsure: bool,
}

/// An assistant with results that do not stand right behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Displaced {
    /// Its entry.
    pub assistant: u32,
    /// The last of the results right behind it, or itself.
    pub anchor: u32,
    /// The results.
    pub results: Vec<u32>,
    /// An assistant stands before one of them, or it stands before its call: OpenClaw's guard does not move that back.
    pub dropped: bool,
}

/// An assistant with calls.
struct Group {
    assistant: u32,
    anchor: u32,
    calls: Range<usize>,
    displaced: Vec<u32>,
    /// Another assistant stands before one of these.
    dropped: bool,
    /// The user's turn that it stands in.
    turn: usize,
    /// A message that parts calls from results came behind it.
    over: bool,
    /// An assistant that failed is left out of requests, and its calls want no results.
    failed: bool,
    /// Results among its own that answer none of its calls, as orphans and as repeated ones, from these on.
    strays: [usize; 2],
}

/// The calls of one id in the group that had it last, by index; those that wait for their result, the first one last.
struct Waiting {
    group: usize,
    calls: Vec<usize>,
    last_answer: Option<u32>,
}

/// A result without a call before it, which may have it behind it.
struct Early {
    result: u32,
    call: Ref,
    turn: usize,
    /// Groups before it.
    groups: usize,
}

/// The item about an entry in a list that is sorted by it.
pub(super) fn about<T>(list: &[T], entry: Option<u32>, key: impl Fn(&T) -> u32) -> Option<&T> {
    let at = list.binary_search_by_key(&entry?, key).ok()?;
    list.get(at)
}

impl Pairs {
    /// Pairs the calls and results of a session.
    pub fn of(session: &Session, context: &Context) -> Self {
        // Of a file that is not wholly indexed, an answer may be among what is left out.
        if (session.calls.is_empty() && session.results.is_empty()) || session.left_out > 0 {
            return Self::default();
        }
        let mut pairing = Pairing {
            session,
            groups: Vec::new(),
            waiting: HashMap::new(),
            answered: vec![false; session.calls.len()],
            unsure: false,
            turn: 0,
            early: Vec::new(),
            pairs: Self::default(),
        };
        for seen in &context.messages {
            let transparent = session.entry(seen.entry).is_none_or(|entry| entry.flags.mirror || entry.flags.injected);
            match seen.role {
                Role::Missing => pairing.unsure = true,
                Role::Other => {}
                Role::Assistant if transparent => {}
                Role::Assistant => pairing.assistant(seen.entry),
                Role::ToolResult => pairing.result(seen.entry),
                role => {
                    pairing.turn += usize::from(role == Role::User);
                    pairing.parted();
                }
            }
        }
        pairing.finish()
    }
}

struct Pairing<'a> {
    session: &'a Session,
    groups: Vec<Group>,
    waiting: HashMap<Ref, Waiting>,
    answered: Vec<bool>,
    unsure: bool,
    turn: usize,
    early: Vec<Early>,
    pairs: Pairs,
}

impl Pairing<'_> {
    /// A message came that stands between a call and what follows.
    fn parted(&mut self) {
        self.unsure = false;
        let Some(group) = self.groups.last_mut().filter(|group| !group.over) else { return };
        group.over = true;
        let [orphans, repeated] = group.strays;
        let anchor = group.anchor;
        // Results are filed in the order of the path: those of the group that came before its last one have it behind them.
        for (strays, from) in [(&mut self.pairs.orphans, orphans), (&mut self.pairs.repeated, repeated)] {
            for stray in strays.get_mut(from..).unwrap_or_default() {
                stray.behind = stray.behind.filter(|&then| then != anchor).map(|_| anchor);
            }
        }
    }

    fn assistant(&mut self, entry: u32) {
        self.parted();
        let from = self.session.calls.partition_point(|call| call.entry < entry);
        let count = self.session.calls.get(from..).unwrap_or_default().iter().take_while(|call| call.entry == entry).count();
        let calls = from..from + count;
        let number = self.groups.len();
        for (at, call) in self.session.calls.iter().enumerate().take(calls.end).skip(from) {
            let waiting = self.waiting.entry(call.id).or_insert(Waiting { group: number, calls: Vec::new(), last_answer: None });
            if waiting.group != number {
                *waiting = Waiting { group: number, calls: Vec::new(), last_answer: None };
            }
            waiting.calls.push(at);
        }
        for call in self.session.calls.get(calls.clone()).unwrap_or_default() {
            if let Some(waiting) = self.waiting.get_mut(&call.id).filter(|waiting| waiting.calls.is_sorted()) {
                waiting.calls.reverse();
            }
        }
        let failed = self.session.entry(entry).is_some_and(|entry| entry.flags.failed);
        let strays = [self.pairs.orphans.len(), self.pairs.repeated.len()];
        let (displaced, dropped, turn) = (Vec::new(), false, self.turn);
        self.groups.push(Group { assistant: entry, anchor: entry, calls, displaced, dropped, turn, over: false, failed, strays });
    }

    fn result(&mut self, entry: u32) {
        let at = self.session.results.partition_point(|result| result.entry < entry);
        let call = self.session.results.get(at).filter(|result| result.entry == entry).map_or(Ref::MISSING, |result| result.call);
        let current = self.groups.len().checked_sub(1);
        let anchor = self.groups.last().filter(|group| !group.over).map(|group| group.anchor);
        let stray = |first| Stray { result: entry, call, first, behind: anchor, unsure: self.unsure };
        let early = Early { result: entry, call, turn: self.turn, groups: self.groups.len() };
        let known = if call.is_some() { self.waiting.get_mut(&call) } else { None };
        let Some(waiting) = known else {
            self.pairs.orphans.push(stray(None));
            self.early.push(early);
            return;
        };
        let Some(answers) = waiting.calls.pop() else {
            let first = waiting.last_answer;
            self.pairs.repeated.push(stray(first));
            // An id that is used anew in each turn.
            if self.groups.get(waiting.group).is_some_and(|group| group.turn != self.turn) {
                self.early.push(early);
            }
            return;
        };
        waiting.last_answer = Some(entry);
        let (number, direct) = (waiting.group, current == Some(waiting.group));
        if let Some(answered) = self.answered.get_mut(answers) {
            *answered = true;
        }
        let Some(group) = self.groups.get_mut(number) else { return };
        if direct && !group.over {
            group.anchor = entry;
        } else {
            group.displaced.push(entry);
            group.dropped |= !direct;
        }
    }

    /// Gives results that stand before their call to it: one of the same id that nothing answers, in the same turn of the user.
    fn turned_round(&mut self) {
        if self.early.is_empty() {
            return;
        }
        let mut open: HashMap<(Ref, usize), VecDeque<(usize, usize)>> = HashMap::new();
        for (number, group) in self.groups.iter().enumerate().filter(|(_, group)| !group.failed) {
            for (at, call) in self.session.calls.iter().enumerate().take(group.calls.end).skip(group.calls.start) {
                if self.answered.get(at) == Some(&false) {
                    open.entry((call.id, group.turn)).or_default().push_back((number, at));
                }
            }
        }
        let mut given = HashSet::new();
        for early in std::mem::take(&mut self.early) {
            let Some(calls) = open.get_mut(&(early.call, early.turn)) else { continue };
            while calls.front().is_some_and(|(number, _)| *number < early.groups) {
                calls.pop_front();
            }
            let Some((number, at)) = calls.pop_front() else { continue };
            self.answered.get_mut(at).into_iter().for_each(|answered| *answered = true);
            if let Some(group) = self.groups.get_mut(number) {
                group.displaced.push(early.result);
                group.dropped = true;
            }
            given.insert(early.result);
        }
        self.pairs.orphans.retain(|stray| !given.contains(&stray.result));
        self.pairs.repeated.retain(|stray| !given.contains(&stray.result));
    }

    fn finish(mut self) -> Pairs {
        let last = self.groups.len().checked_sub(1);
        let open = self.groups.last().is_some_and(|group| !group.over);
        self.parted();
        self.turned_round();
        for (number, group) in self.groups.into_iter().enumerate() {
            let calls = self.session.calls.get(group.calls.clone()).unwrap_or_default();
            let answered = self.answered.get(group.calls.clone()).unwrap_or_default();
            let missing = calls.iter().zip(answered).filter(|(call, answered)| !**answered && self.session.call_names.truthy(call.id));
            let missing: Vec<Ref> = missing.map(|(call, _)| call.id).collect();
            if !missing.is_empty() && !group.failed {
                let open = open && last == Some(number);
                self.pairs.unanswered.push(Unanswered { assistant: group.assistant, anchor: group.anchor, calls: missing, open });
            }
            if !group.displaced.is_empty() {
                let (assistant, anchor, dropped) = (group.assistant, group.anchor, group.dropped);
                self.pairs.displaced.push(Displaced { assistant, anchor, results: group.displaced, dropped });
            }
        }
        let pairs = &mut self.pairs;
        pairs.unanswered.sort_by_key(|found| found.assistant);
        pairs.displaced.sort_by_key(|found| found.assistant);
        pairs.orphans.sort_by_key(|stray| stray.result);
        pairs.repeated.sort_by_key(|stray| stray.result);
        self.pairs
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::context;
    use crate::read::{BLOCK, blocks};
    use crate::session::Reader;
    use serde_json::json;

    /// A chain of messages in shorthand: `u`ser, `a`ssistant, `f`ailed assistant, `m`irror, a message of `n`o role, `c`ustom
    /// entry, custom message `k`, `r`esult; with the ids of calls behind a colon. What is found, by place in the chain.
    fn found(chain: &str) -> String {
        let mut text = json!({"type": "session", "version": 3, "id": "s", "timestamp": "2026-03-01T10:00:00.000Z"}).to_string();
        for (at, word) in chain.split(' ').enumerate() {
            let (what, ids) = word.split_once(':').unwrap_or((word, ""));
            let calls: Vec<_> =
                ids.split(',').filter(|id| !id.is_empty()).map(|id| json!({"type": "toolCall", "id": id, "name": "exec"})).collect();
            let message = match what {
                "u" => json!({"role": "user", "content": "x"}),
                "a" => json!({"role": "assistant", "content": calls}),
                "f" => json!({"role": "assistant", "content": calls, "stopReason": "aborted"}),
                "m" => json!({"role": "assistant", "content": [], "provider": "openclaw", "model": "delivery-mirror"}),
                "n" => json!({"role": null, "content": []}),
                "r" => json!({"role": "toolResult", "toolCallId": ids, "content": []}),
                _ => json!(null),
            };
            let kind = match what {
                "c" => "custom",
                "k" => "custom_message",
                _ => "message",
            };
            let parent = at.checked_sub(1).map(|before| before.to_string());
            let entry = json!({"type": kind, "id": at.to_string(), "parentId": parent, "content": "x", "message": message});
            text.push_str(&format!("\n{entry}"));
        }
        let mut reader = Reader::new(std::path::Path::new("x.jsonl"));
        blocks(text.as_bytes(), BLOCK, &mut reader, &|_| ()).unwrap();
        let session = reader.finish();
        let pairs = Pairs::of(&session, &context::of(&session));
        let mut told = Vec::new();
        for found in &pairs.unanswered {
            let ids: Vec<_> = found.calls.iter().filter_map(|&id| session.call_names.text(id)).collect();
            told.push(format!("{}{}>{}:{}", if found.open { "open" } else { "unanswered" }, found.assistant, found.anchor, ids.join(",")));
        }
        for (name, strays) in [("orphan", &pairs.orphans), ("repeated", &pairs.repeated)] {
            for stray in strays {
                let behind = stray.behind.map(|at| format!(">{at}")).unwrap_or_default();
                told.push(format!("{name}{}{behind}{}", stray.result, if stray.unsure { "?" } else { "" }));
            }
        }
        for found in &pairs.displaced {
            let dropped = if found.dropped { "!" } else { "" };
            told.push(format!("displaced{}>{}:{:?}{dropped}", found.assistant, found.anchor, found.results));
        }
        told.join(" ")
    }

    #[test]
    fn results_belong_to_the_call_before_them() {
        let table = [
            ("u a:x r:x a", ""),
            ("u a:x,y r:y c r:x a u", ""),
            ("u a:x m r:x a", ""),
            ("u a:x", "open1>1:x"),
            ("u a:x,y r:x c m", "open1>2:y"),
            ("u a:x u a", "unanswered1>1:x"),
            ("u a:x k", "unanswered1>1:x"),
            ("u a:x,y,z r:y a", "unanswered1>2:x,z"),
            ("u f:x u a", ""),
            ("u f:x r:x u", ""),
            ("u r:x a", "orphan1"),
            ("u a:x,y r:x r:q r:y a", "orphan3>4"),
            ("u a:x r:x r:q a", "orphan3"),
            ("n r:x a", "orphan1?"),
            ("n u r:x a", "orphan2"),
            ("u a:x r:x r:x a", "repeated3"),
            ("u a:x,y r:x r:x r:y a", "repeated3>4"),
            ("u a:x r:x u r:x a", "repeated4"),
            ("u a:x u r:x a", "displaced1>1:[3]"),
            ("u a:x,y r:x u r:y a", "displaced1>2:[4]"),
            ("u a:x a:y r:x r:y", "displaced1>1:[3]!"),
            ("u a:x k r:x a", "displaced1>1:[3]"),
            ("u a:x u m r:x a", "displaced1>1:[4]"),
            ("u a:x u a r:x a", "displaced1>1:[4]!"),
            // The result before its call, with no turn of the user between.
            ("u r:x a:x a", "displaced2>2:[1]!"),
            ("u r:x k a:x a", "displaced3>3:[1]!"),
            ("u r:x a:x,y r:y a", "displaced2>3:[1]!"),
            ("u r:x u a:x a", "unanswered3>3:x orphan1"),
            ("u r:x a:x r:x a", "orphan1"),
            ("u r:x f:x a", "orphan1"),
            ("u r:x r:x a:x a:x u", "displaced3>3:[1]! displaced4>4:[2]!"),
            ("u a:x r:x u r:x a:x a", "displaced5>5:[4]!"),
            ("u a:x r:x r:x a:x a", "unanswered4>4:x repeated3"),
            // The same id again: each turn for itself.
            ("u a:x r:x u a:x r:x", ""),
            ("u a:x u a:x r:x", "unanswered1>1:x"),
            ("u a:x u a:x r:x u r:x", "unanswered1>1:x repeated6"),
            ("u a:x r:x u a:x u r:x", "displaced4>4:[6]"),
            ("u a:x,x r:x r:x r:x", "repeated4"),
        ];
        for (chain, expected) in table {
            assert_eq!(found(chain), expected, "{chain}");
        }
    }
}
