//! Moments as servers write them. Pure; knows no clock.

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};

/// Reads a timestamp of a .NET server: with any number of fraction digits, with or without an
/// offset (UTC then). `None` for what is no moment, and for the smallest and largest that .NET
/// knows (years 1 and 9999), which stand for "never".
///
/// ```
/// use shelfread_backends_http::time::dotnet;
///
/// assert_eq!(dotnet("2008-03-02T00:00:00.0000000Z").unwrap().timestamp(), 1_204_416_000);
/// assert_eq!(dotnet("0001-01-01T00:00:00.0000000Z"), None);
/// ```
pub fn dotnet(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let moment = match DateTime::parse_from_rfc3339(text) {
        Ok(moment) => moment.to_utc(),
        Err(_) => text.parse::<NaiveDateTime>().ok()?.and_utc(),
    };
    plausible(moment)
}

/// Reads seconds since 1970. `None` for zero and less, and beyond the year 9998.
pub fn unix_seconds(seconds: i64) -> Option<DateTime<Utc>> {
    if seconds <= 0 { None } else { plausible(DateTime::from_timestamp(seconds, 0)?) }
}

fn plausible(moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (2..9999).contains(&moment.year()).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotnet_moments_in_all_their_forms() {
        for (text, millis) in [
            ("2024-11-21T21:04:49.571Z", 1_732_223_089_571),
            ("2024-11-21T21:04:49.5710000Z", 1_732_223_089_571),
            ("2024-11-21T21:04:49.5710000", 1_732_223_089_571),
            ("2024-11-21T21:04:49Z", 1_732_223_089_000),
            ("2024-11-21T23:04:49.0000000+02:00", 1_732_223_089_000),
        ] {
            assert_eq!(dotnet(text).map(|t| t.timestamp_millis()), Some(millis), "{text}");
        }
        for text in ["", "soon", "0001-01-01T00:00:00", "0001-01-01T00:00:00.0000000+14:00"] {
            assert_eq!(dotnet(text), None, "{text}");
        }
        for text in ["9999-12-31T23:59:59.9999999Z", "0000-00-00T00:00:00Z", "2024-13-01T00:00:00Z"]
        {
            assert_eq!(dotnet(text), None, "{text}");
        }
    }

    #[test]
    fn unix_moments_within_range() {
        assert_eq!(unix_seconds(1_204_416_000), dotnet("2008-03-02T00:00:00Z"));
        for absurd in [0, -1, i64::MIN, i64::MAX, 253_370_764_800] {
            assert_eq!(unix_seconds(absurd), None);
        }
    }
}
