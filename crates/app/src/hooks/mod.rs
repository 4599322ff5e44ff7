//! Webhooks in: what servers tell us, taken as hints.
//!
//! - who calls must bring the secret of the source or download client that it calls for;
//! - adapters read the messages of their servers ([`SourceFactory::read_hook`]);
//! - `hints` collects what they hint at, `look` looks at it when the schedule gives it its turn.
//!
//! A message is never believed: whatever it says, only the source itself is asked, and only a
//! complete listing removes anything. So a message that is doubled, late, lost or made up leads to
//! the same catalogue as none at all.
//!
//! [`SourceFactory::read_hook`]: crate::SourceFactory::read_hook

mod hints;
mod look;

use secrecy::{ExposeSecret, SecretString};
use shelfread_domain::hint::{Hint, Unreadable};
use shelfread_store::{ClientRow, SourceRow};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::App;
use crate::error::{AppError, Result};
pub(crate) use hints::{Hints, Wanted};

/// Who is called for, by somebody who brought the right secret.
#[derive(Clone, Debug)]
pub struct Door(Behind);

#[derive(Clone, Debug)]
enum Behind {
    Source(Box<SourceRow>),
    Client(Box<ClientRow>),
}

impl App {
    /// The secret that webhooks of a source or download client must bring; made up when there is
    /// none yet.
    ///
    /// # Errors
    /// When there is no source or client of this name, and what the database says.
    pub async fn hook_secret(&self, name: &str) -> Result<SecretString> {
        let behind = self.behind(name).await?;
        if let Some(secret) = self.stored_hook_secret(&behind).await? {
            return Ok(secret);
        }
        self.keep_hook_secret(&behind, &made_up()).await?;
        // Two that ask at once are told the same.
        Ok(self.stored_hook_secret(&behind).await?.unwrap_or_else(made_up))
    }

    /// Sets the secret that webhooks of a source or download client must bring; with `None` another
    /// one is made up. Gives it.
    ///
    /// # Errors
    /// As [`App::hook_secret`].
    pub async fn set_hook_secret(
        &self,
        name: &str,
        secret: Option<SecretString>,
    ) -> Result<SecretString> {
        let secret = secret.unwrap_or_else(made_up);
        if secret.expose_secret().trim().is_empty() {
            return Err(AppError::Usage("a webhook's secret must not be empty".to_owned()));
        }
        self.keep_hook_secret(&self.behind(name).await?, &secret).await?;
        Ok(secret)
    }

    /// Lets a caller in who brings the right secret; `None` for everybody else, also where nobody
    /// of this name is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn open_hook(&self, name: &str, key: &str) -> Result<Option<Door>> {
        let Ok(behind) = self.behind(name).await else { return Ok(None) };
        let secret = self.stored_hook_secret(&behind).await?;
        let fits = secret
            .is_some_and(|secret| secret.expose_secret().as_bytes().ct_eq(key.as_bytes()).into());
        Ok(fits.then_some(Door(behind)))
    }

    /// Takes in a message. What it hints at is looked at soon; how much that is.
    ///
    /// # Errors
    /// When the message is none that this kind of server sends.
    pub fn take_hook(&self, door: &Door, message: &[u8]) -> Result<usize, Unreadable> {
        let source = match &door.0 {
            Behind::Client(_) => {
                self.downloads.woken.notify_waiters();
                return Ok(1);
            }
            Behind::Source(source) => source,
        };
        let hints = match message {
            // Who can say nothing says that something changed.
            [] => vec![Hint::Changed],
            _ => self.factory.read_hook(source, message)?,
        };
        let count = hints.len();
        if hints.contains(&Hint::Transfers) {
            self.downloads.woken.notify_waiters();
        }
        let wanted: Wanted = hints.into_iter().collect();
        if wanted != Wanted::default() && source.enabled {
            self.hooks.note(source.id, wanted, self.clock.now());
            self.schedule.woken.notify_one();
        }
        Ok(count)
    }

    async fn behind(&self, name: &str) -> Result<Behind> {
        if let Some(source) = self.store.source_by_name(name).await? {
            return Ok(Behind::Source(Box::new(source)));
        }
        let client = self.store.client_by_name(name).await?;
        let client = client.ok_or_else(|| AppError::not_found("source", name))?;
        Ok(Behind::Client(Box::new(client)))
    }

    async fn stored_hook_secret(&self, behind: &Behind) -> Result<Option<SecretString>> {
        Ok(match behind {
            Behind::Source(source) => self.store.source_hook_secret(source.id).await?,
            Behind::Client(client) => self.store.client_hook_secret(client.id).await?,
        })
    }

    async fn keep_hook_secret(&self, behind: &Behind, secret: &SecretString) -> Result<()> {
        match behind {
            Behind::Source(source) => {
                self.store.set_source_hook_secret(source.id, Some(secret)).await?;
            }
            Behind::Client(client) => {
                self.store.set_client_hook_secret(client.id, Some(secret)).await?;
            }
        }
        Ok(())
    }
}

/// 244 random bits that fit into an address.
fn made_up() -> SecretString {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()).into()
}
