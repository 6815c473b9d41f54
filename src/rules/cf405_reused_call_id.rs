//! CF405: one tool-call id in several turns.

use std::collections::HashMap;

use super::{Fixable, Rule, Severity, Spot, Subject, Work, strays};
use crate::session::names::Ref;

pub(super) static RULE: Rule = Rule {
    code: "CF405",
    name: "reused-call-id",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: true,
    summary: "The same tool-call id is used in several turns",
    doc: "\
## What it means
Two or more assistants of one transcript call a tool under the same id. Some providers number the calls of a turn (`exec:9`)
instead of naming each; hundreds of such ids are in ordinary transcripts.

## Why it hurts
It does no harm to a conversation by itself. But a tool that pairs results with calls by id alone joins a result with the
call of another turn, or takes it for a repeated one. OpenClaw's guard is such a tool: it drops the second result of an id,
wherever it stands, and puts an error in its place.

## What to do
Nothing. clawfix pairs by position, never across turns. If the assistant keeps saying that its tools fail although they ran,
this is why: begin a new session, or use a model whose provider gives every call an id of its own.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    /// The first assistant that calls with an id, and how many more do.
    struct Use {
        last: u32,
        again: u64,
    }
    let session = subject.session;
    let mut uses: HashMap<Ref, Use> = HashMap::new();
    let mut first: Option<u32> = None;
    for call in session.calls.iter().filter(|call| session.call_names.truthy(call.id)) {
        let known = uses.entry(call.id).or_insert(Use { last: call.entry, again: 0 });
        if known.last != call.entry {
            known.again += 1;
            known.last = call.entry;
            first = first.or(Some(call.entry));
        }
    }
    let Some(first) = first else { return };
    let count = uses.values().filter(|known| known.again > 0).count();
    // The most frequent; of several, the one that was called first.
    let most = uses.iter().max_by_key(|(id, known)| (known.again, std::cmp::Reverse(**id)));
    let Some((&id, known)) = most else { return };
    let name = strays::clip(session.call_names.text(id).unwrap_or_default());
    let ids = if count == 1 { "1 tool-call id is".to_owned() } else { format!("{count} tool-call ids are") };
    let message = format!("{ids} used in more than one turn, {name} in {} of them", known.again + 1);
    let entry = session.entry(first);
    let mut spot = Spot::new("reused-call-ids", message).not_mendable("nothing: calls and results are paired by position");
    (spot.line, spot.span, spot.entry) = (entry.map(|entry| u64::from(entry.line)), entry.map(|entry| entry.span), Some(first));
    spots.push(spot);
}
