//! The queue: plans are written whole or a row is left alone, one transfer has one row, and what
//! history must remember it remembers.

use std::ops::Deref;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use shelfread_domain::download::{
    Away, AwayKind, ClientChange, ClientKind, DownloadChange, DownloadEvent, DownloadEventKind,
    DownloadMatch, DownloadPlan, DownloadRecord, Origin, Progress, TransferId, TransferState,
};
use shelfread_domain::id::{ClientId, DownloadId};
use shelfread_domain::{ItemId, ItemKind};
use shelfread_store::{ClientRow, DownloadFilter, EventFilter, ManagedBy, StoreError, Vault};
use uuid::Uuid;

use crate::db::{Catalogue, Db, add, both, later, now};
use crate::records::{episode, external, item, listing, movie, show};

both!(
    rows_come_change_and_go,
    a_row_that_changed_meanwhile_is_left_alone,
    one_transfer_has_one_row,
    an_id_changes_hands,
    a_client_that_is_away_marks_all_its_rows,
    history_remembers_what_was_completed_and_imported,
    what_a_transfer_is_for_outlives_its_row,
    the_shelf_is_found_by_title_and_by_id,
    a_thousand_rows_cost_a_bounded_number_of_statements,
    clients_keep_their_ids_and_secrets,
    events_are_filtered,
    old_events_are_forgotten_but_for_imports,
);

fn client(name: &str) -> ClientRow {
    ClientRow {
        id: ClientId(Uuid::now_v7()),
        name: name.to_owned(),
        kind: ClientKind::Transmission,
        url: "http://127.0.0.1:9091".to_owned(),
        settings: json!({"username": "anna"}),
        secret: None,
        secret_problem: None,
        priority: 10,
        enabled: true,
        managed_by: ManagedBy::Person,
        away: None,
        created_at: now(),
        updated_at: now(),
    }
}

struct Queue {
    c: Catalogue,
    client: ClientRow,
}

impl Deref for Queue {
    type Target = Catalogue;

    fn deref(&self) -> &Catalogue {
        &self.c
    }
}

impl Queue {
    async fn new(db: Db) -> Self {
        let c = db.with_catalogue().await;
        let client = client("box");
        c.put_client(&client, now()).await.unwrap();
        Self { c, client }
    }

    fn row(&self, id: &str) -> DownloadRecord {
        DownloadRecord {
            id: DownloadId(Uuid::now_v7()),
            client_id: self.client.id,
            transfer_id: TransferId::new(id).unwrap(),
            title: format!("{id} \"quoted\""),
            state: TransferState::Downloading,
            progress: Progress::from(0.007),
            size_bytes: Some(700),
            label: Some("films".to_owned()),
            content_path: None,
            error: None,
            content_key: Some(format!("key of {id}")),
            origin: Origin::Adopted,
            pending: None,
            created_at: now(),
            added_at: Some(later(-5)),
            completed_at: None,
            absent_since: None,
            absent_count: 0,
            unreachable_since: None,
        }
    }

    async fn apply(&self, plan: &DownloadPlan, matches: &[DownloadMatch]) -> Vec<DownloadId> {
        let mut batch = self.begin(None).await.unwrap();
        let left = batch.apply_downloads(plan, matches, now()).await.unwrap();
        batch.commit().await.unwrap();
        left.into_iter().collect()
    }

    /// Adds rows, each with its event.
    async fn has(&self, rows: &[&DownloadRecord]) {
        let plan = plan(rows.iter().map(|row| (None, Some((*row).clone()))));
        assert_eq!(self.apply(&plan, &[]).await, []);
    }
}

/// A plan with one event for each change.
fn plan(
    changes: impl IntoIterator<Item = (Option<DownloadRecord>, Option<DownloadRecord>)>,
) -> DownloadPlan {
    let changes: Vec<_> =
        changes.into_iter().map(|(before, after)| DownloadChange { before, after }).collect();
    let events = changes.iter().map(|c| {
        let kind = match (&c.before, &c.after) {
            (None, _) => DownloadEventKind::Adopted,
            (_, None) => DownloadEventKind::Removed,
            _ => DownloadEventKind::StateChanged,
        };
        event(c.after.as_ref().or(c.before.as_ref()).unwrap(), kind)
    });
    DownloadPlan { events: events.collect(), changes, ..DownloadPlan::default() }
}

fn event(row: &DownloadRecord, kind: DownloadEventKind) -> DownloadEvent {
    DownloadEvent {
        at: now(),
        kind,
        client_id: row.client_id,
        download_id: Some(row.id),
        transfer_id: Some(row.transfer_id.clone()),
        title: row.title.clone(),
        from: Some(TransferState::Queued),
        to: None,
        reason: None,
        added_at: None,
    }
}

async fn rows_come_change_and_go(db: Db) {
    let q = Queue::new(db).await;
    let (heat, ran) = (q.row("heat"), q.row("ran"));
    q.has(&[&heat, &ran]).await;
    assert_eq!(q.downloads(q.client.id).await.unwrap(), [heat.clone(), ran.clone()]);
    let finished = DownloadRecord {
        state: TransferState::unknown("quantum"),
        progress: Progress::ALL,
        completed_at: Some(later(3)),
        unreachable_since: Some(later(4)),
        label: None,
        ..heat.clone()
    };
    let step = plan([(Some(heat), Some(finished.clone())), (Some(ran), None)]);
    assert_eq!(q.apply(&step, &[]).await, []);
    assert_eq!(q.downloads(q.client.id).await.unwrap(), [finished]);
    let events = q.events_after(0, 10).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|e| e.event.kind.as_str()).collect();
    let [new, changed, gone] = ["download.adopted", "download.state_changed", "download.removed"];
    assert_eq!(kinds, [new, new, changed, gone]);
    let data = json!({"client": "box", "title": "heat \"quoted\"", "transfer_id": "heat", "from": "queued"});
    assert_eq!(events[0].event.data, data);
    assert_eq!(events[0].event.client_id, Some(q.client.id));
    assert_eq!(events[3].event.severity, "warning");
    let filter = DownloadFilter { transfer: TransferId::new("heat"), ..Default::default() };
    let (rows, next) = q.queue(&filter, None, 10).await.unwrap();
    assert_eq!((rows[0].client.as_str(), rows.len(), next), ("box", 1, None));
    assert_eq!(q.count_downloads(q.client.id).await.unwrap(), 1);
    assert_eq!(q.doctor(now()).await.unwrap().iter().filter(|f| f.kind != "open_run").count(), 0);
}

async fn a_row_that_changed_meanwhile_is_left_alone(db: Db) {
    let q = Queue::new(db).await;
    let (heat, ran) = (q.row("heat"), q.row("ran"));
    q.has(&[&heat, &ran]).await;
    let newer = DownloadRecord { progress: Progress::ALL, ..heat.clone() };
    q.apply(&plan([(Some(heat.clone()), Some(newer.clone()))]), &[]).await;
    let events = q.count("events").await;
    let late = plan([(Some(heat.clone()), None), (Some(ran), None)]);
    assert_eq!(q.apply(&late, &[]).await, [heat.id]);
    assert_eq!(q.downloads(q.client.id).await.unwrap(), [newer]);
    assert_eq!(q.count("events").await, events + 1, "only the event of what was done");
}

async fn one_transfer_has_one_row(db: Db) {
    let q = Queue::new(db).await;
    let heat = q.row("heat");
    q.has(&[&heat]).await;
    let twin = DownloadRecord { id: DownloadId(Uuid::now_v7()), ..heat.clone() };
    assert_eq!(q.apply(&plan([(None, Some(twin.clone()))]), &[]).await, [twin.id]);
    assert_eq!(q.count("downloads").await, 1);
    assert_eq!(q.count("events").await, 1);
    for (column, name) in [
        ("client_download_id", "uq_downloads_client_id_client_download_id"),
        ("NULL", "client_download_id"),
        ("''", "ck_downloads_client_download_id"),
    ] {
        let id = match q.url.starts_with("sqlite") {
            true => "randomblob(16)",
            false => "gen_random_uuid()",
        };
        let conn = q.raw().await;
        let sql = format!(
            "INSERT INTO downloads (id, client_id, client_download_id, title, state, progress, \
             origin, absent_count, created_at, updated_at) SELECT {id}, client_id, {column}, \
             title, state, 0, origin, 0, created_at, updated_at FROM downloads"
        );
        let refused = sea_orm::ConnectionTrait::execute_unprepared(&conn, &sql).await.unwrap_err();
        let refused = StoreError::from(refused).to_string();
        assert!(refused.contains(name), "{name}: {refused}");
    }
    let mut batch = q.begin(None).await.unwrap();
    let found = batch.download_by_content(q.client.id, "key of heat").await.unwrap();
    assert_eq!(found.as_ref(), Some(&heat));
    let ids = [TransferId::new("no").unwrap(), heat.transfer_id.clone()];
    assert_eq!(batch.download_by_transfer(q.client.id, &ids).await.unwrap(), found);
    assert_eq!(batch.download(heat.id).await.unwrap(), found);
    let other = ClientId(Uuid::now_v7());
    assert_eq!(batch.download_by_content(other, "key of heat").await.unwrap(), None);
}

async fn an_id_changes_hands(db: Db) {
    let q = Queue::new(db).await;
    let (old, job) = (q.row("heat"), q.row("pending"));
    q.has(&[&old, &job]).await;
    let named = DownloadRecord { transfer_id: old.transfer_id.clone(), ..job.clone() };
    let taken = plan([(Some(job.clone()), Some(named.clone()))]);
    assert_eq!(q.apply(&taken, &[]).await, [job.id], "another row has the id");
    let handed = plan([(Some(old), None), (Some(job), Some(named.clone()))]);
    assert_eq!(q.apply(&handed, &[]).await, []);
    assert_eq!(q.downloads(q.client.id).await.unwrap(), [named]);
}

async fn a_client_that_is_away_marks_all_its_rows(db: Db) {
    let q = Queue::new(db).await;
    let (heat, ran) = (q.row("heat"), q.row("ran"));
    q.has(&[&heat, &ran]).await;
    let away = Away { since: later(9), kind: AwayKind::Refused, reason: "wrong".to_owned() };
    let change = ClientChange { client_id: q.client.id, before: None, after: Some(away.clone()) };
    let step = DownloadPlan { client: Some(change.clone()), ..DownloadPlan::default() };
    q.apply(&step, &[]).await;
    q.put_client(&ClientRow { priority: 5, ..q.client.clone() }, later(20)).await.unwrap();
    let stored = q.client_by_name("box").await.unwrap().unwrap();
    assert_eq!((stored.away.as_ref(), stored.record().away.as_ref()), (Some(&away), Some(&away)));
    let rows = q.downloads(q.client.id).await.unwrap();
    assert!(rows.iter().all(|row| row.unreachable_since == Some(later(9))));
    let seen_twice = DownloadPlan {
        events: vec![DownloadEvent {
            download_id: None,
            ..event(&heat, DownloadEventKind::ClientUnreachable)
        }],
        ..step
    };
    let events = q.count("events").await;
    q.apply(&seen_twice, &[]).await;
    assert_eq!(q.count("events").await, events, "somebody else has told it");
    let back = ClientChange { before: Some(away), after: None, ..change };
    q.apply(&DownloadPlan { client: Some(back), ..DownloadPlan::default() }, &[]).await;
    assert_eq!(q.downloads(q.client.id).await.unwrap(), [heat, ran]);
    assert_eq!(q.client_by_name("box").await.unwrap().unwrap().away, None);
}

async fn history_remembers_what_was_completed_and_imported(db: Db) {
    let q = Queue::new(db).await;
    let heat = q.row("heat");
    q.has(&[&heat]).await;
    let mut gone = plan([(Some(heat.clone()), None)]);
    gone.events = vec![
        DownloadEvent { at: later(1), ..event(&heat, DownloadEventKind::Completed) },
        DownloadEvent { at: later(2), ..event(&heat, DownloadEventKind::Imported) },
        DownloadEvent { at: later(3), ..event(&heat, DownloadEventKind::Removed) },
    ];
    q.apply(&gone, &[]).await;
    let ids = [heat.transfer_id.clone(), TransferId::new("never").unwrap()];
    let past = q.past(q.client.id, &ids).await.unwrap();
    assert_eq!(past.len(), 1);
    let past = past[&heat.transfer_id];
    assert_eq!((past.completed_at, past.imported_at), (Some(later(1)), Some(later(2))));
    assert!(q.past(ClientId(Uuid::now_v7()), &ids).await.unwrap().is_empty());
}

fn matched(row: &DownloadRecord, items: &[ItemId]) -> DownloadMatch {
    let reason = "title and year".to_owned();
    DownloadMatch { download_id: row.id, items: items.to_vec(), confidence: 95, reason }
}

async fn what_a_transfer_is_for_outlives_its_row(db: Db) {
    let q = Queue::new(db).await;
    let dark = show("Dark");
    let all: Vec<_> = (1..=3).map(|n| episode(&dark, 1, n)).collect();
    let rows = std::iter::once(dark.clone()).chain(all.clone());
    q.c.apply(rows.map(add).collect()).await.unwrap();
    let ids: Vec<_> = all.iter().map(|e| e.id).collect();
    let (pack, single) = (q.row("pack"), q.row("single"));
    let new = plan([(None, Some(pack.clone())), (None, Some(single.clone()))]);
    let both = [matched(&pack, &ids), matched(&single, &ids[..1])];
    q.apply(&new, &both).await;
    let (rows, _) = q.queue(&DownloadFilter::default(), None, 10).await.unwrap();
    let places: Vec<_> = rows[0].items.iter().map(|i| (i.show.as_deref(), i.episode)).collect();
    assert_eq!(places, [(Some("Dark"), Some(1)), (Some("Dark"), Some(2)), (Some("Dark"), Some(3))]);
    assert_eq!((rows[0].confidence, rows[0].reason.as_deref()), (Some(95), Some("title and year")));
    let of_item = DownloadFilter { item: Some(ids[0]), ..Default::default() };
    assert_eq!(q.queue(&of_item, None, 10).await.unwrap().0.len(), 2);
    assert!(q.uncertain(q.client.id, 90).await.unwrap().is_empty());

    q.apply(&plan([(Some(pack), None)]), &[]).await;
    assert_eq!(q.count("download_items").await, 1);
    let about = |item| EventFilter { item: Some(item), ..EventFilter::default() };
    let told = q.events(&about(ids[2]), 10).await.unwrap();
    assert_eq!(
        told.iter().map(|e| e.event.kind.as_str()).collect::<Vec<_>>(),
        ["download.adopted", "download.removed"]
    );
    assert_eq!(q.events(&about(ids[0]), 10).await.unwrap().len(), 3);
    let none =
        [DownloadMatch { items: Vec::new(), ..matched(&single, &[]) }, matched(&q.row("x"), &[])];
    q.set_matches(&none, now()).await.unwrap();
    let uncertain = q.uncertain(q.client.id, 96).await.unwrap();
    let found: Vec<_> = uncertain.iter().map(|r| (&r.record, r.reason.as_deref())).collect();
    assert_eq!(found, [(&single, Some("title and year"))]);
    let item = DownloadFilter { item: Some(ids[0]), ..Default::default() };
    assert!(q.queue(&item, None, 10).await.unwrap().0.is_empty());
}

async fn the_shelf_is_found_by_title_and_by_id(db: Db) {
    let q = Queue::new(db).await;
    let (heat, dark, other) = (movie("heat"), show("dark"), item(ItemKind::Movie, "other"));
    let first = episode(&dark, 1, 1);
    let rows = [heat.clone(), dark.clone(), other, first.clone()].map(add);
    q.c.apply(rows.into()).await.unwrap();
    q.c.apply(vec![add(external(&heat, "tmdb", "949"))]).await.unwrap();
    let id = external(&heat, "tmdb", "949").id;
    let shelf = q.shelf(&["dark".to_owned()], std::slice::from_ref(&id)).await.unwrap();
    let mut works: Vec<_> = shelf.works.iter().map(|w| (w.title.as_str(), w.year)).collect();
    works.sort_unstable();
    assert_eq!(works, [("dark", Some(1995)), ("heat", Some(1995))]);
    let owner = shelf.works.iter().find(|w| w.id == heat.id).unwrap();
    assert_eq!(owner.external_ids, [id]);
    let places: Vec<_> = shelf.episodes.iter().map(|e| (e.show, e.season, e.episode)).collect();
    assert_eq!(places, [(dark.id, Some(1), Some(1))]);
    assert_eq!(q.shelf(&[], &[]).await.unwrap(), Default::default());
    q.c.apply(vec![add(listing(q.library, "e1", &first))]).await.unwrap();
    let found = q.items_listed_as(q.source, &["e1".into(), "e2".into()]).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [("e1".into(), vec![first.id])]);
}

async fn a_thousand_rows_cost_a_bounded_number_of_statements(db: Db) {
    let q = Queue::new(db).await;
    let rows: Vec<_> = (0..999).map(|n| q.row(&n.to_string())).collect();
    let films: Vec<_> = (0..999).map(|n| movie(&format!("{n}"))).collect();
    q.c.apply(films.iter().cloned().map(add).collect()).await.unwrap();
    let matches: Vec<_> = rows.iter().zip(&films).map(|(r, f)| matched(r, &[f.id])).collect();
    let spent = async |plan: DownloadPlan, matches: &[DownloadMatch]| {
        let mut batch = q.begin(None).await.unwrap();
        let before = batch.statements();
        assert!(batch.apply_downloads(&plan, matches, now()).await.unwrap().is_empty());
        let spent = batch.statements() - before;
        batch.commit().await.unwrap();
        spent
    };
    let new = plan(rows.iter().map(|row| (None, Some(row.clone()))));
    let adding = spent(new, &matches).await;
    assert!(adding <= 90, "adding: {adding}");
    let moved = |row: &DownloadRecord| DownloadRecord { progress: Progress::ALL, ..row.clone() };
    let step = plan(rows.iter().map(|row| (Some(row.clone()), Some(moved(row)))));
    let changing = spent(step, &[]).await;
    assert!(changing <= 60, "changing: {changing}");
    let gone = plan(rows.iter().map(|row| (Some(moved(row)), None)));
    let removing = spent(gone, &[]).await;
    assert!(removing <= 40, "removing: {removing}");
    assert_eq!(q.count("downloads").await + q.count("download_items").await, 0);
}

async fn clients_keep_their_ids_and_secrets(db: Db) {
    let folder = tempfile::tempdir().unwrap();
    let store = db.store.clone().with_vault(Vault::open(folder.path()).unwrap());
    let first = ClientRow { secret: Some(SecretString::from("hunter2")), ..client("box") };
    store.put_client(&first, now()).await.unwrap();
    store.put_client(&first, later(1)).await.unwrap();
    let unchanged = "download_clients WHERE updated_at = created_at";
    assert_eq!(db.count(unchanged).await, 1, "nothing was written");
    let renamed = ClientRow { name: "den".to_owned(), ..first.clone() };
    store.put_client(&renamed, later(2)).await.unwrap();
    let stored = store.client(first.id).await.unwrap().unwrap();
    assert_eq!((stored.name.as_str(), stored.updated_at), ("den", later(2)));
    assert_eq!(stored.secret.unwrap().expose_secret(), "hunter2");
    assert_eq!(stored.created_at, now());
    let twin = store.put_client(&ClientRow { name: "den".into(), ..client("x") }, now()).await;
    let twin = twin.unwrap_err().to_string();
    assert!(twin.contains("uq_download_clients_name"), "{twin}");
    assert!(store.client_by_name("box").await.unwrap().is_none());
    let blind = db.store.clone().clients().await.unwrap();
    assert!(blind[0].secret.is_none() && blind[0].secret_problem.is_some());
    assert!(store.remove_client(first.id).await.unwrap());
    assert!(!store.remove_client(first.id).await.unwrap());
}

async fn events_are_filtered(db: Db) {
    let q = Queue::new(db).await;
    let (heat, ran) = (q.row("heat"), q.row("ran"));
    q.has(&[&heat, &ran]).await;
    let mut step = plan([(Some(heat.clone()), None)]);
    step.events[0].at = later(60);
    q.apply(&step, &[]).await;
    let seqs = async |filter: EventFilter| -> Vec<i64> {
        q.events(&filter, 10).await.unwrap().iter().map(|e| e.seq).collect()
    };
    let kind = |text: &str| EventFilter { kind: Some(text.to_owned()), ..EventFilter::default() };
    assert_eq!(seqs(EventFilter::default()).await, [1, 2, 3]);
    assert_eq!(seqs(kind("download")).await, [1, 2, 3]);
    assert_eq!(seqs(kind("download.removed")).await, [3]);
    assert_eq!(seqs(kind("down")).await, Vec::<i64>::new());
    let of = |name: &str| EventFilter { client: Some(name.to_owned()), ..EventFilter::default() };
    assert_eq!(seqs(of("box")).await, [1, 2, 3]);
    assert_eq!(seqs(of("den")).await, Vec::<i64>::new());
    assert_eq!(seqs(EventFilter { since: Some(later(60)), ..Default::default() }).await, [3]);
    assert_eq!(
        seqs(EventFilter { after: Some(1), before: Some(3), ..Default::default() }).await,
        [2]
    );
    assert_eq!(q.events(&EventFilter::default(), 2).await.unwrap()[0].seq, 2, "the newest ones");
    q.remove_client(q.client.id).await.unwrap();
    assert_eq!(seqs(of("box")).await, [1, 2, 3], "history outlives the client");
}

async fn old_events_are_forgotten_but_for_imports(db: Db) {
    let q = Queue::new(db).await;
    let heat = q.row("heat");
    q.has(&[&heat]).await;
    let mut gone = plan([(Some(heat.clone()), None)]);
    gone.events.push(event(&heat, DownloadEventKind::Imported));
    q.apply(&gone, &[]).await;
    assert_eq!(q.forget_events(now(), 10).await.unwrap(), 0, "not older than that");
    assert_eq!(q.forget_events(later(1), 1).await.unwrap(), 1, "a little at a time");
    assert_eq!(q.forget_events(later(1), 10).await.unwrap(), 1);
    assert_eq!(q.forget_events(later(1), 10).await.unwrap(), 0);
    let past = q.past(q.client.id, std::slice::from_ref(&heat.transfer_id)).await.unwrap();
    assert!(past[&heat.transfer_id].imported_at.is_some());
}
