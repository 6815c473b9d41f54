//! Tables for [`super`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;

#[test]
fn basenames() {
    for (path, wanted) in [
        ("/a/b.png", "b.png"),
        (r"C:\Users\Jay\b.png", "b.png"),
        (r"C:/Users\Jay/b.png", "b.png"),
        (r"C:b.png", "b.png"),
        (r"\\host\share\b.png\", "b.png"),
        ("b.png", "b.png"),
        ("/", ""),
        ("C:\\", ""),
        ("", ""),
        ("a:b/c:d", "c:d"),
    ] {
        assert_eq!(basename(path), wanted, "{path}");
    }
}

#[test]
fn absolute_paths() {
    for path in ["/a", r"C:\a", "c:/a", r"\\host\share", r"\a", "~", "~/a", r"~\a"] {
        assert!(is_absolute(path), "{path}");
    }
    for path in ["a", "./a", "C:", "C:a", "~a", "", "sessions/x.jsonl"] {
        assert!(!is_absolute(path), "{path}");
    }
}

#[test]
fn the_same_path() {
    for (a, b, wanted) in [
        ("/a/b", "/a//b/", true),
        ("/a/./b", "/a/b", true),
        ("//a/b", "/a/b", true),
        ("/a/B", "/a/b", false),
        (r"C:\Users\Jay", "c:/users/jay", true),
        (r"\\?\C:\Users\Jay", r"C:\Users\jay", true),
        (r"\\?\UNC\Host\share\x", r"\\host\Share\x", true),
        (r"\\host\x", r"\host\x", false),
        ("/a/b", "a/b", false),
        ("/a/b", "/a", false),
        (r"C:\ÄÖ", "c:/äö", true),
        ("", "", true),
    ] {
        assert_eq!(same(a, b), wanted, "{a} {b}");
        assert_eq!(same(b, a), wanted, "{b} {a}");
    }
}

#[test]
fn maps() {
    let pair = |from: &str, to: &str| (from.to_owned(), PathBuf::from(to));
    let map = PathMap::new(vec![
        pair("/home/jay", "/bak"),
        pair("/home/jay/.openclaw/", "/state"),
        pair(r"C:\Users\Jay", "/win"),
        pair("~", "/home"),
    ]);
    for (path, wanted) in [
        ("/home/jay/.openclaw/media/x.png", Some("/state/media/x.png")),
        ("/home/jay/x.png", Some("/bak/x.png")),
        ("/home/jay", Some("/bak")),
        ("/home/jayne/x.png", None),
        ("/HOME/jay/x.png", None),
        (r"c:/users/jay\a\b.png", Some("/win/a/b.png")),
        (r"C:\Users\Jay\..\..\etc", None),
        ("/home/jay/a/../b", Some("/bak/b")),
        ("/home/jay/../etc/passwd", None),
        ("~/x", Some("/home/x")),
        ("relative", None),
        ("", None),
    ] {
        assert_eq!(map.apply(path), wanted.map(PathBuf::from), "{path}");
    }
    assert_eq!(PathMap::new(vec![pair("/", "/root")]).apply("/a/b"), Some(PathBuf::from("/root/a/b")));
    assert!(PathMap::default().is_empty() && !map.is_empty());
}

#[test]
fn map_arguments() {
    assert_eq!(PathMap::parse(r"C:\x=/y"), Ok((r"C:\x".to_owned(), PathBuf::from("/y"))));
    assert_eq!(PathMap::parse("/a=/b=c"), Ok(("/a".to_owned(), PathBuf::from("/b=c"))));
    for arg in ["", "/a", "=/b", "/a=", " = "] {
        let error = PathMap::parse(arg).unwrap_err().to_string();
        assert!(error.contains("FROM=TO") && error.contains(&format!("{arg:?}")), "{error}");
    }
}

#[test]
fn file_urls() {
    for (url, wanted) in [
        ("file:///home/jay/a%20b.png", Some("/home/jay/a b.png")),
        ("FILE:///a", Some("/a")),
        ("file://localhost/a", Some("/a")),
        ("file:/a", Some("/a")),
        ("file:///C:/Users/x.png", Some("C:/Users/x.png")),
        ("file:///c%3A/Users/x.png", Some("c:/Users/x.png")),
        ("file:///C|/x.png", Some("C:/x.png")),
        ("file://C:/x.png", Some("C:/x.png")),
        ("file://host/share/x.png", Some(r"\\host\share\x.png")),
        ("file:///a?x#y", Some("/a")),
        ("file:///a%00b", None),
        ("file://", None),
        ("file:", None),
        ("http://a/b", None),
        ("", None),
        ("фай", None),
    ] {
        assert_eq!(from_file_url(url).as_deref(), wanted, "{url}");
    }
}

#[test]
fn percent() {
    for (text, wanted) in [("a%2Fb", "a/b"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("%D1%84", "ф"), ("%ff", "\u{fffd}"), ("%%41", "%A")] {
        assert_eq!(percent_decode(text), wanted, "{text}");
    }
}
