//! Times that no calendar has, in every place where a file may state one. The tests run with overflow checks.

use crate::{Folder, id, scan};

const TIMES: [&str; 14] = [
    r#""9999-12-31T23:59:59.999Z""#,
    r#""0000-01-01T00:00:00.000Z""#,
    r#""-0001-01-01T00:00:00Z""#,
    r#""+275760-09-13T00:00:00Z""#,
    r#""2026-02-30T00:00:00.000Z""#,
    r#""2026-02-01T10:00:00.000Z""#,
    "9223372036854775807",
    "-9223372036854775808",
    "8999999999999999",
    "-8999999999999999",
    "1e300",
    "0.5",
    "null",
    "[]",
];

const STAMPS: [&str; 4] = ["9999-12-31T23-59-59.999Z", "0001-01-01T00-00-00.000Z", "2026-02-01T10-00-01.000Z", "x"];

fn line(entry: &str, parent: &str, role: &str, text: &str, time: &str, received: &str) -> String {
    format!(
        r#"{{"type":"message","id":"{entry}","parentId":"{parent}","timestamp":{time},"message":{{"role":"{role}","timestamp":{received},"content":"{text}"}}}}"#
    ) + "\n"
}

#[test]
fn arithmetic_on_times_never_overflows() {
    let folder = Folder::new();
    let mark = |elapsed: &str, clock: &str| format!("[Telegram J (@j) id:7 +{elapsed} {clock}] x\\n[message_id: 18446744073709551615]");
    let mut store = String::from("{");
    let mut n = 0;
    for (i, time) in TIMES.iter().enumerate() {
        for received in TIMES {
            n += 1;
            let later = TIMES[(i + n as usize) % TIMES.len()];
            let head = format!(r#"{{"type":"session","version":3,"id":"{}","timestamp":{time}}}"#, id(n)) + "\n";
            let body = line("a", "", "user", "hi", time, received)
                + &line("b", "a", "assistant", "ok", later, received)
                + &line("c", "b", "user", &mark("9223372036854775807ms", "2026-01-29 09:17 PST"), time, received)
                + &line("d", "c", "user", &mark("99999999d", "9999-12-31 23:59 GMT+14"), later, time)
                + &format!(r#"{{"type":"compaction","id":"e","parentId":"d","timestamp":{time},"firstKeptEntryIndex":{received}}}"#)
                + "\n";
            let suffix = match n % 3 {
                0 => String::new(),
                1 => format!(".reset.{}", STAMPS[n as usize % STAMPS.len()]),
                _ => ".bak-999999999999999-999999999999999".to_owned(),
            };
            folder.write(format!("{}.jsonl{suffix}", id(n)), head + &body);
            let started =
                format!(r#"{{"type":"session.started","ts":{received},"sessionId":"{}","data":{{"trigger":"heartbeat"}}}}"#, id(n));
            folder.write(format!("{}.trajectory.jsonl", id(n)), started + "\n");
            store += &format!(r#""agent:main:dm:{n}":{{"sessionId":"{}","updatedAt":{time},"lastInteractionAt":{received}}},"#, id(n));
        }
    }
    for store in [None, Some(store + r#""x":0}"#)] {
        if let Some(store) = store {
            folder.write("sessions.json", store);
        }
        for format in ["table", "json"] {
            let run = scan(folder.path(), &["--all", "-v", "--min-level", "possible", "--format", format]);
            assert!((0..=2).contains(&run.code), "{}", run.err);
        }
    }
}
