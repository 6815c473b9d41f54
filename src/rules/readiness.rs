//! What stands in the way of an agent's upgrade to the releases that keep sessions in SQLite: a sessions folder in, the
//! reasons out, each with what takes it away. CF801 and CF802 are its two answers.

use super::cf608_unindexed_transcript::unindexed;
use super::folder::{self, Folder, many};
use super::leftovers::leftovers;
use crate::apply::lock;
use crate::name::FileState;
use crate::report::command::quoted;
use crate::scan::{Agent, Scan};
use crate::split::segment::Segment;
use crate::split::{Conversation, SeamKind};
use crate::store::StoreHealth;

/// Conversations that are named in one command.
const NAMED: usize = 10;

/// Something that the importer would refuse, put off, or bring in less than whole.
pub(super) struct Reason {
    /// What, with its count.
    pub what: String,
    /// What takes it away.
    pub remedy: Remedy,
}

/// What takes a reason away.
pub(super) enum Remedy {
    /// A command that does it, or shows how it would be done.
    Command(String),
    /// A person's work.
    ByHand(String),
}

/// The reasons in the order in which their commands are to be run; `None` where there is nothing to import, or nothing to
/// be said: a single file, a loose folder, an agent that lives in a database already.
pub(super) fn reasons(scan: &Scan, agent: &Agent) -> Option<Vec<Reason>> {
    let ours = agent.dir.state_dir.is_some() && super::file_name(&agent.dir.dir) == "sessions";
    if !ours || !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return None;
    }
    let live: Vec<&Segment> = agent.segments.iter().filter(|segment| segment.file.name.state == FileState::Live).collect();
    if live.is_empty() {
        return None;
    }
    let dir = quoted(&agent.dir.dir);
    let mut reasons = Vec::new();
    let mut put = |count: usize, noun: &str, what: &str, remedy: Remedy| {
        if count > 0 {
            reasons.push(Reason { what: format!("{} {what}", many(count, noun)), remedy });
        }
    };
    let folder = Folder::of(agent);
    let health = agent.store.as_ref().map_or(&StoreHealth::Missing, |store| &store.health);
    let broken = matches!(health, StoreHealth::Torn { .. } | StoreHealth::NotAnObject | StoreHealth::Json5);
    if broken {
        let copied = *health != StoreHealth::Json5 && !leftovers(agent, &folder).is_empty();
        let remedy = match copied {
            true => Remedy::Command(format!("clawfix repair {dir} --select CF601 --unsafe-fixes")),
            false => Remedy::ByHand("write sessions.json as plain JSON (clawfix explain CF601)".to_owned()),
        };
        put(1, "store", "that does not parse (refused)", remedy);
    }
    let mut add = |count, noun: &str, what: &str, command| put(count, noun, what, Remedy::Command(command));
    let linked = live.iter().filter(|segment| segment.file.hard_links > 1);
    let first = linked.clone().next().map(|segment| quoted(&segment.file.path)).unwrap_or_default();
    let copy = format!("cp -p {first} {first}.copy && mv {first}.copy {first}");
    add(linked.count(), "transcript", "with several hard links (refused)", copy);
    let torn = live.iter().filter(|segment| is_torn_at_the_end(segment) && !is_being_written(segment)).count();
    add(torn, "transcript", "whose last record is torn (put off)", format!("clawfix repair {dir} --select CF201"));
    let renamed = live.iter().filter(|segment| is_misnamed(segment)).count();
    add(
        renamed,
        "transcript",
        "whose header names another session than its file (refused)",
        format!("clawfix repair {dir} --select CF213 --unsafe-fixes"),
    );
    let is_split = |conversation: &&Conversation| conversation.seams.iter().any(|seam| seam.verdict.kind == SeamKind::Split);
    let torn: Vec<String> = agent.conversations.iter().filter(is_split).map(|conversation| agent.conversation_id(conversation)).collect();
    // By name, so that those that are less than certain are stitched too.
    let ids: String = torn.iter().take(NAMED).map(|id| format!(" {id}")).collect();
    add(torn.len(), "torn conversation", "(brought in unstitched)", format!("clawfix merge {dir}{ids}"));
    // A store that does not parse hides what its keys lead to.
    let keyless = if broken { 0 } else { unindexed(agent, &folder).len() };
    let what = "without a key (brought in as recovered, away from its chat)";
    put(keyless, "conversation", what, index(agent, &folder));
    Some(reasons)
}

/// What gives conversations a key.
fn index(agent: &Agent, folder: &Folder) -> Remedy {
    let (dir, store) = (quoted(&agent.dir.dir), quoted(&agent.dir.dir.join("sessions.json")));
    let repair = |codes: &str| format!("clawfix repair {dir} --select {codes} --unsafe-fixes");
    let health = agent.store.as_ref().map_or(&StoreHealth::Missing, |store| &store.health);
    let copy = leftovers(agent, folder).into_iter().next();
    Remedy::Command(match (health, copy) {
        (StoreHealth::Good, _) => repair("CF608,CF609"),
        (StoreHealth::Empty, Some(_)) => repair("CF602"),
        (StoreHealth::Empty, None) if folder::takes_entries(agent) => repair("CF608"),
        (StoreHealth::Missing, Some(copy)) => format!("cp -p {} {store}", quoted(&copy.path)),
        (StoreHealth::Empty | StoreHealth::Missing, None) => format!("echo '{{}}' > {store} && {}", repair("CF608")),
        _ => return Remedy::ByHand("make sessions.json readable (see its own finding)".to_owned()),
    })
}

/// Whether a run writes to the transcript at this moment, so that its last line is not done yet.
fn is_being_written(segment: &Segment) -> bool {
    lock::is_held(&segment.file.path, lock::Kind::Transcript, folder::now_ms())
}

/// Whether the header's id is another than the name's.
fn is_misnamed(segment: &Segment) -> bool {
    let id = segment.session.header.as_ref().and_then(|header| header.id.as_deref());
    id.is_some_and(|id| !id.eq_ignore_ascii_case(&segment.file.name.session_id))
}

/// Whether the last line is cut off.
fn is_torn_at_the_end(segment: &Segment) -> bool {
    let session = &segment.session;
    let last = session.faults.last().map(|fault| fault.span.offset.saturating_add(fault.span.len));
    session.unterminated && last.is_some_and(|end| end >= session.bytes)
}
