//! What a person set stays, what is known is completed, and a second run does nothing.

use std::sync::Arc;

use shelfread_app::{Quiet, SyncRequest};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{Existing, ItemKind, RunStatus, SourceKind};

use crate::desk::Desk;

crate::scenarios!(
    what_a_person_set_survives_twenty_syncs,
    sources_that_disagree_write_nothing_twice,
    a_dry_run_shows_what_the_run_does,
    fill_changes_nothing_that_is_set,
    a_quick_sync_asks_only_for_changes,
    hostile_text_is_stored_or_refused,
);

async fn what_a_person_set_survives_twenty_syncs(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1 overview=theirs").await;
    let alpha = desk.id(ItemKind::Movie, "Alpha").await;
    desk.set_by_hand(alpha, "mine").await;
    for round in 0..20 {
        let text = format!("movie a \"Alpha {round}\" 2001 tmdb=1 overview=\"theirs {round}\"");
        den.lists("1", LibraryKind::Movies, &text);
        desk.synced("den").await;
    }
    let item = desk.item(ItemKind::Movie, "Alpha 19").await;
    assert_eq!(item.item.id, alpha);
    assert_eq!(item.item.fields.overview.as_deref(), Some("mine"));
    assert!(item.settings.unwrap().auto_download);
}

async fn sources_that_disagree_write_nothing_twice(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let attic = desk.source("attic", SourceKind::Emby).await;
    attic.lists("1", LibraryKind::Movies, "movie z \"Alpha, The\" 2002 tmdb=1 overview=only-here");
    desk.synced("attic").await;
    let item = desk.item(ItemKind::Movie, "Alpha").await.item;
    assert_eq!(
        (item.fields.year, item.fields.overview.as_deref()),
        (Some(2001), Some("only-here"))
    );
    for name in ["attic", "den", "attic"] {
        let report = desk.synced(name).await;
        assert_eq!(report.counts.unchanged, 1);
        assert!(desk.app.store().run_changes(report.id, 0, 9).await.unwrap().is_empty());
    }
}

async fn a_dry_run_shows_what_the_run_does(desk: Desk) {
    let first = "show s \"Dark\" 2017 tvdb=1\nseason s 1 r\nepisode s 1x01 e \"Secrets\"\n\
                 movie m \"Heat\" 1995 tmdb=949";
    let den = desk.den(LibraryKind::Mixed, first).await;
    let before = (desk.shelf().await, desk.memory().await);
    den.lists(
        "1",
        LibraryKind::Mixed,
        "show s2 \"Dark\" 2017 tvdb=1\nseason s2 1 r2\nepisode s2 1x01 e2 \"Secrets!\"\n\
         episode s2 1x02 e3 \"Lies\"\nshow n \"New\" 2020 tvdb=9\nepisode n 1x01 n1 \"First\"",
    );
    let dry =
        SyncRequest { sources: vec!["den".to_owned()], dry_run: true, ..SyncRequest::default() };
    let shown = desk.sync_as(dry).await;
    assert_eq!(shown.status, RunStatus::Planned);
    assert_eq!((desk.shelf().await, desk.memory().await), before, "nothing was written");
    let done = desk.synced("den").await;
    assert_eq!(shown.counts, done.counts);
    let lines = |report: &shelfread_app::RunReport| {
        let mut all: Vec<_> = report
            .changes
            .iter()
            .flatten()
            .map(|c| format!("{} {} {}", c.op, c.entity, c.label))
            .collect();
        all.sort();
        all
    };
    let mut journal: Vec<_> = desk
        .app
        .store()
        .run_changes(done.id, 0, 1000)
        .await
        .unwrap()
        .iter()
        .map(|c| format!("{} {} {}", c.op, c.entity, c.label))
        .collect();
    journal.sort();
    let shown: Vec<_> = lines(&shown);
    for line in &journal {
        assert!(shown.contains(line), "done but not shown: {line}; shown: {shown:#?}");
    }
}

async fn fill_changes_nothing_that_is_set(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, "movie a \"Alpha\" tmdb=1").await;
    den.lists(
        "1",
        LibraryKind::Movies,
        "movie a \"Alpha 2\" 2001 tmdb=1 imdb=tt0000001 poster=p.jpg",
    );
    let fill = || SyncRequest {
        sources: vec!["den".to_owned()],
        existing: Existing::Fill,
        ..SyncRequest::default()
    };
    let report = desk.sync_as(fill()).await;
    assert_eq!((report.status, report.counts.updated), (RunStatus::Succeeded, 1));
    let item = desk.item(ItemKind::Movie, "Alpha").await;
    assert_eq!(item.item.fields.year, Some(2001));
    assert_eq!(item.item.fields.poster_url.as_deref(), Some("p.jpg"));
    assert_eq!(item.external_ids.len(), 2);
    let again = desk.sync_as(fill()).await;
    assert_eq!(again.counts.updated, 0);
    assert!(desk.app.store().run_changes(again.id, 0, 9).await.unwrap().is_empty());
    assert_eq!(desk.synced("den").await.counts.updated, 1, "a later update follows the source");
    desk.item(ItemKind::Movie, "Alpha 2").await;
}

async fn a_quick_sync_asks_only_for_changes(desk: Desk) {
    let films = "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 tmdb=2";
    let den = desk.den(LibraryKind::Movies, films).await;
    den.changed("1", "movie b \"Beta!\" 2002 tmdb=2");
    let quick =
        SyncRequest { sources: vec!["den".to_owned()], quick: true, ..SyncRequest::default() };
    let report = desk.sync_as(quick).await;
    assert_eq!(report.status, RunStatus::Succeeded);
    assert_eq!((report.counts.seen, report.counts.updated, report.counts.removed), (1, 1, 0));
    assert_eq!(desk.shelf().await.len(), 2, "what a quick run does not show is not gone");
}

async fn hostile_text_is_stored_or_refused(desk: Desk) {
    let long = "x".repeat(1_000_000);
    let titles = ["<script>alert(1)</script>", "שלום עולם", "🎬🎬", "a\u{0}b", long.as_str()];
    let text: String = titles
        .iter()
        .enumerate()
        .map(|(i, title)| format!("movie m{i} \"{title}\" 2000 tmdb={}\n", i + 1))
        .collect();
    let den = desk.den(LibraryKind::Movies, &text).await;
    assert_eq!(desk.shelf().await.len(), titles.len());
    desk.item(ItemKind::Movie, "<script>alert(1)</script>").await;
    desk.item(ItemKind::Movie, "ab").await;
    assert_eq!(desk.synced("den").await.counts.unchanged, titles.len() as u64);
    drop(den);
    let nobody = SyncRequest { sources: vec!["nobody".to_owned()], ..SyncRequest::default() };
    assert!(desk.app.sync(&nobody, Arc::new(Quiet)).await.is_err());
}
