//! Lines: rows as the database hands them over one by one, or many of them as one text of JSON.
//!
//! SQLite works in a thread of its own, and every row that crosses over wakes a thread and copies
//! each value: for thousands of rows that costs more than finding them. As one text they cross at
//! once. A line knows how each type is stored and no table.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{QueryResult, TryGetable};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::{Result, StoreError};

/// A row, whatever it came in.
pub trait Line {
    /// A column by its place.
    fn cell<T: Stored>(&self, index: usize) -> Result<T>;
}

/// A type that can be read from a cell.
pub trait Stored: TryGetable {
    /// Reads it from a value of a text of JSON.
    fn from_json(value: &RawValue) -> serde_json::Result<Self>;
}

impl Line for QueryResult {
    fn cell<T: Stored>(&self, index: usize) -> Result<T> {
        self.try_get_by_index(index).map_err(|e| StoreError::corrupt(e.to_string(), "a row"))
    }
}

/// A row of [`Session::gather`](crate::sql::Session::gather).
pub enum Gathered<'a> {
    /// It crossed over alone.
    Row(&'a QueryResult),
    /// It is part of a text of JSON.
    Json(Vec<&'a RawValue>),
}

impl Line for Gathered<'_> {
    fn cell<T: Stored>(&self, index: usize) -> Result<T> {
        match self {
            Self::Row(row) => row.cell(index),
            Self::Json(values) => {
                let value = values.get(index).copied().unwrap_or(RawValue::NULL);
                T::from_json(value).map_err(|e| StoreError::corrupt(e.to_string(), "a row"))
            }
        }
    }
}

/// A query of SQLite whose rows come as one text: a list of lists, with bytes in hexadecimal.
/// `columns` are those of the query, none with a comma of its own.
pub fn as_page(query: &str, columns: &str) -> String {
    let mut values = String::new();
    for column in columns.split(", ") {
        let comma = if values.is_empty() { "" } else { ", " };
        let _ = write!(values, "{comma}iif(typeof({column}) = 'blob', hex({column}), {column})");
    }
    query.replacen(columns, &format!("json_group_array(json_array({values}))"), 1)
}

/// The lines of a page.
pub fn lines(page: &str) -> Result<Vec<Gathered<'_>>> {
    let lines: Vec<Vec<&RawValue>> =
        serde_json::from_str(page).map_err(|e| StoreError::corrupt(e.to_string(), "a page"))?;
    Ok(lines.into_iter().map(Gathered::Json).collect())
}

macro_rules! stored {
    ($($type:ty => $from:expr;)+) => {$(
        impl Stored for $type {
            fn from_json(value: &RawValue) -> serde_json::Result<Self> {
                let read: fn(&RawValue) -> serde_json::Result<Self> = $from;
                read(value)
            }
        }

        impl Stored for Option<$type> {
            fn from_json(value: &RawValue) -> serde_json::Result<Self> {
                match value.get() {
                    "null" => Ok(None),
                    _ => <$type>::from_json(value).map(Some),
                }
            }
        }
    )+};
}

stored! {
    String => plain;
    i32 => plain;
    i64 => plain;
    Uuid => plain;
    NaiveDate => plain;
    DateTime<Utc> => plain;
    bool => |value| plain::<i64>(value).map(|number| number != 0);
    Vec<u8> => plain;
}

fn plain<T: serde::de::DeserializeOwned>(value: &RawValue) -> serde_json::Result<T> {
    serde_json::from_str(value.get())
}
