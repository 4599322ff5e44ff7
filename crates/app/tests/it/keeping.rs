//! The background: what breaks is started again, and who stops waits, but not for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use shelfread_app::{Background, Quiet, SyncRequest};
use shelfread_domain::RunStatus;
use shelfread_domain::port::LibraryKind;
use shelfread_store::{NewEvent, Page};
use shelfread_testkit::faults::{Fault, Gate};
use shelfread_testkit::until;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;

crate::scenarios!(
    what_breaks_is_started_again,
    events_of_another_process_are_handed_on,
    what_hangs_is_cut_off_and_its_source_is_free,
);

const PATIENCE: Duration = Duration::from_secs(20);

async fn what_breaks_is_started_again(desk: Desk) {
    let stop = CancellationToken::new();
    let mut background = Background::new(stop.clone());
    let begun = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&begun);
    background.keep(desk.app.clock(), "a task", move |stop| {
        let nth = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_ne!(nth, 0, "the first one breaks");
            if nth > 1 {
                stop.cancelled().await;
            }
        }
    });
    for (nth, pause) in [(1, 1), (2, 2), (3, 0)] {
        until(PATIENCE, async || begun.load(Ordering::SeqCst) == nth).await;
        if pause > 0 {
            until(PATIENCE, async || desk.clock.sleepers() == 1).await;
            desk.clock.advance(TimeDelta::seconds(pause));
        }
    }
    stop.cancel();
    assert!(background.end(PATIENCE).await, "it ended by itself");
}

async fn events_of_another_process_are_handed_on(desk: Desk) {
    let stop = CancellationToken::new();
    let mut background = Background::new(stop.clone());
    let mut events = desk.app.listen().await.unwrap();
    let app = desk.app.clone();
    background.keep(desk.app.clock(), "following", move |stop| {
        let app = app.clone();
        async move { app.follow_events(stop).await }
    });
    until(PATIENCE, async || desk.clock.sleepers() == 1).await;
    let event = NewEvent::new(desk.app.clock().now(), "test.told", "info", serde_json::json!({}));
    desk.app.store().append_events(&[event]).await.unwrap();
    assert!(events.try_recv().is_err(), "nobody looked yet");
    desk.clock.advance(TimeDelta::seconds(1));
    let event = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
    assert_eq!(event.event.kind, "test.told");
    stop.cancel();
    assert!(background.end(PATIENCE).await);
}

async fn what_hangs_is_cut_off_and_its_source_is_free(desk: Desk) {
    desk.den(LibraryKind::Movies, r#"movie m1 "Heat" 1995"#).await;
    desk.faulty("den").set([Fault::Gate(Gate::default())]);
    let stop = CancellationToken::new();
    let mut background = Background::new(stop.clone());
    let app = desk.app.clone();
    background.keep(desk.app.clock(), "a sync", move |_| {
        let app = app.clone();
        async move {
            let request = SyncRequest { sources: vec!["den".to_owned()], ..SyncRequest::default() };
            app.sync(&request, Arc::new(Quiet)).await.unwrap();
        }
    });
    let newest = async || {
        let runs = desk.app.store().runs(Page { offset: 0, limit: 10 }).await.unwrap();
        (runs.len(), runs[0].status)
    };
    until(PATIENCE, async || newest().await == (2, RunStatus::Running)).await;
    stop.cancel();
    assert!(!background.end(Duration::from_millis(20)).await, "it does not end by itself");
    desk.app.leave().await.unwrap();
    assert_eq!(newest().await.1, RunStatus::Failed, "its record is closed");
    desk.faulty("den").set([]);
    desk.synced("den").await;
}
