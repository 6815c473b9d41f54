//! CF404: a tool result that does not stand right behind its call.

use std::io;

use super::pairs::about;
use super::{Fixable, Rule, Severity, Spot, Subject, Work, moves};
use crate::repair::patch::Patch;

pub(super) static RULE: Rule = Rule {
    code: "CF404",
    name: "displaced-result",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A tool result stands behind other messages instead of right behind its call",
    doc: "\
## What it means
A tool call has its result, but other messages of the user or the assistant stand between the two: a message came in while
the tool was at work, or two runs wrote to the session at once. Or the result stands before its call, with no message of the
user between the two.

A copy of an outbound message (`delivery-mirror`) between a call and its result is no fault: releases since the middle of
2026 leave such copies out of requests.

## Why it hurts
Providers want results right behind the call and refuse the request otherwise. OpenClaw's guard moves a result back over user
messages when it loads the session, but stops at the next assistant: then it puts an error of its own in the result's place
and drops the true one, as it does with a result before its call. So the finding is information only where nothing but the
user's messages, or a plugin's, stand between.

## What the fix does
It changes links only. The result hangs right behind its call (behind the results that stand there already), what hung on the
call hangs on the result, and what hung on the result hangs on what stood before it. Where the result was the end of the
path, an entry of the type `custom`, which the model never sees, is put in at the end of the file so that the path still ends
where it did.

## What it never does
No line moves and no text changes; the model sees the same messages. A result is never given to a call of an earlier turn
when a later turn called with the same id. Where an entry then hangs on a line below its own,
CF311 tells so as information; the loader goes by the links.

## What to do
Run the command that the finding ends with.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for found in &subject.pairs().displaced {
        let early = |at: &&u32| subject.place(**at) < subject.place(found.assistant);
        let early = found.results.iter().filter(early).count();
        let lines: Vec<String> = found.results.iter().take(3).map(|&at| subject.session.line_of(at).to_string()).collect();
        let more = if found.results.len() > lines.len() { ", ..." } else { "" };
        let message = match found.results.len() {
            1 if early == 1 => format!("the result of a tool call stands at line {}, before the call", lines.concat()),
            1 => format!("the result of a tool call stands at line {}, behind other messages", lines.concat()),
            count if early > 0 => {
                format!("{count} results of its tool calls do not stand right behind it, but at lines {}{more}", lines.join(", "))
            }
            count => format!("{count} results of its tool calls stand behind other messages, at lines {}{more}", lines.join(", ")),
        };
        let spot = Spot::at_entry(subject, found.assistant, message);
        let spot = if found.dropped { spot } else { spot.severity(Severity::Info) };
        let help = "nothing: a version 1 transcript has no links to move a result by";
        spots.push(if subject.is_linked() { spot } else { spot.not_mendable(help) });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(found) = about(&subject.pairs().displaced, spot.entry, |found| found.assistant) else { return Ok(None) };
    let Some(behind) = subject.place(found.anchor) else { return Ok(None) };
    let mut moved: Vec<usize> = found.results.iter().filter_map(|&at| subject.place(at)).collect();
    moved.sort_unstable();
    let mut patch = Patch::new();
    Ok(moves::relocate(subject, &mut patch, &moved, behind)?.then_some(patch))
}
