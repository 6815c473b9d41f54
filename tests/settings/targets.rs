//! What a scan writes, and where: a baseline for the first time, never over something else, and never for an empty backup.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::run;
use crate::common::State;

/// A state directory with a split.
fn fleet() -> (TempDir, PathBuf) {
    let tmp = tempfile::tempdir().unwrap();
    let root = tmp.path().join("fleet");
    State::corpus("2026.1.24-3-tseed").write(&root);
    (tmp, root)
}

#[test]
fn a_scan_that_met_no_transcript_is_not_clean() {
    let (tmp, root) = fleet();
    let here = tmp.path();
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "known.json"]).code, 0);
    let text = fs::read_to_string(here.join("known.json")).unwrap();
    fs::remove_dir_all(&root).unwrap();
    fs::create_dir_all(root.join(".openclaw/agents/main/sessions")).unwrap();
    fs::write(here.join("own.toml"), "baseline = \"known.json\"").unwrap();
    for known in ["--baseline=known.json", "--config=own.toml"] {
        for args in [&[][..], &["--write-baseline", "known.json"], &["--fail-on", "none"]] {
            let ran = run(here, &[&["scan", "fleet", "--quiet", known], args].concat());
            assert!(ran.code == 2 && ran.err.contains("no transcript was met"), "{known} {args:?}: {}{}", ran.code, ran.err);
            assert_eq!(fs::read_to_string(here.join("known.json")).unwrap(), text, "nothing is forgotten");
        }
    }
    assert_eq!(run(here, &["scan", "fleet"]).code, 0);
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "none.json"]).code, 0);
    assert_eq!(run(here, &["scan", "fleet", "--baseline", "none.json"]).code, 0, "it knows of nothing");
}

#[test]
fn a_baseline_that_the_settings_name_can_be_written_first() {
    let (tmp, _) = fleet();
    let here = tmp.path();
    fs::write(here.join("clawfix.toml"), "baseline = \"b.json\"").unwrap();
    let ran = run(here, &["scan", "fleet"]);
    assert!(ran.code == 2 && ran.err.contains("there is no baseline"), "{}", ran.err);
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "other.json"]).code, 2, "another file is not the one that lacks");
    let ran = run(here, &["scan", "fleet", "--write-baseline", "./b.json"]);
    assert!(ran.code == 0 && ran.out.contains("torn by"), "{}{}", ran.out, ran.err);
    assert_eq!(run(here, &["scan", "fleet"]).code, 0);
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "b.json"]).code, 0, "and again");
}

#[test]
fn files_that_would_be_lost_are_refused_before_the_scan() {
    let (tmp, root) = fleet();
    let here = tmp.path();
    assert_eq!(run(here, &["scan", "fleet", "--write-baseline", "known.json"]).code, 0);
    let sessions = root.join(".clawdbot/agents/main/sessions");
    assert!(sessions.is_dir());
    let (inside, also_inside) = (sessions.join("r.html"), format!("html={}", sessions.join("r.html").display()));
    fs::write(here.join("clawfix.toml"), "").unwrap();
    let before = fs::read_to_string(here.join("known.json")).unwrap();
    for args in [
        &["-o", "r.html", "--also", "html=./r.html"][..],
        &["--also", "json=r.html", "--also", "html=r.html"],
        &["-o", "new.json", "--write-baseline", "new.json"],
        &["--also", "json=new.json", "--write-baseline", "fleet/../new.json"],
        &["-o", "known.json", "--baseline", "known.json"],
        &["--also", "json=known.json", "--baseline", "known.json"],
        &["-o", "clawfix.toml"],
        &["--also", "html=clawfix.toml"],
        &["--write-baseline", "clawfix.toml"],
        &["-o", inside.to_str().unwrap()],
        &["--also", &also_inside],
        &["--write-baseline", inside.to_str().unwrap()],
    ] {
        let ran = run(here, &[&["scan", "fleet"], args].concat());
        assert!(ran.code == 2 && ran.out.is_empty() && !ran.err.is_empty(), "{args:?}: {} {}", ran.code, ran.err);
    }
    assert_eq!(fs::read_to_string(here.join("known.json")).unwrap(), before);
    assert_eq!(fs::read_to_string(here.join("clawfix.toml")).unwrap(), "");
    assert!(!inside.exists() && fs::read_dir(here).unwrap().count() == 3, "nothing was written");
    assert_eq!(run(here, &["scan", "fleet", "--also", "html=r.html", "-o", "r.txt", "--write-baseline", "known.json"]).code, 0);
}

#[test]
fn the_baseline_is_written_when_all_reports_are() {
    let (tmp, _) = fleet();
    let here = tmp.path();
    for args in [["--also", "html=not/there.html"], ["-o", "not/there.txt"]] {
        let ran = run(here, &[&["scan", "fleet", "--write-baseline", "known.json"][..], &args].concat());
        assert!(ran.code == 2 && !here.join("known.json").exists(), "{args:?}: {}", ran.err);
    }
}
