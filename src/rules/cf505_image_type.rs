//! CF505: the declared type of an inline image is not what its bytes are.

use std::io;

use super::pictures::Inline;
use super::{Fixable, Rule, Severity, Spot, Subject, Work, pictures};
use crate::repair::patch::{Patch, absolute, quoted};

pub(super) static RULE: Rule = Rule {
    code: "CF505",
    name: "image-type",
    severity: Severity::Error,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "The declared type of an inline image is not what its bytes are, so providers refuse the request",
    doc: "\
## What it means
An image block states a `mimeType` that its bytes contradict: a PNG that is called `image/jpeg`, a JPEG that is called `image/jpg`,
or no type at all. Channels and tools go by the ending of a file's name, and screenshots are often saved under the wrong one.

## Why it hurts
Providers compare the type with the first bytes and refuse the request. The history is sent whole with each request, so every
later one is refused as well: the session answers nothing any more. Later releases look at the bytes themselves before they
send; older ones do not. In a branch that the model does not see it waits for the day when the branch is taken.

## What the fix does
Sets `mimeType` to what the bytes are.

## What it never does
It does not touch the data. Where the bytes are no image that clawfix knows, it leaves the type as it is.

## What to do
Run `clawfix repair`. An image that is HEIC, TIFF or BMP after that is named rightly, yet most providers take only PNG, JPEG, GIF and
WebP; send it again as one of these.
",
    work: Work::Transcript { detect, fix: Some(fix) },
};

/// The type that an image should state, where it states another.
fn right(image: &Inline<'_>) -> Option<&'static str> {
    let format = image.picture.format.filter(|_| image.flaw.is_none())?;
    let stated = image.mime.unwrap_or_default();
    let essence = stated.split(';').next().unwrap_or_default().trim();
    (!essence.eq_ignore_ascii_case(format.mime())).then_some(format.mime())
}

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let found = pictures::entries(subject.session, |image| right(image).is_some());
    if found.is_empty() {
        return;
    }
    let seen = pictures::seen(subject);
    for (entry, images) in found {
        let Some((first, is)) = images.first().and_then(|image| Some((image, right(image)?))) else { continue };
        let stated = match first.mime.filter(|mime| !mime.is_empty()) {
            Some(mime) => format!("calls itself {}", pictures::name_of_type(mime)),
            None => "states no type".to_owned(),
        };
        let more = if images.len() > 1 { format!("; {} in this message", images.len()) } else { String::new() };
        let spot = Spot::at_entry(subject, entry, format!("holds an image that {stated} and is {is}{more}"));
        spots.push(if seen.contains(&entry) { spot } else { spot.severity(Severity::Warning) });
    }
}

fn fix(subject: &Subject<'_>, spot: &Spot) -> io::Result<Option<Patch>> {
    let (Some(entry), Some(line)) = (spot.entry, spot.span) else { return Ok(None) };
    let mut patch = Patch::new();
    let good = patch.within(subject, line, |patch, tree| {
        for image in pictures::inline_of(subject.session, entry) {
            let (Some(is), Some(block)) = (right(&image), pictures::block(tree, line, image.span)) else { continue };
            match (block.get("mimeType"), block.get("data")) {
                (Some(stated), _) => patch.set(absolute(line, stated.range()), quoted(is)),
                (None, Some(data)) => {
                    let behind = absolute(line, data.range()).end;
                    patch.insert(behind, [b",\"mimeType\":".to_vec(), quoted(is)].concat());
                }
                (None, None) => {}
            }
        }
    })?;
    Ok((good && !patch.is_empty()).then_some(patch))
}
