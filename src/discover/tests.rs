//! Made directories of every shape that discovery must cope with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::name::FileState;

const A: &str = "997d524e-c4b8-42e2-825a-b0e739378e87";
const B: &str = "a85b258b-ad9e-4750-b6f5-15cc6062ed10";
const HEADER: &str = "{\"type\":\"session\",\"version\":3,\"id\":\"x\",\"cwd\":\"/\"}\n";
const RESET: &str = ".jsonl.reset.2026-03-01T10-22-33.123Z";

/// A folder to fill with made files.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Tree {
        Tree(tempfile::tempdir().unwrap())
    }
    fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.0.path().to_path_buf() } else { self.0.path().join(path) }
    }
    fn put(&self, path: &str, text: &str) -> &Tree {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }
    fn dir(&self, path: &str) -> &Tree {
        fs::create_dir_all(self.at(path)).unwrap();
        self
    }
    fn find(&self, paths: &[&str]) -> Found {
        let paths: Vec<PathBuf> = paths.iter().map(|path| self.at(path)).collect();
        discover(&paths, &Environment::default(), None)
    }
}

/// `.openclaw` with one agent, a live transcript, an archive, sidecars and media.
fn state() -> Tree {
    let tree = Tree::new();
    let sessions = ".openclaw/agents/main/sessions";
    tree.put(&format!("{sessions}/{A}.jsonl"), HEADER)
        .put(&format!("{sessions}/{B}{RESET}"), HEADER)
        .put(&format!("{sessions}/{A}.trajectory.jsonl"), "")
        .put(&format!("{sessions}/{B}.trajectory.jsonl"), "")
        .put(&format!("{sessions}/{A}.jsonl.lock"), "{}")
        .put(&format!("{sessions}/sessions.json"), "{}")
        .put(&format!("{sessions}/sessions.json.bak.1772360553123"), "{}")
        .put(".openclaw/media/inbound/x.png", "")
        .put(".openclaw/workspace/media/inbound/x.png", "")
        .put(".openclaw/workspace/loose.jsonl", HEADER)
        .put("clawd/media/inbound/x.png", "");
    tree
}

fn names(dir: &SessionsDir) -> Vec<&str> {
    dir.transcripts.iter().map(|file| file.file_name.as_str()).collect()
}

fn kinds(found: &Found) -> Vec<ProblemKind> {
    found.problems.iter().map(|problem| problem.kind).collect()
}

#[test]
fn every_kind_of_root_finds_the_same() {
    let tree = state();
    for (path, kind) in [
        (".openclaw", RootKind::StateDir),
        (".openclaw/agents/main", RootKind::AgentDir),
        (".openclaw/agents/main/sessions", RootKind::SessionsDir),
        (".openclaw/agents/main/sessions/sessions.json", RootKind::SessionsDir),
        (".openclaw/agents", RootKind::Folder),
        ("", RootKind::Folder),
    ] {
        let found = tree.find(&[path]);
        assert_eq!(found.roots[0].kind, kind, "{path}");
        assert_eq!(found.sessions_dirs.len(), 1, "{path}");
        let dir = &found.sessions_dirs[0];
        assert_eq!(dir.dir, tree.at(".openclaw/agents/main/sessions"), "{path}");
        assert_eq!((dir.agent.as_str(), dir.state_dir.as_ref()), ("main", Some(&tree.at(".openclaw"))), "{path}");
        assert_eq!(names(dir), [format!("{A}.jsonl"), format!("{B}{RESET}")], "{path}");
        assert_eq!((dir.trajectories.len(), dir.store_backups.len(), dir.store.is_some()), (2, 1, true));
        let media = [".openclaw/media/inbound", ".openclaw/media", ".openclaw/workspace/media/inbound", "clawd/media/inbound"];
        assert_eq!(dir.media_roots, media.map(|path| tree.at(path)), "{path}");
        assert!(!dir.live && !found.roots[0].live && found.problems.is_empty(), "{:?}", found.problems);
        let file = &dir.transcripts[1];
        assert_eq!((file.name.state, file.len, file.hard_links), (FileState::Reset, HEADER.len() as u64, 1));
        assert!(file.modified_ms.is_some() && !file.is_symlink);
    }
}

#[test]
fn a_single_transcript_brings_its_neighbours() {
    let tree = state();
    let one = format!(".openclaw/agents/main/sessions/{A}.jsonl");
    let two = format!(".openclaw/agents/main/sessions/{B}{RESET}");
    let found = tree.find(&[&one]);
    assert_eq!(found.roots[0].kind, RootKind::Transcript);
    let dir = &found.sessions_dirs[0];
    assert_eq!(names(dir), [format!("{A}.jsonl")]);
    assert_eq!((dir.trajectories.len(), dir.store.is_some(), dir.media_roots.len()), (1, true, 4));
    assert_eq!(dir.agent, "main");
    // Two of one folder are one entry, and with the whole folder nothing stands twice.
    let found = tree.find(&[&one, &two, &one]);
    assert_eq!((found.roots.len(), found.sessions_dirs.len(), found.sessions_dirs[0].transcripts.len()), (2, 1, 2));
    let found = tree.find(&[&one, ".openclaw"]);
    assert_eq!((found.roots.len(), found.sessions_dirs.len(), found.sessions_dirs[0].transcripts.len()), (2, 1, 2));
}

#[test]
fn a_named_file_is_always_taken() {
    let tree = Tree::new();
    tree.put("notes.txt", "hello").put("data.jsonl", "{}").put("x.trajectory.jsonl", "");
    for name in ["notes.txt", "data.jsonl", "x.trajectory.jsonl"] {
        assert_eq!(names(&tree.find(&[name]).sessions_dirs[0]), [name]);
    }
    assert!(tree.find(&[""]).sessions_dirs.is_empty());
    let found = tree.find(&["", "data.jsonl"]);
    assert_eq!((found.sessions_dirs.len(), names(&found.sessions_dirs[0])), (1, vec!["data.jsonl"]));
}

#[test]
fn nested_and_doubled_roots_appear_once() {
    let tree = state();
    let found = tree.find(&[".openclaw/agents/main/sessions", "", ".openclaw", ".openclaw/agents/../agents/main/sessions"]);
    assert_eq!((found.roots.len(), found.sessions_dirs.len(), found.sessions_dirs[0].root), (3, 1, 0));
    // What the walk of a state directory passes over can still be named.
    let found = tree.find(&[".openclaw", ".openclaw/workspace"]);
    assert_eq!(found.sessions_dirs.len(), 2);
    assert_eq!(names(&found.sessions_dirs[1]), ["loose.jsonl"]);
}

#[test]
fn loose_folders() {
    let tree = Tree::new();
    tree.put("case/deep/er/chat.jsonl", HEADER)
        .put("case/deep/er/log.jsonl", "{\"level\":\"info\"}\n")
        .put(&format!("case/arch/{A}{RESET}"), "torn")
        .put("case/copy/sessions.json", "{'agent:Work:main':{},'agent:work2:a':{},'agent:Work:b':{}}")
        .put("case/copy/torn.jsonl", "{\"typ")
        .put("case/copy/media/inbound/x.png", "")
        .put("case/node_modules/x/chat.jsonl", HEADER)
        .put("case/.git/chat.jsonl", HEADER)
        .put("case/.clawfix/chat.jsonl", HEADER)
        .put("case/only/sessions.json.bak.1", "")
        .put("case/jsonl.jsonl/readme", "");
    let found = tree.find(&["case"]);
    let dirs: Vec<_> = found.sessions_dirs.iter().map(|dir| (dir.agent.as_str(), names(dir), dir.media_roots.len())).collect();
    let archive = format!("{A}{RESET}");
    assert_eq!(dirs, [("arch", vec![archive.as_str()], 0), ("Work", vec!["torn.jsonl"], 2), ("er", vec!["chat.jsonl"], 0)]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let agent = discover(&[tree.at("case")], &Environment::default(), Some("WORK"));
    assert_eq!(agent.sessions_dirs.len(), 1);
}

#[test]
fn several_agents_imports_and_the_oldest_layout() {
    let tree = Tree::new();
    tree.put("s/openclaw.json", "{}")
        .put("s/agents/a/sessions/x.jsonl", "damaged")
        .put("s/agents/b/sessions/x.jsonl", HEADER)
        .put(&format!("s/agents/b/session-sqlite-import-archive/agent-b-main.{A}.jsonl.imported-1772360553123"), HEADER)
        .put("s/sessions/old.jsonl", HEADER)
        .put("s/elsewhere/old.jsonl", HEADER)
        .dir("s/agents/empty/sessions");
    let found = tree.find(&["s"]);
    assert_eq!(found.roots[0].kind, RootKind::StateDir);
    let dirs: Vec<_> = found.sessions_dirs.iter().map(|dir| (dir.agent.as_str(), dir.transcripts[0].name.state)).collect();
    let live = FileState::Live;
    assert_eq!(dirs, [("a", live), ("b", FileState::Imported), ("b", live), ("main", live)]);
    assert_eq!(found.sessions_dirs[1].transcripts[0].name.session_id, A);
    assert!(found.sessions_dirs.iter().all(|dir| dir.state_dir == Some(tree.at("s"))));
}

#[test]
fn default_places_are_live() {
    let tree = state();
    let env = Environment { home: Some(tree.at("")), ..Environment::default() };
    let found = discover(&[], &env, None);
    assert!(found.roots[0].live && found.sessions_dirs[0].live);
    let found = discover(&[tree.at("")], &env, None);
    assert!(!found.roots[0].live && found.sessions_dirs[0].live);
    assert_eq!(discover(&[], &Environment::default(), None), Found::default());
    // A place without any mark, named by the environment, is entered as a state directory.
    tree.put("odd/agents/m/sessions/x.jsonl", "").put("odd/else/y.jsonl", HEADER);
    let env = Environment { openclaw_state_dir: Some(tree.at("odd")), ..Environment::default() };
    assert_eq!(discover(&[], &env, None).sessions_dirs.len(), 1);
}

#[test]
fn missing_and_unreadable() {
    let tree = state();
    let found = tree.find(&["nothing", ".openclaw"]);
    assert_eq!((kinds(&found), found.sessions_dirs.len(), found.sessions_dirs[0].root), (vec![ProblemKind::NotFound], 1, 0));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn pipes_are_never_opened() {
        let tree = state();
        let sessions = ".openclaw/agents/main/sessions";
        tree.dir("loose").dir("other").put("other/x.jsonl", HEADER);
        let pipes = [format!("{sessions}/p.jsonl"), "loose/p.jsonl".to_owned(), "other/sessions.json".to_owned()];
        for pipe in &pipes {
            assert!(std::process::Command::new("mkfifo").arg(tree.at(pipe)).status().unwrap().success());
        }
        let found = tree.find(&[""]);
        assert_eq!(kinds(&found), [ProblemKind::NotARegularFile; 3]);
        assert!(found.problems[0].reason.contains("named pipe"));
        assert_eq!((found.sessions_dirs.len(), &found.sessions_dirs[1].store), (2, &None));
        assert_eq!(kinds(&tree.find(&["loose/p.jsonl"])), [ProblemKind::NotARegularFile]);
    }

    #[test]
    fn links_out_in_and_round() {
        let tree = state();
        let link = |to: &str, from: &str| symlink(to, tree.at(from)).unwrap();
        tree.put("far/agents/x/sessions/far.jsonl", HEADER);
        let sessions = ".openclaw/agents/main/sessions";
        link(&format!("{A}.jsonl"), &format!("{sessions}/alias.jsonl"));
        link("../../../../far/agents/x/sessions/far.jsonl", &format!("{sessions}/out.jsonl"));
        link("gone", &format!("{sessions}/gone.jsonl"));
        link("gone", &format!("{sessions}/gone.txt"));
        link("round.jsonl", &format!("{sessions}/round.jsonl"));
        link("..", &format!("{sessions}/up"));
        link("../../far/agents/x", ".openclaw/agents/y");
        link("../far", ".openclaw/far");
        let found = tree.find(&[".openclaw"]);
        use ProblemKind::*;
        assert_eq!(kinds(&found), [NotFound, LinkOutside, LinkLoop, LinkOutside], "{:#?}", found.problems);
        assert_eq!(names(&found.sessions_dirs[0]), [format!("{A}.jsonl"), format!("{B}{RESET}")]);
        // With the target named as a root too, all is inside, and everything still appears once.
        let found = tree.find(&[".openclaw", "far"]);
        assert_eq!(kinds(&found), [NotFound, LinkLoop], "{:#?}", found.problems);
        assert_eq!(found.sessions_dirs.iter().map(|dir| dir.transcripts.len()).sum::<usize>(), 3);
        // A root may itself be a link.
        link(".openclaw", "alias");
        let found = tree.find(&["alias", ".openclaw"]);
        assert_eq!((found.roots.len(), found.sessions_dirs.len()), (1, 1));
        assert_eq!(found.sessions_dirs[0].dir, tree.at("alias/agents/main/sessions"));
        assert_eq!(found.sessions_dirs[0].state_dir, Some(tree.at("alias")));
    }

    #[test]
    fn a_linked_sessions_folder_inside_keeps_its_agent() {
        let tree = Tree::new();
        tree.put("root/data/store/x.jsonl", HEADER).put("root/data/store/y.jsonl", "damaged").dir("root/.openclaw/agents/main");
        symlink("../../../data/store", tree.at("root/.openclaw/agents/main/sessions")).unwrap();
        let found = tree.find(&["root/.openclaw"]);
        assert_eq!(kinds(&found), [ProblemKind::LinkOutside]);
        let found = tree.find(&["root"]);
        assert_eq!((found.sessions_dirs.len(), found.problems.len()), (1, 0));
        let single = tree.find(&["root/.openclaw/agents/main/sessions"]);
        assert_eq!(single.sessions_dirs[0].agent, "main");
        assert_eq!(names(&single.sessions_dirs[0]).len(), 2);
        // A link to a transcript, named: its neighbours are those of the file itself.
        symlink("root/data/store/x.jsonl", tree.at("here.jsonl")).unwrap();
        let found = tree.find(&["here.jsonl"]);
        let dir = &found.sessions_dirs[0];
        assert!(dir.transcripts[0].is_symlink && dir.dir.ends_with("root/data/store"), "{dir:?}");
    }

    #[test]
    fn many_links_in_circles_end() {
        let tree = Tree::new();
        for i in 0..40 {
            let dir = format!("r/{}", "d/".repeat(i));
            tree.put(&format!("{dir}x{i}.jsonl"), HEADER);
            for (n, to) in ["..", "../..", "."].iter().enumerate() {
                symlink(to, tree.at(&format!("{dir}l{n}"))).unwrap();
            }
        }
        let found = tree.find(&["r/d"]);
        assert_eq!(found.sessions_dirs.len(), 39);
        assert!(found.problems.iter().all(|problem| problem.kind == ProblemKind::LinkOutside));
    }

    #[test]
    fn a_closed_folder_is_a_problem_and_the_rest_goes_on() {
        let tree = state();
        tree.put("closed/x.jsonl", HEADER);
        fs::set_permissions(tree.at("closed"), fs::Permissions::from_mode(0o0)).unwrap();
        let found = tree.find(&[""]);
        // Whoever may read everything sees no problem.
        if fs::read_dir(tree.at("closed")).is_err() {
            assert_eq!(kinds(&found), [ProblemKind::Permission]);
            assert_eq!(found.sessions_dirs.len(), 1);
        }
        fs::set_permissions(tree.at("closed"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn names_that_are_no_text() {
        use std::os::unix::ffi::OsStrExt;
        let tree = state();
        let name = std::ffi::OsStr::from_bytes(b"\xff\xfe.jsonl");
        let path = tree.at(".openclaw/agents/main/sessions").join(name);
        fs::write(&path, HEADER).unwrap();
        let found = tree.find(&[".openclaw"]);
        let file = found.sessions_dirs[0].transcripts.last().unwrap();
        assert_eq!((&file.path, file.file_name.as_str()), (&path, "\u{fffd}\u{fffd}.jsonl"));
        let found = discover(std::slice::from_ref(&path), &Environment::default(), None);
        assert_eq!(found.sessions_dirs[0].transcripts[0].path, path);
    }

    #[test]
    fn deep_nesting_ends() {
        let tree = Tree::new();
        let deep = "d/".repeat(500);
        tree.put(&format!("{deep}x.jsonl"), HEADER);
        assert_eq!(tree.find(&[""]).sessions_dirs.len(), 1);
    }

    #[test]
    fn media_that_is_linked_out() {
        let tree = state();
        tree.dir("far/inbound");
        fs::remove_dir_all(tree.at(".openclaw/media")).unwrap();
        symlink("../far", tree.at(".openclaw/media")).unwrap();
        let found = tree.find(&[".openclaw"]);
        assert_eq!(kinds(&found), [ProblemKind::LinkOutside; 2]);
        assert_eq!(found.sessions_dirs[0].media_roots.len(), 2);
    }
}
