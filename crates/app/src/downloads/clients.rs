//! Download clients: added, changed, tested, forgotten.

use chrono::{DateTime, Utc};
use shelfread_domain::download::{ClientIdentity, ClientKind};
use shelfread_domain::id::ClientId;
use shelfread_domain::port::SourceError;
use shelfread_store::{ClientRow, ManagedBy};

use crate::App;
use crate::error::{AppError, Result};

/// A client with nothing but its name and kind.
pub fn new_client(id: ClientId, name: &str, kind: ClientKind, managed_by: ManagedBy) -> ClientRow {
    ClientRow {
        id,
        name: name.to_owned(),
        kind,
        url: String::new(),
        settings: serde_json::json!({}),
        secret: None,
        secret_problem: None,
        priority: 100,
        enabled: true,
        managed_by,
        away: None,
        created_at: DateTime::<Utc>::UNIX_EPOCH,
        updated_at: DateTime::<Utc>::UNIX_EPOCH,
    }
}

impl App {
    /// Adds or changes a client. Makes no request; but an address that cannot work is refused.
    ///
    /// # Errors
    /// When the client cannot work as it is, another one has its name, or the database failed.
    pub async fn save_client(&self, row: &ClientRow) -> Result<()> {
        if row.name.is_empty() || row.name.contains('/') {
            return Err(AppError::Usage("a download client needs a name without `/`".to_owned()));
        }
        let other = self.store.client_by_name(&row.name).await?;
        if other.is_some_and(|other| other.id != row.id) {
            let message = format!("there is a download client '{}' already", row.name);
            return Err(AppError::Usage(message));
        }
        let named = |error: SourceError| AppError::Usage(format!("'{}': {error}", row.name));
        self.downloads.factory.open(row).map_err(named)?;
        Ok(self.store.put_client(row, self.clock.now()).await?)
    }

    /// Asks a client who it is and whether we may use it.
    ///
    /// # Errors
    /// When there is no such client, or it does not answer or refuses us.
    pub async fn test_client(&self, name: &str) -> Result<ClientIdentity> {
        let client = self.client(name).await?;
        let named = |error| AppError::client(name, error);
        let adapter = self.open_client(&client).map_err(named)?;
        adapter.test().await.map_err(named)
    }

    /// Like [`App::test_client`], of a client that need not be saved.
    ///
    /// # Errors
    /// When it cannot work as it is, does not answer or refuses us.
    pub async fn try_client(&self, client: &ClientRow) -> Result<ClientIdentity> {
        let named = |error| AppError::client(&client.name, error);
        let adapter = self.downloads.factory.open(client).map_err(named)?;
        adapter.test().await.map_err(named)
    }

    /// Forgets a client with its queue, and gives how many rows that had. Its transfers go on and
    /// its history stays.
    ///
    /// # Errors
    /// When there is no such client, or the database failed.
    pub async fn remove_client(&self, name: &str) -> Result<u64> {
        let client = self.client(name).await?;
        let rows = self.store.count_downloads(client.id).await?;
        self.store.remove_client(client.id).await?;
        self.downloads.woken.notify_waiters();
        Ok(rows)
    }

    pub(crate) async fn client(&self, name: &str) -> Result<ClientRow> {
        let found = self.store.client_by_name(name).await?;
        found.ok_or_else(|| AppError::not_found("download client", name))
    }
}
