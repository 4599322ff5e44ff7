//! A whole library, as it should be.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use expect_test::expect;
use futures::StreamExt;
use shelfread_backends_jellyfin::{Flavour, Jellyfin};
use shelfread_domain::port::{LibraryKind, MediaSource, Scope};
use shelfread_domain::{ItemKind, Observation, PathMap, PlayState};
use shelfread_simulator::{Effect, Fault, Size, World};
use shelfread_testkit::until;

use crate::{Seen, config, emby, everything, jellyfin, list, of};

const SIZE: Size = Size { films: 45, shows: 12, episodes: 300 };

fn total(seen: &[Seen], kind: ItemKind) -> u64 {
    seen.iter().map(|s| s.count(kind)).sum()
}

fn assert_whole(world: &World, seen: &[Seen]) {
    let census = world.census();
    assert_eq!(total(seen, ItemKind::Movie), census.movies);
    assert_eq!(total(seen, ItemKind::Show), census.shows);
    assert_eq!(total(seen, ItemKind::Season), census.seasons);
    assert_eq!(total(seen, ItemKind::Episode), census.episodes);
    for seen in seen {
        assert!(seen.is_complete(), "{}", seen.reason());
        let end = seen.end.as_ref().unwrap();
        assert_eq!((seen.expected, end.expected), (Some(end.received), Some(end.received)));
        assert!(seen.failures.is_empty());
        assert_in_order(seen.all());
    }
}

/// Shows come before what hangs on them, and the episodes of one show follow each other.
fn assert_in_order<'a>(all: impl Iterator<Item = &'a Observation>) {
    let (mut shows, mut left) = (HashSet::new(), HashSet::new());
    let mut current = None;
    for observation in all {
        match observation.kind {
            ItemKind::Show => drop(shows.insert(&observation.remote_id)),
            ItemKind::Movie => {}
            ItemKind::Season => assert!(shows.contains(observation.parent.as_ref().unwrap())),
            ItemKind::Episode => {
                let parent = observation.parent.as_ref();
                assert!(shows.contains(parent.unwrap()));
                if current != parent {
                    assert!(left.insert(parent), "episodes of {parent:?} twice");
                    current = parent;
                }
            }
        }
    }
}

#[tokio::test]
async fn both_products_are_listed_whole() {
    let world = World::generate(3, SIZE);
    let (_server, source) = jellyfin(&world).await;
    assert_whole(&world, &everything(&source).await);
    let (_server, source) = emby(&world).await;
    assert_whole(&world, &everything(&source).await);
}

#[tokio::test]
async fn all_versions_below_any_prefix_are_listed_whole() {
    let world = World::generate(4, Size { films: 5, shows: 2, episodes: 30 });
    for version in ["10.8.13", "10.10.7", "12.0.0"] {
        let server = shelfread_simulator::Jellyfin::new(&world).version(version).base("/a/jelly");
        let server = server.start().await.unwrap();
        assert_whole(&world, &everything(&of(&server, Flavour::Jellyfin)).await);
    }
}

#[tokio::test]
async fn an_empty_library_is_complete() {
    let (_server, source) = jellyfin(&World::empty()).await;
    for seen in everything(&source).await {
        assert!(seen.is_complete());
        assert_eq!(seen.end.unwrap().received, 0);
    }
}

#[tokio::test]
async fn libraries_of_films_and_shows_only() {
    let world = World::empty();
    world.add_library(shelfread_simulator::Library {
        name: "All sorts".into(),
        kind: LibraryKind::Mixed,
        root: "/data/sorts".into(),
    });
    for (server, source) in [jellyfin(&world).await, emby(&world).await] {
        let libraries = source.libraries().await.unwrap();
        let found: Vec<_> = libraries.iter().map(|l| (l.name.as_str(), l.kind)).collect();
        let expected = [
            ("Films", LibraryKind::Movies),
            ("Shows", LibraryKind::Shows),
            ("All sorts", LibraryKind::Mixed),
        ];
        assert_eq!(found, expected);
        assert_eq!(libraries[0].remote_id, server.library_id(0));
    }
}

/// One of everything, as text.
#[tokio::test]
async fn what_is_read_of_an_item() {
    let world = World::empty();
    world.set_clock(Some("2026-01-02T03:04:05Z".parse().unwrap()));
    let heat = world.add_movie("Heat", 1995);
    world.edit(heat, |o| {
        o.provider_ids = vec![("Tmdb", "949".into()), ("IMDB", "tt0113277".into())];
        o.runtime_seconds = Some(10_200);
        o.play = Some(PlayState { played: true, play_count: 2, ..PlayState::default() });
        let mut second = o.versions[0].clone();
        second.path = second.path.replace(".mkv", " - 4K.mkv");
        o.versions.push(second);
    });
    let dark = world.add_show("Dark", 2017);
    let double = world.add_episode(dark, 1, 2);
    world.edit(double, |o| o.episode_end = Some(3));
    let announced = world.add_episode(dark, 1, 9);
    world.edit(announced, |o| o.versions.clear());
    world.edit(world.add_season(dark, 0), |o| o.folder = None);
    let (server, _) = jellyfin(&world).await;
    let mut config = config(Flavour::Jellyfin, server.url().as_str(), server.token());
    config.paths = PathMap::new([("/data/films", "/mnt/f")]);
    let source = Jellyfin::new(config).unwrap();
    let seen = everything(&source).await;
    let ids: BTreeMap<String, &str> = [(heat, "HEAT"), (dark, "DARK"), (double, "DOUBLE")]
        .map(|(object, name)| (server.remote_id(object).unwrap(), name))
        .into();
    let mut text = String::new();
    for observation in seen.iter().flat_map(Seen::all) {
        let parent = observation.parent.as_ref().map(|p| ids[p.as_str()]);
        let id = ids.get(observation.remote_id.as_str()).unwrap_or(&"?");
        let (kind, part) = (observation.kind, observation.part);
        text += &format!("{kind} {id} {part} {parent:?}\n");
        let mut facts = observation.facts.clone();
        facts.overview = None;
        let facts = serde_json::to_string(&facts).unwrap();
        text += &format!("  {}\n", ids.iter().fold(facts, |f, (id, name)| f.replace(id, name)));
        if let Some(play) = observation.play {
            text += &format!("  {}\n", serde_json::to_string(&play).unwrap());
        }
    }
    expect![[r#"
        movie HEAT 0 None
          {"title":"Heat","sort_title":"heat","year":1995,"runtime_seconds":10200,"poster_url":"Items/HEAT/Images/Primary?tag=975835de1c9756ce64684c4f0fd784b4","added_at":"2026-01-02T03:04:05Z","external_ids":[{"provider":"tmdb","value":"949"},{"provider":"imdb","value":"tt0113277"}],"files":[{"path":"/mnt/f/Heat (1995)/Heat (1995) - 4K.mkv","size":7692032923},{"path":"/mnt/f/Heat (1995)/Heat (1995).mkv","size":7692032923}]}
          {"position_seconds":0,"played":true,"play_count":2}
        show DARK 0 None
          {"title":"Dark","sort_title":"dark","year":2017,"poster_url":"Items/DARK/Images/Primary?tag=1e09f8a031519da403411523179bbc08","added_at":"2026-01-02T03:04:05Z"}
        season ? 0 Some("DARK")
          {"title":"Specials","season_number":0,"added_at":"2026-01-02T03:04:05Z"}
        season ? 0 Some("DARK")
          {"title":"Season 1","season_number":1,"added_at":"2026-01-02T03:04:05Z"}
        episode DOUBLE 0 Some("DARK")
          {"title":"Episode 2","season_number":1,"episode_number":2,"added_at":"2026-01-02T03:04:05Z","files":[{"path":"/data/shows/Dark (2017)/Season 01/S01E02.mkv","size":3161756767}]}
        episode DOUBLE 1 Some("DARK")
          {"title":"Episode 2","season_number":1,"episode_number":3,"added_at":"2026-01-02T03:04:05Z","files":[{"path":"/data/shows/Dark (2017)/Season 01/S01E02.mkv","size":3161756767}]}
    "#]].assert_eq(&text);
}

#[tokio::test]
async fn two_shows_of_one_name_do_not_mix() {
    let world = World::empty();
    for _ in 0..2 {
        let show = world.add_show("Battlestar Galactica", 1978);
        for number in 1..=30 {
            world.add_episode(show, 1, number);
        }
    }
    for (_server, source) in [jellyfin(&world).await, emby(&world).await] {
        assert_whole(&world, &everything(&source).await);
    }
}

#[tokio::test]
async fn the_chosen_user_is_the_one_whose_plays_are_read() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    let (server, _) = jellyfin(&world).await;
    let position = PlayState { position_seconds: 77, ..PlayState::default() };
    server.set_play("ben", heat, position);
    for (user, expected) in [("Ben", Some(77)), ("anna", None)] {
        let mut config = config(Flavour::Jellyfin, server.url().as_str(), server.token());
        config.user = Some(user.into());
        let seen = everything(&Jellyfin::new(config).unwrap()).await;
        let play = seen[0].all().next().unwrap().play;
        assert_eq!(play.map(|p| p.position_seconds), expected, "{user}");
    }
}

#[tokio::test]
async fn requests_stay_few() {
    let world = World::generate(5, Size { films: 100, shows: 10, episodes: 300 });
    let (server, _) = jellyfin(&world).await;
    let mut config = config(Flavour::Jellyfin, server.url().as_str(), server.token());
    config.page_size = 100;
    let source = Jellyfin::new(config).unwrap();
    source.identify().await.unwrap();
    everything(&source).await;
    let items: Vec<_> = server.requests().into_iter().filter(|r| r.path == "/Items").collect();
    assert_eq!(items.len(), 4 + 6, "films: 2 and two empty passes; shows: 1, 1 and 4");
    let mut asked = BTreeSet::new();
    assert!(items.iter().all(|r| asked.insert(format!("{:?}", r.query))), "nothing is asked twice");
    assert_eq!(server.request_count(), items.len() + 3, "who are you, users, libraries");
}

/// Pages under way are given up with the stream.
#[tokio::test]
async fn dropping_the_stream_stops_the_requests() {
    let world = World::generate(6, Size { films: 400, shows: 0, episodes: 0 });
    let (server, source) = jellyfin(&world).await;
    let films = source.libraries().await.unwrap().remove(0);
    server.set_faults(Fault::new(Effect::Delay(20)).on_path("/Items"));
    let mut steps = source.list(&films, Scope::Full);
    steps.next().await.unwrap().unwrap();
    steps.next().await.unwrap().unwrap();
    drop(steps);
    let asked = server.request_count();
    assert!(asked <= 12, "{asked}");
    // The server is asked other things, and meanwhile of the 20 pages nothing more comes than was
    // under way.
    let mut rounds = 0;
    until(std::time::Duration::from_secs(10), async || {
        source.identify().await.unwrap();
        rounds += 1;
        rounds == 20
    })
    .await;
    assert!(server.request_count() <= asked + 4 + 2 * rounds);
    let again = list(&source, &films, Scope::Full).await;
    assert!(again.is_complete());
}
