//! From nothing to a filled shelf, as somebody does it on the first evening.

use shelfread_simulator::{Jellyfin, World};

use super::house::{NAME, PASSWORD, QUIET};
use super::page::Page;
use crate::desk::Desk;
use crate::serve::Serve;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_admin_is_made_and_comes_back() {
    let desk = Desk::configured(QUIET);
    let serve = Serve::start(desk.command(&["serve"])).await;
    let page = Page::of(&serve.base).await;
    assert_eq!(page.flaws("/setup", None).await, [""; 0]);
    page.open("/library").await;
    page.until("location.pathname == '/setup'").await;
    page.set_up(&serve).await;
    assert_eq!(page.path().await, "/");
    assert_eq!(page.run("return document.cookie").await, "", "scripts do not see the session");
    page.press("Log out").await;
    page.has("#password").await;
    assert_eq!(page.flaws("/login", None).await, [""; 0]);
    page.open("/library").await;
    page.has("#password").await;
    page.fill("#name", NAME).await;
    page.fill("#password", PASSWORD).await;
    page.press("Log in").await;
    page.until("location.pathname == '/library'").await;
    page.says("The shelves are empty").await;
    assert_eq!(page.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_added_tested_and_synced() {
    let world = World::empty();
    world.add_movie("Heat", 1995);
    world.add_movie("Ronin", 1998);
    let den = Jellyfin::new(&world).start().await.unwrap();
    let desk = Desk::configured(QUIET);
    let serve = Serve::start(desk.command(&["serve"])).await;
    let page = Page::of(&serve.base).await;
    page.open("/").await;
    page.set_up(&serve).await;
    page.press("Add a source").await;
    page.choose("#kind", "jellyfin").await;
    page.fill("#name", "den").await;
    page.fill("#url", "http://127.0.0.1:9").await;
    page.fill("#token", "0123456789abcdef0123456789abcdef").await;
    page.press("Test the connection").await;
    page.says("check that the server runs").await;
    page.fill("#url", den.url().as_str()).await;
    page.press("Test the connection").await;
    page.says("the token was refused").await;
    page.fill("#token", den.token()).await;
    page.press("Test the connection").await;
    page.says("It answers: ").await;
    page.press("Add").await;
    page.press("Sync now").await;
    page.says("succeeded").await;
    page.open("/library").await;
    page.says("Heat").await;
    page.says("Ronin").await;
    let pictures = "[...document.querySelectorAll('#items img')]";
    page.until(&format!("{pictures}.length == 2 && {pictures}.every(i => i.naturalWidth > 0)"))
        .await;
    assert_eq!(page.complaints().await, [""; 0]);
    assert!(!serve.said().contains(den.token()), "the token is in the log");
}
