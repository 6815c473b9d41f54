//! The arguments of a command in, the roots to scan and the one thing that is meant out: every command takes them the same way.
//!
//! An argument that is a folder is a root. A file is a session, and its folder the root, so that the whole conversation
//! is known. Anything else is an id, or the beginning of one: of a conversation (`c-…`), of a session, or a file name.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::discover::TranscriptFile;
use crate::name::{FileName, classify};
use crate::nearest::{self, distance};
use crate::report::safe;
use crate::scan::{Agent, AsideReason, Scan};
use crate::split::segment::Segment;
use crate::time::minute;

/// Candidates that an error lists.
const LISTED: usize = 12;
/// Ids that an error about an unknown id lists.
const NEAR: usize = 3;

/// Something that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A transcript by its path.
    File(PathBuf),
    /// An id or the beginning of one.
    Id(String),
}

/// Arguments, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// What to scan; when empty, the known state directories.
    pub roots: Vec<PathBuf>,
    /// What was named in it.
    pub wanted: Vec<Wanted>,
}

/// Takes arguments apart; looks at the disk to tell folders, files and ids from one another.
///
/// # Errors
/// For an argument that is written as a path and leads nowhere.
pub fn request(arguments: &[PathBuf]) -> Result<Request, Miss> {
    let mut request = Request::default();
    for argument in arguments {
        if argument.is_dir() {
            request.roots.push(argument.clone());
        } else if std::fs::metadata(argument).is_ok() {
            request.roots.extend(roots_of(argument));
            request.wanted.push(Wanted::File(argument.clone()));
        } else {
            let text = argument.to_string_lossy();
            if text.contains(std::path::is_separator) || argument.is_absolute() {
                return Err(Miss::NoSuchPath(argument.clone()));
            }
            request.wanted.push(Wanted::Id(text.into_owned()));
        }
    }
    Ok(request)
}

/// What to scan so that all of the conversation of this file is known: its sessions folder, or in a folder of any other
/// kind the transcripts beside it. The file itself comes last, in case its name is not one that is found.
fn roots_of(file: &Path) -> Vec<PathBuf> {
    let folder = match file.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => return vec![file.to_owned()],
    };
    let canonical = std::fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
    let named =
        |path: Option<&Path>, name: &str| path.and_then(Path::file_name).is_some_and(|last| last.to_string_lossy().starts_with(name));
    let agents = canonical.parent().and_then(Path::parent);
    let sessions = named(Some(&canonical), "session") && named(agents, "agents");
    if sessions || folder.join("sessions.json").is_file() {
        return vec![folder, file.to_owned()];
    }
    let beside = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut roots: Vec<PathBuf> = beside
        .filter(|entry| matches!(classify(&entry.file_name().to_string_lossy()), FileName::Transcript(_)))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .collect();
    roots.sort();
    if !roots.iter().any(|root| root.file_name() == file.file_name()) {
        roots.push(file.to_owned());
    }
    roots
}

/// What was found, within its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A conversation, by index.
    Conversation(usize),
    /// A segment that is in no conversation: a machine's session.
    Segment(usize),
    /// A transcript that stands aside.
    Aside(usize),
}

/// What was meant.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// Where it is.
    pub agent: &'a Agent,
    /// What it is.
    pub place: Place,
    /// Segments that were named, by index; none when the conversation itself was.
    pub marked: BTreeSet<usize>,
}

/// Why nothing can be shown. Its text names the next step.
#[derive(Debug)]
pub enum Miss {
    /// A path leads nowhere.
    NoSuchPath(PathBuf),
    /// Nothing has that id.
    Unknown {
        /// The id.
        asked: String,
        /// The nearest that are there.
        near: Vec<String>,
    },
    /// Several have it.
    Ambiguous {
        /// The beginning of an id; `None` when nothing was named.
        asked: Option<String>,
        /// One line for each.
        candidates: Vec<String>,
    },
    /// The file is no transcript that can be shown.
    NoTranscript {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        why: String,
    },
    /// Nothing at all was found.
    Nothing,
}

impl fmt::Display for Miss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path_text = |path: &Path| safe::line(&path.to_string_lossy());
        match self {
            Miss::NoSuchPath(path) => {
                write!(out, "no such file or folder: {}", path_text(path))?;
                match nearest::path(path) {
                    Some(near) => write!(out, "; did you mean {}?", path_text(&near)),
                    None => Ok(()),
                }
            }
            Miss::Unknown { asked, near } if near.is_empty() => write!(
                out,
                "no conversation or session has the id {}; `clawfix scan` lists torn conversations, and the files of a sessions folder are named by session id",
                quoted(asked)
            ),
            Miss::Unknown { asked, near } => {
                write!(out, "no conversation or session has the id {}; the nearest are:", quoted(asked))?;
                list(near, out)
            }
            Miss::Ambiguous { asked, candidates } => {
                match asked {
                    Some(asked) => write!(out, "{} fits {}; name one of them:", quoted(asked), candidates.len())?,
                    None => write!(out, "{} conversations are here; name one of them:", candidates.len())?,
                }
                list(candidates, out)
            }
            Miss::NoTranscript { path, why } => write!(out, "{} cannot be shown: {}", path_text(path), safe::line(why)),
            Miss::Nothing => write!(out, "no conversation was found here; name a state directory, a sessions folder or a transcript"),
        }
    }
}

impl std::error::Error for Miss {}

fn quoted(id: &str) -> String {
    format!("\"{}\"", safe::short(&safe::line(id), 80))
}

fn list(lines: &[String], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for line in lines.iter().take(LISTED) {
        write!(out, "\n  {}", safe::line(line))?;
    }
    if lines.len() > LISTED {
        write!(out, "\n  … and {} more", lines.len() - LISTED)?;
    }
    Ok(())
}

/// Finds the one thing that is meant. With nothing named, the only conversation there is.
///
/// # Errors
/// When it is not there, or when it is not one.
pub fn find<'a>(scan: &'a Scan, wanted: Option<&Wanted>) -> Result<Target<'a>, Miss> {
    let catalogue = Catalogue::new(scan);
    match wanted {
        Some(Wanted::File(path)) => catalogue.file(path),
        Some(Wanted::Id(id)) => catalogue.id(id),
        None => {
            let all = catalogue.items.iter().filter(|item| matches!(item.place, Place::Conversation(_)));
            only(all.collect(), None).unwrap_or(Err(Miss::Nothing))
        }
    }
}

/// Something that can be shown, with the ids it goes by.
struct Item<'a> {
    agent_at: usize,
    agent: &'a Agent,
    place: Place,
    /// The id of the conversation, where the item is one.
    conversation: Option<String>,
    parts: Vec<Part<'a>>,
}

/// A transcript and the ids it goes by.
struct Part<'a> {
    /// Index of the segment; none for a transcript that stands aside.
    segment: Option<usize>,
    /// The header's id, else the file name's.
    id: &'a str,
    /// The id in the file name.
    name: &'a str,
    file: &'a str,
    path: &'a Path,
}

impl Part<'_> {
    fn answers_to(&self, fits: Fits<'_>) -> bool {
        [self.id, self.name, self.file].into_iter().any(fits)
    }
}

type Fits<'f> = &'f dyn Fn(&str) -> bool;

impl Item<'_> {
    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.parts.iter().filter_map(|part| self.agent.segments.get(part.segment?))
    }

    fn newest(&self) -> Option<i64> {
        self.segments().map(|segment| segment.last_ms).max()
    }

    /// One line of a list of candidates.
    fn line(&self) -> String {
        let agent = &self.agent.dir.agent;
        let from = self.segments().map(|segment| segment.start_ms).min().map(minute).unwrap_or_default();
        let sessions = self.parts.len();
        let (first, file) = self.parts.first().map(|part| (part.id, part.file)).unwrap_or_default();
        match &self.conversation {
            Some(id) if sessions == 1 => format!("{id}  session {first}, agent {agent}, from {from}"),
            Some(id) => format!("{id}  {sessions} sessions, the first {first}, agent {agent}, from {from}"),
            None => {
                let what = self.segments().next().and_then(|segment| segment.machine).map_or("set aside", |machine| machine.name());
                format!("{file}  {what}, agent {agent}{}{from}", if from.is_empty() { "" } else { ", from " })
            }
        }
    }
}

fn of_file(file: &TranscriptFile) -> Part<'_> {
    Part { segment: None, id: &file.name.session_id, name: &file.name.session_id, file: &file.file_name, path: &file.path }
}

struct Catalogue<'a> {
    items: Vec<Item<'a>>,
    scan: &'a Scan,
}

impl<'a> Catalogue<'a> {
    fn new(scan: &'a Scan) -> Self {
        let mut items = Vec::new();
        for (agent_at, agent) in scan.agents.iter().enumerate() {
            let part = |at: usize| {
                let segment = agent.segments.get(at)?;
                Some(Part { segment: Some(at), id: &segment.id, ..of_file(&segment.file) })
            };
            let mut used = BTreeSet::new();
            for (at, held) in agent.conversations.iter().enumerate() {
                used.extend(held.segments.iter().copied());
                let parts = held.segments.iter().filter_map(|&at| part(at)).collect();
                let conversation = Some(agent.conversation_id(held));
                items.push(Item { agent_at, agent, place: Place::Conversation(at), conversation, parts });
            }
            for at in (0..agent.segments.len()).filter(|at| !used.contains(at)) {
                items.push(Item { agent_at, agent, place: Place::Segment(at), conversation: None, parts: part(at).into_iter().collect() });
            }
            for (at, aside) in agent.aside.iter().enumerate() {
                let header = aside.session.as_ref().and_then(|session| session.header.as_ref()?.id.as_deref());
                let part = of_file(&aside.file);
                let parts = vec![Part { id: header.unwrap_or(part.id), ..part }];
                items.push(Item { agent_at, agent, place: Place::Aside(at), conversation: None, parts });
            }
        }
        items.sort_by_key(|item| (std::cmp::Reverse(item.newest()), item.agent_at, item.place));
        Self { items, scan }
    }

    fn file(self, path: &Path) -> Result<Target<'a>, Miss> {
        let same = |other: &Path| {
            other == path || std::fs::canonicalize(other).ok().zip(std::fs::canonicalize(path).ok()).is_some_and(|(a, b)| a == b)
        };
        // The name settles nearly all of them without a look at the disk.
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let hit = |by_name: bool| {
            self.items.iter().find_map(|item| {
                let part = item.parts.iter().find(|part| (!by_name || part.file == name) && same(part.path))?;
                Some((item, part.segment))
            })
        };
        match hit(true).or_else(|| hit(false)) {
            Some((item, at)) => showable(Target { agent: item.agent, place: item.place, marked: at.into_iter().collect() }),
            None => {
                let problem = self.scan.problems.iter().find(|problem| same(&problem.path)).map(|problem| problem.reason.clone());
                Err(Miss::NoTranscript { path: path.to_owned(), why: problem.unwrap_or_else(|| "it is no transcript".to_owned()) })
            }
        }
    }

    fn id(self, asked: &str) -> Result<Target<'a>, Miss> {
        let exact = |id: &str| id == asked;
        let begins = |id: &str| !asked.is_empty() && id.starts_with(asked);
        for fits in [&exact as Fits<'_>, &begins] {
            // What stands aside is mostly a copy of what does not.
            for aside in [false, true] {
                let found: Vec<&Item<'a>> = self
                    .items
                    .iter()
                    .filter(|item| matches!(item.place, Place::Aside(_)) == aside)
                    .filter(|item| item.conversation.as_deref().is_some_and(fits) || item.parts.iter().any(|part| part.answers_to(fits)))
                    .collect();
                if let Some(found) = only(found, Some((asked, fits))) {
                    return found.and_then(showable);
                }
            }
        }
        Err(Miss::Unknown { asked: asked.to_owned(), near: self.near(asked) })
    }

    /// The ids whose beginnings differ least from what was asked for.
    fn near(&self, asked: &str) -> Vec<String> {
        let length = asked.chars().count();
        let limit = length / 3;
        let score = |id: &str| distance(asked, &id.chars().take(length).collect::<String>());
        let mut near: Vec<(usize, &Item<'_>)> = self
            .items
            .iter()
            .filter_map(|item| {
                let ids = item.conversation.as_deref().into_iter().chain(item.parts.iter().flat_map(|part| [part.id, part.file]));
                Some((ids.map(score).min()?, item))
            })
            .filter(|(score, _)| *score <= limit)
            .collect();
        near.sort_by_key(|(score, _)| *score);
        near.into_iter().take(NEAR).map(|(_, item)| item.line()).collect()
    }
}

/// The one item, if it is one; `None` when there is none. What was asked for tells which segments to mark.
fn only<'a>(found: Vec<&Item<'a>>, asked: Option<(&str, Fits<'_>)>) -> Option<Result<Target<'a>, Miss>> {
    match found.as_slice() {
        [] => None,
        [item] => {
            let whole = asked.is_none_or(|(_, fits)| item.conversation.as_deref().is_some_and(fits));
            let named = |part: &&Part<'_>| !whole && asked.is_some_and(|(_, fits)| part.answers_to(fits));
            let marked = item.parts.iter().filter(named).filter_map(|part| part.segment).collect();
            Some(Ok(Target { agent: item.agent, place: item.place, marked }))
        }
        several => {
            let candidates = several.iter().map(|item| item.line()).collect();
            Some(Err(Miss::Ambiguous { asked: asked.map(|(id, _)| id.to_owned()), candidates }))
        }
    }
}

/// Holds back what has nothing to show.
fn showable(target: Target<'_>) -> Result<Target<'_>, Miss> {
    let Place::Aside(at) = target.place else { return Ok(target) };
    let Some(aside) = target.agent.aside.get(at) else { return Err(Miss::Nothing) };
    let why = match &aside.why {
        AsideReason::Copy | AsideReason::Timeless => return Ok(target),
        AsideReason::Empty => "the file is empty".to_owned(),
        AsideReason::Unknown => "nothing in it looks like an OpenClaw transcript".to_owned(),
        AsideReason::Unreadable(reason) => reason.clone(),
    };
    Err(Miss::NoTranscript { path: aside.file.path.clone(), why })
}
