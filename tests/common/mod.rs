//! A state directory in memory: read from `testdata/corpus` or made up, changed as JSON, written to a temporary folder,
//! scanned with the built binary, and held against its label.
#![allow(dead_code, reason = "every test crate uses its own part")]

pub mod build;
pub mod retime;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// One state directory with one agent, and the true splits in it.
#[derive(Debug, Clone)]
pub struct State {
    /// Name of the corpus folder, or of the made-up case.
    pub name: String,
    /// The scenario of the label.
    pub scenario: String,
    /// `.clawdbot` or `.openclaw`.
    pub state_dir: String,
    /// The agent.
    pub agent: String,
    /// Transcripts and their archives, by file name.
    pub transcripts: BTreeMap<String, Vec<Value>>,
    /// Trajectories, by file name.
    pub trajectories: BTreeMap<String, Vec<Value>>,
    /// The store; `None` when there is no such file.
    pub store: Option<Value>,
    /// Everything else, by path within the state directory.
    pub others: BTreeMap<String, Vec<u8>>,
    /// The true splits: conversations as lists of file names.
    pub splits: Vec<Vec<String>>,
}

/// A seam of kind `split` in a report, by file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Split {
    pub from: String,
    pub to: String,
    pub cause: String,
    pub level: String,
}

/// What the binary did.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    /// The report as it was written.
    pub text: String,
    pub json: Value,
    pub stderr: String,
}

/// A state directory on disk.
#[derive(Debug)]
pub struct Placed {
    pub tmp: TempDir,
    /// `<tmp>/home/jay`.
    pub home: PathBuf,
    /// The folder of the transcripts.
    pub sessions: PathBuf,
}

/// `testdata/corpus`.
pub fn corpus_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus")
}

/// The names of the corpus folders, sorted.
pub fn corpus_names() -> Vec<String> {
    let entries = std::fs::read_dir(corpus_dir()).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> =
        entries.filter(|e| e.file_type().unwrap().is_dir()).map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 18, "the corpus is complete");
    names
}

/// `label.json` of a corpus folder.
pub fn label(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(corpus_dir().join(name).join("label.json")).unwrap()).unwrap()
}

/// Every corpus folder.
pub fn corpus() -> Vec<State> {
    corpus_names().iter().map(|name| State::corpus(name)).collect()
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

impl State {
    /// A state directory without anything in it.
    pub fn empty(name: &str) -> Self {
        State {
            name: name.to_owned(),
            scenario: "made-up".to_owned(),
            state_dir: ".openclaw".to_owned(),
            agent: "main".to_owned(),
            transcripts: BTreeMap::new(),
            trajectories: BTreeMap::new(),
            store: None,
            others: BTreeMap::new(),
            splits: Vec::new(),
        }
    }

    /// Reads a corpus folder.
    pub fn corpus(name: &str) -> Self {
        let label = label(name);
        let mut state = State::empty(name);
        state.scenario = label["scenario"].as_str().unwrap().to_owned();
        state.splits = serde_json::from_value(label["splits"].clone()).unwrap();
        let home = corpus_dir().join(name).join("home/jay");
        let mut files = Vec::new();
        walk(&home, &mut files);
        for path in files {
            let relative = path.strip_prefix(&home).unwrap().to_str().unwrap().replace('\\', "/");
            let (state_dir, inside) = relative.split_once('/').unwrap();
            state.state_dir = state_dir.to_owned();
            let bytes = std::fs::read(&path).unwrap();
            match inside.strip_prefix("agents/main/sessions/") {
                Some("sessions.json") => state.store = Some(serde_json::from_slice(&bytes).unwrap()),
                Some(file) if file.ends_with(".trajectory.jsonl") => {
                    state.trajectories.insert(file.to_owned(), lines(&bytes));
                }
                Some(file) if file.contains(".jsonl") => {
                    state.transcripts.insert(file.to_owned(), lines(&bytes));
                }
                _ => {
                    state.others.insert(inside.to_owned(), bytes);
                }
            }
        }
        assert!(!state.transcripts.is_empty(), "{name} holds transcripts");
        state
    }

    /// Writes it below `home`.
    pub fn write(&self, home: &Path) {
        let root = home.join(&self.state_dir);
        let sessions = root.join("agents").join(&self.agent).join("sessions");
        std::fs::create_dir_all(&sessions).unwrap();
        let text = |lines: &[Value]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        for (name, lines) in self.transcripts.iter().chain(&self.trajectories) {
            std::fs::write(sessions.join(name), text(lines)).unwrap();
        }
        if let Some(store) = &self.store {
            std::fs::write(sessions.join("sessions.json"), serde_json::to_vec_pretty(store).unwrap()).unwrap();
        }
        for (path, bytes) in &self.others {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// Writes it to a temporary folder.
    pub fn place(&self) -> Placed {
        let tmp = tempfile::tempdir().unwrap();
        let home = tmp.path().join("home/jay");
        self.write(&home);
        let sessions = home.join(&self.state_dir).join("agents").join(&self.agent).join("sessions");
        Placed { home, sessions, tmp }
    }

    /// The pairs of file names that the label holds to be torn.
    pub fn expected(&self) -> BTreeSet<(String, String)> {
        let pairs = self.splits.iter().flat_map(|chain| chain.windows(2));
        pairs.map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    }

    /// Every transcript's lines that are user messages, with the file name.
    pub fn user_messages(&mut self) -> impl Iterator<Item = (&String, &mut Value)> {
        self.transcripts
            .iter_mut()
            .flat_map(|(name, lines)| lines.iter_mut().map(move |line| (name, line)))
            .filter(|(_, line)| line["message"]["role"] == "user")
    }

    /// Applies a change to every string of transcripts, trajectories and store, keys of objects too.
    pub fn map_strings(&mut self, change: &dyn Fn(&str) -> String) {
        for line in self.transcripts.values_mut().chain(self.trajectories.values_mut()).flatten() {
            map_strings(line, change);
        }
        if let Some(store) = &mut self.store {
            map_strings(store, change);
        }
        for (path, bytes) in &mut self.others {
            if path.ends_with(".json") {
                *bytes = change(std::str::from_utf8(bytes).unwrap()).into_bytes();
            }
        }
    }

    /// Renames a transcript, in the label too. Nothing inside the files changes.
    pub fn rename(&mut self, from: &str, to: &str) {
        let lines = self.transcripts.remove(from).unwrap();
        self.transcripts.insert(to.to_owned(), lines);
        for name in self.splits.iter_mut().flatten().filter(|name| *name == from) {
            to.clone_into(name);
        }
    }

    /// The text of a user message's own block.
    pub fn set_text(line: &mut Value, change: &dyn Fn(&str) -> String) {
        let content = &mut line["message"]["content"];
        let text = match content {
            Value::String(text) => text,
            Value::Array(blocks) => match blocks.iter_mut().find(|block| block["type"] == "text").map(|block| &mut block["text"]) {
                Some(Value::String(text)) => text,
                _ => return,
            },
            _ => return,
        };
        *text = change(text);
    }

    /// Scans it and holds the splits against the label. `Err` tells what differs.
    pub fn verdict(&self) -> Result<Run, String> {
        let placed = self.place();
        let run = scan(&[placed.home.as_path()], &[]);
        let splits = splits(&run.json);
        let found: BTreeSet<(String, String)> = splits.iter().map(|s| (s.from.clone(), s.to.clone())).collect();
        if found == self.expected() && splits.iter().all(|s| ["certain", "probable"].contains(&s.level.as_str())) {
            return Ok(run);
        }
        let all = scan(&[placed.home.as_path()], &["--all", "--min-level", "possible"]);
        Err(format!("{}: expected {:?}\n  found {:?}\n  seams {}", self.name, self.expected(), splits, brief(&all.json)))
    }

    /// The `level` of the split between two files, looked for down to *possible*; `None` when there is none.
    pub fn level(&self) -> Option<String> {
        let placed = self.place();
        let run = scan(&[placed.home.as_path()], &["--all", "--min-level", "possible"]);
        splits(&run.json).into_iter().map(|split| split.level).max()
    }
}

/// Applies a change to every string in a value.
pub fn map_strings(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| map_strings(item, change)),
        Value::Object(map) => {
            let taken = std::mem::take(map);
            for (key, mut item) in taken {
                map_strings(&mut item, change);
                map.insert(change(&key), item);
            }
        }
        _ => {}
    }
}

/// Changes every corpus folder and holds each against its label; all that differ are named at once.
pub fn each_folder(what: &str, change: impl Fn(&mut State)) {
    let mut wrong = Vec::new();
    for mut state in corpus() {
        change(&mut state);
        if let Err(why) = state.verdict() {
            wrong.push(why);
        }
    }
    assert!(wrong.is_empty(), "{what}: {} folders differ\n{}", wrong.len(), wrong.join("\n"));
}

/// Holds made-up states against their labels.
pub fn each_case(states: &[State]) {
    assert!(!states.is_empty());
    let wrong: Vec<String> = states.iter().filter_map(|state| state.verdict().err()).collect();
    assert!(wrong.is_empty(), "{} cases differ\n{}", wrong.len(), wrong.join("\n"));
}

/// Runs `scan --format json` on the paths.
pub fn scan(paths: &[&Path], options: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_clawfix"))
        .args(["scan", "--format", "json"])
        .args(options)
        .args(paths)
        .env_clear()
        .env("TZ", "Asia/Kathmandu")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("no JSON ({error}): {stderr}"));
    Run { code: output.status.code().unwrap(), text, json, stderr }
}

fn file_name(value: &Value) -> String {
    Path::new(value.as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned()
}

/// All seams of a report.
pub fn seams(json: &Value) -> impl Iterator<Item = &Value> {
    json["conversations"].as_array().unwrap().iter().flat_map(|c| c["seams"].as_array().unwrap())
}

/// The seams of kind `split`.
pub fn splits(json: &Value) -> Vec<Split> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let split = |seam: &Value| Split {
        from: file_name(&seam["from"]),
        to: file_name(&seam["to"]),
        cause: text(&seam["cause"]),
        level: text(&seam["level"]),
    };
    seams(json).filter(|seam| seam["kind"] == "split").map(split).collect()
}

/// The seams of a report in a few words, for failures.
fn brief(json: &Value) -> String {
    let seam = |seam: &Value| {
        let items = seam["evidence"].as_array().unwrap().iter();
        let items: Vec<String> = items.map(|e| format!("{} {}", e["name"].as_str().unwrap(), e["weight"])).collect();
        format!(
            "{} -> {}: {} {} {} gap {} ms: {}",
            file_name(&seam["from"]),
            file_name(&seam["to"]),
            seam["kind"],
            seam["cause"],
            seam["level"],
            seam["gap_ms"],
            items.join(", ")
        )
    };
    seams(json).map(seam).collect::<Vec<_>>().join("\n        ")
}
