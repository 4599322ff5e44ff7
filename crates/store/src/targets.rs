//! Targets of notifications: who is told of which events. The url of a target may itself be a
//! secret (whoever knows it may write there), so it is encrypted, and only an address is readable.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use secrecy::{ExposeSecret, SecretString};
use shelfread_domain::notify::TargetKind;
use uuid::Uuid;

use crate::cell::{stored, word};
use crate::entity::notification_targets::{Column, Entity, Model};
use crate::error::Result;
use crate::{ManagedBy, Store};

/// What urls and secrets of targets are sealed for.
const URL: &str = "notification_targets.url";
const SECRET: &str = "notification_targets.secret";

/// A target as it is configured.
#[derive(Clone, Debug)]
pub struct TargetRow {
    /// Ours.
    pub id: Uuid,
    /// Unique.
    pub name: String,
    /// In which form it wants to be told.
    pub kind: TargetKind,
    /// Scheme, host and port of its url, which may be shown.
    pub address: String,
    /// Where it is told; `None` when the stored one cannot be read.
    pub url: Option<SecretString>,
    /// What proves who tells it: the key of signatures, or a token.
    pub secret: Option<SecretString>,
    /// Why the stored url or secret cannot be read, if they cannot.
    pub secret_problem: Option<String>,
    /// The kinds of events that it is told of.
    pub events: Vec<String>,
    /// Whether it is told.
    pub enabled: bool,
    /// Who decides about it.
    pub managed_by: ManagedBy,
    /// The event up to which the outbox has what it is to be told.
    pub seen_seq: i64,
}

impl Store {
    /// All targets by name.
    ///
    /// # Errors
    /// What the database says. A url that cannot be read is no error, see
    /// [`TargetRow::secret_problem`].
    pub async fn targets(&self) -> Result<Vec<TargetRow>> {
        let all = Entity::find().order_by_asc(Column::Name).all(&self.read).await?;
        all.into_iter().map(|model| self.target_row(model)).collect()
    }

    /// Inserts a target or updates the one of the same name, and gives its id; `row.id` is for a
    /// new one, which is told only of what happens from now on. Writes nothing when everything is
    /// as it was.
    ///
    /// # Errors
    /// [`StoreError::Key`](crate::StoreError::Key) without a vault; what the database says.
    pub async fn put_target(&self, row: &TargetRow, now: DateTime<Utc>) -> Result<Uuid> {
        let known = Entity::find().filter(Column::Name.eq(&row.name)).one(&self.write).await?;
        let id = known.as_ref().map_or(row.id, |old| old.id);
        let (old_url, old_secret) = (
            known.as_ref().map(|old| old.url.as_slice()),
            known.as_ref().and_then(|old| old.secret.as_deref()),
        );
        let seal = |scope, old: Option<&[u8]>, new: Option<&SecretString>| match old {
            Some(old) if self.is_same_secret(scope, id, Some(old), new) => Ok(Some(old.to_vec())),
            _ => self.sealed(scope, id, new),
        };
        let url = seal(URL, old_url, row.url.as_ref())?.unwrap_or_default();
        let model = Model {
            id,
            name: row.name.clone(),
            kind: row.kind.as_str().to_owned(),
            address: row.address.clone(),
            url,
            secret: seal(SECRET, old_secret, row.secret.as_ref())?,
            events: serde_json::to_value(&row.events).unwrap_or_default(),
            enabled: row.enabled,
            managed_by: row.managed_by.as_str().to_owned(),
            seen_seq: match &known {
                Some(old) => old.seen_seq,
                None => self.last_event().await?,
            },
            created_at: known.as_ref().map_or_else(|| stored(now), |old| old.created_at),
            updated_at: known.as_ref().map_or_else(|| stored(now), |old| old.updated_at),
        };
        match known {
            None => {
                let insert = Entity::insert(model.into_active_model().reset_all());
                insert.exec_without_returning(&self.write).await?;
            }
            Some(old) if old != model => {
                let model = Model { updated_at: stored(now), ..model };
                let mut change = model.into_active_model().reset_all();
                // Another server may be moving it just now.
                change.seen_seq = sea_orm::ActiveValue::NotSet;
                change.update(&self.write).await?;
            }
            Some(_) => {}
        }
        Ok(id)
    }

    /// Forgets a target with all that it was to be told, and gives whether it was there.
    ///
    /// # Errors
    /// What the database says.
    pub async fn remove_target(&self, name: &str) -> Result<bool> {
        let gone = Entity::delete_many().filter(Column::Name.eq(name)).exec(&self.write).await?;
        Ok(gone.rows_affected > 0)
    }

    fn target_row(&self, model: Model) -> Result<TargetRow> {
        let subject = format!("notification target '{}'", model.name);
        let url = self.unsealed(URL, model.id, Some(&model.url));
        let secret = self.unsealed(SECRET, model.id, model.secret.as_deref());
        let problem = [url.as_ref().err(), secret.as_ref().err()].into_iter().flatten().next();
        let secret_problem = problem.map(ToString::to_string);
        let events = crate::cell::from_json(&model.events.to_string(), &subject)?;
        Ok(TargetRow {
            id: model.id,
            kind: word(TargetKind::parse(&model.kind), &model.kind, &subject)?,
            managed_by: word(ManagedBy::parse(&model.managed_by), &model.managed_by, &subject)?,
            name: model.name,
            address: model.address,
            url: url.ok().flatten().filter(|url| !url.expose_secret().is_empty()),
            secret: secret.ok().flatten(),
            secret_problem,
            events,
            enabled: model.enabled,
            seen_seq: model.seen_seq,
        })
    }
}
