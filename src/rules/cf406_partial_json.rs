//! CF406: a tool call with what was left over from its stream.

use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::{Patch, absolute};

pub(super) static RULE: Rule = Rule {
    code: "CF406",
    name: "partial-json",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A tool call holds the half-read text of its own arguments",
    doc: "\
## What it means
While a tool call streams in, its arguments are collected as text in a field `partialJson`, which is taken away when the call
is complete. Here it was written to the transcript: the stream broke off, or the gateway stopped, before the call was done.
(`partialArgs`, which releases of 2026 write for some providers, is no such sign.)

## Why it hurts
The field is no part of a tool call. Providers that check what they are sent refuse the request, and those that do not are
sent the arguments twice. The arguments themselves may be incomplete.

## What the fix does
It takes the field out of the block; its bytes go to the lost-and-found of the run. The call with its arguments stays.

## What it never does
It does not complete or change the arguments, and touches no other byte of the line.

## What to do
Run the command that the finding ends with. A call that broke off has usually no result either; that is CF401.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for calls in subject.session.calls.chunk_by(|a, b| a.entry == b.entry) {
        let (Some(first), count) = (calls.first(), calls.iter().filter(|call| call.partial).count()) else { continue };
        if count > 0 {
            let message = match count {
                1 => "a tool call with a left-over partialJson".to_owned(),
                _ => format!("{count} tool calls with a left-over partialJson"),
            };
            spots.push(Spot::at_entry(subject, first.entry, message));
        }
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let Some(span) = spot.span else { return Ok(None) };
    let mut patch = Patch::new();
    patch.within(subject, span, |patch, tree| {
        let content = tree.root().at(&["message", "content"]);
        for block in content.iter().flat_map(|content| content.items()) {
            if block.get("type").and_then(|kind| kind.text()).is_some_and(|kind| kind == "toolCall") {
                for range in block.removals_of("partialJson") {
                    patch.cut(absolute(span, range));
                }
            }
        }
    })?;
    Ok(Some(patch))
}
