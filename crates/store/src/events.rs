//! Events: history that outlives its subjects. Append-only. Appending takes the catalogue's lock,
//! so that a sequence number never becomes visible after a larger one: who reads behind the last
//! number seen misses nothing.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{DatabaseTransaction, DbBackend, QueryResult, Value};
use serde::Serialize;
use serde_json::Value as Json;
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
    pub data: Json,
}

impl NewEvent {
    /// What happened, yet without a subject.
    pub fn new(at: DateTime<Utc>, kind: &str, severity: &str, data: Json) -> Self {
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
    pub fn append_events<'a>(&'a mut self, events: &'a [NewEvent]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.check()?;
            self.has_news |= !events.is_empty();
            let written = append(&self.session, events).await;
            self.guard(written)
        })
    }
}

impl Store {
    /// Records what happened outside of any batch.
    ///
    /// # Errors
    /// What the database says.
    pub fn append_events<'a>(&'a self, events: &'a [NewEvent]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if events.is_empty() {
                return Ok(());
            }
            let mut batch = self.begin(None).await?;
            batch.append_events(events).await?;
            batch.commit().await
        })
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
        let (sql, values) = newest(filter, limit, self.backend());
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

/// A condition and its parameters.
type Condition = (&'static str, Vec<Value>);

/// What a kind begins with, as its index has it.
const fn subject(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "split_part(e.kind, '.', 1) = ?",
        _ => "substr(e.kind, 1, instr(e.kind, '.') - 1) = ?",
    }
}

/// The newest events that fit. Where there is more than one way to fit, each way is walked along its
/// own index, and only the newest of each are looked at.
fn newest(filter: &EventFilter, limit: u64, backend: DbBackend) -> (String, Vec<Value>) {
    let limit = Value::from(i64::try_from(limit).unwrap_or(i64::MAX));
    let order = "ORDER BY e.seq DESC LIMIT ?";
    let ways: Vec<_> = ways(filter, backend).iter().map(|way| joined(way)).collect();
    if let [(sql, values)] = &ways[..] {
        let values = values.iter().cloned().chain([limit]).collect();
        return (format!("{SELECT}{sql} {order}"), values);
    }
    let mut values = Vec::new();
    let mut walks = Vec::new();
    for (sql, of_way) in ways {
        walks.push(format!("SELECT w.seq FROM (SELECT e.seq FROM events e{sql} {order}) AS w"));
        values.extend(of_way.into_iter().chain([limit.clone()]));
    }
    values.push(limit);
    let walks = walks.join(" UNION ");
    (format!("{SELECT} WHERE e.seq IN ({walks}) {order}"), values)
}

fn joined(way: &[Condition]) -> (String, Vec<Value>) {
    let texts: Vec<_> = way.iter().map(|(text, _)| *text).collect();
    let only = if texts.is_empty() { "" } else { " WHERE " };
    let values = way.iter().flat_map(|(_, values)| values.clone()).collect();
    (format!("{only}{}", texts.join(" AND ")), values)
}

/// The ways in which an event can fit: in each of them all conditions hold.
fn ways(filter: &EventFilter, backend: DbBackend) -> Vec<Vec<Condition>> {
    let mut ways = vec![certain(filter, backend)];
    let mut either = |one: Condition, other: Vec<Condition>| {
        let (one, all) = (vec![one], std::mem::take(&mut ways));
        let both = |way: Vec<_>| [[&*way, &*one].concat(), [&*way, &*other].concat()];
        ways = all.into_iter().flat_map(both).collect();
    };
    if let Some(item) = filter.item {
        // The episodes of a pack are named in the data.
        let of_many = ("(e.data ->> 'items') IS NOT NULL", Vec::new());
        let named = ("e.data ->> 'items' LIKE ?", vec![format!("%\"{item}\"%").into()]);
        either(("e.item_id = ?", vec![item.to_cell()]), vec![of_many, named]);
    }
    if let Some(client) = &filter.client {
        let now = "e.client_id = (SELECT c.id FROM download_clients c WHERE c.name = ?)";
        let then = ("e.data ->> 'client' = ?", vec![client.to_cell()]);
        either((now, vec![client.to_cell()]), vec![then]);
    }
    ways
}

/// What must hold in any case. A source keeps its name for ever, so what was said then is enough.
fn certain(filter: &EventFilter, backend: DbBackend) -> Vec<Condition> {
    let one = |value: Option<Value>| value.into_iter().collect::<Vec<_>>();
    let kind = match filter.kind.as_deref() {
        Some(kind) if kind.contains('.') => ("e.kind = ?", vec![kind.into()]),
        Some(kind) => (subject(backend), vec![kind.into()]),
        None => ("", Vec::new()),
    };
    // Numbers grow with time, but for moments: so the walk ends where nothing later can be.
    let since = "e.at >= ? AND e.seq >= (SELECT MIN(+o.seq) FROM events o WHERE o.at >= ?)";
    let all = [
        kind,
        ("e.data ->> 'source' = ?", one(filter.source.as_ref().map(Cell::to_cell))),
        ("e.download_id = ?", one(filter.download.map(|id| id.to_cell()))),
        (
            "e.client_id IS NOT NULL AND e.data ->> 'transfer_id' = ?",
            one(filter.transfer.as_ref().map(Cell::to_cell)),
        ),
        (since, filter.since.map_or(Vec::new(), |at| vec![at.to_cell(), at.to_cell()])),
        ("e.seq > ?", one(filter.after.map(Into::into))),
        ("e.seq < ?", one(filter.before.map(Into::into))),
    ];
    all.into_iter().filter(|(_, values)| !values.is_empty()).collect()
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// Each filter, and what it must be answered by.
    fn filters() -> Vec<(EventFilter, &'static [&'static str])> {
        let name = || Some("den".to_owned());
        let none = EventFilter::default;
        vec![
            (EventFilter { kind: Some("run.held".to_owned()), ..none() }, &["ix_events_kind"]),
            (EventFilter { kind: Some("viewer".to_owned()), ..none() }, &["ix_events_subject"]),
            (EventFilter { source: name(), ..none() }, &["ix_events_source"]),
            (
                EventFilter { client: name(), ..none() },
                &["ix_events_client_id", "ix_events_client_name"],
            ),
            (
                EventFilter { item: Some(ItemId(Uuid::nil())), ..none() },
                &["ix_events_item_id", "ix_events_items"],
            ),
            (
                EventFilter { download: Some(DownloadId(Uuid::nil())), ..none() },
                &["ix_events_download_id"],
            ),
            (EventFilter { since: Some(DateTime::UNIX_EPOCH), ..none() }, &["ix_events_time"]),
            (EventFilter { before: Some(9), ..none() }, &["INTEGER PRIMARY KEY"]),
            (EventFilter { after: Some(9), ..none() }, &["INTEGER PRIMARY KEY"]),
        ]
    }

    #[tokio::test]
    async fn no_page_reads_all_of_history() {
        let store = crate::plans::empty().await;
        let narrower: [fn(EventFilter) -> EventFilter; 5] = [
            |filter| filter,
            |filter| EventFilter { before: Some(1_000), ..filter },
            |filter| EventFilter { since: Some(DateTime::UNIX_EPOCH), ..filter },
            |filter| EventFilter { kind: Some("run.finished".to_owned()), ..filter },
            |filter| EventFilter { source: Some("attic".to_owned()), ..filter },
        ];
        for (filter, indices) in filters() {
            for (n, narrow) in narrower.iter().enumerate() {
                let (sql, values) = newest(&narrow(filter.clone()), 100, DbBackend::Sqlite);
                let steps = store.steps(&sql, values).await;
                // An index of packs only may be walked whole.
                let whole = |s: &&String| {
                    ["SCAN e", "SCAN o"].iter().any(|o| s.starts_with(o))
                        && !s.contains("ix_events_items")
                };
                let scan = steps.iter().find(whole);
                assert_eq!(scan, None, "{steps:#?}\n{sql}");
                for index in indices.iter().filter(|_| n == 0) {
                    assert!(steps.iter().any(|s| s.contains(index)), "{index}: {steps:#?}\n{sql}");
                }
            }
        }
    }
}
