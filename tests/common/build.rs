//! Makes transcripts the way the three JSONL eras write them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::State;
use super::retime::{iso, ms, stamp};

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 86_400_000;

/// The default prompt of the heartbeat.
pub const HEARTBEAT: &str = "Read HEARTBEAT.md if it exists (workspace context). Follow it strictly. Do not infer or repeat old tasks from prior chats. If nothing needs attention, reply HEARTBEAT_OK.";
/// The greeting that `/new` asks for.
pub const GREETING: &str =
    "A new session was started via /new or /reset. Say hi briefly (1-2 sentences) and ask what the user wants to do next.";

/// A time span as the formats changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Chat ids in a text envelope.
    E1,
    /// A JSON block in the text; plain direct chats carry a time alone.
    E2,
    /// Fields of the message, a trajectory beside the transcript.
    E3,
}

/// All eras of JSONL.
pub const ERAS: [Era; 3] = [Era::E1, Era::E2, Era::E3];

/// Who talks where.
#[derive(Debug, Clone)]
pub struct Chat {
    /// Channel word as the envelope writes it.
    pub channel: &'static str,
    /// Peer of a direct chat, or the group's id.
    pub id: &'static str,
    /// Name of the peer or the group.
    pub label: &'static str,
    /// Sender in a group.
    pub sender: Option<(&'static str, &'static str)>,
}

/// The owner's direct chat.
pub const JAY: Chat = Chat { channel: "Telegram", id: "7016642", label: "Jay (@jay)", sender: None };
/// Another person's direct chat.
pub const MIA: Chat = Chat { channel: "Telegram", id: "8800111", label: "Mia (@mia)", sender: None };
/// A group.
pub const GARDEN: Chat = Chat { channel: "Telegram", id: "-100777", label: "Gardeners", sender: Some(("Mia", "8800111")) };
/// Another group, with the owner in it.
pub const BUILDERS: Chat = Chat { channel: "Telegram", id: "-100555", label: "Builders", sender: Some(("Jay", "7016642")) };

/// A transcript in the making.
#[derive(Debug, Clone)]
pub struct Talk {
    pub era: Era,
    pub id: String,
    pub key: String,
    pub chat: Chat,
    pub lines: Vec<Value>,
    pub runs: Vec<Value>,
    /// Wall clock: word and offset from UTC in minutes.
    pub zone: (&'static str, i64),
    pub message_id: u64,
    last: Option<String>,
    count: u64,
}

/// A uuid of that number.
pub fn uuid(number: u64) -> String {
    format!("{:08x}-1111-4222-8333-{:012x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff, number)
}

impl Talk {
    /// A session that begins then, under the main key.
    pub fn new(era: Era, number: u64, at: &str) -> Self {
        Talk::at(era, number, ms(at))
    }

    /// A session that begins at so many ms.
    pub fn at(era: Era, number: u64, at: i64) -> Self {
        let id = uuid(number);
        let mut talk = Talk {
            era,
            key: "agent:main:main".to_owned(),
            chat: JAY,
            lines: vec![json!({"type": "session", "version": 3, "id": id, "timestamp": iso(at), "cwd": "/home/jay/clawd"})],
            runs: Vec::new(),
            zone: ("PST", -480),
            message_id: 4100 + number,
            last: None,
            count: number << 20,
            id,
        };
        talk.entry(at + 5, json!({"type": "model_change", "provider": "mock", "modelId": "m1"}));
        talk
    }

    pub fn key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.key);
        self
    }

    pub fn chat(mut self, chat: &Chat) -> Self {
        self.chat = chat.clone();
        self
    }

    pub fn zone(mut self, word: &'static str, minutes: i64) -> Self {
        self.zone = (word, minutes);
        self
    }

    pub fn message_ids(mut self, from: u64) -> Self {
        self.message_id = from;
        self
    }

    /// Appends an entry; `id`, `parentId` and `timestamp` are filled in where it has none.
    pub fn entry(&mut self, at: i64, mut entry: Value) -> &mut Self {
        self.count += 1;
        let own = format!("{:08x}", self.count & 0xffff_ffff);
        let map = entry.as_object_mut().unwrap();
        map.entry("id").or_insert(json!(own));
        map.entry("parentId").or_insert(json!(self.last));
        map.entry("timestamp").or_insert(json!(iso(at)));
        self.last = map["id"].as_str().map(str::to_owned);
        self.lines.push(entry);
        self
    }

    /// When the last line was written.
    pub fn last_ms(&self) -> i64 {
        ms(self.lines.last().unwrap()["timestamp"].as_str().unwrap())
    }

    fn local(&self, at: i64, form: &str) -> String {
        DateTime::<Utc>::from_timestamp_millis(at + self.zone.1 * MINUTE).unwrap().format(form).to_string()
    }

    /// The text as the gateway wraps it for this chat and era.
    pub fn wrap(&self, at: i64, text: &str) -> String {
        let clock = format!("{} {}", self.local(at, "%Y-%m-%d %H:%M"), self.zone.0);
        match (self.era, &self.chat.sender) {
            (Era::E1, sender) => {
                let speaker = sender.map(|(name, id)| format!("{name} ({id}): ")).unwrap_or_default();
                let Chat { channel, label, id, .. } = &self.chat;
                format!("[{channel} {label} id:{id} {clock}] {speaker}{text}\n[message_id: {}]", self.message_id)
            }
            (Era::E2, None) => {
                let day = self.local(at, "%a");
                format!("Conversation info (untrusted metadata):\n```json\n{{\n  \"timestamp\": \"{day} {clock}\"\n}}\n```\n\n{text}")
            }
            (Era::E2, Some((name, id))) => {
                let info = json!({
                    "message_id": self.message_id.to_string(), "sender_id": id, "sender": id, "group_subject": self.chat.label,
                    "conversation_label": format!("{} id:{}", self.chat.label, self.chat.id), "is_group_chat": true,
                    "timestamp": format!("{} {clock}", self.local(at, "%a")),
                });
                let sender = json!({"label": name, "name": name});
                format!(
                    "Conversation info (untrusted metadata):\n```json\n{info:#}\n```\n\nSender (untrusted metadata):\n```json\n{sender:#}\n```\n\n{text}"
                )
            }
            (Era::E3, _) => text.to_owned(),
        }
    }

    /// A person's turn, and the assistant's answer two seconds later.
    pub fn says(mut self, at: i64, text: &str) -> Self {
        self.user(at, text);
        self.answer(at + 2 * SECOND, "Sure, noted.");
        self
    }

    /// A person's turn without an answer.
    pub fn user(&mut self, at: i64, text: &str) -> &mut Self {
        let wrapped = self.wrap(at, text);
        self.raw(at, &wrapped, "user");
        self.message_id += 1;
        self
    }

    /// A user-role message of exactly that text.
    pub fn raw(&mut self, at: i64, text: &str, trigger: &str) -> &mut Self {
        let message = match self.era {
            Era::E3 => {
                let mut fields = json!({"senderIsOwner": false});
                if let Some((name, id)) = self.chat.sender.filter(|_| trigger == "user") {
                    fields = json!({"senderIsOwner": false, "senderId": id, "senderName": name});
                }
                json!({"role": "user", "content": text, "timestamp": at, "__openclaw": fields})
            }
            _ => json!({"role": "user", "content": [{"type": "text", "text": text}], "timestamp": at}),
        };
        if self.era == Era::E3 {
            self.runs.push(json!({
                "type": "session.started", "ts": iso(at), "sessionId": self.id, "sessionKey": self.key, "data": {"trigger": trigger},
            }));
        }
        self.entry(at + 30, json!({"type": "message", "message": message}))
    }

    pub fn answer(&mut self, at: i64, text: &str) -> &mut Self {
        let message = json!({
            "role": "assistant", "content": [{"type": "text", "text": text}], "provider": "mock", "model": "m1", "api": "x",
            "stopReason": "stop", "timestamp": at,
        });
        self.entry(at, json!({"type": "message", "message": message}))
    }

    /// A heartbeat that is acknowledged, with what stands in front of the prompt.
    pub fn heartbeat(mut self, at: i64, front: &str) -> Self {
        let text = match self.era {
            Era::E1 => format!("{front}{HEARTBEAT}"),
            Era::E2 => {
                let clock = self.local(at, "%A, %B %-dth, %Y — %-I:%M %p");
                let area = if self.zone.1 == 0 { "UTC" } else { "America/Los_Angeles" };
                format!("{front}{HEARTBEAT}\nCurrent time: {clock} ({area})")
            }
            Era::E3 => "[OpenClaw heartbeat poll]".to_owned(),
        };
        self.raw(at, &text, "heartbeat");
        self.answer(at + 2 * SECOND, "HEARTBEAT_OK");
        self
    }

    /// A background command that starts.
    pub fn exec(mut self, at: i64, slug: &str) -> Self {
        self.user(at, "please run the build in the background");
        let call = json!({"role": "assistant", "content": [{"type": "toolCall", "id": "call_1", "name": "exec", "arguments": {}}],
            "stopReason": "toolUse", "provider": "mock", "timestamp": at + 500});
        self.entry(at + 500, json!({"type": "message", "message": call}));
        let text = format!("Command still running (session {slug}, pid 77). Use process for follow-up.");
        let result = json!({"role": "toolResult", "toolCallId": "call_1", "toolName": "exec", "isError": false, "timestamp": at + 900,
            "content": [{"type": "text", "text": text}], "details": {"status": "running", "sessionId": slug, "pid": 77, "startedAt": at + 800}});
        self.entry(at + 900, json!({"type": "message", "message": result}));
        self.answer(at + 2 * SECOND, "Started it.");
        self
    }

    /// The system line about the end of a command, as it stands in front of a prompt.
    pub fn notice(at: i64, slug: &str) -> String {
        let cut: String = slug.chars().take(8).collect();
        format!("System: [{}] Exec failed ({cut}, code 1) :: boom\n\n", iso(at))
    }

    /// File name of the live transcript.
    pub fn file(&self) -> String {
        format!("{}.jsonl", self.id)
    }
}

impl State {
    /// Puts a talk in as a live transcript that no key names. Gives its file name.
    pub fn put(&mut self, talk: &Talk) -> String {
        self.put_as(talk, &talk.file())
    }

    /// Puts a talk in under a file name.
    pub fn put_as(&mut self, talk: &Talk, file: &str) -> String {
        assert!(self.transcripts.insert(file.to_owned(), talk.lines.clone()).is_none(), "{file} is new");
        if !talk.runs.is_empty() {
            self.trajectories.insert(format!("{}.trajectory.jsonl", talk.id), talk.runs.clone());
        }
        file.to_owned()
    }

    /// Puts a talk in as an archive of that kind, made then.
    pub fn put_archive(&mut self, talk: &Talk, kind: &str, at: i64) -> String {
        self.put_as(talk, &format!("{}.{kind}.{}", talk.file(), stamp(at)))
    }

    /// Puts a talk in as the one its key points at.
    pub fn put_live(&mut self, talk: &Talk) -> String {
        let file = self.put(talk);
        self.bind(&talk.key.clone(), &talk.id, talk.last_ms(), &talk.chat);
        file
    }

    /// Points a key at a session.
    pub fn bind(&mut self, key: &str, id: &str, updated: i64, chat: &Chat) {
        let channel = chat.channel.to_lowercase();
        let to = format!("{channel}:{}", chat.id);
        let kind = if chat.sender.is_some() { "group" } else { "direct" };
        let entry = json!({
            "sessionId": id, "updatedAt": updated, "systemSent": true, "chatType": kind,
            "origin": {"label": format!("{} id:{}", chat.label, chat.id), "provider": channel, "from": to, "to": to, "chatType": kind},
            "deliveryContext": {"channel": channel, "to": to, "accountId": "default"},
        });
        self.store.get_or_insert_with(|| json!({}))[key] = entry;
    }

    /// A case with a name.
    pub fn case(name: &str, era: Era) -> State {
        let mut state = State::empty(&format!("{name} {era:?}"));
        if era == Era::E1 {
            state.state_dir = ".clawdbot".to_owned();
        }
        state
    }

    /// Says that these files are one torn conversation.
    pub fn torn(mut self, chain: &[String]) -> Self {
        self.splits.push(chain.to_vec());
        self
    }
}
