//! Every fault looks on the wire like the thing that it is named after.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use shelfread_simulator::{Effect, Fault, Faults, World};

use crate::client::Api;

const LIST: &str = "/Items?recursive=true&limit=4&sortBy=DateCreated&startIndex=";

/// Ten films, a to j.
async fn api() -> Api {
    let world = World::empty();
    for title in 'a'..='j' {
        world.add_movie(&title.to_string(), 2000);
    }
    Api::jellyfin(&world).await
}

/// The three pages as text, each with the total that it tells.
async fn pages(api: &Api, faults: impl Into<Faults>) -> String {
    api.server.set_faults(faults);
    let mut told = Vec::new();
    for start in [0, 4, 8] {
        let path = format!("{LIST}{start}");
        told.push(format!("{}={}", api.names(&path).await.concat(), api.total(&path).await));
    }
    told.join(" ")
}

async fn get(api: &Api, effect: Effect) -> Result<Response, reqwest::Error> {
    api.server.set_faults(effect);
    api.request(Method::GET, &format!("{LIST}0")).timeout(Duration::from_secs(5)).send().await
}

#[tokio::test]
async fn lists_lie() {
    let api = api().await;
    let of = |effect| Fault::new(effect);
    assert_eq!(pages(&api, []).await, "abcd=10 efgh=10 ij=10");
    assert_eq!(pages(&api, of(Effect::Empty)).await, "=0 =0 =0");
    assert_eq!(pages(&api, of(Effect::Short(1)).on_page(1)).await, "abcd=10 efg=10 ij=10");
    assert_eq!(pages(&api, of(Effect::Half)).await, "abcd=5 e=5 =5");
    assert_eq!(pages(&api, of(Effect::Total(3))).await, "abcd=13 efgh=13 ij=13");
    assert_eq!(pages(&api, of(Effect::Drift)).await, "abcd=10 efgh=11 ij=12");
    assert_eq!(pages(&api, of(Effect::Overlap(1))).await, "abcd=10 defg=10 ghij=10");
    let shuffled = pages(&api, of(Effect::Shuffle)).await;
    assert_eq!(shuffled.len(), "abcd=10 efgh=10 ij=10".len());
    assert_ne!(shuffled, "abcd=10 efgh=10 ij=10");
    let two = [of(Effect::Half), of(Effect::Total(1)).on_page(0)];
    assert_eq!(pages(&api, two).await, "abcd=6 e=5 =5");
}

#[tokio::test]
async fn one_bad_item_is_found_by_halving() {
    let api = api().await;
    let five_hundred = Effect::Status { code: 500, retry_after: None };
    api.server.set_faults(Fault::new(five_hundred).holding("f"));
    let status = async |start, limit| {
        let path = format!("/Items?recursive=true&startIndex={start}&limit={limit}");
        api.status(&path).await.as_u16()
    };
    assert_eq!((status(0, 5).await, status(5, 5).await), (200, 500));
    assert_eq!((status(5, 1).await, status(6, 4).await), (500, 200));

    api.server.set_faults(Fault::new(Effect::WrongTypes).holding("f"));
    let page = api.get("/Items?recursive=true").await;
    assert_eq!((&page["Items"][4]["Name"], &page["Items"][5]["Name"]), (&"e".into(), &1.into()));
    assert!(page["Items"][5]["Id"].is_string());
}

#[tokio::test]
async fn answers_are_refused_replaced_or_broken() {
    let api = api().await;
    for code in [401, 403, 429, 500, 503] {
        let response = get(&api, Effect::Status { code, retry_after: Some(7) }).await.unwrap();
        assert_eq!(response.status(), code);
        assert_eq!(response.headers()["retry-after"], "7");
    }
    let html = get(&api, Effect::Html).await.unwrap();
    assert_eq!(
        (html.status().as_u16(), &html.headers()["content-type"]),
        (200, &"text/html".parse().unwrap())
    );
    let elsewhere = get(&api, Effect::Redirect("http://other.example/".into())).await.unwrap();
    assert_eq!(
        (elsewhere.status().as_u16(), elsewhere.headers()["location"].to_str().unwrap()),
        (302, "http://other.example/")
    );
    let bad = get(&api, Effect::BadJson).await.unwrap().text().await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&bad).is_err());
    let large = get(&api, Effect::Oversized(3)).await.unwrap().bytes().await.unwrap();
    assert!(large.len() > 3 << 20);
    assert!(get(&api, Effect::CutOff(20)).await.unwrap().bytes().await.is_err());
    assert!(!get(&api, Effect::Reset).await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn answers_are_late_or_never_come() {
    let api = api().await;
    let begun = Instant::now();
    get(&api, Effect::Delay(50)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let short = Duration::from_millis(200);
    api.server.set_faults(Effect::Silence);
    let silent = api.request(Method::GET, LIST).timeout(short).send().await;
    assert!(silent.unwrap_err().is_timeout());
    api.server.set_faults(Effect::Stall(10));
    let stalled = api.request(Method::GET, &format!("{LIST}0")).timeout(short).send().await;
    assert!(stalled.unwrap().bytes().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_refused_write_has_no_effect() {
    let api = api().await;
    let world = api.server.world();
    let path = format!("/Items/{}", api.server.remote_id(world.find("a").unwrap()).unwrap());
    api.server.set_faults(Effect::Status { code: 503, retry_after: None });
    assert_eq!(api.request(Method::DELETE, &path).send().await.unwrap().status(), 503);
    assert_eq!(world.census().movies, 10);
}

#[tokio::test]
async fn another_world_may_appear_behind_the_same_address() {
    let api = api().await;
    let other = World::empty();
    other.add_movie("z", 2000);
    api.server.show(other);
    assert_eq!(api.names(&format!("{LIST}0")).await, ["z"]);
    api.server.set_server_id("other");
    assert_eq!(api.get("/System/Info/Public").await["Id"], "other");
}
