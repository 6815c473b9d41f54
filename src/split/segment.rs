//! A session with all that its folder knows of it in, a [`Segment`] out: which lane of talk it belongs to, whose
//! session it is, and the times that matter for a seam.

use crate::context::{self, Context};
use crate::discover::TranscriptFile;
use crate::key::{Key, KeyKind};
use crate::name::FileState;
use crate::session::{Entry, Session, Turn};
use crate::signal::TurnKind;
use crate::store::Store;
use crate::trajectory::Trajectory;

/// A run's trigger is matched to a turn that shows at most this much later, in ms.
const TRIGGER_REACH_MS: i64 = 60_000;

/// How the key of a segment is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeySource {
    /// The store points at the transcript.
    Store,
    /// The trajectory beside the transcript names it.
    Trajectory,
    /// The store lists the id among those that a conversation went through.
    Family,
    /// Made from the chat ids in the text and the shapes of the store's other keys.
    Inferred,
}

/// A session key and how it is known.
#[derive(Debug, Clone)]
pub struct Lane {
    /// The key.
    pub key: Key,
    /// How it is known.
    pub source: KeySource,
}

impl Lane {
    /// Whether the gateway itself names the key.
    pub fn is_known(&self) -> bool {
        self.source != KeySource::Inferred
    }
}

/// A chat that turns of a segment were held in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chat {
    /// Channel word, lower case, where the text names it.
    pub channel: Option<String>,
    /// Peer of a direct chat, or id of the group.
    pub id: String,
    /// Whether it is a group.
    pub group: bool,
    /// Topic or thread.
    pub thread: Option<String>,
}

/// What kind of machine's session it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Machine {
    /// Opened by a cron prompt or under a cron key.
    Cron,
    /// Under a hook key.
    Hook,
    /// A subagent's.
    Subagent,
    /// Nothing but heartbeats and events.
    Heartbeat,
    /// A start-up run.
    Boot,
    /// Other machine prompts only.
    Other,
    /// No turns at all.
    Empty,
}

impl Machine {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Machine::Cron => "cron",
            Machine::Hook => "hook",
            Machine::Subagent => "subagent",
            Machine::Heartbeat => "heartbeat",
            Machine::Boot => "boot",
            Machine::Other => "other",
            Machine::Empty => "empty",
        }
    }
}

/// Where a segment's file stands in the eyes of its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A key of the store points at it.
    Live,
    /// A primary transcript that no key points at.
    Unreferenced,
    /// A primary transcript in a folder without a store.
    NoStore,
    /// An archive of that kind.
    Archive(FileState),
}

impl Standing {
    /// The `state` of the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Live => "live",
            Standing::Unreferenced => "unreferenced",
            Standing::NoStore => "no-store",
            Standing::Archive(state) => state.name(),
        }
    }
}

/// One transcript as a piece of a conversation.
#[derive(Debug)]
pub struct Segment {
    /// The file.
    pub file: TranscriptFile,
    /// Its index.
    pub session: Session,
    /// Session id: the header's, else the file name's.
    pub id: String,
    /// What the model sees of it alone.
    pub context: Context,
    /// Keys of the store that point at it.
    pub bound: Vec<Key>,
    /// Session ids that a store entry lists beside this one.
    pub family: Vec<String>,
    /// Which lane it belongs to.
    pub lane: Option<Lane>,
    /// Whose session, when it is no conversation.
    pub machine: Option<Machine>,
    /// Chats of its user turns, sorted.
    pub chats: Vec<Chat>,
    /// Where the file stands.
    pub standing: Standing,
    /// Creation, UTC ms: the header's time, else the first entry's.
    pub start_ms: i64,
    /// Last message that is no mirror, UTC ms.
    pub last_ms: i64,
    /// Offset of the wall clocks in its text from UTC, in minutes.
    pub zone_minutes: Option<i32>,
    /// Whether a trajectory stands beside the transcript.
    pub has_trajectory: bool,
    /// Written by a release that keeps media and sender in fields (May 2026 and later), which archives on every reset.
    pub archives_on_reset: bool,
}

impl Segment {
    /// Puts a session together with what its folder knows. `None` when the file has no time at all to place it by.
    pub fn new(
        file: TranscriptFile,
        mut session: Session,
        store: Option<&Store>,
        trajectory: Option<&Trajectory>,
        prompts: &[u64],
    ) -> Option<Self> {
        let start_ms = session.started_ms()?;
        let id = session.header.as_ref().and_then(|header| header.id.clone()).unwrap_or_else(|| file.name.session_id.clone());
        apply_triggers(&mut session.turns, trajectory);
        recognise_custom_heartbeats(&mut session.turns, prompts, trajectory.is_some());
        let primary = file.name.state == FileState::Live;
        let entries = store.map(|store| store.keys_of(&id, &file.file_name)).unwrap_or_default();
        let bound: Vec<Key> = if primary { entries.iter().map(|entry| entry.key.clone()).collect() } else { Vec::new() };
        let relatives = store.and_then(|store| store.family_of(&id));
        let family = relatives.map(|entry| entry.family_session_ids.clone()).unwrap_or_default();
        let chats = chats_of(&session);
        let last_ms = session
            .entries
            .iter()
            .filter(|entry| entry.role.is_some() && !entry.flags.mirror)
            .filter_map(Entry::time)
            .max()
            .unwrap_or(start_ms);
        let zone_minutes = common(session.turns.iter().filter_map(zone_of));
        let standing = match (primary, bound.is_empty(), store) {
            (false, ..) => Standing::Archive(file.name.state),
            (true, false, _) => Standing::Live,
            (true, true, Some(_)) => Standing::Unreferenced,
            (true, true, None) => Standing::NoStore,
        };
        let lane = lane_of(&bound, trajectory, relatives.map(|entry| &entry.key), &chats, &session, store, &file);
        let machine = machine_of(&session, lane.as_ref());
        let archives_on_reset =
            session.turns.iter().any(|turn| turn.sender.is_some()) || trajectory.is_some() || session.has_internal_fields;
        Some(Self {
            context: context::of(&session),
            file,
            session,
            id,
            bound,
            family,
            lane,
            machine,
            chats,
            standing,
            start_ms,
            last_ms,
            zone_minutes,
            has_trajectory: trajectory.is_some(),
            archives_on_reset,
        })
    }

    /// Turns that a person took.
    pub fn humans(&self) -> impl DoubleEndedIterator<Item = &Turn> {
        self.session.human_turns()
    }

    /// Number of turns that a person took.
    pub fn human_count(&self) -> usize {
        self.humans().count()
    }

    /// The last turn that a person took.
    pub fn last_human(&self) -> Option<&Turn> {
        self.humans().next_back()
    }

    /// Time of the last turn that a person took, else of the start, UTC ms.
    pub fn last_human_ms(&self) -> i64 {
        self.humans().map(|turn| turn.at_ms).max().unwrap_or(self.start_ms)
    }

    /// When the segment began: the header, or the arrival of its first message where that came before.
    pub fn begin_ms(&self) -> i64 {
        let received = self.session.turns.first().and_then(|turn| turn.received_ms).filter(|&at| at > self.start_ms - TRIGGER_REACH_MS);
        received.map_or(self.start_ms, |at| at.min(self.start_ms))
    }

    /// The longest silence between two turns of a person, in ms.
    pub fn longest_pause_ms(&self) -> i64 {
        let times: Vec<i64> = self.humans().map(|turn| turn.at_ms).collect();
        times.windows(2).filter_map(|pair| Some(pair.last()? - pair.first()?)).max().unwrap_or(0)
    }

    /// Whether the segment can take part in a conversation: a person spoke in it, or its key is that of a chat.
    pub fn is_conversational(&self) -> bool {
        self.machine.is_none()
    }

    /// Whether it is a chat's session in which no person spoke.
    pub fn is_quiet(&self) -> bool {
        self.is_conversational() && self.humans().next().is_none()
    }

    /// The only chat of the segment, when it has exactly one.
    pub fn only_chat(&self) -> Option<&Chat> {
        match self.chats.as_slice() {
            [chat] => Some(chat),
            _ => None,
        }
    }

    /// Whether turns of several groups, or of a group and a direct chat, are mixed in it.
    pub fn mixes_chats(&self) -> bool {
        let groups =
            self.chats.iter().filter(|chat| chat.group).map(|chat| (&chat.id, &chat.thread)).collect::<std::collections::BTreeSet<_>>();
        groups.len() > 1 || (groups.len() == 1 && self.chats.iter().any(|chat| !chat.group))
    }

    /// The key the gateway itself names, if it does. Keys that the importer made up say nothing of the lane.
    pub fn known_key(&self) -> Option<&Key> {
        self.lane.as_ref().filter(|lane| lane.is_known() && lane.key.kind != KeyKind::Recovered).map(|lane| &lane.key)
    }
}

/// The trigger of a run decides what its turn is: text can be imitated, the trajectory cannot.
fn apply_triggers(turns: &mut [Turn], trajectory: Option<&Trajectory>) {
    let Some(trajectory) = trajectory else { return };
    let mut starts = trajectory.starts.iter().peekable();
    let mut current: Option<&crate::trajectory::RunStart> = None;
    for turn in turns {
        while let Some(start) = starts.next_if(|start| start.at_ms <= turn.at_ms) {
            current = Some(start);
        }
        let Some(start) = current.take().filter(|start| turn.at_ms - start.at_ms <= TRIGGER_REACH_MS) else { continue };
        let kind = &mut turn.reading.kind;
        *kind = match (start.trigger.as_str(), *kind) {
            ("user", TurnKind::Heartbeat | TurnKind::ExecWake | TurnKind::SystemOnly | TurnKind::Cron) => TurnKind::Human,
            ("heartbeat", TurnKind::Human) => TurnKind::Heartbeat,
            ("cron", TurnKind::Human) => TurnKind::Cron,
            (_, kind) => kind,
        };
        if kind.is_human() {
            // What a person wrote is no notice, whatever it looks like.
            turn.reading.exec_exits.retain(|_| start.trigger != "user" || turn.reading.wrapped);
        }
    }
}

/// A heartbeat prompt can be configured. It shows by the configured words, or by an unwrapped text that is answered as a heartbeat is.
fn recognise_custom_heartbeats(turns: &mut [Turn], prompts: &[u64], triggers_known: bool) {
    for turn in turns.iter_mut().filter(|turn| turn.reading.kind.is_human() && !turn.reading.wrapped && turn.sender.is_none()) {
        let configured = turn.words.is_some_and(|words| prompts.contains(&words));
        if configured || (turn.acknowledged && !triggers_known) {
            turn.reading.kind = TurnKind::Heartbeat;
        }
    }
}

fn chats_of(session: &Session) -> Vec<Chat> {
    let mut chats: Vec<Chat> = session
        .human_turns()
        .filter_map(|turn| {
            let reading = &turn.reading;
            let group = reading.group == Some(true);
            let id = reading.chat_id.clone().or_else(|| reading.sender_id.clone().filter(|_| reading.wrapped && !group))?;
            Some(Chat { channel: reading.channel.clone(), id, group, thread: reading.thread_id.clone() })
        })
        .collect();
    chats.sort();
    chats.dedup();
    // One chat may be named with and without its channel.
    let named: Vec<Chat> = chats.iter().filter(|chat| chat.channel.is_some()).cloned().collect();
    chats.retain(|chat| chat.channel.is_some() || !named.iter().any(|other| other.id == chat.id && other.thread == chat.thread));
    chats
}

/// The offset that a turn's wall clock tells: by its zone's name, else by how far it is from the entry's time.
fn zone_of(turn: &Turn) -> Option<i32> {
    let clock = turn.reading.clock.as_ref()?;
    clock.named_offset_minutes().or_else(|| clock.utc_offset_minutes(turn.at_ms))
}

/// The value that occurs most often.
fn common(values: impl Iterator<Item = i32>) -> Option<i32> {
    let mut counts = std::collections::BTreeMap::new();
    for value in values {
        *counts.entry(value).or_insert(0u32) += 1;
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map(|(value, _)| value)
}

fn lane_of(
    bound: &[Key],
    trajectory: Option<&Trajectory>,
    family_key: Option<&Key>,
    chats: &[Chat],
    session: &Session,
    store: Option<&Store>,
    file: &TranscriptFile,
) -> Option<Lane> {
    if let Some(key) = bound.first() {
        return Some(Lane { key: key.clone(), source: KeySource::Store });
    }
    if let Some(key) = trajectory.and_then(|trajectory| trajectory.session_key.as_deref()) {
        return Some(Lane { key: Key::parse(key), source: KeySource::Trajectory });
    }
    if let Some(key) = family_key {
        return Some(Lane { key: key.clone(), source: KeySource::Family });
    }
    session.human_turns().next()?;
    infer(chats, store, file).map(|key| Lane { key, source: KeySource::Inferred })
}

/// The key that the store would use for these chats, by the shape of its other keys.
fn infer(chats: &[Chat], store: Option<&Store>, file: &TranscriptFile) -> Option<Key> {
    let entries = store.map(|store| store.entries.as_slice()).unwrap_or_default();
    let agent = entries.iter().find_map(|entry| entry.key.agent.clone()).unwrap_or_else(|| agent_of(file));
    let groups: Vec<&Chat> = chats.iter().filter(|chat| chat.group).collect();
    match (groups.as_slice(), chats) {
        ([], [] | [_]) => {}
        ([group], [_]) => {
            let known = entries.iter().find(|entry| entry.key.peer.as_deref() == Some(&group.id) && entry.key.thread == group.thread);
            if let Some(entry) = known {
                return Some(entry.key.clone());
            }
            let channel = group.channel.as_deref().or_else(|| entries.iter().find_map(|entry| entry.key.channel.as_deref()))?;
            let thread = group.thread.as_ref().or(file.name.topic.as_ref()).map(|thread| format!(":topic:{thread}")).unwrap_or_default();
            return Some(Key::parse(&format!("agent:{agent}:{channel}:group:{}{thread}", group.id)));
        }
        _ if groups.is_empty() => {}
        _ => return None,
    }
    if let [chat] = chats
        && let Some(shape) = entries.iter().find(|entry| entry.key.kind == KeyKind::Direct)
    {
        let same = entries.iter().find(|entry| entry.key.kind == KeyKind::Direct && entry.key.peer.as_deref() == Some(&chat.id));
        let peer = shape.key.peer.as_deref()?;
        return Some(same.map_or_else(|| Key::parse(&shape.key.raw.replace(peer, &chat.id)), |entry| entry.key.clone()));
    }
    let main = entries.iter().find(|entry| matches!(entry.key.kind, KeyKind::Main | KeyKind::Global | KeyKind::Legacy));
    Some(main.map_or_else(|| Key::parse(&format!("agent:{agent}:main")), |entry| entry.key.clone()))
}

/// The agent of a file in `agents/<id>/sessions`, else "main".
fn agent_of(file: &TranscriptFile) -> String {
    let sessions = file.path.parent();
    let agent = sessions.filter(|dir| dir.file_name().is_some_and(|name| name == "sessions")).and_then(|dir| dir.parent());
    agent.and_then(|dir| dir.file_name()).map_or_else(|| "main".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn machine_of(session: &Session, lane: Option<&Lane>) -> Option<Machine> {
    let known = lane.filter(|lane| lane.is_known()).map(|lane| lane.key.kind);
    match known {
        Some(KeyKind::Cron) => return Some(Machine::Cron),
        Some(KeyKind::Hook) => return Some(Machine::Hook),
        Some(KeyKind::Subagent) => return Some(Machine::Subagent),
        Some(KeyKind::Heartbeat) => return Some(Machine::Heartbeat),
        _ => {}
    }
    let Some(first) = session.turns.first() else {
        return Some(Machine::Empty);
    };
    let opened_by = match first.reading.kind {
        TurnKind::Cron => Machine::Cron,
        TurnKind::Subagent => Machine::Subagent,
        TurnKind::Boot => Machine::Boot,
        TurnKind::Heartbeat | TurnKind::ExecWake | TurnKind::SystemOnly => Machine::Heartbeat,
        _ => Machine::Other,
    };
    if matches!(known, Some(KeyKind::Main | KeyKind::Direct | KeyKind::Group | KeyKind::Thread | KeyKind::Global)) {
        // A chat's own session, even if nobody has spoken in it yet.
        return None;
    }
    let spoken = match first.reading.kind {
        TurnKind::Subagent => false,
        // An isolated run may get follow-ups that look like a person's; only what the gateway wrapped or signed is one.
        TurnKind::Cron => session.human_turns().any(|turn| turn.reading.wrapped || turn.sender.is_some()),
        _ => session.human_turns().next().is_some(),
    };
    (!spoken).then_some(opened_by)
}
