//! Servers that fail in the middle. Nothing is ever taken for gone that was not proven gone.

use shelfread_domain::port::{MediaSource, Problem, Scope};
use shelfread_simulator::{Effect, Fault, Faults, Size, World};

use crate::{Seen, emby, jellyfin, list};

fn status(code: u16) -> Effect {
    Effect::Status { code, retry_after: None }
}

/// A library of 100 films read by pages of 20 under this fault.
async fn films_under(fault: impl Into<Faults>) -> Seen {
    let world = World::generate(1, Size { films: 100, shows: 0, episodes: 0 });
    let (server, source) = jellyfin(&world).await;
    let films = source.libraries().await.unwrap().remove(0);
    server.set_faults(fault);
    list(&source, &films, Scope::Full).await
}

fn on_page(effect: Effect, page: usize) -> Fault {
    Fault::new(effect).on_path("/Items").on_page(page)
}

#[tokio::test]
async fn passing_troubles_pass() {
    for effect in [
        status(500),
        status(503),
        status(429),
        Effect::Status { code: 503, retry_after: Some(0) },
        Effect::Reset,
        Effect::CutOff(100),
        Effect::Silence,
        Effect::Stall(50),
        Effect::Delay(50),
    ] {
        let seen = films_under(on_page(effect.clone(), 2).first(2)).await;
        assert!(seen.is_complete(), "{effect:?}: {}", seen.reason());
        assert_eq!(seen.all().count(), 100, "{effect:?}");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_had_as_a_whole_is_read_in_halves() {
    for effect in [status(500), status(503), Effect::CutOff(100), Effect::BadJson] {
        let seen = films_under(on_page(effect.clone(), 1)).await;
        assert!(seen.is_complete(), "{effect:?}: {}", seen.reason());
        assert_eq!(seen.all().count(), 100, "{effect:?}");
    }
}

#[tokio::test]
async fn what_no_item_can_cause_ends_the_listing() {
    for (effect, problem) in [
        (status(401), Problem::Unauthorized),
        (status(403), Problem::Forbidden),
        (status(404), Problem::NotFound),
        (status(429), Problem::RateLimited),
        (Effect::Redirect("http://127.0.0.2:9/x?api_key=k".into()), redirected()),
        (Effect::Silence, Problem::Timeout(0)),
    ] {
        let seen = films_under(on_page(effect, 1)).await;
        assert_eq!(seen.error.as_ref().unwrap().problem, problem);
        assert!(!seen.is_complete() && seen.all().count() < 100);
    }
    let seen = films_under(on_page(Effect::Html, 0)).await;
    assert!(matches!(seen.error.unwrap().problem, Problem::WrongServer { .. }));
}

fn redirected() -> Problem {
    Problem::Redirected("http://127.0.0.2:9/x?api_key=…".into())
}

#[tokio::test]
async fn lies_make_a_listing_partial() {
    for effect in [
        Effect::Empty,
        Effect::Short(1),
        Effect::Total(3),
        Effect::Total(-3),
        Effect::Drift,
        Effect::Overlap(2),
        Effect::Shuffle,
    ] {
        let on_all = films_under(Fault::new(effect.clone()).on_path("/Items")).await;
        // An empty library is what a server may say; the guard of removals is another's business.
        assert_eq!(on_all.is_complete(), effect == Effect::Empty, "{effect:?}");
        let on_one = films_under(on_page(effect.clone(), 2)).await;
        assert!(!on_one.is_complete(), "{effect:?}");
        assert!(!on_one.reason().is_empty());
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_divided_until_it_fits() {
    let seen = films_under(on_page(Effect::Oversized(5), 1).first(2)).await;
    assert!(seen.is_complete(), "{} {:?}", seen.reason(), seen.error);
}

#[tokio::test]
async fn one_item_that_breaks_its_page_is_found() {
    let world = World::generate(1, Size { films: 100, shows: 0, episodes: 0 });
    let heat = world.add_movie("Heat", 1995);
    for (server, source) in [jellyfin(&world).await, emby(&world).await] {
        let films = source.libraries().await.unwrap().remove(0);
        for effect in [status(500), Effect::Reset, Effect::BadJson] {
            server.set_faults(Fault::new(effect.clone()).holding("Heat"));
            let seen = list(&source, &films, Scope::Full).await;
            assert_eq!(seen.all().count(), 100, "{effect:?}");
            assert!(!seen.titles().contains(&"Heat"));
            assert_eq!(seen.failures.len(), 1);
            assert_eq!(seen.failures[0].remote_id, None);
            assert!(!seen.is_complete(), "nobody knows whether it is there");
        }
        server.set_faults(Fault::new(Effect::WrongTypes).holding("Heat"));
        let seen = list(&source, &films, Scope::Full).await;
        let id = server.remote_id(heat).unwrap();
        assert_eq!(seen.failures[0].remote_id.as_ref().map(|r| r.as_str()), Some(id.as_str()));
        assert_eq!(seen.all().count(), 100);
        assert!(seen.is_complete(), "it is known to be there: {}", seen.reason());
    }
}

#[tokio::test]
async fn a_server_that_fails_for_good_is_given_up_soon() {
    let world = World::generate(1, Size { films: 500, shows: 0, episodes: 0 });
    let (server, source) = jellyfin(&world).await;
    let films = source.libraries().await.unwrap().remove(0);
    server.forget_requests();
    server.set_faults(on_page(status(500), 0));
    let seen = list(&source, &films, Scope::Full).await;
    assert!(!seen.is_complete());
    assert!(server.request_count() < 400, "{}", server.request_count());
}

#[tokio::test]
async fn a_server_that_was_swapped_is_noticed() {
    let world = World::generate(1, Size { films: 30, shows: 0, episodes: 0 });
    let (server, source) = jellyfin(&world).await;
    let films = source.libraries().await.unwrap().remove(0);
    server.set_server_id("another");
    let seen = list(&source, &films, Scope::Full).await;
    assert!(matches!(seen.error.unwrap().problem, Problem::WrongServer { .. }));
    assert_eq!(seen.pages.len(), 0);
    assert_eq!(source.identify().await.unwrap().server_id, "another");
    assert!(list(&source, &films, Scope::Full).await.is_complete());
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error() {
    let (server, source) = jellyfin(&World::empty()).await;
    let films = source.libraries().await.unwrap().remove(0);
    server.stop().await;
    let seen = list(&source, &films, Scope::Full).await;
    assert!(matches!(seen.error.unwrap().problem, Problem::Unreachable(_)));
}
