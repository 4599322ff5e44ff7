//! Worlds are the same every time, and change as told.

use std::collections::BTreeSet;

use shelfread_domain::ItemKind;
use shelfread_simulator::{Size, World, hostile_titles};

use crate::client::{Api, SIZE};

#[test]
fn a_world_is_a_function_of_its_seed() {
    let all = |seed| {
        let world = World::generate(seed, SIZE);
        let kinds = [ItemKind::Movie, ItemKind::Show, ItemKind::Season, ItemKind::Episode];
        let ids = kinds.into_iter().flat_map(|k| world.ids(k));
        ids.map(|id| world.get(id)).collect::<Vec<_>>()
    };
    assert_eq!(all(3), all(3));
    assert_ne!(all(3), all(4));
}

#[test]
fn no_two_works_share_name_path_or_number() {
    let world = World::generate(3, Size { films: 5_000, shows: 500, episodes: 5_000 });
    let mut seen = BTreeSet::new();
    for kind in [ItemKind::Movie, ItemKind::Show, ItemKind::Episode] {
        for object in world.ids(kind).into_iter().filter_map(|id| world.get(id)) {
            assert!(object.path().is_none_or(|p| seen.insert(p.to_owned())), "{object:?}");
            let number = (object.show, object.season_number, object.episode_number);
            let key = match kind {
                ItemKind::Episode if object.episode_number.is_some() => format!("{number:?}"),
                ItemKind::Episode => format!("{:?} {:?}", object.show, object.premiered),
                _ => format!("{kind} {} {:?}", object.title, object.year),
            };
            assert!(seen.insert(key), "{object:?}");
        }
    }
}

#[test]
fn what_goes_takes_along_what_hangs_on_it() {
    let world = World::generate(3, SIZE);
    let before = world.census();
    let other = world.fork();
    let show = world.ids(ItemKind::Show)[0];
    world.remove(show);
    let after = world.census();
    assert_eq!((after.shows, after.episodes < before.episodes), (19, true));
    assert!(world.ids(ItemKind::Episode).iter().all(|e| world.get(*e).unwrap().show != Some(show)));
    assert_eq!(other.census(), before);
    let some = other.remove_some(10, 1);
    assert_eq!((some.len(), other.ids(ItemKind::Movie).len() < 40), (34, true));
}

#[tokio::test]
async fn ids_change_when_they_should_and_only_then() {
    let world = World::empty();
    let [a, b] = [world.add_movie("Heat", 1995), world.add_movie("Cube", 1997)];
    for api in [Api::jellyfin(&world).await, Api::emby(&world).await] {
        let server = &api.server;
        let id = |object| server.remote_id(object).unwrap();
        let (first, second) = (id(a), id(b));
        world.rename(a, "Heat!");
        assert_eq!(id(a), first);
        server.swap_ids();
        assert_eq!((id(a), id(b)), (second.clone(), first.clone()));
        server.rebuild_ids();
        assert!(![first.clone(), second].contains(&id(a)));
        assert_eq!(api.names(&format!("/Items?ids={first}")).await.len(), 0);
        assert_eq!(api.names(&format!("/Items?ids={}", id(a))).await, ["Heat!"]);
        let (library, server_id) = (server.library_id(0), server.server_id());
        server.rebuild_libraries();
        assert_ne!(server.library_id(0), library);
        server.rebuild();
        assert_ne!(server.server_id(), server_id);
        world.rename(a, "Heat");
    }
    let api = Api::jellyfin(&world).await;
    let before = api.server.remote_id(a);
    world.move_files(a, "/data/films", "/data/more films");
    assert_ne!(api.server.remote_id(a), before);
}

#[tokio::test]
async fn hostile_titles_come_through_whole() {
    let world = World::empty();
    let titles = hostile_titles();
    for title in &titles {
        world.add_movie(title, 2000);
    }
    let api = Api::jellyfin(&world).await;
    assert_eq!(api.names("/Items?recursive=true").await, titles);
}
