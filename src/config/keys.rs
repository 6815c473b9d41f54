//! The declaration of every key: name, what it takes, what it is for. Reading, printing and the documentation derive from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::FailOn;
use super::read::{Wrong, integer, list, pairs, text};
use crate::policy::Mode;
use crate::rules::{self, Severity, selection};
use crate::split::Level;
use crate::time::{parse_span_ms, plain_span};
use crate::zone::Zone;

/// What a file or a command line says. What is `None` was not said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    /// Rules that run: codes, families or names.
    pub select: Option<Vec<String>>,
    /// Rules that do not run.
    pub ignore: Option<Vec<String>>,
    /// The least level of a split.
    pub min_level: Option<Level>,
    /// The least severity that makes the exit code 1.
    pub fail_on: Option<FailOn>,
    /// The file of known findings.
    pub baseline: Option<PathBuf>,
    /// Folders where media can be, too.
    pub media_roots: Option<Vec<PathBuf>>,
    /// Beginnings of heartbeat prompts.
    pub heartbeat_prompts: Option<Vec<String>>,
    /// Severities by the code of the rule; none for a rule that is off.
    pub severity: Option<BTreeMap<&'static str, Option<Severity>>>,
    /// Path maps.
    pub map: Option<Vec<(String, PathBuf)>>,
    /// See [`crate::split::Settings::small_gap_ms`].
    pub small_gap_ms: Option<i64>,
    /// See [`crate::split::Settings::short_gap_ms`].
    pub short_gap_ms: Option<i64>,
    /// See [`crate::policy::Stated::mode`].
    pub mode: Option<Mode>,
    /// See [`crate::policy::Stated::hour`].
    pub hour: Option<u32>,
    /// See [`crate::policy::Stated::idle_minutes`].
    pub idle_minutes: Option<u32>,
    /// The gateway's time zone.
    pub zone: Option<Zone>,
}

/// What paths in a file are relative to.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The folder of the file.
    pub folder: &'a Path,
    /// The home folder.
    pub home: Option<&'a Path>,
}

impl Places<'_> {
    fn path(&self, text: &str) -> Result<PathBuf, String> {
        if text.trim().is_empty() {
            return Err("an empty path".to_owned());
        }
        match (Path::new(text).strip_prefix("~"), self.home) {
            (Ok(rest), Some(home)) => Ok(home.join(rest)),
            _ => Ok(self.folder.join(text)),
        }
    }
}

/// A declared key.
pub struct Key {
    /// Its name, with the table in front: `thresholds.small-gap`.
    pub name: &'static str,
    /// The option of the command line that says the same.
    pub flag: Option<&'static str>,
    /// What holds where nobody says anything, in words; printed only where there is no value.
    pub unset: &'static str,
    /// One paragraph; `docs/configuration.md` has it word for word.
    pub doc: &'static str,
    /// An example as TOML; reads back.
    pub example: &'static str,
    /// Reads a value of a file.
    pub take: fn(&DeValue<'_>, &Places<'_>, &mut Values) -> Result<(), Wrong>,
    /// The value as TOML, where there is one.
    pub show: fn(&Values) -> Option<String>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Longest span that a threshold takes, in ms: a year.
const MAX_SPAN_MS: i64 = 366 * 86_400_000;
/// Longest idle policy, in minutes: a year.
const MAX_IDLE: i64 = 366 * 24 * 60;

/// Every key, in the order of the documentation. A key with a table in front stands behind those without.
pub static KEYS: &[Key] = &[
    Key {
        name: "select",
        flag: Some("--select"),
        unset: "every rule",
        doc: "Rules that run in `scan` and `repair`: codes (`CF201`), families (`CF2`) or names. What could not be read is reported all the same.",
        example: r#"select = ["CF1", "torn-line"]"#,
        take: |value, _, values| {
            values.select = Some(list(value, rule_word)?);
            Ok(())
        },
        show: |values| values.select.as_deref().map(texts),
    },
    Key {
        name: "ignore",
        flag: Some("--ignore"),
        unset: "no rule",
        doc: "Rules that do not run, though `select` takes them. `--ignore` adds to it; `--select` puts `select`, `ignore` and every `off` of the file aside.",
        example: r#"ignore = ["CF214"]"#,
        take: |value, _, values| {
            values.ignore = Some(list(value, rule_word)?);
            Ok(())
        },
        show: |values| values.ignore.as_deref().map(texts),
    },
    Key {
        name: "min-level",
        flag: Some("--min-level"),
        unset: "probable",
        doc: "How sure a split must be to be reported: `possible`, `probable` or `certain`.",
        example: r#"min-level = "certain""#,
        take: |value, _, values| {
            values.min_level = Some(word(value, &[Level::Possible, Level::Probable, Level::Certain], |level| level.name())?);
            Ok(())
        },
        show: |values| values.min_level.map(|level| quoted(level.name())),
    },
    Key {
        name: "fail-on",
        flag: Some("--fail-on"),
        unset: "warning",
        doc: "The least severity that makes the exit code of `scan` 1: `none`, `info`, `warning` or `error`.",
        example: r#"fail-on = "error""#,
        take: |value, _, values| {
            values.fail_on = Some(word(value, &[FailOn::None, FailOn::Info, FailOn::Warning, FailOn::Error], |fail_on| fail_on.name())?);
            Ok(())
        },
        show: |values| values.fail_on.map(|fail_on| quoted(fail_on.name())),
    },
    Key {
        name: "baseline",
        flag: Some("--baseline"),
        unset: "none",
        doc: "The file of known findings, which `scan` hides; `scan --write-baseline FILE` writes it. Relative to the folder of `clawfix.toml`.",
        example: r#"baseline = "clawfix-baseline.json""#,
        take: |value, places, values| {
            values.baseline = Some(places.path(text(value)?)?);
            Ok(())
        },
        show: |values| values.baseline.as_deref().map(path),
    },
    Key {
        name: "media-roots",
        flag: None,
        unset: "the media folders of each state directory",
        doc: "Folders where images are looked for by name, beside the media folders of each state directory, which come first. Each must be there.",
        example: r#"media-roots = ["."]"#,
        take: |value, places, values| {
            let folder = |text: &str| {
                let path = places.path(text)?;
                if path.is_dir() { Ok(path) } else { Err(format!("{} is no folder", path.display())) }
            };
            values.media_roots = Some(list(value, folder)?);
            Ok(())
        },
        show: |values| values.media_roots.as_ref().map(|roots| array(roots.iter().map(|root| path(root)))),
    },
    Key {
        name: "heartbeat-prompts",
        flag: None,
        unset: "the gateway's own, and those that openclaw.json sets",
        doc: "Beginnings of heartbeat prompts, beside the gateway's own and those that `openclaw.json` sets; `*` stands for any run of characters. Messages that came through a channel are never taken for one.",
        example: r#"heartbeat-prompts = ["It is *. Look after the garden"]"#,
        take: |value, _, values| {
            let prompt = |text: &str| {
                let some = text.chars().any(|c| c != '*' && !c.is_whitespace());
                if some { Ok(text.to_owned()) } else { Err("an empty prompt would fit every text".to_owned()) }
            };
            values.heartbeat_prompts = Some(list(value, prompt)?);
            Ok(())
        },
        show: |values| values.heartbeat_prompts.as_deref().map(texts),
    },
    Key {
        name: "severity",
        flag: None,
        unset: "as each rule says",
        doc: "The severity of all findings of a rule, by code or name: `error`, `warning`, `info`, or `off`, which is as good as `ignore`. What could not be read cannot be turned off.",
        example: "severity = { CF214 = \"off\", unknown-file = \"warning\" }",
        take: |value, _, values| {
            values.severity = Some(pairs(value, severity)?.into_iter().collect());
            Ok(())
        },
        show: |values| {
            let named = |severity: &Option<Severity>| quoted(severity.map_or("off", Severity::name));
            values.severity.as_ref().map(|map| table(map.iter().map(|(rule, severity)| ((*rule).to_owned(), named(severity)))))
        },
    },
    Key {
        name: "map",
        flag: Some("--map"),
        unset: "none",
        doc: "Path maps, for copies and backups: absolute paths inside the files that begin with the left side are taken as beginning with the right one. `--map FROM=TO` adds to them, and comes first for the same FROM.",
        example: "map = { \"/home/jay\" = \"/srv/copy/home/jay\" }",
        take: |value, places, values| {
            values.map = Some(pairs(value, |from, to| {
                if from.trim().is_empty() {
                    return Err("the path to map is empty".to_owned());
                }
                Ok((from.to_owned(), places.path(text(to).map_err(first)?)?))
            })?);
            Ok(())
        },
        show: |values| values.map.as_ref().map(|map| table(map.iter().map(|(from, to)| (quoted(from), path(to))))),
    },
    Key {
        name: "thresholds.small-gap",
        flag: None,
        unset: "15m",
        doc: "A gap up to this is small whatever the rhythm of the chat (evidence E202), and one of the traces of a tear: a number and `s`, `m`, `h` or `d`.",
        example: r#"thresholds.small-gap = "10m""#,
        take: |value, _, values| {
            values.small_gap_ms = Some(span(value)?);
            Ok(())
        },
        show: |values| values.small_gap_ms.map(|ms| quoted(&plain_span(ms))),
    },
    Key {
        name: "thresholds.short-gap",
        flag: None,
        unset: "24h",
        doc: "A gap over this is never short, whatever pauses the older session shows (evidence E203).",
        example: r#"thresholds.short-gap = "12h""#,
        take: |value, _, values| {
            values.short_gap_ms = Some(span(value)?);
            Ok(())
        },
        show: |values| values.short_gap_ms.map(|ms| quoted(&plain_span(ms))),
    },
    Key {
        name: "reset-policy.mode",
        flag: None,
        unset: "as openclaw.json says",
        doc: "When sessions roll over by themselves: `none`, `daily` or `idle`, for every chat, whatever `openclaw.json` says. For copies without it, and for gateways that were set up otherwise when the transcripts were written.",
        example: r#"reset-policy.mode = "daily""#,
        take: |value, _, values| {
            values.mode = Some(word(value, &[Mode::None, Mode::Daily, Mode::Idle], |mode| mode.name())?);
            Ok(())
        },
        show: |values| values.mode.map(|mode| quoted(mode.name())),
    },
    Key {
        name: "reset-policy.daily-hour",
        flag: None,
        unset: "as openclaw.json says, else 4",
        doc: "The hour of the daily reset, 0 to 23, local to the gateway; for every chat that has a daily reset.",
        example: "reset-policy.daily-hour = 6",
        take: |value, _, values| {
            values.hour = u32::try_from(integer(value, 0..=23)?).ok();
            Ok(())
        },
        show: |values| values.hour.map(|hour| hour.to_string()),
    },
    Key {
        name: "reset-policy.idle-minutes",
        flag: None,
        unset: "as openclaw.json says",
        doc: "The silence in minutes after which a session rolls over; for every chat whose mode is `daily` or `idle`.",
        example: "reset-policy.idle-minutes = 120",
        take: |value, _, values| {
            values.idle_minutes = u32::try_from(integer(value, 1..=MAX_IDLE)?).ok();
            Ok(())
        },
        show: |values| values.idle_minutes.map(|minutes| minutes.to_string()),
    },
    Key {
        name: "reset-policy.time-zone",
        flag: None,
        unset: "as the wall clocks in the transcripts tell",
        doc: "The zone of the gateway, in which the hour of the daily reset counts: a name such as `Europe/Berlin`, which knows of summer time, an offset such as `+08:00`, or `UTC`.",
        example: r#"reset-policy.time-zone = "Europe/Berlin""#,
        take: |value, _, values| {
            values.zone = Some(Zone::parse(text(value)?)?);
            Ok(())
        },
        show: |values| values.zone.map(|zone| quoted(&zone.name())),
    },
];

fn rule_word(word: &str) -> Result<String, String> {
    selection::parse(word).map_err(|error| format!("{word:?}: {error}"))
}

/// One line of `[severity]`.
fn severity(rule: &str, value: &DeValue<'_>) -> Result<(&'static str, Option<Severity>), String> {
    let Some(found) = rules::find(rule) else {
        return Err(match selection::parse(rule) {
            Ok(_) => format!("{rule:?} is a family; name its rules one by one"),
            Err(error) => format!("{rule:?}: {error}"),
        });
    };
    let choices = [Some(Severity::Error), Some(Severity::Warning), Some(Severity::Info), None];
    let severity = word(value, &choices, |choice| choice.map_or("off", Severity::name)).map_err(first)?;
    if severity.is_none() && found.is_about_reading() {
        return Err(format!("{} cannot be off: what could not be read must never count as clean", found.code));
    }
    Ok((found.code, severity))
}

fn first(wrong: Wrong) -> String {
    wrong.0.into_iter().next().map(|item| item.what).unwrap_or_default()
}

/// One word out of several.
fn word<T: Copy>(value: &DeValue<'_>, choices: &[T], name: impl Fn(&T) -> &'static str) -> Result<T, Wrong> {
    let asked = text(value)?;
    if let Some(choice) = choices.iter().find(|choice| name(choice) == asked) {
        return Ok(*choice);
    }
    let names: Vec<&str> = choices.iter().map(&name).collect();
    let hint = super::read::nearest(asked, names.iter().copied());
    Err(Wrong::from(format!("{asked:?} is none of {}{hint}", names.join(", "))))
}

fn span(value: &DeValue<'_>) -> Result<i64, Wrong> {
    let text = text(value)?;
    let ms = parse_span_ms(text).filter(|ms| (1_000..=MAX_SPAN_MS).contains(ms));
    ms.ok_or_else(|| Wrong::from(format!("{text:?} is no span: a whole number and s, m, h or d, from 1s to 366d")))
}

/// Text as TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if crate::report::safe::is_hostile(c) => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn texts(list: &[String]) -> String {
    array(list.iter().map(|text| quoted(text)))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn table(items: impl Iterator<Item = (String, String)>) -> String {
    let items: Vec<String> = items.map(|(key, value)| format!("{key} = {value}")).collect();
    if items.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", items.join(", ")) }
}
