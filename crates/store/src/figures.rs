//! Figures: how much there is of everything, for a page that shows it at a glance. All of it is
//! read from narrow indices; nothing here reads a row of an item.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use shelfread_domain::id::HoldId;
use shelfread_domain::{ItemId, ItemKind, ItemStatus, LibraryId, RunId};
use uuid::Uuid;

use crate::Store;
use crate::cell::word;
use crate::error::Result;
use crate::holds::{HoldRow, HoldState};
use crate::journal::{RUN_CHANGE, RunChange, run_change};
use crate::sql::{Rows, Session, Ty, cell};

/// Removals of one library that wait for a person, with the names that people know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingHold {
    /// What waits.
    pub hold: HoldRow,
    /// The source's name.
    pub source: String,
    /// The library's name.
    pub library: String,
    /// When the run that held it began.
    pub since: DateTime<Utc>,
}

const TALLY: &str = "SELECT kind, presence, COUNT(*) FROM items GROUP BY kind, presence \
                     ORDER BY kind, presence";
const BY_LIBRARY: &str = "SELECT library_id, COUNT(*) FROM listings GROUP BY library_id";
const REVIEWS: &str = "SELECT COUNT(*) FROM listings WHERE review IS NOT NULL";

/// A change of an item with the run that made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PastChange {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The name of its source.
    pub source: String,
    /// What it changed.
    pub change: RunChange,
}

impl Store {
    /// How many items of each kind stand how, as the database keeps it: what a transfer brings is
    /// counted as what it is without it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tally(&self) -> Result<Vec<(ItemKind, ItemStatus, u64)>> {
        let rows = Session::new(self.read.clone()).query(TALLY, Vec::new()).await?;
        let read = |row: &QueryResult| {
            let (kind, presence): (String, String) = (cell(row, 0)?, cell(row, 1)?);
            let kind = word(kind.parse().ok(), &kind, "items.kind")?;
            let presence = word(ItemStatus::parse(&presence), &presence, "items.presence")?;
            Ok((kind, presence, number(row, 2)?))
        };
        rows.iter().map(read).collect()
    }

    /// How many listings each library has.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listings_by_library(&self) -> Result<HashMap<LibraryId, u64>> {
        let rows = Session::new(self.read.clone()).query(BY_LIBRARY, Vec::new()).await?;
        rows.iter().map(|row| Ok((LibraryId(cell(row, 0)?), number(row, 1)?))).collect()
    }

    /// How many listings wait for a person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_reviews(&self) -> Result<u64> {
        let rows = Session::new(self.read.clone()).query(REVIEWS, Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| number(row, 0))
    }

    /// What waits for a person of all sources, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn waiting_holds(&self, limit: u64) -> Result<Vec<WaitingHold>> {
        let sql = "SELECT h.id, h.run_id, h.library_id, h.fingerprint, h.state, h.item_count, \
                   h.listing_count, h.reason, s.name, b.name, r.started_at FROM libraries b \
                   JOIN holds h ON h.library_id = b.id AND h.state = ? \
                   JOIN sources s ON s.id = b.source_id JOIN runs r ON r.id = h.run_id \
                   ORDER BY h.id LIMIT ?";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = vec![HoldState::Pending.as_str().into(), limit.into()];
        let rows = Session::new(self.read.clone()).query(sql, values).await?;
        rows.iter().map(waiting).collect()
    }

    /// Items that a run holds, movies and shows first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn held_items(&self, run: RunId, limit: u64) -> Result<Vec<RunChange>> {
        let sql = format!(
            "SELECT {RUN_CHANGE} FROM run_changes \
             WHERE run_id = ? AND state = 'held' AND entity = 'item' \
             ORDER BY CASE WHEN kind IN ('movie', 'show') THEN 0 ELSE 1 END, seq LIMIT ?"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = vec![run.0.into(), limit.into()];
        let rows = Session::new(self.read.clone()).query(&sql, values).await?;
        rows.iter().map(run_change).collect()
    }

    /// Which of these items have a poster.
    ///
    /// # Errors
    /// What the database says.
    pub async fn with_poster(&self, items: &[ItemId]) -> Result<HashSet<ItemId>> {
        let sql = "SELECT i.id FROM {k} CROSS JOIN items i \
                   WHERE i.id = k.a AND i.poster_url IS NOT NULL";
        let keys = Rows::single(items.iter().map(|id| id.0));
        let session = Session::new(self.read.clone());
        let rows = session.query_keys(sql, &[("a", Ty::Uuid)], &keys, []).await?;
        rows.iter().map(|row| Ok(ItemId(cell(row, 0)?))).collect()
    }

    /// What runs changed of an item before this line of a run, newest first, at most `limit`
    /// changes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn changes_of(
        &self,
        item: ItemId,
        before: Option<(RunId, i64)>,
        limit: u64,
    ) -> Result<Vec<PastChange>> {
        let behind = if before.is_some() { " AND (run_id, seq) < (?, ?)" } else { "" };
        let sql = format!(
            "SELECT {RUN_CHANGE}, run_id, started_at, source_name \
             FROM run_changes JOIN runs ON runs.id = run_id \
             WHERE item_id = ?{behind} ORDER BY run_id DESC, seq DESC LIMIT ?"
        );
        let mut values = vec![item.0.into()];
        values.extend(before.into_iter().flat_map(|(run, seq)| [run.0.into(), seq.into()]));
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let rows = Session::new(self.read.clone()).query(&sql, values).await?;
        let read = |row: &QueryResult| {
            let change = run_change(row)?;
            let run = RunId(cell(row, 12)?);
            Ok(PastChange { run, at: cell(row, 13)?, source: cell(row, 14)?, change })
        };
        rows.iter().map(read).collect()
    }
}

fn waiting(row: &QueryResult) -> Result<WaitingHold> {
    let hold = HoldRow {
        id: HoldId(cell::<Uuid>(row, 0)?),
        run_id: RunId(cell(row, 1)?),
        library_id: LibraryId(cell(row, 2)?),
        fingerprint: cell(row, 3)?,
        state: cell(row, 4)?,
        items: number(row, 5)?,
        listings: number(row, 6)?,
        reason: cell(row, 7)?,
    };
    Ok(WaitingHold { hold, source: cell(row, 8)?, library: cell(row, 9)?, since: cell(row, 10)? })
}

fn number(row: &QueryResult, place: usize) -> Result<u64> {
    Ok(cell::<i64>(row, place)?.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn figures_are_counted_along_narrow_indices() {
        let store = crate::plans::empty().await;
        for (sql, index) in [
            (TALLY, "COVERING INDEX ix_items_by_added"),
            (BY_LIBRARY, "COVERING INDEX ix_listings_library_id"),
            (REVIEWS, "ix_listings_review"),
        ] {
            let steps = store.steps(sql, Vec::new()).await;
            assert!(steps.len() == 1 && steps[0].contains(index), "{steps:#?}\n{sql}");
        }
    }
}
