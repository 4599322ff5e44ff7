//! One failure stays one failure; two at once do not meet.

use std::sync::Arc;

use shelfread_app::{Quiet, SyncRequest};
use shelfread_domain::port::{ItemFailure, LibraryKind, Listed};
use shelfread_domain::{Coverage, RunStatus, SourceKind};
use shelfread_testkit::faults::{Fault, Gate};
use shelfread_testkit::notation::observations;

use crate::desk::Desk;

crate::scenarios!(
    one_bad_item_among_many,
    a_bad_source_stops_no_other,
    two_syncs_of_one_source_at_once,
    two_sources_meet_the_same_new_film,
    an_episode_without_its_show,
);

async fn one_bad_item_among_many(desk: Desk) {
    let films: String =
        (1..=999).map(|i| format!("movie m{i} \"Film {i}\" 2000 tmdb={i}\n")).collect();
    let den = desk.source("den", SourceKind::Jellyfin).await;
    let failure = ItemFailure {
        label: "The bad one".to_owned(),
        remote_id: Some("bad".into()),
        message: "its year is a word".to_owned(),
    };
    let steps = vec![
        Ok(Listed::Page(observations(&films))),
        Ok(Listed::Failed(failure)),
        Ok(Listed::End(Coverage::complete(Some(1000), 1000))),
    ];
    den.scripts("1", LibraryKind::Movies, steps);
    let report = desk.sync("den").await;
    assert_eq!(report.status, RunStatus::Partial);
    assert_eq!((report.counts.added, report.counts.failed), (999, 1));
    assert_eq!(report.errors.len(), 1);
    assert_eq!(report.errors[0].scope, "The bad one");
}

async fn a_bad_source_stops_no_other(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let attic = desk.source("attic", SourceKind::Emby).await;
    attic.lists("1", LibraryKind::Movies, "movie b \"Beta\" 2002 tmdb=2");
    desk.faulty("den").set([Fault::EndAfter(0)]);
    let reports = desk.app.sync(&SyncRequest::default(), Arc::new(Quiet)).await.unwrap();
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[1].status, RunStatus::Succeeded);
    assert_eq!(desk.shelf().await.len(), 2);
}

async fn two_syncs_of_one_source_at_once(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let gate = Gate::default();
    desk.faulty("den").set([Fault::Gate(gate.clone())]);
    let request = || SyncRequest { sources: vec!["den".to_owned()], ..SyncRequest::default() };
    let first = async { desk.app.sync(&request(), Arc::new(Quiet)).await.unwrap().remove(0) };
    let second = async {
        // The first has the lease as soon as its run is recorded.
        shelfread_testkit::until(std::time::Duration::from_secs(10), || async {
            let page = shelfread_store::Page { offset: 0, limit: 1 };
            let runs = desk.app.store().runs(page).await.unwrap();
            runs.first().is_some_and(|r| r.status == RunStatus::Running)
        })
        .await;
        let refused = desk.app.sync(&request(), Arc::new(Quiet)).await.unwrap().remove(0);
        gate.open();
        refused
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status, second.status), (RunStatus::Succeeded, RunStatus::Failed));
    assert!(second.errors[0].message.contains("already"), "{:?}", second.errors);
}

async fn two_sources_meet_the_same_new_film(desk: Desk) {
    let films: String =
        (1..=500).map(|i| format!("movie m{i} \"Film {i}\" 2000 tmdb={i}\n")).collect();
    for name in ["den", "attic", "cellar"] {
        desk.source(name, SourceKind::Emby).await.lists("1", LibraryKind::Movies, &films);
    }
    let reports = desk.app.sync(&SyncRequest::default(), Arc::new(Quiet)).await.unwrap();
    assert!(reports.iter().all(|r| r.status == RunStatus::Succeeded), "{reports:?}");
    assert_eq!(reports.iter().map(|r| r.counts.added).sum::<u64>(), 500);
    assert_eq!(desk.shelf().await.len(), 500);
    desk.is_sound().await;
}

async fn an_episode_without_its_show(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    let steps = vec![
        Ok(Listed::Page(observations("movie m \"Heat\" 1995 tmdb=949"))),
        Ok(Listed::Page(vec![{
            let mut o =
                observations("show s \"Dark\" 2017\nepisode s 1x01 e \"Secrets\"").remove(1);
            o.parent = Some("nobody".into());
            o
        }])),
        Ok(Listed::End(Coverage::partial(Some(3), 2, "a show is missing"))),
    ];
    den.scripts("1", LibraryKind::Mixed, steps);
    let report = desk.sync("den").await;
    assert_eq!((report.counts.added, report.counts.failed), (1, 1));
    assert!(report.errors[0].scope.contains("Secrets"));
}
