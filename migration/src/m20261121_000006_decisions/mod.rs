//! The lines of a plan that waited say what became of it: they are approved, stale or superseded,
//! and no longer only discarded.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

/// See the module.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000006_decisions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite cannot change a constraint, so there the table is made anew.
        let text = match manager.get_database_backend() {
            DbBackend::Sqlite => include_str!("sqlite.sql"),
            _ => include_str!("postgres.sql"),
        };
        dialect::run(manager, text).await
    }
}
