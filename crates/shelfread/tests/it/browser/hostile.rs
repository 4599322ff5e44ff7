//! Whatever a server calls its films: it is text, and only text.

use shelfread_domain::ItemKind;
use shelfread_simulator::{Overview, World, hostile_titles};

use super::house::House;
use super::look::PHONE;

/// Where names from outside are shown.
const PAGES: [&str; 6] = ["/", "/library", "/library?view=table", "/runs", "/events", "/review"];

const MARKUP: &str = "</title><img src=x onerror=alert(1)><svg onload=alert(2)>\"'><script>alert(3)\
                      </script>{{7*7}}";

fn world() -> World {
    let world = World::empty();
    for (n, title) in (1_900..).zip(hostile_titles().into_iter().chain([MARKUP.to_owned()])) {
        let film = world.add_movie(&title, n);
        world.edit(film, |o| o.overview = Overview::Said(MARKUP.to_owned()));
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_titles_are_text() {
    let house = House::with(world(), "").await;
    let page = house.entered().await;
    page.on(PHONE).await;
    let mut pages: Vec<_> = PAGES.map(str::to_owned).into();
    let items = house.desk.items();
    let films = items.iter().filter(|(kind, ..)| kind == ItemKind::Movie.as_str());
    for (_, _, id) in films {
        pages.extend([format!("/items/{id}"), format!("/items/{id}/edit")]);
    }
    for address in pages {
        page.open(&address).await;
        // A dialog would end every command with an error.
        page.settled().await;
        let injected = "return document.querySelectorAll('main script, main img[src=x], \
                        main [onerror], main [onload], title ~ img').length";
        assert_eq!(page.run(injected).await, 0, "{address}");
        assert!(!page.is_too_wide().await, "{address} is as wide as what it shows");
        assert_eq!(page.complaints().await, [""; 0], "{address}");
    }
    page.open("/library").await;
    page.says("<script>alert('x')</script>").await;
    page.says("{{7*7}}").await;
}
