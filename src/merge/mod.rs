//! A torn conversation in, the plan of its stitching out: sources, survivor, lines, links, files, store, images, and what
//! the model sees before and after. Nothing is written here; [`apply`] hands the plan to the journal.

pub mod copy;
mod effect;
mod images;
mod out;
pub mod saved;
mod store_edit;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::apply::journal::{self, Journal, Print, Record, State};
use crate::apply::store::StoreValue;
use crate::apply::{ApplyError, Content, Faults, Wanted, carry_out, source};
use crate::context;
use crate::line::Kind;
use crate::name::FileState;
use crate::scan::Agent;
use crate::session;
use crate::split::segment::{Segment, Standing};
use crate::split::{Conversation, Level, SeamKind};
use crate::stitch::piece::Output;
use crate::stitch::{Manner, Part, Stitched, stitch};
pub use effect::Effect;
pub(crate) use effect::of as effect_of;
pub use images::Images;
pub use out::write_out;
pub use store_edit::{FieldChange, StoreEdit};

/// Which file the conversation goes on in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Into {
    /// The one the store points at, so that the running assistant goes on in the file it knows
    #[default]
    Live,
    /// The oldest one
    First,
    /// A new file with a new session id
    New,
}

/// How to plan.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which file the conversation goes on in.
    pub into: Into,
    /// Leave the seam entry out.
    pub no_seam: bool,
    /// Leave tool calls open that have no result.
    pub no_close: bool,
    /// Rewrite dead image references; by default only in this machine's own live state directory.
    pub rewrite_media: Option<bool>,
    /// Copy lost images in from other state directories.
    pub copy_media: bool,
    /// The media folders that they are looked for in; see [`copy::elsewhere`].
    pub copy_from: Vec<PathBuf>,
    /// Write the result there instead of changing anything.
    pub out: Option<PathBuf>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A source must not be changed.
    #[error("{path} {what}; {next}")]
    Source {
        /// Which.
        path: String,
        /// What is the matter.
        what: String,
        /// What to do.
        next: String,
    },
    /// Something could not be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The result is not what it must be; nothing is written then.
    #[error("the stitched transcript failed its check: {0}; nothing was written, please report this")]
    Check(String),
}

/// A source of the result.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its session id.
    pub session_id: String,
    /// Where it stands.
    pub state: &'static str,
    /// As it was when the plan was made.
    pub print: Print,
    /// Lines that are not blank.
    pub lines: u64,
    /// Turns of a person.
    pub human_turns: u64,
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
    /// Sources, oldest first.
    pub sources: Vec<Source>,
    /// Index of the source whose header and id the result has.
    pub survivor: usize,
    /// Why that one.
    pub survivor_why: &'static str,
    /// The file that the conversation is in afterwards.
    pub target: PathBuf,
    /// The result.
    pub stitched: Stitched,
    /// Length and hash of the result.
    pub result: (u64, String),
    /// Lines of the result that are not blank.
    pub lines_out: u64,
    /// Files that move into the journal, with their sidecars.
    pub moved: Vec<(PathBuf, Print)>,
    /// Changes of the store.
    pub store: Option<store_edit::StoreEdit>,
    /// What becomes of the images.
    pub images: Images,
    /// What the model sees, before and after.
    pub effect: Effect,
    /// What speaks against it, or should be known before.
    pub warnings: Vec<String>,
}

/// The runs of segments that the seams of a conversation ask to be stitched: splits of that level, and rollovers too
/// where they are included. Indices of the agent's segments, oldest first.
pub fn runs(conversation: &Conversation, least: Level, rollovers: bool) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for seam in &conversation.seams {
        let wanted = match seam.verdict.kind {
            SeamKind::Split => seam.verdict.level >= least,
            SeamKind::Rollover => rollovers,
            _ => false,
        };
        if !wanted {
            continue;
        }
        match runs.last_mut().filter(|run| run.last() == Some(&seam.older)) {
            Some(run) => run.push(seam.newer),
            None => runs.push(vec![seam.older, seam.newer]),
        }
    }
    runs
}

/// Plans the stitching of these segments of an agent, oldest first.
///
/// # Errors
/// When a source must not be changed or cannot be read.
pub fn plan(agent: &Agent, conversation: &str, run: &[usize], options: &Options, now_ms: i64) -> Result<Plan, PlanError> {
    let segments: Vec<&Segment> = run.iter().filter_map(|&at| agent.segments.get(at)).collect();
    for segment in &segments {
        refuse_source(segment, options)?;
    }
    for segment in &segments {
        refuse_damage(segment)?;
    }
    let (survivor, survivor_why) = survivor(&segments, options)?;
    let name = run_name(conversation, &segments, now_ms);
    let causes = causes(agent, run);
    let parts: Vec<Part<'_>> = segments
        .iter()
        .zip(&causes)
        .map(|(segment, cause)| Part {
            session: &segment.session,
            context: &segment.context,
            id: &segment.id,
            start_ms: segment.start_ms,
            cause: cause.as_deref(),
        })
        .collect();
    let new_id = (options.into == Into::New).then(|| new_session_id(&name));
    let manner = Manner { survivor, new_id: new_id.clone(), seam: !options.no_seam, close: !options.no_close, run: name.clone() };
    let io = |path: &Path| {
        let path = path.display().to_string();
        move |source| PlanError::Io { path, source }
    };
    let rewrite = options.rewrite_media.unwrap_or(agent.dir.live);
    let (images, edits) = images::plan(agent, &segments, rewrite, &options.copy_from).map_err(io(&agent.dir.dir))?;
    let stitched = stitch(&parts, &manner, &edits).map_err(io(&agent.dir.dir))?;
    let target = match (&options.out, &new_id, segments.get(survivor)) {
        (Some(out), ..) => out.clone(),
        (None, Some(id), _) => agent.dir.dir.join(format!("{id}.jsonl")),
        (None, None, Some(segment)) => segment.file.path.clone(),
        (None, None, None) => return Err(PlanError::Check("there is nothing to stitch".to_owned())),
    };
    let (result, hashed) = check(&parts, &stitched)?;
    let mut sources = Vec::new();
    for segment in &segments {
        let print = Print::of(&segment.file.path).map_err(io(&segment.file.path))?;
        if print.len != segment.session.bytes {
            // Lines that came since the scan would be missing from the result.
            let (what, next) = ("changed while it was read".to_owned(), "try again when the chat is quiet".to_owned());
            return Err(PlanError::Source { path: segment.file.path.display().to_string(), what, next });
        }
        sources.push(Source {
            path: segment.file.path.clone(),
            session_id: segment.id.clone(),
            state: segment.standing.name(),
            print,
            lines: segment.session.lines,
            human_turns: segment.human_count() as u64,
        });
    }
    let mut moved = Vec::new();
    let mut store = None;
    if options.out.is_none() {
        let id = new_id.as_deref().or(segments.get(survivor).map(|segment| segment.id.as_str())).unwrap_or_default();
        let gone = segments.iter().enumerate().filter(|(at, _)| new_id.is_some() || *at != survivor);
        for (at, segment) in gone.clone() {
            let print = sources.get(at).map(|source| source.print.clone());
            moved.extend(print.map(|print| (segment.file.path.clone(), print)));
            // An archive may have the survivor's own id; then the sidecars are the survivor's.
            for sidecar in sidecars(segment).into_iter().filter(|_| segment.file.name.session_id != id) {
                if !moved.iter().any(|(path, _)| *path == sidecar) {
                    moved.push((sidecar.clone(), Print::of(&sidecar).map_err(io(&sidecar))?));
                }
            }
        }
        let gone: Vec<&Segment> = gone.map(|(_, segment)| *segment).collect();
        store = store_edit::plan(agent, &gone, id, &target)?;
    }
    let before = segments.get(survivor).filter(|segment| !segment.bound.is_empty()).or(segments.last());
    let mut effect = effect::of(agent, before.copied(), &result);
    let shown: u64 = parts.iter().map(|part| part.context.messages.len() as u64).sum();
    effect.hidden = (shown + stitched.closed.len() as u64).saturating_sub(effect.after.messages);
    let warnings = warnings(&segments, &stitched, &effect, agent);
    Ok(Plan {
        run: name,
        made_ms: now_ms,
        sessions_dir: agent.dir.dir.clone(),
        conversation: conversation.to_owned(),
        sources,
        survivor,
        survivor_why,
        target,
        lines_out: result.lines,
        result: hashed,
        stitched,
        moved,
        store,
        images,
        effect,
        warnings,
    })
}

/// Refuses what would make the loader fail on the whole result.
fn refuse_damage(segment: &Segment) -> Result<(), PlanError> {
    let null = segment.session.entries.iter().find(|entry| entry.kind == Kind::Null);
    let failure = match (segment.context.failure, null) {
        (Some(context::Failure::NoHeader) | None, Some(entry)) => context::Failure::NullLine(u64::from(entry.line)),
        (Some(context::Failure::NoHeader) | None, None) => return Ok(()),
        (Some(failure), _) => failure,
    };
    let path = segment.file.path.display().to_string();
    let what = format!("would spoil the whole: {}", failure.reason());
    Err(PlanError::Source { path, what, next: "mend that line in a copy first, and put the copy in its place".to_owned() })
}

pub(crate) fn refuse_source(segment: &Segment, options: &Options) -> Result<(), PlanError> {
    let refuse = |what: &str, next: &str| {
        Err(PlanError::Source { path: segment.file.path.display().to_string(), what: what.to_owned(), next: next.to_owned() })
    };
    if segment.file.name.state == FileState::Compressed {
        return refuse("is compressed", "unpack it beside the others first");
    }
    if options.out.is_some() {
        return Ok(());
    }
    match source::refusal(&segment.file, segment.session.change) {
        Some((what, next)) => refuse(what, &format!("{next}, or stitch into another file with --out")),
        None => Ok(()),
    }
}

fn survivor(segments: &[&Segment], options: &Options) -> Result<(usize, &'static str), PlanError> {
    let last = |wanted: &dyn Fn(&Segment) -> bool| segments.iter().rposition(|segment| wanted(segment));
    let chosen = match options.into {
        Into::First => Some((0, "the first, as asked")),
        Into::New => Some((segments.len().saturating_sub(1), "a new file, as asked")),
        Into::Live => last(&|segment| segment.standing == Standing::Live)
            .map(|at| (at, "the store points at it"))
            .or_else(|| last(&|segment| segment.file.name.state == FileState::Live).map(|at| (at, "the newest that is no archive"))),
    };
    let path = segments.last().map(|segment| segment.file.path.display().to_string()).unwrap_or_default();
    let archive = chosen.is_none_or(|(at, _)| {
        options.into != Into::New && segments.get(at).is_some_and(|segment| segment.file.name.state != FileState::Live)
    });
    if archive && options.out.is_none() {
        let what = "would have to be the survivor, but is an archive".to_owned();
        return Err(PlanError::Source { path, what, next: "use --into new, or --out FILE".to_owned() });
    }
    Ok(chosen.unwrap_or((segments.len().saturating_sub(1), "the newest")))
}

/// A name that is the same for the same plan at the same moment, and sorts by time.
pub(crate) fn run_name(conversation: &str, segments: &[&Segment], now_ms: i64) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(conversation.as_bytes());
    for segment in segments {
        hash.update(segment.file.path.as_os_str().as_encoded_bytes()).update(&segment.session.bytes.to_le_bytes());
    }
    hash.update(&now_ms.to_le_bytes());
    let stamp = crate::time::iso(now_ms).replace([':', '.', '-'], "");
    format!("{stamp}-{}", hash.finalize().to_hex().chars().take(6).collect::<String>())
}

/// A session id in the form of a version 4 uuid.
fn new_session_id(seed: &str) -> String {
    let hex = blake3::hash(format!("session\0{seed}").as_bytes()).to_hex();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The cause of the seam before each segment, where the detector knows one.
fn causes(agent: &Agent, run: &[usize]) -> Vec<Option<String>> {
    let seams = || agent.conversations.iter().flat_map(|conversation| &conversation.seams);
    let cause = |older: usize, newer: usize| {
        let seam = seams().find(|seam| seam.older == older && seam.newer == newer)?;
        Some(crate::report::json::word(&seam.verdict.cause))
    };
    let mut causes = vec![None];
    causes.extend(run.windows(2).map(|pair| match pair {
        [older, newer] => cause(*older, *newer),
        _ => None,
    }));
    causes
}

/// Files beside a transcript that are its own.
fn sidecars(segment: &Segment) -> Vec<PathBuf> {
    if segment.file.name.state != FileState::Live && segment.file.name.state != FileState::Reset {
        return Vec::new();
    }
    let stem = &segment.file.name.session_id;
    let beside = |suffix: &str| segment.file.path.with_file_name(format!("{stem}{suffix}"));
    [beside(".trajectory.jsonl"), beside(".trajectory-path.json")].into_iter().filter(|path| path.is_file()).collect()
}

/// Reads the result as the loader would, and holds it against its sources.
fn check(parts: &[Part<'_>], stitched: &Stitched) -> Result<(session::Session, (u64, String)), PlanError> {
    let mut reader = session::Reader::new(Path::new("stitched"));
    let mut source = journal::Hashed::new(Output::new(&stitched.pieces, &stitched.sources));
    let bytes = crate::read::blocks(&mut source, crate::read::BLOCK, &mut reader, &|_| ());
    bytes.map_err(|source| PlanError::Io { path: "the sources".to_owned(), source })?;
    let result = reader.finish();
    let entries: usize = parts.iter().map(|part| part.session.entries.len()).sum();
    let added = usize::try_from(stitched.added).unwrap_or(usize::MAX);
    let headerless = usize::from(stitched.header_made);
    let fail = |what: String| Err(PlanError::Check(what));
    if result.entries.len() + headerless != entries + added {
        return fail(format!("{entries} entries went in and {added} were added, but {} came out", result.entries.len()));
    }
    let faults: u64 = parts.iter().map(|part| part.session.fault_count).sum();
    if result.fault_count != faults {
        return fail(format!("{faults} lines that do not parse went in, {} came out", result.fault_count));
    }
    let seen = context::of(&result);
    if let Some(failure) = seen.failure {
        return fail(failure.reason());
    }
    let newest = parts.last().map_or(0, |part| part.context.messages.len());
    // A compaction of a segment that overlaps the newest hides turns of both.
    if seen.messages.len() < newest && !stitched.interleaved {
        return fail(format!("the model would see {} messages, fewer than the {newest} of the newest part", seen.messages.len()));
    }
    Ok((result, source.finish()))
}

fn warnings(segments: &[&Segment], stitched: &Stitched, effect: &Effect, agent: &Agent) -> Vec<String> {
    let mut warnings = Vec::new();
    if effect.hidden > 0 {
        let why = if effect.compaction { "a compaction in a newer part hides" } else { "links inside the parts lead past" };
        warnings.push(format!("{why} {} messages of the parts: they will be in the file, but not in the model's view", effect.hidden));
    }
    warn_of_window(effect, &mut warnings);
    if stitched.interleaved {
        warnings.push("the segments overlap in time and are interleaved by whole turns".to_owned());
    }
    let open: usize = segments.iter().rev().skip(1).map(|segment| segment.session.open_calls.len()).sum();
    if open > 0 && stitched.closed.is_empty() {
        warnings.push(format!("{open} tool calls at a seam have no result and stay open"));
    }
    if !agent.dir.live {
        warnings.push("this is not the live state directory of this machine: the result is put to use by copying it back".to_owned());
    }
    warnings
}

/// Says when the result is more than the model takes.
pub(crate) fn warn_of_window(effect: &Effect, warnings: &mut Vec<String>) {
    if let Some(window) = effect.window.filter(|window| effect.after.tokens > *window) {
        warnings.push(format!(
            "about {} tokens are more than the window of {window}: the next turn will compact or reset the session",
            effect.after.tokens
        ));
    }
}

/// The stitched transcript as new content.
struct Whole<'a> {
    plan: &'a Plan,
    renames: Vec<(String, String)>,
}

impl<'a> Whole<'a> {
    fn new(plan: &'a Plan) -> Self {
        let stitched = &plan.stitched;
        let own = stitched.remapped.iter().filter(|(part, ..)| *part == stitched.ends_in);
        Self { plan, renames: own.map(|(_, old, new)| (new.clone(), old.clone())).collect() }
    }
}

impl Content for Whole<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Output::new(&self.plan.stitched.pieces, &self.plan.stitched.sources)))
    }

    fn expected(&self) -> Option<(u64, &str)> {
        Some((self.plan.result.0, &self.plan.result.1))
    }

    fn sources(&self) -> &[PathBuf] {
        &self.plan.stitched.sources
    }

    fn heir(&self) -> Option<&Path> {
        self.plan.sources.get(self.plan.stitched.ends_in).map(|source| source.path.as_path())
    }

    fn renames(&self) -> &[(String, String)] {
        &self.renames
    }
}

/// Carries a plan out.
///
/// # Errors
/// What [`carry_out`] gives.
pub fn apply(plan: &Plan, now_ms: i64, faults: &Faults<'_>) -> Result<Record, ApplyError> {
    let file_name = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    let record = Record {
        version: 1,
        run: plan.run.clone(),
        command: "merge".to_owned(),
        at_ms: now_ms,
        state: State::Prepared,
        conversation: plan.conversation.clone(),
        sessions: plan.sources.iter().map(|source| source.session_id.clone()).collect(),
        target: file_name(&plan.target),
        summary: format!("stitched {} sessions into {}", plan.sources.len(), file_name(&plan.target).display()),
        operations: Vec::new(),
    };
    let whole = Whole::new(plan);
    let values: Vec<StoreValue> = plan.store.iter().flat_map(|store| &store.changes).map(store_edit::value).collect();
    let mut wanted = Vec::new();
    match plan.sources.iter().find(|source| source.path == plan.target) {
        Some(source) => wanted.push(Wanted::Replace { path: &plan.target, before: &source.print, content: &whole }),
        None => wanted.push(Wanted::Create { path: &plan.target, content: &whole, heir: whole.heir().unwrap_or(&plan.target) }),
    }
    if let Some(store) = &plan.store {
        wanted.push(Wanted::Store { path: &store.path, values: &values });
    }
    for copied in &plan.images.copied {
        wanted.push(Wanted::Copy { path: &copied.to, from: &copied.source, print: &copied.print });
    }
    wanted.extend(plan.moved.iter().map(|(path, before)| Wanted::Move { path, before }));
    carry_out(&Journal::of(&plan.sessions_dir), record, &wanted, now_ms, faults)
}
