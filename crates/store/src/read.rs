//! Reads for people: pages of items, and one item with all that hangs on it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, QueryResult, Value};
use serde::Serialize;
use shelfread_domain::{
    ExternalId, Field, ItemId, ItemKind, ItemRecord, ListingRecord, OverrideRecord, ProgressRecord,
    SettingsRecord, SourceId,
};

use crate::Store;
use crate::cell::Cell;
use crate::error::Result;
use crate::mapping::{self, ITEM, LISTING};
use crate::sql::{Rows, Session, Ty, cell};

/// Which items to list. Absent means any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ItemFilter {
    /// Of this kind.
    pub kind: Option<ItemKind>,
    /// The seasons and episodes of this show.
    pub parent: Option<ItemId>,
    /// With this text in the title, in any case of ASCII letters.
    pub query: Option<String>,
    /// Listed by this source.
    pub source: Option<SourceId>,
    /// Missing everywhere (`true`), or listed somewhere (`false`).
    pub missing: Option<bool>,
}

/// Where a page of items ends and the next one begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Cursor {
    /// The last item's title to sort by.
    pub sort_title: String,
    /// The last item's id.
    pub id: ItemId,
}

/// An item in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemSummary {
    /// The item.
    pub item: ItemRecord,
    /// The title of its show; seasons and episodes only.
    pub show: Option<String>,
    /// Where it is listed, oldest listing first.
    pub listings: Vec<ListingSummary>,
}

/// A listing in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListingSummary {
    /// The source's name.
    pub source: String,
    /// The library's name.
    pub library: String,
    /// The source's name for the item.
    pub remote_id: String,
    /// 0, or the place within a file that holds several episodes.
    pub part: u16,
    /// Since when the source no longer lists it.
    pub missing_since: Option<DateTime<Utc>>,
    /// Whether it has a file.
    pub has_file: bool,
    /// Whether a library manager looks for it; only managers say.
    pub monitored: Option<bool>,
}

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

const ID: [(&str, Ty); 1] = [("a", Ty::Uuid)];

impl Store {
    /// A page of items by title to sort by, and where the next one begins.
    ///
    /// # Errors
    /// What the database says.
    pub async fn items(
        &self,
        filter: &ItemFilter,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<(Vec<ItemSummary>, Option<Cursor>)> {
        let (conditions, mut values) = conditions(filter, after, self.backend());
        let sql = format!(
            "SELECT {ITEM}, s.title FROM items i LEFT JOIN items s ON s.id = i.parent_id \
             WHERE {conditions} ORDER BY i.sort_title, i.id LIMIT ?"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        values.push(limit.into());
        let session = Session::new(self.read.clone());
        let rows = session.query(&sql, values).await?;
        let mut items = rows.iter().map(summary).collect::<Result<Vec<_>>>()?;
        self.add_listings(&session, &mut items).await?;
        let full = i64::try_from(items.len()).unwrap_or(i64::MAX) == limit;
        let next = items.last().filter(|_| full).map(|last| Cursor {
            sort_title: last.item.fields.sort_title.clone().unwrap_or_default(),
            id: last.item.id,
        });
        Ok((items, next))
    }

    async fn add_listings(
        &self,
        session: &Session<sea_orm::DatabaseConnection>,
        items: &mut [ItemSummary],
    ) -> Result<()> {
        let (files, monitored) = match self.backend() {
            DbBackend::Postgres => ("l.facts -> 'files' IS NOT NULL", "l.facts ->> 'monitored'"),
            _ => ("l.facts -> 'files' IS NOT NULL", "l.facts -> 'monitored'"),
        };
        let sql = format!(
            "SELECT l.item_id, s.name, b.name, l.remote_id, l.part, l.missing_since, {files}, \
             {monitored} FROM {{k}} CROSS JOIN listings l JOIN libraries b ON b.id = l.library_id \
             JOIN sources s ON s.id = b.source_id WHERE l.item_id = k.a ORDER BY l.id"
        );
        let ids = Rows::single(items.iter().map(|i| i.item.id.0));
        let places: std::collections::HashMap<_, _> =
            items.iter().enumerate().map(|(place, i)| (i.item.id.0, place)).collect();
        for row in session.query_keys(&sql, &ID, &ids, []).await? {
            let item = places.get(&cell(&row, 0)?).and_then(|place| items.get_mut(*place));
            if let Some(item) = item {
                item.listings.push(listing_summary(&row)?);
            }
        }
        Ok(())
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
            let kind = crate::cell::word(kind.parse().ok(), &kind, "items.kind")?;
            Ok((kind, cell::<i64>(row, 1)?.unsigned_abs()))
        };
        rows.iter().map(read).collect()
    }

    /// One item with all that hangs on it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn item(&self, id: ItemId) -> Result<Option<ItemDetail>> {
        let session = Session::new(self.read.clone());
        let one = |sql: String| {
            let session = &session;
            async move { session.query(&sql, vec![id.0.into()]).await }
        };
        let rows = one(format!("SELECT {ITEM} FROM items i WHERE i.id = ?")).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let item = mapping::item(row)?;
        let show =
            format!("SELECT {ITEM} FROM items c JOIN items i ON i.id = c.parent_id WHERE c.id = ?");
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
        let externals = simple(mapping::EXTERNAL_ID, "external_ids", "e", "e.provider, e.value");
        let override_columns = format!("{}, o.updated_at", mapping::OVERRIDE);
        let overrides = simple(&override_columns, "overrides", "o", "o.field");
        let overrides = one(overrides).await?;
        let settings = simple(mapping::SETTINGS, "item_settings", "s", "s.item_id");
        let progress = simple(mapping::PROGRESS_COLUMNS, "progress", "p", "p.viewer_id");
        Ok(Some(ItemDetail {
            item,
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
    }

    /// Listings that wait for a person, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listings_to_review(&self, limit: u64) -> Result<Vec<ListingDetail>> {
        let sql = format!(
            "SELECT {LISTING}, s.name, b.name, l.updated_at FROM listings l \
             JOIN libraries b ON b.id = l.library_id JOIN sources s ON s.id = b.source_id \
             WHERE l.review IS NOT NULL ORDER BY l.id LIMIT ?"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = Session::new(self.read.clone()).query(&sql, vec![limit.into()]).await?;
        read(&rows, listing_detail)
    }
}

fn read<T>(rows: &[QueryResult], of: impl Fn(&QueryResult) -> Result<T>) -> Result<Vec<T>> {
    rows.iter().map(of).collect()
}

/// The conditions of a filter as fixed texts, and their parameters.
fn conditions(
    filter: &ItemFilter,
    after: Option<&Cursor>,
    backend: DbBackend,
) -> (String, Vec<Value>) {
    let mut all: Vec<(&str, Vec<Value>)> = vec![("1 = 1", Vec::new())];
    if let Some(kind) = filter.kind {
        all.push(("i.kind = ?", vec![kind.to_cell()]));
    }
    if let Some(parent) = filter.parent {
        all.push(("i.parent_id = ?", vec![parent.to_cell()]));
    }
    if let Some(query) = &filter.query {
        let escaped = query.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let like = match backend {
            DbBackend::Postgres => "i.title ILIKE ? ESCAPE '\\'",
            _ => "i.title LIKE ? ESCAPE '\\'",
        };
        all.push((like, vec![format!("%{escaped}%").into()]));
    }
    if let Some(source) = filter.source {
        let listed = "EXISTS (SELECT 1 FROM listings l JOIN libraries b ON b.id = l.library_id \
                      WHERE l.item_id = i.id AND b.source_id = ?)";
        all.push((listed, vec![source.to_cell()]));
    }
    match filter.missing {
        Some(true) => all.push((
            "NOT EXISTS (SELECT 1 FROM listings l WHERE l.item_id = i.id \
             AND l.missing_since IS NULL)",
            Vec::new(),
        )),
        Some(false) => all.push((
            "EXISTS (SELECT 1 FROM listings l WHERE l.item_id = i.id \
             AND l.missing_since IS NULL)",
            Vec::new(),
        )),
        None => {}
    }
    if let Some(after) = after {
        let values = vec![after.sort_title.as_str().into(), after.id.to_cell()];
        all.push(("(i.sort_title, i.id) > (?, ?)", values));
    }
    let texts: Vec<_> = all.iter().map(|(text, _)| *text).collect();
    (texts.join(" AND "), all.into_iter().flat_map(|(_, values)| values).collect())
}

fn summary(row: &QueryResult) -> Result<ItemSummary> {
    Ok(ItemSummary { item: mapping::item(row)?, show: cell(row, 15)?, listings: Vec::new() })
}

fn listing_summary(row: &QueryResult) -> Result<ListingSummary> {
    let monitored: Option<String> = cell(row, 7)?;
    Ok(ListingSummary {
        source: cell(row, 1)?,
        library: cell(row, 2)?,
        remote_id: cell(row, 3)?,
        part: mapping::part(cell(row, 4)?)?,
        missing_since: cell(row, 5)?,
        has_file: cell(row, 6)?,
        monitored: monitored.map(|text| text == "true"),
    })
}

fn listing_detail(row: &QueryResult) -> Result<ListingDetail> {
    Ok(ListingDetail {
        listing: mapping::listing(row)?,
        source: cell(row, 17)?,
        library: cell(row, 18)?,
        updated_at: cell(row, 19)?,
    })
}
