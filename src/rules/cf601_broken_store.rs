//! CF601: the store does not parse.

use super::folder::{self, Folder, many};
use super::leftovers::leftovers;
use super::{Fixable, Rule, Severity, Work, file_name};
use crate::repair::step::{Step, Trouble};
use crate::scan::{Agent, Scan};
use crate::store::StoreHealth;
use crate::time::minute;

pub(super) static RULE: Rule = Rule {
    code: "CF601",
    name: "broken-store",
    severity: Severity::Error,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "The session store is torn, is no object, or is no plain JSON",
    doc: "\
## What it means
`sessions.json` does not parse, or holds something else than an object. Releases before 2026.2 wrote it in place on Windows, so a
crash or a reader at the wrong moment meets half a file; a full disk does the same anywhere.

A store that parses as JSON5 alone (comments, single quotes, a comma too many, most often after an edit by hand) is told apart, as
information: the first releases read it, later ones do not.

## Why it hurts
OpenClaw takes a store that it cannot parse for empty: it mints a new session for every chat that writes next, and writes the store
back without the others. This is how most conversations are torn.

## What the fix does
If a copy of the store lies beside it (`sessions.json.bak.*`, or a `.tmp` that no write can own any more) that parses and leads to
transcripts of this folder, the copy that leads to most of them takes the place of the broken store. The broken one is kept in the
journal, and `clawfix undo` brings it back. It takes your judgement, because a copy is older than the store was: chats that began
since are not in it, and those that rolled over since lead to their older session.

## What it never does
It never mends the broken text itself, never makes entries up, and never touches the copy.

## What to do
Stop the gateway before the next message comes in. Run the command of the finding if there is one, read which copy it takes and from
when it is, then run it with `--apply`. Without a copy, keep the broken file: everything in front of the tear can still be read.
",
    work: Work::Folder(detect),
};

fn detect(_: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = &agent.store else { return };
    let what = match &store.health {
        StoreHealth::Torn { offset, reason } => {
            let read = many(store.entries.len(), "session");
            format!("does not parse at byte {offset} ({reason}); {read} could be read before that")
        }
        StoreHealth::NotAnObject => "is JSON, but no object".to_owned(),
        StoreHealth::Json5 => {
            let read = many(store.entries.len(), "session");
            let message = format!("is JSON5, no plain JSON; later releases take it for empty, and its {read} with it");
            let mut trouble = Trouble::new(&store.path, file_name(&store.path), message);
            trouble.severity = Some(Severity::Info);
            trouble.help =
                Some("write it as plain JSON (double quotes, no comments, no comma at the end) while the gateway is stopped".to_owned());
            return troubles.push(trouble);
        }
        _ => return,
    };
    let mut trouble = Trouble::new(&store.path, file_name(&store.path), what);
    match leftovers(agent, &Folder::of(agent)).into_iter().next().filter(|_| !folder::is_in_database(agent)) {
        Some(best) => {
            let made = best.made_ms.map(|at| format!(" of {} UTC", minute(at))).unwrap_or_default();
            trouble.message = format!("{}; {}{made} is whole and leads to {}", trouble.message, best.name, many(best.live, "transcript"));
            trouble.steps.push(Step::Restore { path: store.path.clone(), from: best.path });
        }
        None => trouble.help = Some("stop the gateway before the next message comes in, and keep a copy".to_owned()),
    }
    troubles.push(trouble);
}
