//! CF401: a tool call that nothing answers.

use std::collections::{HashMap, HashSet};
use std::io;

use super::links::{handle, is_said};
use super::pairs::{Unanswered, about};
use super::{Fixable, Rule, Severity, Spot, Subject, Work, strays};
use crate::line::{Kind, Role};
use crate::repair::patch::Patch;
use crate::report::command;
use crate::session::Entry;
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
the call and its end, or the line with the result was lost. Or the result is there, beside the path: it hangs on the call, and
so does a copy of an outbound message (`delivery-mirror`) on which the log ends or goes on. Calls of the last assistant of a
transcript that have no result anywhere are told as information only: the run may be going on.

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
on a branch that the model does not see, the path is led through it instead, and through what the assistant answered then,
up to the next message that the model sees; nothing is made up.

## What it never does
It makes up no result at the end of a transcript, invents no outcome, and changes no line but the link of the one that
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
        let (tail, missing) = hidden(subject, found);
        let next = subject.place(found.anchor).and_then(|place| subject.path().get(place + 1));
        let spot = if tail != found.anchor {
            let whose = match (found.calls.len(), missing.is_empty()) {
                (1, _) => "whose result is",
                (_, true) => "whose results are",
                _ => "some of whose results are",
            };
            let message = format!("{calls} {whose} on a branch that the model does not see ({list})");
            let spot = Spot::at_entry(subject, found.assistant, message);
            let (dir, id) = (command::quoted(&subject.agent.dir.dir), &subject.file.name.session_id);
            if next.is_some() { spot } else { spot.not_mendable(format!("clawfix show {dir} {id}")).severity(Severity::Info) }
        } else if found.open {
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
    let (tail, mut missing) = hidden(subject, found);
    if found.open {
        // The rest may still come.
        missing.clear();
    }
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

/// The last entry of what the path is to be led through, or the anchor, and the calls that are still without a result: the
/// true results beside the path, and what the assistant made of them until the next message that the model sees.
fn hidden(subject: &Subject<'_>, found: &Unanswered) -> (u32, Vec<Ref>) {
    let (results, missing) = hidden_results(subject, found);
    let tail = if results == found.anchor || !missing.is_empty() { results } else { answer(subject, found.anchor, results) };
    (tail, missing)
}

/// Follows a run from its results on to its end: the last entry with nothing left to answer. What a person said on the
/// branch, or a compaction, belongs to a branch of its own (CF309).
fn answer(subject: &Subject<'_>, anchor: u32, results: u32) -> u32 {
    let session = subject.session;
    let entry = |at: u32| session.entry(at);
    let aside = |entry: &&Entry| !is_said(entry) || entry.flags.mirror || entry.flags.injected;
    let after = subject.place(anchor).map_or(usize::MAX, |place| place.saturating_add(1));
    let next = subject.path().get(after..).unwrap_or_default().iter().filter_map(|&at| entry(at)).find(|entry| !aside(entry));
    let until = next.and_then(Entry::time);
    let (mut at, mut settled) = (results, results);
    let mut open: HashSet<Ref> = HashSet::new();
    while let Some(here) = entry(at) {
        let goes_on = |child: u32| {
            let entry = entry(child)?;
            let role = matches!(entry.role, Some(Role::Assistant | Role::ToolResult));
            let kind = matches!(entry.kind, Kind::Custom | Kind::ModelChange | Kind::ThinkingLevelChange) || role;
            let late = until.zip(entry.time()).is_some_and(|(until, time)| time > until);
            (kind && !late && child > at && subject.place(child).is_none() && handle(subject, child).is_some()).then_some(child)
        };
        let children = || subject.children(here.id).iter().rev().filter_map(|&child| goes_on(child));
        // Copies of outbound messages stand beside what goes on.
        let is_aside = |&child: &u32| entry(child).is_some_and(|entry| aside(&entry));
        let Some(child) = children().find(|child| !is_aside(child)).or_else(|| children().next()) else { break };
        let (calls, results) = (&session.calls, &session.results);
        let own = calls.get(calls.partition_point(|call| call.entry < child)..).unwrap_or_default();
        if entry(child).is_some_and(|entry| !entry.flags.failed) {
            open.extend(own.iter().take_while(|call| call.entry == child).map(|call| call.id));
        }
        if let Some(result) = results.get(results.partition_point(|result| result.entry < child)).filter(|result| result.entry == child)
            && !open.remove(&result.call)
        {
            break;
        }
        at = child;
        if open.is_empty() {
            settled = at;
        }
    }
    settled
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
