//! CF411: the same user turn twice within seconds.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::Role;
use crate::session::Turn;
use crate::time::span;

pub(super) static RULE: Rule = Rule {
    code: "CF411",
    name: "repeated-turn",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "The same user message stands twice within seconds",
    doc: "\
## What it means
Two user turns that follow one another on the path have the same words and came at most ten seconds apart. It is a warning
where the chat's message id or the time of receipt shows that it is one message: the channel delivered it again, or the
gateway took it up twice. Where nothing shows that, or an attempt in between failed, it is information only: people do say
things twice.

Heartbeats and other prompts of machines are not looked at, nor are messages with different ids or from different senders.

## Why it hurts
The model reads the message twice and may do twice what it asks for: send two mails, run a command again.

## What to do
Look whether something was done twice. clawfix takes nothing out of the model's view, so there is no fix; tell the assistant
that the second message was the same as the first. If it happens often, two gateways may be connected to one account.
",
    work: Work::Transcript { detect, fix: None },
};

/// Turns further apart were said twice.
const NEAR_MS: i64 = 10_000;

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let session = subject.session;
    let turn_of = |entry: u32| {
        let at = session.turns.binary_search_by_key(&entry, |turn| turn.entry).ok()?;
        session.turns.get(at)
    };
    let mut before: Option<&Turn> = None;
    let mut failed = false;
    for seen in &subject.context.messages {
        if seen.role == Role::Assistant {
            failed |= session.entry(seen.entry).is_some_and(|entry| entry.flags.failed);
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
