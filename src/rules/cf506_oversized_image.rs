//! CF506: an inline image over the limits of providers.

use std::io;

use super::pictures::Inline;
use super::{Fixable, Rule, Severity, Spot, Subject, Work, cf502_moved_media, pictures};
use crate::picture::{Format, HEAD, MAX_BASE64, Picture};
use crate::repair::patch::{Patch, absolute};
use crate::session::ImageSource;

/// Pixels a side that providers take of one image.
const MAX_SIDE: u32 = 8_000;
/// Pixels a side that they take of each when a request holds many.
const MAX_SIDE_OF_MANY: u32 = 2_000;
/// More images than this in a request are many.
const MANY: usize = 20;

pub(super) static RULE: Rule = Rule {
    code: "CF506",
    name: "oversized-image",
    severity: Severity::Warning,
    fixable: Fixable::Unsafe,
    on_request: false,
    summary: "An inline image is larger than providers take",
    doc: "\
## What it means
An inline image has more than 5 MB (5,242,880 bytes) of base64, or more than 8,000 pixels a side; the size is read from its header. With
more than 20 images in the model's view the limit is 2,000 pixels a side: such images are shown as information. The limits are
those of Anthropic's interface in 2026, the strictest of the common ones.

## Why it hurts
The provider refuses a request that holds the image. The history is sent whole with each request, so the session answers
nothing any more until the image is gone from it. Many releases scale images down before they send them; an image that came in by
another way, or a session that another program continues, is not scaled.

## What the fix does
With `--unsafe-fixes` the block is replaced, in its place, by a text block that says how large the image was, and whether the same
message names its file, which the gateway then loads and scales itself; a path to it that has moved is set right, as CF502 does. The data goes to the lost-and-found.

## What it never does
It never decodes, scales or re-codes an image, removes no message, and does nothing unasked: your provider may take the
image, and only you know.

## What to do
If the session answers, leave it. If requests are refused because of an image, run `clawfix repair --select CF506 --unsafe-fixes`.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

/// The longer side in pixels, if it is known; of a photo with long notes in front the transcript is read for it.
fn side(subject: &Subject<'_>, image: &Inline<'_>) -> Option<(u32, u32)> {
    let of = |picture: Picture| Some((picture.width?, picture.height?));
    of(image.picture).or_else(|| {
        image.picture.format.filter(|format| *format != Format::Svg)?;
        let end = image.span.offset.saturating_add(image.span.len.min(HEAD as u64));
        of(Picture::read(&subject.text.read(image.span.offset..end).ok()?))
    })
}

/// How an image is too large for any request, in words.
fn excess(subject: &Subject<'_>, image: &Inline<'_>) -> Option<String> {
    if image.flaw.is_some() {
        return None;
    }
    let size = side(subject, image);
    let pixels = size.map(|(width, height)| format!("{width} x {height} pixels"));
    let bytes = pictures::megabytes(image.span.len);
    if image.span.len > MAX_BASE64 {
        return Some(pixels.map_or_else(|| bytes.clone(), |pixels| format!("{bytes}, {pixels}")));
    }
    pixels.filter(|_| size.is_some_and(|(width, height)| width.max(height) > MAX_SIDE))
}

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    if !subject.session.images.iter().any(|image| matches!(image.source, ImageSource::Inline { .. })) {
        return;
    }
    let seen = pictures::seen(subject);
    let (mut in_view, mut wide): (usize, Vec<Inline<'_>>) = (0, Vec::new());
    let mut at = None;
    for image in pictures::all(subject.session) {
        let is_seen = seen.contains(&image.entry);
        in_view = in_view.saturating_add(usize::from(is_seen));
        let Some(size) = excess(subject, &image) else {
            if is_seen && side(subject, &image).is_some_and(|(width, height)| width.max(height) > MAX_SIDE_OF_MANY) {
                wide.push(image);
            }
            continue;
        };
        // One place an entry; its fix takes all of them.
        if at.replace(image.entry) == Some(image.entry) {
            continue;
        }
        let spot = Spot::at_entry(subject, image.entry, format!("holds an image larger than providers take ({size})"));
        spots.push(if is_seen { spot } else { spot.severity(Severity::Info) });
    }
    if let (true, Some(first)) = (in_view > MANY, wide.first()) {
        let images = pictures::count(wide.len(), "image", "images");
        let message = format!(
            "shows the model {in_view} images at once, and {images} of over {MAX_SIDE_OF_MANY} pixels a side, which providers refuse in requests of more than {MANY}"
        );
        let help = "if requests are refused because of it, let OpenClaw compact the session, which takes old images out of view";
        let spot = Spot::at_entry(subject, first.entry, message).severity(Severity::Info).not_mendable(help);
        spots.push(Spot { identity: "many".to_owned(), ..spot });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(entry), Some(line)) = (spot.entry, spot.span) else { return Ok(None) };
    let named = pictures::of_entry(subject.session, entry).iter().any(|image| match &image.source {
        ImageSource::Reference { path: Some(path), .. } => subject.agent.media.resolve(path).path().is_some(),
        _ => false,
    });
    let file = if named { "; its file is named in this message" } else { "" };
    let large: Vec<(Inline<'_>, String)> =
        pictures::inline_of(subject.session, entry).filter_map(|image| Some((image, excess(subject, &image)?))).collect();
    let mut patch = Patch::new();
    let good = patch.within(subject, line, |patch, tree| {
        for (image, size) in &large {
            let Some(block) = pictures::block(tree, line, image.span) else { continue };
            let text = format!("[image left out: {size}, more than providers take{file}]");
            patch.replace(absolute(line, block.range()), pictures::text_block(&text));
        }
    })?;
    // From now on the reference is what is left, so it has to lead to the file.
    cf502_moved_media::set_right(subject, entry, line, &mut patch)?;
    Ok((good && !patch.is_empty()).then_some(patch))
}
