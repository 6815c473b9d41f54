//! The report as workflow commands of GitHub Actions: annotations on the run, the worst first.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::place::Places;
use super::table::many;
use super::{Outcome, Report, safe};
use crate::rules::{Finding, Severity};

/// Annotations of one type that GitHub shows of a step; it drops the others without a word.
const SHOWN: usize = 10;

/// The format `github`.
#[derive(Debug)]
pub struct Github;

impl Report for Github {
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
        let places = Places::new(&outcome.scan.roots);
        let mut findings: Vec<&Finding> = outcome.findings.iter().collect();
        findings.sort_by_key(|finding| Reverse(finding.severity));
        // The last of the notices is ours.
        let mut room = [SHOWN - 1, SHOWN, SHOWN];
        let mut left_out = 0u64;
        for finding in findings {
            match room.get_mut(finding.severity as usize) {
                Some(room) if *room > 0 => *room -= 1,
                _ => {
                    left_out += 1;
                    continue;
                }
            }
            annotate(finding, &places, out)?;
        }
        let summary = outcome.summary();
        let mut last = format!(
            "{}, {} in {}",
            many(summary.findings.error + summary.findings.warning + summary.findings.info, "finding"),
            many(summary.splits, "split"),
            many(summary.conversations, "conversation"),
        );
        if left_out > 0 {
            last.push_str(&format!(
                "; {left_out} of the findings are not shown here, as GitHub shows {SHOWN} of a type: the other formats list all"
            ));
        }
        if summary.unreadable > 0 {
            last.push_str(&format!("; {} could not be read, so this report is incomplete", many(summary.unreadable, "thing")));
        }
        if let Some(text) = super::baseline_line(outcome) {
            last.push_str(&format!("; {text}"));
        }
        writeln!(out, "::notice title=clawfix::{}", data(&last))
    }
}

fn annotate(finding: &Finding, places: &Places<'_>, out: &mut dyn Write) -> io::Result<()> {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let file = property(&places.of(&finding.path).text());
    let line = finding.line.map(|line| format!(",line={line}")).unwrap_or_default();
    let title = property(&format!("{} {}", finding.rule.code, finding.rule.name));
    let message = data(&format!("{}. Next: {}", finding.message, finding.help));
    writeln!(out, "::{command} file={file}{line},title={title}::{message}")
}

/// A message as the runner takes it.
fn data(text: &str) -> String {
    safe::line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command as the runner takes it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command() {
        assert_eq!(data("100% a:b,c\n::error::x\r"), "100%25 a:b,c⏎::error::x\\u{d}");
        assert_eq!(property("%0A::error file=x,line=1::y"), "%250A%3A%3Aerror file=x%2Cline=1%3A%3Ay");
    }
}
