//! Any bytes in the place of lines.

use crate::{Folder, id, scan, user};

/// Each of these stands behind a good header; the rule that names the damage, if any, and the exit code.
#[test]
fn lines_of_every_kind_have_their_outcome() {
    const MANY: usize = 300_000;
    let cases: Vec<(&str, Vec<u8>, Option<&str>, i32)> = vec![
        ("no newline at all", b"x".repeat(MANY), Some("CF202"), 1),
        ("brackets only", b"[".repeat(MANY), Some("CF201"), 1),
        ("nested objects", br#"{"a":"#.repeat(MANY), Some("CF201"), 1),
        ("NULs", vec![0; MANY], Some("CF203"), 1),
        ("spaces", vec![b' '; MANY], None, 0),
        ("carriage returns", vec![b'\r'; MANY], None, 0),
        ("lines of one byte", b"x\n".repeat(MANY), Some("CF202"), 1),
        ("empty objects", b"{}\n".repeat(2_000), None, 0),
        ("nulls", b"null\n".repeat(2_000), Some("CF208"), 1),
        ("headers", br#"{"type":"session","id":"a"}"#.to_vec(), None, 0),
        ("a control character in a string", b"{\"a\":\"\x01\"}\n".to_vec(), Some("CF206"), 1),
        ("two objects on a line", b"{}{}\n".to_vec(), Some("CF204"), 1),
        (
            "no UTF-8",
            user("a", "x").replace('x', "\u{1}").into_bytes().into_iter().map(|b| if b == 1 { 0xFF } else { b }).collect(),
            Some("CF205"),
            0,
        ),
        ("an endless number", [b"{\"id\":".to_vec(), b"9".repeat(MANY), b"}\n".to_vec()].concat(), None, 0),
        ("an endless key", [b"{\"".to_vec(), b"k".repeat(MANY), b"\":1}\n".to_vec()].concat(), None, 0),
    ];
    for (name, bytes, rule, code) in cases {
        let folder = Folder::transcript(bytes);
        let run = scan(folder.path(), &["--format", "json"]);
        let report = run.json();
        let findings = report["findings"].as_array().unwrap();
        match rule {
            Some(rule) => assert!(findings.iter().any(|found| found["rule"] == rule), "{name}: {findings:#?}"),
            None => assert!(findings.iter().all(|found| found["severity"] == "info"), "{name}: {findings:#?}"),
        }
        assert_eq!(run.code, code, "{name}: {}", run.out);
    }
}

#[test]
fn byte_order_mark_and_windows_line_ends_are_no_damage() {
    let text = format!("\u{FEFF}{}{}", crate::header(1), user("a", "hi")).replace('\n', "\r\n") + "\r\n \t\r\n";
    let folder = Folder::new();
    folder.write(format!("{}.jsonl", id(1)), text);
    let run = scan(folder.path(), &["--format", "json"]);
    assert_eq!((run.code, run.json()["summary"]["entries"].as_u64()), (0, Some(1)), "{}", run.out);
}

#[test]
fn what_is_beyond_a_bound_is_said_to_be_left_out() {
    let block = r#",{"type":"image","mimeType":"image/png","data":"QUJD"}"#;
    let line = format!(r#"{{"type":"message","id":"a","message":{{"role":"user","content":[{{}}{}]}}}}"#, block.repeat(70_000));
    let run = scan(Folder::transcript(line + "\n").path(), &["--format", "json"]);
    assert_eq!((run.code, run.json()["findings"][0]["rule"].as_str()), (2, Some("CF004")), "never clean: {}", run.out);
}

#[test]
fn a_binary_file_is_unknown_and_not_healthy() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let path = folder.write("noise.jsonl", &noise);
    let run = scan(&path, &["--format", "json"]);
    let findings = run.json()["findings"].as_array().unwrap().clone();
    assert!(findings.iter().any(|finding| finding["rule"] == "CF003"), "{}", run.out);
    assert_eq!(run.json()["summary"]["conversations"], 0);
}

#[test]
fn fields_that_stand_a_million_times_cost_no_memory() {
    use clawfix::line::{Parser, Slot};
    let quality = clawfix::read::Quality { utf8: true, control: false };
    let mut parser = Parser::new();
    parser.feed(br#"{"type":"message""#, quality);
    let field = format!(r#","id":"{}""#, "a".repeat(4_000));
    for _ in 0..10_000 {
        parser.feed(field.as_bytes(), quality);
    }
    parser.feed(br#","id":"last"}"#, quality);
    let (line, _) = parser.end(true).unwrap().unwrap();
    assert_eq!(line.text_of(Slot::Id).as_deref(), Some("last"), "the last one counts");
    assert!(line.has_duplicate_field());
}
