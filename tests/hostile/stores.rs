//! Stores and trajectories that no gateway wrote.

use crate::{Folder, header, id, scan, user};

#[test]
fn no_store_brings_a_scan_down() {
    let types = r#"{"a":null,"b":1,"c":"x","d":[],"e":{"sessionId":5},"f":{"sessionId":[[]]},"g":{"sessionFile":{}},"h":{"origin":"x"},"i":{"usageFamilySessionIds":{"x":[1]}},"j":{"updatedAt":1e300,"totalTokens":-1}}"#;
    let twice = format!(r#"{{"agent:main:main":{{"sessionId":"x"}},"agent:main:main":{{"sessionId":"{}"}}}}"#, id(1));
    let far_too_many: String = (0..100_001).map(|n| format!(r#""k{n}":{{}},"#)).collect();
    let many: String = (0..20_000).map(|n| format!(r#""agent:main:telegram:dm:{n}":{{"sessionId":"{}"}},"#, id(n))).collect();
    // What is wrong is a finding (CF601), and costs the store alone.
    for (name, store, code) in [
        ("wrong types", types.to_owned(), 0),
        ("a key twice", twice, 0),
        ("many keys", format!("{{{}\"x\":0}}", many), 0),
        ("far too many keys", format!("{{{far_too_many}\"x\":0}}"), 2),
        ("cut short", format!("{{{many}"), 1),
        ("deep", r#"{"a":"#.repeat(100_000), 1),
        ("deep, unquoted", "{a:".repeat(100_000), 1),
        ("a list", "[]".to_owned(), 1),
        ("NULs", "\0".repeat(10_000), 1),
        ("comments", "/*".repeat(100_000), 1),
    ] {
        let folder = Folder::transcript(user("a", "hi"));
        folder.write("sessions.json", store);
        let run = scan(folder.path(), &["--format", "json"]);
        assert_eq!(run.code, code, "{name}: {}", run.out);
        assert_eq!(run.json()["summary"]["conversations"], 1, "{name}");
    }
}

#[test]
fn many_sessions_and_many_keys_find_each_other() {
    let folder = Folder::new();
    let mut store = String::from("{");
    for n in 0..300 {
        folder.write(format!("{}.jsonl", id(n)), header(n) + &user("a", "hi"));
        store += &format!(r#""agent:main:telegram:dm:{n}":{{"sessionId":"{}"}},"#, id(n).to_uppercase());
    }
    folder.write("sessions.json", store + r#""agent:main:main":{}}"#);
    let json = scan(folder.path(), &["--format", "json"]).json();
    let conversations = json["conversations"].as_array().unwrap();
    assert_eq!(conversations.len(), 300);
    assert!(conversations.iter().all(|c| c["key_source"] == "store"), "ids are compared without case");
}

#[test]
fn trajectories_of_any_bytes_are_survived() {
    let event =
        format!(r#"{{"type":"session.started","ts":9223372036854775807,"sessionId":"{}","data":{{"trigger":"user"}}}}"#, id(1)) + "\n";
    let long = format!(r#"{{"type":"session.started","pad":"{}"}}"#, "x".repeat(1_000_000));
    for bytes in
        [event.repeat(1_000).into_bytes(), long.into_bytes(), vec![0xFF; 10_000], br#"{"type":"session.started","a":"#.repeat(50_000)]
    {
        let folder = Folder::transcript(user("a", "hi"));
        folder.write(format!("{}.trajectory.jsonl", id(1)), bytes);
        let run = scan(folder.path(), &["--format", "json"]);
        assert_eq!(run.json()["summary"]["conversations"], 1);
    }
}
