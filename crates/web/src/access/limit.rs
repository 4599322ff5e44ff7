//! Guessing is slow: whoever tries to log in may do so a few times at once, and then now and then.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Attempts at once.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Then one in so many seconds.
const THEN_EVERY: Duration = Duration::from_secs(6);
/// Addresses that are remembered before those that waited long enough are forgotten.
const REMEMBERED: usize = 1_024;

/// Counts attempts by where they come from.
pub struct Limit(DefaultKeyedRateLimiter<IpAddr>);

impl std::fmt::Debug for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limit")
    }
}

impl Default for Limit {
    fn default() -> Self {
        let quota = Quota::with_period(THEN_EVERY).unwrap_or(Quota::per_minute(AT_ONCE));
        Self(RateLimiter::keyed(quota.allow_burst(AT_ONCE)))
    }
}

impl Limit {
    /// Counts an attempt; the error is how many seconds to wait before the next one.
    pub fn attempt(&self, from: IpAddr) -> Result<(), u64> {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        let wait =
            |until: governor::NotUntil<_>| until.wait_time_from(DefaultClock::default().now());
        self.0.check_key(&one(from)).map_err(|until| wait(until).as_secs() + 1)
    }
}

/// Who has one address of IPv6 has 2^64 of them.
fn one(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_some_attempts() {
        let limit = Limit::default();
        let tries = |address: &str| limit.attempt(address.parse().unwrap());
        for n in 0..AT_ONCE.get() {
            assert!(tries(&format!("2001:db8::{n}")).is_ok());
        }
        let wait = tries("2001:db8::ffff").unwrap_err();
        assert!((1..=7).contains(&wait), "{wait}");
        assert!(tries("2001:db8:0:1::1").is_ok(), "another network");
        assert!(tries("127.0.0.1").is_ok());
    }
}
