//! Sessions: a browser in which somebody is logged in.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use shelfread_store::access::SessionRow;
use uuid::Uuid;

use super::secret::{self, Key};
use super::{Identity, UserRow, Via};
use crate::App;
use crate::error::{AppError, Result};

/// How long a session counts that nobody uses.
const IDLE: TimeDelta = TimeDelta::days(14);
/// How long a session counts at most.
const LIFETIME: TimeDelta = TimeDelta::days(90);

/// A session that has just begun.
#[derive(Debug)]
pub struct NewSession {
    /// What the browser is to show.
    pub key: Key,
    /// How long it may keep it.
    pub lifetime: TimeDelta,
    /// Who is logged in.
    pub identity: Identity,
}

impl App {
    /// Logs somebody in.
    ///
    /// # Errors
    /// [`AppError::Denied`] when name and password do not fit, without saying which; what the
    /// database says.
    pub async fn log_in(&self, name: &str, password: &SecretString) -> Result<NewSession> {
        let user = self.store.user_by_name(name).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let is_it = self.access.is_password(password, hash).await?;
        match user {
            Some(user) if is_it => self.begin_session(user).await,
            _ => Err(AppError::Denied("the name or the password is wrong")),
        }
    }

    pub(super) async fn begin_session(&self, user: UserRow) -> Result<NewSession> {
        let now = self.clock.now();
        self.store.forget_sessions(now).await?;
        let key = secret::random("")?;
        let row = SessionRow {
            id: Uuid::now_v7(),
            user_id: user.id,
            created_at: now,
            last_seen_at: now,
            expires_at: now + IDLE,
        };
        self.store.begin_session(&row, &secret::hash(&key)).await?;
        tracing::info!(name = user.name, "logged in");
        let identity = Identity::user(user, Via::Session(row.id));
        Ok(NewSession { key, lifetime: LIFETIME, identity })
    }

    /// Who is logged in where a browser shows this.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session(&self, key: &SecretString) -> Result<Option<Identity>> {
        let now = self.clock.now();
        let Some((row, user)) = self.store.session(&secret::hash(key)).await? else {
            return Ok(None);
        };
        if row.expires_at <= now {
            return Ok(None);
        }
        self.touch_session(&row, now);
        Ok(Some(Identity::user(user, Via::Session(row.id))))
    }

    fn touch_session(&self, row: &SessionRow, now: DateTime<Utc>) {
        if !self.access.is_due(row.id, Some(row.last_seen_at), now) {
            return;
        }
        let (store, id) = (self.store.clone(), row.id);
        let expires_at = (now + IDLE).min(row.created_at + LIFETIME);
        tokio::spawn(async move {
            if let Err(error) = store.touch_session(id, now, expires_at).await {
                tracing::warn!("the use of a session was not noted: {error}");
            }
        });
    }

    /// Logs out what asks, if it is a session.
    ///
    /// # Errors
    /// What the database says.
    pub async fn log_out(&self, who: &Identity) -> Result<()> {
        if let Via::Session(id) = who.via {
            self.store.end_session(id).await?;
            tracing::info!(name = who.name, "logged out");
        }
        Ok(())
    }
}
