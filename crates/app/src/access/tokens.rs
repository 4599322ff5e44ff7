//! Tokens: how programs show who they are.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::secret::{self, Key};
use super::users::{check_name, taken};
use super::{Identity, Scope, TokenRow, UserRow, Via, allowed};
use crate::App;
use crate::error::{AppError, Result};

/// How every token begins, so that scanners of secrets know it.
const BEGINNING: &str = "srd_";
/// How much of a token may be shown, to tell it from others.
const PREFIX: usize = 12;
/// Ten years: what is longer is for ever.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);

/// A token as people see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// Ours.
    pub id: Uuid,
    /// Unique.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// `read`, `write` or `admin`.
    pub scope: &'static str,
    /// The name of the user to whom it belongs, if it does.
    pub user: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it counts; `None` for ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl TokenView {
    fn of(row: TokenRow, user: Option<String>) -> Self {
        Self {
            id: row.id,
            name: row.name,
            prefix: row.prefix,
            scope: row.scope.as_str(),
            user,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// A token that has just been made.
#[derive(Debug)]
pub struct NewToken {
    /// The token itself; never to be seen again.
    pub key: Key,
    /// What is remembered of it.
    pub view: TokenView,
}

impl App {
    /// All tokens, by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tokens(&self) -> Result<Vec<TokenView>> {
        let users = self.store.users().await?;
        let owner = |id| users.iter().find(|user| user.id == id).map(|user| user.name.clone());
        let tokens = self.store.tokens().await?.into_iter();
        Ok(tokens.map(|token| (token.user_id.and_then(owner), token)).map(of).collect())
    }

    /// Makes a token. One that somebody makes goes with them, and may never do more than they.
    ///
    /// # Errors
    /// When the name does not do or is taken, or the scope is larger than what who asks may do;
    /// what the database says.
    pub async fn add_token(
        &self,
        name: &str,
        scope: Scope,
        lifetime: Option<Duration>,
        who: Option<&Identity>,
    ) -> Result<NewToken> {
        check_name("token", name)?;
        if who.is_some_and(|who| who.scope < scope) {
            let message = format!("a token with the scope {scope} may do more than you");
            return Err(AppError::Usage(message));
        }
        let key = secret::random(BEGINNING)?;
        let now = self.clock.now();
        let row = TokenRow {
            id: Uuid::now_v7(),
            user_id: who.and_then(|who| who.user_id),
            name: name.to_owned(),
            prefix: prefix(&key).to_owned(),
            token_hash: secret::hash(&key),
            scope,
            created_at: now,
            expires_at: lifetime.map(|l| end(now, l)).transpose()?,
            last_used_at: None,
        };
        self.store.add_token(&row).await.map_err(|e| taken(e, "token", name))?;
        tracing::info!(name, scope = scope.as_str(), "token made");
        let user = who.filter(|who| who.user_id.is_some()).map(|who| who.name.clone());
        Ok(NewToken { key, view: TokenView::of(row, user) })
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// When there is no such token; what the database says.
    pub async fn revoke_token(&self, name: &str) -> Result<()> {
        if !self.store.remove_token(name).await? {
            return Err(AppError::not_found("token", name));
        }
        tracing::info!(name, "token revoked");
        Ok(())
    }

    /// Whose token this is; `None` when it is none or no longer counts.
    ///
    /// # Errors
    /// What the database says.
    pub async fn token(&self, key: &SecretString) -> Result<Option<Identity>> {
        if !key.expose_secret().starts_with(BEGINNING) {
            return Ok(None);
        }
        let (now, hash) = (self.clock.now(), secret::hash(key));
        let candidates = self.store.tokens_with_prefix(prefix(key)).await?;
        let counts = |token: &TokenRow| token.expires_at.is_none_or(|end| end > now);
        let found = candidates
            .into_iter()
            .find(|(token, _)| secret::is_equal(&token.token_hash, &hash) && counts(token));
        let Some((token, owner)) = found else { return Ok(None) };
        self.touch_token(&token, now);
        Ok(Some(identity(token, owner)))
    }

    fn touch_token(&self, token: &TokenRow, now: DateTime<Utc>) {
        if !self.access.is_due(token.id, token.last_used_at, now) {
            return;
        }
        let (store, id) = (self.store.clone(), token.id);
        tokio::spawn(async move {
            if let Err(error) = store.touch_token(id, now).await {
                tracing::warn!("the use of a token was not noted: {error}");
            }
        });
    }
}

fn of((user, row): (Option<String>, TokenRow)) -> TokenView {
    TokenView::of(row, user)
}

fn identity(token: TokenRow, owner: Option<UserRow>) -> Identity {
    let via = Via::Token(token.id);
    match owner {
        Some(user) => {
            let scope = token.scope.min(allowed(user.role));
            Identity { scope, ..Identity::user(user, via) }
        }
        None => Identity { user_id: None, name: token.name, scope: token.scope, via },
    }
}

/// How a token begins, as far as it may be shown.
fn prefix(key: &SecretString) -> &str {
    let text = key.expose_secret();
    text.get(..PREFIX).unwrap_or(text)
}

fn end(now: DateTime<Utc>, lifetime: Duration) -> Result<DateTime<Utc>> {
    let short = Some(lifetime).filter(|l| *l <= LONGEST).and_then(|l| TimeDelta::from_std(l).ok());
    let end = short.and_then(|l| now.checked_add_signed(l));
    end.ok_or_else(|| AppError::Usage("a token counts for ten years, or for ever".to_owned()))
}
