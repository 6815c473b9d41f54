//! The action runs: reports first, the exit code last, and no input is ever taken for code.

use std::path::Path;
use std::process::Command;

use crate::runner::{Ran, run};
use crate::{pairs, read, root, text, yaml};

const CLAWFIX: &str = env!("CARGO_BIN_EXE_clawfix");

/// The founding case as a backup in the workspace.
fn backup(workspace: &Path) {
    copy(&root().join("testdata/corpus/2026.1.24-3-tseed/home/jay"), &workspace.join("backup"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn audit(inputs: &[(&str, &str)]) -> Ran {
    let mut all = vec![("binary", CLAWFIX), ("paths", "backup")];
    all.extend(inputs);
    run(&all, None, backup)
}

#[test]
fn no_script_holds_an_expression() {
    let source = read("action.yml");
    let action = yaml(&source);
    assert_eq!(text(&action, &["runs", "using"]), Some("composite"));
    for key in ["name", "description"] {
        assert!(text(&action, &[key]).is_some());
    }
    let mut used = String::new();
    for step in action["runs"]["steps"].as_sequence().unwrap() {
        let run = text(step, &["run"]).unwrap_or_default();
        assert!(!run.contains("${{"), "{run}");
        assert!(run.is_empty() != text(step, &["uses"]).is_none());
        used +=
            &pairs(step.as_mapping_get("env")).into_iter().chain(pairs(step.as_mapping_get("with"))).map(|(_, v)| v).collect::<String>();
        used += text(step, &["if"]).unwrap_or_default();
        if let Some(action) = text(step, &["uses"]) {
            let (_, version) = action.split_once('@').unwrap();
            assert!(version.starts_with('v') && version[1..].bytes().all(|b| b.is_ascii_digit()), "pinned by its major: {action}");
        }
        let check = Command::new("bash").args(["-n", "-c", run]).output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    }
    for (name, input) in action["inputs"].as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        assert!(used.contains(&format!("inputs.{name} ")), "{name} is used");
        assert!(text(input, &["description"]).is_some() && text(input, &["default"]).is_some(), "{name} is described");
    }
}

#[test]
fn findings_fail_the_job_after_all_reports_are_in_place() {
    let ran = audit(&[("sarif", "true")]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert_eq!(ran.steps, ["Scan", "Show the summary", "Keep the HTML report", "Upload to code scanning", "Result"]);
    assert!(ran.log.contains("::error ") && ran.log.contains("CF101"), "{}", ran.log);
    assert!(ran.summary.starts_with('#') && ran.summary.contains("c-61e00f7abb"), "{}", ran.summary);
    let sarif = &ran.uses["github/codeql-action/upload-sarif@v4"];
    let file = |with: &[(String, String)], name: &str| {
        let (_, path) = with.iter().find(|(key, _)| key == name).unwrap();
        std::fs::read_to_string(path).unwrap()
    };
    assert!(file(sarif, "sarif_file").contains("\"version\":\"2.1.0\""));
    assert!(file(&ran.uses["actions/upload-artifact@v6"], "path").starts_with("<!doctype html>"));
    assert_eq!(ran.outputs["exit-code"], "1");
    assert!(std::fs::read_to_string(&ran.outputs["json"]).unwrap().contains("schema_version"));
}

#[test]
fn reports_are_left_out_on_request() {
    let ran = audit(&[("summary", "false"), ("html", "false"), ("annotations", "false"), ("fail-on", "none")]);
    assert_eq!((ran.code, ran.summary.as_str()), (0, ""), "{}", ran.log);
    assert_eq!(ran.steps, ["Scan", "Result"]);
    assert!(ran.log.contains("torn by heartbeat race"), "{}", ran.log);
}

#[test]
fn with_a_baseline_only_new_damage_fails_the_job() {
    let known = |workspace: &Path| {
        backup(workspace);
        let write = ["scan", "--quiet", "--write-baseline", "clawfix-baseline.json", "backup"];
        let written = Command::new(CLAWFIX).args(write).current_dir(workspace).output().unwrap();
        assert!(written.status.success());
    };
    let inputs = [("binary", CLAWFIX), ("paths", "backup"), ("baseline", "clawfix-baseline.json")];
    let quiet = run(&inputs, None, known);
    assert_eq!(quiet.code, 0, "{}", quiet.log);
    let damaged = run(&inputs, None, |workspace| {
        known(workspace);
        let sessions = workspace.join("backup/.clawdbot/agents/main/sessions");
        std::fs::write(sessions.join("3f1b2c4d-0000-4000-8000-000000000001.jsonl"), "{\"type\":\"session\",\"id\":\"x\"}\nnot JSON\n")
            .unwrap();
    });
    assert_eq!(damaged.code, 1, "{}", damaged.log);
    assert!(damaged.log.contains("CF202") && !damaged.log.contains("CF101"), "{}", damaged.log);
}

#[test]
fn what_cannot_be_read_fails_the_job() {
    let missing = audit(&[("paths", "backup\nno such folder\n")]);
    assert_eq!((missing.code, missing.outputs["exit-code"].as_str()), (2, "2"), "{}", missing.log);
    assert!(missing.steps.contains(&"Keep the HTML report".to_owned()));
    let wrong = audit(&[("args", "--no-such-option")]);
    assert_eq!(wrong.code, 2, "{}", wrong.log);
    assert_eq!(wrong.steps, ["Scan", "Result"], "there is no report to keep");
    let absent = audit(&[("binary", "/nowhere/clawfix")]);
    assert_eq!(absent.code, 127, "{}", absent.log);
}

#[test]
fn inputs_are_words_and_never_code() {
    for evil in ["$(touch pwned)", "`touch pwned`", "\"; touch pwned; \"", "'; touch pwned; '", "x\n; touch pwned", "* ? [a]", "--apply"] {
        for input in ["paths", "fail-on", "baseline", "config", "args"] {
            let ran = audit(&[(input, evil)]);
            assert!(!ran.workspace.join("pwned").exists(), "{input}: {evil}");
            assert_eq!(ran.code, 2, "{input}: {evil}: {}", ran.log);
        }
    }
}

#[test]
fn several_folders_arguments_and_the_home_folder() {
    let ran = audit(&[("paths", "~/backup\r\n\n./other folder\n"), ("args", "--agent\nmain\n--all\n")]);
    assert_eq!(ran.code, 2, "the second folder is not there: {}", ran.log);
    assert!(ran.summary.contains("other folder") && ran.summary.contains("c-61e00f7abb"), "{}", ran.summary);
}

#[test]
fn without_a_binary_it_is_built_and_kept_by_a_key() {
    let tools = tempfile::tempdir().unwrap();
    // Stands for Cargo and rustup: writes down what it is asked for, and puts the program of this test where Cargo would.
    let cargo = format!(
        "#!/bin/bash\necho \"$(basename \"$0\") $*\"\n[ \"$(basename \"$0\")\" = cargo ] || exit 0\n\
         while [ \"$1\" != --target-dir ]; do shift; done\nmkdir -p \"$2/release\" && cp {CLAWFIX} \"$2/release/clawfix\"\n"
    );
    for name in ["cargo", "rustup"] {
        std::fs::write(tools.path().join(name), &cargo).unwrap();
        let made = Command::new("chmod").arg("+x").arg(tools.path().join(name)).status().unwrap();
        assert!(made.success());
    }
    let ran = run(&[("paths", "backup")], Some(tools.path()), backup);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert_eq!(ran.steps[..4], ["Identify the source of clawfix", "Look for a clawfix that was built before", "Build clawfix", "Scan"]);
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(ran.log.contains(&format!("cargo +{version} build --release --locked --bin clawfix")), "{}", ran.log);
    let cache = &ran.uses["actions/cache@v5"];
    let key = &cache.iter().find(|(name, _)| name == "key").unwrap().1;
    let hash = key.strip_prefix("clawfix-Linux-X64-").unwrap();
    assert!(hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
}

#[test]
fn settings_among_the_transcripts_are_never_taken() {
    let mute = "select = [\"CF9\"]\n";
    let with = |own: Option<&str>, inputs: &[(&str, &str)]| {
        let mut all = vec![("binary", CLAWFIX), ("paths", "backup")];
        all.extend(inputs);
        run(&all, None, |workspace| {
            backup(workspace);
            std::fs::write(workspace.join("backup/clawfix.toml"), mute).unwrap();
            if let Some(text) = own {
                std::fs::write(workspace.join("clawfix.toml"), text).unwrap();
            }
        })
        .code
    };
    assert_eq!(with(None, &[]), 1);
    assert_eq!(with(Some(""), &[]), 1);
    assert_eq!(with(Some(mute), &[]), 0, "the workspace's own holds");
    assert_eq!(with(Some(mute), &[("args", "--isolated")]), 1);
    assert_eq!(with(None, &[("config", "backup/clawfix.toml")]), 0, "it is named");
    assert_eq!(with(None, &[("args", "--config\nbackup/clawfix.toml")]), 0, "it is named");
}
