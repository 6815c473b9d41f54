//! Twenty agents with 2,000 sessions, 40 splits and 200 damages: every format is valid and tells the same, what is known
//! is not told again, and one new split is all that is told.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::common::{seams, splits};
use crate::generator::{Order, make, tear};
use crate::{FORMATS, read, report, valid};

const ORDER: Order = Order { agents: 20, sessions: 2_000, splits: 40, damages: 200, seed: 1 };

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_fleet_is_audited() {
    let tmp = tempfile::tempdir().unwrap();
    let (root, known) = (tmp.path().join("fleet"), tmp.path().join("known.json"));
    make(&root, &ORDER).unwrap();
    let known = known.to_str().unwrap();
    let first = report("json", &[&root], &["--write-baseline", known]);
    assert_eq!(first.code, 0, "{}", first.err);
    let whole = parsed(&first.out);
    let findings = whole["findings"].as_array().unwrap();
    let rules: BTreeSet<&str> = findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert_eq!((whole["summary"]["transcripts"].as_u64(), whole["summary"]["splits"].as_u64()), (Some(2_000), Some(40)), "{rules:?}");
    let damages =
        findings.iter().filter(|finding| finding["rule"].as_str().unwrap().starts_with(['C']) && finding["line"].is_u64()).count();
    assert!(damages >= 200 && rules.len() >= 10, "{damages} of {rules:?}");

    valid::hold_all("the fleet", &[&root], &[]);
    let html = |options: &[&str]| report("html", &[&root], options).out;
    assert_eq!(cards(&html(&[])), findings.len(), "the page shows each finding");

    let quiet = ["--baseline", known];
    let causes = ["heartbeat race", "exec-notification race", "store loss"];
    assert!(causes.iter().any(|cause| html(&[]).contains(cause)), "the first page tells of them");
    for format in FORMATS.iter().chain(&["html", "table"]) {
        let run = report(format, &[&root], &quiet);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{format}");
        if *format == "html" {
            assert!(!run.out.contains("CF101"), "a known split is no finding");
            let torn = causes.iter().find(|cause| run.out.contains(**cause));
            assert!(torn.is_none(), "a known split has no line: {torn:?}");
        }
    }
    let second = parsed(&report("json", &[&root], &quiet).out);
    assert!(second["findings"] == Value::Array(Vec::new()) && seams(&second).next().is_none());
    assert_eq!((second["summary"]["baselined"].as_u64(), second["summary"]["fixed"].as_u64()), (Some(findings.len() as u64), Some(0)));

    tear(&root, 7, 99).unwrap();
    one_more(&root, &quiet);
}

/// Each format tells the new split alone.
fn one_more(root: &Path, quiet: &[&str]) {
    let run = |format: &str| {
        let run = report(format, &[root], quiet);
        assert_eq!(run.code, 1, "{format}: {}", run.err);
        run.out
    };
    let json = run("json");
    let whole = parsed(&json);
    let torn = splits(&whole);
    assert_eq!(torn.len(), 1, "{torn:?}");
    assert_eq!(whole["summary"]["splits"], 1);
    let findings = whole["findings"].as_array().unwrap();
    assert!(findings.len() == 1 && findings[0]["rule"] == "CF101", "{findings:#?}");
    let new = [torn[0].from.as_str(), torn[0].to.as_str()];
    let path = findings[0]["path"].as_str().unwrap();
    assert!(path.contains("agent-07") && path.ends_with(new[1]), "{path}");
    let counts = read::json(&json);
    let jsonl = run("jsonl");
    assert_eq!((read::jsonl(&jsonl), read::lines(&jsonl, "summary")[0]["splits"].as_u64()), (counts, Some(1)));
    let sarif = run("sarif");
    assert_eq!(read::sarif(&sarif), counts);
    let log = parsed(&sarif);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() == 1 && results[0]["ruleId"] == "CF101", "{results:#?}");
    let markdown = run("markdown");
    assert!(read::markdown(&markdown) == counts && markdown.contains("## clawfix: 1 split\n"), "{markdown}");
    assert_eq!(read::junit(&run("junit")), counts);
    let html = run("html");
    assert_eq!(cards(&html), findings.len());
    let id = findings[0]["conversation"].as_str().unwrap();
    assert!(html.contains(id) && new.iter().all(|name| html.contains(name.strip_suffix(".jsonl").unwrap())), "{new:?}");
}

/// Findings that a page counts.
fn cards(html: &str) -> usize {
    html.split_once("data-count=\"findings\">").and_then(|(_, rest)| rest.split_once('<')).unwrap().0.replace(',', "").parse().unwrap()
}
