//! Sources: added, changed, tested, forgotten.

use shelfread_domain::port::{RemoteLibrary, ServerIdentity, SourceError};
use shelfread_domain::{MaxRemovals, SourceId, SourceKind};
use shelfread_store::{ManagedBy, SourceRow};

use crate::App;
use crate::error::{AppError, Result};

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

/// Who answers for a source, and with what.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Who answers.
    pub identity: ServerIdentity,
    /// What it has.
    pub libraries: Vec<RemoteLibrary>,
}

impl App {
    /// Adds or changes a source. Makes no request; but an address that cannot work is refused.
    /// What items show follows another priority at once.
    ///
    /// # Errors
    /// When the source cannot work as it is, or the database failed.
    pub async fn save_source(&self, row: &SourceRow) -> Result<SourceId> {
        let id = self.note_source(row).await?;
        self.settle_order().await?;
        Ok(id)
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
    pub async fn try_source(&self, source: &SourceRow) -> Result<Tested> {
        let named = |error| AppError::Source { name: source.name.clone(), error };
        let open = self.factory.open(source).map_err(named)?;
        let identity = open.media.identify().await.map_err(named)?;
        let libraries = open.media.libraries().await.map_err(named)?;
        Ok(Tested { identity, libraries })
    }

    /// Forgets a source with everything that it listed. Its items stay, and show what the other
    /// sources say of them; the number of those that
    /// no source lists any more is returned.
    ///
    /// # Errors
    /// When there is no such source, when it is being synced, or the database failed.
    pub async fn remove_source(&self, name: &str) -> Result<u64> {
        let source = self.source(name).await?;
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
