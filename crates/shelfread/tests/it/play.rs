//! Play states of one person on a Jellyfin, a Plex and an Emby, by the real binary.

use shelfread_domain::PlayState;
use shelfread_simulator::{Effect, Fault, Jellyfin, Logged, ObjectId, Plex, Running, World};

use crate::desk::Desk;

/// Three servers of three households that have the same two films.
struct Houses {
    servers: [(World, Running); 3],
    films: [ObjectId; 2],
    desk: Desk,
}

fn house() -> (World, [ObjectId; 2]) {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    let ronin = world.add_movie("Ronin", 1998);
    for (id, tmdb) in [(heat, "949"), (ronin, "8195")] {
        world.edit(id, |o| {
            o.provider_ids = vec![("Tmdb", tmdb.to_owned())];
            o.runtime_seconds = Some(6_000);
        });
    }
    (world, [heat, ronin])
}

impl Houses {
    async fn build(play_state: &str) -> Self {
        let [(a, films), (b, _), (c, _)] = [house(), house(), house()];
        let den = Jellyfin::new(&a).start().await.unwrap();
        let attic = Plex::new(&b).start().await.unwrap();
        let barn = Jellyfin::emby(&c).name("barn").start().await.unwrap();
        let servers = [(a, den), (b, attic), (c, barn)];
        let kinds = [("den", "jellyfin"), ("attic", "plex"), ("barn", "emby")];
        let sources = servers.iter().zip(kinds).map(|((_, server), (name, kind))| {
            let (url, token) = (server.url(), server.token());
            format!(
                "[[source]]\nname = '{name}'\nkind = '{kind}'\nurl = '{url}'\ntoken = '{token}'\n"
            )
        });
        let text = format!("{play_state}\n{}", sources.collect::<String>());
        let desk = Desk::configured(&text);
        desk.fine(&["sync"]);
        Self { servers, films, desk }
    }

    fn watch(&self, house: usize, film: usize, state: PlayState) {
        self.servers[house].1.set_play("anna", self.films[film], state);
    }

    fn says(&self, house: usize, film: usize) -> (bool, i64) {
        let state = self.servers[house].1.play("anna", self.films[film]).unwrap_or_default();
        (state.played, state.position_seconds)
    }

    /// Syncs everything; how much was found changed.
    fn sync(&self) -> u64 {
        let runs = self.desk.fine(&["sync", "--json"]).json()["runs"].clone();
        let changed = |r: &serde_json::Value| {
            r["counts"]["seen"].as_u64().unwrap() - r["counts"]["unchanged"].as_u64().unwrap()
        };
        runs.as_array().unwrap().iter().map(changed).sum()
    }

    fn join(&self) {
        let listed = self.desk.fine(&["viewer", "list", "--json"]).json();
        let names: Vec<String> = listed["viewers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| format!("{}@{}", v["name"].as_str().unwrap(), v["source"].as_str().unwrap()))
            .collect();
        assert_eq!(names.len(), 3, "{listed}");
        let mut arguments = vec!["viewer", "join"];
        arguments.extend(names.iter().map(String::as_str));
        self.desk.fine(&arguments);
        assert!(self.desk.fine(&["viewer", "list"]).out.contains("@attic"));
    }
}

fn state(played: bool, position_seconds: i64, day: &str) -> PlayState {
    PlayState {
        played,
        position_seconds,
        play_count: i32::from(played),
        last_played_at: Some(format!("{day}T20:00:00Z").parse().unwrap()),
        carried: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_heard_the_others_are_told() {
    let houses = Houses::build("[play_state]\nsync = true").await;
    houses.join();
    houses.watch(0, 0, state(true, 0, "2026-01-01"));
    houses.watch(1, 1, state(false, 600, "2026-01-02"));
    assert_eq!(houses.sync(), 2);
    for house in 0..3 {
        assert_eq!(houses.says(house, 0), (true, 0), "house {house}");
        assert_eq!(houses.says(house, 1), (false, 600), "house {house}");
    }
    for _ in 0..2 {
        houses.servers.iter().for_each(|(_, server)| server.forget_requests());
        assert_eq!(houses.sync(), 0, "what was told was read back");
        for (_, server) in &houses.servers {
            // A Plex takes play states as GETs below `/:/`.
            let writes = |r: &Logged| r.method != "GET" || r.path.starts_with("/:/");
            assert_eq!(server.requests().into_iter().filter(|r| writes(r)).count(), 0);
        }
    }
    // A server that is away keeps nothing from the others, and hears of it later.
    houses.servers[1].1.set_faults([Fault::new(Effect::Status { code: 500, retry_after: None })]);
    houses.watch(0, 1, state(true, 0, "2026-02-01"));
    assert_eq!(houses.desk.run(&["sync", "den"]).code, 0);
    assert_eq!(houses.says(2, 1), (true, 0));
    assert_eq!(houses.says(1, 1), (false, 600));
    assert!(houses.desk.fine(&["viewer", "list"]).out.contains("failed"));
    houses.desk.fine(&["doctor", "--offline"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_unasked_and_a_rebuilt_server_on_request() {
    let houses = Houses::build("").await;
    houses.join();
    houses.watch(0, 0, state(true, 0, "2026-01-01"));
    houses.sync();
    assert_eq!(houses.says(2, 0), (false, 0), "it is off unless somebody wants it");
    let restore = |more: &[&str]| {
        let arguments = [&["progress", "restore", "--to", "barn", "--json"], more].concat();
        houses.desk.fine(&arguments).json()
    };
    let planned = restore(&[]);
    assert_eq!(planned["states"].as_array().unwrap().len(), 1, "{planned}");
    assert_eq!(planned["states"][0]["label"], "Heat");
    assert_eq!(houses.says(2, 0), (false, 0), "shown first");
    assert_eq!(restore(&["--apply"])["states"][0]["written"], true);
    assert_eq!(houses.says(2, 0), (true, 0));
    assert_eq!(restore(&[])["states"].as_array().unwrap().len(), 0);
    assert_eq!(houses.sync(), 0);
    let nobody = houses.desk.run(&["progress", "restore", "--to", "nobody"]);
    assert_eq!(nobody.code, 2, "{nobody:?}");
    let alone = houses.desk.run(&["viewer", "join", "anna@den"]);
    assert_eq!(alone.code, 2, "{alone:?}");
}
