//! In: a text that begins or ends with a metadata block, `Conversation info (untrusted metadata):` and fenced JSON.
//! Out: the length of the block and the facts about the chat.

use serde_json::{Map, Value};

use super::clock::Clock;
use super::facts::{ChatFacts, channel_name, is_known_channel};
use super::text::{first_line, line_len, tail};

/// What a block is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// The message itself.
    Conversation,
    /// Who sent it.
    Sender,
    /// Other messages, other facts: nothing that tells about this one.
    Other,
}

/// One metadata block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Info {
    /// Bytes that it takes.
    pub len: usize,
    /// It tells about the message or its sender.
    pub about_message: bool,
    /// What it tells.
    pub facts: ChatFacts,
}

/// First words of the header lines.
const HEADERS: [(&str, Block); 9] = [
    ("Conversation info", Block::Conversation),
    ("Sender", Block::Sender),
    ("Replied message", Block::Other),
    ("Reply target", Block::Other),
    ("Reply chain", Block::Other),
    ("Forwarded message", Block::Other),
    ("Thread starter", Block::Other),
    ("Chat history since last reply", Block::Other),
    ("Location", Block::Other),
];

/// Clients of the gateway sign with their own name; that is no person.
const CLIENTS: [&str; 5] = ["openclaw-control-ui", "openclaw-tui", "gateway-client", "webchat", "cli"];

/// Whether the line is the header of a metadata block.
pub(super) fn is_header(line: &str) -> bool {
    header(line).is_some()
}

fn header(line: &str) -> Option<Block> {
    let line = line.trim_end();
    let marked = (line.ends_with(':') && line.contains("(untrusted")) || line.ends_with("⟦openclaw:ctx⟧");
    let (_, block) = HEADERS.iter().find(|(words, _)| line.starts_with(words))?;
    (marked && line.len() <= 200).then_some(*block)
}

/// Reads the block that `rest` begins with.
pub(super) fn eat(rest: &str) -> Option<Info> {
    if !HEADERS.iter().any(|(words, _)| rest.starts_with(words)) {
        return None;
    }
    let block = header(first_line(rest))?;
    let open = line_len(rest);
    let fence = tail(rest, open);
    if first_line(fence).trim_end() != "```json" {
        return None;
    }
    let start = open + line_len(fence);
    let inside = tail(rest, start);
    // JSON has no line breaks within its strings, so the first fence at a line start ends it.
    let end = if inside.starts_with("```") { 0 } else { memchr::memmem::find(inside.as_bytes(), b"\n```")? + 1 };
    let close = tail(inside, end);
    if first_line(close).trim_end() != "```" {
        return None;
    }
    let json = inside.get(..end)?;
    Some(Info { len: start + end + line_len(close), about_message: block != Block::Other, facts: facts(block, json) })
}

/// Reads the block that `body` ends with: the block, and where it begins.
pub(super) fn eat_trailing(body: &str) -> Option<(usize, Info)> {
    let body = body.trim_end();
    let front = body.strip_suffix("```")?;
    let fence = memchr::memmem::rfind(front.as_bytes(), b"\n```json")?;
    let before = front.get(..fence)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let info = eat(tail(body, start))?;
    (start + info.len == body.len()).then_some((start, info))
}

fn facts(block: Block, json: &str) -> ChatFacts {
    let mut facts = ChatFacts::default();
    if block == Block::Other {
        return facts;
    }
    let Ok(Value::Object(map)) = serde_json::from_str(json) else { return facts };
    if block == Block::Sender {
        let id = word(&map, "id").or_else(|| word(&map, "label"));
        if id.as_deref().is_some_and(|id| CLIENTS.contains(&id)) {
            facts.channel = Some("webchat".to_owned());
        } else {
            facts.sender_id = word(&map, "id");
        }
        return facts;
    }
    facts.channel = ["channel", "provider", "surface"]
        .iter()
        .find_map(|key| word(&map, key))
        .filter(|name| is_known_channel(name))
        .map(|name| channel_name(&name));
    facts.message_id = word(&map, "message_id");
    facts.reply_to = word(&map, "reply_to_id").filter(|id| Some(id) != facts.message_id.as_ref());
    facts.sender_id = word(&map, "sender_id")
        .or_else(|| word(&map, "sender").filter(|name| looks_like_id(name)))
        .filter(|id| !CLIENTS.contains(&id.as_str()));
    facts.thread_id = word(&map, "topic_id").or_else(|| word(&map, "thread_id"));
    facts.group = group_flag(&map);
    facts.clock = map.get("timestamp").and_then(Value::as_str).and_then(Clock::parse);
    chat(&map, &mut facts);
    facts
}

fn group_flag(map: &Map<String, Value>) -> Option<bool> {
    match map.get("is_group_chat") {
        Some(Value::Bool(flag)) => Some(*flag),
        Some(Value::String(flag)) => flag.parse().ok(),
        _ => match word(map, "chat_type").as_deref() {
            Some("direct" | "dm") => Some(false),
            Some("group" | "channel" | "thread") => Some(true),
            _ => map.contains_key("group_subject").then_some(true),
        },
    }
}

/// The chat, from the surest field that has it.
fn chat(map: &Map<String, Value>, facts: &mut ChatFacts) {
    let label = word(map, "conversation_label");
    let label = label.as_deref().unwrap_or("");
    let label_id = label.rsplit_once(" id:").and_then(|(name, id)| {
        let id = id.split_whitespace().next()?;
        Some((name, id))
    });
    if let Some((name, _)) = label_id
        && (name.ends_with(" channel") || name.starts_with("Guild "))
    {
        facts.group = facts.group.or(Some(true));
    }
    if let Some(id) = word(map, "chat_id") {
        facts.set_chat(&id);
    } else if let Some((_, id)) = label_id {
        facts.set_chat(id);
    } else if let Some(key) = word(map, "group_channel").filter(|key| key.starts_with("agent:")) {
        // A session key: agent, its name, channel, kind, id.
        let mut parts = key.splitn(5, ':').skip(2);
        if let (Some(channel), Some("group" | "channel"), Some(id)) = (parts.next(), parts.next(), parts.next()) {
            facts.channel = facts.channel.take().or_else(|| Some(channel_name(channel)));
            facts.group = Some(true);
            facts.set_chat(id);
        }
    } else if facts.group == Some(true) {
        // Without an id, a subject that is one word with a digit in it is an id.
        let subject = word(map, "group_subject").unwrap_or_else(|| label.to_owned());
        if looks_like_id(&subject) {
            facts.set_chat(&subject);
        }
    }
    if facts.group.is_none() && facts.chat_id.is_some() && facts.chat_id == facts.sender_id {
        facts.group = Some(false);
    }
    // A number without a channel in front of it: only Telegram counts its groups below zero.
    if facts.group.is_none() && facts.chat_id.as_ref().is_some_and(|id| id.starts_with("-100")) {
        facts.group = Some(true);
    }
}

/// A string or a number that is not empty.
fn word(map: &Map<String, Value>, key: &str) -> Option<String> {
    let word = match map.get(key)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!word.is_empty()).then_some(word)
}

fn looks_like_id(name: &str) -> bool {
    name.len() >= 4
        && name.bytes().any(|b| b.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-_#@.:=!".contains(&b))
}

#[cfg(test)]
#[path = "info_tests.rs"]
mod tests;
