//! The index of a library: what a sync compares its observations with. Read as narrow tuples in
//! keyset pages, never as whole listings, so that a million of them fit through.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, TransactionTrait};
use serde::de::DeserializeOwned;
use shelfread_domain::{ItemId, ItemKind, LibraryId, ListingId, ListingRecord, RemoteId};
use uuid::Uuid;

use crate::Store;
use crate::cell::{from_json, word};
use crate::error::Result;
use crate::line::Line;
use crate::mapping::{self, part};
use crate::sql::{Column, Rows, Select, Session, Ty, cell};

/// Rows of one page.
const PAGE: usize = 1_000;

/// What a sync compares an observation with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexEntry {
    /// Ours.
    pub id: ListingId,
    /// The source's name for it.
    pub remote_id: String,
    /// 0, or the place within a file that holds several episodes.
    pub part: u16,
    /// Of the observation that was last recorded.
    pub fingerprint: i64,
    /// Whether it is marked missing.
    pub missing: bool,
    /// Whether a person wants it kept although the source does not list it.
    pub kept: bool,
}

/// An entry as its page has it: id, remote id, part, fingerprint, missing, kept.
type IndexRow = (Uuid, String, u16, i64, bool, bool);

/// What planning removals needs of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListingKey {
    /// Ours.
    pub id: ListingId,
    /// The source's name for it.
    pub remote_id: RemoteId,
    /// 0, or the place within a file that holds several episodes.
    pub part: u16,
    /// Its item; `None` while it is quarantined.
    pub item_id: Option<ItemId>,
    /// What the source says it is.
    pub kind: ItemKind,
    /// Since when the source no longer lists it.
    pub missing_since: Option<DateTime<Utc>>,
    /// Since when a person wants it kept.
    pub kept_since: Option<DateTime<Utc>>,
}

impl ListingKey {
    /// The key of a whole listing.
    pub fn of(listing: &ListingRecord) -> Self {
        Self {
            id: listing.id,
            remote_id: listing.remote_id.clone(),
            part: listing.part,
            item_id: listing.item_id,
            kind: listing.kind,
            missing_since: listing.missing_since,
            kept_since: listing.kept_since,
        }
    }
}

impl Store {
    /// Calls `each` for every listing of a library, in the order in which they were made: that is
    /// how they lie on disk.
    ///
    /// # Errors
    /// What the database says.
    pub async fn for_each_index(
        &self,
        library: LibraryId,
        mut each: impl FnMut(IndexEntry) + Send,
    ) -> Result<()> {
        let session = self.paging().await?;
        let sql = INDEX.text(session.backend());
        let mut last = Uuid::nil();
        loop {
            let rows = session.query(&sql, vec![library.0.into(), last.into()]).await?;
            let page: Vec<IndexRow> = page_of(&rows)?;
            let next = page.last().filter(|_| page.len() == PAGE).map(|row| row.0);
            for (id, remote_id, part, fingerprint, missing, kept) in page {
                let id = ListingId(id);
                each(IndexEntry { id, remote_id, part, fingerprint, missing, kept });
            }
            match next {
                Some(next) => last = next,
                None => return Ok(()),
            }
        }
    }

    /// Calls `each` for the remote id and part of every listing of a library, in their order.
    ///
    /// # Errors
    /// What the database says.
    pub async fn for_each_remote_id(
        &self,
        library: LibraryId,
        mut each: impl FnMut(&str, u16) + Send,
    ) -> Result<()> {
        let session = self.paging().await?;
        let sql = REMOTE_IDS.text(session.backend());
        let mut last = (String::new(), -1);
        loop {
            let values = vec![library.0.into(), last.0.into(), last.1.into()];
            let page: Vec<(String, u16)> = page_of(&session.query(&sql, values).await?)?;
            page.iter().for_each(|(remote_id, part)| each(remote_id, *part));
            match page.into_iter().nth(PAGE - 1) {
                Some((remote_id, part)) => last = (remote_id, i32::from(part)),
                None => return Ok(()),
            }
        }
    }

    /// The listings of a library under these remote ids and parts.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listing_keys(
        &self,
        library: LibraryId,
        places: &[(String, u16)],
    ) -> Result<Vec<ListingKey>> {
        let on = "l.remote_id = k.a AND l.part = k.b AND l.library_id = ?";
        let columns = [("a", Ty::Text), ("b", Ty::Int)];
        let mut rows = Rows::new(columns.len(), places.len());
        for (remote_id, part) in places {
            rows.cells.extend([remote_id.as_str().into(), i32::from(*part).into()]);
        }
        self.keys(on, &columns, &rows, library).await
    }

    /// These listings, as far as the library has them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listing_keys_by_id(
        &self,
        library: LibraryId,
        ids: &[ListingId],
    ) -> Result<Vec<ListingKey>> {
        let rows = Rows::single(ids.iter().map(|id| id.0));
        self.keys(BY_ID, &[("a", Ty::Uuid)], &rows, library).await
    }

    /// The listings that a library has of these items.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listing_keys_of(
        &self,
        library: LibraryId,
        items: &[ItemId],
    ) -> Result<Vec<ListingKey>> {
        let rows = Rows::single(items.iter().map(|id| id.0));
        self.keys(OF_ITEM, &[("a", Ty::Uuid)], &rows, library).await
    }

    async fn keys(
        &self,
        on: &str,
        columns: &[Column],
        rows: &Rows,
        library: LibraryId,
    ) -> Result<Vec<ListingKey>> {
        let keys = Select { columns: LISTING_KEY, table: "listings l", on };
        let session = Session::new(self.read.clone());
        session.gather(keys, columns, rows, [library.0.into()], |row| listing_key(row)).await
    }

    /// A transaction to read pages in. PostgreSQL knows nothing yet of a table that was filled just
    /// now, and would read and sort the whole library for every page instead of following the index.
    async fn paging(&self) -> Result<Session<DatabaseTransaction>> {
        let transaction = self.read.begin().await?;
        if transaction.get_database_backend() == DbBackend::Postgres {
            let sql = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off";
            transaction.execute_unprepared(sql).await?;
        }
        Ok(Session::new(transaction))
    }

    /// How many items a library lists or listed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_items(&self, library: LibraryId) -> Result<u64> {
        // The sign keeps SQLite from reading every row by way of the library: the index by items
        // has all that is asked for.
        let sign = if self.backend() == DbBackend::Sqlite { "+" } else { "" };
        let sql =
            format!("SELECT COUNT(DISTINCT item_id) FROM listings WHERE {sign}library_id = ?");
        let rows = Session::new(self.read.clone()).query(&sql, vec![library.0.into()]).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| cell(row, 0))?;
        Ok(count.unsigned_abs())
    }

    /// How many listings these items have in all libraries; those that have none are left out.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_listings(&self, items: &[ItemId]) -> Result<HashMap<ItemId, u64>> {
        let sql = "SELECT k.a, COUNT(*) FROM {k} CROSS JOIN listings l WHERE l.item_id = k.a \
                   GROUP BY k.a";
        let session = Session::new(self.read.clone());
        let mut counts = HashMap::with_capacity(items.len());
        for part in items.chunks(PAGE) {
            let keys = Rows::single(part.iter().map(|id| id.0));
            for row in session.query_keys(sql, &[("a", Ty::Uuid)], &keys, []).await? {
                let count: i64 = cell(&row, 1)?;
                counts.insert(ItemId(cell(&row, 0)?), count.unsigned_abs());
            }
        }
        Ok(counts)
    }

    /// Whole listings; those that are not there are left out.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listings_by_ids(&self, ids: &[ListingId]) -> Result<Vec<ListingRecord>> {
        let whole = Select { columns: mapping::LISTING, table: "listings l", on: "l.id = k.a" };
        let ids = Rows::single(ids.iter().map(|id| id.0));
        let session = Session::new(self.read.clone());
        let rows = session.look_up(whole, &[("a", Ty::Uuid)], &ids, []).await?;
        rows.iter().map(mapping::listing).collect()
    }
}

/// What a page of listings tells of each.
struct PageOf {
    columns: &'static str,
    /// The same as values of a text of JSON, on SQLite and on PostgreSQL.
    sqlite: &'static str,
    postgres: &'static str,
    /// The columns by which pages follow each other.
    order: &'static str,
    /// What follows the last row of the page before.
    after: &'static str,
}

const REMOTE_IDS: PageOf = PageOf {
    columns: "remote_id, part",
    sqlite: "remote_id, part",
    postgres: "remote_id, part",
    order: "remote_id, part",
    after: "(remote_id, part) > (?, ?)",
};

const INDEX: PageOf = PageOf {
    columns: "id, remote_id, part, fingerprint, missing_since IS NOT NULL AS missing, \
              kept_since IS NOT NULL AS kept",
    sqlite: "hex(id), remote_id, part, fingerprint, json(iif(missing, 'true', 'false')), \
             json(iif(kept, 'true', 'false'))",
    postgres: "id, remote_id, part, fingerprint, missing, kept",
    order: "id",
    after: "id > ?",
};

impl PageOf {
    /// A page as one text of JSON: handing over a hundred thousand rows of five values costs three
    /// times as much as reading them.
    fn text(&self, backend: DbBackend) -> String {
        let Self { columns, sqlite, postgres, order, after } = self;
        let page = format!(
            "SELECT {columns} FROM listings WHERE library_id = ? AND {after} \
             ORDER BY {order} LIMIT {PAGE}"
        );
        match backend {
            DbBackend::Postgres => format!(
                "SELECT CAST(json_agg(json_build_array({postgres})) AS text) FROM ({page}) p"
            ),
            _ => format!("SELECT json_group_array(json_array({sqlite})) FROM ({page}) p"),
        }
    }
}

/// The rows of a page.
fn page_of<R: DeserializeOwned>(rows: &[QueryResult]) -> Result<Vec<R>> {
    let page: Option<String> = rows.first().map_or(Ok(None), |row| cell(row, 0))?;
    from_json(page.as_deref().unwrap_or("[]"), "listings")
}

/// How an item finds its listings in a library. `IS TRUE` keeps SQLite from going through all
/// listings of the library for each item, which it takes for as good.
const OF_ITEM: &str = "l.item_id = k.a AND (l.library_id = ?) IS TRUE";

/// How a listing is found by its id, in a library. `IS TRUE` as above.
const BY_ID: &str = "l.id = k.a AND (l.library_id = ?) IS TRUE";

/// The columns that [`listing_key`] reads.
const LISTING_KEY: &str =
    "l.id, l.remote_id, l.part, l.item_id, l.kind, l.missing_since, l.kept_since";

fn listing_key(row: &impl Line) -> Result<ListingKey> {
    let kind: String = cell(row, 4)?;
    Ok(ListingKey {
        id: ListingId(cell(row, 0)?),
        remote_id: RemoteId(cell(row, 1)?),
        part: part(cell(row, 2)?)?,
        item_id: cell::<Option<_>>(row, 3)?.map(ItemId),
        kind: word(kind.parse().ok(), &kind, "listings.kind")?,
        missing_since: cell(row, 5)?,
        kept_since: cell(row, 6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_item_finds_its_listings_without_those_of_the_library() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/x.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let session = Session::new(store.read.clone());
        let sql = format!("EXPLAIN QUERY PLAN SELECT l.id FROM listings l WHERE {OF_ITEM}");
        let rows = session.query(&sql.replace("k.a", "x'00'"), vec![Uuid::nil().into()]).await;
        let plan: String = cell(&rows.unwrap()[0], 3).unwrap();
        assert!(plan.contains("ix_listings_item_id"), "{plan}");
        let sql = format!("EXPLAIN QUERY PLAN SELECT l.part FROM listings l WHERE {BY_ID}");
        let rows = session.query(&sql.replace("k.a", "x'00'"), vec![Uuid::nil().into()]).await;
        let plan: String = cell(&rows.unwrap()[0], 3).unwrap();
        assert!(plan.contains("USING INDEX sqlite_autoindex_listings_1"), "{plan}");
    }
}
