//! The tree is held against `serde_json`, with white space at random and members removed at random.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

fn value(node: &Node<'_>) -> Value {
    match node.kind() {
        Kind::Object => Value::Object(node.members().map(|member| (member.key.into_owned(), value(&member.value))).collect()),
        Kind::Array => Value::Array(node.items().map(|item| value(&item)).collect()),
        Kind::String => Value::String(node.text().unwrap().into_owned()),
        Kind::Number => serde_json::from_str(node.number_raw().unwrap()).unwrap(),
        Kind::True | Kind::False => Value::Bool(node.as_bool().unwrap()),
        Kind::Null => Value::Null,
    }
}

fn cut(line: &[u8], ranges: &[Range<usize>]) -> Vec<u8> {
    let mut out = line.to_vec();
    for range in ranges.iter().rev() {
        out.drain(range.clone());
    }
    out
}

#[test]
fn places() {
    let line = r#" {"id" : "a\"b\u00e9", "message":{"content":[ {"type":"image","data":"QUJD"}, -1.5e3 ,true],"x":{}}, "n":null}"#;
    let tree = parse(line.as_bytes()).unwrap();
    let root = tree.root();
    assert_eq!((root.kind(), root.range()), (Kind::Object, 1..line.len()));
    assert_eq!(root.get("id").unwrap().text().unwrap(), "a\"bé");
    assert_eq!(root.get("id").unwrap().text_raw().unwrap(), br#"a\"b\u00e9"#);
    let content = root.at(&["message", "content"]).unwrap();
    let items: Vec<&str> = content.items().map(|item| &line[item.range()]).collect();
    assert_eq!(items, [r#"{"type":"image","data":"QUJD"}"#, "-1.5e3", "true"]);
    assert_eq!(content.items().nth(1).unwrap().number_raw(), Some("-1.5e3"));
    assert_eq!(content.items().nth(2).unwrap().as_bool(), Some(true));
    let keys: Vec<&str> = root.members().map(|member| &line[member.key_range]).collect();
    assert_eq!(keys, [r#""id""#, r#""message""#, r#""n""#]);
    assert_eq!(root.insertion(), Some((2, true)));
    let empty = root.at(&["message", "x"]).unwrap();
    assert_eq!(empty.insertion(), Some((empty.range().start + 1, false)));
    assert!(root.at(&["message", "absent", "x"]).is_none() && root.at(&["id", "x"]).is_none() && content.get("type").is_none());
    assert_eq!(root.get("n").unwrap().insertion(), None);
    assert_eq!(tree.nodes().count(), 11);
}

#[test]
fn removing() {
    let table: &[(&str, &[usize], &str)] = &[
        (r#"{"a":1}"#, &[0], "{}"),
        (r#"{ "a":1 }"#, &[0], "{  }"),
        (r#"{"a":1, "b":2}"#, &[0], r#"{"b":2}"#),
        (r#"{"a":1, "b":2}"#, &[1], r#"{"a":1}"#),
        (r#"{"a":1, "b":2}"#, &[1, 0, 1, 7], "{}"),
        (r#"{"a":1,"b":2,"c":3}"#, &[1, 2], r#"{"a":1}"#),
        (r#"{"a":1,"b":2,"c":3}"#, &[0, 2], r#"{"b":2}"#),
        ("[1, 2 ,3 , 4]", &[0, 1, 3], "[3]"),
        ("[1]", &[1], "[1]"),
        ("[]", &[0], "[]"),
        ("7", &[0], "7"),
    ];
    for (line, indexes, expected) in table {
        let tree = parse(line.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(cut(line.as_bytes(), &tree.root().removals(indexes))).unwrap(), *expected, "{line} {indexes:?}");
    }
    let line = r#"{"a":1,"b":2,"\u0061":3}"#;
    let tree = parse(line.as_bytes()).unwrap();
    assert_eq!(cut(line.as_bytes(), &tree.root().removals_of("a")), br#"{"b":2}"#, "the earlier one must not come to life");
    assert_eq!(tree.root().removal(1), Some(7..13));
    assert_eq!(tree.root().removal(3), None);
}

#[test]
fn overridden_members() {
    let line = r#"{"a":{"x":1,"x":2},"b":[{"y":1, "\u0079" : 2,"z":0,"y":3}], "a":{"q":1,"q":2},"\ud800":1,"\ud801":2}"#;
    let tree = parse(line.as_bytes()).unwrap();
    let found = tree.duplicates();
    let named: Vec<(&str, &str)> = found.iter().map(|found| (found.key.as_str(), &line[found.member.clone()])).collect();
    assert_eq!(named, [("a", r#""a":{"x":1,"x":2}"#), ("y", r#""y":1"#), ("y", r#""\u0079" : 2"#), ("q", r#""q":1"#)]);
    let removals: Vec<_> = found.into_iter().map(|found| found.removal).collect();
    assert_eq!(String::from_utf8(cut(line.as_bytes(), &removals)).unwrap(), r#"{"b":[{"z":0,"y":3}], "a":{"q":2},"\ud800":1,"\ud801":2}"#);
    assert_eq!(tree.root().at(&["a", "q"]).unwrap().number_raw(), Some("2"));
}

#[test]
fn what_is_json() {
    let table: &[(&[u8], bool)] = &[
        (b"{}", true),
        (b"\xEF\xBB\xBF {}", true),
        (b"\"\xFF\"", true),
        (br#""\ud800""#, true),
        (b" 1e999 ", true),
        (b"", false),
        (b"{\xFF}", false),
        (b"\"\n\"", false),
        (br#""\x""#, false),
        (br#""\u12"#, false),
        (br#"""#, false),
        (b"01", false),
        (b"-", false),
        (b"1.", false),
        (b".5", false),
        (b"+1", false),
        (b"1e", false),
        (b"nul", false),
        (b"nullx", false),
        (b"{} {}", false),
        (b"[1,]", false),
        (b"[,1]", false),
        (b"[1}", false),
        (b"{\"a\":1]", false),
        (b"{\"a\"}", false),
        (b"{\"a\":}", false),
        (b"{\"a\":1,}", false),
        (b"{1:1}", false),
        (b"[", false),
        (b"]", false),
    ];
    for (line, good) in table {
        assert_eq!(parse(line).is_some(), *good, "{}", String::from_utf8_lossy(line));
    }
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_some());
    assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_none());
    assert!(parse("[".repeat(1_000_000).as_bytes()).is_none());
}

/// Any value; keys and texts with what needs escapes.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        "[a-c\"\\\\/\n\u{1}é日😀]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-d\"\\\\é]{0,3}", inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The value written with white space drawn from `spaces`, which is used round and round.
fn render(value: &Value, spaces: &mut impl Iterator<Item = &'static str>, out: &mut String) {
    let list = |out: &mut String, first: bool| out.push_str(if first { "" } else { "," });
    out.push_str(spaces.next().unwrap());
    match value {
        Value::Object(map) => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                list(out, at == 0);
                render(&Value::from(key.as_str()), spaces, out);
                out.push(':');
                render(value, spaces, out);
            }
            out.push_str(spaces.next().unwrap());
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, value) in items.iter().enumerate() {
                list(out, at == 0);
                render(value, spaces, out);
            }
            out.push_str(spaces.next().unwrap());
            out.push(']');
        }
        leaf => out.push_str(&leaf.to_string()),
    }
    out.push_str(spaces.next().unwrap());
}

/// The value at the place of a node, which is the `nth` in the order of the line.
fn nth_mut<'v>(value: &'v mut Value, nth: &mut usize) -> Option<&'v mut Value> {
    if *nth == 0 {
        return Some(value);
    }
    *nth -= 1;
    match value {
        Value::Object(map) => map.values_mut().find_map(|value| nth_mut(value, nth)),
        Value::Array(items) => items.iter_mut().find_map(|value| nth_mut(value, nth)),
        _ => None,
    }
}

proptest! {
    #[test]
    fn agrees_with_serde(
        original in values(),
        spaces in prop::collection::vec(prop::sample::select(vec!["", "", " ", "\t", "\r\n ", "  "]), 1..20),
        gone in any::<u8>(),
    ) {
        let mut line = String::new();
        render(&original, &mut spaces.into_iter().cycle(), &mut line);
        let tree = parse(line.as_bytes()).unwrap();
        prop_assert_eq!(value(&tree.root()), original.clone());
        prop_assert!(tree.duplicates().is_empty());
        for (number, node) in tree.nodes().enumerate() {
            prop_assert_eq!(serde_json::from_slice::<Value>(node.raw()).unwrap(), value(&node));
            let count = node.children().count();
            let single = (0..count).map(|index| (vec![index], vec![node.removal(index).unwrap()]));
            let several: Vec<usize> = (0..count).filter(|index| gone >> index & 1 == 1).collect();
            let all = single.chain([(several.clone(), node.removals(&several))]);
            for (indexes, ranges) in all {
                let mut expected = original.clone();
                match nth_mut(&mut expected, &mut number.clone()).unwrap() {
                    Value::Object(map) => {
                        let mut at = 0..;
                        map.retain(|_, _| !indexes.contains(&at.next().unwrap()));
                    }
                    Value::Array(items) => {
                        let mut at = 0..;
                        items.retain(|_| !indexes.contains(&at.next().unwrap()));
                    }
                    _ => {}
                }
                let left = cut(line.as_bytes(), &ranges);
                prop_assert_eq!(serde_json::from_slice::<Value>(&left).unwrap(), expected, "{} without {:?}", line, indexes);
            }
            if let Some((at, comma)) = node.insertion() {
                let item = if node.kind() == Kind::Object { "\"new key\":0" } else { "0" };
                let mut longer = line.clone();
                longer.insert_str(at, &format!("{item}{}", if comma { "," } else { "" }));
                prop_assert!(serde_json::from_str::<IgnoredAny>(&longer).is_ok());
            }
        }
    }

    #[test]
    fn takes_what_serde_takes(text in "[\\[\\]{},:\"\\\\0-2eE.+u truefalsn\t\u{1}é-]{0,24}", bytes: Vec<u8>) {
        prop_assert_eq!(parse(text.as_bytes()).is_some(), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        let good = parse(&bytes).is_some();
        if std::str::from_utf8(&bytes).is_ok() && !bytes.starts_with(b"\xEF\xBB\xBF") {
            prop_assert_eq!(good, serde_json::from_slice::<IgnoredAny>(&bytes).is_ok());
        }
    }

    #[test]
    fn a_bent_line_is_taken_by_both_or_none(original in values(), at: prop::sample::Index, byte in prop::sample::select(b"{}[],:\"\\0-.e n\x01".to_vec())) {
        let mut line = original.to_string().into_bytes();
        let at = at.index(line.len());
        line[at] = byte;
        if std::str::from_utf8(&line).is_ok() {
            let ours = parse(&line);
            prop_assert_eq!(ours.is_some(), serde_json::from_slice::<IgnoredAny>(&line).is_ok(), "{}", String::from_utf8_lossy(&line));
            if let Some(tree) = ours {
                let removals: Vec<_> = tree.duplicates().into_iter().map(|found| found.removal).collect();
                let left = cut(&line, &removals);
                prop_assert_eq!(
                    serde_json::from_slice::<Value>(&left).ok(),
                    serde_json::from_slice::<Value>(&line).ok()
                );
            }
        }
    }
}
