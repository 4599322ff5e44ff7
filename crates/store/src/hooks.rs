//! What webhooks need: the secrets that they must bring, encrypted like tokens, and where the
//! objects that they name are listed.

use std::collections::HashMap;

use secrecy::SecretString;
use shelfread_domain::id::ClientId;
use shelfread_domain::{LibraryId, RemoteId, SourceId};
use uuid::Uuid;

use crate::Store;
use crate::error::Result;
use crate::sources::found;
use crate::sql::{Rows, Select, Session, Ty, cell};

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

    /// Which of these libraries list these objects.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listed_in(
        &self,
        libraries: &[LibraryId],
        ids: &[RemoteId],
    ) -> Result<HashMap<RemoteId, Vec<LibraryId>>> {
        let listed = Select {
            columns: "l.remote_id, l.library_id",
            table: "listings l",
            on: "l.library_id = k.a AND l.remote_id = k.b AND l.part = 0",
        };
        let pairs = libraries.iter().flat_map(|l| ids.iter().map(move |id| (l.0, id.as_str())));
        let mut keys = Rows::new(2, libraries.len() * ids.len());
        pairs.for_each(|(library, id)| keys.cells.extend([library.into(), id.into()]));
        let session = Session::new(self.read.clone());
        let columns = [("a", Ty::Uuid), ("b", Ty::Text)];
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in session.look_up(listed, &columns, &keys, []).await? {
            let (id, library) = (RemoteId(cell(&row, 0)?), LibraryId(cell(&row, 1)?));
            found.entry(id).or_default().push(library);
        }
        Ok(found)
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
