//! What every test holds a merge against.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What the program did.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the program.
pub fn clawfix(args: &[&str]) -> Done {
    with(args, &[])
}

/// Runs the program with something in its environment.
pub fn with(args: &[&str], environment: &[(&str, &str)]) -> Done {
    let output = Command::new(env!("CARGO_BIN_EXE_clawfix"))
        .args(args)
        .env_clear()
        .envs(environment.iter().copied())
        .env("TZ", "America/Los_Angeles")
        .output()
        .unwrap();
    Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs it, expects success, and gives its JSON report.
pub fn json(args: &[&str]) -> Value {
    let done = clawfix(&[args, &["--format", "json"]].concat());
    assert_eq!(done.code, Some(0), "{args:?}: {}", done.err);
    serde_json::from_str(&done.out).unwrap()
}

/// Mode, length and hash of every file, and every folder, by path; the journal aside.
pub fn listing(root: &Path) -> BTreeMap<PathBuf, (u32, u64, String)> {
    fn walk(root: &Path, dir: &Path, found: &mut BTreeMap<PathBuf, (u32, u64, String)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap() == ".clawfix" {
                continue;
            }
            let meta = std::fs::symlink_metadata(&path).unwrap();
            #[cfg(unix)]
            let mode = std::os::unix::fs::MetadataExt::mode(&meta);
            #[cfg(not(unix))]
            let mode = u32::from(meta.permissions().readonly());
            let inside = path.strip_prefix(root).unwrap().to_owned();
            if meta.is_dir() {
                found.insert(inside, (mode, 0, String::new()));
                walk(root, &path, found);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.insert(inside, (mode, bytes.len() as u64, blake3::hash(&bytes).to_hex().to_string()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

/// The lines of a file, without their ends.
pub fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let mut lines: Vec<Vec<u8>> = bytes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

/// The source lines of a plan by file, read before anything is written.
pub type Sources = Vec<(PathBuf, Vec<Vec<u8>>)>;

pub fn sources(plan: &Value) -> Sources {
    let paths = plan["sources"].as_array().unwrap().iter().map(|source| PathBuf::from(source["path"].as_str().unwrap()));
    paths.map(|path| (path.clone(), lines(&path))).collect()
}

/// Every source line is in the result byte for byte and in the order of its file, or the plan states that it changed; and
/// the result holds nothing else than that, the changed lines and the added ones.
pub fn nothing_lost(plan: &Value, sources: &Sources, result: &Path) {
    let changed: BTreeSet<(u64, u64)> =
        plan["changes"].as_array().unwrap().iter().map(|c| (c["part"].as_u64().unwrap(), c["line"].as_u64().unwrap())).collect();
    let out = lines(result);
    let mut counts: BTreeMap<&[u8], i64> = BTreeMap::new();
    out.iter().for_each(|line| *counts.entry(line).or_default() += 1);
    for (part, (path, lines)) in sources.iter().enumerate() {
        let mut at = 0;
        for (number, line) in lines.iter().enumerate() {
            if changed.contains(&(part as u64, number as u64 + 1)) {
                continue;
            }
            let count = counts.entry(line).or_default();
            *count -= 1;
            assert!(*count >= 0, "{}:{} is not in the result", path.display(), number + 1);
            let is_header = line.windows(16).any(|window| window == br#""type":"session""#);
            if !line.is_empty() && !is_header {
                let found = out.iter().skip(at).position(|other| other == line);
                at += found.unwrap_or_else(|| panic!("{}:{} is out of order", path.display(), number + 1)) + 1;
            }
        }
    }
    let count = |key: &str| plan["lines"][key].as_u64().unwrap();
    assert_eq!(count("out"), count("in") + count("added") - headers_gone(plan), "{}", plan["lines"]);
    assert_eq!(out.iter().filter(|line| !line.trim_ascii().is_empty()).count() as u64, count("out"));
}

/// Headers that are not in the result: those of the parts that are not the survivor.
fn headers_gone(plan: &Value) -> u64 {
    let changes = plan["changes"].as_array().unwrap().iter();
    changes.filter(|change| change["why"] == "header-moved" && change["part"] != plan["survivor"]).count() as u64
}

/// A transcript as the loader reads it, in as little code as can be: no code is shared with the program.
pub struct Loaded {
    pub header: Value,
    pub roots: usize,
    /// The entries from the root to the leaf.
    pub path: Vec<Value>,
}

pub fn load(path: &Path) -> Loaded {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let parsed = text.trim_start_matches('\u{FEFF}').lines().filter_map(|line| serde_json::from_str::<Value>(line.trim()).ok());
    let mut entries: Vec<Value> = parsed.collect();
    let header = entries.remove(0);
    assert_eq!(header["type"], "session", "the first line is the header");
    assert_eq!(header["version"], 3);
    entries.retain(|entry| entry["type"] != "session");
    let by_id: BTreeMap<&str, usize> = entries.iter().enumerate().filter_map(|(at, entry)| Some((entry["id"].as_str()?, at))).collect();
    let parent = |at: usize| by_id.get(entries[at]["parentId"].as_str()?).copied();
    let roots = (0..entries.len()).filter(|&at| parent(at).is_none()).count();
    let mut path = Vec::new();
    let mut next = entries.len().checked_sub(1);
    while let Some(at) = next {
        assert!(path.len() <= entries.len(), "a circle");
        path.push(entries[at].clone());
        next = parent(at);
    }
    path.reverse();
    Loaded { header, roots, path }
}

impl Loaded {
    /// The messages on the path, by their content.
    pub fn messages(&self) -> Vec<Value> {
        self.path.iter().filter(|entry| entry["type"] == "message").map(|entry| entry["message"].clone()).collect()
    }
}

/// Merges what the arguments name, holds the result against the sources, applies again, takes it back, and holds the folder
/// against what it was. Gives the plan and the result as the loader reads it.
pub fn there_and_back(home: &Path, args: &[&str]) -> (Value, Loaded) {
    let home_text = home.to_str().unwrap();
    let before = listing(home);
    let plain: Vec<&str> = [&["merge"], args, &[home_text]].concat();
    let apply: Vec<&str> = [&plain[..], &["--apply"]].concat();
    let planned = json(&plain);
    assert_eq!(listing(home), before, "a plan writes nothing");
    let plan = planned["plans"][0].clone();
    assert!(plan.is_object(), "{planned}");
    let lines = sources(&plan);
    let applied = json(&apply);
    let plan = applied["plans"][0].clone();
    let target = PathBuf::from(plan["target"].as_str().unwrap());
    nothing_lost(&plan, &lines, &target);
    let loaded = load(&target);
    let hash = blake3::hash(&std::fs::read(&target).unwrap()).to_hex().to_string();
    assert_eq!(plan["result"]["hash"], hash.as_str());
    let moved = plan["moved"].as_array().unwrap();
    assert!(moved.iter().all(|path| !Path::new(path.as_str().unwrap()).exists()));
    holds_originals(&plan, &lines);
    nothing_left(home);
    let again = listing(home);
    let done = clawfix(&apply);
    let told = format!("{}{}", done.out, done.err);
    assert!(done.code == Some(0) && (told.contains("Nothing to stitch") || told.contains("stitched already")), "{told}");
    assert_eq!(listing(home), again, "the second time does nothing");
    let undone = clawfix(&["undo", home_text]);
    assert_eq!(undone.code, Some(0), "{}", undone.err);
    assert_eq!(listing(home), before, "taken back byte for byte");
    let undone = clawfix(&["undo", home_text]);
    assert!(undone.out.contains("Nothing to take back"), "{}", undone.out);
    (plan, loaded)
}

/// The journal has every source as it was.
fn holds_originals(plan: &Value, sources: &Sources) {
    let target = Path::new(plan["target"].as_str().unwrap());
    let run = target.parent().unwrap().join(".clawfix/runs").join(plan["run"].as_str().unwrap());
    let kept: BTreeSet<Vec<Vec<u8>>> = std::fs::read_dir(&run)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| lines(&path))
        .collect();
    for (path, lines) in sources {
        assert!(kept.contains(lines), "{} is not in the journal", path.display());
    }
}

/// No lock and no temporary file stayed.
pub fn nothing_left(home: &Path) {
    for path in listing(home).keys() {
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(!name.ends_with(".lock") && !name.contains(".clawfix-") && !name.ends_with(".stale"), "{} stayed", path.display());
    }
}

/// The id of the torn conversation in a folder.
pub fn torn(home: &Path) -> String {
    let found = crate::common::scan(&[home], &[]);
    let torn = |seams: &Value| seams.as_array().unwrap().iter().any(|seam| seam["kind"] == "split");
    let conversation = found.json["conversations"].as_array().unwrap().iter().find(|c| torn(&c["seams"]));
    conversation.unwrap_or_else(|| panic!("nothing is torn: {}", found.text))["id"].as_str().unwrap().to_owned()
}
