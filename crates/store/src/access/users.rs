//! Users.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder,
};
use uuid::Uuid;

use super::Role;
use crate::Store;
use crate::cell::{Cell, stored, word};
use crate::entity::users::{Column, Entity, Model};
use crate::error::Result;
use crate::sql::Session;

/// A user as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Ours.
    pub id: Uuid,
    /// Unique.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The hash of its password; `None` when it can only come through a proxy.
    pub password_hash: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow").field("name", &self.name).field("role", &self.role).finish()
    }
}

impl UserRow {
    pub(super) fn of(model: Model) -> Result<Self> {
        let subject = format!("user '{}'", model.name);
        Ok(Self {
            role: word(Role::parse(&model.role), &model.role, &subject)?,
            id: model.id,
            name: model.name,
            password_hash: model.password_hash,
            created_at: model.created_at,
        })
    }
}

impl Store {
    /// All users, by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn users(&self) -> Result<Vec<UserRow>> {
        let all = Entity::find().order_by_asc(Column::Name).all(&self.read).await?;
        all.into_iter().map(UserRow::of).collect()
    }

    /// The user of this name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<UserRow>> {
        let found = Entity::find().filter(Column::Name.eq(name)).one(&self.read).await?;
        found.map(UserRow::of).transpose()
    }

    /// Whether anybody may do everything.
    ///
    /// # Errors
    /// What the database says.
    pub async fn has_admin(&self) -> Result<bool> {
        let admins = Entity::find().filter(Column::Role.eq(Role::Admin.as_str()));
        Ok(admins.count(&self.read).await? > 0)
    }

    /// Adds a user.
    ///
    /// # Errors
    /// The constraint `uq_users_name` when the name is taken; what the database says.
    pub async fn add_user(&self, user: &UserRow) -> Result<()> {
        let model = Model {
            id: user.id,
            name: user.name.clone(),
            role: user.role.as_str().to_owned(),
            password_hash: user.password_hash.clone(),
            created_at: stored(user.created_at),
            updated_at: stored(user.created_at),
        };
        let insert = Entity::insert(model.into_active_model().reset_all());
        insert.exec_without_returning(&self.write).await?;
        Ok(())
    }

    /// Adds an admin as long as there is none, and says whether it did. Of two at once, one is
    /// added: the other finds it, or its name.
    ///
    /// # Errors
    /// The constraint `uq_users_name` when the name is taken; what the database says.
    pub async fn add_first_admin(&self, user: &UserRow) -> Result<bool> {
        let sql = "INSERT INTO users (id, name, role, password_hash, created_at, updated_at) \
                   SELECT ?, ?, 'admin', ?, ?, ? \
                   WHERE NOT EXISTS (SELECT 1 FROM users WHERE role = 'admin')";
        let at = user.created_at.to_cell();
        let values = vec![
            user.id.into(),
            user.name.as_str().into(),
            user.password_hash.clone().into(),
            at.clone(),
            at,
        ];
        Ok(Session::new(self.write.clone()).execute(sql, values).await? > 0)
    }

    /// Gives a user another password, and logs it out everywhere but in one session. Gives whether
    /// there is such a user.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_password(
        &self,
        id: Uuid,
        hash: Option<&str>,
        but: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let session = Session::new(self.write.clone());
        // The sessions go first: whoever looks in between is logged out, never logged in too long.
        let sql = "DELETE FROM sessions WHERE user_id = ? AND id <> ?";
        session.execute(sql, vec![id.into(), but.unwrap_or_default().into()]).await?;
        let sql = "UPDATE users SET password_hash = ?, updated_at = ? WHERE id = ?";
        let values = vec![hash.into(), now.to_cell(), id.into()];
        Ok(session.execute(sql, values).await? > 0)
    }

    /// Gives a user another role, unless it is the last admin; says whether it did.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_role(&self, id: Uuid, role: Role, now: DateTime<Utc>) -> Result<bool> {
        let sql = "UPDATE users SET role = ?, updated_at = ? WHERE id = ? AND (? = 'admin' OR \
                   EXISTS (SELECT 1 FROM users o WHERE o.role = 'admin' AND o.id <> users.id))";
        let role = role.as_str();
        let values = vec![role.into(), now.to_cell(), id.into(), role.into()];
        Ok(Session::new(self.write.clone()).execute(sql, values).await? > 0)
    }

    /// Removes a user with its sessions and tokens, unless it is the last admin; says whether it
    /// did.
    ///
    /// # Errors
    /// What the database says.
    pub async fn remove_user(&self, id: Uuid) -> Result<bool> {
        let sql = "DELETE FROM users WHERE id = ? AND (role <> 'admin' OR \
                   EXISTS (SELECT 1 FROM users o WHERE o.role = 'admin' AND o.id <> users.id))";
        Ok(Session::new(self.write.clone()).execute(sql, vec![id.into()]).await? > 0)
    }
}
