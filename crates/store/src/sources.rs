//! Sources, libraries and viewers: where things are listed, and by whom they are watched.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use secrecy::SecretString;
use serde_json::Value;
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{
    ItemId, LibraryId, MaxRemovals, OnMissing, RunId, SourceId, SourceKind, ViewerId,
};
use uuid::Uuid;

use crate::Store;
use crate::cell::{stored, word};
use crate::entity::{libraries, sources, viewers};
use crate::error::{Result, StoreError};
use crate::sql::{Rows, Session, Ty, cell};

/// What secrets of sources are sealed for.
const TABLE: &str = "sources";

/// Who decides about a source or client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ManagedBy {
    /// The configuration file.
    File,
    /// A person, by command line, API or UI.
    Person,
}

impl ManagedBy {
    /// The text that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Person => "person",
        }
    }

    /// Reads that text back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::File, Self::Person].into_iter().find(|m| m.as_str() == text)
    }
}

/// A source as it is configured.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Ours.
    pub id: SourceId,
    /// Unique.
    pub name: String,
    /// What kind of program or place it is.
    pub kind: SourceKind,
    /// Its address; of a folder, its path.
    pub url: String,
    /// Whatever else its adapter needs; no secrets.
    pub settings: Value,
    /// Its token or password.
    pub secret: Option<SecretString>,
    /// Why the stored secret cannot be read, if it cannot; `secret` is then `None`.
    pub secret_problem: Option<String>,
    /// The server's own id when it was last seen.
    pub server_id: Option<String>,
    /// Lower wins when sources disagree.
    pub priority: i32,
    /// What happens to what it no longer lists.
    pub on_missing: OnMissing,
    /// How many items a library may lose without asking.
    pub max_removals: MaxRemovals,
    /// Whether it is synced.
    pub enabled: bool,
    /// Who decides about it.
    pub managed_by: ManagedBy,
    /// When it last answered.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Why it did not answer since.
    pub last_error: Option<String>,
}

/// A library as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LibraryRow {
    /// Ours.
    pub id: LibraryId,
    /// The source that it belongs to.
    pub source_id: SourceId,
    /// The source's id for it.
    pub remote_id: String,
    /// Its name there.
    pub name: String,
    /// What it holds.
    pub kind: LibraryKind,
    /// Whether it is synced.
    pub enabled: bool,
    /// The last run that listed it completely.
    pub last_complete_run_id: Option<RunId>,
    /// When that run began.
    pub last_complete_at: Option<DateTime<Utc>>,
}

impl Store {
    /// All sources, in order of priority and then of age.
    ///
    /// # Errors
    /// What the database says. A secret that cannot be read is no error, see
    /// [`SourceRow::secret_problem`].
    pub fn sources(&self) -> BoxFuture<'_, Result<Vec<SourceRow>>> {
        Box::pin(async move {
            let query = sources::Entity::find()
                .order_by_asc(sources::Column::Priority)
                .order_by_asc(sources::Column::Id);
            query.all(&self.read).await?.into_iter().map(|model| self.source_row(model)).collect()
        })
    }

    /// The source of this name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn source_by_name(&self, name: &str) -> Result<Option<SourceRow>> {
        let model = source_model(&self.read, name).await?;
        model.map(|model| self.source_row(model)).transpose()
    }

    /// Inserts a source or updates the one of the same name, and gives its id; `row.id` is for a
    /// new one. Writes nothing when everything is as it was. What the source itself told
    /// (`server_id`, `last_seen_at`, `last_error`) is not touched.
    ///
    /// # Errors
    /// [`StoreError::Key`] when there is a secret but no vault; what the database says.
    pub fn put_source<'a>(
        &'a self,
        row: &'a SourceRow,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<SourceId>> {
        Box::pin(async move {
            match source_model(&self.write, &row.name).await? {
                Some(model) => self.update_source(model, row, now).await,
                None => self.insert_source(row, now).await,
            }
        })
    }

    async fn insert_source(&self, row: &SourceRow, now: DateTime<Utc>) -> Result<SourceId> {
        let model = sources::Model {
            id: row.id.0,
            name: row.name.clone(),
            kind: row.kind.to_string(),
            url: row.url.clone(),
            settings: row.settings.clone(),
            secret: self.sealed(TABLE, row.id.0, row.secret.as_ref())?,
            server_id: row.server_id.clone(),
            priority: row.priority,
            on_missing: row.on_missing.to_string(),
            max_removals: row.max_removals.to_string(),
            enabled: row.enabled,
            managed_by: row.managed_by.as_str().to_owned(),
            last_seen_at: None,
            last_error: None,
            created_at: stored(now),
            updated_at: stored(now),
            settled_priority: Some(row.priority),
            hook_secret: None,
        };
        sources::Entity::insert(model.into_active_model().reset_all())
            .exec_without_returning(&self.write)
            .await?;
        Ok(row.id)
    }

    async fn update_source(
        &self,
        old: sources::Model,
        row: &SourceRow,
        now: DateTime<Utc>,
    ) -> Result<SourceId> {
        let id = SourceId(old.id);
        let same_secret =
            self.is_same_secret(TABLE, old.id, old.secret.as_deref(), row.secret.as_ref());
        let mut new = sources::Model {
            kind: row.kind.to_string(),
            url: row.url.clone(),
            settings: row.settings.clone(),
            priority: row.priority,
            on_missing: row.on_missing.to_string(),
            max_removals: row.max_removals.to_string(),
            enabled: row.enabled,
            managed_by: row.managed_by.as_str().to_owned(),
            ..old.clone()
        };
        if !same_secret {
            new.secret = self.sealed(TABLE, old.id, row.secret.as_ref())?;
        }
        if new != old {
            new.updated_at = stored(now);
            new.into_active_model().reset_all().update(&self.write).await?;
        }
        Ok(id)
    }

    /// The sources whose priority changed since their items were settled, with the priority that
    /// they have now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn unsettled_sources(&self) -> Result<Vec<(SourceId, i32)>> {
        let sql = "SELECT id, priority FROM sources \
                   WHERE settled_priority IS NULL OR settled_priority <> priority";
        let rows = Session::new(self.read.clone()).query(sql, Vec::new()).await?;
        rows.iter().map(|row| Ok((SourceId(cell(row, 0)?), cell(row, 1)?))).collect()
    }

    /// Remembers by which priority the items of sources were settled.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_settled(&self, sources: &[(SourceId, i32)]) -> Result<()> {
        for (id, priority) in sources {
            let change = sources::ActiveModel {
                settled_priority: Set(Some(*priority)),
                ..Default::default()
            };
            let update = sources::Entity::update_many().set(change);
            update.filter(sources::Column::Id.eq(id.0)).exec(&self.write).await?;
        }
        Ok(())
    }

    /// The items that one of these sources lists and another library too: only with these can the
    /// order of sources matter.
    ///
    /// # Errors
    /// What the database says.
    pub async fn items_shared_by(&self, sources: &[SourceId]) -> Result<Vec<ItemId>> {
        let sql = "SELECT DISTINCT l.item_id FROM {k} CROSS JOIN libraries b \
                   CROSS JOIN listings l WHERE b.source_id = k.a AND l.library_id = b.id \
                   AND l.item_id IS NOT NULL AND EXISTS (SELECT 1 FROM listings o \
                   WHERE o.item_id = l.item_id AND o.id <> l.id) ORDER BY l.item_id";
        let ids = Rows::single(sources.iter().map(|id| id.0));
        let session = Session::new(self.read.clone());
        let rows = session.query_keys(sql, &[("a", Ty::Uuid)], &ids, []).await?;
        rows.iter().map(|row| cell(row, 0).map(ItemId)).collect()
    }

    /// Removes a source with its libraries, listings and viewers, and gives whether it was there.
    /// Items stay, even without a listing: they go by a plan or not at all.
    ///
    /// # Errors
    /// What the database says.
    pub async fn remove_source(&self, id: SourceId) -> Result<bool> {
        let done = sources::Entity::delete_by_id(id.0).exec(&self.write).await?;
        Ok(done.rows_affected > 0)
    }

    /// Remembers who answers at the address of a source.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_server_id(&self, id: SourceId, server_id: Option<&str>) -> Result<()> {
        let change = sources::ActiveModel {
            server_id: Set(server_id.map(str::to_owned)),
            ..Default::default()
        };
        self.change_source(id, change).await
    }

    /// Remembers that a source answered now, or why it did not.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_source_health(
        &self,
        id: SourceId,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut change = sources::ActiveModel {
            last_error: Set(error.map(str::to_owned)),
            ..Default::default()
        };
        if error.is_none() {
            change.last_seen_at = Set(Some(stored(now)));
        }
        self.change_source(id, change).await
    }

    async fn change_source(&self, id: SourceId, change: sources::ActiveModel) -> Result<()> {
        let update = sources::Entity::update_many().set(change);
        let done = update.filter(sources::Column::Id.eq(id.0)).exec(&self.write).await?;
        found(done.rows_affected, "source", id.0)
    }

    fn source_row(&self, model: sources::Model) -> Result<SourceRow> {
        let subject = format!("source '{}'", model.name);
        let (secret, secret_problem) = match self.unsealed(TABLE, model.id, model.secret.as_deref())
        {
            Ok(secret) => (secret, None),
            Err(problem) => (None, Some(problem.to_string())),
        };
        Ok(SourceRow {
            id: SourceId(model.id),
            kind: word(model.kind.parse().ok(), &model.kind, &subject)?,
            on_missing: word(model.on_missing.parse().ok(), &model.on_missing, &subject)?,
            max_removals: word(model.max_removals.parse().ok(), &model.max_removals, &subject)?,
            managed_by: word(ManagedBy::parse(&model.managed_by), &model.managed_by, &subject)?,
            name: model.name,
            url: model.url,
            settings: model.settings,
            secret,
            secret_problem,
            server_id: model.server_id,
            priority: model.priority,
            enabled: model.enabled,
            last_seen_at: model.last_seen_at,
            last_error: model.last_error,
        })
    }

    /// The libraries of a source, by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn libraries(&self, source: SourceId) -> Result<Vec<LibraryRow>> {
        let query = libraries::Entity::find()
            .filter(libraries::Column::SourceId.eq(source.0))
            .order_by_asc(libraries::Column::Name)
            .order_by_asc(libraries::Column::Id);
        query.all(&self.read).await?.into_iter().map(library_row).collect()
    }

    /// Inserts a library or updates the one with the same remote id, and gives its id. Writes
    /// nothing when everything is as it was; whether a known one is enabled stays as it is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn put_library(
        &self,
        source: SourceId,
        remote_id: &str,
        name: &str,
        kind: LibraryKind,
        now: DateTime<Utc>,
    ) -> Result<LibraryId> {
        let known = libraries::Entity::find()
            .filter(libraries::Column::SourceId.eq(source.0))
            .filter(libraries::Column::RemoteId.eq(remote_id))
            .one(&self.write)
            .await?;
        if let Some(known) = known {
            return self.rename_library(known, name, kind, now).await;
        }
        let library = libraries::Model {
            id: Uuid::now_v7(),
            source_id: source.0,
            remote_id: remote_id.to_owned(),
            name: name.to_owned(),
            kind: kind.as_str().to_owned(),
            enabled: true,
            last_complete_run_id: None,
            last_complete_at: None,
            created_at: stored(now),
            updated_at: stored(now),
        };
        let id = LibraryId(library.id);
        libraries::Entity::insert(library.into_active_model().reset_all())
            .exec_without_returning(&self.write)
            .await?;
        Ok(id)
    }

    async fn rename_library(
        &self,
        known: libraries::Model,
        name: &str,
        kind: LibraryKind,
        now: DateTime<Utc>,
    ) -> Result<LibraryId> {
        let id = LibraryId(known.id);
        if known.name != name || known.kind != kind.as_str() {
            let mut library = known.into_active_model();
            library.name = Set(name.to_owned());
            library.kind = Set(kind.as_str().to_owned());
            library.updated_at = Set(stored(now));
            library.update(&self.write).await?;
        }
        Ok(id)
    }

    /// Gives a library another remote id and name: its server was rebuilt and it is the same.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] when another library has that remote id; what the database says.
    pub async fn relink_library(
        &self,
        id: LibraryId,
        remote_id: &str,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let change = libraries::ActiveModel {
            remote_id: Set(remote_id.to_owned()),
            name: Set(name.to_owned()),
            updated_at: Set(stored(now)),
            ..Default::default()
        };
        self.change_library(id, change).await
    }

    /// Remembers whether a library is synced.
    ///
    /// # Errors
    /// What the database says.
    pub async fn enable_library(
        &self,
        id: LibraryId,
        enabled: bool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let change = libraries::ActiveModel {
            enabled: Set(enabled),
            updated_at: Set(stored(now)),
            ..Default::default()
        };
        self.change_library(id, change).await
    }

    /// Remembers which run listed a library completely, and when that run began.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_library_complete(
        &self,
        id: LibraryId,
        run: RunId,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let change = libraries::ActiveModel {
            last_complete_run_id: Set(Some(run.0)),
            last_complete_at: Set(Some(stored(at))),
            ..Default::default()
        };
        self.change_library(id, change).await
    }

    /// Forgets which runs listed the libraries of a source completely (of all sources with `None`):
    /// what was taken back since is asked for again only by a full listing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_complete(&self, source: Option<SourceId>) -> Result<()> {
        let change = libraries::ActiveModel {
            last_complete_run_id: Set(None),
            last_complete_at: Set(None),
            ..Default::default()
        };
        let mut update = libraries::Entity::update_many().set(change);
        if let Some(source) = source {
            update = update.filter(libraries::Column::SourceId.eq(source.0));
        }
        update.exec(&self.write).await?;
        Ok(())
    }

    async fn change_library(&self, id: LibraryId, change: libraries::ActiveModel) -> Result<()> {
        let update = libraries::Entity::update_many().set(change);
        let done = update.filter(libraries::Column::Id.eq(id.0)).exec(&self.write).await?;
        found(done.rows_affected, "library", id.0)
    }

    /// The viewer that a source knows by this id, if it was met before.
    ///
    /// # Errors
    /// What the database says.
    pub async fn viewer(&self, source: SourceId, remote_user: &str) -> Result<Option<ViewerId>> {
        let known = viewer_model(&self.read, source, remote_user).await?;
        Ok(known.map(|viewer| ViewerId(viewer.id)))
    }

    /// The viewer that a source knew by this name, if it is only one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn viewer_named(&self, source: SourceId, name: &str) -> Result<Option<ViewerId>> {
        let query = viewers::Entity::find()
            .filter(viewers::Column::SourceId.eq(source.0))
            .filter(viewers::Column::Name.eq(name));
        match &query.limit(2).all(&self.read).await?[..] {
            [viewer] => Ok(Some(ViewerId(viewer.id))),
            _ => Ok(None),
        }
    }

    /// Gives a viewer the id that the source knows them by now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn relink_viewer(
        &self,
        viewer: ViewerId,
        remote_user: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let change = viewers::ActiveModel {
            remote_user: Set(remote_user.to_owned()),
            updated_at: Set(stored(now)),
            ..Default::default()
        };
        let update = viewers::Entity::update_many().set(change);
        let done = update.filter(viewers::Column::Id.eq(viewer.0)).exec(&self.write).await?;
        found(done.rows_affected, "viewer", viewer.0)
    }

    /// The viewer of a source that was met last, and the source's name for them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn last_viewer(&self, source: SourceId) -> Result<Option<(ViewerId, String)>> {
        let query = viewers::Entity::find()
            .filter(viewers::Column::SourceId.eq(source.0))
            .order_by_desc(viewers::Column::Id);
        Ok(query.one(&self.read).await?.map(|v| (ViewerId(v.id), v.remote_user)))
    }

    /// The viewer that a source knows by this id; made when new, renamed when renamed there.
    ///
    /// # Errors
    /// What the database says.
    pub async fn put_viewer(
        &self,
        source: SourceId,
        remote_user: &str,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<ViewerId> {
        if let Some(known) = viewer_model(&self.write, source, remote_user).await? {
            let id = ViewerId(known.id);
            if known.name != name {
                let mut viewer = known.into_active_model();
                viewer.name = Set(name.to_owned());
                viewer.updated_at = Set(stored(now));
                viewer.update(&self.write).await?;
            }
            return Ok(id);
        }
        let viewer = viewers::Model {
            id: Uuid::now_v7(),
            source_id: source.0,
            remote_user: remote_user.to_owned(),
            name: name.to_owned(),
            person_id: None,
            created_at: stored(now),
            updated_at: stored(now),
            failures: 0,
            retry_at: None,
        };
        let id = ViewerId(viewer.id);
        viewers::Entity::insert(viewer.into_active_model().reset_all())
            .exec_without_returning(&self.write)
            .await?;
        Ok(id)
    }
}

async fn source_model(
    conn: &sea_orm::DatabaseConnection,
    name: &str,
) -> Result<Option<sources::Model>> {
    Ok(sources::Entity::find().filter(sources::Column::Name.eq(name)).one(conn).await?)
}

async fn viewer_model(
    conn: &sea_orm::DatabaseConnection,
    source: SourceId,
    remote_user: &str,
) -> Result<Option<viewers::Model>> {
    let query = viewers::Entity::find()
        .filter(viewers::Column::SourceId.eq(source.0))
        .filter(viewers::Column::RemoteUser.eq(remote_user));
    Ok(query.one(conn).await?)
}

pub(crate) fn found(rows: u64, what: &'static str, id: Uuid) -> Result<()> {
    if rows == 0 { Err(StoreError::NotFound { what, id: id.to_string() }) } else { Ok(()) }
}

fn library_row(model: libraries::Model) -> Result<LibraryRow> {
    let subject = format!("library '{}'", model.name);
    Ok(LibraryRow {
        id: LibraryId(model.id),
        source_id: SourceId(model.source_id),
        kind: word(LibraryKind::parse(&model.kind), &model.kind, &subject)?,
        remote_id: model.remote_id,
        name: model.name,
        enabled: model.enabled,
        last_complete_run_id: model.last_complete_run_id.map(RunId),
        last_complete_at: model.last_complete_at,
    })
}
