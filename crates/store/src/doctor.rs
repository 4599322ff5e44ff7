//! Doctor: what is wrong with a database, by the promises that it must keep. It looks and names;
//! what can be mended is mended by [`crate::Batch::mend`]. What follows from rules of the heart (the
//! fields that an item shows) is not its part.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use serde::Serialize;
use uuid::Uuid;

use crate::Store;
use crate::batch::CATALOGUE;
use crate::cell::Cell;
use crate::entity;
use crate::error::Result;
use crate::lease::PERSONS_LEASE;
use crate::mapping::{self, LISTING};
use crate::sql::{Session, cell};

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Finding {
    /// What kind of damage, in one word.
    pub kind: &'static str,
    /// Which row.
    pub subject: String,
    /// What is wrong with it.
    pub message: String,
}

/// A query that gives the subject of each wrong row.
struct Check {
    kind: &'static str,
    sql: &'static str,
    message: &'static str,
}

/// The same text on both databases.
const CHECKS: [Check; 13] = [
    Check {
        kind: "duplicate",
        sql: "SELECT MIN(title) FROM items WHERE kind = 'season' \
              AND season_number IS NOT NULL GROUP BY parent_id, season_number HAVING COUNT(*) > 1",
        message: "several rows for one season",
    },
    Check {
        kind: "duplicate",
        sql: "SELECT MIN(title) FROM items WHERE kind = 'episode' \
              AND season_number IS NOT NULL AND episode_number IS NOT NULL \
              GROUP BY parent_id, season_number, episode_number HAVING COUNT(*) > 1",
        message: "several rows for one episode",
    },
    Check {
        kind: "orphan",
        sql: "SELECT title FROM items c WHERE c.kind IN ('season', 'episode') \
              AND NOT EXISTS (SELECT 1 FROM items s WHERE s.id = c.parent_id AND s.kind = 'show')",
        message: "a season or episode without its show",
    },
    Check {
        kind: "orphan",
        sql: "SELECT remote_id FROM listings l WHERE l.item_id IS NOT NULL \
              AND NOT EXISTS (SELECT 1 FROM items i WHERE i.id = l.item_id)",
        message: "a listing of an item that is not there",
    },
    Check {
        kind: "duplicate",
        sql: "SELECT MIN(remote_id) FROM listings GROUP BY library_id, remote_id, part \
              HAVING COUNT(*) > 1",
        message: "several rows for one object of a source",
    },
    Check {
        kind: "orphan",
        sql: "SELECT provider FROM external_ids e \
              WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = e.item_id)",
        message: "an external id of an item that is not there",
    },
    Check {
        kind: "orphan",
        sql: "SELECT 'play state' FROM progress p \
              WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = p.item_id)",
        message: "a play state of an item that is not there",
    },
    Check {
        kind: "orphan",
        sql: "SELECT field FROM overrides o \
              WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = o.item_id)",
        message: "a person corrected an item that is not there; look for it in a backup",
    },
    Check {
        kind: "orphan",
        sql: "SELECT COALESCE(status, 'settings') FROM item_settings s \
              WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = s.item_id)",
        message: "a person set something for an item that is not there; look for it in a backup",
    },
    Check {
        kind: "unplaced",
        sql: "SELECT remote_id FROM listings WHERE item_id IS NULL AND review IS NULL",
        message: "a listing without an item that nobody is asked about",
    },
    Check {
        kind: "misplaced",
        sql: "SELECT l.remote_id FROM listings l JOIN items i ON i.id = l.item_id \
              WHERE i.kind <> l.kind",
        message: "a listing of another kind than its item",
    },
    Check {
        kind: "misplaced",
        sql: "SELECT i.title FROM external_ids e JOIN items i ON i.id = e.item_id \
              WHERE i.kind <> e.kind",
        message: "an external id of another kind than its item",
    },
    Check {
        kind: "derived",
        sql: PRESENCE,
        message: "its presence does not follow from its listings",
    },
];

/// What the listings `l` that a condition behind it names amount to.
pub(crate) const AMOUNT: &str = "SELECT CASE MAX(l.standing) WHEN 3 THEN 'available' \
    WHEN 2 THEN 'wanted' WHEN 1 THEN 'unmonitored' ELSE 'missing' END FROM listings l";

/// Items whose presence is not what their listings amount to.
pub(crate) const PRESENCE: &str = "SELECT i.title FROM items i WHERE i.presence <> \
    (SELECT CASE MAX(l.standing) WHEN 3 THEN 'available' WHEN 2 THEN 'wanted' \
    WHEN 1 THEN 'unmonitored' ELSE 'missing' END FROM listings l WHERE l.item_id = i.id)";

/// Listings of one page when facts are read.
pub(crate) const PAGE: i64 = 1_000;

/// A page of listings with what is stored of what follows from them.
pub(crate) fn listings_text() -> String {
    format!("SELECT {LISTING}, l.standing FROM listings l WHERE l.id > ? ORDER BY l.id LIMIT ?")
}

/// Tables whose orphans have a check of their own.
const CHECKED: [&str; 6] =
    ["items", "listings", "external_ids", "progress", "overrides", "item_settings"];

impl Store {
    /// What is wrong with the database; empty when all is well. Reads everything.
    ///
    /// # Errors
    /// What the database says.
    pub fn doctor(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Finding>>> {
        Box::pin(async move {
            let session = Session::new(self.read.clone());
            let mut findings = Vec::new();
            if session.backend() == DbBackend::Sqlite {
                check_file(&session, &mut findings).await?;
            }
            for message in entity::drift(&session).await? {
                findings.push(Finding { kind: "schema", subject: "schema".to_owned(), message });
            }
            for check in CHECKS {
                for row in session.query(check.sql, Vec::new()).await? {
                    let (subject, message) = (cell(&row, 0)?, check.message.to_owned());
                    findings.push(Finding { kind: check.kind, subject, message });
                }
            }
            check_lock(&session, &mut findings).await?;
            check_runs(&session, now, &mut findings).await?;
            check_keys(&session, &mut findings).await?;
            Ok(findings)
        })
    }
}

async fn check_file(
    session: &Session<DatabaseConnection>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    for row in session.query("PRAGMA integrity_check", Vec::new()).await? {
        let message: String = cell(&row, 0)?;
        if message != "ok" {
            findings.push(Finding { kind: "damage", subject: "file".to_owned(), message });
        }
    }
    for row in session.query("PRAGMA foreign_key_check", Vec::new()).await? {
        let (table, parent): (String, String) = (cell(&row, 0)?, cell(&row, 2)?);
        if CHECKED.contains(&table.as_str()) && parent == "items" {
            continue;
        }
        let message = format!("a row refers to {parent} that are not there");
        findings.push(Finding { kind: "orphan", subject: table, message });
    }
    Ok(())
}

async fn check_runs(
    session: &Session<DatabaseConnection>,
    now: DateTime<Utc>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    for (_, subject) in open_runs(session, now).await? {
        let message = "a run is recorded as running, but nobody is at work".to_owned();
        findings.push(Finding { kind: "open_run", subject, message });
    }
    Ok(())
}

/// Runs that are recorded as running though nobody works on them, with the names of their sources.
/// A run is at work as long as a lease lives that is named after its source, or that of persons.
pub(crate) async fn open_runs<C: ConnectionTrait>(
    session: &Session<C>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, String)>> {
    let sql = "SELECT name FROM leases WHERE expires_at > ?";
    let leases = session.query(sql, vec![now.to_cell()]).await?;
    let leases = leases.iter().map(|row| cell(row, 0)).collect::<Result<Vec<String>>>()?;
    let sql = "SELECT id, source_name, source_id FROM runs WHERE status = 'running' ORDER BY id";
    let mut open = Vec::new();
    for row in session.query(sql, Vec::new()).await? {
        let source = cell::<Option<Uuid>>(&row, 2)?.map(|id| id.to_string());
        let owner = source.as_deref().unwrap_or(PERSONS_LEASE);
        if !leases.iter().any(|name| name.ends_with(owner)) {
            open.push((cell(&row, 0)?, cell(&row, 1)?));
        }
    }
    Ok(open)
}

/// The row that every batch locks.
async fn check_lock(
    session: &Session<DatabaseConnection>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let sql = "SELECT name FROM leases WHERE name = ?";
    if session.query(sql, vec![CATALOGUE.into()]).await?.is_empty() {
        let message = "the row that every batch locks is missing".to_owned();
        findings.push(Finding { kind: "lease", subject: CATALOGUE.to_owned(), message });
    }
    Ok(())
}

/// Keys that do not follow from the facts.
async fn check_keys(
    session: &Session<DatabaseConnection>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let mut last = Uuid::nil();
    loop {
        let rows = session.query(&listings_text(), vec![last.into(), PAGE.into()]).await?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = cell(end, 0)?;
        for row in &rows {
            let (subject, stored): (String, i32) = (cell(row, 2)?, cell(row, 17)?);
            let message = match mapping::listing(row) {
                Ok(l) if l.file_key != l.facts.file_key() => {
                    "its file_key does not follow from its facts".to_owned()
                }
                Ok(l) if stored != mapping::standing(l.standing()) => {
                    "its standing does not follow from its facts".to_owned()
                }
                Ok(_) => continue,
                Err(e) => e.to_string(),
            };
            findings.push(Finding { kind: "derived", subject, message });
        }
    }
}
