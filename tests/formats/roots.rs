//! Several roots whose files have the same names: every format tells them apart.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::State;
use crate::{report, valid};

#[test]
fn files_of_several_roots_are_told_apart() {
    let [first, second] = [(); 2].map(|()| State::corpus("2026.2.26-race").place());
    let name = |placed: &crate::common::Placed| placed.home.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(name(&first), name(&second), "the roots are called the same");
    let paths = [first.home.as_path(), second.home.as_path()];
    valid::hold_all("two roots", &paths, &["--all"]);
    let run = |format: &str| report(format, &paths, &["--all"]).out;
    let (one, other) = (format!("{}/", name(&first)), format!("{}-2/", name(&first)));

    let whole: Value = serde_json::from_str(&run("json")).unwrap();
    let files: BTreeSet<&str> = whole["findings"].as_array().unwrap().iter().map(|finding| finding["path"].as_str().unwrap()).collect();
    let log: Value = serde_json::from_str(&run("sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let uri = |result: &Value| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned();
    let uris: BTreeSet<String> = results.iter().map(uri).collect();
    assert_eq!(uris.len(), files.len(), "{uris:?}");
    assert!(uris.iter().all(|uri| uri.starts_with(&one) || uri.starts_with(&other)), "{uris:?}");

    let junit = run("junit");
    let document = roxmltree::Document::parse(&junit).unwrap();
    let suites: Vec<&str> =
        document.descendants().filter(|node| node.has_tag_name("testsuite")).filter_map(|node| node.attribute("name")).collect();
    assert!(suites.len() >= 2 && suites.iter().collect::<BTreeSet<_>>().len() == suites.len(), "{suites:?}");
    for format in ["github", "markdown"] {
        let text = run(format);
        assert!(text.contains(&one) && text.contains(&other), "{format}: {text}");
    }
    assert!(!report("sarif", &paths[..1], &["--all"]).out.contains(&format!("\"uri\":\"{one}")), "one root needs no name");
}
