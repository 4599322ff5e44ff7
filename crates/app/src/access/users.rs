//! Users: added, listed, changed, removed.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Serialize;
use shelfread_store::StoreError;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Identity, Role, UserRow, Via};
use crate::App;
use crate::error::{AppError, Result};

/// The longest name that somebody may have.
const LONGEST_NAME: usize = 64;

/// A user as people see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Ours.
    pub id: Uuid,
    /// Unique.
    pub name: String,
    /// `admin` or `reader`.
    pub role: &'static str,
    /// Whether it can log in here; else it only comes through a proxy.
    pub has_password: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<UserRow> for UserView {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            role: row.role.as_str(),
            has_password: row.password_hash.is_some(),
            created_at: row.created_at,
        }
    }
}

impl App {
    /// Everybody who may use the server, by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn users(&self) -> Result<Vec<UserView>> {
        Ok(self.store.users().await?.into_iter().map(UserView::from).collect())
    }

    /// Adds a user; without a password it can only come through a proxy that is trusted.
    ///
    /// # Errors
    /// When the name or password does not do or the name is taken; what the database says.
    pub async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: Option<&SecretString>,
    ) -> Result<UserView> {
        let user = self.new_user(name, role, password).await?;
        self.store.add_user(&user).await.map_err(|e| taken(e, "user", name))?;
        tracing::info!(name, role = role.as_str(), "user added");
        Ok(user.into())
    }

    /// Gives a user another password. It is logged out everywhere, but for the session `but`.
    ///
    /// # Errors
    /// When there is no such user or the password does not do; what the database says.
    pub async fn set_password(
        &self,
        name: &str,
        password: &SecretString,
        but: Option<Uuid>,
    ) -> Result<()> {
        let user = self.user(name).await?;
        let hash = self.access.hash_password(password).await?;
        self.store.set_password(user.id, Some(&hash), but, self.clock.now()).await?;
        tracing::info!(name, "password changed");
        Ok(())
    }

    /// Lets a user who knows the password change it. It stays logged in where it asks, and nowhere
    /// else.
    ///
    /// # Errors
    /// [`AppError::Denied`] when the old password is wrong; like [`App::set_password`].
    pub async fn change_password(
        &self,
        who: &Identity,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<()> {
        let user = self.user(&who.name).await?;
        if !self.access.is_password(old, user.password_hash).await? {
            return Err(AppError::Denied("the old password is wrong"));
        }
        let here = match who.via {
            Via::Session(id) => Some(id),
            _ => None,
        };
        self.set_password(&user.name, new, here).await
    }

    /// Gives a user another role.
    ///
    /// # Errors
    /// When there is no such user, or nobody else is admin; what the database says.
    pub async fn set_role(&self, name: &str, role: Role) -> Result<()> {
        let user = self.user(name).await?;
        if !self.store.set_role(user.id, role, self.clock.now()).await? {
            return Err(last_admin(name));
        }
        tracing::info!(name, role = role.as_str(), "role changed");
        Ok(())
    }

    /// Removes a user with its sessions and tokens.
    ///
    /// # Errors
    /// When there is no such user, or nobody else is admin; what the database says.
    pub async fn remove_user(&self, name: &str) -> Result<()> {
        let user = self.user(name).await?;
        if !self.store.remove_user(user.id).await? {
            return Err(last_admin(name));
        }
        tracing::info!(name, "user removed");
        Ok(())
    }

    /// The user of this name, as a proxy says who it is; `None` when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_of_proxy(&self, name: &str) -> Result<Option<Identity>> {
        let user = self.store.user_by_name(name).await?;
        Ok(user.map(|user| Identity::user(user, Via::Proxy)))
    }

    pub(super) async fn new_user(
        &self,
        name: &str,
        role: Role,
        password: Option<&SecretString>,
    ) -> Result<UserRow> {
        check_name("user", name)?;
        let password_hash = match password {
            Some(password) => Some(self.access.hash_password(password).await?),
            None => None,
        };
        let created_at = self.clock.now();
        Ok(UserRow { id: Uuid::now_v7(), name: name.to_owned(), role, password_hash, created_at })
    }

    async fn user(&self, name: &str) -> Result<UserRow> {
        let found = self.store.user_by_name(name).await?;
        found.ok_or_else(|| AppError::not_found("user", name))
    }
}

/// Names are shown, typed, and stand in headers of proxies.
pub(super) fn check_name(what: &str, name: &str) -> Result<()> {
    let fine = |c: char| !c.is_control() && c != '/';
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && name.trim() == name && name.chars().all(fine) {
        return Ok(());
    }
    Err(AppError::Usage(format!(
        "a {what} needs a name of at most {LONGEST_NAME} characters, without `/`, without spaces \
         around it"
    )))
}

/// A name that somebody or something else has.
pub(super) fn taken(error: StoreError, what: &'static str, name: &str) -> AppError {
    match &error {
        StoreError::Constraint { name: constraint, .. } if constraint.ends_with("_name") => {
            AppError::taken(what, name)
        }
        _ => error.into(),
    }
}

fn last_admin(name: &str) -> AppError {
    AppError::Usage(format!("'{name}' is the last admin; make somebody else one first"))
}
