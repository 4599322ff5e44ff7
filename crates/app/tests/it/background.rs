//! Runs in the background: started, refused, told of, waited for, abandoned.

use std::time::Duration;

use shelfread_app::live::Live;
use shelfread_app::{AppError, SyncRequest};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{RunId, RunStatus, SourceKind};
use shelfread_store::RunRow;
use shelfread_testkit::faults::{Fault, Gate};

use crate::desk::Desk;

crate::scenarios!(
    a_run_goes_on_in_the_background,
    a_source_at_work_refuses_and_is_not_disturbed,
    sources_at_work_are_left_out_of_all,
    how_far_a_run_is_can_be_watched,
    the_end_waits_for_a_run,
    what_takes_too_long_is_abandoned,
);

const PATIENCE: Duration = Duration::from_secs(20);

fn of(names: &[&str]) -> SyncRequest {
    let sources = names.iter().map(|name| (*name).to_owned()).collect();
    SyncRequest { sources, ..SyncRequest::default() }
}

impl Desk {
    async fn run(&self, id: RunId) -> RunRow {
        self.app.store().run(id).await.unwrap().unwrap()
    }

    async fn ended(&self, id: RunId) -> RunRow {
        shelfread_testkit::until(PATIENCE, || async {
            self.run(id).await.status != RunStatus::Running
        })
        .await;
        self.run(id).await
    }

    /// A server whose listings wait until the gate is opened.
    async fn gated(&self) -> Gate {
        self.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
        let gate = Gate::default();
        self.faulty("den").set([Fault::Gate(gate.clone())]);
        gate
    }
}

async fn a_run_goes_on_in_the_background(desk: Desk) {
    let gate = desk.gated().await;
    let started = desk.app.start_sync(of(&["den"])).await.unwrap();
    assert_eq!(started.runs.len(), 1);
    assert_eq!((started.runs[0].source.as_str(), started.busy.len()), ("den", 0));
    assert_eq!(desk.run(started.runs[0].id).await.status, RunStatus::Running);
    gate.open();
    assert_eq!(desk.ended(started.runs[0].id).await.status, RunStatus::Succeeded);
    desk.synced("den").await;
}

async fn a_source_at_work_refuses_and_is_not_disturbed(desk: Desk) {
    let gate = desk.gated().await;
    let attic = desk.source("attic", SourceKind::Emby).await;
    attic.lists("1", LibraryKind::Movies, "movie b \"Beta\" 2002 tmdb=2");
    let first = desk.app.start_sync(of(&["den"])).await.unwrap().runs.remove(0);
    let runs = desk.app.store().runs(shelfread_store::Page { offset: 0, limit: 10 }).await.unwrap();
    for names in [&["den"][..], &["attic", "den"]] {
        let refused = desk.app.start_sync(of(names)).await.unwrap_err();
        assert!(matches!(&refused, AppError::Busy { source_name } if source_name == "den"));
    }
    let unknown = desk.app.start_sync(of(&["attic", "nobody"])).await.unwrap_err();
    assert!(matches!(unknown, AppError::NotFound { .. }));
    let now = desk.app.store().runs(shelfread_store::Page { offset: 0, limit: 10 }).await.unwrap();
    assert_eq!(now.len(), runs.len(), "a refused request leaves no record");
    let attic = desk.app.start_sync(of(&["attic"])).await.unwrap().runs.remove(0);
    assert_eq!(desk.ended(attic.id).await.status, RunStatus::Succeeded);
    gate.open();
    assert_eq!(desk.ended(first.id).await.status, RunStatus::Succeeded);
}

async fn sources_at_work_are_left_out_of_all(desk: Desk) {
    let gate = desk.gated().await;
    let first = desk.app.start_sync(of(&["den"])).await.unwrap().runs.remove(0);
    let alone = desk.app.start_sync(of(&[])).await.unwrap_err();
    assert!(matches!(alone, AppError::Busy { .. }));
    let attic = desk.source("attic", SourceKind::Emby).await;
    attic.lists("1", LibraryKind::Movies, "movie b \"Beta\" 2002 tmdb=2");
    let all = desk.app.start_sync(of(&[])).await.unwrap();
    assert_eq!((all.runs[0].source.as_str(), all.busy), ("attic", vec!["den".to_owned()]));
    assert_eq!(desk.ended(all.runs[0].id).await.status, RunStatus::Succeeded);
    gate.open();
    assert_eq!(desk.ended(first.id).await.status, RunStatus::Succeeded);
}

async fn how_far_a_run_is_can_be_watched(desk: Desk) {
    let gate = desk.gated().await;
    let mut live = desk.app.watch_live();
    let run = desk.app.start_sync(of(&["den"])).await.unwrap().runs.remove(0);
    let running = desk.app.running();
    assert_eq!(running.iter().map(|r| r.run).collect::<Vec<_>>(), [run.id]);
    gate.open();
    let mut told: Vec<(RunStatus, bool, u64)> = Vec::new();
    while told.last().is_none_or(|(status, ..)| *status == RunStatus::Running) {
        let message = tokio::time::timeout(PATIENCE, live.recv()).await.unwrap().unwrap();
        let Live::Run(progress) = &*message else { continue };
        assert_eq!((progress.run, progress.source.as_str()), (run.id, "den"));
        told.push((progress.status, progress.library.is_some(), progress.received));
    }
    assert_eq!(told.first().unwrap(), &(RunStatus::Running, false, 0));
    assert!(told.contains(&(RunStatus::Running, true, 1)), "{told:?}");
    assert_eq!(told.last().unwrap().0, RunStatus::Succeeded);
    assert!(desk.app.running().is_empty());
}

async fn the_end_waits_for_a_run(desk: Desk) {
    let gate = desk.gated().await;
    let run = desk.app.start_sync(of(&["den"])).await.unwrap().runs.remove(0);
    let open = async {
        let closing =
            async || matches!(desk.app.start_sync(of(&["den"])).await, Err(AppError::Closing));
        shelfread_testkit::until(PATIENCE, || async { closing().await }).await;
        gate.open();
    };
    tokio::join!(desk.app.wind_down(PATIENCE), open);
    assert_eq!(desk.run(run.id).await.status, RunStatus::Succeeded);
}

async fn what_takes_too_long_is_abandoned(desk: Desk) {
    let _closed = desk.gated().await;
    let shelf = desk.shelf().await;
    let run = desk.app.start_sync(of(&["den"])).await.unwrap().runs.remove(0);
    desk.app.wind_down(Duration::from_millis(50)).await;
    let row = desk.run(run.id).await;
    assert_eq!(row.status, RunStatus::Failed);
    assert_eq!(desk.shelf().await, shelf);
    desk.faulty("den").set([]);
    // Its source is free at once, and the next run converges.
    desk.synced("den").await;
}
