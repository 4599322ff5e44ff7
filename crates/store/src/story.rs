//! Story: a run line by line, for people. The journal first; behind it the items and listings that
//! the run made, which the journal does not have: `created_run_id` tells them.

use sea_orm::QueryResult;
use shelfread_domain::{Op, RunId};

use crate::Store;
use crate::error::Result;
use crate::journal::{ChangeState, RunChange};
use crate::mapping::{self, ITEM, LISTING};
use crate::sql::{Session, cell};

/// Listings that a run made of items that were there before. Those of new items are part of them.
const JOINED: &str = "l.created_run_id = ? AND NOT EXISTS (SELECT 1 FROM items i \
    WHERE i.id = l.item_id AND i.created_run_id = l.created_run_id)";

impl Store {
    /// What a run did, behind the line `after` (0 for its beginning), at most `limit` lines. New
    /// items are told with this reason.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_story(
        &self,
        run: RunId,
        after: i64,
        limit: u64,
        reason: &str,
    ) -> Result<Vec<RunChange>> {
        let mut lines = self.run_changes(run, after, limit).await?;
        let last = "SELECT COALESCE(MAX(seq), 0) FROM run_changes WHERE run_id = ?";
        let journal = self.number(last, run).await?;
        let items = "SELECT COUNT(*) FROM items WHERE created_run_id = ?";
        let items = self.number(items, run).await?;
        for (made, before) in [(Made::Items, journal), (Made::Listings, journal + items)] {
            let have = i64::try_from(lines.len()).unwrap_or(i64::MAX);
            let room = i64::try_from(limit).unwrap_or(i64::MAX).saturating_sub(have);
            let place = Place { before, skip: (after - before).max(0), room };
            lines.extend(self.made(run, made, place, reason).await?);
        }
        Ok(lines)
    }

    async fn number(&self, sql: &str, run: RunId) -> Result<i64> {
        let rows = Session::new(self.read.clone()).query(sql, vec![run.0.into()]).await?;
        rows.first().map_or(Ok(0), |row| cell(row, 0))
    }

    async fn made(
        &self,
        run: RunId,
        made: Made,
        place: Place,
        reason: &str,
    ) -> Result<Vec<RunChange>> {
        let values = vec![run.0.into(), place.room.into(), place.skip.into()];
        let rows = Session::new(self.read.clone()).query(&made.text(), values).await?;
        let numbers = place.before.saturating_add(place.skip).saturating_add(1)..;
        // Rows first: without one no number is counted on.
        rows.iter().zip(numbers).map(|(row, seq)| made.line(seq, row, reason)).collect()
    }
}

/// Where in the story a part of it is wanted.
struct Place {
    /// Lines before the part.
    before: i64,
    /// Lines of the part that were told already.
    skip: i64,
    /// Lines that are wanted.
    room: i64,
}

/// What the journal does not have.
#[derive(Clone, Copy)]
enum Made {
    Items,
    Listings,
}

impl Made {
    fn text(self) -> String {
        let (columns, rows) = match self {
            Self::Items => (ITEM, "items i WHERE i.created_run_id = ? ORDER BY i.id".to_owned()),
            Self::Listings => (LISTING, format!("listings l WHERE {JOINED} ORDER BY l.id")),
        };
        format!("SELECT {columns} FROM {rows} LIMIT ? OFFSET ?")
    }

    fn line(self, seq: i64, row: &QueryResult, reason: &str) -> Result<RunChange> {
        let reason = reason.to_owned();
        let (op, before, state) = (Op::Add, None, ChangeState::Applied);
        Ok(match self {
            Self::Items => {
                let item = mapping::item(row)?;
                let (entity, entity_id) = ("item".to_owned(), Some(item.id.0));
                let (item_id, kind, label) = (Some(item.id), item.kind, item.label());
                let (after, basis) = (serde_json::to_value(&item).ok(), None);
                RunChange {
                    seq,
                    op,
                    entity,
                    item_id,
                    entity_id,
                    kind,
                    label,
                    before,
                    after,
                    reason,
                    basis,
                    state,
                }
            }
            Self::Listings => {
                let l = mapping::listing(row)?;
                let label = l.facts.title.clone().unwrap_or_else(|| l.remote_id.0.clone());
                let (entity, entity_id) = ("listing".to_owned(), Some(l.id.0));
                let (item_id, kind, basis) = (l.item_id, l.kind, Some(l.match_basis));
                let after = serde_json::to_value(&l).ok();
                RunChange {
                    seq,
                    op,
                    entity,
                    item_id,
                    entity_id,
                    kind,
                    label,
                    before,
                    after,
                    reason,
                    basis,
                    state,
                }
            }
        })
    }
}
