//! The history of the database's schema as frozen migrations.
//!
//! It knows every schema that Shelfread ever had, as SQL text that is never changed once it is
//! released: a later schema is a further migration. It deliberately does **not** know the entities
//! of the store, because text that follows live code would rewrite history. One test of the store
//! holds the two against each other.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod dialect;
mod m20261121_000001_catalogue;
mod m20261121_000002_downloads;
mod m20261121_000003_removals;
mod m20261121_000004_browse;
mod m20261121_000005_people;
mod m20261121_000006_decisions;
mod m20261121_000007_access;
mod m20261121_000008_outbox;
mod m20261121_000009_lists;
mod m20261122_000010_packs;

/// All migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_catalogue::Migration),
            Box::new(m20261121_000002_downloads::Migration),
            Box::new(m20261121_000003_removals::Migration),
            Box::new(m20261121_000004_browse::Migration),
            Box::new(m20261121_000005_people::Migration),
            Box::new(m20261121_000006_decisions::Migration),
            Box::new(m20261121_000007_access::Migration),
            Box::new(m20261121_000008_outbox::Migration),
            Box::new(m20261121_000009_lists::Migration),
            Box::new(m20261122_000010_packs::Migration),
        ]
    }
}
