//! A scan and its findings in, what a bug report may say of them out: counts and shapes.
//!
//! Nothing in it comes from a file as text. Every word is one of ours (a kind, a state, a code), every value a number: no id,
//! key, name, path or message can get in, because none is ever copied.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::json::word;
use crate::discover::{ProblemKind, RootKind};
use crate::line::token::Flaw;
use crate::line::{FaultKind, Kind};
use crate::rules::Finding;
use crate::scan::{Agent, AsideReason, Scan};
use crate::session::{ImageSource, Loads, Session};
use crate::store::StoreHealth;

/// How often each word holds.
type Tally = BTreeMap<&'static str, u64>;

/// What is not in the scan.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Build {
    /// Of clawfix.
    pub clawfix: &'static str,
    /// The compiler it was built with.
    pub rustc: &'static str,
    /// The target it was built for.
    pub target: &'static str,
    /// The operating system it runs on.
    pub os: &'static str,
    /// Its architecture.
    pub arch: &'static str,
    /// Threads that the machine can run at once.
    pub threads: usize,
}

/// How long it took, in ms.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Timings {
    /// Finding, reading and judging.
    pub scan_ms: u64,
    /// The rules.
    pub rules_ms: u64,
}

/// The report. Its fields are no contract: they follow what is worth knowing of a bug.
#[derive(Debug, Default, Serialize)]
pub struct Debug {
    /// Versions.
    pub build: Build,
    /// Timings.
    pub timings: Timings,
    /// Which of the known places are there, and which variables are set.
    pub places: Tally,
    /// Keys that `clawfix.toml` sets; never what to.
    pub settings: Tally,
    roots: Tally,
    problems: Tally,
    agents: u64,
    bytes: u64,
    transcripts: Transcripts,
    stores: Stores,
    /// What the gateway's configs say, by key.
    gateway_configs: Tally,
    conversations: Conversations,
    findings: Findings,
}

#[derive(Debug, Default, Serialize)]
struct Transcripts {
    by_state: Tally,
    by_bytes: Tally,
    by_version: Tally,
    loads: Tally,
    aside: Tally,
    machine: Tally,
    changed_while_read: u64,
    with_internal_fields: u64,
    unterminated: u64,
    stitched_before: u64,
    lines: u64,
    lines_by_kind: Tally,
    messages_by_role: Tally,
    faults: Tally,
    left_out: u64,
    user_turns: u64,
    tool_calls: u64,
    tool_results: u64,
    images: Tally,
    background_commands: u64,
    entries_by_file: Tally,
}

#[derive(Debug, Default, Serialize)]
struct Stores {
    health: Tally,
    keys_by_kind: Tally,
    backups: u64,
    trajectories: u64,
}

#[derive(Debug, Default, Serialize)]
struct Conversations {
    by_segments: Tally,
    seams_by_kind: Tally,
    seams_by_cause: BTreeMap<String, u64>,
    seams_by_level: Tally,
    seams_by_evidence: Tally,
    ties: u64,
    splits_left_out: u64,
}

#[derive(Debug, Default, Serialize)]
struct Findings {
    by_rule: Tally,
    by_severity: Tally,
}

impl Debug {
    /// Counts everything.
    pub fn of(scan: &Scan, findings: &[Finding], build: Build, timings: Timings, places: Tally, settings: Tally) -> Self {
        let mut report = Debug { build, timings, places, settings, bytes: scan.bytes, ..Debug::default() };
        for root in &scan.roots {
            one(&mut report.roots, root_kind(root.kind));
        }
        for problem in &scan.problems {
            one(&mut report.problems, problem_kind(problem.kind));
        }
        for agent in &scan.agents {
            report.agent(agent);
        }
        for finding in findings {
            one(&mut report.findings.by_rule, finding.rule.code);
            one(&mut report.findings.by_severity, finding.severity.name());
        }
        report
    }

    fn agent(&mut self, agent: &Agent) {
        self.agents += 1;
        for segment in &agent.segments {
            self.transcripts.file(segment.file.name.state.name(), segment.file.len);
            self.transcripts.session(&segment.session);
            if let Some(machine) = segment.machine {
                one(&mut self.transcripts.machine, machine.name());
            }
        }
        for aside in &agent.aside {
            self.transcripts.file(aside.file.name.state.name(), aside.file.len);
            one(&mut self.transcripts.aside, aside_reason(&aside.why));
            if let Some(session) = &aside.session {
                self.transcripts.session(session);
            }
        }
        one(&mut self.stores.health, agent.store.as_ref().map_or("none", |store| health(&store.health)));
        for entry in agent.store.iter().flat_map(|store| &store.entries) {
            one(&mut self.stores.keys_by_kind, entry.key.kind.name());
        }
        self.stores.backups += agent.dir.store_backups.len() as u64;
        self.stores.trajectories += agent.dir.trajectories.len() as u64;
        let policy = &agent.policy;
        for (says, what) in [
            (policy.source.is_some(), "read"),
            (policy.source.is_none(), "none"),
            (policy.explicit, "says when sessions are reset"),
            (policy.daily_at_hour.is_some(), "daily reset of direct chats"),
            (policy.idle_minutes.is_some(), "idle reset of direct chats"),
            (policy.heartbeat_prompt.is_some(), "heartbeat prompt"),
        ] {
            self.gateway_configs.entry(what).and_modify(|count| *count += u64::from(says)).or_insert(u64::from(says));
        }
        self.conversations.agent(agent);
    }

    /// Writes it for people: what is zero is left out.
    ///
    /// # Errors
    /// What writing gives.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Value::Object(map) = serde_json::to_value(self)? else { return Ok(()) };
        for (name, value) in map {
            write_value(&name, &value, 0, out)?;
        }
        Ok(())
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// What writing gives.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}

impl Transcripts {
    fn file(&mut self, state: &'static str, len: u64) {
        one(&mut self.by_state, state);
        one(&mut self.by_bytes, size(len));
    }

    fn session(&mut self, session: &Session) {
        // Any number may stand there, even a telephone number.
        let version = match session.header.as_ref().map(|header| header.version) {
            None => "no header",
            Some(None) => "none",
            Some(Some(1)) => "1",
            Some(Some(2)) => "2",
            Some(Some(3)) => "3",
            Some(Some(_)) => "another",
        };
        one(&mut self.by_version, version);
        one(
            &mut self.loads,
            match session.loads {
                Loads::Yes => "yes",
                Loads::Empty => "as empty",
                Loads::Fails(_) => "fails",
            },
        );
        self.changed_while_read += u64::from(session.change.is_some());
        self.with_internal_fields += u64::from(session.has_internal_fields);
        self.unterminated += u64::from(session.unterminated);
        self.stitched_before += u64::from(session.seams > 0);
        self.lines += session.lines;
        one(&mut self.entries_by_file, tens(session.entries.len()));
        for entry in &session.entries {
            one(&mut self.lines_by_kind, kind(entry.kind));
            if let Some(role) = entry.role {
                one(&mut self.messages_by_role, role.name());
            }
        }
        *self.lines_by_kind.entry("session").or_default() += session.headers.len() as u64;
        for found in &session.faults {
            one(&mut self.faults, fault(found.kind));
        }
        self.left_out += session.left_out;
        self.user_turns += session.turns.len() as u64;
        self.tool_calls += session.calls.len() as u64;
        self.tool_results += session.results.len() as u64;
        self.background_commands += session.runs.len() as u64;
        for image in &session.images {
            let source = match &image.source {
                ImageSource::Inline { .. } => "inline",
                ImageSource::Remote => "remote",
                ImageSource::Reference { path: Some(_), .. } => "by path",
                ImageSource::Reference { path: None, .. } => "without path",
            };
            one(&mut self.images, source);
        }
    }
}

impl Conversations {
    fn agent(&mut self, agent: &Agent) {
        self.ties += agent.ties.len() as u64;
        self.splits_left_out += agent.splits_left_out;
        for conversation in &agent.conversations {
            one(&mut self.by_segments, tens(conversation.segments.len()));
            for seam in &conversation.seams {
                let verdict = &seam.verdict;
                one(&mut self.seams_by_kind, seam_kind(verdict.kind));
                *self.seams_by_cause.entry(word(&verdict.cause)).or_default() += 1;
                one(&mut self.seams_by_level, verdict.level.name());
                for evidence in &verdict.evidence {
                    one(&mut self.seams_by_evidence, evidence.item.code);
                }
            }
        }
    }
}

fn one(tally: &mut Tally, word: &'static str) {
    *tally.entry(word).or_default() += 1;
}

fn write_value(name: &str, value: &Value, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) if map.values().all(|value| !is_something(value)) => Ok(()),
        Value::Object(map) => {
            writeln!(out, "{indent}{name}:")?;
            map.iter().try_for_each(|(name, value)| write_value(name, value, depth + 1, out))
        }
        value if !is_something(value) => Ok(()),
        Value::String(text) => writeln!(out, "{indent}{name}: {text}"),
        value => writeln!(out, "{indent}{name}: {value}"),
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(is_something),
        Value::Number(number) => number.as_u64() != Some(0),
        _ => true,
    }
}

/// A length in bytes by its power of ten.
fn size(len: u64) -> &'static str {
    match len {
        0 => "0",
        1..1_000 => "below 1e3",
        1_000..10_000 => "below 1e4",
        10_000..100_000 => "below 1e5",
        100_000..1_000_000 => "below 1e6",
        1_000_000..10_000_000 => "below 1e7",
        10_000_000..100_000_000 => "below 1e8",
        100_000_000..1_000_000_000 => "below 1e9",
        _ => "from 1e9 on",
    }
}

/// A number as its power of ten, so that no count tells one folder from another.
fn tens(count: usize) -> &'static str {
    match count {
        0 => "0",
        1 => "1",
        2..10 => "2 to 9",
        10..100 => "10 to 99",
        100..1_000 => "100 to 999",
        1_000..10_000 => "1000 to 9999",
        _ => "10000 and more",
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "session",
        Kind::Message => "message",
        Kind::ModelChange => "model_change",
        Kind::ThinkingLevelChange => "thinking_level_change",
        Kind::Compaction => "compaction",
        Kind::BranchSummary => "branch_summary",
        Kind::Custom => "custom",
        Kind::CustomMessage => "custom_message",
        Kind::Label => "label",
        Kind::SessionInfo => "session_info",
        Kind::Leaf => "leaf",
        Kind::Reset => "reset",
        Kind::Unknown => "of unknown type",
        Kind::NotAnObject => "no object",
        Kind::Scalar => "bare value",
        Kind::Null => "null",
    }
}

fn fault(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Torn => "torn",
        FaultKind::NotJson(Flaw::Unexpected(_)) => "unexpected byte",
        FaultKind::NotJson(Flaw::Control(_)) => "control byte",
        FaultKind::NotJson(Flaw::Malformed) => "malformed number or escape",
        FaultKind::NotJson(Flaw::TooDeep) => "too deep",
        FaultKind::NotJson(Flaw::Trailing) | FaultKind::Trailing => "trailing data",
        FaultKind::NotJson(Flaw::Cut) => "cut",
        FaultKind::Nul => "nul bytes",
        FaultKind::InvalidUtf8 => "invalid utf-8",
    }
}

fn health(health: &StoreHealth) -> &'static str {
    match health {
        StoreHealth::Good => "good",
        StoreHealth::Json5 => "json5",
        StoreHealth::Empty => "empty",
        StoreHealth::Torn { .. } => "torn",
        StoreHealth::NotAnObject => "no object",
        StoreHealth::TooLarge { .. } => "too large",
        StoreHealth::TooMany { .. } => "too many keys",
        StoreHealth::Missing => "missing",
        StoreHealth::Unreadable { .. } => "unreadable",
    }
}

fn seam_kind(kind: crate::split::SeamKind) -> &'static str {
    use crate::split::SeamKind;
    match kind {
        SeamKind::Split => "split",
        SeamKind::Rollover => "rollover",
        SeamKind::Reset => "reset",
        SeamKind::Fork => "fork",
    }
}

fn aside_reason(why: &AsideReason) -> &'static str {
    match why {
        AsideReason::Copy => "copy",
        AsideReason::Empty => "empty",
        AsideReason::Unknown => "unknown",
        AsideReason::Timeless => "timeless",
        AsideReason::Unreadable(_) => "unreadable",
    }
}

fn root_kind(kind: RootKind) -> &'static str {
    match kind {
        RootKind::StateDir => "state directory",
        RootKind::AgentDir => "agent folder",
        RootKind::SessionsDir => "sessions folder",
        RootKind::Transcript => "transcript",
        RootKind::Folder => "folder",
    }
}

fn problem_kind(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::NotFound => "not found",
        ProblemKind::Permission => "permission",
        ProblemKind::NotARegularFile => "no regular file",
        ProblemKind::LinkOutside => "link outside",
        ProblemKind::LinkLoop => "link loop",
        ProblemKind::Io => "io",
    }
}
