//! In: the whole text of a user-role turn. Out: a [`Reading`], all that the text tells.

use std::ops::Range;

use super::clock::Clock;
use super::exec::ExecExit;
use super::facts::ChatFacts;
use super::layers::{Layers, Resumes, peel};
use super::prompt::{self, TurnKind};
use super::text::{blank_len, first_line, line_len, tail};
use super::{envelope, reply};

/// All that one user text tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// What kind of turn it is.
    pub kind: TurnKind,
    /// The channel, lower case: `telegram`.
    pub channel: Option<String>,
    /// The peer of a direct chat, or the id of a group, without the channel in front.
    pub chat_id: Option<String>,
    /// Whether the chat is a group, when the text says so.
    pub group: Option<bool>,
    /// Topic or thread.
    pub thread_id: Option<String>,
    /// Who sent it.
    pub sender_id: Option<String>,
    /// The channel's id of the message (of several that waited, the last one's).
    pub message_id: Option<String>,
    /// The message replied to.
    pub reply_to: Option<String>,
    /// Time since the chat's last turn, as the envelope says.
    pub elapsed_ms: Option<i64>,
    /// Local wall clock that the text states.
    pub clock: Option<Clock>,
    /// Ends of background runs, from lines that the gateway wrote.
    pub exec_exits: Vec<ExecExit>,
    /// The gateway wrapped this text: an envelope or an info block stands at its place.
    pub wrapped: bool,
    /// Byte range of what the user wrote; empty when nothing.
    pub user_text: Range<usize>,
}

/// Reads a whole user-role text.
pub fn read(text: &str) -> Reading {
    let layers = peel(text);
    let queued = text.get(layers.body.clone()).is_some_and(|body| body.starts_with(prompt::QUEUED));
    if queued { read_queue(text, layers) } else { read_message(text, layers) }
}

/// One message, or one prompt.
fn read_message(text: &str, mut layers: Layers) -> Reading {
    let by_person = layers.info && layers.facts.names_a_person();
    let mut body = text.get(layers.body.clone()).unwrap_or("");
    // Metadata about the message replaced the envelope: one behind it is a person's.
    let envelope = envelope::parse(body).filter(|envelope| envelope.bare || !layers.info);
    let stamped = envelope.as_ref().map(|e| e.len + blank_len(tail(body, e.len)));
    let mut kind = match (&envelope, by_person) {
        (_, true) => None,
        (None, false) => prompt::classify(body).filter(|kind| !layers.beside || kind.may_be_stamped() || kind.may_carry_message_id()),
        (Some(e), false) if e.bare => prompt::classify(tail(body, stamped.unwrap_or(0))).filter(|kind| kind.may_be_stamped()),
        (Some(_), false) => None,
    };
    if let Some((_, line)) = reply::trailing_id_line(body) {
        kind = kind.filter(|kind| kind.may_carry_message_id());
        // Without an envelope the line is the gateway's only behind a prompt, or when it names a client's uuid.
        let trusted = envelope.is_some() || kind.is_some() || reply::is_uuid(line.message_id);
        if trusted && !layers.info {
            layers.peel_id_line(text);
            body = text.get(layers.body.clone()).unwrap_or("");
        }
    }
    let mut facts = std::mem::take(&mut layers.facts);
    let mut user = layers.body.clone();
    let mut wrapped = layers.info;
    let bare = envelope.as_ref().is_some_and(|e| e.bare);
    if let Some(envelope) = envelope {
        wrapped = true;
        user.start = (user.start + stamped.unwrap_or(0)).min(user.end);
        facts.fill(envelope.facts);
        if !bare {
            read_body(text, &mut user, &mut facts);
        }
    } else if layers.info {
        read_inner_id(text, &mut user, &mut facts);
    }
    let approved = text.get(user.clone());
    if kind == Some(TurnKind::ExecWake) {
        layers.exits.extend(approved.and_then(approved_exit));
    }
    let empty = user.is_empty() || text.get(user.clone()).is_none_or(|t| t.trim().is_empty());
    let kind = kind.unwrap_or(match layers.resumes {
        Some(Resumes::Retry) => TurnKind::Resume,
        Some(Resumes::Aborted) if empty => TurnKind::Resume,
        _ if empty && !wrapped && layers.system => TurnKind::SystemOnly,
        _ if empty && layers.internal && !by_person => TurnKind::Internal,
        _ => TurnKind::Human,
    });
    if !kind.is_human() && kind != TurnKind::Resume {
        facts.clock = facts.clock.take().or_else(|| closing_clock(body));
    }
    facts.clock = facts.clock.take().or(layers.system_clock);
    let keeps_text = kind.is_human() || (kind == TurnKind::Resume && layers.resumes.is_some());
    let user_text = if keeps_text && !empty { user } else { layers.body.end..layers.body.end };
    Reading { exec_exits: layers.exits, ..reading(kind, facts, wrapped, user_text) }
}

/// The body of an enveloped message: speaker in front, quote at an end.
fn read_body(text: &str, user: &mut Range<usize>, facts: &mut ChatFacts) {
    let body = text.get(user.clone()).unwrap_or("");
    if facts.group == Some(true)
        && let Some((id, len)) = envelope::speaker(body)
    {
        facts.sender_id = id.or(facts.sender_id.take());
        user.start += len + blank_len(tail(body, len));
    }
    let body = text.get(user.clone()).unwrap_or("");
    if let Some(at) = reply::trailing_from_line(body) {
        user.end = user.start + body.get(..at).unwrap_or("").trim_end().len();
    }
    let body = text.get(user.clone()).unwrap_or("");
    if let Some(quote) = reply::quote(body) {
        facts.reply_to = quote.id.map(str::to_owned).or(facts.reply_to.take());
        if quote.start == 0 {
            user.start += quote.end + blank_len(tail(body, quote.end));
        } else {
            user.end = user.start + body.get(..quote.start).unwrap_or("").trim_end().len();
        }
    }
}

/// Between metadata and text some channels put `[message_id: N]` and, on the next line, the sender: `ou_1: hi`.
fn read_inner_id(text: &str, user: &mut Range<usize>, facts: &mut ChatFacts) {
    let body = text.get(user.clone()).unwrap_or("");
    let Some(line) = reply::id_line(first_line(body)) else { return };
    facts.message_id = facts.message_id.take().or_else(|| Some(line.message_id.to_owned()));
    user.start += line_len(body);
    let rest = text.get(user.clone()).unwrap_or("");
    let sender = facts.sender_id.as_deref().unwrap_or("");
    if let Some(words) = rest.strip_prefix(sender).and_then(|rest| rest.strip_prefix(": ")) {
        user.start = user.end - words.len();
    }
}

/// The notice within the prompt that follows an approved command.
fn approved_exit(body: &str) -> Option<ExecExit> {
    let mut rest = body.strip_prefix(prompt::APPROVED_RUN)?;
    for _ in 0..12 {
        let line = first_line(rest).trim_end();
        rest = tail(rest, line_len(rest));
        if line == "Exact completion details:" {
            return ExecExit::parse(first_line(rest));
        }
    }
    None
}

/// The line `Current time: ...` near the end of a prompt.
fn closing_clock(body: &str) -> Option<Clock> {
    body.trim_end().rsplit('\n').take(4).find_map(Clock::current_time_line)
}

/// Several messages that waited: the chat is the first one's, the message id the last one's.
fn read_queue(text: &str, layers: Layers) -> Reading {
    let body = layers.body.clone();
    let inside = text.get(body.clone()).unwrap_or("");
    let mut starts = Vec::new();
    for at in memchr::memmem::find_iter(inside.as_bytes(), b"\n---\nQueued #") {
        let number = at + "\n---\nQueued #".len();
        let line = first_line(tail(inside, number));
        if line.starts_with(|c: char| c.is_ascii_digit()) {
            starts.push((at, number + line_len(tail(inside, number))));
        }
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([inside.len()]);
    let (mut facts, mut wrapped, mut range, mut last_id) = (layers.facts, layers.info, None, None);
    let mut machine = None;
    for ((_, from), to) in starts.iter().zip(ends) {
        let item = read_message_of_queue(inside.get(*from..to).unwrap_or(""));
        wrapped |= item.wrapped;
        last_id = item.message_id.clone().or(last_id);
        let start = body.start + from + item.user_text.start;
        let end = body.start + from + item.user_text.end;
        if item.kind.is_human() {
            range = Some(range.map_or(start..end, |r: Range<usize>| r.start..end));
        } else {
            machine = machine.or(Some(item.kind));
        }
        facts.fill(facts_of(item));
    }
    facts.message_id = last_id.or(facts.message_id.take());
    facts.clock = facts.clock.take().or(layers.system_clock);
    let kind = if range.is_none() { machine.unwrap_or_default() } else { TurnKind::Human };
    let user_text = range.unwrap_or(body.end..body.end);
    Reading { exec_exits: layers.exits, ..reading(kind, facts, wrapped, user_text) }
}

/// A message of a queue. Its system lines do not count: they stand where people write.
fn read_message_of_queue(text: &str) -> Reading {
    Reading { exec_exits: Vec::new(), ..read_message(text, peel(text)) }
}

fn facts_of(reading: Reading) -> ChatFacts {
    ChatFacts {
        channel: reading.channel,
        chat_id: reading.chat_id,
        group: reading.group,
        thread_id: reading.thread_id,
        sender_id: reading.sender_id,
        message_id: reading.message_id,
        reply_to: reading.reply_to,
        elapsed_ms: reading.elapsed_ms,
        clock: reading.clock,
    }
}

fn reading(kind: TurnKind, facts: ChatFacts, wrapped: bool, user_text: Range<usize>) -> Reading {
    Reading {
        kind,
        channel: facts.channel,
        chat_id: facts.chat_id,
        group: facts.group,
        thread_id: facts.thread_id,
        sender_id: facts.sender_id,
        message_id: facts.message_id,
        reply_to: facts.reply_to,
        elapsed_ms: facts.elapsed_ms,
        clock: facts.clock,
        exec_exits: Vec::new(),
        wrapped,
        user_text,
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
