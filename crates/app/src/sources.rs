//! Sources: added, changed, tested, forgotten.

use std::collections::BTreeMap;
use std::fmt::Display;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shelfread_domain::port::{RemoteLibrary, ServerIdentity, SourceError};
use shelfread_domain::{MaxRemovals, SourceId, SourceKind};
use shelfread_store::{ManagedBy, SourceRow};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::error::{AppError, Result};
use crate::sync::UNPROVEN;

/// A source with the defaults of its kind.
pub fn new_source(id: SourceId, name: &str, kind: SourceKind, managed_by: ManagedBy) -> SourceRow {
    SourceRow {
        id,
        name: name.to_owned(),
        kind,
        url: String::new(),
        settings: serde_json::json!({}),
        secret: None,
        secret_problem: None,
        server_id: None,
        priority: 100,
        on_missing: kind.default_on_missing(),
        max_removals: MaxRemovals::default(),
        enabled: true,
        managed_by,
        last_seen_at: None,
        last_error: None,
    }
}

/// A source as programs and people see it: never with its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceView {
    /// Its id.
    pub id: SourceId,
    /// Its name.
    pub name: String,
    /// What kind of program or place it is.
    pub kind: SourceKind,
    /// Its address; of a folder, its path.
    pub url: String,
    /// Whatever else its adapter needs.
    pub settings: Map<String, Value>,
    /// Whether it has a token.
    pub has_token: bool,
    /// The server's own id when it was last seen.
    pub server_id: Option<String>,
    /// Lower wins when sources disagree.
    pub priority: i32,
    /// What happens to what it no longer lists: `remove`, `keep` or `grace:30d`.
    pub on_missing: String,
    /// How much may go without asking: a share such as `10%`, or a count.
    pub max_removals: String,
    /// Whether it is synced.
    pub enabled: bool,
    /// `file` when the configuration declares it, else `person`.
    pub managed_by: &'static str,
    /// When it last answered.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Why it did not answer since.
    pub last_error: Option<String>,
}

impl SourceView {
    /// The view of a configured source.
    pub fn of(s: &SourceRow) -> Self {
        Self {
            id: s.id,
            name: s.name.clone(),
            kind: s.kind,
            url: shown_address(&s.url),
            settings: shown_settings(&s.settings),
            has_token: s.secret.is_some() || s.secret_problem.is_some(),
            server_id: s.server_id.clone().filter(|id| id != UNPROVEN),
            priority: s.priority,
            on_missing: s.on_missing.to_string(),
            max_removals: s.max_removals.to_string(),
            enabled: s.enabled,
            managed_by: s.managed_by.as_str(),
            last_seen_at: s.last_seen_at,
            last_error: s.last_error.clone(),
        }
    }
}

/// An address without name and password.
pub(crate) fn shown_address(text: &str) -> String {
    let parsed = url::Url::parse(text).ok();
    let Some(mut url) = parsed.filter(|url| !url.username().is_empty() || url.password().is_some())
    else {
        return text.to_owned();
    };
    // An address that cannot have them has none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// The settings of a row without what may be a secret in them.
pub(crate) fn shown_settings(settings: &Value) -> Map<String, Value> {
    let is_secret =
        |key: &str| ["secret", "token", "password", "key"].iter().any(|s| key.contains(s));
    let all = settings.as_object().cloned().unwrap_or_default();
    all.into_iter().filter(|(key, _)| !is_secret(key)).collect()
}

/// What a person wants of a source. Absent stays as it is, or is the default of its kind.
#[derive(Clone, Debug, Default)]
pub struct SourceChange {
    /// Its address; of a folder, its path.
    pub url: Option<String>,
    /// Its token.
    pub token: Option<SecretString>,
    /// Whose play state is read; an empty name means the server's first administrator.
    pub user: Option<String>,
    /// What a folder holds: `movies` or `shows`.
    pub media: Option<String>,
    /// How its paths read here.
    pub path_map: Option<BTreeMap<String, String>>,
    /// What happens to what it no longer lists.
    pub on_missing: Option<String>,
    /// How much may go without asking.
    pub max_removals: Option<String>,
    /// Lower wins when sources disagree.
    pub priority: Option<i32>,
    /// Whether it is synced.
    pub enabled: Option<bool>,
}

impl SourceChange {
    fn apply(&self, mut row: SourceRow) -> Result<SourceRow> {
        let misfit = |error: &dyn Display| AppError::Usage(error.to_string());
        if let Some(url) = &self.url {
            row.url.clone_from(url);
        }
        if row.kind == SourceKind::Folder && !std::path::Path::new(&row.url).is_absolute() {
            let message = format!("'{}' is no whole path; a folder needs one", row.url);
            return Err(AppError::Usage(message));
        }
        if let Some(text) = &self.on_missing {
            row.on_missing = text.parse().map_err(|e| misfit(&e))?;
        }
        if let Some(text) = &self.max_removals {
            row.max_removals = text.parse().map_err(|e| misfit(&e))?;
        }
        if let Some(token) = &self.token {
            (row.secret, row.secret_problem) = (Some(token.clone()), None);
        }
        row.priority = self.priority.unwrap_or(row.priority);
        row.enabled = self.enabled.unwrap_or(row.enabled);
        self.apply_settings(&mut row);
        Ok(row)
    }

    fn apply_settings(&self, row: &mut SourceRow) {
        let Value::Object(settings) = &mut row.settings else { return };
        for (key, value) in [("user", &self.user), ("media", &self.media)] {
            match value.as_deref() {
                Some("") => drop(settings.remove(key)),
                Some(value) => drop(settings.insert(key.to_owned(), value.into())),
                None => {}
            }
        }
        if let Some(map) = &self.path_map {
            settings.insert("path_map".to_owned(), json!(map));
        }
    }
}

/// Who answers for a source, and with what.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Who answers.
    pub identity: ServerIdentity,
    /// What it has.
    pub libraries: Vec<RemoteLibrary>,
}

/// The same as programs and people see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TestedSource {
    /// Its name here.
    pub source: String,
    /// The server's own id.
    pub server_id: String,
    /// What the server calls itself.
    pub server: String,
    /// Which version it is.
    pub version: String,
    /// Whose play state is read.
    pub viewer: Option<String>,
    /// What it has.
    pub libraries: Vec<RemoteLibraryView>,
}

/// A library as a source lists it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RemoteLibraryView {
    /// The source's id for it.
    pub remote_id: String,
    /// Its name.
    pub name: String,
    /// What it holds: `movies`, `shows` or `mixed`.
    pub kind: &'static str,
}

impl Tested {
    /// How programs and people see it.
    pub fn view(&self, source: &str) -> TestedSource {
        let library = |l: &RemoteLibrary| RemoteLibraryView {
            remote_id: l.remote_id.to_string(),
            name: l.name.clone(),
            kind: l.kind.as_str(),
        };
        TestedSource {
            source: source.to_owned(),
            server_id: self.identity.server_id.clone(),
            server: self.identity.name.clone(),
            version: self.identity.version.clone(),
            viewer: self.identity.viewer.as_ref().map(|v| v.name.clone()),
            libraries: self.libraries.iter().map(library).collect(),
        }
    }
}

impl App {
    /// The sources, in the order of their priority.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sources(&self) -> Result<Vec<SourceView>> {
        Ok(self.store.sources().await?.iter().map(SourceView::of).collect())
    }

    /// One source.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; what the database says.
    pub async fn source_view(&self, name: &str) -> Result<SourceView> {
        Ok(SourceView::of(&self.source(name).await?))
    }

    /// Adds a source behind all others. Makes no request.
    ///
    /// # Errors
    /// [`AppError::Taken`]; when the source cannot work so; what the database says.
    pub async fn add_source(
        &self,
        name: &str,
        kind: SourceKind,
        change: &SourceChange,
    ) -> Result<SourceView> {
        if self.store.source_by_name(name).await?.is_some() {
            return Err(AppError::taken("source", name));
        }
        let last = self.store.sources().await?.iter().map(|s| s.priority).max();
        let new = SourceRow {
            priority: last.unwrap_or(0).saturating_add(10),
            ..new_source(SourceId(Uuid::now_v7()), name, kind, ManagedBy::Person)
        };
        let row = change.apply(new)?;
        self.save_source(&row).await?;
        Ok(SourceView::of(&row))
    }

    /// Changes a source. Makes no request.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Declared`] when the configuration decides about it; when
    /// it cannot work so; [`AppError::Changed`]; what the database says.
    pub async fn change_source(&self, name: &str, change: &SourceChange) -> Result<SourceView> {
        let _one = self.editing.lock().await;
        let known = self.source(name).await?;
        self.expect("source", name, &SourceView::of(&known))?;
        if known.managed_by == ManagedBy::File {
            return Err(AppError::Declared(name.to_owned()));
        }
        let row = change.apply(known)?;
        self.save_source(&row).await?;
        Ok(SourceView::of(&row))
    }

    /// Adds or changes a source. Makes no request; but an address that cannot work is refused.
    /// What items show follows another priority at once.
    ///
    /// # Errors
    /// When the source cannot work as it is, or the database failed.
    pub fn save_source<'a>(&'a self, row: &'a SourceRow) -> BoxFuture<'a, Result<SourceId>> {
        Box::pin(async move {
            let id = self.note_source(row).await?;
            self.settle_order().await?;
            Ok(id)
        })
    }

    /// Like [`App::save_source`], one of several: items follow with [`App::settle_order`].
    ///
    /// # Errors
    /// Like [`App::save_source`].
    pub async fn note_source(&self, row: &SourceRow) -> Result<SourceId> {
        if row.name.is_empty() || row.name.contains('/') {
            return Err(AppError::Usage("a source needs a name without `/`".to_owned()));
        }
        let named = |error: SourceError| AppError::Usage(format!("'{}': {error}", row.name));
        self.factory.open(row).map_err(named)?;
        let table = self.schedule.table.of(row);
        table.map_err(|error| AppError::Usage(format!("'{}': {error}", row.name)))?;
        let id = self.store.put_source(row, self.clock.now()).await?;
        self.schedule.woken.notify_one();
        Ok(id)
    }

    /// Asks a source who it is and what it has.
    ///
    /// # Errors
    /// When there is no such source, or it cannot be read.
    pub async fn test_source(&self, name: &str) -> Result<Tested> {
        self.try_source(&self.source(name).await?).await
    }

    /// Like [`App::test_source`], of a source that need not be saved.
    ///
    /// # Errors
    /// When it cannot work as it is, or cannot be read.
    pub fn try_source<'a>(&'a self, source: &'a SourceRow) -> BoxFuture<'a, Result<Tested>> {
        Box::pin(async move {
            let named = |error| AppError::Source { name: source.name.clone(), error };
            let open = self.factory.open(source).map_err(named)?;
            let identity = open.media.identify().await.map_err(named)?;
            let libraries = open.media.libraries().await.map_err(named)?;
            Ok(Tested { identity, libraries })
        })
    }

    /// Forgets a source with everything that it listed. Its items stay, and show what the other
    /// sources say of them; the number of those that
    /// no source lists any more is returned.
    ///
    /// # Errors
    /// When there is no such source, when it is being synced; [`AppError::Changed`]; what the
    /// database says.
    pub async fn remove_source(&self, name: &str) -> Result<u64> {
        let _one = self.editing.lock().await;
        let source = self.source(name).await?;
        self.expect("source", name, &SourceView::of(&source))?;
        let lease = crate::sync::take_lease(self, &source).await?;
        let libraries = self.store.libraries(source.id).await?;
        let leaving: Vec<_> = libraries.iter().map(|l| l.id).collect();
        let shared = self.store.items_shared_by(&[source.id]).await?;
        self.settle_items(&shared, &leaving).await?;
        self.store.remove_source(source.id).await?;
        self.store.release_lease(lease).await?;
        Ok(self.store.count_unlisted_items().await?)
    }

    pub(crate) async fn source(&self, name: &str) -> Result<SourceRow> {
        let found = self.store.source_by_name(name).await?;
        found.ok_or_else(|| AppError::not_found("source", name))
    }
}
