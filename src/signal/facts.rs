//! In: ids as the text writes them. Out: one shape for the facts about a chat, however they were written.

use super::clock::Clock;
use super::text::folded;

/// What an envelope or an info block tells about the message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ChatFacts {
    pub channel: Option<String>,
    pub chat_id: Option<String>,
    pub group: Option<bool>,
    pub thread_id: Option<String>,
    pub sender_id: Option<String>,
    pub message_id: Option<String>,
    pub reply_to: Option<String>,
    pub elapsed_ms: Option<i64>,
    pub clock: Option<Clock>,
}

impl ChatFacts {
    /// Fills what is still unknown from `other`.
    pub(super) fn fill(&mut self, other: ChatFacts) {
        fn take<T>(slot: &mut Option<T>, value: Option<T>) {
            if slot.is_none() {
                *slot = value;
            }
        }
        // An id and what it is the id of belong together.
        if self.chat_id.is_none() || other.chat_id.is_none() || self.chat_id == other.chat_id {
            take(&mut self.group, other.group);
            take(&mut self.thread_id, other.thread_id);
        }
        take(&mut self.channel, other.channel);
        take(&mut self.chat_id, other.chat_id);
        take(&mut self.sender_id, other.sender_id);
        take(&mut self.message_id, other.message_id);
        take(&mut self.reply_to, other.reply_to);
        take(&mut self.elapsed_ms, other.elapsed_ms);
        take(&mut self.clock, other.clock);
    }

    /// Whether the message came with a person's mark.
    pub(super) fn names_a_person(&self) -> bool {
        self.sender_id.is_some() || self.message_id.is_some()
    }

    /// Sets the chat from an id that may carry channel, kind and topic: `telegram:group:-100:topic:7`.
    pub(super) fn set_chat(&mut self, written: &str) {
        let mut id = written.trim();
        if let Some((word, rest)) = id.split_once(':')
            && is_channel_word(word)
            && kind_of(word).is_none()
        {
            if self.channel.is_none() {
                self.channel = Some(channel_name(word));
            }
            id = rest;
        }
        while let Some((word, rest)) = id.split_once(':') {
            let Some(group) = kind_of(word) else { break };
            self.group = group.or(self.group);
            id = rest;
        }
        if let Some((chat, topic)) = id.split_once(":topic:").or_else(|| id.split_once(":thread:")) {
            self.thread_id = Some(topic.to_owned());
            id = chat;
        }
        if !id.is_empty() {
            self.group = self.group.or_else(|| group_from_id(self.channel.as_deref(), id));
            self.chat_id = Some(id.to_owned());
        }
    }
}

/// Channel words of the releases and of known plugins, lower case. Any other word is a channel only before a time stamp.
const CHANNELS: [&str; 26] = [
    "telegram",
    "whatsapp",
    "discord",
    "slack",
    "signal",
    "imessage",
    "feishu",
    "lark",
    "zalo",
    "dingtalk",
    "webchat",
    "matrix",
    "msteams",
    "teams",
    "line",
    "mattermost",
    "googlechat",
    "bluebubbles",
    "nostr",
    "irc",
    "twitch",
    "qqbot",
    "wecom",
    "weixin",
    "nextcloud-talk",
    "tlon",
];

/// Whether the word names a channel that is known.
pub(super) fn is_known_channel(word: &str) -> bool {
    CHANNELS.contains(&folded(word).as_str())
}

/// A channel's word in one spelling.
pub(super) fn channel_name(word: &str) -> String {
    folded(word).replace(' ', "")
}

fn is_channel_word(word: &str) -> bool {
    (2..=24).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !word.eq_ignore_ascii_case("agent")
}

/// Words that tell what an id names. Outer `None`: no such word; inner `None`: it does not say.
fn kind_of(word: &str) -> Option<Option<bool>> {
    match word {
        "group" | "channel" | "room" | "supergroup" | "guild" => Some(Some(true)),
        "user" | "dm" | "direct" | "peer" => Some(Some(false)),
        "chat" | "conversation" | "chat_id" => Some(None),
        _ => None,
    }
}

/// Whether an id is a group's, where its form tells.
pub(super) fn group_from_id(channel: Option<&str>, id: &str) -> Option<bool> {
    if id.ends_with("@g.us") {
        return Some(true);
    }
    if id.ends_with("@s.whatsapp.net") || id.ends_with("@lid") || is_phone(id) {
        return Some(false);
    }
    if channel == Some("telegram") && !id.is_empty() {
        let digits = id.strip_prefix('-').unwrap_or(id);
        let number = digits.bytes().all(|b| b.is_ascii_digit());
        return number.then(|| id.starts_with('-'));
    }
    None
}

fn is_phone(id: &str) -> bool {
    id.strip_prefix('+').is_some_and(|n| n.len() >= 6 && n.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats() {
        let table = [
            ("telegram:7016642", Some("telegram"), "7016642", Some(false), None),
            ("telegram:-100777", Some("telegram"), "-100777", Some(true), None),
            ("telegram:group:-100777:topic:9", Some("telegram"), "-100777", Some(true), Some("9")),
            ("channel:123", None, "123", Some(true), None),
            ("discord:channel:123", Some("discord"), "123", Some(true), None),
            ("user:123", None, "123", Some(false), None),
            ("+17855410986", None, "+17855410986", Some(false), None),
            ("whatsapp:1203@g.us", Some("whatsapp"), "1203@g.us", Some(true), None),
            ("!room:matrix.local", None, "!room:matrix.local", None, None),
            ("oc_9e3c", None, "oc_9e3c", None, None),
        ];
        for (text, channel, id, group, thread) in table {
            let mut facts = ChatFacts::default();
            facts.set_chat(text);
            assert_eq!(facts.channel.as_deref(), channel, "{text}");
            assert_eq!(facts.chat_id.as_deref(), Some(id), "{text}");
            assert_eq!((facts.group, facts.thread_id.as_deref()), (group, thread), "{text}");
        }
    }

    #[test]
    fn filling() {
        let mut a = ChatFacts { chat_id: Some("1".into()), ..ChatFacts::default() };
        a.fill(ChatFacts { chat_id: Some("2".into()), group: Some(true), message_id: Some("m".into()), ..ChatFacts::default() });
        assert_eq!((a.chat_id.as_deref(), a.group, a.message_id.as_deref()), (Some("1"), None, Some("m")));
    }
}
