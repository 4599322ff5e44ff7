//! Events: history that outlives its subjects. Append-only. Appending takes the catalogue's lock,
//! so that a sequence number never becomes visible after a larger one: who reads behind the last
//! number seen misses nothing.

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde::Serialize;
use serde_json::Value;
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
pub struct Event {
    /// Its place in history; grows, and is never used again.
    pub seq: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: NewEvent,
}

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

    /// What happened behind this sequence number (0 for the beginning), at most `limit` events.
    ///
    /// # Errors
    /// What the database says.
    pub async fn events_after(&self, seq: i64, limit: u64) -> Result<Vec<Event>> {
        let sql = "SELECT seq, at, kind, severity, item_id, source_id, library_id, client_id, \
                   download_id, run_id, CAST(data AS text) FROM events \
                   WHERE seq > ? ORDER BY seq LIMIT ?";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = Session::new(self.read.clone());
        let rows = session.query(sql, vec![seq.into(), limit.into()]).await?;
        rows.iter().map(event).collect()
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
            event.client_id.map(|id| id.0).to_cell(),
            event.download_id.map(|id| id.0).to_cell(),
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
