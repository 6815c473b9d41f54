//! An outcome in, the top of the page out: the verdict, the totals, what could not be read, and the agents.

use super::conversations::Card;
use super::escape::escape;
use super::page::{Page, put};
use super::place::Places;
use super::timeline::{self, Scale};
use crate::report::table::{bytes, many};
use crate::report::{Outcome, Summary};
use crate::rules::{Finding, Severity};
use crate::split::SeamKind;
use crate::time::minute;

/// Agents that are listed; a line counts the rest.
const AGENTS: usize = 300;
/// Unreadable things that are named at the top; all are among the findings.
const NAMED: usize = 20;

/// The title of the page.
pub(super) fn title(outcome: &Outcome<'_>, torn: u64) -> String {
    format!("clawfix: {}", verdict(outcome, &outcome.summary(), torn))
}

fn verdict(outcome: &Outcome<'_>, summary: &Summary, torn: u64) -> String {
    match () {
        () if torn > 0 => many(torn, "torn conversation"),
        () if summary.unreadable > 0 && !outcome.withheld.seams.is_empty() => "No new torn conversation in what could be read".to_owned(),
        () if summary.unreadable > 0 => "No torn conversation in what could be read".to_owned(),
        () if summary.transcripts + summary.archives == 0 => "No OpenClaw transcript found here".to_owned(),
        () if outcome.scan.agents.iter().all(|agent| agent.segments.is_empty()) => {
            "Nothing here is known to be an OpenClaw transcript".to_owned()
        }
        () if !outcome.withheld.looks_for_splits() => "Torn conversations were not looked for".to_owned(),
        () if !outcome.withheld.seams.is_empty() => "No new torn conversation".to_owned(),
        () if summary.splits_left_out > 0 => "No torn conversation at this level of sureness".to_owned(),
        () => "No torn conversation".to_owned(),
    }
}

/// The verdict and the totals.
pub(super) fn head(page: &mut Page, outcome: &Outcome<'_>, torn: u64, now_ms: i64) {
    let summary = outcome.summary();
    put!(page, "<header class=\"top\">\n<p class=\"brand\">clawfix scan</p>\n<h1>{}</h1>\n", verdict(outcome, &summary, torn));
    page.raw("<p class=\"roots\">");
    for (at, root) in outcome.scan.roots.iter().take(NAMED).enumerate() {
        put!(page, "{}<code>{}</code>", if at > 0 { ", " } else { "" }, escape(&root.path.to_string_lossy()));
    }
    if outcome.scan.roots.len() > NAMED {
        put!(page, " and {} more", outcome.scan.roots.len() - NAMED);
    }
    put!(
        page,
        "</p>\n<p class=\"when\">Made <time datetime=\"{0}Z\">{1} UTC</time> by clawfix {2}. All times are UTC. No message text is in this file.</p>\n",
        minute(now_ms).replace(' ', "T"),
        minute(now_ms),
        env!("CARGO_PKG_VERSION")
    );
    if outcome.view.since_ms.is_some() || outcome.view.until_ms.is_some() {
        let limit = |word: &str, ms: Option<i64>| ms.map_or(String::new(), |ms| format!(" {word} {}", minute(ms)));
        put!(
            page,
            "<p class=\"when\">Only what happened{}{}.</p>\n",
            limit("from", outcome.view.since_ms),
            limit("until", outcome.view.until_ms)
        );
    }
    page.raw("<dl class=\"totals\">\n");
    tile(page, "splits", summary.splits, "splits", if summary.splits > 0 { "bad" } else { "good" });
    tile(page, "error", summary.findings.error, "errors", if summary.findings.error > 0 { "bad" } else { "" });
    tile(page, "warning", summary.findings.warning, "warnings", if summary.findings.warning > 0 { "warn" } else { "" });
    tile(page, "info", summary.findings.info, "notes", "");
    tile(page, "conversations", summary.conversations, "conversations", "");
    tile(page, "transcripts", summary.transcripts, "transcripts", "");
    tile(page, "archives", summary.archives, "archives", "");
    tile(page, "entries", summary.entries, "entries", "");
    page.raw("</dl>\n<p class=\"small\">");
    put!(page, "{} read.", bytes(summary.bytes));
    if !summary.machine.is_empty() {
        let kinds: Vec<String> = summary.machine.iter().map(|(name, count)| format!("{} {name}", grouped(*count))).collect();
        put!(page, " Set aside as machine sessions: {}.", kinds.join(", "));
    }
    if summary.splits_left_out > 0 {
        put!(page, " {} less sure left out; <code>--min-level possible</code> shows them.", many(summary.splits_left_out, "split"));
    }
    if let Some(text) = crate::report::baseline_line(outcome) {
        put!(page, " {}.", escape(&text));
    }
    page.raw("</p>\n</header>\n");
}

fn tile(page: &mut Page, name: &str, count: u64, noun: &str, mood: &str) {
    put!(page, "<div class=\"tile {mood}\"><dt>{noun}</dt><dd data-count=\"{name}\">{}</dd></div>\n", grouped(count));
}

/// A number with its thousands apart.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let lead = digits.len() % 3;
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at % 3 == lead {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What could not be read, so that nobody takes the page for the whole truth.
pub(super) fn unreadable(page: &mut Page, outcome: &Outcome<'_>, places: &Places<'_>) {
    let list: Vec<&Finding> = outcome.findings.iter().filter(|finding| finding.is_unreadable()).collect();
    if list.is_empty() {
        return;
    }
    let count = list.len();
    put!(
        page,
        "<section class=\"alert\" aria-label=\"Not read\">\n<h2>{} could not be read</h2>\n<p>This report is incomplete.</p>\n<ul>\n",
        many(count as u64, "thing")
    );
    for finding in list.iter().take(NAMED) {
        put!(page, "<li><code>{}</code> {}</li>\n", escape(&places.at(&finding.path, finding.line)), escape(&finding.message));
    }
    if count > NAMED {
        put!(page, "<li>and {} more, among the findings below</li>\n", count - NAMED);
    }
    page.raw("</ul>\n</section>\n");
}

/// One row an agent, with its activity on the time of the whole scan.
pub(super) fn agents(page: &mut Page, outcome: &Outcome<'_>, cards: &[Card<'_>], places: &Places<'_>) {
    let list = &outcome.scan.agents;
    if list.len() < 2 {
        return;
    }
    let spans = |at: usize| {
        let segments = list.get(at).map(|agent| agent.segments.as_slice()).unwrap_or_default();
        segments
            .iter()
            .filter(|segment| segment.is_conversational())
            .map(|segment| (segment.start_ms, segment.last_ms.max(segment.start_ms)))
    };
    let all = || (0..list.len()).flat_map(spans);
    let (Some(first), Some(last)) = (all().map(|span| span.0).min(), all().map(|span| span.1).max()) else { return };
    let scale = Scale::around(first, last);
    put!(
        page,
        "<section aria-labelledby=\"agents\">\n<h2 id=\"agents\">{}</h2>\n<p class=\"small\">Activity from {} to {}; a coloured line is a tear and leads to it.</p>\n<table class=\"agents\">\n<thead><tr><th scope=\"col\">agent</th><th scope=\"col\" class=\"wide\">activity</th><th scope=\"col\" class=\"num\">conversations</th><th scope=\"col\" class=\"num\">splits</th></tr></thead>\n<tbody>\n",
        many(list.len() as u64, "agent"),
        minute(first),
        minute(last)
    );
    for (at, agent) in list.iter().enumerate().take(AGENTS) {
        let mut tears = Vec::new();
        for card in cards.iter().filter(|card| card.agent_at == at) {
            for seam in card.seams.iter().filter(|seam| seam.verdict.kind == SeamKind::Split) {
                let start = agent.segments.get(seam.newer).map_or(0, |segment| segment.start_ms);
                tears.push((start, *seam, card.anchor()));
            }
        }
        let conversations = agent.conversations.iter().filter(|held| outcome.touches(agent, held)).count();
        put!(
            page,
            "<tr><th scope=\"row\">{}<span class=\"path\">{}</span></th><td class=\"wide\">",
            escape(&crate::report::safe::short(&agent.dir.agent, 60)),
            escape(&places.name(&agent.dir.dir))
        );
        timeline::strip(page, scale, &spans(at).collect::<Vec<_>>(), &tears);
        put!(
            page,
            "</td><td class=\"num\" data-label=\"conversations\">{}</td><td class=\"num{}\" data-label=\"splits\">{}</td></tr>\n",
            grouped(conversations as u64),
            if tears.is_empty() { "" } else { " bad" },
            grouped(tears.len() as u64)
        );
    }
    page.raw("</tbody>\n</table>\n");
    if list.len() > AGENTS {
        put!(page, "<p class=\"small\">and {} more agents</p>\n", list.len() - AGENTS);
    }
    page.raw("</section>\n");
}

/// The word of a severity, as a badge.
pub(super) fn badge(page: &mut Page, severity: Severity) {
    put!(page, "<span class=\"badge {0}\">{0}</span>", severity.name());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (count, text) in [(0, "0"), (12, "12"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
    }
}
