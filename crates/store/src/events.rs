//! Events: history that outlives its subjects. Append-only. Appending takes the catalogue's lock,
//! so that a sequence number never becomes visible after a larger one: who reads behind the last
//! number seen misses nothing.

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde::Serialize;
use serde_json::Value;
use shelfread_domain::download::TransferId;
use shelfread_domain::id::{ClientId, DownloadId};
use shelfread_domain::{ItemId, LibraryId, RunId, SourceId};

use crate::Store;
use crate::batch::Batch;
use crate::bulk;
use crate::cell::{Cell, from_json};
use crate::error::Result;
use crate::sql::{Column, Rows, Session, Ty, cell};

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// What, as `subject.verb`.
    pub kind: String,
    /// `info`, `warning` or `error`.
    pub severity: String,
    /// To which item.
    pub item_id: Option<ItemId>,
    /// At which source.
    pub source_id: Option<SourceId>,
    /// In which library.
    pub library_id: Option<LibraryId>,
    /// At which download client.
    pub client_id: Option<ClientId>,
    /// To which transfer.
    pub download_id: Option<DownloadId>,
    /// In which run.
    pub run_id: Option<RunId>,
    /// Whatever else there is to say, with names that outlive the ids.
    pub data: Value,
}

impl NewEvent {
    /// What happened, yet without a subject.
    pub fn new(at: DateTime<Utc>, kind: &str, severity: &str, data: Value) -> Self {
        Self {
            at,
            kind: kind.to_owned(),
            severity: severity.to_owned(),
            item_id: None,
            source_id: None,
            library_id: None,
            client_id: None,
            download_id: None,
            run_id: None,
            data,
        }
    }
}

/// An event as it is recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its place in history; grows, and is never used again.
    pub seq: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: NewEvent,
}

/// Which events to list. Absent means any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventFilter {
    /// Of this kind; `download` means every kind that begins with `download.`.
    pub kind: Option<String>,
    /// About this item.
    pub item: Option<ItemId>,
    /// At the source that has, or then had, this name.
    pub source: Option<String>,
    /// At the download client that has, or then had, this name.
    pub client: Option<String>,
    /// About this download.
    pub download: Option<DownloadId>,
    /// About the transfer that its client calls so.
    pub transfer: Option<TransferId>,
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Behind this sequence number.
    pub after: Option<i64>,
    /// Before this sequence number.
    pub before: Option<i64>,
}

const SELECT: &str = "SELECT e.seq, e.at, e.kind, e.severity, e.item_id, e.source_id, \
    e.library_id, e.client_id, e.download_id, e.run_id, CAST(e.data AS text) FROM events e";

const COLUMNS: [Column; 10] = [
    ("at", Ty::Time),
    ("kind", Ty::Text),
    ("severity", Ty::Text),
    ("item_id", Ty::Uuid),
    ("source_id", Ty::Uuid),
    ("library_id", Ty::Uuid),
    ("client_id", Ty::Uuid),
    ("download_id", Ty::Uuid),
    ("run_id", Ty::Uuid),
    ("data", Ty::Json),
];

impl Batch {
    /// Records what happened, together with the rest of the batch.
    ///
    /// # Errors
    /// What the database says.
    pub async fn append_events(&mut self, events: &[NewEvent]) -> Result<()> {
        self.check()?;
        self.has_news |= !events.is_empty();
        let written = append(&self.session, events).await;
        self.guard(written)
    }
}

impl Store {
    /// Records what happened outside of any batch.
    ///
    /// # Errors
    /// What the database says.
    pub async fn append_events(&self, events: &[NewEvent]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let mut batch = self.begin(None).await?;
        batch.append_events(events).await?;
        batch.commit().await
    }

    /// Returns once events were written by this process since the last time; one listener is
    /// told. Only a hint: what another process writes nobody tells.
    pub async fn events_written(&self) {
        self.news.notified().await;
    }

    /// What happened behind this sequence number (0 for the beginning), at most `limit` events.
    ///
    /// # Errors
    /// What the database says.
    pub async fn events_after(&self, seq: i64, limit: u64) -> Result<Vec<Event>> {
        let sql = format!("{SELECT} WHERE e.seq > ? ORDER BY e.seq LIMIT ?");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = Session::new(self.read.clone());
        let rows = session.query(&sql, vec![seq.into(), limit.into()]).await?;
        rows.iter().map(event).collect()
    }

    /// The newest events that fit, at most `limit`, in the order in which they happened.
    ///
    /// # Errors
    /// What the database says.
    pub async fn events(&self, filter: &EventFilter, limit: u64) -> Result<Vec<Event>> {
        let (conditions, mut values) = conditions(filter);
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let sql = format!("{SELECT}{conditions} ORDER BY e.seq DESC LIMIT ?");
        let rows = Session::new(self.read.clone()).query(&sql, values).await?;
        rows.iter().rev().map(event).collect()
    }

    /// The newest events about an item before this sequence number, newest first, at most `limit`.
    /// What a transfer of many items told once is not among them; see [`Store::events`].
    ///
    /// # Errors
    /// What the database says.
    pub async fn events_of(
        &self,
        item: ItemId,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<Event>> {
        let sql = format!("{SELECT} WHERE e.item_id = ? AND e.seq < ? ORDER BY e.seq DESC LIMIT ?");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = vec![item.to_cell(), before.unwrap_or(i64::MAX).into(), limit.into()];
        let session = Session::new(self.read.clone());
        let rows = session.query(&sql, values).await?;
        rows.iter().map(event).collect()
    }

    /// Forgets at most `limit` events from before a moment, and gives how many. What was imported
    /// is remembered for ever: that is why a seeding torrent is not adopted again.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_events(&self, before: DateTime<Utc>, limit: u64) -> Result<u64> {
        let sql = "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < ? \
                   AND kind <> 'download.imported' ORDER BY at LIMIT ?)";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Session::new(self.write.clone()).execute(sql, vec![before.to_cell(), limit.into()]).await
    }

    /// The sequence number of the newest event; 0 when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn last_event(&self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(seq), 0) FROM events";
        let rows = Session::new(self.read.clone()).query(sql, Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| cell(row, 0))
    }
}

fn conditions(filter: &EventFilter) -> (String, Vec<sea_orm::Value>) {
    let kind = match filter.kind.as_deref() {
        Some(kind) if kind.contains('.') => ("e.kind = ?", vec![kind.into()]),
        Some(kind) => {
            let length = i64::try_from(kind.chars().count() + 1).unwrap_or(i64::MAX);
            (
                "substr(e.kind, 1, CAST(? AS integer)) = ?",
                vec![length.into(), format!("{kind}.").into()],
            )
        }
        None => ("", Vec::new()),
    };
    // The episodes of a pack are named in the data.
    let item = "(e.item_id = ? OR CAST(e.data AS text) LIKE ?)";
    let client = "(e.client_id = (SELECT c.id FROM download_clients c WHERE c.name = ?) \
                  OR e.data ->> 'client' = ?)";
    let source = "(e.source_id = (SELECT s.id FROM sources s WHERE s.name = ?) \
                  OR e.data ->> 'source' = ?)";
    let twice = |name: Option<&String>| name.map_or(Vec::new(), |n| vec![n.to_cell(), n.to_cell()]);
    let one = |value: Option<sea_orm::Value>| value.into_iter().collect::<Vec<_>>();
    let all = [
        kind,
        (item, filter.item.map_or(Vec::new(), |i| vec![i.to_cell(), format!("%\"{i}\"%").into()])),
        (source, twice(filter.source.as_ref())),
        (client, twice(filter.client.as_ref())),
        ("e.download_id = ?", one(filter.download.map(|id| id.to_cell()))),
        (
            "e.client_id IS NOT NULL AND e.data ->> 'transfer_id' = ?",
            one(filter.transfer.as_ref().map(Cell::to_cell)),
        ),
        ("e.at >= ?", one(filter.since.map(|at| at.to_cell()))),
        ("e.seq > ?", one(filter.after.map(Into::into))),
        ("e.seq < ?", one(filter.before.map(Into::into))),
    ];
    let (texts, values): (Vec<_>, Vec<_>) = all.into_iter().filter(|(_, v)| !v.is_empty()).unzip();
    let text =
        if texts.is_empty() { String::new() } else { format!(" WHERE {}", texts.join(" AND ")) };
    (text, values.concat())
}

async fn append(session: &Session<DatabaseTransaction>, events: &[NewEvent]) -> Result<()> {
    let mut rows = Rows::new(COLUMNS.len(), events.len());
    for event in events {
        rows.cells.extend([
            event.at.to_cell(),
            event.kind.to_cell(),
            event.severity.to_cell(),
            event.item_id.to_cell(),
            event.source_id.to_cell(),
            event.library_id.to_cell(),
            event.client_id.to_cell(),
            event.download_id.to_cell(),
            event.run_id.to_cell(),
            event.data.to_cell(),
        ]);
    }
    bulk::insert(session, "events", &COLUMNS, rows).await
}

fn event(row: &QueryResult) -> Result<Event> {
    let data: String = cell(row, 10)?;
    Ok(Event {
        seq: cell(row, 0)?,
        event: NewEvent {
            at: cell(row, 1)?,
            kind: cell(row, 2)?,
            severity: cell(row, 3)?,
            item_id: cell::<Option<_>>(row, 4)?.map(ItemId),
            source_id: cell::<Option<_>>(row, 5)?.map(SourceId),
            library_id: cell::<Option<_>>(row, 6)?.map(LibraryId),
            client_id: cell::<Option<_>>(row, 7)?.map(ClientId),
            download_id: cell::<Option<_>>(row, 8)?.map(DownloadId),
            run_id: cell::<Option<_>>(row, 9)?.map(RunId),
            data: from_json(&data, "events.data")?,
        },
    })
}
