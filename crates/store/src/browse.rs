//! Browse: pages of items, filtered and sorted, from a million rows as from ten.
//!
//! How, and why so:
//! 1. Every kind and presence has its own stretch of the index of each order. The wanted stretches
//!    are walked at once and merged, so that an order over all kinds needs no index of its own and
//!    nothing is read that is not wanted.
//! 2. What no index answers (a text within a title, what a source does not list) is looked up for
//!    each row of the walk, in windows that grow: a filter that fits often reads little, one that
//!    fits nothing ends after one pass over narrow index rows, in bounded memory.
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
            Self::Title => "sort_title",
            Self::Year => "COALESCE(year, 0)",
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

/// Rows of the walk that are looked at in one statement: at first, and at most.
const WINDOW: (u64, u64) = (200, 64_000);

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
        if stretches(filter).is_empty() {
            return Ok((Vec::new(), None));
        }
        let probes = Text::probes(filter, self.backend());
        let mut found: Vec<Cursor> = Vec::new();
        let mut after = after.cloned();
        let mut window = match probes {
            None => limit as u64,
            Some(_) => (4 * limit as u64).clamp(WINDOW.0, WINDOW.1),
        };
        loop {
            let walk = Text::walk(filter, after.as_ref(), window);
            let wanted = (limit - found.len()) as u64;
            let page = walk.clone().page(filter.sort, probes.as_ref(), wanted);
            let rows = session.query(&page.sql, page.values).await?;
            for row in &rows {
                found.push(cursor(filter.sort, row)?);
            }
            if found.len() >= limit {
                let next = found.last().cloned();
                return Ok((found, next));
            }
            if probes.is_none() {
                return Ok((found, None));
            }
            let end = walk.end(filter.sort, window);
            let Some(row) = session.query(&end.sql, end.values).await?.pop() else {
                return Ok((found, None));
            };
            after = Some(cursor(filter.sort, &row)?);
            window = (window * 4).min(WINDOW.1);
        }
    }
}

/// A piece of a statement and its parameters.
#[derive(Clone)]
struct Text {
    sql: String,
    values: Vec<Value>,
}

impl Text {
    /// The items that the index leads to, in order, from behind a place on: `id` and `k`.
    fn walk(filter: &ItemFilter, after: Option<&Cursor>, window: u64) -> Self {
        let (key, order) = (filter.sort.key(), filter.sort.order());
        let mut walk = Self { sql: String::new(), values: Vec::new() };
        for stretch in stretches(filter) {
            if !walk.sql.is_empty() {
                walk.sql.push_str(" UNION ALL ");
            }
            let (sort, from) = behind(filter.sort, after);
            let sql = stretch.sql;
            walk.sql.push_str(&format!("SELECT id, {key} AS k FROM items WHERE {sql}{sort}"));
            walk.values.extend(stretch.values);
            walk.values.extend(from);
        }
        walk.sql.push_str(&format!(" ORDER BY {order} LIMIT ?"));
        walk.values.push(count(window));
        walk
    }

    /// Those of the walk that fit, up to a number.
    fn page(mut self, sort: Sort, probes: Option<&Self>, wanted: u64) -> Self {
        if let Some(probes) = probes {
            self.sql = format!(
                "SELECT w.id, w.k FROM ({}) AS w CROSS JOIN items i WHERE i.id = w.id AND {} \
                 ORDER BY {} LIMIT ?",
                self.sql,
                probes.sql,
                sort.order().replace('k', "w.k").replace("id", "w.id"),
            );
            self.values.extend(probes.values.iter().cloned());
            self.values.push(count(wanted));
        }
        self
    }

    /// The last row of a walk, if it fills its window.
    fn end(mut self, sort: Sort, window: u64) -> Self {
        let order = sort.order();
        let walk = self.sql;
        self.sql = format!("SELECT id, k FROM ({walk}) AS w ORDER BY {order} LIMIT 1 OFFSET ?");
        self.values.push(count(window - 1));
        self
    }

    /// What must be looked up for each row of the walk.
    fn probes(filter: &ItemFilter, backend: DbBackend) -> Option<Self> {
        let status_is = format!("{STATUS} = ?");
        let mut all: Vec<(&str, Vec<Value>)> = Vec::new();
        if !by_index(filter) {
            all.extend(filter.kind.map(|kind| ("i.kind = ?", vec![kind.to_cell()])));
            if only_top(filter) {
                all.push(("i.kind IN ('movie', 'show')", Vec::new()));
            }
        }
        match filter.status {
            Some(ItemStatus::Available) if by_index(filter) => {}
            Some(status) => all.push((&status_is, vec![status.as_str().into()])),
            None => {}
        }
        if let Some(query) = &filter.query {
            let like = match backend {
                DbBackend::Postgres => "i.title ILIKE ? ESCAPE '\\'",
                _ => "i.title LIKE ? ESCAPE '\\'",
            };
            all.push((like, vec![format!("%{}%", literal(query)).into()]));
        }
        if let Some(source) = filter.source {
            let listed = "EXISTS (SELECT 1 FROM listings l JOIN libraries b ON b.id = l.library_id \
                          WHERE l.item_id = i.id AND b.source_id = ?)";
            all.push((listed, vec![source.to_cell()]));
        }
        if let Some(source) = filter.missing_on {
            let lacking = "NOT EXISTS (SELECT 1 FROM listings l \
                           JOIN libraries b ON b.id = l.library_id \
                           WHERE l.item_id = i.id AND b.source_id = ? AND l.standing > 0)";
            all.push((lacking, vec![source.to_cell()]));
        }
        let texts: Vec<_> = all.iter().map(|(text, _)| *text).collect();
        let sql = texts.join(" AND ");
        let values = all.into_iter().flat_map(|(_, values)| values).collect();
        (!sql.is_empty()).then_some(Self { sql, values })
    }
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
        let sql = "parent_id = ?".to_owned();
        return vec![Text { sql, values: vec![parent.to_cell()] }];
    }
    if filter.status == Some(ItemStatus::Downloading) {
        let sql = "id IN (SELECT d.item_id FROM download_items d)".to_owned();
        return vec![Text { sql, values: Vec::new() }];
    }
    let kinds = ALL_KINDS.into_iter().filter(|kind| filter.kind.is_none_or(|k| k == *kind));
    let kinds = kinds.filter(|kind| kind.is_top() || !only_top(filter));
    let presences = PRESENCES.into_iter().filter(|p| filter.status.is_none_or(|s| s == *p));
    let partial = match filter.sort {
        Sort::Year => " AND kind IN ('movie', 'show')",
        _ => "",
    };
    let presences: Vec<_> = presences.collect();
    let pairs = kinds.flat_map(|kind| presences.iter().map(move |presence| (kind, *presence)));
    pairs
        .map(|(kind, presence)| Text {
            sql: format!("kind = '{kind}' AND presence = '{presence}'{partial}"),
            values: Vec::new(),
        })
        .collect()
}

/// What lies behind a place, as a condition that the index of the order answers.
fn behind(sort: Sort, after: Option<&Cursor>) -> (&'static str, Vec<Value>) {
    let Some(Cursor { key, id }) = after else { return ("", Vec::new()) };
    match (sort, key) {
        (Sort::Title, SortKey::Title(title)) => {
            (" AND (sort_title, id) > (?, ?)", vec![title.as_str().into(), id.to_cell()])
        }
        (Sort::Year, SortKey::Year(year)) => (
            " AND COALESCE(year, 0) <= ? AND (COALESCE(year, 0) < ? OR id < ?)",
            vec![(*year).into(), (*year).into(), id.to_cell()],
        ),
        _ => (" AND id < ?", vec![id.to_cell()]),
    }
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

    fn filters() -> Vec<ItemFilter> {
        let mut all = Vec::new();
        for sort in Sort::ALL {
            for kind in [None, Some(ItemKind::Movie), Some(ItemKind::Show)] {
                let statuses = ItemStatus::ALL.into_iter().map(Some);
                for status in statuses.chain([None]) {
                    let plain = ItemFilter { kind, status, sort, ..ItemFilter::default() };
                    let query = Some("heat".to_owned());
                    let source = Some(SourceId(Uuid::nil()));
                    all.extend([
                        ItemFilter { query, ..plain.clone() },
                        ItemFilter { top: true, ..plain.clone() },
                        ItemFilter { missing_on: source, ..plain.clone() },
                        ItemFilter { source, ..plain.clone() },
                        ItemFilter { parent: Some(ItemId(Uuid::nil())), ..plain.clone() },
                        plain,
                    ]);
                }
            }
        }
        all
    }

    /// The steps in which SQLite answers; it decides by the text alone.
    async fn steps(session: &Session<DatabaseConnection>, text: Text) -> Vec<String> {
        let explain = format!("EXPLAIN QUERY PLAN {}", text.sql);
        let rows = session.query(&explain, text.values).await.unwrap();
        rows.iter().map(|row| cell(row, 3).unwrap()).collect()
    }

    fn is_scan_of_a_table(step: &str) -> bool {
        let of = |table: &str| {
            step == format!("SCAN {table}") || step.contains(&format!("{table} USING"))
        };
        step.starts_with("SCAN") && ["items", "listings", "i", "l", "b"].into_iter().any(of)
    }

    #[tokio::test]
    async fn no_page_reads_a_whole_table() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/x.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let session = Session::new(store.read.clone());
        for filter in filters() {
            let key = match filter.sort {
                Sort::Title => SortKey::Title("heat".to_owned()),
                Sort::Year => SortKey::Year(1995),
                Sort::Added => SortKey::Added,
            };
            let last = Cursor { key, id: ItemId(Uuid::nil()) };
            for after in [None, Some(&last)] {
                let walk = Text::walk(&filter, after, 50);
                let probes = Text::probes(&filter, DbBackend::Sqlite);
                let page = walk.clone().page(filter.sort, probes.as_ref(), 50);
                for text in [page, walk.end(filter.sort, 50)] {
                    let sql = text.sql.clone();
                    let steps = steps(&session, text).await;
                    let scan = steps.iter().find(|step| is_scan_of_a_table(step));
                    assert_eq!(scan, None, "{steps:#?}\n{sql}");
                    let index = format!("COVERING INDEX ix_items_by_{}", filter.sort.as_str());
                    let narrow = !by_index(&filter) || steps.iter().any(|s| s.contains(&index));
                    assert!(narrow, "{steps:#?}\n{sql}");
                    let in_order = steps.iter().filter(|s| s.starts_with("USE TEMP")).count();
                    assert!(in_order <= 2, "only the merged walk is sorted: {steps:#?}\n{sql}");
                }
            }
        }
    }
}
