//! Passwords: hashed with argon2id and checked, away from the threads that answer requests.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};

use super::Access;
use super::secret::failed;
use crate::error::{AppError, Result};

/// Shorter ones are guessed.
const SHORTEST: usize = 8;
/// Longer ones only cost time.
const LONGEST: usize = 1_024;

/// What the password of somebody who is not there is compared with, so that it takes as long.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash(&"nobody".into()).ok());

impl Access {
    /// The hash of a new password.
    pub(super) async fn hash_password(&self, password: &SecretString) -> Result<String> {
        let length = password.expose_secret().chars().count();
        if length < SHORTEST || password.expose_secret().len() > LONGEST {
            let message = format!("a password has {SHORTEST} to {LONGEST} characters");
            return Err(AppError::Usage(message));
        }
        let password = password.clone();
        self.aside(move || hash(&password)).await?
    }

    /// Whether a password is the one of this hash; without a hash it takes as long and is wrong.
    pub(super) async fn is_password(
        &self,
        password: &SecretString,
        hash: Option<String>,
    ) -> Result<bool> {
        if password.expose_secret().len() > LONGEST {
            return Ok(false);
        }
        let password = password.clone();
        self.aside(move || match &hash {
            Some(hash) => fits(&password, hash),
            None => {
                NOBODY.as_deref().map(|nobody| fits(&password, nobody));
                false
            }
        })
        .await
    }

    /// Does slow work, a little of it at a time.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _turn = self.hashing.acquire().await.map_err(|_| AppError::AtWork)?;
        tokio::task::spawn_blocking(work).await.map_err(|e| failed("hashing a password", &e))
    }
}

fn hash(password: &SecretString) -> Result<String> {
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
    Ok(hash.map_err(|e| failed("hashing a password", &e))?.to_string())
}

fn fits(password: &SecretString, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let access = Access::default();
        let password = SecretString::from("correct horse");
        let hash = access.hash_password(&password).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(access.is_password(&password, Some(hash.clone())).await.unwrap());
        for wrong in ["", "correct horsf", "Correct horse"] {
            assert!(!access.is_password(&wrong.into(), Some(hash.clone())).await.unwrap());
        }
        assert!(!access.is_password(&"nobody".into(), None).await.unwrap());
        assert!(!access.is_password(&password, Some("no hash".to_owned())).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_has_a_length() {
        let access = Access::default();
        for bad in ["seven77".to_owned(), "x".repeat(1_025)] {
            assert!(access.hash_password(&bad.into()).await.is_err());
        }
        assert!(access.hash_password(&"äöüäöüäö".into()).await.is_ok(), "characters, not bytes");
    }
}
