//! The queue for people: rows with the names of their clients and what they are for.

use std::collections::HashMap;

use futures::future::BoxFuture;
use sea_orm::{QueryResult, Value};
use shelfread_domain::download::{DownloadRecord, TransferId};
use shelfread_domain::id::{ClientId, DownloadId};
use shelfread_domain::{ItemId, ItemKind};
use uuid::Uuid;

use super::ID;
use super::record::{COLUMNS, WIDTH, record};
use crate::Store;
use crate::cell::{Cell, word};
use crate::error::Result;
use crate::sql::{Rows, Session, cell};

/// Which rows to list. Absent means any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DownloadFilter {
    /// Of this client.
    pub client: Option<ClientId>,
    /// This one.
    pub id: Option<DownloadId>,
    /// With this id of its client.
    pub transfer: Option<TransferId>,
    /// For this item.
    pub item: Option<ItemId>,
}

/// A row of the queue with names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DownloadRow {
    /// The row.
    pub record: DownloadRecord,
    /// The client's name.
    pub client: String,
    /// How certain it is what the transfer is for, of 100; `None` before anyone looked.
    pub confidence: Option<u8>,
    /// Why it is for these items, or why for none.
    pub reason: Option<String>,
    /// What it is for, by number.
    pub items: Vec<DownloadItem>,
}

/// An item that a transfer is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DownloadItem {
    /// The item.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its title.
    pub title: String,
    /// The title of its show.
    pub show: Option<String>,
    /// The number of its season.
    pub season: Option<i32>,
    /// Its number there.
    pub episode: Option<i32>,
}

impl Store {
    /// A page of the queue, oldest first, behind the row `after`; and where the next one begins.
    ///
    /// # Errors
    /// What the database says.
    pub fn queue<'a>(
        &'a self,
        filter: &'a DownloadFilter,
        after: Option<DownloadId>,
        limit: u64,
    ) -> BoxFuture<'a, Result<(Vec<DownloadRow>, Option<DownloadId>)>> {
        Box::pin(async move {
            let (conditions, mut values) = conditions(filter, after);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            values.push(limit.into());
            let sql = format!(
                "SELECT {COLUMNS}, c.name, d.match_confidence, d.match_reason FROM downloads d \
             JOIN download_clients c ON c.id = d.client_id{conditions} ORDER BY d.id LIMIT ?"
            );
            let session = Session::new(self.read.clone());
            let rows = session.query(&sql, values).await?;
            let mut rows = rows.iter().map(row).collect::<Result<Vec<_>>>()?;
            let mut items = items(&session, &rows).await?;
            for row in &mut rows {
                row.items = items.remove(&row.record.id).unwrap_or_default();
            }
            let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit;
            let next = rows.last().filter(|_| full).map(|row| row.record.id);
            Ok((rows, next))
        })
    }

    /// The rows of a client that are for no item, or less certainly than this; with how certain
    /// that is, and why.
    ///
    /// # Errors
    /// What the database says.
    pub async fn uncertain(&self, client: ClientId, below: u8) -> Result<Vec<DownloadRow>> {
        let sql = format!(
            "SELECT {COLUMNS}, c.name, d.match_confidence, d.match_reason FROM downloads d \
             JOIN download_clients c ON c.id = d.client_id WHERE d.client_id = ? AND \
             COALESCE(d.match_confidence, 0) < ? ORDER BY d.id"
        );
        let session = Session::new(self.read.clone());
        let rows = session.query(&sql, vec![client.0.into(), i32::from(below).into()]).await?;
        rows.iter().map(row).collect()
    }

    /// How many downloads each client has in each state: client, state, number.
    ///
    /// # Errors
    /// What the database says.
    pub async fn queue_totals(&self) -> Result<Vec<(String, String, u64)>> {
        let sql = "SELECT c.name, d.state, COUNT(*) FROM downloads d \
                   JOIN download_clients c ON c.id = d.client_id \
                   GROUP BY c.name, d.state ORDER BY c.name, d.state";
        let rows = Session::new(self.read.clone()).query(sql, Vec::new()).await?;
        let total = |row| Ok((cell(row, 0)?, cell(row, 1)?, cell::<i64>(row, 2)?.unsigned_abs()));
        rows.iter().map(total).collect()
    }

    /// How many rows the queue has.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_downloads(&self, client: ClientId) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM downloads WHERE client_id = ?";
        let rows = Session::new(self.read.clone()).query(sql, vec![client.0.into()]).await?;
        Ok(rows.first().map_or(Ok(0), |row| cell::<i64>(row, 0))?.unsigned_abs())
    }
}

fn conditions(filter: &DownloadFilter, after: Option<DownloadId>) -> (String, Vec<Value>) {
    let item = "d.id IN (SELECT t.download_id FROM download_items t WHERE t.item_id = ?)";
    let all = [
        ("d.client_id = ?", filter.client.map(|id| id.to_cell())),
        ("d.id = ?", filter.id.map(|id| id.to_cell())),
        ("d.client_download_id = ?", filter.transfer.as_ref().map(Cell::to_cell)),
        (item, filter.item.map(|id| id.to_cell())),
        ("d.id > ?", after.map(|id| id.to_cell())),
    ];
    let (texts, values): (Vec<_>, Vec<_>) =
        all.into_iter().filter_map(|(text, value)| Some((text, value?))).unzip();
    let text =
        if texts.is_empty() { String::new() } else { format!(" WHERE {}", texts.join(" AND ")) };
    (text, values)
}

fn row(row: &QueryResult) -> Result<DownloadRow> {
    Ok(DownloadRow {
        record: record(row)?,
        client: cell(row, WIDTH)?,
        confidence: cell::<Option<i32>>(row, WIDTH + 1)?.map(|n| n.clamp(0, 100) as u8),
        reason: cell(row, WIDTH + 2)?,
        items: Vec::new(),
    })
}

async fn items(
    session: &Session<sea_orm::DatabaseConnection>,
    rows: &[DownloadRow],
) -> Result<HashMap<DownloadId, Vec<DownloadItem>>> {
    let sql = "SELECT t.download_id, i.id, i.kind, i.title, s.title, i.season_number, \
               i.episode_number FROM {k} CROSS JOIN download_items t \
               JOIN items i ON i.id = t.item_id LEFT JOIN items s ON s.id = i.parent_id \
               WHERE t.download_id = k.a ORDER BY i.season_number, i.episode_number, i.id";
    let ids = Rows::single(rows.iter().map(|row| row.record.id.0));
    let mut items: HashMap<DownloadId, Vec<DownloadItem>> = HashMap::new();
    for row in session.query_keys(sql, &ID, &ids, []).await? {
        let kind: String = cell(&row, 2)?;
        items.entry(DownloadId(cell::<Uuid>(&row, 0)?)).or_default().push(DownloadItem {
            id: ItemId(cell(&row, 1)?),
            kind: word(kind.parse().ok(), &kind, "items.kind")?,
            title: cell(&row, 3)?,
            show: cell(&row, 4)?,
            season: cell(&row, 5)?,
            episode: cell(&row, 6)?,
        });
    }
    Ok(items)
}
