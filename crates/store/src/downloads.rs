//! The queue: the rows of one client, plans that change them, and what history remembers.
//!
//! A plan is written in one transaction: rows, what they are for, the client, events. A row that
//! is no longer as the plan found it is left alone together with its events, because the client's
//! next answer repairs whatever that leaves open. It decides nothing else.

mod items;
mod record;
mod view;

use futures::future::BoxFuture;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};
use shelfread_domain::download::{
    Away, ClientChange, DownloadChange, DownloadEvent, DownloadEventKind, DownloadMatch,
    DownloadPlan, DownloadRecord, Past, TransferId, severity,
};
use shelfread_domain::id::{ClientId, DownloadId};
use shelfread_domain::{ItemId, RunId};
use uuid::Uuid;

pub use items::Finished;
pub use view::{DownloadFilter, DownloadItem, DownloadRow};

use crate::Store;
use crate::batch::Batch;
use crate::cell::Cell;
use crate::error::Result;
use crate::events::NewEvent;
use crate::mapping::Stamp;
use crate::sql::{Rows, Select, Session, Ty, cell};
pub(crate) use record::DOWNLOADS;
use record::{COLUMNS, record};

const ID: [(&str, Ty); 1] = [("a", Ty::Uuid)];
const TEXT: [(&str, Ty); 1] = [("a", Ty::Text)];

impl Store {
    /// All rows of a client, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn downloads(&self, client: ClientId) -> Result<Vec<DownloadRecord>> {
        let sql = format!("SELECT {COLUMNS} FROM downloads d WHERE d.client_id = ? ORDER BY d.id");
        let session = Session::new(self.read.clone());
        session.query(&sql, vec![client.0.into()]).await?.iter().map(record).collect()
    }

    /// What history remembers of these transfers of a client; those that it never met are left
    /// out.
    ///
    /// # Errors
    /// What the database says.
    pub async fn past(
        &self,
        client: ClientId,
        ids: &[TransferId],
    ) -> Result<HashMap<TransferId, Past>> {
        let select = Select {
            columns: "e.data ->> 'transfer_id', e.kind, e.at, e.data ->> 'added_at'",
            table: "events e",
            on: "e.client_id = k.b AND e.data ->> 'transfer_id' = k.a \
                 AND e.kind IN ('download.completed', 'download.imported')",
        };
        let mut keys = Rows::new(2, ids.len());
        ids.iter().for_each(|id| keys.cells.extend([id.to_cell(), client.to_cell()]));
        let session = Session::new(self.read.clone());
        let columns = [("a", Ty::Text), ("b", Ty::Uuid)];
        let mut all: HashMap<TransferId, Past> = HashMap::new();
        for row in session.look_up(select, &columns, &keys, []).await? {
            let (id, kind): (String, String) = (cell(&row, 0)?, cell(&row, 1)?);
            let (at, added): (DateTime<Utc>, Option<String>) = (cell(&row, 2)?, cell(&row, 3)?);
            // The client's clock may be ahead of ours.
            let added = added.and_then(|added| added.parse().ok());
            let Some(id) = TransferId::new(&id) else { continue };
            let past = all.entry(id).or_default();
            let slot = match kind == DownloadEventKind::Imported.as_str() {
                true => &mut past.imported_at,
                false => &mut past.completed_at,
            };
            *slot = (*slot).max(Some(at)).max(added);
        }
        Ok(all)
    }
}

impl Batch {
    /// A row, as it is now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn download(&mut self, id: DownloadId) -> Result<Option<DownloadRecord>> {
        self.check()?;
        let found = rows_by_id(&self.session, [id]).await;
        Ok(self.guard(found)?.pop())
    }

    /// The row of a client that has one of these ids.
    ///
    /// # Errors
    /// What the database says.
    pub async fn download_by_transfer(
        &mut self,
        client: ClientId,
        ids: &[TransferId],
    ) -> Result<Option<DownloadRecord>> {
        self.find_download("d.client_download_id = k.a", client, Rows::single(cells(ids))).await
    }

    /// The row of a client that was added with this content.
    ///
    /// # Errors
    /// What the database says.
    pub async fn download_by_content(
        &mut self,
        client: ClientId,
        key: &str,
    ) -> Result<Option<DownloadRecord>> {
        self.find_download("d.content_key = k.a", client, Rows::single([key])).await
    }

    async fn find_download(
        &mut self,
        on: &str,
        client: ClientId,
        keys: Rows,
    ) -> Result<Option<DownloadRecord>> {
        self.check()?;
        let on = format!("d.client_id = ? AND {on}");
        let select = Select { columns: COLUMNS, table: "downloads d", on: &on };
        let found = self.session.look_up(select, &TEXT, &keys, [client.to_cell()]).await;
        self.guard(found)?.first().map(record).transpose()
    }

    /// Writes a plan, and what its new rows are for. The rows that were left alone, because they
    /// were no longer as the plan found them, are returned. A client that is no longer as the plan
    /// found it is left alone too.
    ///
    /// # Errors
    /// What the database says.
    pub fn apply_downloads<'a>(
        &'a mut self,
        plan: &'a DownloadPlan,
        matches: &'a [DownloadMatch],
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<HashSet<DownloadId>>> {
        Box::pin(async move {
            self.check()?;
            let written = self.write_downloads(plan, matches, now).await;
            self.guard(written)
        })
    }

    async fn write_downloads(
        &mut self,
        plan: &DownloadPlan,
        matches: &[DownloadMatch],
        now: DateTime<Utc>,
    ) -> Result<HashSet<DownloadId>> {
        let stale = self.stale(&plan.changes).await?;
        let fits = |id: &DownloadId| !stale.contains(id);
        let fitting: Vec<_> =
            plan.changes.iter().filter(|c| id_of(c).as_ref().is_some_and(fits)).collect();
        let client = match &plan.client {
            Some(change) if self.is_still_so(change).await? => Some(change),
            _ => None,
        };
        let is_told = |e: &&DownloadEvent| e.download_id.as_ref().map_or(client.is_some(), fits);
        let events: Vec<_> = plan.events.iter().filter(is_told).collect();
        let matches: Vec<_> = matches.iter().filter(|m| fits(&m.download_id)).collect();
        // What goes takes along what it was for, so its events are written with that first.
        let mut items =
            items::items_of(&self.session, events.iter().filter_map(|e| e.download_id)).await?;
        self.write_rows(&fitting, now).await?;
        items::write_matches(&self.session, &matches, now).await?;
        for m in matches {
            items.insert(m.download_id, m.items.clone());
        }
        if let Some(change) = client {
            self.write_client(change).await?;
        }
        let names = self.client_names(&events).await?;
        let lines: Vec<_> = events.iter().map(|e| line(e, &names, &items)).collect();
        self.append_events(&lines).await?;
        Ok(stale)
    }

    /// The rows that are no longer as the changes found them, and those that would be a second row
    /// of one transfer.
    async fn stale(&self, changes: &[DownloadChange]) -> Result<HashSet<DownloadId>> {
        let known = changes.iter().filter_map(|c| c.before.as_ref());
        let found = rows_by_id(&self.session, known.clone().map(|row| row.id)).await?;
        let found: HashMap<_, _> = found.into_iter().map(|row| (row.id, row)).collect();
        let changed = known.clone().filter(|row| found.get(&row.id) != Some(row)).map(|row| row.id);
        let mut stale: HashSet<_> = changed.collect();
        let gone: HashSet<_> = changes
            .iter()
            .filter(|c| c.after.is_none())
            .filter_map(|c| c.before.as_ref().map(|row| row.id))
            .filter(|id| !stale.contains(id))
            .collect();
        let named: Vec<_> = changes
            .iter()
            .filter_map(|c| c.after.as_ref().map(|row| (c.before.as_ref(), row)))
            .filter(|(before, row)| before.is_none_or(|b| b.transfer_id != row.transfer_id))
            .map(|(_, row)| row)
            .collect();
        let owners = self.owners(&named).await?;
        for row in named {
            let owner = owners.get(&(row.client_id, row.transfer_id.clone()));
            if owner.is_some_and(|owner| *owner != row.id && !gone.contains(owner)) {
                stale.insert(row.id);
            }
        }
        Ok(stale)
    }

    async fn owners(
        &self,
        rows: &[&DownloadRecord],
    ) -> Result<HashMap<(ClientId, TransferId), DownloadId>> {
        let select = Select {
            columns: "d.client_id, d.client_download_id, d.id",
            table: "downloads d",
            on: "d.client_id = k.a AND d.client_download_id = k.b",
        };
        let mut keys = Rows::new(2, rows.len());
        rows.iter()
            .for_each(|r| keys.cells.extend([r.client_id.to_cell(), r.transfer_id.to_cell()]));
        let columns = [("a", Ty::Uuid), ("b", Ty::Text)];
        let found = self.session.look_up(select, &columns, &keys, []).await?;
        let mut owners = HashMap::new();
        for row in &found {
            let id: String = cell(row, 1)?;
            if let Some(id) = TransferId::new(&id) {
                owners.insert((ClientId(cell(row, 0)?), id), DownloadId(cell(row, 2)?));
            }
        }
        Ok(owners)
    }

    /// Rows that go first, because the id of one may be the next one's.
    async fn write_rows(&self, changes: &[&DownloadChange], now: DateTime<Utc>) -> Result<()> {
        // Rows of the queue are made by no run.
        let stamp = Stamp { run: RunId(Uuid::nil()), now };
        let (mut gone, mut changed, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            match (&change.before, &change.after) {
                (Some(before), None) => gone.push(before),
                (Some(before), Some(after)) => changed.push((before, after)),
                (None, Some(after)) => new.push(after),
                (None, None) => {}
            }
        }
        DOWNLOADS.delete(&self.session, &gone).await?;
        DOWNLOADS.update(&self.session, &changed, stamp).await?;
        DOWNLOADS.insert(&self.session, &new, stamp).await
    }

    /// Whether a client is as its change found it. Otherwise somebody else saw the same, and told
    /// it.
    async fn is_still_so(&self, change: &ClientChange) -> Result<bool> {
        let sql = "SELECT unreachable_since, unreachable_kind FROM download_clients WHERE id = ?";
        let rows = self.session.query(sql, vec![change.client_id.to_cell()]).await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let now = (cell::<Option<DateTime<Utc>>>(row, 0)?, cell::<Option<String>>(row, 1)?);
        let before = change.before.as_ref().map(|away| (away.since, away.kind.as_str().to_owned()));
        Ok(now == before.unzip())
    }

    /// A client's change marks all its rows at once.
    async fn write_client(&self, change: &ClientChange) -> Result<()> {
        let away = |get: fn(&Away) -> Value, none: Value| change.after.as_ref().map_or(none, get);
        let since = change.after.as_ref().map(|away| away.since).to_cell();
        let sql = "UPDATE download_clients SET unreachable_since = ?, unreachable_kind = ?, \
                   unreachable_reason = ? WHERE id = ?";
        let kind = away(|a| a.kind.as_str().into(), Value::String(None));
        let reason = away(|a| a.reason.as_str().into(), Value::String(None));
        let id = change.client_id.to_cell();
        self.session.execute(sql, vec![since.clone(), kind, reason, id.clone()]).await?;
        let sql = "UPDATE downloads SET unreachable_since = ? WHERE client_id = ?";
        self.session.execute(sql, vec![since, id]).await.map(drop)
    }

    async fn client_names(&self, events: &[&DownloadEvent]) -> Result<HashMap<ClientId, String>> {
        let ids: HashSet<_> = events.iter().map(|e| e.client_id.0).collect();
        let select =
            Select { columns: "c.id, c.name", table: "download_clients c", on: "c.id = k.a" };
        let found = self.session.look_up(select, &ID, &Rows::single(ids), []).await?;
        found.iter().map(|row| Ok((ClientId(cell(row, 0)?), cell(row, 1)?))).collect()
    }
}

fn id_of(change: &DownloadChange) -> Option<DownloadId> {
    change.before.as_ref().or(change.after.as_ref()).map(|row| row.id)
}

fn cells(ids: &[TransferId]) -> impl Iterator<Item = Value> + '_ {
    ids.iter().map(Cell::to_cell)
}

async fn rows_by_id<C: ConnectionTrait>(
    session: &Session<C>,
    ids: impl IntoIterator<Item = DownloadId>,
) -> Result<Vec<DownloadRecord>> {
    let select = Select { columns: COLUMNS, table: "downloads d", on: "d.id = k.a" };
    let ids = Rows::single(ids.into_iter().map(|id| id.0));
    session.look_up(select, &ID, &ids, []).await?.iter().map(record).collect()
}

/// An event with names that outlive the ids. One item is named by the event itself, several ones
/// (the episodes of a pack) by its data.
fn line(
    event: &DownloadEvent,
    clients: &HashMap<ClientId, String>,
    items: &HashMap<DownloadId, Vec<ItemId>>,
) -> NewEvent {
    let items = event.download_id.and_then(|id| items.get(&id)).map_or(&[][..], Vec::as_slice);
    let said = [
        ("client", clients.get(&event.client_id).cloned()),
        ("title", Some(event.title.clone())),
        ("transfer_id", event.transfer_id.as_ref().map(ToString::to_string)),
        ("from", event.from.as_ref().map(ToString::to_string)),
        ("to", event.to.as_ref().map(ToString::to_string)),
        ("reason", event.reason.clone()),
        ("added_at", event.added_at.map(|at| at.to_rfc3339())),
    ];
    let mut data: serde_json::Map<_, _> =
        said.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into()))).collect();
    if items.len() > 1 {
        data.insert("items".to_owned(), serde_json::json!(items));
    }
    NewEvent {
        item_id: items.first().copied().filter(|_| items.len() == 1),
        client_id: Some(event.client_id),
        download_id: event.download_id,
        ..NewEvent::new(event.at, event.kind.as_str(), severity(event.kind), data.into())
    }
}
