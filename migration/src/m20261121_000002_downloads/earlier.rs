//! Tables of an earlier program version: the same names, but no constraint, so that one transfer
//! may have several rows, in other spellings of its hash or without any id of the client.
//!
//! Of the rows of one transfer the most recent one stays, with the items of all of them; each
//! other one becomes an event, so nothing is lost without a word. What a client says every few
//! seconds anyway (progress, what is pending) is not taken over. Columns that the old tables lack
//! get what a new row has.

use std::collections::BTreeSet;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::dialect;

/// The old tables, set aside under other names, by the columns that each of them has.
pub struct Earlier {
    clients: Columns,
    downloads: Columns,
    items: Columns,
}

type Columns = BTreeSet<String>;

/// Sets the old tables aside where there are any.
pub async fn set_aside(manager: &SchemaManager<'_>) -> Result<Earlier, DbErr> {
    // Those that refer to others go first.
    let items = rename(manager, "download_items", &["download_id", "item_id"]).await?;
    let needed = ["id", "client_id", "client_download_id"];
    let downloads = rename(manager, "downloads", &needed).await?;
    let needed = ["id", "name", "kind", "url"];
    let clients = rename(manager, "download_clients", &needed).await?;
    Ok(Earlier { clients, downloads, items })
}

/// Copies a table, because renaming one leaves the names of its indices taken.
async fn rename(
    manager: &SchemaManager<'_>,
    table: &str,
    needed: &[&str],
) -> Result<Columns, DbErr> {
    let columns = columns(manager, table).await?;
    if columns.is_empty() {
        return Ok(columns);
    }
    if let Some(lacking) = needed.iter().find(|name| !columns.contains(**name)) {
        let message = format!("the table {table} is of another program (it lacks {lacking})");
        return Err(DbErr::Custom(message));
    }
    let cascade = if is_postgres(manager) { " CASCADE" } else { "" };
    let sql =
        format!("CREATE TABLE old_{table} AS SELECT * FROM {table}; DROP TABLE {table}{cascade};");
    dialect::run(manager, &sql).await?;
    Ok(columns)
}

fn is_postgres(manager: &SchemaManager<'_>) -> bool {
    manager.get_database_backend() == DbBackend::Postgres
}

async fn columns(manager: &SchemaManager<'_>, table: &str) -> Result<Columns, DbErr> {
    let sql = if is_postgres(manager) {
        format!(
            "SELECT column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}'"
        )
    } else {
        format!("SELECT name FROM pragma_table_info('{table}')")
    };
    let statement = Statement::from_string(manager.get_database_backend(), sql);
    let rows = manager.get_connection().query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

impl Earlier {
    /// Brings the rows into the new tables.
    pub async fn take_over(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        if !self.clients.is_empty() {
            dialect::run(manager, &self.clients_sql()).await?;
        }
        if !self.downloads.is_empty() {
            dialect::run(manager, &self.downloads_sql()).await?;
            dialect::run(manager, EVENTS).await?;
            if !self.items.is_empty() {
                dialect::run(manager, ITEMS).await?;
            }
            dialect::run(manager, "DROP TABLE old_ranked; DROP TABLE old_downloads;").await?;
        }
        for (table, columns) in [("clients", &self.clients), ("items", &self.items)] {
            if !columns.is_empty() {
                dialect::run(manager, &format!("DROP TABLE old_download_{table};")).await?;
            }
        }
        Ok(())
    }

    fn clients_sql(&self) -> String {
        let get = |name, otherwise| column(&self.clients, name, otherwise);
        let (created, updated) = times(&self.clients);
        format!(
            "INSERT INTO download_clients (id, name, kind, url, settings, secret, priority, \
             enabled, managed_by, created_at, updated_at) \
             SELECT id, CASE ROW_NUMBER() OVER (PARTITION BY name ORDER BY {updated} DESC, id DESC) \
             WHEN 1 THEN name ELSE name || '-' || CAST(ROW_NUMBER() OVER (PARTITION BY name \
             ORDER BY {updated} DESC, id DESC) AS text) END, kind, url, {settings}, {secret}, \
             {priority}, {enabled}, {managed_by}, {created}, {updated} FROM old_download_clients;",
            settings = get("settings", "{object}()"),
            secret = get("secret", "NULL"),
            priority = get("priority", "100"),
            enabled = get("enabled", "{true}"),
            managed_by = get("managed_by", "'person'"),
        )
    }

    fn downloads_sql(&self) -> String {
        let get = |name, otherwise| column(&self.downloads, name, otherwise);
        let (created, updated) = times(&self.downloads);
        let plain = ["size_bytes", "label", "content_path", "error", "content_key", "added_at"];
        let more = ["completed_at", "unreachable_since"];
        let known: Vec<_> =
            plain.iter().chain(&more).copied().filter(|c| self.downloads.contains(*c)).collect();
        let known: String = known.iter().map(|name| format!("{name}, ")).collect();
        format!(
            "CREATE TABLE old_ranked AS SELECT o.*, \
             ROW_NUMBER() OVER newest AS place, FIRST_VALUE(id) OVER newest AS kept_id \
             FROM (SELECT id, client_id, {HASH} AS client_download_id, {title} AS title, \
             {state} AS state, {origin} AS origin, {known} {created} AS created_at, \
             {updated} AS updated_at FROM old_downloads) o \
             WINDOW newest AS (PARTITION BY client_id, client_download_id \
             ORDER BY updated_at DESC, id DESC); \
             INSERT INTO downloads ({known} id, client_id, client_download_id, title, state, \
             progress, origin, absent_count, created_at, updated_at) \
             SELECT {known} id, client_id, client_download_id, title, state, 0, origin, 0, \
             created_at, updated_at FROM old_ranked WHERE place = 1 AND client_download_id <> '' \
             AND client_id IN (SELECT id FROM download_clients);",
            title = get("title", "client_download_id"),
            state = get("state", "'queued'"),
            origin = if self.downloads.contains("origin") {
                "CASE origin WHEN 'added' THEN 'added' ELSE 'adopted' END"
            } else {
                "'adopted'"
            },
        )
    }
}

/// An id of the client in its one form: hashes in lower case.
const HASH: &str = "CASE WHEN length(trim(client_download_id)) IN (40, 64) \
    AND trim(lower(trim(client_download_id)), '0123456789abcdef') = '' \
    THEN lower(trim(client_download_id)) ELSE trim(client_download_id) END";

/// One line of history for each row that was not kept.
const EVENTS: &str = "INSERT INTO events (at, kind, severity, client_id, download_id, data) \
    SELECT {now}, 'download.removed', 'warning', client_id, id, {object}('client', \
    (SELECT name FROM download_clients c WHERE c.id = r.client_id), 'title', title, \
    'transfer_id', client_download_id, 'from', state, 'reason', \
    CASE WHEN client_id IS NULL OR client_id NOT IN (SELECT id FROM download_clients) \
    THEN 'its client is gone' \
    WHEN client_download_id IS NULL OR client_download_id = '' THEN 'it had no id of its client' \
    ELSE 'an older row of the same transfer' END) \
    FROM old_ranked r WHERE id NOT IN (SELECT id FROM downloads) ORDER BY updated_at, id;";

/// The items of all rows of a transfer.
const ITEMS: &str = "INSERT INTO download_items (download_id, item_id, created_at) \
    SELECT DISTINCT r.kept_id, i.item_id, {now} FROM old_download_items i \
    JOIN old_ranked r ON r.id = i.download_id \
    WHERE r.kept_id IN (SELECT id FROM downloads) AND i.item_id IN (SELECT id FROM items);";

/// A column of an old table, or what stands for it.
fn column(columns: &Columns, name: &str, otherwise: &str) -> String {
    match columns.contains(name) {
        true => format!("COALESCE({name}, {otherwise})"),
        false => otherwise.to_owned(),
    }
}

/// When a row was made and last changed, as far as its table says.
fn times(columns: &Columns) -> (String, String) {
    let created = column(columns, "created_at", "{now}");
    let updated = column(columns, "updated_at", &created);
    (created, updated)
}
