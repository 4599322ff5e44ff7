//! The past of a source as a schedule needs it: when it was last synced, and whether it fails.

use chrono::{DateTime, Utc};
use shelfread_domain::SourceId;

use crate::Store;
use crate::error::Result;
use crate::sql::{Session, cell};

/// Ends of runs that are looked at: failures beyond make no longer pause.
const ENDS: i64 = 16;

/// What was, of one source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PastRuns {
    /// When the last full run of the whole source began that did not fail.
    pub last_full: Option<DateTime<Utc>>,
    /// When the last full or quick run of the whole source began that did not fail.
    pub last_look: Option<DateTime<Utc>>,
    /// How many of its last runs failed, one after the other; 16 stands for more as well.
    pub failures: u32,
    /// When the last of them ended.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub why: Option<String>,
}

/// What a run must be to count as one of the source's own: not shown only, and neither decided nor
/// reverted by a person.
const COUNTS: &str = "source_id = ? AND dry_run = FALSE AND trigger IN ('manual', 'schedule', \
                      'hook') AND status <> 'running'";

impl Store {
    /// The past of a source.
    ///
    /// # Errors
    /// What the database says.
    pub async fn past_runs(&self, source: SourceId) -> Result<PastRuns> {
        let last_full = self.last_began(source, "mode = 'full'").await?;
        let last_look = self.last_began(source, "mode IN ('full', 'quick')").await?;
        let sql = format!(
            "SELECT status, finished_at, message FROM runs WHERE {COUNTS} \
             ORDER BY started_at DESC, id DESC LIMIT ?"
        );
        let session = Session::new(self.read.clone());
        let ends = session.query(&sql, vec![source.0.into(), ENDS.into()]).await?;
        let mut past = PastRuns { last_full, last_look, ..PastRuns::default() };
        for end in &ends {
            if cell::<String>(end, 0)? != "failed" {
                break;
            }
            if past.failures == 0 {
                (past.failed_at, past.why) = (cell(end, 1)?, cell(end, 2)?);
            }
            past.failures += 1;
        }
        Ok(past)
    }

    async fn last_began(&self, source: SourceId, what: &str) -> Result<Option<DateTime<Utc>>> {
        let sql = format!(
            "SELECT started_at FROM runs WHERE {COUNTS} AND {what} AND library IS NULL \
             AND status <> 'failed' ORDER BY started_at DESC LIMIT 1"
        );
        let rows = Session::new(self.read.clone()).query(&sql, vec![source.0.into()]).await?;
        rows.first().map(|row| cell(row, 0)).transpose()
    }
}
