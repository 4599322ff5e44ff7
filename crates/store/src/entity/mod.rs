//! The tables as SeaORM entities, for reads and writes of single rows. They follow the migrations,
//! never the other way round; [`drift`] tells where they do not.

use std::collections::BTreeSet;

use sea_orm::sea_query::ColumnType;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, Iterable};

use crate::error::Result;
use crate::sql::{Session, cell};

pub mod api_tokens;
pub mod download_clients;
pub mod download_items;
pub mod downloads;
pub mod events;
pub mod external_ids;
pub mod holds;
pub mod item_settings;
pub mod items;
pub mod leases;
pub mod libraries;
pub mod listings;
pub mod notification_targets;
pub mod outbox;
pub mod overrides;
pub mod play_writes;
pub mod progress;
pub mod removals;
pub mod run_changes;
pub mod run_errors;
pub mod runs;
pub mod sessions;
pub mod sources;
pub mod users;
pub mod viewers;

/// Columns as `table.column type [null]`, in words that both databases and the entities share.
type Columns = BTreeSet<String>;

/// Where the entities and the schema of a database disagree; empty when all is well.
pub async fn drift<C: ConnectionTrait>(session: &Session<C>) -> Result<Vec<String>> {
    let mut ours = Columns::new();
    expected::<api_tokens::Entity>(session.backend(), &mut ours);
    expected::<download_clients::Entity>(session.backend(), &mut ours);
    expected::<download_items::Entity>(session.backend(), &mut ours);
    expected::<downloads::Entity>(session.backend(), &mut ours);
    expected::<events::Entity>(session.backend(), &mut ours);
    expected::<external_ids::Entity>(session.backend(), &mut ours);
    expected::<holds::Entity>(session.backend(), &mut ours);
    expected::<item_settings::Entity>(session.backend(), &mut ours);
    expected::<items::Entity>(session.backend(), &mut ours);
    expected::<leases::Entity>(session.backend(), &mut ours);
    expected::<libraries::Entity>(session.backend(), &mut ours);
    expected::<listings::Entity>(session.backend(), &mut ours);
    expected::<notification_targets::Entity>(session.backend(), &mut ours);
    expected::<outbox::Entity>(session.backend(), &mut ours);
    expected::<overrides::Entity>(session.backend(), &mut ours);
    expected::<play_writes::Entity>(session.backend(), &mut ours);
    expected::<progress::Entity>(session.backend(), &mut ours);
    expected::<removals::Entity>(session.backend(), &mut ours);
    expected::<run_changes::Entity>(session.backend(), &mut ours);
    expected::<run_errors::Entity>(session.backend(), &mut ours);
    expected::<runs::Entity>(session.backend(), &mut ours);
    expected::<sessions::Entity>(session.backend(), &mut ours);
    expected::<sources::Entity>(session.backend(), &mut ours);
    expected::<users::Entity>(session.backend(), &mut ours);
    expected::<viewers::Entity>(session.backend(), &mut ours);
    let theirs = actual(session).await?;
    let missing = ours.difference(&theirs).map(|c| format!("the database lacks {c}"));
    let unknown = theirs.difference(&ours).map(|c| format!("the program does not know {c}"));
    Ok(missing.chain(unknown).collect())
}

fn expected<E: EntityTrait>(backend: DbBackend, columns: &mut Columns) {
    let table = E::default();
    for column in E::Column::iter() {
        let definition = column.def();
        let ty = type_name(definition.get_column_type(), backend);
        let null = if definition.is_null() { " null" } else { "" };
        let name = sea_orm::IdenStatic::as_str(&column);
        columns.insert(format!("{}.{name} {ty}{null}", table.table_name()));
    }
}

const fn type_name(ty: &ColumnType, backend: DbBackend) -> &'static str {
    let lite = matches!(backend, DbBackend::Sqlite);
    match ty {
        ColumnType::Uuid if lite => "blob",
        ColumnType::Uuid => "uuid",
        ColumnType::Integer => "integer",
        ColumnType::BigInteger => "bigint",
        ColumnType::Boolean => "boolean",
        ColumnType::Blob if lite => "blob",
        ColumnType::Blob => "bytea",
        ColumnType::JsonBinary if !lite => "jsonb",
        ColumnType::Date if !lite => "date",
        ColumnType::TimestampWithTimeZone if !lite => "timestamp with time zone",
        _ => "text",
    }
}

async fn actual<C: ConnectionTrait>(session: &Session<C>) -> Result<Columns> {
    let sql = match session.backend() {
        DbBackend::Postgres => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || \
             CASE is_nullable WHEN 'YES' THEN ' null' ELSE '' END \
             FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name <> 'seaql_migrations'"
        }
        _ => {
            "SELECT t.name || '.' || c.name || ' ' || \
             CASE WHEN t.name || '.' || c.name = 'events.seq' THEN 'bigint' \
             ELSE lower(c.type) || CASE c.\"notnull\" WHEN 0 THEN ' null' ELSE '' END END \
             FROM sqlite_master t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name <> 'seaql_migrations' \
             AND t.name NOT LIKE 'sqlite_%'"
        }
    };
    session.query(sql, Vec::new()).await?.iter().map(|row| cell(row, 0)).collect()
}
