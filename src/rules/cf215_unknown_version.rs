//! CF215: the transcript is of a format version that is not known.

use super::{Fixable, Rule, Severity, Spot, Subject, Work};

pub(super) static RULE: Rule = Rule {
    code: "CF215",
    name: "unknown-version",
    severity: Severity::Warning,
    fixable: Fixable::None,
    on_request: false,
    summary: "The transcript is of a format version that is not known",
    doc: "\
## What it means
The header names a version above 3, or one that is no whole number. OpenClaw's releases up to 2026.9 write version 3.

## Why it hurts
What the entries mean may have changed. Everything that is reported about the file is judged by the rules of version 3.

## What to do
Look for a newer clawfix. Until then, do not repair or merge the file.
",
    work: Work::Transcript { detect, fix: None },
};

/// The newest version that is known.
const NEWEST: i64 = 3;

fn detect(subject: &Subject<'_>, spots: &mut Vec<Spot>) {
    let Some(header) = &subject.session.header else { return };
    let message = match header.version {
        Some(version) if !header.odd_version && !(1..=NEWEST).contains(&version) => {
            format!("is of format version {version}; the newest that is known is {NEWEST}")
        }
        _ if header.odd_version => "states a format version that is no whole number".to_owned(),
        _ => return,
    };
    let spot = Spot { line: Some(header.line), ..Spot::new("version", message) };
    spots.push(spot.not_mendable("look for a newer clawfix before you change this file"));
}
