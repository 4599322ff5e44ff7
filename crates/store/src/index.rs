//! The index of a library: what a sync compares its observations with. Read as narrow tuples in
//! keyset pages, never as whole listings, so that a million of them fit through.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, TransactionTrait};
use shelfread_domain::{ItemId, ItemKind, LibraryId, ListingId, ListingRecord, RemoteId};

use crate::Store;
use crate::cell::{from_json, word};
use crate::error::Result;
use crate::mapping::{self, part};
use crate::sql::{Rows, Select, Session, Ty, cell};

/// Rows of one page.
const PAGE: usize = 1_000;

/// What a sync compares an observation with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexEntry {
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

/// An entry as its page has it: remote id, part, fingerprint, missing, kept.
type IndexRow = (String, u16, i64, bool, bool);

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

impl Store {
    /// Calls `each` for every listing of a library, ordered by remote id and part.
    ///
    /// # Errors
    /// What the database says.
    pub async fn for_each_index(
        &self,
        library: LibraryId,
        mut each: impl FnMut(IndexEntry) + Send,
    ) -> Result<()> {
        let session = self.paging().await?;
        let sql = index_text(session.backend());
        let mut last = (String::new(), -1);
        loop {
            let values = vec![library.0.into(), last.0.into(), last.1.into()];
            let rows = session.query(&sql, values).await?;
            let page: Option<String> = rows.first().map_or(Ok(None), |row| cell(row, 0))?;
            let page: Vec<IndexRow> = from_json(page.as_deref().unwrap_or("[]"), "listings")?;
            let next = page.last().filter(|_| page.len() == PAGE);
            let next = next.map(|row| (row.0.clone(), i32::from(row.1)));
            for (remote_id, part, fingerprint, missing, kept) in page {
                each(IndexEntry { remote_id, part, fingerprint, missing, kept });
            }
            match next {
                Some(next) => last = next,
                None => return Ok(()),
            }
        }
    }

    /// Calls `each` for every listing of a library with what planning removals needs, ordered by
    /// remote id and part.
    ///
    /// # Errors
    /// What the database says.
    pub async fn for_each_listing_key(
        &self,
        library: LibraryId,
        mut each: impl FnMut(ListingKey) + Send,
    ) -> Result<()> {
        let columns = "id, remote_id, part, item_id, kind, missing_since, kept_since";
        self.pages(library, columns, |row| {
            let kind: String = cell(row, 4)?;
            each(ListingKey {
                id: ListingId(cell(row, 0)?),
                remote_id: RemoteId(cell(row, 1)?),
                part: part(cell(row, 2)?)?,
                item_id: cell::<Option<_>>(row, 3)?.map(ItemId),
                kind: word(kind.parse().ok(), &kind, "listings.kind")?,
                missing_since: cell(row, 5)?,
                kept_since: cell(row, 6)?,
            });
            Ok(())
        })
        .await
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

    /// Walks the listings of a library; the second and third column are remote id and part.
    async fn pages(
        &self,
        library: LibraryId,
        columns: &str,
        mut each: impl FnMut(&QueryResult) -> Result<()> + Send,
    ) -> Result<()> {
        let session = self.paging().await?;
        let sql = page_text(columns);
        let mut last = (String::new(), -1);
        loop {
            let values = vec![library.0.into(), last.0.into(), last.1.into()];
            let rows = session.query(&sql, values).await?;
            rows.iter().try_for_each(&mut each)?;
            match rows.last() {
                Some(row) if rows.len() == PAGE => last = (cell(row, 1)?, cell(row, 2)?),
                _ => return Ok(()),
            }
        }
    }

    /// How many items a library lists now: what is neither missing nor only kept.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_items(&self, library: LibraryId) -> Result<u64> {
        let sql = "SELECT COUNT(DISTINCT item_id) FROM listings \
                   WHERE library_id = ? AND missing_since IS NULL AND kept_since IS NULL";
        let rows = Session::new(self.read.clone()).query(sql, vec![library.0.into()]).await?;
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

fn page_text(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM listings WHERE library_id = ? AND (remote_id, part) > (?, ?) \
         ORDER BY remote_id, part LIMIT {PAGE}"
    )
}

/// A page as one text of JSON: handing over a hundred thousand rows of five values costs three
/// times as much as reading them.
fn index_text(backend: DbBackend) -> String {
    let page = page_text(
        "remote_id, part, fingerprint, missing_since IS NOT NULL AS missing, \
         kept_since IS NOT NULL AS kept",
    );
    match backend {
        DbBackend::Postgres => format!(
            "SELECT CAST(json_agg(json_build_array(remote_id, part, fingerprint, missing, kept)) \
             AS text) FROM ({page}) p"
        ),
        _ => format!(
            "SELECT json_group_array(json_array(remote_id, part, fingerprint, \
             json(iif(missing, 'true', 'false')), json(iif(kept, 'true', 'false')))) \
             FROM ({page}) p"
        ),
    }
}
