//! What stays the same when servers change their minds.

use shelfread_domain::port::{LibraryKind, ServerIdentity, Viewer};
use shelfread_domain::{ItemKind, Op, RunStatus, SourceKind};

use crate::desk::{Desk, server};

crate::scenarios!(
    all_episode_ids_change,
    old_and_new_id_coexist_for_one_run,
    a_rebuilt_server_is_the_same_shelf,
    a_rebuilt_server_knows_its_people_by_name,
    numeric_ids_are_given_to_other_films,
    two_servers_with_equal_ids,
    one_film_in_three_places,
    a_film_and_a_series_share_a_number,
    contested_ids_wait_for_a_person,
    one_file_with_three_episodes,
    odd_numbers,
    a_version_goes_and_the_film_stays,
    renumbered_by_the_provider,
    the_same_object_in_two_libraries,
);

const DARK: &str = r#"
    show s1 "Dark" 2017 tvdb=334824
    season s1 1 r1
    episode s1 1x01 e1 "Secrets" file="Season 01/Dark S01E01.mkv":500 played last=2026-01-01
    episode s1 1x02 e2 "Lies" file="Season 01/Dark S01E02.mkv":501 position=120
    episode s1 1x03 e3 "Past and Present" file="Season 01/Dark S01E03.mkv":502
"#;

/// The same shelf after its server gave everything new ids and forgot what was played.
fn rebuilt(text: &str) -> String {
    let text = text.replace(" r1\n", " new-r1\n");
    let renamed = ["s1", "e1", "e2", "e3"]
        .iter()
        .fold(text, |t, id| t.replace(&format!(" {id} "), &format!(" new-{id} ")));
    renamed.replace("played last=2026-01-01", "").replace("position=120", "")
}

async fn all_episode_ids_change(desk: Desk) {
    let den = desk.den(LibraryKind::Shows, DARK).await;
    let secrets = desk.id(ItemKind::Episode, "Secrets").await;
    desk.set_by_hand(secrets, "corrected").await;
    let memory = desk.memory().await;
    let ids = DARK.replace(" e1 ", " x1 ").replace(" e2 ", " x2 ").replace(" e3 ", " x3 ");
    den.lists("1", LibraryKind::Shows, &ids);
    let report = desk.synced("den").await;
    assert_eq!((report.counts.added, report.counts.removed), (0, 0));
    assert_eq!((report.counts.relinked, report.counts.updated), (3, 0));
    assert_eq!(desk.memory().await, memory);
    let changes = desk.app.store().run_changes(report.id, 0, 100).await.unwrap();
    assert_eq!(changes.len(), 3, "one change per listing: {changes:?}");
    assert!(changes.iter().all(|c| c.op == Op::Relink));
    let again = desk.synced("den").await;
    assert_eq!(again.counts.unchanged, again.counts.seen);
}

async fn old_and_new_id_coexist_for_one_run(desk: Desk) {
    let den = desk.den(LibraryKind::Shows, DARK).await;
    let memory = desk.memory().await;
    let both =
        format!("{DARK}\nepisode s1 1x01 x1 \"Secrets\" file=\"Season 01/Dark S01E01.mkv\":500");
    den.lists("1", LibraryKind::Shows, &both);
    assert_eq!(desk.synced("den").await.counts.added, 0);
    assert_eq!(desk.memory().await, memory);
    den.lists("1", LibraryKind::Shows, &DARK.replace(" e1 ", " x1 "));
    let report = desk.synced("den").await;
    assert_eq!((report.counts.added, report.counts.removed), (0, 0));
    assert_eq!(desk.memory().await, memory);
    assert_eq!(desk.item(ItemKind::Episode, "Secrets").await.listings.len(), 1);
}

async fn a_rebuilt_server_is_the_same_shelf(desk: Desk) {
    let den = desk.den(LibraryKind::Shows, DARK).await;
    let secrets = desk.id(ItemKind::Episode, "Secrets").await;
    desk.set_by_hand(secrets, "corrected").await;
    let memory = desk.memory().await;
    den.identifies(Ok(server("server-2")));
    den.lists("1", LibraryKind::Shows, &rebuilt(DARK));
    let report = desk.synced("den").await;
    assert_eq!((report.counts.added, report.counts.removed), (0, 0));
    assert_eq!((report.counts.relinked, report.counts.updated), (5, 0));
    assert_eq!(desk.memory().await, memory);
    let again = desk.synced("den").await;
    assert_eq!(again.counts.unchanged, again.counts.seen, "it is our server now");
}

async fn a_rebuilt_server_knows_its_people_by_name(desk: Desk) {
    let played = |id: &str| format!("movie {id} \"Heat\" 1995 tmdb=949 played plays=2");
    let den = desk.den(LibraryKind::Movies, &played("1")).await;
    let memory = desk.memory().await;
    let people = async || -> Vec<_> {
        let viewers = desk.app.store().viewers().await.unwrap();
        viewers.into_iter().map(|v| (v.name, v.remote_user)).collect()
    };
    let rebuilt = |id: &str| {
        let viewer = Viewer { remote_user: id.to_owned(), name: "anna".to_owned() };
        Ok(ServerIdentity { viewer: Some(viewer), ..server("server-2") })
    };
    // Somebody else's server has an anna too. It is not ours, and takes nobody over.
    den.identifies(rebuilt("stranger"));
    den.lists("1", LibraryKind::Movies, "");
    assert_eq!(desk.sync("den").await.status, RunStatus::Held);
    assert_eq!(people().await, [("anna".to_owned(), "anna-id".to_owned())]);
    den.identifies(rebuilt("anna-2"));
    den.lists("1", LibraryKind::Movies, &played("2"));
    let report = desk.synced("den").await;
    assert_eq!((report.counts.relinked, report.counts.held), (1, 0));
    assert_eq!(people().await, [("anna".to_owned(), "anna-2".to_owned())]);
    let again = desk.synced("den").await;
    assert_eq!(again.counts.unchanged, again.counts.seen);
    assert_eq!(people().await.len(), 1);
    assert_eq!(desk.memory().await, memory);
}

async fn numeric_ids_are_given_to_other_films(desk: Desk) {
    let films = |a, b| {
        format!(
            "movie {a} \"Heat\" 1995 tmdb=949 file=\"Heat/Heat.mkv\":700 played\n\
             movie {b} \"Alien\" 1979 tmdb=348 file=\"Alien/Alien.mkv\":800"
        )
    };
    let den = desk.den(LibraryKind::Movies, &films("1", "2")).await;
    let memory = desk.memory().await;
    den.identifies(Ok(server("server-2")));
    den.lists("1", LibraryKind::Movies, &films("2", "1"));
    let report = desk.synced("den").await;
    assert_eq!((report.counts.added, report.counts.removed), (0, 0));
    assert_eq!(desk.memory().await, memory);
}

async fn two_servers_with_equal_ids(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie 1 \"Heat\" 1995 tmdb=949").await;
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.lists("1", LibraryKind::Movies, "movie 1 \"Alien\" 1979 tmdb=348");
    assert_eq!(desk.synced("attic").await.counts.added, 1);
    assert_eq!(desk.shelf().await, ["movie Alien (1979) [attic/1]", "movie Heat (1995) [den/1]"]);
}

async fn one_film_in_three_places(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie m1 \"Heat\" 1995 tmdb=949 file=\"Heat/Heat.mkv\":700")
        .await;
    let memory = desk.memory().await;
    let disk = desk.source("disk", SourceKind::Folder).await;
    disk.lists(".", LibraryKind::Movies, "movie Heat \"Heat\" file=\"Heat/Heat.mkv\":700");
    let attic = desk.source("attic", SourceKind::Emby).await;
    attic.lists("9", LibraryKind::Movies, "movie 77 \"Heat - Director's\" 1995 tmdb=949");
    assert_eq!(desk.synced("disk").await.counts.added, 0);
    assert_eq!(desk.synced("attic").await.counts.added, 0);
    assert_eq!(desk.memory().await, memory, "the first source wins every field");
    assert_eq!(desk.shelf().await, ["movie Heat (1995) [attic/77, den/m1, disk/Heat]"]);
    for name in ["den", "disk", "attic"] {
        let report = desk.synced(name).await;
        assert_eq!(report.counts.unchanged, report.counts.seen);
    }
    attic.lists("9", LibraryKind::Movies, "movie 78 \"Alien\" 1979 tmdb=348");
    desk.synced("attic").await;
    assert_eq!(
        desk.shelf().await,
        ["movie Alien (1979) [attic/78]", "movie Heat (1995) [den/m1, disk/Heat]"]
    );
}

async fn a_film_and_a_series_share_a_number(desk: Desk) {
    desk.den(LibraryKind::Mixed, "movie m \"Fargo\" 1996 tmdb=123\nshow s \"Fargo\" 1996 tmdb=123")
        .await;
    assert_eq!(desk.shelf().await.len(), 2);
}

async fn contested_ids_wait_for_a_person(desk: Desk) {
    let den = desk
        .den(
            LibraryKind::Movies,
            r#"
            movie a "Alpha" 2001 tmdb=1 imdb=tt0000011
            movie b "Beta" 2002 tmdb=2 imdb=tt0000022
            movie c "Gamma" 2003 tmdb=3 imdb=tt0000011
            "#,
        )
        .await;
    assert_eq!(desk.shelf().await.len(), 3, "an id that two claim merges nothing");
    den.lists(
        "1",
        LibraryKind::Movies,
        r#"
        movie a "Alpha" 2001 tmdb=1 imdb=tt0000011
        movie b "Beta" 2002 tmdb=2 imdb=tt0000022
        movie c "Gamma" 2003 tmdb=3 imdb=tt0000011
        movie x "Which?" 2004 tmdb=1 imdb=tt0000022
        movie d "Delta" 2005 tmdb=5
        "#,
    );
    let report = desk.synced("den").await;
    assert_eq!((report.counts.added, report.counts.conflicts), (1, 1));
    let waiting = desk.app.store().listings_to_review(10).await.unwrap();
    assert!(waiting.iter().any(|l| l.listing.item_id.is_none()));
    let again = desk.synced("den").await;
    assert_eq!((again.counts.conflicts, again.counts.unchanged), (0, 5));
}

async fn one_file_with_three_episodes(desk: Desk) {
    let den = desk
        .den(
            LibraryKind::Shows,
            "show s1 \"Dark\" 2017 tvdb=1\nepisode s1 1x04-06 e4 \"Three\" file=\"a/b.mkv\":9\n\
             episode s1 1x01 e1 \"One\" file=\"a/1.mkv\":8\nepisode s1 1x01 f1 \"One\" file=\"a/1-4k.mkv\":99",
        )
        .await;
    let shelf = desk.shelf().await;
    assert_eq!(shelf.iter().filter(|l| l.starts_with("episode")).count(), 4, "{shelf:?}");
    assert_eq!(desk.item(ItemKind::Episode, "One").await.listings.len(), 2);
    for _ in 0..20 {
        let report = desk.synced("den").await;
        assert_eq!(report.counts.unchanged, report.counts.seen);
    }
    assert_eq!(desk.shelf().await, shelf);
    drop(den);
}

async fn odd_numbers(desk: Desk) {
    let text = r#"
        show s1 "Daily" 2015 tvdb=5
        season s1 0 r0 "Specials"
        episode s1 0x01 sp "A special"
        episode s1 2024-03-12 d1 "By date"
        episode s1 2024-03-13 d2 "By date too"
        episode s1 1x- u1 "Unnumbered"
        episode s1 1x01 n1 "Numbered" abs=1089
        episode s1 1x01 n2 "Numbered again"
    "#;
    desk.den(LibraryKind::Shows, text).await;
    let shelf = desk.shelf().await;
    assert_eq!(shelf.len(), 7, "two listings are one episode: {shelf:?}");
    let again = desk.synced("den").await;
    assert_eq!(again.counts.unchanged, again.counts.seen);
}

async fn a_version_goes_and_the_film_stays(desk: Desk) {
    let hd = "movie hd \"Heat\" 1995 tmdb=949 file=\"Heat/Heat.mkv\":700";
    let both = format!("{hd}\nmovie uhd \"Heat\" 1995 tmdb=949 file=\"Heat/4k.mkv\":7000 played");
    let den = desk.den(LibraryKind::Movies, &both).await;
    let memory = desk.memory().await;
    assert!(memory[0].contains("true"), "it was played: {memory:?}");
    den.lists("1", LibraryKind::Movies, hd);
    let report = desk.synced("den").await;
    assert_eq!((report.counts.removed, report.counts.held), (0, 0));
    assert_eq!(desk.memory().await, memory);
    assert_eq!(desk.shelf().await, ["movie Heat (1995) [den/hd]"]);
    assert_eq!(desk.synced("den").await.counts.unchanged, 1);
}

async fn renumbered_by_the_provider(desk: Desk) {
    let den = desk.den(LibraryKind::Shows, DARK).await;
    let lies = desk.id(ItemKind::Episode, "Lies").await;
    desk.set_by_hand(lies, "mine").await;
    let shifted = DARK.replace("1x03", "1x04").replace("1x02", "1x03").replace("1x01", "1x02")
        + "\nepisode s1 1x01 e0 \"Prologue\" file=\"Season 01/Dark S01E00.mkv\":499";
    den.lists("1", LibraryKind::Shows, &shifted);
    let report = desk.synced("den").await;
    assert_eq!((report.counts.added, report.counts.removed), (1, 0));
    let moved = desk.item(ItemKind::Episode, "Lies").await;
    assert_eq!((moved.item.id, moved.item.episode_number), (lies, Some(3)));
    assert!(moved.settings.is_some() && moved.progress.len() == 1);
}

async fn the_same_object_in_two_libraries(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, "movie m1 \"Heat\" 1995 tmdb=949").await;
    den.lists("2", LibraryKind::Movies, "movie m1 \"Heat\" 1995 tmdb=949");
    assert_eq!(desk.synced("den").await.counts.added, 0);
    assert_eq!(desk.shelf().await, ["movie Heat (1995) [den/m1, den/m1]"]);
}
