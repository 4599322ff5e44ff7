//! Programs that may use the server.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use super::{Scope, UserRow};
use crate::Store;
use crate::cell::{Cell, stored, word};
use crate::entity::api_tokens::{Column, Entity, Model};
use crate::entity::users;
use crate::error::Result;
use crate::sql::Session;

/// A token as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Ours.
    pub id: Uuid,
    /// The user who made it and with whom it goes; `None` for one of the command line.
    pub user_id: Option<Uuid>,
    /// Unique.
    pub name: String,
    /// How it begins, to tell it from others.
    pub prefix: String,
    /// The hash of the whole token.
    pub token_hash: String,
    /// What it may do, and never more than its user.
    pub scope: Scope,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it counts; `None` for ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, within a minute or so.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for TokenRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRow").field("name", &self.name).field("scope", &self.scope).finish()
    }
}

impl TokenRow {
    fn of(model: Model) -> Result<Self> {
        let subject = format!("token '{}'", model.name);
        Ok(Self {
            scope: word(Scope::parse(&model.scope), &model.scope, &subject)?,
            id: model.id,
            user_id: model.user_id,
            name: model.name,
            prefix: model.prefix,
            token_hash: model.token_hash,
            created_at: model.created_at,
            expires_at: model.expires_at,
            last_used_at: model.last_used_at,
        })
    }
}

impl Store {
    /// All tokens, by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>> {
        let all = Entity::find().order_by_asc(Column::Name).all(&self.read).await?;
        all.into_iter().map(TokenRow::of).collect()
    }

    /// The tokens that begin so (one, but for chance), each with its user if it has one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tokens_with_prefix(
        &self,
        prefix: &str,
    ) -> Result<Vec<(TokenRow, Option<UserRow>)>> {
        let found = Entity::find().filter(Column::Prefix.eq(prefix)).all(&self.read).await?;
        let ids = found.iter().filter_map(|token| token.user_id);
        let owners = users::Entity::find().filter(users::Column::Id.is_in(ids));
        let owners = owners.all(&self.read).await?;
        let with_owner = |token: Model| {
            let owner = owners.iter().find(|owner| Some(owner.id) == token.user_id).cloned();
            Ok((TokenRow::of(token)?, owner.map(UserRow::of).transpose()?))
        };
        found.into_iter().map(with_owner).collect()
    }

    /// Adds a token.
    ///
    /// # Errors
    /// The constraint `uq_api_tokens_name` when the name is taken; what the database says.
    pub async fn add_token(&self, token: &TokenRow) -> Result<()> {
        let model = Model {
            id: token.id,
            user_id: token.user_id,
            name: token.name.clone(),
            prefix: token.prefix.clone(),
            token_hash: token.token_hash.clone(),
            scope: token.scope.as_str().to_owned(),
            created_at: stored(token.created_at),
            expires_at: token.expires_at.map(stored),
            last_used_at: None,
        };
        let insert = Entity::insert(model.into_active_model().reset_all());
        insert.exec_without_returning(&self.write).await?;
        Ok(())
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// What the database says.
    pub async fn touch_token(&self, id: Uuid, now: DateTime<Utc>) -> Result<()> {
        let sql = "UPDATE api_tokens SET last_used_at = ? WHERE id = ?";
        Session::new(self.write.clone())
            .execute(sql, vec![now.to_cell(), id.into()])
            .await
            .map(drop)
    }

    /// Takes a token back, by name; says whether there was one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn remove_token(&self, name: &str) -> Result<bool> {
        let gone = Entity::delete_many().filter(Column::Name.eq(name)).exec(&self.write).await?;
        Ok(gone.rows_affected > 0)
    }
}
