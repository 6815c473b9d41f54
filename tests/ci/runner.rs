//! A runner for the steps of a composite action: as little of GitHub's as ours uses, and nothing it does not know passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::Yaml;
use tempfile::TempDir;

use crate::{pairs, read, text, yaml};

/// What a run of the action did.
pub struct Ran {
    /// Exit code of the job: that of the first step that failed.
    pub code: i32,
    /// What all steps printed.
    pub log: String,
    /// The page of the run.
    pub summary: String,
    /// Names of the steps that ran, in order.
    pub steps: Vec<String>,
    /// What was given to each other action that was called, by its name.
    pub uses: BTreeMap<String, Vec<(String, String)>>,
    /// What the steps put out, as `step.name`.
    pub outputs: BTreeMap<String, String>,
    /// The workspace.
    pub workspace: PathBuf,
    _tmp: TempDir,
}

/// Runs `action.yml` in the workspace with these inputs. `path` comes first in PATH.
pub fn run(inputs: &[(&str, &str)], path: Option<&Path>, fill: impl FnOnce(&Path)) -> Ran {
    let tmp = tempfile::tempdir().unwrap();
    let (workspace, temp) = (tmp.path().join("work space"), tmp.path().join("temp"));
    for folder in [&workspace, &temp] {
        std::fs::create_dir(folder).unwrap();
    }
    fill(&workspace);
    let source = read("action.yml");
    let action = yaml(&source);
    let mut known: BTreeMap<String, String> = BTreeMap::from([
        ("github.action_path".to_owned(), env!("CARGO_MANIFEST_DIR").to_owned()),
        ("runner.temp".to_owned(), temp.display().to_string()),
        ("runner.os".to_owned(), "Linux".to_owned()),
        ("runner.arch".to_owned(), "X64".to_owned()),
    ]);
    for (name, declared) in action["inputs"].as_mapping().unwrap() {
        known.insert(format!("inputs.{}", name.as_str().unwrap()), text(declared, &["default"]).unwrap_or_default().to_owned());
    }
    for (name, value) in inputs {
        let old = known.insert(format!("inputs.{name}"), (*value).to_owned());
        assert!(old.is_some(), "the action has no input {name}");
    }
    let mut ran = Ran {
        code: 0,
        log: String::new(),
        summary: String::new(),
        steps: Vec::new(),
        uses: BTreeMap::new(),
        outputs: BTreeMap::new(),
        workspace,
        _tmp: tmp,
    };
    for step in action["runs"]["steps"].as_sequence().unwrap() {
        let condition = text(step, &["if"]).unwrap_or("${{ true }}");
        if !holds(condition, &known, ran.code == 0) {
            continue;
        }
        ran.steps.push(text(step, &["name"]).unwrap().to_owned());
        if let Some(action) = text(step, &["uses"]) {
            let with = pairs(step.as_mapping_get("with")).into_iter().map(|(key, value)| (key, filled(&value, &known)));
            ran.uses.insert(action.to_owned(), with.collect());
            continue;
        }
        shell(step, &mut known, &temp, path, &mut ran);
    }
    for (name, output) in action["outputs"].as_mapping().unwrap() {
        ran.outputs.insert(name.as_str().unwrap().to_owned(), filled(text(output, &["value"]).unwrap(), &known));
    }
    ran
}

/// Runs a script as GitHub's `shell: bash` does.
fn shell(step: &Yaml<'_>, known: &mut BTreeMap<String, String>, temp: &Path, path: Option<&Path>, ran: &mut Ran) {
    assert_eq!(text(step, &["shell"]), Some("bash"));
    let files = ["script", "output", "summary"].map(|name| temp.join(format!("_{name}")));
    let [script, output, summary] = &files;
    std::fs::write(script, text(step, &["run"]).unwrap()).unwrap();
    std::fs::write(output, "").unwrap();
    std::fs::write(summary, "").unwrap();
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(script).current_dir(&ran.workspace);
    command.env("RUNNER_TEMP", temp).env("GITHUB_OUTPUT", output).env("GITHUB_STEP_SUMMARY", summary).env("HOME", &ran.workspace);
    if let Some(first) = path {
        let rest = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{rest}", first.display()));
    }
    for name in ["OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR"] {
        command.env_remove(name);
    }
    command.envs(pairs(step.as_mapping_get("env")).into_iter().map(|(key, value)| (key, filled(&value, known))));
    let done = command.output().unwrap();
    ran.log += &String::from_utf8(done.stdout).unwrap();
    ran.log += &String::from_utf8(done.stderr).unwrap();
    ran.summary += &std::fs::read_to_string(summary).unwrap();
    if ran.code == 0 {
        ran.code = done.status.code().unwrap();
    }
    if let Some(id) = text(step, &["id"]) {
        for line in std::fs::read_to_string(output).unwrap().lines() {
            let (name, value) = line.split_once('=').expect("an output is NAME=VALUE");
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
    }
}

/// Puts values in the place of expressions.
fn filled(template: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, behind) = after.split_once("}}").expect("an expression ends");
        out += before;
        out += &value(name.trim(), known);
        rest = behind;
    }
    out + rest
}

fn value(name: &str, known: &BTreeMap<String, String>) -> String {
    match known.get(name) {
        Some(value) => value.clone(),
        // What a step did not put out is empty; any other name is a slip.
        None if name.starts_with("steps.") => String::new(),
        None => panic!("unknown in an expression: {name}"),
    }
}

/// Whether a step runs: comparisons with words, joined by `&&`.
fn holds(condition: &str, known: &BTreeMap<String, String>, going_well: bool) -> bool {
    let inner = condition.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).expect("a condition is an expression");
    let parts: Vec<&str> = inner.split("&&").map(str::trim).collect();
    let whatever_happens = parts.contains(&"!cancelled()");
    let holds = |part: &&str| match *part {
        "!cancelled()" | "true" => true,
        part => {
            let (name, equal, word) = match (part.split_once(" == "), part.split_once(" != ")) {
                (Some((name, word)), None) => (name, true, word),
                (None, Some((name, word))) => (name, false, word),
                _ => panic!("unknown condition: {part}"),
            };
            let word = word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).expect("compared with a word");
            (value(name, known) == word) == equal
        }
    };
    (going_well || whatever_happens) && parts.iter().all(holds)
}
