//! The JSON report: the contract that scripts rely on. Fields are added, never renamed; `schema/scan.schema.json` says what they are.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{Outcome, Report, Summary};
use crate::read::Span;
use crate::rules::{Finding, Fixable};
use crate::scan::{Agent, ImageCount};
use crate::split::evidence::Question;
use crate::split::segment::{Chat, KeySource, Machine, Segment};
use crate::split::{Apart, Cause, Conversation, Evidence, Level, Seam, SeamKind, Side};
use crate::time::iso;

/// Version of the contract; grows when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// The format `json`.
#[derive(Debug)]
pub struct Json;

impl Report for Json {
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
        print(&document(outcome), out)
    }
}

/// Writes a document as JSON that leaves a terminal as it is.
///
/// # Errors
/// What writing gives.
pub fn print(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    out.write_all(super::safe::json(&text).as_bytes())?;
    out.write_all(b"\n")
}

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Document {
    /// See [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of the program.
    pub clawfix: &'static str,
    /// The roots as they were given or found.
    pub roots: Vec<String>,
    /// Numbers over the whole scan.
    pub summary: Summary,
    /// Every conversation that the view covers.
    pub conversations: Vec<ConversationOut>,
    /// Sessions of machines, which are in no conversation.
    pub machine_sessions: Vec<MachineOut>,
    /// The findings, the worst first.
    pub findings: Vec<FindingOut>,
}

/// A conversation.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct ConversationOut {
    pub id: String,
    pub agent: String,
    pub key: Option<String>,
    pub key_source: Option<KeySource>,
    pub chats: Vec<ChatOut>,
    pub segments: Vec<SegmentOut>,
    pub seams: Vec<SeamOut>,
    pub apart: Vec<ApartOut>,
}

/// A transcript that the conversation's first segment does not continue.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct ApartOut {
    pub from: String,
    pub evidence: Vec<EvidenceOut>,
}

/// A machine's session.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct MachineOut {
    pub agent: String,
    pub machine: Machine,
    pub key: Option<String>,
    pub segment: SegmentOut,
}

/// A chat.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct ChatOut {
    pub channel: Option<String>,
    pub id: String,
    pub group: bool,
    pub thread: Option<String>,
}

/// A segment.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct SegmentOut {
    pub path: String,
    pub session_id: String,
    pub state: &'static str,
    pub machine: Option<Machine>,
    pub first: Option<String>,
    pub last: Option<String>,
    pub entries: u64,
    pub human_turns: u64,
    pub images: ImageCount,
    pub context: ContextOut,
}

/// What the model sees of a segment alone.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct ContextOut {
    pub messages: u64,
    pub images: u64,
    pub failure: Option<String>,
}

/// A seam.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct SeamOut {
    pub from: String,
    pub to: String,
    pub kind: SeamKind,
    pub cause: Cause,
    pub level: Level,
    pub score: f64,
    pub at: String,
    pub gap_ms: i64,
    pub evidence: Vec<EvidenceOut>,
    pub lost: Lost,
}

/// An item of evidence.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct EvidenceOut {
    pub code: &'static str,
    pub name: &'static str,
    pub question: Question,
    pub weight: f64,
    pub message: String,
    pub path: String,
    pub line: Option<u64>,
}

/// What the newer side of a seam does not see of the older.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct Lost {
    pub turns: u64,
    pub images: u64,
}

/// A finding.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "documented in the schema")]
pub struct FindingOut {
    pub rule: &'static str,
    pub name: &'static str,
    pub severity: crate::rules::Severity,
    pub path: String,
    pub line: Option<u64>,
    pub span: Option<Span>,
    pub message: String,
    pub help: String,
    pub fixable: Fixable,
    pub fingerprint: String,
    pub conversation: Option<String>,
}

/// Puts the report together.
pub fn document(outcome: &Outcome<'_>) -> Document {
    let agents = outcome.scan.agents.iter();
    let conversations = agents.flat_map(|agent| agent.conversations.iter().map(move |c| (agent, c)));
    Document {
        schema_version: SCHEMA_VERSION,
        clawfix: env!("CARGO_PKG_VERSION"),
        roots: roots(outcome),
        summary: outcome.summary(),
        conversations: conversations
            .filter(|(agent, c)| outcome.touches(agent, c))
            .map(|(agent, c)| conversation(outcome, agent, c))
            .collect(),
        machine_sessions: outcome.scan.agents.iter().flat_map(machine_sessions).collect(),
        findings: outcome.findings.iter().map(finding).collect(),
    }
}

/// The roots of the report.
pub(super) fn roots(outcome: &Outcome<'_>) -> Vec<String> {
    outcome.scan.roots.iter().map(|root| root.path.to_string_lossy().into_owned()).collect()
}

/// One conversation of the report.
pub fn conversation(outcome: &Outcome<'_>, agent: &Agent, held: &Conversation) -> ConversationOut {
    let segments: Vec<&Segment> = held.segments.iter().filter_map(|&at| agent.segments.get(at)).collect();
    // The live key is the one that a person knows the conversation by.
    let lane = segments.iter().rev().filter_map(|segment| segment.lane.as_ref()).min_by_key(|lane| lane.source as u8);
    let mut chats: Vec<&Chat> = segments.iter().flat_map(|segment| &segment.chats).collect();
    chats.sort();
    chats.dedup();
    ConversationOut {
        id: agent.conversation_id(held),
        agent: agent.dir.agent.clone(),
        key: lane.map(|lane| lane.key.raw.clone()),
        key_source: lane.map(|lane| lane.source),
        chats: chats.into_iter().map(chat).collect(),
        segments: held.segments.iter().filter_map(|&at| segment(agent, at)).collect(),
        seams: held.seams.iter().filter_map(|held| seam(outcome, agent, held)).collect(),
        apart: agent.apart.iter().filter(|pair| held.segments.first() == Some(&pair.newer)).filter_map(|pair| apart(agent, pair)).collect(),
    }
}

fn apart(agent: &Agent, pair: &Apart) -> Option<ApartOut> {
    let (older, newer) = (agent.segments.get(pair.older)?, agent.segments.get(pair.newer)?);
    Some(ApartOut { from: path_text(older), evidence: pair.evidence.iter().map(|evidence| item(evidence, older, newer)).collect() })
}

/// The machines' sessions of an agent.
pub(super) fn machine_sessions(agent: &Agent) -> impl Iterator<Item = MachineOut> + '_ {
    agent.segments.iter().enumerate().filter_map(move |(at, held)| {
        let key = held.lane.as_ref().map(|lane| lane.key.raw.clone());
        Some(MachineOut { agent: agent.dir.agent.clone(), machine: held.machine?, key, segment: segment(agent, at)? })
    })
}

fn chat(chat: &Chat) -> ChatOut {
    ChatOut { channel: chat.channel.clone(), id: chat.id.clone(), group: chat.group, thread: chat.thread.clone() }
}

fn path_text(segment: &Segment) -> String {
    segment.file.path.to_string_lossy().into_owned()
}

fn segment(agent: &Agent, at: usize) -> Option<SegmentOut> {
    let segment = agent.segments.get(at)?;
    Some(SegmentOut {
        path: path_text(segment),
        session_id: segment.id.clone(),
        state: segment.standing.name(),
        machine: segment.machine,
        first: segment.session.first_ms().map(iso),
        last: segment.session.last_ms().map(iso),
        entries: segment.session.entries.len() as u64,
        human_turns: segment.human_count() as u64,
        images: agent.images.get(at).copied().unwrap_or_default(),
        context: ContextOut {
            messages: segment.context.messages.len() as u64,
            images: u64::from(segment.context.images),
            failure: segment.context.failure.map(|failure| failure.reason()),
        },
    })
}

fn seam(outcome: &Outcome<'_>, agent: &Agent, held: &Seam) -> Option<SeamOut> {
    let (older, newer) = (agent.segments.get(held.older)?, agent.segments.get(held.newer)?);
    if !outcome.shows(agent, held) {
        return None;
    }
    let verdict = &held.verdict;
    Some(SeamOut {
        from: path_text(older),
        to: path_text(newer),
        kind: verdict.kind,
        cause: verdict.cause,
        level: verdict.level,
        score: (verdict.score * 1000.0).round() / 1000.0,
        at: iso(newer.start_ms),
        gap_ms: held.gap_ms,
        evidence: verdict.evidence.iter().map(|evidence| item(evidence, older, newer)).collect(),
        lost: Lost { turns: older.human_count() as u64, images: agent.images.get(held.older).map_or(0, |images| images.shown()) },
    })
}

fn item(evidence: &Evidence, older: &Segment, newer: &Segment) -> EvidenceOut {
    let negative = matches!(evidence.item.question, Question::Innocent | Question::Veto);
    EvidenceOut {
        code: evidence.item.code,
        name: evidence.item.name,
        question: evidence.item.question,
        weight: if negative { -evidence.weight } else { evidence.weight },
        message: evidence.message.clone(),
        path: path_text(if evidence.side == Side::Older { older } else { newer }),
        line: evidence.line,
    }
}

/// One finding of the report.
pub(super) fn finding(finding: &Finding) -> FindingOut {
    FindingOut {
        rule: finding.rule.code,
        name: finding.rule.name,
        severity: finding.severity,
        path: finding.path.to_string_lossy().into_owned(),
        line: finding.line,
        span: finding.span,
        message: finding.message.clone(),
        help: finding.help.clone(),
        fixable: finding.fixable,
        fingerprint: finding.fingerprint.clone(),
        conversation: finding.conversation.clone(),
    }
}

/// The word of a serde name, for reports that are no JSON.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        other => other.map(|value| value.to_string()).unwrap_or_default(),
    }
}

/// Numbers by name, for the line of counts.
pub fn listed(counts: &BTreeMap<&'static str, u64>) -> String {
    counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
