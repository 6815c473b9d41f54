//! Metadata blocks, as tables of (JSON, facts).
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;

fn block(json: &str) -> String {
    format!("Conversation info (untrusted metadata):\n```json\n{json}\n```")
}

#[test]
fn conversation() {
    type Row = (&'static str, Option<&'static str>, Option<&'static str>, Option<bool>, Option<&'static str>, Option<&'static str>);
    // (json, channel, chat, group, sender, message)
    let table: &[Row] = &[
        (r#"{"timestamp":"Sun 2026-11-22 06:58 UTC"}"#, None, None, None, None, None),
        (
            r#"{"chat_id":"telegram:7016642","message_id":"12","sender_id":"7016642"}"#,
            Some("telegram"),
            Some("7016642"),
            Some(false),
            Some("7016642"),
            Some("12"),
        ),
        (r#"{"chat_id":7016642,"message_id":12,"sender_id":7016642}"#, None, Some("7016642"), Some(false), Some("7016642"), Some("12")),
        (
            r#"{"conversation_label":"Gardeners id:-100777","sender":"8800111","is_group_chat":true}"#,
            None,
            Some("-100777"),
            Some(true),
            Some("8800111"),
            None,
        ),
        (
            r#"{"conversation_label":"Guild #ai channel id:1492215199061508269","sender_id":"55"}"#,
            None,
            Some("1492215199061508269"),
            Some(true),
            Some("55"),
            None,
        ),
        (
            r##"{"conversation_label":"#C0AQK3D2CNA","group_subject":"#C0AQK3D2CNA","is_group_chat":true}"##,
            None,
            Some("#C0AQK3D2CNA"),
            Some(true),
            None,
            None,
        ),
        (
            r#"{"group_subject":"t","group_channel":"agent:main:dingtalk:group:cid7==","is_group_chat":true}"#,
            Some("dingtalk"),
            Some("cid7=="),
            Some(true),
            None,
            None,
        ),
        (r#"{"group_subject":"Garden Club","is_group_chat":true}"#, None, None, Some(true), None, None),
        (
            r#"{"message_id":"openclaw-weixin:1775210196036-b5f1f24c"}"#,
            None,
            None,
            None,
            None,
            Some("openclaw-weixin:1775210196036-b5f1f24c"),
        ),
        (r#"{"sender":"Jay"}"#, None, None, None, None, None),
        (r#"[1]"#, None, None, None, None, None),
        (r#"{"broken"#, None, None, None, None, None),
        ("{}", None, None, None, None, None),
    ];
    for (json, channel, chat, group, sender, message) in table {
        let text = block(json);
        let info = eat(&text).unwrap();
        let f = &info.facts;
        assert_eq!(info.len, text.len(), "{json}");
        assert_eq!(f.channel.as_deref(), *channel, "{json}");
        assert_eq!((f.chat_id.as_deref(), f.group), (*chat, *group), "{json}");
        assert_eq!((f.sender_id.as_deref(), f.message_id.as_deref()), (*sender, *message), "{json}");
    }
}

#[test]
fn replies_and_threads() {
    let f = eat(&block(r#"{"message_id":"9","reply_to_id":"8","topic_id":4,"timestamp":"Thu 2026-01-29 09:16 PST"}"#)).unwrap().facts;
    assert_eq!((f.reply_to.as_deref(), f.thread_id.as_deref()), (Some("8"), Some("4")));
    assert_eq!(f.clock.unwrap().zone.as_deref(), Some("PST"));
    let f = eat(&block(r#"{"message_id":"9","reply_to_id":"9"}"#)).unwrap().facts;
    assert_eq!(f.reply_to, None);
}

#[test]
fn senders() {
    let table = [
        (r#"{"label":"Jay (77)","id":"77"}"#, Some("77"), None),
        (r#"{"label":"openclaw-control-ui","id":"openclaw-control-ui"}"#, None, Some("webchat")),
    ];
    for (json, sender, channel) in table {
        let text = format!("Sender (untrusted metadata):\n```json\n{json}\n```\n\nhi");
        let info = eat(&text).unwrap();
        assert_eq!((info.facts.sender_id.as_deref(), info.facts.channel.as_deref()), (sender, channel), "{json}");
        assert_eq!(tail(&text, info.len), "\nhi");
    }
}

#[test]
fn others_tell_nothing() {
    let text = "Replied message (untrusted, for context):\n```json\n{\"message_id\":\"3\",\"sender_id\":\"4\"}\n```\nhi";
    let info = eat(text).unwrap();
    assert!(!info.about_message);
    assert_eq!(info.facts, ChatFacts::default());
}

#[test]
fn trailing() {
    let text = format!("hi\n\n{}\n", block(r#"{"message_id":"3"}"#));
    let (start, info) = eat_trailing(&text).unwrap();
    assert_eq!((start, info.facts.message_id.as_deref()), (4, Some("3")));
    for text in ["hi\n```json\n{}\n```", "```", "hi", "Conversation info (untrusted metadata):\n```json\n{}"] {
        assert_eq!(eat_trailing(text), None, "{text}");
    }
}

#[test]
fn no_blocks() {
    for text in [
        "Conversation info (untrusted metadata):",
        "Conversation info (untrusted metadata):\n```json\n{",
        "Conversation info:\n```json\n{}\n```",
        "x\nConversation info (untrusted metadata):\n```json\n{}\n```",
    ] {
        assert_eq!(eat(text), None, "{text}");
    }
}
