//! What can go wrong with the database, in words for a person.
//!
//! It knows the constraints by the names that the migrations gave them, on both databases, and
//! deliberately does not pass on whole driver errors of a connection, which may quote an address.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlxError};

/// The result of a store function.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none, or of a database that we do not know.
    #[error("'{url}' is no database address: {reason}; use sqlite://PATH or postgres://…")]
    Address {
        /// The address without its password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answers at the address, or the file cannot be opened.
    #[error("cannot open the database {url}: {reason}; check the address and its permissions")]
    Unavailable {
        /// The address without its password.
        url: String,
        /// What the driver said.
        reason: String,
    },
    /// The database was migrated by a newer Shelfread. Nothing was written.
    #[error(
        "the database {url} was made by a newer version of Shelfread (it knows {unknown}, this \
         version does not); update Shelfread or restore a backup"
    )]
    Newer {
        /// The address without its password.
        url: String,
        /// The migrations that this version does not know.
        unknown: String,
    },
    /// The database refused a row.
    #[error("the database refused a row: {name} ({detail})")]
    Constraint {
        /// The constraint's name, as in the schema.
        name: String,
        /// What the driver said.
        detail: String,
    },
    /// Another process writes for too long, or two transactions met. Trying again may help.
    #[error("the database is busy, another program holds it: {0}; try again")]
    Busy(String),
    /// The disk is full or broken, or the file must not be written. What was committed is there.
    #[error(
        "the database cannot be written: {0}; look at the space on its disk and at the rights of its \
         file, and try again"
    )]
    Unwritable(String),
    /// A row is not what it must be.
    #[error("the database is damaged: {what} of {subject}; run `shelfread doctor`")]
    Corrupt {
        /// What is wrong.
        what: String,
        /// Of which row.
        subject: String,
    },
    /// A row that a plan changes or removes is not as the plan found it. Nothing was written.
    #[error("the catalogue changed meanwhile: {expected} rows of {table} to change, {found} found")]
    Stale {
        /// The table.
        table: &'static str,
        /// How many rows the plan wanted to change.
        expected: u64,
        /// How many there were.
        found: u64,
    },
    /// Another process took over the lease. Nothing was written.
    #[error("another process has taken over '{name}'; this one stops")]
    LeaseLost {
        /// The lease's name.
        name: String,
    },
    /// A secret cannot be stored or read.
    #[error("{what}: {reason}")]
    Key {
        /// What was tried.
        what: String,
        /// What went wrong and what to do.
        reason: String,
    },
    /// A plan of a sync wants to write what a person set. A mistake of the caller.
    #[error("a sync may not write {0}: it belongs to a person")]
    UserOwned(&'static str),
    /// There is no such row.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By which id or name.
        id: String,
    },
    /// The batch failed before: it can only be dropped.
    #[error("this batch has failed before and was rolled back")]
    BatchFailed,
    /// Anything else that the database said.
    #[error("the database failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether the same work may succeed when it is done again from its beginning.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_))
    }

    pub(crate) fn corrupt(what: impl Into<String>, subject: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), subject: subject.into() }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e))
            | DbErr::Conn(RuntimeErr::SqlxError(e)) => of_driver(e),
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => {
                Self::Busy("no connection became free".into())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

fn of_driver(error: &SqlxError) -> StoreError {
    let SqlxError::Database(error) = error else {
        return StoreError::Database(error.to_string());
    };
    let message = error.message().to_owned();
    let name = || error.constraint().map_or_else(|| constraint_name(&message), str::to_owned);
    match error.code().as_deref() {
        // PostgreSQL: class 23 are violations; 40001, 40P01 and 55P03 are meetings of transactions.
        Some(code) if code.len() == 5 && code.starts_with("23") => {
            StoreError::Constraint { name: name(), detail: message }
        }
        Some("40001" | "40P01" | "55P03") => StoreError::Busy(message),
        // Disk full, I/O error, read-only transaction.
        Some("53100" | "58030" | "25006") => StoreError::Unwritable(message),
        // SQLite: the low byte of an extended code is its class: 19 constraint, 5 busy, 6 locked,
        // 8 read-only, 10 I/O error, 13 full, 11 corrupt, 26 not a database.
        Some(code) => match code.parse::<u32>().map(|c| c & 0xff) {
            Ok(19) => StoreError::Constraint { name: name(), detail: message },
            Ok(5 | 6) => StoreError::Busy(message),
            Ok(8 | 10 | 13) => StoreError::Unwritable(message),
            Ok(11 | 26) => StoreError::corrupt(message, "the file"),
            _ => StoreError::Database(message),
        },
        None => StoreError::Database(message),
    }
}

/// SQLite names the columns of a violated unique constraint, not the constraint.
const UNIQUE: [(&str, &str); 21] = [
    ("sources.name", "uq_sources_name"),
    ("libraries.source_id, libraries.remote_id", "uq_libraries_source_id_remote_id"),
    ("items.parent_id, items.season_number", "uq_items_season"),
    ("items.parent_id, items.season_number, items.episode_number", "uq_items_episode"),
    ("items.parent_id, items.air_date", "uq_items_air_date"),
    (
        "listings.library_id, listings.remote_id, listings.part",
        "uq_listings_library_id_remote_id_part",
    ),
    (
        "external_ids.kind, external_ids.provider, external_ids.value",
        "uq_external_ids_kind_provider_value",
    ),
    ("item_settings.item_id", "pk_item_settings"),
    ("overrides.item_id, overrides.field", "uq_overrides_item_id_field"),
    ("viewers.source_id, viewers.remote_user", "uq_viewers_source_id_remote_user"),
    ("progress.item_id, progress.viewer_id", "uq_progress_item_id_viewer_id"),
    ("removals.item_id, removals.listing_id", "uq_removals_item_id_listing_id"),
    ("run_changes.run_id, run_changes.seq", "uq_run_changes_run_id_seq"),
    ("run_errors.run_id, run_errors.seq", "uq_run_errors_run_id_seq"),
    ("download_clients.name", "uq_download_clients_name"),
    (
        "downloads.client_id, downloads.client_download_id",
        "uq_downloads_client_id_client_download_id",
    ),
    ("download_items.download_id, download_items.item_id", "uq_download_items_download_id_item_id"),
    ("users.name", "uq_users_name"),
    ("sessions.token_hash", "uq_sessions_token_hash"),
    ("api_tokens.name", "uq_api_tokens_name"),
    ("api_tokens.token_hash", "uq_api_tokens_token_hash"),
];

/// The name of the constraint that a message of SQLite speaks of: `UNIQUE constraint failed:
/// a.b, a.c`, `CHECK constraint failed: name`, `NOT NULL constraint failed: a.b` or `FOREIGN KEY
/// constraint failed` (which names nothing).
fn constraint_name(message: &str) -> String {
    let Some((kind, subject)) = message.split_once(" constraint failed") else {
        return message.to_owned();
    };
    let subject = subject.trim_start_matches(": ");
    let known = UNIQUE.iter().find(|(columns, _)| *columns == subject);
    match (known, subject) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, "") => kind.to_lowercase().replace(' ', "_"),
        (None, other) => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_have_names() {
        for (message, name) in [
            ("UNIQUE constraint failed: sources.name", "uq_sources_name"),
            ("UNIQUE constraint failed: items.parent_id, items.season_number", "uq_items_season"),
            ("CHECK constraint failed: ck_items_kind", "ck_items_kind"),
            ("NOT NULL constraint failed: items.title", "items.title"),
            ("FOREIGN KEY constraint failed", "foreign_key"),
        ] {
            assert_eq!(constraint_name(message), name);
        }
    }
}
