//! A person wants something gone from everywhere.

use std::sync::Arc;

use chrono::TimeDelta;
use shelfread_app::AppError;
use shelfread_app::person::RemovalReport;
use shelfread_domain::port::LibraryKind::{Movies, Shows};
use shelfread_domain::port::{Problem, RemovalEffect, SourceError};
use shelfread_domain::{ItemKind, RunStatus, SourceKind};
use shelfread_store::RemovalState::{Done, Failed, NotNeeded, NotSupported, Pending};

use crate::desk::{Desk, Script, server};

crate::scenarios!(
    it_goes_from_every_source,
    what_is_shown_before_removes_nothing,
    a_source_that_cannot_says_so_and_keeps_it,
    what_failed_is_tried_again,
    cut_off_in_the_middle_it_goes_on,
    an_object_under_another_id_is_found_first,
    an_id_that_names_something_else_is_left_alone,
    another_server_removes_nothing,
    a_show_goes_with_its_tree,
    a_season_goes_with_its_episodes,
    a_file_that_others_need_stays,
    what_nothing_lists_just_goes,
    a_listed_item_is_not_just_removed,
    one_removal_at_a_time,
    a_removal_is_reverted_in_the_catalogue,
);

const FILM: &str = "movie a \"Heat\" 1995 tmdb=949";
const OTHER: &str = "movie b \"Alien\" 1979 tmdb=348";

fn states(report: &RemovalReport) -> Vec<(&str, &str, shelfread_store::RemovalState)> {
    let mut all: Vec<_> = report
        .targets
        .iter()
        .map(|t| (t.source.as_str(), t.effect.as_deref().unwrap_or("-"), t.state))
        .collect();
    all.sort_by_key(|t| t.0);
    all
}

/// A film on a media server that deletes files and on a manager that only forgets.
async fn two(desk: &Desk) -> (Script, Script) {
    let den = desk.den(Movies, &format!("{FILM}\n{OTHER}")).await;
    den.removes(RemovalEffect::Files);
    let films = desk.source("films", SourceKind::Radarr).await;
    films.lists("1", Movies, "movie 7 \"Heat\" 1995 tmdb=949\nmovie 8 \"Alien\" 1979 tmdb=348");
    films.removes(RemovalEffect::Entry);
    desk.synced("films").await;
    (den, films)
}

async fn it_goes_from_every_source(desk: Desk) {
    let (den, films) = two(&desk).await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let report = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&report), [("den", "files", Done), ("films", "entry", Done)]);
    assert!(report.gone);
    assert_eq!((den.removed(), films.removed()), (vec!["a".into()], vec!["7".into()]));
    assert_eq!(desk.shelf().await, ["movie Alien (1979) [den/b, films/8]"]);
    desk.is_sound().await;
    let run = desk.app.store().run(report.run.unwrap()).await.unwrap().unwrap();
    assert_eq!((run.status, run.counts.removed), (RunStatus::Succeeded, 1));
    for name in ["den", "films"] {
        let again = desk.synced(name).await.counts;
        assert_eq!((again.added, again.removed, again.unchanged), (0, 0, 1));
    }
    let events = desk.app.store().events_after(0, 100).await.unwrap();
    let told = events.iter().filter(|e| e.event.item_id == Some(heat));
    let mut told: Vec<_> = told.map(|e| e.event.kind.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["item.removed", "item.removed_at_source", "item.removed_at_source"]);
    let remembered = desk.app.remove_everywhere(heat).await.unwrap();
    assert!(remembered.run.is_none() && remembered.gone && remembered.label == "Heat (1995)");
    let nobody = shelfread_domain::ItemId(uuid::Uuid::now_v7());
    let unknown = desk.app.remove_everywhere(nobody).await;
    assert!(matches!(unknown, Err(AppError::NotFound { .. })));
}

async fn what_is_shown_before_removes_nothing(desk: Desk) {
    let (den, films) = two(&desk).await;
    films.identifies(Err(SourceError::new("asking Radarr", Problem::Timeout(30))));
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.lists("1", Movies, "movie z \"Heat\" 1995 tmdb=949");
    desk.synced("attic").await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let shown = desk.app.preview_removal(heat).await.unwrap();
    let expected =
        [("attic", "-", NotSupported), ("den", "files", Pending), ("films", "-", Pending)];
    assert_eq!(states(&shown), expected);
    assert!(shown.targets.iter().any(|t| t.reason.as_deref().is_some_and(|r| r.contains("30 s"))));
    assert!(den.removed().is_empty() && !shown.gone);
    assert!(desk.app.store().removals(heat).await.unwrap().is_empty());
}

async fn a_source_that_cannot_says_so_and_keeps_it(desk: Desk) {
    let (_den, films) = two(&desk).await;
    films.removes(RemovalEffect::Impossible("its settings forbid it".to_owned()));
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let report = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&report), [("den", "files", Done), ("films", "-", NotSupported)]);
    assert_eq!((report.gone, report.status), (false, Some(RunStatus::Partial)));
    let errors = desk.app.store().run_errors(report.run.unwrap()).await.unwrap();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("settings forbid"), "{errors:?}");
    let left = "movie Heat (1995) [films/7]".to_owned();
    assert!(desk.shelf().await.contains(&left), "{:?}", desk.shelf().await);
    desk.is_sound().await;
}

async fn what_failed_is_tried_again(desk: Desk) {
    let (den, films) = two(&desk).await;
    films.refuses(Some(SourceError::new("removing", Problem::Forbidden)));
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let first = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&first), [("den", "files", Done), ("films", "entry", Failed)]);
    assert!(first.targets.iter().any(|t| t.reason.as_deref().is_some_and(|r| r.contains("right"))));
    films.refuses(None);
    let second = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&second), [("den", "files", Done), ("films", "entry", Done)]);
    assert!(second.gone);
    assert_eq!(den.removed().len(), 1, "what was done is not done twice");
}

async fn cut_off_in_the_middle_it_goes_on(desk: Desk) {
    let (den, films) = two(&desk).await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    den.cuts_off(true);
    films.cuts_off(true);
    for round in 1..=2 {
        let app = desk.app.clone();
        let work = tokio::spawn(async move { app.remove_everywhere(heat).await });
        let asked = || den.removed().len() + films.removed().len();
        let cut = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while asked() < round && std::time::Instant::now() < cut {
            tokio::task::yield_now().await;
        }
        work.abort();
        assert!(work.await.unwrap_err().is_cancelled());
        let rows = desk.app.store().removals(heat).await.unwrap();
        assert!(rows.iter().any(|row| row.state == Pending), "{rows:?}");
        let found = desk.app.doctor(false).await.unwrap().findings;
        assert!(found.iter().all(|f| f.kind == "open_run"), "{found:?}");
        // The leases of whoever was cut off run out.
        desk.clock.advance(TimeDelta::minutes(5));
    }
    den.cuts_off(false);
    films.cuts_off(false);
    let report = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&report), [("den", "-", NotNeeded), ("films", "-", NotNeeded)]);
    assert!(report.gone);
    assert_eq!(desk.shelf().await, ["movie Alien (1979) [den/b, films/8]"]);
    desk.is_sound().await;
}

async fn an_object_under_another_id_is_found_first(desk: Desk) {
    let (den, _films) = two(&desk).await;
    den.lists("1", Movies, &format!("{}\n{OTHER}", FILM.replace("movie a", "movie new")));
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let report = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&report), [("den", "files", Done), ("films", "entry", Done)]);
    assert_eq!(den.removed(), vec!["new".into()]);
    assert!(report.gone);
    assert_eq!(desk.shelf().await.len(), 1);
    desk.is_sound().await;
}

async fn an_id_that_names_something_else_is_left_alone(desk: Desk) {
    let (den, _films) = two(&desk).await;
    den.lists("1", Movies, &format!("movie a \"Ran\" 1985 tmdb=11645\n{OTHER}"));
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let report = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&report), [("den", "-", Failed), ("films", "entry", Done)]);
    assert!(report.targets.iter().any(|t| t.reason.as_deref().is_some_and(|r| r.contains("Ran"))));
    assert!(den.removed().is_empty());
}

async fn another_server_removes_nothing(desk: Desk) {
    let (den, _films) = two(&desk).await;
    den.identifies(Ok(server("server-2")));
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let report = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&report), [("den", "-", Failed), ("films", "entry", Done)]);
    assert!(den.removed().is_empty());
}

const DARK: &str = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\nepisode s1 1x01 e1 \"Secrets\"\n\
                    episode s1 1x02 e2 \"Lies\"\nseason s1 2 r2\nepisode s1 2x01 e3 \"Beginnings\"\n";

async fn shows(desk: &Desk) -> (Script, Script) {
    let fargo = "show s2 \"Fargo\" 2014 tvdb=2\nepisode s2 1x01 f1 \"Crocodile\"\n";
    let den = desk.den(Shows, &format!("{DARK}{fargo}")).await;
    den.removes(RemovalEffect::Files);
    let series = desk.source("series", SourceKind::Sonarr).await;
    let named = DARK.replace("s1", "7").replace(" e", " 7/").replace(" r", " 7#");
    series.lists("1", Shows, &named);
    series.removes(RemovalEffect::FilesOnly);
    desk.synced("series").await;
    (den, series)
}

async fn a_show_goes_with_its_tree(desk: Desk) {
    let (den, series) = shows(&desk).await;
    series.removes(RemovalEffect::Files);
    let secrets = desk.id(ItemKind::Episode, "Secrets").await;
    desk.set_by_hand(secrets, "mine").await;
    let dark = desk.id(ItemKind::Show, "Dark").await;
    let report = desk.app.remove_everywhere(dark).await.unwrap();
    assert_eq!(states(&report), [("den", "files", Done), ("series", "files", Done)]);
    assert_eq!((den.removed(), series.removed()), (vec!["s1".into()], vec!["7".into()]));
    assert_eq!(desk.shelf().await.len(), 2);
    desk.is_sound().await;
}

async fn a_season_goes_with_its_episodes(desk: Desk) {
    let (_den, series) = shows(&desk).await;
    let season = desk.id(ItemKind::Season, "Season 1").await;
    let report = desk.app.remove_everywhere(season).await.unwrap();
    assert_eq!(states(&report), [("den", "files", Done), ("series", "files_only", Done)]);
    assert_eq!(series.removed(), vec!["7#1".into()]);
    assert!(!report.gone, "the manager still names it");
    let left: Vec<_> = desk.shelf().await.into_iter().filter(|l| l.contains("S01E")).collect();
    assert!(left.iter().all(|l| !l.contains("den/") || l.contains("Fargo")), "{left:?}");
    desk.is_sound().await;
}

async fn a_file_that_others_need_stays(desk: Desk) {
    let pair = "show s1 \"Dark\" 2017 tvdb=1\nepisode s1 1x01-2 e1 \"Both\" file=/d/both.mkv:7\n\
                episode s1 1x03 e3 \"Alone\"\n";
    let den = desk.den(Shows, pair).await;
    den.removes(RemovalEffect::Files);
    let detail = desk.item(ItemKind::Show, "Dark").await;
    let first = detail.children.iter().find(|c| c.episode_number == Some(1)).unwrap().id;
    let report = desk.app.remove_everywhere(first).await.unwrap();
    assert_eq!(states(&report), [("den", "-", NotSupported)]);
    let reason = report.targets[0].reason.clone().unwrap();
    assert!(reason.contains("S01E02"), "{reason}");
    assert!(den.removed().is_empty());
    assert_eq!(report.status, Some(RunStatus::Failed));
}

async fn what_nothing_lists_just_goes(desk: Desk) {
    let _both = two(&desk).await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    desk.set_by_hand(heat, "mine").await;
    desk.app.remove_source("den").await.unwrap();
    desk.app.remove_source("films").await.unwrap();
    let memory = desk.memory().await;
    let done = desk.app.remove_item(heat).await.unwrap();
    assert_eq!(desk.shelf().await, ["movie Alien (1979) []"]);
    desk.is_sound().await;
    desk.app.revert(done.run.unwrap()).await.unwrap();
    assert_eq!(desk.memory().await, memory);
    let report = desk.app.remove_everywhere(heat).await.unwrap();
    assert!(report.gone && report.targets.is_empty());
}

async fn a_listed_item_is_not_just_removed(desk: Desk) {
    let (_den, films) = two(&desk).await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let refused = desk.app.remove_item(heat).await.unwrap_err();
    assert_eq!(refused.exit_code(), 2);
    assert!(refused.to_string().contains("den, films"), "{refused}");
    films.lists("1", Movies, "movie 8 \"Alien\" 1979 tmdb=348");
    desk.synced("films").await;
    let still = desk.app.remove_item(heat).await.unwrap_err();
    assert!(still.to_string().contains("listed by den,"), "what is missing does not list: {still}");
}

async fn one_removal_at_a_time(desk: Desk) {
    let (den, films) = two(&desk).await;
    films.cuts_off(true);
    den.cuts_off(true);
    let (heat, alien) =
        (desk.id(ItemKind::Movie, "Heat").await, desk.id(ItemKind::Movie, "Alien").await);
    let app = desk.app.clone();
    let work = tokio::spawn(async move { app.remove_everywhere(heat).await });
    let asked = || den.removed().len() + films.removed().len();
    while asked() == 0 {
        tokio::task::yield_now().await;
    }
    let second = desk.app.remove_everywhere(alien).await;
    assert!(matches!(second, Err(AppError::AtWork)), "{second:?}");
    assert!(desk.app.doctor(false).await.unwrap().findings.is_empty(), "somebody is at work");
    work.abort();
    let _ = Arc::new(work.await);
}

async fn a_removal_is_reverted_in_the_catalogue(desk: Desk) {
    let (_den, _films) = two(&desk).await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    desk.set_by_hand(heat, "mine").await;
    let memory = desk.memory().await;
    let report = desk.app.remove_everywhere(heat).await.unwrap();
    let back = desk.app.revert(report.run.unwrap()).await.unwrap();
    assert_eq!(back.status, RunStatus::Succeeded, "{:?}", back.errors);
    assert_eq!(desk.memory().await, memory);
    desk.is_sound().await;
    for name in ["den", "films"] {
        assert_eq!(desk.synced(name).await.counts.removed, 0, "it is kept");
    }
    let again = desk.app.remove_everywhere(heat).await.unwrap();
    assert_eq!(states(&again), [("den", "-", NotNeeded), ("films", "-", NotNeeded)]);
    assert!(again.gone);
}
