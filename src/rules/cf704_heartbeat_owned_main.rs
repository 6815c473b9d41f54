//! CF704: the main chat's session belongs to the heartbeat.

use super::folder::{self, DAY_MS, many};
use super::{Fixable, Rule, Severity, Work};
use crate::key::{Key, KeyKind};
use crate::name::FileState;
use crate::repair::step::Trouble;
use crate::report::command;
use crate::scan::{Agent, Scan};
use crate::signal::TurnKind;
use crate::split::segment::{Segment, Standing};
use crate::split::{Level, SeamKind};
use crate::time::minute;

pub(super) static RULE: Rule = Rule {
    code: "CF704",
    name: "heartbeat-owned-main",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "The main chat's session holds nothing but heartbeats, while its talk lies in another",
    doc: "\
## What it means
The key of the main chat leads to a session in which no person has spoken: all its turns are heartbeat polls and events. An older
session of the same chat, with a person's turns, lies beside it.

After the daily reset at 04:00 this is the ordinary state of things until the owner writes. It is therefore not reported where the older
session was archived by a reset, where the newer one follows it by policy or on request and is less than a day old, nor where CF101
reports the two as torn.

## Why it hurts
The next message of the owner goes on in the heartbeat's session: the assistant knows its own polls and nothing of the talk. Where
heartbeats keep opening or keeping sessions, this happens again and again.

## What to do
Look at both with `clawfix show`. If the older one should go on, stitch the two with `clawfix merge` before you write. To keep
heartbeats out of the main chat, give them a session of their own (`agents.defaults.heartbeat.isolatedSession`, from March 2026 on), or
a longer idle time (`session.reset.idleMinutes`).
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    if !folder::is_whole(scan, agent) {
        return;
    }
    let is_main = |key: &&Key| matches!(key.kind, KeyKind::Main | KeyKind::Global) || (key.kind == KeyKind::Legacy && key.peer.is_none());
    for (at, main) in agent.segments.iter().enumerate().filter(|(_, segment)| segment.standing == Standing::Live) {
        let Some(key) = main.bound.iter().find(is_main).filter(|_| is_heartbeats(main)) else { continue };
        let mut seams = agent.conversations.iter().flat_map(|conversation| &conversation.seams);
        let seam = seams.find(|seam| seam.newer == at);
        let innocent = seam.is_some_and(|seam| seam.verdict.kind == SeamKind::Split || main.last_ms.saturating_sub(main.start_ms) < DAY_MS);
        if innocent {
            continue;
        }
        // What a reset archived has come to its end in the ordinary way, however long nobody writes after it.
        let Some(talk) = talk(agent, main, key).filter(|talk| talk.file.name.state != FileState::Reset) else { continue };
        let polls = many(main.session.turns.len(), "turn");
        let message = format!(
            "{} leads here, to {polls} of the machine and none of a person since {} UTC; the talk before, until {} UTC, is in {}",
            key.raw,
            minute(main.start_ms),
            minute(talk.last_human_ms()),
            talk.file.file_name
        );
        let mut trouble = Trouble::new(&main.file.path, &main.id, message);
        trouble.at_ms = Some(main.start_ms);
        // A session that came by policy is no damage, so nothing is offered but a look.
        trouble.help = Some(match seam {
            Some(_) => command::show(scan, agent, &talk.id),
            None => command::merge(scan, agent, &format!("{} {}", talk.id, main.id), Level::Certain),
        });
        troubles.push(trouble);
    }
}

/// Whether all turns of a session are the machine's, and one at least is a heartbeat.
fn is_heartbeats(segment: &Segment) -> bool {
    let mut kinds = segment.session.turns.iter().map(|turn| turn.reading.kind);
    let polls = |kind: TurnKind| matches!(kind, TurnKind::Heartbeat | TurnKind::ExecWake | TurnKind::SystemOnly);
    kinds.clone().any(|kind| kind == TurnKind::Heartbeat) && kinds.all(polls)
}

/// The last talk of that chat before the session.
fn talk<'a>(agent: &'a Agent, main: &Segment, key: &Key) -> Option<&'a Segment> {
    let same = |segment: &&Segment| segment.lane.as_ref().is_some_and(|lane| lane.key.is(&key.raw));
    let kept = |segment: &&Segment| matches!(segment.file.name.state, FileState::Live | FileState::Reset | FileState::Deleted);
    let spoken = agent.segments.iter().filter(|segment| segment.is_conversational() && segment.humans().any(|turn| turn.answered));
    spoken.filter(same).filter(kept).filter(|segment| segment.last_human_ms() < main.start_ms).max_by_key(|segment| segment.last_human_ms())
}
