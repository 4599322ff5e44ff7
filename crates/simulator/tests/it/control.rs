//! The remote control does to a process what a test does to a value.

use serde_json::json;
use shelfread_simulator::{Effect, Fault, World};

use crate::client::{Api, SIZE};

const ALL: &str = "/Items?includeItemTypes=Movie,Series,Season,Episode&recursive=true&limit=50";

#[tokio::test]
async fn every_command_does_what_it_says() {
    let world = World::generate(7, SIZE);
    let api = Api::jellyfin(&world).await;
    let first = api.get(ALL).await;
    let total = api.sim("forget_requests").await["total"].as_u64().unwrap();
    assert_eq!(total, world.census().total());
    api.sim("rebuild_ids").await;
    let second = api.get(ALL).await;
    assert_eq!(first["Items"][0]["Name"], second["Items"][0]["Name"]);
    assert_ne!(first["Items"][0]["Id"], second["Items"][0]["Id"]);
    api.sim("change?percent=1&seed=2").await;
    let after = api.sim("remove?percent=1&seed=2").await;
    assert!(after["total"].as_u64().unwrap() < total);
    assert_eq!(after["requests"], 1);
    let title = second["Items"][0]["Name"].as_str().unwrap();
    api.sim(&format!("rename?title={title}&to=Renamed")).await;
    assert_eq!(api.names(ALL).await[0], "Renamed");
    api.sim("remove_title?title=Renamed").await;
    assert_ne!(api.names(ALL).await[0], "Renamed");
    assert_eq!(api.sim("server_id?id=other").await["server_id"], "other");
    let state = api.sim("generate?seed=1&films=3&shows=0&episodes=0").await;
    assert_eq!(state["census"]["movies"], 3);
    assert_eq!(api.get(ALL).await["TotalRecordCount"], 3);
    for wrong in ["explode", "rename?title=nothing&to=x", "change?percent=all&seed=1"] {
        let url = api.server.url().join("/_sim/").unwrap().join(wrong).unwrap();
        assert_eq!(api.http.post(url).send().await.unwrap().status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn faults_are_set_from_outside() {
    let api = Api::jellyfin(&World::generate(7, SIZE)).await;
    let set = async |body: serde_json::Value| {
        let url = api.server.url().join("/_sim/faults").unwrap();
        api.http.post(url).json(&body).send().await.unwrap().status()
    };
    let fault = json!([{ "effect": { "status": { "code": 503 } }, "page": 1, "first": 1 }]);
    assert_eq!(set(fault).await, 200);
    let expected = Fault::new(Effect::Status { code: 503, retry_after: None }).on_page(1).first(1);
    assert_eq!(api.server.faults(), expected.into());
    let second = format!("{ALL}&startIndex=50");
    assert_eq!(api.status(ALL).await, 200);
    assert_eq!(
        (api.status(&second).await, api.status(&second).await),
        (503.try_into().unwrap(), 200.try_into().unwrap())
    );
    assert_eq!(set(json!([{ "effect": "reset", "pages": 1 }])).await, 400);
    assert_eq!(set(json!([])).await, 200);
    let log: serde_json::Value = api
        .http
        .get(api.server.url().join("/_sim/log").unwrap())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(log[1]["query"][3], json!(["startIndex", "50"]));
}

#[tokio::test]
async fn warm_pages_are_the_same_pages() {
    let world = World::generate(7, SIZE);
    let api = Api::jellyfin(&world).await;
    let cold = api.get(ALL).await;
    assert_eq!(api.get(ALL).await, cold);
    world.change_some(50, 1);
    assert_eq!(api.server.warm(), 1);
    let warm = api.get(&format!("{ALL}&fields=Overview")).await;
    assert_eq!(warm["Items"][0]["Id"], cold["Items"][0]["Id"]);
}
