//! Listings that ask for a part: what changed, and single objects.

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_backends_jellyfin::{Flavour, Jellyfin};
use shelfread_domain::port::{MediaSource, RemoteLibrary, Scope};
use shelfread_domain::{PlayState, RemoteId};
use shelfread_simulator::{Running, Size, World};

use crate::{Seen, emby, jellyfin, list, of};

fn at(hour: i64) -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hour)
}

/// Old films and shows.
fn world() -> World {
    let world = World::empty();
    world.set_clock(Some(at(0)));
    for n in 0..50 {
        world.add_movie(&format!("Film {n}"), 1990 + n);
    }
    for name in ["Dark", "Lost"] {
        let show = world.add_show(name, 2000);
        for number in 1..=30 {
            world.add_episode(show, 1 + number / 20, number);
        }
    }
    world
}

async fn libraries(source: &Jellyfin) -> (RemoteLibrary, RemoteLibrary) {
    let mut libraries = source.libraries().await.unwrap();
    let shows = libraries.remove(1);
    (libraries.remove(0), shows)
}

async fn all_products(world: &World) -> Vec<(Running, Jellyfin)> {
    let mut all = vec![jellyfin(world).await, emby(world).await];
    for version in ["10.8.13", "12.0.0"] {
        let server = shelfread_simulator::Jellyfin::new(world).version(version);
        let server = server.start().await.unwrap();
        let source = of(&server, Flavour::Jellyfin);
        all.push((server, source));
    }
    all
}

async fn changes(source: &Jellyfin, library: &RemoteLibrary, hour: i64) -> Seen {
    let seen = list(source, library, Scope::ChangedSince(at(hour))).await;
    assert_eq!(seen.error, None);
    assert!(!seen.is_complete(), "what changed is never everything");
    seen
}

#[tokio::test]
async fn only_what_was_saved_since_is_asked_for() {
    for (server, source) in all_products(&world()).await {
        let world = server.world();
        let world = world.fork();
        server.show(world.clone());
        let (films, shows) = libraries(&source).await;
        assert_eq!(changes(&source, &films, 5).await.titles(), [""; 0]);
        world.set_clock(Some(at(10)));
        world.rename(world.find("Film 7").unwrap(), "Seven");
        let lost = world.find("Lost").unwrap();
        world.add_episode(lost, 3, 1);
        server.forget_requests();
        assert_eq!(changes(&source, &films, 5).await.titles(), ["Seven"]);
        assert_eq!(changes(&source, &shows, 5).await.titles(), ["Season 3", "Episode 1"]);
        assert!(server.request_count() <= 8, "{}", server.request_count());
        assert_eq!(changes(&source, &films, 11).await.titles(), [""; 0]);
    }
}

#[tokio::test]
async fn clocks_may_differ_by_some_minutes() {
    let world = world();
    world.set_clock(Some(at(10)));
    world.rename(world.find("Film 7").unwrap(), "Seven");
    let (_server, source) = jellyfin(&world).await;
    let (films, _) = libraries(&source).await;
    for (minutes, expected) in [(4, 1), (6, 0)] {
        let since = at(10) + TimeDelta::minutes(minutes);
        let seen = list(&source, &films, Scope::ChangedSince(since)).await;
        assert_eq!(seen.all().count(), expected, "{minutes}");
    }
}

#[tokio::test]
async fn what_was_played_since_is_seen_though_no_item_was_saved() {
    for (server, source) in all_products(&world()).await {
        let world = server.world().fork();
        server.show(world.clone());
        let (films, shows) = libraries(&source).await;
        let played = |hour| {
            let last_played_at = Some(at(hour));
            PlayState { played: true, play_count: 1, last_played_at, ..PlayState::default() }
        };
        world.set_clock(Some(at(3)));
        server.set_play("anna", world.find("Film 3").unwrap(), played(3));
        world.set_clock(Some(at(10)));
        for n in 10..35 {
            server.set_play("anna", world.find(&format!("Film {n}")).unwrap(), played(10));
        }
        server.set_play("anna", world.find("Episode 9").unwrap(), played(10));
        server.set_play("ben", world.find("Film 40").unwrap(), played(10));
        let seen = changes(&source, &films, 5).await;
        assert_eq!(seen.all().count(), 25);
        assert!(seen.all().all(|o| o.play.is_some_and(|p| p.played)));
        assert_eq!(changes(&source, &shows, 5).await.titles(), ["Episode 9"]);
    }
}

#[tokio::test]
async fn single_objects_come_with_what_belongs_to_them() {
    for (server, source) in all_products(&world()).await {
        let world = server.world();
        let (films, shows) = libraries(&source).await;
        let id = |title: &str| RemoteId(server.remote_id(world.find(title).unwrap()).unwrap());
        let only = async |library: &RemoteLibrary, ids: &[RemoteId]| {
            let seen = list(&source, library, Scope::Only(ids.to_vec())).await;
            assert!(!seen.is_complete() && seen.error.is_none());
            seen
        };
        assert_eq!(only(&films, &[id("Film 7")]).await.titles(), ["Film 7"]);
        assert_eq!(only(&films, &[]).await.titles(), [""; 0]);
        assert_eq!(only(&films, &["nonsense".into()]).await.titles(), [""; 0]);
        // A show with all its seasons and episodes; an episode with its show; no double.
        assert_eq!(only(&shows, &[id("Lost")]).await.all().count(), 1 + 2 + 30);
        assert_eq!(only(&shows, &[id("Episode 9")]).await.titles(), ["Dark", "Episode 9"]);
        let both = only(&shows, &[id("Episode 9"), id("Season 1"), id("Dark")]).await;
        assert_eq!(both.all().count(), 1 + 2 + 30);
        assert_eq!(both.titles()[0], "Dark");
    }
}

#[tokio::test]
async fn many_objects_are_asked_for_in_few_requests() {
    let world = World::generate(2, Size { films: 100, shows: 0, episodes: 0 });
    let (server, source) = jellyfin(&world).await;
    let (films, _) = libraries(&source).await;
    let ids = world.ids(shelfread_domain::ItemKind::Movie);
    let ids = ids.iter().map(|id| RemoteId(server.remote_id(*id).unwrap())).collect();
    server.forget_requests();
    let seen = list(&source, &films, Scope::Only(ids)).await;
    assert_eq!((seen.all().count(), server.request_count()), (100, 3));
}

/// A server that does not understand an id may list something else.
#[tokio::test]
async fn what_was_not_asked_for_is_left_out() {
    let (_wire, source) =
        crate::scripted(|request| crate::page(request, &[crate::movie(1), crate::movie(2)])).await;
    let ids = vec!["M-2".into(), "m3".into()];
    let seen = list(&source, &crate::library(), Scope::Only(ids)).await;
    assert_eq!(seen.titles(), ["Film 2"]);
}
