//! Sources, download clients and settings: added, changed, tested, forgotten. Secrets go in and
//! never come out.

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use shelfread_app::access::Role;
use shelfread_domain::SourceKind;
use shelfread_domain::port::{LibraryKind, Problem, SourceError};

use super::{Browser, films};

const SECRET: &str = "very-secret-token";

#[tokio::test]
async fn a_source_is_added_and_says_what_it_has() {
    let browser = Browser::new().await;
    let den = browser.desk.script("den", SourceKind::Jellyfin);
    den.inner().lists("1", LibraryKind::Movies, &films(1));
    let fields = [("name", "den"), ("kind", "jellyfin"), ("url", "http://h:1"), ("token", SECRET)];
    let page = browser.done("/add/source", &fields).await;
    assert!(page.contains("It answers: scripted") && page.contains("library 1"), "{page}");
    assert!(!page.contains(SECRET));
    let row = browser.desk.app.store().source_by_name("den").await.unwrap().unwrap();
    assert_eq!(row.secret.unwrap().expose_secret(), SECRET);
    let again = browser.post("/add/source", &fields).await;
    assert!(again.text.contains("already") && again.text.contains("role=\"alert\""));
    assert!(!again.text.contains(SECRET), "not even in the form");
}

#[tokio::test]
async fn a_test_explains_what_is_wrong_and_saves_nothing() {
    let browser = Browser::new().await;
    let den = browser.desk.script("den", SourceKind::Jellyfin);
    den.inner().identifies(Err(SourceError::new("asking who is there", Problem::Unauthorized)));
    let fields = [("name", "den"), ("kind", "jellyfin"), ("url", "http://h:1"), ("token", SECRET)];
    let page = browser.done("/add/source/test", &fields).await;
    assert!(page.contains("make a new token"), "{page}");
    assert!(browser.desk.app.store().sources().await.unwrap().is_empty());
    let page = browser.done("/add/source", &fields).await;
    assert!(page.contains("It is added, but cannot be read"), "{page}");
}

#[tokio::test]
async fn a_source_is_changed_paused_and_forgotten() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Movies, &films(2)).await;
    let fields = [
        ("url", "http://h:2"),
        ("on_missing", "grace:30d"),
        ("max_removals", "7"),
        ("priority", "3"),
    ];
    let page = browser.done("/sources/den", &fields).await;
    assert!(page.contains("It is saved"), "{page}");
    let row = async || browser.desk.app.store().source_by_name("den").await.unwrap().unwrap();
    let saved = row().await;
    assert_eq!((saved.url.as_str(), saved.priority), ("http://h:2", 3));
    assert_eq!(
        (saved.on_missing.to_string(), saved.max_removals.to_string()),
        ("grace:30d".into(), "7".into())
    );
    let wrong =
        browser.post("/sources/den", &[("url", "http://h:2"), ("max_removals", "many")]).await;
    assert!(wrong.text.contains("role=\"alert\"") && wrong.text.contains("value=\"many\""));
    let page = browser.done("/sources/den/switch", &[]).await;
    assert!(page.contains("paused") && !row().await.enabled, "{page}");
    browser.done("/sources/den/switch", &[]).await;
    assert!(row().await.enabled);
    let page = browser.page("/sources/den/remove").await;
    assert!(page.contains("2 listings are forgotten"), "{page}");
    let page = browser.done("/sources/den/remove", &[]).await;
    assert!(page.contains("It is forgotten") && page.contains("No source yet"), "{page}");
}

#[tokio::test]
async fn a_name_may_hold_anything_but_a_slash() {
    let browser = Browser::new().await;
    let name = "d\u{e9}n & \"sons\" <b>?#%";
    browser.desk.source(name, SourceKind::Jellyfin).await;
    let page = browser.page("/sources").await;
    let start = page.find("href=\"/sources/d").unwrap() + 6;
    let address = page[start..].split('"').next().unwrap().to_owned();
    let page = browser.page(&address).await;
    assert!(page.contains("sons") && !page.contains("<b>?"), "{page}");
}

#[tokio::test]
async fn a_client_that_this_program_lacks_is_refused_with_a_reason() {
    let browser = Browser::new().await;
    let fields =
        [("name", "box"), ("kind", "transmission"), ("url", "http://h"), ("password", SECRET)];
    let said = browser.post("/add/client", &fields).await;
    assert!(said.text.contains("role=\"alert\"") && !said.text.contains(SECRET), "{said:?}");
}

#[tokio::test]
async fn copies_are_whole_files() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Movies, &films(2)).await;
    let request = browser.desk.request(reqwest::Method::POST, "/settings/backup");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.contains("shelfread-") && name.contains(".db"));
    let bytes = answer.bytes().await.unwrap();
    assert!(bytes.starts_with(b"SQLite format 3\0"));
    let said = browser.post("/settings/export", &[]).await;
    let lines: Vec<_> = said.text.lines().collect();
    assert!(lines.len() > 3 && said.text.contains("Film 002"), "{said:?}");
}

#[tokio::test]
async fn the_look_is_remembered() {
    let browser = Browser::new().await;
    assert!(!browser.page("/").await.contains("data-theme"));
    assert!(
        browser.done("/account/look", &[("theme", "dark")]).await.contains("data-theme=\"dark\"")
    );
    let said = browser.post("/account/look", &[("theme", "\"><b>")]).await;
    assert!(!said.header("set-cookie").contains("<b>"), "{said:?}");
}

#[tokio::test]
async fn users_and_tokens_are_managed_and_a_token_is_shown_once() {
    let browser = Browser::new().await;
    let fields = [("name", "rita"), ("password", "correct horse"), ("role", "reader")];
    let page = browser.done("/settings/users", &fields).await;
    assert!(page.contains("<bdi>rita</bdi>") && page.contains("can log in now"), "{page}");
    let page = browser.done("/settings/users/anna/remove", &[]).await;
    assert!(page.contains("<bdi>anna</bdi>"), "the last admin stays: {page}");
    let fields = [("name", "script"), ("scope", "read"), ("days", "30")];
    let made = browser.post("/settings/tokens", &fields).await;
    let key = made.text.split("data-copy=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(key.len() > 40, "{key}");
    let page = browser.page("/settings").await;
    assert!(page.contains("<bdi>script</bdi>") && !page.contains(&key), "{page}");
    let page = browser.done("/settings/tokens/script/revoke", &[]).await;
    assert!(page.contains("no longer counts"), "{page}");
    let rita = browser.desk.logged_in("rita2", Role::Reader).await;
    let refused = browser.desk.form("/settings/users", Some(&rita), &fields).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!browser.desk.page("/settings", Some(&rita)).await.text.contains("Make a token"));
}

#[tokio::test]
async fn a_hook_has_an_address_that_others_do_not_see() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Movies, &films(1)).await;
    let address = async |fields: &[(&str, &str)]| {
        let page = browser.post("/sources/den/hook", fields).await.text;
        page.split("data-copy=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let first = address(&[]).await;
    assert!(first.contains("/hooks/den?key="), "{first}");
    assert_eq!(address(&[]).await, first, "it stays until another one is made");
    assert_ne!(address(&[("renew", "1")]).await, first);
    let reader = browser.desk.logged_in("rita", Role::Reader).await;
    let refused = browser.desk.form("/sources/den/hook", Some(&reader), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn notifications_say_what_they_need() {
    let browser = Browser::new().await;
    let page = browser.page("/settings/notifications").await;
    assert!(page.contains("Nobody is told"), "{page}");
    let fields =
        [("name", "p"), ("kind", "ntfy"), ("url", "ftp://h"), ("secret", SECRET), ("events", "")];
    let page = browser.done("/settings/notifications", &fields).await;
    assert!(page.contains("note bad") && !page.contains(SECRET), "{page}");
    assert_eq!(
        browser.get("/settings/letters/nothing/replay").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}
