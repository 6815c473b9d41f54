//! The report as SARIF 2.1.0, for code scanning: findings become results, rules are explained, paths are relative.
//!
//! * The worst findings come first. They are spread over runs under GitHub's limits; what is over them is counted in a
//!   notification. The first run has no `automationDetails`, so that whoever uploads it names the category; GitHub refuses
//!   two runs of one category, so the further ones have their own.
//! * What could not be read is a result and a notification, and `executionSuccessful` is false.

mod limits;
mod log;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, Write};

use self::limits::Limits;
use super::place::{Base, Places};
use super::{Outcome, Report, safe};
use crate::rules::{self, Finding, Fixable, Rule, Severity};

/// The schema that the log names.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The format `sarif`.
#[derive(Debug)]
pub struct Sarif;

impl Report for Sarif {
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
        write_within(limits::GITHUB, outcome, out)
    }
}

fn write_within(limits: Limits, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::new(&outcome.scan.roots);
    let mut findings: Vec<&Finding> = outcome.findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let taken = limits.fitting(findings.iter().map(|finding| result(finding, &places)));
    let left_out = findings.len() - taken;
    findings.truncate(taken);
    let rules: Vec<log::Descriptor> = rules::ALL.iter().map(|rule| descriptor(rule)).collect();
    let successful = !outcome.findings.iter().any(Finding::is_unreadable);
    let bases = bases(outcome.findings, &places);
    write!(out, "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[")?;
    let mut equal = Equal::default();
    let mut rest = findings.as_slice();
    for number in 1.. {
        let (part, after) = rest.split_at(rest.len().min(limits.results_per_run));
        let told = if number == 1 { notifications(outcome, left_out, &places) } else { Vec::new() };
        let run = log::Run {
            tool: log::Tool {
                driver: log::Driver {
                    name: "clawfix",
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: &rules,
                },
            },
            automation_details: (number > 1).then(|| log::Automation { id: format!("clawfix/{number}/") }),
            invocations: [log::Invocation { execution_successful: successful, tool_execution_notifications: told }],
            original_uri_base_ids: bases.iter().map(|&base| (base_id(base), described(base, &places))).collect(),
            // No column is ever given, but the standard asks for it.
            column_kind: "unicodeCodePoints",
            results: part.iter().map(|finding| equal.numbered(result(finding, &places))).collect(),
        };
        out.write_all(safe::json(&serde_json::to_string(&run)?).as_bytes())?;
        rest = after;
        if rest.is_empty() {
            break;
        }
        out.write_all(b",\n")?;
    }
    out.write_all(b"]}\n")
}

/// Counts results of the same rule, file and fingerprint.
#[derive(Default)]
struct Equal<'a>(HashMap<(&'static str, String, &'a str), usize>);

impl<'a> Equal<'a> {
    /// The result, with a number at its hash unless it is the first of its kind.
    fn numbered(&mut self, mut result: log::Outcome<'a>) -> log::Outcome<'a> {
        let [location] = &result.locations;
        let prints = &mut result.partial_fingerprints;
        let uri = location.physical_location.artifact_location.uri.clone();
        let seen = self.0.entry((result.rule_id, uri, prints.clawfix)).or_default();
        *seen += 1;
        if *seen > 1 {
            prints.primary = format!("{}:{seen}", prints.clawfix).into();
        }
        result
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A message as the standard has it: braces mark arguments and `[text](target)` a link, so both are taken apart.
fn text(text: &str) -> log::Text {
    log::Text { text: safe::line(text).replace('{', "{{").replace('}', "}}").replace("](", "] (") }
}

fn descriptor(rule: &Rule) -> log::Descriptor {
    let mut tags = vec![format!("{}xx", rule.code.get(..3).unwrap_or(rule.code))];
    if rule.fixable != Fixable::None {
        tags.push("fixable".to_owned());
    }
    if rule.on_request {
        tags.push("on-request".to_owned());
    }
    log::Descriptor {
        id: rule.code,
        name: rule.name,
        short_description: log::Text { text: rule.summary.to_owned() },
        full_description: log::Text { text: meaning(rule.doc).unwrap_or_else(|| rule.summary.to_owned()) },
        help: log::Help {
            text: rule.doc.lines().map(|line| format!("{}\n", line.trim_start_matches("## "))).collect(),
            markdown: rule.doc,
        },
        default_configuration: log::Configuration { level: level(rule.severity) },
        properties: log::Tags { tags },
    }
}

/// The first paragraph of a rule's page, on one line.
fn meaning(doc: &str) -> Option<String> {
    let lines = doc.lines().skip_while(|line| line.starts_with('#') || line.trim().is_empty());
    let first: Vec<&str> = lines.take_while(|line| !line.trim().is_empty()).collect();
    (!first.is_empty()).then(|| first.join(" "))
}

fn rule_index(rule: &Rule) -> usize {
    rules::ALL.iter().position(|known| known.code == rule.code).unwrap_or_default()
}

fn result<'a>(finding: &'a Finding, places: &Places<'_>) -> log::Outcome<'a> {
    log::Outcome {
        rule_id: finding.rule.code,
        rule_index: rule_index(finding.rule),
        level: level(finding.severity),
        message: text(&format!("{}. Next: {}", finding.message, finding.help)),
        locations: [location(finding, places)],
        partial_fingerprints: log::Fingerprints { clawfix: &finding.fingerprint, primary: finding.fingerprint.as_str().into() },
        properties: log::Properties {
            help: safe::line(&finding.help),
            fixable: finding.rule.fixable,
            conversation: finding.conversation.as_deref(),
        },
    }
}

fn location(finding: &Finding, places: &Places<'_>) -> log::Location {
    let place = places.of(&finding.path);
    let line = finding.line.filter(|&line| line > 0);
    let span = finding.span.filter(|_| line.is_some());
    let region = log::Region {
        // GitHub wants a line, so a finding about a whole file stands at its first.
        start_line: line.unwrap_or(1),
        byte_offset: span.map(|span| span.offset),
        byte_length: span.map(|span| span.len),
    };
    log::Location {
        physical_location: log::Physical {
            artifact_location: log::Artifact { uri: place.uri(), uri_base_id: (place.base != Base::Nowhere).then(|| base_id(place.base)) },
            region,
        },
    }
}

/// The bases that places of findings are relative to.
fn bases(findings: &[Finding], places: &Places<'_>) -> std::collections::BTreeSet<Base> {
    findings.iter().map(|finding| places.of(&finding.path).base).filter(|&base| base != Base::Nowhere).collect()
}

/// The name of a base. `%SRCROOT%` is what viewers ask for the place of.
fn base_id(base: Base) -> String {
    match base {
        Base::Here | Base::Nowhere => "%SRCROOT%".to_owned(),
        Base::Root(at) => format!("ROOT{}", at + 1),
    }
}

/// A base is described, not placed: where it lies on the machine concerns nobody who reads the report.
fn described(base: Base, places: &Places<'_>) -> log::BaseLocation {
    let text = match base {
        Base::Here | Base::Nowhere => "The folder that clawfix was started in.".to_owned(),
        Base::Root(at) if places.names(base) => format!("Where root {} of the scan lies; its name begins each path.", at + 1),
        Base::Root(at) => format!("Root {} of the scan.", at + 1),
    };
    log::BaseLocation { description: log::Text { text } }
}

/// What the scan could not do, and what the report leaves out.
fn notifications<'a>(outcome: &Outcome<'a>, left_out: usize, places: &Places<'_>) -> Vec<log::Notification<'a>> {
    let plain = |level, text| log::Notification { level, message: log::Text { text }, associated_rule: None, locations: Vec::new() };
    let mut told = Vec::new();
    if left_out > 0 {
        let by = outcome.findings.len();
        told.push(plain(
            "warning",
            format!("{left_out} of {by} findings are left out, the least severe: a SARIF file cannot hold more. The format jsonl can."),
        ));
    }
    let hidden: u64 = outcome.scan.agents.iter().map(|agent| agent.splits_left_out).sum();
    if hidden > 0 {
        told.push(plain("note", format!("{hidden} splits less sure than --min-level are left out.")));
    }
    told.extend(super::baseline_line(outcome).map(|text| plain("note", format!("{text}."))));
    let unreadable = outcome.findings.iter().filter(|finding| finding.is_unreadable());
    told.extend(unreadable.clone().take(limits::NOTIFICATIONS).map(|finding| log::Notification {
        level: "error",
        message: text(&finding.message),
        associated_rule: Some(log::RuleReference { id: finding.rule.code, index: rule_index(finding.rule) }),
        locations: vec![location(finding, places)],
    }));
    let more = unreadable.count().saturating_sub(limits::NOTIFICATIONS);
    if more > 0 {
        told.push(plain("error", format!("{more} more things could not be read; they are among the results.")));
    }
    told
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::report::{View, Withheld};
    use crate::scan::Scan;

    const LIMITS: Limits = Limits { results_per_run: 50, runs: 3, ..limits::GITHUB };

    fn log(findings: &[Finding]) -> Value {
        let scan = Scan { roots: Vec::new(), agents: Vec::new(), problems: Vec::new(), bytes: 0 };
        let mut out = Vec::new();
        write_within(LIMITS, &Outcome { scan: &scan, findings, view: View::default(), withheld: &Withheld::default() }, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn finding(code: &str, severity: Severity, message: &str) -> Finding {
        let mut finding = Finding::new(rules::find(code).unwrap(), Path::new("a"), &[], message.to_owned(), "look".to_owned());
        finding.severity = severity;
        finding
    }

    #[test]
    fn what_is_over_the_limits_is_counted_and_the_least_severe() {
        let mut findings = vec![finding("CF201", Severity::Info, "mild"); 157];
        findings.push(finding("CF001", Severity::Error, "bad"));
        let log = log(&findings);
        let runs = log["runs"].as_array().unwrap();
        let results: Vec<&Value> = runs.iter().flat_map(|run| run["results"].as_array().unwrap()).collect();
        assert_eq!((runs.len(), results.len()), (3, 150));
        assert_eq!(results[0]["level"], "error", "the worst is there, and first");
        let told = &runs[0]["invocations"][0]["toolExecutionNotifications"];
        assert!(told[0]["message"]["text"].as_str().unwrap().starts_with("8 of 158 findings"));
        assert_eq!((&told[1]["level"], &told[1]["associatedRule"]["id"]), (&Value::from("error"), &Value::from("CF001")));
        let prints = |at: usize| &results[at]["partialFingerprints"];
        let print = prints(1)["clawfix/v1"].as_str().unwrap();
        assert_eq!(prints(1)["primaryLocationLineHash"], print, "the first of equal ones has no number");
        assert_eq!(prints(2)["primaryLocationLineHash"], format!("{print}:2"));
        assert_eq!(prints(3)["primaryLocationLineHash"], format!("{print}:3"));
        assert!((1..150).all(|at| prints(at)["clawfix/v1"] == print));
        let ids: std::collections::HashSet<String> = runs.iter().map(|run| run["automationDetails"]["id"].to_string()).collect();
        assert_eq!(ids.len(), runs.len(), "no two runs have one category");
        assert!(runs.iter().all(|run| run["invocations"][0]["executionSuccessful"] == false));
    }

    #[test]
    fn messages_are_no_templates() {
        assert_eq!(text("{0} [a](http://b) \u{1b}").text, "{{0}} [a] (http://b) \\u{{1b}}");
    }
}
