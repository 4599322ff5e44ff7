//! The secrets that webhooks of sources and download clients must bring, encrypted like tokens.

use secrecy::SecretString;
use shelfread_domain::SourceId;
use shelfread_domain::id::ClientId;
use uuid::Uuid;

use crate::Store;
use crate::error::Result;
use crate::sources::found;
use crate::sql::{Session, cell};

impl Store {
    /// The secret of the webhooks of a source; `None` when it has none yet.
    ///
    /// # Errors
    /// [`StoreError::Key`](crate::StoreError::Key) when it cannot be read; what the database says.
    pub async fn source_hook_secret(&self, id: SourceId) -> Result<Option<SecretString>> {
        self.hook_secret("sources", id.0).await
    }

    /// Sets or takes away the secret of the webhooks of a source. Writes nothing when it is as it
    /// was.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound); what the database says.
    pub async fn set_source_hook_secret(
        &self,
        id: SourceId,
        secret: Option<&SecretString>,
    ) -> Result<()> {
        self.set_hook_secret("sources", id.0, secret).await
    }

    /// The secret of the webhooks of a download client.
    ///
    /// # Errors
    /// As [`Store::source_hook_secret`].
    pub async fn client_hook_secret(&self, id: ClientId) -> Result<Option<SecretString>> {
        self.hook_secret("download_clients", id.0).await
    }

    /// Sets or takes away the secret of the webhooks of a download client.
    ///
    /// # Errors
    /// As [`Store::set_source_hook_secret`].
    pub async fn set_client_hook_secret(
        &self,
        id: ClientId,
        secret: Option<&SecretString>,
    ) -> Result<()> {
        self.set_hook_secret("download_clients", id.0, secret).await
    }

    async fn hook_secret(&self, table: &'static str, id: Uuid) -> Result<Option<SecretString>> {
        let sealed = self.sealed_hook_secret(table, id).await?;
        self.unsealed(&scope(table), id, sealed.as_deref())
    }

    async fn sealed_hook_secret(&self, table: &'static str, id: Uuid) -> Result<Option<Vec<u8>>> {
        let sql = format!("SELECT hook_secret FROM {table} WHERE id = ?");
        let rows = Session::new(self.write.clone()).query(&sql, vec![id.into()]).await?;
        rows.first().map_or(Ok(None), |row| cell(row, 0))
    }

    async fn set_hook_secret(
        &self,
        table: &'static str,
        id: Uuid,
        secret: Option<&SecretString>,
    ) -> Result<()> {
        let old = self.sealed_hook_secret(table, id).await?;
        if self.is_same_secret(&scope(table), id, old.as_deref(), secret) {
            return Ok(());
        }
        let sealed = self.sealed(&scope(table), id, secret)?;
        let sql = format!("UPDATE {table} SET hook_secret = ? WHERE id = ?");
        let values = vec![sealed.into(), id.into()];
        let done = Session::new(self.write.clone()).execute(&sql, values).await?;
        found(done, "source or client", id)
    }
}

/// A hook's secret cannot be put in the place of a token, nor the other way round.
fn scope(table: &str) -> String {
    format!("{table}.hook_secret")
}
