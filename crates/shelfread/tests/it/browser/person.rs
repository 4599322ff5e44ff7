//! What a person sets stays, and is set with or without a mouse.

use shelfread_simulator::World;

use super::house::House;
use super::look::PHONE;
use super::page::{ENTER, SPACE};

fn world() -> World {
    let world = World::empty();
    world.add_movie("Heat", 1995);
    let dark = world.add_show("Dark", 2017);
    world.add_episode(dark, 1, 1);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_outlives_a_restart() {
    let house = House::with(world(), "").await;
    let page = house.entered().await;
    let address = format!("/items/{}", house.id("Dark"));
    page.open(&address).await;
    let toggle = "form[action$='/settings'] button.toggle[aria-labelledby=auto]";
    let is = |pressed: &str| format!("{toggle}[aria-pressed={pressed}]");
    page.has(&is("false")).await;
    page.click(toggle).await;
    page.has(&is("true")).await;
    let house = house.restarted().await;
    let page = house.come_back(page).await;
    page.open(&address).await;
    page.has(&is("true")).await;
    assert_eq!(page.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_by_keyboard() {
    let house = House::with(world(), "").await;
    let page = house.entered().await;
    page.tab_to("a[href='/library']").await;
    page.keys(ENTER).await;
    page.until("location.pathname == '/library'").await;
    page.has("#items").await;
    page.tab_to("input[type=search]").await;
    page.keys("heat").await;
    page.is_silent_on("Dark").await;
    page.tab_to("#items a[href^='/items/']").await;
    let ring = "return getComputedStyle(document.activeElement).outlineStyle";
    assert_ne!(page.run(ring).await, "none", "whoever has no mouse sees where they are");
    page.keys(ENTER).await;
    page.until("location.pathname.startsWith('/items/')").await;
    let toggle = "button.toggle[aria-labelledby=auto]";
    page.tab_to(toggle).await;
    page.keys(SPACE).await;
    page.has(&format!("{toggle}[aria-pressed=true]")).await;
    assert_eq!(page.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_in_reach_of_a_thumb() {
    let house = House::with(world(), "").await;
    let page = house.entered().await;
    page.on(PHONE).await;
    page.open("/").await;
    page.press("More").await;
    page.press("Settings").await;
    page.until("location.pathname == '/settings'").await;
    page.press("Library").await;
    page.until("location.pathname == '/library'").await;
    page.fill("input[type=search]", "heat").await;
    page.is_silent_on("Dark").await;
    page.click("#items a[href^='/items/']").await;
    page.until("location.pathname.startsWith('/items/')").await;
    let toggle = "button.toggle[aria-labelledby=auto]";
    page.click(toggle).await;
    page.has(&format!("{toggle}[aria-pressed=true]")).await;
    assert!(!page.is_too_wide().await);
    assert_eq!(page.complaints().await, [""; 0]);
}
