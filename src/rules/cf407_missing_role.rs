//! CF407: a message that does not say whose it is.

use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::line::{Kind, Role};
use crate::repair::patch::{Patch, absolute, quoted};
use crate::tree::{self, Node};

pub(super) static RULE: Rule = Rule {
    code: "CF407",
    name: "missing-role",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A message has no role, so OpenClaw drops it",
    doc: "\
## What it means
The `role` of a message is missing, `null` or no string. An interrupted write of the gateway or a hand at the file leaves
such a thing.

## Why it hurts
No release sends such a message to the model. Releases since February 2026 drop its line when they load the session, without
hanging what follows on what stood before: everything older is then out of the model's sight.

## What the fix does
It writes the role where the rest of the message proves it: `toolCallId` with `toolName` makes a tool result; `usage`, `api`
or `stopReason` makes an assistant; a `MediaPath`, or a sender in the gateway's own `__openclaw`, makes a user.

## What it never does
It does not guess. A message that proves nothing, or two things at once, stays as it is and is reported as not to be mended.

## What to do
Run the command that the finding ends with. For one that cannot be mended, look at the line: if you know whose words they
are, write the role in by hand while the gateway is stopped.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for (at, entry) in subject.entries().filter(|(_, entry)| entry.kind == Kind::Message && entry.role == Some(Role::Missing)) {
        let line = subject.text.read(crate::repair::patch::range_of(entry.span)).unwrap_or_default();
        let tree = tree::parse(&line);
        let proven = tree.as_ref().and_then(|tree| proven(tree.root().get("message")?));
        let spot = match proven {
            Some(role) => Spot::at_entry(subject, at, format!("a message without a role; its fields show that it is of the role {role}")),
            None => Spot::at_entry(subject, at, "a message without a role, and nothing in it shows which")
                .not_mendable("look at the line; whose words they are only a person can tell"),
        };
        spots.push(spot);
    }
}

/// The role that the fields of a message prove.
fn proven(message: Node<'_>) -> Option<&'static str> {
    let text = |key: &str| message.get(key).and_then(|value| value.text()).is_some_and(|text| !text.is_empty());
    let object = |key: &str| message.get(key).is_some_and(|value| value.kind() == tree::Kind::Object);
    let roles = [
        ("toolResult", text("toolCallId") && text("toolName")),
        ("assistant", object("usage") || text("api") || text("stopReason")),
        // Some assistants have an `__openclaw` too, but only a user has a sender.
        ("user", text("MediaPath") || ["senderId", "senderIsOwner"].iter().any(|key| message.at(&["__openclaw", key]).is_some())),
    ];
    let mut fitting = roles.iter().filter(|(_, fits)| *fits).map(|(role, _)| *role);
    fitting.next().filter(|_| fitting.next().is_none())
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(span) = spot.span else { return Ok(None) };
    let mut patch = Patch::new();
    patch.within(subject, span, |patch, tree| {
        let Some(message) = tree.root().get("message") else { return };
        let (Some(role), Some((body, comma))) = (proven(message), message.insertion()) else { return };
        match message.get("role") {
            Some(there) => patch.replace(absolute(span, there.range()), quoted(role)),
            None => {
                let mut field = b"\"role\":".to_vec();
                field.extend(quoted(role));
                field.extend(comma.then_some(b','));
                patch.insert(absolute(span, body..body).start, field);
            }
        }
    })?;
    Ok(Some(patch))
}
