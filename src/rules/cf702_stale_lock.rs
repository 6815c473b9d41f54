//! CF702: a lock that its process has left behind.

use super::folder::{self, Folder, Listed};
use super::{Fixable, Rule, Severity, Work};
use crate::apply::lock::{self, Kind};
use crate::name::FileName;
use crate::repair::step::{Step, Trouble};
use crate::scan::{Agent, Scan};
use crate::time::span;

pub(super) static RULE: Rule = Rule {
    code: "CF702",
    name: "stale-lock",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "A lock file was left behind by a process that is gone",
    doc: "\
## What it means
`<transcript>.lock` or `sessions.json.lock` names a process that provably does not exist on this machine, and is older than the age at
which the gateway itself takes such a lock for abandoned: 30 minutes for a transcript, 30 seconds for the store, or what the lock says
in `maxHoldMs` where that is more. Both must hold: a number may be that of a process in a container or on another host, but no gateway
respects a lock of that age.

## Why it hurts
Every run takes the transcript's lock before it writes. Most releases take a stale one away by themselves; some wait ten seconds for it
at each turn and then give up with \"session file locked\", because a new process has got the old number.

## What the fix does
The lock file moves into the journal, and `clawfix undo` puts it back.

## What it never does
It never takes away a lock whose process lives or whose owner cannot be told, however old it is, and never one that changed since.
On Windows it cannot be proved that a process is gone, so nothing is reported there.

## What to do
Run the command of the finding. If locks are left behind again and again, something kills the gateway: look at the memory limits of its
container or service.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    if !folder::is_whole(scan, agent) {
        return;
    }
    for file in Folder::of(agent).files.iter().filter(|file| file.role == FileName::Lock) {
        let Some((kind, of)) = kind(file) else { continue };
        let Some(left) = lock::left_behind(&file.path, kind, folder::now_ms()) else { continue };
        let message = format!("locks {of} for process {}, which is gone; it is {} old", left.pid, span(left.age_ms));
        let mut trouble = Trouble::new(&file.path, &file.name, message);
        // In a copy nobody waits for it.
        trouble.severity = (!agent.dir.live).then_some(Severity::Info);
        trouble.steps.push(Step::Move(file.path.clone()));
        troubles.push(trouble);
    }
}

/// What the lock is for. Other programs' locks are not judged.
fn kind(file: &Listed) -> Option<(Kind, &str)> {
    let of = file.name.strip_suffix(".lock")?;
    match of {
        "sessions.json" => Some((Kind::Store, of)),
        _ if of.ends_with(".jsonl") => Some((Kind::Transcript, of)),
        _ => None,
    }
}
