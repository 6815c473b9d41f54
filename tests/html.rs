//! The HTML report as a text: it is whole, agrees with the JSON report, loads and runs nothing, and tells no message.
//! What a browser makes of it is checked in `.ci/browser`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use common::{State, corpus, corpus_dir, scan};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What a page may consist of.
const ELEMENTS: &[&str] = &[
    "html", "head", "meta", "title", "style", "body", "script", "header", "main", "section", "article", "h1", "h2", "h3", "h4", "p", "b",
    "em", "br", "a", "code", "span", "div", "dl", "dt", "dd", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "details",
    "summary", "figure", "label", "select", "option", "fieldset", "legend", "input", "output", "time", "svg", "g", "path", "rect",
    "circle", "text",
];
const VOID: &[&str] = &["meta", "input", "br"];

/// An element as it opens.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    /// Its text, for those that hold nothing else.
    text: String,
}

fn page(paths: &[&Path], options: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_clawfix"))
        .args(["scan", "--format", "html"])
        .args(options)
        .args(paths)
        .env_clear()
        .env("TZ", "Asia/Kathmandu")
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Takes a page apart; panics on anything that a strict reader would not take.
fn parse(html: &str) -> Vec<Element> {
    let mut rest = html.strip_prefix("<!doctype html>").unwrap();
    let (mut elements, mut open): (Vec<Element>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some((text, tail)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a bare > in {text:?}");
        for reference in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;", "quot;", "#39;", "#96;"].iter().any(|known| reference.starts_with(known)), "&{reference:.9}");
        }
        if let Some(element) = elements.last_mut().filter(|element| element.text.is_empty()) {
            element.text = text.to_owned();
        }
        let (tag, tail) = tail.split_once('>').unwrap();
        rest = tail;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed in order, near {text:?}");
            continue;
        }
        let (tag, alone) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut fields) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(ELEMENTS.contains(&name), "<{name}> is none of ours");
        let mut attributes = BTreeMap::new();
        while !fields.is_empty() {
            let end = fields.find(['=', ' ']).unwrap_or(fields.len());
            let (key, tail) = fields.split_at(end);
            let (value, tail) = match tail.strip_prefix("=\"") {
                Some(tail) => tail.split_once('"').unwrap(),
                None => ("", tail),
            };
            assert!(key.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_uppercase() || c == '1' || c == '2'), "{key:?}");
            assert!(attributes.insert(key.to_owned(), value.to_owned()).is_none(), "{key} twice");
            fields = tail.trim_start();
        }
        let mut element = Element { name: name.to_owned(), attributes, text: String::new() };
        if name == "style" || name == "script" {
            let (text, tail) = rest.split_once("</").unwrap();
            text.clone_into(&mut element.text);
            rest = tail.strip_prefix(name).unwrap().strip_prefix('>').unwrap();
        } else if !alone && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
        elements.push(element);
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} stay open");
    elements
}

/// Base64, the slow way.
fn base64(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digits: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/").collect();
    let digit = |chunk: &[u8]| {
        let text = format!("{:0<6}", std::str::from_utf8(chunk).unwrap());
        char::from(digits[usize::from_str_radix(&text, 2).unwrap()])
    };
    let text: String = bits.as_bytes().chunks(6).map(digit).collect();
    format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4))
}

/// What holds of every page.
fn hold(what: &str, html: &str) -> Vec<Element> {
    let elements = parse(html);
    let policy = elements.iter().find(|element| element.attributes.get("http-equiv").is_some_and(|is| is == "Content-Security-Policy"));
    let policy = &policy.unwrap_or_else(|| panic!("{what}: a policy")).attributes["content"];
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:"), "{policy}");
    for (name, directive) in [("style", "style-src"), ("script", "script-src")] {
        let blocks: Vec<&Element> = elements.iter().filter(|element| element.name == name).collect();
        assert_eq!(blocks.len(), 1, "{what}: one {name}");
        let hash = base64(&Sha256::digest(blocks[0].text.as_bytes()));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{what}: the {name} is the one that the policy allows");
    }
    let mut ids = Vec::new();
    for element in &elements {
        for (name, value) in &element.attributes {
            assert!(
                !name.starts_with("on") && !["style", "src", "action", "srcset", "data"].contains(&name.as_str()),
                "{what}: {name}={value}"
            );
            if name == "href" {
                assert!(value.starts_with('#'), "{what}: {value}");
            }
            if name == "id" {
                ids.push(value.clone());
            }
        }
    }
    for target in elements.iter().filter_map(|element| element.attributes.get("href")) {
        assert!(ids.iter().any(|id| format!("#{id}") == *target), "{what}: {target} leads somewhere");
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "{what}: ids are there once");
    for loads in ["http:", "https:", "url(", "@import", "javascript:"] {
        assert!(!html.contains(loads), "{what}: {loads}");
    }
    assert!(!html.contains(['\0', '\u{202e}', '\u{200b}', '\r']), "{what}: nothing invisible");
    elements
}

fn counted(elements: &[Element], name: &str) -> u64 {
    let found = elements.iter().find(|element| element.attributes.get("data-count").is_some_and(|is| is == name));
    found.unwrap_or_else(|| panic!("{name} is counted")).text.replace(',', "").parse().unwrap()
}

/// The page says what the JSON says.
fn agree(what: &str, paths: &[&Path], options: &[&str]) -> String {
    let (run, (code, html)) = (scan(paths, options), page(paths, options));
    assert_eq!(run.code, code, "{what}");
    let elements = hold(what, &html);
    let summary = &run.json["summary"];
    for name in ["splits", "conversations", "transcripts", "archives", "entries"] {
        assert_eq!(json!(counted(&elements, name)), summary[name], "{what}: {name}");
    }
    for name in ["error", "warning", "info"] {
        assert_eq!(json!(counted(&elements, name)), summary["findings"][name], "{what}: {name}");
    }
    let findings = run.json["findings"].as_array().unwrap();
    assert_eq!(counted(&elements, "findings"), findings.len() as u64, "{what}");
    let classes = |class: &str| elements.iter().filter(|element| element.attributes.get("class").is_some_and(|is| is == class)).count();
    for conversation in run.json["conversations"].as_array().unwrap() {
        let torn = conversation["seams"].as_array().unwrap().iter().any(|seam| seam["kind"] == "split");
        assert!(html.contains(conversation["id"].as_str().unwrap()), "{what}: every conversation is named");
        if torn {
            assert!(html.contains(&format!(" {}</code></div>", conversation["id"].as_str().unwrap())), "{what}: with its command");
        }
    }
    let cards = classes("card");
    assert_eq!(classes("timeline"), cards, "{what}: a timeline each");
    html
}

#[test]
fn the_page_agrees_with_json() {
    for state in corpus() {
        let folder = corpus_dir().join(&state.name);
        for options in [&[][..], &["--all", "--min-level", "possible"]] {
            let html = agree(&state.name, &[&folder], options);
            let run = scan(&[&folder], options);
            for finding in run.json["findings"].as_array().unwrap() {
                assert!(html.contains(finding["rule"].as_str().unwrap()) && html.contains(finding["message"].as_str().unwrap()));
            }
        }
    }
    agree("everything", &[&corpus_dir()], &["--all"]);
    agree("a time", &[&corpus_dir()], &["--since", "2026-11-22T06:58:00Z"]);
    let nothing = tempfile::tempdir().unwrap();
    let html = agree("nothing", &[nothing.path()], &[]);
    assert!(html.contains("No OpenClaw transcript found here"));
    let html = agree("not there", &[&nothing.path().join("not-there")], &[]);
    assert!(html.contains("This report is incomplete"));
}

/// Two copies of one state directory have agents, conversations and sessions of the same ids.
#[test]
fn copies_do_not_get_in_each_others_way() {
    let (one, two) = (State::corpus("2026.1.24-3-race").place(), State::corpus("2026.1.24-3-race").place());
    agree("copies", &[&one.home, &two.home], &[]);
}

#[test]
fn pages_of_one_folder_differ_in_their_time_alone() {
    let folder = corpus_dir().join("2026.2.26-race");
    let without_time = |html: String| {
        let (before, after) = html.split_once("<time ").unwrap();
        format!("{before}{}", after.split_once("</time>").unwrap().1)
    };
    assert_eq!(without_time(page(&[&folder], &[]).1), without_time(page(&[&folder], &["--jobs", "1"]).1));
}

/// Every text that a person, the model or a tool wrote is marked; the page knows none of it.
#[test]
fn no_message_text_is_told() {
    const CANARY: &str = "zebra-crossing";
    for name in ["2026.1.24-3-race", "2026.2.26-race", "2026.7.35-stale", "2026.7.35-groups"] {
        let mut state = State::corpus(name);
        for line in state.transcripts.values_mut().flatten() {
            let role = line["message"]["role"].as_str().unwrap_or_default().to_owned();
            if role == "user" {
                // What stands before and after a person's words says whose they are.
                State::set_text(line, &|text| {
                    let at = text.rfind("\n[message_id").unwrap_or(text.len());
                    if text.contains("HEARTBEAT") { text.to_owned() } else { format!("{} {CANARY}{}", &text[..at], &text[at..]) }
                });
            } else if role == "assistant" || role == "toolResult" {
                for block in line["message"]["content"].as_array_mut().into_iter().flatten() {
                    for field in ["text", "thinking", "arguments", "partialJson"] {
                        if block.get(field).is_some() {
                            block[field] = if field == "arguments" { json!({"command": CANARY}) } else { json!(CANARY) };
                        }
                    }
                }
            }
        }
        for (name, lines) in &mut state.transcripts {
            if name.ends_with(".jsonl") {
                let at = lines.last().unwrap()["timestamp"].clone();
                let parent = lines.last().unwrap()["id"].clone();
                lines.push(json!({"type": "session_info", "id": "cafe0001", "parentId": parent, "timestamp": at, "name": CANARY}));
                lines.push(json!({"type": "label", "id": "cafe0002", "parentId": "cafe0001", "targetId": parent, "timestamp": at, "label": CANARY}));
            }
        }
        let placed = state.place();
        let html = agree(name, &[&placed.home], &["--all", "--min-level", "possible"]);
        assert!(!html.contains(CANARY), "{name}");
    }
}

/// Whatever a transcript, a store or a folder calls itself, it stays text.
#[cfg(unix)]
#[test]
fn hostile_names_stay_text() {
    const ATTACK: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>]]><!--`\u{202e}\u{200b}\0\r\n";
    const NAME: &str = "\"'><img src=x onerror=alert(3)><svg onload=alert(4)>]]><!--`\u{202e}\n";
    let mut state = State::corpus("2026.1.24-3-race");
    state.agent = NAME.to_owned();
    let store = state.store.take().unwrap();
    let entry = store.as_object().unwrap().values().next().unwrap().clone();
    state.store = Some(json!({ format!("agent:main:{ATTACK}"): entry }));
    for lines in state.transcripts.values_mut() {
        for line in lines.iter_mut() {
            for field in ["id", "parentId"] {
                if let (Some(id), true) = (line[field].as_str(), line["type"] != "session") {
                    line[field] = json!(format!("{id}{ATTACK}"));
                }
            }
        }
    }
    let info = json!({"chat_id": format!("telegram:{ATTACK}"), "topic_id": ATTACK, "message_id": ATTACK, "conversation_label": ATTACK});
    let text = format!("Conversation info (untrusted metadata):\n```json\n{info}\n```\n\nhello");
    state.transcripts.insert(
        format!("{NAME}.jsonl"),
        vec![
            json!({"type": "session", "version": 3, "id": ATTACK, "timestamp": "2026-11-22T08:00:00.000Z", "cwd": ATTACK}),
            json!({"type": ATTACK, "id": ATTACK, "parentId": null, "timestamp": "2026-11-22T08:00:01.000Z"}),
            json!({"type": "message", "id": "1", "parentId": null, "timestamp": "2026-11-22T08:00:02.000Z",
                "message": {"role": "user", "content": text}}),
            Value::Null,
        ],
    );
    let placed = state.place();
    std::fs::write(placed.sessions.join("<b>.jsonl"), "{\"type\":\"session\",\"id\":\"<i>\"}\n\0\0\n{\"<script>\n").unwrap();
    let html = agree("hostile", &[&placed.home], &["--all", "--min-level", "possible"]);
    for shown in ["&lt;img src=x onerror=alert(3)&gt;", "\\u{202e}", "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;b&gt;.jsonl"] {
        assert!(html.contains(shown), "{shown} is shown as text");
    }
    assert!(html.contains("Torn by heartbeat race"), "the hostile folder is torn like the tame one");
}

/// However much is found, the page can be opened; it counts what it does not list.
#[test]
fn the_page_stays_small() {
    let placed = State::corpus("2026.1.24-3-race").place();
    let header = r#"{"type":"session","version":3,"id":"x","timestamp":"2026-01-01T00:00:00.000Z"}"#;
    for n in 0..1_000 {
        let lines = "this is no JSON\n".repeat(20);
        std::fs::write(placed.sessions.join(format!("{n:08}-0000-4000-8000-000000000000.jsonl")), format!("{header}\n{lines}")).unwrap();
    }
    let html = agree("many findings", &[&placed.home], &[]);
    assert!(html.len() < 5_000_000, "{} bytes", html.len());
    assert!(html.contains("more are not listed here") && html.contains("CF101"));
}

#[test]
fn other_commands_say_that_it_is_for_scan() {
    let placed = State::corpus("2026.1.24-3-race").place();
    let before: Vec<_> = std::fs::read_dir(&placed.sessions).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    for arguments in [&["merge", "--apply"][..], &["relink", "--apply"], &["show"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_clawfix"))
            .args(arguments)
            .arg(&placed.home)
            .args(["--format", "html"])
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("[possible values: table, json]"), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
    let after: Vec<_> = std::fs::read_dir(&placed.sessions).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(before.len(), after.len(), "nothing was done");
}
