//! The entries of a store as they are parsed: parser events enter, [`StoreEntry`] values leave.
//!
//! Hand-written visitors, because a derived one refuses a whole entry for one field of the wrong
//! type or one doubled key, and because stores carry large fields that nobody here needs.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lax::{Lax, drain, ignore_numbers_and_text, ignore_scalars};
use super::{MAX_KEYS, StoreEntry};
use crate::key::Key;

/// Gathers the entries while the parser runs, so that a tear loses only what is behind it.
#[derive(Default)]
pub(super) struct Entries {
    pub list: Vec<StoreEntry>,
    /// Whether the text is an object.
    pub is_object: bool,
    /// How many keys were seen, also those whose value is no object.
    pub keys: usize,
}

impl<'de> DeserializeSeed<'de> for &mut Entries {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Entries {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of session entries")
    }
    ignore_scalars!(());
    ignore_numbers_and_text!(());
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        drain(seq)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.is_object = true;
        while let Some(key) = map.next_key::<String>()? {
            let MaybeEntry(fields) = map.next_value()?;
            self.keys = self.keys.saturating_add(1);
            if let Some(fields) = fields.filter(|_| self.list.len() < MAX_KEYS) {
                self.list.push(fields.entry(&key));
            }
        }
        Ok(())
    }
}

/// The fields of one entry; `None` if the value is no object.
struct MaybeEntry(Option<Box<Fields>>);

#[derive(Default)]
struct Fields {
    session_id: Lax,
    session_file: Lax,
    updated_at: Lax,
    session_started_at: Lax,
    last_interaction_at: Lax,
    chat_type: Lax,
    channel: Lax,
    last_channel: Lax,
    last_to: Lax,
    group_id: Lax,
    origin: Lax,
    delivery: Lax,
    family: Lax,
    context_tokens: Lax,
    total_tokens: Lax,
    compaction_count: Lax,
    system_sent: Lax,
    heartbeat_base: Lax,
}

impl<'de> Deserialize<'de> for MaybeEntry {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = MaybeEntry;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a session entry")
            }
            ignore_scalars!(MaybeEntry(None));
            ignore_numbers_and_text!(MaybeEntry(None));
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<MaybeEntry, A::Error> {
                drain(seq).map(|()| MaybeEntry(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MaybeEntry, A::Error> {
                let mut fields = Box::<Fields>::default();
                while let Some(key) = map.next_key::<String>()? {
                    match fields.field(&key) {
                        Some(field) => *field = map.next_value()?,
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(MaybeEntry(Some(fields)))
            }
        }
        parser.deserialize_any(V)
    }
}

impl Fields {
    fn field(&mut self, key: &str) -> Option<&mut Lax> {
        Some(match key {
            "sessionId" => &mut self.session_id,
            "sessionFile" => &mut self.session_file,
            "updatedAt" => &mut self.updated_at,
            "sessionStartedAt" => &mut self.session_started_at,
            "lastInteractionAt" => &mut self.last_interaction_at,
            "chatType" => &mut self.chat_type,
            "channel" => &mut self.channel,
            "lastChannel" => &mut self.last_channel,
            "lastTo" => &mut self.last_to,
            "groupId" => &mut self.group_id,
            "origin" => &mut self.origin,
            "deliveryContext" => &mut self.delivery,
            "usageFamilySessionIds" => &mut self.family,
            "contextTokens" => &mut self.context_tokens,
            "totalTokens" => &mut self.total_tokens,
            "compactionCount" => &mut self.compaction_count,
            "systemSent" => &mut self.system_sent,
            "heartbeatIsolatedBaseSessionKey" => &mut self.heartbeat_base,
            _ => return None,
        })
    }

    fn entry(self, key: &str) -> StoreEntry {
        let mut peers: Vec<String> = Vec::new();
        let ids = [self.group_id.id(), self.origin.inner("from"), self.origin.inner("to"), self.delivery.inner("to"), self.last_to.id()];
        for peer in ids.into_iter().flatten().filter_map(|id| peer(&id)) {
            if !peers.contains(&peer) {
                peers.push(peer);
            }
        }
        let channel = self.channel.text().or_else(|| self.last_channel.text()).or_else(|| self.delivery.inner("channel"));
        StoreEntry {
            key: Key::parse(key),
            session_id: self.session_id.text(),
            session_file: self.session_file.text(),
            updated_at_ms: self.updated_at.number(),
            session_started_at_ms: self.session_started_at.number(),
            last_interaction_at_ms: self.last_interaction_at.number(),
            chat_type: self.chat_type.text().or_else(|| self.origin.inner("chatType")),
            channel: channel.map(|word| word.to_lowercase()),
            peers,
            family_session_ids: if let Lax::List(ids) = self.family { ids } else { Vec::new() },
            context_tokens: self.context_tokens.count(),
            total_tokens: self.total_tokens.count(),
            compaction_count: self.compaction_count.count(),
            system_sent: self.system_sent == Lax::Flag(true),
            heartbeat_base_key: self.heartbeat_base.text(),
        }
    }
}

/// The bare chat id of `telegram:7016642`, `telegram:group:-100555`, `channel:99`, `telegram:-100:topic:4`.
/// Words in front that no id can be are dropped; `!room:server` and `name@host` stay whole.
fn peer(id: &str) -> Option<String> {
    // What turns of the machine itself put in place of a chat.
    const NO_CHAT: [&str; 4] = ["heartbeat", "cron-event", "exec-event", "unknown"];
    let mut rest = id.trim();
    while let Some((word, after)) = rest.split_once(':') {
        let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        if !is_word || after.is_empty() {
            break;
        }
        rest = after;
    }
    for mark in [":topic:", ":thread:"] {
        rest = rest.split(mark).next().unwrap_or(rest);
    }
    if rest.is_empty() || NO_CHAT.contains(&rest) { None } else { Some(rest.to_owned()) }
}
