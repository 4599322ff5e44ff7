//! Download clients: the connections to download programs, and whether they answer.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use secrecy::SecretString;
use serde_json::Value;
use shelfread_domain::download::{Away, AwayKind, ClientKind, ClientRecord};
use shelfread_domain::id::ClientId;

use crate::cell::{stored, word};
use crate::entity::download_clients::{Column, Entity, Model};
use crate::error::Result;
use crate::{ManagedBy, Store};

/// What passwords of clients are sealed for.
const TABLE: &str = "download_clients";

/// A download client as it is configured.
#[derive(Clone, Debug)]
pub struct ClientRow {
    /// Ours.
    pub id: ClientId,
    /// Unique.
    pub name: String,
    /// Which program it is.
    pub kind: ClientKind,
    /// Its address.
    pub url: String,
    /// Whatever else its adapter needs; no secrets.
    pub settings: Value,
    /// Its password or API key.
    pub secret: Option<SecretString>,
    /// Why the stored secret cannot be read, if it cannot; `secret` is then `None`.
    pub secret_problem: Option<String>,
    /// Lower comes first in lists.
    pub priority: i32,
    /// Whether it is asked.
    pub enabled: bool,
    /// Who decides about it.
    pub managed_by: ManagedBy,
    /// Since when and why nothing is known of its transfers.
    pub away: Option<Away>,
    /// When it was made; since then it is looked at.
    pub created_at: DateTime<Utc>,
    /// When a person or the file last changed it.
    pub updated_at: DateTime<Utc>,
}

impl ClientRow {
    /// What planning must know of it.
    pub fn record(&self) -> ClientRecord {
        ClientRecord {
            id: self.id,
            name: self.name.clone(),
            kind: self.kind,
            watched_since: self.created_at,
            away: self.away.clone(),
        }
    }
}

impl Store {
    /// All clients, in order of priority and then of age.
    ///
    /// # Errors
    /// What the database says. A secret that cannot be read is no error, see
    /// [`ClientRow::secret_problem`].
    pub async fn clients(&self) -> Result<Vec<ClientRow>> {
        let query = Entity::find().order_by_asc(Column::Priority).order_by_asc(Column::Id);
        query.all(&self.read).await?.into_iter().map(|model| self.client_row(model)).collect()
    }

    /// The client of this name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn client_by_name(&self, name: &str) -> Result<Option<ClientRow>> {
        let found = Entity::find().filter(Column::Name.eq(name)).one(&self.read).await?;
        found.map(|model| self.client_row(model)).transpose()
    }

    /// The client with this id.
    ///
    /// # Errors
    /// What the database says.
    pub async fn client(&self, id: ClientId) -> Result<Option<ClientRow>> {
        let found = Entity::find_by_id(id.0).one(&self.read).await?;
        found.map(|model| self.client_row(model)).transpose()
    }

    /// Inserts a client or updates the one with the same id, also its name. Writes nothing when
    /// everything is as it was. Whether it answers is not touched.
    ///
    /// # Errors
    /// `uq_download_clients_name` when another one has the name; a secret without a vault; what
    /// the database says.
    pub async fn put_client(&self, row: &ClientRow, now: DateTime<Utc>) -> Result<()> {
        let known = Entity::find_by_id(row.id.0).one(&self.write).await?;
        let sealed = known.as_ref().and_then(|old| old.secret.as_deref());
        let secret = row.secret.as_ref();
        let secret = match self.is_same_secret(TABLE, row.id.0, sealed, secret) {
            true => sealed.map(<[u8]>::to_vec),
            false => self.sealed(TABLE, row.id.0, secret)?,
        };
        let new = |old: Option<&Model>| Model {
            id: row.id.0,
            name: row.name.clone(),
            kind: row.kind.as_str().to_owned(),
            url: row.url.clone(),
            settings: row.settings.clone(),
            secret: secret.clone(),
            priority: row.priority,
            enabled: row.enabled,
            managed_by: row.managed_by.as_str().to_owned(),
            unreachable_since: old.and_then(|o| o.unreachable_since),
            unreachable_kind: old.and_then(|o| o.unreachable_kind.clone()),
            unreachable_reason: old.and_then(|o| o.unreachable_reason.clone()),
            created_at: old.map_or_else(|| stored(now), |o| o.created_at),
            updated_at: old.map_or_else(|| stored(now), |o| o.updated_at),
            hook_secret: old.and_then(|o| o.hook_secret.clone()),
        };
        match &known {
            None => {
                let insert = Entity::insert(new(None).into_active_model().reset_all());
                insert.exec_without_returning(&self.write).await?;
            }
            Some(old) if new(Some(old)) != *old => {
                let changed = Model { updated_at: stored(now), ..new(Some(old)) };
                changed.into_active_model().reset_all().update(&self.write).await?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Forgets a client with its rows of the queue, and gives whether it was there. Its transfers
    /// go on, and its history stays.
    ///
    /// # Errors
    /// What the database says.
    pub async fn remove_client(&self, id: ClientId) -> Result<bool> {
        let done = Entity::delete_by_id(id.0).exec(&self.write).await?;
        Ok(done.rows_affected > 0)
    }

    fn client_row(&self, model: Model) -> Result<ClientRow> {
        let subject = format!("download client '{}'", model.name);
        let unsealed = self.unsealed(TABLE, model.id, model.secret.as_deref());
        let (secret, secret_problem) = match unsealed {
            Ok(secret) => (secret, None),
            Err(problem) => (None, Some(problem.to_string())),
        };
        let away = match (model.unreachable_since, model.unreachable_kind) {
            (Some(since), Some(kind)) => Some(Away {
                since,
                kind: word(AwayKind::parse(&kind), &kind, &subject)?,
                reason: model.unreachable_reason.unwrap_or_default(),
            }),
            _ => None,
        };
        Ok(ClientRow {
            id: ClientId(model.id),
            kind: word(ClientKind::parse(&model.kind), &model.kind, &subject)?,
            managed_by: word(ManagedBy::parse(&model.managed_by), &model.managed_by, &subject)?,
            name: model.name,
            url: model.url,
            settings: model.settings,
            secret,
            secret_problem,
            priority: model.priority,
            enabled: model.enabled,
            away,
            created_at: model.created_at,
            updated_at: model.updated_at,
        })
    }
}
