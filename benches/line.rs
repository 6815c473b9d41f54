//! Throughput of the line parser in bytes a second, beside two ways that parse with serde: borrowed types, which skip
//! what they do not name but keep the strings they do, and a whole `Value`. All three see the same lines.
#![allow(missing_docs, clippy::unwrap_used)]

use std::borrow::Cow;
use std::hint::black_box;

use clawfix::line::{Parser, Slot};
use clawfix::read::{BLOCK, LineSink, Quality, Span, blocks};
use divan::{Bencher, counter::BytesCount};
use serde::Deserialize;

fn main() {
    divan::main();
}

/// Lines of one sort, a few MB of them.
fn lines(sort: &str) -> Vec<u8> {
    let envelope = |content: &str, n: usize| {
        format!(
            r#"{{"type":"message","id":"{n:08x}","parentId":"{:08x}","timestamp":"2026-01-29T17:16:17.328Z","message":{{"role":"user","content":[{content}],"timestamp":1769706977328}}}}"#,
            n.wrapping_sub(1)
        ) + "\n"
    };
    let text = "the build failed at step three, naïve \\\"quoted\\\" words and\\n\\tan indented line of output 日本 ";
    let line = |n: usize| match sort {
        "image" => envelope(
            &format!(
                r#"{{"type":"text","text":"look"}},{{"type":"image","mimeType":"image/png","data":"{}"}}"#,
                "iVBORw0KGgoA".repeat(80_000)
            ),
            n,
        ),
        "text" => envelope(&format!(r#"{{"type":"text","text":"{}"}}"#, text.repeat(100)), n),
        _ => envelope(r#"{"type":"text","text":"ok"}"#, n),
    };
    let count = match sort {
        "image" => 8,
        "text" => 800,
        _ => 20_000,
    };
    (0..count).map(line).collect::<String>().into_bytes()
}

const SORTS: [&str; 3] = ["image", "text", "small"];

struct Facts(Parser, u64);

impl LineSink for Facts {
    fn chunk(&mut self, bytes: &[u8], quality: Quality) {
        self.0.feed(bytes, quality);
    }
    fn end(&mut self, _: Span, terminated: bool) {
        if let Some(Ok((line, _))) = self.0.end(terminated) {
            self.1 += u64::from(line.kind() as u8) + line.text_len();
            black_box((line.role(), line.id_of(Slot::Id), line.id_of(Slot::ParentId), line.text_of(Slot::Timestamp), line.text()));
        }
    }
}

/// As the scan does it: blocks, their quality, lines, facts, and the text decoded.
#[divan::bench(args = SORTS)]
fn clawfix(bencher: Bencher, sort: &str) {
    let bytes = lines(sort);
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| {
        let mut facts = Facts(Parser::new(), 0);
        blocks(bytes.as_slice(), BLOCK, &mut facts, &|_| ()).unwrap();
        facts.1
    });
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(rename = "parentId", borrow)]
    parent: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<TypedMessage<'a>>,
}

#[derive(Deserialize)]
struct TypedMessage<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: Vec<TypedBlock<'a>>,
}

#[derive(Deserialize)]
struct TypedBlock<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<Cow<'a, str>>,
}

#[divan::bench(args = SORTS)]
fn serde_typed(bencher: Bencher, sort: &str) {
    let bytes = lines(sort);
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| {
        for line in bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
            let typed: Typed<'_> = serde_json::from_slice(line).unwrap();
            black_box((typed.kind, typed.id, typed.parent, typed.timestamp));
            for block in typed.message.map(|message| (black_box(message.role), message.content).1).unwrap_or_default() {
                black_box((block.text, block.data));
            }
        }
    });
}

#[divan::bench(args = SORTS)]
fn serde_value(bencher: Bencher, sort: &str) {
    let bytes = lines(sort);
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| {
        for line in bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
            black_box(serde_json::from_slice::<serde_json::Value>(line).unwrap());
        }
    });
}
