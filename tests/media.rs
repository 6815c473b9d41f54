//! Images over a merge: every one is accounted for, dead references are revived, and what lies in another state directory
//! alone is copied in when that is asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;
#[allow(dead_code, reason = "shared with the tests of merge")]
#[path = "merge/proof.rs"]
mod proof;

use std::path::PathBuf;

use common::{Placed, State};
use proof::{clawfix, json, listing};
use serde_json::{Value, json as value};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a picture";

/// A torn conversation of the second era whose pictures are named in the text alone, with its media in another state
/// directory of the same home.
fn moved() -> (State, Placed, Vec<String>) {
    let mut state = State::corpus("2026.2.26-tseed");
    for line in state.transcripts.values_mut().flatten() {
        if let Some(blocks) = line["message"]["content"].as_array_mut() {
            blocks.retain(|block| block["type"] != "image");
        }
    }
    let names: Vec<String> = state.others.keys().filter_map(|path| path.strip_prefix("media/inbound/").map(str::to_owned)).collect();
    assert_eq!(names.len(), 2);
    let files = std::mem::take(&mut state.others);
    let placed = state.place();
    for (path, bytes) in files {
        let path = placed.home.join(".clawdbot").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    (state, placed, names)
}

fn merge(placed: &Placed, args: &[&str]) -> Value {
    json(&[&["merge", placed.home.to_str().unwrap()], args].concat())["plans"][0].clone()
}

fn undo(placed: &Placed) {
    let done = clawfix(&["undo", placed.home.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.err);
}

fn inbound(placed: &Placed, name: &str) -> PathBuf {
    placed.home.join(".openclaw/media/inbound").join(name)
}

#[test]
fn files_of_another_state_directory_are_copied_when_asked() {
    let (_, placed, names) = moved();
    let before = listing(&placed.home);
    let plan = merge(&placed, &[]);
    assert_eq!((plan["images"]["lost"].as_array().unwrap().len(), &plan["images"]["copied"]), (2, &value!([])));
    for rewrite in ["yes", "no"] {
        let args = ["--copy-media", "--rewrite-media", rewrite];
        let planned = merge(&placed, &args);
        assert_eq!(planned["images"]["copied"].as_array().unwrap().len(), 2);
        assert_eq!(listing(&placed.home), before, "a plan copies nothing");
        let plan = merge(&placed, &[&args[..], &["--apply"]].concat());
        assert_eq!((&plan["images"]["lost"], plan["images"]["copied"].as_array().unwrap().len()), (&value!([]), 2));
        let text = std::fs::read_to_string(plan["target"].as_str().unwrap()).unwrap();
        for name in &names {
            let copy = inbound(&placed, name);
            assert_eq!(std::fs::read(&copy).unwrap(), std::fs::read(placed.home.join(".clawdbot/media/inbound").join(name)).unwrap());
            let quoted = Value::from(copy.to_str().unwrap()).to_string();
            assert_eq!(text.contains(quoted.trim_matches('"')), rewrite == "yes");
            assert_eq!(text.contains(&format!("attached: /home/jay/.openclaw/media/inbound/{name}")), rewrite == "no");
        }
        proof::nothing_left(&placed.home);
        undo(&placed);
        assert_eq!(listing(&placed.home), before, "the copies are gone, and the folders that were made for them");
    }
}

#[test]
fn a_copy_overwrites_nothing_and_stays_when_it_became_another_image() {
    let (_, placed, names) = moved();
    std::fs::create_dir_all(inbound(&placed, "")).unwrap();
    std::fs::write(inbound(&placed, &names[0]), PNG).unwrap();
    let before = listing(&placed.home);
    let plan = merge(&placed, &["--copy-media", "--apply"]);
    assert_eq!((plan["images"]["copied"].as_array().unwrap().len(), plan["images"]["revived"].as_array().unwrap().len()), (1, 1));
    assert_eq!(std::fs::read(inbound(&placed, &names[0])).unwrap(), PNG, "what is there is the image, and stays");
    std::fs::write(inbound(&placed, &names[1]), PNG).unwrap();
    undo(&placed);
    assert_eq!(std::fs::read(inbound(&placed, &names[1])).unwrap(), PNG, "somebody's image now");
    std::fs::remove_file(inbound(&placed, &names[1])).unwrap();
    assert_eq!(listing(&placed.home), before);
}

#[cfg(unix)]
#[test]
fn a_media_folder_that_leads_elsewhere_is_not_written_to() {
    let (_, placed, _) = moved();
    let outside = placed.tmp.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, placed.home.join(".openclaw/media")).unwrap();
    let before = listing(&placed.sessions);
    let done = clawfix(&["merge", placed.home.to_str().unwrap(), "--copy-media", "--apply"]);
    assert_eq!(done.code, Some(2), "{}", done.out);
    assert!(done.err.contains("--copy-media"), "{}", done.err);
    assert_eq!((listing(&placed.sessions), std::fs::read_dir(&outside).unwrap().count()), (before, 0));
}

/// The transcripts' persons' turns, oldest first, get these texts put before their own.
fn say(state: &mut State, transcript: &str, texts: &[&str]) {
    let users: Vec<&mut Value> =
        state.transcripts.get_mut(transcript).unwrap().iter_mut().filter(|line| line["message"]["role"] == "user").skip(2).collect();
    assert!(users.len() >= texts.len());
    for (line, text) in users.into_iter().zip(texts) {
        State::set_text(line, &|old| format!("{text}\n{old}"));
    }
}

#[test]
fn a_path_inside_another_is_left_alone() {
    let mut state = State::corpus("2026.2.26-tseed");
    let older = state.splits[0][0].clone();
    let before = "[media attached: /old/in/pic.png (image/png)]\nsee [Image: source: in/pic.png] and /backup/old/in/pic.png.txt, \
                  file:///old/in/pic.png /old/in/pic.png.txt host:/old/in/pic.png\n/old/in/pic.png.";
    say(&mut state, &older, &[before]);
    state.others.insert("media/inbound/pic.png".to_owned(), PNG.to_vec());
    let placed = state.place();
    let listed = listing(&placed.home);
    let plan = merge(&placed, &["--rewrite-media", "yes", "--apply"]);
    let to = plan["images"]["revived"].as_array().unwrap().iter().find(|moved| moved["from"] == "/old/in/pic.png").unwrap()["to"].clone();
    let to = to.as_str().unwrap();
    let text = std::fs::read_to_string(plan["target"].as_str().unwrap()).unwrap();
    let url = if to.starts_with('/') { to } else { "/old/in/pic.png" };
    let after = format!(
        "[media attached: {to} (image/png)]\nsee [Image: source: {to}] and /backup/old/in/pic.png.txt, \
         file://{url} /old/in/pic.png.txt host:/old/in/pic.png\n{to}."
    );
    let quoted = Value::from(after).to_string();
    let line = text.lines().find(|line| line.contains("/backup/old")).unwrap();
    assert!(line.contains(quoted.trim_matches('"')), "{line}");
    undo(&placed);
    assert_eq!(listing(&placed.home), listed);
}

#[test]
fn no_two_copies_have_one_place() {
    let mut state = State::corpus("2026.2.26-tseed");
    let older = state.splits[0][0].clone();
    let named = |path: &str| format!("[media attached: {path} (image/png)]");
    let texts = ["/a/real.png", "/b/media/inbound/real.png", "/x/.clawdbot/media/two.png", "/x/.moltbot/media/two.png", "/x/two.png"];
    say(&mut state, &older, &[&texts.map(named).join("\n")]);
    let placed = state.place();
    for (path, bytes) in [(".clawdbot/media/real.png", PNG), (".clawdbot/media/two.png", b"2"), (".moltbot/media/two.png", b"other")] {
        let path = placed.home.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let before = listing(&placed.home);
    let plan = merge(&placed, &["--copy-media", "--rewrite-media", "yes", "--apply"]);
    let from = |key: &str| -> Vec<Value> { plan["images"][key].as_array().unwrap().iter().map(|image| image["from"].clone()).collect() };
    assert_eq!(from("copied"), [texts[0], texts[2]]);
    assert!(from("revived").contains(&Value::from(texts[1])), "shares the copy of the first: {}", plan["images"]);
    assert_eq!((&plan["images"]["lost"], &plan["images"]["clashing"]), (&value!(texts[3..]), &value!(texts[3..])));
    assert_eq!(std::fs::read(inbound(&placed, "two.png")).unwrap(), b"2");
    let text = std::fs::read_to_string(plan["target"].as_str().unwrap()).unwrap();
    assert!(!text.contains(texts[1]) && text.contains(texts[3]) && text.contains(texts[4]));
    proof::nothing_left(&placed.home);
    std::fs::remove_file(inbound(&placed, "two.png")).unwrap();
    undo(&placed);
    assert_eq!(listing(&placed.home), before, "a copy that is gone already counts as taken away");
}

#[test]
fn every_image_is_accounted_for() {
    let mut state = State::corpus("2026.2.26-tseed");
    let older = state.splits[0][0].clone();
    let texts = [
        "[image data removed - already processed by model]",
        "[media attached: /home/jay/.openclaw/media/inbound/gone.png (image/png)]\n[image data removed - already processed by model]",
        "[media attached: /srv/old/.clawdbot/media/inbound/here.png (image/png)]",
        "[media attached: /mnt/phone/mapped.png (image/png)]",
    ];
    say(&mut state, &older, &texts);
    // Of the two pictures that are inline beside their path, one file is gone.
    let gone = state.others.keys().find(|path| path.contains("inbound")).unwrap().clone();
    state.others.remove(&gone);
    state.others.insert("media/inbound/here.png".to_owned(), PNG.to_vec());
    let placed = state.place();
    let phone = placed.tmp.path().join("phone");
    std::fs::create_dir(&phone).unwrap();
    std::fs::write(phone.join("mapped.png"), PNG).unwrap();
    let before = listing(&placed.home);
    let map = format!("/mnt/phone={}", phone.display());
    let args = ["--map", &map, "--rewrite-media", "yes", "--apply"];
    let plan = merge(&placed, &args);
    let images = &plan["images"];
    let count = |key: &str| images[key].as_u64().unwrap_or_else(|| images[key].as_array().unwrap().len() as u64);
    let counts: Vec<u64> =
        ["inline", "resolved", "mapped", "revived", "copied", "beside", "lost", "pruned", "pruned_bare", "remote"].map(count).into();
    assert_eq!(counts, [2, 0, 1, 2, 0, 1, 1, 1, 1, 0], "{images}");
    assert_eq!(images["lost"], value!(["/home/jay/.openclaw/media/inbound/gone.png"]));
    let text = std::fs::read_to_string(plan["target"].as_str().unwrap()).unwrap();
    assert!(!text.contains("/mnt/phone/mapped.png") && !text.contains("/srv/old/"), "dead references were rewritten");
    undo(&placed);
    assert_eq!(listing(&placed.home), before);
}

#[test]
fn a_run_that_dies_over_its_copies_is_taken_back() {
    let (_, placed, _) = moved();
    let before = listing(&placed.home);
    let home = placed.home.to_str().unwrap();
    let mut deaths = 0;
    for point in ["locked", "checked", "saved", "written", "prepared", "committing", "operation", "done"] {
        for time in 1..6 {
            let at = format!("{point}:{time}");
            let run = ["merge", home, "--copy-media", "--rewrite-media", "yes", "--apply"];
            let died = proof::with(&run, &[("CLAWFIX_TEST_DIE_AT", &at)]);
            deaths += u32::from(died.code != Some(0));
            let undone = clawfix(&["undo", home]);
            assert_eq!(undone.code, Some(0), "{at}: {}", undone.err);
            assert_eq!(listing(&placed.home), before, "{at}");
            if died.code == Some(0) {
                break;
            }
        }
    }
    assert!(deaths >= 12, "{deaths}");
}
