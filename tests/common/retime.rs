//! Moves every time in a state directory: entries, messages, headers, runs, trajectories, store, archive names, and the
//! wall clocks and elapsed marks inside the text.

use chrono::{DateTime, Datelike, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::State;

/// A moment before which no number is taken for a time, in ms (2020).
const EPOCH: i64 = 1_577_836_800_000;

/// Milliseconds of an RFC 3339 text.
pub fn ms(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

/// RFC 3339 text, UTC, with milliseconds.
pub fn iso(at: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(at).unwrap().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The `T` of an archive's name.
pub fn stamp(at: i64) -> String {
    iso(at).replace(':', "-")
}

/// When an archive was made, by its name.
pub fn stamp_of(file: &str) -> Option<i64> {
    let (_, text) = file.rsplit_once(".jsonl.")?;
    let (_, text) = text.split_once('.')?;
    let (date, time) = text.split_once('T')?;
    Some(ms(&format!("{date}T{}", time.replacen('-', ":", 2))))
}

/// Moves every time by the same.
pub fn shift(state: &mut State, by_ms: i64) {
    retime(state, &|at| at + by_ms);
}

/// Stretches the silences: between one thing that a person or a timer set off and the next, the time is `factor` as
/// long. What the machine does in answer takes as long as before, as it would.
pub fn stretch(state: &mut State, factor: i64) {
    let mut anchors: Vec<i64> = Vec::new();
    let archived: Vec<i64> = state.transcripts.keys().filter_map(|name| stamp_of(name)).collect();
    for lines in state.transcripts.values() {
        let began = ms(lines[0]["timestamp"].as_str().unwrap());
        let received: Vec<i64> = lines
            .iter()
            .filter(|line| line["message"]["role"] == "user")
            .filter_map(|line| line["message"]["timestamp"].as_i64())
            .collect();
        // The archive of the older session, the header and the first message are one event.
        let opening = received.first().map_or(began, |&at| at.min(began));
        let opening = archived.iter().copied().filter(|&at| (0..5_000).contains(&(opening - at))).min().unwrap_or(opening);
        anchors.push(opening);
        anchors.extend(received.iter().skip(1));
    }
    anchors.sort_unstable();
    anchors.dedup();
    let mut moved = Vec::new();
    let mut at = anchors[0];
    for (index, &anchor) in anchors.iter().enumerate() {
        if index > 0 {
            at += (anchor - anchors[index - 1]) * factor;
        }
        moved.push((anchor, at));
    }
    retime(state, &move |time| {
        let index = moved.partition_point(|(anchor, _)| *anchor <= time).max(1) - 1;
        moved[index].1 + time - moved[index].0
    });
}

/// Moves every time as `to` says.
pub fn retime(state: &mut State, to: &dyn Fn(i64) -> i64) {
    for lines in state.transcripts.values_mut() {
        // Where the text tells a wall clock, this is how far it stands from UTC.
        let mut previous: Option<i64> = None;
        for line in lines.iter_mut() {
            let arrived = line["message"]["timestamp"].as_i64();
            let at = line["timestamp"].as_str().map(ms);
            if line["message"]["role"] == "user" {
                let arrived = arrived.or(at).unwrap();
                let gap = previous.map(|previous| to(arrived) - to(previous));
                State::set_text(line, &|text| clocks(&elapsed(text, gap), arrived, to));
            }
            if line["message"].is_object() {
                previous = at;
            }
            times(line, to);
        }
    }
    state.trajectories.values_mut().flatten().for_each(|line| times(line, to));
    if let Some(store) = &mut state.store {
        times(store, to);
    }
    for name in state.transcripts.keys().cloned().collect::<Vec<_>>() {
        if let Some(at) = stamp_of(&name) {
            state.rename(&name, &name.replace(&stamp(at), &stamp(to(at))));
        }
    }
}

/// Moves the times that stand alone: numbers of milliseconds and ISO texts.
fn times(value: &mut Value, to: &dyn Fn(i64) -> i64) {
    match value {
        Value::Number(number) => {
            if let Some(at) = number.as_i64().filter(|at| *at > EPOCH) {
                *value = json!(to(at));
            }
        }
        Value::String(text) => {
            if let Ok(at) = DateTime::parse_from_rfc3339(text) {
                *text = iso(to(at.timestamp_millis()));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| times(item, to)),
        Value::Object(map) => map.values_mut().for_each(|item| times(item, to)),
        _ => {}
    }
}

/// Writes an elapsed mark anew, by the time since the turn before.
fn elapsed(text: &str, gap: Option<i64>) -> String {
    let (Some(gap), Some(from)) = (gap, text.find(" +")) else { return text.to_owned() };
    let mark = &text[from + 2..];
    let Some(end) = mark.find(' ').filter(|end| *end <= 4 && mark.starts_with(|c: char| c.is_ascii_digit())) else {
        return text.to_owned();
    };
    let new = match gap / 1_000 {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    };
    format!("{} +{new}{}", &text[..from], &mark[end..])
}

/// Writes every wall clock in a text anew. `arrived` is the true time of the message, which tells the zone.
fn clocks(text: &str, arrived: i64, to: &dyn Fn(i64) -> i64) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, len, seconds)) = find_clock(rest) {
        let written = &rest[at..at + len];
        let form = match (written.contains('T'), seconds) {
            (true, true) => "%Y-%m-%dT%H:%M:%S",
            (true, false) => "%Y-%m-%dT%H:%M",
            (false, true) => "%Y-%m-%d %H:%M:%S",
            (false, false) => "%Y-%m-%d %H:%M",
        };
        let local = parse(written, form);
        let offset = offset(local, arrived);
        // A stamp to the minute is that of the message; one to the second tells its own moment.
        let true_at = if seconds { local - offset } else { arrived };
        let new = DateTime::<Utc>::from_timestamp_millis(to(true_at) + offset).unwrap();
        let mut front = rest[..at].to_owned();
        if let Some(day) = front.len().checked_sub(4).filter(|&day| DAYS.contains(&front[day..].trim_end())) {
            front.truncate(day);
            front = format!("{front}{} ", new.format("%a"));
        }
        out = format!("{out}{front}{}", new.format(form));
        rest = &rest[at + len..];
    }
    current_time(&format!("{out}{rest}"), arrived, to)
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn parse(text: &str, form: &str) -> i64 {
    NaiveDateTime::parse_from_str(text, form).unwrap_or_else(|error| panic!("{text}: {error}")).and_utc().timestamp_millis()
}

/// How far a wall clock stands from UTC, to a quarter of an hour.
fn offset(local: i64, utc: i64) -> i64 {
    ((local - utc) as f64 / 900_000.0).round() as i64 * 900_000
}

/// The next `2026-01-29 09:17[:08]`: where, how long, whether with seconds.
fn find_clock(text: &str) -> Option<(usize, usize, bool)> {
    let bytes = text.as_bytes();
    let fits = |at: usize, form: &[u8]| {
        form.iter().enumerate().all(|(i, want)| match (bytes.get(at + i), want) {
            (Some(have), b'0') => have.is_ascii_digit(),
            (Some(have), b'T') => [b'T', b' '].contains(have),
            (have, want) => have == Some(want),
        })
    };
    (0..bytes.len()).find(|&at| fits(at, b"0000-00-00T00:00")).map(|at| {
        let seconds = fits(at + 16, b":00");
        (at, if seconds { 19 } else { 16 }, seconds)
    })
}

/// `Current time: Thursday, January 29th, 2026 — 9:16 AM (America/Los_Angeles)`.
fn current_time(text: &str, arrived: i64, to: &dyn Fn(i64) -> i64) -> String {
    let Some(at) = text.find("Current time: ") else { return text.to_owned() };
    let (front, line) = text.split_at(at);
    let (words, zone) = line.split_once(" (").unwrap();
    let plain: String = words.replace("th,", ",").replace("nd,", ",").replace("st,", ",").replace("rd,", ",");
    let local = parse(&plain, "Current time: %A, %B %-d, %Y — %-I:%M %p");
    let new = DateTime::<Utc>::from_timestamp_millis(to(arrived) + offset(local, arrived)).unwrap();
    let ordinal = match new.day() {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    format!("{front}Current time: {} ({zone}", new.format(&format!("%A, %B %-d{ordinal}, %Y — %-I:%M %p")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_text_move() {
        let at = ms("2026-01-29T17:16:57.416Z");
        let later = |at: i64| at + 86_400_000 + 60_000;
        let table = [
            ("[Telegram Jay id:7 +40s 2026-01-29 09:16 PST] x 2026", "[Telegram Jay id:7 +40s 2026-01-30 09:17 PST] x 2026"),
            ("\"timestamp\": \"Thu 2026-01-29 09:16 PST\"", "\"timestamp\": \"Fri 2026-01-30 09:17 PST\""),
            ("System: [2026-01-29T17:15:06Z] y", "System: [2026-01-30T17:16:06Z] y"),
            ("System: [2026-01-29 09:15:06 PST] y", "System: [2026-01-30 09:16:06 PST] y"),
            (
                "Current time: Thursday, January 29th, 2026 — 9:16 AM (America/Los_Angeles)",
                "Current time: Friday, January 30th, 2026 — 9:17 AM (America/Los_Angeles)",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(clocks(text, at, &later), expected);
        }
        assert_eq!(elapsed("[X id:7 +0s 2026] +1", Some(90_000)), "[X id:7 +1m 2026] +1");
        assert_eq!(stamp_of("x.jsonl.reset.2026-04-10T09-35-11.211Z"), Some(ms("2026-04-10T09:35:11.211Z")));
    }
}
