//! What items show when sources disagree: the order of sources decides, at once and for good.

use shelfread_domain::port::LibraryKind;
use shelfread_domain::{ItemKind, RunStatus, SourceKind};

use shelfread_store::EventFilter;

use crate::desk::{Desk, Script, server};

crate::scenarios!(
    another_order_shows_at_once,
    a_run_of_the_order_is_taken_back,
    what_a_forgotten_source_said_goes_with_it,
    an_order_that_was_changed_behind_our_back,
    a_second_round_writes_nothing_in_any_order,
);

/// Three sources that agree on what there is and on nothing else.
async fn three(desk: &Desk) -> [Script; 3] {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.identifies(Ok(server("den-1")));
    den.lists(
        "1",
        LibraryKind::Mixed,
        r#"movie m1 "Heat" 1995 tmdb=949 overview="den"
           show s1 "Dark" 2017 tvdb=334824 sort="dark"
           episode s1 1x01 e1 "Secrets" date=2017-12-01
           episode s1 1x02 e2 "Lies""#,
    );
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.identifies(Ok(server("attic-1")));
    attic.lists(
        "1",
        LibraryKind::Mixed,
        r#"movie 7 "Heat!" 1996 tmdb=949 imdb=tt0113277 runtime=10200
           show 8 "Dark (DE)" 2018 tvdb=334824
           episode 8 1x01 9 "Geheimnisse" date=2017-12-02
           episode 8 1x02 10 "Luegen" date=2017-12-03"#,
    );
    let films = desk.source("films", SourceKind::Radarr).await;
    films.identifies(Ok(server("films-1")));
    films.lists(
        "1",
        LibraryKind::Movies,
        r#"movie 3 "HEAT" 1994 tmdb=949 imdb=tt0113278 monitored"#,
    );
    [den, attic, films]
}

async fn shown(desk: &Desk) -> String {
    let mut all = desk.shelf().await;
    all.iter_mut().for_each(|line| line.truncate(line.find(" [").unwrap_or(line.len())));
    all.retain(|line| line.starts_with("movie") || line.starts_with("show"));
    all.join("; ")
}

async fn all_synced(desk: &Desk, order: [&str; 3]) -> u64 {
    let mut updated = 0;
    for name in order {
        let report = desk.synced(name).await;
        updated += report.counts.added + report.counts.updated + report.counts.relinked;
    }
    updated
}

async fn events(desk: &Desk) -> usize {
    desk.app.store().events(&EventFilter::default(), 10_000).await.unwrap().len()
}

async fn another_order_shows_at_once(desk: Desk) {
    let _sources = three(&desk).await;
    all_synced(&desk, ["den", "attic", "films"]).await;
    assert_eq!(shown(&desk).await, "movie Heat (1995); show Dark (2017)");
    desk.change_source("attic", |row| row.priority = 1).await;
    assert_eq!(shown(&desk).await, "movie Heat! (1996); show Dark (DE) (2018)");
    let heat = desk.item(ItemKind::Movie, "Heat!").await;
    assert_eq!(heat.item.fields.overview.as_deref(), Some("den"), "the first who says anything");
    assert_eq!(all_synced(&desk, ["films", "den", "attic"]).await, 0, "nothing is left to do");
    let runs = events(&desk).await;
    desk.change_source("attic", |row| row.priority = 2).await;
    assert_eq!(events(&desk).await, runs, "another number, the same order");
    desk.is_sound().await;
}

async fn a_run_of_the_order_is_taken_back(desk: Desk) {
    let _sources = three(&desk).await;
    all_synced(&desk, ["den", "attic", "films"]).await;
    let mut row = desk.app.store().source_by_name("films").await.unwrap().unwrap();
    row.priority = 1;
    desk.app.note_source(&row).await.unwrap();
    let run = desk.app.settle_order().await.unwrap().expect("a run");
    assert_eq!(desk.app.settle_order().await.unwrap(), None);
    assert_eq!(shown(&desk).await, "movie HEAT (1994); show Dark (2017)");
    let record = desk.app.store().run(run).await.unwrap().unwrap();
    assert_eq!((record.status, record.counts.updated), (RunStatus::Succeeded, 1));
    let changes = desk.app.store().run_changes(run, 0, 100).await.unwrap();
    assert!(changes.iter().all(|c| c.reason == "the order of the sources changed"), "{changes:?}");
    desk.app.revert(run).await.unwrap();
    assert_eq!(shown(&desk).await, "movie Heat (1995); show Dark (2017)");
    // The order stays as it is, so what was taken back does not follow from it, and doctor says so.
    let found = desk.app.doctor(false).await.unwrap().findings;
    assert_eq!(found.iter().map(|f| f.kind).collect::<Vec<_>>(), ["fields"]);
}

async fn what_a_forgotten_source_said_goes_with_it(desk: Desk) {
    let _sources = three(&desk).await;
    all_synced(&desk, ["den", "attic", "films"]).await;
    let ids = desk.memory().await.len();
    desk.app.remove_source("den").await.unwrap();
    assert_eq!(shown(&desk).await, "movie Heat! (1996); show Dark (DE) (2018)");
    let heat = desk.item(ItemKind::Movie, "Heat!").await;
    assert_eq!(heat.item.fields.overview, None, "only the forgotten one said it");
    assert_eq!(desk.memory().await.len(), ids);
    for name in ["films", "attic"] {
        let report = desk.synced(name).await;
        assert_eq!(report.counts.unchanged, report.counts.seen, "{name}");
    }
}

async fn an_order_that_was_changed_behind_our_back(desk: Desk) {
    let _sources = three(&desk).await;
    all_synced(&desk, ["den", "attic", "films"]).await;
    let mut row = desk.app.store().source_by_name("attic").await.unwrap().unwrap();
    row.priority = 1;
    desk.app.store().put_source(&row, chrono::Utc::now()).await.unwrap();
    desk.synced("films").await;
    assert_eq!(shown(&desk).await, "movie Heat! (1996); show Dark (DE) (2018)");
}

async fn a_second_round_writes_nothing_in_any_order(desk: Desk) {
    let _sources = three(&desk).await;
    let orders = [
        ["films", "attic", "den"],
        ["attic", "den", "films"],
        ["den", "films", "attic"],
        ["attic", "films", "den"],
    ];
    all_synced(&desk, ["films", "den", "attic"]).await;
    for (n, order) in (1..).zip(orders) {
        desk.change_source(order[0], |row| row.priority = -n).await;
        all_synced(&desk, order).await;
        let before = events(&desk).await;
        let memory = desk.memory().await;
        let mut again = order;
        again.reverse();
        assert_eq!(all_synced(&desk, again).await, 0, "{order:?}");
        assert_eq!(events(&desk).await, before, "{order:?}");
        assert_eq!(desk.memory().await, memory);
    }
}
