//! An id in, its mask out: counters by kind, in the order of appearance.

use std::collections::{BTreeMap, HashMap};

use crate::key::Key;

/// What a mask stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Agent,
    Channel,
    Command,
    File,
    Folder,
    Id,
    Job,
    Peer,
    Session,
    Thread,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Agent => "agent",
            Kind::Channel => "channel",
            Kind::Command => "command",
            Kind::File => "file",
            Kind::Folder => "folder",
            Kind::Id => "id",
            Kind::Job => "job",
            Kind::Peer => "peer",
            Kind::Session => "session",
            Kind::Thread => "thread",
        }
    }
}

/// Words of session keys: forms, and channels that are no one's own.
const KEY_WORDS: [&str; 36] = [
    "agent",
    "bluebubbles",
    "channel",
    "cli",
    "cron",
    "default",
    "direct",
    "discord",
    "dm",
    "feishu",
    "global",
    "googlechat",
    "group",
    "heartbeat",
    "hook",
    "imessage",
    "irc",
    "line",
    "main",
    "matrix",
    "mattermost",
    "msteams",
    "nostr",
    "recovered",
    "run",
    "signal",
    "slack",
    "subagent",
    "telegram",
    "thread",
    "tlon",
    "topic",
    "twitch",
    "webchat",
    "whatsapp",
    "zalo",
];

/// Whether a word of a key tells a form or a well-known channel.
pub(super) fn is_key_word(word: &str) -> bool {
    KEY_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The masks that were given.
#[derive(Debug, Default)]
pub(super) struct Masks {
    /// Session ids as they are, all else in lower case, as keys have it.
    given: HashMap<String, String>,
    counts: BTreeMap<Kind, usize>,
}

impl Masks {
    /// The mask of an id.
    pub fn of(&mut self, kind: Kind, id: &str) -> String {
        if let Some(mask) = self.known(id) {
            return mask.to_owned();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let mask = format!("{}-{count}", kind.word());
        self.set(&if kind == Kind::Session { id.to_owned() } else { id.to_lowercase() }, mask.clone());
        mask
    }

    /// The mask of an id that has one.
    pub fn known(&self, id: &str) -> Option<&str> {
        self.given.get(id).or_else(|| self.given.get(&id.to_lowercase())).map(String::as_str)
    }

    /// Gives an id a mask that follows from others.
    pub fn set(&mut self, id: &str, mask: String) {
        self.given.insert(id.to_owned(), mask);
    }

    /// Gives an id that has no mask the one of another.
    pub fn alias(&mut self, id: &str, of: &str) {
        if let Some(mask) = self.known(of).filter(|_| self.known(id).is_none()).map(str::to_owned) {
            self.set(&id.to_lowercase(), mask);
        }
    }

    /// A key with all but its form masked.
    pub fn key(&mut self, key: &Key) -> String {
        let mut raw = key.raw.trim().to_owned();
        // A peer may hold colons, and is one id all the same. The mark is no character of a mask.
        let peer = key.peer.as_ref().filter(|peer| peer.contains(':')).cloned();
        if let Some(peer) = &peer {
            raw = raw.replacen(peer.as_str(), "\0", 1);
        }
        let parts: Vec<&str> = raw.split(':').collect();
        let mut out: Vec<String> = Vec::with_capacity(parts.len());
        let mut before = "";
        for (at, part) in parts.iter().enumerate() {
            let kind = match before.to_ascii_lowercase().as_str() {
                "agent" if at == 1 => Kind::Agent,
                "topic" | "thread" => Kind::Thread,
                "cron" => Kind::Job,
                "run" | "subagent" | "hook" | "recovered" => Kind::Session,
                _ => Kind::Peer,
            };
            out.push(match *part {
                "" => String::new(),
                "\0" => self.of(Kind::Peer, peer.as_deref().unwrap_or_default()),
                part if kind == Kind::Peer && is_key_word(part) => part.to_owned(),
                part => self.of(kind, part),
            });
            before = part;
        }
        out.join(":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_form() {
        let mut masks = Masks::default();
        for (raw, masked) in [
            ("agent:scout:main", "agent:agent-1:main"),
            ("agent:main:main", "agent:agent-2:main"),
            ("agent:scout:telegram:dm:7016642", "agent:agent-1:telegram:dm:peer-1"),
            ("agent:scout:telegram:group:-100555:topic:1234", "agent:agent-1:telegram:group:peer-2:topic:thread-1"),
            ("agent:scout:cron:nightly:run:abc", "agent:agent-1:cron:job-1:run:session-1"),
            ("agent:scout:matrix:channel:!Room:srv.org", "agent:agent-1:matrix:channel:peer-3"),
            ("agent:scout:mine", "agent:agent-1:peer-4"),
            ("telegram:7016642", "telegram:peer-1"),
        ] {
            assert_eq!(masks.key(&Key::parse(raw)), masked);
            assert_eq!(Key::parse(raw).kind, Key::parse(masked).kind, "{raw}");
        }
    }
}
