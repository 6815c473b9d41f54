//! Completions and manual pages: each is made, and read by the program it is for where that is installed.

use std::path::Path;
use std::process::Command;

use crate::is_installed;

fn clawfix(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_clawfix")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const COMMANDS: [&str; 12] =
    ["scan", "show", "merge", "relink", "repair", "undo", "log", "explain", "config", "debug-report", "completions", "man"];

#[test]
fn every_shell_gets_a_script_that_it_can_read() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, check) in [
        ("bash", &["bash", "-n"][..]),
        ("zsh", &["zsh", "-n"]),
        ("fish", &["fish", "--no-execute"]),
        ("powershell", &["pwsh", "-NoProfile", "-File"]),
        ("elvish", &["elvish", "-compileonly"]),
    ] {
        let script = clawfix(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} knows {command}");
        }
        assert!(script.contains("min-level"), "{shell} knows options");
        // The generators for the other two do not write what an option takes.
        assert!(!["bash", "zsh", "fish"].contains(&shell) || script.contains("sarif"), "{shell} knows values");
        if is_installed(check[0]) {
            let file = folder.path().join(shell);
            std::fs::write(&file, script).unwrap();
            let output = Command::new(check[0]).args(&check[1..]).arg(&file).output().unwrap();
            assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let script = clawfix(&["completions", "bash"]);
    let ask = |words: &str, at: u32, word: &str, before: &str| {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={at}; _clawfix clawfix {word} {before}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(ask("clawfix sc", 1, "sc", "clawfix").trim(), "scan");
    assert!(ask("clawfix scan --fo", 2, "--fo", "scan").contains("--format"));
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    clawfix(&["man", pages.to_str().unwrap()]);
    let read = |name: &Path| std::fs::read_to_string(name).unwrap();
    assert!(read(&pages.join("clawfix.1")).contains("clawfix\\-scan(1)"));
    assert!(clawfix(&["man"]).contains("Exit codes"));
    for command in COMMANDS {
        let file = pages.join(format!("clawfix-{command}.1"));
        assert!(read(&file).contains("Examples:"), "{command}");
        if is_installed("man") {
            let output = Command::new("man").args(["--warnings", "-E", "UTF-8", "-l"]).arg(&file).env("MANWIDTH", "80").output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && !said.contains("warning"), "{command}: {said}");
        }
    }
    assert_eq!(std::fs::read_dir(&pages).unwrap().count(), COMMANDS.len() + 1);
}
