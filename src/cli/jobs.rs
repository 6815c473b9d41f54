//! Which segments are meant by the arguments of `merge` and `relink`: the same rules for both.

use anyhow::bail;
use clawfix::apply::journal::{Journal, State};
use clawfix::merge;
use clawfix::scan::{Agent, Scan};
use clawfix::select::{self, Place, Wanted};
use clawfix::split::Level;

use super::output;

/// Segments of one agent that belong together.
#[derive(Debug)]
pub struct Job<'a> {
    /// Whose.
    pub agent: &'a Agent,
    /// The conversation's id, or the first session's.
    pub conversation: String,
    /// Indices, oldest first.
    pub segments: Vec<usize>,
    /// Named by hand: the detector sees no split between them.
    pub by_hand: bool,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Splits of that level, where a conversation is named.
    pub least: Level,
    /// Rollovers by policy, too.
    pub rollovers: bool,
    /// The participle of what is done: `stitched` or `relinked`.
    pub done: &'static str,
    /// The command, as the journal has it.
    pub command: &'static str,
}

/// Every split that is certain.
pub fn certain<'a>(scan: &'a Scan, search: &Search) -> Vec<Job<'a>> {
    let conversations = scan.agents.iter().flat_map(|agent| agent.conversations.iter().map(move |c| (agent, c)));
    let rollovers = search.rollovers;
    conversations
        .flat_map(|(agent, conversation)| {
            let id = agent.conversation_id(conversation);
            let runs = merge::runs(conversation, Level::Certain, rollovers);
            runs.into_iter().map(move |segments| Job { agent, conversation: id.clone(), segments, by_hand: false })
        })
        .collect()
}

/// What there is to say when nothing is certain enough to be done unasked.
pub fn nothing(scan: &Scan, search: &Search) -> String {
    let (command, done) = (search.command, search.done);
    let conversations = scan.agents.iter().flat_map(|agent| &agent.conversations);
    let weaker = conversations.flat_map(|conversation| merge::runs(conversation, Level::Probable, false)).count();
    let verb = if command == "merge" { "stitch" } else { command };
    match (weaker, done_before(scan, search)) {
        (0, 0) => format!("Nothing to {verb}."),
        (0, before) => format!("Nothing to {verb}; {done} already: {before}."),
        (count, _) => {
            format!("Nothing that is certain. {count} splits are probable: `clawfix scan` shows them, and each is {done} by its id.")
        }
    }
}

/// What is named. Something that an earlier run did is a note on standard error, and no job.
pub fn named<'a>(scan: &'a Scan, wanted: &[Wanted], search: &Search) -> anyhow::Result<Vec<Job<'a>>> {
    let mut jobs: Vec<Job<'a>> = Vec::new();
    let mut alone: Vec<(&Agent, usize)> = Vec::new();
    let mut by_session: Vec<String> = Vec::new();
    for wanted in wanted {
        let target = match select::find(scan, Some(wanted)) {
            Ok(target) => target,
            Err(miss) => {
                if let Some(note) = already(scan, wanted, search) {
                    output::note(&note);
                    continue;
                }
                return Err(miss.into());
            }
        };
        match target.place {
            Place::Conversation(at) => {
                let Some(conversation) = target.agent.conversations.get(at) else { continue };
                let id = target.agent.conversation_id(conversation);
                let runs = merge::runs(conversation, search.least, search.rollovers);
                if runs.is_empty() {
                    let marked = target.marked.iter().next().copied().or(conversation.segments.last().copied());
                    alone.extend(marked.map(|at| (target.agent, at)));
                    continue;
                }
                if !target.marked.is_empty() && !by_session.contains(&id) {
                    by_session.push(id.clone());
                }
                for segments in runs {
                    if !jobs.iter().any(|job| std::ptr::eq(job.agent, target.agent) && job.segments == segments) {
                        jobs.push(Job { agent: target.agent, conversation: id.clone(), segments, by_hand: false });
                    }
                }
            }
            Place::Segment(at) => alone.push((target.agent, at)),
            Place::Aside(_) => bail!("{} holds no time to place it by, so it cannot be {}", describe(wanted), search.done),
        }
    }
    if by_session.len() > 1 {
        bail!(
            "the sessions belong to different torn conversations ({}); mend these first, each by its id, then name the two results to join them",
            by_session.join(", ")
        );
    }
    alone.dedup_by(|a, b| std::ptr::eq(a.0, b.0) && a.1 == b.1);
    if let [(agent, _), _, ..] = alone.as_slice() {
        if alone.iter().any(|(other, _)| !std::ptr::eq(*other, *agent)) {
            bail!("the sessions belong to different agents; only sessions of one agent are {}", search.done);
        }
        let mut segments: Vec<usize> = alone.iter().map(|(_, at)| *at).collect();
        segments.sort_by_key(|&at| agent.segments.get(at).map(|segment| (segment.start_ms, segment.last_ms)));
        segments.dedup();
        let first = segments.first().and_then(|&at| agent.segments.get(at)).map(|segment| segment.id.clone()).unwrap_or_default();
        jobs.push(Job { agent, conversation: first, segments, by_hand: true });
    } else if let [(agent, at)] = alone.as_slice() {
        let id = agent.segments.get(*at).map(|segment| segment.id.clone()).unwrap_or_default();
        if includes_done(agent, &id, search) || (search.command == "relink" && is_linked(agent, *at)) {
            output::note(&format!("clawfix: session {id} is {} already; nothing to do", search.done));
        } else {
            bail!(
                "nothing is torn from session {id} at this level; to have it {} by your own judgement, name two sessions (--min-level possible shows more)",
                search.done
            );
        }
    }
    Ok(jobs)
}

/// Whether an earlier run did this session.
fn includes_done(agent: &Agent, id: &str, search: &Search) -> bool {
    let runs = Journal::of(&agent.dir.dir).runs().map(|(records, _)| records).unwrap_or_default();
    runs.iter().any(|record| {
        record.command == search.command && record.state == State::Done && record.sessions.iter().any(|session| session == id)
    })
}

/// Whether the transcript names the one before it as its parent, or is named so by the one after it.
fn is_linked(agent: &Agent, at: usize) -> bool {
    let mut seams = agent.conversations.iter().flat_map(|conversation| &conversation.seams);
    seams.any(|seam| {
        let pair = agent.segments.get(seam.older).zip(agent.segments.get(seam.newer));
        (seam.older == at || seam.newer == at) && pair.is_some_and(|(older, newer)| clawfix::relink::names_parent(newer, older))
    })
}

/// Conversations that runs of this command did, and that were not taken back.
fn done_before(scan: &Scan, search: &Search) -> usize {
    let records = scan.agents.iter().filter_map(|agent| Journal::of(&agent.dir.dir).runs().ok()).flat_map(|(records, _)| records);
    let done: std::collections::BTreeSet<String> = records
        .filter(|record| record.command == search.command && record.state == State::Done)
        .map(|record| record.conversation)
        .collect();
    done.len()
}

fn describe(wanted: &Wanted) -> String {
    match wanted {
        Wanted::File(path) => path.display().to_string(),
        Wanted::Id(id) => id.clone(),
    }
}

/// A conversation or session that is gone because an earlier run stitched it.
fn already(scan: &Scan, wanted: &Wanted, search: &Search) -> Option<String> {
    let id = match wanted {
        Wanted::Id(id) => id.clone(),
        Wanted::File(path) => path.file_stem()?.to_string_lossy().into_owned(),
    };
    let records = scan.agents.iter().filter_map(|agent| Journal::of(&agent.dir.dir).runs().ok()).flat_map(|(records, _)| records);
    let mut done = records.filter(|record| record.state == State::Done);
    let record =
        done.find(|record| record.conversation.starts_with(&id) || record.sessions.iter().any(|session| session.starts_with(&id)))?;
    let participle = if record.command == search.command { search.done } else { "stitched" };
    Some(format!("clawfix: {id} is {participle} already, by run {} into {}; nothing to do", record.run, record.target.display()))
}
