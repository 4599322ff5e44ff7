//! When to try again: which answers are worth it and how long to wait. Knows no wall clock; a
//! `Retry-After` that names a moment is read against the `Date` of the same answer.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use chrono::DateTime;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::config::Retries;

/// Whether the status says that a later try may go better.
pub(crate) const fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

impl Retries {
    /// The pause before retry number `n` (from 0): doubling, bounded, and between half and whole of
    /// that by chance, so that many clients do not come back at the same moment.
    pub(crate) fn pause(&self, n: u32) -> Duration {
        let whole = self.first_pause.saturating_mul(2_u32.saturating_pow(n));
        let whole = whole.min(self.longest_pause);
        let chance = RandomState::new().hash_one(n) as u32;
        whole.mul_f64(0.5 + 0.5 * f64::from(chance) / f64::from(u32::MAX))
    }
}

/// How long the server wants us to wait.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = |text| DateTime::parse_from_rfc2822(text).ok();
    (moment(wanted)? - moment(text(DATE)?)?).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_bounds() {
        let retries = Retries::default();
        for n in 0..100 {
            let whole = Duration::from_millis(250).saturating_mul(2_u32.saturating_pow(n));
            let whole = whole.min(Duration::from_secs(10));
            let pause = retries.pause(n);
            assert!(pause >= whole / 2 && pause <= whole, "{n}: {pause:?}");
        }
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let headers = |pairs: &[(reqwest::header::HeaderName, &'static str)]| {
            pairs.iter().map(|(n, v)| (n.clone(), v.parse().unwrap())).collect::<HeaderMap>()
        };
        let after = |value| retry_after(&headers(&[(RETRY_AFTER, value)]));
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        for bad in ["-1", "soon", "", "99999999999999999999999", "Fri, 21 Nov 2026"] {
            assert_eq!(after(bad), None, "{bad}");
        }
        let date = headers(&[
            (DATE, "Sat, 21 Nov 2026 06:00:00 GMT"),
            (RETRY_AFTER, "Sat, 21 Nov 2026 06:00:30 GMT"),
        ]);
        assert_eq!(retry_after(&date), Some(Duration::from_secs(30)));
    }
}
