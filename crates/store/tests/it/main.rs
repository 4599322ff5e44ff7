//! The same suite on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may just fail")]

mod apply;
mod browse;
mod constraints;
mod db;
mod downloads;
mod earlier;
mod figures;
mod journal;
mod leases;
mod load;
mod reads;
mod records;
mod repair;
mod runs;
mod schema;
mod sources;
mod statements;
