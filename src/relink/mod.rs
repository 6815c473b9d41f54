//! A torn conversation whose files are to stay apart in, the plan of its relinking out: who descends from whom, and the
//! older half's images carried into the newest transcript as one message that the model sees. Nothing is written here;
//! [`apply`] hands the plan to the journal.

mod encode;
mod entry;
mod images;
mod lineage;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::apply::journal::{self, Journal, Print, Record, State};
use crate::apply::{ApplyError, Content, Faults, Wanted, carry_out};
use crate::context;
use crate::merge::{self, Effect, PlanError, Source};
use crate::scan::Agent;
use crate::session;
use crate::split::segment::Segment;
use crate::stitch::piece::{Edit, Output, Piece, push, push_edited};
pub use images::{Carried, Images, LeftOut, Why};
pub use lineage::{Link, ListChange, StoreEdit, names_parent};

/// The type of the entry that carries the images.
pub const RELINK: &str = "clawfix:relink";

/// How much may be carried over.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Most images.
    pub max_images: usize,
    /// Most bytes of base64 in total.
    pub max_image_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_images: 8, max_image_bytes: 8 << 20 }
    }
}

/// A transcript with its new content.
#[derive(Debug, Clone)]
pub struct Edited {
    /// Index of the source.
    pub source: usize,
    /// Its new bytes.
    pieces: Vec<Piece>,
    /// The files that the pieces come from.
    sources: Vec<PathBuf>,
    /// Length and hash of the new content.
    pub result: (u64, String),
    /// The added entry and the one that it hangs on: where lines that come later hang when the run is taken back.
    renames: Vec<(String, String)>,
}

impl Content for Edited {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Output::new(&self.pieces, &self.sources)))
    }

    fn expected(&self) -> Option<(u64, &str)> {
        Some((self.result.0, &self.result.1))
    }

    fn renames(&self) -> &[(String, String)] {
        &self.renames
    }
}

/// The entry that carries the images.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Added {
    /// Its id: the new leaf.
    pub id: String,
    /// The entry that it hangs on: the leaf until now.
    pub parent: Option<String>,
}

/// A plan.
#[derive(Debug)]
pub struct Plan {
    /// Name of the run.
    pub run: String,
    /// When it was made, UTC ms.
    pub made_ms: i64,
    /// The sessions folder.
    pub sessions_dir: PathBuf,
    /// The conversation, by the id that the scan gave it.
    pub conversation: String,
    /// The transcripts, oldest first.
    pub sources: Vec<Source>,
    /// Headers that get a parent.
    pub links: Vec<Link>,
    /// The entry that carries the images, if there is something to carry.
    pub added: Option<Added>,
    /// Transcripts that change.
    pub edited: Vec<Edited>,
    /// What becomes of the older images.
    pub images: Images,
    /// Changes of the store.
    pub store: Option<StoreEdit>,
    /// What the model sees of the newest transcript, before and after.
    pub effect: Effect,
    /// What should be known before.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Whether all of it is done already.
    pub fn is_done(&self) -> bool {
        self.edited.is_empty() && self.store.is_none()
    }
}

/// Plans the relinking of these segments of an agent, oldest first.
///
/// # Errors
/// When a transcript must not be changed or cannot be read.
pub fn plan(agent: &Agent, conversation: &str, run: &[usize], options: &Options, now_ms: i64) -> Result<Plan, PlanError> {
    let segments: Vec<&Segment> = run.iter().filter_map(|&at| agent.segments.get(at)).collect();
    let Some((newest, older)) = segments.split_last() else {
        return Err(PlanError::Check("there is nothing to relink".to_owned()));
    };
    for segment in segments.iter().skip(1) {
        merge::refuse_source(segment, &merge::Options::default())?;
    }
    refuse(older, newest)?;
    let sources = sources(&segments)?;
    let name = merge::run_name(conversation, &segments, now_ms);
    let io = |path: &Path| {
        let path = path.display().to_string();
        move |source| PlanError::Io { path, source }
    };
    let (links, header_edits) = lineage::links(agent, &segments)?;
    let ids: Vec<&str> = older.iter().map(|segment| segment.id.as_str()).collect();
    let images = if entry::carries(newest, &ids).map_err(io(&newest.file.path))? {
        Images { done: true, ..Images::default() }
    } else {
        images::choose(agent, older, newest, options).map_err(io(&agent.dir.dir))?
    };
    let mut edited = Vec::new();
    let mut added = None;
    let mut effect = merge::effect_of(agent, Some(newest), &newest.session);
    for (at, edits) in header_edits.iter().enumerate() {
        let Some(segment) = segments.get(at) else { continue };
        let last = at + 1 == segments.len();
        let mut pieces = whole(at, segment, edits).map_err(io(&agent.dir.dir))?;
        if last && !images.carried.is_empty() {
            if segment.session.unterminated {
                push(&mut pieces, Piece::Bytes(b"\n".to_vec()));
            }
            added = Some(entry::append(&mut pieces, segment, &images, &ids, &name, now_ms).map_err(io(&segment.file.path))?);
        }
        if edits.is_empty() && (!last || added.is_none()) {
            continue;
        }
        let paths: Vec<PathBuf> = segments.iter().map(|segment| segment.file.path.clone()).collect();
        let result = check(&pieces, &paths, segment, added.as_ref().filter(|_| last), images.carried.len())?;
        if last {
            effect = merge::effect_of(agent, Some(newest), &result);
        }
        let hashed = journal::hash(Output::new(&pieces, &paths)).map_err(io(&segment.file.path))?;
        let renames = added.iter().filter(|_| last).filter_map(|added: &Added| Some((added.id.clone(), added.parent.clone()?))).collect();
        edited.push(Edited { source: at, pieces, sources: paths, result: hashed, renames });
    }
    let mut warnings = Vec::new();
    let store = lineage::family(agent, &segments, &mut warnings)?;
    merge::warn_of_window(&effect, &mut warnings);
    if newest.file.name.state != crate::name::FileState::Live {
        warnings.push("the newer transcript is an archive, which no assistant reads any more".to_owned());
    }
    if !agent.dir.live {
        warnings.push("this is not the live state directory of this machine: the result is put to use by copying it back".to_owned());
    }
    let sessions_dir = agent.dir.dir.clone();
    let conversation = conversation.to_owned();
    Ok(Plan { run: name, made_ms: now_ms, sessions_dir, conversation, sources, links, added, edited, images, store, effect, warnings })
}

fn refuse(older: &[&Segment], newest: &Segment) -> Result<(), PlanError> {
    let refuse = |segment: &Segment, what: String, next: &str| {
        Err(PlanError::Source { path: segment.file.path.display().to_string(), what, next: next.to_owned() })
    };
    if let Some(packed) = older.iter().find(|segment| segment.file.name.state == crate::name::FileState::Compressed) {
        return refuse(packed, "is compressed".to_owned(), "unpack it beside the others first");
    }
    if let Some(failure) = newest.context.failure {
        return refuse(newest, format!("cannot be loaded ({})", failure.reason()), "it must be repaired before anything is added to it");
    }
    Ok(())
}

fn sources(segments: &[&Segment]) -> Result<Vec<Source>, PlanError> {
    let mut sources = Vec::new();
    for segment in segments {
        let path = segment.file.path.clone();
        let print = Print::of(&path).map_err(|source| PlanError::Io { path: path.display().to_string(), source })?;
        if print.len != segment.session.bytes {
            let (path, what) = (path.display().to_string(), "changed while it was read".to_owned());
            return Err(PlanError::Source { path, what, next: "try again when the chat is quiet".to_owned() });
        }
        sources.push(Source {
            path,
            session_id: segment.id.clone(),
            state: segment.standing.name(),
            print,
            lines: segment.session.lines,
            human_turns: segment.human_count() as u64,
        });
    }
    Ok(sources)
}

/// A whole transcript with the edits of its header.
fn whole(at: usize, segment: &Segment, edits: &[Edit]) -> io::Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    push_edited(&mut pieces, at, 0..segment.session.bytes, edits)?;
    Ok(pieces)
}

/// Reads the result as the loader would, and holds it against the transcript that it comes from.
fn check(
    pieces: &[Piece],
    paths: &[PathBuf],
    segment: &Segment,
    added: Option<&Added>,
    images: usize,
) -> Result<session::Session, PlanError> {
    let mut reader = session::Reader::new(Path::new("relinked"));
    let bytes = crate::read::blocks(Output::new(pieces, paths), crate::read::BLOCK, &mut reader, &|_| ());
    bytes.map_err(|source| PlanError::Io { path: "the sources".to_owned(), source })?;
    let result = reader.finish();
    let seen = context::of(&result);
    let more = usize::from(added.is_some());
    let fail = |what: &str| Err(PlanError::Check(what.to_owned()));
    if result.entries.len() != segment.session.entries.len() + more || result.fault_count != segment.session.fault_count {
        return fail("the entries are not what they were");
    }
    if seen.failure != segment.context.failure || seen.roots != segment.context.roots {
        return fail("the loader would take it otherwise than before");
    }
    if seen.messages.len() != segment.context.messages.len() + more {
        return fail("the model would not see one message more");
    }
    if let Some(added) = added {
        let leaf = seen.leaf.and_then(|leaf| result.entry(leaf)).and_then(|entry| result.names.text(entry.id));
        let carried = u32::try_from(images).unwrap_or(u32::MAX);
        // Version 1 has no ids of its own; the loader gives them.
        if (result.version() >= 2 && leaf != Some(added.id.as_str())) || seen.images != segment.context.images + carried {
            return fail("the message with the images would not be the newest that the model sees");
        }
    }
    Ok(result)
}

/// Carries a plan out.
///
/// # Errors
/// What [`carry_out`] gives.
pub fn apply(plan: &Plan, now_ms: i64, faults: &Faults<'_>) -> Result<Record, ApplyError> {
    let newest = plan.sources.last().map(|source| source.path.as_path()).unwrap_or(Path::new(""));
    let target = PathBuf::from(newest.file_name().unwrap_or_default());
    let record = Record {
        version: 1,
        run: plan.run.clone(),
        command: "relink".to_owned(),
        at_ms: now_ms,
        state: State::Prepared,
        conversation: plan.conversation.clone(),
        sessions: plan.sources.iter().map(|source| source.session_id.clone()).collect(),
        summary: format!(
            "relinked {} sessions, {} images carried into {}",
            plan.sources.len(),
            plan.images.carried.len(),
            target.display()
        ),
        target,
        operations: Vec::new(),
    };
    let edited = |at: usize| plan.edited.iter().find(|edited| edited.source == at);
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    for (at, source) in plan.sources.iter().enumerate() {
        let (path, before) = (source.path.as_path(), &source.print);
        wanted.push(match edited(at) {
            Some(content) => Wanted::Replace { path, before, content },
            None => Wanted::Keep { path, before },
        });
    }
    if let Some(store) = &plan.store {
        wanted.push(Wanted::Store { path: &store.path, values: &store.values });
    }
    carry_out(&Journal::of(&plan.sessions_dir), record, &wanted, now_ms, faults)
}
