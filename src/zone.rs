//! The name of a time zone in, its offset from UTC at a moment out.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::nearest::distance;

/// A time zone: one offset for ever, or a place with its summer times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Minutes ahead of UTC.
    Fixed(i32),
    /// A zone of the IANA database, which is built in.
    Named(Tz),
}

impl Zone {
    /// Reads `UTC`, an offset such as `+08:00`, or a name such as `America/Los_Angeles` (in any case).
    ///
    /// # Errors
    /// What is wrong, with the nearest name where there is one.
    pub fn parse(text: &str) -> Result<Zone, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
            return Ok(Zone::Fixed(0));
        }
        if text.starts_with(['+', '-']) {
            return offset(text).map(Zone::Fixed).ok_or_else(|| format!("no offset such as +08:00: {text:?}"));
        }
        let lower = text.to_lowercase();
        if let Some(zone) = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(text)) {
            return Ok(Zone::Named(*zone));
        }
        let near = |zone: &Tz| distance(&lower, &zone.name().to_lowercase());
        let hint = chrono_tz::TZ_VARIANTS.iter().copied().min_by_key(near).filter(|zone| near(zone) <= 3);
        let hint = hint.map(|zone| format!("; did you mean {:?}?", zone.name())).unwrap_or_default();
        Err(format!("no zone is called {text:?}{hint}"))
    }

    /// Minutes ahead of UTC at a moment, UTC ms.
    #[must_use]
    pub fn offset_minutes(self, at_ms: i64) -> i32 {
        match self {
            Zone::Fixed(minutes) => minutes,
            Zone::Named(zone) => DateTime::from_timestamp_millis(at_ms)
                .map_or(0, |at| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() / 60),
        }
    }

    /// The zone as [`Zone::parse`] reads it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Zone::Fixed(0) => "UTC".to_owned(),
            Zone::Fixed(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            Zone::Named(zone) => zone.name().to_owned(),
        }
    }
}

/// `+08:00`, `+0800` or `+8` as minutes; no clock is more than 14 hours off.
fn offset(text: &str) -> Option<i32> {
    let (sign, rest) = text.split_at_checked(1)?;
    let digits = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "0"),
    };
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 14 * 60).then_some(if sign == "-" { -total } else { total })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_and_offsets() {
        for (text, minutes, name) in [
            ("UTC", 0, "UTC"),
            ("z", 0, "UTC"),
            ("+08:00", 480, "+08:00"),
            ("-0330", -210, "-03:30"),
            ("+9", 540, "+09:00"),
            ("asia/kathmandu", 345, "Asia/Kathmandu"),
        ] {
            let zone = Zone::parse(text).unwrap();
            assert_eq!((zone.offset_minutes(0), zone.name().as_str()), (if name == "Asia/Kathmandu" { 330 } else { minutes }, name));
            assert_eq!(Zone::parse(&zone.name()), Ok(zone));
            assert_eq!(zone.offset_minutes(1_770_000_000_000), minutes, "{text}");
        }
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        assert_eq!(zone.offset_minutes(1_769_000_000_000), -480, "winter");
        assert_eq!(zone.offset_minutes(1_783_000_000_000), -420, "summer");
        assert!(Zone::parse("America/Los_Angels").unwrap_err().contains("did you mean \"America/Los_Angeles\"?"));
        for bad in ["", "+", "+25:00", "+08:75", "+8:0:0", "-x", "Mars/Olympus"] {
            assert!(Zone::parse(bad).is_err(), "{bad}");
        }
    }
}
