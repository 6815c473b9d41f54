//! Times as the files write them, to milliseconds since 1970-01-01 UTC and back.

use chrono::{DateTime, SecondsFormat, Utc};

/// An ISO 8601 / RFC 3339 time to UTC ms. The form that OpenClaw writes (`2026-01-29T17:16:17.328Z`) takes a short cut.
pub fn parse_iso_ms(text: &str) -> Option<i64> {
    short_cut(text.as_bytes()).or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis()))
}

fn short_cut(b: &[u8]) -> Option<i64> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, b'.', f0, f1, f2, b'Z'] = *b else {
        return None;
    };
    let number = |digits: &[u8]| -> Option<i64> {
        digits.iter().try_fold(0i64, |sum, d| d.is_ascii_digit().then(|| sum * 10 + i64::from(d - b'0')))
    };
    let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[m0, m1])?, number(&[d0, d1])?);
    let (hour, minute, second, ms) = (number(&[h0, h1])?, number(&[n0, n1])?, number(&[s0, s1])?, number(&[f0, f1, f2])?);
    let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = date.signed_duration_since(chrono::NaiveDate::default()).num_days();
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms)
}

/// The farthest a date can be from 1970 in JavaScript, in ms either way.
const MAX_MS: i64 = 8_640_000_000_000_000;

/// A time that a JavaScript date can hold; any other is none. A few of these may be added without overflow.
pub fn sane(ms: i64) -> Option<i64> {
    (-MAX_MS..=MAX_MS).contains(&ms).then_some(ms)
}

/// UTC ms as `2026-01-29T17:16:17.328Z`; an empty string for a time no calendar has.
pub fn iso(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms).map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default()
}

/// UTC ms as `2026-01-29 17:16`, for people.
pub fn minute(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms).map(|time| time.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// A length of time for people: `850 ms`, `12 s`, `4 min`, `3 h 10 min`, `2 d 4 h`; with a minus sign where it is negative.
pub fn span(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let (s, m, h, d) = (ms / 1000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    let text = match () {
        () if ms < 1000 => format!("{ms} ms"),
        () if s < 90 => format!("{s} s"),
        () if m < 90 => format!("{m} min"),
        () if h < 48 && m % 60 == 0 => format!("{h} h"),
        () if h < 48 => format!("{h} h {} min", m % 60),
        () if h % 24 == 0 => format!("{d} d"),
        () => format!("{d} d {} h", h % 24),
    };
    format!("{sign}{text}")
}

/// A span as it is written in a configuration (`90s`, `15m`, `24h`, `2d`, `1w`), in ms.
pub fn parse_span_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let unit = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 7 * 86_400_000,
        _ => return None,
    };
    let digits = text.get(..text.len().saturating_sub(1)).map(str::trim_end)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

/// Whole seconds as [`parse_span_ms`] reads them, in the largest unit that holds them exactly up to hours.
pub fn plain_span(ms: i64) -> String {
    match ms / 1_000 {
        s if s != 0 && s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s != 0 && s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_reading_agree() {
        for text in ["2026-01-29T17:16:17.328Z", "1970-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z", "0001-01-01T00:00:00.000Z"] {
            let slow = DateTime::parse_from_rfc3339(text).map(|t| t.timestamp_millis()).ok();
            assert_eq!(short_cut(text.as_bytes()), slow, "{text}");
            assert_eq!(slow.map(iso).as_deref(), Some(text));
        }
        assert_eq!(parse_iso_ms("2026-01-29T09:16:17-08:00"), parse_iso_ms("2026-01-29T17:16:17.000Z"));
        for text in ["", "2026-02-30T00:00:00.000Z", "2026-01-29T25:00:00.000Z", "yesterday", "2026-01-2xT17:16:17.328Z"] {
            assert_eq!(parse_iso_ms(text), None, "{text}");
        }
    }

    #[test]
    fn spans_read_well() {
        for (ms, text) in [
            (40, "40 ms"),
            (2_800, "2 s"),
            (72_000, "72 s"),
            (240_000, "4 min"),
            (3_660_000 + 1_800_000, "1 h 31 min"),
            (7_200_000, "2 h"),
            (-2_000, "-2 s"),
            (3 * 86_400_000, "3 d"),
            (50 * 3_600_000, "2 d 2 h"),
            (i64::MIN, "-106751991167 d 7 h"),
        ] {
            assert_eq!(span(ms), text);
        }
    }
}
