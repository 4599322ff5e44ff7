//! Play states of people: who is who on which server, what is known of what they saw, and what was
//! written to their servers. It knows rows, and deliberately not which state is right.

use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use serde::Serialize;
use shelfread_domain::{
    ItemId, LibraryId, PlayState, ProgressRecord, RemoteId, SourceId, ViewerId,
};
use uuid::Uuid;

use crate::Store;
use crate::bulk;
use crate::cell::{Cell, from_json};
use crate::error::Result;
use crate::mapping::{self, PROGRESS_COLUMNS};
use crate::sql::{Column, Rows, Session, Ty, cell};

/// A person as one source knows them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ViewerRow {
    /// Ours.
    pub id: ViewerId,
    /// Where.
    pub source_id: SourceId,
    /// The source's name.
    pub source: String,
    /// The source's id for them.
    pub remote_user: String,
    /// Their name there.
    pub name: String,
    /// Viewers with the same one are one person.
    pub person_id: Option<Uuid>,
    /// How often in a row their server could not be written to.
    pub failures: i32,
    /// Until when it is left alone because of that.
    pub retry_at: Option<DateTime<Utc>>,
}

/// What a source last said of a play state, and since when that is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SaidRow {
    /// The state.
    pub progress: ProgressRecord,
    /// When it was recorded.
    pub noticed_at: DateTime<Utc>,
}

/// What was last written to the server of a viewer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlayWriteRow {
    /// Of which item.
    pub item_id: ItemId,
    /// Of which viewer.
    pub viewer_id: ViewerId,
    /// What was written.
    pub state: PlayState,
    /// What the server said since.
    pub echo: PlayState,
    /// Whether the server was heard after the writing.
    pub settled: bool,
    /// How often in a row it failed; 0 when it was written.
    pub failures: i32,
    /// Not before, after it failed.
    pub retry_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Where a source has an item that can be played.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlayPlace {
    /// The item.
    pub item_id: ItemId,
    /// How a person would call it.
    pub label: String,
    /// Where it is listed.
    pub library_id: LibraryId,
    /// The source's id for it.
    pub remote_id: RemoteId,
    /// Its play state is remembered here, and the source does not say it any more.
    pub carried: bool,
}

const ID: [Column; 1] = [("a", Ty::Uuid)];
const KEY: [Column; 2] = [("item_id", Ty::Uuid), ("viewer_id", Ty::Uuid)];
const COLUMNS: [Column; 10] = [
    KEY[0],
    KEY[1],
    ("state", Ty::Json),
    ("echo", Ty::Json),
    ("settled", Ty::Bool),
    ("failures", Ty::Int),
    ("retry_at", Ty::Time),
    ("error", Ty::Text),
    ("created_at", Ty::Time),
    ("updated_at", Ty::Time),
];

impl Store {
    /// Everybody whom a source knows, by source and name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn viewers(&self) -> Result<Vec<ViewerRow>> {
        let sql = "SELECT v.id, v.source_id, s.name, v.remote_user, v.name, v.person_id, \
                   v.failures, v.retry_at FROM viewers v JOIN sources s ON s.id = v.source_id \
                   ORDER BY s.priority, s.id, v.name, v.id";
        let rows = Session::new(self.read.clone()).query(sql, Vec::new()).await?;
        rows.iter().map(viewer).collect()
    }

    /// Makes viewers one person, or each of them nobody's.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_person(
        &self,
        viewers: &[ViewerId],
        person: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let sql = "WITH k AS (SELECT a FROM {k}) UPDATE viewers SET person_id = ?, updated_at = ? \
                   WHERE id IN (SELECT a FROM k)";
        let ids = Rows::single(viewers.iter().map(|v| v.0));
        let values = [person.to_cell(), now.to_cell()];
        let session = Session::new(self.write.clone());
        session.execute_keys(sql, &ID, &ids, values).await.map(drop)
    }

    /// Notes that the server of a viewer could not be written to, or that it can again.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_viewer_health(
        &self,
        viewer: ViewerId,
        failures: i32,
        retry_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        let sql = "UPDATE viewers SET failures = ?, retry_at = ? WHERE id = ?";
        let values = vec![failures.into(), retry_at.to_cell(), viewer.to_cell()];
        Session::new(self.write.clone()).execute(sql, values).await.map(drop)
    }

    /// The items of which anything is known for any of these viewers.
    ///
    /// # Errors
    /// What the database says.
    pub async fn played_items(&self, viewers: &[ViewerId]) -> Result<Vec<ItemId>> {
        let sql = "SELECT DISTINCT p.item_id FROM {k} CROSS JOIN progress p \
                   WHERE p.viewer_id = k.a ORDER BY p.item_id";
        let ids = Rows::single(viewers.iter().map(|v| v.0));
        let rows = Session::new(self.read.clone()).query_keys(sql, &ID, &ids, []).await?;
        rows.iter().map(|row| cell(row, 0).map(ItemId)).collect()
    }

    /// What all viewers' servers say of these items.
    ///
    /// # Errors
    /// What the database says.
    pub async fn play_states(&self, items: &[ItemId]) -> Result<Vec<SaidRow>> {
        let sql = format!(
            "SELECT {PROGRESS_COLUMNS}, p.updated_at FROM {{k}} CROSS JOIN progress p \
             WHERE p.item_id = k.a"
        );
        let ids = Rows::single(items.iter().map(|i| i.0));
        let rows = Session::new(self.read.clone()).query_keys(&sql, &ID, &ids, []).await?;
        let said =
            |row| Ok(SaidRow { progress: mapping::progress(row)?, noticed_at: cell(row, 7)? });
        rows.iter().map(said).collect()
    }

    /// What was written of these items.
    ///
    /// # Errors
    /// What the database says.
    pub async fn play_writes(&self, items: &[ItemId]) -> Result<Vec<PlayWriteRow>> {
        let sql = "SELECT w.item_id, w.viewer_id, CAST(w.state AS text), CAST(w.echo AS text), \
                   w.settled, w.failures, w.retry_at, w.error FROM {k} CROSS JOIN play_writes w \
                   WHERE w.item_id = k.a";
        let ids = Rows::single(items.iter().map(|i| i.0));
        let rows = Session::new(self.read.clone()).query_keys(sql, &ID, &ids, []).await?;
        rows.iter().map(play_write).collect()
    }

    /// Remembers what is written, in place of what was.
    ///
    /// # Errors
    /// What the database says.
    pub async fn put_play_writes(&self, rows: &[PlayWriteRow], now: DateTime<Utc>) -> Result<()> {
        let mut batch = self.begin(None).await?;
        let written = put(&batch.session, rows, now).await;
        batch.guard(written)?;
        batch.commit().await
    }

    /// Where a source has these items, as far as they can be played there by themselves: one file
    /// that holds several episodes has one state for all of them, so it is left alone.
    ///
    /// # Errors
    /// What the database says.
    pub async fn play_places(&self, source: SourceId, items: &[ItemId]) -> Result<Vec<PlayPlace>> {
        let sql = "SELECT i.id, i.title, s.title, l.library_id, l.remote_id, CAST(l.play AS text) \
                   FROM {k} CROSS JOIN listings l JOIN libraries b ON b.id = l.library_id \
                   JOIN items i ON i.id = l.item_id LEFT JOIN items s ON s.id = i.parent_id \
                   WHERE l.item_id = k.a AND b.source_id = ? AND l.standing = 3 \
                   AND i.kind IN ('movie', 'episode') AND NOT EXISTS (SELECT 1 FROM listings o \
                   WHERE o.library_id = l.library_id AND o.remote_id = l.remote_id \
                   AND o.part <> l.part) ORDER BY l.id";
        let ids = Rows::single(items.iter().map(|i| i.0));
        let session = Session::new(self.read.clone());
        let rows = session.query_keys(sql, &ID, &ids, [source.to_cell()]).await?;
        rows.iter().map(place).collect()
    }
}

async fn put<C: sea_orm::ConnectionTrait>(
    session: &Session<C>,
    rows: &[PlayWriteRow],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut keys = Rows::new(2, rows.len());
    let mut cells = Rows::new(COLUMNS.len(), rows.len());
    for row in rows {
        let key = [row.item_id.to_cell(), row.viewer_id.to_cell()];
        keys.cells.extend(key.clone());
        cells.cells.extend(key);
        cells.cells.extend([
            row.state.to_cell(),
            row.echo.to_cell(),
            row.settled.into(),
            row.failures.into(),
            row.retry_at.to_cell(),
            row.error.to_cell(),
            now.to_cell(),
            now.to_cell(),
        ]);
    }
    let sql = "DELETE FROM play_writes WHERE (item_id, viewer_id) IN \
               (SELECT item_id, viewer_id FROM {k})";
    session.execute_keys(sql, &KEY, &keys, []).await?;
    bulk::insert(session, "play_writes", &COLUMNS, cells).await
}

fn viewer(row: &QueryResult) -> Result<ViewerRow> {
    Ok(ViewerRow {
        id: ViewerId(cell(row, 0)?),
        source_id: SourceId(cell(row, 1)?),
        source: cell(row, 2)?,
        remote_user: cell(row, 3)?,
        name: cell(row, 4)?,
        person_id: cell(row, 5)?,
        failures: cell(row, 6)?,
        retry_at: cell(row, 7)?,
    })
}

fn play_write(row: &QueryResult) -> Result<PlayWriteRow> {
    let (state, echo): (String, String) = (cell(row, 2)?, cell(row, 3)?);
    Ok(PlayWriteRow {
        item_id: ItemId(cell(row, 0)?),
        viewer_id: ViewerId(cell(row, 1)?),
        state: from_json(&state, "play_writes.state")?,
        echo: from_json(&echo, "play_writes.echo")?,
        settled: cell(row, 4)?,
        failures: cell(row, 5)?,
        retry_at: cell(row, 6)?,
        error: cell(row, 7)?,
    })
}

fn place(row: &QueryResult) -> Result<PlayPlace> {
    let (title, show): (String, Option<String>) = (cell(row, 1)?, cell(row, 2)?);
    let play: Option<String> = cell(row, 5)?;
    let play: Option<PlayState> = play.map(|text| from_json(&text, "listings.play")).transpose()?;
    Ok(PlayPlace {
        item_id: ItemId(cell(row, 0)?),
        label: show.map_or_else(|| title.clone(), |show| format!("{show}: {title}")),
        library_id: LibraryId(cell(row, 3)?),
        remote_id: RemoteId(cell(row, 4)?),
        carried: play.is_some_and(|play| play.carried),
    })
}
