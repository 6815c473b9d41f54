//! `relink` as a program: the files stay apart, the newer one names the older and shows its images again, and all of it
//! can be taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;
#[allow(dead_code, reason = "shared with the tests of merge")]
#[path = "merge/proof.rs"]
mod proof;

use std::path::{Path, PathBuf};

use common::{Placed, State};
use proof::{clawfix, json, lines, listing, load};
use serde_json::{Value, json as value};

/// The two halves of the only split of a corpus folder.
fn halves(state: &State) -> (String, String) {
    let chain = &state.splits[0];
    (chain[0].clone(), chain[1].clone())
}

fn source(plan: &Value, at: usize) -> PathBuf {
    PathBuf::from(plan["sources"][at]["path"].as_str().unwrap())
}

fn relink(placed: &Placed, args: &[&str]) -> Value {
    let id = proof::torn(&placed.home);
    let run = json(&[&["relink", placed.home.to_str().unwrap(), &id], args].concat());
    run["plans"][0].clone()
}

/// A made-up image: its base64.
fn picture(tail: char, len: usize) -> String {
    format!("iVBORw0KGgo{}", tail.to_string().repeat(len - 11))
}

/// Puts an image into the nth user message.
fn show(lines: &mut [Value], nth: usize, data: &str) {
    let user = lines.iter_mut().filter(|line| line["message"]["role"] == "user").nth(nth).unwrap();
    let content = &mut user["message"]["content"];
    if let Value::String(text) = content {
        *content = value!([{"type": "text", "text": text}]);
    }
    content.as_array_mut().unwrap().push(value!({"type": "image", "data": data, "mimeType": "image/png"}));
}

fn images(entry: &Value) -> Vec<String> {
    let blocks = entry["content"].as_array().unwrap().iter().filter(|block| block["type"] == "image");
    blocks.map(|block| block["data"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_split_of_the_corpus_is_relinked_and_taken_back() {
    let torn = common::corpus().into_iter().filter(|state| !state.splits.is_empty());
    for state in torn {
        let placed = state.place();
        let (home, before) = (placed.home.to_str().unwrap(), listing(&placed.home));
        let id = proof::torn(&placed.home);
        let plan = relink(&placed, &[]);
        assert_eq!(listing(&placed.home), before, "{}: a plan writes nothing", state.name);
        let (older, newer) = halves(&state);
        assert!(source(&plan, 0).ends_with(&older) && source(&plan, 1).ends_with(&newer), "{}", state.name);
        let old_lines = lines(&source(&plan, 1));
        let old = load(&source(&plan, 1));
        let plan = relink(&placed, &["--apply"]);
        assert_eq!(plan["state"], "applied");
        proof::nothing_left(&placed.home);

        let new_lines = lines(&source(&plan, 1));
        assert_eq!(new_lines[1..old_lines.len()], old_lines[1..], "{}: every line but the header is as it was", state.name);
        let carried = plan["images"]["carried"].as_array().unwrap().len();
        let more = usize::from(carried > 0);
        assert_eq!((new_lines.len(), plan["added"].is_null()), (old_lines.len() + more, carried == 0));
        assert!(carried > 0 || plan["images"]["there"] == 1, "{}: {}", state.name, plan["images"]);
        let parent = format!("/home/jay/{}/agents/main/sessions/{older}", state.state_dir);
        let header = String::from_utf8(old_lines[0].clone()).unwrap();
        let expected = format!("{},\"parentSession\":{}}}", header.strip_suffix('}').unwrap(), Value::from(parent.as_str()));
        assert_eq!(String::from_utf8(new_lines[0].clone()).unwrap(), expected);

        let new = load(&source(&plan, 1));
        assert_eq!((new.roots, new.path.len()), (old.roots, old.path.len() + more), "{}", state.name);
        if carried > 0 {
            let added = new.path.last().unwrap();
            assert_eq!((added["type"].as_str(), added["customType"].as_str()), (Some("custom_message"), Some("clawfix:relink")));
            assert_eq!((&added["id"], &added["display"]), (&plan["added"]["id"], &Value::Bool(false)));
            assert_eq!(added["content"][0]["type"], "text");
            assert_eq!(images(added).len(), carried);
        }
        assert_eq!(plan["images"]["lost"], value!([]), "{}", state.name);

        let scan = common::scan(&[&placed.home], &["--all"]);
        assert_eq!(common::splits(&scan.json), [], "{}: nothing is torn any more", state.name);
        assert!(common::seams(&scan.json).any(|seam| seam["kind"] == "fork"), "{}", state.name);

        let after = listing(&placed.home);
        for args in [&["relink", home, "--apply"][..], &["relink", home, &id, "--apply"]] {
            let again = clawfix(args);
            assert_eq!(again.code, Some(0), "{}", again.err);
            let told = format!("{}{}", again.out, again.err);
            assert!(told.contains("Nothing to relink") || told.contains("relinked already"), "{told}");
        }
        let ids: Vec<String> = (0..2).map(|at| plan["sources"][at]["session_id"].as_str().unwrap().to_owned()).collect();
        let again = clawfix(&["relink", home, &ids[0], &ids[1], "--apply"]);
        assert!(again.code == Some(0) && again.out.contains("relinked already"), "{}{}", again.out, again.err);
        assert_eq!(listing(&placed.home), after, "{}: the second time does nothing", state.name);

        assert_eq!(clawfix(&["undo", home]).code, Some(0));
        assert_eq!(listing(&placed.home), before, "{}: taken back byte for byte", state.name);
    }
}

#[test]
fn the_older_id_comes_first_in_the_list_that_the_store_keeps() {
    let mut state = State::corpus("2026.7.35-tseed");
    let (older, newer) = halves(&state);
    let id = |file: &str| file.strip_suffix(".jsonl").unwrap().to_owned();
    state.store.as_mut().unwrap()["agent:main:main"]["usageFamilySessionIds"] = value!([id(&newer)]);
    let placed = state.place();
    let store = placed.sessions.join("sessions.json");
    let text = std::fs::read_to_string(&store).unwrap();
    let before = listing(&placed.home);
    let plan = relink(&placed, &["--apply"]);
    assert_eq!(plan["store"][0]["to"], value!([id(&older), id(&newer)]));
    let quoted = Value::from(id(&newer)).to_string();
    let list = text.find("usageFamilySessionIds").unwrap();
    let at = list + text[list..].find(&quoted).unwrap();
    let space: String = text[..at].chars().rev().take_while(|c| c.is_whitespace()).collect::<Vec<_>>().into_iter().rev().collect();
    let expected = format!("{}{},{space}{}", &text[..at], Value::from(id(&older)), &text[at..]);
    assert_eq!(std::fs::read_to_string(&store).unwrap(), expected, "one id more, in the style of the list, and no other byte");
    assert_eq!(clawfix(&["undo", placed.home.to_str().unwrap()]).code, Some(0));
    assert_eq!(listing(&placed.home), before);
}

#[test]
fn the_newest_images_that_fit_are_carried_in_their_order() {
    let mut state = State::corpus("2026.1.24-3-tseed");
    let (older, newer) = halves(&state);
    let (small, big, last, known) = (picture('s', 4_000), picture('b', 60_000), picture('l', 8_000), picture('k', 1_000));
    let talk = state.transcripts.get_mut(&older).unwrap();
    for (nth, data) in [(2, &small), (3, &big), (4, &last), (5, &small), (5, &known)] {
        show(talk, nth, data);
    }
    show(talk, 4, &picture('x', 5_300_000));
    show(state.transcripts.get_mut(&newer).unwrap(), 1, &known);
    let first = talk_image(&state.transcripts[&older]);
    let carried = |args: &[&str]| {
        let placed = state.place();
        let plan = relink(&placed, &[args, &["--apply"]].concat());
        let entry = load(&source(&plan, 1)).path.pop().unwrap();
        (images(&entry), plan["images"].clone())
    };
    let why = |images: &Value| -> Vec<String> {
        images["left_out"].as_array().unwrap().iter().map(|image| image["why"].as_str().unwrap().to_owned()).collect()
    };
    let (all, account) = carried(&[]);
    assert_eq!(all, [first.clone(), small.clone(), big.clone(), last.clone()]);
    assert_eq!(why(&account), ["too-large"], "{account}");
    assert_eq!((&account["there"], &account["repeated"]), (&value!(1), &value!(2)), "{account}");
    let (two, account) = carried(&["--max-images", "2"]);
    assert_eq!(two, [big, last.clone()]);
    assert_eq!(why(&account), ["too-many", "too-many", "too-large"]);
    let (fitting, account) = carried(&["--max-image-bytes", "20000"]);
    assert_eq!(fitting, [first, small, last], "what does not fit is passed over");
    assert_eq!(why(&account), ["no-room", "too-large"]);
}

/// The image of the first user message.
fn talk_image(lines: &[Value]) -> String {
    let user = lines.iter().find(|line| line["message"]["role"] == "user").unwrap();
    let image = user["message"]["content"].as_array().unwrap().iter().find(|block| block["type"] == "image").unwrap();
    image["data"].as_str().unwrap().to_owned()
}

#[test]
fn files_that_are_named_and_still_there_are_read() {
    let mut state = State::corpus("2026.7.35-tseed");
    let (older, _) = halves(&state);
    let users = state.transcripts.get_mut(&older).unwrap().iter_mut().filter(|line| line["message"]["role"] == "user");
    let named = |name: &str| value!([format!("/home/jay/.openclaw/media/inbound/{name}")]);
    for (line, name) in users.filter(|line| line["message"].get("MediaPaths").is_none()).zip(["a.jpg", "text.png", "gone.png"]) {
        line["message"]["MediaPath"] = named(name)[0].clone();
        line["message"]["MediaPaths"] = named(name);
    }
    // A PNG under a JPEG's name is a PNG.
    let bytes = b"\x89PNG\r\n\x1a\n and something".to_vec();
    state.others.insert("media/inbound/a.jpg".to_owned(), bytes);
    state.others.insert("media/inbound/text.png".to_owned(), b"no image at all".to_vec());
    let placed = state.place();
    let plan = relink(&placed, &["--apply"]);
    let entry = load(&source(&plan, 1)).path.pop().unwrap();
    let block = entry["content"].as_array().unwrap().last().unwrap();
    assert_eq!(*block, value!({"type": "image", "data": "iVBORw0KGgogYW5kIHNvbWV0aGluZw==", "mimeType": "image/png"}));
    assert_eq!(plan["images"]["left_out"][0]["why"], "unknown-type");
    assert_eq!(plan["images"]["lost"], value!(["/home/jay/.openclaw/media/inbound/gone.png"]));
}

#[test]
fn sessions_are_relinked_by_hand_in_a_chain() {
    let mut state = State::corpus("2026.2.26-groups");
    let files: Vec<String> = state.transcripts.keys().cloned().collect();
    assert_eq!(files.len(), 3);
    for (at, file) in files.iter().enumerate() {
        show(state.transcripts.get_mut(file).unwrap(), 0, &picture(char::from(b'a' + u8::try_from(at).unwrap()), 500));
    }
    let placed = state.place();
    let before = listing(&placed.home);
    let home = placed.home.to_str().unwrap();
    let named: Vec<&str> = files.iter().map(|file| file.strip_suffix(".jsonl").unwrap()).collect();
    let run = json(&[&["relink", home, "--apply"], &named[..]].concat());
    let plan = &run["plans"][0];
    assert_eq!((plan["by_hand"].as_bool(), plan["links"].as_array().unwrap().len()), (Some(true), 2));
    for at in 1..3 {
        let parent = load(&source(plan, at)).header["parentSession"].as_str().unwrap().to_owned();
        assert_eq!(Path::new(&parent).file_name(), source(plan, at - 1).file_name());
    }
    let counts: Vec<usize> =
        (1..3).map(|at| load(&source(plan, at)).path.iter().filter(|e| e["type"] == "custom_message").count()).collect();
    assert_eq!(counts, [0, 1], "only the newest shows the images, those of all the others");
    assert_eq!(images(load(&source(plan, 2)).path.last().unwrap()).len(), 2);
    assert_eq!(clawfix(&["undo", home]).code, Some(0));
    assert_eq!(listing(&placed.home), before);
}

#[test]
fn lines_that_came_since_hang_on_the_old_leaf_again() {
    let state = State::corpus("2026.2.26-tseed");
    let placed = state.place();
    let plan = relink(&placed, &["--apply"]);
    let newer = source(&plan, 1);
    let id = plan["added"]["id"].as_str().unwrap();
    let line = value!({"type": "message", "id": "feedbeef", "parentId": id, "timestamp": "2026-01-30T00:00:00.000Z",
        "message": {"role": "user", "content": "still there?", "timestamp": 1}});
    let mut text = std::fs::read_to_string(&newer).unwrap();
    text.push_str(&format!("{line}\n"));
    std::fs::write(&newer, text).unwrap();
    assert_eq!(clawfix(&["undo", placed.home.to_str().unwrap()]).code, Some(0));
    let loaded = load(&newer);
    let last = loaded.path.last().unwrap();
    assert_eq!((last["id"].as_str(), &last["parentId"]), (Some("feedbeef"), &plan["added"]["parent"]));
    assert!(loaded.path.len() > 5 && !loaded.path.iter().any(|entry| entry["type"] == "custom_message"));
}

#[test]
fn what_was_forked_from_elsewhere_is_refused() {
    let mut state = State::corpus("2026.2.26-groups");
    let files: Vec<String> = state.transcripts.keys().cloned().collect();
    for file in &files {
        state.transcripts.get_mut(file).unwrap()[0]["parentSession"] = value!("/elsewhere/third.jsonl");
    }
    let placed = state.place();
    let before = listing(&placed.home);
    let named: Vec<&str> = files.iter().take(2).map(|file| file.strip_suffix(".jsonl").unwrap()).collect();
    let done = clawfix(&["relink", placed.home.to_str().unwrap(), named[0], named[1], "--apply"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("forked from another transcript"), "{}", done.err);
    assert_eq!(listing(&placed.home), before);
}

#[test]
fn a_run_that_dies_is_taken_back() {
    let mut state = State::corpus("2026.7.35-tseed");
    let newer = state.splits[0][1].replace(".jsonl", "");
    state.store.as_mut().unwrap()["agent:main:main"]["usageFamilySessionIds"] = value!([newer]);
    let placed = state.place();
    let before = listing(&placed.home);
    let home = placed.home.to_str().unwrap();
    for point in [
        "begun",
        "locked",
        "checked",
        "saved:1",
        "saved:2",
        "written:1",
        "written:2",
        "prepared",
        "committing",
        "operation:1",
        "operation:2",
        "done",
    ] {
        let died = proof::with(&["relink", home, "--apply"], &[("CLAWFIX_TEST_DIE_AT", point)]);
        assert_eq!(died.code, Some(70), "{point}: {}{}", died.out, died.err);
        let undone = clawfix(&["undo", home]);
        assert_eq!(undone.code, Some(0), "{point}: {}", undone.err);
        assert_eq!(listing(&placed.home), before, "{point}");
    }
    assert_eq!(clawfix(&["relink", home, "--apply"]).code, Some(0));
}
