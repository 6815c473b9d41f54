//! Session keys: the text of a key enters, who and what it stands for leaves.
//!
//! A key is what the store files a session under: `agent:<agent>:<rest>`, where the rest names the
//! main chat, a direct peer, a group, a thread, or a machine (cron, hook, subagent, heartbeat).

/// What a session key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// `agent:<agent>:<mainKey>`: all direct chats of the owner, by default.
    Main,
    /// `[<channel>:[<account>:]]dm|direct:<peer>`.
    Direct,
    /// `<channel>:[<account>:]group|channel:<id>`.
    Group,
    /// `...:topic:<n>` or `...:thread:<id>`.
    Thread,
    /// `cron:<job>[:run:<id>]`, with or without an agent.
    Cron,
    /// `hook:<uuid>`.
    Hook,
    /// `...:subagent:<uuid>`.
    Subagent,
    /// `...:heartbeat`: an isolated heartbeat.
    Heartbeat,
    /// `global`: one session for everything.
    Global,
    /// `agent:<a>:recovered:<id>`: made by the importer for a file that no entry named.
    Recovered,
    /// `main` or `group:<id>` without an agent, as the oldest releases wrote.
    Legacy,
    /// None of these.
    Other,
}

impl KeyKind {
    /// The word that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            KeyKind::Main => "main",
            KeyKind::Direct => "direct",
            KeyKind::Group => "group",
            KeyKind::Thread => "thread",
            KeyKind::Cron => "cron",
            KeyKind::Hook => "hook",
            KeyKind::Subagent => "subagent",
            KeyKind::Heartbeat => "heartbeat",
            KeyKind::Global => "global",
            KeyKind::Recovered => "recovered",
            KeyKind::Legacy => "legacy",
            KeyKind::Other => "other",
        }
    }

    /// Whether no person talks under such a key: cron, hook, subagent, heartbeat.
    #[must_use]
    pub fn is_machine(self) -> bool {
        matches!(self, KeyKind::Cron | KeyKind::Hook | KeyKind::Subagent | KeyKind::Heartbeat)
    }

    /// Whether such a key holds a single chat, so that two chat ids under it contradict: group,
    /// thread, direct. The main key may hold several direct chats of one owner.
    #[must_use]
    pub fn holds_one_chat(self) -> bool {
        matches!(self, KeyKind::Group | KeyKind::Thread | KeyKind::Direct)
    }
}

/// A session key, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key as written; compare with [`Key::is`].
    pub raw: String,
    /// The agent of `agent:<agent>:...`.
    pub agent: Option<String>,
    /// What it stands for.
    pub kind: KeyKind,
    /// The channel word, in lower case.
    pub channel: Option<String>,
    /// The group id or the direct peer, without `:topic:` and `:thread:`; may contain `:` and `@`.
    pub peer: Option<String>,
    /// The topic or thread id.
    pub thread: Option<String>,
}

impl Key {
    /// Takes a key apart. Every text is some key: what fits no form is [`KeyKind::Other`].
    #[must_use]
    pub fn parse(raw: &str) -> Key {
        let parts: Vec<&str> = raw.trim().split(':').collect();
        let (agent, rest) = match parts.as_slice() {
            [word, agent, rest @ ..] if word.eq_ignore_ascii_case("agent") && !agent.is_empty() && !rest.is_empty() => (Some(*agent), rest),
            all => (None, all),
        };
        let shape = Shape::of(rest, agent.is_some());
        Key {
            raw: raw.to_owned(),
            agent: agent.map(str::to_owned),
            kind: shape.kind,
            channel: shape.channel.map(str::to_ascii_lowercase),
            peer: shape.peer,
            thread: shape.thread,
        }
    }

    /// Whether this is the key with that text; case does not count.
    #[must_use]
    pub fn is(&self, raw: &str) -> bool {
        let fold = |text: &str| text.trim().to_lowercase();
        self.raw == raw || fold(&self.raw) == fold(raw)
    }
}

/// What stands after the agent.
struct Shape<'a> {
    kind: KeyKind,
    channel: Option<&'a str>,
    peer: Option<String>,
    thread: Option<String>,
}

impl<'a> Shape<'a> {
    fn bare(kind: KeyKind) -> Shape<'a> {
        Shape { kind, channel: None, peer: None, thread: None }
    }

    fn of(rest: &[&'a str], has_agent: bool) -> Shape<'a> {
        let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
        // A subagent key is its parent's key with `:subagent:<uuid>` behind it; the last one counts.
        if let Some(at) = rest.iter().rposition(|part| is(part, "subagent")).filter(|at| at.saturating_add(1) < rest.len()) {
            let parent = rest.get(..at).unwrap_or_default();
            return Shape { kind: KeyKind::Subagent, ..Shape::chat(parent) };
        }
        match rest {
            [word, _, ..] if is(word, "cron") => return Shape::bare(KeyKind::Cron),
            [word, _, ..] if is(word, "hook") => return Shape::bare(KeyKind::Hook),
            [word, _, ..] if is(word, "recovered") => return Shape::bare(KeyKind::Recovered),
            [before @ .., word] if is(word, "heartbeat") => {
                return Shape { kind: KeyKind::Heartbeat, ..Shape::chat(before) };
            }
            [word] if is(word, "global") => return Shape::bare(KeyKind::Global),
            [""] => return Shape::bare(KeyKind::Other),
            [_] if has_agent => return Shape::bare(KeyKind::Main),
            [word] if is(word, "main") => return Shape::bare(KeyKind::Legacy),
            _ => {}
        }
        let shape = Shape::chat(rest);
        if !has_agent && matches!(rest, [word, ..] if is(word, "group")) {
            return Shape { kind: KeyKind::Legacy, ..shape };
        }
        shape
    }

    /// `[<channel>:[<account>:]]<dm|direct|group|channel>:<peer>[:topic|:thread:<id>]`.
    fn chat(rest: &[&'a str]) -> Shape<'a> {
        let is = |part: &str, words: &[&str]| words.iter().any(|word| part.eq_ignore_ascii_case(word));
        let cut = rest.iter().rposition(|part| is(part, &["topic", "thread"])).filter(|at| *at > 0);
        let thread = cut.and_then(|at| rest.get(at.saturating_add(1)..)).map(|id| id.join(":")).filter(|id| !id.is_empty());
        let base = if thread.is_some() { rest.get(..cut.unwrap_or(rest.len())).unwrap_or(rest) } else { rest };
        let words = ["dm", "direct", "group", "channel"];
        let at = base.iter().take(3).position(|part| is(part, &words)).filter(|at| at.saturating_add(1) < base.len());
        let peer = at.and_then(|at| base.get(at.saturating_add(1)..)).map(|id| id.join(":")).filter(|id| !id.is_empty());
        let channel = at.filter(|at| *at > 0).and_then(|_| base.first().copied()).filter(|word| !word.is_empty());
        let word = at.and_then(|at| base.get(at)).copied().unwrap_or_default();
        let kind = match (&thread, &peer) {
            (Some(_), _) => KeyKind::Thread,
            (None, Some(_)) if is(word, &["dm", "direct"]) => KeyKind::Direct,
            (None, Some(_)) => KeyKind::Group,
            (None, None) => KeyKind::Other,
        };
        Shape { kind, channel, peer, thread }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    type Row<'a> = (&'a str, Option<&'a str>, KeyKind, Option<&'a str>, Option<&'a str>, Option<&'a str>);

    #[test]
    fn keys() {
        use KeyKind::*;
        let main = Some("main");
        let tg = Some("telegram");
        let rows: &[Row] = &[
            ("agent:main:main", main, Main, None, None, None),
            ("agent:work:owner", Some("work"), Main, None, None, None),
            ("Agent:Main:Main", Some("Main"), Main, None, None, None),
            ("agent:main:telegram:dm:7016642", main, Direct, tg, Some("7016642"), None),
            ("agent:main:telegram:direct:7016642", main, Direct, tg, Some("7016642"), None),
            ("agent:a:telegram:acct:direct:77", Some("a"), Direct, tg, Some("77"), None),
            ("agent:main:direct:jay", main, Direct, None, Some("jay"), None),
            ("agent:main:matrix:direct:@jay:server.org", main, Direct, Some("matrix"), Some("@jay:server.org"), None),
            ("agent:main:whatsapp:group:123@g.us", main, Group, Some("whatsapp"), Some("123@g.us"), None),
            ("agent:main:telegram:group:-100555", main, Group, tg, Some("-100555"), None),
            ("agent:main:Discord:channel:99", main, Group, Some("discord"), Some("99"), None),
            ("agent:main:telegram:group:-100555:topic:4", main, Thread, tg, Some("-100555"), Some("4")),
            ("agent:main:slack:channel:c1:thread:171.2", main, Thread, Some("slack"), Some("c1"), Some("171.2")),
            ("agent:main:matrix:channel:!r:s.org:thread:$e", main, Thread, Some("matrix"), Some("!r:s.org"), Some("$e")),
            ("agent:main:main:thread:9", main, Thread, None, None, Some("9")),
            ("cron:job-1", None, Cron, None, None, None),
            ("agent:main:cron:job-1:run:u", main, Cron, None, None, None),
            ("hook:u-u", None, Hook, None, None, None),
            ("agent:main:hook:u-u", main, Hook, None, None, None),
            ("agent:main:subagent:u", main, Subagent, None, None, None),
            ("agent:main:telegram:group:-1:subagent:u", main, Subagent, tg, Some("-1"), None),
            ("agent:main:main:heartbeat", main, Heartbeat, None, None, None),
            ("agent:main:telegram:dm:7:heartbeat", main, Heartbeat, tg, Some("7"), None),
            ("global", None, Global, None, None, None),
            ("agent:main:recovered:u", main, Recovered, None, None, None),
            ("main", None, Legacy, None, None, None),
            ("group:-100", None, Legacy, None, Some("-100"), None),
            ("telegram:group:-100", None, Group, tg, Some("-100"), None),
            ("agent:main:acp:u", main, Other, None, None, None),
            ("agent:main:telegram:slash:7", main, Other, None, None, None),
            ("agent:main:telegram:group:", main, Other, tg, None, None),
            ("agent:main:", main, Other, None, None, None),
            ("agent::main", None, Other, None, None, None),
            ("agent:main", None, Other, None, None, None),
            ("unknown", None, Other, None, None, None),
            ("", None, Other, None, None, None),
            (":::", None, Other, None, None, None),
            ("topic:4", None, Other, None, None, None),
        ];
        for (raw, agent, kind, channel, peer, thread) in rows {
            let key = Key::parse(raw);
            let found = (key.agent.as_deref(), key.kind, key.channel.as_deref(), key.peer.as_deref(), key.thread.as_deref());
            assert_eq!(found, (*agent, *kind, *channel, *peer, *thread), "{raw}");
            assert_eq!(key.raw, *raw);
        }
    }

    #[test]
    fn case_does_not_count() {
        assert!(Key::parse("agent:main:Matrix:channel:!Ab").is("agent:main:matrix:channel:!ab"));
        assert!(!Key::parse("agent:main:main").is("agent:main:main2"));
    }

    #[test]
    fn machines_and_single_chats() {
        assert!(KeyKind::Cron.is_machine() && !KeyKind::Main.is_machine());
        assert!(KeyKind::Thread.holds_one_chat() && !KeyKind::Main.holds_one_chat());
        assert_eq!(KeyKind::Subagent.name(), "subagent");
    }
}
