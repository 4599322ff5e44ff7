//! Who may use the server: users, their sessions, and tokens for programs. Of passwords, sessions
//! and tokens there are hashes only.

use sea_orm_migration::prelude::*;

use crate::dialect;

/// See the module.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000007_access"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("up.sql")).await
    }
}
