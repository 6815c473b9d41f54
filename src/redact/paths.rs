//! A path in, a path that tells the same of its place among OpenClaw's files but nothing of its owner out.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::masks::{Kind, Masks};
use crate::name::{FileName, classify, parse_stamp};

/// Names that every installation has.
const COMMON: [&str; 22] = [
    ".clawdbot",
    ".clawfix",
    ".moltbot",
    ".openclaw",
    "Users",
    "agents",
    "browser",
    "clawdbot.json",
    "clawfix.toml",
    "clawd",
    "home",
    "inbound",
    "media",
    "moltbot.json",
    "openclaw.json",
    "outbound",
    "root",
    "session-sqlite-import-archive",
    "sessions",
    "sessions.json",
    "tmp",
    "workspace",
];
/// Endings that tell a kind of file, and nothing else.
const ENDINGS: [&str; 25] = [
    "avif", "bin", "bmp", "gif", "heic", "jpeg", "jpg", "json", "jsonl", "lock", "md", "mp3", "mp4", "ogg", "opus", "pdf", "png", "svg",
    "tiff", "tmp", "toml", "txt", "wav", "webm", "webp",
];
/// Words that stand behind the name of a transcript or store.
const SUFFIXES: [&str; 17] = [
    "bak",
    "backup",
    "checkpoint",
    "compact",
    "corrupt",
    "deleted",
    "doctor",
    "imported",
    "json",
    "jsonl",
    "migrated",
    "path",
    "pre",
    "reset",
    "tmp",
    "trajectory",
    "zst",
];

/// The paths that were masked.
#[derive(Debug)]
pub(super) struct Paths {
    /// Folders and what stands for them, the longest first.
    bases: Vec<(PathBuf, PathBuf)>,
    given: HashMap<PathBuf, PathBuf>,
    taken: HashSet<PathBuf>,
}

impl Paths {
    /// For these roots and that home.
    pub fn new(roots: Vec<PathBuf>, home: Option<&Path>) -> Self {
        let home = home.filter(|home| home.is_absolute() && home.parent().is_some());
        let mut bases: Vec<(PathBuf, PathBuf)> = Vec::new();
        for root in roots {
            let usual =
                home.and_then(|home| root.strip_prefix(home).ok()).filter(|rest| rest.to_str().is_some_and(|rest| COMMON.contains(&rest)));
            let mask = usual.map_or_else(|| PathBuf::from(format!("ROOT{}", bases.len() + 1)), |rest| Path::new("~").join(rest));
            if root.parent().is_some() && !bases.iter().any(|(known, _)| *known == root) {
                bases.push((root, mask));
            }
        }
        bases.extend(home.map(|home| (home.to_owned(), PathBuf::from("~"))));
        bases.sort_by_key(|(base, _)| std::cmp::Reverse(base.components().count()));
        Paths { bases, given: HashMap::new(), taken: HashSet::new() }
    }

    /// The mask of a path. Two paths never have the same.
    pub fn masked(&mut self, path: &Path, masks: &mut Masks) -> PathBuf {
        if let Some(known) = self.given.get(path) {
            return known.clone();
        }
        let base = self.bases.iter().find_map(|(base, mask)| Some((mask.clone(), path.strip_prefix(base).ok()?)));
        let (mut masked, rest) = base.unwrap_or_else(|| (PathBuf::new(), path));
        let mut before = None;
        for component in rest.components() {
            match component {
                Component::Normal(name) => {
                    let name = name.to_string_lossy().into_owned();
                    masked.push(component_mask(before.as_deref(), &name, masks));
                    before = Some(name);
                }
                Component::Prefix(_) => masked.push("C:"),
                other => masked.push(other),
            }
        }
        let plain = masked.clone();
        for n in 2.. {
            if self.taken.insert(masked.clone()) {
                break;
            }
            let mut name = OsString::from(format!("{n}-"));
            name.push(plain.file_name().unwrap_or_default());
            masked = plain.with_file_name(name);
        }
        self.given.insert(path.to_owned(), masked.clone());
        masked
    }

    /// The mask of what looks like a path in a text, with its separators.
    pub fn in_text(&mut self, text: &str, masks: &mut Masks) -> String {
        if !text.contains('\\')
            && (self.given.contains_key(Path::new(text)) || self.bases.iter().any(|(base, _)| Path::new(text).starts_with(base)))
        {
            return self.masked(Path::new(text), masks).to_string_lossy().into_owned();
        }
        let mut out = String::new();
        let mut before: Option<String> = None;
        for part in text.split_inclusive(['/', '\\']) {
            let name = part.trim_end_matches(['/', '\\']);
            let stays = name.is_empty() || matches!(name, "." | ".." | "~" | "C:");
            out.push_str(&if stays { name.to_owned() } else { component_mask(before.as_deref(), name, masks) });
            out.push_str(part.get(name.len()..).unwrap_or_default());
            before = Some(name.to_owned());
        }
        out
    }
}

/// The mask of one name within a path.
fn component_mask(before: Option<&str>, name: &str, masks: &mut Masks) -> String {
    if before == Some("agents") {
        return masks.of(Kind::Agent, name);
    }
    if COMMON.contains(&name) {
        return name.to_owned();
    }
    file_mask(name, masks)
}

/// The mask of a file's name, with what stands behind its id.
pub(super) fn file_mask(name: &str, masks: &mut Masks) -> String {
    let (id, topic) = match classify(name) {
        FileName::Transcript(told) => (told.session_id, told.topic),
        FileName::Trajectory { session_id } | FileName::TrajectoryPath { session_id } => (session_id, None),
        FileName::Store | FileName::StoreBackup { .. } | FileName::StoreTemp => {
            let rest = name.strip_prefix("sessions.json").unwrap_or_default();
            return format!("sessions.json{}", suffix(rest, masks));
        }
        FileName::Lock | FileName::Other => return other(name, masks),
    };
    let mask = masks.of(Kind::Session, &id);
    let topic = topic.map(|topic| format!("-topic-{}", masks.of(Kind::Thread, &topic))).unwrap_or_default();
    // What stands in front of the id is the time of a fork, or what an importer put there.
    let Some((front, rest)) = name.split_once(id.as_str()) else { return other(name, masks) };
    let front = front.strip_suffix('_').filter(|front| parse_stamp(front).is_some()).map(|front| format!("{front}_")).unwrap_or_default();
    let rest = if topic.is_empty() { rest } else { rest.find('.').and_then(|at| rest.get(at..)).unwrap_or_default() };
    format!("{front}{mask}{topic}{}", suffix(rest, masks))
}

/// Keeps the words and times of a suffix.
fn suffix(text: &str, masks: &mut Masks) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(['.', '-']) {
        let word = part.trim_end_matches(['.', '-']);
        let time = |word: &str| word.len() <= 15 && word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z'));
        if SUFFIXES.contains(&word) || time(word) {
            out.push_str(word)
        } else {
            out.push_str(&masks.of(Kind::Id, word))
        }
        out.push_str(part.get(word.len()..).unwrap_or_default());
    }
    out
}

/// Whether a word can only be the name of a file.
pub(super) fn is_file_name(word: &str) -> bool {
    word.contains(".json") || word.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && ENDINGS.contains(&ending))
}

fn other(name: &str, masks: &mut Masks) -> String {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ENDINGS.contains(ending));
    match ending {
        Some(ending) => format!("{}.{ending}", masks.of(Kind::File, name)),
        None => masks.of(Kind::Folder, name),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn places_stay_and_names_go() {
        let mut masks = Masks::default();
        let mut paths = Paths::new(vec!["/home/jay/.openclaw".into(), "/srv/acme".into(), "/".into()], Some(Path::new("/home/jay")));
        for (path, masked) in [
            ("/home/jay/.openclaw", "~/.openclaw"),
            ("/home/jay/.openclaw/agents/scout/sessions/abc.jsonl", "~/.openclaw/agents/agent-1/sessions/session-1.jsonl"),
            (
                "/srv/acme/agents/scout/sessions/abc.jsonl.reset.2026-03-01T10-22-33.123Z",
                "ROOT2/agents/agent-1/sessions/session-1.jsonl.reset.2026-03-01T10-22-33.123Z",
            ),
            ("/srv/acme/abc-topic-99.jsonl", "ROOT2/session-1-topic-thread-1.jsonl"),
            ("/srv/acme/sessions.json.bak.1700000000000", "ROOT2/sessions.json.bak.1700000000000"),
            ("/srv/acme/abc.jsonl.pre-doctor-secret.bak", "ROOT2/session-1.jsonl.pre-doctor-id-1.bak"),
            ("/home/jay/Papers/my will.pdf", "~/folder-1/file-1.pdf"),
            ("/home/eve/.openclaw/media/inbound/eve.png", "/home/folder-2/.openclaw/media/inbound/file-2.png"),
        ] {
            assert_eq!(paths.masked(Path::new(path), &mut masks), Path::new(masked));
        }
        assert_eq!(paths.in_text("C:\\Users\\eve\\x.png", &mut masks), "C:\\Users\\folder-2\\file-3.png");
    }
}
