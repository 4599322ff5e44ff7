//! A batch: one transaction in which a part of the catalogue is read, planned and written.
//!
//! One batch at a time is open per catalogue, whatever the number of processes: SQLite has one
//! writer; on PostgreSQL every batch first locks one row. So two sources that meet the same new
//! film make one item. A batch that failed once can only be dropped, on both databases.

use std::sync::Arc;

use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use tokio::sync::Notify;

use crate::Store;
use crate::error::{Result, StoreError};
use crate::lease::Lease;
use crate::sql::{self, Session, cell};

/// The lease row that nobody holds and every batch locks.
pub(crate) const CATALOGUE: &str = "catalogue";

/// An open transaction on the catalogue. Dropping it takes everything back.
#[derive(Debug)]
pub struct Batch {
    pub(crate) session: Session<DatabaseTransaction>,
    /// The next place in the journal of a run.
    pub(crate) seq: Option<(shelfread_domain::RunId, i64)>,
    /// Whom to tell of events once they are there for all.
    news: Option<Arc<Notify>>,
    /// Whether it has any.
    pub(crate) has_news: bool,
    failed: bool,
}

impl Store {
    /// Begins a batch. With a lease, it fails when another process has taken the lease over, and
    /// nobody can take it over until the batch ends.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], [`StoreError::Busy`] when another batch takes too long, and what
    /// the database says.
    pub fn begin<'a>(&'a self, lease: Option<&'a Lease>) -> BoxFuture<'a, Result<Batch>> {
        Box::pin(async move {
            let session = Session::new(sql::begin(&self.write).await?);
            if session.backend() == DbBackend::Postgres {
                // A plan for a table that was empty when it was made must not read it whole later,
                // not even in the check of a foreign key.
                session.conn().execute_unprepared("SET LOCAL enable_seqscan = off").await?;
            }
            lock_catalogue(&session).await?;
            if let Some(lease) = lease {
                check_lease(&session, lease).await?;
            }
            let news = Some(Arc::clone(&self.news));
            Ok(Batch { session, seq: None, news, has_news: false, failed: false })
        })
    }
}

/// Waits until no other batch is open. Fails closed: without the row there is no lock.
pub(crate) async fn lock_catalogue(session: &Session<DatabaseTransaction>) -> Result<()> {
    if session.backend() != DbBackend::Postgres {
        return Ok(());
    }
    let sql = "SELECT name FROM leases WHERE name = ? FOR UPDATE";
    let rows = session.query(sql, vec![CATALOGUE.into()]).await?;
    match rows.is_empty() {
        true => Err(StoreError::corrupt("the row 'catalogue' is missing", "table leases")),
        false => Ok(()),
    }
}

async fn check_lease(session: &Session<DatabaseTransaction>, lease: &Lease) -> Result<()> {
    let lock = if session.backend() == DbBackend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT owner, fencing_token FROM leases WHERE name = ?{lock}");
    let rows = session.query(&sql, vec![lease.name.as_str().into()]).await?;
    let holds = match rows.first() {
        Some(row) => {
            cell::<String>(row, 0)? == lease.owner && cell::<i64>(row, 1)? == lease.fencing_token
        }
        None => false,
    };
    if holds { Ok(()) } else { Err(StoreError::LeaseLost { name: lease.name.clone() }) }
}

impl Batch {
    /// Reads within a transaction that writes nothing.
    pub(crate) const fn over(session: Session<DatabaseTransaction>) -> Self {
        Self { session, seq: None, news: None, has_news: false, failed: false }
    }

    /// Makes everything durable at once.
    ///
    /// # Errors
    /// [`StoreError::BatchFailed`] after a write of this batch failed, and what the database says.
    pub fn commit(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            if self.failed {
                return Err(StoreError::BatchFailed);
            }
            self.session.into_inner().commit().await?;
            if let Some(news) = self.news.filter(|_| self.has_news) {
                news.notify_one();
            }
            Ok(())
        })
    }

    /// Takes everything back and waits until it is. Dropping does the same in the background.
    ///
    /// # Errors
    /// What the database says.
    pub fn rollback(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move { Ok(self.session.into_inner().rollback().await?) })
    }

    /// Whether PostgreSQL plans every query for its keys and the tables as they are now. It must for
    /// finding rows: a plan from when the tables were small takes any index for as good as another.
    /// It must not for writing, where it would plan the check of each foreign key of each row.
    pub(crate) async fn plan_afresh(&self, afresh: bool) -> Result<()> {
        if self.session.backend() == DbBackend::Postgres {
            let mode = if afresh { "force_custom_plan" } else { "auto" };
            let sql = format!("SET LOCAL plan_cache_mode = {mode}");
            self.session.conn().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    /// How many statements this batch has run.
    pub fn statements(&self) -> u64 {
        self.session.statements()
    }

    /// Remembers a failure: after it PostgreSQL takes no further statement, so SQLite must not
    /// either.
    pub(crate) fn guard<T>(&mut self, result: Result<T>) -> Result<T> {
        self.failed |= result.is_err();
        result
    }

    pub(crate) const fn check(&self) -> Result<()> {
        if self.failed { Err(StoreError::BatchFailed) } else { Ok(()) }
    }

    /// The place of the next `count` entries in the journal of a run.
    pub(crate) async fn take_seq(
        &mut self,
        run: shelfread_domain::RunId,
        count: usize,
    ) -> Result<i64> {
        let first = match self.seq {
            Some((known, next)) if known == run => next,
            _ => {
                let sql = "SELECT COALESCE(MAX(seq), 0) + 1 FROM run_changes WHERE run_id = ?";
                let rows = self.session.query(sql, vec![Value::from(run.0)]).await?;
                rows.first().map_or(Ok(1), |row| cell(row, 0))?
            }
        };
        self.seq = Some((run, first + i64::try_from(count).unwrap_or(i64::MAX)));
        Ok(first)
    }
}
