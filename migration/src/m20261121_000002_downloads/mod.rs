//! Download clients and their queue, with the constraint that one transfer has one row. Tables of
//! these names that an earlier program made without it are taken over (see `earlier`).

mod earlier;

use sea_orm_migration::prelude::*;

use crate::dialect;

/// See the module.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000002_downloads"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let earlier = earlier::set_aside(manager).await?;
        dialect::run(manager, include_str!("up.sql")).await?;
        earlier.take_over(manager).await
    }
}
