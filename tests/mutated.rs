//! Real transcripts, cut, spliced, flipped, doubled and shuffled at random: every file is judged, none makes the program
//! fall over, `repair` loses no message that could be read, changes nothing the second time, and is taken back byte for byte.
//!
//! `CLAWFIX_MUTATED` says how many files; each folder of them is one run of the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Files of one run.
const FOLDER: usize = 60;

/// splitmix64: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

fn transcripts(dir: &Path, found: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            transcripts(&path, found);
        } else if name.contains(".jsonl") && !name.contains("trajectory") {
            found.push(fs::read(&path).unwrap());
        }
    }
}

/// One to four things that happen to files.
fn mutate(random: &mut Random, sources: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(sources).clone();
    for _ in 0..=random.below(4) {
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        if lines.is_empty() {
            return bytes;
        }
        match random.below(14) {
            0 => bytes.truncate(random.below(bytes.len() + 1)),
            1 => {
                let (a, b) = (random.below(bytes.len() + 1), random.below(200));
                bytes.drain(a..(a + b).min(bytes.len()));
            }
            2 => {
                let other = random.pick(sources).clone();
                let (at, cut) = (random.below(bytes.len() + 1), random.below(other.len() + 1));
                bytes.splice(at..at, other[cut..].iter().take(400).copied());
            }
            3 => {
                for _ in 0..=random.below(8) {
                    let at = random.below(bytes.len().max(1));
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << random.below(8);
                    }
                }
            }
            4 => {
                let line = random.pick(&lines).clone();
                let at = random.below(lines.len() + 1);
                lines.insert(at, line);
                bytes = lines.concat();
            }
            5 => {
                let (a, b) = (random.below(lines.len()), random.below(lines.len()));
                lines.swap(a, b);
                bytes = lines.concat();
            }
            6 => {
                lines.remove(random.below(lines.len()));
                bytes = lines.concat();
            }
            7 => {
                // A newline is lost, or one comes.
                let at = random.below(bytes.len().max(1));
                match bytes.iter().skip(at).position(|&byte| byte == b'\n') {
                    Some(more) if random.below(2) == 0 => drop(bytes.remove(at + more)),
                    _ => bytes.insert(at, b'\n'),
                }
            }
            8 => {
                let at = random.below(lines.len());
                let len = lines[at].len();
                lines[at] = [vec![0; len.saturating_sub(1)], b"\n".to_vec()].concat();
                bytes = lines.concat();
            }
            9 => {
                let junk: &[&[u8]] = &[
                    b"undefined\n",
                    b"null\n",
                    b"5\n",
                    b"[]\n",
                    b"\xEF\xBB\xBF",
                    b"{}\n",
                    b"\x00",
                    b"\xff\xfe",
                    b"{\"type\":\"message\"}\n",
                ];
                let at = random.below(lines.len() + 1);
                lines.insert(at, random.pick(junk).to_vec());
                bytes = lines.concat();
            }
            10 => {
                // A value of one line goes to another, ids among them.
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let ids: Vec<&str> = text.split("\"id\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
                if ids.len() > 2 {
                    let (from, to) = (random.pick(&ids).to_string(), random.pick(&ids).to_string());
                    let key = random.pick(&["\"parentId\":", "\"id\":", "\"toolCallId\":"]);
                    bytes = text.replacen(&format!("{key}\"{from}\""), &format!("{key}\"{to}\""), 1 + random.below(2)).into_bytes();
                }
            }
            11 => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let pairs = [
                    ("\"role\":\"user\"", "\"role\":null"),
                    ("\"parentId\":\"", "\"parentId\":null,\"was\":\""),
                    ("\"toolCallId\":\"", "\"toolCallId\":\"x"),
                    ("\"type\":\"session\"", "\"type\":\"custom\""),
                    ("\"message\":{", "\"message\":null,\"m\":{"),
                    ("\"version\":3", "\"version\":1"),
                    ("\"id\":\"", "\"ID\":\""),
                    ("\"data\":\"", "\"data\":\"!"),
                    ("\"text\":\"", "\"text\":\"  \",\"t\":\""),
                ];
                let (from, to) = random.pick(&pairs);
                bytes = text.replacen(from, to, 1 + random.below(3)).into_bytes();
            }
            12 => {
                for at in (1..lines.len()).rev() {
                    let other = random.below(at + 1);
                    lines.swap(at, other);
                }
                bytes = lines.concat();
            }
            _ => {
                let other = random.pick(sources);
                bytes.extend_from_slice(other);
            }
        }
    }
    bytes
}

/// The messages of a file that can be read: id and what they say.
fn messages(bytes: &[u8]) -> Vec<(Value, Vec<Value>)> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let entries = text.split('\n').filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let says = |content: &Value| match content {
        Value::String(_) => vec![content.clone()],
        _ => content.as_array().into_iter().flatten().map(|block| block["text"].clone()).filter(|text| !text.is_null()).collect(),
    };
    entries.filter(|entry| entry["message"].is_object()).map(|entry| (entry["id"].clone(), says(&entry["message"]["content"]))).collect()
}

fn run(args: &[&str], dir: &Path) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_clawfix")).args(args).arg(dir).env("HOME", dir).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
    assert!(!stderr.contains("panicked"), "{args:?} fell over: {stderr}");
    (out.status.code().expect("no signal"), stdout, stderr)
}

fn json(args: &[&str], dir: &Path) -> Value {
    let (code, out, err) = run(&[args, &["--format", "json", "--quiet"]].concat(), dir);
    assert!(code <= 2, "{args:?}: {code}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {err}"))
}

fn listing(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
}

fn folder(seed: u64, sources: &[Vec<u8>]) {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("agents/main/sessions");
    fs::create_dir_all(&dir).unwrap();
    let mut random = Random(seed);
    for at in 0..FOLDER {
        fs::write(dir.join(format!("{seed:08x}-0000-4000-8000-{at:012x}.jsonl")), mutate(&mut random, sources)).unwrap();
    }
    let before = listing(&dir);
    let report = json(&["scan", "--all", "--min-level", "possible"], tmp.path());
    let paths = report.to_string();
    for name in before.keys() {
        assert!(paths.contains(name.as_str()), "seed {seed}: {name} is neither clean, nor damaged, nor unknown");
    }
    let plan = json(&["repair"], tmp.path());
    assert_eq!(listing(&dir), before, "seed {seed}: a plan writes nothing");
    let applied = json(&["repair", "--apply"], tmp.path());
    let after = listing(&dir);
    let changes = |report: &Value| report["repairs"][0]["files"].as_array().map_or(0, Vec::len);
    assert_eq!(changes(&plan), changes(&applied), "seed {seed}");
    for (name, bytes) in &before {
        let now = messages(&after[name]);
        for (id, says) in messages(bytes) {
            // What says nothing gets a placeholder, and may get another id besides.
            if says.iter().all(|text| text.as_str().is_none_or(|text| text.trim().is_empty())) {
                continue;
            }
            let there =
                |(other, text): &(Value, Vec<Value>)| says.iter().all(|said| text.contains(said)) || (*other == id && !id.is_null());
            assert!(now.iter().any(there), "seed {seed}: {name} lost message {id}");
        }
    }
    for file in plan["repairs"][0]["files"].as_array().into_iter().flatten() {
        let count = |side: &str| file[side]["messages"].as_u64().unwrap();
        assert!(count("sees_after") >= count("sees_before"), "seed {seed}: {file:#}");
    }
    let again = json(&["repair"], tmp.path());
    assert_eq!(changes(&again), 0, "seed {seed}: a second repair changes {:#}", again["repairs"][0]["files"]);
    let left: Vec<Value> = applied["repairs"][0]["left"].as_array().cloned().unwrap_or_default();
    let scanned = json(&["scan", "--all"], tmp.path());
    for finding in
        scanned["findings"].as_array().unwrap().iter().filter(|finding| finding["fixable"] == "safe" && finding["rule"] != "CF101")
    {
        let said = |left: &Value| left["path"] == finding["path"] && left["rule"] == finding["rule"];
        assert!(left.iter().any(said), "seed {seed}: still to be mended, and not said so: {finding:#}");
    }
    if changes(&applied) > 0 {
        let (code, out, err) = run(&["undo"], tmp.path());
        assert_eq!(code, 0, "seed {seed}: {out}{err}");
    }
    assert!(listing(&dir) == before, "seed {seed}: not as it was");
}

#[test]
fn whatever_happens_to_a_file_nothing_readable_is_lost() {
    let mut sources = Vec::new();
    transcripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus"), &mut sources);
    transcripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules"), &mut sources);
    sources.retain(|bytes| bytes.len() < 64 * 1024);
    let count: usize = std::env::var("CLAWFIX_MUTATED").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    for seed in 1..=count.div_ceil(FOLDER) as u64 {
        folder(seed, &sources);
    }
}
