//! Download clients: added, changed, tested, forgotten.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};
use shelfread_domain::download::{Away, ClientIdentity, ClientKind};
use shelfread_domain::id::ClientId;
use shelfread_domain::port::SourceError;
use shelfread_store::{ClientRow, ManagedBy};
use utoipa::ToSchema;
use uuid::Uuid;

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

/// A download client as programs and people see it: never with its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClientView {
    /// Its id.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// Which program it is.
    pub kind: ClientKind,
    /// Its address.
    pub url: String,
    /// Whatever else its adapter needs.
    pub settings: Map<String, Value>,
    /// Whether it has a password or API key.
    pub has_password: bool,
    /// Whether it is asked.
    pub enabled: bool,
    /// `file` when the configuration declares it, else `person`.
    pub managed_by: &'static str,
    /// Since when and why nothing is known of its transfers.
    pub away: Option<Away>,
}

impl ClientView {
    /// The view of a configured client.
    pub fn of(c: &ClientRow) -> Self {
        Self {
            id: c.id,
            name: c.name.clone(),
            kind: c.kind,
            url: crate::sources::shown_address(&c.url),
            settings: crate::sources::shown_settings(&c.settings),
            has_password: c.secret.is_some() || c.secret_problem.is_some(),
            enabled: c.enabled,
            managed_by: c.managed_by.as_str(),
            away: c.away.clone(),
        }
    }
}

/// Who a client is, as it says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TestedClient {
    /// Its name here.
    pub client: String,
    /// Which program answers.
    pub kind: ClientKind,
    /// Its version.
    pub version: String,
    /// The version of the protocol that it speaks.
    pub protocol: String,
}

/// What a person wants of a client. Absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ClientChange {
    /// Another name.
    pub name: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// Its user's name.
    pub username: Option<String>,
    /// Its password or API key.
    pub password: Option<SecretString>,
    /// Whether it is asked.
    pub enabled: Option<bool>,
}

impl ClientChange {
    fn apply(&self, mut row: ClientRow) -> ClientRow {
        if let Some(name) = &self.name {
            row.name.clone_from(name);
        }
        if let Some(url) = &self.url {
            row.url.clone_from(url);
        }
        if let (Some(name), Value::Object(settings)) = (&self.username, &mut row.settings) {
            settings.insert("username".to_owned(), Value::from(name.as_str()));
        }
        if let Some(password) = &self.password {
            (row.secret, row.secret_problem) = (Some(password.clone()), None);
        }
        row.enabled = self.enabled.unwrap_or(row.enabled);
        row
    }
}

impl App {
    /// The download clients, in the order of their priority.
    ///
    /// # Errors
    /// What the database says.
    pub async fn clients(&self) -> Result<Vec<ClientView>> {
        Ok(self.store.clients().await?.iter().map(ClientView::of).collect())
    }

    /// One download client.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; what the database says.
    pub async fn client_view(&self, name: &str) -> Result<ClientView> {
        Ok(ClientView::of(&self.client(name).await?))
    }

    /// Adds a client. Makes no request.
    ///
    /// # Errors
    /// [`AppError::Taken`]; when it cannot work so; what the database says.
    pub async fn add_client(
        &self,
        name: &str,
        kind: ClientKind,
        change: &ClientChange,
    ) -> Result<ClientView> {
        if self.store.client_by_name(name).await?.is_some() {
            return Err(AppError::taken("download client", name));
        }
        let last = self.store.clients().await?.iter().map(|c| c.priority).max();
        let new = new_client(ClientId(Uuid::now_v7()), name, kind, ManagedBy::Person);
        let priority = last.unwrap_or(0).saturating_add(10);
        let row = change.apply(ClientRow { priority, ..new });
        self.save_client(&row).await?;
        Ok(ClientView::of(&row))
    }

    /// Changes a client. Makes no request.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Declared`] when the configuration decides about it; when
    /// it cannot work so or its new name is another one's; [`AppError::Changed`]; what the
    /// database says.
    pub async fn change_client(&self, name: &str, change: &ClientChange) -> Result<ClientView> {
        let _one = self.editing.lock().await;
        let known = self.client(name).await?;
        self.expect("download client", name, &ClientView::of(&known))?;
        if known.managed_by == ManagedBy::File {
            return Err(AppError::Declared(name.to_owned()));
        }
        let row = change.apply(known);
        self.save_client(&row).await?;
        Ok(ClientView::of(&row))
    }

    /// Asks a client who it is, and brings its queue up to date: one that answers is not away.
    ///
    /// # Errors
    /// As [`App::test_client`].
    pub async fn ask_client(&self, name: &str) -> Result<TestedClient> {
        let found = self.test_client(name).await?;
        let client = self.client(name).await?;
        self.look(client.id).await?;
        Ok(TestedClient {
            client: client.name,
            kind: found.kind,
            version: found.version,
            protocol: found.protocol,
        })
    }

    /// Adds or changes a client. Makes no request; but an address that cannot work is refused.
    ///
    /// # Errors
    /// When the client cannot work as it is, another one has its name, or the database failed.
    pub fn save_client<'a>(&'a self, row: &'a ClientRow) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if row.name.is_empty() || row.name.contains('/') {
                return Err(AppError::Usage(
                    "a download client needs a name without `/`".to_owned(),
                ));
            }
            let other = self.store.client_by_name(&row.name).await?;
            if other.is_some_and(|other| other.id != row.id) {
                return Err(AppError::taken("download client", &row.name));
            }
            let named = |error: SourceError| AppError::Usage(format!("'{}': {error}", row.name));
            self.downloads.factory.open(row).map_err(named)?;
            Ok(self.store.put_client(row, self.clock.now()).await?)
        })
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
    pub fn try_client<'a>(
        &'a self,
        client: &'a ClientRow,
    ) -> BoxFuture<'a, Result<ClientIdentity>> {
        Box::pin(async move {
            let named = |error| AppError::client(&client.name, error);
            let adapter = self.downloads.factory.open(client).map_err(named)?;
            adapter.test().await.map_err(named)
        })
    }

    /// Forgets a client with its queue, and gives how many rows that had. Its transfers go on and
    /// its history stays.
    ///
    /// # Errors
    /// When there is no such client; [`AppError::Changed`]; what the database says.
    pub async fn remove_client(&self, name: &str) -> Result<u64> {
        let _one = self.editing.lock().await;
        let client = self.client(name).await?;
        self.expect("download client", name, &ClientView::of(&client))?;
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
