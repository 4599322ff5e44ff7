//! The rows, written one by one with prepared statements.

use std::collections::HashMap;
use std::hash::Hasher;
use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, Statement, params};
use twox_hash::XxHash3_64;
use uuid::Uuid;

use super::wire::{Item, fingerprint};

const NOW: &str = "2026-01-01T00:00:00+00:00";

/// Opens a database as the program does: write-ahead log, nothing is flushed but when the log is
/// moved, and 16 MB of cache.
pub fn open(database: &Path) -> Result<Connection> {
    let connection =
        Connection::open(database).with_context(|| format!("opening {}", database.display()))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    Ok(connection)
}

/// Fingerprints by remote id.
pub fn index(connection: &Connection) -> Result<HashMap<String, i64>> {
    let sql = "SELECT remote_id, fingerprint FROM listings WHERE part = 0";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes pages.
pub struct Writer<'a> {
    connection: &'a Connection,
    ids: Ids,
    item: Statement<'a>,
    listing: Statement<'a>,
    external_id: Statement<'a>,
    progress: Statement<'a>,
}

/// What rows point to.
struct Ids {
    library: Uuid,
    viewer: Uuid,
    run: Uuid,
    /// Shows by their remote ids.
    shows: HashMap<String, Uuid>,
}

impl<'a> Writer<'a> {
    /// Prepares, and writes what all rows belong to.
    pub fn new(connection: &'a Connection) -> Result<Self> {
        Ok(Self {
            connection,
            ids: write_source(connection)?,
            item: connection.prepare(
                "INSERT INTO items (id, kind, parent_id, season_number, episode_number, air_date,
                 year, runtime_seconds, created_run_id, created_at, updated_at, title, sort_title,
                 title_key, overview)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11, ?12, ?13, ?14)
                 ON CONFLICT (id) DO UPDATE SET title = excluded.title",
            )?,
            listing: connection.prepare(
                "INSERT INTO listings (id, library_id, remote_id, part, kind, parent_remote_id,
                 item_id, match_basis, fingerprint, file_key, created_run_id, created_at,
                 updated_at, play, facts)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'new', ?8, ?9, ?10, ?11, ?11, ?12, ?13)
                 ON CONFLICT (library_id, remote_id, part) DO UPDATE SET facts = excluded.facts",
            )?,
            external_id: connection.prepare(
                "INSERT INTO external_ids (kind, provider, value, item_id, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (kind, provider, value) DO UPDATE SET item_id = excluded.item_id",
            )?,
            progress: connection.prepare(
                "INSERT INTO progress (item_id, viewer_id, position_seconds, played, play_count,
                 last_played_at, carried, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7)
                 ON CONFLICT (item_id, viewer_id) DO UPDATE SET played = excluded.played",
            )?,
        })
    }

    /// One page in one transaction.
    pub fn write_page(&mut self, items: &[Item<'_>]) -> Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        for item in items {
            self.write(item)?;
        }
        Ok(transaction.commit()?)
    }

    /// The rows of an item; several if its file holds several episodes.
    fn write(&mut self, item: &Item<'_>) -> Result<()> {
        let fingerprint = fingerprint(item);
        let first = item.index_number;
        let last = item.index_number_end.max(first);
        for part in 0..=last.unwrap_or(0) - first.unwrap_or(0) {
            let id = Uuid::now_v7();
            let numbers = match item.kind.as_ref() {
                "Season" => (first, None),
                "Episode" => (item.parent_index_number, first.map(|first| first + part)),
                _ => (None, None),
            };
            self.write_item(id, item, numbers)?;
            self.write_listing(id, item, part, numbers, fingerprint)?;
            self.write_progress(id, item)?;
            if item.is_top() {
                self.write_external_ids(id, item)?;
                self.ids.shows.insert(item.id.to_string(), id);
            }
        }
        Ok(())
    }

    fn write_item(&mut self, id: Uuid, item: &Item<'_>, numbers: Numbers) -> Result<()> {
        let show = item.series_id.as_deref().and_then(|show| self.ids.shows.get(show));
        let sort_title = item.name.to_lowercase();
        let title_key = item.is_top().then_some(&sort_title);
        self.item.execute(params![
            id,
            kind(item),
            show,
            numbers.0,
            numbers.1,
            item.day(),
            item.production_year,
            item.seconds(),
            self.ids.run,
            NOW,
            item.name,
            sort_title,
            title_key,
            item.overview,
        ])?;
        Ok(())
    }

    fn write_listing(
        &mut self,
        id: Uuid,
        item: &Item<'_>,
        part: i32,
        numbers: Numbers,
        fingerprint: i64,
    ) -> Result<()> {
        let play = item.play().as_ref().map(serde_json::to_string).transpose()?;
        self.listing.execute(params![
            Uuid::now_v7(),
            self.ids.library,
            item.id,
            part,
            kind(item),
            item.series_id,
            id,
            fingerprint,
            file_key(item),
            self.ids.run,
            NOW,
            play,
            item.facts(numbers.0, numbers.1)?,
        ])?;
        Ok(())
    }

    fn write_external_ids(&mut self, id: Uuid, item: &Item<'_>) -> Result<()> {
        for (provider, value) in &item.provider_ids {
            self.external_id.execute(params![kind(item), provider, value, id, NOW])?;
        }
        Ok(())
    }

    fn write_progress(&mut self, id: Uuid, item: &Item<'_>) -> Result<()> {
        if let Some(play) = item.play() {
            self.progress.execute(params![
                id,
                self.ids.viewer,
                play.position_seconds,
                play.played,
                play.play_count,
                play.last_played_at,
                NOW,
            ])?;
        }
        Ok(())
    }
}

/// A source with a viewer and a library.
fn write_source(connection: &Connection) -> Result<Ids> {
    let [source, library, viewer, run] = std::array::from_fn(|_| Uuid::now_v7());
    connection.execute(
        "INSERT INTO sources (id, name, kind, url, settings, priority, on_missing, max_removals,
         enabled, managed_by, created_at, updated_at)
         VALUES (?1, 'floor', 'jellyfin', '', '{}', 0, 'remove', '10%', 1, 'person', ?2, ?2)",
        params![source, NOW],
    )?;
    connection.execute(
        "INSERT INTO viewers (id, source_id, remote_user, name, created_at, updated_at)
         VALUES (?1, ?2, 'anna', 'anna', ?3, ?3)",
        params![viewer, source, NOW],
    )?;
    connection.execute(
        "INSERT INTO libraries (id, source_id, remote_id, name, kind, enabled, created_at,
         updated_at) VALUES (?1, ?2, 'all', 'all', 'mixed', 1, ?3, ?3)",
        params![library, source, NOW],
    )?;
    Ok(Ids { library, viewer, run, shows: HashMap::new() })
}

/// Season and episode.
type Numbers = (Option<i32>, Option<i32>);

fn kind(item: &Item<'_>) -> &'static str {
    match item.kind.as_ref() {
        "Movie" => "movie",
        "Series" => "show",
        "Season" => "season",
        _ => "episode",
    }
}

fn file_key(item: &Item<'_>) -> Option<i64> {
    let file = item.media_sources.first()?;
    let mut hasher = XxHash3_64::new();
    hasher.write(file.path.as_deref()?.as_bytes());
    hasher.write_u64(file.size?);
    Some(hasher.finish().cast_signed())
}
