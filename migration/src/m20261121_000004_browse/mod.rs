//! Browsing: items by status, sorted, by index.
//!
//! What an item's listings amount to is needed to filter a million items, and cannot be read from
//! the listings of each. The database itself keeps it in step: triggers on `listings` are the only
//! ones that write `items.presence` (but for the moment in which an item comes with its first
//! listing), so no path of the program can forget it. What one listing proves is a number beside
//! its facts, as its `file_key` is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

/// See the module.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000004_browse"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("up.sql")).await?;
        let triggers = match manager.get_database_backend() {
            DbBackend::Postgres => include_str!("triggers_postgres.sql"),
            _ => include_str!("triggers_sqlite.sql"),
        };
        dialect::run(manager, triggers).await
    }
}
