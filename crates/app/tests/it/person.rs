//! What a person decides stays: fields, settings, merges, splits, and the places of listings.

use chrono::TimeDelta;
use shelfread_app::person::Correction;
use shelfread_app::{AppError, RunReport, person::SettingsChange};
use shelfread_domain::port::LibraryKind::{Movies, Shows};
use shelfread_domain::{Field, ItemId, ItemKind, ListingId, MatchBasis, RunStatus, SourceKind};
use shelfread_reconcile::correct::Wish;
use uuid::Uuid;

use crate::desk::{Desk, server};

crate::scenarios!(
    corrected_and_cleared_fields_survive,
    a_reset_field_follows_its_sources_again,
    a_correction_is_reverted,
    settings_survive_twenty_syncs,
    a_merge_survives,
    merged_shows_become_one_tree,
    a_merge_is_reverted,
    a_split_survives,
    a_split_show_takes_its_episodes,
    a_split_is_reverted,
    a_quarantined_listing_is_decided,
    a_quarantined_listing_becomes_an_item,
    a_claim_is_confirmed,
    bad_input_changes_nothing,
);

const NOBODY: ItemId = ItemId(Uuid::nil());

fn value(text: &str) -> Wish {
    Wish::Value(text.to_owned())
}

/// A sync that writes nothing but its own record.
async fn quiet(desk: &Desk, source: &str) -> RunReport {
    let report = desk.synced(source).await;
    let c = report.counts;
    assert_eq!((c.added, c.updated, c.removed, c.relinked, c.conflicts), (0, 0, 0, 0, 0), "{c:?}");
    let journal = desk.app.store().run_changes(report.id, 0, 100).await.unwrap();
    assert!(journal.is_empty(), "{journal:#?}");
    report
}

/// The correction wrote something, and the catalogue is sound.
async fn done(desk: &Desk, correction: Result<Correction, AppError>) -> Correction {
    let correction = correction.unwrap();
    let run = desk.app.store().run(correction.run.expect("a run")).await.unwrap().unwrap();
    assert_eq!((run.status, run.run.source_name.as_str()), (RunStatus::Succeeded, "a person"));
    desk.is_sound().await;
    correction
}

async fn set(desk: &Desk, item: ItemId, wishes: &[(Field, Wish)]) -> Correction {
    done(desk, desk.app.correct_fields(item, wishes).await).await
}

async fn merge(desk: &Desk, kind: ItemKind, keep: &str, gone: &str) -> Correction {
    let (keep, gone) = (desk.id(kind, keep).await, desk.id(kind, gone).await);
    done(desk, desk.app.merge_items(keep, gone).await).await
}

/// The listing of an item by its remote id.
async fn listing(desk: &Desk, item: ItemId, remote_id: &str) -> ListingId {
    let detail = desk.app.store().item(item).await.unwrap().unwrap();
    let found = detail.listings.iter().find(|l| l.listing.remote_id.as_str() == remote_id);
    found.unwrap_or_else(|| panic!("no listing {remote_id}")).listing.id
}

async fn corrected_and_cleared_fields_survive(desk: Desk) {
    let film = "movie a \"Alpha\" 2001 tmdb=1 overview=wrong";
    let den = desk.den(Movies, film).await;
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.identifies(Ok(server("attic-1")));
    attic.lists("1", Movies, "movie x \"Alfa\" 2002 tmdb=1 overview=\"also wrong\"");
    desk.synced("attic").await;
    let id = desk.id(ItemKind::Movie, "Alpha").await;
    let wishes = [(Field::Title, value("The Alpha")), (Field::Overview, Wish::Nothing)];
    set(&desk, id, &wishes).await;
    assert!(desk.app.correct_fields(id, &wishes).await.unwrap().run.is_none(), "nothing to do");
    let memory = desk.memory().await;
    for round in 0..3 {
        quiet(&desk, "den").await;
        quiet(&desk, "attic").await;
        den.lists("1", Movies, &format!("movie a \"Alpha {round}\" 2001 tmdb=1 overview=w{round}"));
        desk.synced("den").await;
        assert_eq!(desk.memory().await, memory);
    }
    let detail = desk.app.store().item(id).await.unwrap().unwrap();
    let fields = &detail.item.fields;
    assert_eq!(fields.title.as_deref(), Some("The Alpha"));
    assert_eq!(fields.sort_title.as_deref(), Some("alpha"), "sorted by what a person calls it");
    assert_eq!(fields.overview, None);
    let view = shelfread_app::items::detail_view(&detail);
    for field in ["title", "overview"] {
        assert_eq!(view.fields[field].origin.as_deref(), Some("a person"));
        assert!(view.fields[field].since.as_deref().unwrap().starts_with("2026-"), "{view:?}");
    }
    assert_eq!(view.fields["year"].origin.as_deref(), Some("den"));
}

async fn a_reset_field_follows_its_sources_again(desk: Desk) {
    desk.den(Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let id = desk.id(ItemKind::Movie, "Alpha").await;
    let wishes = [
        (Field::Title, value("Mine")),
        (Field::Overview, value("mine")),
        (Field::Year, Wish::Nothing),
    ];
    let before = desk.app.store().item(id).await.unwrap().unwrap();
    set(&desk, id, &wishes).await;
    let reset = wishes.map(|(field, _)| (field, Wish::Sources));
    set(&desk, id, &reset).await;
    let after = desk.app.store().item(id).await.unwrap().unwrap();
    assert_eq!((&after.item, after.overrides.len()), (&before.item, 0));
    assert!(desk.app.correct_fields(id, &reset).await.unwrap().run.is_none());
    quiet(&desk, "den").await;
}

async fn a_correction_is_reverted(desk: Desk) {
    desk.den(Movies, "movie a \"Alpha\" 2001 tmdb=1 overview=o").await;
    let id = desk.id(ItemKind::Movie, "Alpha").await;
    let before = desk.memory().await;
    let run = set(&desk, id, &[(Field::Title, value("B")), (Field::Overview, Wish::Nothing)]).await;
    let change = SettingsChange { auto_download: Some(true), status: None };
    let on = done(&desk, desk.app.change_settings(id, &change).await).await;
    for run in [on.run, run.run] {
        let report = desk.app.revert(run.unwrap()).await.unwrap();
        assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.errors);
    }
    assert_eq!(desk.memory().await, before);
    desk.is_sound().await;
    quiet(&desk, "den").await;
}

async fn settings_survive_twenty_syncs(desk: Desk) {
    let den = desk.den(Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let id = desk.id(ItemKind::Movie, "Alpha").await;
    let change = SettingsChange { auto_download: Some(true), status: Some("waiting".to_owned()) };
    done(&desk, desk.app.change_settings(id, &change).await).await;
    assert!(desk.app.change_settings(id, &change).await.unwrap().run.is_none());
    for round in 0..20 {
        let film = format!("movie r{round} \"Alpha {round}\" 2001 tmdb=1 overview=o{round}");
        den.lists("1", Movies, &film);
        den.identifies(Ok(server(&format!("server-{}", round / 5))));
        desk.synced("den").await;
    }
    let detail = desk.app.store().item(id).await.unwrap().unwrap();
    let settings = detail.settings.unwrap();
    assert_eq!((settings.auto_download, settings.status.as_deref()), (true, Some("waiting")));
    let off = SettingsChange { auto_download: Some(false), status: Some(String::new()) };
    done(&desk, desk.app.change_settings(id, &off).await).await;
    let settings = desk.app.store().item(id).await.unwrap().unwrap().settings.unwrap();
    assert_eq!((settings.auto_download, settings.status), (false, None));
}

const TWO_FILMS: &str = "movie a \"Alpha\" 2001 tmdb=1 file=A/a.mkv:1 played last=2025-01-01\n\
     movie b \"Alpha (Director's Cut)\" 2001 tmdb=2 file=B/b.mkv:2 position=60 last=2025-02-01";

async fn a_merge_survives(desk: Desk) {
    let den = desk.den(Movies, TWO_FILMS).await;
    let gone = desk.id(ItemKind::Movie, "Alpha (Director's Cut)").await;
    let change = SettingsChange { auto_download: Some(true), status: None };
    done(&desk, desk.app.change_settings(gone, &change).await).await;
    merge(&desk, ItemKind::Movie, "Alpha", "Alpha (Director's Cut)").await;
    let detail = desk.item(ItemKind::Movie, "Alpha").await;
    assert_eq!((detail.listings.len(), detail.external_ids.len()), (2, 2));
    assert!(detail.settings.unwrap().auto_download);
    assert_eq!(detail.progress[0].state.position_seconds, 60, "the newest");
    assert!(detail.listings.iter().all(|l| l.listing.match_basis == MatchBasis::Person));
    assert_eq!(desk.shelf().await, ["movie Alpha (2001) [den/a, den/b]"]);
    quiet(&desk, "den").await;
    den.identifies(Ok(server("server-2")));
    den.lists(
        "1",
        Movies,
        &TWO_FILMS.replace("movie a", "movie n1").replace("movie b", "movie n2"),
    );
    let rebuilt = desk.synced("den").await.counts;
    assert_eq!((rebuilt.added, rebuilt.removed), (0, 0));
    assert_eq!(desk.shelf().await, ["movie Alpha (2001) [den/n1, den/n2]"]);
    quiet(&desk, "den").await;
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.identifies(Ok(server("attic-1")));
    attic.lists("1", Movies, "movie x \"Cut\" 2001 tmdb=2\nmovie y \"Alpha\" 2001 tmdb=1");
    assert_eq!(desk.synced("attic").await.counts.added, 0, "both ids are of the one item");
    quiet(&desk, "attic").await;
    quiet(&desk, "den").await;
}

const TWO_SHOWS: &str = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\n\
     episode s1 1x01 e1 \"Secrets\" file=d/1.mkv:1\nepisode s1 1x02 e2 \"Lies\" file=d/2.mkv:2\n\
     show s2 \"Dark (DE)\" 2017 tmdb=7\nseason s2 1 r2\n\
     episode s2 1x02 f2 \"Luegen\" file=e/2.mkv:3 played\nepisode s2 1x03 f3 \"Gestern\" file=e/3.mkv:4";

async fn merged_shows_become_one_tree(desk: Desk) {
    let den = desk.den(Shows, TWO_SHOWS).await;
    merge(&desk, ItemKind::Show, "Dark", "Dark (DE)").await;
    let one = [
        "episode Dark: S01E01 Secrets [den/e1]",
        "episode Dark: S01E02 Lies [den/e2, den/f2]",
        "episode Dark: S01E03 Gestern [den/f3]",
        "season Dark: Season 1 [den/r1, den/r2]",
        "show Dark (2017) [den/s1, den/s2]",
    ];
    assert_eq!(desk.shelf().await, one);
    assert!(desk.item(ItemKind::Episode, "Lies").await.progress[0].state.played);
    quiet(&desk, "den").await;
    let memory = desk.memory().await;
    den.identifies(Ok(server("server-2")));
    let renamed: String = TWO_SHOWS
        .split_inclusive(' ')
        .map(|word| match word.trim() {
            w @ ("s1" | "s2" | "r1" | "r2" | "e1" | "e2" | "f2" | "f3") => format!("n{w} "),
            _ => word.to_owned(),
        })
        .collect();
    den.lists("1", Shows, &renamed.replace("r1\n", "nr1\n").replace("r2\n", "nr2\n"));
    let rebuilt = desk.synced("den").await.counts;
    assert_eq!((rebuilt.added, rebuilt.removed), (0, 0), "{:#?}", desk.shelf().await);
    assert_eq!(desk.memory().await, memory);
    quiet(&desk, "den").await;
}

async fn a_merge_is_reverted(desk: Desk) {
    desk.den(Shows, TWO_SHOWS).await;
    let before = (desk.shelf().await, desk.memory().await);
    let run = merge(&desk, ItemKind::Show, "Dark", "Dark (DE)").await.run.unwrap();
    let report = desk.app.revert(run).await.unwrap();
    assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.errors);
    assert_eq!((desk.shelf().await, desk.memory().await), before);
    assert_eq!(desk.item(ItemKind::Show, "Dark (DE)").await.external_ids.len(), 1);
    desk.is_sound().await;
    let again = desk.synced("den").await.counts;
    assert_eq!((again.added, again.removed), (0, 0));
    assert_eq!(desk.shelf().await, before.0);
}

/// Two films that a wrong id made one.
const ONE_FILM: &str = "movie a \"Alpha\" 2001 tmdb=1 file=A/a.mkv:1\n\
     movie b \"Beta\" 1999 tmdb=1 file=B/b.mkv:2 played last=2025-01-01";

async fn a_split_survives(desk: Desk) {
    let den = desk.den(Movies, ONE_FILM).await;
    let item = desk.id(ItemKind::Movie, "Alpha").await;
    let b = listing(&desk, item, "b").await;
    let split = done(&desk, desk.app.split_item(item, b).await).await;
    let apart = ["movie Alpha (2001) [den/a]", "movie Beta (1999) [den/b]"];
    assert_eq!(desk.shelf().await, apart);
    let beta = desk.item(ItemKind::Movie, "Beta").await;
    assert_eq!((Some(beta.item.id), beta.external_ids.len()), (split.item, 0));
    assert!(beta.progress[0].state.played, "play state goes with the listing");
    quiet(&desk, "den").await;
    den.lists("1", Movies, &ONE_FILM.replace("\"Beta\"", "\"Beta!\""));
    desk.synced("den").await;
    den.identifies(Ok(server("server-2")));
    den.lists("1", Movies, &ONE_FILM.replace("movie a", "movie n1").replace("movie b", "movie n2"));
    let rebuilt = desk.synced("den").await.counts;
    assert_eq!((rebuilt.added, rebuilt.removed), (0, 0));
    assert_eq!(desk.shelf().await, ["movie Alpha (2001) [den/n1]", "movie Beta (1999) [den/n2]"]);
    quiet(&desk, "den").await;
    let only = listing(&desk, beta.item.id, "n2").await;
    let refused = desk.app.split_item(beta.item.id, only).await;
    assert!(matches!(&refused, Err(AppError::Usage(_))), "{refused:?}");
}

/// Two shows that a wrong id made one.
const ONE_SHOW: &str = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\n\
     episode s1 1x01 e1 \"Secrets\" file=d/1.mkv:1\nepisode s1 1x02 e2 \"Lies\" file=d/2.mkv:2\n\
     show s2 \"Light\" 2018 tvdb=1\nseason s2 1 r2\n\
     episode s2 1x02 f2 \"Shine\" file=e/2.mkv:3\nepisode s2 1x03 f3 \"Glow\" file=e/3.mkv:4 played";

async fn a_split_show_takes_its_episodes(desk: Desk) {
    desk.den(Shows, ONE_SHOW).await;
    let show = desk.id(ItemKind::Show, "Dark").await;
    let glow = desk.id(ItemKind::Episode, "Glow").await;
    let s2 = listing(&desk, show, "s2").await;
    done(&desk, desk.app.split_item(show, s2).await).await;
    let apart = [
        "episode Dark: S01E01 Secrets [den/e1]",
        "episode Dark: S01E02 Lies [den/e2]",
        "episode Light: S01E02 Shine [den/f2]",
        "episode Light: S01E03 Glow [den/f3]",
        "season Dark: Season 1 [den/r1]",
        "season Light: Season 1 [den/r2]",
        "show Dark (2017) [den/s1]",
        "show Light (2018) [den/s2]",
    ];
    assert_eq!(desk.shelf().await, apart);
    assert_eq!(desk.id(ItemKind::Episode, "Glow").await, glow, "it moved with all it has");
    quiet(&desk, "den").await;
}

async fn a_split_is_reverted(desk: Desk) {
    desk.den(Shows, ONE_SHOW).await;
    let before = desk.shelf().await;
    let show = desk.id(ItemKind::Show, "Dark").await;
    let s2 = listing(&desk, show, "s2").await;
    let run = done(&desk, desk.app.split_item(show, s2).await).await.run.unwrap();
    let report = desk.app.revert(run).await.unwrap();
    assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.errors);
    assert_eq!(desk.shelf().await, before);
    desk.is_sound().await;
    quiet(&desk, "den").await;
}

/// A desk where the attic's film has the ids of two films of the den.
async fn quarantined(desk: &Desk) -> ListingId {
    desk.den(Movies, "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 imdb=tt0000002").await;
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.identifies(Ok(server("attic-1")));
    attic.lists("1", Movies, "movie x \"Alpha Beta\" 2001 tmdb=1 imdb=tt0000002 played");
    let report = desk.synced("attic").await;
    assert_eq!(report.counts.conflicts, 1);
    let waiting = desk.app.reviews(100).await.unwrap();
    assert_eq!(waiting.len(), 1);
    let review = &waiting[0];
    assert_eq!((review.source.as_str(), review.reason.as_str()), ("attic", "conflicting_ids"));
    let mut labels: Vec<_> = review.candidates.iter().flat_map(|c| c.label.clone()).collect();
    labels.sort();
    assert_eq!(labels, ["Alpha (2001)", "Beta (2002)"]);
    review.listing
}

async fn a_quarantined_listing_is_decided(desk: Desk) {
    let waiting = quarantined(&desk).await;
    let (before, memory) = (desk.shelf().await, desk.memory().await);
    let alpha = desk.id(ItemKind::Movie, "Alpha").await;
    let run = done(&desk, desk.app.place_listing(waiting, Some(alpha)).await).await.run.unwrap();
    assert!(desk.app.reviews(100).await.unwrap().is_empty());
    let placed = ["movie Alpha (2001) [attic/x, den/a]", "movie Beta (2002) [den/b]"];
    assert_eq!(desk.shelf().await, placed);
    let progress = desk.item(ItemKind::Movie, "Alpha").await.progress;
    assert!(progress.iter().any(|p| p.state.played));
    for source in ["attic", "den", "attic"] {
        quiet(&desk, source).await;
    }
    assert_eq!(desk.shelf().await, placed);
    let report = desk.app.revert(run).await.unwrap();
    assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.errors);
    assert_eq!((desk.shelf().await, desk.memory().await), (before, memory));
    assert_eq!(desk.app.reviews(100).await.unwrap().len(), 1, "it waits again");
}

async fn a_quarantined_listing_becomes_an_item(desk: Desk) {
    let waiting = quarantined(&desk).await;
    done(&desk, desk.app.place_listing(waiting, None).await).await;
    let three = [
        "movie Alpha (2001) [den/a]",
        "movie Alpha Beta (2001) [attic/x]",
        "movie Beta (2002) [den/b]",
    ];
    assert_eq!(desk.shelf().await, three);
    for source in ["attic", "den", "attic"] {
        quiet(&desk, source).await;
    }
    desk.clock.advance(TimeDelta::days(1));
    assert_eq!(desk.shelf().await, three);
}

async fn a_claim_is_confirmed(desk: Desk) {
    let den = desk.den(Movies, "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 tmdb=2").await;
    den.lists(
        "1",
        Movies,
        "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 tmdb=2 imdb=tt0000005",
    );
    desk.synced("den").await;
    den.lists(
        "1",
        Movies,
        "movie a \"Alpha\" 2001 tmdb=1 imdb=tt0000005\nmovie b \"Beta\" 2002 tmdb=2 imdb=tt0000005",
    );
    desk.synced("den").await;
    let waiting = desk.app.reviews(100).await.unwrap();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(waiting[0].claims, ["imdb tt0000005"]);
    assert_eq!(waiting[0].item.as_ref().unwrap().label.as_deref(), Some("Alpha (2001)"));
    let shelf = desk.shelf().await;
    done(&desk, desk.app.place_listing(waiting[0].listing, None).await).await;
    assert!(desk.app.reviews(100).await.unwrap().is_empty());
    assert_eq!(desk.shelf().await, shelf);
    quiet(&desk, "den").await;
    assert!(desk.app.reviews(100).await.unwrap().is_empty());
}

async fn bad_input_changes_nothing(desk: Desk) {
    desk.den(Movies, TWO_FILMS).await;
    let tv = desk.source("tv", SourceKind::Plex).await;
    tv.identifies(Ok(server("tv-1")));
    tv.lists("1", Shows, TWO_SHOWS);
    desk.synced("tv").await;
    let before = (desk.shelf().await, desk.memory().await);
    let film = desk.id(ItemKind::Movie, "Alpha").await;
    let show = desk.id(ItemKind::Show, "Dark").await;
    let of_film = listing(&desk, film, "a").await;
    let nothing = ListingId(Uuid::nil());
    let app = &desk.app;
    let refusals = [
        app.correct_fields(NOBODY, &[(Field::Title, value("x"))]).await,
        app.correct_fields(film, &[(Field::Year, value("soon"))]).await,
        app.correct_fields(film, &[(Field::Title, Wish::Nothing)]).await,
        app.change_settings(film, &SettingsChange::default()).await,
        app.change_settings(NOBODY, &SettingsChange { auto_download: Some(true), status: None })
            .await,
        app.merge_items(film, film).await,
        app.merge_items(film, show).await,
        app.merge_items(film, NOBODY).await,
        app.split_item(film, nothing).await,
        app.split_item(film, of_film).await,
        app.split_item(show, of_film).await,
        app.split_item(NOBODY, of_film).await,
        app.place_listing(nothing, None).await,
        app.place_listing(of_film, Some(show)).await,
        app.place_listing(of_film, Some(NOBODY)).await,
    ];
    for (at, refusal) in refusals.into_iter().enumerate() {
        let error = refusal.expect_err(&format!("refusal {at}"));
        assert_eq!(error.exit_code(), 2, "{at}: {error}");
    }
    assert_eq!((desk.shelf().await, desk.memory().await), before);
    let runs = app.store().runs(shelfread_store::Page { offset: 0, limit: 100 }).await.unwrap();
    assert!(runs.iter().all(|r| r.run.source_name != "a person"), "nothing was done");
    desk.is_sound().await;
}
