//! Pages that only show: all of them answer, hostile titles are text, filters and paging.

use reqwest::{Method, StatusCode};
use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_domain::{ItemKind, SourceKind};

use super::{Browser, DARK, films};
use crate::desk::said;

const PAGES: [&str; 14] = [
    "/",
    "/library",
    "/library?view=table",
    "/review",
    "/runs",
    "/downloads",
    "/events",
    "/sources",
    "/sources/den",
    "/add/source",
    "/add/client",
    "/settings",
    "/settings/doctor",
    "/library?kind=any&sort=added",
];

/// What a strict policy of contents forbids.
fn is_plain(page: &str) -> bool {
    let scripts = page.matches("<script").count() == page.matches("<script src=").count();
    let inline = [" style=", "<style", " onclick=", " onerror=", "javascript:", "hx-on"];
    scripts && !inline.iter().any(|what| page.contains(what))
}

#[tokio::test]
async fn every_page_answers_with_and_without_a_catalogue() {
    let browser = Browser::new().await;
    for path in PAGES.iter().filter(|path| **path != "/sources/den") {
        let page = browser.page(path).await;
        assert!(page.contains("<h1") && is_plain(&page), "{path}: {page}");
    }
    assert!(browser.page("/").await.contains("Add a source"), "it says what to do first");
    browser.den(LibraryKind::Mixed, &(DARK.to_owned() + &films(3))).await;
    for path in PAGES {
        let page = browser.page(path).await;
        assert!(page.contains("<h1") && is_plain(&page), "{path}: {page}");
        assert!(page.contains("aria-current=\"page\"") || path.starts_with("/add"), "{path}");
    }
    assert!(browser.page("/").await.contains("Nothing needs you"));
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let browser = Browser::new().await;
    for (path, status) in [
        ("/items/nothing", StatusCode::NOT_FOUND),
        ("/items/00000000-0000-7000-8000-000000000000", StatusCode::NOT_FOUND),
        ("/runs/nothing", StatusCode::NOT_FOUND),
        ("/sources/nobody", StatusCode::NOT_FOUND),
        ("/clients/nobody", StatusCode::NOT_FOUND),
        ("/library?kind=tree", StatusCode::UNPROCESSABLE_ENTITY),
        ("/library?status=tree", StatusCode::UNPROCESSABLE_ENTITY),
        ("/library?sort=tree", StatusCode::UNPROCESSABLE_ENTITY),
        ("/library?source=tree", StatusCode::NOT_FOUND),
        ("/library?after=tree", StatusCode::UNPROCESSABLE_ENTITY),
        ("/downloads?after=tree", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let said = browser.get(path).await;
        assert_eq!(said.status, status, "{path}");
        assert!(said.text.contains("<h1"), "{path}: a page, not a line");
    }
}

#[tokio::test]
async fn hostile_titles_are_text() {
    let browser = Browser::new().await;
    let title = "<script>alert(1)</script><img src=x onerror=alert(2)>'&amp;";
    let rtl = "\u{202e}evil \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{1f3ac}";
    let long = "x".repeat(1 << 20);
    let shelf = format!(
        "movie m1 \"{title}\" 2000 tmdb=1\nmovie m2 \"{rtl}\" 2001 tmdb=2\nmovie m3 \"{long}\" 2002 tmdb=3\n"
    );
    browser.den(LibraryKind::Movies, &shelf).await;
    let id = browser.id(ItemKind::Movie, title).await;
    let mut paths = vec!["/library".to_owned(), "/library?view=table".to_owned()];
    for page in ["", "/edit", "/merge", "/remove"] {
        paths.push(format!("/items/{id}{page}"));
    }
    let run = browser.desk.app.store().runs(shelfread_store::Page { offset: 0, limit: 1 }).await;
    paths.push(format!("/runs/{}", run.unwrap()[0].run.id));
    for path in paths {
        let page = browser.page(&path).await;
        assert!(!page.contains("<script>") && !page.contains("<img src=x"), "{path}");
        assert!(page.contains("<bdi>&#60;script&#62;alert(1)"), "{path}: {page}");
        assert!(page.len() < 200_000, "{path}: {} bytes", page.len());
    }
    let grid = browser.page("/library").await;
    assert!(grid.contains(&format!("<bdi>{rtl}</bdi>")), "isolated as it is");
}

#[tokio::test]
async fn the_library_is_filtered() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Mixed, &(DARK.to_owned() + &films(2))).await;
    browser.desk.source("attic", SourceKind::Plex).await;
    for (query, there, absent) in [
        ("", &["Film 001", "Dark"][..], &["Secrets"][..]),
        ("?kind=movie", &["Film 002"], &["Dark"]),
        ("?kind=episode", &["Secrets", "S01E01"], &["Film 001"]),
        ("?kind=any", &["Secrets", "Film 001"], &[]),
        ("?q=film+002", &["Film 002"], &["Film 001"]),
        ("?q=%3Cb%3E", &["Nothing fits"], &["Film 001", "<b>"]),
        ("?status=available", &["Film 001"], &[]),
        ("?status=wanted", &["Nothing fits"], &["Film 001"]),
        ("?missing_on=attic", &["Film 001"], &[]),
        ("?missing_on=den", &["Nothing fits"], &[]),
        ("?source=den&view=table", &["Film 001", "<table>"], &[]),
        ("?sort=year", &["Dark", "Film 001"], &["Secrets"]),
    ] {
        let page = browser.page(&format!("/library{query}")).await;
        for text in there {
            assert!(page.contains(text), "{query}: no {text}\n{page}");
        }
        for text in absent {
            assert!(!page.contains(text), "{query}: {text}\n{page}");
        }
    }
}

#[tokio::test]
async fn what_a_source_no_longer_lists_is_marked() {
    let browser = Browser::new().await;
    let both = "movie m1 \"Heat\" 1995 tmdb=949\nmovie m2 \"Ran\" 1985 tmdb=11645\n";
    browser.den(LibraryKind::Movies, both).await;
    let ring = browser.desk.source("ring", SourceKind::Radarr).await;
    for (shelf, marks) in [(both, 0), ("movie m2 \"Ran\" 1985 tmdb=11645\n", 1)] {
        ring.inner().lists("1", LibraryKind::Movies, shelf);
        browser.sync("ring").await;
        let table = browser.page("/library?view=table").await;
        assert_eq!(table.matches("missing</span></span>").count(), marks, "{table}");
        let grid = browser.page("/library").await;
        assert_eq!(grid.matches("missing</span> on <bdi>ring</bdi>").count(), marks, "{grid}");
    }
    let page = browser.desk.get("/api/v1/items?query=heat").await.json();
    let since = |n: usize| page["items"][0]["listings"][n]["missing_since"].is_string();
    assert_eq!((since(0), since(1)), (false, true), "{page}");
}

#[tokio::test]
async fn events_are_filtered() {
    let browser = Browser::new().await;
    let den = browser.den(LibraryKind::Movies, &films(20)).await;
    den.inner().lists("1", LibraryKind::Movies, &films(19));
    browser.sync("den").await;
    let events = async |query: &str| {
        let page = browser.page(&format!("/events{query}")).await;
        page.split("<ul class=\"times\">").nth(1).map_or(0, |list| list.matches("<li ").count())
    };
    for (query, count) in [
        ("", 3),
        ("?kind=run", 2),
        ("?kind=item", 1),
        ("?kind=download", 0),
        ("?source=den", 3),
        ("?source=attic", 0),
        ("?client=box", 0),
        ("?kind=item&source=den&client=", 1),
        ("?before=2", 1),
    ] {
        assert_eq!(events(query).await, count, "{query}");
    }
}

#[tokio::test]
async fn every_item_is_on_exactly_one_page() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Movies, &films(130)).await;
    let (mut path, mut seen) = ("/library?sort=title".to_owned(), Vec::new());
    loop {
        let page = browser.page(&path).await;
        seen.extend(page.split("data-item=\"").skip(1).map(|rest| rest[..36].to_owned()));
        let next = page
            .split("<a class=\"button\" href=\"")
            .find(|rest| rest.contains("hx-swap=\"beforeend\""));
        let Some(next) = next.and_then(|rest| rest.split('"').next()) else { break };
        path = next.replace("&#38;", "&");
    }
    assert_eq!(seen.len(), 130);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 130);
}

#[tokio::test]
async fn an_item_says_who_says_what() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Shows, DARK).await;
    let show = browser.id(ItemKind::Show, "Dark").await;
    let page = browser.page(&format!("/items/{show}")).await;
    for text in ["What each source says", "from <bdi>den</bdi>", "tvdb 1", "Secrets", "Specials"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Making of"), "specials are another season");
    let specials = browser.page(&format!("/items/{show}?season=0")).await;
    assert!(specials.contains("Making of") && !specials.contains("Lies"));
    let episode = browser.id(ItemKind::Episode, "Lies").await;
    let page = browser.page(&format!("/items/{episode}")).await;
    assert!(page.contains("season 1, episode 2") && page.contains("Dark/2.mkv"), "{page}");
}

#[tokio::test]
async fn the_overview_says_what_needs_a_person() {
    let browser = Browser::new().await;
    let den = browser.den(LibraryKind::Movies, &films(20)).await;
    den.inner().lists("1", LibraryKind::Movies, &films(2));
    browser.sync("den").await;
    let page = browser.page("/").await;
    assert!(page.contains("<b>18 items</b>") && page.contains("/review"), "{page}");
    let error = SourceError::new("asking who is there", Problem::Unauthorized);
    den.inner().identifies(Err(error));
    browser.sync("den").await;
    let page = browser.page("/").await;
    assert!(page.contains("cannot be read") && page.contains("asking who is there"), "{page}");
    assert!(browser.page("/events").await.contains("Stopped answering"));
}

#[tokio::test]
async fn files_may_be_kept_as_long_as_they_are_the_same() {
    let browser = Browser::new().await;
    let page = browser.page("/").await;
    for name in ["style.css", "shelfread.js", "htmx.min.js"] {
        let start = page.find(&format!("/assets/{name}?")).unwrap();
        let address = page[start..].split('"').next().unwrap();
        let file = said(browser.desk.ask(Method::GET, address)).await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.header("cache-control").contains("immutable"), "{address}");
        let stale = said(browser.desk.ask(Method::GET, &format!("/assets/{name}?old"))).await;
        assert_eq!(stale.header("cache-control"), "no-cache");
        let request = browser.desk.ask(Method::GET, address);
        let again = said(request.header("if-none-match", file.header("etag"))).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    }
    let none = said(browser.desk.ask(Method::GET, "/assets/..%2fCargo.toml")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}
