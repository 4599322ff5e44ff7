//! Many rows in few statements.
//!
//! One text per (table, kind of write, number of rows), so that prepared statements are found
//! again: SQLite gets multi-row `VALUES` in a few fixed sizes, PostgreSQL arrays through `unnest`.
//! This module knows how to write rows of cells and no meaning of any column.

use sea_orm::{ConnectionTrait, DbBackend, Value};

use crate::error::{Result, StoreError};
use crate::sql::{Column, Rows, Session, arrays, names, unnest};

/// Sizes of chunks on SQLite: large ones for speed, small ones so that any number of rows needs
/// few statements. The largest stays below SQLite's limit of 32,766 parameters.
const CHUNKS: [usize; 4] = [250, 50, 10, 1];
/// Rows of one statement on PostgreSQL; bounds its memory.
const ARRAY_ROWS: usize = 2_000;

/// Inserts rows of these columns.
pub async fn insert<C: ConnectionTrait>(
    session: &Session<C>,
    table: &str,
    columns: &[Column],
    rows: Rows,
) -> Result<()> {
    let into = format!("INSERT{} INTO {table} ({}) ", or_fail(session.backend()), names(columns));
    for chunk in Chunks::of(session.backend(), columns, rows) {
        let sql = format!("{into}{}", chunk.source);
        session.execute_raw(sql, chunk.values).await?;
    }
    Ok(())
}

/// Updates rows: the first `key` columns find the row, the others are set.
///
/// # Errors
/// [`StoreError::Stale`] when a row is not there.
pub async fn update<C: ConnectionTrait>(
    session: &Session<C>,
    table: &'static str,
    key: usize,
    columns: &[Column],
    rows: Rows,
) -> Result<()> {
    let (expected, mut found) = (rows.len() as u64, 0);
    for chunk in Chunks::of(session.backend(), columns, rows) {
        let sql = update_text(session.backend(), table, key, columns, &chunk.source);
        found += session.execute_raw(sql, chunk.values).await?;
    }
    expect(table, expected, found)
}

fn update_text(
    backend: DbBackend,
    table: &str,
    key: usize,
    columns: &[Column],
    source: &str,
) -> String {
    // The sign keeps SQLite from building an index on the new values and scanning the whole table
    // against it, which it otherwise prefers to looking up each row.
    let sign = if backend == DbBackend::Sqlite { "+" } else { "" };
    let (key, set) = columns.split_at(key);
    let on: Vec<_> = key.iter().map(|(k, _)| format!("{table}.{k} = {sign}v.{k}")).collect();
    let set: Vec<_> = set.iter().map(|(name, _)| format!("{name} = v.{name}")).collect();
    let (names, set, on) = (names(columns), set.join(", "), on.join(" AND "));
    let or_fail = or_fail(backend);
    format!("WITH v({names}) AS ({source}) UPDATE{or_fail} {table} SET {set} FROM v WHERE {on}")
}

/// After an error the whole batch is dropped, so SQLite need not remember how to take back the one
/// statement that failed: it would copy every page before it changes it.
const fn or_fail(backend: DbBackend) -> &'static str {
    if matches!(backend, DbBackend::Sqlite) { " OR FAIL" } else { "" }
}

/// Deletes rows by their keys.
///
/// # Errors
/// [`StoreError::Stale`] when a row is not there.
pub async fn delete<C: ConnectionTrait>(
    session: &Session<C>,
    table: &'static str,
    key: &[Column],
    rows: &Rows,
) -> Result<()> {
    let names = names(key);
    let sql = format!("DELETE FROM {table} WHERE ({names}) IN (SELECT {names} FROM {{k}})");
    let found = session.execute_keys(&sql, key, rows, []).await?;
    expect(table, rows.len() as u64, found)
}

/// Fails unless as many rows were met as the plan knew.
pub const fn expect(table: &'static str, expected: u64, found: u64) -> Result<()> {
    if expected == found { Ok(()) } else { Err(StoreError::Stale { table, expected, found }) }
}

/// Some rows as the source of one statement.
struct Chunk {
    source: String,
    values: Vec<Value>,
}

/// Cuts rows into the sizes that have prepared statements.
struct Chunks<'a> {
    backend: DbBackend,
    columns: &'a [Column],
    left: usize,
    cells: std::vec::IntoIter<Value>,
}

impl<'a> Chunks<'a> {
    fn of(backend: DbBackend, columns: &'a [Column], rows: Rows) -> Self {
        Self { backend, columns, left: rows.len(), cells: rows.cells.into_iter() }
    }

    fn take(&mut self, rows: usize) -> Vec<Value> {
        self.left -= rows;
        self.cells.by_ref().take(rows * self.columns.len()).collect()
    }
}

impl Iterator for Chunks<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        if self.backend == DbBackend::Postgres {
            let rows = Some(self.left.min(ARRAY_ROWS)).filter(|rows| *rows > 0)?;
            let source = format!("SELECT * FROM {}", unnest(self.columns));
            let cells = self.take(rows);
            return Some(Chunk { source, values: arrays(self.columns.len(), &cells) });
        }
        let rows = CHUNKS.into_iter().find(|size| *size <= self.left)?;
        Some(Chunk { source: values(self.columns.len(), rows), values: self.take(rows) })
    }
}

/// `VALUES (?,?),(?,?)…`
fn values(width: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; width].join(","));
    format!("VALUES {}", vec![row; rows].join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::downloads::DOWNLOADS;
    use crate::mapping::{EXTERNAL_IDS, ITEMS, LISTINGS, PROGRESS};
    use crate::sql::{Ty, cell};

    /// SQLite decides by the text alone how it finds the rows; a scan of the table for every chunk
    /// is nothing that a small test would notice.
    #[tokio::test]
    async fn updates_look_rows_up() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/x.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let session = Session::new(store.read.clone());
        for (table, key, column) in [
            (ITEMS.table, ITEMS.key_columns(), ("year", Ty::Int)),
            (LISTINGS.table, LISTINGS.key_columns(), ("remote_id", Ty::Text)),
            (EXTERNAL_IDS.table, EXTERNAL_IDS.key_columns(), ("item_id", Ty::Uuid)),
            (PROGRESS.table, PROGRESS.key_columns(), ("played", Ty::Bool)),
            (DOWNLOADS.table, DOWNLOADS.key_columns(), ("progress", Ty::Int)),
        ] {
            let columns = [key, &[column]].concat();
            for rows in CHUNKS {
                let source = values(columns.len(), rows);
                let sql = update_text(DbBackend::Sqlite, table, key.len(), &columns, &source);
                let explain = format!("EXPLAIN QUERY PLAN {sql}");
                let plan = session.query(&explain, Vec::new()).await.unwrap();
                let steps: Vec<String> = plan.iter().map(|row| cell(row, 3).unwrap()).collect();
                let looks_up = steps.iter().any(|s| s.starts_with(&format!("SEARCH {table} ")));
                assert!(looks_up, "{rows} rows of {table}: {steps:?}");
            }
        }
    }
}
