//! Every torn conversation of the corpus.

use serde_json::Value;

use crate::common::{corpus, scan, splits};
use crate::proof::{json, listing, load, there_and_back, torn};

#[test]
fn every_split_is_stitched_and_taken_back() {
    for state in corpus() {
        let placed = state.place();
        let home = placed.home.as_path();
        if state.splits.is_empty() {
            let before = listing(home);
            assert_eq!(json(&["merge", "--apply", home.to_str().unwrap()])["plans"], Value::Array(Vec::new()), "{}", state.name);
            assert_eq!(listing(home), before, "{}", state.name);
            continue;
        }
        let whole: Vec<Value> = state.splits[0].iter().flat_map(|file| load(&placed.sessions.join(file)).messages()).collect();
        let (plan, loaded) = there_and_back(home, &[&torn(home)]);
        assert_eq!(loaded.messages(), whole, "{}: all messages in order", state.name);
        assert_eq!(loaded.roots, 1, "{}", state.name);
        let survivor = &plan["sources"][plan["survivor"].as_u64().unwrap() as usize]["session_id"];
        assert_eq!(&loaded.header["id"], survivor, "{}", state.name);
    }
}

#[test]
fn afterwards_nothing_is_torn_and_the_live_key_names_the_survivor() {
    for state in corpus().into_iter().filter(|state| !state.splits.is_empty()) {
        let placed = state.place();
        let home = placed.home.to_str().unwrap();
        let keys = |value: &Value| -> Vec<(String, Value)> {
            value.as_object().unwrap().iter().map(|(key, entry)| (key.clone(), entry["sessionId"].clone())).collect()
        };
        let store = || serde_json::from_slice::<Value>(&std::fs::read(placed.sessions.join("sessions.json")).unwrap()).unwrap();
        let before = keys(&store());
        let plan = json(&["merge", "--apply", home, &torn(&placed.home)])["plans"][0].clone();
        let found = scan(&[placed.home.as_path()], &[]);
        assert_eq!((splits(&found.json).len(), found.code), (0, 0), "{}: {}", state.name, found.text);
        let after = keys(&store());
        assert_eq!(after, before, "{}: no live key moves", state.name);
        let survivor = &plan["sources"][plan["survivor"].as_u64().unwrap() as usize]["session_id"];
        assert!(after.iter().any(|(_, id)| id == survivor), "{}", state.name);
    }
}

#[test]
fn the_other_survivors_and_manners() {
    for state in corpus().into_iter().filter(|state| !state.splits.is_empty()) {
        for args in [&["--into", "first"][..], &["--into", "new"], &["--no-seam"], &["--no-close"], &["--rewrite-media", "yes"]] {
            let placed = state.place();
            let first_is_archive = state.splits[0][0].contains(".reset.");
            if first_is_archive && args.contains(&"first") {
                continue;
            }
            let whole: Vec<Value> = state.splits[0].iter().flat_map(|file| load(&placed.sessions.join(file)).messages()).collect();
            let (plan, loaded) = there_and_back(&placed.home, &[args, &[&torn(&placed.home)]].concat());
            if !args.contains(&"--rewrite-media") {
                assert_eq!(loaded.messages(), whole, "{} {args:?}", state.name);
            }
            let seams = loaded.path.iter().filter(|entry| entry["customType"] == "clawfix:seam").count();
            assert_eq!(seams, usize::from(!args.contains(&"--no-seam")));
            if args.contains(&"new") {
                let id = loaded.header["id"].as_str().unwrap();
                assert!(plan["target"].as_str().unwrap().ends_with(&format!("{id}.jsonl")));
                assert!(plan["store"].as_array().unwrap().iter().any(|change| change["to"] == id), "{plan}");
            }
        }
    }
}

#[test]
fn the_result_elsewhere_leaves_all_as_it_is() {
    for state in corpus().into_iter().filter(|state| !state.splits.is_empty()) {
        let placed = state.place();
        let home = placed.home.to_str().unwrap();
        let before = listing(&placed.home);
        let out = placed.tmp.path().join("whole.jsonl");
        let id = torn(&placed.home);
        let args = ["merge", home, &id, "--out", out.to_str().unwrap()];
        let plan = json(&args)["plans"][0].clone();
        assert_eq!(listing(&placed.home), before);
        let bytes = std::fs::read(&out).unwrap();
        assert_eq!(plan["result"]["hash"], blake3::hash(&bytes).to_hex().to_string().as_str());
        let second = crate::proof::clawfix(&args);
        assert_eq!(second.code, Some(2));
        assert!(second.err.contains("there already"), "{}", second.err);
        assert_eq!(std::fs::read(&out).unwrap(), bytes, "never written over");
    }
}
