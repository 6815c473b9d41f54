//! CF703: half of a torn conversation will be cleaned up soon.

use std::collections::BTreeMap;

use super::folder::{self, DAY_MS, now_ms};
use super::{Fixable, Rule, Severity, Work};
use crate::name::FileState;
use crate::repair::step::{Step, Trouble};
use crate::report::command;
use crate::scan::{Agent, Scan};
use crate::split::segment::{Segment, Standing};
use crate::split::{Level, SeamKind};
use crate::time::iso;

/// After this long OpenClaw's cleanup deletes, unless it is told otherwise.
const KEPT_MS: i64 = 30 * DAY_MS;
/// From here on it is reported.
const SOON_MS: i64 = 14 * DAY_MS;

pub(super) static RULE: Rule = Rule {
    code: "CF703",
    name: "half-on-a-clock",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "Half of a torn conversation is about to be deleted by OpenClaw's own cleanup",
    doc: "\
## What it means
A conversation was torn (CF101), and one of its halves is a file that OpenClaw's cleanup takes for garbage in at most 14 days, or could
take any day. There are two clocks of 30 days, the default of `session.maintenance.pruneAfter`:

- A transcript that no key knows goes by its *time of change*: `openclaw sessions cleanup` deletes it, and so does the disk budget,
  the oldest first.
- An archive (`.reset.<T>`, `.deleted.<T>`) goes by the time *in its name*: releases from February to July 2026 delete it in the course
  of an ordinary write. Later ones keep archives unless `session.maintenance.resetArchiveRetention` is set.

In a copy the time of change may be that of the copying, and no gateway cleans up there: an information.

## Why it hurts
As long as both halves are there, a torn conversation can be put together without losing a byte. Afterwards it cannot.

## What the fix does
A transcript that no key knows gets the present as its time of change: the clock begins anew, with another 30 days. It has to be asked
for (`--unsafe-fixes`), because the times of files are evidence too. `clawfix undo` puts the old time back.

## What it never does
It never renames an archive, whose clock is in its name: touching it would protect nothing, so nothing is done. It never changes a byte.

## What to do
Stitch the conversation with `clawfix merge`, then there is nothing left to be cleaned up. If you need time to think, run the
command of the finding, or copy the archive to another folder.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    if !folder::is_whole(scan, agent) {
        return;
    }
    // Segment by segment, each with the conversation that it is half of.
    let mut halves: BTreeMap<usize, (String, Level)> = BTreeMap::new();
    for conversation in &agent.conversations {
        for seam in conversation.seams.iter().filter(|seam| seam.verdict.kind == SeamKind::Split) {
            for at in [seam.older, seam.newer] {
                halves.entry(at).or_insert_with(|| (agent.conversation_id(conversation), seam.verdict.level));
            }
        }
    }
    for (at, (id, level)) in halves {
        let Some((segment, clock)) = agent.segments.get(at).and_then(|segment| Some((segment, clock(agent, segment)?))) else { continue };
        let due = clock.since_ms.saturating_add(KEPT_MS);
        if due.saturating_sub(now_ms()) > SOON_MS {
            continue;
        }
        let day = |ms: i64| iso(ms).chars().take(10).collect::<String>();
        let verb = if due <= now_ms() { "may be deleted any day since" } else { "may be deleted from" };
        let message = match clock.touchable {
            true => format!("half of {id} that no key knows; by its time of change ({}) it {verb} {}", day(clock.since_ms), day(due)),
            false => format!("half of {id} in an archive; by the time in its name ({}) it {verb} {}", day(clock.since_ms), day(due)),
        };
        let mut trouble = Trouble::new(&segment.file.path, &segment.file.file_name, message);
        trouble.severity = (!agent.dir.live).then_some(Severity::Info);
        trouble.at_ms = Some(due);
        if clock.touchable {
            trouble.steps.push(Step::Touch(segment.file.path.clone()));
        } else {
            trouble.help = Some(command::merge(scan, agent, &id, level));
        }
        troubles.push(trouble);
    }
}

/// When a file's clock began.
struct Clock {
    since_ms: i64,
    /// Whether it goes by the time of change.
    touchable: bool,
}

fn clock(agent: &Agent, segment: &Segment) -> Option<Clock> {
    match segment.standing {
        Standing::Unreferenced => Some(Clock { since_ms: segment.file.modified_ms?, touchable: true }),
        // The database keeps archives for good.
        Standing::Archive(FileState::Reset | FileState::Deleted) if !folder::is_in_database(agent) => {
            Some(Clock { since_ms: segment.file.name.stamp_ms?, touchable: false })
        }
        _ => None,
    }
}
