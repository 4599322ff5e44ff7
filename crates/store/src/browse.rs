//! Browse: pages of items, filtered and sorted, from a million rows as from ten.
//!
//! How, and why so:
//! 1. Every kind and presence has its own stretch of the index of each order. The wanted stretches
//!    are walked at once and merged, so that an order over all kinds needs no index of its own and
//!    nothing is read that is not wanted.
//! 2. What no index leads to is asked of each row of a stretch before it is merged: a text within a
//!    title of the index itself, what a source lists or does not of an index of listings. A filter
//!    that fits often reads little; one that fits nothing ends after one pass over narrow rows, and
//!    nothing is kept but the page.
//! 3. A page begins behind the last item of the page before, never at a number of rows.
//!
//! It knows tables and indices, and deliberately nothing of who looks at the page.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, DbBackend, QueryResult, Value};
use serde::{Deserialize, Serialize};
use shelfread_domain::{ItemId, ItemKind, ItemRecord, ItemStatus, SourceId};
use uuid::Uuid;

use crate::Store;
use crate::cell::{Cell, word};
use crate::error::Result;
use crate::mapping::{self, ITEM};
use crate::sql::{Rows, Session, Ty, cell};

/// Which items to list, and in which order. Absent means any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ItemFilter {
    /// Of this kind.
    pub kind: Option<ItemKind>,
    /// Only movies and shows.
    pub top: bool,
    /// The seasons and episodes of this show.
    pub parent: Option<ItemId>,
    /// With this text in the title, in any case of ASCII letters.
    pub query: Option<String>,
    /// Listed by this source, now or once.
    pub source: Option<SourceId>,
    /// Not listed by this source now.
    pub missing_on: Option<SourceId>,
    /// With this status.
    pub status: Option<ItemStatus>,
    /// The order.
    pub sort: Sort,
}

/// The orders in which items can be listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// By title to sort by.
    #[default]
    Title,
    /// Newest year first; only movies and shows, since others have none of their own.
    Year,
    /// What came last into the catalogue first.
    Added,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 3] = [Self::Title, Self::Year, Self::Added];

    /// The text that the API and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Year => "year",
            Self::Added => "added",
        }
    }

    /// Reads that text back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == text)
    }

    /// What the index of this order has behind kind and presence and before the id.
    const fn key(self) -> &'static str {
        match self {
            Self::Title => "i.sort_title",
            Self::Year => "COALESCE(i.year, 0)",
            Self::Added => "0",
        }
    }

    /// The order of rows that have `k` and `id`.
    const fn order(self) -> &'static str {
        match self {
            Self::Title => "k, id",
            Self::Year => "k DESC, id DESC",
            Self::Added => "id DESC",
        }
    }
}

/// Where a page of items ends and the next one begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// What the last item was sorted by.
    pub key: SortKey,
    /// The last item's id.
    pub id: ItemId,
}

/// What an item is sorted by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SortKey {
    /// The title to sort by.
    Title(String),
    /// The year; 0 without one.
    Year(i32),
    /// The id alone: ids are made in order of time.
    Added,
}

/// An item in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemSummary {
    /// The item.
    pub item: ItemRecord,
    /// What its listings amount to.
    pub status: ItemStatus,
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
}

/// The status of an item `i`: what its listings amount to, unless it is not there and a transfer
/// brings it.
pub const STATUS: &str = "CASE WHEN i.presence <> 'available' AND EXISTS (\
    SELECT 1 FROM download_items d JOIN downloads t ON t.id = d.download_id \
    WHERE d.item_id = i.id AND t.state <> 'failed') THEN 'downloading' ELSE i.presence END";

const ALL_KINDS: [ItemKind; 4] =
    [ItemKind::Movie, ItemKind::Show, ItemKind::Season, ItemKind::Episode];
/// What the database keeps of an item's status; the rest comes from downloads.
const PRESENCES: [ItemStatus; 4] =
    [ItemStatus::Available, ItemStatus::Wanted, ItemStatus::Unmonitored, ItemStatus::Missing];

impl Store {
    /// A page of items, and where the next one begins.
    ///
    /// # Errors
    /// What the database says.
    pub async fn items(
        &self,
        filter: &ItemFilter,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<(Vec<ItemSummary>, Option<Cursor>)> {
        let session = Session::new(self.read.clone());
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        let (found, next) = self.walk(&session, filter, after, limit).await?;
        let mut items = summaries(&session, &found).await?;
        add_listings(&session, &mut items).await?;
        Ok((items, next))
    }

    /// The places of a page in its order.
    async fn walk(
        &self,
        session: &Session<DatabaseConnection>,
        filter: &ItemFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Vec<Cursor>, Option<Cursor>)> {
        let Some(walk) = Text::walk(filter, after, limit as u64, self.backend()) else {
            return Ok((Vec::new(), None));
        };
        let rows = session.query(&walk.sql, walk.values).await?;
        let found: Vec<_> =
            rows.iter().map(|row| cursor(filter.sort, row)).collect::<Result<_>>()?;
        let next = found.last().filter(|_| found.len() >= limit).cloned();
        Ok((found, next))
    }
}

/// A piece of a statement and its parameters.
#[derive(Clone)]
struct Text {
    sql: String,
    values: Vec<Value>,
}

impl Text {
    /// The items that fit, in order, from behind a place on: `id` and `k`. Nothing when nothing can
    /// fit.
    fn walk(
        filter: &ItemFilter,
        after: Option<&Cursor>,
        limit: u64,
        backend: DbBackend,
    ) -> Option<Self> {
        let (key, order) = (filter.sort.key(), filter.sort.order());
        let (from, conditions) = (behind(filter.sort, after), conditions(filter, backend));
        let (mut walks, mut values) = (Vec::new(), Vec::new());
        for stretch in stretches(filter) {
            let all = [&stretch].into_iter().chain(&from).chain(&conditions);
            let wanted: Vec<_> = all.clone().map(|text| text.sql.as_str()).collect();
            let wanted = wanted.join(" AND ");
            walks.push(format!("SELECT i.id AS id, {key} AS k FROM items i WHERE {wanted}"));
            values.extend(all.flat_map(|text| text.values.iter().cloned()));
        }
        values.push(count(limit));
        let sql = format!("{} ORDER BY {order} LIMIT ?", walks.join(" UNION ALL "));
        (!walks.is_empty()).then_some(Self { sql, values })
    }
}

/// What must be asked of each row of a stretch.
fn conditions(filter: &ItemFilter, backend: DbBackend) -> Vec<Text> {
    let mut all: Vec<(String, Vec<Value>)> = Vec::new();
    if !by_index(filter) {
        all.extend(filter.kind.map(|kind| ("i.kind = ?".to_owned(), vec![kind.to_cell()])));
        if only_top(filter) {
            all.push(("i.kind IN ('movie', 'show')".to_owned(), Vec::new()));
        }
    }
    match filter.status {
        Some(ItemStatus::Available) if by_index(filter) => {}
        Some(status) => all.push((format!("{STATUS} = ?"), vec![status.as_str().into()])),
        None => {}
    }
    if let Some(query) = &filter.query {
        let like = if backend == DbBackend::Postgres { "ILIKE" } else { "LIKE" };
        let pattern = format!("%{}%", literal(query));
        all.push((format!("i.title {like} ? ESCAPE '\\'"), vec![pattern.into()]));
    }
    // A list of libraries, which are few, instead of a join: an index of listings has all of it.
    let listed = "EXISTS (SELECT 1 FROM listings l WHERE l.item_id = i.id AND l.standing >= ? \
                  AND l.library_id IN (SELECT b.id FROM libraries b WHERE b.source_id = ?))";
    let by = |least: i32, source: SourceId| vec![least.into(), source.to_cell()];
    all.extend(filter.source.map(|source| (listed.to_owned(), by(0, source))));
    all.extend(filter.missing_on.map(|source| (format!("NOT {listed}"), by(1, source))));
    all.into_iter().map(|(sql, values)| Text { sql, values }).collect()
}

/// Whether the indices of the orders lead to what is wanted. They do not to the children of a show
/// nor to what transfers bring: these are few.
fn by_index(filter: &ItemFilter) -> bool {
    filter.parent.is_none() && filter.status != Some(ItemStatus::Downloading)
}

/// Seasons and episodes have no year of their own.
fn only_top(filter: &ItemFilter) -> bool {
    filter.top || filter.sort == Sort::Year
}

/// The stretches of the index that are walked: those of the wanted kinds and presences, or the
/// children of a show, or what transfers bring. Kinds and presences are words of the program and stand in the text.
fn stretches(filter: &ItemFilter) -> Vec<Text> {
    if let Some(parent) = filter.parent {
        let sql = "i.parent_id = ?".to_owned();
        return vec![Text { sql, values: vec![parent.to_cell()] }];
    }
    if filter.status == Some(ItemStatus::Downloading) {
        let sql = "i.id IN (SELECT d.item_id FROM download_items d)".to_owned();
        return vec![Text { sql, values: Vec::new() }];
    }
    let kinds = ALL_KINDS.into_iter().filter(|kind| filter.kind.is_none_or(|k| k == *kind));
    let kinds = kinds.filter(|kind| kind.is_top() || !only_top(filter));
    let presences = PRESENCES.into_iter().filter(|p| filter.status.is_none_or(|s| s == *p));
    let partial = match filter.sort {
        Sort::Year => " AND i.kind IN ('movie', 'show')",
        _ => "",
    };
    let presences: Vec<_> = presences.collect();
    let pairs = kinds.flat_map(|kind| presences.iter().map(move |presence| (kind, *presence)));
    pairs
        .map(|(kind, presence)| Text {
            sql: format!("i.kind = '{kind}' AND i.presence = '{presence}'{partial}"),
            values: Vec::new(),
        })
        .collect()
}

/// What lies behind a place, as a condition that the index of the order answers.
fn behind(sort: Sort, after: Option<&Cursor>) -> Option<Text> {
    let Cursor { key, id } = after?;
    let (sql, values) = match (sort, key) {
        (Sort::Title, SortKey::Title(title)) => {
            ("(i.sort_title, i.id) > (?, ?)", vec![title.as_str().into(), id.to_cell()])
        }
        (Sort::Year, SortKey::Year(year)) => (
            "COALESCE(i.year, 0) <= ? AND (COALESCE(i.year, 0) < ? OR i.id < ?)",
            vec![(*year).into(), (*year).into(), id.to_cell()],
        ),
        _ => ("i.id < ?", vec![id.to_cell()]),
    };
    Some(Text { sql: sql.to_owned(), values })
}

fn cursor(sort: Sort, row: &QueryResult) -> Result<Cursor> {
    let key = match sort {
        Sort::Title => SortKey::Title(cell(row, 1)?),
        Sort::Year => SortKey::Year(cell(row, 1)?),
        Sort::Added => SortKey::Added,
    };
    Ok(Cursor { key, id: ItemId(cell(row, 0)?) })
}

/// A text in which nothing stands for anything else.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn count(n: u64) -> Value {
    i64::try_from(n).unwrap_or(i64::MAX).into()
}

const ID: [(&str, Ty); 1] = [("a", Ty::Uuid)];

/// The items at these places, in their order.
async fn summaries(
    session: &Session<DatabaseConnection>,
    places: &[Cursor],
) -> Result<Vec<ItemSummary>> {
    let sql = format!(
        "SELECT {ITEM}, {STATUS}, s.title FROM {{k}} CROSS JOIN items i \
         LEFT JOIN items s ON s.id = i.parent_id WHERE i.id = k.a"
    );
    let ids = Rows::single(places.iter().map(|place| place.id.0));
    let mut found = HashMap::with_capacity(places.len());
    for row in session.query_keys(&sql, &ID, &ids, []).await? {
        let summary = summary(&row)?;
        found.insert(summary.item.id, summary);
    }
    Ok(places.iter().filter_map(|place| found.remove(&place.id)).collect())
}

fn summary(row: &QueryResult) -> Result<ItemSummary> {
    Ok(ItemSummary {
        item: mapping::item(row)?,
        status: status(row, 15)?,
        show: cell(row, 16)?,
        listings: Vec::new(),
    })
}

/// Reads a [`STATUS`].
pub fn status(row: &QueryResult, place: usize) -> Result<ItemStatus> {
    let text: String = cell(row, place)?;
    word(ItemStatus::parse(&text), &text, "items.presence")
}

async fn add_listings(
    session: &Session<DatabaseConnection>,
    items: &mut [ItemSummary],
) -> Result<()> {
    let sql = "SELECT l.item_id, s.name, b.name, l.remote_id, l.part, l.missing_since \
               FROM {k} CROSS JOIN listings l JOIN libraries b ON b.id = l.library_id \
               JOIN sources s ON s.id = b.source_id WHERE l.item_id = k.a ORDER BY l.id";
    let ids = Rows::single(items.iter().map(|i| i.item.id.0));
    let places: HashMap<Uuid, usize> =
        items.iter().enumerate().map(|(place, i)| (i.item.id.0, place)).collect();
    for row in session.query_keys(sql, &ID, &ids, []).await? {
        let item = places.get(&cell(&row, 0)?).and_then(|place| items.get_mut(*place));
        if let Some(item) = item {
            item.listings.push(listing_summary(&row)?);
        }
    }
    Ok(())
}

fn listing_summary(row: &QueryResult) -> Result<ListingSummary> {
    Ok(ListingSummary {
        source: cell(row, 1)?,
        library: cell(row, 2)?,
        remote_id: cell(row, 3)?,
        part: mapping::part(cell(row, 4)?)?,
        missing_since: cell(row, 5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that can be asked for, also together.
    fn filters() -> Vec<ItemFilter> {
        let source = Some(SourceId(Uuid::nil()));
        let query = Some("heat".to_owned());
        let mut all = vec![ItemFilter::default()];
        let mut also = |change: &dyn Fn(&mut ItemFilter)| {
            let changed = all.iter().cloned().map(|mut filter| {
                change(&mut filter);
                filter
            });
            let changed: Vec<_> = changed.collect();
            all.extend(changed);
        };
        also(&|filter| filter.query.clone_from(&query));
        also(&|filter| filter.source = source);
        also(&|filter| filter.missing_on = source);
        also(&|filter| filter.top = true);
        also(&|filter| filter.parent = Some(ItemId(Uuid::nil())));
        let kinds = [None, Some(ItemKind::Movie), Some(ItemKind::Episode)].into_iter();
        let statuses = || {
            let some = [ItemStatus::Available, ItemStatus::Missing, ItemStatus::Downloading];
            some.into_iter().map(Some).chain([None])
        };
        let pairs = kinds.flat_map(|kind| statuses().map(move |status| (kind, status)));
        let each = |(kind, status): (Option<ItemKind>, Option<ItemStatus>)| {
            all.iter().flat_map(move |filter| {
                Sort::ALL.map(|sort| ItemFilter { kind, status, sort, ..filter.clone() })
            })
        };
        pairs.flat_map(each).collect()
    }

    fn is_scan_of_a_table(step: &str) -> bool {
        let of = |table: &str| {
            step == format!("SCAN {table}") || step.contains(&format!("{table} USING"))
        };
        step.starts_with("SCAN") && ["items", "listings", "i", "l", "b"].into_iter().any(of)
    }

    #[tokio::test]
    async fn no_page_reads_a_whole_table() {
        let store = crate::plans::empty().await;
        for filter in filters() {
            let key = match filter.sort {
                Sort::Title => SortKey::Title("heat".to_owned()),
                Sort::Year => SortKey::Year(1995),
                Sort::Added => SortKey::Added,
            };
            let last = Cursor { key, id: ItemId(Uuid::nil()) };
            for after in [None, Some(&last)] {
                let walk = Text::walk(&filter, after, 50, DbBackend::Sqlite);
                let Some(Text { sql, values }) = walk else { continue };
                let steps = store.steps(&sql, values).await;
                let scan = steps.iter().find(|step| is_scan_of_a_table(step));
                assert_eq!(scan, None, "{steps:#?}\n{sql}");
                if by_index(&filter) {
                    let index = format!("COVERING INDEX ix_items_by_{}", filter.sort.as_str());
                    let is_wide = |s: &&String| s.contains("SEARCH i ") && !s.contains(&index);
                    assert_eq!(steps.iter().find(is_wide), None, "{steps:#?}\n{sql}");
                    let sorted = steps.iter().find(|step| step.starts_with("USE TEMP"));
                    assert_eq!(sorted, None, "stretches are merged: {steps:#?}\n{sql}");
                }
            }
        }
    }
}
