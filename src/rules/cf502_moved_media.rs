//! CF502: an image is named by a path that is no longer its own.

use std::collections::HashMap;
use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work, pictures};
use crate::foreign;
use crate::media::{Resolution, rewrite};
use crate::read::Span;
use crate::repair::patch::{Patch, absolute, range_of};
use crate::session::mentions::entries_with_inline;
use crate::session::{Image, ImageSource, ReferenceForm};
use crate::signal::image::ImageForm;

pub(super) static RULE: Rule = Rule {
    code: "CF502",
    name: "moved-media",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "An image is named by a path where its file no longer is, though the file is there",
    doc: "\
## What it means
A message names an image by an absolute path that leads nowhere, and the file lies elsewhere: under the agent's media folders by the
same name, or where a `--map OLD=NEW` rule leads. State directories move (`.clawdbot` became `.openclaw` in January 2026, another
home, another machine, into a container), and the transcripts go on naming the old place. OpenClaw names media files by uuid, so
the same name is the same image.

## Why it hurts
OpenClaw loads a named file again when it rebuilds the history, by the path as it is written. It does not look elsewhere, so the
model has lost an image that is still on the disk.

## What the fix does
Writes the path where the file is in the place of the old one, in the text and in the `MediaPath` fields of the message. The rest of the line
stays byte for byte.

## What it never does
It moves no file. It leaves relative paths, `~` and `media://` alone, which the gateway resolves itself, and what the assistant
sent, which the model never saw as an image. On a copy it changes nothing: there the old paths are the true ones, and only the
machine that the transcripts live on can say otherwise.

## What to do
Run `clawfix repair` on the machine where the gateway runs. What is found in a copy says what would be mended there.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

/// Where the image references of entries should lead: the path that is written, and what should be.
type Wishes<'a> = Vec<(&'a str, Option<String>)>;

/// The entries with a reference that should lead elsewhere, with all references of each.
fn moved<'a>(subject: &Subject<'a>) -> Vec<(u32, Wishes<'a>)> {
    let session = subject.session;
    let inline = entries_with_inline(session);
    let mut known: HashMap<&str, Option<String>> = HashMap::new();
    let mut found = Vec::new();
    for images in session.images.chunk_by(|a, b| a.entry == b.entry) {
        let Some(entry) = images.first().map(|image| image.entry) else { continue };
        // The loader shows the image that is there.
        if inline.contains(&entry) {
            continue;
        }
        let wishes = wishes_of(subject, images, &mut known);
        if wishes.iter().any(|(_, to)| to.is_some()) {
            found.push((entry, wishes));
        }
    }
    found
}

/// Where the references of one entry should lead.
fn wishes_of<'a>(subject: &Subject<'a>, images: &'a [Image], known: &mut HashMap<&'a str, Option<String>>) -> Wishes<'a> {
    let mut wishes: Wishes<'_> = Vec::new();
    for image in images {
        let ImageSource::Reference { form, path: Some(path) } = &image.source else { continue };
        let to = known.entry(path).or_insert_with(|| new_place(subject, path)).clone();
        wishes.push((path, to.filter(|to| fits(*form, to))));
    }
    wishes
}

/// Writes the places of its files into an entry's line, whether or not it holds an image inline; on a copy it writes nothing.
pub(super) fn set_right(subject: &Subject<'_>, entry: u32, line: Span, patch: &mut Patch) -> io::Result<()> {
    let wishes = wishes_of(subject, pictures::of_entry(subject.session, entry), &mut HashMap::new());
    if !subject.agent.dir.live || wishes.iter().all(|(_, to)| to.is_none()) {
        return Ok(());
    }
    let wishes: Vec<rewrite::Wish<'_>> = wishes.iter().map(|(from, to)| (*from, to.as_deref())).collect();
    let bytes = subject.text.read(range_of(line))?;
    for (range, bytes) in rewrite::rewrites(&bytes, &wishes) {
        patch.set(absolute(line, range), bytes);
    }
    Ok(())
}

/// Where the file of a path is, when that is elsewhere.
fn new_place(subject: &Subject<'_>, path: &str) -> Option<String> {
    let local = path.starts_with("file:") || (foreign::is_absolute(path) && !path.starts_with('~'));
    if !local {
        return None;
    }
    match subject.agent.media.resolve(path) {
        Resolution::Mapped(to) | Resolution::ByName(to) => {
            // It is written into a transcript, which is read from anywhere; one that is no text cannot be.
            let to = std::path::absolute(to).ok()?;
            to.to_str().map(str::to_owned).filter(|to| to != path)
        }
        Resolution::AsIs(_) | Resolution::Missing => None,
    }
}

/// Whether a path can stand where a reference of that form stands, and be read as one path again.
fn fits(form: ReferenceForm, to: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !"\"'`<>|*?[](){}".contains(c);
    match form {
        ReferenceForm::Field => true,
        ReferenceForm::Text(ImageForm::MediaAttached | ImageForm::ImageSource) => !to.contains(['[', ']', '|', '\n', '\r']),
        ReferenceForm::Text(ImageForm::FileUrl | ImageForm::BarePath) => to.chars().all(plain),
        // The assistant sent it, and never saw it.
        ReferenceForm::Text(ImageForm::MediaLine) => false,
        ReferenceForm::Text(ImageForm::MediaUri | ImageForm::MediaTag | ImageForm::PrunedMark) => false,
    }
}

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let found = moved(subject);
    let named = |wishes: &Wishes<'_>| wishes.iter().filter(|(_, to)| to.is_some()).count();
    let first = |wishes: &Wishes<'_>| wishes.iter().find(|(_, to)| to.is_some()).map(|(path, _)| pictures::name(path)).unwrap_or_default();
    if !subject.agent.dir.live {
        let Some((entry, wishes)) = found.first() else { return };
        let total = pictures::count(found.iter().map(|(_, wishes)| named(wishes)).sum(), "image", "images");
        let message = format!("names {total} by paths of another place; the files are here (the first: {})", first(wishes));
        let help =
            "nothing to do in a copy, whose paths are those of its origin; on the machine that it came from, run clawfix repair there";
        let spot = Spot::at_entry(subject, *entry, message).severity(Severity::Info).not_mendable(help);
        spots.push(Spot { identity: "copy".to_owned(), ..spot });
        return;
    }
    for (entry, wishes) in found {
        let total = pictures::count(named(&wishes), "image", "images");
        let message = format!("names {total} by a path where the file no longer is, though it is there: {}", first(&wishes));
        spots.push(Spot::at_entry(subject, entry, message));
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(at), Some(span)) = (spot.entry, spot.span) else { return Ok(None) };
    let mut patch = Patch::new();
    set_right(subject, at, span, &mut patch)?;
    Ok((!patch.is_empty()).then_some(patch))
}
