//! CF401: a tool call that nothing answers.

use std::collections::HashMap;
use std::io;

use super::pairs::{Unanswered, about};
use super::{Fixable, Rule, Severity, Spot, Subject, Work, strays};
use crate::line::Role;
use crate::repair::patch::Patch;
use crate::session::names::Ref;
use crate::stitch::unreturned::unreturned;

pub(super) static RULE: Rule = Rule {
    code: "CF401",
    name: "call-without-result",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A tool call has no result, and the conversation went on",
    doc: "\
## What it means
The assistant called a tool, and the next message that the model sees is no result of that call: the run was killed between
the call and its end, or the line with the result was lost. Calls of the last assistant of a transcript are told as
information only: the run may be going on.

An assistant that ended in an error or was aborted is left out of requests, so its calls want no results and are not
reported.

## Why it hurts
Providers refuse a request in which a call has no result right behind it. OpenClaw's guard therefore puts an error of its own
in the place of the missing result each time it loads the session (\"missing tool result in session history\"), which the
model takes for what the tool said. Releases and providers without that guard fail with an error 400 on every turn, until the
session is reset.

## What the fix does
It puts a result in behind the call, marked as an error, that says what is known: the session was cut before the call
returned. What hung on the call hangs on that result from then on. Where the true result is in the file, hanging on the call
on a branch that the model does not see, the path is led through it instead, and nothing is made up.

## What it never does
It does not touch the calls at the end of a transcript, invents no outcome, and changes no line but the link of the one that
follows.

## What to do
Run the command that the finding ends with. If the command that the call ran mattered, look whether it took effect: neither
the transcript nor the model can know.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

/// Ids that a message names.
const NAMED: usize = 3;

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for found in &subject.pairs().unanswered {
        let names = &subject.session.call_names;
        let mut ids: Vec<&str> = found.calls.iter().take(NAMED).filter_map(|&id| names.text(id)).map(strays::clip).collect();
        if found.calls.len() > NAMED {
            ids.push("...");
        }
        let calls = if found.calls.len() == 1 { "a tool call".to_owned() } else { format!("{} tool calls", found.calls.len()) };
        let list = ids.join(", ");
        let spot = if found.open {
            let message = format!("ends with {calls} that nothing answers yet ({list}): a run may be going on, or was cut there");
            let help = "nothing while a run goes on; if the conversation went on in another session, `clawfix scan` reports the split";
            Spot::at_entry(subject, found.assistant, message).severity(Severity::Info).not_mendable(help)
        } else {
            let message = format!("{calls} without a result, and the conversation went on ({list})");
            let spot = Spot::at_entry(subject, found.assistant, message);
            let linked = subject.is_linked() && subject.id_text(found.anchor).is_some();
            if linked { spot } else { spot.not_mendable("nothing: a version 1 transcript has no links to hang a result on") }
        };
        spots.push(spot);
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(found) = about(&subject.pairs().unanswered, spot.entry, |found| found.assistant) else { return Ok(None) };
    let Some(anchor_place) = subject.place(found.anchor) else { return Ok(None) };
    let Some(&next) = subject.path().get(anchor_place + 1) else { return Ok(None) };
    let (tail, missing) = hidden_results(subject, found);
    let mut patch = Patch::new();
    let (Some(stands_in), Some(last)) = (subject.id_text(found.anchor), subject.session.entry(tail)) else { return Ok(None) };
    let mut parent = match subject.id_text(tail) {
        Some(id) => id.to_owned(),
        None => return Ok(None),
    };
    let names = tool_names(subject, found.assistant)?;
    let at_ms = last.time().or_else(|| subject.session.started_ms()).unwrap_or_default();
    for (number, call) in missing.iter().filter_map(|&call| subject.session.call_names.text(call)).enumerate() {
        let id = subject.fresh_id(&format!("{}\0{stands_in}\0{number}", RULE.code));
        let name = names.get(call).map_or("unknown", String::as_str);
        patch.line_after(subject, last.span, &unreturned(call, name, &id, Some(&parent), at_ms));
        patch.stands_for.push((id.clone(), stands_in.to_owned()));
        parent = id;
    }
    patch.hang(subject, next, Some(&parent))?;
    Ok(Some(patch))
}

/// Follows the true results that hang on the call where the model does not see them. The last of them, and the calls that
/// are still without.
fn hidden_results(subject: &Subject<'_>, found: &Unanswered) -> (u32, Vec<Ref>) {
    let (mut tail, mut missing) = (found.anchor, found.calls.clone());
    let answer = |at: u32, missing: &[Ref]| {
        let entry = subject.session.entry(at)?;
        let reachable = entry.role == Some(Role::ToolResult) && subject.by_id(entry.id) == Some(at) && subject.id_text(at).is_some();
        if !reachable || subject.place(at).is_some() {
            return None;
        }
        let results = &subject.session.results;
        let result = results.get(results.partition_point(|result| result.entry < at)).filter(|result| result.entry == at)?;
        missing.iter().position(|&call| call == result.call)
    };
    while let Some(entry) = subject.session.entry(tail) {
        let next = subject.children(entry.id).iter().find_map(|&child| Some((child, answer(child, &missing)?)));
        let Some((child, answered)) = next else { break };
        missing.remove(answered);
        tail = child;
    }
    (tail, missing)
}

/// The names of the tools that an assistant called, by the id of the call.
fn tool_names(subject: &Subject<'_>, assistant: u32) -> io::Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    let Some(entry) = subject.session.entry(assistant) else { return Ok(names) };
    Patch::new().within(subject, entry.span, |_, tree| {
        let blocks = tree.root().at(&["message", "content"]);
        for block in blocks.iter().flat_map(|content| content.items()) {
            let text = |key: &str| block.get(key).and_then(|value| value.text());
            if let (Some(id), Some(name)) = (text("id"), text("name")) {
                names.insert(id.into_owned(), name.into_owned());
            }
        }
    })?;
    Ok(names)
}
