//! Removing objects and telling play states.

use shelfread_backends_jellyfin::{Flavour, Jellyfin};
use shelfread_domain::port::{FetchPoster, Problem, RemovalEffect, RemoveMedia, WritePlayState};
use shelfread_domain::{PlayState, RemoteId};
use shelfread_simulator::World;

use crate::{config, emby, jellyfin, of};

#[tokio::test]
async fn an_object_is_removed_with_its_files() {
    let world = World::empty();
    for (server, source) in [jellyfin(&world).await, emby(&world).await] {
        let heat = world.add_movie("Heat", 1995);
        let id = RemoteId(server.remote_id(heat).unwrap());
        assert_eq!(source.effect(&id).await, Ok(RemovalEffect::Files));
        assert!(source.remove(&id).await.unwrap());
        assert_eq!(world.get(heat), None);
        assert!(!source.remove(&id).await.unwrap(), "nothing was needed");
    }
}

#[tokio::test]
async fn removing_needs_a_right_and_a_real_id() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    let (server, admin) = jellyfin(&world).await;
    let ben = server.user_token("ben").unwrap();
    let ben = Jellyfin::new(config(Flavour::Jellyfin, server.url().as_str(), &ben)).unwrap();
    let id = RemoteId(server.remote_id(heat).unwrap());
    assert_eq!(ben.remove(&id).await.unwrap_err().problem, Problem::Unauthorized);
    for id in ["", ".", ".."] {
        admin.remove(&id.into()).await.unwrap_err();
    }
    assert!(world.get(heat).is_some());
}

#[tokio::test]
async fn a_play_state_is_written_by_every_route() {
    let state = |played, position_seconds| PlayState {
        played,
        position_seconds,
        play_count: i32::from(played),
        last_played_at: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        carried: false,
    };
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    for (server, source) in [jellyfin(&world).await, emby(&world).await] {
        let id = RemoteId(server.remote_id(heat).unwrap());
        for state in [state(true, 0), state(false, 600), state(true, 30)] {
            for _ in 0..2 {
                source.write_play_state(&id, state).await.unwrap();
                assert_eq!(server.play("anna", heat), Some(state));
            }
        }
    }
    let server = shelfread_simulator::Jellyfin::new(&world).version("10.8.13");
    let server = server.start().await.unwrap();
    let source = of(&server, Flavour::Jellyfin);
    let id = RemoteId(server.remote_id(heat).unwrap());
    source.write_play_state(&id, state(true, 0)).await.unwrap();
    assert_eq!(server.play("anna", heat), Some(state(true, 0)));
    source.write_play_state(&id, state(false, 0)).await.unwrap();
    assert_eq!(server.play("anna", heat).map(|p| p.played), Some(false));
    let error = source.write_play_state(&"nobody".into(), state(true, 0)).await.unwrap_err();
    assert_eq!(error.problem, Problem::NotFound);
}

#[tokio::test]
async fn posters_come_from_the_server() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    for (server, source) in [jellyfin(&world).await, emby(&world).await] {
        let id = RemoteId(server.remote_id(heat).unwrap());
        let seen = crate::everything(&source).await;
        let film = seen.iter().flat_map(|seen| seen.all()).next().unwrap();
        let address = film.facts.poster_url.clone().unwrap();
        let picture = source.poster(&id, &address).await.unwrap();
        assert!(picture.starts_with(b"\x89PNG"), "{address}");
        let error = source.poster(&id, "https://elsewhere.example/1.jpg").await.unwrap_err();
        assert!(matches!(error.problem, Problem::Configuration(_)), "{error}");
    }
}
