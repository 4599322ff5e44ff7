//! Family: the seasons of a show and their episodes, with what a person set and saw of each, one
//! statement for all. It knows rows and deliberately not how they are shown.

use sea_orm::QueryResult;
use shelfread_domain::{ItemId, ItemRecord, ItemStatus};

use crate::Store;
use crate::browse::{STATUS, status};
use crate::error::Result;
use crate::mapping::{self, ITEM};
use crate::sql::{Session, cell};

/// A season with what its episodes amount to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SeasonRow {
    /// Its number; `None` for episodes that have none.
    pub number: Option<i32>,
    /// Its own row, if a source lists seasons.
    pub item: Option<ItemId>,
    /// The title of that row.
    pub title: Option<String>,
    /// Whether a person wants it downloaded by itself; `None` when nobody said.
    pub auto_download: Option<bool>,
    /// How many episodes it has.
    pub episodes: u64,
    /// How many of them are there.
    pub available: u64,
    /// How many of them somebody saw.
    pub played: u64,
}

/// An episode in the list of its season.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EpisodeRow {
    /// The episode.
    pub item: ItemRecord,
    /// What its listings amount to.
    pub status: ItemStatus,
    /// Whether a person wants it downloaded by itself; `None` when nobody said.
    pub auto_download: Option<bool>,
    /// Whether somebody saw it.
    pub played: bool,
    /// How far the one is who is furthest in it; 0 when nobody is.
    pub position_seconds: i64,
}

/// Whether somebody saw an item `i`.
const PLAYED: &str = "EXISTS (SELECT 1 FROM progress p WHERE p.item_id = i.id AND p.played)";

impl Store {
    /// The seasons of a show by number, those without a number last.
    ///
    /// # Errors
    /// What the database says.
    pub async fn seasons(&self, show: ItemId) -> Result<Vec<SeasonRow>> {
        let session = Session::new(self.read.clone());
        let own = "SELECT i.season_number, i.id, i.title, s.auto_download FROM items i \
                   LEFT JOIN item_settings s ON s.item_id = i.id \
                   WHERE i.parent_id = ? AND i.kind = 'season'";
        let rows = session.query(own, vec![show.0.into()]).await?;
        let mut seasons = rows.iter().map(season).collect::<Result<Vec<_>>>()?;
        let counted = format!(
            "SELECT i.season_number, COUNT(*), \
             SUM(CASE WHEN i.presence = 'available' THEN 1 ELSE 0 END), \
             SUM(CASE WHEN {PLAYED} THEN 1 ELSE 0 END) FROM items i \
             WHERE i.parent_id = ? AND i.kind = 'episode' GROUP BY i.season_number"
        );
        for row in session.query(&counted, vec![show.0.into()]).await? {
            count(&mut seasons, &row)?;
        }
        seasons.sort_by_key(|s| (s.number.is_none(), s.number));
        Ok(seasons)
    }

    /// The episodes of a season by number, at most `limit`; with `None` those without a season.
    ///
    /// # Errors
    /// What the database says.
    pub async fn episodes(
        &self,
        show: ItemId,
        season: Option<i32>,
        limit: u64,
    ) -> Result<Vec<EpisodeRow>> {
        let (here, number) = match season {
            Some(number) => ("i.season_number = ?", Some(number.into())),
            None => ("i.season_number IS NULL", None),
        };
        let sql = format!(
            "SELECT {ITEM}, {STATUS}, s.auto_download, CASE WHEN {PLAYED} THEN 1 ELSE 0 END, \
             CAST(COALESCE((SELECT MAX(p.position_seconds) FROM progress p \
             WHERE p.item_id = i.id), 0) AS BIGINT) \
             FROM items i LEFT JOIN item_settings s ON s.item_id = i.id \
             WHERE i.parent_id = ? AND i.kind = 'episode' AND {here} \
             ORDER BY i.episode_number, i.air_date, i.id LIMIT ?"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [Some(show.0.into()), number, Some(limit.into())];
        let values = values.into_iter().flatten().collect();
        let rows = Session::new(self.read.clone()).query(&sql, values).await?;
        rows.iter().map(episode).collect()
    }
}

fn season(row: &QueryResult) -> Result<SeasonRow> {
    Ok(SeasonRow {
        number: cell(row, 0)?,
        item: Some(ItemId(cell(row, 1)?)),
        title: cell(row, 2)?,
        auto_download: cell(row, 3)?,
        ..SeasonRow::default()
    })
}

/// Notes how many episodes a season has; one without a row of its own is made here.
fn count(seasons: &mut Vec<SeasonRow>, row: &QueryResult) -> Result<()> {
    let number: Option<i32> = cell(row, 0)?;
    let place = match seasons.iter().position(|s| s.number == number) {
        Some(place) => place,
        None => {
            seasons.push(SeasonRow { number, ..SeasonRow::default() });
            seasons.len() - 1
        }
    };
    let season = &mut seasons[place];
    season.episodes = cell::<i64>(row, 1)?.unsigned_abs();
    season.available = cell::<i64>(row, 2)?.unsigned_abs();
    season.played = cell::<i64>(row, 3)?.unsigned_abs();
    Ok(())
}

fn episode(row: &QueryResult) -> Result<EpisodeRow> {
    Ok(EpisodeRow {
        item: mapping::item(row)?,
        status: status(row, 15)?,
        auto_download: cell(row, 16)?,
        played: cell::<i32>(row, 17)? != 0,
        position_seconds: cell(row, 18)?,
    })
}
