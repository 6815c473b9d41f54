//! In: a text that may begin with an envelope, `[Telegram Jay (@jay) id:7 +2m 2026-01-29 09:17 PST] ...`, or with
//! a bare stamp, `[Thu 2026-01-29 09:17 PST] ...`. Out: its length and the facts about the chat.

use super::clock::Clock;
use super::facts::{ChatFacts, channel_name, group_from_id, is_known_channel};
use super::text::{first_line, folded, head};

/// No envelope is longer; titles are cut by every channel.
const MAX_LEN: usize = 1024;
/// Closing brackets that are tried: a name may hold some of its own.
const MAX_BRACKETS: usize = 8;

/// An envelope in front of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Bytes up to and with the closing bracket.
    pub len: usize,
    /// Nothing but a time stamp: it names no chat.
    pub bare: bool,
    /// What it tells.
    pub facts: ChatFacts,
}

/// Reads the envelope that `text` begins with.
pub(super) fn parse(text: &str) -> Option<Envelope> {
    let inside = first_line(head(text.strip_prefix('[')?, MAX_LEN));
    let ends = || inside.match_indices(']').take(MAX_BRACKETS).map(|(at, _)| at);
    let read = |at: usize, stamped: bool| {
        let (facts, bare) = read_inside(inside.get(..at)?, stamped)?;
        Some(Envelope { len: at + 2, bare, facts })
    };
    ends().find_map(|at| read(at, true)).or_else(|| ends().find_map(|at| read(at, false)))
}

fn read_inside(inside: &str, stamped: bool) -> Option<(ChatFacts, bool)> {
    let mut facts = ChatFacts::default();
    let mut front = inside.trim();
    if let Some((start, clock)) = Clock::at_end(front) {
        front = front.get(..start)?.trim_end();
        facts.clock = Some(clock);
    } else if stamped {
        return None;
    }
    if front.is_empty() {
        return if facts.clock.is_some() { Some((facts, true)) } else { None };
    }
    let (before, last) = front.rsplit_once(' ').unwrap_or(("", front));
    if let Some(elapsed) = elapsed_ms(last) {
        facts.elapsed_ms = Some(elapsed);
        front = before.trim_end();
    }
    let (word, label) = front.split_once(' ').unwrap_or((front, ""));
    let named = word.starts_with(char::is_alphabetic) && word.chars().count() <= 24;
    // Without a stamp only a known channel that names an id is no mere text in brackets.
    let sure = facts.clock.is_some() || (is_known_channel(word) && label.contains("id:"));
    if !named || !sure {
        return None;
    }
    facts.channel = Some(channel_name(word));
    read_label(label.trim(), &mut facts);
    Some((facts, false))
}

/// `Jay (@jay) id:7`, `Gardeners id:-100777 topic:5`, `Guild #general channel id:1`, `+17855410986`, a name.
fn read_label(label: &str, facts: &mut ChatFacts) {
    let mut label = label;
    while let Some((front, last)) = label.rsplit_once(' ') {
        let Some(thread) = last.strip_prefix("topic:").or_else(|| last.strip_prefix("thread:")) else { break };
        facts.thread_id = Some(thread.to_owned());
        label = front.trim_end();
    }
    let written = match label.rsplit_once("id:") {
        Some((name, id)) if name.is_empty() || name.ends_with(' ') => {
            let name = name.trim_end();
            if name.ends_with(" channel") || name.starts_with("Guild ") || name.starts_with('#') {
                facts.group = Some(true);
            } else if name.ends_with(" user") {
                facts.group = Some(false);
            }
            id.split_whitespace().next()
        }
        _ => None,
    };
    if let Some(id) = written {
        facts.set_chat(id);
    } else {
        let name = without_user(label);
        if name.starts_with('#') {
            facts.group = Some(true);
        }
        let name = folded(name);
        if name.contains(' ') || name.is_empty() {
            facts.chat_id = Some(name).filter(|name| !name.is_empty());
        } else if name.contains(':') {
            facts.set_chat(&name);
        } else {
            facts.group = facts.group.or_else(|| group_from_id(facts.channel.as_deref(), &name));
            facts.chat_id = Some(name);
        }
    }
    if facts.group == Some(false) && facts.chat_id.is_some() {
        facts.sender_id.clone_from(&facts.chat_id);
    }
}

/// A name without the `(@user)` behind it.
fn without_user(label: &str) -> &str {
    label.strip_suffix(')').and_then(|front| front.rsplit_once(" (@")).map_or(label, |(name, _)| name).trim()
}

/// `+40s`, `+2m`, `+1h`, `+3d`, `+1h30m`.
fn elapsed_ms(mark: &str) -> Option<i64> {
    let mut rest = mark.strip_prefix('+')?;
    let mut sum: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let units = rest.get(digits..)?;
        let letters = units.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match units.get(..letters)? {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return None,
        };
        sum = sum.checked_add(number.checked_mul(unit)?)?;
        rest = units.get(letters..)?;
    }
    if mark.len() > 1 { crate::time::sane(sum) } else { None }
}

/// In a group: who speaks, in front of the message: `Mia (8800111): hi`. The id, and the length with the colon.
pub(super) fn speaker(body: &str) -> Option<(Option<String>, usize)> {
    let line = first_line(head(body, 200));
    let colon = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len))?;
    let name = line.get(..colon)?;
    let id = name
        .strip_suffix(')')
        .and_then(|front| front.rsplit_once(" ("))
        .map(|(_, id)| id.trim_start_matches("id:"))
        .filter(|id| !id.is_empty() && !id.starts_with('@') && !id.contains(char::is_whitespace));
    let plausible = id.is_some() || (name.chars().count() <= 64 && !name.contains(['/', '\\', '[', '{']));
    plausible.then(|| (id.map(str::to_owned), colon + 1))
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
