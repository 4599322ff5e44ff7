//! Runs and what waits: started, decided, taken back.

use reqwest::StatusCode;
use shelfread_app::access::Role;
use shelfread_domain::ItemKind;
use shelfread_domain::port::LibraryKind;
use shelfread_testkit::until;

use super::{Browser, films};

/// How long a sync of a few films may take.
const SOON: std::time::Duration = std::time::Duration::from_secs(30);

#[tokio::test]
async fn a_sync_is_started_and_told() {
    let browser = Browser::new().await;
    let den = browser.den(LibraryKind::Movies, &films(2)).await;
    den.inner().lists("1", LibraryKind::Movies, &films(4));
    let page = browser.done("/runs", &[("source", "den"), ("dry_run", "1")]).await;
    assert!(page.contains("The dry run begins"), "{page}");
    let newest = async || {
        let page = shelfread_store::Page { offset: 0, limit: 1 };
        browser.desk.app.store().runs(page).await.unwrap().remove(0)
    };
    until(SOON, async || newest().await.finished_at.is_some()).await;
    assert!(browser.page("/library").await.contains("Film 002"));
    assert!(!browser.page("/library").await.contains("Film 003"), "it was dry");
    browser.done("/runs", &[("source", "den")]).await;
    until(SOON, async || newest().await.finished_at.is_some()).await;
    let run = newest().await.run.id;
    let page = browser.page(&format!("/runs/{run}")).await;
    assert!(page.contains("Film 003") && page.contains("den lists it"), "{page}");
    let page = browser.done("/runs", &[("source", "nobody")]).await;
    assert!(page.contains("there is no source"), "{page}");
}

#[tokio::test]
async fn what_is_held_is_decided_in_place() {
    let browser = Browser::new().await;
    let den = browser.den(LibraryKind::Movies, &films(20)).await;
    den.inner().lists("1", LibraryKind::Movies, &films(8));
    let run = browser.sync("den").await.id;
    let page = browser.page("/review").await;
    assert!(page.contains("12 items would go") && page.contains("Film 020"), "{page}");
    assert!(page.contains("<span class=\"count\">1"), "the navigation counts it");
    assert!(browser.page(&format!("/runs/{run}")).await.contains("Remove them"));
    let page = browser.done(&format!("/runs/{run}/approve"), &[]).await;
    assert!(page.contains("12 items removed"), "{page}");
    assert!(browser.page("/review").await.contains("Nothing waits for you"));
    let page = browser.done(&format!("/runs/{run}/approve"), &[]).await;
    assert!(page.contains("waits for a decision"), "{page}");
    den.inner().lists("1", LibraryKind::Movies, "");
    let run = browser.sync("den").await.id;
    let page = browser.done(&format!("/runs/{run}/discard"), &[]).await;
    assert!(page.contains("8 items are kept"), "{page}");
}

#[tokio::test]
async fn a_run_is_taken_back() {
    let browser = Browser::new().await;
    let den = browser.den(LibraryKind::Movies, &films(3)).await;
    den.inner().lists("1", LibraryKind::Movies, &films(2));
    let run = browser.sync("den").await.id;
    let address = format!("/runs/{run}");
    assert!(browser.page(&address).await.contains("Take it back"));
    browser.done(&format!("{address}/revert"), &[]).await;
    browser.id(ItemKind::Movie, "Film 003").await;
    let page = browser.page(&address).await;
    assert!(page.contains("It was taken back") && !page.contains("Take it back"), "{page}");
}

#[tokio::test]
async fn a_listing_finds_its_item() {
    let browser = Browser::new().await;
    let shelf = "movie m1 \"Heat\" 1995 tmdb=949\nmovie m2 \"Ronin\" 1998 imdb=tt0122690\n\
                 movie m3 \"Heat\" 1995 tmdb=949 imdb=tt0122690\n";
    browser.den(LibraryKind::Movies, shelf).await;
    let page = browser.page("/review").await;
    assert!(page.contains("Its ids belong to different items"), "{page}");
    let listing = page.split("action=\"/review/").nth(1).unwrap()[..36].to_owned();
    let heat = browser.id(ItemKind::Movie, "Heat").await.to_string();
    let search = browser.page(&format!("/review/{listing}?q=Ron")).await;
    assert!(search.contains("Ronin") && search.contains("This one"), "{search}");
    let page = browser.done(&format!("/review/{listing}"), &[("to", &heat)]).await;
    assert!(page.contains("Decided") && page.contains("Nothing waits for you"), "{page}");
}

#[tokio::test]
async fn a_reader_looks_and_changes_nothing() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Movies, &films(1)).await;
    let id = browser.id(ItemKind::Movie, "Film 001").await;
    let reader = browser.desk.logged_in("rita", Role::Reader).await;
    let page = browser.desk.page(&format!("/items/{id}"), Some(&reader)).await;
    assert_eq!(page.status, StatusCode::OK);
    let path = format!("/items/{id}/settings");
    let refused = browser.desk.form(&path, Some(&reader), &[("auto_download", "on")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(browser.desk.app.store().item(id).await.unwrap().unwrap().settings.is_none());
}

#[tokio::test]
async fn runs_are_filtered() {
    let browser = Browser::new().await;
    let den = browser.den(LibraryKind::Movies, &films(20)).await;
    den.inner().lists("1", LibraryKind::Movies, &films(8));
    let held = browser.sync("den").await.id;
    let film = browser.id(ItemKind::Movie, "Film 001").await;
    browser.done(&format!("/items/{film}/settings"), &[("auto_download", "on")]).await;
    let runs = async |query: &str| {
        let page = browser.page(&format!("/runs{query}")).await;
        page.matches("<th scope=\"row\"><a href=\"/runs/").count()
    };
    for (query, count) in [
        ("", 3),
        ("?source=den", 2),
        ("?source=a%20person", 1),
        ("?source=nobody", 0),
        ("?status=held", 1),
        ("?status=succeeded&source=den", 1),
        ("?trigger=manual", 3),
        ("?trigger=schedule", 0),
        ("?source=&status=&trigger=", 3),
    ] {
        assert_eq!(runs(query).await, count, "{query}");
    }
    let page = browser.page("/runs?status=held&source=den").await;
    assert!(page.contains(&format!("/runs/{held}")), "{page}");
    assert!(page.contains("<option selected>held</option>"), "it says what was asked for");
    let follows = "hx-get=\"/runs?source=den&#38;status=held\"";
    assert!(page.contains(follows), "what is shown stays as it was asked for: {page}");
    assert!(browser.page("/runs?trigger=hook").await.contains("Nothing fits"));
    for odd in ["?status=tree", "?trigger=tree"] {
        let said = browser.get(&format!("/runs{odd}")).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{odd}");
    }
}
