//! What the name of a file says, and nothing else: a file name enters, its role leaves.
//!
//! Pure: no file is opened here. The names are those that OpenClaw (once Clawdbot, Moltbot) gives
//! the files of a sessions folder. A name may lie; the header of the file has the last word.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::foreign::percent_decode;

/// The state of a transcript, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileState {
    /// `X.jsonl`: a primary transcript, the only state that OpenClaw loads.
    Live,
    /// `X.jsonl.reset.<T>`: archived when the session was reset or rolled over.
    Reset,
    /// `X.jsonl.deleted.<T>`: archived by a delete, or by the doctor as an orphan.
    Deleted,
    /// `X.jsonl.bak.<T>`, `X.jsonl.bak-<pid>-<ms>`, `X.jsonl.pre-doctor-*.bak`: a copy before a change.
    Bak,
    /// `X.jsonl.corrupt-*.jsonl`: set aside as unreadable.
    Corrupt,
    /// `<id>.checkpoint.<uuid>.jsonl`: a snapshot taken before a compaction.
    Checkpoint,
    /// `*.jsonl.imported-<ms>`: an original that the SQLite importer receipted; never to be edited.
    Imported,
    /// `*.jsonl.*.zst`: cold storage.
    Compressed,
}

impl FileState {
    /// The word that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FileState::Live => "primary",
            FileState::Reset => "reset",
            FileState::Deleted => "deleted",
            FileState::Bak => "bak",
            FileState::Corrupt => "corrupt",
            FileState::Checkpoint => "checkpoint",
            FileState::Imported => "imported",
            FileState::Compressed => "compressed",
        }
    }
}

/// What the name of a transcript says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptName {
    /// The id: the base name without extension, topic suffix and fork time; need not be a uuid.
    pub session_id: String,
    /// Primary, or which kind of archive.
    pub state: FileState,
    /// When the archive was made, UTC in ms: `T` of the suffix, or the ms number of `.bak-<pid>-<ms>` and `.imported-<ms>`.
    pub stamp_ms: Option<i64>,
    /// The thread of `<id>-topic-<threadId>`, percent-decoded.
    pub topic: Option<String>,
    /// The time of `<ISO time>_<id>.jsonl` (a fork), UTC in ms.
    pub forked_at_ms: Option<i64>,
}

/// The role of a file in a sessions folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileName {
    /// A transcript or an archive of one.
    Transcript(TranscriptName),
    /// `<id>.trajectory.jsonl`, or an archive of one.
    Trajectory {
        /// The id in the name.
        session_id: String,
    },
    /// `<id>.trajectory-path.json`: says where the trajectory is.
    TrajectoryPath {
        /// The id in the name.
        session_id: String,
    },
    /// `sessions.json`.
    Store,
    /// `sessions.json.bak.<ms>` and the like.
    StoreBackup {
        /// When it was made, UTC in ms.
        stamp_ms: Option<i64>,
    },
    /// `sessions.json.<pid>.<uuid>.tmp`: a store that was being written.
    StoreTemp,
    /// `*.lock`.
    Lock,
    /// Anything else.
    Other,
}

/// The role of a file, by its name (the last component alone, no folder).
#[must_use]
pub fn classify(file_name: &str) -> FileName {
    // Ids begin with a letter or a digit, so a dot file (`._x.jsonl` of macOS) is never one of ours.
    if file_name.starts_with('.') {
        return FileName::Other;
    }
    if file_name.ends_with(".lock") {
        return FileName::Lock;
    }
    if file_name == "sessions.json" {
        return FileName::Store;
    }
    if let Some(suffix) = file_name.strip_prefix("sessions.json.") {
        return store_sidecar(suffix);
    }
    if let Some(id) = file_name.strip_suffix(".trajectory-path.json") {
        return FileName::TrajectoryPath { session_id: split_base(id).id };
    }
    transcript(file_name).unwrap_or(FileName::Other)
}

fn store_sidecar(suffix: &str) -> FileName {
    if suffix.ends_with(".tmp") || suffix == "tmp" {
        return FileName::StoreTemp;
    }
    let backup = ["bak", "imported", "backup", "pre-", "corrupt"];
    if !backup.iter().any(|word| suffix.starts_with(word)) && !suffix.ends_with(".bak") {
        return FileName::Other;
    }
    let stamp_ms = suffix.split_once(['.', '-']).and_then(|(_, rest)| any_stamp(rest));
    FileName::StoreBackup { stamp_ms }
}

fn transcript(file_name: &str) -> Option<FileName> {
    if file_name.ends_with(".tmp") {
        return None;
    }
    if let Some(inner) = file_name.strip_suffix(".zst") {
        let FileName::Transcript(name) = transcript(inner)? else {
            return None;
        };
        return Some(FileName::Transcript(TranscriptName { state: FileState::Compressed, ..name }));
    }
    let (base, suffix) = match file_name.split_once(".jsonl.") {
        Some((base, suffix)) => (base, suffix),
        None => (file_name.strip_suffix(".jsonl")?, ""),
    };
    if base.is_empty() {
        return None;
    }
    if let Some(id) = base.strip_suffix(".trajectory") {
        return Some(FileName::Trajectory { session_id: split_base(id).id });
    }
    let (state, stamp_ms) = archive(suffix)?;
    let mut parts = split_base(if state == FileState::Imported { imported_id(base) } else { base });
    let mut state = state;
    if let Some((id, _)) = base.split_once(".checkpoint.").filter(|(id, _)| !id.is_empty()) {
        parts = split_base(id);
        if state == FileState::Live {
            state = FileState::Checkpoint;
        }
    }
    Some(FileName::Transcript(TranscriptName {
        session_id: parts.id,
        state,
        stamp_ms,
        topic: parts.topic,
        forked_at_ms: parts.forked_at_ms,
    }))
}

/// The state and the time that stand after `.jsonl.`.
fn archive(suffix: &str) -> Option<(FileState, Option<i64>)> {
    if suffix.is_empty() {
        return Some((FileState::Live, None));
    }
    if let Some((_, ms)) = suffix.rsplit_once("imported-") {
        return Some((FileState::Imported, any_stamp(ms)));
    }
    let cut = suffix.find(['.', '-']).unwrap_or(suffix.len());
    let (word, rest) = suffix.split_at_checked(cut)?;
    let rest = rest.get(1..).unwrap_or("");
    match word {
        "reset" => Some((FileState::Reset, any_stamp(rest))),
        "deleted" => Some((FileState::Deleted, any_stamp(rest))),
        "corrupt" => Some((FileState::Corrupt, any_stamp(rest.strip_suffix(".jsonl").unwrap_or(rest)))),
        "bak" => Some((FileState::Bak, any_stamp(rest))),
        _ if suffix.ends_with(".bak") => Some((FileState::Bak, any_stamp(rest.strip_suffix(".bak").unwrap_or(rest)))),
        _ => None,
    }
}

/// A time in a suffix: an ISO stamp at the start, or a number of ms at the end.
fn any_stamp(text: &str) -> Option<i64> {
    let iso = text.split_inclusive('Z').next().and_then(parse_stamp);
    iso.or_else(|| epoch_ms(text.rsplit(['-', '.']).next()?))
}

/// A plain number that can be a time: ms after September 2001, so that a pid is not taken for one.
fn epoch_ms(text: &str) -> Option<i64> {
    let plausible = (13..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if plausible { text.parse().ok() } else { None }
}

struct Base {
    id: String,
    topic: Option<String>,
    forked_at_ms: Option<i64>,
}

/// `[<ISO>_]<id>[-topic-<threadId>]`.
fn split_base(base: &str) -> Base {
    let (forked_at_ms, rest) = match base.split_once('_') {
        Some((time, rest)) if !rest.is_empty() => match parse_stamp(time) {
            Some(ms) => (Some(ms), rest),
            None => (None, base),
        },
        _ => (None, base),
    };
    match rest.split_once("-topic-") {
        Some((id, topic)) if !id.is_empty() && !topic.is_empty() => {
            Base { id: id.to_owned(), topic: Some(percent_decode(topic)), forked_at_ms }
        }
        _ => Base { id: rest.to_owned(), topic: None, forked_at_ms },
    }
}

/// The id part of `archive-tier.<id>` and `<key>.<id>`: from the last uuid on, else after the last dot.
fn imported_id(base: &str) -> &str {
    if let Some(id) = base.strip_prefix("archive-tier.").filter(|id| !id.is_empty()) {
        return id;
    }
    let uuid = base.match_indices('.').rev().find_map(|(at, _)| {
        let rest = base.get(at.saturating_add(1)..)?;
        rest.get(..36).is_some_and(is_uuid).then_some(rest)
    });
    if let Some(id) = uuid {
        return id;
    }
    if base.get(..36).is_some_and(is_uuid) {
        return base;
    }
    base.rsplit_once('.').map_or(base, |(_, id)| if id.is_empty() { base } else { id })
}

pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// The time of an archive suffix or a fork prefix, UTC in ms: `2026-03-01T10-22-33.123Z`, also with
/// `-` before the ms, with `:`, or without ms. Anything else is `None`.
#[must_use]
pub fn parse_stamp(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let time = time.strip_suffix('Z')?;
    if date.len() != 10 || !date.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return None;
    }
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let mut parts = time.split(['-', ':', '.']);
    let mut two = || -> Option<u32> {
        let part = parts.next()?;
        if part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None }
    };
    let (hour, minute, second) = (two()?, two()?, two()?);
    let milli = match parts.next() {
        None => 0,
        Some(ms) if ms.len() == 3 && ms.bytes().all(|b| b.is_ascii_digit()) => ms.parse().ok()?,
        Some(_) => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    let time = NaiveTime::from_hms_milli_opt(hour, minute, second, milli)?;
    Some(NaiveDateTime::new(date, time).and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests;
