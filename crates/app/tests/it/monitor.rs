//! The monitor: every client at its own pace, on a clock that the test moves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use shelfread_app::downloads::{Look, Pace, WatchDownloads};
use shelfread_domain::download::{ClientKind, TransferState};
use shelfread_domain::port::Problem;
use shelfread_testkit::downloads::{ClientFault, ScriptedClient};
use shelfread_testkit::until;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::downloads::{Boxes, HEAT};

crate::scenarios!(
    fast_while_something_moves_and_slow_when_idle,
    a_slow_client_delays_nobody,
    a_client_that_is_down_is_asked_less_and_less,
    an_order_wakes_the_monitor,
    clients_come_and_go,
    what_happens_is_heard_at_once,
    a_stall_is_named_and_a_gap_is_none,
    old_events_are_forgotten,
);

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Notes(Mutex<Vec<Look>>);

impl WatchDownloads for Notes {
    fn looked(&self, look: &Look) {
        self.0.lock().unwrap().push(look.clone());
    }
}

/// A monitor that runs until the test has seen enough.
struct Running {
    notes: Arc<Notes>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(boxes: &Boxes) -> Self {
        Self::start_keeping(boxes, None)
    }

    fn start_keeping(boxes: &Boxes, keep: Option<Duration>) -> Self {
        let (notes, stop) = (Arc::new(Notes::default()), CancellationToken::new());
        let (app, watch, token) = (boxes.app.clone(), Arc::clone(&notes), stop.clone());
        let pace = Pace::new(Duration::from_secs(5));
        let run = async move { app.watch_downloads(pace, keep, watch, token).await };
        Self { notes, stop, task: tokio::spawn(run) }
    }

    fn looks(&self, client: &str) -> usize {
        self.notes.0.lock().unwrap().iter().filter(|look| look.client == client).count()
    }

    async fn has_looked(&self, client: &str, times: usize) {
        until(PATIENCE, async || self.looks(client) >= times).await;
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

/// Lets seconds pass one by one; after each, everybody who woke has looked. `asleep` is how many
/// wait for time to pass when all is done: the monitor itself, and each client that answers.
async fn seconds(boxes: &Boxes, monitor: &Running, asleep: usize, seconds: usize) -> usize {
    let before = monitor.looks("box");
    for _ in 0..seconds {
        boxes.clock.advance(TimeDelta::seconds(1));
        settled(boxes, asleep).await;
    }
    monitor.looks("box") - before
}

async fn settled(boxes: &Boxes, asleep: usize) {
    until(PATIENCE, async || boxes.clock.sleepers() == asleep).await;
}

async fn moving(boxes: &Boxes, name: &str) -> Arc<ScriptedClient> {
    let script = boxes.client(name, ClientKind::Transmission).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    script
}

async fn fast_while_something_moves_and_slow_when_idle(desk: Desk) {
    let boxes = Boxes::new(desk);
    let script = moving(&boxes, "box").await;
    let monitor = Running::start(&boxes);
    monitor.has_looked("box", 1).await;
    settled(&boxes, 2).await;
    assert_eq!(seconds(&boxes, &monitor, 2, 20).await, 4, "every 5 s");
    script.finishes(HEAT);
    seconds(&boxes, &monitor, 2, 5).await;
    assert_eq!(seconds(&boxes, &monitor, 2, 120).await, 2, "every minute");
    monitor.stop().await;
}

async fn a_slow_client_delays_nobody(desk: Desk) {
    let boxes = Boxes::new(desk);
    moving(&boxes, "box").await;
    let slow = boxes.client("slow", ClientKind::Transmission).await;
    slow.set_fault(ClientFault::Hangs);
    let monitor = Running::start(&boxes);
    monitor.has_looked("box", 1).await;
    until(PATIENCE, async || slow.hanging() == 1).await;
    settled(&boxes, 2).await;
    assert_eq!(seconds(&boxes, &monitor, 2, 20).await, 4);
    assert_eq!(monitor.looks("slow"), 0);
    monitor.stop().await;
}

async fn a_client_that_is_down_is_asked_less_and_less(desk: Desk) {
    let boxes = Boxes::new(desk);
    let script = moving(&boxes, "box").await;
    script.set_fault(ClientFault::Fails(Problem::Timeout(9)));
    let monitor = Running::start(&boxes);
    monitor.has_looked("box", 1).await;
    settled(&boxes, 2).await;
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.push(seconds(&boxes, &monitor, 2, 20).await);
    }
    assert_eq!(asked, [2, 1, 0, 1], "after 5, 15, 35 and 75 s");
    script.set_fault(ClientFault::Fails(Problem::Unauthorized));
    seconds(&boxes, &monitor, 2, 80).await;
    assert_eq!(seconds(&boxes, &monitor, 2, 800).await, 0, "a refusal is left alone");
    script.set_fault(ClientFault::None);
    assert!(seconds(&boxes, &monitor, 2, 100).await > 0);
    let events = boxes.app.store().events_after(0, 100).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|e| e.event.kind.as_str()).collect();
    assert_eq!(kinds, ["client.unreachable", "client.recovered", "download.adopted"]);
    monitor.stop().await;
}

async fn an_order_wakes_the_monitor(desk: Desk) {
    let boxes = Boxes::new(desk);
    let script = boxes.client("box", ClientKind::Transmission).await;
    script.finishes(HEAT);
    let monitor = Running::start(&boxes);
    monitor.has_looked("box", 1).await;
    settled(&boxes, 2).await;
    boxes.app.pause_download(HEAT).await.unwrap();
    monitor.has_looked("box", 2).await;
    monitor.stop().await;
}

async fn clients_come_and_go(desk: Desk) {
    let boxes = Boxes::new(desk);
    let monitor = Running::start(&boxes);
    settled(&boxes, 1).await;
    let script = moving(&boxes, "box").await;
    boxes.clock.advance(TimeDelta::seconds(30));
    monitor.has_looked("box", 1).await;
    settled(&boxes, 2).await;
    boxes.app.remove_client("box").await.unwrap();
    let asked = script.lists();
    for _ in 0..5 {
        boxes.clock.advance(TimeDelta::seconds(30));
        settled(&boxes, 1).await;
    }
    assert_eq!(script.lists(), asked, "who was forgotten is not asked");
    monitor.stop().await;
}

async fn what_happens_is_heard_at_once(desk: Desk) {
    let boxes = Boxes::new(desk);
    let script = moving(&boxes, "box").await;
    let mut listener = boxes.app.listen().await.unwrap();
    let monitor = Running::start(&boxes);
    let mut heard = async || {
        let event = tokio::time::timeout(PATIENCE, listener.recv()).await.unwrap().unwrap();
        (event.seq, event.event.kind.clone())
    };
    assert_eq!(heard().await, (1, "download.adopted".to_owned()));
    settled(&boxes, 2).await;
    script.finishes(HEAT);
    boxes.clock.advance(TimeDelta::seconds(5));
    assert_eq!(heard().await, (2, "download.completed".to_owned()));
    monitor.stop().await;
    assert!(listener.try_recv().is_err(), "each once");
}

async fn a_stall_is_named_and_a_gap_is_none(desk: Desk) {
    let boxes = Boxes::new(desk);
    let script = moving(&boxes, "box").await;
    let monitor = Running::start(&boxes);
    monitor.has_looked("box", 1).await;
    settled(&boxes, 2).await;
    let stalled = |monitor: &Running| -> Vec<String> {
        monitor.notes.0.lock().unwrap().iter().flat_map(|look| look.stalled.clone()).collect()
    };
    seconds(&boxes, &monitor, 2, 290).await;
    assert!(stalled(&monitor).is_empty());
    // Nobody can look for an hour: that is no stall.
    script.set_fault(ClientFault::Fails(Problem::Timeout(9)));
    for _ in 0..30 {
        boxes.clock.advance(TimeDelta::minutes(2));
        settled(&boxes, 2).await;
    }
    script.set_fault(ClientFault::None);
    boxes.clock.advance(TimeDelta::minutes(5));
    settled(&boxes, 2).await;
    assert!(stalled(&monitor).is_empty());
    seconds(&boxes, &monitor, 2, 320).await;
    assert_eq!(stalled(&monitor), ["Heat"], "named once");
    assert!(boxes.rows().await[0].stalled_since.is_some());
    script.change(HEAT, |t| t.left_bytes = Some(5));
    seconds(&boxes, &monitor, 2, 5).await;
    assert!(boxes.rows().await[0].stalled_since.is_none());
    monitor.stop().await;
}

async fn old_events_are_forgotten(desk: Desk) {
    let boxes = Boxes::new(desk);
    moving(&boxes, "box").await;
    boxes.look().await;
    boxes.clock.advance(TimeDelta::days(2));
    let monitor = Running::start_keeping(&boxes, Some(Duration::from_secs(86_400)));
    let store = boxes.app.store();
    until(PATIENCE, async || store.events_after(0, 10).await.unwrap().is_empty()).await;
    assert_eq!(boxes.rows().await.len(), 1, "the queue stays");
    monitor.stop().await;
}
