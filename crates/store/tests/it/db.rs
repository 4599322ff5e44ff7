//! A fresh database per test, and a small catalogue to begin with.

use std::ops::Deref;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::json;
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{
    Change, ItemKind, LibraryId, Op, Plan, Row, RunId, SourceId, SourceKind, Trigger, ViewerId,
};
use shelfread_domain::{Existing, RunMode};
use shelfread_migration::{Migrator, MigratorTrait};
use shelfread_store::{ManagedBy, NewRun, SourceRow, Store};
use shelfread_testkit::postgres::postgres;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Makes each of these functions two tests.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::db::Db::sqlite().await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::db::Db::postgres().await).await;
            })+
        }
    };
}
pub(crate) use both;

/// An address that is migrated, and what must live as long as it.
pub struct Db {
    pub store: Store,
    pub url: String,
    _folder: Option<TempDir>,
}

impl Deref for Db {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Db {
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}/data/test.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        Self { store, url, _folder: Some(folder) }
    }

    pub async fn postgres() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(|| async {
            let url = postgres().database();
            let store = Store::open(&url).await.unwrap();
            store.migrate().await.unwrap();
            store.close().await.unwrap();
            url
        });
        let url = postgres().copy_of(template.await);
        Self { store: Store::open(&url).await.unwrap(), url, _folder: None }
    }

    /// A database that only the first so many migrations were made on.
    pub async fn at_migration(&self, steps: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let url = match self._folder {
            Some(_) => format!("sqlite://{}/test.db?mode=rwc", folder.path().display()),
            None => postgres().database(),
        };
        let conn = Database::connect(&url).await.unwrap();
        Migrator::up(&conn, Some(steps)).await.unwrap();
        conn.close().await.unwrap();
        Self { store: Store::open(&url).await.unwrap(), url, _folder: Some(folder) }
    }

    /// A connection of its own, for looking and for damaging.
    pub async fn raw(&self) -> DatabaseConnection {
        Database::connect(&self.url).await.unwrap()
    }

    /// The first column of the first row of a query, as a number.
    pub async fn number(&self, sql: &str) -> i64 {
        let conn = self.raw().await;
        let statement = Statement::from_string(conn.get_database_backend(), sql);
        let row = conn.query_one_raw(statement).await.unwrap().unwrap();
        let number = row.try_get_by_index::<i64>(0);
        number.or_else(|_| row.try_get_by_index::<i32>(0).map(i64::from)).unwrap()
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {table}")).await
    }

    /// Runs a command behind the store's back.
    pub async fn damage(&self, sql: &str) {
        let conn = self.raw().await;
        if conn.get_database_backend() == DbBackend::Sqlite {
            let sql = format!("PRAGMA foreign_keys = OFF; {sql}");
            conn.execute_unprepared(&sql).await.unwrap();
        } else {
            conn.execute_unprepared(sql).await.unwrap();
        }
    }

    /// Begins with a source, two libraries, a viewer and a run.
    pub async fn with_catalogue(self) -> Catalogue {
        let source = self.put_source(&source("den"), now()).await.unwrap();
        let library = async |remote_id| {
            let put = self.put_library(source, remote_id, "Films", LibraryKind::Mixed, now());
            put.await.unwrap()
        };
        let (library, other) = (library("1").await, library("2").await);
        let viewer = self.put_viewer(source, "anna", "Anna", now()).await.unwrap();
        let run = self.new_run(source).await;
        Catalogue { db: self, source, library, other, viewer, run }
    }

    /// Begins a run.
    pub async fn new_run(&self, source: SourceId) -> RunId {
        let run = new_run(Some(source));
        self.begin_run(&run).await.unwrap();
        run.id
    }
}

/// A database with somewhere to put items.
pub struct Catalogue {
    pub db: Db,
    pub source: SourceId,
    pub library: LibraryId,
    pub other: LibraryId,
    pub viewer: ViewerId,
    pub run: RunId,
}

impl Deref for Catalogue {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Catalogue {
    /// Applies changes in a batch of their own.
    pub async fn apply(&self, changes: Vec<Change>) -> shelfread_store::Result<()> {
        self.apply_as(self.run, changes).await
    }

    pub async fn apply_as(&self, run: RunId, changes: Vec<Change>) -> shelfread_store::Result<()> {
        let mut batch = self.begin(None).await?;
        batch.apply(run, &plan(changes), now()).await?;
        batch.commit().await
    }
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap()
}

pub fn later(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

pub fn source(name: &str) -> SourceRow {
    SourceRow {
        id: SourceId(Uuid::now_v7()),
        name: name.to_owned(),
        kind: SourceKind::Jellyfin,
        url: "http://127.0.0.1:8096".to_owned(),
        settings: json!({"path_map": {"/data": "/media"}}),
        secret: None,
        secret_problem: None,
        server_id: None,
        priority: 10,
        on_missing: "remove".parse().unwrap(),
        max_removals: "10%".parse().unwrap(),
        enabled: true,
        managed_by: ManagedBy::File,
        last_seen_at: None,
        last_error: None,
    }
}

pub fn new_run(source: Option<SourceId>) -> NewRun {
    NewRun {
        id: RunId(Uuid::now_v7()),
        source_id: source,
        source_name: "den".to_owned(),
        trigger: Trigger::Manual,
        mode: RunMode::Full,
        library: None,
        dry_run: false,
        existing: Existing::Update,
        reverts_run_id: None,
        started_at: now(),
    }
}

pub fn plan(changes: Vec<Change>) -> Plan {
    Plan { changes, ..Plan::default() }
}

pub fn change(op: Op, before: Option<Row>, after: Option<Row>) -> Change {
    Change {
        op,
        kind: ItemKind::Movie,
        label: "label".to_owned(),
        before,
        after,
        reason: "a test".into(),
        basis: None,
    }
}

pub fn add(row: impl Into<Row>) -> Change {
    change(Op::Add, None, Some(row.into()))
}

pub fn remove(row: impl Into<Row>) -> Change {
    change(Op::Remove, Some(row.into()), None)
}

pub fn update(before: impl Into<Row>, after: impl Into<Row>) -> Change {
    change(Op::Update, Some(before.into()), Some(after.into()))
}
