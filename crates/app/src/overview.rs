//! Overview: what needs a person, whether every source and download client answers, and what the
//! catalogue amounts to. It reads figures and decides only what they mean; nothing here asks a
//! source.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use shelfread_domain::download::AwayKind;
use shelfread_domain::{Counts, ItemKind, ItemStatus, SourceId};
use shelfread_store::{ClientRow, EventFilter, LibraryRow, Page, RunRow, SourceRow, WaitingHold};

use crate::App;
use crate::error::Result;

/// Runs that are looked through for the last one of each source.
const RECENT: u64 = 100;
/// Ends of runs that are counted for the trend.
const MOST: u64 = 5_000;

/// Whether a source or client answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// It answered when it was last asked.
    Fine,
    /// It did not answer, or refused us.
    Failing,
    /// It was never asked.
    Unknown,
    /// A person does not want it asked.
    Off,
}

/// A source, how it does and what it lists.
#[derive(Clone, Debug)]
pub struct SourceState {
    /// The source.
    pub row: SourceRow,
    /// Whether it answers.
    pub health: Health,
    /// Its libraries, each with the number of its listings.
    pub libraries: Vec<(LibraryRow, u64)>,
    /// Its newest run of late.
    pub last_run: Option<RunRow>,
}

impl SourceState {
    /// Why it does not answer.
    pub fn reason(&self) -> Option<&str> {
        let name = format!("source '{}': ", self.row.name);
        let error = self.row.last_error.as_deref();
        let error = error.map(|error| error.strip_prefix(&name).unwrap_or(error));
        self.row.secret_problem.as_deref().or(error)
    }

    /// How many listings it has.
    pub fn listings(&self) -> u64 {
        self.libraries.iter().map(|(_, count)| count).sum()
    }
}

/// A download client, how it does and how much it has.
#[derive(Clone, Debug)]
pub struct ClientState {
    /// The client.
    pub row: ClientRow,
    /// Whether it answers.
    pub health: Health,
    /// How many transfers it has.
    pub downloads: u64,
}

impl ClientState {
    /// Why it does not answer.
    pub fn reason(&self) -> Option<&str> {
        let away = self.row.away.as_ref().map(|away| away.reason.as_str());
        self.row.secret_problem.as_deref().or(away)
    }

    /// Whether it refuses us, and is not asked again until a person says so.
    pub fn refuses(&self) -> bool {
        self.row.away.as_ref().is_some_and(|away| away.kind == AwayKind::Refused)
    }
}

/// What changed on a day (of UTC), in items.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Day {
    /// Which day.
    pub date: NaiveDate,
    /// How many came.
    pub added: u64,
    /// How many changed.
    pub updated: u64,
    /// How many went.
    pub removed: u64,
}

/// How many things wait for a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Waiting {
    /// Libraries whose removals are held.
    pub holds: u64,
    /// Listings without a certain item.
    pub reviews: u64,
}

impl Waiting {
    /// Both together.
    pub const fn total(self) -> u64 {
        self.holds + self.reviews
    }
}

impl App {
    /// How many things wait for a person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_waiting(&self) -> Result<Waiting> {
        let holds = self.store.count_pending_holds().await?;
        Ok(Waiting { holds, reviews: self.store.count_reviews().await? })
    }

    /// Removals that wait for a person, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn held(&self, limit: u64) -> Result<Vec<WaitingHold>> {
        Ok(self.store.waiting_holds(limit).await?)
    }

    /// How many items of each kind stand how.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tally(&self) -> Result<Vec<(ItemKind, ItemStatus, u64)>> {
        Ok(self.store.tally().await?)
    }

    /// All sources, how they do and what they list.
    ///
    /// # Errors
    /// What the database says.
    pub async fn source_states(&self) -> Result<Vec<SourceState>> {
        let mut counts = self.store.listings_by_library().await?;
        let runs = self.store.runs(Page { offset: 0, limit: RECENT }).await?;
        let newest = |id: SourceId| runs.iter().find(|r| r.run.source_id == Some(id)).cloned();
        let mut all = Vec::new();
        for row in self.store.sources().await? {
            let libraries = self.store.libraries(row.id).await?;
            let count = |l: LibraryRow| (counts.remove(&l.id).unwrap_or(0), l);
            let libraries = libraries.into_iter().map(count).map(|(n, l)| (l, n)).collect();
            let (health, last_run) = (health_of_source(&row), newest(row.id));
            all.push(SourceState { row, health, libraries, last_run });
        }
        Ok(all)
    }

    /// All download clients, how they do and how much they have.
    ///
    /// # Errors
    /// What the database says.
    pub async fn client_states(&self) -> Result<Vec<ClientState>> {
        let mut all = Vec::new();
        for row in self.store.clients().await? {
            let downloads = self.store.count_downloads(row.id).await?;
            let health = health_of_client(&row);
            all.push(ClientState { row, health, downloads });
        }
        Ok(all)
    }

    /// What changed on each of the last days, today last. Days on which nothing did are there too.
    ///
    /// # Errors
    /// What the database says.
    pub async fn trend(&self, days: u16) -> Result<Vec<Day>> {
        let today = self.clock.now().date_naive();
        let first = today - TimeDelta::days(i64::from(days.max(1)) - 1);
        let since = first.and_hms_opt(0, 0, 0).map(|start| start.and_utc());
        let kind = Some("run.finished".to_owned());
        let filter = EventFilter { kind, since, ..EventFilter::default() };
        let mut all: BTreeMap<NaiveDate, Counts> =
            first.iter_days().take(usize::from(days.max(1))).map(|d| (d, <_>::default())).collect();
        for told in self.store.events(&filter, MOST).await? {
            let counts = serde_json::from_value::<Counts>(told.event.data["counts"].clone());
            let day = all.get_mut(&told.event.at.date_naive());
            if let (Ok(counts), Some(day)) = (counts, day) {
                *day += counts;
            }
        }
        Ok(all.into_iter().map(day).collect())
    }

    /// Now, as this application's clock says.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

fn day((date, counts): (NaiveDate, Counts)) -> Day {
    Day { date, added: counts.added, updated: counts.updated, removed: counts.removed }
}

fn health_of_source(row: &SourceRow) -> Health {
    match (row.enabled, row.secret_problem.is_some() || row.last_error.is_some()) {
        (false, _) => Health::Off,
        (true, true) => Health::Failing,
        (true, false) if row.last_seen_at.is_none() => Health::Unknown,
        (true, false) => Health::Fine,
    }
}

fn health_of_client(row: &ClientRow) -> Health {
    match (row.enabled, row.secret_problem.is_some() || row.away.is_some()) {
        (false, _) => Health::Off,
        (true, true) => Health::Failing,
        (true, false) => Health::Fine,
    }
}
