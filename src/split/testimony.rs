//! Two segments in, what speaks for one torn conversation out: items of evidence with the place where each can be checked.

use super::evidence::{self as items, Item, Source};
use super::segment::{KeySource, Segment, Standing};
use super::{Settings, Side};
use crate::foreign;
use crate::key::KeyKind;
use crate::session::{ImageSource, Turn};
use crate::signal::TurnKind;
use crate::signal::exec;
use crate::time::{iso, span};

/// An error this close before the last activity is what the session ended on, in ms.
const ERROR_REACH_MS: i64 = 60_000;
/// Message ids this far apart still continue one another: a group or other chats of the bot may take some between.
const MESSAGE_ID_REACH: u64 = 50;
/// How far an elapsed mark may miss the last activity, beyond the unit it is rounded to, in ms: the store's clock is set
/// a little after the last line is written.
const ELAPSED_SLACK_MS: i64 = 5_000;
/// Turns of the newer session that still count as its opening.
const OPENING: usize = 12;

/// One item of evidence for a pair.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What is declared about it.
    pub item: &'static Item,
    /// Its weight here; the declared one unless the item is weaker in this case.
    pub weight: f64,
    /// Who could have written it here: a trajectory lifts text to the gateway's word.
    pub source: Source,
    /// A sentence that a person can check. Holds ids, times and counts, never message text.
    pub message: String,
    /// In which of the two transcripts to look.
    pub side: Side,
    /// At which line, from 1.
    pub line: Option<u64>,
}

/// Evidence as it is gathered.
#[derive(Debug, Default)]
pub struct Findings {
    /// The items, in the order they were filed.
    pub items: Vec<Evidence>,
    /// The event that opened the newer session, if one did.
    pub opened_by: Option<TurnKind>,
}

impl Findings {
    /// Files an item under its declared weight and source.
    pub fn add(&mut self, item: &'static Item, side: Side, line: Option<u64>, message: String) {
        self.items.push(Evidence { item, weight: item.weight, source: item.source, message, side, line });
    }

    /// Whether an item was filed.
    pub fn has(&self, item: &Item) -> bool {
        self.items.iter().any(|evidence| evidence.item.code == item.code)
    }
}

/// All that speaks for `older` and `newer` being one conversation that was torn.
///
/// Item [`items::ONLY_LANE`] needs the other segments and [`items::UNEXPLAINED`] the explanations; the caller adds both.
pub fn gather(older: &Segment, newer: &Segment, settings: &Settings) -> Findings {
    let mut findings = Findings::default();
    keys(older, newer, &mut findings);
    chats(older, newer, &mut findings);
    messages(older, newer, settings, &mut findings);
    runs(older, newer, &mut findings);
    images(older, newer, &mut findings);
    gap(older, newer, settings, &mut findings);
    opening(older, newer, &mut findings);
    ending(older, newer, settings, &mut findings);
    findings
}

fn keys(older: &Segment, newer: &Segment, findings: &mut Findings) {
    let lineage = newer.family.contains(&older.id) && newer.family.contains(&newer.id);
    if lineage {
        findings.add(&items::LINEAGE, Side::Newer, None, "the store lists both session ids in usageFamilySessionIds".to_owned());
    }
    if let (Some(a), Some(b)) = (older.known_key(), newer.known_key())
        && a.is(&b.raw)
        && !(lineage && older.lane.as_ref().is_some_and(|lane| lane.source == KeySource::Family))
    {
        findings.add(&items::SAME_KEY, Side::Newer, None, format!("both ran under the key {}", b.raw));
    }
    let Some(key) = newer.bound.first() else { return };
    if older.bound.is_empty() && hosts(key.kind, key.peer.as_deref(), older) && is_wrapped_alike(older, newer) {
        let message = format!("the store binds {} to the newer session and nothing to the older one", key.raw);
        findings.add(&items::SUCCESSION, Side::Newer, None, message);
    }
}

/// Whether a key of that kind can be the one the segment was held under. Unknown is a no, but for the main key.
fn hosts(kind: KeyKind, peer: Option<&str>, segment: &Segment) -> bool {
    match kind {
        KeyKind::Main | KeyKind::Global | KeyKind::Legacy => {
            !segment.chats.iter().any(|chat| chat.group) && segment.humans().all(|turn| turn.sender.is_none())
        }
        KeyKind::Direct | KeyKind::Group | KeyKind::Thread => segment.chats.iter().any(|chat| Some(chat.id.as_str()) == peer),
        _ => false,
    }
}

/// Whether the gateway treated the persons' words alike: a chat whose messages it wraps does not go on in bare ones, which
/// are those of a terminal, a program or another agent.
pub fn is_wrapped_alike(older: &Segment, newer: &Segment) -> bool {
    let wrapped = |segment: &Segment| segment.humans().any(|turn| turn.reading.wrapped);
    let silent = |segment: &Segment| segment.humans().next().is_none();
    silent(older) || silent(newer) || wrapped(older) == wrapped(newer)
}

fn chats(older: &Segment, newer: &Segment, findings: &mut Findings) {
    let common = newer.chats.iter().find(|chat| older.chats.iter().any(|other| other.id == chat.id && other.thread == chat.thread));
    if let Some(chat) = common {
        let line = newer.humans().find(|turn| names_chat(turn, &chat.id)).map(|turn| newer.session.line_of(turn.entry));
        findings.add(&items::SAME_CHAT, Side::Newer, line, format!("both were held in chat {}", chat.id));
    }
    let sender = newer.humans().find(|turn| turn.sender.is_some() && older.humans().any(|other| other.sender == turn.sender));
    if let Some(turn) = sender {
        findings.add(
            &items::SAME_SENDER,
            Side::Newer,
            Some(newer.session.line_of(turn.entry)),
            "both have turns of the same sender".to_owned(),
        );
    }
}

fn names_chat(turn: &Turn, id: &str) -> bool {
    turn.reading.chat_id.as_deref() == Some(id) || turn.reading.sender_id.as_deref() == Some(id)
}

/// Names the store's peers when they are the older segment's chat.
pub fn store_peer(older: &Segment, newer: &Segment, peers: &[String], findings: &mut Findings) {
    let known = older.chats.iter().find(|chat| peers.contains(&chat.id));
    if let (Some(chat), false) = (known, findings.has(&items::SAME_KEY) || newer.bound.is_empty()) {
        findings.add(&items::STORE_PEER, Side::Older, None, format!("the newer session's store entry names chat {}", chat.id));
    }
}

fn messages(older: &Segment, newer: &Segment, settings: &Settings, findings: &mut Findings) {
    let first = newer.humans().next();
    let line = |turn: &Turn| Some(newer.session.line_of(turn.entry));
    let again = first.and_then(|turn| Some((turn, older.humans().rev().take(3).find(|last| says_the_same(last, turn, settings))?)));
    if let Some((turn, last)) = again {
        let at = older.session.line_of(last.entry);
        if is_replay(last, turn) {
            let message = format!("its first message is the one at line {at} of the older session, delivered again");
            findings.add(&items::REPLAY, Side::Newer, line(turn), message.clone());
            findings.add(&items::REPLAY_TORN, Side::Newer, line(turn), message);
        } else {
            let message = format!("its first message has the words of the unanswered one at line {at} of the older session");
            findings.add(&items::SAME_WORDS, Side::Newer, line(turn), message);
        }
    }
    let number = |turn: &Turn| turn.reading.message_id.as_deref().and_then(|id| id.parse::<u64>().ok());
    let last_id = older.humans().rev().find_map(number);
    let first_id = newer.humans().take(OPENING).find_map(|turn| Some((turn, number(turn)?)));
    if let (Some(last), Some((turn, next))) = (last_id, first_id)
        && next > last
        && next - last <= MESSAGE_ID_REACH
        && !findings.has(&items::REPLAY)
    {
        findings.add(&items::MESSAGE_IDS, Side::Newer, line(turn), format!("message {next} follows message {last} of the older session"));
    }
    let reply = newer.humans().find_map(|turn| {
        let to = turn.reading.reply_to.as_deref()?;
        let own = newer.humans().any(|other| other.reading.message_id.as_deref() == Some(to));
        let target = older.humans().find(|other| other.reading.message_id.as_deref() == Some(to))?;
        (!own).then_some((turn, target))
    });
    if let Some((turn, target)) = reply {
        let message = format!("it replies to the message at line {} of the older session", older.session.line_of(target.entry));
        findings.add(&items::REPLY, Side::Newer, line(turn), message);
    }
    if let Some(turn) = first
        && let Some(elapsed) = turn.reading.elapsed_ms
        && points_at(turn.at_ms - elapsed, elapsed, older.last_ms)
        && older.last_ms < turn.at_ms
    {
        let message = format!("its elapsed mark of {} points at the older session's last activity", span(elapsed));
        findings.add(&items::ELAPSED, Side::Newer, line(turn), message);
    }
}

/// A mark is rounded down to its unit, so the true moment lies up to one unit earlier.
fn points_at(moment: i64, elapsed: i64, activity: i64) -> bool {
    let unit = match elapsed {
        ..60_000 => 1_000,
        60_000..3_600_000 => 60_000,
        3_600_000..86_400_000 => 3_600_000,
        _ => 86_400_000,
    };
    (moment - unit - ELAPSED_SLACK_MS..=moment + ELAPSED_SLACK_MS).contains(&activity)
}

/// The same words, which nobody had answered where neither carries an id.
fn says_the_same(last: &Turn, first: &Turn, settings: &Settings) -> bool {
    let same_words = last.words.is_some() && last.words == first.words;
    let gap = first.at_ms.saturating_sub(last.at_ms);
    same_words && (is_replay(last, first) || (!last.answered && (0..=settings.small_gap_ms).contains(&gap)))
}

/// The same message again and not only the same words: it has the id, or was received at the moment, of the older one.
fn is_replay(last: &Turn, first: &Turn) -> bool {
    let (old, new) = (&last.reading, &first.reading);
    match (&old.message_id, &new.message_id) {
        (Some(a), Some(b)) => a == b && last.words == first.words && same_peer(old, new),
        (None, None) => !last.answered && last.received_ms.is_some() && last.received_ms == first.received_ms,
        _ => false,
    }
}

fn same_peer(a: &crate::signal::Reading, b: &crate::signal::Reading) -> bool {
    match (&a.chat_id, &b.chat_id) {
        (Some(a), Some(b)) => a == b,
        _ => a.sender_id == b.sender_id,
    }
}

fn runs(older: &Segment, newer: &Segment, findings: &mut Findings) {
    let mut pending = None;
    for run in older.session.runs.iter().filter(|run| !run.ended) {
        pending = Some(run);
        let exit = newer.session.turns.iter().take(OPENING).find_map(|turn| {
            let own = |slug: &str| newer.session.runs.iter().any(|own| own.at_ms <= turn.at_ms && exec::names_run(slug, &own.slug));
            let exit = turn.reading.exec_exits.iter().find(|exit| exec::names_run(&exit.slug, &run.slug) && !own(&exit.slug))?;
            Some((turn, exit))
        });
        if let Some((turn, exit)) = exit {
            let start = older.session.line_of(run.entry);
            let message = format!("the exit of run {} is reported here; it started at line {start} of the older session", exit.slug);
            let line = Some(newer.session.line_of(turn.entry));
            findings.add(&items::EXEC_TIE, Side::Newer, line, message);
            findings.add(&items::EXEC_DISPLACED, Side::Newer, line, format!("run {} was not started in this session", exit.slug));
            break;
        }
    }
    if let Some(run) = pending {
        let message = format!("run {} was still running when the session fell silent", run.slug);
        findings.add(&items::RUN_PENDING, Side::Older, Some(older.session.line_of(run.entry)), message);
    }
}

fn images(older: &Segment, newer: &Segment, findings: &mut Findings) {
    let file = |source: &ImageSource| match source {
        ImageSource::Reference { path: Some(path), .. } => Some(foreign::basename(path).to_owned()),
        _ => None,
    };
    let print = |source: &ImageSource| match source {
        ImageSource::Inline { fingerprint, .. } => Some(*fingerprint),
        _ => None,
    };
    let same = newer.session.images.iter().take(64).find(|image| {
        older.session.images.iter().rev().take(256).any(|other| {
            file(&image.source).is_some_and(|name| Some(name) == file(&other.source))
                || print(&image.source).is_some_and(|value| Some(value) == print(&other.source))
        })
    });
    if let Some(image) = same {
        findings.add(&items::SAME_IMAGE, Side::Newer, Some(newer.session.line_of(image.entry)), "the same image is in both".to_owned());
    }
}

fn gap(older: &Segment, newer: &Segment, settings: &Settings, findings: &mut Findings) {
    let gap = newer.begin_ms() - older.last_ms;
    let order = if gap < 0 { "before" } else { "after" };
    let message = || format!("it began {} {order} the older session's last activity ({})", span(gap.saturating_abs()), iso(older.last_ms));
    // A run that was under way when the seam came may still write a little into the older file.
    if (-settings.small_gap_ms..=settings.small_gap_ms).contains(&gap) {
        findings.add(&items::SMALL_GAP, Side::Newer, newer.session.header.as_ref().map(|header| header.line), message());
    } else if gap > 0 && gap <= settings.short_gap_ms && gap <= older.longest_pause_ms() {
        findings.add(&items::SHORT_GAP, Side::Newer, newer.session.header.as_ref().map(|header| header.line), message());
    }
}

fn opening(older: &Segment, newer: &Segment, findings: &mut Findings) {
    let Some(first) = newer.session.turns.first() else { return };
    let kind = first.reading.kind;
    if opens_by_event(kind) {
        findings.opened_by = Some(kind);
        let line = Some(newer.session.line_of(first.entry));
        findings.add(&items::OPENED_BY_MACHINE, Side::Newer, line, format!("its first turn is {}", what(kind)));
        // A trajectory vouches for the trigger, and a notice that fits a run that the gateway recorded is no imitation by chance.
        if newer.has_trajectory
            && let Some(evidence) = findings.items.last_mut()
        {
            evidence.source = Source::Gateway;
        }
    }
    let in_place = match older.standing {
        Standing::Unreferenced => true,
        // Without a store nothing shows that the older one was forgotten, but for the event that began the newer one.
        Standing::NoStore => opens_by_event(kind),
        _ => false,
    };
    if newer.archives_on_reset && in_place && !newer.family.contains(&older.id) {
        let message = "this release archives what it resets, but the older transcript stands unarchived".to_owned();
        findings.add(&items::LEFT_IN_PLACE, Side::Older, None, message);
        // Then it is worth what the event is worth.
        if older.standing == Standing::NoStore
            && !newer.has_trajectory
            && let Some(evidence) = findings.items.last_mut()
        {
            evidence.source = Source::Text;
        }
    }
}

/// Whether a turn of that kind is an event that the gateway itself delivers into a chat's session.
pub fn opens_by_event(kind: TurnKind) -> bool {
    matches!(
        kind,
        TurnKind::Heartbeat
            | TurnKind::ExecWake
            | TurnKind::SystemOnly
            | TurnKind::Cron
            | TurnKind::Reminder
            | TurnKind::Resume
            | TurnKind::Internal
    )
}

fn what(kind: TurnKind) -> &'static str {
    match kind {
        TurnKind::Heartbeat => "a heartbeat",
        TurnKind::ExecWake => "an exec wake-up",
        TurnKind::Cron => "a cron prompt",
        TurnKind::Reminder => "a reminder",
        TurnKind::Resume => "the order to go on after a failed attempt",
        _ => "a system event",
    }
}

fn ending(older: &Segment, newer: &Segment, settings: &Settings, findings: &mut Findings) {
    if let Some(call) = older.session.open_calls.first() {
        findings.add(&items::CALL_OPEN, Side::Older, None, format!("tool call {} never got its result", call.id));
    }
    let last = older.session.turns.last();
    if let Some(turn) = last.filter(|turn| turn.reading.kind.is_human() && !turn.answered) {
        let line = Some(older.session.line_of(turn.entry));
        findings.add(&items::UNANSWERED, Side::Older, line, "the older session's last message has no answer".to_owned());
    }
    if let Some(at) = older.session.last_error_ms
        && at >= older.last_ms - ERROR_REACH_MS
    {
        findings.add(&items::ERROR_BEFORE, Side::Older, None, format!("the older session ends on an error at {}", iso(at)));
    }
    if older.file.name.state == crate::name::FileState::Reset
        && let Some(stamp) = archive_stamp(older)
        && let Some(received) = newer.session.turns.first().and_then(|turn| turn.received_ms)
        && (-super::innocent::ARCHIVE_REACH_MS..=0).contains(&(received - stamp))
    {
        let message = format!("its first message arrived {} before the older transcript was archived", span(stamp - received));
        findings.add(&items::RESET_IN_TURN, Side::Newer, None, message);
        let silence = newer.begin_ms() - older.last_human_ms();
        let talking = silence <= 2 * settings.small_gap_ms || silence <= older.longest_pause_ms();
        if let Some(turn) = last.filter(|turn| talking && opens_by_event(turn.reading.kind)) {
            let line = Some(older.session.line_of(turn.entry));
            findings.add(
                &items::HEARTBEAT_BEFORE,
                Side::Older,
                line,
                format!("the older session's last turn is {}", what(turn.reading.kind)),
            );
        }
    }
}

/// The time in an archive's name, unless the content contradicts it.
pub fn archive_stamp(segment: &Segment) -> Option<i64> {
    segment.file.name.stamp_ms.filter(|&stamp| stamp >= segment.last_ms - 2_000)
}
