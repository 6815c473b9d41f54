//! CF501: an image is named whose file is nowhere.

use std::collections::HashSet;

use super::{Fixable, Rule, Severity, Spot, Subject, Work, pictures};
use crate::session::ImageSource;
use crate::session::mentions::mentions;

pub(super) static RULE: Rule = Rule {
    code: "CF501",
    name: "missing-media",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "An image is named whose file is nowhere, and no copy of it is in the message",
    doc: "\
## What it means
A message names an image by its path, such as `[media attached: ...]`, `[Image: source: ...]` or, from May 2026 on, `MediaPath`. The
file is not there, no file of that name lies under the agent's media folders, and the message holds no inline copy. A file counts
once, however often it is named. A path in somebody's words rather than in a form of the gateway, a file that the assistant sent and
that was deleted since, and marks of removed image data in messages that name no file are shown as information.

## Why it hurts
OpenClaw loads a named file into the model's view again whenever it rebuilds the history, and skips it silently when the file is gone:
the assistant no longer sees what it talks about. Media files are cleaned up by age, get lost when a state directory moves without
its `media` folder, and are missing in copies that were made of the transcripts alone.

## What to do
If the file is in a backup, copy it back under the media folder; its name is enough, `clawfix repair --select CF502` then mends the
path. If the media lie elsewhere on this machine, name the place with `--map OLD=NEW`. A copy of the transcripts alone misses its
media by nature: scan the state directory itself.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    for mention in mentions(subject.session) {
        if mention.beside || subject.agent.media.resolve(mention.path).path().is_some() {
            continue;
        }
        let name = pictures::name(mention.path);
        let times = if mention.times > 1 { format!(", named in {} messages", mention.times) } else { String::new() };
        let (message, severity) = match (mention.sent, mention.attached) {
            (true, _) => (format!("sent an image whose file is gone since: {name}{times}"), Some(Severity::Info)),
            (_, true) => (format!("refers to an image whose file is nowhere: {name}{times}"), None),
            _ => (format!("has the path of an image in its text whose file is nowhere: {name}{times}"), Some(Severity::Info)),
        };
        let help = match subject.agent.dir.media_roots.first() {
            Some(root) => format!("if it is in a backup, copy it to {}; if it lies elsewhere, scan with --map OLD=NEW", root.display()),
            None => "if the media folder lies elsewhere, scan with --map OLD=NEW".to_owned(),
        };
        let spot = Spot::at_entry(subject, mention.entry, message).not_mendable(help);
        let identity = crate::foreign::basename(mention.path).to_lowercase();
        spots.push(Spot { identity, severity, ..spot });
    }
    pruned(subject, spots);
}

/// Marks of removed data in messages that name no file, all in one.
fn pruned(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let images = &subject.session.images;
    let named: HashSet<u32> = images
        .iter()
        .filter(|image| matches!(image.source, ImageSource::Reference { path: Some(_), .. }))
        .map(|image| image.entry)
        .collect();
    let mut bare = images
        .iter()
        .filter(|image| matches!(image.source, ImageSource::Reference { path: None, .. }) && !named.contains(&image.entry))
        .map(|image| image.entry);
    let Some(first) = bare.next() else { return };
    let marks = pictures::count(bare.count().saturating_add(1), "mark", "marks");
    let message = format!("has {marks} of removed image data in messages that name no file; nothing of those images is left here");
    let spot = Spot::at_entry(subject, first, message).severity(Severity::Info);
    spots.push(Spot { identity: "marks".to_owned(), mendable: false, ..spot });
}
