//! What proves who somebody is: random keys, and how they are remembered and compared.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use shelfread_store::StoreError;
use subtle::ConstantTimeEq;

use crate::error::{AppError, Result};

/// A random key as it is shown once.
pub type Key = SecretString;

/// 256 random bits as text, after a fixed beginning.
pub(super) fn random(beginning: &str) -> Result<Key> {
    Ok(format!("{beginning}{}", URL_SAFE_NO_PAD.encode(bytes::<32>()?)).into())
}

/// Random bytes.
pub(super) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| failed("making a random key", &e))?;
    Ok(bytes)
}

/// What the machine could not do for a secret.
pub(super) fn failed(what: &str, why: &dyn std::fmt::Display) -> AppError {
    StoreError::Key { what: what.to_owned(), reason: why.to_string() }.into()
}

/// What is remembered of a key.
pub(super) fn hash(key: &SecretString) -> String {
    let digest = Sha256::digest(key.expose_secret().as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether two texts are equal, in a time that does not tell where they differ.
pub(super) fn is_equal(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_random_and_remembered_by_its_hash() {
        let (a, b) = (random("x_").unwrap(), random("x_").unwrap());
        assert_eq!(a.expose_secret().len(), 2 + 43);
        assert_ne!(a.expose_secret(), b.expose_secret());
        assert!(is_equal(&hash(&a), &hash(&a)));
        assert!(!is_equal(&hash(&a), &hash(&b)));
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash(&"abc".into()), known);
    }
}
