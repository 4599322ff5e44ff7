//! Who is told what happens, and the letters to them.

use chrono::Utc;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::json;
use shelfread_app::access::Scope;
use shelfread_store::NewLetter;

use super::{NOBODY, fine, refused};
use crate::desk::{Desk, both, said};

both!(
    targets_are_added_changed_tested_and_forgotten,
    what_could_not_be_told_is_told_again,
    only_an_admin_says_who_is_told,
);

async fn targets_are_added_changed_tested_and_forgotten(desk: Desk) {
    let path = "/api/v1/notifications/phone";
    let whole =
        json!({ "kind": "ntfy", "url": "https://phone.test/den?auth=hush", "secret": "shh" });
    let added = desk.send(Method::PUT, path, &whole).await;
    assert_eq!((added.status, added.header("location")), (StatusCode::CREATED, path), "{added:?}");
    let view = added.json();
    assert_eq!(view["address"], "https://phone.test");
    assert_eq!(view["events"], json!(["run.held", "source.failed"]));
    assert!(!added.text.contains("hush") && !added.text.contains("shh"), "{added:?}");
    let change = json!({ "events": ["download"], "enabled": false });
    let changed = desk.send(Method::PUT, path, &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let view = changed.json();
    assert_eq!((&view["enabled"], &view["has_secret"]), (&json!(false), &json!(true)));
    assert_eq!(fine(&desk.get(path).await), view);
    assert_eq!(fine(&desk.get("/api/v1/notifications").await)["targets"], json!([view]));
    for odd in [json!({ "kind": "pigeon" }), json!({ "events": ["Run held"] }), json!({ "uri": 1 })]
    {
        refused(&desk.send(Method::PUT, path, &odd).await, 422, "invalid");
    }
    let poor = desk.send(Method::PUT, "/api/v1/notifications/other", &json!({})).await;
    refused(&poor, 422, "invalid");
    assert_eq!(desk.order(&format!("{path}/test")).await.status, StatusCode::NO_CONTENT);
    let deaf = json!({ "url": "https://deaf.test" });
    desk.send(Method::PUT, path, &deaf).await;
    refused(&desk.order(&format!("{path}/test")).await, 502, "source");
    assert_eq!(desk.delete(path).await.status, StatusCode::NO_CONTENT);
    for said in [
        desk.get(path).await,
        desk.delete(path).await,
        desk.order(&format!("{path}/test")).await,
        desk.order(&format!("{path}/replay")).await,
    ] {
        refused(&said, 404, "not-found");
    }
}

async fn what_could_not_be_told_is_told_again(desk: Desk) {
    let whole = json!({ "kind": "webhook", "url": "https://deaf.test", "events": ["*"] });
    desk.send(Method::PUT, "/api/v1/notifications/hall", &whole).await;
    let store = desk.app.store();
    let target_id = store.targets().await.unwrap()[0].id;
    let letter = |event_seq| NewLetter { target_id, event_seq, event: json!({ "kind": "x.y" }) };
    let letters: Vec<_> = (1..=3).map(letter).collect();
    store.put_letters(&letters, &[target_id], 3, Utc::now()).await.unwrap();
    let ttl = std::time::Duration::from_secs(60);
    for claimed in store.claim_letters("test", ttl, Utc::now(), 2).await.unwrap() {
        let error = Some("nobody answers");
        store.note_attempt(claimed.id, "test", error, None, Utc::now()).await.unwrap();
    }
    let list = async |query: &str| fine(&desk.get(&format!("/api/v1/letters{query}")).await);
    let dead = list("?state=dead&limit=1").await;
    assert_eq!(dead["letters"][0]["last_error"], "nobody answers");
    let next = dead["next"].as_str().unwrap();
    let older = list(&format!("?state=dead&before={next}")).await;
    assert_eq!((older["letters"].as_array().unwrap().len(), &older["next"]), (1, &json!(null)));
    assert_eq!(list("?target=hall").await["letters"].as_array().unwrap().len(), 3);
    assert_eq!(list("?target=other").await["letters"], json!([]));
    let id = dead["letters"][0]["id"].as_str().unwrap();
    let again = format!("/api/v1/letters/{id}/replay");
    assert_eq!(desk.order(&again).await.status, StatusCode::NO_CONTENT);
    refused(&desk.order(&again).await, 404, "not-found");
    let rest = fine(&desk.order("/api/v1/notifications/hall/replay").await);
    assert_eq!(rest["letters"], 1);
    assert_eq!(list("?state=dead").await["letters"], json!([]));
    refused(&desk.get("/api/v1/letters?state=lost").await, 422, "invalid");
    refused(&desk.get("/api/v1/letters?before=x").await, 422, "invalid");
    refused(&desk.order(&format!("/api/v1/letters/{NOBODY}/replay")).await, 404, "not-found");
    refused(&desk.order("/api/v1/letters/x/replay").await, 404, "not-found");
}

async fn only_an_admin_says_who_is_told(desk: Desk) {
    let write = desk.app.add_token("writes", Scope::Write, None, None).await.unwrap().key;
    let ask = async |method, path: &str| {
        let request = desk.ask(method, path).bearer_auth(write.expose_secret());
        said(request.header("content-type", "application/json").body("{}")).await
    };
    assert_eq!(ask(Method::GET, "/api/v1/notifications").await.status, StatusCode::OK);
    for (method, path) in [
        (Method::PUT, "/api/v1/notifications/phone"),
        (Method::DELETE, "/api/v1/notifications/phone"),
        (Method::POST, "/api/v1/notifications/phone/test"),
        (Method::POST, &*format!("/api/v1/letters/{NOBODY}/replay")),
        (Method::GET, "/api/v1/sources/den/hook"),
        (Method::PUT, "/api/v1/sources/den/hook"),
        (Method::POST, "/api/v1/clients/box/hook"),
        (Method::POST, "/sources/den/hook"),
    ] {
        refused(&ask(method, path).await, 403, "forbidden");
    }
}
