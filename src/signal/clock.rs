//! In: a stamp such as `Thu 2026-01-29 09:16 PST`, or a line `Current time: ...`.
//! Out: the local wall clock to the minute, with its zone as written.

use chrono::NaiveDate;

/// Local wall-clock time as a text states it, to the minute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clock {
    /// Minutes from 1970-01-01T00:00 of the local wall clock.
    pub local_minute: i64,
    /// The zone as it is written: `PST`, `GMT+2`, `Z`, `Europe/Berlin`.
    pub zone: Option<String>,
}

impl Clock {
    /// Reads a whole stamp: an optional weekday, a date, a time, an optional zone.
    pub fn parse(stamp: &str) -> Option<Clock> {
        let stamp = stamp.trim();
        let stamp = match stamp.split_once(char::is_whitespace) {
            Some((day, rest)) if is_weekday(day.trim_end_matches(',')) => rest.trim_start(),
            _ => stamp,
        };
        let date = stamp.get(..10)?;
        let rest = stamp.get(10..)?;
        let rest = rest.strip_prefix(['T', ' '])?;
        let (minute, rest) = time(rest)?;
        let (mut parts, zone_text) = (date.split('-'), rest.trim());
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let day = days(number(year, 4)?, number(month, 2)?, number(day, 2)?)?;
        let zone = match zone_text {
            "" => None,
            written if is_zone(written) => Some(written.to_owned()),
            _ => return None,
        };
        Some(Clock { local_minute: day * 1440 + minute, zone })
    }

    /// The stamp at the end of `text`: where it begins, and what it says.
    pub fn at_end(text: &str) -> Option<(usize, Clock)> {
        let text = text.trim_end();
        let mut starts = [None; 4];
        let mut end = text.len();
        for slot in &mut starts {
            let front = text.get(..end)?.trim_end();
            if front.is_empty() {
                break;
            }
            let start = front
                .rfind(char::is_whitespace)
                .map_or(0, |at| at + front.get(at..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8));
            *slot = Some(start);
            end = start;
        }
        starts.iter().rev().flatten().find_map(|&start| Some((start, Clock::parse(text.get(start..)?)?)))
    }

    /// Reads `Current time: Thursday, January 29th, 2026 — 9:16 AM (America/Los_Angeles)`.
    pub fn current_time_line(line: &str) -> Option<Clock> {
        let rest = line.trim().strip_prefix("Current time:")?.trim_start();
        let (_weekday, rest) = rest.split_once(", ")?;
        let (month_day, rest) = rest.split_once(", ")?;
        let (month, day) = month_day.split_once(' ')?;
        let day = day.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let (year, rest) = rest.split_once(' ')?;
        let rest = rest.trim_start_matches(|c: char| c == '—' || c == '–' || c == '-' || c.is_whitespace());
        let (mut minute, rest) = time(rest)?;
        let rest = rest.trim_start();
        let half = rest.get(..2).unwrap_or("");
        if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") {
            if !(60..780).contains(&minute) {
                return None;
            }
            minute %= 720;
            if half.eq_ignore_ascii_case("pm") {
                minute += 720;
            }
        }
        let zone = rest
            .split_once('(')
            .and_then(|(_, inside)| inside.split_once(')'))
            .map(|(zone, _)| zone.trim().to_owned())
            .filter(|zone| is_zone(zone));
        let day = days(number(year, 4)?, month_number(month)?, day.parse().ok()?)?;
        Some(Clock { local_minute: day * 1440 + minute, zone })
    }

    /// Offset from UTC in minutes that the zone's own name tells: `Z`, `UTC`, `GMT+2`, `UTC-03:30`. Letters such as `PST`
    /// mean different things in different places and tell nothing here.
    pub fn named_offset_minutes(&self) -> Option<i32> {
        let zone = self.zone.as_deref()?;
        let rest = zone.strip_prefix("GMT").or_else(|| zone.strip_prefix("UTC"));
        let rest = if zone == "Z" { Some("") } else { rest }?;
        if rest.is_empty() {
            return Some(0);
        }
        let (sign, digits) = match rest.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-" | "\u{2212}", digits) => (-1, digits),
            _ => return None,
        };
        let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
        let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
        (hours <= 14 && minutes < 60).then(|| sign * (i32::from(hours) * 60 + i32::from(minutes)))
    }

    /// Offset from UTC, in minutes, that makes this clock and the UTC time `at_ms` agree, to the quarter of an hour.
    /// `None` when the two are more than 5 minutes apart from any such offset, or the offset is not of this earth.
    pub fn utc_offset_minutes(&self, at_ms: i64) -> Option<i32> {
        let apart = self.local_minute.checked_sub(at_ms.div_euclid(60_000))?;
        let offset = apart.checked_add(7)?.div_euclid(15).checked_mul(15)?;
        let agrees = (apart.checked_sub(offset)?).abs() <= 5 && (-720..=840).contains(&offset);
        if agrees { i32::try_from(offset).ok() } else { None }
    }
}

/// `HH:MM[:SS[.mmm]]` in front: minutes of the day, and what follows.
fn time(text: &str) -> Option<(i64, &str)> {
    let (hour, rest) = text.split_once(':')?;
    let digits = rest.get(..2)?;
    let (hour, minute) = (hour.parse::<u8>().ok()?, number(digits, 2)?);
    if hour > 23 || minute > 59 {
        return None;
    }
    let mut rest = rest.get(2..)?;
    if let Some(seconds) = rest.strip_prefix(':') {
        number(seconds.get(..2)?, 2).filter(|s| *s <= 60)?;
        rest = seconds.get(2..)?;
        if let Some(fraction) = rest.strip_prefix('.') {
            rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    Some((i64::from(hour) * 60 + i64::from(minute), rest))
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

fn is_weekday(word: &str) -> bool {
    const SHORT: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let known = word.get(..3).is_some_and(|w| SHORT.iter().any(|s| w.eq_ignore_ascii_case(s)));
    known && (word.len() == 3 || word.ends_with("day"))
}

fn month_number(name: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let short = name.get(..3)?;
    let at = MONTHS.iter().position(|m| short.eq_ignore_ascii_case(m))?;
    u32::try_from(at + 1).ok()
}

/// One word that can be the name of a zone: `PST`, `GMT+5:30`, `+02:00`, `Europe/Berlin`, `Z`.
fn is_zone(word: &str) -> bool {
    word.len() <= 40
        && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '+' || c == '-')
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b':' | b'/' | b'_'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn minutes(y: i32, mo: u32, d: u32, h: i64, mi: i64) -> i64 {
        let day = NaiveDate::from_ymd_opt(y, mo, d).unwrap();
        day.signed_duration_since(NaiveDate::default()).num_days() * 1440 + h * 60 + mi
    }

    #[test]
    fn zones_that_name_their_offset() {
        for (zone, minutes) in [
            ("Z", Some(0)),
            ("UTC", Some(0)),
            ("GMT+2", Some(120)),
            ("GMT-3", Some(-180)),
            ("UTC+05:30", Some(330)),
            ("GMT+99", None),
            ("GMT+", None),
            ("PST", None),
            ("Europe/Berlin", None),
        ] {
            let clock = Clock { local_minute: 0, zone: Some(zone.to_owned()) };
            assert_eq!(clock.named_offset_minutes(), minutes, "{zone}");
        }
    }

    #[test]
    fn stamps() {
        let at = minutes(2026, 1, 29, 9, 17);
        let table: &[(&str, Option<&str>)] = &[
            ("2026-01-29 09:17 PST", Some("PST")),
            ("2026-01-29T09:17Z", Some("Z")),
            ("2026-01-29 09:17:08 PST", Some("PST")),
            ("2026-01-29T09:17:50.123Z", Some("Z")),
            ("Thu 2026-01-29 09:17 GMT+2", Some("GMT+2")),
            ("Thu 2026-01-29 09:17 GMT+5:30", Some("GMT+5:30")),
            ("2026-01-29T09:17+02:00", Some("+02:00")),
            ("2026-01-29 09:17", None),
        ];
        for (text, zone) in table {
            let clock = Clock::parse(text).unwrap();
            assert_eq!((clock.local_minute, clock.zone.as_deref()), (at, *zone), "{text}");
        }
        for text in [
            "",
            "2026-01-29",
            "2026-13-29 09:17",
            "2026-01-29 25:00 PST",
            "2026-01-29 09:17 what ever",
            "aé26-01-29 09:17",
            "+26-01-029 09:17",
        ] {
            assert_eq!(Clock::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ends() {
        let table = [
            ("Telegram Jay id:7 +2m 2026-01-29 09:17 PST", Some(22)),
            ("Discord x +1m Fri 2026-02-13 17:29 UTC", Some(14)),
            ("2026-11-22T06:58Z", Some(0)),
            ("no time here", None),
            ("", None),
        ];
        for (text, start) in table {
            assert_eq!(Clock::at_end(text).map(|(at, _)| at), start, "{text}");
        }
    }

    #[test]
    fn current_time() {
        let table = [
            (
                "Current time: Thursday, January 29th, 2026 — 9:16 AM (America/Los_Angeles)",
                minutes(2026, 1, 29, 9, 16),
                Some("America/Los_Angeles"),
            ),
            ("Current time: Friday, April 10th, 2026 — 12:41 PM (Europe/Berlin)", minutes(2026, 4, 10, 12, 41), Some("Europe/Berlin")),
            (
                "Current time: Sunday, April 12th, 2026 - 12:59 AM (Asia/Taipei) / 2026-04-11 16:59 UTC",
                minutes(2026, 4, 12, 0, 59),
                Some("Asia/Taipei"),
            ),
            (
                "Current time: Saturday, April 25th, 2026 - 22:21 (America/Chicago) / 2026-04-26 03:21 UTC",
                minutes(2026, 4, 25, 22, 21),
                Some("America/Chicago"),
            ),
            ("Current time: Sunday, November 22nd, 2026 — 6:58 AM (UTC)", minutes(2026, 11, 22, 6, 58), Some("UTC")),
        ];
        for (line, at, zone) in table {
            let clock = Clock::current_time_line(line).unwrap();
            assert_eq!((clock.local_minute, clock.zone.as_deref()), (at, zone), "{line}");
        }
        assert_eq!(Clock::current_time_line("Current time: soon"), None);
    }

    #[test]
    fn offsets() {
        let clock = Clock::parse("2026-01-29 09:17 PST").unwrap();
        let utc = |h: i64, mi: i64| minutes(2026, 1, 29, h, mi) * 60_000 + 8_000;
        let table = [
            (utc(17, 17), Some(-480)),
            (utc(17, 20), Some(-480)),
            (utc(17, 10), None),
            (utc(3, 47), Some(330)),
            (utc(9, 17), Some(0)),
            (utc(23, 17) - 86_400_000, Some(600)),
            (i64::MIN, None),
            (i64::MAX, None),
            (utc(0, 17) - 5 * 86_400_000, None),
        ];
        for (at, offset) in table {
            assert_eq!(clock.utc_offset_minutes(at), offset, "{at}");
        }
    }
}
