//! The program under test: an application over a database in memory, a clock that jumps, and a
//! death that comes between two statements.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use shelfread_app::{App, Clock};
use shelfread_store::{Store, Vault};
use tokio::sync::watch;

use super::port::Shared;
use super::postgres::Beside;
use super::tables::{self, Cell, Happened, Reader, Tables};

/// A clock that only the simulation moves, in milliseconds.
#[derive(Debug)]
pub struct SimClock(watch::Sender<i64>);

impl Default for SimClock {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl SimClock {
    /// Moves it, also back.
    pub fn advance(&self, seconds: i64) {
        self.0.send_modify(|now| *now += seconds * 1_000);
    }

    fn set(&self, to: DateTime<Utc>) {
        self.0.send_replace(to.timestamp_millis());
    }
}

impl Clock for SimClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(*self.0.borrow())
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let mut now = self.0.subscribe();
        let pause = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let end = now.borrow().saturating_add(pause);
        Box::pin(async move {
            // Without a clock no time passes.
            if now.wait_for(|now| *now >= end).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Counts the statements that work still has to live.
#[derive(Debug, Default)]
struct Death {
    left: AtomicI64,
    is_near: AtomicBool,
    is_here: AtomicBool,
}

impl Death {
    fn statement(&self) {
        if self.is_near.load(Ordering::Relaxed) && self.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            self.is_here.store(true, Ordering::Relaxed);
        }
    }
}

/// How the simulation itself looks into the database.
enum Side {
    /// Into a file.
    File(rusqlite::Connection),
    /// Into a server.
    Server(Beside),
}

impl Side {
    fn execute(&self, sql: &str) -> Result<()> {
        match self {
            Self::File(tables) => tables.execute_batch(sql).context("on the tables"),
            Self::Server(tables) => tables.execute(sql),
        }
    }
}

impl Reader for Side {
    fn rows(&self, sql: &str) -> Result<Vec<Vec<Cell>>> {
        match self {
            Self::File(tables) => tables.rows(sql),
            Self::Server(tables) => tables.rows(sql),
        }
    }
}

/// A database that is used for one simulation after the other, so that what the drivers prepared
/// stays warm.
pub struct Desk {
    store: Store,
    /// The connections of other programs on the same database.
    others: Vec<Store>,
    side: Side,
    empty: String,
    death: Arc<Death>,
    /// The time.
    pub clock: Arc<SimClock>,
    _folder: tempfile::TempDir,
}

impl Desk {
    /// A migrated SQLite in memory.
    ///
    /// # Errors
    /// When there is no place for it.
    pub async fn sqlite() -> Result<Self> {
        let folder = folder()?;
        let file = folder.path().join("catalogue.db");
        let death = Arc::new(Death::default());
        let store = open(&format!("sqlite://{}", file.display()), &death).await?;
        let store = store.with_vault(Vault::open(folder.path())?);
        let tables = tables::open(&file)?;
        let empty = emptying(&tables)?;
        let side = Side::File(tables);
        let (others, clock) = (Vec::new(), Arc::default());
        Ok(Self { store, others, side, empty, death, clock, _folder: folder })
    }

    /// A PostgreSQL database that is there and empty, with so many programs on it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn postgres(url: &str, programs: u32) -> Result<Self> {
        let (folder, death) = (folder()?, Arc::new(Death::default()));
        let store = open(url, &death).await?.with_vault(Vault::open(folder.path())?);
        let mut others = Vec::new();
        for _ in 1..programs {
            others.push(open(url, &death).await?.with_vault(Vault::open(folder.path())?));
        }
        let tables = Beside::open(url)?;
        let empty = tables.emptying()?;
        let side = Side::Server(tables);
        let clock = Arc::default();
        Ok(Self { store, others, side, empty, death, clock, _folder: folder })
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// What the database says.
    pub fn clear(&self) -> Result<()> {
        self.clock.set(DateTime::UNIX_EPOCH + TimeDelta::days(20_454));
        self.side.execute(&self.empty).context("emptying the tables")
    }

    /// The application, as it is after it was started.
    pub fn start(&self, shared: &Shared) -> App {
        self.app(&self.store, shared)
    }

    /// The other programs at work on the same database.
    pub fn others(&self, shared: &Shared) -> Vec<App> {
        self.others.iter().map(|store| self.app(store, shared)).collect()
    }

    fn app(&self, store: &Store, shared: &Shared) -> App {
        let app = App::new(store.clone(), Arc::new(shared.clone()), Arc::clone(&self.clock) as _);
        app.with_downloads(Arc::new(shared.clone()), Arc::new(shared.clone()))
    }

    /// What the tables say now.
    ///
    /// # Errors
    /// What the database says.
    pub fn read(&self) -> Result<Tables> {
        // One moment for all tables.
        self.side.execute("BEGIN")?;
        let read = tables::read(&self.side);
        self.side.execute("COMMIT")?;
        read
    }

    /// What happened to downloads since an event.
    ///
    /// # Errors
    /// What the database says.
    pub fn happened(&self, since: i64) -> Result<Vec<Happened>> {
        tables::happened(&self.side, since)
    }

    /// What SQLite itself finds wrong with the file.
    ///
    /// # Errors
    /// What the database says.
    pub fn damage(&self) -> Result<Vec<String>> {
        let Side::File(tables) = &self.side else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for row in tables.rows("PRAGMA integrity_check")? {
            found.extend(row.into_iter().filter(|cell| *cell != Cell::Text("ok".to_owned())));
        }
        found.extend(tables.rows("PRAGMA foreign_key_check")?.into_iter().flatten());
        Ok(found.into_iter().map(|cell| format!("{cell:?}")).collect())
    }

    /// Does some work, or as much of it as can be done in so many statements; `None` when it was
    /// killed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn live<T>(
        &self,
        after: Option<u32>,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>> {
        self.death.left.store(after.map_or(0, i64::from), Ordering::Relaxed);
        self.death.is_here.store(false, Ordering::Relaxed);
        self.death.is_near.store(after.is_some(), Ordering::Relaxed);
        let done = {
            let mut work = Box::pin(work);
            let here = &self.death.is_here;
            poll_fn(|context| match work.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if here.load(Ordering::Relaxed) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            })
            .await
        };
        self.death.is_near.store(false, Ordering::Relaxed);
        if done.is_none() {
            // Whatever was on its way is done or taken back before anybody looks.
            self.store.lease("nobody").await?;
            for other in &self.others {
                other.lease("nobody").await?;
            }
        }
        Ok(done)
    }
}

/// Opens and migrates a database.
async fn open(url: &str, death: &Arc<Death>) -> Result<Store> {
    let watcher = Arc::clone(death);
    let store = Store::open(url).await?.watched(move || watcher.statement());
    store.migrate().await?;
    Ok(store)
}

/// The statements that empty every table but what migrations put there.
fn emptying(tables: &rusqlite::Connection) -> Result<String> {
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' \
                 AND name NOT IN ('seaql_migrations', 'leases') AND name NOT LIKE 'sqlite_%' \
                 ORDER BY name = 'listings'";
    let mut statement = tables.prepare(names)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut sql = "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; ".to_owned();
    for name in names {
        sql.push_str(&format!("DELETE FROM {}; ", name?));
    }
    sql.push_str(
        "DELETE FROM leases WHERE name <> 'catalogue'; DELETE FROM sqlite_sequence; COMMIT;",
    );
    Ok(sql)
}

/// A folder that lies in memory, where that is possible.
fn folder() -> Result<tempfile::TempDir> {
    let shared = Path::new("/dev/shm");
    let place = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("shelfread-sim").tempdir_in(place).context("making a folder")
}
