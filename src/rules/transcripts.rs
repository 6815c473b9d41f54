//! Runs the rules about single transcripts over all transcripts of a scan, and makes findings of what they see.

use std::borrow::Cow;

use rayon::prelude::*;

use super::{Finding, Fixable, Rule, Spot, Subject, Work};
use crate::context::{self, Context};
use crate::discover::TranscriptFile;
use crate::name::FileState;
use crate::repair::{self, text::Text};
use crate::report::command;
use crate::scan::{Agent, AsideReason, Scan};
use crate::session::Session;

/// Findings shown of one rule and transcript; what is beyond is counted in the last of them.
const SHOWN: usize = 20;

/// A transcript that the rules look at.
#[derive(Debug, Clone)]
pub(crate) struct Transcript<'a> {
    /// The folder it lies in.
    pub(crate) agent: &'a Agent,
    /// The file.
    pub(crate) file: &'a TranscriptFile,
    /// Its index.
    pub(crate) session: &'a Session,
    context: Cow<'a, Context>,
}

impl Transcript<'_> {
    /// Lets somebody look at it as it lies on the disk.
    fn look<T>(&self, look: impl FnOnce(&Subject<'_>) -> T) -> T {
        let text = Text::of_file(&self.file.path, self.session.bytes);
        look(&Subject::new(self.file, self.session, &self.context, self.agent, &text))
    }

    /// Whether one of these rules sees a place in it that its fix can mend.
    pub(crate) fn needs_mending(&self, rules: &[&'static Rule]) -> bool {
        self.look(|subject| {
            rules.iter().any(|rule| {
                let Work::Transcript { detect, fix: Some(_) } = rule.work else { return false };
                let mut spots = Vec::new();
                detect(subject, &mut spots);
                spots.iter().any(|spot| spot.mendable)
            })
        })
    }
}

/// The transcripts of an agent that the rules look at. Copies and compressed archives are not: the better state of the
/// same session is there, or the bytes cannot be pointed at.
pub(crate) fn transcripts(agent: &Agent) -> impl Iterator<Item = Transcript<'_>> {
    let segments = agent.segments.iter().map(|segment| (&segment.file, &segment.session, Cow::Borrowed(&segment.context)));
    let aside = agent.aside.iter().filter(|aside| matches!(aside.why, AsideReason::Timeless | AsideReason::Empty | AsideReason::Unknown));
    let aside = aside.filter_map(|aside| {
        let session = aside.session.as_ref()?;
        Some((&aside.file, session, Cow::Owned(context::of(session))))
    });
    let all = segments.chain(aside).map(|(file, session, context)| Transcript { agent, file, session, context });
    all.filter(|transcript| matches!(transcript.file.name.state, FileState::Live | FileState::Reset | FileState::Deleted))
}

pub(super) fn detect(scan: &Scan, rules: &[&'static Rule]) -> Vec<Finding> {
    let all: Vec<Transcript<'_>> = scan.agents.iter().flat_map(transcripts).collect();
    let findings = |subject: &Subject<'_>| {
        let mut findings = Vec::new();
        for rule in rules {
            let Work::Transcript { detect, .. } = rule.work else { continue };
            let mut spots = Vec::new();
            detect(subject, &mut spots);
            let beyond = spots.len().saturating_sub(SHOWN);
            for (at, spot) in spots.into_iter().take(SHOWN).enumerate() {
                let rest = if at + 1 == SHOWN { beyond } else { 0 };
                findings.push(finding(rule, scan, subject, spot, rest));
            }
        }
        findings
    };
    all.par_iter().flat_map_iter(|transcript| transcript.look(findings)).collect()
}

fn finding(rule: &'static Rule, scan: &Scan, subject: &Subject<'_>, spot: Spot, rest: usize) -> Finding {
    let (mut message, mut identity) = (spot.message, spot.identity);
    if rest > 0 {
        message = format!("{message}; and {rest} more such places in this file");
        // One more of them is new damage, which a baseline must not take for what it knows.
        identity = format!("{identity}\0{rest} more");
    }
    let held = repair::held_back(subject.session).filter(|_| spot.mendable && rule.fixable != Fixable::None);
    let fixable = if spot.mendable && held.is_none() { rule.fixable } else { Fixable::None };
    let held = held.map(|why| format!("not mended: {why}"));
    let help = spot.help.or(held).unwrap_or_else(|| command::repair(scan, subject.agent, &subject.file.path, rule.code, fixable));
    let mut finding = Finding::new(rule, &subject.file.path, &[&subject.file.name.session_id, &identity], message, help);
    finding.severity = spot.severity.unwrap_or(rule.severity);
    finding.fixable = fixable;
    finding.line = spot.line;
    finding.span = spot.span;
    finding.at_ms = spot.at_ms;
    finding
}
