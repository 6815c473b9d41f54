//! The examples are what the documents show, and are written as their readers want them.

use std::process::Command;

use crate::{is_installed, pairs, read, root, text, yaml};

/// Each file of `examples/ci` in a document, as it stands behind its name.
fn shown(document: &str) -> Vec<(String, String)> {
    let text = read(document);
    let mut found = Vec::new();
    for part in text.split("<!-- examples/ci/").skip(1) {
        let (name, rest) = part.split_once(" -->\n").unwrap();
        let opening = rest.lines().next().unwrap();
        let indent = opening.split("```").next().unwrap();
        let lines = rest.lines().skip(1).take_while(|line| line.trim() != "```");
        let code: String = lines.map(|line| line.strip_prefix(indent).unwrap_or(line).to_owned() + "\n").collect();
        found.push((name.to_owned(), code));
    }
    found
}

#[test]
fn documents_show_the_files_as_they_are() {
    let mut names: Vec<String> = Vec::new();
    for document in ["docs/ci.md", "README.md"] {
        for (name, code) in shown(document) {
            assert!(code == read(&format!("examples/ci/{name}")), "{document} shows an old {name}");
            names.push(name);
        }
    }
    for entry in std::fs::read_dir(root().join("examples/ci")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "docs/ci.md does not show {name}");
    }
}

#[test]
fn the_inputs_of_the_action_are_in_the_documents() {
    let source = read("action.yml");
    let action = yaml(&source);
    let page = read("docs/ci.md");
    for (name, input) in action["inputs"].as_mapping().unwrap() {
        let default = text(input, &["default"]).unwrap();
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        let description = text(input, &["description"]).unwrap().trim();
        let row = format!("| `{}` | {default} | {description} |", name.as_str().unwrap());
        assert!(page.contains(&row), "docs/ci.md lacks: {row}");
    }
}

#[test]
fn workflows_give_the_action_what_it_takes() {
    let source = read("action.yml");
    let action = yaml(&source);
    for name in ["github-nightly.yml", "github-self-hosted.yml"] {
        let source = read(&format!("examples/ci/{name}"));
        let workflow = yaml(&source);
        assert!(workflow["on"]["schedule"].as_sequence().unwrap()[0]["cron"].as_str().unwrap().split(' ').count() == 5);
        assert_eq!(text(&workflow, &["permissions", "contents"]), Some("read"));
        let job = &workflow["jobs"]["audit"];
        assert!(job.contains_mapping_key("runs-on"));
        let steps = job["steps"].as_sequence().unwrap();
        let step = steps.iter().find(|step| text(step, &["uses"]).is_some_and(|uses| uses.starts_with("clawfix/clawfix@"))).unwrap();
        let with = pairs(step.as_mapping_get("with"));
        for (input, _) in &with {
            assert!(action["inputs"].contains_mapping_key(input), "{name}: the action has no input {input}");
        }
        let uploads = with.iter().any(|(input, value)| input == "sarif" && value == "true");
        assert_eq!(text(&workflow, &["permissions", "security-events"]), uploads.then_some("write"), "{name}");
    }
}

#[test]
fn the_gitlab_job_keeps_what_it_writes() {
    let source = read("examples/ci/gitlab-ci.yml");
    let pipeline = yaml(&source);
    let job = &pipeline["clawfix"];
    let script: Vec<&str> = job["script"].as_sequence().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    for line in &script {
        bash(line);
    }
    let script = script.join("\n");
    assert!(script.contains(&format!("--also junit={}", text(job, &["artifacts", "reports", "junit"]).unwrap())));
    assert!(script.contains(&format!("--also html={}", job["artifacts"]["paths"].as_sequence().unwrap()[0].as_str().unwrap())));
    assert!(text(job, &["cache", "key"]).unwrap().contains("$CLAWFIX_REV") && script.contains("--rev \"$CLAWFIX_REV\""));
    assert_eq!(job["allow_failure"]["exit_codes"].as_integer(), Some(1));
    assert_eq!(text(job, &["artifacts", "when"]), Some("always"));
}

#[test]
fn pre_commit_finds_its_hook() {
    let (hooks, config) = (read(".pre-commit-hooks.yaml"), read("examples/ci/pre-commit-config.yaml"));
    let (hooks, config) = (yaml(&hooks), yaml(&config));
    let hook = &hooks.as_sequence().unwrap()[0];
    for key in ["id", "name", "entry", "language"] {
        assert!(text(hook, &[key]).is_some(), "{key}");
    }
    let wanted = &config["repos"].as_sequence().unwrap()[0]["hooks"].as_sequence().unwrap()[0];
    assert_eq!(text(wanted, &["id"]), text(hook, &["id"]));
}

/// Whether bash reads it as a script.
fn bash(script: &str) {
    let output = Command::new("bash").args(["-n", "-c", script]).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn shells_read_the_scripts() {
    bash(&read("examples/ci/pre-commit"));
    for line in read("examples/ci/crontab").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.splitn(6, ' ').collect();
        assert_eq!(fields.len(), 6);
        assert!(!line.contains('%'), "cron takes % for a newline");
        bash(fields[5]);
    }
    let page = read("docs/ci.md");
    let mut blocks = 0;
    for part in page.split("\n```sh\n").skip(1) {
        bash(part.split("\n```").next().unwrap());
        blocks += 1;
    }
    assert!(blocks >= 5);
}

#[test]
fn systemd_takes_the_units() {
    let names = ["clawfix-audit.service", "clawfix-audit.timer", "clawfix-alert.service"];
    for name in names {
        let unit = read(&format!("examples/ci/{name}"));
        // What `%S` means for a user changed with systemd 254.
        assert!(!unit.contains("%S"), "{name}");
        let mut section = "";
        for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') {
                section = line;
                continue;
            }
            let (key, _) = line.split_once('=').unwrap();
            let known: &[&str] = match section {
                "[Unit]" => &["Description", "OnFailure"],
                "[Service]" => &["Type", "ExecStart", "Nice", "IOSchedulingClass", "NoNewPrivileges"],
                "[Timer]" => &["OnCalendar", "RandomizedDelaySec", "Persistent"],
                "[Install]" => &["WantedBy"],
                other => panic!("{name}: {other}"),
            };
            assert!(known.contains(&key), "{name}: {key} in {section}");
        }
    }
    if !is_installed("systemd-analyze") {
        return;
    }
    // With a program where the service looks for it, or verify complains of that.
    let home = tempfile::tempdir().unwrap();
    let units = home.path().join(".config/systemd/user");
    std::fs::create_dir_all(&units).unwrap();
    std::fs::create_dir_all(home.path().join(".cargo/bin")).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_clawfix"), home.path().join(".cargo/bin/clawfix")).unwrap();
    for name in names {
        std::fs::copy(root().join("examples/ci").join(name), units.join(name)).unwrap();
    }
    let output = Command::new("systemd-analyze")
        .args(["--user", "verify", "--man=no"])
        .args(names.map(|name| units.join(name)))
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !names.iter().any(|name| said.contains(name)), "{said}");
}
