//! The evidence on a pair in, a verdict out: what kind of seam, how sure, and by what cause.

use super::evidence::{self as items, Question, Source};
use super::testimony::{Evidence, Findings};
use crate::signal::TurnKind;

/// What a seam is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SeamKind {
    /// Torn: damage.
    Split,
    /// Rolled over by a policy: no damage, yet felt as amnesia.
    Rollover,
    /// A new session that was asked for.
    Reset,
    /// A fork or a compaction successor, which carries its context itself.
    Fork,
}

/// Why there is a seam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A heartbeat opened a new session, or made the old one look stale.
    HeartbeatRace,
    /// The notice of a command's exit opened a new session.
    ExecNotificationRace,
    /// The key was lost from the store and minted anew.
    StoreLoss,
    /// The gateway reset the session after an error, and replayed the message.
    ErrorReset,
    /// Daily or idle policy.
    PolicyRollover,
    /// `/new`, `/reset`, or a deletion.
    ManualReset,
    /// A compaction successor or a re-created file.
    CompactionRotation,
    /// A thread fork.
    ThreadFork,
}

impl Cause {
    /// The cause in a few words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Cause::HeartbeatRace => "heartbeat race",
            Cause::ExecNotificationRace => "exec-notification race",
            Cause::StoreLoss => "store loss",
            Cause::ErrorReset => "reset after an error",
            Cause::PolicyRollover => "policy rollover",
            Cause::ManualReset => "manual reset",
            Cause::CompactionRotation => "compaction rotation",
            Cause::ThreadFork => "thread fork",
        }
    }
}

/// How sure a seam is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth a look.
    Possible,
    /// Believed; a person should agree before anything is changed.
    Probable,
    /// Proven by what only the gateway writes, with a trace that no innocent seam leaves.
    Certain,
}

impl Level {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Possible => "possible",
            Level::Probable => "probable",
            Level::Certain => "certain",
        }
    }
}

/// What is held of a pair.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What the seam is.
    pub kind: SeamKind,
    /// Why it is there.
    pub cause: Cause,
    /// How sure.
    pub level: Level,
    /// Between 0 and 1: the sum of the weights through a logistic.
    pub score: f64,
    /// Strength of the tie, for choosing among several.
    pub tie: f64,
    /// All evidence, strongest first.
    pub evidence: Vec<Evidence>,
}

/// Least sum of what ties two sessions to one conversation.
const BELONGS: f64 = 1.0;
/// Least sum for a small gap without any explanation to count as a tear.
const BELONGS_SURELY: f64 = 3.0;
/// Least net sum of a tear, for each level.
const TORN_POSSIBLE: f64 = 1.5;
const TORN_PROBABLE: f64 = 2.0;
/// Least total, for each level.
const POSSIBLE: f64 = 3.5;
const PROBABLE: f64 = 5.0;
const CERTAIN: f64 = 8.0;
/// Least share of the total that only the gateway can have written, for certainty.
const CERTAIN_GATEWAY: f64 = 4.5;

/// Explanations by which a policy began the newer session.
static POLICIES: [&items::Item; 5] = [&items::DAILY, &items::RECURRING_HOUR, &items::IDLE, &items::IDLE_OUTLIVED, &items::DAILY_SOMEWHERE];
/// Explanations by which somebody asked for it.
static WISHES: [&items::Item; 4] = [&items::RESET_ARCHIVE, &items::DELETED, &items::ARCHIVED_BEFORE_EVENT, &items::ASKED_WITH_MESSAGE];

fn sum(findings: &Findings, question: Question) -> f64 {
    findings.items.iter().filter(|evidence| evidence.item.question == question).map(|evidence| evidence.weight).sum()
}

/// Judges a pair that nothing contradicts. `None`: nothing tells that the two are one conversation.
pub fn judge(mut findings: Findings) -> Option<Verdict> {
    soften_policy(&mut findings);
    let belongs = sum(&findings, Question::Belongs);
    let innocent = sum(&findings, Question::Innocent);
    let forked = findings.has(&items::FORK) || findings.has(&items::ROTATION);
    if belongs < BELONGS && !forked {
        return None;
    }
    if belongs >= BELONGS_SURELY
        && innocent == 0.0
        && findings.has(&items::SMALL_GAP)
        && !findings.has(&items::OPENED_BY_MACHINE)
        && !findings.has(&items::RESET_IN_TURN)
        // A person's first turn with an elapsed mark: the store knew the chat at that moment, so it was not lost.
        && !findings.has(&items::ELAPSED)
    {
        let message = "it is surely the same conversation, and nothing explains why it got a new session".to_owned();
        findings.add(&items::UNEXPLAINED, super::Side::Newer, None, message);
        // It rests on what makes the two surely one, so it is worth no more than that.
        let by_gateway = |e: &&Evidence| e.item.question == Question::Belongs && e.source == Source::Gateway;
        let vouched: f64 = findings.items.iter().filter(by_gateway).map(|e| e.weight).sum();
        if vouched < BELONGS_SURELY
            && let Some(evidence) = findings.items.last_mut()
        {
            evidence.source = Source::Text;
        }
    }
    let torn = sum(&findings, Question::Torn);
    let net = torn - innocent;
    let total = belongs + net;
    let split = !forked && !findings.has(&items::GREETING) && net >= TORN_POSSIBLE && total >= POSSIBLE;
    let (kind, cause) = if split { (SeamKind::Split, cause_of_split(&findings)) } else { innocent_kind(&findings)? };
    let level = match kind {
        _ if split => level_of_split(&findings, net, total),
        // That the two belong together may be certain; that it was a policy is inferred.
        SeamKind::Rollover => level_of_innocent(&findings, belongs).min(Level::Probable),
        _ => level_of_innocent(&findings, belongs),
    };
    findings.items.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let strength = if split { total - POSSIBLE } else { belongs + innocent - POSSIBLE };
    Some(Verdict {
        kind,
        cause,
        level,
        score: 1.0 / (1.0 + (-strength).exp()),
        tie: belongs + torn.max(0.0) / 2.0,
        evidence: findings.items,
    })
}

/// A transcript that a reset would have archived, but that stands in its place, is no policy's work.
fn soften_policy(findings: &mut Findings) {
    if !(findings.has(&items::LEFT_IN_PLACE) && findings.has(&items::OPENED_BY_MACHINE)) {
        return;
    }
    for evidence in &mut findings.items {
        let share = match evidence.item.code {
            code if code == items::DAILY.code => 2.0,
            code if [items::IDLE.code, items::IDLE_OUTLIVED.code, items::DAILY_SOMEWHERE.code].contains(&code) => 4.0,
            _ => 1.0,
        };
        evidence.weight /= share;
    }
}

fn cause_of_split(findings: &Findings) -> Cause {
    if findings.has(&items::REPLAY_TORN) || (findings.has(&items::ERROR_BEFORE) && !findings.has(&items::OPENED_BY_MACHINE)) {
        return Cause::ErrorReset;
    }
    // The turn that opened the newer session names the racer; a heartbeat often carries the notice along.
    match findings.opened_by {
        Some(TurnKind::Heartbeat) => Cause::HeartbeatRace,
        _ if findings.has(&items::EXEC_TIE) => Cause::ExecNotificationRace,
        Some(_) => Cause::HeartbeatRace,
        None if findings.has(&items::HEARTBEAT_BEFORE) => Cause::HeartbeatRace,
        None => Cause::StoreLoss,
    }
}

fn innocent_kind(findings: &Findings) -> Option<(SeamKind, Cause)> {
    let has = |item| findings.has(item);
    Some(match () {
        () if has(&items::FORK) => (SeamKind::Fork, Cause::ThreadFork),
        () if has(&items::ROTATION) => (SeamKind::Fork, Cause::CompactionRotation),
        () if has(&items::GREETING) => (SeamKind::Reset, Cause::ManualReset),
        () if POLICIES.iter().any(|item| has(item)) => (SeamKind::Rollover, Cause::PolicyRollover),
        () if WISHES.iter().any(|item| has(item)) => (SeamKind::Reset, Cause::ManualReset),
        () => return None,
    })
}

fn level_of_split(findings: &Findings, net: f64, total: f64) -> Level {
    let gateway: f64 = findings
        .items
        .iter()
        .filter(|evidence| evidence.source == Source::Gateway && matches!(evidence.item.question, Question::Belongs | Question::Torn))
        .map(|evidence| evidence.weight)
        .sum();
    let decisive = [&items::EXEC_DISPLACED, &items::REPLAY_TORN, &items::LEFT_IN_PLACE].into_iter().any(|item| findings.has(item));
    let explained = findings.items.iter().any(|evidence| evidence.item.question == Question::Innocent);
    match () {
        () if total >= CERTAIN && gateway >= CERTAIN_GATEWAY && decisive && !explained => Level::Certain,
        () if total >= PROBABLE && net >= TORN_PROBABLE => Level::Probable,
        () => Level::Possible,
    }
}

fn level_of_innocent(findings: &Findings, belongs: f64) -> Level {
    match belongs {
        _ if findings.has(&items::FORK) || findings.has(&items::ROTATION) => Level::Certain,
        b if b >= BELONGS_SURELY => Level::Certain,
        b if b >= 2.0 * BELONGS => Level::Probable,
        _ => Level::Possible,
    }
}
