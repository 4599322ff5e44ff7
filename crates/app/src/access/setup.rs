//! The first run: whoever reads the log of the server may become its first admin.

use secrecy::{ExposeSecret, SecretString};

use super::secret;
use super::users::taken;
use super::{NewSession, Role};
use crate::App;
use crate::error::{AppError, Result};

/// Letters and digits that nobody takes for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// How many of them: 80 bits.
const LETTERS: usize = 16;
/// How many stand together.
const GROUP: usize = 4;

/// A code that makes the first admin, once. It is in no database: the next start makes another.
#[derive(Clone, Debug)]
pub struct SetupCode(SecretString);

impl SetupCode {
    fn new() -> Result<Self> {
        let letters = secret::bytes::<LETTERS>()?.map(|b| ALPHABET[usize::from(b) % 32]);
        let groups = letters.chunks(GROUP).map(String::from_utf8_lossy).collect::<Vec<_>>();
        Ok(Self(groups.join("-").into()))
    }

    /// The code, for the one who runs the server.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether somebody typed this code, however they wrote it.
    fn is_it(&self, typed: &SecretString) -> bool {
        let plain = |text: &str| {
            let letters = text.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|c| c.to_ascii_uppercase()).collect::<String>()
        };
        secret::is_equal(&plain(typed.expose_secret()), &plain(self.reveal()))
    }
}

impl App {
    /// Whether anybody may do everything.
    ///
    /// # Errors
    /// What the database says.
    pub async fn has_admin(&self) -> Result<bool> {
        Ok(self.store.has_admin().await?)
    }

    /// A code for making the first admin; `None` when there is one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn setup_code(&self) -> Result<Option<SetupCode>> {
        match self.store.has_admin().await? {
            true => Ok(None),
            false => SetupCode::new().map(Some),
        }
    }

    /// Makes the first admin and logs it in. Of two at once one is made.
    ///
    /// # Errors
    /// [`AppError::Denied`] when the code is wrong or there is an admin already; when the name or
    /// password does not do; what the database says.
    pub async fn set_up(
        &self,
        code: &SetupCode,
        typed: &SecretString,
        name: &str,
        password: &SecretString,
    ) -> Result<NewSession> {
        if !code.is_it(typed) {
            return Err(AppError::Denied("the code is wrong; it is in the log of the server"));
        }
        let user = self.new_user(name, Role::Admin, Some(password)).await?;
        if !self.store.add_first_admin(&user).await.map_err(|e| taken(e, "user", name))? {
            return Err(AppError::Denied("there is an admin already"));
        }
        tracing::info!(name, "first admin made");
        self.begin_session(user).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = SetupCode::new().unwrap();
        assert_eq!(code.reveal().len(), 19);
        let typed = code.reveal().replace('-', " ").to_lowercase();
        assert!(code.is_it(&typed.into()));
        for wrong in ["", "----", SetupCode::new().unwrap().reveal()] {
            assert!(!code.is_it(&wrong.into()));
        }
    }
}
