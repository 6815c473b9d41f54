//! CF602: the store is empty though people talked.

use super::folder::{self, Folder, many};
use super::leftovers::leftovers;
use super::{Fixable, Rule, Severity, Work, file_name};
use crate::name::FileState;
use crate::repair::step::{Step, Trouble};
use crate::scan::{Agent, Scan};
use crate::store::StoreHealth;
use crate::time::minute;

pub(super) static RULE: Rule = Rule {
    code: "CF602",
    name: "empty-store",
    severity: Severity::Error,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "The session store is empty, though there are conversations in the folder",
    doc: "\
## What it means
`sessions.json` has no bytes, nothing but blanks, or no keys (`{}`), and yet transcripts lie in the folder in which a person spoke and
was answered. A disk that ran full, a crash in the middle of a write, or a reader that met half a file and wrote back what it had
understood leaves this behind. A folder in which every transcript is an archive is no such case: somebody cleared it.

## Why it hurts
No chat leads to its conversation any more. The next message of each opens a new session, and the assistant remembers nothing; the
old transcripts are orphans, which `openclaw doctor` archives and `openclaw sessions cleanup` deletes when they are 30 days old.

## What the fix does
If a copy of the store lies beside it (`sessions.json.bak.*`, or a `.tmp` that no write can own any more) that parses and leads to
transcripts of this folder, the copy that leads to most of them becomes the store. It takes your judgement, because the copy is
older: what each chat led to at that time counts again.

## What it never does
It never makes entries up, never touches a transcript, and never touches the copy.

## What to do
Stop the gateway before the next message comes in; until then nothing is lost but the way to it. Run the command of the finding if
there is one. Without a copy, let the chats write, each opens a new session, and then stitch the old transcripts to the new ones with
`clawfix merge`.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = agent.store.as_ref().filter(|store| store.health == StoreHealth::Empty) else { return };
    if !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return;
    }
    let live = agent.segments.iter().filter(|segment| segment.file.name.state == FileState::Live && segment.is_conversational());
    let turns: Vec<usize> = live.map(|segment| segment.humans().filter(|turn| turn.answered).count()).filter(|&turns| turns > 0).collect();
    if turns.is_empty() {
        return;
    }
    let held = if store.len == 0 { "holds no bytes" } else { "holds no sessions" };
    let (files, turns) = (many(turns.len(), "transcript"), many(turns.iter().sum(), "answered user turn"));
    let mut trouble =
        Trouble::new(&store.path, file_name(&store.path), format!("{held}, yet there are {files} with {turns} in the folder"));
    match leftovers(agent, &Folder::of(agent)).into_iter().next() {
        Some(best) => {
            let made = best.made_ms.map(|at| format!(" of {} UTC", minute(at))).unwrap_or_default();
            trouble.message = format!("{}; {}{made} leads to {} of them", trouble.message, best.name, best.live);
            trouble.steps.push(Step::Restore { path: store.path.clone(), from: best.path });
        }
        None => {
            let next = "keep a copy of the folder before the next message comes in; when the chats have new sessions, `clawfix merge` stitches the old ones to them";
            trouble.help = Some(next.to_owned());
        }
    }
    troubles.push(trouble);
}
