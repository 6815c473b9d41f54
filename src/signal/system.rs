//! In: a text at a place where the gateway puts system lines.
//! Out: how much of it one system line takes, when it happened, and the exec notice it holds.

use super::clock::Clock;
use super::exec::ExecExit;
use super::text::{first_line, line_len, tail};
use super::{info, marks, prompt};

/// One system line with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SystemLine {
    /// Bytes that it takes.
    pub len: usize,
    /// When it happened.
    pub clock: Option<Clock>,
    /// The end of a background run, if it tells one.
    pub exit: Option<ExecExit>,
}

/// Reads the system line that `rest` begins with: `System: [T] ...`, `System (untrusted): [T] ...`, or a bare exec notice.
pub(super) fn eat(rest: &str) -> Option<SystemLine> {
    if !rest.starts_with("System") && !rest.starts_with("Exec ") {
        return None;
    }
    let line = first_line(rest);
    let (clock, event) = match opening(line) {
        Some((clock, event)) => (Some(clock), event),
        None => (None, line),
    };
    let exit = ExecExit::parse(event);
    if clock.is_none() && exit.is_none() {
        return None;
    }
    // The form of the gateway puts the output on the next line. Other events of several lines end at an empty line.
    let own = line_len(rest);
    let after = tail(rest, own);
    let always = event.starts_with("Exec finished (") || event.starts_with("Exec denied (");
    Some(SystemLine { len: own + continuation(after, always), clock, exit })
}

fn opening(line: &str) -> Option<(Clock, &str)> {
    let rest = line.strip_prefix("System: ").or_else(|| line.strip_prefix("System (untrusted): "))?;
    let (stamp, event) = rest.strip_prefix('[')?.split_once(']')?;
    Some((Clock::parse(stamp)?, event.trim_start()))
}

/// How much of `text` goes on with an event: up to an empty line, or a line that begins something else.
/// Up to the end only when the event is known to go on (`always`): else the last paragraph is somebody's message.
fn continuation(text: &str, always: bool) -> usize {
    let mut at = 0;
    while at < text.len() {
        let rest = tail(text, at);
        let line = first_line(rest);
        if line.trim().is_empty()
            || opening(line).is_some()
            || ExecExit::parse(line).is_some()
            || prompt::classify(rest).is_some()
            || marks::begins(line)
            || info::is_header(line)
            || super::envelope::parse(rest).is_some()
        {
            return at;
        }
        at += line_len(rest);
    }
    if always { at } else { 0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn lines() {
        let table = [
            ("System: [2026-11-22T06:58:50Z] Exec failed (tidal-ro, code 1) :: boom\n\nRead", "\nRead", Some("tidal-ro")),
            ("System (untrusted): [2026-04-18 01:37:23 GMT-3] Exec completed (tender-b, code 1) :: x\n", "", Some("tender-b")),
            ("System: [2026-04-18 01:37 GMT-3] Node connected\nmore of it\n\nhello", "\nhello", None),
            ("System: [2026-04-18 01:37 GMT-3] Node connected\nhello", "hello", None),
            ("System: [2026-02-26 00:28 UTC] Exec finished (gateway id=a, session=quiet-rook, code 0)\nout put", "", Some("quiet-rook")),
            ("Exec completed (mild-sea, code 0) :: x\n\nhi", "\nhi", Some("mild-sea")),
            (
                "System: [2026-02-26 00:28 UTC] a\nSystem: [2026-02-26 00:28 UTC] Exec failed (mild-sea, code 0)\n\nx",
                "System: [2026-02-26 00:28 UTC] Exec failed (mild-sea, code 0)\n\nx",
                None,
            ),
        ];
        for (text, rest, slug) in table {
            let line = eat(text).unwrap();
            assert_eq!(tail(text, line.len), rest, "{text}");
            assert_eq!(line.exit.map(|e| e.slug).as_deref(), slug, "{text}");
        }
        for text in ["System: hello", "System: [soon] x", "system: [2026-02-26 00:28 UTC] x", "Exec me (now)", ""] {
            assert_eq!(eat(text), None, "{text}");
        }
    }
}
