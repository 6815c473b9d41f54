//! CF412: thinking blocks whose signature is missing, absurdly long, or another's.

use std::collections::{HashMap, HashSet};

use super::{Fixable, Rule, Severity, Spot, Subject, Work};
use crate::repair::patch::range_of;
use crate::session::{Entry, Thought};
use crate::stitch::fields::locate;

pub(super) static RULE: Rule = Rule {
    code: "CF412",
    name: "odd-signature",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "Thinking blocks have signatures that a provider would not give",
    doc: "\
## What it means
Providers sign what a model thought, and want the thought back with its signature. Here a signature is missing although other
thoughts from the same provider in this transcript have one, or is longer than 512 KiB, or stands on several different
messages.

The longest thoughts that models are allowed (some 64,000 tokens) make signatures of up to about 350 KiB. Providers that
write the name of a field instead (`reasoning_content`) give the same one to every thought; signatures shorter than 64 bytes
are therefore not compared. Answers that failed are not looked at, since requests leave them out.

## Why it hurts
A provider that checks signatures refuses the whole request (`Invalid signature in thinking block`), on every turn, until the
session is reset. OpenClaw drops thoughts without a signature in some releases and sends them as they are in others. A
signature of megabytes fills the context window with what nobody can read.

## What to do
Nothing, as long as the provider accepts the session. If it refuses: a provider other than the one that thought the thoughts,
or thinking switched off, gets the session going again. clawfix does not take thoughts away.
",
    work: Work::Transcript { detect, fix: None },
};

/// Longer than any signature that a provider is known to give.
const ABSURD: u64 = 512 * 1024;
/// Shorter ones are words, such as the name of a field, and no signatures.
const REAL: u64 = 64;
/// Messages of each sort whose provider is looked up.
const LOOKED_UP: usize = 64;
/// Interfaces that sign each and every thought; others sign some.
const SIGNING: [&str; 2] = ["anthropic-messages", "bedrock-converse-stream"];

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let session = subject.session;
    let entry = |thought: &Thought| session.entry(thought.entry).filter(|entry| !entry.flags.failed);
    let thoughts = || session.thoughts.iter().filter_map(|thought| Some((thought, entry(thought)?)));
    let long: Vec<(&Thought, &Entry)> = thoughts().filter(|(thought, _)| thought.signature.is_some_and(|(len, _)| len > ABSURD)).collect();
    let longest = long.iter().filter_map(|(thought, _)| Some(thought.signature?.0)).max().unwrap_or_default();
    report(subject, "long", &long, |count| format!("{count} with a signature of up to {longest} bytes"), spots);

    let mut owners: HashMap<(u64, u64), &Entry> = HashMap::new();
    let mut repeated = Vec::new();
    for (thought, entry) in thoughts() {
        let Some(signature) = thought.signature.filter(|(len, _)| *len >= REAL) else { continue };
        let owner = *owners.entry(signature).or_insert(entry);
        // The same entry written twice is another fault.
        if owner.id != entry.id {
            repeated.push((thought, entry));
        }
    }
    report(subject, "repeated", &repeated, |count| format!("{count} with the signature of another message's"), spots);

    let unsigned: Vec<(&Thought, &Entry)> = thoughts().filter(|(thought, _)| thought.signature.is_none_or(|(len, _)| len == 0)).collect();
    if unsigned.is_empty() {
        return;
    }
    let signed = thoughts().filter(|(thought, _)| thought.signature.is_some_and(|(len, _)| len >= REAL));
    let signers: HashSet<String> = signed.take(LOOKED_UP).filter_map(|(_, entry)| signer(subject, entry)).collect();
    let missing: Vec<(&Thought, &Entry)> = unsigned
        .into_iter()
        .take(LOOKED_UP)
        .filter(|(_, entry)| signer(subject, entry).is_some_and(|who| signers.contains(&who)))
        .collect();
    report(subject, "missing", &missing, |count| format!("{count} without a signature, where others of the same provider have one"), spots);
}

/// Provider and interface of an assistant, where that signs every thought.
fn signer(subject: &Subject<'_>, entry: &Entry) -> Option<String> {
    /// Names are short.
    const MAX_NAME: u64 = 256;
    let line = subject.text.open(range_of(entry.span)).ok()?;
    let located = locate(line, &["message.api", "message.provider"]).ok()?;
    let text = |path: usize| {
        let range = located.last(path)?;
        let short = range.start..range.end.min(range.start.saturating_add(MAX_NAME));
        let raw = subject.text.read(entry.span.offset + short.start..entry.span.offset + short.end).ok()?;
        serde_json::from_slice::<String>(&raw).ok()
    };
    let (api, provider) = (text(0)?, text(1)?);
    SIGNING.contains(&api.as_str()).then(|| format!("{api}\0{provider}"))
}

fn report(subject: &Subject<'_>, what: &str, found: &[(&Thought, &Entry)], words: impl Fn(String) -> String, spots: &mut Vec<Spot>) {
    let Some((thought, entry)) = found.first() else { return };
    let count = if found.len() == 1 { "1 thought".to_owned() } else { format!("{} thoughts", found.len()) };
    let identity = format!("{what} {}", subject.id_text(thought.entry).unwrap_or_default());
    let mut spot = Spot::new(identity, words(count)).not_mendable("clawfix explain CF412");
    (spot.line, spot.span, spot.entry, spot.at_ms) = (Some(u64::from(entry.line)), Some(entry.span), Some(thought.entry), entry.time());
    spots.push(spot);
}
