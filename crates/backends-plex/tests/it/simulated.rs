//! The adapter against the simulated server: worlds that change, ids that change, faults.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use shelfread_backends_http::Retries;
use shelfread_backends_plex::{Plex, PlexConfig};
use shelfread_domain::port::{
    FetchPoster, Listed, MediaSource, Problem, RemoteLibrary, RemoveMedia, Scope, WritePlayState,
};
use shelfread_domain::{ItemKind, Observation, PlayState};
use shelfread_simulator::{Effect, Fault, Faults, ObjectId, Running, Size, World};
use shelfread_testkit::fixtures::check;

use crate::fake::Step;

const SIZE: Size = Size { films: 45, shows: 12, episodes: 300 };

fn adapter(server: &Running, token: &str) -> Plex {
    let mut config = PlexConfig::new(server.url().as_str(), token.into()).unwrap();
    let pause = Duration::from_millis(1);
    config.http.retries = Retries { count: 2, first_pause: pause, longest_pause: pause };
    config.http.timeouts.idle = Duration::from_millis(300);
    config.http.max_body = 4 << 20;
    config.page_size = 20;
    Plex::new(config).unwrap()
}

async fn plex(world: &World) -> (Running, Plex) {
    let server = shelfread_simulator::Plex::new(world).start().await.unwrap();
    let adapter = adapter(&server, server.token());
    (server, adapter)
}

/// What a listing said, after it was held to the contract.
struct Seen {
    items: Vec<Observation>,
    failed: Vec<Option<String>>,
    complete: bool,
    error: Option<Problem>,
}

async fn list(plex: &Plex, library: &RemoteLibrary, scope: Scope) -> Seen {
    let steps: Vec<Step> = plex.list(library, scope).collect().await;
    check(&steps).unwrap();
    let mut seen = Seen { items: Vec::new(), failed: Vec::new(), complete: false, error: None };
    for step in steps {
        match step {
            Ok(Listed::Page(page)) => seen.items.extend(page),
            Ok(Listed::Failed(failed)) => seen.failed.push(failed.remote_id.map(|id| id.0)),
            Ok(Listed::Expected(_)) => {}
            Ok(Listed::End(end)) => seen.complete = end.complete,
            Err(e) => seen.error = Some(e.problem),
        }
    }
    seen
}

async fn everything(plex: &Plex) -> Vec<Seen> {
    let mut all = Vec::new();
    for library in plex.libraries().await.unwrap() {
        all.push(list(plex, &library, Scope::Full).await);
    }
    all
}

fn count(seen: &[Seen], kind: ItemKind) -> u64 {
    seen.iter().flat_map(|s| &s.items).filter(|o| o.kind == kind).count() as u64
}

#[tokio::test]
async fn a_world_is_listed_whole() {
    let world = World::generate(3, SIZE);
    for server in [
        shelfread_simulator::Plex::new(&world),
        shelfread_simulator::Plex::new(&world).legacy_agents().base("/a/plex"),
    ] {
        let server = server.start().await.unwrap();
        let plex = adapter(&server, server.token());
        let seen = everything(&plex).await;
        let census = world.census();
        assert_eq!(count(&seen, ItemKind::Movie), census.movies);
        assert_eq!(count(&seen, ItemKind::Show), census.shows);
        assert_eq!(count(&seen, ItemKind::Season), census.seasons);
        assert_eq!(count(&seen, ItemKind::Episode), census.episodes);
        assert!(seen.iter().all(|s| s.complete && s.failed.is_empty()));
        let with_ids = |kind| {
            let has = |o: &&Observation| o.kind == kind && !o.facts.external_ids.is_empty();
            seen.iter().flat_map(|s| &s.items).filter(has).count()
        };
        assert!(with_ids(ItemKind::Movie) > 40 && with_ids(ItemKind::Show) == 12);
        // Pages, counts, and the sections before and after each listing.
        let pages = census.total().div_ceil(20) + 4;
        assert!(server.request_count() as u64 <= pages + 10, "{}", server.request_count());
    }
}

#[tokio::test]
async fn two_servers_with_equal_keys_do_not_meet() {
    let world = World::generate(1, Size { films: 3, shows: 0, episodes: 0 });
    let (_one, one) = plex(&world).await;
    let other = shelfread_simulator::Plex::new(&world).name("cellar").start().await.unwrap();
    let two = adapter(&other, other.token());
    let (a, b) = (one.libraries().await.unwrap(), two.libraries().await.unwrap());
    assert!(a.iter().all(|l| b.iter().all(|other| l.remote_id != other.remote_id)));
    assert_ne!(one.identify().await.unwrap().server_id, two.identify().await.unwrap().server_id);
    let swapped = list(&one, &b[0], Scope::Full).await;
    assert_eq!(swapped.error, Some(Problem::NotFound), "it is on the other server");
    let ids = |seen: Seen| seen.items.into_iter().map(|o| o.remote_id).collect::<Vec<_>>();
    let mine = ids(list(&one, &a[0], Scope::Full).await);
    assert_eq!(mine, ids(list(&two, &b[0], Scope::Full).await), "equal keys all the same");
}

#[tokio::test]
async fn each_user_has_their_own_states() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    let (server, anna) = plex(&world).await;
    let ben = adapter(&server, &server.user_token("ben").unwrap());
    assert_eq!(anna.identify().await.unwrap().viewer.unwrap().name, "anna");
    assert_ne!(ben.identify().await.unwrap().viewer.unwrap().remote_user, "1");

    let id = server.remote_id(heat).unwrap().into();
    let stopped = PlayState { position_seconds: 90, ..PlayState::default() };
    ben.write_play_state(&id, stopped).await.unwrap();
    let films = anna.libraries().await.unwrap().remove(0);
    let of = async |plex: &Plex| list(plex, &films, Scope::Full).await.items[0].play;
    assert_eq!(of(&anna).await, None);
    assert_eq!(of(&ben).await.unwrap().position_seconds, 90);

    let played = PlayState { played: true, ..PlayState::default() };
    for _ in 0..2 {
        anna.write_play_state(&id, played).await.unwrap();
        assert_eq!(server.play("anna", heat).unwrap().play_count, 1, "told once");
    }
    anna.write_play_state(&id, PlayState::default()).await.unwrap();
    assert!(server.play("anna", heat).unwrap().is_blank());
    assert_eq!(ben.remove(&id).await.unwrap_err().problem, Problem::Forbidden);
    assert!(anna.remove(&id).await.unwrap());
    assert!(!anna.remove(&id).await.unwrap());
}

#[tokio::test]
async fn what_changed_costs_what_changed() {
    let at = |hour: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(hour);
    let world = World::generate(5, SIZE);
    let (server, plex) = plex(&world).await;
    let shows = plex.libraries().await.unwrap().remove(1);
    world.set_clock(Some(at(600_000)));
    let episodes = world.ids(ItemKind::Episode);
    world.rename(episodes[5], "Renamed");
    let is_new = |id: &&ObjectId| {
        world.get(**id).is_some_and(|o| o.play.is_none() && !o.versions.is_empty())
    };
    let unseen = episodes[6..].iter().find(is_new).unwrap();
    let id = server.remote_id(*unseen).unwrap();
    let played = PlayState { played: true, ..PlayState::default() };
    plex.write_play_state(&id.as_str().into(), played).await.unwrap();
    server.forget_requests();
    let seen = list(&plex, &shows, Scope::ChangedSince(at(599_999))).await;
    let mut changed: Vec<_> = seen.items.iter().map(|o| o.remote_id.0.clone()).collect();
    changed.sort();
    let mut expected = vec![server.remote_id(episodes[5]).unwrap(), id];
    expected.sort();
    assert_eq!(changed, expected);
    assert!(!seen.complete);
    assert!(server.request_count() <= 8, "{}", server.request_count());
}

#[tokio::test]
async fn what_lies_in_the_trash_is_listed_and_not_there() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    let (_server, plex) = plex(&world).await;
    let films = plex.libraries().await.unwrap().remove(0);
    for trashed in [true, false] {
        world.trash(heat, trashed);
        let seen = list(&plex, &films, Scope::Full).await;
        assert!(seen.complete);
        let facts = &seen.items[0].facts;
        assert_eq!((facts.trashed, facts.files.is_empty()), (trashed, trashed));
    }
}

#[tokio::test]
async fn a_show_comes_with_its_family() {
    let world = World::generate(3, SIZE);
    let (server, plex) = plex(&world).await;
    let shows = plex.libraries().await.unwrap().remove(1);
    let show = world.ids(ItemKind::Show)[2];
    let id = server.remote_id(show).unwrap();
    let seen = list(&plex, &shows, Scope::Only(vec![id.as_str().into()])).await;
    let all = list(&plex, &shows, Scope::Full).await;
    let family = |seen: &Seen| {
        let is = |o: &&Observation| {
            o.remote_id.as_str() == id || o.parent.as_ref().is_some_and(|p| p.as_str() == id)
        };
        let mut ids: Vec<_> = seen.items.iter().filter(is).map(|o| o.remote_id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(family(&seen), family(&all));
    assert_eq!(seen.items.len(), family(&seen).len());
}

fn status(code: u16) -> Effect {
    Effect::Status { code, retry_after: None }
}

/// A library of 100 films by pages of 20 under this fault.
async fn films_under(fault: impl Into<Faults>) -> Seen {
    let world = World::generate(1, Size { films: 100, shows: 0, episodes: 0 });
    let (server, plex) = plex(&world).await;
    let films = plex.libraries().await.unwrap().remove(0);
    server.set_faults(fault);
    list(&plex, &films, Scope::Full).await
}

fn on_page(effect: Effect, page: usize) -> Fault {
    Fault::new(effect).on_path("/library/sections/1/all").on_page(page)
}

#[tokio::test]
async fn passing_troubles_pass() {
    for effect in [
        status(500),
        status(503),
        status(429),
        Effect::Reset,
        Effect::CutOff(100),
        Effect::Stall(50),
        Effect::Delay(50),
    ] {
        let seen = films_under(on_page(effect.clone(), 2).first(2)).await;
        assert!(seen.complete, "{effect:?}: {:?}", seen.error);
        assert_eq!(seen.items.len(), 100, "{effect:?}");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_had_as_a_whole_is_read_in_halves() {
    for effect in [status(500), Effect::CutOff(100), Effect::BadJson, Effect::Oversized(5)] {
        let seen = films_under(on_page(effect.clone(), 2)).await;
        assert!(seen.complete, "{effect:?}: {:?}", seen.error);
        assert_eq!(seen.items.len(), 100, "{effect:?}");
    }
}

#[tokio::test]
async fn lies_and_lasting_troubles_prove_nothing() {
    for effect in [
        Effect::Short(1),
        Effect::Half,
        Effect::Total(3),
        Effect::Total(-3),
        Effect::Drift,
        Effect::Overlap(2),
        Effect::Shuffle,
        Effect::Empty,
        Effect::Html,
        Effect::Redirect("http://127.0.0.2:9/x".into()),
        status(401),
        status(403),
        status(404),
        status(429),
        Effect::Silence,
    ] {
        let seen = films_under(on_page(effect.clone(), 2)).await;
        assert!(!seen.complete, "{effect:?}");
    }
    for effect in [Effect::Short(1), Effect::Total(3), Effect::Drift, Effect::Overlap(2)] {
        let on_all = Fault::new(effect.clone()).on_path("/library/sections/1/all");
        assert!(!films_under(on_all).await.complete, "{effect:?} everywhere");
    }
}

#[tokio::test]
async fn one_item_that_breaks_its_page_is_found() {
    let world = World::generate(1, Size { films: 100, shows: 0, episodes: 0 });
    let heat = world.add_movie("Heat", 1995);
    let (server, plex) = plex(&world).await;
    let films = plex.libraries().await.unwrap().remove(0);
    for effect in [status(500), Effect::Reset, Effect::BadJson] {
        server.set_faults(Fault::new(effect.clone()).holding("Heat"));
        let seen = list(&plex, &films, Scope::Full).await;
        assert_eq!((seen.items.len(), seen.failed.len()), (100, 1), "{effect:?}");
        assert!(!seen.complete, "nobody knows whether it is there");
    }
    server.set_faults(Fault::new(Effect::WrongTypes).holding("Heat"));
    let seen = list(&plex, &films, Scope::Full).await;
    assert_eq!(seen.failed, [server.remote_id(heat)]);
    assert!(seen.complete, "it is known to be there");
}

#[tokio::test]
async fn a_rebuilt_server_is_another_one() {
    let world = World::generate(1, Size { films: 5, shows: 0, episodes: 0 });
    let (server, plex) = plex(&world).await;
    let before = plex.identify().await.unwrap().server_id;
    let films = plex.libraries().await.unwrap().remove(0);
    server.rebuild();
    assert_ne!(plex.identify().await.unwrap().server_id, before);
    assert_eq!(list(&plex, &films, Scope::Full).await.error, Some(Problem::NotFound));
}

#[tokio::test]
async fn posters_come_from_the_server() {
    let world = World::empty();
    world.add_movie("Heat", 1995);
    let (_server, plex) = plex(&world).await;
    let seen = everything(&plex).await;
    let film = seen.iter().flat_map(|seen| &seen.items).next().unwrap();
    let address = film.facts.poster_url.clone().unwrap();
    let picture = plex.poster(&film.remote_id, &address).await.unwrap();
    assert!(picture.starts_with(b"\x89PNG"), "{address}");
    assert_eq!(
        plex.poster(&film.remote_id, "/library/metadata/7/thumb/1").await.unwrap_err().problem,
        Problem::NotFound
    );
}
