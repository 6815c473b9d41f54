//! Findings in, a list by rule out, with what the script needs to filter it by rule, severity and agent.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::conversations::Card;
use super::escape::escape;
use super::page::{Page, command, put};
use super::place::Places;
use super::summary::{badge, grouped};
use crate::report::{Outcome, safe};
use crate::rules::{Finding, Severity};

/// Bytes of the list that it always has; what is beyond is counted.
const LEAST: usize = 1_200_000;
/// Bytes of the page up to the end of the list: what the conversations before it did not need is its own.
const UP_TO: usize = 3_700_000;

/// The section.
pub(super) fn section(page: &mut Page, outcome: &Outcome<'_>, cards: &[Card<'_>], places: &Places<'_>) {
    let all = outcome.findings;
    put!(
        page,
        "<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings <span class=\"count\" data-count=\"findings\">{}</span></h2>\n",
        grouped(all.len() as u64)
    );
    if all.is_empty() {
        page.raw("<p class=\"small\">No rule found anything.</p>\n</section>\n");
        return;
    }
    controls(page, outcome, places);
    let anchors: HashMap<(usize, &str), String> = cards.iter().map(|card| ((card.agent_at, card.id.as_str()), card.anchor())).collect();
    let mut groups: BTreeMap<(Reverse<Severity>, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in all {
        groups.entry((Reverse(finding.severity), finding.rule.code)).or_default().push(finding);
    }
    let begin = page.len();
    let most = UP_TO.saturating_sub(begin).max(LEAST);
    let count = groups.len();
    for (at, ((severity, code), list)) in groups.into_iter().enumerate() {
        // A rule that found little keeps its room, however much another found, and leaves what it does not need.
        let share = most.saturating_sub(page.len() - begin) / (count - at).max(1);
        let Some(rule) = list.first().map(|finding| finding.rule) else { continue };
        put!(page, "<details class=\"rule\" data-rule=\"{code}\" data-severity=\"{}\"><summary>", severity.0.name());
        badge(page, severity.0);
        put!(
            page,
            " <b>{code}</b> <span class=\"what\">{}</span> <span class=\"count\">{}</span></summary>\n",
            escape(rule.summary),
            grouped(list.len() as u64)
        );
        explained(page, rule.doc);
        let help = list.first().map(|finding| finding.help.as_str()).unwrap_or_default();
        let one_help = list.len() > 1 && list.iter().all(|finding| finding.help == help);
        if one_help {
            next(page, help);
        }
        page.raw("<ul class=\"findings\">\n");
        let group = page.len();
        let mut left = 0u64;
        for finding in list {
            if page.len() - group > share.max(20_000) || page.len() - begin > most {
                left += 1;
            } else {
                row(page, finding, &anchors, places, !one_help);
            }
        }
        page.raw("</ul>\n");
        if left > 0 {
            put!(
                page,
                "<p class=\"more\">{} more are not listed here; <code>clawfix scan --format json</code> lists all.</p>\n",
                grouped(left)
            );
        }
        page.raw("</details>\n");
    }
    page.raw("</section>\n");
}

fn row(page: &mut Page, finding: &Finding, anchors: &HashMap<(usize, &str), String>, places: &Places<'_>, with_help: bool) {
    let agent = places.agent_of(&finding.path);
    match agent {
        Some(at) => put!(page, "<li data-agent=\"{at}\">"),
        None => page.raw("<li>"),
    }
    put!(page, "<code class=\"at\">{}</code> <span>{}</span>", escape(&places.at(&finding.path, finding.line)), escape(&finding.message));
    let anchor = agent.zip(finding.conversation.as_deref()).and_then(|(agent, id)| anchors.get(&(agent, id)));
    if let Some(anchor) = anchor {
        put!(page, " <a href=\"#{anchor}\">timeline</a>");
    }
    if with_help {
        next(page, &finding.help);
    }
    page.raw("</li>\n");
}

/// The next step: a command that can be copied, or a sentence.
fn next(page: &mut Page, help: &str) {
    if help.starts_with("clawfix ") {
        command(page, help);
    } else if !help.is_empty() {
        put!(page, "<p class=\"next\">{}</p>", escape(help));
    }
}

/// The page of the rule. Headings, paragraphs, lists, emphasis and code between backticks are all the Markdown in it.
fn explained(page: &mut Page, doc: &str) {
    page.raw("<details class=\"doc\"><summary>What this means</summary>\n");
    for block in doc.split("\n\n").map(str::trim) {
        let (heading, text) = match block.strip_prefix("## ") {
            Some(rest) => rest.split_once('\n').map_or((Some(rest), ""), |(heading, text)| (Some(heading), text)),
            None => (None, block),
        };
        if let Some(heading) = heading {
            put!(page, "<h4>{}</h4>\n", escape(heading));
        }
        let bullet = |line: &str| line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).map(str::to_owned);
        let mut items: Vec<String> = Vec::new();
        let mut paragraph = String::new();
        for line in text.lines() {
            match (bullet(line), items.last_mut()) {
                (Some(item), _) => items.push(item),
                (None, Some(item)) => *item = format!("{item} {}", line.trim()),
                (None, None) => paragraph = format!("{paragraph} {line}"),
            }
        }
        if !paragraph.trim().is_empty() {
            put!(page, "<p>{}</p>\n", inline(paragraph.trim()));
        }
        if !items.is_empty() {
            let items: String = items.iter().map(|item| format!("<li>{}</li>", inline(item))).collect();
            put!(page, "<ul>{items}</ul>\n");
        }
    }
    page.raw("</details>\n");
}

/// Code and emphasis of one paragraph.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            out.push_str(&format!("<code>{}</code>", escape(part)));
            continue;
        }
        let stars: Vec<&str> = part.split('*').collect();
        let paired = stars.len() % 2 == 1;
        for (at, piece) in stars.iter().enumerate() {
            match (paired, at % 2) {
                (true, 1) => out.push_str(&format!("<em>{}</em>", escape(piece))),
                (false, 1) => out.push_str(&format!("*{}", escape(piece))),
                _ => out.push_str(&escape(piece).to_string()),
            }
        }
    }
    out
}

/// Filters, which the script brings to life.
fn controls(page: &mut Page, outcome: &Outcome<'_>, places: &Places<'_>) {
    let mut rules: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
    let mut severities: BTreeMap<Reverse<Severity>, u64> = BTreeMap::new();
    let mut agents: BTreeMap<Option<usize>, u64> = BTreeMap::new();
    for finding in outcome.findings {
        rules.entry(finding.rule.code).or_insert((finding.rule.name, 0)).1 += 1;
        *severities.entry(Reverse(finding.severity)).or_default() += 1;
        *agents.entry(places.agent_of(&finding.path)).or_default() += 1;
    }
    put!(
        page,
        "<div class=\"controls\" data-filter=\"findings\" hidden>\n<label>Rule <select data-by=\"rule\"><option value=\"\">all</option>"
    );
    for (code, (name, count)) in rules {
        put!(page, "<option value=\"{code}\">{code} {} ({count})</option>", escape(name));
    }
    page.raw("</select></label>\n<label>Agent <select data-by=\"agent\"><option value=\"\">all</option>");
    for (at, count) in agents {
        match at.and_then(|at| Some((at, outcome.scan.agents.get(at)?))) {
            Some((at, agent)) => {
                let name = safe::short(&agent.dir.agent, 60);
                // Copies of one state directory have agents of one name.
                let alike = outcome.scan.agents.iter().filter(|other| other.dir.agent == agent.dir.agent).count() > 1;
                let label = if alike { format!("{name}, {}", safe::short(&places.name(&agent.dir.dir), 120)) } else { name };
                put!(page, "<option value=\"{at}\">{} ({count})</option>", escape(&label));
            }
            None => put!(page, "<option value=\"none\">no agent ({count})</option>"),
        }
    }
    page.raw("</select></label>\n<fieldset><legend>Severity</legend>");
    for (severity, count) in severities {
        put!(page, "<label><input type=\"checkbox\" data-by=\"severity\" value=\"{0}\" checked> {0} ({count})</label> ", severity.0.name());
    }
    page.raw("</fieldset>\n<output></output>\n</div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_pages_are_laid_out() {
        let mut page = Page::default();
        explained(&mut page, "## Why\nIt is *bad*: `a < b`\nand more.\n\n- one\n  goes on\n- two <b>\n\n2 * 3\n");
        let text = page.text();
        assert!(text.contains("<h4>Why</h4>\n<p>It is <em>bad</em>: <code>a &lt; b</code> and more.</p>"), "{text}");
        assert!(text.contains("<ul><li>one goes on</li><li>two &lt;b&gt;</li></ul>") && text.contains("<p>2 * 3</p>"), "{text}");
    }
}
