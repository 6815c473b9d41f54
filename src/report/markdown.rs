//! The report as Markdown, for a job summary: totals, splits with the commands that mend them, findings by rule.
//!
//! What a file says (names, ids, messages) stands in code spans and code blocks only: there no Markdown, HTML, link or
//! `@mention` is read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::place::Places;
use super::table::many;
use super::{Outcome, Report, SPLIT_RULE, command, json, safe};
use crate::rules::{Finding, Severity};
use crate::scan::Agent;
use crate::split::{Conversation, Level, Seam, SeamKind};
use crate::time::{minute, span};

/// Bytes that the report keeps to. GitHub refuses a summary of a step above 1 MiB, and other tools write into it, too.
const MOST: usize = 900 * 1024;
/// Splits that are listed.
const SPLITS: usize = 500;
/// Findings of one rule that are listed.
const LISTED: usize = 100;
/// Next steps of one rule that are listed.
const STEPS: usize = 10;

/// The format `markdown`.
#[derive(Debug)]
pub struct Markdown;

impl Report for Markdown {
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
        let places = Places::new(&outcome.scan.roots);
        let mut page = Page::default();
        totals(outcome, &mut page);
        splits(outcome, &mut page);
        findings(outcome, &places, &mut page);
        out.write_all(page.text.as_bytes())
    }
}

/// Text that does not grow over [`MOST`].
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Rows up to a number and as long as there is room, then how many are missing.
    fn rows(&mut self, total: usize, most: usize, rows: impl Iterator<Item = String>) {
        let mut written = 0;
        for row in rows.take(most) {
            if self.text.len() + row.len() > MOST {
                break;
            }
            self.line(&row);
            written += 1;
        }
        if written < total {
            self.line(&format!("\n… and {} more; the formats `json` and `jsonl` list all", total - written));
        }
    }
}

fn totals(outcome: &Outcome<'_>, page: &mut Page) {
    let summary = outcome.summary();
    let found = &summary.findings;
    let head = match () {
        () if summary.unreadable > 0 => "this report is incomplete".to_owned(),
        () if summary.splits > 0 => many(summary.splits, "split"),
        () if found.error + found.warning > 0 => many(found.error + found.warning, "finding"),
        () if !outcome.withheld.looks_for_splits() => "no finding of the rules that ran".to_owned(),
        () if summary.baselined > 0 => "nothing new".to_owned(),
        () => "no torn conversation".to_owned(),
    };
    page.line(&format!("## clawfix: {head}\n"));
    if summary.unreadable > 0 {
        page.line(&format!("**{} could not be read.** What stands in there is unknown.\n", many(summary.unreadable, "thing")));
    }
    page.line("| splits | errors | warnings | infos | conversations | transcripts | archives | machine sessions |");
    page.line("|---:|---:|---:|---:|---:|---:|---:|---:|");
    page.line(&format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |",
        summary.splits,
        found.error,
        found.warning,
        found.info,
        summary.conversations,
        summary.transcripts,
        summary.archives,
        summary.machine.values().sum::<u64>()
    ));
    if summary.splits_left_out > 0 {
        page.line(&format!("\n{} less sure left out; `--min-level possible` shows them", many(summary.splits_left_out, "split")));
    }
    if let Some(text) = super::baseline_line(outcome) {
        page.line(&format!("\n{text}"));
    }
}

fn splits(outcome: &Outcome<'_>, page: &mut Page) {
    let start = |agent: &Agent, seam: &Seam| agent.segments.get(seam.newer).map(|segment| segment.start_ms);
    let mut list: Vec<(&Agent, &Conversation, &Seam)> = Vec::new();
    for agent in &outcome.scan.agents {
        for held in &agent.conversations {
            let torn = held.seams.iter().filter(|seam| seam.verdict.kind == SeamKind::Split && outcome.shows(agent, seam));
            list.extend(torn.map(|seam| (agent, held, seam)));
        }
    }
    if list.is_empty() {
        return;
    }
    // The surest first, of those the newest.
    list.sort_by_key(|(agent, _, seam)| Reverse((seam.verdict.level, start(agent, seam))));
    page.line("\n### Splits\n");
    page.line("| torn at (UTC) | agent | conversation | chat | cause | sure | gap | out of sight |");
    page.line("|---|---|---|---|---|---|---|---|");
    page.rows(list.len(), SPLITS, list.iter().map(|(agent, held, seam)| split_row(outcome, agent, held, seam)));
    let mut steps: BTreeMap<(usize, String), Level> = BTreeMap::new();
    let order = |agent: &Agent| outcome.scan.agents.iter().position(|known| std::ptr::eq(known, agent)).unwrap_or_default();
    for (agent, held, seam) in list.iter().take(SPLITS) {
        let level = steps.entry((order(agent), agent.conversation_id(held))).or_insert(seam.verdict.level);
        *level = (*level).min(seam.verdict.level);
    }
    let commands = steps.iter().filter_map(|((agent, id), level)| {
        let agent = outcome.scan.agents.get(*agent)?;
        Some(command::merge(outcome.scan, agent, id, *level))
    });
    page.line("\nMend them, on the machine they are on; the plan is shown first:\n");
    block("sh", commands, steps.len(), page);
}

fn split_row(outcome: &Outcome<'_>, agent: &Agent, held: &Conversation, seam: &Seam) -> String {
    let facts = json::conversation(outcome, agent, held);
    let chats: Vec<&str> = facts.chats.iter().map(|chat| chat.id.as_str()).take(3).collect();
    let at = agent.segments.get(seam.newer).map(|segment| minute(segment.start_ms)).unwrap_or_default();
    let turns = agent.segments.get(seam.older).map_or(0, |segment| segment.human_count() as u64);
    let images = agent.images.get(seam.older).map_or(0, |images| images.shown());
    format!(
        "| {at} | {} | {} | {} | {} | {} | {} | {}, {} |",
        code(&agent.dir.agent),
        code(&facts.id),
        code(&chats.join(", ")),
        seam.verdict.cause.words(),
        seam.verdict.level.name(),
        span(seam.gap_ms),
        many(turns, "user turn"),
        many(images, "image")
    )
}

fn findings(outcome: &Outcome<'_>, places: &Places<'_>, page: &mut Page) {
    let mut by_rule: BTreeMap<(Reverse<Severity>, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in outcome.findings {
        by_rule.entry((Reverse(finding.severity), finding.rule.code)).or_default().push(finding);
    }
    if by_rule.is_empty() {
        return;
    }
    page.line("\n### Findings by rule\n");
    page.line("| severity | rule | findings | what |\n|---|---|---:|---|");
    for ((severity, rule), list) in &by_rule {
        page.line(&format!("| {} | {rule} | {} | {} |", severity.0.name(), list.len(), summary_of(list)));
    }
    for ((severity, rule), list) in by_rule.iter().filter(|((_, rule), _)| *rule != SPLIT_RULE) {
        page.line(&format!("\n#### {} {rule}: {}\n", severity.0.name(), summary_of(list)));
        page.line("| file | line | what |\n|---|---:|---|");
        let row = |finding: &&Finding| {
            let line = finding.line.map(|line| line.to_string()).unwrap_or_default();
            format!("| {} | {line} | {} |", code(&places.of(&finding.path).text()), code(&finding.message))
        };
        page.rows(list.len(), LISTED, list.iter().map(row));
        let steps: BTreeSet<&str> = list.iter().map(|finding| finding.help.as_str()).collect();
        page.line("\nNext:\n");
        let runs = steps.iter().all(|step| step.starts_with("clawfix "));
        block(if runs { "sh" } else { "text" }, steps.iter().map(|step| (*step).to_owned()), steps.len(), page);
    }
    page.line("\n`clawfix explain RULE` tells what a rule means and what to do.");
}

/// What a rule finds. Our own words, yet a cell of a table.
fn summary_of(list: &[&Finding]) -> String {
    list.first().map_or("", |first| first.rule.summary).replace('|', r"\|").replace('<', r"\<")
}

/// A code block of lines, its fence longer than any in it; then how many lines are missing.
fn block(language: &str, lines: impl Iterator<Item = String>, total: usize, page: &mut Page) {
    let mut written = Vec::new();
    let mut room = MOST.saturating_sub(page.text.len());
    for line in lines.take(if language == "sh" { SPLITS } else { STEPS }).map(|line| safe::line(&line)) {
        if line.len() + 1 > room {
            break;
        }
        room -= line.len() + 1;
        written.push(line);
    }
    let fence = "`".repeat(written.iter().map(|line| longest_run(line)).max().unwrap_or(0).max(2) + 1);
    page.line(&format!("{fence}{language}"));
    for line in &written {
        page.line(line);
    }
    page.line(&fence);
    if written.len() < total {
        page.line(&format!("\n… and {} more", total - written.len()));
    }
}

/// The most backticks in a row.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A code span that is safe in a cell of a table: the two characters that could end it are made visible as others are.
fn code(text: &str) -> String {
    let text = safe::line(text).replace('`', r"\u{60}").replace('|', r"\u{7c}");
    if text.trim().is_empty() { "–".to_owned() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_code_span() {
        assert_eq!(code("a`b|c\nd<script>@x [l](u)"), r"`a\u{60}b\u{7c}c⏎d<script>@x [l](u)`");
        assert_eq!(code(""), "–");
        let mut page = Page::default();
        block("sh", ["x ````` y".to_owned()].into_iter(), 3, &mut page);
        assert_eq!(page.text, "``````sh\nx ````` y\n``````\n\n… and 2 more\n");
    }

    #[test]
    fn a_page_has_an_end() {
        let mut page = Page::default();
        page.rows(30_000, usize::MAX, std::iter::repeat_n("x".repeat(100), 30_000));
        assert!(page.text.len() <= MOST + 200 && page.text.contains("more; the formats"), "{}", page.text.len());
    }
}
