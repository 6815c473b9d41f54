//! The reset policy: a state directory enters, when its sessions roll over by themselves leaves.
//!
//! From the config (`openclaw.json` and its older names, JSON5): `session.reset {mode, atHour,
//! idleMinutes}`, `session.resetByType {direct|dm, group, thread}`, `session.resetByChannel`, and the
//! old `session.idleMinutes`. The order of precedence is that of OpenClaw (channel over type over
//! base; without a mode the daily one). Hours are local to the gateway, whose zone no config tells.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::platform;
use crate::store::loose_value;

/// The names of the config, newest first.
pub const CONFIG_NAMES: [&str; 3] = ["openclaw.json", "clawdbot.json", "moltbot.json"];
/// The longest config that is read, in bytes.
const MAX_CONFIG_BYTES: u64 = 8 * 1024 * 1024;
/// The local hour of the daily reset if the config names none.
pub const DEFAULT_HOUR: u32 = 4;
/// Idle minutes of mode `idle` if the config names none (clawdbot 2026.1).
const DEFAULT_IDLE_MINUTES: u32 = 60;

/// A kind of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Sessions never roll over.
    None,
    /// At an hour of the day, and after a silence if idle minutes are named.
    Daily,
    /// After a silence.
    Idle,
}

impl Mode {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::None => "none",
            Mode::Daily => "daily",
            Mode::Idle => "idle",
        }
    }
}

/// One `{mode, atHour, idleMinutes}` of the config; what it does not say is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rule {
    mode: Option<Mode>,
    hour: Option<u32>,
    idle: Option<u32>,
}

/// How a person says that sessions roll over, whatever the gateway's config says; what is `None` is as the config has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stated {
    /// The kind of policy, for every chat.
    pub mode: Option<Mode>,
    /// The local hour (0 to 23) of the daily reset, for every chat that has one.
    pub hour: Option<u32>,
    /// The idle minutes (at least 1), for every chat that has a daily or idle policy.
    pub idle_minutes: Option<u32>,
}

/// When sessions roll over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetPolicy {
    /// The config it was read from.
    pub source: Option<PathBuf>,
    /// The local hour (0 to 23) of the daily reset of direct chats; `None` if there is none.
    pub daily_at_hour: Option<u32>,
    /// The idle minutes after which a direct chat rolls over; `None` if never.
    pub idle_minutes: Option<u32>,
    /// Whether the config says anything about resets. If not, the hour is the default of the
    /// releases up to July 2026; later ones have no reset by default.
    pub explicit: bool,
    /// The heartbeat prompt, if the config sets one: the default, else the first of an agent.
    pub heartbeat_prompt: Option<String>,
    /// All heartbeat prompts that the config sets, for the default and for single agents.
    pub heartbeat_prompts: Vec<String>,
    base: Option<Rule>,
    direct: Option<Rule>,
    group: Option<Rule>,
    thread: Option<Rule>,
    by_type: bool,
    by_channel: Vec<(String, Rule)>,
    legacy_idle: Option<u32>,
    stated: Stated,
}

impl Default for ResetPolicy {
    /// No config: daily at [`DEFAULT_HOUR`].
    fn default() -> Self {
        ResetPolicy::from_config(None, &Value::Null)
    }
}

impl ResetPolicy {
    /// Reads the config of a state directory. Never fails: a config that is absent, unreadable or no
    /// object is as none.
    #[must_use]
    pub fn read(state_dir: &Path) -> ResetPolicy {
        CONFIG_NAMES
            .iter()
            .find_map(|name| {
                let path = state_dir.join(name);
                let config = load(&path)?;
                Some(ResetPolicy::from_config(Some(path), &config))
            })
            .unwrap_or_default()
    }

    fn from_config(source: Option<PathBuf>, config: &Value) -> ResetPolicy {
        let session = config.get("session");
        let field = |key: &str| session.and_then(|session| session.get(key));
        let types = field("resetByType").filter(|value| value.is_object());
        let of_type = |key: &str| types.and_then(|types| types.get(key)).and_then(rule);
        let by_channel: Vec<(String, Rule)> = field("resetByChannel")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(channel, value)| Some((channel.trim().to_lowercase(), rule(value)?)))
            .collect();
        let base = field("reset").and_then(rule);
        let legacy_idle = field("idleMinutes").and_then(minutes);
        let prompts = heartbeat_prompts(config);
        let mut policy = ResetPolicy {
            source,
            daily_at_hour: None,
            idle_minutes: None,
            explicit: base.is_some() || types.is_some() || !by_channel.is_empty() || legacy_idle.is_some(),
            heartbeat_prompt: prompts.first().cloned(),
            heartbeat_prompts: prompts,
            base,
            direct: of_type("direct").or_else(|| of_type("dm")),
            group: of_type("group"),
            thread: of_type("thread"),
            by_type: types.is_some(),
            by_channel,
            legacy_idle,
            stated: Stated::default(),
        };
        (policy.daily_at_hour, policy.idle_minutes) = policy.for_chat(false, false, None);
        policy
    }

    /// The same policy, but for what a person says of it.
    #[must_use]
    pub fn stated(mut self, stated: Stated) -> ResetPolicy {
        self.explicit |= stated != Stated::default();
        self.stated = stated;
        (self.daily_at_hour, self.idle_minutes) = self.for_chat(false, false, None);
        self
    }

    /// The local hour of the daily reset and the idle minutes that hold for a chat; a thread counts
    /// as a thread also within a group.
    #[must_use]
    pub fn for_chat(&self, group: bool, thread: bool, channel: Option<&str>) -> (Option<u32>, Option<u32>) {
        let channel = channel.map(|word| word.trim().to_lowercase());
        let by_channel = self.by_channel.iter().find(|(name, _)| channel.as_ref() == Some(name)).map(|(_, rule)| *rule);
        let (specific, base, legacy) = match by_channel {
            // A channel's rule stands for the base, and the types do not count any more.
            Some(rule) => (None, Some(rule), None),
            None if thread => (self.thread, self.base, self.legacy_idle),
            None if group => (self.group, self.base, self.legacy_idle),
            None => (self.direct, self.base, self.legacy_idle),
        };
        let specific = specific.unwrap_or_default();
        let says_something = base.is_some() || self.by_type;
        let base = base.unwrap_or_default();
        // Older releases take the daily mode when a rule names none, whatever the base says besides.
        let fallback = if !says_something && legacy.is_some() { Mode::Idle } else { Mode::Daily };
        let mode = self.stated.mode.or(specific.mode).or(base.mode).unwrap_or(fallback);
        let hour = self.stated.hour.or(specific.hour).or(base.hour).unwrap_or(DEFAULT_HOUR);
        let idle = self.stated.idle_minutes.or(specific.idle).or(base.idle).or(legacy);
        match mode {
            Mode::None => (None, None),
            Mode::Daily => (Some(hour), idle),
            Mode::Idle => (None, Some(idle.unwrap_or(DEFAULT_IDLE_MINUTES))),
        }
    }
}

fn load(path: &Path) -> Option<Value> {
    let (file, metadata) = platform::open_regular(path).ok()?;
    if metadata.len() > MAX_CONFIG_BYTES {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG_BYTES).read_to_end(&mut bytes).ok()?;
    loose_value(&bytes).filter(Value::is_object)
}

fn rule(value: &Value) -> Option<Rule> {
    let fields = value.as_object()?;
    let mode = match fields.get("mode").and_then(Value::as_str) {
        Some("none" | "off") => Some(Mode::None),
        Some("daily") => Some(Mode::Daily),
        Some("idle") => Some(Mode::Idle),
        _ => None,
    };
    let hour = fields.get("atHour").and_then(whole).map(|hour| hour.clamp(0, 23)).and_then(|hour| u32::try_from(hour).ok());
    Some(Rule { mode, hour, idle: fields.get("idleMinutes").and_then(minutes) })
}

/// Idle minutes: whole, at least one.
fn minutes(value: &Value) -> Option<u32> {
    whole(value).map(|minutes| u32::try_from(minutes.max(1)).unwrap_or(u32::MAX))
}

fn whole(value: &Value) -> Option<i64> {
    let number = value.as_f64().filter(|number| number.is_finite())?;
    #[allow(clippy::cast_possible_truncation)]
    Some(number.floor().clamp(-1e15, 1e15) as i64)
}

/// `agents.defaults.heartbeat.prompt`, the older `agent.heartbeat.prompt`, `agents.list[].heartbeat.prompt`.
fn heartbeat_prompts(config: &Value) -> Vec<String> {
    let list = config.pointer("/agents/list").and_then(Value::as_array);
    let owners = [config.pointer("/agents/defaults"), config.get("agent")];
    let mut prompts: Vec<String> = Vec::new();
    for owner in owners.into_iter().flatten().chain(list.into_iter().flatten()) {
        let prompt = owner.pointer("/heartbeat/prompt").and_then(Value::as_str).map(str::trim);
        if let Some(prompt) = prompt.filter(|prompt| !prompt.is_empty() && !prompts.iter().any(|seen| seen == prompt)) {
            prompts.push(prompt.to_owned());
        }
    }
    prompts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn policy(json5: &str) -> ResetPolicy {
        ResetPolicy::from_config(None, &loose_value(json5.as_bytes()).unwrap())
    }

    type Hours = (Option<u32>, Option<u32>);

    #[test]
    fn precedence() {
        // config; explicit; direct, group, thread, discord group
        let rows: &[(&str, bool, [Hours; 4])] = &[
            ("{}", false, [(Some(4), None); 4]),
            ("{session:{reset:{mode:'none',idleMinutes:5}}}", true, [(None, None); 4]),
            ("{session:{reset:{atHour:6.9}}}", true, [(Some(6), None); 4]),
            ("{session:{reset:{idleMinutes:30}}}", true, [(Some(4), Some(30)); 4]),
            ("{session:{reset:{mode:'idle'}}}", true, [(None, Some(60)); 4]),
            ("{session:{idleMinutes:0}}", true, [(None, Some(1)); 4]),
            ("{session:{idleMinutes:90,reset:{mode:'daily',atHour:99}}}", true, [(Some(23), Some(90)); 4]),
            (
                "{session:{resetByType:{dm:{mode:'idle',idleMinutes:240},thread:{atHour:1}}}}",
                true,
                [(None, Some(240)), (Some(4), None), (Some(1), None), (Some(4), None)],
            ),
            (
                "{session:{reset:{mode:'idle',idleMinutes:60},resetByType:{group:{idleMinutes:30},direct:{mode:'daily'}}}}",
                true,
                [(Some(4), Some(60)), (None, Some(30)), (None, Some(60)), (None, Some(30))],
            ),
            (
                "{session:{reset:{mode:'none'},resetByType:{group:{mode:'daily'}},resetByChannel:{Discord:{mode:'idle',idleMinutes:7}}}}",
                true,
                [(None, None), (Some(4), None), (None, None), (None, Some(7))],
            ),
            ("{session:{reset:'daily',idleMinutes:'x',resetByType:[],resetByChannel:7}}", false, [(Some(4), None); 4]),
            ("{session:[]}", false, [(Some(4), None); 4]),
        ];
        for (config, explicit, wanted) in rows {
            let policy = policy(config);
            assert_eq!(policy.explicit, *explicit, "{config}");
            let found = [
                policy.for_chat(false, false, Some("telegram")),
                policy.for_chat(true, false, None),
                policy.for_chat(true, true, None),
                policy.for_chat(true, false, Some("discord")),
            ];
            assert_eq!(found, *wanted, "{config}");
            assert_eq!((policy.daily_at_hour, policy.idle_minutes), wanted[0], "{config}");
        }
    }

    #[test]
    fn what_a_person_states_comes_first() {
        let config = "{session:{reset:{mode:'idle',idleMinutes:60},resetByType:{group:{mode:'daily',atHour:2}}}}";
        let stated = |mode, hour, idle_minutes| policy(config).stated(Stated { mode, hour, idle_minutes });
        for (stated, wanted) in [
            (stated(None, None, None), [(None, Some(60)), (Some(2), Some(60))]),
            (stated(Some(Mode::None), None, None), [(None, None), (None, None)]),
            (stated(None, Some(7), None), [(None, Some(60)), (Some(7), Some(60))]),
            (stated(Some(Mode::Daily), None, None), [(Some(4), Some(60)), (Some(2), Some(60))]),
            (stated(None, None, Some(5)), [(None, Some(5)), (Some(2), Some(5))]),
        ] {
            assert_eq!([stated.for_chat(false, false, None), stated.for_chat(true, false, None)], wanted);
            assert!(stated.explicit);
        }
        assert!(!ResetPolicy::default().stated(Stated::default()).explicit);
    }

    #[test]
    fn prompts() {
        let found = policy(
            "{agents:{defaults:{heartbeat:{prompt:' Look around. '}},list:[{heartbeat:{prompt:'Other'}},{id:'x'},7,
             {heartbeat:{prompt:'Look around.'}}]}}",
        );
        assert_eq!(found.heartbeat_prompt.as_deref(), Some("Look around."));
        assert_eq!(found.heartbeat_prompts, ["Look around.", "Other"]);
        assert_eq!(policy("{agent:{heartbeat:{prompt:'Old'}}}").heartbeat_prompt.as_deref(), Some("Old"));
    }

    #[test]
    fn files() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(ResetPolicy::read(dir.path()), ResetPolicy::default());
        std::fs::write(dir.path().join("openclaw.json"), "{ torn").unwrap();
        std::fs::write(dir.path().join("clawdbot.json"), "{session:{reset:{atHour:5}}} // x").unwrap();
        let found = ResetPolicy::read(dir.path());
        assert_eq!((found.daily_at_hour, found.source), (Some(5), Some(dir.path().join("clawdbot.json"))));
    }
}
