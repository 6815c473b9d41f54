//! A scan and the rules that may mend in, the plan of a repair out: for each sessions folder the transcripts with their
//! edits, and the changes of the store and other files. Nothing is written here; [`apply`] hands the plan to the journal.

pub mod apply;
pub mod diff;
pub mod draft;
mod lost;
pub mod patch;
pub mod salvage;
pub mod step;
pub mod text;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;

use crate::apply::journal::{self, Print};
use crate::apply::{lock, source};
use crate::rules::selection::{Selection, may_mend};
use crate::rules::{self, Rule, Work};
use crate::scan::{Agent, Scan};
use crate::session::Session;
pub use draft::{Draft, Fixed, Held, Lost};
pub use step::Step;
use text::Text;

/// What to mend.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The rules.
    pub selection: Selection,
    /// Fixes that take a person's judgement, too.
    pub unsafe_fixes: bool,
    /// Only these transcripts, and no other file; with none, everything.
    pub only: Vec<PathBuf>,
}

/// What the model sees of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Sight {
    /// Messages.
    pub messages: u64,
    /// Inline images among them.
    pub images: u64,
    /// Whether the loader takes the file at all.
    pub loads: bool,
}

impl Sight {
    fn of(draft: &Draft<'_>) -> Self {
        let context = &draft.context;
        Self { messages: context.messages.len() as u64, images: u64::from(context.images), loads: context.failure.is_none() }
    }
}

/// A transcript that gets other content.
#[derive(Debug)]
pub struct Mended {
    /// The file.
    pub path: PathBuf,
    /// Its session id, by its name.
    pub session_id: String,
    /// As it was when the plan was made.
    pub before: Print,
    /// The new content.
    pub text: Text,
    /// Length and hash of the new content.
    pub after: (u64, String),
    /// What was mended, in the order it was done.
    pub fixed: Vec<Fixed>,
    /// Bytes that go to the lost-and-found.
    pub lost: Vec<Lost>,
    /// New ids, each with the older one that stands in for it.
    pub stands_for: Vec<(String, String)>,
    /// What the model sees of it, before and after.
    pub sight: (Sight, Sight),
}

/// A change that is no edit of a transcript, with the reason.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The rule.
    pub rule: &'static Rule,
    /// What is the matter.
    pub message: String,
    /// The change.
    pub step: Step,
}

/// Something that is not mended, though its rule has a fix.
#[derive(Debug, Clone)]
pub struct Left {
    /// The rule.
    pub rule: &'static Rule,
    /// The file.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Why.
    pub why: String,
}

/// The plan for one sessions folder.
#[derive(Debug)]
pub struct Plan {
    /// Name of the run.
    pub run: String,
    /// Agent of the folder.
    pub agent: String,
    /// The sessions folder.
    pub sessions_dir: PathBuf,
    /// Transcripts that change.
    pub files: Vec<Mended>,
    /// Everything else that changes.
    pub steps: Vec<Planned>,
    /// What is left as it is.
    pub left: Vec<Left>,
}

impl Plan {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.steps.is_empty()
    }
}

/// Plans the repair of one sessions folder.
///
/// # Errors
/// What reading a transcript that is to be mended gives.
pub fn plan(scan: &Scan, agent: &Agent, options: &Options, now_ms: i64) -> io::Result<Plan> {
    let rules: Vec<&'static Rule> =
        rules::ALL.iter().copied().filter(|rule| may_mend(rule, &options.selection, options.unsafe_fixes)).collect();
    let mut plan = Plan {
        run: run_name(agent, now_ms),
        agent: agent.dir.agent.clone(),
        sessions_dir: agent.dir.dir.clone(),
        files: Vec::new(),
        steps: Vec::new(),
        left: Vec::new(),
    };
    for transcript in rules::transcripts(agent) {
        let (file, session) = (transcript.file, transcript.session);
        if !options.only.is_empty() && !options.only.contains(&file.path) {
            continue;
        }
        // The index that the scan made tells whether there is anything to do, so that healthy files are not read again.
        let Some(first) = rules.iter().copied().find(|rule| transcript.needs_mending(&[rule])) else { continue };
        let left = |rule: &'static Rule, line: Option<u64>, why: String| Left { rule, path: file.path.clone(), line, why };
        let refusal = match source::refusal(file, session.change) {
            Some((what, next)) => Some(format!("the file {what}; {next}")),
            None if lock::is_held(&file.path, lock::Kind::Transcript, now_ms) => {
                Some("the gateway is writing to it at this moment; try again when its run is over".to_owned())
            }
            None => held_back(session).map(str::to_owned),
        };
        if let Some(why) = refusal {
            plan.left.push(left(first, None, why));
            continue;
        }
        let print = Print::of(&file.path)?;
        let mut draft = Draft::new(agent, file)?;
        let before = Sight::of(&draft);
        draft.mend(&rules)?;
        plan.left.extend(draft.held.iter().map(|held| left(held.rule, held.line, held.why.clone())));
        if draft.fixed.is_empty() {
            continue;
        }
        let after = journal::hash(draft.text.whole())?;
        // The edits are for these bytes and no others, and a line that came meanwhile would be missing from the result.
        if Print::of(&file.path)? != print {
            plan.left.push(left(first, None, "the file changed while it was read; try again when the chat is quiet".to_owned()));
            continue;
        }
        let sight = (before, Sight::of(&draft));
        plan.files.push(Mended {
            path: file.path.clone(),
            session_id: file.name.session_id.clone(),
            before: print,
            text: draft.text,
            after,
            fixed: draft.fixed,
            lost: lost::merged(draft.lost),
            stands_for: draft.stands_for,
            sight,
        });
    }
    if options.only.is_empty() {
        steps(scan, agent, &rules, &mut plan);
    }
    Ok(plan)
}

/// Why nothing in a transcript is changed, whatever is the matter with it; none when it may be.
pub(crate) fn held_back(session: &Session) -> Option<&'static str> {
    let header = session.header.as_ref();
    let unknown = header.is_some_and(|header| header.odd_version || header.version.is_some_and(|version| version > 3));
    match () {
        () if unknown => Some("its format version is not known (CF215), so nothing in it is changed"),
        () if session.left_out > 0 => Some("it is too large to be indexed as a whole (CF004), so nothing in it is changed"),
        () => None,
    }
}

/// Gathers the changes of the store and other files. Two that want the same place are not both made.
fn steps(scan: &Scan, agent: &Agent, rules: &[&'static Rule], plan: &mut Plan) {
    let mut taken: HashSet<String> = HashSet::new();
    for rule in rules {
        let Work::Folder(detect) = rule.work else { continue };
        let mut troubles = Vec::new();
        detect(scan, agent, &mut troubles);
        for trouble in troubles {
            let places: Vec<String> = trouble.steps.iter().map(place).collect();
            // A store that is put back from a copy is another store: what was planned for the old one waits.
            let restored = |place: &String| place.starts_with("store ") && taken.contains("restore sessions.json");
            if places.iter().any(|place| taken.contains(place) || restored(place)) {
                let why = "another fix changes the same place; run repair again after this one".to_owned();
                plan.left.push(Left { rule, path: trouble.path, line: None, why });
                continue;
            }
            taken.extend(places);
            let message = trouble.message;
            plan.steps.extend(trouble.steps.into_iter().map(|step| Planned { rule, message: message.clone(), step }));
        }
    }
    let changed: HashSet<PathBuf> = plan.files.iter().map(|file| file.path.clone()).chain(store_of(plan)).collect();
    plan.steps.retain(|planned| !is_taken_over(&planned.step, &changed));
}

/// The store, where the plan changes it.
fn store_of(plan: &Plan) -> Option<PathBuf> {
    let changes = plan.steps.iter().any(|planned| matches!(planned.step, Step::Store(_) | Step::Restore { .. }));
    changes.then(|| plan.sessions_dir.join("sessions.json"))
}

/// Whether the step moves away the abandoned lock of a file that the run changes: the run takes that lock over, as the
/// gateway would, and gives it back when it is done.
fn is_taken_over(step: &Step, changed: &HashSet<PathBuf>) -> bool {
    let Step::Move(lock) = step else { return false };
    lock.extension().is_some_and(|extension| extension == "lock") && changed.contains(&lock.with_extension(""))
}

/// What a step changes.
fn place(step: &Step) -> String {
    match step {
        Step::Store(value) => format!("store {} {}", value.key, value.field),
        Step::Move(path) | Step::Touch(path) => path.display().to_string(),
        Step::Restore { path, .. } => format!("restore {}", path.file_name().unwrap_or_default().to_string_lossy()),
    }
}

/// A name that is the same for the same folder at the same moment, and sorts by time.
fn run_name(agent: &Agent, now_ms: i64) -> String {
    let stamp = crate::time::iso(now_ms).replace([':', '.', '-'], "");
    let hash = blake3::hash(format!("repair\0{}\0{now_ms}", agent.dir.dir.display()).as_bytes()).to_hex();
    format!("{stamp}-{}", hash.chars().take(6).collect::<String>())
}
