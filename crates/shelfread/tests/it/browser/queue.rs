//! The queue: what a client has is there once, and moves.

use shelfread_simulator::{TorrentClient, Torrents, World};

use super::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_torrent_is_there_once_and_moves() {
    let torrents = Torrents::new();
    let client = TorrentClient::transmission(&torrents).account("anna", "secret");
    let client = client.start().await.unwrap();
    let hash = torrents.add("Heat.1995.1080p.BluRay.x264-GRP", 1_000_000);
    let more = format!(
        "[[download_client]]\nname = \"box\"\nkind = \"transmission\"\nurl = \"{}\"\n\
         username = \"anna\"\npassword = \"secret\"\n",
        client.url()
    );
    let world = World::empty();
    world.add_movie("Heat", 1995);
    let house = House::with(world, &more).await;
    let page = house.entered().await;
    page.open("/downloads").await;
    page.says("Heat.1995.1080p").await;
    let count = "document.querySelectorAll('[data-download]').length == 1";
    page.until(count).await;
    // The command line looks too, and another page is open: it is still one.
    house.desk.fine(&["download", "list"]);
    torrents.set_speed(&hash, 10_000);
    torrents.advance(50);
    page.until("document.querySelector('[data-download] progress').value >= 0.5").await;
    page.until(count).await;
    page.has("[data-download] a[href^='/items/']").await;
    torrents.remove(&hash);
    page.until("!document.querySelector('[data-download]')").await;
    assert_eq!(page.complaints().await, [""; 0]);
}
