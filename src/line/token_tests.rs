#![allow(clippy::unwrap_used)]
use super::*;

/// Writes the events down, so that two ways of cutting a line can be compared.
#[derive(Default, PartialEq, Debug)]
struct Log(String);

impl Events for Log {
    fn open(&mut self, array: bool) {
        self.0.push(if array { '[' } else { '{' });
    }
    fn close(&mut self) {
        self.0.push('.');
    }
    fn key(&mut self, raw: &[u8]) {
        self.0 += &format!("k<{}>", String::from_utf8_lossy(raw));
    }
    fn string_begin(&mut self, offset: u64) {
        self.0 += &format!("s@{offset}<");
    }
    fn string_part(&mut self, raw: &[u8]) {
        // Latin-1, so that a character cut in two reads the same.
        self.0.extend(raw.iter().map(|&b| char::from(b)));
    }
    fn string_end(&mut self) {
        self.0.push('>');
    }
    fn scalar(&mut self, raw: &[u8]) {
        self.0 += &format!("v<{}>", String::from_utf8_lossy(raw));
    }
}

fn run(line: &[u8], step: usize) -> (String, Result<(), (Flaw, u64)>) {
    let mut log = Log::default();
    let mut tokenizer = Tokenizer::default();
    for chunk in line.chunks(step) {
        tokenizer.feed(chunk, true, &mut log);
    }
    let result = tokenizer.finish(&mut log);
    (log.0, result)
}

#[test]
fn every_cut_gives_the_same_events() {
    let line = r#" {"a\u00e9":[1,-0.5e+3,true,null,"x\\\"ß"],"b":{"c":[]},"d":""} "#.as_bytes();
    let whole = run(line, line.len());
    assert_eq!(whole.1, Ok(()));
    for step in 1..line.len() {
        assert_eq!(run(line, step), whole, "in chunks of {step}");
    }
}

#[test]
fn flaws_have_their_place() {
    let table: &[(&[u8], Flaw, u64)] = &[
        (b"undefined", Flaw::Unexpected(b'u'), 0),
        (b"{\"a\":1", Flaw::Cut, 6),
        (b"{\"a\":\"b\nc\"}", Flaw::Control(b'\n'), 7),
        (b"{\"a\":1}{\"b\":2}", Flaw::Trailing, 7),
        (b"{\"a\":01}", Flaw::Unexpected(b'1'), 6),
        (b"{\"a\":1.}", Flaw::Malformed, 7),
        (b"[1,]", Flaw::Unexpected(b']'), 3),
        (b"{\"a\":1,}", Flaw::Unexpected(b'}'), 7),
        (b"\"\\x\"", Flaw::Malformed, 2),
        (b"", Flaw::Cut, 0),
        (b"tru", Flaw::Cut, 3),
        (b"[}", Flaw::Unexpected(b'}'), 1),
        (b"{]", Flaw::Unexpected(b']'), 1),
        (b"-", Flaw::Malformed, 1),
    ];
    for (line, flaw, at) in table {
        assert_eq!(run(line, line.len().max(1)).1, Err((*flaw, *at)), "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn a_million_brackets_are_no_trouble() {
    let mut line = vec![b'['; 1_000_000];
    line.extend(vec![b']'; 1_000_000]);
    assert_eq!(run(&line, 4096).1, Ok(()));
    let deep = vec![b'['; MAX_DEPTH + 1];
    assert_eq!(run(&deep, 1 << 20).1, Err((Flaw::TooDeep, MAX_DEPTH as u64)));
}
