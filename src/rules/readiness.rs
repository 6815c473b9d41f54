//! What stands in the way of an agent's upgrade to the releases that keep sessions in SQLite: a sessions folder in, the
//! reasons out, each with the command that takes it away. CF801 and CF802 are its two answers.

use super::cf608_unindexed_transcript::unindexed;
use super::folder::{self, Folder, many};
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
    /// The command that takes it away.
    pub command: String,
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
    let mut add = |count: usize, noun: &str, what: &str, command: String| {
        if count > 0 {
            reasons.push(Reason { what: format!("{} {what}", many(count, noun)), command });
        }
    };
    let health = agent.store.as_ref().map(|store| &store.health);
    let broken = matches!(health, Some(StoreHealth::Torn { .. } | StoreHealth::NotAnObject | StoreHealth::Json5));
    add(usize::from(broken), "store", "that does not parse (refused)", format!("clawfix repair {dir} --select CF601 --unsafe-fixes"));
    let linked = live.iter().filter(|segment| segment.file.hard_links > 1);
    let first = linked.clone().next().map(|segment| quoted(&segment.file.path)).unwrap_or_default();
    let copy = format!("cp -p {first} {first}.copy && mv {first}.copy {first}");
    add(linked.count(), "transcript", "with several hard links (refused)", copy);
    let torn = live.iter().filter(|segment| is_torn_at_the_end(segment)).count();
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
    let keyless = unindexed(agent, &Folder::of(agent)).len();
    let reindex = format!("clawfix repair {dir} --select CF608,CF609 --unsafe-fixes");
    add(keyless, "conversation", "without a key (brought in as recovered, away from its chat)", reindex);
    Some(reasons)
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
