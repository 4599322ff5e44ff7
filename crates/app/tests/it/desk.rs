//! A desk: an application over a fresh database, with sources in memory. Every scenario runs on
//! SQLite and on PostgreSQL.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use shelfread_app::posters::{FetchPicture, PosterConfig, Posters};
use shelfread_app::sources::new_source;
use shelfread_app::{
    App, Clock, OpenSource, Quiet, RunReport, SourceFactory, SyncRequest, TransferQueue, Waited,
};
use shelfread_domain::hint::{Hint, Unreadable};
use shelfread_domain::port::{
    FetchPoster, LibraryKind, Problem, ServerIdentity, SourceError, Viewer,
};
use shelfread_domain::{
    Change, Counts, Existing, Field, ItemId, ItemKind, MaxRemovals, OnMissing, Op, OverrideRecord,
    Plan, RemoteId, Row, RunId, RunMode, RunStatus, SettingsRecord, SourceId, SourceKind, Trigger,
};
use shelfread_store::{ItemDetail, ItemFilter, ManagedBy, NewRun, RunEnd, SourceRow, Store, Vault};
use shelfread_testkit::faults::Faulty;
use shelfread_testkit::fixtures::ScriptedSource;
use tokio::sync::watch;
use url::Url;
use uuid::Uuid;

/// A clock that a test sets. Whoever sleeps on it wakes when the test has let enough time pass.
pub struct TestClock {
    now: watch::Sender<DateTime<Utc>>,
    sleepers: Arc<Mutex<Vec<DateTime<Utc>>>>,
}

impl TestClock {
    fn new(now: DateTime<Utc>) -> Self {
        Self { now: watch::Sender::new(now), sleepers: Arc::default() }
    }

    pub fn advance(&self, by: TimeDelta) {
        self.now.send_modify(|now| *now += by);
    }

    /// How many sleep and have still to wait.
    pub fn sleepers(&self) -> usize {
        let now = self.now();
        self.sleepers.lock().unwrap().iter().filter(|end| **end > now).count()
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.borrow()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let (end, mut clock) = (self.now() + time, self.now.subscribe());
        let asleep = Asleep(end, Arc::clone(&self.sleepers));
        self.sleepers.lock().unwrap().push(end);
        Box::pin(async move {
            if clock.wait_for(|now| *now >= end).await.is_err() {
                std::future::pending().await
            }
            drop(asleep);
        })
    }
}

struct Asleep(DateTime<Utc>, Arc<Mutex<Vec<DateTime<Utc>>>>);

impl Drop for Asleep {
    fn drop(&mut self) {
        let mut all = self.1.lock().unwrap();
        let at = all.iter().position(|end| *end == self.0).unwrap();
        all.swap_remove(at);
    }
}

type Sources = Arc<Mutex<HashMap<String, Arc<Faulty<ScriptedSource>>>>>;

/// What library managers wait for, by the name of the source.
pub type Queues = Arc<Mutex<HashMap<String, Vec<Waited>>>>;

struct Queue(String, Queues);

#[async_trait]
impl TransferQueue for Queue {
    async fn queue(&self) -> Result<Vec<Waited>, SourceError> {
        Ok(self.1.lock().unwrap().get(&self.0).cloned().unwrap_or_default())
    }
}

/// What is at which address, and who was asked for what.
type Gallery = (HashMap<String, Vec<u8>>, Vec<String>);

/// Pictures in memory.
#[derive(Clone, Default)]
pub struct Pictures(Arc<Mutex<Gallery>>);

impl Pictures {
    pub fn put(&self, address: &str, bytes: &[u8]) {
        self.0.lock().unwrap().0.insert(address.to_owned(), bytes.to_vec());
    }

    pub fn take_away(&self, address: &str) {
        self.0.lock().unwrap().0.remove(address);
    }

    /// Who was asked since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }

    async fn fetch(&self, whom: &str, address: &str) -> Result<Vec<u8>, SourceError> {
        let found = {
            let mut state = self.0.lock().unwrap();
            state.1.push(format!("{whom} {address}"));
            state.0.get(address).cloned()
        };
        // Others may come meanwhile.
        tokio::task::yield_now().await;
        found.ok_or_else(|| SourceError::new("fetching", Problem::NotFound))
    }
}

#[async_trait]
impl FetchPicture for Pictures {
    async fn picture(&self, address: &Url) -> Result<Vec<u8>, SourceError> {
        self.fetch("outside", address.as_str()).await
    }
}

/// The pictures of one source.
struct Album(String, Pictures);

#[async_trait]
impl FetchPoster for Album {
    async fn poster(&self, _: &RemoteId, address: &str) -> Result<Vec<u8>, SourceError> {
        self.1.fetch(&self.0, address).await
    }
}

struct Scripted(Sources, Queues, Pictures);

impl SourceFactory for Scripted {
    fn open(&self, source: &SourceRow) -> Result<OpenSource, SourceError> {
        match self.0.lock().unwrap().get(&source.name) {
            Some(scripted) => {
                let can_remove = scripted.inner().can_remove();
                let remove = can_remove.then(|| Arc::clone(scripted) as _);
                let queue = Queue(source.name.clone(), Arc::clone(&self.1));
                let queue = Some(Arc::new(queue) as _);
                let takes = scripted.inner().can_take_play_states();
                let write_play_state = takes.then(|| Arc::clone(scripted) as _);
                let open = OpenSource::read_only(Arc::clone(scripted) as _);
                let album = Album(source.name.clone(), self.2.clone());
                let posters = Some(Arc::new(album) as _);
                Ok(OpenSource { remove, write_play_state, queue, posters, ..open })
            }
            None => Err(SourceError::new(
                "setting up",
                Problem::Configuration("no such script".to_owned()),
            )),
        }
    }

    /// Webhooks of scripts say `object ID`, `changed`, `gone` or `transfers`.
    fn read_hook(&self, _: &SourceRow, message: &[u8]) -> Result<Vec<Hint>, Unreadable> {
        let text = std::str::from_utf8(message).map_err(|e| Unreadable(e.to_string()))?;
        let hint = |line: &str| match line.split_once(' ') {
            Some(("object", id)) => Ok(Hint::object(id)),
            None if line == "changed" => Ok(Hint::Changed),
            None if line == "gone" => Ok(Hint::Gone),
            None if line == "transfers" => Ok(Hint::Transfers),
            _ => Err(Unreadable(line.to_owned())),
        };
        text.lines().map(hint).collect()
    }
}

/// What a source in memory lists; the test changes it.
pub struct Script(Arc<Faulty<ScriptedSource>>);

impl Deref for Script {
    type Target = ScriptedSource;

    fn deref(&self) -> &ScriptedSource {
        self.0.inner()
    }
}

pub struct Desk {
    pub app: App,
    pub clock: Arc<TestClock>,
    pub queues: Queues,
    pub pictures: Pictures,
    sources: Sources,
    folder: tempfile::TempDir,
    url: String,
}

impl Desk {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/catalogue.db", folder.path().display());
        Self::open(&url, folder).await
    }

    pub async fn postgres() -> Self {
        let url = shelfread_testkit::postgres::postgres().database();
        Self::open(&url, tempfile::tempdir().unwrap()).await
    }

    async fn open(url: &str, folder: tempfile::TempDir) -> Self {
        let store = store(url, &folder).await;
        store.migrate().await.unwrap();
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Arc::new(TestClock::new(start));
        let (sources, queues) = (Sources::default(), Queues::default());
        let pictures = Pictures::default();
        let scripted = Scripted(Arc::clone(&sources), Arc::clone(&queues), pictures.clone());
        let posters = PosterConfig {
            folder: folder.path().join("posters"),
            most_bytes: 1 << 20,
            hosts: BTreeSet::from(["art.example".to_owned()]),
        };
        let app = App::new(store, Arc::new(scripted), Arc::clone(&clock) as _)
            .with_posters(Posters::new(posters, Arc::new(pictures.clone())));
        let url = url.to_owned();
        Self { app, clock, queues, pictures, sources, folder, url }
    }

    /// Another program on the same database, with the same sources and the same clock.
    pub async fn beside(&self) -> App {
        let store = store(&self.url, &self.folder).await;
        let (sources, queues) = (Arc::clone(&self.sources), Arc::clone(&self.queues));
        let factory = Arc::new(Scripted(sources, queues, self.pictures.clone()));
        App::new(store, factory, Arc::clone(&self.clock) as _)
    }

    /// How much SQLite has written, and when; nothing of PostgreSQL.
    pub fn written(&self) -> Option<(u64, SystemTime)> {
        let log = std::fs::metadata(self.folder.path().join("catalogue.db-wal")).ok()?;
        Some((log.len(), log.modified().ok()?))
    }

    /// The same desk, on which servers are told play states, or not.
    pub fn told(self, told: bool) -> Self {
        Self { app: self.app.with_play_states_told(told), ..self }
    }

    /// Adds a source. Those that are added first win when sources disagree.
    pub async fn source(&self, name: &str, kind: SourceKind) -> Script {
        let faulty = Arc::new(Faulty::new(ScriptedSource::new(kind)));
        let script = Script(Arc::clone(&faulty));
        let priority = {
            let mut sources = self.sources.lock().unwrap();
            sources.insert(name.to_owned(), faulty);
            i32::try_from(sources.len()).unwrap() * 10
        };
        let id = SourceId(Uuid::now_v7());
        let row = SourceRow { priority, ..new_source(id, name, kind, ManagedBy::Person) };
        self.app.save_source(&row).await.unwrap();
        script
    }

    /// A media server `den` with one library, whose viewer is anna.
    pub async fn den(&self, kind: LibraryKind, shelf: &str) -> Script {
        let den = self.source("den", SourceKind::Jellyfin).await;
        den.identifies(Ok(server("server-1")));
        den.lists("1", kind, shelf);
        self.synced("den").await;
        den
    }

    pub fn faulty(&self, name: &str) -> Arc<Faulty<ScriptedSource>> {
        Arc::clone(&self.sources.lock().unwrap()[name])
    }

    pub async fn change_source(&self, name: &str, change: impl FnOnce(&mut SourceRow)) {
        let mut row = self.app.store().source_by_name(name).await.unwrap().unwrap();
        change(&mut row);
        self.app.save_source(&row).await.unwrap();
    }

    pub async fn policy(&self, name: &str, on_missing: OnMissing, limit: MaxRemovals) {
        let set = |row: &mut SourceRow| (row.on_missing, row.max_removals) = (on_missing, limit);
        self.change_source(name, set).await;
    }

    /// Syncs one source and gives its report, whatever it says.
    pub async fn sync(&self, name: &str) -> RunReport {
        self.sync_as(SyncRequest { sources: vec![name.to_owned()], ..SyncRequest::default() }).await
    }

    pub async fn sync_as(&self, request: SyncRequest) -> RunReport {
        self.clock.advance(TimeDelta::minutes(1));
        self.app.sync(&request, Arc::new(Quiet)).await.unwrap().remove(0)
    }

    /// Syncs one source, which must succeed.
    #[track_caller]
    pub fn synced(&self, name: &str) -> impl Future<Output = RunReport> + '_ {
        let name = name.to_owned();
        async move {
            let report = self.sync(&name).await;
            assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.errors);
            self.is_sound().await;
            report
        }
    }

    /// The promises hold on the database.
    pub async fn is_sound(&self) {
        let found = self.app.doctor(false).await.unwrap().findings;
        assert!(found.is_empty(), "{found:?}");
    }

    /// All items, as a person would write them down, by kind and title.
    pub async fn shelf(&self) -> Vec<String> {
        let (items, _) =
            self.app.store().items(&ItemFilter::default(), None, 10_000).await.unwrap();
        let mut all: Vec<_> = items
            .into_iter()
            .map(|i| {
                let show = i.show.map(|s| format!("{s}: ")).unwrap_or_default();
                let mut by: Vec<_> = i
                    .listings
                    .iter()
                    .map(|l| match l.missing_since {
                        None => format!("{}/{}", l.source, l.remote_id),
                        Some(_) => format!("{}/{} missing", l.source, l.remote_id),
                    })
                    .collect();
                by.sort();
                format!("{} {show}{} [{}]", i.item.kind, i.item.label(), by.join(", "))
            })
            .collect();
        all.sort();
        all
    }

    pub async fn item(&self, kind: ItemKind, title: &str) -> ItemDetail {
        let filter = ItemFilter { kind: Some(kind), ..ItemFilter::default() };
        let (items, _) = self.app.store().items(&filter, None, 10_000).await.unwrap();
        let mut found = items.iter().filter(|i| i.item.fields.title.as_deref() == Some(title));
        let id = found.next().unwrap_or_else(|| panic!("no {kind} '{title}'")).item.id;
        assert!(found.next().is_none(), "several {kind}s '{title}'");
        self.app.store().item(id).await.unwrap().unwrap()
    }

    pub async fn id(&self, kind: ItemKind, title: &str) -> ItemId {
        self.item(kind, title).await.item.id
    }

    /// What must survive: ids, places, progress, settings and overrides of every item. Remote ids
    /// and facts are not part of it.
    pub async fn memory(&self) -> Vec<String> {
        let (items, _) =
            self.app.store().items(&ItemFilter::default(), None, 10_000).await.unwrap();
        let mut all = Vec::new();
        for item in items {
            let d = self.app.store().item(item.item.id).await.unwrap().unwrap();
            let progress: Vec<_> = d
                .progress
                .iter()
                .map(|p| {
                    (p.viewer_id, p.state.position_seconds, p.state.played, p.state.play_count)
                })
                .collect();
            all.push(format!(
                "{} {:?} {} {:?} {:?} {:?}",
                d.item.id,
                d.item.parent_id,
                d.item.label(),
                progress,
                d.settings,
                d.overrides
            ));
        }
        all.sort();
        all
    }

    /// What a person set on an item: auto-download on, and another overview.
    pub async fn set_by_hand(&self, item: ItemId, overview: &str) {
        let run = NewRun {
            id: RunId(Uuid::now_v7()),
            source_id: None,
            source_name: "a person".to_owned(),
            trigger: Trigger::Manual,
            mode: RunMode::Full,
            library: None,
            dry_run: false,
            existing: Existing::Update,
            reverts_run_id: None,
            started_at: self.clock.now(),
        };
        let settings = Row::Settings(Box::new(SettingsRecord {
            item_id: item,
            auto_download: true,
            status: Some("waiting".to_owned()),
            downloaded_at: None,
            extra: None,
        }));
        let corrected = Row::Override(OverrideRecord {
            item_id: item,
            field: Field::Overview,
            value: Some(overview.to_owned()),
        });
        let shown = self.app.store().item(item).await.unwrap().unwrap().item;
        let mut corrected_item = shown.clone();
        corrected_item.fields.overview = Some(overview.to_owned());
        let change = |before, row| Change {
            op: Op::Add,
            kind: ItemKind::Movie,
            label: String::new(),
            before,
            after: Some(row),
            reason: "by hand".into(),
            basis: None,
        };
        let [before, after] = [shown, corrected_item].map(|i| Row::Item(Box::new(i)));
        let changes =
            vec![change(None, settings), change(None, corrected), change(Some(before), after)];
        let plan = Plan { changes, ..Plan::default() };
        let store = self.app.store();
        store.begin_run(&run).await.unwrap();
        let mut batch = store.begin(None).await.unwrap();
        batch.apply_revert(run.id, &plan, self.clock.now()).await.unwrap();
        batch.commit().await.unwrap();
        let end = RunEnd {
            status: RunStatus::Succeeded,
            counts: &Counts::default(),
            coverage: &[],
            message: None,
            finished_at: self.clock.now(),
        };
        store.finish_run(run.id, &end, &[]).await.unwrap();
    }
}

async fn store(url: &str, folder: &tempfile::TempDir) -> Store {
    Store::open(url).await.unwrap().with_vault(Vault::open(folder.path()).unwrap())
}

pub fn server(id: &str) -> ServerIdentity {
    ServerIdentity {
        server_id: id.to_owned(),
        name: "den".to_owned(),
        version: "Scripted 1".to_owned(),
        viewer: Some(Viewer { remote_user: "anna-id".to_owned(), name: "anna".to_owned() }),
    }
}
