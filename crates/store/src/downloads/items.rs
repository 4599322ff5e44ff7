//! What transfers are for: looking the catalogue up by what their names say, and remembering the
//! answer. It knows the tables; which item it is, `reconcile` decides.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use shelfread_domain::download::{DownloadMatch, Episode, Shelf, TransferId, Work};
use shelfread_domain::id::{ClientId, DownloadId, RemoteId};
use shelfread_domain::{ExternalId, FileRef, ItemId, ItemKind, SourceId};
use uuid::Uuid;

use super::ID;
use crate::Store;
use crate::bulk;
use crate::cell::{Cell, external_id, from_json, stored, word};
use crate::error::Result;
use crate::sql::{Column, Rows, Select, Session, Ty, cell};

/// A finished transfer and what it is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// The row.
    pub id: DownloadId,
    /// The client's own id.
    pub transfer_id: TransferId,
    /// What it is for.
    pub items: Vec<ItemId>,
}

const WORK: &str = "i.id, i.kind, i.title, i.title_key, i.year";
const KIND_AND_TEXT: [Column; 2] = [("a", Ty::Text), ("b", Ty::Text)];

impl Store {
    /// The films and shows with one of these normalized titles or external ids, and the seasons
    /// and episodes of the shows: four statements, whatever the number of names.
    ///
    /// # Errors
    /// What the database says.
    pub async fn shelf(&self, titles: &[String], ids: &[ExternalId]) -> Result<Shelf> {
        let session = Session::new(self.read.clone());
        let kinds = [ItemKind::Movie, ItemKind::Show];
        let mut keys = Rows::new(2, titles.len() * 2);
        for title in titles {
            kinds
                .iter()
                .for_each(|kind| keys.cells.extend([kind.to_cell(), title.as_str().into()]));
        }
        let by_title =
            Select { columns: WORK, table: "items i", on: "i.kind = k.a AND i.title_key = k.b" };
        let mut rows = session.look_up(by_title, &KIND_AND_TEXT, &keys, []).await?;
        let mut keys = Rows::new(2, ids.len());
        ids.iter().for_each(|id| keys.cells.extend(external_id(id)));
        let by_id = Select {
            columns: WORK,
            table: "items i",
            on: "i.id IN (SELECT e.item_id FROM external_ids e \
                 WHERE e.kind IN ('movie', 'show') AND e.provider = k.a AND e.value = k.b)",
        };
        rows.extend(session.look_up(by_id, &KIND_AND_TEXT, &keys, []).await?);
        let mut works = rows.iter().map(work).collect::<Result<Vec<_>>>()?;
        works.sort_by_key(|work| work.id);
        works.dedup_by_key(|work| work.id);
        add_ids(&session, &mut works).await?;
        let shows = works.iter().filter(|w| w.kind == ItemKind::Show).map(|w| w.id.0);
        let below = Select {
            columns: "i.id, i.kind, i.parent_id, i.season_number, i.episode_number, \
                      i.absolute_number, i.air_date",
            table: "items i",
            on: "i.parent_id = k.a",
        };
        let rows = session.look_up(below, &ID, &Rows::single(shows), []).await?;
        let mut episodes = rows.iter().map(episode).collect::<Result<Vec<_>>>()?;
        episodes.sort_by_key(|e| (e.show, e.season, e.episode, e.id));
        Ok(Shelf { works, episodes })
    }

    /// The items that a source lists under these ids.
    ///
    /// # Errors
    /// What the database says.
    pub async fn items_listed_as(
        &self,
        source: SourceId,
        ids: &[RemoteId],
    ) -> Result<HashMap<RemoteId, Vec<ItemId>>> {
        let select = Select {
            columns: "l.remote_id, l.item_id",
            table: "listings l",
            on: "l.library_id = k.a AND l.remote_id = k.b AND l.item_id IS NOT NULL",
        };
        let libraries = self.libraries(source).await?;
        let mut keys = Rows::new(2, ids.len() * libraries.len());
        for library in &libraries {
            ids.iter().for_each(|id| keys.cells.extend([library.id.to_cell(), id.to_cell()]));
        }
        let columns = [("a", Ty::Uuid), ("b", Ty::Text)];
        let session = Session::new(self.read.clone());
        let mut found: HashMap<RemoteId, Vec<ItemId>> = HashMap::new();
        for row in session.look_up(select, &columns, &keys, []).await? {
            found.entry(RemoteId(cell(&row, 0)?)).or_default().push(ItemId(cell(&row, 1)?));
        }
        Ok(found)
    }

    /// The finished transfers of a client that are for something, at least this certainly.
    ///
    /// # Errors
    /// What the database says.
    pub async fn finished(&self, client: ClientId, certain: u8) -> Result<Vec<Finished>> {
        let sql = "SELECT d.id, d.client_download_id, t.item_id FROM downloads d \
                   JOIN download_items t ON t.download_id = d.id WHERE d.client_id = ? \
                   AND d.completed_at IS NOT NULL AND d.pending_op IS NULL \
                   AND d.match_confidence >= ? ORDER BY d.id";
        let session = Session::new(self.read.clone());
        let values = vec![client.to_cell(), i32::from(certain).into()];
        let mut all: Vec<Finished> = Vec::new();
        for row in session.query(sql, values).await? {
            let (id, item) = (DownloadId(cell(&row, 0)?), ItemId(cell(&row, 2)?));
            match all.last_mut().filter(|last| last.id == id) {
                Some(last) => last.items.push(item),
                None => {
                    let text: String = cell(&row, 1)?;
                    let transfer_id = TransferId::new(&text);
                    let transfer_id = word(transfer_id, &text, "downloads.client_download_id")?;
                    all.push(Finished { id, transfer_id, items: vec![item] });
                }
            }
        }
        Ok(all)
    }

    /// The files under which items are listed now; items without any are left out.
    ///
    /// # Errors
    /// What the database says.
    pub async fn files_of(&self, items: &[ItemId]) -> Result<HashMap<ItemId, Vec<FileRef>>> {
        let session = Session::new(self.read.clone());
        let select = Select {
            columns: "l.item_id, CAST(l.facts -> 'files' AS text)",
            table: "listings l",
            on: "l.item_id = k.a AND l.missing_since IS NULL",
        };
        let ids = Rows::single(items.iter().map(|id| id.0));
        let mut all: HashMap<ItemId, Vec<FileRef>> = HashMap::new();
        for row in session.look_up(select, &ID, &ids, []).await? {
            let Some(files) = cell::<Option<String>>(&row, 1)? else { continue };
            let files: Vec<FileRef> = from_json(&files, "listings.facts")?;
            if !files.is_empty() {
                all.entry(ItemId(cell(&row, 0)?)).or_default().extend(files);
            }
        }
        Ok(all)
    }

    /// Remembers what transfers are for. Rows that are gone meanwhile are left out.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_matches(&self, matches: &[DownloadMatch], now: DateTime<Utc>) -> Result<()> {
        if matches.is_empty() {
            return Ok(());
        }
        let batch = self.begin(None).await?;
        let ids = Rows::single(matches.iter().map(|m| m.download_id.0));
        let select = Select { columns: "d.id", table: "downloads d", on: "d.id = k.a" };
        let rows = batch.session.look_up(select, &ID, &ids, []).await?;
        let there = rows.iter().map(|row| cell(row, 0)).collect::<Result<HashSet<Uuid>>>()?;
        let matches: Vec<_> = matches.iter().filter(|m| there.contains(&m.download_id.0)).collect();
        write_matches(&batch.session, &matches, now).await?;
        batch.commit().await
    }
}

async fn add_ids<C: ConnectionTrait>(session: &Session<C>, works: &mut [Work]) -> Result<()> {
    let owned = Select {
        columns: "e.item_id, e.provider, e.value",
        table: "external_ids e",
        on: "e.item_id = k.a",
    };
    let keys = Rows::single(works.iter().map(|w| w.id.0));
    for row in session.look_up(owned, &ID, &keys, []).await? {
        let (item, provider, value): (Uuid, String, String) =
            (cell(&row, 0)?, cell(&row, 1)?, cell(&row, 2)?);
        let work = works.binary_search_by_key(&ItemId(item), |w| w.id);
        if let (Ok(at), Some(id)) = (work, ExternalId::parse(&provider, &value)) {
            works[at].external_ids.push(id);
        }
    }
    Ok(())
}

fn work(row: &QueryResult) -> Result<Work> {
    let kind: String = cell(row, 1)?;
    Ok(Work {
        id: ItemId(cell(row, 0)?),
        kind: word(kind.parse().ok(), &kind, "items.kind")?,
        title: cell(row, 2)?,
        title_key: cell(row, 3)?,
        year: cell(row, 4)?,
        external_ids: Vec::new(),
    })
}

fn episode(row: &QueryResult) -> Result<Episode> {
    let kind: String = cell(row, 1)?;
    Ok(Episode {
        id: ItemId(cell(row, 0)?),
        kind: word(kind.parse().ok(), &kind, "items.kind")?,
        show: ItemId(cell(row, 2)?),
        season: cell(row, 3)?,
        episode: cell(row, 4)?,
        absolute: cell(row, 5)?,
        air_date: cell(row, 6)?,
    })
}

/// What these transfers are for.
pub(super) async fn items_of<C: ConnectionTrait>(
    session: &Session<C>,
    ids: impl IntoIterator<Item = DownloadId>,
) -> Result<HashMap<DownloadId, Vec<ItemId>>> {
    let select = Select {
        columns: "t.download_id, t.item_id",
        table: "download_items t",
        on: "t.download_id = k.a",
    };
    let ids: HashSet<Uuid> = ids.into_iter().map(|id| id.0).collect();
    let mut items: HashMap<DownloadId, Vec<ItemId>> = HashMap::new();
    for row in session.look_up(select, &ID, &Rows::single(ids), []).await? {
        items.entry(DownloadId(cell(&row, 0)?)).or_default().push(ItemId(cell(&row, 1)?));
    }
    Ok(items)
}

/// Replaces what these transfers are for. Items that are gone meanwhile are left out.
pub(super) async fn write_matches<C: ConnectionTrait>(
    session: &Session<C>,
    matches: &[&DownloadMatch],
    now: DateTime<Utc>,
) -> Result<()> {
    if matches.is_empty() {
        return Ok(());
    }
    let columns = [("id", Ty::Uuid), ("match_confidence", Ty::Int), ("match_reason", Ty::Text)];
    let mut rows = Rows::new(columns.len(), matches.len());
    for m in matches {
        let reason = m.reason.as_str();
        rows.cells.extend([
            m.download_id.to_cell(),
            u16::from(m.confidence).to_cell(),
            reason.into(),
        ]);
    }
    bulk::update(session, "downloads", 1, &columns, rows).await?;
    let ids = Rows::single(matches.iter().map(|m| m.download_id.0));
    let sql = "DELETE FROM download_items WHERE download_id IN (SELECT a FROM {k})";
    session.execute_keys(sql, &ID, &ids, []).await?;
    let mut pairs = Rows::new(2, 0);
    for m in matches {
        let unique: HashSet<_> = m.items.iter().collect();
        unique
            .iter()
            .for_each(|item| pairs.cells.extend([m.download_id.to_cell(), item.to_cell()]));
    }
    let sql = "WITH pairs AS (SELECT a, b FROM {k}) \
               INSERT INTO download_items (download_id, item_id, created_at) \
               SELECT a, b, ? FROM pairs WHERE b IN (SELECT id FROM items)";
    let columns = [("a", Ty::Uuid), ("b", Ty::Uuid)];
    session.execute_keys(sql, &columns, &pairs, [Value::from(stored(now))]).await.map(drop)
}
