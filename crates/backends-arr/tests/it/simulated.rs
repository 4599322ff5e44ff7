//! The adapter against the simulated servers: worlds that change, ids that change, faults.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use secrecy::SecretString;
use shelfread_backends_arr::{Arr, ArrConfig, Program};
use shelfread_backends_http::Retries;
use shelfread_domain::port::{
    FetchPoster, MediaSource, Problem, RemovalEffect, RemoveMedia, Scope,
};
use shelfread_domain::{ItemKind, Observation};
use shelfread_simulator::{Effect, Fault, Faults, Running, Size, World};
use shelfread_testkit::fixtures::check;
use url::Url;

use crate::fake::{Listed, Step, end, is_unproven, pages};

const SIZE: Size = Size { films: 45, shows: 12, episodes: 300 };

fn adapter(program: Program, url: &Url, key: SecretString) -> Arr {
    let mut config = ArrConfig::new(program, url.as_str(), key).unwrap();
    let pause = Duration::from_millis(1);
    config.http.retries = Retries { count: 2, first_pause: pause, longest_pause: pause };
    config.http.timeouts.idle = Duration::from_millis(300);
    config.http.max_body = 2 << 20;
    Arr::new(config).unwrap()
}

async fn run(program: Program, server: shelfread_simulator::Arr) -> (Running, Arr) {
    let server = server.start().await.unwrap();
    let arr = adapter(program, &server.url(), server.token().into());
    (server, arr)
}

async fn sonarr(world: &World) -> (Running, Arr) {
    run(Program::Sonarr, shelfread_simulator::Arr::sonarr(world)).await
}

async fn radarr(world: &World) -> (Running, Arr) {
    run(Program::Radarr, shelfread_simulator::Arr::radarr(world)).await
}

async fn list(arr: &Arr, scope: Scope) -> Vec<Step> {
    let library = arr.libraries().await.unwrap().remove(0);
    let steps: Vec<Step> = arr.list(&library, scope).collect().await;
    check(&steps).unwrap();
    steps
}

fn count(all: &[Observation], fits: impl Fn(&Observation) -> bool) -> u64 {
    all.iter().filter(|o| fits(o)).count() as u64
}

#[tokio::test]
async fn a_world_is_listed_whole() {
    let world = World::generate(3, SIZE);
    let new = || shelfread_simulator::Arr::sonarr(&world);
    for server in [new(), new().early(), new().base("/sonarr")] {
        let (_server, arr) = run(Program::Sonarr, server).await;
        let steps = list(&arr, Scope::Full).await;
        assert!(end(&steps).complete, "{:?}", end(&steps));
        let (all, census) = (pages(&steps), world.census());
        assert_eq!(count(&all, |o| o.kind == ItemKind::Show), census.shows);
        assert_eq!(count(&all, |o| o.kind == ItemKind::Season), census.seasons);
        let has_file = |o: &Observation| o.kind == ItemKind::Episode && !o.facts.files.is_empty();
        assert_eq!(count(&all, has_file), census.episodes);
    }
    let (_server, arr) = radarr(&world).await;
    let steps = list(&arr, Scope::Full).await;
    assert!(end(&steps).complete);
    assert_eq!(count(&pages(&steps), |o| !o.facts.files.is_empty()), world.census().movies);
}

#[tokio::test]
async fn what_is_only_wanted_is_listed_too() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    let ronin = world.add_movie("Ronin", 1998);
    world.edit(heat, |o| o.versions.clear());
    world.edit(ronin, |o| o.versions.clear());
    let server = shelfread_simulator::Arr::radarr(&world).unmonitored("Ronin");
    let (_server, arr) = run(Program::Radarr, server.queued("ab12", &[heat])).await;
    let all = pages(&list(&arr, Scope::Full).await);
    let told: Vec<_> = all.iter().map(|o| (o.facts.monitored, o.facts.files.len())).collect();
    assert_eq!(told, [(Some(true), 0), (Some(false), 0)]);
    let queue = arr.queue().await.unwrap();
    assert_eq!(queue[0].items, [all[0].remote_id.clone()]);
}

#[tokio::test]
async fn a_season_pack_is_one_transfer() {
    let world = World::empty();
    let dark = world.add_show("Dark", 2017);
    let episodes = [1, 2, 3].map(|n| world.add_episode(dark, 1, n));
    let hash = "0123456789abcdef0123456789abcdef01234567";
    let server = shelfread_simulator::Arr::sonarr(&world).queued(hash, &episodes);
    let (_server, arr) = run(Program::Sonarr, server).await;
    let all = pages(&list(&arr, Scope::Full).await);
    let queue = arr.queue().await.unwrap();
    assert_eq!((queue.len(), queue[0].download_id.as_str()), (1, hash));
    assert_eq!(queue[0].items.len(), 3);
    assert!(queue[0].items.iter().all(|id| all.iter().any(|o| o.remote_id == *id)));
}

#[tokio::test]
async fn what_changed_costs_what_changed() {
    let at = |hour: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(hour);
    let world = World::generate(5, SIZE);
    let (server, arr) = sonarr(&world).await;
    world.set_clock(Some(at(600_000)));
    world.rename(world.ids(ItemKind::Episode)[5], "Renamed");
    let library = arr.libraries().await.unwrap().remove(0);
    server.forget_requests();
    let scope = Scope::ChangedSince(at(599_999));
    let steps: Vec<Step> = arr.list(&library, scope).collect().await;
    assert!(!end(&steps).complete);
    let all = pages(&steps);
    assert_eq!(count(&all, |o| o.kind == ItemKind::Show), 12);
    let renamed = |o: &Observation| o.facts.title.as_deref() == Some("Renamed");
    assert_eq!(count(&all, renamed), 1);
    assert_eq!(server.request_count(), 3, "the history, the series, one series' episodes");
}

#[tokio::test]
async fn removal_is_of_whole_series() {
    let world = World::empty();
    let dark = world.add_show("Dark", 2017);
    world.add_episode(dark, 1, 1);
    let (server, arr) = sonarr(&world).await;
    let id = server.remote_id(dark).unwrap();
    let part = format!("{id}#1");
    assert!(matches!(arr.remove(&part.into()).await.unwrap_err().problem, Problem::Rejected(_)));
    assert!(arr.remove(&id.as_str().into()).await.unwrap());
    assert!(!arr.remove(&id.into()).await.unwrap());
    assert_eq!(world.census().total(), 0);
}

#[tokio::test]
async fn of_a_part_the_files_go_and_nobody_looks_for_them() {
    let world = World::empty();
    let dark = world.add_show("Dark", 2017);
    let first = world.add_episode(dark, 1, 1);
    let pair = world.add_episode(dark, 2, 1);
    world.edit(pair, |o| o.episode_end = Some(2));
    let server = shelfread_simulator::Arr::sonarr(&world).start().await.unwrap();
    let key = server.token().into();
    let mut config = ArrConfig::new(Program::Sonarr, server.url().as_str(), key).unwrap();
    config.delete_files = true;
    let arr = Arr::new(config).unwrap();
    let show = server.remote_id(dark).unwrap();
    let episode = |id| format!("{show}/{}", server.remote_id(id).unwrap());
    let id = episode(first);
    assert_eq!(arr.effect(&id.as_str().into()).await, Ok(RemovalEffect::FilesOnly));
    assert!(arr.remove(&id.as_str().into()).await.unwrap());
    let left = world.get(first).unwrap();
    assert!(left.versions.is_empty() && left.unmonitored);
    assert!(!arr.remove(&id.into()).await.unwrap(), "nothing is left to do");
    let shared = arr.remove(&episode(pair).into()).await.unwrap_err();
    assert!(shared.to_string().contains("other episodes"), "{shared}");
    assert!(!world.get(pair).unwrap().versions.is_empty());
    assert!(arr.remove(&format!("{show}#2").into()).await.unwrap());
    assert!(world.get(pair).unwrap().versions.is_empty());
    assert!(!arr.remove(&format!("{show}#7").into()).await.unwrap());
}

async fn shows_under(fault: impl Into<Faults>) -> Vec<Step> {
    let world = World::generate(1, Size { films: 0, shows: 8, episodes: 80 });
    let (server, arr) = sonarr(&world).await;
    let library = arr.libraries().await.unwrap().remove(0);
    server.set_faults(fault);
    let steps: Vec<Step> = arr.list(&library, Scope::Full).collect().await;
    check(&steps).unwrap();
    steps
}

fn status(code: u16) -> Effect {
    Effect::Status { code, retry_after: None }
}

#[tokio::test]
async fn passing_troubles_pass() {
    for effect in [status(500), status(503), status(429), Effect::Reset, Effect::CutOff(100)] {
        for path in ["/api/v3/series", "/api/v3/episode"] {
            let steps = shows_under(Fault::new(effect.clone()).on_path(path).first(2)).await;
            assert!(end(&steps).complete, "{effect:?} {path}");
        }
    }
}

#[tokio::test]
async fn lies_about_episodes_do_not_agree_with_the_statistics() {
    for effect in [Effect::Empty, Effect::Short(1), Effect::Half] {
        let fault = Fault::new(effect.clone()).on_path("/api/v3/episode").first(1);
        let steps = shows_under(fault).await;
        assert!(is_unproven(&steps), "{effect:?}");
        let reason = end(&steps).reason.unwrap();
        assert!(reason.contains("Sonarr counts"), "{reason}");
    }
}

#[tokio::test]
async fn lasting_troubles_prove_nothing() {
    for effect in [
        status(401),
        status(403),
        status(500),
        Effect::Html,
        Effect::BadJson,
        Effect::Silence,
        Effect::Redirect("http://127.0.0.2:9/x".into()),
        Effect::Oversized(3),
    ] {
        for path in ["/api/v3/series", "/api/v3/episode"] {
            let steps = shows_under(Fault::new(effect.clone()).on_path(path)).await;
            assert!(is_unproven(&steps), "{effect:?} {path}");
        }
    }
}

#[tokio::test]
async fn one_bad_episode_is_named() {
    let world = World::generate(1, Size { films: 0, shows: 3, episodes: 30 });
    let (server, arr) = sonarr(&world).await;
    let victim = world.ids(ItemKind::Episode)[4];
    let all = pages(&list(&arr, Scope::Full).await).len();
    let title = world.get(victim).unwrap().title;
    server.set_faults(Fault::new(Effect::WrongTypes).on_path("/api/v3/episode").holding(&title));
    let steps = list(&arr, Scope::Full).await;
    let failed: Vec<_> = steps
        .iter()
        .filter_map(|s| if let Ok(Listed::Failed(f)) = s { f.remote_id.clone() } else { None })
        .collect();
    let id = server.remote_id(victim).unwrap();
    assert!(failed.iter().any(|f| f.as_str().ends_with(&format!("/{id}"))), "{failed:?}");
    assert_eq!(pages(&steps).len() + failed.len(), all);
    assert!(end(&steps).complete, "it is known to be there");
}

#[tokio::test]
async fn a_wrong_program_is_recognized() {
    let world = World::empty();
    for early in [false, true] {
        let server = shelfread_simulator::Arr::sonarr(&world);
        let server = if early { server.early() } else { server };
        let (server, sonarr) = run(Program::Sonarr, server).await;
        assert!(sonarr.identify().await.is_ok());
        let radarr = adapter(Program::Radarr, &server.url(), server.token().into());
        let problem = radarr.identify().await.unwrap_err().problem;
        assert!(matches!(problem, Problem::WrongServer { .. }), "{problem}");
        let elsewhere = server.url().join("/elsewhere").unwrap();
        let lost = adapter(Program::Sonarr, &elsewhere, server.token().into());
        let problem = lost.identify().await.unwrap_err().problem;
        assert!(matches!(problem, Problem::WrongServer { .. }), "{problem}");
        let locked = adapter(Program::Sonarr, &server.url(), "wrong".into());
        assert_eq!(locked.identify().await.unwrap_err().problem, Problem::Unauthorized);
    }
}

/// What the suite of the port makes of an adapter.
pub fn make(program: Program) -> impl Fn(Url, SecretString) -> Arc<dyn MediaSource> {
    move |url, key| Arc::new(adapter(program, &url, key))
}

#[tokio::test]
async fn posters_are_the_programs_own_copies() {
    let world = World::empty();
    world.add_movie("Heat", 1995);
    let show = world.add_show("Dark", 2017);
    world.add_episode(show, 1, 1);
    for (server, arr) in [radarr(&world).await, sonarr(&world).await] {
        let seen = pages(&list(&arr, Scope::Full).await);
        let named = seen.iter().find_map(|o| Some((&o.remote_id, o.facts.poster_url.as_ref()?)));
        let (id, address) = named.unwrap();
        server.forget_requests();
        let picture = arr.poster(id, address).await.unwrap();
        assert!(picture.starts_with(b"\x89PNG") && address.starts_with("https://art.example/"));
        let asked = server.requests();
        assert!(asked.iter().all(|r| r.path.starts_with("/api/v3/mediacover/")), "{asked:?}");
        assert!(arr.poster(&"odd".into(), address).await.is_err());
    }
}
