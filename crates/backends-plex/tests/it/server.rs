//! Who answers, libraries, removal and play state.

use std::sync::{Arc, Mutex};

use serde_json::json;
use shelfread_domain::PlayState;
use shelfread_domain::port::{
    LibraryKind, MediaSource, Problem, RemovalEffect, RemoveMedia, ServerIdentity, Viewer,
    WritePlayState,
};
use shelfread_testkit::wire::{Reply, Wire};

use crate::fake::{Fake, config, container, plex};
use shelfread_backends_plex::Plex;

#[tokio::test]
async fn the_owner_is_named_by_the_server() {
    let wire = Wire::start(|r| Fake::default().answer(r)).await;
    assert_eq!(
        plex(&wire).identify().await.unwrap(),
        ServerIdentity {
            server_id: "m1".into(),
            name: "Den".into(),
            version: "Plex Media Server 1.40.0".into(),
            viewer: Some(Viewer { remote_user: "1".into(), name: "anna".into() }),
        }
    );
    let mut other = config(&wire);
    other.user = Some("ben".into());
    let error = Plex::new(other).unwrap().identify().await.unwrap_err();
    assert!(matches!(error.problem, Problem::Configuration(_)), "{error}");
}

#[tokio::test]
async fn a_guest_is_named_by_the_configuration() {
    let wire = Wire::start(|r| match r.path.as_str() {
        "/accounts" => Reply::status(401),
        "/library/sections" => container(json!({"size": 0})),
        _ => Fake::default().answer(r),
    })
    .await;
    let mut named = config(&wire);
    named.user = Some("ben".into());
    let viewer = |plex: Plex| async move { plex.identify().await.unwrap().viewer.unwrap() };
    assert_eq!(viewer(Plex::new(named).unwrap()).await.remote_user, "ben");
    let nameless = viewer(plex(&wire)).await;
    assert_eq!(nameless, viewer(plex(&wire)).await);
    assert!(!nameless.remote_user.contains(crate::fake::TOKEN));

    let error = plex(&wire).libraries().await.unwrap_err();
    assert_eq!(error.problem, Problem::Forbidden, "a token without access is no empty server");
}

#[tokio::test]
async fn what_is_no_plex_is_recognized() {
    for (reply, expected) in [
        (Reply::json("{}"), "answer could not be read"),
        (container(json!({"size": 0})), "not a Plex Media Server"),
        (Reply::html("<html>Jellyfin</html>"), "not the API of Plex"),
        (Reply::body("text/xml", r#"<MediaContainer machineIdentifier="m1"/>"#), "not the API"),
        (Reply::json("[]"), "answer could not be read"),
        (Reply::status(404), "no such address"),
        (Reply::redirect("http://127.0.0.1:1/identity"), "redirects"),
    ] {
        let wire = Wire::start(move |_| reply.clone()).await;
        let error = plex(&wire).identify().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[tokio::test]
async fn libraries_of_films_and_shows_by_uuid() {
    let wire = Wire::start(|r| Fake::default().answer(r)).await;
    let libraries = plex(&wire).libraries().await.unwrap();
    let libraries: Vec<_> =
        libraries.iter().map(|l| (l.remote_id.as_str(), l.name.as_str(), l.kind)).collect();
    let films = ("u-films", "Films", LibraryKind::Movies);
    assert_eq!(libraries, [films, ("u-shows", "Shows", LibraryKind::Shows)]);
}

#[tokio::test]
async fn removal_says_what_was_done() {
    let wire = Wire::start(|r| match (r.method.as_str(), r.path.as_str()) {
        ("DELETE", "/library/metadata/183") => Reply::status(400),
        _ => Fake::movies().answer(r),
    })
    .await;
    let plex = plex(&wire);
    assert_eq!(plex.effect(&"55".into()).await, Ok(RemovalEffect::Files));
    assert!(plex.remove(&"55".into()).await.unwrap());
    assert!(!plex.remove(&"9".into()).await.unwrap());
    assert_eq!(plex.remove(&"183".into()).await.unwrap_err().problem, Problem::Forbidden);
    assert!(plex.remove(&"..".into()).await.is_err());
    assert!(plex.remove(&"55/../56?x".into()).await.is_ok_and(|removed| !removed));
}

#[tokio::test]
async fn a_server_that_keeps_media_says_so_before() {
    let wire = Wire::start(|r| match (r.method.as_str(), r.path.as_str()) {
        ("GET", "/") => container(json!({"machineIdentifier": "m1", "allowMediaDeletion": false})),
        _ => Fake::movies().answer(r),
    })
    .await;
    let effect = plex(&wire).effect(&"55".into()).await.unwrap();
    assert!(matches!(&effect, RemovalEffect::Impossible(why) if why.contains("settings")));
}

#[tokio::test]
async fn only_what_differs_is_told() {
    let none = PlayState::default();
    let played = PlayState { played: true, play_count: 2, ..none };
    let stopped = |position_seconds, played| PlayState { position_seconds, played, ..none };
    // Heat was played twice and stopped at 61 s; Big Buck Bunny was never played.
    for (key, state, told) in [
        ("182", stopped(61, true), vec![]),
        ("182", played, vec!["/:/scrobble"]),
        ("182", none, vec!["/:/unscrobble"]),
        ("182", stopped(90, false), vec!["/:/unscrobble", "/:/timeline"]),
        ("55", none, vec![]),
        ("55", played, vec!["/:/scrobble"]),
        ("55", stopped(90, false), vec!["/:/timeline"]),
    ] {
        let wire = Wire::start(|r| Fake::movies().answer(r)).await;
        plex(&wire).write_play_state(&key.into(), state).await.unwrap();
        let all = wire.requests();
        let paths: Vec<_> = all[1..].iter().map(|r| r.path.as_str()).collect();
        assert_eq!(paths, told, "{key} {state:?}");
        for request in &all[1..] {
            let item = request.param("ratingKey").or_else(|| request.param("key"));
            assert_eq!(item, Some(key));
        }
    }
}

#[tokio::test]
async fn a_play_is_not_counted_twice() {
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let wire = Wire::start(move |r| {
        if r.path == "/:/scrobble" {
            *counted.lock().unwrap() += 1;
            return Reply::status(503);
        }
        Fake::movies().answer(r)
    })
    .await;
    let played = PlayState { played: true, ..PlayState::default() };
    assert!(plex(&wire).write_play_state(&"55".into(), played).await.is_err());
    assert_eq!(*calls.lock().unwrap(), 1);
    let gone = plex(&wire).write_play_state(&"9".into(), played).await.unwrap_err();
    assert_eq!(gone.problem, Problem::NotFound);
}
