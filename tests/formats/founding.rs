//! The reports of the founding case: what people and pipelines rely on changes on purpose only.
#![cfg(unix)]

use serde_json::Value;

use crate::common::corpus_dir;
use crate::report;

fn founding(format: &str) -> String {
    let folder = corpus_dir().join("2026.1.24-3-tseed");
    let run = report(format, &[&folder], &[]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let text = run.out.replace(folder.to_str().unwrap(), "<folder>").replace(env!("CARGO_PKG_VERSION"), "<version>");
    assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "no path of this machine is left");
    text
}

#[test]
fn jsonl() {
    insta::assert_snapshot!(founding("jsonl"));
}

/// With the rules of the findings alone: the others are not its concern.
#[test]
fn sarif() {
    let mut log: Value = serde_json::from_str(&founding("sarif")).unwrap();
    let found: Vec<Value> = log["runs"][0]["results"].as_array().unwrap().iter().map(|result| result["ruleId"].clone()).collect();
    log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap().retain(|rule| found.contains(&rule["id"]));
    for result in log["runs"][0]["results"].as_array_mut().unwrap() {
        result["ruleIndex"] = Value::from("<index>");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap());
}

#[test]
fn github() {
    insta::assert_snapshot!(founding("github"));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(founding("markdown"));
}

/// Without the rules that found nothing.
#[test]
fn junit() {
    let text = founding("junit");
    let all = text.lines().filter(|line| line.contains("<testcase")).count();
    let text = text.replace(&format!("tests=\"{all}\""), "tests=\"<rules>\"");
    let kept: Vec<&str> = text.lines().filter(|line| !line.ends_with("/>")).collect();
    insta::assert_snapshot!(kept.join("\n"));
}
