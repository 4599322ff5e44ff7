//! What waits for a person, and what a person takes back.

use std::sync::Arc;

use shelfread_app::{AppError, Quiet, SyncRequest};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{ItemKind, RunId, RunStatus, SourceKind};
use shelfread_store::ChangeState;

use crate::desk::{Desk, server};

crate::scenarios!(
    what_is_approved_is_really_removed,
    what_is_discarded_stays_and_is_not_asked_again,
    what_changed_in_between_is_stale,
    what_never_finds_a_place_does_not_stop_a_decision,
    nobody_decides_about_nothing,
    what_another_source_gave_up_meanwhile_is_stale,
    what_is_there_again_waits_no_longer,
    what_was_reverted_is_listed_again_by_a_quick_sync,
    a_decision_is_made_once,
    a_removal_is_reverted_with_all_that_hung_on_it,
    a_first_sync_is_reverted,
    changed_fields_change_back,
    what_was_changed_since_is_left_alone,
    a_revert_is_reverted,
    what_came_back_gets_what_a_person_had_set,
    what_is_there_again_is_not_approved_away,
    a_rebuilt_server_that_lost_something_is_approved,
    ids_that_a_revert_puts_back_prove_nothing,
);

fn films(n: usize) -> String {
    (1..=n).map(|i| format!("movie m{i} \"Film {i}\" 2000 tmdb={i}\n")).collect()
}

/// A desk where losing 10 of 20 films is held.
async fn held(desk: &Desk) -> (crate::desk::Script, shelfread_app::RunReport) {
    let den = desk.den(LibraryKind::Movies, &films(20)).await;
    den.lists("1", LibraryKind::Movies, &films(10));
    let report = desk.sync("den").await;
    assert_eq!((report.status, report.counts.held), (RunStatus::Held, 10));
    (den, report)
}

async fn what_is_approved_is_really_removed(desk: Desk) {
    let (_den, run) = held(&desk).await;
    let report = desk.app.approve(run.id, &Quiet).await.unwrap();
    assert_eq!(
        (report.status, report.counts.removed),
        (RunStatus::Succeeded, 10),
        "{:?}",
        report.errors
    );
    assert_eq!(desk.shelf().await.len(), 10);
    assert_eq!(lines(&desk, run.id).await, [ChangeState::Approved]);
    assert_eq!(desk.synced("den").await.counts.unchanged, 10);
    assert!(matches!(desk.app.approve(run.id, &Quiet).await, Err(AppError::Usage(_))));
    desk.app.revert(report.id).await.unwrap();
    assert_eq!(desk.shelf().await.len(), 20);
    assert_eq!(desk.synced("den").await.counts.removed, 0, "what came back is not taken again");
}

/// The states of the lines of a run's journal, each once.
async fn lines(desk: &Desk, run: RunId) -> Vec<ChangeState> {
    let all = desk.app.store().run_changes(run, 0, 1_000).await.unwrap();
    let mut states: Vec<_> = all.iter().map(|line| line.state).collect();
    states.dedup();
    states
}

async fn what_is_discarded_stays_and_is_not_asked_again(desk: Desk) {
    let (den, run) = held(&desk).await;
    let memory = desk.memory().await;
    assert_eq!(desk.app.discard(run.id).await.unwrap(), 10);
    assert_eq!(lines(&desk, run.id).await, [ChangeState::Discarded]);
    let again = desk.synced("den").await;
    assert_eq!((again.counts.held, again.counts.removed), (0, 0));
    assert_eq!(desk.memory().await, memory);
    den.lists("1", LibraryKind::Movies, &films(9));
    assert_eq!(desk.synced("den").await.counts.removed, 1, "a new removal is a new question");
    den.lists("1", LibraryKind::Movies, &films(20));
    desk.synced("den").await;
    den.lists("1", LibraryKind::Movies, &films(10));
    assert_eq!(desk.sync("den").await.counts.held, 10, "listed again means asked again");
}

async fn what_changed_in_between_is_stale(desk: Desk) {
    let (den, run) = held(&desk).await;
    den.lists("1", LibraryKind::Movies, &films(11));
    let refused = desk.app.approve(run.id, &Quiet).await;
    assert!(
        matches!(&refused, Err(AppError::Stale(why)) if why.contains("1 are listed again")),
        "{refused:?}"
    );
    assert_eq!(desk.shelf().await.len(), 20);
    assert_eq!(lines(&desk, run.id).await, [ChangeState::Stale]);
    den.lists("1", LibraryKind::Movies, &films(10));
    assert!(desk.app.approve(run.id, &Quiet).await.is_err(), "stale stays stale");
}

async fn what_never_finds_a_place_does_not_stop_a_decision(desk: Desk) {
    let two = "show d \"Dark\" 2017 tmdb=70\nshow l \"Lost\" 2004 tvdb=80\n";
    // A show that is both waits for review, and its episode with it.
    let both = "show b \"Dark\" 2017 tmdb=70 tvdb=80\nepisode b 1x01 e1 \"Secrets\"\n";
    let shows = |n: usize| -> String {
        let shows = (1..=n).map(|i| format!("show t{i} \"Show {i}\" 2000 tmdb={i}\n"));
        two.to_owned() + &shows.collect::<String>()
    };
    let den = desk.den(LibraryKind::Shows, &shows(20)).await;
    let less = shows(10) + both;
    den.lists("1", LibraryKind::Shows, &less);
    let run = desk.sync("den").await;
    assert_eq!((run.status, run.counts.held), (RunStatus::Held, 10), "{:?}", run.errors);
    assert_eq!(run.counts.failed, 1, "{:?}", run.errors);
    let newer = less.clone() + "show n \"News\" 2020 tmdb=99\nepisode n 1x01 e9 \"One\"\n";
    den.lists("1", LibraryKind::Shows, &newer);
    let refused = desk.app.approve(run.id, &Quiet).await;
    assert!(matches!(&refused, Err(AppError::Stale(why)) if why.contains("does not know")));
    let again = desk.sync("den").await;
    assert_eq!((again.status, again.counts.held), (RunStatus::Held, 10), "{:?}", again.errors);
    let report = desk.app.approve(again.id, &Quiet).await.unwrap();
    assert_eq!(report.counts.removed, 10);
}

async fn nobody_decides_about_nothing(desk: Desk) {
    let show = "show d \"Dark\" 2017 tmdb=1\nepisode d 1x1 e1 \"One\"\n";
    let den = desk.den(LibraryKind::Shows, &format!("{show}episode d 1x2 e2 \"Two\"")).await;
    den.lists("1", LibraryKind::Shows, show);
    let removed = desk.synced("den").await;
    assert_eq!(removed.counts.removed, 1);
    desk.app.revert(removed.id).await.unwrap();
    den.lists("1", LibraryKind::Shows, "");
    let held = desk.sync("den").await;
    assert_eq!(held.status, RunStatus::Held);
    desk.app.approve(held.id, &Quiet).await.unwrap();
    // The show stays for the episode that a person wanted back, and is not listed any more.
    let memory = desk.memory().await;
    for dry_run in [true, false] {
        let request = SyncRequest { dry_run, ..SyncRequest::default() };
        let report = &desk.app.sync(&request, Arc::new(Quiet)).await.unwrap()[0];
        assert_eq!((report.counts.held, &report.errors[..]), (0, &[][..]), "{dry_run}");
    }
    assert_eq!(desk.memory().await, memory);
}

async fn what_another_source_gave_up_meanwhile_is_stale(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(20)).await;
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.lists("1", LibraryKind::Movies, "movie z \"Film 20\" 2000 tmdb=20\nmovie y \"Y\" 2001");
    desk.synced("attic").await;
    den.lists("1", LibraryKind::Movies, &films(10));
    let run = desk.sync("den").await;
    assert_eq!(run.counts.held, 10);
    // The person saw that one of the ten stays, because the attic has it.
    attic.lists("1", LibraryKind::Movies, "movie y \"Y\" 2001");
    desk.synced("attic").await;
    let refused = desk.app.approve(run.id, &Quiet).await;
    let Err(AppError::Stale(why)) = &refused else { panic!("{refused:?}") };
    assert!(why.contains("other sources"), "{why}");
    assert_eq!(desk.shelf().await.len(), 21);
    let again = desk.sync("den").await;
    assert_eq!(desk.app.approve(again.id, &Quiet).await.unwrap().counts.removed, 10);
}

async fn what_is_there_again_waits_no_longer(desk: Desk) {
    let (den, run) = held(&desk).await;
    den.lists("1", LibraryKind::Movies, &films(20));
    desk.synced("den").await;
    assert_eq!(lines(&desk, run.id).await, [ChangeState::Superseded]);
    assert!(matches!(desk.app.approve(run.id, &Quiet).await, Err(AppError::Usage(_))));
}

async fn what_was_reverted_is_listed_again_by_a_quick_sync(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(3)).await;
    let quick =
        || SyncRequest { sources: vec!["den".to_owned()], quick: true, ..SyncRequest::default() };
    den.lists("1", LibraryKind::Movies, &films(4));
    let run = desk.synced("den").await;
    desk.app.revert(run.id).await.unwrap();
    assert_eq!(desk.shelf().await.len(), 3);
    let report = desk.sync_as(quick()).await;
    assert_eq!((report.status, report.counts.added), (RunStatus::Succeeded, 1));
}

async fn a_decision_is_made_once(desk: Desk) {
    let (_den, run) = held(&desk).await;
    desk.app.discard(run.id).await.unwrap();
    assert!(matches!(desk.app.discard(run.id).await, Err(AppError::Usage(_))));
    assert!(matches!(desk.app.approve(run.id, &Quiet).await, Err(AppError::Usage(_))));
    let nothing = desk.synced("den").await;
    assert!(matches!(desk.app.approve(nothing.id, &Quiet).await, Err(AppError::Usage(_))));
}

const SHOWS: &str = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\n\
                     episode s1 1x01 e1 \"Secrets\" played last=2026-01-01\n\
                     episode s1 1x02 e2 \"Lies\"\n";
const OTHER: &str = "show s2 \"Fargo\" 2014 tvdb=2\nepisode s2 1x01 f1 \"Crocodile\"\n";

async fn a_removal_is_reverted_with_all_that_hung_on_it(desk: Desk) {
    let den = desk.den(LibraryKind::Shows, &format!("{SHOWS}{OTHER}")).await;
    let secrets = desk.id(ItemKind::Episode, "Secrets").await;
    desk.set_by_hand(secrets, "mine").await;
    let (shelf, memory) = (desk.shelf().await, desk.memory().await);
    den.lists("1", LibraryKind::Shows, OTHER);
    let run = desk.synced("den").await;
    assert_eq!(run.counts.removed, 4);
    let report = desk.app.revert(run.id).await.unwrap();
    assert_eq!(
        (report.status, report.counts.added),
        (RunStatus::Succeeded, 4),
        "{:?}",
        report.errors
    );
    assert_eq!(desk.memory().await, memory);
    assert_eq!(desk.shelf().await, shelf);
    desk.is_sound().await;
    assert_eq!(desk.synced("den").await.counts.removed, 0, "not taken again before it is listed");
    den.lists("1", LibraryKind::Shows, &format!("{SHOWS}{OTHER}"));
    desk.synced("den").await;
    den.lists("1", LibraryKind::Shows, OTHER);
    assert_eq!(desk.synced("den").await.counts.removed, 4);
}

async fn a_first_sync_is_reverted(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.identifies(Ok(server("server-1")));
    den.lists("1", LibraryKind::Shows, SHOWS);
    let run = desk.synced("den").await;
    let report = desk.app.revert(run.id).await.unwrap();
    assert_eq!(
        (report.status, report.counts.removed),
        (RunStatus::Succeeded, 4),
        "{:?}",
        report.errors
    );
    assert!(desk.shelf().await.is_empty());
    desk.is_sound().await;
    assert_eq!(desk.synced("den").await.counts.added, 4);
}

async fn changed_fields_change_back(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1 imdb=tt0000001").await;
    let before = (desk.shelf().await, desk.memory().await);
    den.lists("1", LibraryKind::Movies, "movie a2 \"Beta\" 2002 tmdb=1 overview=x played");
    let run = desk.synced("den").await;
    let report = desk.app.revert(run.id).await.unwrap();
    assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.errors);
    assert_eq!((desk.shelf().await, desk.memory().await), before);
    desk.is_sound().await;
}

async fn what_was_changed_since_is_left_alone(desk: Desk) {
    let den =
        desk.den(LibraryKind::Movies, "movie a \"A\" 2001 tmdb=1\nmovie b \"B\" 2002 tmdb=2").await;
    den.lists("1", LibraryKind::Movies, "movie a \"A1\" 2001 tmdb=1\nmovie b \"B1\" 2002 tmdb=2");
    let run = desk.synced("den").await;
    den.lists("1", LibraryKind::Movies, "movie a \"A2\" 2001 tmdb=1\nmovie b \"B1\" 2002 tmdb=2");
    desk.synced("den").await;
    let report = desk.app.revert(run.id).await.unwrap();
    assert_eq!(report.status, RunStatus::Partial);
    assert!(
        report.errors.iter().any(|e| e.message.contains("changed since")),
        "{:?}",
        report.errors
    );
    desk.item(ItemKind::Movie, "A2").await;
    desk.item(ItemKind::Movie, "B").await;
    assert!(matches!(desk.app.revert(run.id).await, Err(AppError::Usage(_))), "refused twice");
}

async fn a_revert_is_reverted(desk: Desk) {
    let den = desk.den(LibraryKind::Shows, &format!("{SHOWS}{OTHER}")).await;
    den.lists("1", LibraryKind::Shows, OTHER);
    let run = desk.synced("den").await;
    let without = desk.shelf().await;
    let back = desk.app.revert(run.id).await.unwrap();
    assert_ne!(desk.shelf().await, without);
    let forth = desk.app.revert(back.id).await.unwrap();
    assert_eq!(forth.status, RunStatus::Succeeded, "{:?}", forth.errors);
    assert_eq!(desk.shelf().await, without);
    desk.is_sound().await;
}

async fn a_rebuilt_server_that_lost_something_is_approved(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(3)).await;
    den.identifies(Ok(server("server-2")));
    den.lists("1", LibraryKind::Movies, &films(2));
    let run = desk.sync("den").await;
    assert_eq!((run.status, run.counts.held), (RunStatus::Held, 1));
    let report = desk.app.approve(run.id, &Quiet).await.unwrap();
    assert_eq!(report.counts.removed, 1);
    let again = desk.synced("den").await;
    assert_eq!(again.counts.unchanged, 2, "it is our server now");
}

async fn ids_that_a_revert_puts_back_prove_nothing(desk: Desk) {
    let (alpha, beta) = ("\"Alpha\" 2001 tmdb=1", "\"Beta\" 2002 tmdb=2");
    let den = desk.den(LibraryKind::Movies, &format!("movie a {alpha}\nmovie b {beta}")).await;
    let items = [desk.id(ItemKind::Movie, "Alpha").await, desk.id(ItemKind::Movie, "Beta").await];
    den.identifies(Ok(server("server-2")));
    den.lists("1", LibraryKind::Movies, &format!("movie b {alpha}\nmovie a {beta}"));
    let run = desk.synced("den").await;
    desk.app.revert(run.id).await.unwrap();
    assert_eq!(desk.synced("den").await.counts.relinked, 2);
    let now = [desk.id(ItemKind::Movie, "Alpha").await, desk.id(ItemKind::Movie, "Beta").await];
    assert_eq!(now, items, "nobody believed that a is still Alpha");
}

async fn what_came_back_gets_what_a_person_had_set(desk: Desk) {
    let den = desk.den(LibraryKind::Shows, &format!("{SHOWS}{OTHER}")).await;
    let secrets = desk.id(ItemKind::Episode, "Secrets").await;
    desk.set_by_hand(secrets, "mine").await;
    den.lists("1", LibraryKind::Shows, OTHER);
    let run = desk.synced("den").await;
    let again = SHOWS
        .replace(" s1 ", " n1 ")
        .replace(" e1 ", " n-e1 ")
        .replace("played last=2026-01-01", "");
    den.lists("1", LibraryKind::Shows, &format!("{again}{OTHER}"));
    assert_eq!(desk.synced("den").await.counts.added, 4);
    let report = desk.app.revert(run.id).await.unwrap();
    assert_eq!(report.status, RunStatus::Partial, "{:?}", report.errors);
    let now = desk.item(ItemKind::Episode, "Secrets").await;
    assert_ne!(now.item.id, secrets);
    assert!(now.settings.is_some_and(|s| s.auto_download));
    assert_eq!((now.overrides.len(), now.progress.len()), (1, 1));
    assert_eq!(now.item.fields.overview.as_deref(), Some("mine"), "and it shows it at once");
    assert_eq!(desk.shelf().await.len(), 6, "nothing is doubled: {:?}", desk.shelf().await);
    desk.is_sound().await;
}

async fn what_is_there_again_is_not_approved_away(desk: Desk) {
    let (den, run) = held(&desk).await;
    let back = films(20).replace("movie m11 ", "movie new11 ");
    den.lists("1", LibraryKind::Movies, &back.lines().take(11).collect::<Vec<_>>().join("\n"));
    assert!(matches!(desk.app.approve(run.id, &Quiet).await, Err(AppError::Stale(_))));
    assert_eq!(desk.shelf().await.len(), 20);
}
