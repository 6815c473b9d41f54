//! CF503: image data was removed, and the file that it came from is there.

use super::{Fixable, Rule, Severity, Spot, Subject, Work, pictures};
use crate::session::ImageSource;

pub(super) static RULE: Rule = Rule {
    code: "CF503",
    name: "pruned-image",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "The data of an image was removed; its file is still there, and the reference suffices",
    doc: "\
## What it means
A message holds the mark `[image data removed - already processed by model]`, or one like it: OpenClaw takes the base64 of images out
of older turns so that the requests stay small. The same message names the file, and the file is there.

## Why it hurts
It does not: as long as the file stays, the image can be shown to the model again, and `clawfix relink` carries it over into
another session. It becomes a loss when the media folder is cleaned by age.

## What to do
Nothing needs mending. Keep the media folder in your backups; where the file itself is gone, that is CF501.
",
    work: Work::Transcript { detect, fix: None },
};

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let (mut marks, mut first) = (0usize, None);
    for images in subject.session.images.chunk_by(|a, b| a.entry == b.entry) {
        let of_entry = images.iter().filter(|image| matches!(image.source, ImageSource::Reference { path: None, .. })).count();
        let there = || {
            images.iter().any(|image| match &image.source {
                ImageSource::Reference { path: Some(path), .. } => subject.agent.media.resolve(path).path().is_some(),
                _ => false,
            })
        };
        if of_entry > 0 && there() {
            marks = marks.saturating_add(of_entry);
            first = first.or(images.first().map(|image| image.entry));
        }
    }
    let Some(first) = first else { return };
    let images = pictures::count(marks, "image", "images");
    let message = format!("had the data of {images} removed; the files that the same messages name are there, and suffice");
    let spot = Spot::at_entry(subject, first, message).not_mendable("nothing to mend; keep the media folder in your backups");
    spots.push(Spot { identity: "marks".to_owned(), ..spot });
}
