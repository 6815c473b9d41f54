//! CF507: the same image stands inline many times.

use std::collections::HashMap;

use super::{Fixable, Rule, Severity, Spot, Subject, Work, pictures};

/// So often is many.
const MANY: u64 = 3;

pub(super) static RULE: Rule = Rule {
    code: "CF507",
    name: "repeated-image",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "The same image stands inline three times or more in what the model sees",
    doc: "\
## What it means
The messages that the model sees hold the same image, byte for byte as far as its length and both its ends tell, three times or more. Tools that read a
picture again with every look, a quoted message with its picture, and screenshots of a page that did not change do that.

## Why it hurts
Each copy costs its tokens and its bytes with every request, brings the next compaction nearer, and counts towards the number
of images from which on providers want smaller ones.

## What to do
Nothing is damaged. If the session is slow or dear, ask for a compaction (`/compact`); OpenClaw also takes the data of older images out
by itself.
",
    work: Work::Transcript { detect, fix: None },
};

/// An image and its copies.
#[derive(Debug, Clone, Copy)]
struct Copies {
    first: u32,
    times: u64,
    len: u64,
}

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if pictures::all(subject.session).nth(2).is_none() {
        return;
    }
    let seen = pictures::seen(subject);
    let mut copies: HashMap<u64, Copies> = HashMap::new();
    for image in pictures::all(subject.session).filter(|image| image.span.len > 0 && seen.contains(&image.entry)) {
        let known = copies.entry(image.fingerprint).or_insert(Copies { first: image.entry, times: 0, len: image.span.len });
        known.times = known.times.saturating_add(1);
    }
    let mut many: Vec<(u64, Copies)> = copies.into_iter().filter(|(_, copies)| copies.times >= MANY).collect();
    many.sort_by_key(|(fingerprint, copies)| (copies.first, *fingerprint));
    for (fingerprint, copies) in many {
        let wasted = copies.len.saturating_mul(copies.times.saturating_sub(1));
        let message = format!("shows the model the same image {} times; {wasted} bytes of base64 are spent on the copies", copies.times);
        let spot = Spot::at_entry(subject, copies.first, message).not_mendable("nothing is damaged; a compaction takes them out of view");
        spots.push(Spot { identity: format!("{fingerprint:016x}"), ..spot });
    }
}
