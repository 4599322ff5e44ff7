//! Opening the database: addresses, pools and the settings of connections.
//!
//! SQLite gets one connection that writes, whose caches stay warm from batch to batch, and a few
//! that only read and cannot write. PostgreSQL gets one pool for both.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqlxPostgresConnector, SqlxSqliteConnector,
};
use sqlx::ConnectOptions;
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::Notify;
use url::Url;

use crate::error::{Result, StoreError};
use crate::vault::Vault;

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(30);
/// Prepared statements per connection; each kind of bulk write has a handful of sizes.
const STATEMENTS: usize = 256;
/// Rows that wait between SQLite's thread and ours: switching for every few of them costs more
/// than reading them.
const ROWS: usize = 1_000;
/// What the writer keeps of the database at hand: 8 MB, which SQLite takes as KiB below zero.
const CACHE: i32 = -8_000;
const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 8;

/// The database of a catalogue. Cloning is cheap: all clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) write: DatabaseConnection,
    pub(crate) read: DatabaseConnection,
    pub(crate) vault: Option<Arc<Vault>>,
    /// Told when events of this process are there to be read.
    pub(crate) news: Arc<Notify>,
    url: Arc<str>,
}

impl Store {
    /// Opens `sqlite://PATH` (made with its folder when missing) or `postgres://…`. Reads and
    /// writes no table: see [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Address`] and [`StoreError::Unavailable`]; never with a password in them.
    pub async fn open(url: &str) -> Result<Self> {
        let shown: Arc<str> = redacted(url).into();
        let opened = match url.split_once(':') {
            Some(("sqlite", _)) => open_sqlite(url, &shown).await,
            Some(("postgres" | "postgresql", _)) => open_postgres(url, &shown).await,
            _ => Err(StoreError::Address {
                url: shown.to_string(),
                reason: "it does not begin with sqlite: or postgres:".into(),
            }),
        };
        let (write, read) = opened?;
        Ok(Self { write, read, vault: None, news: Arc::default(), url: shown })
    }

    /// Reads and writes the secrets of sources with this vault.
    #[must_use]
    pub fn with_vault(mut self, vault: Vault) -> Self {
        self.vault = Some(Arc::new(vault));
        self
    }

    /// Calls this after each statement of what writes, for whoever stops the program between two
    /// of them.
    #[must_use]
    pub fn watched(mut self, after: impl Fn() + Send + Sync + 'static) -> Self {
        self.write.set_metric_callback(move |_| after());
        self
    }

    /// The address without its password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Which database it is.
    pub(crate) fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Whether the writer keeps more of the database at hand, as it should while most of its rows
    /// are written anew, in no order that they lie in. PostgreSQL has its own mind about that.
    ///
    /// # Errors
    /// What the database says.
    pub async fn expect_rewriting(&self, rewriting: bool) -> Result<()> {
        if self.write.get_database_backend() == DbBackend::Sqlite {
            let size = if rewriting { 2 * CACHE } else { CACHE };
            self.write.execute_unprepared(&format!("PRAGMA cache_size = {size}")).await?;
        }
        Ok(())
    }

    /// Waits until every connection is closed; SQLite then folds its log into the file.
    ///
    /// # Errors
    /// What the database says.
    pub async fn close(self) -> Result<()> {
        self.read.close().await?;
        Ok(self.write.close().await?)
    }
}

/// The address as it may be shown: without password and parameters.
pub fn redacted(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut shown) if shown.has_host() && shown.scheme() != "sqlite" => {
            if shown.password().is_some() {
                // Fails only for addresses that cannot have a password.
                let _ = shown.set_password(Some("***"));
            }
            shown.set_query(None);
            shown.set_fragment(None);
            shown.into()
        }
        _ if url.starts_with("sqlite:") => url.split('?').next().unwrap_or_default().to_owned(),
        _ => format!("{}:…", url.split(':').next().unwrap_or_default()),
    }
}

async fn open_sqlite(url: &str, shown: &str) -> Result<(DatabaseConnection, DatabaseConnection)> {
    let address = |reason: String| StoreError::Address { url: shown.to_owned(), reason };
    let options = SqliteConnectOptions::from_str(url).map_err(|e| address(e.to_string()))?;
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(address("the database needs a file".into()));
    }
    let unavailable = |reason: String| StoreError::Unavailable { url: shown.to_owned(), reason };
    if let Some(folder) = options.get_filename().parent().filter(|f| *f != Path::new("")) {
        std::fs::create_dir_all(folder).map_err(|e| unavailable(e.to_string()))?;
    }
    let options = options
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(PATIENCE)
        .statement_cache_capacity(STATEMENTS)
        .row_buffer_size(ROWS)
        .pragma("cache_size", CACHE.to_string())
        // 64 MiB: a page that is written again and again goes into the database only now and then.
        .pragma("wal_autocheckpoint", "16000")
        .disable_statement_logging();
    let pool = |connections| {
        PoolOptions::<sqlx::Sqlite>::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let write = pool(1).connect_with(options.clone()).await;
    let write = write.map_err(|e| unavailable(e.to_string()))?;
    // Readers scan once; a cache of theirs only costs memory beside the writer's.
    let readers = options.pragma("query_only", "ON").pragma("cache_size", "-2000");
    let read = pool(READERS).connect_lazy_with(readers);
    Ok((
        SqlxSqliteConnector::from_sqlx_sqlite_pool(write),
        SqlxSqliteConnector::from_sqlx_sqlite_pool(read),
    ))
}

async fn open_postgres(url: &str, shown: &str) -> Result<(DatabaseConnection, DatabaseConnection)> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|e| StoreError::Address { url: shown.to_owned(), reason: e.to_string() })?
        .application_name("shelfread")
        .options([("jit", "off")])
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let pool = PoolOptions::<sqlx::Postgres>::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await
        .map_err(|e| StoreError::Unavailable { url: shown.to_owned(), reason: e.to_string() })?;
    let conn = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok((conn.clone(), conn))
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, shown) in [
            ("postgres://anna:s3cret@db:5432/x?sslmode=require", "postgres://anna:***@db:5432/x"),
            ("postgres://anna@db/x?password=s3cret", "postgres://anna@db/x"),
            ("postgres://anna:s3cret@[bad", "postgres:…"),
            ("sqlite://data/shelfread.db?mode=rwc", "sqlite://data/shelfread.db"),
            ("mysql://anna:s3cret@db/x", "mysql://anna:***@db/x"),
            ("", ":…"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
