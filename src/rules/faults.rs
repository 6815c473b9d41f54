//! The rules about single lines: places from the faults that reading gave, and the fault of a place.

use super::{Spot, Subject};
use crate::line::{Fault, FaultKind, Parser};
use crate::read::Quality;

/// One place for every fault that `wanted` takes.
pub(super) fn spots(subject: &Subject<'_>, wanted: impl Fn(&Fault) -> bool, spots: &mut Vec<Spot>) {
    for fault in subject.session.faults.iter().filter(|fault| wanted(fault)) {
        let message = format!("{} (byte {} of the file)", fault.kind.reason(), fault.at);
        spots.push(Spot::at_line(subject, fault.line, fault.span, message));
    }
}

/// The fault of a place.
pub(super) fn of<'a>(subject: &Subject<'a>, spot: &Spot) -> Option<&'a Fault> {
    let (line, faults) = (spot.line?, &subject.session.faults);
    let from = faults.get(faults.partition_point(|fault| fault.line < line)..)?;
    from.iter().take_while(|fault| fault.line == line).find(|fault| Some(fault.span) == spot.span)
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
    let near = bytes_at(subject, &Fault { at: fault.at.saturating_sub(1).max(fault.span.offset), ..*fault }, 16);
    let before = usize::from(fault.at > fault.span.offset);
    junk_at(&near, before).map(|(_, junk)| junk)
}

/// The literal junk that a flaw at this place of a line is due to, and where it begins.
pub(super) fn junk_at(line: &[u8], at: usize) -> Option<(usize, &'static [u8])> {
    let here = line.get(at..)?;
    // `[object` opens a list, so the flaw is a byte behind it.
    let near = at.checked_sub(1).and_then(|before| Some((before, line.get(before..)?)));
    JUNK.into_iter().find_map(|junk| match near {
        _ if here.starts_with(junk) => Some((at, junk)),
        Some((before, rest)) if junk.starts_with(b"[") && rest.starts_with(junk) => Some((before, junk)),
        _ => None,
    })
}

/// Whether a line that the loader skips stands between two entries, the first of which comes first in the file.
pub(super) fn between(subject: &Subject<'_>, first: u32, second: u32) -> bool {
    let (from, to) = (subject.session.line_of(first), subject.session.line_of(second));
    // Faults are kept in the order of the file.
    let faults = &subject.session.faults;
    let behind = faults.get(faults.partition_point(|fault| fault.line <= from)..).unwrap_or_default();
    // Beyond the last fault that is kept, nobody knows.
    let unknown = subject.session.fault_count > faults.len() as u64 && faults.last().is_none_or(|last| last.line < to);
    unknown || behind.iter().take_while(|fault| fault.line < to).any(|fault| fault.kind.loses_line())
}

/// Where the first thing stands in a line that no JSON has, in bytes; none when the line is good.
pub(super) fn first_flaw(line: &[u8]) -> Option<u64> {
    first_fault(line).map(|(_, at)| at)
}

/// What keeps a line from being one JSON value, and where, in bytes; none when it is one.
pub(super) fn first_fault(line: &[u8]) -> Option<(FaultKind, u64)> {
    let mut parser = Parser::new();
    parser.feed(line, Quality { utf8: true, control: true });
    match parser.end(true) {
        Some(Err(fault)) => Some(fault),
        Some(Ok(_)) | None => None,
    }
}
