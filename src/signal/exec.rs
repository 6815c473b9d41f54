//! In: an exec notice, or the text of a tool result that started a run.
//! Out: which background run it is about, and how that run ended.

use super::text::{first_line, line_len, tail};

/// How a background run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecOutcome {
    /// It ended, and the notice says so.
    Completed,
    /// It ended with an error.
    Failed,
    /// The form of the gateway: it ended, well or not.
    Finished,
    /// It was never allowed to run.
    Denied,
    /// It was killed.
    Killed,
}

/// The end of a background run, as a notice tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecExit {
    /// The run's name as written: cut to 8 characters, or whole in the form `session=..`.
    pub slug: String,
    /// How it ended.
    pub outcome: ExecOutcome,
    /// Exit code, if the notice has one.
    pub code: Option<i64>,
    /// Signal, if one ended it: `SIGTERM` or `15`.
    pub signal: Option<String>,
}

impl ExecExit {
    /// Reads a notice that `line` begins with: `Exec failed (grand-la, code 1) :: tail`.
    pub fn parse(line: &str) -> Option<ExecExit> {
        let rest = line.strip_prefix("Exec ")?;
        let (word, rest) = rest.split_once(" (")?;
        let outcome = match word {
            "completed" => ExecOutcome::Completed,
            "failed" => ExecOutcome::Failed,
            "finished" => ExecOutcome::Finished,
            "denied" => ExecOutcome::Denied,
            "killed" => ExecOutcome::Killed,
            _ => return None,
        };
        let (inside, _) = first_line(rest).split_once(')')?;
        let (mut slug, mut id, mut code, mut signal) = (None, None, None, None);
        for (at, part) in inside.split(", ").enumerate() {
            if let Some(number) = part.strip_prefix("code ") {
                code = number.trim().parse().ok();
            } else if let Some(name) = part.strip_prefix("signal ") {
                signal = Some(name.trim().to_owned());
            } else if part.contains('=') {
                for (key, value) in part.split_whitespace().filter_map(|word| word.split_once('=')) {
                    match key {
                        "session" => slug = Some(value),
                        "id" => id = Some(value),
                        _ => {}
                    }
                }
            } else if at == 0 {
                slug = Some(part.trim());
            }
        }
        let slug = slug.or(id).filter(|slug| !slug.is_empty())?.to_owned();
        Some(ExecExit { slug, outcome, code, signal })
    }
}

/// The background run that a tool result's text names:
/// `Command still running (session grand-lagoon, pid 7202). ...` gives `grand-lagoon`.
pub fn started(text: &str) -> Option<&str> {
    // Warnings of the tool may stand in front, a line each.
    let mut rest = text.trim_start();
    for _ in 0..8 {
        if let Some(named) = rest.strip_prefix("Command still running (session ") {
            let (inside, _) = first_line(named).split_once(')')?;
            let slug = inside.split(',').next()?.trim();
            return if slug.is_empty() { None } else { Some(slug) };
        }
        rest = tail(rest, line_len(rest));
        if rest.is_empty() {
            break;
        }
    }
    None
}

/// Whether a notice's slug, cut to 8 characters, can name this run. Fewer than 4 characters name nothing.
pub fn names_run(notice_slug: &str, run: &str) -> bool {
    match notice_slug.chars().count() {
        0..4 => false,
        8 => run.starts_with(notice_slug),
        _ => run == notice_slug,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn notices() {
        use ExecOutcome::*;
        type Row = (&'static str, Option<(&'static str, ExecOutcome, Option<i64>, Option<&'static str>)>);
        let table: &[Row] = &[
            ("Exec failed (tidal-ro, code 1) :: boom", Some(("tidal-ro", Failed, Some(1), None))),
            ("Exec completed (oceanic-, code 0)", Some(("oceanic-", Completed, Some(0), None))),
            ("Exec failed (amber-sa, signal 15) :: x (y)", Some(("amber-sa", Failed, None, Some("15")))),
            ("Exec failed (delta-da, signal SIGKILL) :: ", Some(("delta-da", Failed, None, Some("SIGKILL")))),
            ("Exec finished (gateway id=a2f6, session=quiet-rook, code 0)\nout", Some(("quiet-rook", Finished, Some(0), None))),
            ("Exec denied (gateway id=a2f6, approval-timeout)", Some(("a2f6", Denied, None, None))),
            ("Exec completed (mild-sea, code ?)", Some(("mild-sea", Completed, None, None))),
            ("Exec running (gateway id=a, session=b, >10s)", None),
            ("Exec failed (", None),
            ("Exec failed (abc\n)", None),
            ("exec failed (abc, code 1)", None),
            ("Exec failed (, code 1)", None),
        ];
        for (line, expected) in table {
            let got = ExecExit::parse(line);
            let got = got.as_ref().map(|e| (e.slug.as_str(), e.outcome, e.code, e.signal.as_deref()));
            assert_eq!(got, *expected, "{line}");
        }
    }

    #[test]
    fn starts() {
        let table = [
            ("Command still running (session grand-lagoon, pid 7202). Use process", Some("grand-lagoon")),
            ("Warning: no such folder.\n\nCommand still running (session a-b, pid n/a).", Some("a-b")),
            ("I saw: Command still running (session x, pid 1)", None),
            ("Command still running (session ", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(started(text), expected, "{text}");
        }
    }

    #[test]
    fn names() {
        let table = [
            ("grand-la", "grand-lagoon", true),
            ("oceanic-", "oceanic-bloom", true),
            ("mild-sea", "mild-sea", true),
            ("wild-orb", "wild-orbit", true),
            ("quiet-rook", "quiet-rook", true),
            ("quiet-roo", "quiet-rook", false),
            ("kind", "kind-gulf", false),
            ("kind", "kind", true),
            ("", "", false),
            ("abc", "abc", false),
            ("grand-la", "brisk-gulf", false),
        ];
        for (slug, run, expected) in table {
            assert_eq!(names_run(slug, run), expected, "{slug} {run}");
        }
    }
}
