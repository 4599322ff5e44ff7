//! Runs, their errors, holds and events.

use serde_json::json;
use shelfread_domain::id::HoldId;
use shelfread_domain::{Counts, Coverage, ItemId, RunId, RunStatus};
use shelfread_store::{
    HoldRow, HoldState, LibraryCoverage, NewEvent, Page, RunEnd, RunError, StoreError,
};
use uuid::Uuid;

use crate::db::{Db, add, both, later, new_run, now, plan};
use crate::records::movie;

both!(
    a_run_is_recorded_whole,
    runs_come_newest_first,
    errors_are_kept_in_order,
    a_newer_hold_supersedes,
    events_are_read_behind_the_last_one,
    events_share_the_fate_of_their_batch
);

async fn a_run_is_recorded_whole(db: Db) {
    let c = db.with_catalogue().await;
    let run = c.run(c.run).await.unwrap().unwrap();
    assert_eq!(run.status, RunStatus::Running);
    assert_eq!(run.run.source_id, Some(c.source));
    let counts = Counts { seen: 7, relinked: u64::from(u32::MAX) + 1, ..Counts::default() };
    let coverage = [LibraryCoverage {
        library: "Films".to_owned(),
        coverage: Coverage::partial(Some(9), 7, "page 2 failed"),
    }];
    let end = RunEnd {
        status: RunStatus::Partial,
        counts: &counts,
        coverage: &coverage,
        message: Some("page 2 failed"),
        finished_at: later(9),
    };
    c.finish_run(c.run, &end, &[]).await.unwrap();
    c.set_reverted_by(c.run, RunId(Uuid::max())).await.unwrap();
    let run = c.run(c.run).await.unwrap().unwrap();
    assert_eq!((run.status, run.counts), (RunStatus::Partial, counts));
    assert_eq!(run.coverage, coverage);
    assert_eq!(run.finished_at, Some(later(9)));
    assert_eq!(run.message.as_deref(), Some("page 2 failed"));
    assert_eq!(run.reverted_by_run_id, Some(RunId(Uuid::max())));
    let error = c.finish_run(RunId(Uuid::nil()), &end, &[]).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    assert_eq!(c.run(RunId(Uuid::nil())).await.unwrap(), None);
}

async fn runs_come_newest_first(db: Db) {
    let mut ids = Vec::new();
    for n in 0..5 {
        let run = shelfread_store::NewRun { started_at: later(n), ..new_run(None) };
        db.begin_run(&run).await.unwrap();
        ids.push(run.id);
    }
    let page = async |offset, limit| {
        let runs = db.runs(Page { offset, limit }).await.unwrap();
        runs.into_iter().map(|r| r.run.id).collect::<Vec<_>>()
    };
    assert_eq!(page(0, 2).await, [ids[4], ids[3]]);
    assert_eq!(page(4, 2).await, [ids[0]]);
}

async fn errors_are_kept_in_order(db: Db) {
    let c = db.with_catalogue().await;
    let error = |scope: &str| RunError { scope: scope.to_owned(), message: "no".to_owned() };
    c.add_run_errors(c.run, &[error("a"), error("b")]).await.unwrap();
    c.add_run_errors(c.run, &[]).await.unwrap();
    c.add_run_errors(c.run, &[error("c")]).await.unwrap();
    let scopes: Vec<_> = c.run_errors(c.run).await.unwrap().into_iter().map(|e| e.scope).collect();
    assert_eq!(scopes, ["a", "b", "c"]);
}

async fn a_newer_hold_supersedes(db: Db) {
    let c = db.with_catalogue().await;
    let hold = |fingerprint: &str| HoldRow {
        id: HoldId(Uuid::now_v7()),
        run_id: c.run,
        library_id: c.library,
        fingerprint: fingerprint.to_owned(),
        state: "pending".to_owned(),
        items: 12,
        listings: 13,
        reason: "12 of 20 items".to_owned(),
    };
    let (first, second) = (hold("a"), hold("b"));
    for hold in [&first, &second] {
        let mut batch = c.begin(None).await.unwrap();
        batch.put_hold(hold, now()).await.unwrap();
        batch.commit().await.unwrap();
    }
    let states = async || {
        let holds = c.holds(c.run).await.unwrap();
        holds.into_iter().map(|h| h.state).collect::<Vec<_>>()
    };
    assert_eq!(states().await, ["superseded", "pending"]);
    assert_eq!(c.count_pending_holds().await.unwrap(), 1);
    let mut batch = c.begin(None).await.unwrap();
    assert_eq!(batch.pending_hold(c.library, "a").await.unwrap(), None);
    assert_eq!(batch.pending_hold(c.library, "b").await.unwrap(), Some(second.id));
    assert_eq!(batch.pending_hold(c.other, "b").await.unwrap(), None);
    batch.decide_hold(second.id, HoldState::Discarded, later(1)).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(states().await, ["superseded", "discarded"]);
}

fn event(kind: &str) -> NewEvent {
    NewEvent {
        at: now(),
        kind: kind.to_owned(),
        severity: "info".to_owned(),
        item_id: Some(ItemId(Uuid::max())),
        source_id: None,
        library_id: None,
        client_id: None,
        download_id: None,
        run_id: None,
        data: json!({"title": "Heat"}),
    }
}

async fn events_are_read_behind_the_last_one(db: Db) {
    assert_eq!(db.last_event().await.unwrap(), 0);
    db.append_events(&[event("a"), event("b"), event("c")]).await.unwrap();
    let all = db.events_after(0, 100).await.unwrap();
    assert_eq!(all[0].event, event("a"));
    let kinds = |events: Vec<shelfread_store::Event>| {
        events.into_iter().map(|e| e.event.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(db.events_after(all[0].seq, 1).await.unwrap()), ["b"]);
    let last = db.last_event().await.unwrap();
    assert_eq!(last, all[2].seq);
    db.damage("DELETE FROM events").await;
    db.append_events(&[event("d")]).await.unwrap();
    assert!(db.last_event().await.unwrap() > last, "a number is never used again");
}

async fn events_share_the_fate_of_their_batch(db: Db) {
    let c = db.with_catalogue().await;
    let mut batch = c.begin(None).await.unwrap();
    batch.append_events(&[event("lost")]).await.unwrap();
    batch.rollback().await.unwrap();
    let mut batch = c.begin(None).await.unwrap();
    batch.apply(c.run, &plan(vec![add(movie("Heat"))]), now()).await.unwrap();
    batch.append_events(&[event("kept")]).await.unwrap();
    batch.commit().await.unwrap();
    let events = c.events_after(0, 9).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event.kind, "kept");
}
