//! Removals: what a person wants gone from every source, and how that stands at each. Written
//! before anything is asked of a source, so that a crash in the middle leaves a list to go on with.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Value};
use serde::Serialize;
use shelfread_domain::{ItemId, ListingId, RemoteId, RunId, SourceId};

use crate::Store;
use crate::batch::Batch;
use crate::bulk;
use crate::cell::{Cell, word};
use crate::entity::removals::{Column, Entity, Model};
use crate::error::Result;
use crate::sql::{Column as Typed, Rows, Ty};

/// How a removal stands at one source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RemovalState {
    /// Not yet tried, or the attempt was cut off.
    Pending,
    /// The source removed it.
    Done,
    /// The source did not; the reason says why. It is tried again when a person asks again.
    Failed,
    /// The source cannot remove it.
    NotSupported,
    /// The source does not have it any more.
    NotNeeded,
}

impl RemovalState {
    const ALL: [Self; 5] =
        [Self::Pending, Self::Done, Self::Failed, Self::NotSupported, Self::NotNeeded];

    /// The text that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::NotSupported => "not_supported",
            Self::NotNeeded => "not_needed",
        }
    }

    /// Reads that text back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing more is to be done there.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::NotNeeded)
    }
}

/// One object of one source that is to go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemovalRow {
    /// What is removed everywhere.
    pub item_id: ItemId,
    /// The listing that names the object.
    pub listing_id: ListingId,
    /// The run that tried last.
    pub run_id: RunId,
    /// The source.
    pub source_id: SourceId,
    /// Its name, which outlives it.
    pub source_name: String,
    /// The library's name.
    pub library_name: String,
    /// The source's name for the object.
    pub remote_id: RemoteId,
    /// How a person would call it.
    pub label: String,
    /// `files`, `entry` or `files_only`; `None` while that is not known.
    pub effect: Option<String>,
    /// How it stands.
    pub state: RemovalState,
    /// Why, where there is more to say.
    pub reason: Option<String>,
}

const LISTING: [Typed; 1] = [("id", Ty::Uuid)];

const COLUMNS: [Typed; 13] = [
    ("item_id", Ty::Uuid),
    ("listing_id", Ty::Uuid),
    ("run_id", Ty::Uuid),
    ("source_id", Ty::Uuid),
    ("source_name", Ty::Text),
    ("library_name", Ty::Text),
    ("remote_id", Ty::Text),
    ("label", Ty::Text),
    ("effect", Ty::Text),
    ("state", Ty::Text),
    ("reason", Ty::Text),
    ("created_at", Ty::Time),
    ("updated_at", Ty::Time),
];

impl Batch {
    /// Writes how removals stand, in the place of what was known of the same objects.
    ///
    /// # Errors
    /// What the database says.
    pub async fn put_removals(&mut self, rows: &[RemovalRow], now: DateTime<Utc>) -> Result<()> {
        self.check()?;
        let written = self.write_removals(rows, now).await;
        self.guard(written)
    }

    async fn write_removals(&self, rows: &[RemovalRow], now: DateTime<Utc>) -> Result<()> {
        let Some(item) = rows.first().map(|row| row.item_id) else { return Ok(()) };
        let sql = "WITH named AS (SELECT id FROM {k}) DELETE FROM removals \
                   WHERE item_id = ? AND listing_id IN (SELECT id FROM named)";
        let named = Rows::single(rows.iter().map(|row| row.listing_id.0));
        self.session.execute_keys(sql, &LISTING, &named, [item.0.into()]).await?;
        let mut cells = Rows::new(COLUMNS.len(), rows.len());
        rows.iter().for_each(|row| cells.cells.extend(row_cells(row, now)));
        bulk::insert(&self.session, "removals", &COLUMNS, cells).await
    }
}

impl Store {
    /// How the removal of an item stands at each source; empty when nobody asked for it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn removals(&self, item: ItemId) -> Result<Vec<RemovalRow>> {
        let query = Entity::find()
            .filter(Column::ItemId.eq(item.0))
            .order_by_asc(Column::SourceName)
            .order_by_asc(Column::ListingId);
        query.all(&self.read).await?.into_iter().map(row).collect()
    }
}

fn row_cells(row: &RemovalRow, now: DateTime<Utc>) -> [Value; 13] {
    [
        row.item_id.to_cell(),
        row.listing_id.to_cell(),
        row.run_id.to_cell(),
        row.source_id.to_cell(),
        row.source_name.to_cell(),
        row.library_name.to_cell(),
        row.remote_id.to_cell(),
        row.label.to_cell(),
        row.effect.to_cell(),
        row.state.as_str().to_cell(),
        row.reason.to_cell(),
        now.to_cell(),
        now.to_cell(),
    ]
}

fn row(m: Model) -> Result<RemovalRow> {
    Ok(RemovalRow {
        item_id: ItemId(m.item_id),
        listing_id: ListingId(m.listing_id),
        run_id: RunId(m.run_id),
        source_id: SourceId(m.source_id),
        source_name: m.source_name,
        library_name: m.library_name,
        remote_id: RemoteId(m.remote_id),
        label: m.label,
        effect: m.effect,
        state: word(RemovalState::parse(&m.state), &m.state, "removals.state")?,
        reason: m.reason,
    })
}
