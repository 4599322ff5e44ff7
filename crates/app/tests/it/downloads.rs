//! Downloads: the scenarios of the queue, with every crash between the row, the client and the row.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use shelfread_app::downloads::clients::new_client;
use shelfread_app::downloads::{AddRequest, ClientFactory, Did, DownloadView, Look, Ordered};
use shelfread_app::{App, AppError, Clock, Waited};
use shelfread_domain::download::{ClientKind, DownloadClient, Given, TransferState};
use shelfread_domain::id::ClientId;
use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_domain::{ItemKind, SourceKind};
use shelfread_store::{ClientRow, DownloadFilter, ManagedBy};
use shelfread_testkit::downloads::{ClientFault, ScriptedClient, WrittenPayloads, transfer_id};
use shelfread_testkit::until;
use uuid::Uuid;

use crate::desk::Desk;

crate::scenarios!(
    the_same_thing_twice_is_one_row,
    a_thing_that_the_client_has_is_taken_over,
    a_job_of_usenet_is_one_row,
    what_a_client_refuses_leaves_no_row,
    what_makes_no_sense_is_refused_in_words,
    an_add_survives_every_crash,
    a_cancel_survives_every_crash,
    a_lost_answer_says_what_is_pending,
    orders_say_what_the_client_did,
    cancelling_twice_is_no_error,
    a_failed_job_is_tried_again_in_its_row,
    a_client_that_does_not_answer_keeps_its_rows,
    a_client_that_is_switched_off_or_renamed_keeps_its_rows,
    a_restarted_client_may_answer_short_once,
    every_end_is_told_once,
    a_transfer_by_hand_is_adopted_and_matched,
    what_was_imported_is_not_adopted_again,
    a_client_whose_clock_is_ahead_gives_nothing_anew,
    what_arrived_in_the_library_leaves_the_queue,
    a_season_pack_is_one_row_of_many_items,
    what_cannot_be_told_is_listed_without_item,
    a_library_manager_says_what_it_waits_for,
    two_looks_at_once_make_one_row,
    what_was_cancelled_meanwhile_is_not_adopted,
    ten_thousand_transfers_without_change_write_nothing,
);

pub const HEAT: &str = "dbc6a19a11fc1584000912f2f5031106a6fe2537";
const RAN: &str = "0123456789abcdef0123456789abcdef01234567";

/// A desk with download clients.
pub struct Boxes {
    desk: Desk,
    pub app: App,
    clients: Clients,
}

type Clients = Arc<Mutex<HashMap<String, Arc<ScriptedClient>>>>;

struct Factory(Clients);

impl ClientFactory for Factory {
    fn open(&self, client: &ClientRow) -> Result<Arc<dyn DownloadClient>, SourceError> {
        let named = client.settings["script"].as_str().unwrap_or(&client.name);
        let script = self.0.lock().unwrap().get(named).cloned();
        let missing = || Problem::Configuration("no such script".to_owned());
        Ok(script.ok_or_else(|| SourceError::new("setting up", missing()))? as _)
    }
}

impl Deref for Boxes {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Boxes {
    pub fn new(desk: Desk) -> Self {
        let clients = Clients::default();
        let factory = Arc::new(Factory(Arc::clone(&clients)));
        let app = desk.app.clone().with_downloads(factory, Arc::new(WrittenPayloads));
        Self { desk, app, clients }
    }

    pub async fn client(&self, name: &str, kind: ClientKind) -> Arc<ScriptedClient> {
        let script = Arc::new(ScriptedClient::new(kind));
        self.clients.lock().unwrap().insert(name.to_owned(), Arc::clone(&script));
        let row = new_client(ClientId(Uuid::now_v7()), name, kind, ManagedBy::Person);
        let settings = serde_json::json!({ "script": name });
        self.app.save_client(&ClientRow { settings, ..row }).await.unwrap();
        script
    }

    async fn torrents(desk: Desk) -> (Self, Arc<ScriptedClient>) {
        let boxes = Self::new(desk);
        let script = boxes.client("box", ClientKind::Transmission).await;
        (boxes, script)
    }

    async fn change_client(&self, change: impl FnOnce(&mut ClientRow)) {
        let mut row = self.app.store().clients().await.unwrap().remove(0);
        change(&mut row);
        self.clock.advance(TimeDelta::seconds(1));
        self.app.save_client(&row).await.unwrap();
    }

    /// Looks at every client, some time later.
    pub async fn look(&self) -> Look {
        self.clock.advance(TimeDelta::seconds(10));
        self.app.look_at_all().await.unwrap().remove(0)
    }

    async fn add(&self, name: &str, text: &str) -> Result<Ordered, AppError> {
        self.app.add_download(request(name, text)).await
    }

    pub async fn rows(&self) -> Vec<DownloadView> {
        self.app.queue(&DownloadFilter::default(), None, 10_000).await.unwrap().downloads
    }

    /// The queue as `name state pending`.
    async fn queue(&self) -> Vec<String> {
        let shown = |row: DownloadView| {
            let pending = row.pending.map(|op| format!(" {op}")).unwrap_or_default();
            let away = if row.unreachable_since.is_some() { " away" } else { "" };
            format!("{} {}{pending}{away}", row.title, row.state)
        };
        self.rows().await.into_iter().map(shown).collect()
    }

    async fn told(&self) -> Vec<String> {
        let events = self.app.store().events_after(0, 1_000).await.unwrap();
        let line = |e: shelfread_store::Event| {
            let title = e.event.data["title"].as_str().unwrap_or("-");
            format!("{} {title}", e.event.kind.split_once('.').unwrap().1)
        };
        let is_ours = |e: &shelfread_store::Event| !e.event.kind.starts_with("run.");
        events.into_iter().filter(is_ours).map(line).collect()
    }

    /// Runs an order until the client hangs, and kills it there.
    async fn killed<T: Send + 'static>(
        &self,
        script: &ScriptedClient,
        order: impl Future<Output = T> + Send + 'static,
    ) {
        let before = script.hanging();
        let task = tokio::spawn(order);
        until(Duration::from_secs(10), async || script.hanging() > before).await;
        task.abort();
        assert!(task.await.is_err());
        script.set_fault(ClientFault::None);
    }
}

fn request(name: &str, text: &str) -> AddRequest {
    AddRequest {
        client: "box".to_owned(),
        given: Given::File { name: name.to_owned(), bytes: text.as_bytes().to_vec() },
        label: None,
        save_path: None,
        paused: false,
    }
}

fn torrent(hash: &str) -> String {
    format!("torrent {hash}")
}

async fn the_same_thing_twice_is_one_row(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    let first = boxes.add("Heat", &torrent(HEAT)).await.unwrap();
    assert_eq!((first.did, first.transfer_id.unwrap().as_str()), (Did::Added, HEAT));
    for hash in [HEAT.to_owned(), HEAT.to_uppercase()] {
        let again = boxes.add("Heat", &torrent(&hash)).await.unwrap();
        assert_eq!((again.did, again.id), (Did::Reused, first.id));
    }
    boxes.look().await;
    assert_eq!(boxes.queue().await, ["Heat downloading"]);
    assert_eq!(script.now().len(), 1);
    assert_eq!(boxes.told().await, ["added Heat", "state_changed Heat"], "queued, then it goes");
    script.loses(HEAT);
    let third = boxes.add("Heat", &torrent(HEAT)).await.unwrap();
    assert_eq!(
        (third.did, third.id),
        (Did::Reused, first.id),
        "the row was there, the client asked"
    );
    assert_eq!(script.now().len(), 1);
    assert_eq!(boxes.rows().await.len(), 1);
}

async fn a_thing_that_the_client_has_is_taken_over(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    let added = boxes.add("Heat", &torrent(HEAT)).await.unwrap();
    assert_eq!(added.did, Did::AlreadyThere);
    script.has(RAN, "Ran", TransferState::Downloading);
    boxes.look().await;
    let reused = boxes.add("Ran", &torrent(RAN)).await.unwrap();
    assert_eq!(reused.did, Did::Reused);
    assert_eq!(boxes.told().await, ["added Heat", "state_changed Heat", "adopted Ran"]);
}

async fn a_job_of_usenet_is_one_row(desk: Desk) {
    let boxes = Boxes::new(desk);
    let script = boxes.client("box", ClientKind::Nzbget).await;
    let first = boxes.add("Heat", "nzb k1").await.unwrap();
    assert_eq!(first.transfer_id.unwrap().as_str(), "job_0");
    let again = boxes.add("Heat", "nzb k1").await.unwrap();
    assert_eq!((again.did, again.id), (Did::Reused, first.id));
    assert_eq!(script.now().len(), 1, "the client was not given a second job");
    script.loses("job_0");
    let given = boxes.add("Heat", "nzb k1").await.unwrap();
    assert_eq!((given.did, given.id), (Did::Reused, first.id));
    boxes.look().await;
    let rows = boxes.rows().await;
    assert_eq!((rows.len(), rows[0].transfer_id.as_deref()), (1, Some("job_1")));
}

async fn what_a_client_refuses_leaves_no_row(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.set_fault(ClientFault::Fails(Problem::Rejected("no space".to_owned())));
    let refused = boxes.add("Heat", &torrent(HEAT)).await.unwrap_err();
    assert!(matches!(refused, AppError::Client { pending: false, .. }), "{refused:?}");
    assert!(refused.to_string().contains("'box'") && refused.to_string().contains("no space"));
    assert!(boxes.rows().await.is_empty());
    let events = boxes.app.store().events_after(0, 10).await.unwrap();
    assert_eq!(events[0].event.kind, "download.failed");
    assert!(events[0].event.data["reason"].as_str().unwrap().contains("no space"));
}

async fn what_makes_no_sense_is_refused_in_words(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    let nzb = boxes.add("Heat", "nzb k").await.unwrap_err();
    assert!(nzb.to_string().contains("transmission takes torrents"), "{nzb}");
    let junk = boxes.add("Heat", "nothing").await.unwrap_err();
    assert_eq!(junk.exit_code(), 2);
    let nobody = AddRequest { client: "nobody".to_owned(), ..request("Heat", &torrent(HEAT)) };
    let nobody = boxes.app.add_download(nobody).await.unwrap_err();
    assert!(nobody.advice().contains("download clients"), "{}", nobody.advice());
    boxes.change_client(|row| row.enabled = false).await;
    let off = boxes.add("Heat", &torrent(HEAT)).await.unwrap_err();
    assert!(off.to_string().contains("switched off"), "{off}");
    for name in ["nobody", HEAT, "01999999-0000-7000-8000-000000000000", "\u{0}"] {
        let unknown = boxes.app.pause_download(name).await.unwrap_err();
        assert!(matches!(unknown, AppError::NotFound { .. }), "{unknown:?}");
        assert!(boxes.app.cancel_download(name, true).await.is_err());
    }
    assert_eq!((boxes.rows().await.len(), script.now().len()), (0, 0));
}

/// Kill the program before or after the client did what it was asked; the next looks end it.
async fn an_add_survives_every_crash(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    let app = boxes.app.clone();
    for (fault, hash, name) in
        [(ClientFault::HangsAfter, HEAT, "Heat"), (ClientFault::HangsBefore, RAN, "Ran")]
    {
        script.set_fault(fault);
        let (app, what) = (app.clone(), request(name, &torrent(hash)));
        boxes.killed(&script, async move { app.add_download(what).await }).await;
    }
    assert_eq!(boxes.queue().await, ["Heat queued add", "Ran queued add"]);
    boxes.look().await;
    assert_eq!(
        boxes.queue().await,
        ["Heat downloading", "Ran queued add"],
        "Ran may be on its way"
    );
    boxes.clock.advance(TimeDelta::minutes(5));
    boxes.look().await;
    boxes.look().await;
    assert_eq!(boxes.queue().await, ["Heat downloading"]);
    assert_eq!(boxes.told().await, ["added Heat", "failed Ran"]);
    boxes.is_sound().await;

    script.set_fault(ClientFault::HangsBefore);
    let what = request("Ran", &torrent(RAN));
    boxes.killed(&script, async move { app.add_download(what).await }).await;
    let again = boxes.add("Ran", &torrent(RAN)).await.unwrap();
    assert_eq!(again.did, Did::Added, "adding again repairs it at once");
    assert_eq!(boxes.queue().await, ["Heat downloading", "Ran downloading"]);
}

async fn a_cancel_survives_every_crash(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    script.has(RAN, "Ran", TransferState::Downloading);
    boxes.look().await;
    for (fault, hash) in [(ClientFault::HangsAfter, HEAT), (ClientFault::HangsBefore, RAN)] {
        script.set_fault(fault);
        let app = boxes.app.clone();
        boxes.killed(&script, async move { app.cancel_download(hash, true).await }).await;
    }
    let mut queue = boxes.queue().await;
    queue.sort();
    assert_eq!(queue, ["Heat downloading remove", "Ran downloading remove"]);
    boxes.clock.advance(TimeDelta::minutes(5));
    boxes.look().await;
    assert_eq!(boxes.queue().await, ["Heat downloading remove"], "Ran was asked for again");
    boxes.look().await;
    assert!(boxes.rows().await.is_empty() && script.now().is_empty());
    let told = boxes.told().await;
    assert_eq!(told[2..], ["cancelled Ran", "cancelled Heat"], "each once: {told:?}");
}

async fn a_lost_answer_says_what_is_pending(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.set_fault(ClientFault::LosesAnswers);
    let lost = boxes.add("Heat", &torrent(HEAT)).await.unwrap_err();
    assert!(matches!(lost, AppError::Client { pending: true, .. }), "{lost:?}");
    assert!(lost.advice().contains("pending"), "{}", lost.advice());
    boxes.look().await;
    assert_eq!(boxes.queue().await, ["Heat downloading"]);
    let lost = boxes.app.cancel_download(HEAT, false).await.unwrap_err();
    assert!(matches!(lost, AppError::Client { pending: true, .. }), "{lost:?}");
    script.set_fault(ClientFault::None);
    boxes.look().await;
    boxes.look().await;
    assert_eq!(boxes.told().await, ["added Heat", "cancelled Heat"]);
    assert!(boxes.rows().await.is_empty());
}

async fn orders_say_what_the_client_did(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    boxes.look().await;
    let did = async |order: &str| match order {
        "pause" => boxes.app.pause_download(HEAT).await.unwrap().did,
        "resume" => boxes.app.resume_download(&HEAT.to_uppercase()).await.unwrap().did,
        _ => boxes.app.retry_download(HEAT).await.unwrap().did,
    };
    assert_eq!(did("pause").await, Did::Paused);
    assert_eq!(boxes.queue().await, ["Heat paused"], "seen at once");
    assert_eq!(did("pause").await, Did::Already);
    assert_eq!(did("resume").await, Did::Resumed);
    assert_eq!(did("resume").await, Did::Already);
    assert_eq!(did("retry").await, Did::NotFailed);
    script.loses(HEAT);
    assert_eq!(did("pause").await, Did::Absent);
    boxes.look().await;
    assert_eq!(boxes.told().await.last().unwrap(), "removed Heat");
}

async fn cancelling_twice_is_no_error(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    for (keep, did) in [(true, Did::Cancelled), (false, Did::CancelledWithData)] {
        let added = boxes.add("Heat", &torrent(HEAT)).await.unwrap();
        let id = added.id.unwrap().to_string();
        assert_eq!(boxes.app.cancel_download(&id, keep).await.unwrap().did, did);
        let again = boxes.app.cancel_download(&id, keep).await.unwrap();
        assert_eq!((again.did, again.title.as_str(), again.id), (Did::Gone, "Heat", None));
        assert_eq!(boxes.app.cancel_download(HEAT, keep).await.unwrap().did, Did::Gone);
    }
    let added = boxes.add("Heat", &torrent(HEAT)).await.unwrap();
    script.loses(HEAT);
    let gone = boxes.app.cancel_download(&added.id.unwrap().to_string(), false).await.unwrap();
    assert_eq!(gone.did, Did::Absent);
    assert!(boxes.rows().await.is_empty());
}

async fn a_failed_job_is_tried_again_in_its_row(desk: Desk) {
    let boxes = Boxes::new(desk);
    let script = boxes.client("box", ClientKind::Nzbget).await;
    let first = boxes.add("Heat", "nzb k1").await.unwrap();
    script.has("job_0", "Heat", TransferState::Failed);
    boxes.look().await;
    let again = boxes.app.retry_download("job_0").await.unwrap();
    assert_eq!((again.did, again.id), (Did::Retried, first.id));
    assert_eq!(again.transfer_id.unwrap().as_str(), "job_1");
    boxes.look().await;
    boxes.look().await;
    assert_eq!(boxes.queue().await, ["Heat queued"]);
    let told = boxes.told().await;
    let expected = ["added Heat", "state_changed Heat", "failed Heat", "state_changed Heat"];
    assert_eq!(told, expected, "it went, it failed, it waits again");
}

async fn a_client_that_does_not_answer_keeps_its_rows(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    boxes.look().await;
    for (problem, refused) in [
        (Problem::Unreachable("refused".to_owned()), false),
        (Problem::Malformed("<html>".to_owned()), false),
        (Problem::Unauthorized, true),
    ] {
        script.set_fault(ClientFault::Fails(problem));
        let look = boxes.look().await;
        assert_eq!((look.transfers, look.refused), (None, refused));
        assert_eq!(boxes.queue().await, ["Heat downloading away"]);
    }
    assert!(boxes.app.look_at_all().await.unwrap().is_empty(), "who refused us is left alone");
    script.set_fault(ClientFault::None);
    let client = boxes.app.store().client_by_name("box").await.unwrap().unwrap();
    boxes.app.look(client.id).await.unwrap();
    assert_eq!(boxes.queue().await, ["Heat downloading"]);
    assert_eq!(boxes.told().await, ["adopted Heat", "unreachable box", "recovered box"]);
}

async fn a_client_that_is_switched_off_or_renamed_keeps_its_rows(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    boxes.look().await;
    boxes.change_client(|row| row.enabled = false).await;
    let asked = script.lists();
    boxes.look().await;
    assert_eq!(script.lists(), asked, "it is not asked");
    assert_eq!(boxes.queue().await, ["Heat downloading away"]);
    boxes
        .change_client(|row| {
            row.enabled = true;
            row.name = "attic".to_owned();
        })
        .await;
    boxes.look().await;
    let rows = boxes.rows().await;
    assert_eq!((rows.len(), rows[0].client.as_str()), (1, "attic"));
    assert_eq!(boxes.told().await, ["adopted Heat"]);
    assert_eq!(boxes.app.remove_client("attic").await.unwrap(), 1);
    assert!(boxes.rows().await.is_empty());
}

async fn a_restarted_client_may_answer_short_once(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    for (hash, name) in [(HEAT, "Heat"), (RAN, "Ran")] {
        script.has(hash, name, TransferState::Seeding);
    }
    boxes.look().await;
    script.loses(HEAT);
    script.loses(RAN);
    boxes.look().await;
    assert_eq!(boxes.rows().await.len(), 2, "one short answer proves nothing");
    script.has(HEAT, "Heat", TransferState::Seeding);
    boxes.look().await;
    assert_eq!(boxes.queue().await, ["Heat seeding"]);
    assert_eq!(boxes.told().await[2..], ["removed Ran"]);
}

async fn every_end_is_told_once(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    let all = ["completes", "fails", "cancelled", "removed"];
    for (name, n) in all.iter().zip(1..) {
        script.has(&format!("{n:040}"), name, TransferState::Downloading);
    }
    boxes.look().await;
    script.finishes(&format!("{:040}", 1));
    script.has(&format!("{:040}", 2), "fails", TransferState::Failed);
    boxes.look().await;
    boxes.app.cancel_download(&format!("{:040}", 3), false).await.unwrap();
    script.loses(&format!("{:040}", 4));
    for _ in 0..3 {
        boxes.look().await;
    }
    for n in [1, 2] {
        script.loses(&format!("{n:040}"));
    }
    for _ in 0..3 {
        boxes.look().await;
    }
    assert!(boxes.rows().await.is_empty());
    let mut ends = boxes.told().await.split_off(4);
    ends.sort();
    let expected = [
        "cancelled cancelled",
        "completed completes",
        "failed fails",
        "removed completes",
        "removed fails",
        "removed removed",
    ];
    assert_eq!(ends, expected);
    boxes.is_sound().await;
}

const FILMS: &str = "movie m1 \"Heat\" 1995 tmdb=949\n";
const DARK: &str = "show s1 \"Dark\" 2017 tvdb=1\nepisode s1 1x01 e1 \"Secrets\"\n\
                    episode s1 1x02 e2 \"Lies\"\nepisode s1 2x01 f1 \"Beginnings\"\n";

async fn a_transfer_by_hand_is_adopted_and_matched(desk: Desk) {
    desk.den(LibraryKind::Movies, FILMS).await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat.1995.1080p.BluRay.x264-GRP", TransferState::Downloading);
    boxes.look().await;
    let rows = boxes.rows().await;
    assert_eq!(rows[0].items.iter().map(|i| i.id).collect::<Vec<_>>(), [heat]);
    assert_eq!(rows[0].match_confidence, Some(95));
    assert_eq!(rows[0].match_reason.as_deref(), Some("title and year"));
    let events = boxes.app.store().events_after(0, 100).await.unwrap();
    let adopted = events.iter().find(|e| e.event.kind == "download.adopted").unwrap();
    assert_eq!(adopted.event.item_id, Some(heat));
    let look = boxes.look().await;
    assert_eq!((look.written, boxes.rows().await.len()), (0, 1));
}

async fn what_was_imported_is_not_adopted_again(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    boxes.look().await;
    script.finishes(HEAT);
    boxes.look().await;
    let id = transfer_id(HEAT);
    assert_eq!(boxes.app.note_import("box", &id).await.unwrap(), 1);
    assert_eq!(boxes.app.note_import("box", &id).await.unwrap(), 0);
    for _ in 0..3 {
        assert_eq!(boxes.look().await.written, 0, "it seeds, and is not adopted");
    }
    assert!(boxes.rows().await.is_empty());
    boxes.app.forget_events(Duration::ZERO).await.unwrap();
    boxes.look().await;
    assert_eq!(boxes.told().await, ["imported Heat"], "retention keeps the memory");
    let later = boxes.clock.now() + TimeDelta::hours(1);
    script.change(HEAT, |t| t.added_at = Some(later));
    boxes.clock.advance(TimeDelta::hours(2));
    boxes.look().await;
    assert_eq!(boxes.told().await[1..], ["adopted Heat"], "it was given to the client anew");
}

async fn a_client_whose_clock_is_ahead_gives_nothing_anew(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    let ahead = boxes.clock.now() + TimeDelta::hours(1);
    script.change(HEAT, |t| t.added_at = Some(ahead));
    boxes.look().await;
    script.finishes(HEAT);
    boxes.look().await;
    assert_eq!(boxes.app.note_import("box", &transfer_id(HEAT)).await.unwrap(), 1);
    for _ in 0..3 {
        assert_eq!(boxes.look().await.written, 0, "it seeds, and is not adopted");
        boxes.clock.advance(TimeDelta::hours(1));
    }
    script.change(HEAT, |t| t.added_at = Some(ahead + TimeDelta::minutes(1)));
    boxes.look().await;
    assert_eq!(boxes.rows().await.len(), 1, "it was given to the client anew");
}

async fn what_arrived_in_the_library_leaves_the_queue(desk: Desk) {
    let film = |file: &str| format!("movie m1 \"Heat\" 1995 tmdb=949{file}\n");
    let den = desk.den(LibraryKind::Movies, &film(" file=/old/heat.avi:650")).await;
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat.1995.1080p", TransferState::Downloading);
    script.holds(HEAT, &["Heat.1995.1080p/heat.mkv", "Heat.1995.1080p/heat.nfo"]);
    boxes.look().await;
    den.lists("1", LibraryKind::Movies, &film(" file=/media/Heat.mkv:700"));
    boxes.synced("den").await;
    boxes.look().await;
    assert_eq!(boxes.rows().await.len(), 1, "it is not finished");
    script.finishes(HEAT);
    boxes.look().await;
    assert!(boxes.rows().await.is_empty());
    assert_eq!(boxes.look().await.written, 0, "it seeds, and is not adopted again");
    let told = boxes.told().await;
    assert_eq!(
        told,
        ["adopted Heat.1995.1080p", "completed Heat.1995.1080p", "imported Heat.1995.1080p"]
    );
}

async fn a_season_pack_is_one_row_of_many_items(desk: Desk) {
    desk.den(LibraryKind::Shows, DARK).await;
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Dark.S01.1080p.WEB-DL", TransferState::Downloading);
    boxes.look().await;
    let rows = boxes.rows().await;
    let titles: Vec<_> = rows[0].items.iter().map(|i| i.title.as_str()).collect();
    assert_eq!((rows.len(), titles), (1, vec!["Secrets", "Lies"]));
    script.holds(RAN, &["whatever/Dark.S01E01.mkv", "whatever/Dark.S02E01.mkv"]);
    script.has(RAN, "whatever", TransferState::Downloading);
    boxes.look().await;
    let rows = boxes.rows().await;
    let titles: Vec<_> = rows[1].items.iter().map(|i| i.title.as_str()).collect();
    assert_eq!(titles, ["Secrets", "Beginnings"], "the files say what it is");
}

async fn what_cannot_be_told_is_listed_without_item(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, FILMS).await;
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(RAN, "Ran.1985.1080p", TransferState::Downloading);
    let look = boxes.look().await;
    assert_eq!((look.transfers, boxes.look().await.written), (Some(1), 0));
    let rows = boxes.rows().await;
    assert!(rows[0].items.is_empty());
    assert_eq!(rows[0].match_confidence, Some(0));
    assert!(rows[0].match_reason.as_deref().unwrap().contains("no movie 'Ran'"));
    den.lists("1", LibraryKind::Movies, &format!("{FILMS}movie m2 \"Ran\" 1985 tmdb=2\n"));
    boxes.synced("den").await;
    boxes.look().await;
    assert_eq!(boxes.rows().await[0].items.len(), 1, "a sync brought the film");
}

async fn a_library_manager_says_what_it_waits_for(desk: Desk) {
    let series = desk.source("series", SourceKind::Sonarr).await;
    series.identifies(Ok(crate::desk::server("key-1")));
    series.lists("1", LibraryKind::Shows, DARK);
    desk.synced("series").await;
    let (boxes, script) = Boxes::torrents(desk).await;
    let waited = Waited { transfer: transfer_id(HEAT), items: vec!["e2".into(), "gone".into()] };
    boxes.queues.lock().unwrap().insert("series".to_owned(), vec![waited]);
    script.has(HEAT, "a1b2c3", TransferState::Downloading);
    boxes.look().await;
    let rows = boxes.rows().await;
    let titles: Vec<_> = rows[0].items.iter().map(|i| i.title.as_str()).collect();
    assert_eq!((titles, rows[0].match_confidence), (vec!["Lies"], Some(100)));
    assert_eq!(rows[0].match_reason.as_deref(), Some("'series' waits for it"));
}

async fn two_looks_at_once_make_one_row(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    for n in 0..50 {
        script.has(&format!("{n:040}"), &format!("film {n}"), TransferState::Downloading);
    }
    let looks = (0..4).map(|_| boxes.app.look_at_all());
    let looks = futures::future::join_all(looks).await;
    assert!(looks.iter().all(Result::is_ok), "{looks:?}");
    assert_eq!((boxes.rows().await.len(), boxes.told().await.len()), (50, 50));
    script.set_fault(ClientFault::Fails(Problem::Timeout(9)));
    let looks = (0..4).map(|_| boxes.app.look_at_all());
    futures::future::try_join_all(looks).await.unwrap();
    assert_eq!(boxes.told().await[50..], ["unreachable box"]);
}

async fn what_was_cancelled_meanwhile_is_not_adopted(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    boxes.look().await;
    // The client answers a question from before the cancel only after it.
    let client = boxes.app.store().client_by_name("box").await.unwrap().unwrap();
    let gate = script.holds_back_lists();
    let app = boxes.app.clone();
    let look = tokio::spawn(async move { app.look(client.id).await });
    until(Duration::from_secs(10), async || script.held_back() == 1).await;
    let row = boxes.rows().await.remove(0);
    script.loses(HEAT);
    let cancelled = {
        let app = boxes.app.clone();
        tokio::spawn(async move { app.cancel_download(&row.id.to_string(), false).await })
    };
    until(Duration::from_secs(10), async || boxes.rows().await.is_empty()).await;
    gate.open();
    assert_eq!(look.await.unwrap().unwrap().unwrap().written, 0);
    cancelled.await.unwrap().unwrap();
    assert_eq!(boxes.told().await, ["adopted Heat", "cancelled Heat"]);
}

async fn ten_thousand_transfers_without_change_write_nothing(desk: Desk) {
    let (boxes, script) = Boxes::torrents(desk).await;
    for n in 0..10_000 {
        let id = format!("{n:040}");
        script.change(&id, |t| t.name = format!("Film {n} (1995)"));
        script.finishes(&id);
    }
    assert_eq!(boxes.look().await.written, 10_000);
    let (rows, events) = (boxes.rows().await.len(), boxes.app.store().last_event().await.unwrap());
    assert_eq!((rows, events), (10_000, 10_000));
    let written = boxes.written();
    for _ in 0..3 {
        // Numbers that move all the time are no change.
        script.change(&format!("{:040}", 7), |t| {
            t.up_speed = Some(t.up_speed.unwrap_or(0) + 1);
            t.ratio = Some(t.ratio.unwrap_or(0.0) + 0.1);
        });
        assert_eq!(boxes.look().await.written, 0);
    }
    assert_eq!(boxes.written(), written, "nothing went to the disk");
    assert_eq!(boxes.app.store().last_event().await.unwrap(), events);
}
