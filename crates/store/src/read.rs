//! Reads for people: one item with all that hangs on it, and what waits for a decision. Pages of
//! items are in `browse`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::QueryResult;
use shelfread_domain::{
    ExternalId, Field, ItemId, ItemKind, ItemRecord, ItemStatus, ListingRecord, OverrideRecord,
    ProgressRecord, SettingsRecord,
};

use crate::Store;
use crate::browse::{STATUS, status};
use crate::cell::word;
use crate::error::Result;
use crate::mapping::{self, ITEM, LISTING};
use crate::sql::{Session, cell};

/// A whole listing and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListingDetail {
    /// The source's name.
    pub source: String,
    /// The library's name.
    pub library: String,
    /// The listing.
    pub listing: ListingRecord,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

/// An item with all that hangs on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemDetail {
    /// The item.
    pub item: ItemRecord,
    /// What its listings amount to.
    pub status: ItemStatus,
    /// Its show; seasons and episodes only.
    pub show: Option<ItemRecord>,
    /// What every source says of it, by priority.
    pub listings: Vec<ListingDetail>,
    /// Its seasons and episodes, by number.
    pub children: Vec<ItemRecord>,
    /// The external ids that it owns.
    pub external_ids: Vec<ExternalId>,
    /// What a person corrected.
    pub overrides: Vec<OverrideRecord>,
    /// When each of these fields was corrected.
    pub corrected_at: BTreeMap<Field, DateTime<Utc>>,
    /// What a person set.
    pub settings: Option<SettingsRecord>,
    /// Play state, for each viewer.
    pub progress: Vec<ProgressRecord>,
}

impl Store {
    /// The ids of items behind this one, in their order; at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn item_ids(&self, after: Option<ItemId>, limit: u64) -> Result<Vec<ItemId>> {
        let after = after.map_or_else(uuid::Uuid::nil, |id| id.0);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = "SELECT id FROM items WHERE id > ? ORDER BY id LIMIT ?";
        let session = Session::new(self.read.clone());
        let rows = session.query(sql, vec![after.into(), limit.into()]).await?;
        rows.iter().map(|row| cell(row, 0).map(ItemId)).collect()
    }

    /// How many items no source lists any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_unlisted_items(&self) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM items i \
                   WHERE NOT EXISTS (SELECT 1 FROM listings l WHERE l.item_id = i.id)";
        let rows = Session::new(self.read.clone()).query(sql, Vec::new()).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| cell(row, 0))?;
        Ok(count.unsigned_abs())
    }

    /// How many items of each kind there are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_by_kind(&self) -> Result<Vec<(ItemKind, u64)>> {
        let sql = "SELECT kind, COUNT(*) FROM items GROUP BY kind ORDER BY kind";
        let rows = Session::new(self.read.clone()).query(sql, Vec::new()).await?;
        let read = |row: &QueryResult| {
            let kind: String = cell(row, 0)?;
            let kind = word(kind.parse().ok(), &kind, "items.kind")?;
            Ok((kind, cell::<i64>(row, 1)?.unsigned_abs()))
        };
        rows.iter().map(read).collect()
    }

    /// One item with all that hangs on it.
    ///
    /// # Errors
    /// What the database says.
    pub fn item(&self, id: ItemId) -> BoxFuture<'_, Result<Option<ItemDetail>>> {
        Box::pin(async move {
            let session = Session::new(self.read.clone());
            let one = |sql: String| {
                let session = &session;
                async move { session.query(&sql, vec![id.0.into()]).await }
            };
            let rows = one(format!("SELECT {ITEM}, {STATUS} FROM items i WHERE i.id = ?")).await?;
            let Some(row) = rows.first() else { return Ok(None) };
            let (item, status) = (mapping::item(row)?, status(row, 15)?);
            let show = format!(
                "SELECT {ITEM} FROM items c JOIN items i ON i.id = c.parent_id WHERE c.id = ?"
            );
            let children = format!(
                "SELECT {ITEM} FROM items i WHERE i.parent_id = ? \
             ORDER BY i.season_number, i.kind DESC, i.episode_number, i.air_date, i.id"
            );
            let listings = format!(
                "SELECT {LISTING}, s.name, b.name, l.updated_at FROM listings l \
             JOIN libraries b ON b.id = l.library_id JOIN sources s ON s.id = b.source_id \
             WHERE l.item_id = ? ORDER BY s.priority, s.id, b.id, l.id"
            );
            let simple = |columns, table, alias, order| {
                format!(
                    "SELECT {columns} FROM {table} {alias} WHERE {alias}.item_id = ? ORDER BY {order}"
                )
            };
            let externals =
                simple(mapping::EXTERNAL_ID, "external_ids", "e", "e.provider, e.value");
            let override_columns = format!("{}, o.updated_at", mapping::OVERRIDE);
            let overrides = simple(&override_columns, "overrides", "o", "o.field");
            let overrides = one(overrides).await?;
            let settings = simple(mapping::SETTINGS, "item_settings", "s", "s.item_id");
            let progress = simple(mapping::PROGRESS_COLUMNS, "progress", "p", "p.viewer_id");
            Ok(Some(ItemDetail {
                item,
                status,
                show: read(&one(show).await?, mapping::item)?.pop(),
                listings: read(&one(listings).await?, listing_detail)?,
                children: read(&one(children).await?, mapping::item)?,
                external_ids: read(&one(externals).await?, |r| Ok(mapping::external_id(r)?.id))?,
                corrected_at: overrides
                    .iter()
                    .map(|row| Ok((mapping::override_(row)?.field, cell(row, 3)?)))
                    .collect::<Result<_>>()?,
                overrides: read(&overrides, mapping::override_)?,
                settings: read(&one(settings).await?, mapping::settings)?.pop(),
                progress: read(&one(progress).await?, mapping::progress)?,
            }))
        })
    }

    /// Listings that wait for a person, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listings_to_review(&self, limit: u64) -> Result<Vec<ListingDetail>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = Session::new(self.read.clone()).query(&to_review(), vec![limit.into()]).await?;
        read(&rows, listing_detail)
    }
}

fn to_review() -> String {
    format!(
        "SELECT {LISTING}, s.name, b.name, l.updated_at FROM listings l \
         JOIN libraries b ON b.id = l.library_id JOIN sources s ON s.id = b.source_id \
         WHERE l.review IS NOT NULL ORDER BY l.id LIMIT ?"
    )
}

fn read<T>(rows: &[QueryResult], of: impl Fn(&QueryResult) -> Result<T>) -> Result<Vec<T>> {
    rows.iter().map(of).collect()
}

fn listing_detail(row: &QueryResult) -> Result<ListingDetail> {
    Ok(ListingDetail {
        listing: mapping::listing(row)?,
        source: cell(row, 17)?,
        library: cell(row, 18)?,
        updated_at: cell(row, 19)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_is_found_among_all_that_does_not() {
        let store = crate::plans::empty().await;
        let steps = store.steps(&to_review(), vec![50.into()]).await;
        assert!(steps[0].contains("INDEX ix_listings_review"), "{steps:#?}");
        assert!(!steps.iter().any(|step| step.starts_with("USE TEMP")), "{steps:#?}");
    }
}
