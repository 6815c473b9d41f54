//! Chains, overlaps, collisions and archives.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::damage::{Folder, header, message, store, talk, text, texts};
use crate::proof::there_and_back;

fn id(number: usize) -> String {
    format!("{number:08x}-1111-4222-8333-000000000000")
}

#[test]
fn chains_of_three_and_five() {
    for count in [3, 5] {
        let marks = ["a", "b", "c", "d", "e"];
        let ids: Vec<String> = (1..=count).map(id).collect();
        let mut files: Vec<(String, Vec<u8>)> = ids
            .iter()
            .zip(marks)
            .enumerate()
            .map(|(at, (id, mark))| (format!("{id}.jsonl"), text(&talk(id, mark, at as u32 * 5))))
            .collect();
        files.push(("sessions.json".to_owned(), store(&ids[count - 1])));
        let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        let folder = Folder::new(&files);
        let expected: Vec<String> = marks[..count].iter().flat_map(|mark| [format!("{mark} asks"), format!("{mark} hears")]).collect();
        for arguments in [&[][..], &["--into", "first"], &["--into", "new"]] {
            let names: Vec<&str> = ids.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
            let (plan, loaded) = there_and_back(folder.home(), &names);
            assert_eq!(texts(&loaded), expected, "{arguments:?}");
            assert_eq!(loaded.roots, 1);
            assert_eq!(plan["lines"]["added"].as_u64().unwrap(), count as u64 - 1, "one seam each");
        }
    }
}

#[test]
fn archives_are_sources() {
    for kind in ["reset", "deleted", "bak"] {
        let (older, newer) = (id(1), id(2));
        let name = format!("{older}.jsonl.{kind}.2026-03-01T10-04-00.123Z");
        let folder = Folder::new(&[
            (&name, text(&talk(&older, "a", 1))),
            (&format!("{newer}.jsonl"), text(&talk(&newer, "b", 5))),
            ("sessions.json", store(&newer)),
        ]);
        for arguments in [&[][..], &["--into", "new"]] {
            let (_, loaded) = there_and_back(folder.home(), &[&[older.as_str(), &newer], arguments].concat());
            assert_eq!(texts(&loaded), ["a asks", "a hears", "b asks", "b hears"], "{kind} {arguments:?}");
        }
    }
}

#[test]
fn an_archive_of_the_survivor_itself() {
    let own = id(1);
    let archive = format!("{own}.jsonl.reset.2026-03-01T10-04-00.123Z");
    let trajectory = format!("{own}.trajectory.jsonl");
    let folder = Folder::new(&[
        (&archive, text(&talk(&own, "a", 1))),
        (&format!("{own}.jsonl"), text(&talk(&own, "b", 5))),
        (&trajectory, b"{}\n".to_vec()),
        ("sessions.json", store(&own)),
    ]);
    let (archive, live) = (folder.sessions.join(archive), folder.sessions.join(format!("{own}.jsonl")));
    let (plan, loaded) = there_and_back(folder.home(), &[archive.to_str().unwrap(), live.to_str().unwrap()]);
    assert_eq!(texts(&loaded), ["a asks", "a hears", "b asks", "b hears"]);
    assert_eq!(plan["moved"].as_array().unwrap().len(), 1, "the trajectory is the survivor's: {}", plan["moved"]);
    assert_eq!(plan["store"], json!([]));
}

#[test]
fn every_reference_follows_an_id_that_changes() {
    let (older, newer) = (id(1), id(2));
    let mut lines = vec![
        header(&newer, 5),
        message("user", "a0000001", None, 5, "b asks"),
        message("assistant", "a0000002", Some("a0000001"), 6, "b hears"),
    ];
    let entry = |value: Value| value.to_string();
    let stamp = "2026-03-01T10:07:00.000Z";
    lines.push(entry(
        json!({"type": "label", "id": "b0000003", "parentId": "a0000002", "timestamp": stamp, "targetId": "a0000001", "label": "x"}),
    ));
    lines.push(entry(json!({"type": "branch_summary", "id": "b0000004", "parentId": "b0000003", "timestamp": stamp, "fromId": "a0000002", "summary": "s"})));
    lines.push(entry(json!({"type": "compaction", "id": "b0000005", "parentId": "b0000004", "timestamp": stamp, "firstKeptEntryId": "a0000001", "summary": "s", "tokensBefore": 1})));
    lines.push(entry(json!({"type": "leaf", "id": "b0000006", "parentId": "b0000005", "timestamp": stamp, "targetId": "b0000005", "appendParentId": "a0000002"})));
    lines.push(entry(json!({"type": "custom", "customType": "x", "id": "b0000007", "parentId": "b0000005", "timestamp": stamp, "data": {"parentId": "a0000001", "id": "a0000002"}})));
    let folder = Folder::new(&[
        (&format!("{older}.jsonl"), text(&talk(&older, "a", 1))),
        (&format!("{newer}.jsonl"), text(&lines)),
        ("sessions.json", store(&newer)),
    ]);
    let (plan, loaded) = there_and_back(folder.home(), &[&older, &newer]);
    let new: BTreeMap<String, String> = plan["remapped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item[1].as_str().unwrap().to_owned(), item[2].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(new.keys().collect::<Vec<_>>(), ["a0000001", "a0000002"]);
    let find = |id: &str| loaded.path.iter().find(|entry| entry["id"] == id).unwrap_or_else(|| panic!("{id} is not on the path")).clone();
    assert_eq!(find("b0000003")["targetId"], new["a0000001"].as_str());
    assert_eq!(find("b0000003")["parentId"], new["a0000002"].as_str());
    assert_eq!(find("b0000004")["fromId"], new["a0000002"].as_str());
    assert_eq!(find("b0000005")["firstKeptEntryId"], new["a0000001"].as_str());
    assert_eq!(find("b0000007")["data"], json!({"parentId": "a0000001", "id": "a0000002"}), "what only looks like a reference stays");
    assert_eq!(texts(&loaded), ["a asks", "a hears", "b asks", "b hears"]);
}

/// A message with tool calls, or the result of one.
fn tool(id: &str, parent: &str, minute: u32, call: &str, is_result: bool) -> String {
    let message = match is_result {
        true => {
            json!({"role": "toolResult", "toolCallId": call, "toolName": "exec", "content": [{"type": "text", "text": format!("{call} done")}], "isError": false})
        }
        false => {
            json!({"role": "assistant", "content": [{"type": "toolCall", "id": call, "name": "exec", "arguments": {}}], "stopReason": "toolUse"})
        }
    };
    json!({"type": "message", "id": id, "parentId": parent, "timestamp": format!("2026-03-01T10:{minute:02}:30.000Z"), "message": message})
        .to_string()
}

#[test]
fn overlaps_are_interleaved_by_whole_turns() {
    let (older, newer) = (id(1), id(2));
    let mirror = json!({"type": "message", "id": "a0000004", "parentId": "a0000002", "timestamp": "2026-03-01T10:11:00.000Z",
        "message": {"role": "assistant", "provider": "openclaw", "model": "delivery-mirror", "content": [{"type": "text", "text": "mirror"}]}});
    let first = [
        header(&older, 0),
        message("user", "a0000001", None, 1, "a1"),
        tool("a0000002", "a0000001", 2, "call_1", false),
        // A user writes while the tool runs: the result comes behind that.
        message("user", "a0000003", Some("a0000002"), 8, "a2"),
        tool("a0000005", "a0000003", 12, "call_1", true),
        message("assistant", "a0000006", Some("a0000005"), 13, "a2 heard"),
        // An aside as the last line before the next turn, which does not hang on it.
        mirror.to_string(),
        message("user", "a0000007", Some("a0000006"), 20, "a3"),
        message("assistant", "a0000008", Some("a0000007"), 21, "a3 heard"),
    ];
    let second = [
        header(&newer, 4),
        message("user", "b0000001", None, 5, "b1"),
        message("assistant", "b0000002", Some("b0000001"), 6, "b1 heard"),
        message("user", "b0000003", Some("b0000002"), 15, "b2"),
        tool("b0000004", "b0000003", 16, "call_9", false),
    ];
    let folder = Folder::new(&[
        (&format!("{older}.jsonl"), text(&first)),
        (&format!("{newer}.jsonl"), text(&second)),
        ("sessions.json", store(&newer)),
    ]);
    let (plan, loaded) = there_and_back(folder.home(), &[&older, &newer]);
    assert_eq!(plan["interleaved"], true);
    let unknown = "The session was cut before this tool call returned; its result is not known.";
    let order = ["a1", "", "a2", "call_1 done", "a2 heard", "b1", "b1 heard", "b2", "", unknown, "a3", "a3 heard"];
    assert_eq!(texts(&loaded), order, "in time, and the call with its result");
    assert_eq!(loaded.roots, 1);
    assert_eq!(plan["closed_calls"], json!(["call_9"]));
    let (plan, loaded) = there_and_back(folder.home(), &[&older, &newer, "--no-close"]);
    assert_eq!((plan["closed_calls"].clone(), texts(&loaded).len()), (json!([]), order.len() - 1));
}

#[test]
fn an_open_call_at_the_seam_is_closed() {
    let (older, newer) = (id(1), id(2));
    let mut lines = talk(&older, "a", 1);
    lines.push(tool("a0000003", "a0000002", 3, "call_7", false));
    let folder = Folder::new(&[
        (&format!("{older}.jsonl"), text(&lines)),
        (&format!("{newer}.jsonl"), text(&talk(&newer, "b", 5))),
        ("sessions.json", store(&newer)),
    ]);
    let (plan, loaded) = there_and_back(folder.home(), &[&older, &newer]);
    assert_eq!(plan["closed_calls"], json!(["call_7"]));
    let result = loaded.messages().into_iter().find(|message| message["role"] == "toolResult").unwrap();
    assert_eq!((&result["toolCallId"], &result["isError"], &result["toolName"]), (&json!("call_7"), &json!(true), &json!("exec")));
    let (plan, loaded) = there_and_back(folder.home(), &[&older, &newer, "--no-close", "--no-seam"]);
    assert_eq!(plan["lines"]["added"], 0);
    assert!(plan["warnings"].to_string().contains("stay open"), "{}", plan["warnings"]);
    assert_eq!(texts(&loaded).len(), 5);
}
