//! `shelfread item`: what is where, and where people find it.

use serde_json::Value;
use shelfread_simulator::{Arr, Jellyfin, Plex, Running, World};

use crate::desk::Desk;

/// Two films, of which a Plex has one, and a series of which it has the first episode; all of them
/// are known to a Radarr and a Sonarr. An Emby and a Jellyfin have what the Plex has.
struct House {
    world: World,
    servers: Vec<(&'static str, &'static str, Running)>,
    desk: Desk,
}

impl House {
    async fn build() -> Self {
        let world = World::empty();
        let heat = world.add_movie("Heat", 1995);
        let ronin = world.add_movie("Ronin", 1998);
        let dark = world.add_show("Dark", 2017);
        world.add_episode(dark, 1, 1);
        let second = world.add_episode(dark, 1, 2);
        for (id, provider, value) in
            [(heat, "Tmdb", "949"), (ronin, "Tmdb", "8195"), (dark, "Tvdb", "334824")]
        {
            world.edit(id, |o| o.provider_ids = vec![(provider, value.to_owned())]);
        }
        for id in [ronin, second] {
            world.edit(id, |o| o.versions.clear());
        }
        let servers = vec![
            ("plex", "plex", Plex::new(&world).base("/p").start().await.unwrap()),
            ("jelly", "jellyfin", Jellyfin::new(&world).base("/j").start().await.unwrap()),
            ("emby", "emby", Jellyfin::emby(&world).start().await.unwrap()),
            ("series", "sonarr", Arr::sonarr(&world).base("/s").start().await.unwrap()),
            ("films", "radarr", Arr::radarr(&world).base("/r").start().await.unwrap()),
        ];
        let declared = servers.iter().map(|(name, kind, server)| {
            let (url, token) = (server.url(), server.token());
            format!(
                "[[source]]\nname = '{name}'\nkind = '{kind}'\nurl = '{url}'\ntoken = '{token}'\n"
            )
        });
        let desk = Desk::configured(&declared.collect::<String>());
        desk.fine(&["sync"]);
        Self { world, servers, desk }
    }

    fn titles(&self, arguments: &[&str]) -> Vec<String> {
        let answer = self.desk.fine(&[&["item", "list", "--json"], arguments].concat()).json();
        let items = answer["items"].as_array().unwrap();
        items.iter().map(|i| i["title"].as_str().unwrap().to_owned()).collect()
    }

    fn links(&self, title: &str) -> Vec<(String, String)> {
        let items = self.desk.items();
        let (_, _, id) = items.iter().find(|(_, t, _)| t == title).unwrap();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let shown = self.desk.fine(&["item", "show", id, "--json"]).json();
        let plain = self.desk.fine(&["item", "show", id]).out;
        let listings = shown["listings"].as_array().unwrap();
        let links: Vec<_> =
            listings.iter().map(|l| (text(&l["source"]), text(&l["url"]))).collect();
        for (_, url) in &links {
            assert!(plain.contains(url.as_str()), "{url} is not in {plain}");
        }
        links
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_found_by_status_and_by_where_they_lack() {
    let house = House::build().await;
    assert_eq!(house.titles(&["--status", "available", "--kind", "movie"]), ["Heat"]);
    assert_eq!(house.titles(&["--status", "wanted", "--kind", "movie"]), ["Ronin"]);
    assert_eq!(house.titles(&["--status", "wanted", "--kind", "episode"]), ["Episode 2"]);
    assert_eq!(house.titles(&["--missing-on", "plex", "--kind", "movie"]), ["Ronin"]);
    assert_eq!(house.titles(&["--missing-on", "films", "--kind", "movie"]), [""; 0]);
    assert_eq!(house.titles(&["--query", "RON", "--status", "wanted"]), ["Ronin"]);
    assert_eq!(house.titles(&["--sort", "year"]), ["Dark", "Ronin", "Heat"]);
    let first = house.desk.fine(&["item", "list", "--json", "--sort", "year", "--limit", "2"]);
    let next = first.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(house.titles(&["--sort", "year", "--after", &next]), ["Heat"]);
    for wrong in [
        &["--status", "gone"][..],
        &["--sort", "size"],
        &["--sort", "title", "--after", &next],
        &["--sort", "year", "--kind", "episode"],
        &["--missing-on", "nobody"],
    ] {
        let answer = house.desk.run(&[&["item", "list"], wrong].concat());
        assert_eq!(answer.code, 2, "{wrong:?}: {answer:?}");
    }
    // What lies in the trash of a Plex is not there, once nobody else has it.
    house.world.trash(house.world.ids(shelfread_domain::ItemKind::Movie)[0], true);
    house.desk.fine(&["sync", "plex"]);
    assert_eq!(house.titles(&["--missing-on", "plex", "--kind", "movie"]), ["Heat", "Ronin"]);
    house.desk.fine(&["doctor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listing_says_where_people_find_it() {
    let house = House::build().await;
    let base = |name: &str| {
        let (_, _, server) = house.servers.iter().find(|(n, ..)| *n == name).unwrap();
        server.url().as_str().trim_end_matches('/').to_owned()
    };
    let heat: std::collections::BTreeMap<_, _> = house.links("Heat").into_iter().collect();
    let starts = |source: &str, path: &str| {
        let expected = format!("{}{path}", base(source));
        assert!(heat[source].starts_with(&expected), "{expected}: {}", heat[source]);
    };
    starts("plex", "/web/index.html#!/server/");
    starts("jelly", "/web/#/details?id=");
    starts("emby", "/web/index.html#!/item?id=");
    assert_eq!(heat["films"], format!("{}/movie/949", base("films")));
    assert!(base("plex").ends_with("/p") && base("jelly").ends_with("/j"));
    let episode = house.links("Episode 2");
    let series = format!("{}/series/dark", base("series"));
    assert_eq!(episode, [("series".to_owned(), series)], "the page of its show");
}
