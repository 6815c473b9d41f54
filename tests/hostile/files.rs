//! Things in a folder that are no plain files, or that change under the reader.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::{Folder, header, id, scan, user};

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A folder with one good transcript.
fn good() -> Folder {
    Folder::transcript(user("a", "hi"))
}

#[test]
fn pipes_and_sockets_are_named_and_never_opened() {
    for name in ["x.jsonl".to_owned(), "sessions.json".to_owned(), format!("{}.trajectory.jsonl", id(1))] {
        let folder = good();
        fifo(&folder.path().join(&name));
        let run = scan(folder.path(), &[]);
        assert_eq!(run.code, 2, "{name}: {}", run.out);
        assert!(run.out.contains("named pipe"), "{name}: {}", run.out);
        assert!(run.out.contains("1 conversation"), "the rest is read: {}", run.out);
    }
    let folder = good();
    let _socket = UnixListener::bind(folder.path().join("s.jsonl")).unwrap();
    let run = scan(folder.path(), &[]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("a socket"), "{}", run.out);
}

#[test]
fn links_are_followed_inside_the_roots_only_and_never_in_circles() {
    let folder = good();
    symlink(folder.path(), folder.path().join("again")).unwrap();
    let run = scan(folder.path(), &[]);
    assert_eq!(run.code, 0, "a link to a folder that was walked is nothing: {}", run.out);

    symlink("l2.jsonl", folder.path().join("l1.jsonl")).unwrap();
    symlink("l1.jsonl", folder.path().join("l2.jsonl")).unwrap();
    let run = scan(folder.path(), &[]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("circle"), "{}", run.out);

    let (folder, outside) = (good(), good());
    symlink(outside.path().join(format!("{}.jsonl", id(1))), folder.path().join("out.jsonl")).unwrap();
    symlink("/no/where.jsonl", folder.path().join("dangling.jsonl")).unwrap();
    let run = scan(folder.path(), &[]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("leads out of the scanned folders") && run.out.contains("dangling.jsonl"), "{}", run.out);
    assert!(run.out.contains("1 transcript"), "{}", run.out);
}

#[test]
fn what_may_not_be_read_is_never_clean() {
    let folder = good();
    let file = folder.write("locked.jsonl", header(2));
    let dir = folder.path().join("closed");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("x.jsonl"), header(3)).unwrap();
    for path in [&file, &dir] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    }
    let mighty = fs::File::open(&file).is_ok();
    let run = scan(folder.path(), &[]);
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    if mighty {
        // The superuser reads everything, so there is nothing to see.
        return;
    }
    assert_eq!(run.code, 2);
    assert!(run.out.contains("2 things could not be read"), "{}", run.out);
}

#[test]
fn names_of_any_bytes_are_listed_safely() {
    let folder = Folder::new();
    let names: [&[u8]; 7] = [
        b"\x1b]0;x\x07.jsonl",
        b"-rf.jsonl",
        b"\xFF\xFE.jsonl",
        "a\u{202e}b.jsonl".as_bytes(),
        b"new\nline.jsonl",
        b"q'$(x).jsonl",
        b"...jsonl",
    ];
    for name in names {
        // Not every file system takes every name.
        let _ = fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), header(1) + &user("a", "hi") + "torn");
    }
    for format in ["table", "json"] {
        let run = scan(folder.path(), &["-v", "--format", format]);
        assert_eq!(run.code, 1, "{}", run.err);
        assert!(!run.out.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{:?}", run.out);
    }
}

#[test]
fn folders_nest_as_deep_as_the_system_lets_them() {
    let folder = Folder::new();
    let deep = (0..200).fold(folder.path().to_owned(), |path, _| path.join("deeper"));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join(format!("{}.jsonl", id(1))), header(1) + &user("a", "hi")).unwrap();
    let run = scan(folder.path(), &[]);
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains("1 transcript"), "{}", run.out);
}

#[test]
fn many_tiny_files_are_each_accounted_for() {
    let folder = Folder::new();
    for n in 0..3_000 {
        folder.write(format!("agents/main/sessions/{}.jsonl", id(n)), "{}\n");
    }
    let json = scan(folder.path(), &["--format", "json"]).json();
    assert_eq!((json["summary"]["transcripts"].as_u64(), json["summary"]["entries"].as_u64()), (Some(3_000), Some(3_000)));
}

#[test]
fn a_file_that_changes_meanwhile_is_reported_and_not_clean() {
    use clawfix::read::Change;
    let folder = Folder::transcript(user("a", "hi").repeat(20_000));
    let path = folder.path().join(format!("{}.jsonl", id(1)));
    let step = std::cell::Cell::new(0);
    let session = clawfix::session::read(&path, &|_| {
        if step.replace(1) == 0 {
            let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(100).unwrap();
        }
    })
    .unwrap();
    assert_eq!(session.change, Some(Change::Shrank));
}
