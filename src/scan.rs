//! Paths in, everything that clawfix knows of them out: the pipeline from discovery to conversations. Writes nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::discover::{self, Environment, Problem, ProblemKind, Root, SessionsDir, TranscriptFile};
use crate::foreign::PathMap;
use crate::media::Media;
use crate::name::FileState;
use crate::policy::{ResetPolicy, Stated};
use crate::session::mentions::mentions;
use crate::session::{self, ImageSource, Session};
use crate::signal::Prompts;
use crate::split::segment::Segment;
use crate::split::{self, Apart, Conversation, Tie};
use crate::store::Store;
use crate::trajectory::Trajectory;

/// What to scan, and how.
#[derive(Debug, Default)]
pub struct Options {
    /// Files and folders; with none, the known state directories.
    pub paths: Vec<PathBuf>,
    /// Rules for absolute paths found inside the files.
    pub map: PathMap,
    /// Only this agent.
    pub agent: Option<String>,
    /// Threads; with none, one for each core.
    pub jobs: Option<usize>,
    /// Bounds of the search for splits.
    pub split: split::Settings,
    /// What a person says of the reset policy, whatever the config of the gateway says.
    pub policy: Stated,
    /// Heartbeat prompts beside those of the gateway and of its config.
    pub prompts: Prompts,
    /// Folders where media can be, beside those of each state directory.
    pub media_roots: Vec<PathBuf>,
    /// Where the known state directories are looked for.
    pub environment: Environment,
}

/// Told of the work as it goes on, from any thread.
pub trait Progress: Sync {
    /// The bytes that are there to read, once they are known.
    fn total(&self, bytes: u64);
    /// Bytes that were read.
    fn read(&self, bytes: u64);
}

/// Progress that nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _: u64) {}
    fn read(&self, _: u64) {}
}

/// Images of a segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImageCount {
    /// Inline, as base64 in a line.
    pub inline: u64,
    /// By reference, each file once.
    pub referenced: u64,
    /// Of those by reference, how many lead nowhere.
    pub missing: u64,
}

impl ImageCount {
    /// Images a person would count: an image that is inline and named beside it is one.
    pub fn shown(self) -> u64 {
        self.inline.max(self.referenced)
    }
}

/// A transcript that takes no part in split detection.
#[derive(Debug)]
pub struct Aside {
    /// The file.
    pub file: TranscriptFile,
    /// Its index, where it could be read.
    pub session: Option<Session>,
    /// Why it stands aside.
    pub why: AsideReason,
}

/// Why a transcript stands aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsideReason {
    /// A copy of a session that is there in a better state.
    Copy,
    /// It holds nothing at all.
    Empty,
    /// Nothing in it looks like an OpenClaw transcript.
    Unknown,
    /// It has entries but no time to place them by.
    Timeless,
    /// It could not be read.
    Unreadable(String),
}

/// One sessions folder.
#[derive(Debug)]
pub struct Agent {
    /// The folder and what lies in it.
    pub dir: SessionsDir,
    /// Its store, when there is a file of that name.
    pub store: Option<Store>,
    /// The reset policy of its state directory.
    pub policy: ResetPolicy,
    /// Transcripts that can take part in a conversation, in path order.
    pub segments: Vec<Segment>,
    /// Images of each segment.
    pub images: Vec<ImageCount>,
    /// The conversations among the segments.
    pub conversations: Vec<Conversation>,
    /// Segments that are torn from one of several others.
    pub ties: Vec<Tie>,
    /// Splits that are less sure than asked for, and so were left out.
    pub splits_left_out: u64,
    /// Segments that are close in time and yet no one conversation.
    pub apart: Vec<Apart>,
    /// Transcripts that stand aside.
    pub aside: Vec<Aside>,
    /// Its media files.
    pub media: Media,
}

impl Agent {
    /// Stable id of a conversation: from the agent and the id of its first session.
    pub fn conversation_id(&self, conversation: &Conversation) -> String {
        let first = conversation.segments.first().and_then(|&at| self.segments.get(at));
        let mut hash = blake3::Hasher::new();
        hash.update(self.dir.agent.as_bytes()).update(b"\0");
        hash.update(first.map(|segment| segment.id.as_bytes()).unwrap_or_default());
        format!("c-{}", hash.finalize().to_hex().chars().take(10).collect::<String>())
    }
}

/// All that a scan found.
#[derive(Debug)]
pub struct Scan {
    /// The roots as they were given or found.
    pub roots: Vec<Root>,
    /// The sessions folders in path order.
    pub agents: Vec<Agent>,
    /// What could not be looked at.
    pub problems: Vec<Problem>,
    /// Bytes read.
    pub bytes: u64,
}

/// Scans.
///
/// # Errors
/// Only when the threads cannot be started. What cannot be read is in [`Scan::problems`] and [`Agent::aside`].
pub fn scan(options: &Options, progress: &dyn Progress) -> Result<Scan, rayon::ThreadPoolBuildError> {
    let found = discover::discover(&options.paths, &options.environment, options.agent.as_deref());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.unwrap_or(0)).build()?;
    let mut problems = found.problems;
    let mut files: Vec<(usize, &TranscriptFile)> =
        found.sessions_dirs.iter().enumerate().flat_map(|(at, dir)| dir.transcripts.iter().map(move |file| (at, file))).collect();
    progress.total(files.iter().map(|(_, file)| file.len).sum());
    // The largest first, so that no thread is left alone with it at the end.
    files.sort_by_key(|(_, file)| std::cmp::Reverse(file.len));
    let prompts = Arc::new(options.prompts.clone());
    let read = pool.install(|| {
        files
            .par_iter()
            .map_init(
                || session::Scratch::with_prompts(Arc::clone(&prompts)),
                |scratch, (at, file)| {
                    let session = session::read_with(scratch, &file.path, &|bytes| progress.read(bytes));
                    (*at, (*file).clone(), session)
                },
            )
            .collect::<Vec<_>>()
    });
    let mut by_dir: Vec<Vec<(TranscriptFile, std::io::Result<Session>)>> = Vec::new();
    by_dir.resize_with(found.sessions_dirs.len(), Vec::new);
    let mut bytes = 0;
    for (at, file, session) in read {
        bytes += session.as_ref().map_or(0, |session| session.bytes);
        if let Some(list) = by_dir.get_mut(at) {
            list.push((file, session));
        }
    }
    let work: Vec<(SessionsDir, Vec<_>)> = found.sessions_dirs.into_iter().zip(by_dir).collect();
    let agents = pool.install(|| work.into_par_iter().map(|(dir, read)| agent(dir, read, options)).collect::<Vec<(Agent, Vec<Problem>)>>());
    let mut list = Vec::new();
    for (agent, more) in agents {
        list.push(agent);
        problems.extend(more);
    }
    Ok(Scan { roots: found.roots, agents: list, problems, bytes })
}

fn agent(dir: SessionsDir, mut read: Vec<(TranscriptFile, std::io::Result<Session>)>, options: &Options) -> (Agent, Vec<Problem>) {
    read.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    let mut problems = Vec::new();
    let store = dir.store.as_deref().map(Store::read);
    let policy = dir.state_dir.as_deref().map(ResetPolicy::read).unwrap_or_default().stated(options.policy);
    let prompts: Vec<u64> = policy.heartbeat_prompts.iter().map(|prompt| session::identity(prompt.trim())).collect();
    let trajectories = trajectories(&dir, &mut problems);
    let primaries: HashMap<String, FileState> = best_states(&read);
    let (mut segments, mut aside) = (Vec::new(), Vec::new());
    for (file, session) in read {
        let set_aside = |why, session| Aside { file: file.clone(), session, why };
        let session = match session {
            Ok(session) => session,
            Err(error) => {
                aside.push(set_aside(AsideReason::Unreadable(error.to_string()), None));
                continue;
            }
        };
        let why = match () {
            () if session.lines == 0 => Some(AsideReason::Empty),
            () if !session.is_transcript() => Some(AsideReason::Unknown),
            () if primaries.get(&file.name.session_id).is_some_and(|best| rank(*best) < rank(file.name.state))
                && is_copy(file.name.state) =>
            {
                Some(AsideReason::Copy)
            }
            () if session.started_ms().is_none() => Some(AsideReason::Timeless),
            () => None,
        };
        if let Some(why) = why {
            aside.push(set_aside(why, Some(session)));
            continue;
        }
        let trajectory = trajectories.get(&file.name.session_id);
        segments.extend(Segment::new(file, session, store.as_ref(), trajectory, &prompts));
    }
    // Of two files of one name, that of the own state directory counts.
    let media_roots: Vec<PathBuf> = options.media_roots.iter().chain(&dir.media_roots).cloned().collect();
    let media = Media::new(&media_roots, options.map.clone());
    let images = segments.iter().map(|segment| count_images(segment, &media)).collect();
    let split::Solution { conversations, ties, left_out, apart } = split::conversations(&segments, store.as_ref(), &policy, &options.split);
    (Agent { dir, store, policy, segments, images, conversations, ties, splits_left_out: left_out, apart, aside, media }, problems)
}

fn trajectories(dir: &SessionsDir, problems: &mut Vec<Problem>) -> HashMap<String, Trajectory> {
    let mut found = HashMap::new();
    for path in &dir.trajectories {
        match Trajectory::read(path) {
            Ok(trajectory) => {
                found.insert(trajectory.session_id.clone(), trajectory);
            }
            Err(error) => problems.push(Problem {
                path: path.clone(),
                reason: format!("{error}; the session keys it names are missing from the evidence"),
                kind: ProblemKind::Io,
            }),
        }
    }
    found
}

/// Archives and copies of one session id, the one that counts first.
fn rank(state: FileState) -> u8 {
    match state {
        FileState::Live => 0,
        FileState::Reset | FileState::Deleted => 1,
        FileState::Imported => 2,
        FileState::Bak => 3,
        FileState::Corrupt => 4,
        FileState::Checkpoint => 5,
        FileState::Compressed => 6,
    }
}

/// Whether a file of that state holds the lines of another file rather than history of its own.
fn is_copy(state: FileState) -> bool {
    !matches!(state, FileState::Live | FileState::Reset | FileState::Deleted)
}

fn best_states(read: &[(TranscriptFile, std::io::Result<Session>)]) -> HashMap<String, FileState> {
    let mut best: HashMap<String, FileState> = HashMap::new();
    for (file, _) in read.iter().filter(|(_, session)| session.as_ref().is_ok_and(|session| session.lines > 0)) {
        let state = best.entry(file.name.session_id.clone()).or_insert(file.name.state);
        if rank(file.name.state) < rank(*state) {
            *state = file.name.state;
        }
    }
    best
}

fn count_images(segment: &Segment, media: &Media) -> ImageCount {
    let mut count = ImageCount::default();
    let inline = |image: &&session::Image| matches!(&image.source, ImageSource::Inline { span, .. } if span.len > 0);
    count.inline = segment.session.images.iter().filter(inline).count() as u64;
    for mention in mentions(&segment.session) {
        count.referenced += 1;
        count.missing += u64::from(!mention.beside && media.resolve(mention.path).path().is_none());
    }
    count
}

/// The folder to name in a command that is to work on this agent again.
pub fn command_root<'a>(scan: &'a Scan, agent: &'a Agent) -> &'a Path {
    scan.roots.get(agent.dir.root).map_or(agent.dir.dir.as_path(), |root| root.path.as_path())
}
