//! CF411: the same message twice within seconds.

use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Role;
use crate::repair::patch::range_of;
use crate::session::{Entry, Turn, identity};
use crate::time::span;
use crate::tree;

pub(super) static RULE: Rule = Rule {
    code: "CF411",
    name: "repeated-turn",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "The same message stands twice within seconds",
    doc: "\
## What it means
Two user turns that follow one another on the path have the same words and came at most ten seconds apart. It is a warning
where the chat's message id or the time of receipt shows that it is one message: the channel delivered it again, or the
gateway took it up twice. Where nothing shows that, or an attempt in between failed, it is information only: people do say
things twice.

An answer of the assistant that stands twice in a row within ten seconds, with neither a message nor a tool result between, is
information too: a run wrote it again, or two runs answered. Copies of outbound messages (`delivery-mirror`) are not meant.

Heartbeats and other prompts of machines are not looked at, nor are messages with different ids or from different senders.

## Why it hurts
The model reads the message twice and may do twice what it asks for: send two mails, run a command again. An answer that stands
twice may have been sent twice, and costs its tokens twice.

## What to do
Look whether something was done twice. clawfix takes nothing out of the model's view, so there is no fix; tell the assistant
that the second message was the same as the first. If it happens often, two gateways may be connected to one account.
",
    work: Work::Transcript { detect, fix: None },
};

/// Turns further apart were said twice.
const NEAR_MS: i64 = 10_000;
/// Pairs of answers whose lines are read.
const LOOKED_UP: usize = 1_000;
/// Bytes of a line with an answer that is compared.
const MAX_ANSWER: u64 = 1 << 20;

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let session = subject.session;
    let turn_of = |entry: u32| {
        let at = session.turns.binary_search_by_key(&entry, |turn| turn.entry).ok()?;
        session.turns.get(at)
    };
    let mut before: Option<&Turn> = None;
    let mut failed = false;
    let mut answer: Option<(u32, &Entry)> = None;
    let mut looked_up = 0;
    for seen in &subject.context.messages {
        if seen.role == Role::Assistant {
            failed |= session.entry(seen.entry).is_some_and(|entry| entry.flags.failed);
        }
        if !session.entry(seen.entry).is_some_and(|entry| entry.flags.mirror || entry.flags.injected) {
            let own = session.entry(seen.entry).filter(|entry| is_answer(entry)).map(|entry| (seen.entry, entry));
            let first = std::mem::replace(&mut answer, own);
            if let (Some((first, before)), Some((at, entry))) = (first, own)
                && let Some(later) = may_be_again(before, entry)
                && looked_up < LOOKED_UP
            {
                looked_up += 1;
                // What cannot be read is the same as nothing else.
                if is_same_text(subject, before, entry).unwrap_or(false) {
                    let message = format!("the answer of line {} again {} later", session.line_of(first), span(later));
                    let help = "look whether the answer was sent twice";
                    spots.push(Spot::at_entry(subject, at, message).not_mendable(help).severity(Severity::Info));
                }
            }
        }
        let Some(turn) = (if seen.role == Role::User { turn_of(seen.entry) } else { None }) else { continue };
        if let Some(first) = before.replace(turn)
            && is_again(first, turn)
        {
            let message = format!(
                "the words of line {} again {} later{}",
                session.line_of(first.entry),
                span(turn.at_ms.saturating_sub(first.at_ms)),
                if failed { ", after an attempt that failed" } else { "" }
            );
            let spot = Spot::at_entry(subject, turn.entry, message).not_mendable("look whether the assistant did something twice");
            let sure = is_same(first, turn) && !failed;
            spots.push(if sure { spot } else { spot.severity(Severity::Info) });
        }
        failed = false;
    }
}

/// An assistant that only says something.
fn is_answer(entry: &Entry) -> bool {
    let said = entry.text_len > 0 && entry.images == 0 && !entry.flags.blank;
    entry.role == Some(Role::Assistant) && said && !entry.flags.calls && !entry.flags.failed
}

/// How much later an answer came that may be the one before it again, ms.
fn may_be_again(first: &Entry, second: &Entry) -> Option<i64> {
    let later = second.time()?.saturating_sub(first.time()?);
    (first.text_len == second.text_len && (0..=NEAR_MS).contains(&later)).then_some(later)
}

fn is_same_text(subject: &Subject<'_>, first: &Entry, second: &Entry) -> io::Result<bool> {
    if first.span.len.max(second.span.len) > MAX_ANSWER {
        return Ok(false);
    }
    let words = |entry: &Entry| -> io::Result<Option<u64>> {
        let line = subject.text.read(range_of(entry.span))?;
        let Some(tree) = tree::parse(&line) else { return Ok(None) };
        let Some(content) = tree.root().at(&["message", "content"]) else { return Ok(None) };
        let plain = content.text().map(|text| identity(&text));
        let texts = content.items().filter_map(|block| block.get("text")?.text());
        Ok(plain.or_else(|| Some(identity(&texts.collect::<Vec<_>>().join("\n")))))
    };
    let first = words(first)?;
    Ok(first.is_some() && first == words(second)?)
}

/// Whether a turn may be the one before it, taken up again.
fn is_again(first: &Turn, second: &Turn) -> bool {
    let differ = |a: Option<&String>, b: Option<&String>| matches!((a, b), (Some(a), Some(b)) if a != b);
    first.words.is_some()
        && first.words == second.words
        && first.reading.kind.is_human()
        && second.reading.kind.is_human()
        && (0..=NEAR_MS).contains(&second.at_ms.saturating_sub(first.at_ms))
        && !differ(first.reading.message_id.as_ref(), second.reading.message_id.as_ref())
        && !differ(first.reading.sender_id.as_ref(), second.reading.sender_id.as_ref())
        && !differ(first.reading.chat_id.as_ref(), second.reading.chat_id.as_ref())
        && !differ(first.sender.as_ref(), second.sender.as_ref())
}

/// Whether both are one message beyond doubt.
fn is_same(first: &Turn, second: &Turn) -> bool {
    let same_id = first.reading.message_id.is_some() && first.reading.message_id == second.reading.message_id;
    same_id || (first.received_ms.is_some() && first.received_ms == second.received_ms)
}
