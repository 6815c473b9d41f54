//! CF602: the store is empty though people talked.

use super::folder::{self, Folder, many};
use super::leftovers::leftovers;
use super::{Fixable, Rule, Severity, Work, file_name};
use crate::name::FileState;
use crate::repair::step::{Step, Trouble};
use crate::report::command::quoted;
use crate::scan::{Agent, Scan};
use crate::store::StoreHealth;
use crate::time::minute;

pub(super) static RULE: Rule = Rule {
    code: "CF602",
    name: "empty-store",
    severity: Severity::Error,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "The session store is empty or gone, though there are conversations in the folder",
    doc: "\
## What it means
`sessions.json` has no bytes, nothing but blanks, or no keys (`{}`), or is not there at all, and yet transcripts lie in the folder in which a person spoke and
was answered. A disk that ran full, a crash in the middle of a write, or a reader that met half a file and wrote back what it had
understood leaves this behind. A folder in which every transcript is an archive is no such case: somebody cleared it.

A store that is not there counts in the sessions folder of an agent (`agents/<agent>/sessions`) alone: copied transcripts in any other
folder need none. It is a warning in the live state directory and an information in a copy, which may never have held one.

## Why it hurts
No chat leads to its conversation any more. The next message of each opens a new session, and the assistant remembers nothing; the
old transcripts are orphans, which `openclaw doctor` archives and `openclaw sessions cleanup` deletes when they are 30 days old.

## What the fix does
If a copy of the store lies beside it (`sessions.json.bak.*`, or a `.tmp` that no write can own any more) that parses and leads to
transcripts of this folder, the copy that leads to most of them becomes the store. It takes your judgement, because the copy is
older: what each chat led to at that time counts again. A store that is not there is not made by clawfix: the finding gives the
command that copies it.

## What it never does
It never makes entries up, never touches a transcript, and never touches the copy.

## What to do
Stop the gateway before the next message comes in; until then nothing is lost but the way to it. Run the command of the finding if
there is one. Without a copy, either let the chats write, each opens a new session, and then stitch the old transcripts to the new
ones with `clawfix merge`; or keep the conversations in sight by entries of their own (CF608), for which the store has to be an object:
write `{}` into it where it holds nothing.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let (path, held) = match &agent.store {
        Some(store) if store.health == StoreHealth::Empty && store.len == 0 => (store.path.clone(), "holds no bytes"),
        Some(store) if store.health == StoreHealth::Empty => (store.path.clone(), "holds no sessions"),
        _ if folder::lacks_store(agent) => (agent.dir.dir.join("sessions.json"), "is not there"),
        _ => return,
    };
    if !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return;
    }
    let live = agent.segments.iter().filter(|segment| segment.file.name.state == FileState::Live && segment.is_conversational());
    let turns: Vec<usize> = live.map(|segment| segment.humans().filter(|turn| turn.answered).count()).filter(|&turns| turns > 0).collect();
    if turns.is_empty() {
        return;
    }
    let (files, turns) = (many(turns.len(), "transcript"), many(turns.iter().sum(), "answered user turn"));
    let mut trouble = Trouble::new(&path, file_name(&path), format!("{held}, yet the folder holds {files} with {turns}"));
    let is_gone = folder::lacks_store(agent);
    if is_gone {
        trouble.severity = Some(if agent.dir.live { Severity::Warning } else { Severity::Info });
    }
    match leftovers(agent, &Folder::of(agent)).into_iter().next() {
        Some(best) => {
            let made = best.made_ms.map(|at| format!(" of {} UTC", minute(at))).unwrap_or_default();
            trouble.message = format!("{}; {}{made} leads to {} of them", trouble.message, best.name, best.live);
            if is_gone {
                trouble.help = Some(format!("cp -p {} {}", quoted(&best.path), quoted(&path)));
            } else {
                trouble.steps.push(Step::Restore { path, from: best.path });
            }
        }
        None => {
            let next = "keep a copy of the folder before the next message comes in; when the chats have new sessions, `clawfix merge` stitches the old ones to them";
            trouble.help = Some(next.to_owned());
        }
    }
    troubles.push(trouble);
}
