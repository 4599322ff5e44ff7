//! Lists: what people search and filter is found by index, however much there is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

/// See the module.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000009_lists"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("up.sql")).await?;
        let subject = match manager.get_database_backend() {
            DbBackend::Postgres => "split_part(kind, '.', 1)",
            _ => "substr(kind, 1, instr(kind, '.') - 1)",
        };
        let index = format!("CREATE INDEX ix_events_subject ON events (({subject}), seq)");
        dialect::run(manager, &index).await
    }
}
