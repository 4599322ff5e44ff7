//! Pages that are open follow what happens, whoever does it.

use shelfread_domain::ItemKind;
use shelfread_simulator::{Size, World};

use super::house::House;

fn world() -> World {
    World::generate(3, Size { films: 24, ..Size::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_film_leaves_an_open_page() {
    let house = House::with(world(), "").await;
    let page = house.entered().await;
    let film = house.world.ids(ItemKind::Movie)[0];
    let id = house.id(&house.world.get(film).unwrap().title);
    page.open("/library").await;
    let shown = format!("document.querySelector('#items [data-item=\"{id}\"]')");
    page.until(&shown).await;
    page.run("window.stayed = true").await;
    house.world.remove(film);
    // The command line beside the server: another process.
    house.desk.fine(&["sync", "den"]);
    page.until(&format!("!{shown}")).await;
    assert_eq!(page.run("return window.stayed").await, true, "it was not loaded anew");
    assert_eq!(page.complaints().await, [""; 0]);
    page.open(&format!("/items/{id}")).await;
    page.says("there is no item").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_approved_and_taken_back() {
    let house = House::with(world(), "").await;
    let page = house.entered().await;
    page.open("/review").await;
    page.says("Nothing waits for you").await;
    let gone: Vec<_> = house.world.ids(ItemKind::Movie).into_iter().take(9).collect();
    let title = house.world.get(gone[0]).unwrap().title;
    gone.iter().for_each(|film| house.world.remove(*film));
    let held = house.desk.run(&["sync", "den"]);
    assert_eq!(held.code, 3, "{held:?}");
    page.says("9 items would go").await;
    page.says(&title).await;
    page.press("Remove them").await;
    page.has("main h1").await;
    let count = || house.desk.items().len();
    shelfread_testkit::until(crate::serve::PATIENCE, async || count() == 15).await;
    page.open("/review").await;
    page.says("Nothing waits for you").await;
    page.open("/runs").await;
    page.click("tbody tr:first-child th a").await;
    page.press("Take back …").await;
    page.press("Take it back").await;
    shelfread_testkit::until(crate::serve::PATIENCE, async || count() == 24).await;
    assert_eq!(page.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_watched_while_it_runs() {
    use shelfread_simulator::{Effect, Fault};
    let house = House::with(world(), "").await;
    let page = house.entered().await;
    house.world.add_movie("The Late One", 2001);
    // Slow enough to be seen.
    house.den.set_faults([Fault::new(Effect::Delay(1_500)).on_path("/Items")]);
    page.open("/runs").await;
    page.press("Sync …").await;
    page.press("Start").await;
    page.has("progress").await;
    page.says("succeeded").await;
    page.open("/library?q=late").await;
    page.says("The Late One").await;
    assert_eq!(page.complaints().await, [""; 0]);
}
