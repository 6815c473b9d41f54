//! Every format against its schema or a parser of others, and against the counts of the JSON report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::{Registry, Validator};
use pulldown_cmark::{Event, Options, Parser};
use serde_json::{Value, json};

use crate::common::{corpus_dir, corpus_names};
use crate::{damaged, read, report};

fn load(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()).unwrap()
}

pub fn hold(validator: &Validator, what: &str, value: &Value) {
    let errors: Vec<String> = validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// The schema of SARIF, with formats checked.
pub fn sarif() -> Validator {
    let mut schema = load("tests/schemas/sarif-2.1.0.schema.json");
    // The pattern of languages has a bracket that only some engines pass over; no report names a language.
    for object in ["run", "toolComponent"] {
        schema["definitions"][object]["properties"]["language"].as_object_mut().unwrap().remove("pattern").unwrap();
    }
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// The schema of a line, with nothing allowed that it does not describe.
pub fn line() -> Validator {
    let mut schema = load("schema/scan-line.schema.json");
    assert!(jsonschema::meta::is_valid(&schema));
    for kind in schema["$defs"].as_object_mut().unwrap().values_mut() {
        kind["unevaluatedProperties"] = json!(false);
    }
    let base = "https://clawfix.test/schema/";
    let report = load("schema/scan.schema.json");
    let registry = Registry::new().add(format!("{base}scan.schema.json"), &report).unwrap().prepare().unwrap();
    jsonschema::options().with_base_uri(format!("{base}scan-line.schema.json")).with_registry(&registry).build(&schema).unwrap()
}

/// XML as the schema of JUnit reports has it, and with the numbers that it says.
pub fn hold_junit(what: &str, text: &str) {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{what}: {error}\n{text}"));
    let known: [(&str, &[&str], &[&str]); 6] = [
        ("testsuites", &["name", "tests", "failures", "errors"], &["testsuite"]),
        ("testsuite", &["name", "tests", "failures", "errors"], &["testcase"]),
        ("testcase", &["classname", "name"], &["failure", "error", "system-out"]),
        ("failure", &["type", "message"], &[]),
        ("error", &["type", "message"], &[]),
        ("system-out", &[], &[]),
    ];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let (name, attributes, children) = known.iter().find(|(name, ..)| *name == node.tag_name().name()).unwrap();
        let found: Vec<&str> = node.attributes().map(|attribute| attribute.name()).collect();
        assert_eq!(found, *attributes, "{what}: {name}");
        assert!(node.children().filter(roxmltree::Node::is_element).all(|child| children.contains(&child.tag_name().name())));
        for (count, element) in [("tests", "testcase"), ("failures", "failure"), ("errors", "error")] {
            let Some(said) = node.attribute(count) else { continue };
            let there = node.descendants().filter(|inner| inner.tag_name().name() == element).count();
            assert_eq!(said, there.to_string(), "{what}: {count} of {name}");
        }
    }
    // The schema itself, where there is a program that knows such schemas.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/junit-10.xsd");
    if let Ok(output) = Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(schema).arg(file.path()).output() {
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Markdown that holds tables, headings and code, and nothing that leads anywhere or is HTML.
pub fn hold_markdown(what: &str, text: &str) {
    use pulldown_cmark::{Tag, TagEnd};
    let options = Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut in_block = false;
    for event in Parser::new_ext(text, options) {
        match &event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Html(_) | Event::InlineHtml(_) | Event::FootnoteReference(_) => panic!("{what}: {event:?}\n{text}"),
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Strikethrough | Tag::BlockQuote(_)) => {
                panic!("{what}: {event:?}\n{text}")
            }
            // GitHub makes links of these by itself, in text but not in code.
            Event::Text(prose) if !in_block => {
                assert!(!prose.contains('@') && !prose.contains("://") && !prose.contains("www."), "{what}: {prose}");
            }
            _ => {}
        }
    }
    // A cell that a row lost or won would shift the others.
    let mut columns = 0;
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        if in_code || !line.starts_with('|') {
            columns = 0;
            continue;
        }
        let bars = line.matches('|').count();
        assert!(columns == 0 || columns == bars, "{what}: {line}");
        columns = bars;
    }
}

/// One command a line, each as the runner reads it.
pub fn hold_github(what: &str, text: &str) {
    for line in text.lines() {
        let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap_or_else(|| panic!("{what}: {line}"));
        let (command, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&command), "{what}: {line}");
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "title"].contains(&name) && !value.contains(':'), "{what}: {line}");
            if name == "line" {
                assert!(value.parse::<u64>().unwrap() > 0);
            }
            if name == "file" {
                assert!(!value.starts_with('/'), "{what}: {line}");
            }
        }
        let escaped =
            |text: &str| text.split('%').skip(1).all(|rest| ["25", "0A", "0D", "3A", "2C"].iter().any(|code| rest.starts_with(code)));
        assert!(escaped(properties) && escaped(message), "{what}: {line}");
        assert!(!text.contains('\r'), "{what}");
    }
}

/// What SARIF asks for and its schema cannot say, and what code scanning needs.
pub fn hold_sarif(what: &str, log: &Value) {
    let runs = log["runs"].as_array().unwrap();
    assert!((1..=20).contains(&runs.len()), "{what}");
    let mut prints = BTreeSet::new();
    for run in runs {
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert!(results.len() <= 25_000);
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"], "{what}");
            assert_eq!(result["partialFingerprints"]["clawfix/v1"].as_str().unwrap().len(), 16);
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%/".contains(c);
            assert!(uri.chars().all(plain) && !uri.starts_with('/') && !uri.contains("/../"), "{what}: {uri}");
            if let Some(base) = place["artifactLocation"].get("uriBaseId") {
                assert!(run["originalUriBaseIds"].get(base.as_str().unwrap()).is_some(), "{what}: {base}");
            }
            let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
            assert!(prints.insert((result["ruleId"].to_string(), uri.to_owned(), print)), "{what}: taken for one: {result}");
            assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
        }
        for rule in rules {
            assert!(rule["help"]["text"].as_str().unwrap().len() > 100);
            assert!(rule["fullDescription"]["text"].as_str().unwrap().len() <= 1024, "GitHub keeps no more: {rule}");
            assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
        }
    }
}

/// Every format of one scan.
pub fn hold_all(what: &str, paths: &[&Path], options: &[&str]) {
    let mut runs: BTreeMap<&str, crate::Run> = crate::FORMATS.into_iter().map(|format| (format, report(format, paths, options))).collect();
    let mut run = |format: &str| runs.remove(format).unwrap();
    let json = run("json");
    let (code, counts) = (json.code, read::json(&json.out));
    let whole: Value = serde_json::from_str(&json.out).unwrap();
    let mut run = |format: &str| {
        let run = run(format);
        assert_eq!(run.code, code, "{what}: {format}");
        run
    };

    let jsonl = run("jsonl").out;
    let line = line();
    for (number, text) in jsonl.lines().enumerate() {
        let value: Value = serde_json::from_str(text).unwrap();
        hold(&line, &format!("{what}: line {number}"), &value);
        assert_eq!(value["type"] == "summary", number == 0, "the summary is the first line");
    }
    assert_eq!(read::jsonl(&jsonl), counts, "{what}");
    for (kind, list) in [("conversation", "conversations"), ("machine_session", "machine_sessions"), ("finding", "findings")] {
        let mut expected = whole[list].as_array().unwrap().clone();
        for item in &mut expected {
            item["type"] = json!(kind);
            item["schema_version"] = whole["schema_version"].clone();
        }
        assert_eq!(read::lines(&jsonl, kind), expected, "{what}: the same fields and values");
    }
    let summary = &read::lines(&jsonl, "summary")[0];
    for (field, value) in whole["summary"].as_object().unwrap() {
        assert_eq!(&summary[field], value, "{what}: {field}");
    }

    let log: Value = serde_json::from_str(&run("sarif").out).unwrap();
    hold(&sarif(), what, &log);
    hold_sarif(what, &log);
    assert_eq!(read::sarif(&log.to_string()), counts, "{what}");
    let invocation = &log["runs"][0]["invocations"][0];
    let unreadable = whole["summary"]["unreadable"].as_u64().unwrap();
    assert_eq!(invocation["executionSuccessful"], json!(unreadable == 0), "{what}");
    let told = invocation["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(told.iter().filter(|told| told["level"] == "error").count() as u64, unreadable, "{what}");

    let github = run("github").out;
    hold_github(what, &github);
    let (shown, left_out) = read::github(&github);
    assert_eq!(shown.iter().sum::<usize>() + left_out, counts.iter().sum::<usize>(), "{what}");

    let markdown = run("markdown").out;
    hold_markdown(what, &markdown);
    assert_eq!(read::markdown(&markdown), counts, "{what}");
    let splits = whole["summary"]["splits"].to_string();
    assert!(markdown.contains(&format!("| {splits} | {} | {} | {} |", counts[0], counts[1], counts[2])), "{what}");

    let junit = run("junit").out;
    hold_junit(what, &junit);
    assert_eq!(read::junit(&junit), counts, "{what}");
}

#[test]
fn the_corpus() {
    for name in corpus_names() {
        hold_all(&name, &[&corpus_dir().join(&name)], &[]);
    }
    hold_all("everything", &[&corpus_dir()], &["--all", "--min-level", "possible"]);
    hold_all("a time", &[&corpus_dir()], &["--since", "2026-11-22T06:58:00Z"]);
}

#[test]
fn damage_and_nothing() {
    let (placed, missing) = damaged();
    let run = report("json", &[&placed.home, &missing], &["--all"]);
    assert_eq!(run.code, 2, "something could not be read");
    assert!(run.out.contains("CF001") && read::json(&run.out).iter().all(|&count| count > 0));
    hold_all("damage", &[&placed.home, &missing], &["--all"]);
    let nothing = tempfile::tempdir().unwrap();
    hold_all("nothing", &[nothing.path()], &[]);
    let files: Vec<PathBuf> = std::fs::read_dir(&placed.sessions).unwrap().map(|entry| entry.unwrap().path()).collect();
    hold_all("a file", &[files.iter().find(|path| path.ends_with("torn.jsonl")).unwrap()], &[]);
}

/// A schema that accepts anything proves nothing.
#[test]
fn the_schemas_refuse_what_is_wrong() {
    let folder = corpus_dir().join("2026.1.24-3-tseed");
    let mut log: Value = serde_json::from_str(&report("sarif", &[&folder], &[]).out).unwrap();
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0);
    assert!(!sarif().is_valid(&log), "lines are counted from 1");
    let line = line();
    for text in report("jsonl", &[&folder], &[]).out.lines() {
        let good: Value = serde_json::from_str(text).unwrap();
        assert!(line.is_valid(&good));
        for field in good.as_object().unwrap().keys() {
            let mut bad = good.clone();
            bad.as_object_mut().unwrap().remove(field);
            assert!(!line.is_valid(&bad), "{field} is required");
        }
        let mut more = good.clone();
        more["more"] = json!(1);
        assert!(!line.is_valid(&more), "what is not described is seen");
    }
}
