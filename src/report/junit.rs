//! The report as JUnit XML, for pipelines that show tests: a suite is an agent, a test is a rule.
//!
//! A test fails if a finding of the rule is a warning or an error, as the exit code does by default. It ends in an `error` if
//! something could not be read. Findings that are only worth knowing are printed by a test that passes. What belongs to no agent
//! is in a suite of its own. Every finding is one line of its test.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::path::Path;

use super::place::Places;
use super::table::many;
use super::{Outcome, Report, safe};
use crate::rules::{self, Finding, Rule, Severity};
use crate::scan::Agent;

/// The format `junit`.
#[derive(Debug)]
pub struct Junit;

/// The findings of each rule by its code.
type ByRule<'a> = BTreeMap<&'static str, Vec<&'a Finding>>;

/// Numbers of tests.
#[derive(Default, Clone, Copy)]
struct Tests {
    all: usize,
    failures: usize,
    errors: usize,
}

impl Report for Junit {
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
        let places = Places::new(&outcome.scan.roots);
        let agents = &outcome.scan.agents;
        let folders: HashMap<&Path, usize> = agents.iter().enumerate().map(|(at, agent)| (agent.dir.dir.as_path(), at)).collect();
        let mut of_agents: Vec<ByRule<'_>> = agents.iter().map(|_| ByRule::new()).collect();
        let mut elsewhere = ByRule::new();
        for finding in outcome.findings {
            let at = finding.path.ancestors().find_map(|folder| folders.get(folder));
            let suite = at.and_then(|&at| of_agents.get_mut(at)).unwrap_or(&mut elsewhere);
            suite.entry(finding.rule.code).or_default().push(finding);
        }
        let found: HashSet<&str> = outcome.findings.iter().map(|finding| finding.rule.code).collect();
        let ran = |rule: &&Rule| {
            let asked = outcome.view.all || !rule.on_request || found.contains(rule.code);
            asked && !outcome.withheld.off.contains(rule.code)
        };
        let rules: Vec<&Rule> = rules::ALL.iter().copied().filter(ran).collect();
        // Many machines have an agent of the same name; tests are told apart by the folder.
        let name = |agent: &Agent| format!("{} in {}", agent.dir.agent, places.of(&agent.dir.dir).text());
        let mut suites: Vec<(String, &ByRule<'_>)> = agents.iter().map(name).zip(&of_agents).collect();
        if !elsewhere.is_empty() {
            suites.push(("outside of the agents' folders".to_owned(), &elsewhere));
        }
        let total = suites.iter().map(|(_, found)| tests(&rules, found)).fold(Tests::default(), |sum, of| Tests {
            all: sum.all + of.all,
            failures: sum.failures + of.failures,
            errors: sum.errors + of.errors,
        });
        let total = Tests { all: total.all + usize::from(outcome.withheld.baseline), ..total };
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(out, "<testsuites name=\"clawfix\" {}>", numbers(total))?;
        for (name, found) in suites {
            writeln!(out, "  <testsuite name=\"{}\" {}>", escaped(&name), numbers(tests(&rules, found)))?;
            for rule in &rules {
                write_test(rule, &name, found.get(rule.code).map_or(&[][..], Vec::as_slice), &places, out)?;
            }
            writeln!(out, "  </testsuite>")?;
        }
        if let Some(text) = super::baseline_line(outcome) {
            // A test of its own, that passes: what is left out is told, and fails nothing.
            writeln!(out, "  <testsuite name=\"baseline\" tests=\"1\" failures=\"0\" errors=\"0\">")?;
            writeln!(out, "    <testcase classname=\"clawfix.baseline\" name=\"known findings\">")?;
            writeln!(out, "      <system-out>{}</system-out>\n    </testcase>\n  </testsuite>", escaped(&text))?;
        }
        writeln!(out, "</testsuites>")
    }
}

/// How a test ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Passes,
    Fails,
    CannotTell,
}

fn end(findings: &[&Finding]) -> End {
    match findings {
        _ if findings.iter().any(|finding| finding.is_unreadable()) => End::CannotTell,
        _ if findings.iter().any(|finding| finding.severity >= Severity::Warning) => End::Fails,
        _ => End::Passes,
    }
}

fn tests(rules: &[&Rule], found: &ByRule<'_>) -> Tests {
    let count = |end_of: End| found.values().filter(|findings| end(findings) == end_of).count();
    Tests { all: rules.len(), failures: count(End::Fails), errors: count(End::CannotTell) }
}

fn numbers(tests: Tests) -> String {
    format!("tests=\"{}\" failures=\"{}\" errors=\"{}\"", tests.all, tests.failures, tests.errors)
}

fn write_test(rule: &Rule, suite: &str, findings: &[&Finding], places: &Places<'_>, out: &mut dyn Write) -> io::Result<()> {
    let class = escaped(&format!("clawfix.{suite}"));
    write!(out, "    <testcase classname=\"{class}\" name=\"{} {}\"", rule.code, escaped(rule.name))?;
    if findings.is_empty() {
        return writeln!(out, "/>");
    }
    let element = match end(findings) {
        End::Passes => "system-out",
        End::Fails => "failure",
        End::CannotTell => "error",
    };
    write!(out, ">\n      <{element}")?;
    if element != "system-out" {
        let message = format!("{}: {}", many(findings.len() as u64, "finding"), rule.summary);
        write!(out, " type=\"{}\" message=\"{}\"", rule.code, escaped(&message))?;
    }
    writeln!(out, ">")?;
    for finding in findings {
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = places.of(&finding.path).text();
        let text = format!("{} {place}{line}  {}. Next: {}", finding.severity.name(), finding.message, finding.help);
        writeln!(out, "{}", escaped(&text))?;
    }
    writeln!(out, "      </{element}>\n    </testcase>")
}

/// Text for an element or an attribute. What acts is made visible, and what XML 1.0 cannot hold is taken out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe::line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests_of_text {
    use super::*;

    #[test]
    fn nothing_ends_an_element() {
        assert_eq!(escaped("]]></failure>\u{0}\u{fffe}\u{1b}\n\"'&"), "]]&gt;&lt;/failure&gt;\\u{0}\\u{1b}⏎&quot;&apos;&amp;");
    }
}
