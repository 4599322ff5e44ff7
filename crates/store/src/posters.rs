//! Where posters are, as sources and people say: enough to fetch one, and no more.

use sea_orm::QueryResult;
use shelfread_domain::{Facts, Field, ItemId, RemoteId, SourceId};

use crate::Store;
use crate::cell::from_json;
use crate::error::Result;
use crate::sql::{Session, cell};

/// Listings that are looked at for one poster.
const MOST: i64 = 16;

/// A source that names a poster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PosterPlace {
    /// The source.
    pub source_id: SourceId,
    /// Its id for the object.
    pub remote_id: RemoteId,
    /// What it says: relative to its own address, or absolute.
    pub address: String,
}

/// Where the poster of an item may be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PosterPlaces {
    /// What a person said; `Some(None)` means that there shall be none.
    pub chosen: Option<Option<String>>,
    /// What sources say, of the item itself first, then of its show; by priority.
    pub places: Vec<PosterPlace>,
}

impl Store {
    /// Where the poster of an item may be; `None` when there is no such item.
    ///
    /// # Errors
    /// What the database says.
    pub async fn poster_places(&self, id: ItemId) -> Result<Option<PosterPlaces>> {
        let session = Session::new(self.read.clone());
        let sql = "SELECT i.parent_id FROM items i WHERE i.id = ?";
        let rows = session.query(sql, vec![id.0.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let parent: Option<uuid::Uuid> = cell(row, 0)?;
        let sql = "SELECT o.value FROM overrides o WHERE o.item_id = ? AND o.field = ?";
        let field = Field::PosterUrl.to_string();
        let rows = session.query(sql, vec![id.0.into(), field.into()]).await?;
        let chosen = rows.first().map(|row| cell(row, 0)).transpose()?;
        let sql = "SELECT b.source_id, l.remote_id, CAST(l.facts AS text) FROM listings l \
                   JOIN libraries b ON b.id = l.library_id JOIN sources s ON s.id = b.source_id \
                   WHERE l.item_id IN (?, ?) AND l.missing_since IS NULL \
                   ORDER BY CASE WHEN l.item_id = ? THEN 0 ELSE 1 END, s.priority, s.id, l.id \
                   LIMIT ?";
        let above = parent.unwrap_or(id.0);
        let values = vec![id.0.into(), above.into(), id.0.into(), MOST.into()];
        let rows = session.query(sql, values).await?;
        let places = rows.iter().filter_map(|row| place(row).transpose()).collect::<Result<_>>()?;
        Ok(Some(PosterPlaces { chosen, places }))
    }
}

fn place(row: &QueryResult) -> Result<Option<PosterPlace>> {
    let facts: String = cell(row, 2)?;
    let facts: Facts = from_json(&facts, "listings.facts")?;
    let Some(address) = facts.poster_url else { return Ok(None) };
    let (source_id, remote_id) = (SourceId(cell(row, 0)?), RemoteId(cell(row, 1)?));
    Ok(Some(PosterPlace { source_id, remote_id, address }))
}
