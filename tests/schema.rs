//! The JSON report against its committed schema, and what scripts rely on beyond it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use clawfix::report::json::word;
use clawfix::rules::{self, Fixable, Severity};
use clawfix::split::evidence::{self, Question};
use clawfix::split::segment::{KeySource, Machine};
use clawfix::split::{Cause, Level, SeamKind};
use common::{Run, State, corpus, corpus_dir, scan, seams};
use jsonschema::Validator;
use serde_json::{Value, json};

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/scan.schema.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn validator(schema: &Value) -> Validator {
    assert!(jsonschema::meta::is_valid(schema), "the schema is a schema");
    jsonschema::validator_for(schema).unwrap()
}

/// The schema with nothing allowed that it does not describe.
fn strict(mut schema: Value) -> Value {
    fn close(value: &mut Value) {
        if let Some(map) = value.as_object_mut() {
            if map.contains_key("properties") && map.get("type") == Some(&json!("object")) {
                map.insert("additionalProperties".to_owned(), json!(false));
            }
            map.values_mut().for_each(close);
        } else if let Some(items) = value.as_array_mut() {
            items.iter_mut().for_each(close);
        }
    }
    close(&mut schema);
    schema
}

/// A folder with everything wrong that fits in one.
fn damaged() -> Run {
    let mut state = State::corpus("2026.2.26-race");
    for name in ["2026.7.35-stale", "2026.2.26-manual", "2026.1.24-3-tidle", "2026.1.24-3-groups", "2026.7.35-tseed"] {
        state.transcripts.extend(State::corpus(name).transcripts);
    }
    let placed = state.place();
    let write = |name: &str, bytes: &[u8]| std::fs::write(placed.sessions.join(name), bytes).unwrap();
    write("binary.jsonl", &[0xff; 700]);
    write("empty.jsonl", b"");
    write("null.jsonl", b"{\"type\":\"session\",\"id\":\"null\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}\nnull\n");
    write(
        "torn.jsonl",
        b"{\"type\":\"session\",\"id\":\"torn\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}\n\0\0\n{\"type\":\"mess\n{} x\n\xff\n{\"a",
    );
    write("sessions.json", b"{\"agent:main:main\": {\"sessionId\": 7");
    scan(&[&placed.home, &placed.tmp.path().join("not-there")], &["--all", "--min-level", "possible"])
}

fn hold(validator: &Validator, what: &str, json: &Value) {
    let errors: Vec<String> = validator.iter_errors(json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// What is printed is what the schema says, and the schema describes all of it.
#[test]
fn reports_are_as_the_schema_says() {
    let (open, closed) = (validator(&schema()), validator(&strict(schema())));
    let mut runs: Vec<(String, Run)> = Vec::new();
    for state in corpus() {
        for options in [&[][..], &["--all", "--min-level", "possible"]] {
            runs.push((state.name.clone(), scan(&[&corpus_dir().join(&state.name)], options)));
        }
    }
    runs.push(("everything".to_owned(), scan(&[&corpus_dir()], &["--all"])));
    runs.push(("a time".to_owned(), scan(&[&corpus_dir()], &["--since", "2026-11-22T06:58:00Z"])));
    let nothing = tempfile::tempdir().unwrap();
    runs.push(("nothing".to_owned(), scan(&[nothing.path()], &[])));
    let damaged = damaged();
    assert_eq!(damaged.code, 2, "something could not be read");
    assert!(damaged.json["findings"].as_array().unwrap().len() > 6);
    runs.push(("damaged".to_owned(), damaged));
    for (what, run) in &runs {
        hold(&open, what, &run.json);
        hold(&closed, what, &run.json);
    }
}

/// A schema that accepts anything proves nothing: a report that lacks a required field, or holds a value of another
/// type, does not pass.
#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = validator(&schema());
    let good = scan(&[&corpus_dir().join("2026.1.24-3-race")], &[]).json;
    assert!(validator.is_valid(&good));
    let mut fields = BTreeSet::new();
    paths(&good, String::new(), &mut fields);
    let maps_of_counts = ["/summary/machine/"];
    for field in fields.iter().filter(|field| !maps_of_counts.iter().any(|map| field.starts_with(map))) {
        let (parent, name) = field.rsplit_once('/').unwrap();
        let mut bad = good.clone();
        bad.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        assert!(!validator.is_valid(&bad), "{field} is required");
        let mut bad = good.clone();
        *bad.pointer_mut(field).unwrap() = json!([[{"no": "such"}]]);
        assert!(!validator.is_valid(&bad), "{field} has a type");
    }
    assert!(fields.len() > 60, "all fields were tried: {}", fields.len());
}

/// Pointers to all fields of all objects; of arrays the first item is enough.
fn paths(value: &Value, at: String, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                found.insert(format!("{at}/{key}"));
                paths(item, format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => items.iter().take(1).for_each(|item| paths(item, format!("{at}/0"), found)),
        _ => {}
    }
}

/// Every object and field of the schema is described.
#[test]
fn everything_is_described() {
    fn look(value: &Value, at: &str) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            assert!(value["description"].is_string(), "{at} is described");
            assert!(value["required"].as_array().unwrap().len() == properties.len(), "{at}: every field is always there");
            for (name, field) in properties {
                let described = field["description"].is_string() || field["$ref"].is_string();
                assert!(described, "{at}/{name} is described");
                look(field, &format!("{at}/{name}"));
            }
        }
    }
    let schema = schema();
    look(&schema, "");
    for (name, value) in schema["$defs"].as_object().unwrap() {
        look(value, name);
    }
}

/// The values that the schema lists are those that the program knows.
#[test]
fn enumerations_are_complete() {
    let schema = schema();
    let listed = |pointer: &str| -> Vec<String> {
        let values = schema.pointer(&format!("/$defs/{pointer}/enum")).unwrap_or_else(|| panic!("{pointer}")).as_array().unwrap();
        values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let words = |values: &[&dyn Fn() -> String]| -> Vec<String> { values.iter().map(|value| value()).collect() };
    macro_rules! all {
        ($type:ident: $($variant:ident),+) => {{
            // A variant that is added must be listed here, and so in the schema.
            let known = |value: &$type| match value { $($type::$variant => ()),+ };
            $(known(&$type::$variant);)+
            words(&[$(&|| word(&$type::$variant)),+])
        }};
    }
    assert_eq!(listed("seam/properties/kind"), all!(SeamKind: Split, Rollover, Reset, Fork));
    assert_eq!(listed("seam/properties/level"), all!(Level: Possible, Probable, Certain));
    assert_eq!(
        listed("seam/properties/cause"),
        all!(Cause: HeartbeatRace, ExecNotificationRace, StoreLoss, ErrorReset, PolicyRollover, ManualReset, CompactionRotation, ThreadFork)
    );
    let machines = all!(Machine: Cron, Hook, Subagent, Heartbeat, Boot, Other, Empty);
    assert_eq!(listed("segment/properties/machine"), machines);
    assert_eq!(listed("summary/properties/machine/propertyNames"), machines);
    assert_eq!(listed("conversation/properties/key_source"), all!(KeySource: Store, Trajectory, Family, Inferred));
    assert_eq!(listed("evidence/properties/question"), all!(Question: Belongs, Torn, Innocent, Veto));
    assert_eq!(listed("finding/properties/severity"), all!(Severity: Info, Warning, Error));
    assert_eq!(listed("finding/properties/fixable"), all!(Fixable: Safe, Unsafe, None));
}

/// Codes and names in a report are those that `explain` knows.
#[test]
fn codes_can_be_explained() {
    let run = damaged();
    for item in seams(&run.json).flat_map(|seam| seam["evidence"].as_array().unwrap()) {
        let known = evidence::find(item["code"].as_str().unwrap()).unwrap();
        assert_eq!(item["name"], known.name);
    }
    for finding in run.json["findings"].as_array().unwrap() {
        let known = rules::find(finding["rule"].as_str().unwrap()).unwrap();
        assert_eq!(finding["name"], known.name);
    }
}

/// `from` and `to` are paths of the conversation's segments, one seam between each two that follow one another.
#[test]
fn seams_join_segments() {
    for state in corpus() {
        let run = scan(&[&corpus_dir().join(&state.name)], &["--all", "--min-level", "possible"]);
        for conversation in run.json["conversations"].as_array().unwrap() {
            let paths: Vec<&str> = conversation["segments"].as_array().unwrap().iter().map(|s| s["path"].as_str().unwrap()).collect();
            let pairs: Vec<(&str, &str)> = conversation["seams"]
                .as_array()
                .unwrap()
                .iter()
                .map(|seam| (seam["from"].as_str().unwrap(), seam["to"].as_str().unwrap()))
                .collect();
            let expected: Vec<(&str, &str)> = paths.windows(2).map(|pair| (pair[0], pair[1])).collect();
            assert_eq!(pairs, expected, "{}", state.name);
            for path in paths {
                assert!(Path::new(path).is_file(), "{path} can be opened");
            }
            for item in conversation["seams"].as_array().unwrap().iter().flat_map(|seam| seam["evidence"].as_array().unwrap()) {
                assert!(pairs.iter().any(|(from, to)| item["path"] == *from || item["path"] == *to), "{}: {item}", state.name);
            }
        }
    }
}

/// What a report says of identity: by session, with the id of its conversation and the fingerprints of the findings.
fn identities(json: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for conversation in json["conversations"].as_array().unwrap() {
        let ids: Vec<&str> = conversation["segments"].as_array().unwrap().iter().map(|s| s["session_id"].as_str().unwrap()).collect();
        found.insert(format!("{} {ids:?}", conversation["id"]));
    }
    for finding in json["findings"].as_array().unwrap() {
        found.insert(format!("{} {} {}", finding["rule"], finding["fingerprint"], finding["conversation"]));
    }
    found
}

/// Ids and fingerprints are the same in the next run, in a copy elsewhere, by another way in, and with other threads.
#[test]
fn ids_are_stable() {
    for state in corpus() {
        let folder = corpus_dir().join(&state.name);
        let first = scan(&[&folder], &[]);
        let expected = identities(&first.json);
        assert!(!expected.is_empty());
        assert_eq!(first.text, scan(&[&folder], &["--jobs", "1"]).text, "{}: byte for byte", state.name);
        let (here, there) = (state.place(), state.place());
        for path in [&here.home, &there.home, &there.sessions] {
            assert_eq!(expected, identities(&scan(&[path], &[]).json), "{}", state.name);
        }
    }
    let all: Vec<String> =
        scan(&[&corpus_dir()], &[]).json["conversations"].as_array().unwrap().iter().map(|c| c["id"].to_string()).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "no id stands for two conversations");
}

/// The whole report of one folder: the contract changes on purpose only.
#[cfg(unix)]
#[test]
fn the_report_of_the_founding_case() {
    let folder = corpus_dir().join("2026.1.24-3-tseed");
    let text = scan(&[&folder], &[]).text.replace(folder.to_str().unwrap(), "<folder>");
    assert!(!text.contains(corpus_dir().to_str().unwrap()), "every path was replaced");
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "<version>"));
}
