//! One transcript in, the same transcript mended out, as pieces of the file and new bytes between them.
//!
//! The rules work one after another, in the order of their codes, each on what the one before left, and from the first
//! again after every change; so fixes of several rules compose, and none meets a place that another has changed under it. After each step the result is read as the
//! loader would read it: a step that would hide a message is taken back, and said so.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::path::Path;

use super::patch::{self, Patch};
use super::text::Text;
use crate::context::{self, Context, Failure, Seen};
use crate::discover::TranscriptFile;
use crate::line::Role;
use crate::read::{self, Span};
use crate::rules::{Rule, Spot, Subject, Work};
use crate::scan::Agent;
use crate::session::{self, Session};
use crate::stitch::piece::Edit;

/// Steps that change something; what is then still to be mended waits for another run, and is said to.
const STEPS: usize = 20_000;

/// A place that was mended.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// The rule.
    pub rule: &'static Rule,
    /// Line at the time, from 1.
    pub line: Option<u64>,
    /// What was the matter.
    pub message: String,
}

/// A place that was left as it is, though its rule has a fix.
#[derive(Debug, Clone)]
pub struct Held {
    /// The rule.
    pub rule: &'static Rule,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Why.
    pub why: String,
}

/// Bytes of the file that are not in the result.
#[derive(Debug, Clone)]
pub struct Lost {
    /// Where they stand in the file on the disk.
    pub range: Range<u64>,
    /// The rule that took them out.
    pub rule: &'static str,
}

/// A transcript in the middle of its repair.
#[derive(Debug)]
pub struct Draft<'a> {
    agent: &'a Agent,
    file: &'a TranscriptFile,
    /// Its bytes.
    pub text: Text,
    /// Its index.
    pub session: Session,
    /// What the model sees of it.
    pub context: Context,
    /// What was mended.
    pub fixed: Vec<Fixed>,
    /// What was not.
    pub held: Vec<Held>,
    /// Bytes that left the transcript.
    pub lost: Vec<Lost>,
    /// New ids and the older ones that stand in for them.
    pub stands_for: Vec<(String, String)>,
    /// Places whose fix was taken back, with the reason.
    refused: BTreeMap<(&'static str, String), Held>,
    /// See [`Subject::may_wait`].
    may_wait: bool,
}

impl<'a> Draft<'a> {
    /// A transcript as it lies on the disk, read anew.
    ///
    /// # Errors
    /// What reading gives.
    pub fn new(agent: &'a Agent, file: &'a TranscriptFile) -> io::Result<Self> {
        let session = session::read(&file.path, &|_| ())?;
        let context = context::of(&session);
        let text = Text::of_file(&file.path, session.bytes);
        Ok(Self {
            agent,
            file,
            text,
            session,
            context,
            fixed: Vec::new(),
            held: Vec::new(),
            lost: Vec::new(),
            stands_for: Vec::new(),
            refused: BTreeMap::new(),
            may_wait: true,
        })
    }

    /// Mends what these rules can. After every change the first rule has its turn again, so that lines are whole before
    /// links are judged, and links before turns.
    ///
    /// # Errors
    /// What reading the file gives.
    pub fn mend(&mut self, rules: &[&'static Rule]) -> io::Result<()> {
        let mut second_chance = true;
        for _ in 0..STEPS {
            self.held.clear();
            let mut changed = false;
            for rule in rules {
                changed = self.step(rule)?;
                if changed {
                    break;
                }
            }
            if changed {
                (self.may_wait, second_chance) = (true, true);
            } else if self.may_wait {
                self.may_wait = false;
            } else if std::mem::take(&mut second_chance) && !self.refused.is_empty() {
                // What was refused at first may be harmless now that all else is mended.
                self.refused.clear();
            } else {
                break;
            }
        }
        self.held.extend(self.refused.values().cloned());
        Ok(())
    }

    /// Lets one rule mend all its places. Whether anything changed.
    fn step(&mut self, rule: &'static Rule) -> io::Result<bool> {
        let Work::Transcript { detect, fix: Some(fix) } = rule.work else { return Ok(false) };
        let mut chosen: Vec<(Spot, Patch)> = Vec::new();
        let mut held = Vec::new();
        let mut subject = Subject::new(self.file, &self.session, &self.context, self.agent, &self.text);
        subject.may_wait = self.may_wait;
        let mut spots = Vec::new();
        detect(&subject, &mut spots);
        let hold = |spot: &Spot, why: &str| Held { rule, line: spot.line, why: why.to_owned() };
        let open = |spot: &Spot| spot.mendable && !self.refused.contains_key(&(rule.code, spot.identity.clone()));
        for spot in spots.into_iter().filter(open) {
            match fix(&subject, &spot) {
                Ok(Some(patch)) if patch.is_empty() => {}
                Ok(Some(patch)) => chosen.push((spot, patch)),
                Ok(None) => held.push(hold(&spot, "no way to mend it that is sure")),
                Err(error) => held.push(hold(&spot, &format!("cannot be mended: {error}"))),
            }
        }
        let meeting = patch::meeting(chosen.iter().map(|(_, patch)| patch));
        let mut places = 0usize..;
        chosen.retain(|(spot, _)| {
            let meets = places.next().is_some_and(|place| meeting.contains(&place));
            if meets {
                held.push(hold(spot, "another fix of this rule changes the same bytes; it is tried again after that one"));
            }
            !meets
        });
        self.held.extend(held);
        if chosen.is_empty() {
            return Ok(false);
        }
        self.adopt(rule, chosen)
    }

    /// Carries patches out, but for those that would make the result worse. Whether anything changed.
    fn adopt(&mut self, rule: &'static Rule, mut chosen: Vec<(Spot, Patch)>) -> io::Result<bool> {
        while !chosen.is_empty() {
            let mut reason = match self.tried(&chosen)? {
                Ok(next) => {
                    self.take(rule, &chosen, next);
                    return Ok(true);
                }
                Err(why) => why,
            };
            // The first that makes it worse together with those before it.
            let (mut good, mut bad, mut best) = (0usize, chosen.len(), None);
            while bad - good > 1 {
                let middle = good + (bad - good) / 2;
                match self.tried(chosen.get(..middle).unwrap_or_default())? {
                    Ok(next) => (good, best) = (middle, Some(next)),
                    Err(why) => (bad, reason) = (middle, why),
                }
            }
            let culprit = chosen.split_off(good);
            if let Some((spot, _)) = culprit.first() {
                let held = Held { rule, line: spot.line, why: reason };
                self.refused.insert((rule.code, spot.identity.clone()), held);
            }
            if let Some(next) = best {
                // What stands before it is harmless; the rest has its turn when all is looked at again.
                self.take(rule, &chosen, next);
                return Ok(true);
            }
            chosen = culprit.into_iter().skip(1).collect();
        }
        Ok(false)
    }

    /// What patches make of the transcript, or why that would be worse.
    fn tried(&self, chosen: &[(Spot, Patch)]) -> io::Result<Result<(Text, Session, Context), String>> {
        let mut edits: Vec<Edit> = chosen.iter().flat_map(|(_, patch)| patch.edits.iter().cloned()).collect();
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let text = match self.text.edited(&edits) {
            Ok(text) => text,
            Err(error) => return Ok(Err(format!("cannot be mended: {error}"))),
        };
        let session = index(&self.file.path, &text)?;
        let context = context::of(&session);
        // Lines that a fix rewrites say something else afterwards; that is its very point.
        // What is taken out as a whole must be there a second time, or it is gone.
        let stays = |span: Span, patch: &Patch| {
            let end = span.offset.saturating_add(span.len);
            !patch.edits.iter().any(|edit| edit.range.start <= span.offset && end <= edit.range.end)
        };
        let of_spot = |spot: &Spot, patch: &Patch| spot.span.filter(|&span| stays(span, patch)).map(|span| span.offset);
        let touched = chosen.iter().flat_map(|(spot, patch)| patch.rewritten.iter().copied().chain(of_spot(spot, patch))).collect();
        Ok(match worse((&self.session, &self.context), (&session, &context), &touched) {
            Some(why) => Err(why),
            None => Ok((text, session, context)),
        })
    }

    fn take(&mut self, rule: &'static Rule, chosen: &[(Spot, Patch)], next: (Text, Session, Context)) {
        for (spot, patch) in chosen {
            self.fixed.push(Fixed { rule, line: spot.line, message: spot.message.clone() });
            let origins = patch.lost.iter().flat_map(|range| self.text.origins(range.clone()));
            self.lost.extend(origins.map(|range| Lost { range, rule: rule.code }));
            self.stands_for.extend(patch.stands_for.iter().cloned());
        }
        (self.text, self.session, self.context) = next;
    }
}

/// Reads a text as a transcript.
fn index(path: &Path, text: &Text) -> io::Result<Session> {
    let mut reader = session::Reader::new(path);
    let bytes = read::blocks(text.whole(), read::BLOCK, &mut reader, &|_| ())?;
    let mut session = reader.finish();
    session.bytes = bytes;
    Ok(session)
}

/// Why the second state is worse than the first; none when it is not. Every message that the model sees must be seen
/// afterwards too, those aside whose lines begin at `touched`, and no entry may be gone.
fn worse(before: (&Session, &Context), after: (&Session, &Context), touched: &HashSet<u64>) -> Option<String> {
    let (was, now) = (before.1, after.1);
    let hangs = |failure: Option<Failure>| matches!(failure, Some(Failure::Circle(_)));
    // A session that is empty to the loader for want of a header is better off than one on which it never returns.
    if let Some(failure) = now.failure.filter(|_| was.failure.is_none() || (hangs(now.failure) && !hangs(was.failure))) {
        return Some(format!("it would keep the session from loading: {}", failure.reason()));
    }
    let hidden = was.messages.len().saturating_sub(now.messages.len());
    if hidden > 0 {
        return Some(format!("it would hide {hidden} messages from the model"));
    }
    let mut seen: HashMap<Said, usize> = HashMap::new();
    for at in &now.messages {
        *seen.entry(Said::of(after.0, at)).or_default() += 1;
    }
    let kept = was.messages.iter().filter(|at| !before.0.entry(at.entry).is_some_and(|entry| touched.contains(&entry.span.offset)));
    let gone = kept.filter(|at| match seen.get_mut(&Said::of(before.0, at)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    });
    match gone.count() {
        0 => {}
        gone => return Some(format!("it would show the model others in the place of {gone} messages")),
    }
    let had: HashSet<&str> = before.0.entries.iter().filter_map(|entry| before.0.names.text(entry.id)).collect();
    let has: HashSet<&str> = after.0.entries.iter().filter_map(|entry| after.0.names.text(entry.id)).collect();
    match had.difference(&has).count() {
        0 => None,
        gone => Some(format!("{gone} entries would be gone")),
    }
}

/// What tells a message that the model sees from others, whatever id it has.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Said {
    role: Role,
    time_ms: i64,
    text: u32,
    images: u16,
}

impl Said {
    fn of(session: &Session, seen: &Seen) -> Self {
        let entry = session.entry(seen.entry);
        Self {
            role: seen.role,
            time_ms: entry.map_or(0, |entry| entry.time_ms),
            text: entry.map_or(0, |entry| entry.text_len),
            images: entry.map_or(0, |entry| entry.images),
        }
    }
}
