//! Conversations in, cards and rows out: what was torn with its timeline, its proof and the command that mends it, the
//! newest damage first; everything else in a compact list.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::escape::escape;
use super::page::{Page, command, put};
use super::place::Places;
use super::summary::grouped;
use super::timeline as drawing;
use crate::report::json::{self, word};
use crate::report::table::{many, missing, period};
use crate::report::{Outcome, command as commands, safe};
use crate::scan::Agent;
use crate::select::{Place, Target};
use crate::split::evidence::Question;
use crate::split::segment::{Chat, Segment};
use crate::split::{Conversation, Evidence, Seam, SeamKind, Side};
use crate::time::minute;
use crate::timeline;

/// Bytes of cards after which the proof is left to `clawfix show`.
const FULL: usize = 1_800_000;
/// Bytes of cards after which the rest is only counted.
const MOST: usize = 2_400_000;
/// Bytes of the compact list.
const LIST: usize = 1_100_000;
/// So few cards are shown open.
const OPEN: usize = 3;
/// Seams and transcripts of one conversation that are written out; a chat that rolls over every day has hundreds.
const WRITTEN: usize = 100;
/// Longest key or chat id that is shown whole.
const LONGEST: usize = 120;

/// A conversation that is shown with its seams.
#[derive(Debug)]
pub(super) struct Card<'a> {
    /// Its agent.
    pub(super) agent: &'a Agent,
    /// Index of the agent.
    pub(super) agent_at: usize,
    /// The conversation.
    pub(super) held: &'a Conversation,
    /// Index of the conversation.
    held_at: usize,
    /// Its id.
    pub(super) id: String,
    /// Seams within the asked time, the newest first.
    pub(super) seams: Vec<&'a Seam>,
    /// Whether one of them is a split.
    torn: bool,
}

impl Card<'_> {
    /// Its place in the page. Ids repeat where two copies of an agent are scanned, so the place is by number.
    pub(super) fn anchor(&self) -> String {
        format!("c{}-{}", self.agent_at, self.held_at)
    }

    fn newest(&self) -> Option<i64> {
        let seams = self.seams.iter().filter(|seam| !self.torn || seam.verdict.kind == SeamKind::Split);
        seams.filter_map(|seam| self.agent.segments.get(seam.newer)).map(|segment| segment.start_ms).max()
    }
}

/// The conversations to show with their seams: the torn ones first, the newest damage on top.
pub(super) fn gather<'a>(outcome: &Outcome<'a>) -> Vec<Card<'a>> {
    let mut cards = Vec::new();
    let scan = outcome.scan;
    for (agent_at, agent) in scan.agents.iter().enumerate() {
        for (held_at, held) in agent.conversations.iter().enumerate() {
            let start = |seam: &Seam| agent.segments.get(seam.newer).map(|segment| segment.start_ms);
            let mut seams: Vec<&Seam> = held.seams.iter().filter(|seam| outcome.shows(agent, seam)).collect();
            let torn = seams.iter().any(|seam| seam.verdict.kind == SeamKind::Split);
            if torn || (outcome.view.all && !seams.is_empty()) {
                seams.sort_by_key(|seam| Reverse(start(seam)));
                cards.push(Card { agent, agent_at, held, held_at, id: agent.conversation_id(held), seams, torn });
            }
        }
    }
    cards.sort_by_key(|card| (Reverse(card.torn), Reverse(card.newest())));
    cards
}

/// How many of them are torn.
pub(super) fn torn_count(cards: &[Card<'_>]) -> u64 {
    cards.iter().filter(|card| card.torn).count() as u64
}

/// The cards.
pub(super) fn torn(page: &mut Page, outcome: &Outcome<'_>, cards: &[Card<'_>], places: &Places<'_>) {
    if cards.is_empty() {
        return;
    }
    put!(
        page,
        "<section aria-labelledby=\"torn\">\n<h2 id=\"torn\">Torn conversations <span class=\"count\" data-count=\"torn\">{}</span></h2>\n",
        grouped(torn_count(cards))
    );
    let seams: Vec<&Seam> = cards.iter().flat_map(|card| card.seams.iter().copied()).collect();
    drawing::legend(page, &seams);
    if cards.len() > OPEN {
        page.raw("<div class=\"controls\" data-filter=\"cards\" hidden><label class=\"grow\">Find a conversation <input type=\"search\" placeholder=\"id, agent, chat, key or cause\"></label><output></output></div>\n");
    }
    let begin = page.len();
    let mut left = 0;
    for (at, card) in cards.iter().enumerate() {
        if at > 0 && cards.get(at - 1).is_some_and(|before| before.torn) && !card.torn {
            page.raw("<h2>Seams that are no damage</h2>\n");
        }
        let used = page.len() - begin;
        if used > MOST {
            left += 1;
            continue;
        }
        write_card(page, outcome, card, places, used <= FULL, cards.len() <= OPEN);
    }
    if left > 0 {
        put!(
            page,
            "<p class=\"more\">and {} more, which this page has no room for; <code>clawfix scan --format json</code> lists all.</p>\n",
            many(left, "conversation")
        );
    }
    page.raw("</section>\n");
}

fn write_card(page: &mut Page, outcome: &Outcome<'_>, card: &Card<'_>, places: &Places<'_>, full: bool, open: bool) {
    let facts = json::conversation(outcome, card.agent, card.held);
    let anchor = card.anchor();
    put!(
        page,
        "<article class=\"card\" id=\"{anchor}\">\n<h3><a href=\"#{anchor}\">{}</a></h3>\n<p class=\"who\">agent <b>{}</b>",
        escape(&card.id),
        shown(&card.agent.dir.agent)
    );
    for chat in chats(card.agent, card.held).iter().take(3) {
        put!(page, " <span class=\"dot\">·</span> {}", escape(&chat_text(chat)));
    }
    match &facts.key {
        Some(key) => {
            put!(page, " <span class=\"dot\">·</span> key <code>{}</code>", shown(key));
            if let Some(source) = facts.key_source.map(|source| word(&source)).filter(|source| source != "store") {
                put!(page, " ({source})");
            }
        }
        None => page.raw(" <span class=\"dot\">·</span> no key known"),
    }
    page.raw("</p>\n<figure>");
    let target = Target { agent: card.agent, place: Place::Conversation(card.held_at), marked: BTreeSet::new() };
    let line = timeline::of(&target);
    drawing::conversation(page, &line, &card.seams);
    page.raw("</figure>\n<ul class=\"seams\">\n");
    // Of seams that are no damage the drawing tells enough, unless they were asked for.
    let written = || card.seams.iter().copied().filter(|seam| seam.verdict.kind == SeamKind::Split || outcome.view.all);
    for seam in written().take(WRITTEN) {
        write_seam(page, card.agent, seam);
    }
    page.raw("</ul>\n");
    let others = card.seams.len() - written().count().min(WRITTEN);
    if others > 0 {
        put!(
            page,
            "<p class=\"small\">and {} in the drawing; <code>{}</code></p>\n",
            many(others as u64, "more cut"),
            escape(&commands::show(outcome.scan, card.agent, &card.id))
        );
    }
    let splits = || card.seams.iter().filter(|seam| seam.verdict.kind == SeamKind::Split);
    if let Some(level) = splits().map(|seam| seam.verdict.level).min() {
        command(page, &commands::merge(outcome.scan, card.agent, &card.id, level));
    }
    if full {
        put!(page, "<details{}><summary>Proof and transcripts</summary>\n", if open { " open" } else { "" });
        write_transcripts(page, card, places);
        for seam in written().take(WRITTEN) {
            write_proof(page, card, seam);
        }
        for pair in card.agent.apart.iter().filter(|pair| card.held.segments.first() == Some(&pair.newer)) {
            if let (Some(older), Some(newer)) = (card.agent.segments.get(pair.older), card.agent.segments.get(pair.newer)) {
                put!(page, "<h4>Why it does not continue {}</h4>\n", shown(&older.id));
                evidence(page, &pair.evidence, older, newer);
            }
        }
        page.raw("</details>\n");
    } else {
        put!(page, "<p class=\"small\">The proof: <code>{}</code></p>\n", escape(&commands::show(outcome.scan, card.agent, &card.id)));
    }
    page.raw("</article>\n");
}

/// A seam in two lines: what it is and how sure, what it costs.
fn write_seam(page: &mut Page, agent: &Agent, seam: &Seam) {
    let (Some(older), Some(newer)) = (agent.segments.get(seam.older), agent.segments.get(seam.newer)) else { return };
    let verdict = &seam.verdict;
    let split = verdict.kind == SeamKind::Split;
    let kind = word(&verdict.kind);
    put!(page, "<li class=\"{kind} {}\">", word(&verdict.cause));
    if split {
        put!(page, "<b>Torn by {}</b> <span class=\"level {1}\">{1}</span> ", verdict.cause.words(), verdict.level.name());
    } else {
        put!(page, "{kind}: {} <span class=\"level none\">no damage</span> ", verdict.cause.words());
    }
    put!(page, "<span class=\"when\">{}, {}, score {:.2}</span>", minute(newer.start_ms), drawing::gap(seam), verdict.score);
    if split {
        let images = agent.images.get(seam.older).copied().unwrap_or_default();
        put!(
            page,
            "<br>Out of the assistant’s sight: {} and {}{}",
            many(older.human_count() as u64, "user turn"),
            many(images.shown(), "image"),
            missing(images)
        );
    }
    page.raw("</li>\n");
}

fn write_transcripts(page: &mut Page, card: &Card<'_>, places: &Places<'_>) {
    page.raw("<table class=\"stack\">\n<thead><tr><th scope=\"col\">transcript</th><th scope=\"col\">state</th><th scope=\"col\">from – to</th><th scope=\"col\" class=\"num\">turns</th><th scope=\"col\" class=\"num\">images</th></tr></thead>\n<tbody>\n");
    let rest = card.held.segments.len().saturating_sub(WRITTEN);
    // The newest ones are those that matter.
    for &at in card.held.segments.iter().skip(rest) {
        let Some(segment) = card.agent.segments.get(at) else { continue };
        let images = card.agent.images.get(at).copied().unwrap_or_default();
        put!(
            page,
            "<tr><td class=\"file\"><code>{}</code></td><td class=\"state\" data-label=\"state\">{}</td><td data-label=\"from – to\">{}</td><td class=\"num\" data-label=\"turns\">{}</td><td class=\"num\" data-label=\"images\">{}{}</td></tr>\n",
            escape(&places.name(&segment.file.path)),
            segment.standing.name(),
            period(segment),
            segment.human_count(),
            images.shown(),
            missing(images)
        );
    }
    page.raw("</tbody>\n</table>\n");
    if rest > 0 {
        put!(page, "<p class=\"small\">and {} before these</p>\n", many(rest as u64, "transcript"));
    }
}

fn write_proof(page: &mut Page, card: &Card<'_>, seam: &Seam) {
    let (Some(older), Some(newer)) = (card.agent.segments.get(seam.older), card.agent.segments.get(seam.newer)) else { return };
    if card.seams.len() > 1 {
        put!(page, "<h4>The cut of {}: {}</h4>\n", minute(newer.start_ms), seam.verdict.cause.words());
    }
    evidence(page, &seam.verdict.evidence, older, newer);
}

/// Items of evidence by the question that they answer.
fn evidence(page: &mut Page, items: &[Evidence], older: &Segment, newer: &Segment) {
    for (question, title) in [
        (Question::Belongs, "They are one conversation"),
        (Question::Torn, "It was torn, not ended"),
        (Question::Innocent, "What would explain it innocently"),
        (Question::Veto, "What contradicts"),
    ] {
        let mut asked = items.iter().filter(|item| item.item.question == question).peekable();
        if asked.peek().is_none() {
            continue;
        }
        put!(page, "<h4>{title}</h4>\n<ul class=\"proof\">\n");
        for item in asked {
            let at = if item.side == Side::Older { older } else { newer };
            let sign = if matches!(question, Question::Innocent | Question::Veto) { '−' } else { '+' };
            put!(
                page,
                "<li><span class=\"weight\">{sign}{:.1}</span> <span class=\"what\">{} <code class=\"at\">{} {}</code></span></li>\n",
                item.weight,
                escape(&item.message),
                item.item.code,
                escape(&item.line.map_or_else(|| at.file.file_name.clone(), |line| format!("{}:{line}", at.file.file_name)))
            );
        }
        page.raw("</ul>\n");
    }
}

fn shown(text: &str) -> String {
    escape(&safe::short(text, LONGEST)).to_string()
}

fn chats<'a>(agent: &'a Agent, held: &Conversation) -> Vec<&'a Chat> {
    let mut chats: Vec<&Chat> = held.segments.iter().filter_map(|&at| agent.segments.get(at)).flat_map(|segment| &segment.chats).collect();
    chats.sort();
    chats.dedup();
    chats
}

fn chat_text(chat: &Chat) -> String {
    let channel = chat.channel.as_deref().unwrap_or("chat");
    let group = if chat.group { " group" } else { "" };
    let thread = chat.thread.as_deref().map_or(String::new(), |thread| format!(" topic {}", safe::short(thread, LONGEST)));
    format!("{}{group} {}{thread}", safe::short(channel, LONGEST), safe::short(&chat.id, LONGEST))
}

/// Everything that is in no card, one line each.
pub(super) fn others(page: &mut Page, outcome: &Outcome<'_>, cards: &[Card<'_>]) {
    let in_card: BTreeSet<(usize, usize)> = cards.iter().map(|card| (card.agent_at, card.held_at)).collect();
    let mut rows: Vec<(usize, &Agent, &Conversation)> = Vec::new();
    for (agent_at, agent) in outcome.scan.agents.iter().enumerate() {
        let held = agent.conversations.iter().enumerate().filter(|(at, _)| !in_card.contains(&(agent_at, *at)));
        rows.extend(held.filter(|(_, held)| outcome.touches(agent, held)).map(|(_, held)| (agent_at, agent, held)));
    }
    if rows.is_empty() {
        return;
    }
    let last = |(_, agent, held): &(usize, &Agent, &Conversation)| {
        held.segments.iter().filter_map(|&at| agent.segments.get(at)).map(|segment| segment.last_ms).max()
    };
    rows.sort_by_key(|row| (row.0, Reverse(last(row))));
    put!(
        page,
        "<section aria-labelledby=\"whole\">\n<h2 id=\"whole\">Other conversations <span class=\"count\" data-count=\"others\">{}</span></h2>\n<p class=\"small\">Nothing{} is torn in these.</p>\n",
        grouped(rows.len() as u64),
        if outcome.withheld.seams.is_empty() { "" } else { " new" }
    );
    let begin = page.len();
    let mut left = 0u64;
    for same in rows.chunk_by(|a, b| a.0 == b.0) {
        let Some((_, agent, _)) = same.first() else { continue };
        put!(
            page,
            "<details class=\"list\"><summary>{} <span class=\"count\">{}</span></summary>\n<table class=\"stack\">\n<thead><tr><th scope=\"col\">conversation</th><th scope=\"col\">chat or key</th><th scope=\"col\">from – to</th><th scope=\"col\" class=\"num\">turns</th><th scope=\"col\" class=\"num\">images</th><th scope=\"col\">transcripts</th></tr></thead>\n<tbody>\n",
            shown(&agent.dir.agent),
            grouped(same.len() as u64)
        );
        for (_, agent, held) in same {
            if page.len() - begin > LIST {
                left += 1;
            } else {
                write_row(page, outcome, agent, held);
            }
        }
        page.raw("</tbody>\n</table>\n</details>\n");
    }
    if left > 0 {
        put!(
            page,
            "<p class=\"more\">{} of these have no line here; <code>clawfix scan --format json</code> lists all.</p>\n",
            grouped(left)
        );
    }
    page.raw("</section>\n");
}

fn write_row(page: &mut Page, outcome: &Outcome<'_>, agent: &Agent, held: &Conversation) {
    let segments: Vec<&Segment> = held.segments.iter().filter_map(|&at| agent.segments.get(at)).collect();
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else { return };
    let chat = chats(agent, held).first().map(|chat| chat_text(chat));
    let lane = segments.iter().rev().find_map(|segment| segment.lane.as_ref());
    let name = chat.or_else(|| lane.map(|lane| lane.key.raw.clone())).unwrap_or_default();
    let images: u64 = held.segments.iter().filter_map(|&at| agent.images.get(at)).map(|images| images.shown()).sum();
    let mut causes: Vec<&str> =
        held.seams.iter().filter(|seam| outcome.shows(agent, seam)).map(|seam| seam.verdict.cause.words()).collect();
    causes.dedup();
    put!(
        page,
        "<tr><td class=\"id\">{}</td><td data-label=\"chat\">{}</td><td data-label=\"time\">{}</td><td class=\"num\" data-label=\"turns\">{}</td><td class=\"num\" data-label=\"images\">{images}</td><td data-label=\"files\">",
        agent.conversation_id(held),
        shown(&name),
        if segments.len() == 1 { period(first) } else { format!("{} – {}", minute(first.start_ms), minute(last.last_ms)) },
        segments.iter().map(|segment| segment.human_count()).sum::<usize>(),
    );
    if segments.len() == 1 {
        put!(page, "{}", last.standing.name());
    } else {
        let of = if causes.is_empty() { "" } else { ": " };
        put!(page, "{}{of}{}", segments.len(), causes.join(", "));
    }
    page.raw("</td></tr>\n");
}
