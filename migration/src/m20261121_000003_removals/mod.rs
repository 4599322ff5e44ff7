//! What a person wants removed everywhere, with how it stands at each source.

use sea_orm_migration::prelude::*;

use crate::dialect;

/// See the module.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000003_removals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("up.sql")).await
    }
}
