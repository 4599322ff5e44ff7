//! Doctor: what is wrong with a database, by the promises that it must keep. It looks and names;
//! it repairs nothing.

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, DbBackend};
use serde::Serialize;
use uuid::Uuid;

use crate::Store;
use crate::cell::Cell;
use crate::entity;
use crate::error::Result;
use crate::lease::PERSONS_LEASE;
use crate::mapping::{self, LISTING};
use crate::sql::{Session, cell};

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
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
const CHECKS: [Check; 8] = [
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
        sql: "SELECT i.title FROM items i WHERE i.presence <> \
              (SELECT CASE MAX(l.standing) WHEN 3 THEN 'available' WHEN 2 THEN 'wanted' \
              WHEN 1 THEN 'unmonitored' ELSE 'missing' END FROM listings l WHERE l.item_id = i.id)",
        message: "its presence does not follow from its listings",
    },
];

/// Listings of one page when facts are read.
const PAGE: i64 = 1_000;

impl Store {
    /// What is wrong with the database; empty when all is well. Reads everything.
    ///
    /// # Errors
    /// What the database says.
    pub async fn doctor(&self, now: DateTime<Utc>) -> Result<Vec<Finding>> {
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
        check_runs(&session, now, &mut findings).await?;
        check_keys(&session, &mut findings).await?;
        Ok(findings)
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
        let message = format!("a row refers to {parent} that are not there");
        findings.push(Finding { kind: "orphan", subject: table, message });
    }
    Ok(())
}

/// A run is at work as long as a lease lives that is named after its source, or that of persons.
async fn check_runs(
    session: &Session<DatabaseConnection>,
    now: DateTime<Utc>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let sql = "SELECT name FROM leases WHERE expires_at > ?";
    let leases = session.query(sql, vec![now.to_cell()]).await?;
    let leases = leases.iter().map(|row| cell(row, 0)).collect::<Result<Vec<String>>>()?;
    let sql = "SELECT source_name, source_id FROM runs WHERE status = 'running'";
    for row in session.query(sql, Vec::new()).await? {
        let source = cell::<Option<Uuid>>(&row, 1)?.map(|id| id.to_string());
        let owner = source.as_deref().unwrap_or(PERSONS_LEASE);
        if leases.iter().any(|name| name.ends_with(owner)) {
            continue;
        }
        let message = "a run is recorded as running, but nobody is at work".to_owned();
        findings.push(Finding { kind: "open_run", subject: cell(&row, 0)?, message });
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
        let sql = format!(
            "SELECT {LISTING}, l.standing FROM listings l WHERE l.id > ? ORDER BY l.id LIMIT ?"
        );
        let rows = session.query(&sql, vec![last.into(), PAGE.into()]).await?;
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
