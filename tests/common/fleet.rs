//! A state directory of many agents, made up: the same order gives the same bytes on every machine. Most sessions are a
//! machine's, as in real directories; splits are torn the way the gateway tears; damages are of several kinds, most of
//! them in a transcript of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clawfix::time::iso;
use serde_json::{Map, Value, json};

/// When the first session may begin, UTC ms, and how long the fleet has run.
const EPOCH_MS: i64 = 1_769_680_000_000;
const RUN_MS: i64 = 40 * 86_400_000;
const MINUTE: i64 = 60_000;
const HEARTBEAT: &str = "Read HEARTBEAT.md if it exists (workspace context). Follow it strictly. Do not infer or repeat old tasks from prior chats. If nothing needs attention, reply HEARTBEAT_OK.";
const SLUGS: [&str; 8] =
    ["faint-tidepool", "brisk-gulf", "calm-meadow", "swift-cedar", "quiet-harbor", "amber-ridge", "nimble-otter", "cool-lagoon"];
/// Kinds of damage.
const KINDS: u64 = 10;

/// What to make.
pub struct Order {
    pub agents: u64,
    pub sessions: u64,
    pub splits: u64,
    pub damages: u64,
    pub seed: u64,
}

/// The part of a whole that falls to one of several, so that the parts add up.
fn part(whole: u64, at: u64, of: u64) -> u64 {
    whole * (at + 1) / of - whole * at / of
}

/// Makes it.
pub fn make(folder: &Path, order: &Order) -> io::Result<()> {
    for at in 0..order.agents {
        let mut dice = Dice(order.seed.wrapping_mul(1_000_003).wrapping_add(at));
        let mut agent = Agent::new(folder, at)?;
        let sessions = part(order.sessions, at, order.agents);
        let splits = part(order.splits, at, order.agents).min(sessions / 2);
        for _ in 0..splits {
            agent.torn(&mut dice)?;
        }
        for n in 2 * splits..sessions {
            // About two of three are a machine's.
            if n % 3 == 0 { agent.chat(&mut dice)? } else { agent.cron(&mut dice)? }
        }
        agent.damage(part(order.damages, at, order.agents), &mut dice)?;
        agent.finish()?;
    }
    Ok(())
}

/// Tears one more conversation, without images, of an agent that is there.
#[allow(dead_code, reason = "only tests tear more")]
pub fn tear(folder: &Path, at: u64, seed: u64) -> io::Result<()> {
    let mut agent = Agent::new(folder, at)?;
    agent.store = serde_json::from_slice(&fs::read(agent.dir.join("sessions.json"))?)?;
    (agent.peer, agent.images) = (agent.peer + 5_000, false);
    agent.torn(&mut Dice(seed))?;
    agent.finish()
}

struct Agent {
    name: String,
    state: PathBuf,
    dir: PathBuf,
    store: Map<String, Value>,
    /// Transcripts, for damages.
    files: Vec<PathBuf>,
    peer: u64,
    /// Whether people send images.
    images: bool,
}

/// A transcript in the making.
struct Talk {
    id: String,
    lines: Vec<Value>,
    now_ms: i64,
    peer: u64,
    message: u64,
    /// Entry ids of two transcripts have nothing in common, or the one would seem copied from the other.
    base: u32,
}

impl Agent {
    fn new(folder: &Path, at: u64) -> io::Result<Self> {
        let name = format!("agent-{at:02}");
        let state = folder.join(".openclaw");
        let dir = state.join("agents").join(&name).join("sessions");
        fs::create_dir_all(&dir)?;
        fs::create_dir_all(state.join("media/inbound"))?;
        Ok(Self { name, state, dir, store: Map::new(), files: Vec::new(), peer: 7_000_000 + at * 10_000, images: true })
    }

    fn start(&self, dice: &mut Dice) -> Talk {
        let now_ms = EPOCH_MS + (dice.next() % RUN_MS.unsigned_abs()).cast_signed();
        let message = 1_000 + dice.next() % 9_000;
        Talk::new(dice, now_ms, self.peer, message)
    }

    /// A conversation in two halves: the notice of a command's exit meets the store while it is written.
    fn torn(&mut self, dice: &mut Dice) -> io::Result<()> {
        self.peer += 1;
        let mut older = self.start(dice);
        self.talk(&mut older, 4 + dice.below(20), dice)?;
        let slug = SLUGS[dice.below(SLUGS.len())];
        older.exec(slug, dice);
        older.user("meanwhile, what is 2+2?");
        older.answer("Sure, noted.");
        let mut newer = Talk::new(dice, older.now_ms + 2_000, older.peer, older.message);
        let cut: String = slug.chars().take(8).collect();
        newer.system(&format!("System: [{}] Exec failed ({cut}, code 1) :: boom\n\n{HEARTBEAT}", newer.second()));
        newer.answer("HEARTBEAT_OK");
        self.talk(&mut newer, 2 + dice.below(14), dice)?;
        self.write(&older)?;
        self.bind(&newer, format!("agent:{}:telegram:dm:{}", self.name, newer.peer));
        self.write(&newer)
    }

    fn chat(&mut self, dice: &mut Dice) -> io::Result<()> {
        self.peer += 1;
        let mut talk = self.start(dice);
        self.talk(&mut talk, 2 + dice.below(8), dice)?;
        self.bind(&talk, format!("agent:{}:telegram:dm:{}", self.name, talk.peer));
        self.write(&talk)
    }

    fn cron(&mut self, dice: &mut Dice) -> io::Result<()> {
        let mut talk = self.start(dice);
        let job = format!("job-{}", dice.below(12));
        talk.system(&format!("[cron:{job} nightly] Check the backups"));
        talk.answer("Done.");
        self.bind(&talk, format!("agent:{}:cron:{job}:run:{}", self.name, talk.id));
        self.write(&talk)
    }

    /// Turns of a person, some with an image by reference, and heartbeats in the pauses.
    fn talk(&self, talk: &mut Talk, turns: usize, dice: &mut Dice) -> io::Result<()> {
        for _ in 0..turns {
            if dice.below(3) == 0 && self.images {
                let name = format!("{:08x}-0000-4000-8000-{:012x}.png", dice.next() >> 32, dice.next() >> 16);
                // One in four was cleaned up since.
                if dice.below(4) > 0 {
                    fs::write(self.state.join("media/inbound").join(&name), b"image")?;
                }
                talk.user(&format!("[media attached: /home/jay/.openclaw/media/inbound/{name} (image/png)]\nWhat is this?"));
            } else {
                talk.user("Nice. Remember that for later.");
            }
            talk.answer("Sure, noted.");
            for _ in 0..dice.below(6) / 3 {
                talk.now_ms += 30 * MINUTE;
                talk.system(HEARTBEAT);
                talk.answer("HEARTBEAT_OK");
            }
            talk.now_ms += MINUTE + (dice.next() % 900_000).cast_signed();
        }
        Ok(())
    }

    fn bind(&mut self, talk: &Talk, key: String) {
        let entry = json!({
            "sessionId": talk.id, "updatedAt": talk.now_ms, "systemSent": true, "chatType": "direct",
            "origin": {"from": format!("telegram:{}", talk.peer), "to": format!("telegram:{}", talk.peer)},
            "sessionFile": format!("/home/jay/.openclaw/agents/{}/sessions/{}.jsonl", self.name, talk.id),
        });
        self.store.insert(key, entry);
    }

    fn write(&mut self, talk: &Talk) -> io::Result<()> {
        let path = self.dir.join(format!("{}.jsonl", talk.id));
        fs::write(&path, talk.lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        self.files.push(path);
        Ok(())
    }

    /// Damages, of every kind as many.
    fn damage(&self, count: u64, dice: &mut Dice) -> io::Result<()> {
        let mut hurt = Vec::new();
        for n in 0..count {
            // Another transcript each, as long as there are enough.
            let free: Vec<&PathBuf> = self.files.iter().filter(|path| !hurt.contains(path)).collect();
            let from = if free.is_empty() { self.files.iter().collect() } else { free };
            let Some(path) = from.get(dice.below(from.len())).copied() else { return Ok(()) };
            hurt.push(path);
            let text = fs::read_to_string(path).unwrap_or_default();
            let last = text.lines().last().unwrap_or_default().to_owned();
            // At the time of the last entry, so that the session ends when it did.
            let end: Value = serde_json::from_str(&last).unwrap_or_default();
            let (tip, time) = (end.get("id").cloned().unwrap_or_default(), end.get("timestamp").cloned().unwrap_or_default());
            let entry = |id: &str, parent: &Value, message: Value| {
                format!("{}\n", json!({"type": "message", "id": id, "parentId": parent, "timestamp": time, "message": message}))
                    .into_bytes()
            };
            let fresh = format!("{:08x}", dice.next() >> 32);
            let more: Vec<u8> = match n % KINDS {
                0 => b"\0\0\0\0\0\0\0\0\n".to_vec(),
                1 => b"{\"type\":\"message\",\"id\":\n".to_vec(),
                2 => b"{\"type\":\"custom\",\"customType\":\"x\"} trailing\n".to_vec(),
                3 => b"{\"type\":\"custom\",\"customType\":\"\xff\xfe\"}\n".to_vec(),
                4 => b"null\n".to_vec(),
                5 => b"{\"type\":\"message\",\"id\":\"cut in the mid".to_vec(),
                6 => format!("{last}\n").into_bytes(),
                7 => entry(&fresh, &json!("00000bad"), json!({"role": "user", "content": [{"type": "text", "text": "lost"}]})),
                8 => {
                    let call = json!({"type": "toolCall", "id": format!("call_{fresh}"), "name": "exec", "arguments": {}});
                    let next = json!({"role": "user", "content": [{"type": "text", "text": "and then?"}]});
                    let mut lines = entry(&fresh, &tip, json!({"role": "assistant", "content": [call], "stopReason": "toolUse"}));
                    lines.extend(entry(&format!("f{fresh}"), &json!(fresh), next));
                    lines
                }
                _ => {
                    let block = json!({"type": "text", "text": "ok"});
                    entry(
                        &fresh,
                        &tip,
                        json!({"role": "toolResult", "toolCallId": format!("call_{fresh}"), "toolName": "exec", "content": [block]}),
                    )
                }
            };
            let mut bytes = fs::read(path)?;
            bytes.extend_from_slice(&more);
            fs::write(path, bytes)?;
        }
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        fs::write(self.dir.join("sessions.json"), Value::Object(self.store.clone()).to_string())
    }
}

impl Talk {
    fn new(dice: &mut Dice, now_ms: i64, peer: u64, message: u64) -> Self {
        let id = format!("{:08x}-{:04x}-4000-8000-{:012x}", dice.next() >> 32, dice.next() >> 48, dice.next() >> 16);
        let header = json!({"type": "session", "version": 3, "id": id, "timestamp": iso(now_ms), "cwd": "/home/jay/clawd"});
        let base = (dice.next() >> 32) as u32;
        Self { id, lines: vec![header], now_ms, peer, message, base }
    }

    fn message(&mut self, message: Value) {
        let at = self.base.wrapping_add(self.lines.len() as u32);
        let parent = if self.lines.len() == 1 { Value::Null } else { json!(format!("{:08x}", at.wrapping_sub(1))) };
        let time = iso(self.now_ms);
        self.lines.push(json!({"type": "message", "id": format!("{at:08x}"), "parentId": parent, "timestamp": time, "message": message}));
        self.now_ms += 4_000;
    }

    fn user(&mut self, text: &str) {
        self.message += 1;
        let minute: String = iso(self.now_ms).chars().take(16).collect();
        let text = match text.split_once('\n') {
            Some((media, said)) => {
                format!("{media}\n[Telegram Jay (@jay) id:{} +2m {minute}Z] {said}\n[message_id: {}]", self.peer, self.message)
            }
            None => format!("[Telegram Jay (@jay) id:{} +2m {minute}Z] {text}\n[message_id: {}]", self.peer, self.message),
        };
        self.system(&text);
    }

    fn system(&mut self, text: &str) {
        self.message(json!({"role": "user", "content": [{"type": "text", "text": text}], "timestamp": self.now_ms - 1}));
    }

    fn answer(&mut self, text: &str) {
        self.message(json!({
            "role": "assistant", "content": [{"type": "text", "text": text}], "api": "messages", "provider": "mock", "model": "m1",
            "usage": {"input": 1200, "output": 40}, "stopReason": "stop", "timestamp": self.now_ms,
        }));
    }

    /// A command that goes on in the background.
    fn exec(&mut self, slug: &str, dice: &mut Dice) {
        self.user("Please run the build in the background");
        let call = format!("call_{:x}", dice.next());
        self.message(json!({
            "role": "assistant", "content": [{"type": "toolCall", "id": call, "name": "exec", "arguments": {"command": "make"}}],
            "stopReason": "toolUse", "timestamp": self.now_ms,
        }));
        self.message(json!({
            "role": "toolResult", "toolCallId": call, "toolName": "exec",
            "content": [{"type": "text", "text": format!("Command still running (session {slug}, pid 32762).")}],
            "details": {"status": "running", "sessionId": slug, "pid": 32762, "startedAt": self.now_ms}, "isError": false,
        }));
        self.answer("Started it in the background.");
    }

    fn second(&self) -> String {
        format!("{}Z", iso(self.now_ms - 1_000).chars().take(19).collect::<String>())
    }
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}
