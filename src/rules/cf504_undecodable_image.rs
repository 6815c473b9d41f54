//! CF504: inline image data that no provider decodes.

use std::io;

use super::{Fixable, Rule, Severity, Spot, Subject, Work, pictures};
use crate::picture::{Cure, Flaw, cure};
use crate::repair::patch::{Patch, absolute};

/// What stands where an image was that nothing can be made of.
const PLACEHOLDER: &str = "[image data could not be decoded]";

pub(super) static RULE: Rule = Rule {
    code: "CF504",
    name: "undecodable-image",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "The inline data of an image is no base64, so providers refuse every request that holds it",
    doc: "\
## What it means
An image block holds `data` that is not the base64 of an image as providers take it: a byte that is not of the alphabet, letters or
padding missing because it was cut off, no data at all, or a whole `data:image/png;base64,...` address instead of its last part.

## Why it hurts
The history is sent whole with each request, so one such block makes the provider refuse all of them: the session answers nothing
any more, whatever is written to it. Releases from February 2026 on replace such blocks when they load a session; older ones, and
other programs that read the file, do not. In a branch that the model does not see it waits for the day when the branch is taken.

## What the fix does
Where the data is whole and only written in a way that providers refuse, the value is set right and the image stays: the front of a
`data:` address is cut off, line breaks are taken out, the url-safe letters become the ordinary ones, missing padding is put
behind. It is called whole only if it begins and ends as an image does. Everything else is replaced, in its place, by a text block that says
`[image data could not be decoded]`; the bytes go to the lost-and-found.

## What it never does
It removes no message and no other block, and it never guesses bytes that are missing.

## What to do
Run `clawfix repair`. If the message names the file of the image, the gateway shows that one again. What was cut off in the
middle may still show its upper part: the lost-and-found has the data.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

fn reason(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::BadByte { .. } => "a byte that is no base64",
        Flaw::BadLength => "base64 that ends in the middle of a byte",
        Flaw::BadPadding => "wrong padding",
        Flaw::Empty => "no data",
        Flaw::DataUrl => "a data: address instead of base64",
    }
}

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let found = pictures::entries(subject.session, |image| image.flaw.is_some());
    if found.is_empty() {
        return;
    }
    let seen = pictures::seen(subject);
    for (entry, images) in found {
        let Some(flaw) = images.first().and_then(|image| image.flaw) else { continue };
        let bytes: u64 = images.iter().map(|image| image.span.len).sum();
        let what = pictures::count(images.len(), "inline image", "inline images");
        let message = format!("holds {what} that cannot be decoded: {} ({bytes} bytes)", reason(flaw));
        let spot = Spot::at_entry(subject, entry, message);
        spots.push(if seen.contains(&entry) { spot } else { spot.severity(Severity::Warning) });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(entry), Some(line)) = (spot.entry, spot.span) else { return Ok(None) };
    let mut patch = Patch::new();
    let good = patch.within(subject, line, |patch, tree| {
        for image in pictures::inline_of(subject.session, entry).filter(|image| image.flaw.is_some()) {
            let Some(block) = pictures::block(tree, line, image.span) else { continue };
            let data = image.span.offset..image.span.offset.saturating_add(image.span.len);
            match block.get("data").and_then(|value| value.text_raw()).and_then(cure) {
                Some(Cure::Front(front)) => patch.cut(data.start..data.start.saturating_add(front as u64)),
                Some(Cure::Text(text)) => patch.replace(data, text),
                None => patch.replace(absolute(line, block.range()), pictures::text_block(PLACEHOLDER)),
            }
        }
    })?;
    Ok((good && !patch.is_empty()).then_some(patch))
}
