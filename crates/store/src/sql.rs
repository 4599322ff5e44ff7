//! How statements are written and run.
//!
//! Every statement is one fixed text with placeholders, so that the drivers' caches of prepared
//! statements hit; nothing from outside is ever part of a text. A list of keys is one parameter
//! (JSON on SQLite, arrays on PostgreSQL), whatever its length. This module knows the two dialects
//! and no table.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, Statement,
    TransactionOptions, TransactionTrait, Value,
};

use crate::error::Result;
use crate::line::{Gathered, Line, Stored, as_page, lines};

/// The type of a column, as far as parameters must know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ty {
    Uuid,
    Text,
    Int,
    Big,
    Bool,
    Date,
    Time,
    Json,
}

impl Ty {
    const fn postgres(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Int => "int4",
            Self::Big => "int8",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Time => "timestamptz",
            Self::Json => "jsonb",
        }
    }
}

/// A column of a key list or of a bulk write.
pub type Column = (&'static str, Ty);

/// Rows of cells, all of the same width.
#[derive(Debug, Default)]
pub struct Rows {
    pub width: usize,
    pub cells: Vec<Value>,
}

impl Rows {
    pub fn new(width: usize, rows: usize) -> Self {
        Self { width, cells: Vec::with_capacity(width * rows) }
    }

    /// Rows of one column.
    pub fn single<T: Into<Value>>(values: impl IntoIterator<Item = T>) -> Self {
        Self { width: 1, cells: values.into_iter().map(Into::into).collect() }
    }

    pub fn len(&self) -> usize {
        self.cells.len() / self.width.max(1)
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// The source `{k}` of a statement that takes a list of keys: a table `k` with these columns.
pub fn keys(backend: DbBackend, columns: &[Column]) -> String {
    let mut sql = String::new();
    if backend == DbBackend::Postgres {
        sql.push_str(&unnest(columns));
        sql.push_str(" AS k(");
        sql.push_str(&names(columns));
        sql.push(')');
        return sql;
    }
    sql.push_str("(SELECT ");
    for (i, (name, ty)) in columns.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        let _ = match ty {
            Ty::Uuid => write!(sql, "{comma}unhex(value ->> {i}) AS {name}"),
            _ => write!(sql, "{comma}value ->> {i} AS {name}"),
        };
    }
    sql.push_str(" FROM json_each(?)) AS k");
    sql
}

/// `unnest($1::uuid[], …)`: rows from one array per column. The arrays travel as text, because
/// the array values of the query builder cannot hold NULL.
pub fn unnest(columns: &[Column]) -> String {
    let mut sql = String::from("unnest(");
    for (i, (_, ty)) in columns.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}CAST(CAST(${} AS text) AS {}[])", i + 1, ty.postgres());
    }
    sql.push(')');
    sql
}

/// The names of columns, separated by commas.
pub fn names(columns: &[Column]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The parameters for [`keys`].
pub fn key_values(backend: DbBackend, rows: &Rows) -> Vec<Value> {
    if backend == DbBackend::Postgres {
        return arrays(rows.width, &rows.cells);
    }
    let mut json = String::from("[");
    for (i, row) in rows.cells.chunks(rows.width).enumerate() {
        json.push_str(if i == 0 { "[" } else { ",[" });
        for (j, cell) in row.iter().enumerate() {
            if j > 0 {
                json.push(',');
            }
            push_json(&mut json, cell);
        }
        json.push(']');
    }
    json.push(']');
    vec![json.into()]
}

fn push_json(json: &mut String, cell: &Value) {
    let _ = match cell {
        Value::Uuid(Some(id)) => write!(json, "\"{}\"", id.simple()),
        Value::String(Some(text)) => {
            json.push_str(&serde_json::Value::String(text.clone()).to_string());
            Ok(())
        }
        Value::Int(Some(n)) => write!(json, "{n}"),
        Value::BigInt(Some(n)) => write!(json, "{n}"),
        Value::ChronoDate(Some(date)) => write!(json, "\"{date}\""),
        _ => json.write_str("null"),
    };
}

/// One array literal per column, from rows.
pub fn arrays(width: usize, cells: &[Value]) -> Vec<Value> {
    (0..width)
        .map(|column| {
            let mut text = String::from("{");
            for (i, cell) in cells.iter().skip(column).step_by(width).enumerate() {
                if i > 0 {
                    text.push(',');
                }
                push_element(&mut text, cell);
            }
            text.push('}');
            text.into()
        })
        .collect()
}

fn push_element(text: &mut String, cell: &Value) {
    let _ = match cell {
        Value::Uuid(Some(id)) => write!(text, "{id}"),
        Value::String(Some(value)) => {
            push_quoted(text, value);
            Ok(())
        }
        Value::Int(Some(n)) => write!(text, "{n}"),
        Value::BigInt(Some(n)) => write!(text, "{n}"),
        Value::Bool(Some(b)) => write!(text, "{b}"),
        Value::ChronoDate(Some(date)) => write!(text, "{date}"),
        Value::ChronoDateTimeUtc(Some(time)) => write!(text, "\"{}\"", time.to_rfc3339()),
        _ => text.write_str("NULL"),
    };
}

fn push_quoted(text: &mut String, value: &str) {
    text.push('"');
    let mut rest = value;
    while let Some(at) = rest.find(['"', '\\']) {
        text.push_str(&rest[..at]);
        text.push('\\');
        text.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
    text.push('"');
}

/// What to read of the rows that a list of keys `k` finds in one table.
#[derive(Clone, Copy, Debug)]
pub struct Select<'a> {
    pub columns: &'a str,
    /// With its alias, as `items i`.
    pub table: &'a str,
    /// How a key finds its rows.
    pub on: &'a str,
}

impl Select<'_> {
    /// A text that makes the database look up each key by its index, whatever it knows or does
    /// not know yet of the table: in a first sync the tables grow a thousandfold before PostgreSQL
    /// counts them, and a plan that reads a whole table for every batch is the end of it.
    fn text(&self, backend: DbBackend) -> String {
        let Self { columns, table, on } = self;
        let alias = table.rsplit(' ').next().unwrap_or(table);
        match backend {
            DbBackend::Postgres => format!(
                "SELECT {columns} FROM {{k}} \
                 CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {on} OFFSET 0) {alias}"
            ),
            _ => format!("SELECT {columns} FROM {{k}} CROSS JOIN {table} WHERE {on}"),
        }
    }
}

/// Writes `?` as PostgreSQL does, counting from `first`.
fn numbered(template: &str, first: usize) -> String {
    let mut sql = String::with_capacity(template.len() + 16);
    for (i, piece) in template.split('?').enumerate() {
        if i > 0 {
            let _ = write!(sql, "${}", first + i - 1);
        }
        sql.push_str(piece);
    }
    sql
}

/// Something to run statements on, which counts them.
#[derive(Debug)]
pub struct Session<C> {
    conn: C,
    backend: DbBackend,
    statements: AtomicU64,
}

impl<C: ConnectionTrait> Session<C> {
    pub fn new(conn: C) -> Self {
        let backend = conn.get_database_backend();
        Self { conn, backend, statements: AtomicU64::new(0) }
    }

    pub const fn conn(&self) -> &C {
        &self.conn
    }

    pub const fn backend(&self) -> DbBackend {
        self.backend
    }

    pub fn into_inner(self) -> C {
        self.conn
    }

    /// How many statements were run.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs a query with plain parameters, written `?`.
    pub async fn query(&self, template: &str, values: Vec<Value>) -> Result<Vec<QueryResult>> {
        let sql = match self.backend {
            DbBackend::Postgres => numbered(template, 1),
            _ => template.to_owned(),
        };
        self.query_raw(sql, values).await
    }

    /// Runs a query whose text has `{k}` where its list of keys stands, before any `?`.
    pub async fn query_keys(
        &self,
        template: &str,
        columns: &[Column],
        rows: &Rows,
        more: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (sql, values) = self.keyed(template, columns, rows, more);
        self.query_raw(sql, values).await
    }

    /// Finds rows by a list of keys.
    pub async fn look_up(
        &self,
        select: Select<'_>,
        columns: &[Column],
        rows: &Rows,
        more: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>> {
        self.query_keys(&select.text(self.backend), columns, rows, more).await
    }

    /// Finds many rows by a list of keys and reads each of them.
    pub async fn gather<T>(
        &self,
        select: Select<'_>,
        columns: &[Column],
        rows: &Rows,
        more: impl IntoIterator<Item = Value>,
        read: fn(&Gathered<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        if self.backend == DbBackend::Postgres {
            let found = self.look_up(select, columns, rows, more).await?;
            return found.iter().map(|row| read(&Gathered::Row(row))).collect();
        }
        let page = as_page(&select.text(self.backend), select.columns);
        let found = self.query_keys(&page, columns, rows, more).await?;
        let page: Option<String> = found.first().map_or(Ok(None), |row| cell(row, 0))?;
        lines(page.as_deref().unwrap_or("[]"))?.iter().map(read).collect()
    }

    /// Runs a command with plain parameters, written `?`; returns the number of rows.
    pub async fn execute(&self, template: &str, values: Vec<Value>) -> Result<u64> {
        let sql = match self.backend {
            DbBackend::Postgres => numbered(template, 1),
            _ => template.to_owned(),
        };
        self.execute_raw(sql, values).await
    }

    /// Runs a command like [`Session::query_keys`].
    pub async fn execute_keys(
        &self,
        template: &str,
        columns: &[Column],
        rows: &Rows,
        more: impl IntoIterator<Item = Value>,
    ) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        let (sql, values) = self.keyed(template, columns, rows, more);
        self.execute_raw(sql, values).await
    }

    fn keyed(
        &self,
        template: &str,
        columns: &[Column],
        rows: &Rows,
        more: impl IntoIterator<Item = Value>,
    ) -> (String, Vec<Value>) {
        let template = match self.backend {
            DbBackend::Postgres => numbered(template, columns.len() + 1),
            _ => template.to_owned(),
        };
        let mut values = key_values(self.backend, rows);
        values.extend(more);
        (template.replace("{k}", &keys(self.backend, columns)), values)
    }

    pub async fn query_raw(&self, sql: String, values: Vec<Value>) -> Result<Vec<QueryResult>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        Ok(self.conn.query_all_raw(statement).await?)
    }

    pub async fn execute_raw(&self, sql: String, values: Vec<Value>) -> Result<u64> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        Ok(self.conn.execute_raw(statement).await?.rows_affected())
    }
}

/// Begins a transaction that may write: SQLite takes the write lock at once, since one that reads
/// first and then writes is refused as soon as another has written in between.
pub async fn begin(conn: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(conn.begin_with_options(options).await?)
}

/// A column of a row by its place.
pub fn cell<T: Stored>(row: &impl Line, index: usize) -> Result<T> {
    row.cell(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_literals_hold_any_text_and_null() {
        let cells = [
            Value::from("a\"b\\c{,}"),
            Value::Int(Some(-1)),
            Value::String(None),
            Value::Int(None),
        ];
        let arrays = arrays(2, &cells);
        assert_eq!(arrays, [r#"{"a\"b\\c{,}",NULL}"#.into(), "{-1,NULL}".into()] as [Value; 2]);
    }

    #[test]
    fn placeholders_are_numbered_behind_the_keys() {
        assert_eq!(numbered("a = ? AND b = ?", 3), "a = $3 AND b = $4");
    }
}
