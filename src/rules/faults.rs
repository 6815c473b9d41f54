//! The rules about single lines: places from the faults that reading gave, and the fault of a place.

use super::{Spot, Subject};
use crate::line::{Fault, FaultKind};

/// One place for every fault that `wanted` takes.
pub(super) fn spots(subject: &Subject<'_>, wanted: impl Fn(&Fault) -> bool, spots: &mut Vec<Spot>) {
    for fault in subject.session.faults.iter().filter(|fault| wanted(fault)) {
        let message = format!("{} (byte {} of the file)", fault.kind.reason(), fault.at);
        spots.push(Spot::at_line(subject, fault.line, fault.span, message));
    }
}

/// The fault of a place.
pub(super) fn of<'a>(subject: &Subject<'a>, spot: &Spot) -> Option<&'a Fault> {
    subject.session.faults.iter().find(|fault| Some(fault.line) == spot.line && Some(fault.span) == spot.span)
}

/// The bytes at a fault, up to that many.
pub(super) fn bytes_at(subject: &Subject<'_>, fault: &Fault, most: u64) -> Vec<u8> {
    let end = fault.span.offset.saturating_add(fault.span.len).min(fault.at.saturating_add(most));
    subject.text.read(fault.at..end).unwrap_or_default()
}

/// Whether the fault is a raw control byte inside a string.
pub(super) fn is_control(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::NotJson(crate::line::token::Flaw::Control(_)))
}

/// Words and marks that programs leave where JSON should be.
const JUNK: [&[u8]; 4] = [b"undefined", b"NaN", b"[object Object]", "\u{FEFF}".as_bytes()];

/// The literal junk at a fault, if that is what it is.
pub(super) fn junk(subject: &Subject<'_>, fault: &Fault) -> Option<&'static [u8]> {
    if !matches!(fault.kind, FaultKind::NotJson(crate::line::token::Flaw::Unexpected(_))) {
        return None;
    }
    // `[object` opens a list, so the fault is a byte behind it.
    let near = bytes_at(subject, &Fault { at: fault.at.saturating_sub(1).max(fault.span.offset), ..*fault }, 16);
    let here = bytes_at(subject, fault, 16);
    JUNK.into_iter().find(|junk| here.starts_with(junk) || (junk.starts_with(b"[") && near.starts_with(junk)))
}
