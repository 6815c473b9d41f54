//! Envelopes of every channel, as tables of (text, facts).
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;

#[test]
fn envelopes() {
    type Row = (&'static str, Option<&'static str>, Option<&'static str>, Option<bool>, Option<&'static str>, Option<i64>);
    let table: &[Row] = &[
        ("[Telegram Jay (@jay) id:7016642 2026-11-22T06:58Z] hi", Some("telegram"), Some("7016642"), Some(false), None, None),
        (
            "[Telegram Jay (@jay) id:7016642 +2m 2026-01-29 09:17 PST] hi",
            Some("telegram"),
            Some("7016642"),
            Some(false),
            None,
            Some(120_000),
        ),
        (
            "[Telegram Gardeners id:-100777 +3s 2026-11-22T06:58Z] Mia (8800111): hi",
            Some("telegram"),
            Some("-100777"),
            Some(true),
            None,
            Some(3_000),
        ),
        (
            "[Telegram Plants [indoor] id:-100777 topic:12 2026-11-22T06:58Z] x",
            Some("telegram"),
            Some("-100777"),
            Some(true),
            Some("12"),
            None,
        ),
        ("[WhatsApp +17855410986 +2m 2026-02-03 14:32 CST] x", Some("whatsapp"), Some("+17855410986"), Some(false), None, Some(120_000)),
        ("[WhatsApp 1203630@g.us 2026-02-03 14:32 CST] x", Some("whatsapp"), Some("1203630@g.us"), Some(true), None, None),
        (
            "[Discord Guild #general channel id:1466 +1m Fri 2026-02-13 17:29 UTC] ann: x",
            Some("discord"),
            Some("1466"),
            Some(true),
            None,
            Some(60_000),
        ),
        ("[Discord simon user id:1467 +16s 2026-02-25 17:00 GMT+1] x", Some("discord"), Some("1467"), Some(false), None, Some(16_000)),
        ("[Slack #general +1h 2026-02-25 17:00 GMT+1] x", Some("slack"), Some("#general"), Some(true), None, Some(3_600_000)),
        ("[iMessage  Mum  Smith (@mum) 2026-02-25 17:00 GMT+1] x", Some("imessage"), Some("mum smith"), None, None, None),
        ("[Feishu 陈华来 Thu 2026-04-02 17:43 GMT+8] x", Some("feishu"), Some("陈华来"), None, None, None),
        ("[Foochat Jay id:7 2026-04-02 17:43 GMT+8] x", Some("foochat"), Some("7"), None, None, None),
        ("[Telegram Jay id:7016642 +1d] x", Some("telegram"), Some("7016642"), Some(false), None, Some(86_400_000)),
        ("[Thu 2026-01-29 09:17 PST] x", None, None, None, None, None),
    ];
    for (text, channel, chat, group, thread, elapsed) in table {
        let e = parse(text).unwrap_or_else(|| panic!("{text}"));
        let f = &e.facts;
        assert_eq!(f.channel.as_deref(), *channel, "{text}");
        assert_eq!(f.chat_id.as_deref(), *chat, "{text}");
        assert_eq!((f.group, f.thread_id.as_deref(), f.elapsed_ms), (*group, *thread, *elapsed), "{text}");
        assert_eq!(e.bare, channel.is_none(), "{text}");
        assert_eq!(f.clock.is_none(), text.contains("+1d]"), "{text}");
        assert!(text[e.len..].starts_with(' '), "{text}");
    }
}

#[test]
fn no_envelopes() {
    for text in [
        "",
        "[",
        "[]",
        "[note to self] x",
        "[Telegram] x",
        "[Telegram Jay] x",
        "[cron:5 daily] x",
        "[media attached: /a.png (image/png)]",
        "hi [Telegram Jay id:7 2026-11-22T06:58Z] x",
        "[Telegram Jay id:7 2026-11-22T06:58Z",
        "[Telegram Jay\nid:7 2026-11-22T06:58Z] x",
        "[7 2026-11-22T06:58Z] x",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn speakers() {
    let table = [
        ("Mia (8800111): hi", Some((Some("8800111"), 14))),
        ("Jay (+15551234567): x", Some((Some("+15551234567"), 19))),
        ("slideheroes: yes", Some((None, 12))),
        ("no speaker here", None),
        ("https://x.org", None),
    ];
    for (body, expected) in table {
        let got = speaker(body);
        assert_eq!(got.as_ref().map(|(id, n)| (id.as_deref(), *n)), expected, "{body}");
    }
}

#[test]
fn elapsed() {
    let table = [
        ("+0s", Some(0)),
        ("+1h30m", Some(5_400_000)),
        ("+2", None),
        ("+", None),
        ("+17855410986", None),
        ("+9999999999999999999d", None),
        ("+9223372036854775807d", None),
    ];
    for (mark, expected) in table {
        assert_eq!(elapsed_ms(mark), expected, "{mark}");
    }
}
