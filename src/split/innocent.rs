//! Two segments in, what makes their seam innocent, or impossible, out. Every explanation is tested before a pair is
//! called torn.

use super::evidence as items;
use super::segment::{Chat, Segment};
use super::testimony::{Findings, archive_stamp, opens_by_event};
use super::{Settings, Side};
use crate::foreign;
use crate::key::{Key, KeyKind};
use crate::name::FileState;
use crate::policy::ResetPolicy;
use crate::session::Entry;
use crate::signal::TurnKind;
use crate::time::{iso, span};
use crate::zone::Zone;

/// An archive made this long before or after the newer session's start belongs to the seam, in ms.
pub const ARCHIVE_REACH_MS: i64 = 60_000;
/// An event that sets off a reset has the older transcript archived in its own turn, not this long before, in ms.
const EVENT_REACH_MS: i64 = 1_000;
/// Where no configuration tells, a silence from here on may be an idle policy's, in ms.
const IDLE_FLOOR_MS: i64 = 30 * 60_000;
/// A policy judges on its own clock; silences this close below its limit count, in ms.
const IDLE_SLACK_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Starts this close on the clock are at the same time of day, in ms; heartbeats come half an hour apart.
const SAME_HOUR_MS: i64 = 35 * 60_000;
/// Other days with an event's start at the same time of day that make it a habit.
const RECURRENCES: usize = 2;
/// Entries at the start of a session that are looked at for a parent in the older one.
const FIRST_ENTRIES: usize = 64;

/// Clock and policy under which an agent's sessions roll over.
#[derive(Debug)]
pub struct Clockwork<'a> {
    /// What the configuration says.
    pub policy: &'a ResetPolicy,
    /// What a person set.
    pub settings: &'a Settings,
    /// Offset of the gateway's local time from UTC in minutes, as the agent's transcripts show it.
    pub zone_minutes: Option<i32>,
    /// Starts of the agent's sessions that an event opened, UTC ms.
    pub event_starts: &'a [i64],
}

/// Adds every explanation that holds.
pub fn explain(older: &Segment, newer: &Segment, clock: &Clockwork<'_>, findings: &mut Findings) {
    let first = newer.session.turns.first();
    if let Some(turn) = first.filter(|turn| turn.reading.kind == TurnKind::ResetGreeting) {
        findings.add(
            &items::GREETING,
            Side::Newer,
            Some(newer.session.line_of(turn.entry)),
            "it opens with the greeting of /new or /reset".to_owned(),
        );
    }
    let parent = newer.session.header.as_ref().and_then(|header| header.parent_session.as_deref());
    if parent.is_some_and(|parent| is_file_of(parent, older)) {
        findings.add(&items::FORK, Side::Newer, Some(1), "its header names the older transcript as parentSession".to_owned());
    } else if let Some(line) = rotated(older, newer) {
        findings.add(
            &items::ROTATION,
            Side::Newer,
            Some(line),
            "its first entries hang on, or repeat, entries of the older transcript".to_owned(),
        );
    } else if let Some(entry) = newer.session.entries.first().filter(|entry| entry.parent.is_some() && newer.session.version() >= 2) {
        let message = "its first entry hangs on an entry of a third transcript".to_owned();
        findings.add(&items::FOREIGN_ROOT, Side::Newer, Some(u64::from(entry.line)), message);
    }
    policy(older, newer, clock, findings);
    archive(older, newer, findings);
}

fn is_file_of(path: &str, segment: &Segment) -> bool {
    let name = foreign::basename(path);
    let live = segment.file.file_name.split(".jsonl").next().unwrap_or_default();
    name == segment.file.file_name || name.strip_suffix(".jsonl") == Some(live) || name.strip_suffix(".jsonl") == Some(&segment.id)
}

/// The line at which the newer session shows that it was made from the older one's entries.
fn rotated(older: &Segment, newer: &Segment) -> Option<u64> {
    let (ours, theirs) = (&newer.session.names, &older.session.names);
    let in_older = |id| {
        let text = ours.text(id)?;
        let id = theirs.find(text)?;
        older.session.entries.iter().find(|entry| entry.id == id)
    };
    let mut copies = 0;
    for (at, entry) in newer.session.entries.iter().enumerate().take(FIRST_ENTRIES) {
        let known_here = newer.session.entries.iter().take(at).any(|earlier| earlier.id == entry.parent);
        if entry.parent.is_some() && !known_here && in_older(entry.parent).is_some() {
            return Some(u64::from(entry.line));
        }
        copies += usize::from(in_older(entry.id).is_some_and(|other| is_copy(entry, other)));
        if copies >= 3 {
            return Some(u64::from(entry.line));
        }
    }
    None
}

/// Whether two entries of the same id are one that was copied. Ids are unique in one file only (converters number them
/// through), so the time must agree too, or what was said: re-written copies get new times.
fn is_copy(entry: &Entry, other: &Entry) -> bool {
    let said = entry.role.is_some() && entry.role == other.role && entry.text_len > 0 && entry.text_len == other.text_len;
    entry.kind == other.kind && (entry.time().is_some_and(|at| Some(at) == other.time()) || said)
}

fn policy(older: &Segment, newer: &Segment, clock: &Clockwork<'_>, findings: &mut Findings) {
    let begin = newer.begin_ms();
    let last = older.last_human_ms();
    let group = older.chats.iter().chain(&newer.chats).any(|chat| chat.group);
    let thread = older.chats.iter().any(|chat| chat.thread.is_some());
    let channel = older.chats.iter().find_map(|chat| chat.channel.as_deref());
    let (daily, idle) = clock.policy.for_chat(group, thread, channel);
    let told = newer.zone_minutes.or(older.zone_minutes).or(clock.zone_minutes).map(Zone::Fixed);
    let zone = clock.settings.zone.or(told);
    let silence = begin.saturating_sub(last);
    if let Some(hour) = daily {
        let offset = |at: i64| zone.map_or(0, |zone| i64::from(zone.offset_minutes(at)) * 60_000);
        let crossed = |from: i64, to: i64| day_of(from, offset(from), hour) < day_of(to, offset(to), hour);
        let humans: Vec<i64> = older.humans().map(|turn| turn.at_ms).collect();
        // A session that lived through the hour is not under such a policy, unless the configuration says so.
        let outlived = !clock.policy.explicit && humans.windows(2).any(|pair| matches!(pair, [a, b] if crossed(*a, *b)));
        if crossed(last, begin) && !outlived {
            let known = match (clock.settings.zone, zone) {
                (Some(zone), _) => format!("in {}", zone.name()),
                (None, Some(_)) => "local time".to_owned(),
                (None, None) => "UTC, since no wall clock is in the text".to_owned(),
            };
            let message = format!("{hour:02}:00 {known} lies between its start and the older session's last user turn ({})", iso(last));
            findings.add(&items::DAILY, Side::Newer, None, message);
        } else {
            daily_elsewhere(older, newer, clock, zone.is_some(), findings);
        }
    }
    let message = format!("it began {} after the last user turn", span(silence));
    match (clock.policy.explicit, idle) {
        (true, None) => {}
        (_, Some(minutes)) if silence + IDLE_SLACK_MS >= i64::from(minutes) * 60_000 => {
            findings.add(&items::IDLE, Side::Newer, None, format!("{message}; the idle policy is {minutes} min"));
        }
        (true, Some(_)) => {}
        (false, _) if silence < IDLE_FLOOR_MS => {}
        // Nothing says that there is an idle policy at all, and the session outlived such a silence or was still at work.
        (false, _) if older.longest_pause_ms() >= silence || findings.has(&items::EXEC_TIE) => {
            findings.add(&items::IDLE_OUTLIVED, Side::Newer, None, message);
        }
        (false, _) => findings.add(&items::IDLE, Side::Newer, None, message),
    }
}

/// A daily reset at an hour that nothing names: sessions that events begin at the same time day after day show it, and
/// where no text tells the zone it may have come between.
fn daily_elsewhere(older: &Segment, newer: &Segment, clock: &Clockwork<'_>, zone_known: bool, findings: &mut Findings) {
    let begin = newer.begin_ms();
    let silence = begin.saturating_sub(older.last_human_ms());
    // Within minutes of a person's words the hour lies by chance only, and a session of more than a day outlived it.
    let lived = older.last_human_ms().saturating_sub(older.start_ms);
    if findings.opened_by.is_none() || silence <= clock.settings.small_gap_ms || (lived >= DAY_MS && !clock.policy.explicit) {
        return;
    }
    let time_of_day = |at: i64| at.rem_euclid(DAY_MS);
    let near = |at: i64| {
        let apart = (time_of_day(at) - time_of_day(begin)).abs();
        apart.min(DAY_MS - apart) <= SAME_HOUR_MS && (at - begin).abs() > DAY_MS / 2
    };
    let days: std::collections::BTreeSet<i64> = clock.event_starts.iter().filter(|&&at| near(at)).map(|at| at.div_euclid(DAY_MS)).collect();
    if days.len() >= RECURRENCES {
        let message = format!("events opened sessions at about this time of day on {} other days", days.len());
        findings.add(&items::RECURRING_HOUR, Side::Newer, None, message);
    } else if !zone_known {
        let message = "no wall clock tells the zone, so the daily reset hour may lie in the silence before it".to_owned();
        findings.add(&items::DAILY_SOMEWHERE, Side::Newer, None, message);
    }
}

/// Number of the day that a moment belongs to, when days begin at `hour` local time.
fn day_of(at_ms: i64, offset_ms: i64, hour: u32) -> i64 {
    (at_ms + offset_ms - i64::from(hour) * 3_600_000).div_euclid(DAY_MS)
}

fn archive(older: &Segment, newer: &Segment, findings: &mut Findings) {
    let Some(stamp) = archive_stamp(older) else { return };
    let near = (stamp - newer.start_ms).abs() <= ARCHIVE_REACH_MS || (stamp - newer.begin_ms()).abs() <= ARCHIVE_REACH_MS;
    // What was put away before the newer one began, however long, was put away by somebody, and not by what began it.
    let before = stamp < newer.begin_ms();
    if !(near || before) || findings.has(&items::REPLAY) {
        return;
    }
    let message =
        format!("the older transcript was archived at {}, {} from the newer one's start", iso(stamp), span((stamp - newer.start_ms).abs()));
    let event = newer.session.turns.first().is_some_and(|turn| opens_by_event(turn.reading.kind));
    let event = event && stamp >= newer.begin_ms() - EVENT_REACH_MS;
    let within_turn = findings.has(&items::RESET_IN_TURN) && findings.has(&items::HEARTBEAT_BEFORE);
    let item = match older.file.name.state {
        // The event's own turn set off the reset, so nobody asked for it.
        FileState::Reset if event && findings.has(&items::RESET_IN_TURN) => return,
        FileState::Reset | FileState::Deleted if event => &items::ARCHIVED_BEFORE_EVENT,
        // Work that was cut off is a second trace, which a wish for a new session does not leave.
        FileState::Reset if within_turn && (findings.has(&items::RUN_PENDING) || findings.has(&items::CALL_OPEN)) => return,
        FileState::Reset if within_turn => &items::ASKED_WITH_MESSAGE,
        FileState::Reset => &items::RESET_ARCHIVE,
        FileState::Deleted if findings.has(&items::ERROR_BEFORE) => return,
        FileState::Deleted => &items::DELETED,
        _ => return,
    };
    findings.add(item, Side::Older, None, message);
}

/// Adds every contradiction. One is enough to keep the two apart.
pub fn contradict(older: &Segment, newer: &Segment, findings: &mut Findings) {
    if let Some(machine) = [older, newer].into_iter().find_map(|segment| segment.machine) {
        findings.add(&items::MACHINE, Side::Newer, None, format!("one of the two is a {} session", machine.name()));
    }
    if older.mixes_chats() || newer.mixes_chats() {
        findings.add(&items::SEVERAL_CHATS, Side::Newer, None, "one of the two holds several chats".to_owned());
    }
    let known_same = match (older.known_key(), newer.known_key()) {
        (Some(a), Some(b)) if a.is(&b.raw) => true,
        (Some(a), Some(b)) => {
            findings.add(&items::OTHER_KEY, Side::Newer, None, format!("the older ran under {}, the newer under {}", a.raw, b.raw));
            false
        }
        (Some(key), None) if !could_hold(key, newer) => {
            findings.add(&items::OTHER_KEY, Side::Newer, None, format!("the newer session's chat does not belong under {}", key.raw));
            false
        }
        (None, Some(key)) if !could_hold(key, older) => {
            findings.add(&items::OTHER_KEY, Side::Older, None, format!("the older session's chat does not belong under {}", key.raw));
            false
        }
        (None, None) => false,
        // The main key may hold several direct chats of one owner.
        (Some(key), _) | (_, Some(key)) => !key.kind.holds_one_chat() && key.kind != KeyKind::Other,
    };
    chats(older, newer, known_same, findings);
    let parent = newer.session.header.as_ref().and_then(|header| header.parent_session.as_deref());
    if parent.is_some_and(|parent| !is_file_of(parent, older)) {
        findings.add(&items::OTHER_PARENT, Side::Newer, Some(1), "its header names another transcript as parentSession".to_owned());
    }
    // Turns from before its start were copied into it.
    let newer_speaks = newer.humans().map(|turn| turn.at_ms).filter(|&at| at >= newer.start_ms).min();
    let goes_on = match newer_speaks {
        Some(from) => older.humans().any(|turn| turn.at_ms > from),
        None => older.humans().any(|turn| turn.at_ms > newer.start_ms),
    };
    if goes_on {
        findings.add(&items::PARALLEL, Side::Older, None, "the older session went on with its own user turns".to_owned());
    }
}

/// Whether nothing in the segment's text speaks against its having run under the key.
fn could_hold(key: &Key, segment: &Segment) -> bool {
    let groups = segment.chats.iter().any(|chat| chat.group);
    match key.kind {
        KeyKind::Main | KeyKind::Global | KeyKind::Legacy => !groups,
        KeyKind::Group | KeyKind::Thread => {
            let wrapped = segment.humans().any(|turn| turn.reading.wrapped);
            segment.chats.iter().any(|chat| Some(chat.id.as_str()) == key.peer.as_deref()) || (segment.chats.is_empty() && !wrapped)
        }
        KeyKind::Direct => {
            !groups && (segment.chats.is_empty() || segment.chats.iter().any(|chat| Some(chat.id.as_str()) == key.peer.as_deref()))
        }
        _ => true,
    }
}

fn chats(older: &Segment, newer: &Segment, known_same: bool, findings: &mut Findings) {
    let threads = |segment: &Segment| -> Option<String> {
        let topic = segment.file.name.topic.clone();
        topic.or_else(|| segment.only_chat().and_then(|chat| chat.thread.clone()))
    };
    if let (Some(a), Some(b)) = (threads(older), threads(newer))
        && a != b
    {
        findings.add(&items::OTHER_THREAD, Side::Newer, None, format!("thread {a} and thread {b}"));
    }
    if known_same {
        return;
    }
    let shared = older.chats.iter().any(|chat| newer.chats.iter().any(|other| other.id == chat.id));
    let ids = |chats: &[Chat]| chats.first().map_or_else(|| "a direct chat".to_owned(), |chat| format!("chat {}", chat.id));
    let group_against_plain = |group: &Segment, plain: &Segment| {
        group.chats.iter().any(|chat| chat.group) && plain.chats.is_empty() && plain.humans().any(|turn| turn.reading.wrapped)
    };
    let apart = (!older.chats.is_empty() && !newer.chats.is_empty() && !shared)
        || group_against_plain(older, newer)
        || group_against_plain(newer, older);
    if apart {
        findings.add(
            &items::OTHER_CHAT,
            Side::Newer,
            None,
            format!("the older was held in {}, the newer in {}", ids(&older.chats), ids(&newer.chats)),
        );
    }
}
