//! Counts the rows that a program writes to a SQLite database, by triggers: every insert, update
//! and delete, also one that changes nothing. Slows the program down, so what is counted is not
//! timed.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::Connection;

/// Tables that hold the record of a run itself and a few rows for each library, and that any run
/// may write.
const BOOKKEEPING: &[&str] =
    &["seaql_migrations", "sources", "libraries", "viewers", "runs", "leases"];

const COUNTER: &str = "bench_written";

/// Makes a closed database count what is written to it from now on.
///
/// # Errors
/// When it cannot be opened or changed.
pub fn count_from_now(database: &Path) -> Result<()> {
    let connection = open(database)?;
    let tables = tables(&connection)?;
    connection.execute_batch(&format!(
        "CREATE TABLE {COUNTER} (rows INTEGER NOT NULL); INSERT INTO {COUNTER} VALUES (0);"
    ))?;
    for table in tables {
        for verb in ["INSERT", "UPDATE", "DELETE"] {
            connection.execute_batch(&format!(
                "CREATE TRIGGER bench_{table}_{verb} AFTER {verb} ON \"{table}\"
                 BEGIN UPDATE {COUNTER} SET rows = rows + 1; END;"
            ))?;
        }
    }
    Ok(())
}

/// How many rows were written since [`count_from_now`].
///
/// # Errors
/// When the database cannot be read or does not count.
pub fn written(database: &Path) -> Result<u64> {
    let sql = format!("SELECT rows FROM {COUNTER}");
    let rows: i64 = open(database)?.query_row(&sql, [], |row| row.get(0))?;
    Ok(rows.unsigned_abs())
}

fn tables(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )?;
    let names = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(names.into_iter().filter(|name| !BOOKKEEPING.contains(&name.as_str())).collect())
}

fn open(database: &Path) -> Result<Connection> {
    Connection::open(database).with_context(|| format!("opening {}", database.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_write_counts_but_those_of_the_run_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE runs (a); CREATE TABLE items (a INTEGER PRIMARY KEY);
                 CREATE TABLE listings (a REFERENCES items ON DELETE CASCADE);
                 INSERT INTO items VALUES (0);",
            )
            .unwrap();
        count_from_now(&path).unwrap();
        connection
            .execute_batch(
                "INSERT INTO runs VALUES (1);
                 INSERT INTO items VALUES (1); INSERT INTO listings VALUES (1);
                 UPDATE items SET a = a; PRAGMA foreign_keys = ON; DELETE FROM items;",
            )
            .unwrap();
        assert_eq!(written(&path).unwrap(), 2 + 2 + 2 + 1);
    }
}
