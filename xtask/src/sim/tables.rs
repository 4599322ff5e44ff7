//! The catalogue as its tables say, read with queries of its own. Knows the public names of tables
//! and columns, and nothing of the program that writes them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// An id of ours.
pub type Id = u128;

/// A row of `items`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its kind.
    pub kind: String,
    /// Its show.
    pub parent: Option<Id>,
    /// Number of the season.
    pub season: Option<i64>,
    /// Number of the episode.
    pub episode: Option<i64>,
    /// What it shows.
    pub title: String,
    /// What it shows.
    pub year: Option<i64>,
    /// What it shows.
    pub overview: Option<String>,
    /// Everything else, to tell whether it was written.
    pub rest: String,
}

/// A row of `listings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its library.
    pub library: Id,
    /// The server's id.
    pub remote: String,
    /// Its place in a file.
    pub part: u16,
    /// Its item.
    pub item: Option<Id>,
    /// It is no longer listed.
    pub missing: bool,
    /// A person wants it kept.
    pub kept: bool,
    /// It waits for a person.
    pub review: bool,
    /// Everything else, to tell whether it was written.
    pub rest: String,
}

/// A row of `libraries`, with the name of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The source.
    pub source: String,
    /// The server's id.
    pub remote: String,
    /// Which server the source is known to be.
    pub server: Option<String>,
}

/// What a person set on an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Personal {
    /// Corrected fields.
    pub overrides: BTreeMap<String, Option<String>>,
    /// Automatic downloads and what became of them.
    pub settings: Option<(bool, Option<String>)>,
}

/// A row of `downloads`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// The name of its client.
    pub client: String,
    /// The client's id.
    pub transfer: String,
    /// Its name.
    pub title: String,
    /// What it does.
    pub state: String,
    /// It was finished.
    pub finished: bool,
    /// What was begun with it.
    pub pending: Option<String>,
    /// How many answers lacked it.
    pub absent: i64,
    /// Its client does not answer.
    pub away: bool,
    /// When it was written.
    pub rest: String,
}

/// A row of `events` about a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What happened.
    pub kind: String,
    /// To which row, which may be gone.
    pub download: Id,
    /// The name of its client.
    pub client: String,
    /// The client's id.
    pub transfer: String,
}

/// A row of `runs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: Id,
    /// The name of its source.
    pub source: Option<String>,
    /// It only showed what it would have done.
    pub is_dry: bool,
    /// How it ended.
    pub status: String,
    /// Why it was.
    pub trigger: String,
}

/// Progress: position in seconds, whether played, and how often.
pub type Progress = (i64, bool, i64);

/// The catalogue at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Items by id.
    pub items: BTreeMap<Id, Item>,
    /// Listings by id.
    pub listings: BTreeMap<Id, Listing>,
    /// Libraries by id.
    pub libraries: BTreeMap<Id, Library>,
    /// Who owns an external id.
    pub external_ids: BTreeMap<(String, String, String), Id>,
    /// What people set, by item.
    pub personal: BTreeMap<Id, Personal>,
    /// Progress by item and source.
    pub progress: BTreeMap<(Id, String), Progress>,
    /// Holds that wait, with their runs.
    pub holds: Vec<(Id, Id)>,
    /// The queue.
    pub downloads: BTreeMap<Id, Download>,
    /// The number of the last event.
    pub events: i64,
    /// Runs, oldest first by the clock, which may have been set back.
    pub runs: Vec<Run>,
    /// Lines of the journal that removed an item.
    pub removed: Vec<Id>,
}

impl Tables {
    /// The same without what every run writes of itself.
    pub fn without_runs(&self) -> Self {
        Self { runs: Vec::new(), ..self.clone() }
    }
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number or truth.
    Int(i64),
    /// A text.
    Text(String),
    /// An id.
    Id(Id),
}

impl Cell {
    fn id(&self) -> Option<Id> {
        if let Self::Id(id) = self { Some(*id) } else { None }
    }

    fn int(&self) -> Option<i64> {
        if let Self::Int(n) = self { Some(*n) } else { None }
    }

    fn text(&self) -> Option<String> {
        if let Self::Text(text) = self { Some(text.clone()) } else { None }
    }

    fn is_true(&self) -> bool {
        self.int() == Some(1)
    }
}

/// Something that runs a query.
pub trait Reader {
    /// All rows.
    ///
    /// # Errors
    /// What the database says.
    fn rows(&self, sql: &str) -> Result<Vec<Vec<Cell>>>;
}

impl Reader for Connection {
    fn rows(&self, sql: &str) -> Result<Vec<Vec<Cell>>> {
        let mut statement = self.prepare_cached(sql)?;
        let width = statement.column_count();
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let cells = (0..width).map(|n| row.get_ref(n).map(cell));
            all.push(cells.collect::<Result<_, _>>()?);
        }
        Ok(all)
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Integer(n) => Cell::Int(n),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => match bytes.try_into() {
            Ok(bytes) => Cell::Id(Id::from_be_bytes(bytes)),
            Err(_) => Cell::Null,
        },
        ValueRef::Null | ValueRef::Real(_) => Cell::Null,
    }
}

/// Opens a SQLite file beside the program that works on it.
///
/// # Errors
/// What the database says.
pub fn open(file: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).context("opening the tables")?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

const ITEMS: &str = "SELECT id, kind, parent_id, season_number, episode_number, title, year, \
    overview, sort_title || ' ' || presence || ' ' || CAST(updated_at AS text) FROM items";
const LISTINGS: &str = "SELECT id, library_id, remote_id, part, item_id, \
    CASE WHEN missing_since IS NULL THEN 0 ELSE 1 END, CASE WHEN kept_since IS NULL THEN 0 ELSE 1 END, \
    CASE WHEN review IS NULL THEN 0 ELSE 1 END, \
    match_basis || ' ' || CAST(fingerprint AS text) || ' ' || CAST(updated_at AS text) FROM listings";
const LIBRARIES: &str = "SELECT l.id, s.name, l.remote_id, s.server_id FROM libraries l JOIN sources s ON s.id = l.source_id";
const EXTERNAL_IDS: &str = "SELECT kind, provider, value, item_id FROM external_ids";
const OVERRIDES: &str = "SELECT item_id, field, value FROM overrides";
const SETTINGS: &str =
    "SELECT item_id, CASE WHEN auto_download THEN 1 ELSE 0 END, status FROM item_settings";
const PROGRESS: &str = "SELECT p.item_id, s.name, p.position_seconds, \
    CASE WHEN p.played THEN 1 ELSE 0 END, CAST(p.play_count AS bigint) FROM progress p \
    JOIN viewers v ON v.id = p.viewer_id JOIN sources s ON s.id = v.source_id";
const HOLDS: &str = "SELECT id, run_id FROM holds WHERE state = 'pending' ORDER BY id";
const EVENTS: &str = "SELECT COALESCE(MAX(seq), 0) FROM events";
const DOWNLOADS: &str = "SELECT d.id, c.name, d.client_download_id, d.title, d.state, \
    CASE WHEN d.completed_at IS NULL THEN 0 ELSE 1 END, d.pending_op, d.absent_count, \
    CASE WHEN d.unreachable_since IS NULL THEN 0 ELSE 1 END, CAST(d.updated_at AS text) \
    FROM downloads d JOIN download_clients c ON c.id = d.client_id";
const RUNS: &str = "SELECT r.id, s.name, CASE WHEN r.dry_run THEN 1 ELSE 0 END, r.status, r.trigger \
    FROM runs r LEFT JOIN sources s ON s.id = r.source_id ORDER BY r.started_at, r.id";
const REMOVED: &str = "SELECT item_id FROM run_changes WHERE entity = 'item' AND op = 'remove' \
    AND state <> 'held' AND item_id IS NOT NULL";

/// Reads everything.
///
/// # Errors
/// What the database says, and a row that makes no sense.
pub fn read(from: &impl Reader) -> Result<Tables> {
    let nonsense = "a row that makes no sense";
    let mut tables = Tables::default();
    for row in from.rows(ITEMS)? {
        let item = Item {
            kind: row[1].text().context(nonsense)?,
            parent: row[2].id(),
            season: row[3].int(),
            episode: row[4].int(),
            title: row[5].text().context(nonsense)?,
            year: row[6].int(),
            overview: row[7].text(),
            rest: row[8].text().unwrap_or_default(),
        };
        tables.items.insert(row[0].id().context(nonsense)?, item);
    }
    for row in from.rows(LISTINGS)? {
        let listing = Listing {
            library: row[1].id().context(nonsense)?,
            remote: row[2].text().context(nonsense)?,
            part: u16::try_from(row[3].int().context(nonsense)?)?,
            item: row[4].id(),
            missing: row[5].is_true(),
            kept: row[6].is_true(),
            review: row[7].is_true(),
            rest: row[8].text().unwrap_or_default(),
        };
        tables.listings.insert(row[0].id().context(nonsense)?, listing);
    }
    for row in from.rows(LIBRARIES)? {
        let (source, remote) = (row[1].text(), row[2].text());
        let (source, remote) = (source.context(nonsense)?, remote.context(nonsense)?);
        let library = Library { source, remote, server: row[3].text() };
        tables.libraries.insert(row[0].id().context(nonsense)?, library);
    }
    for row in from.rows(EXTERNAL_IDS)? {
        let [kind, provider, value] = [0, 1, 2].map(|n| row[n].text().unwrap_or_default());
        tables.external_ids.insert((kind, provider, value), row[3].id().context(nonsense)?);
    }
    read_personal(from, &mut tables)?;
    read_queue(from, &mut tables)?;
    read_history(from, &mut tables)?;
    Ok(tables)
}

/// What happened to downloads since an event.
///
/// # Errors
/// What the database says, and a row that makes no sense.
pub fn happened(from: &impl Reader, since: i64) -> Result<Vec<Happened>> {
    let sql = format!(
        "SELECT e.kind, e.download_id, c.name, e.data ->> 'transfer_id' FROM events e \
         JOIN download_clients c ON c.id = e.client_id \
         WHERE e.seq > {since} AND e.download_id IS NOT NULL ORDER BY e.seq"
    );
    let line = |row: &Vec<Cell>| {
        let text = |n: usize| row[n].text().unwrap_or_default();
        let download = row[1].id().context("an event without subject")?;
        Ok(Happened { kind: text(0), download, client: text(2), transfer: text(3) })
    };
    from.rows(&sql)?.iter().map(line).collect()
}

fn read_queue(from: &impl Reader, tables: &mut Tables) -> Result<()> {
    for row in from.rows(DOWNLOADS)? {
        let text = |n: usize| row[n].text().unwrap_or_default();
        let download = Download {
            client: text(1),
            transfer: text(2),
            title: text(3),
            state: text(4),
            finished: row[5].is_true(),
            pending: row[6].text(),
            absent: row[7].int().unwrap_or_default(),
            away: row[8].is_true(),
            rest: text(9),
        };
        tables.downloads.insert(row[0].id().context("a download without id")?, download);
    }
    Ok(())
}

fn read_personal(from: &impl Reader, tables: &mut Tables) -> Result<()> {
    let id = |cell: &Cell| cell.id().context("an item without id");
    for row in from.rows(OVERRIDES)? {
        let personal = tables.personal.entry(id(&row[0])?).or_default();
        personal.overrides.insert(row[1].text().unwrap_or_default(), row[2].text());
    }
    for row in from.rows(SETTINGS)? {
        let personal = tables.personal.entry(id(&row[0])?).or_default();
        personal.settings = Some((row[1].is_true(), row[2].text()));
    }
    for row in from.rows(PROGRESS)? {
        let count = row[4].int().unwrap_or_default();
        let said = (row[2].int().unwrap_or_default(), row[3].is_true(), count);
        tables.progress.insert((id(&row[0])?, row[1].text().unwrap_or_default()), said);
    }
    Ok(())
}

fn read_history(from: &impl Reader, tables: &mut Tables) -> Result<()> {
    for row in from.rows(HOLDS)? {
        tables.holds.extend(row[0].id().zip(row[1].id()));
    }
    for row in from.rows(EVENTS)? {
        tables.events = row[0].int().unwrap_or_default();
    }
    for row in from.rows(RUNS)? {
        let id = row[0].id().context("a run without id")?;
        let (source, status) = (row[1].text(), row[3].text().unwrap_or_default());
        let trigger = row[4].text().unwrap_or_default();
        tables.runs.push(Run { id, source, is_dry: row[2].is_true(), status, trigger });
    }
    tables.removed = from.rows(REMOVED)?.iter().filter_map(|row| row[0].id()).collect();
    tables.removed.sort_unstable();
    Ok(())
}
