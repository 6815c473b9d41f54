//! The `version` of a header in, the number that JavaScript compares out.

use crate::line::{Id, Line, Slot};

/// The format version as the loader's comparisons take it, and whether it is written as anything but a whole number.
pub(super) fn of(line: &Line<'_>) -> (Option<i64>, bool) {
    /// What a value compares like that is no number: neither below 2 nor below 3, so nothing is upgraded.
    const NO_NUMBER: i64 = 3;
    let raw = match line.id_of(Slot::Version) {
        Id::Missing => return (None, false),
        Id::Null => return (None, true),
        Id::Text(text) if text.trim().is_empty() => return (Some(0), true),
        Id::Text(text) => text.trim().to_owned(),
        Id::Other(raw) if raw == "true" => return (Some(1), true),
        Id::Other(raw) if raw == "false" => return (Some(0), true),
        Id::Other(raw) => raw.into_owned(),
    };
    let whole = line.integer_of(Slot::Version).filter(|_| raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
    if let Some(whole) = whole {
        return (Some(whole), false);
    }
    let number = raw.parse::<f64>().ok().filter(|number| number.abs() < 9.0e15);
    #[allow(clippy::cast_possible_truncation, reason = "checked against the range just before")]
    (Some(number.map_or(NO_NUMBER, |number| number.floor() as i64)), true)
}
