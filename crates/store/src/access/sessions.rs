//! Browsers in which somebody is logged in.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::UserRow;
use crate::Store;
use crate::cell::{Cell, stored};
use crate::entity::sessions::{Column, Entity, Model};
use crate::entity::users;
use crate::error::Result;
use crate::sql::Session;

/// A session as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// Ours; not what the browser shows.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// When somebody logged in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, within a minute or so.
    pub last_seen_at: DateTime<Utc>,
    /// Until when it counts.
    pub expires_at: DateTime<Utc>,
}

impl Store {
    /// Begins a session, known by the hash of what the browser shows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn begin_session(&self, session: &SessionRow, token_hash: &str) -> Result<()> {
        let model = Model {
            id: session.id,
            user_id: session.user_id,
            token_hash: token_hash.to_owned(),
            created_at: stored(session.created_at),
            last_seen_at: stored(session.last_seen_at),
            expires_at: stored(session.expires_at),
        };
        let insert = Entity::insert(model.into_active_model().reset_all());
        insert.exec_without_returning(&self.write).await?;
        Ok(())
    }

    /// The session of this hash with its user, whether it still counts or not.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session(&self, token_hash: &str) -> Result<Option<(SessionRow, UserRow)>> {
        let found = Entity::find().filter(Column::TokenHash.eq(token_hash)).one(&self.read).await?;
        let Some(session) = found else { return Ok(None) };
        let user = users::Entity::find_by_id(session.user_id).one(&self.read).await?;
        let Some(user) = user else { return Ok(None) };
        let row = SessionRow {
            id: session.id,
            user_id: session.user_id,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
        };
        Ok(Some((row, UserRow::of(user)?)))
    }

    /// Notes that a session was used, and until when it counts now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn touch_session(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<()> {
        let sql = "UPDATE sessions SET last_seen_at = ?, expires_at = ? WHERE id = ?";
        let values = vec![now.to_cell(), expires_at.to_cell(), id.into()];
        Session::new(self.write.clone()).execute(sql, values).await.map(drop)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// What the database says.
    pub async fn end_session(&self, id: Uuid) -> Result<()> {
        Entity::delete_by_id(id).exec(&self.write).await?;
        Ok(())
    }

    /// Forgets the sessions that no longer count, and gives how many those were.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_sessions(&self, now: DateTime<Utc>) -> Result<u64> {
        let sql = "DELETE FROM sessions WHERE expires_at <= ?";
        Session::new(self.write.clone()).execute(sql, vec![now.to_cell()]).await
    }
}
