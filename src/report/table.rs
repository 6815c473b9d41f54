//! The report for people: what was cut, when, why, how sure, what each half holds, and the command that mends it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use comfy_table::{Cell, Color, ContentArrangement, Table as Grid, presets};

use super::show::lines::wrap;
use super::{Outcome, Report, command, json, safe};
use crate::rules::{Finding, Severity};
use crate::scan::{Agent, ImageCount};
use crate::split::evidence::Question;
use crate::split::segment::Segment;
use crate::split::{Conversation, Evidence, Level, Seam, SeamKind, Side};
use crate::time::{minute, span};

/// Widest table, in columns.
pub(super) const WIDEST: u16 = 100;
/// Narrowest table that is still tried.
pub(super) const NARROWEST: u16 = 60;
/// Findings of one rule that are listed before the rest is counted, unless `-v` asks for all.
const LISTED: usize = 8;

/// The format `table`.
#[derive(Debug)]
pub struct Table;

impl Report for Table {
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
        let paint = Paint(outcome.view.color);
        let mut shown = 0usize;
        // Newest damage first, among the agents too.
        let newest = |agent: &&Agent| {
            let seams = agent.conversations.iter().flat_map(|conversation| &conversation.seams);
            let torn = seams.filter(|seam| seam.verdict.kind == SeamKind::Split && outcome.shows(agent, seam));
            std::cmp::Reverse(torn.filter_map(|seam| agent.segments.get(seam.newer)).map(|segment| segment.start_ms).max())
        };
        let mut agents: Vec<&Agent> = outcome.scan.agents.iter().collect();
        agents.sort_by_key(newest);
        for agent in agents {
            shown += agent_section(outcome, agent, shown > 0, paint, out)?;
        }
        if shown == 0 {
            verdict(outcome, paint, out)?;
        }
        other_findings(outcome, paint, out)?;
        counts(outcome, out)?;
        unreadable(outcome, paint, out)
    }
}

/// Colours, where they are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    pub(super) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }
    pub(super) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }
    pub(super) fn severity(self, severity: Severity, text: &str) -> String {
        self.wrap(
            match severity {
                Severity::Error => "31",
                Severity::Warning => "33",
                Severity::Info => "36",
            },
            text,
        )
    }
    pub(super) fn wrap(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The seams of one agent, newest first; gives how many were shown.
fn agent_section(outcome: &Outcome<'_>, agent: &Agent, follows: bool, paint: Paint, out: &mut dyn Write) -> io::Result<usize> {
    let mut shown: Vec<(&Conversation, &Seam)> =
        agent.conversations.iter().flat_map(|c| c.seams.iter().map(move |seam| (c, seam))).collect();
    let start = |seam: &Seam| agent.segments.get(seam.newer).map(|segment| segment.start_ms);
    shown.retain(|(_, seam)| outcome.lists(agent, seam));
    if shown.is_empty() {
        return Ok(0);
    }
    let mut by_conversation: BTreeMap<usize, Vec<&Seam>> = BTreeMap::new();
    for (conversation, seam) in &shown {
        by_conversation.entry(conversation.segments.first().copied().unwrap_or_default()).or_default().push(seam);
    }
    let mut conversations: Vec<&Conversation> =
        agent.conversations.iter().filter(|c| c.segments.first().is_some_and(|first| by_conversation.contains_key(first))).collect();
    conversations.sort_by_key(|c| std::cmp::Reverse(c.seams.iter().filter_map(start).max()));
    if follows {
        writeln!(out)?;
    }
    let name = safe::line(&agent.dir.agent);
    writeln!(out, "{}  {}", paint.bold(&format!("agent {name}")), paint.dim(&safe::line(&agent.dir.dir.to_string_lossy())))?;
    for conversation in conversations {
        let first = conversation.segments.first().copied().unwrap_or_default();
        let mut seams = by_conversation.remove(&first).unwrap_or_default();
        seams.sort_by_key(|seam| std::cmp::Reverse(start(seam)));
        write_conversation(outcome, agent, conversation, &seams, paint, out)?;
    }
    Ok(shown.len())
}

fn write_conversation(
    outcome: &Outcome<'_>,
    agent: &Agent,
    conversation: &Conversation,
    seams: &[&Seam],
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let id = agent.conversation_id(conversation);
    let facts = json::conversation(outcome, agent, conversation);
    let chats: Vec<String> = facts.chats.iter().map(|chat| safe::short(&safe::line(&chat.id), 32)).take(3).collect();
    let chat = if chats.is_empty() { String::new() } else { format!("chat {}, ", chats.join(", ")) };
    let inferred = facts.key_source.map_or(String::new(), |source| match json::word(&source).as_str() {
        "store" => String::new(),
        other => format!(" ({other})"),
    });
    let key = facts.key.as_deref().map_or_else(|| "no key known".to_owned(), |key| safe::short(&safe::line(key), 56));
    writeln!(out, "\n{}  {chat}key {key}{inferred}", paint.bold(&id))?;
    for seam in seams {
        write_seam(outcome, agent, seam, paint, out)?;
    }
    if outcome.view.verbose {
        for pair in agent.apart.iter().filter(|pair| pair.newer == first_of(conversation)) {
            let (Some(older), Some(newer)) = (agent.segments.get(pair.older), agent.segments.get(pair.newer)) else { continue };
            writeln!(out, "  apart from {}, which fell silent shortly before:", file_of(&older.file.path))?;
            write_evidence(outcome, &pair.evidence, older, newer, paint, out)?;
        }
    }
    let split = seams.iter().filter(|seam| seam.verdict.kind == SeamKind::Split);
    if let Some(level) = split.map(|seam| seam.verdict.level).min() {
        writeln!(out, "  mend: {}", paint.bold(&command::merge(outcome.scan, agent, &id, level)))?;
    }
    Ok(())
}

fn write_seam(outcome: &Outcome<'_>, agent: &Agent, seam: &Seam, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let (Some(older), Some(newer)) = (agent.segments.get(seam.older), agent.segments.get(seam.newer)) else { return Ok(()) };
    let verdict = &seam.verdict;
    let severity = match (verdict.kind, verdict.level) {
        (SeamKind::Split, Level::Certain) => Severity::Error,
        (SeamKind::Split, _) => Severity::Warning,
        _ => Severity::Info,
    };
    let what = match verdict.kind {
        SeamKind::Split => format!("torn by {}", verdict.cause.words()),
        kind => format!("{}: {}", json::word(&kind), verdict.cause.words()),
    };
    let gap = if seam.gap_ms < 0 { format!("overlap {}", span(-seam.gap_ms)) } else { format!("gap {}", span(seam.gap_ms)) };
    let head = format!("{} ({}, score {:.2})", what, verdict.level.name(), verdict.score);
    writeln!(out, "  {}  {} UTC, {gap}", paint.severity(severity, &head), minute(newer.start_ms))?;
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    grid.set_width(outcome.view.width.clamp(NARROWEST, WIDEST).saturating_sub(2));
    grid.set_header(["half", "session", "state", "from – to (UTC)", "turns", "images"]);
    for (half, at, segment) in [("older", seam.older, older), ("newer", seam.newer, newer)] {
        let images = agent.images.get(at).copied().unwrap_or_default();
        let cells = [
            half.to_owned(),
            session_name(segment),
            segment.standing.name().to_owned(),
            period(segment),
            segment.human_count().to_string(),
            images_text(images),
        ];
        grid.add_row(cells.map(|text| if half == "older" && paint.0 { Cell::new(text).fg(Color::Yellow) } else { Cell::new(text) }));
    }
    for line in grid.lines() {
        writeln!(out, "  {}", line.trim_end())?;
    }
    if verdict.kind == SeamKind::Split {
        let images = agent.images.get(seam.older).copied().unwrap_or_default();
        writeln!(
            out,
            "  out of the assistant's sight: {} and {}{}",
            many(older.human_count() as u64, "user turn"),
            many(images.shown(), "image"),
            missing(images)
        )?;
    }
    if outcome.view.verbose {
        write_evidence(outcome, &verdict.evidence, older, newer, paint, out)?;
    }
    Ok(())
}

fn first_of(conversation: &Conversation) -> usize {
    conversation.segments.first().copied().unwrap_or(usize::MAX)
}

/// The evidence, one item a line with its file and line; longer ones go on below.
fn write_evidence(
    outcome: &Outcome<'_>,
    evidence: &[Evidence],
    older: &Segment,
    newer: &Segment,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    for item in evidence {
        let at = if item.side == Side::Older { older } else { newer };
        let place = item.line.map_or_else(|| file_of(&at.file.path), |line| format!("{}:{line}", file_of(&at.file.path)));
        let sign = if matches!(item.item.question, Question::Innocent) { '-' } else { '+' };
        let lead = format!("    {} {sign}{:.1}  ", item.item.code, item.weight);
        let indent = lead.chars().count();
        let width = usize::from(outcome.view.width.clamp(NARROWEST, WIDEST)).saturating_sub(indent);
        for (at, line) in wrap(&format!("{} [{place}]", safe::line(&item.message)), width).iter().enumerate() {
            writeln!(
                out,
                "{}{}",
                if at == 0 { lead.clone() } else { " ".repeat(indent) },
                if at == 0 { line.clone() } else { paint.dim(line) }
            )?;
        }
    }
    Ok(())
}

/// A file's name, short enough for a line: session ids are long, and their first characters tell them apart.
pub(super) fn file_of(path: &Path) -> String {
    let name = safe::line(&path.file_name().unwrap_or_default().to_string_lossy());
    match name.split_once(".jsonl") {
        Some((id, rest)) if id.chars().count() > 12 => format!("{}.jsonl{rest}", safe::short(id, 9)),
        _ => name,
    }
}

fn session_name(segment: &Segment) -> String {
    safe::short(&safe::line(&segment.id), 13)
}

pub(super) fn period(segment: &Segment) -> String {
    let from = minute(segment.start_ms);
    let to = minute(segment.last_ms);
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((day, _)), Some((same, time))) if day == same => format!("{from} – {time}"),
        _ => format!("{from} – {to}"),
    }
}

fn images_text(images: ImageCount) -> String {
    format!("{}{}", images.shown(), missing(images))
}

pub(super) fn missing(images: ImageCount) -> String {
    if images.missing == 0 { String::new() } else { format!(" ({} missing)", images.missing) }
}

pub(super) fn many(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The first line when there is nothing to show.
fn verdict(outcome: &Outcome<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let summary = outcome.summary();
    let text = match () {
        () if summary.unreadable > 0 && !outcome.withheld.seams.is_empty() => "No new torn conversation in what could be read.",
        () if summary.unreadable > 0 => "No torn conversation in what could be read.",
        () if summary.transcripts + summary.archives == 0 => "No OpenClaw transcript found here.",
        () if outcome.scan.agents.iter().all(|agent| agent.segments.is_empty()) => "Nothing here is known to be an OpenClaw transcript.",
        () if !outcome.withheld.looks_for_splits() => "Torn conversations were not looked for: CF101 is off.",
        () if !outcome.withheld.seams.is_empty() => "No new torn conversation.",
        () if summary.splits_left_out > 0 => "No torn conversation at this level of sureness.",
        () => "No torn conversation.",
    };
    writeln!(out, "{}", paint.bold(text))
}

/// Findings that are no seams, by rule.
fn other_findings(outcome: &Outcome<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let mut by_rule: BTreeMap<(std::cmp::Reverse<Severity>, &str), Vec<&Finding>> = BTreeMap::new();
    // The seam sections have shown these.
    let seam_rule = |finding: &&Finding| matches!(finding.rule.code, "CF101" | "CF104" | "CF105");
    for finding in outcome.findings.iter().filter(|finding| !seam_rule(finding) && !finding.is_unreadable()) {
        by_rule.entry((std::cmp::Reverse(finding.severity), finding.rule.code)).or_default().push(finding);
    }
    for ((severity, code), list) in by_rule {
        let Some(first) = list.first() else { continue };
        let head = format!("{} {code}", severity.0.name());
        writeln!(out, "\n{}  {} ({})", paint.severity(severity.0, &head), first.rule.summary, list.len())?;
        let most = if outcome.view.verbose { usize::MAX } else { LISTED };
        for finding in list.iter().take(most) {
            let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
            writeln!(out, "  {}{line}  {}", safe::line(&finding.path.to_string_lossy()), safe::line(&finding.message))?;
        }
        if list.len() > most {
            writeln!(out, "  … and {} more (-v lists all)", list.len() - most)?;
        }
        writeln!(out, "  next: {}", safe::line(&first.help))?;
    }
    Ok(())
}

fn counts(outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
    let summary = outcome.summary();
    let machine = if summary.machine.is_empty() {
        String::new()
    } else {
        format!("; set aside as machine sessions: {}", json::listed(&summary.machine))
    };
    writeln!(
        out,
        "\n{}, {}, {} ({}): {}, {}{machine}",
        many(summary.transcripts, "transcript"),
        many(summary.archives, "archive"),
        many(summary.entries, "entry").replace("entrys", "entries"),
        bytes(summary.bytes),
        many(summary.conversations, "conversation"),
        many(summary.splits, "split"),
    )?;
    let hidden = outcome.scan.agents.iter().flat_map(|agent| &agent.conversations).flat_map(|c| &c.seams);
    let hidden = hidden.filter(|seam| seam.verdict.kind != SeamKind::Split).count() as u64;
    if summary.splits_left_out > 0 {
        writeln!(out, "{} less sure left out; --min-level possible shows them", many(summary.splits_left_out, "split"))?;
    }
    if let Some(text) = super::baseline_line(outcome) {
        writeln!(out, "{text}")?;
    }
    if hidden > 0 && !outcome.view.all {
        writeln!(
            out,
            "{} that {} no damage (resets, policy rollovers, forks); --all shows them",
            many(hidden, "seam"),
            if hidden == 1 { "is" } else { "are" }
        )?;
    }
    Ok(())
}

fn unreadable(outcome: &Outcome<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let list: Vec<&Finding> = outcome.findings.iter().filter(|finding| finding.is_unreadable()).collect();
    if list.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{}",
        paint.severity(Severity::Error, &format!("{} could not be read; this report is incomplete:", many(list.len() as u64, "thing")))
    )?;
    for finding in list {
        writeln!(out, "  {}  {}", safe::line(&finding.path.to_string_lossy()), safe::line(&finding.message))?;
    }
    Ok(())
}

/// Bytes for people.
pub(super) fn bytes(count: u64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let name = units.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {name}") }
}
