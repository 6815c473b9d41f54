//! One transcript in, the same transcript mended out, as pieces of the file and new bytes between them.
//!
//! The rules work one after another, in the order of their codes, each on what the one before left; so fixes of several
//! rules compose, and none meets a place that another has changed under it. After each step the result is read as the
//! loader would read it: a step that would hide a message is taken back, and said so.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::patch::{self, Patch};
use super::text::Text;
use crate::context::{self, Context};
use crate::discover::TranscriptFile;
use crate::read;
use crate::rules::{Rule, Spot, Subject, Work};
use crate::scan::Agent;
use crate::session::{self, Session};
use crate::stitch::piece::Edit;

/// Rounds over all rules; what is then still to be mended waits for another run.
const ROUNDS: usize = 8;
/// Places that are tried one by one when a step as a whole would hide something.
const TRIED_ALONE: usize = 64;

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
        Ok(Self { agent, file, text, session, context, fixed: Vec::new(), held: Vec::new(), lost: Vec::new(), stands_for: Vec::new() })
    }

    /// Mends what these rules can.
    ///
    /// # Errors
    /// What reading the file gives.
    pub fn mend(&mut self, rules: &[&'static Rule]) -> io::Result<()> {
        for _ in 0..ROUNDS {
            self.held.clear();
            let mut changed = false;
            for rule in rules {
                changed |= self.step(rule)?;
            }
            if !changed {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Lets one rule mend all its places. Whether anything changed.
    fn step(&mut self, rule: &'static Rule) -> io::Result<bool> {
        let Work::Transcript { detect, fix: Some(fix) } = rule.work else { return Ok(false) };
        let mut chosen: Vec<(Spot, Patch)> = Vec::new();
        let mut held = Vec::new();
        let subject = Subject::new(self.file, &self.session, &self.context, self.agent, &self.text);
        let mut spots = Vec::new();
        detect(&subject, &mut spots);
        let hold = |spot: &Spot, why: &str| Held { rule, line: spot.line, why: why.to_owned() };
        for spot in spots.into_iter().filter(|spot| spot.mendable) {
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
        let why = match self.adopt(rule, &chosen)? {
            None => return Ok(true),
            Some(why) if chosen.len() == 1 => why,
            Some(_) => return self.one_by_one(rule),
        };
        self.held.extend(chosen.iter().map(|(spot, _)| hold(spot, &why)));
        Ok(false)
    }

    /// Mends the places of a rule each by itself, so that one which would hide something does not keep the others back.
    fn one_by_one(&mut self, rule: &'static Rule) -> io::Result<bool> {
        let Work::Transcript { detect, fix: Some(fix) } = rule.work else { return Ok(false) };
        let mut changed = false;
        let mut refused: HashSet<String> = HashSet::new();
        for _ in 0..TRIED_ALONE {
            let subject = Subject::new(self.file, &self.session, &self.context, self.agent, &self.text);
            let mut spots = Vec::new();
            detect(&subject, &mut spots);
            let next = spots.into_iter().filter(|spot| spot.mendable && !refused.contains(&spot.identity)).find_map(|spot| {
                let patch = fix(&subject, &spot).ok().flatten().filter(|patch| !patch.is_empty())?;
                Some((spot, patch))
            });
            let Some((spot, patch)) = next else { break };
            let (line, identity) = (spot.line, spot.identity.clone());
            match self.adopt(rule, &[(spot, patch)])? {
                None => changed = true,
                Some(why) => {
                    self.held.push(Held { rule, line, why });
                    refused.insert(identity);
                }
            }
        }
        Ok(changed)
    }

    /// Carries patches out, unless the result would be worse; then why.
    fn adopt(&mut self, rule: &'static Rule, chosen: &[(Spot, Patch)]) -> io::Result<Option<String>> {
        let mut edits: Vec<Edit> = chosen.iter().flat_map(|(_, patch)| patch.edits.iter().cloned()).collect();
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let text = match self.text.edited(&edits) {
            Ok(text) => text,
            Err(error) => return Ok(Some(format!("cannot be mended: {error}"))),
        };
        let session = index(&self.file.path, &text)?;
        let context = context::of(&session);
        if let Some(why) = worse((&self.session, &self.context), (&session, &context)) {
            return Ok(Some(why));
        }
        for (spot, patch) in chosen {
            self.fixed.push(Fixed { rule, line: spot.line, message: spot.message.clone() });
            let origins = patch.lost.iter().flat_map(|range| self.text.origins(range.clone()));
            self.lost.extend(origins.map(|range| Lost { range, rule: rule.code }));
            self.stands_for.extend(patch.stands_for.iter().cloned());
        }
        (self.text, self.session, self.context) = (text, session, context);
        Ok(None)
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

/// Why the second state is worse than the first; none when it is not.
fn worse(before: (&Session, &Context), after: (&Session, &Context)) -> Option<String> {
    let (was, now) = (before.1, after.1);
    if let (None, Some(failure)) = (was.failure, now.failure) {
        return Some(format!("it would keep the session from loading: {}", failure.reason()));
    }
    let hidden = was.messages.len().saturating_sub(now.messages.len());
    if hidden > 0 {
        return Some(format!("it would hide {hidden} messages from the model"));
    }
    let had: HashSet<&str> = before.0.entries.iter().filter_map(|entry| before.0.names.text(entry.id)).collect();
    let has: HashSet<&str> = after.0.entries.iter().filter_map(|entry| after.0.names.text(entry.id)).collect();
    match had.difference(&has).count() {
        0 => None,
        gone => Some(format!("{gone} entries would be gone")),
    }
}
