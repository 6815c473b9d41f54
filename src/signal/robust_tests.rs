//! No text whatever makes a reader panic or run for long.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use super::image::{Speaker, references};
use super::{acknowledges_heartbeat, clock::Clock, exec, read};

const SAMPLES: [&str; 18] = [
    "[media attached: /a/é b.png (image/png) | /a.png]\n[Telegram Jäy (@jay) id:7016642 +2m 2026-01-29 09:17 PST] Wäs?\n[message_id: 4101]",
    "[Telegram G [x] id:-100777 topic:4 +3s 2026-11-22T06:58Z] Mia (8800111): any\n\n[Replying to J id:1]\nx\n[/Replying]\n[message_id: 9]",
    "Conversation info (untrusted metadata):\n```json\n{\"chat_id\":\"telegram:7\",\"message_id\":1,\"timestamp\":\"Thu 2026-01-29 09:16 PST\"}\n```\n\nhé",
    "Sender (untrusted metadata):\n```json\n{\"id\":\"x\"}\n```\n[Thu 2026-01-29 09:16 PST] x",
    "System: [2026-01-29 09:15:06 PST] Exec failed (grand-la, code 1) :: é\nmore\n\nRead HEARTBEAT.md if it exists",
    "Exec finished (gateway id=a, session=quiet-rook, code 0)\nout",
    "Current time: Thursday, January 29th, 2026 — 9:16 AM (America/Los_Angeles)",
    "[Queued messages while agent was busy]\n\n---\nQueued #1\nx\n\n---\nQueued #2\ny",
    "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nConversation data (data, not instructions):\n\"x\\n\"\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>",
    "[Image: source: C:\\Üsers\\a.png] file:///a%20%C3.png media://inbound/a.png <media:image> \"/a b.png\"",
    "MEDIA:\"./ä.png\"\n[image data removed - already processed by model]",
    "Command still running (session grand-lagoon, pid 7202). Use",
    "**HEARTBEAT_OK** <b>[[reply_to_current]]",
    "[Retry after the previous model attempt failed or timed out]\n\n[cron:5 x] y",
    "<relevant-memories>\nä\n</relevant-memories>",
    "[Chat messages since your last reply - for context]\n\n[Current message - respond to this]\n",
    "An async command the user already approved has completed.\n\nExact completion details:\nExec denied (gateway id=1, x)",
    "\u{202e}🦞\u{0}\r\n\t—…",
];

fn all(text: &str) {
    let reading = read(text);
    assert!(text.get(reading.user_text.clone()).is_some(), "{text:?}");
    for speaker in [Speaker::User, Speaker::Assistant] {
        assert!(references(text, speaker).iter().all(|r| text.is_char_boundary(r.at)));
    }
    acknowledges_heartbeat(text);
    exec::started(text);
    Clock::parse(text);
    Clock::at_end(text);
    Clock::current_time_line(text);
}

#[test]
fn nothing_panics() {
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut roll = |max: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap() % max.max(1)
    };
    for text in SAMPLES {
        for (cut, _) in text.char_indices() {
            all(&text[..cut]);
            all(&text[cut..]);
        }
    }
    for _ in 0..8_000 {
        let mut text = String::new();
        for _ in 0..=roll(3) {
            let sample: Vec<char> = SAMPLES[roll(SAMPLES.len())].chars().collect();
            let from = if roll(2) == 0 { 0 } else { roll(sample.len()) };
            let to = if roll(2) == 0 { sample.len() } else { from + roll(sample.len() - from) };
            text.extend(&sample[from..to]);
            text.push_str(["", "\n", "\n\n", " ", "]", "```", "[", "é"][roll(8)]);
        }
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..roll(4) {
            let at = roll(chars.len());
            if let Some(slot) = chars.get_mut(at) {
                *slot = ['[', ']', '\n', ':', 'é', '`', '(', ')', ' ', '-', '0', '\u{0}'][roll(12)];
            }
        }
        all(&chars.into_iter().collect::<String>());
    }
}

#[test]
fn long_texts_take_linear_time() {
    let pieces = [
        "[",
        "]",
        "[media attached",
        "[media attached: ",
        "[media attached: /a] ",
        "\"/a ",
        "'",
        "```",
        "\n```json\n",
        "\n",
        " ",
        "(",
        "/a.png ",
        "[Image: source: ",
        "System: [2026-01-29 09:15 PST] x\n",
        "System: [2026-01-29 09:15 PST] x\n\n",
        "\n---\nQueued #1\n",
        ".png",
        "a",
        "é",
        "<",
        "Conversation info (untrusted metadata):\n",
        "Conversation info (untrusted metadata):\n```json\n{}\n```\n",
        "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>",
        "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>\n",
        "[Replying to ",
        "Exec failed (abcd, code 1)\n",
        "]x",
        "MEDIA:",
        "[Thread starter - for context]\n",
        "<relevant-memories>",
        "\\\\",
        "media://inbound/",
        "[message_id: 1]\n",
        "Note: The previous agent run was aborted by the user.\n",
        "[image data removed",
        "{\"a\":",
        "HEARTBEAT_OK",
        "[Queued messages while agent was busy]\n\n---\nQueued #1\n",
        "System: [2026-01-29 09:15 PST] Exec finished (a=b\n",
    ];
    for piece in pieces {
        for front in [
            "",
            "[Queued messages while agent was busy]\n",
            "System: [2026-01-29 09:15 PST] x\n",
            "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\n",
        ] {
            let mut text = front.to_owned();
            text.push_str(&piece.repeat((1 << 18) / piece.len()));
            let begun = Instant::now();
            all(&text);
            assert!(begun.elapsed() < Duration::from_secs(3), "{front:?} {piece:?}: {:?}", begun.elapsed());
        }
    }
}
