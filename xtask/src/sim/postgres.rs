//! The same on PostgreSQL: slower, and with two programs at work on one database.
//!
//! Queries of the simulation run on a thread of their own, so that the tables can be read while
//! everything else stands still.

use anyhow::{Context, Result};
use sqlx::postgres::{PgPoolOptions, PgRow};
use sqlx::{Column, Executor, PgPool, Row, TypeInfo, ValueRef};
use tokio::runtime::Runtime;

use super::tables::{Cell, Id, Reader};

/// A connection of the simulation beside the programs that work.
pub struct Beside {
    /// There until it is dropped.
    runtime: Option<Runtime>,
    pool: PgPool,
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed where others run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Beside {
    /// Connects.
    ///
    /// # Errors
    /// What the database says.
    pub fn open(url: &str) -> Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let opening = PgPoolOptions::new().max_connections(1).connect(url);
        let pool = apart(Some(&runtime), opening).context("connecting to PostgreSQL")?;
        Ok(Self { runtime: Some(runtime), pool })
    }

    /// Runs statements.
    ///
    /// # Errors
    /// What the database says.
    pub fn execute(&self, sql: &str) -> Result<()> {
        apart(self.runtime.as_ref(), self.pool.execute(sqlx::AssertSqlSafe(sql)))
            .map(drop)
            .context("on PostgreSQL")
    }

    /// The statement that empties every table but what migrations put there.
    ///
    /// # Errors
    /// What the database says.
    pub fn emptying(&self) -> Result<String> {
        let names = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() \
                     AND tablename NOT IN ('seaql_migrations', 'leases')";
        let rows = self.rows(names)?;
        let names: Vec<String> = rows.into_iter().flatten().filter_map(text).collect();
        Ok(format!(
            "TRUNCATE {} RESTART IDENTITY; DELETE FROM leases WHERE name <> 'catalogue'",
            names.join(", ")
        ))
    }
}

fn text(cell: Cell) -> Option<String> {
    if let Cell::Text(text) = cell { Some(text) } else { None }
}

/// Waits for work that the threads of another runtime carry on.
fn apart<T>(runtime: Option<&Runtime>, work: impl Future<Output = T>) -> T {
    let _guard = runtime.map(Runtime::enter);
    futures::executor::block_on(work)
}

impl Reader for Beside {
    fn rows(&self, sql: &str) -> Result<Vec<Vec<Cell>>> {
        let rows = apart(
            self.runtime.as_ref(),
            sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.pool),
        )?;
        rows.iter().map(cells).collect()
    }
}

fn cells(row: &PgRow) -> Result<Vec<Cell>> {
    (0..row.columns().len()).map(|n| cell(row, n)).collect()
}

fn cell(row: &PgRow, n: usize) -> Result<Cell> {
    let value = row.try_get_raw(n)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let kind = row.column(n).type_info().name().to_owned();
    let bytes = value.as_bytes().map_err(anyhow::Error::from_boxed)?;
    Ok(match kind.as_str() {
        "UUID" => Cell::Id(Id::from_be_bytes(bytes.try_into()?)),
        "INT4" => Cell::Int(i32::from_be_bytes(bytes.try_into()?).into()),
        "INT8" => Cell::Int(i64::from_be_bytes(bytes.try_into()?)),
        "BOOL" => Cell::Int(bytes.first().copied().unwrap_or_default().into()),
        _ => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
    })
}
