//! The signature of webhooks: HMAC-SHA256 over the moment and the body, so that nobody can make up
//! a message, change one, or send an old one again unnoticed.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header with the moment: seconds since 1970.
pub const TIMESTAMP: &str = "x-shelfread-timestamp";
/// The header with the signature: `sha256=` and 64 hexadecimal digits.
pub const SIGNATURE: &str = "x-shelfread-signature";

/// The signature of `{seconds}.{body}`; `None` only for a key that HMAC cannot take, and it takes
/// any.
///
/// ```
/// let signed = shelfread_backends_notify::signature("key", Default::default(), b"{}").unwrap();
/// assert!(signed.starts_with("sha256=") && signed.len() == 71);
/// ```
pub fn signature(key: &str, at: DateTime<Utc>, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(at.timestamp().to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let text = String::from("sha256=");
    Some(mac.finalize().into_bytes().iter().fold(text, |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out with another program: `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac
    /// key`.
    #[test]
    fn the_signature_is_the_one_that_others_work_out() {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let signed = signature("key", at, br#"{"a":1}"#).unwrap();
        assert_eq!(
            signed,
            "sha256=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03"
        );
        for (key, at, body) in [
            ("kez", at, &br#"{"a":1}"#[..]),
            ("key", at + chrono::TimeDelta::seconds(1), br#"{"a":1}"#),
            ("key", at, br#"{"a":2}"#),
        ] {
            assert_ne!(signature(key, at, body).unwrap(), signed);
        }
    }
}
