//! Bringing the schema of a database up to date, and telling how it stands.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DbBackend};
use shelfread_migration::{Migrator, MigratorTrait};

use crate::Store;
use crate::error::{Result, StoreError};
use crate::sql::{self, Session, cell};

/// Two processes that migrate one PostgreSQL database at once wait for each other on this number.
const LOCK: i64 = 0x5348_454c_4652_4541;

/// How the schema of a database stands to this version of Shelfread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SchemaState {
    /// Up to date.
    Current,
    /// These migrations are to be made; all of them for an empty database.
    Behind(Vec<String>),
    /// The database knows migrations that this version does not.
    Newer(Vec<String>),
}

impl Store {
    /// Brings the schema up to date. Of several processes at once one does it, the others wait.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when a newer version made the database: nothing is written then.
    pub async fn migrate(&self) -> Result<()> {
        match self.schema_state().await? {
            SchemaState::Current => return Ok(()),
            SchemaState::Newer(unknown) => return Err(self.newer(&unknown)),
            SchemaState::Behind(_) => {}
        }
        let session = Session::new(sql::begin(&self.write).await?);
        if session.backend() == DbBackend::Postgres {
            session.query("SELECT pg_advisory_xact_lock(?)", vec![LOCK.into()]).await?;
        }
        if let SchemaState::Newer(unknown) = state(&session).await? {
            return Err(self.newer(&unknown));
        }
        let transaction = session.into_inner();
        Migrator::up(&transaction, None).await?;
        Ok(transaction.commit().await?)
    }

    /// How the schema stands. Writes nothing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn schema_state(&self) -> Result<SchemaState> {
        state(&Session::new(self.read.clone())).await
    }

    fn newer(&self, unknown: &[String]) -> StoreError {
        StoreError::Newer { url: self.url().to_owned(), unknown: unknown.join(", ") }
    }
}

async fn state<C: ConnectionTrait>(session: &Session<C>) -> Result<SchemaState> {
    let ours: Vec<_> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
    let theirs = applied(session).await?;
    let known: HashSet<_> = ours.iter().collect();
    let unknown: Vec<_> = theirs.iter().filter(|name| !known.contains(name)).cloned().collect();
    if !unknown.is_empty() {
        return Ok(SchemaState::Newer(unknown));
    }
    let pending: Vec<_> = ours.into_iter().filter(|name| !theirs.contains(name)).collect();
    Ok(if pending.is_empty() { SchemaState::Current } else { SchemaState::Behind(pending) })
}

async fn applied<C: ConnectionTrait>(session: &Session<C>) -> Result<HashSet<String>> {
    let exists = match session.backend() {
        DbBackend::Postgres => "SELECT 1 WHERE to_regclass('seaql_migrations') IS NOT NULL",
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    if session.query(exists, Vec::new()).await?.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = session.query("SELECT version FROM seaql_migrations", Vec::new()).await?;
    rows.iter().map(|row| cell(row, 0)).collect()
}
