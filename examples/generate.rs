//! Makes up a state directory of a given size, for measurements and for trying things out: the same seed gives the same
//! bytes on every machine. `benches/README.md` says how it is used.
//!
//! ```text
//! cargo run --release --example generate -- FOLDER MEGABYTES [images|text|small] [SEED]
//! ```
#![allow(clippy::print_stderr, clippy::indexing_slicing, missing_docs, reason = "a program for people at a terminal")]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clawfix::time::iso;

/// Transcripts are as many, whatever their size.
const TRANSCRIPTS: u64 = 60;
/// When the first session begins, UTC ms.
const EPOCH_MS: i64 = 1_769_680_000_000;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const WORDS: [&str; 16] =
    ["the", "build", "failed", "at", "step", "three", "because", "of", "a", "missing", "file", "please", "look", "again", "naïve", "日本"];

/// What the sessions are made of.
#[derive(Clone, Copy)]
enum Mix {
    /// Screenshots in line, 100 KB to 3 MB, among ordinary turns.
    Images,
    /// Long answers and tool results.
    Text,
    /// Short turns only.
    Small,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mix = match arguments.get(2).map(String::as_str) {
        None | Some("images") => Some(Mix::Images),
        Some("text") => Some(Mix::Text),
        Some("small") => Some(Mix::Small),
        Some(_) => None,
    };
    let megabytes = arguments.get(1).and_then(|text| text.parse::<u64>().ok());
    let seed = arguments.get(3).map_or(Some(1), |text| text.parse().ok());
    let (Some(folder), Some(megabytes), Some(mix), Some(seed)) = (arguments.first().map(PathBuf::from), megabytes, mix, seed) else {
        eprintln!("usage: generate FOLDER MEGABYTES [images|text|small] [SEED]");
        return ExitCode::from(2);
    };
    match generate(&folder, megabytes << 20, mix, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("generate: {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn generate(folder: &Path, bytes: u64, mix: Mix, seed: u64) -> io::Result<()> {
    let sessions = folder.join("agents/main/sessions");
    fs::create_dir_all(&sessions)?;
    let mut dice = Dice(seed);
    let mut store = BufWriter::new(File::create(sessions.join("sessions.json"))?);
    write!(store, "{{")?;
    for n in 0..TRANSCRIPTS {
        let id = format!("{:08x}-{:04x}-4000-8000-{n:012x}", dice.next() >> 32, dice.next() >> 48);
        let out = BufWriter::with_capacity(1 << 20, File::create(sessions.join(format!("{id}.jsonl")))?);
        let begun_ms = EPOCH_MS + i64::try_from(n).unwrap_or(0) * 7 * 3_600_000;
        // Real folders hold files of very different size.
        let share = bytes * (1 + n % 5) / (3 * TRANSCRIPTS);
        let mut session = Session { out, written: 0, entry: 0, now_ms: begun_ms, peer: 7_016_600 + n % 8, id };
        session.write(share, mix, &mut dice)?;
        session.out.flush()?;
        let comma = if n == 0 { "" } else { "," };
        let (id, peer, updated) = (&session.id, session.peer, session.now_ms);
        write!(
            store,
            r#"{comma}"agent:main:telegram:dm:{peer}:{n}":{{"sessionId":"{id}","updatedAt":{updated},"origin":{{"from":"telegram:{peer}"}}}}"#
        )?;
    }
    writeln!(store, "}}")?;
    store.flush()
}

struct Session {
    out: BufWriter<File>,
    written: u64,
    entry: u32,
    now_ms: i64,
    peer: u64,
    id: String,
}

impl Session {
    fn write(&mut self, bytes: u64, mix: Mix, dice: &mut Dice) -> io::Result<()> {
        let (id, time) = (&self.id, iso(self.now_ms));
        let header = format!(r#"{{"type":"session","version":3,"id":"{id}","timestamp":"{time}","cwd":"/home/jay/clawd"}}"#);
        self.line(&header)?;
        while self.written < bytes {
            self.user(mix, dice)?;
            self.answer(mix, dice)?;
        }
        Ok(())
    }

    fn user(&mut self, mix: Mix, dice: &mut Dice) -> io::Result<()> {
        let (peer, number) = (self.peer, self.entry);
        let text = format!("[Telegram Jay (@jay) id:{peer} +2m 2026-01-29 09:17 PST] {}\\n[message_id: {number}]", prose(dice, 12));
        let mut content = format!(r#"{{"type":"text","text":"{text}"}}"#);
        if matches!(mix, Mix::Images) && dice.below(2) == 0 {
            content.push(',');
            image(&mut content, dice);
        }
        self.message(&format!(r#"{{"role":"user","content":[{content}],"timestamp":{}}}"#, self.now_ms))
    }

    fn answer(&mut self, mix: Mix, dice: &mut Dice) -> io::Result<()> {
        let long = if matches!(mix, Mix::Text) { 2_000 } else { 60 };
        if !matches!(mix, Mix::Small) {
            let call = format!("call_{:x}", dice.next());
            self.message(&format!(
                r#"{{"role":"assistant","content":[{{"type":"toolCall","id":"{call}","name":"exec","arguments":{{"command":"cat log"}}}}],"stopReason":"toolUse"}}"#
            ))?;
            let mut content = format!(r#"{{"type":"text","text":"{}"}}"#, prose(dice, 5 * long));
            if matches!(mix, Mix::Images) && dice.below(3) == 0 {
                content.push(',');
                image(&mut content, dice);
            }
            self.message(&format!(
                r#"{{"role":"toolResult","toolCallId":"{call}","toolName":"exec","content":[{content}],"isError":false,"details":{{"status":"completed","exitCode":0}}}}"#
            ))?;
        }
        let text = prose(dice, long);
        self.message(&format!(
            r#"{{"role":"assistant","content":[{{"type":"text","text":"{text}"}}],"api":"messages","provider":"x","model":"y","usage":{{"input":10,"output":20,"cost":{{"total":0.01}}}},"stopReason":"stop"}}"#
        ))
    }

    fn message(&mut self, message: &str) -> io::Result<()> {
        let parent = if self.entry == 0 { "null".to_owned() } else { format!("\"{:08x}\"", self.entry) };
        self.entry += 1;
        self.now_ms += 7_000;
        let (id, time) = (self.entry, iso(self.now_ms));
        self.line(&format!(r#"{{"type":"message","id":"{id:08x}","parentId":{parent},"timestamp":"{time}","message":{message}}}"#))
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        self.written += line.len() as u64 + 1;
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }
}

/// An image block of 100 KB to 3 MB.
fn image(content: &mut String, dice: &mut Dice) {
    let length = 100_000 + dice.below(2_900_000);
    content.push_str(r#"{"type":"image","mimeType":"image/png","data":""#);
    for _ in 0..length / 10 {
        let bits = dice.next();
        content.extend((0..10).map(|at| char::from(BASE64[(bits >> (6 * at)) as usize & 63])));
    }
    content.push_str("\"}");
}

/// Words, with a line end now and then and a quotation mark to escape.
fn prose(dice: &mut Dice, words: usize) -> String {
    let mut text = String::with_capacity(words * 7);
    for n in 0..words {
        text.push_str(WORDS[dice.below(WORDS.len())]);
        text.push_str(if n % 11 == 10 { "\\n" } else { " " });
        if n % 40 == 39 {
            text.push_str("\\\"ok\\\" ");
        }
    }
    text
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}
