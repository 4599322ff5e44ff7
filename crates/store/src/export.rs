//! Export: the catalogue as it is at one moment, page by page. A reader of its own, so that nobody
//! who writes waits for it. And a copy of the whole database, where the database can make one.

use std::path::Path;

use sea_orm::{AccessMode, DbBackend, IsolationLevel, TransactionOptions, TransactionTrait, Value};
use shelfread_domain::{ItemId, Known};
use uuid::Uuid;

use crate::Store;
use crate::batch::Batch;
use crate::error::{Result, StoreError};
use crate::sql::{Session, cell};

/// Which items a page has. Those that others hang on come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Films and shows.
    Tops,
    /// Seasons, those of one show together.
    Seasons,
    /// Episodes, those of one show together.
    Episodes,
}

impl Level {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Tops, Self::Seasons, Self::Episodes];

    const fn kinds(self) -> &'static str {
        match self {
            Self::Tops => "kind IN ('movie', 'show') AND parent_id IS NULL",
            Self::Seasons => "kind = 'season'",
            Self::Episodes => "kind = 'episode'",
        }
    }
}

/// The catalogue as it was when this was made.
#[derive(Debug)]
pub struct Snapshot(Batch);

impl Store {
    /// A view of the catalogue that does not change, whatever is written meanwhile.
    ///
    /// # Errors
    /// What the database says.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let postgres = self.backend() == DbBackend::Postgres;
        let options = TransactionOptions {
            isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: postgres.then_some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        };
        let transaction = self.read.begin_with_options(options).await?;
        Ok(Snapshot(Batch::over(Session::new(transaction))))
    }

    /// Copies the database into a new file while everybody goes on working; `false` where the
    /// database has a program of its own for that (PostgreSQL).
    ///
    /// # Errors
    /// [`StoreError::Database`] when the file cannot be written; what the database says.
    pub async fn copy_to(&self, file: &Path) -> Result<bool> {
        if self.backend() != DbBackend::Sqlite {
            return Ok(false);
        }
        let name = file.to_str();
        let name = name.ok_or_else(|| StoreError::Database("the path is not UTF-8".to_owned()))?;
        let session = Session::new(self.write.clone());
        session.execute("VACUUM INTO ?", vec![Value::from(name)]).await?;
        Ok(true)
    }
}

impl Snapshot {
    /// The ids of a page of items behind the one that the page before ended with.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ids(
        &self,
        level: Level,
        after: Option<(Uuid, ItemId)>,
        limit: u64,
    ) -> Result<Vec<(Uuid, ItemId)>> {
        let kinds = level.kinds();
        let (parent, id) = after.map_or((Uuid::nil(), Uuid::nil()), |(p, id)| (p, id.0));
        let limit = Value::from(i64::try_from(limit).unwrap_or(i64::MAX));
        let (sql, values) = match level {
            Level::Tops => (
                format!("SELECT id, id FROM items WHERE {kinds} AND id > ? ORDER BY id LIMIT ?"),
                vec![id.into(), limit],
            ),
            Level::Seasons | Level::Episodes => (
                format!(
                    "SELECT parent_id, id FROM items WHERE parent_id IS NOT NULL AND {kinds} \
                     AND (parent_id, id) > (?, ?) ORDER BY parent_id, id LIMIT ?"
                ),
                vec![parent.into(), id.into(), limit],
            ),
        };
        let rows = self.0.session.query(&sql, values).await?;
        rows.iter().map(|row| Ok((cell(row, 0)?, ItemId(cell(row, 1)?)))).collect()
    }

    /// Items with all that hangs on them but their children.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(&mut self, items: &[ItemId]) -> Result<Known> {
        self.0.load_whole(items).await
    }
}
