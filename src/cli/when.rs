//! Times as arguments: RFC 3339, a date, or a span before now.

use anyhow::bail;
use chrono::{NaiveDate, Utc};

/// Reads a time into UTC ms: `2026-01-29T17:16:17Z`, `2026-01-29` (its start, UTC), `36h`, `90m`, `3d`, `2w`.
pub fn parse(text: &str) -> anyhow::Result<i64> {
    if let Some(ms) = clawfix::time::parse_iso_ms(text) {
        return Ok(ms);
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
    }
    let unit = match text.chars().last() {
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        Some('w') => 7 * 86_400_000,
        _ => bail!("not a time: use RFC 3339 (2026-01-29T17:16:17Z), a date, or a span such as 36h, 3d or 2w"),
    };
    let count = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse::<i64>().ok()).filter(|&count| count >= 0);
    let span = count.and_then(|count| count.checked_mul(unit));
    match span.and_then(|span| Utc::now().timestamp_millis().checked_sub(span)) {
        Some(ms) => Ok(ms),
        None => bail!("not a span: use a whole number and m, h, d or w, such as 36h"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_and_spans() {
        assert_eq!(parse("1970-01-02").unwrap(), 86_400_000);
        assert_eq!(parse("1970-01-01T01:00:00+01:00").unwrap(), 0);
        let ago = Utc::now().timestamp_millis() - parse("2w").unwrap();
        assert!((0..60_000).contains(&(ago - 14 * 86_400_000)));
        for bad in ["", "w", "x2w", "-3h", "99999999999999999999h", "9999999999999999w", "soon", "1ö"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
