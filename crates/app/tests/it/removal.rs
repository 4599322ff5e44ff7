//! What goes, what stays, and what waits for a person.

use chrono::TimeDelta;
use shelfread_app::SyncRequest;
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{ItemKind, MaxRemovals, OnMissing, RunStatus, SourceKind};
use shelfread_store::ChangeState;

use crate::desk::{Desk, server};

crate::scenarios!(
    a_show_goes_with_everything,
    a_season_goes,
    a_show_moves_to_another_library,
    an_item_moves_between_servers,
    an_empty_answer_is_held,
    more_than_the_guard_allows_is_held,
    a_library_that_vanished_is_held,
    the_limit_is_a_persons_choice,
    kept_items_are_missing_and_come_back,
    grace_ends,
    paths_that_begin_alike,
    what_is_held_is_not_recorded_twice,
    what_leaves_its_last_two_libraries_is_shown_as_lost,
);

/// `n` films.
fn films(n: usize) -> String {
    let film = |i| format!("movie m{i} \"Film {i}\" 2000 tmdb={i}\n");
    (1..=n).map(film).collect()
}

async fn a_show_goes_with_everything(desk: Desk) {
    let shows = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\nepisode s1 1x01 e1 \"Secrets\" played\n\
                 show s2 \"Fargo\" 2014 tvdb=2\nepisode s2 1x01 f1 \"Crocodile\"";
    let den = desk.den(LibraryKind::Shows, shows).await;
    let secrets = desk.id(ItemKind::Episode, "Secrets").await;
    desk.set_by_hand(secrets, "mine").await;
    den.lists(
        "1",
        LibraryKind::Shows,
        "show s2 \"Fargo\" 2014 tvdb=2\nepisode s2 1x01 f1 \"Crocodile\"",
    );
    let report = desk.synced("den").await;
    assert_eq!((report.counts.removed, report.counts.held), (3, 0));
    assert_eq!(desk.shelf().await.len(), 2);
    let gone = desk.app.store().run_changes(report.id, 0, 100).await.unwrap();
    for entity in ["item", "listing", "external_id", "progress", "settings", "override"] {
        let recorded = gone.iter().any(|c| c.entity == entity && c.before.is_some());
        assert!(recorded, "the before-image of a removed {entity}: {gone:?}");
    }
}

async fn a_season_goes(desk: Desk) {
    let one = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\nepisode s1 1x01 e1 \"Secrets\"\n";
    let two = "season s1 2 r2\nepisode s1 2x01 e2 \"Beginnings\"\n";
    let den = desk.den(LibraryKind::Shows, &format!("{one}{two}")).await;
    den.lists("1", LibraryKind::Shows, &format!("{one}season s1 2 r2"));
    assert_eq!(desk.synced("den").await.counts.removed, 1, "a season that was emptied stays");
    den.lists("1", LibraryKind::Shows, one);
    assert_eq!(desk.synced("den").await.counts.removed, 1);
    assert_eq!(desk.shelf().await.len(), 3);
}

async fn a_show_moves_to_another_library(desk: Desk) {
    let dark = "show s1 \"Dark\" 2017 tvdb=1\nepisode s1 1x01 e1 \"Secrets\" played";
    let other = "show s2 \"Fargo\" 2014 tvdb=2";
    let den = desk.den(LibraryKind::Shows, &format!("{dark}\n{other}")).await;
    let memory = desk.memory().await;
    den.lists("1", LibraryKind::Shows, other);
    den.lists("2", LibraryKind::Shows, dark);
    let report = desk.synced("den").await;
    assert_eq!((report.counts.added, report.counts.removed), (0, 0), "{:?}", desk.shelf().await);
    assert_eq!(desk.memory().await, memory);
}

async fn an_item_moves_between_servers(desk: Desk) {
    let den = desk
        .den(LibraryKind::Movies, "movie a \"Heat\" 1995 tmdb=949\nmovie b \"Alien\" 1979 tmdb=348")
        .await;
    let memory = desk.memory().await;
    let attic = desk.source("attic", SourceKind::Emby).await;
    attic.lists("1", LibraryKind::Movies, "movie z \"Heat\" 1995 tmdb=949");
    desk.synced("attic").await;
    den.lists("1", LibraryKind::Movies, "movie b \"Alien\" 1979 tmdb=348");
    let report = desk.synced("den").await;
    assert_eq!(report.counts.removed, 0);
    assert_eq!(desk.memory().await, memory);
    assert_eq!(desk.shelf().await, ["movie Alien (1979) [den/b]", "movie Heat (1995) [attic/z]"]);
}

async fn an_empty_answer_is_held(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(3)).await;
    den.lists("1", LibraryKind::Movies, "");
    let report = desk.sync("den").await;
    assert_eq!((report.status, report.counts.held), (RunStatus::Held, 3));
    assert_eq!((report.counts.removed, report.counts.missing), (0, 0));
    assert_eq!(desk.shelf().await.len(), 3);
    assert!(report.errors.iter().any(|e| e.message.contains("empty")), "{:?}", report.errors);
}

async fn more_than_the_guard_allows_is_held(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(20)).await;
    den.lists("1", LibraryKind::Movies, &(films(14) + "movie n \"New\" 2001 tmdb=99"));
    let report = desk.sync("den").await;
    assert_eq!((report.status, report.counts.held), (RunStatus::Held, 6));
    assert_eq!(report.counts.added, 1, "everything else is applied");
    assert_eq!(desk.shelf().await.len(), 21);
    let changes = desk.app.store().run_changes(report.id, 0, 100).await.unwrap();
    let held = changes.iter().filter(|c| c.state == ChangeState::Held && c.entity == "item");
    assert_eq!(held.count(), 6);
    den.lists("1", LibraryKind::Movies, &(films(15) + "movie n \"New\" 2001 tmdb=99"));
    assert_eq!(desk.synced("den").await.counts.removed, 5, "five are always allowed");
}

async fn a_library_that_vanished_is_held(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(2)).await;
    den.lists("2", LibraryKind::Movies, "movie n \"New\" 2001 tmdb=99");
    den.drops("1");
    let report = desk.sync("den").await;
    assert_eq!((report.status, report.counts.held, report.counts.added), (RunStatus::Held, 2, 1));
    assert_eq!(desk.shelf().await.len(), 3);
}

async fn the_limit_is_a_persons_choice(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(10)).await;
    desk.policy("den", OnMissing::Remove, MaxRemovals::Count(1)).await;
    den.lists("1", LibraryKind::Movies, &films(8));
    assert_eq!(desk.sync("den").await.counts.held, 2);
    desk.policy("den", OnMissing::Remove, MaxRemovals::Percent(100)).await;
    assert_eq!(desk.synced("den").await.counts.removed, 2);
}

async fn kept_items_are_missing_and_come_back(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(3)).await;
    desk.policy("den", OnMissing::Keep, MaxRemovals::default()).await;
    let memory = desk.memory().await;
    den.lists("1", LibraryKind::Movies, &films(2));
    let report = desk.synced("den").await;
    assert_eq!((report.counts.missing, report.counts.removed), (1, 0));
    assert!(desk.shelf().await.contains(&"movie Film 3 (2000) [den/m3 missing]".to_owned()));
    let again = desk.synced("den").await;
    assert_eq!((again.counts.missing, again.counts.unchanged), (0, 2));
    den.lists("1", LibraryKind::Movies, &films(3));
    desk.synced("den").await;
    assert_eq!(desk.memory().await, memory);
    assert!(desk.shelf().await.contains(&"movie Film 3 (2000) [den/m3]".to_owned()));
}

async fn grace_ends(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(3)).await;
    desk.policy("den", OnMissing::Grace { days: 30 }, MaxRemovals::default()).await;
    den.lists("1", LibraryKind::Movies, &films(2));
    assert_eq!(desk.synced("den").await.counts.missing, 1);
    desk.clock.advance(TimeDelta::days(29));
    assert_eq!(desk.synced("den").await.counts.removed, 0);
    desk.clock.advance(TimeDelta::days(2));
    assert_eq!(desk.synced("den").await.counts.removed, 1);
    assert_eq!(desk.shelf().await.len(), 2);
}

async fn paths_that_begin_alike(desk: Desk) {
    let a = "movie /a \"A\" 2000\n";
    let b = "movie \"/a b\" \"A B\" 2000\nmovie /ab \"AB\" 2000";
    let den = desk.den(LibraryKind::Movies, &format!("{a}{b}")).await;
    den.lists("1", LibraryKind::Movies, b);
    assert_eq!(desk.synced("den").await.counts.removed, 1);
    assert_eq!(desk.shelf().await, ["movie A B (2000) [den//a b]", "movie AB (2000) [den//ab]"]);
}

async fn what_is_held_is_not_recorded_twice(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(3)).await;
    den.lists("1", LibraryKind::Movies, "");
    let first = desk.sync("den").await;
    let second = desk.sync("den").await;
    assert_eq!(second.status, RunStatus::Held);
    let store = desk.app.store();
    assert_eq!(store.holds(first.id).await.unwrap().len(), 1);
    assert!(store.holds(second.id).await.unwrap().is_empty());
    assert!(store.run_changes(second.id, 0, 10).await.unwrap().is_empty());
    den.identifies(Ok(server("server-1")));
    den.lists("1", LibraryKind::Movies, &films(3));
    assert_eq!(desk.synced("den").await.counts.unchanged, 3);
}

async fn what_leaves_its_last_two_libraries_is_shown_as_lost(desk: Desk) {
    let (alpha, beta) = ("movie a \"Alpha\" 2001 tmdb=1", "movie b \"Beta\" 2002 tmdb=2");
    let den = desk.den(LibraryKind::Movies, &format!("{alpha}\n{beta}")).await;
    den.lists("2", LibraryKind::Movies, &format!("{alpha}\n{beta}"));
    desk.synced("den").await;
    den.lists("1", LibraryKind::Movies, beta);
    den.lists("2", LibraryKind::Movies, beta);
    let dry =
        SyncRequest { sources: vec!["den".to_owned()], dry_run: true, ..SyncRequest::default() };
    let shown = desk.sync_as(dry).await;
    let done = desk.synced("den").await;
    assert_eq!((shown.counts.removed, done.counts.removed), (1, 1));
}
