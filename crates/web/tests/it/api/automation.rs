//! When sources are synced, and what webhooks must bring.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shelfread_domain::SourceKind;
use shelfread_domain::download::ClientKind;
use shelfread_domain::port::LibraryKind;

use super::{fine, refused};
use crate::desk::{Desk, both, said};

both!(
    a_source_has_times_of_its_own,
    webhooks_bring_a_secret,
    an_item_has_a_history,
    the_history_of_what_is_gone,
);

async fn a_source_has_times_of_its_own(desk: Desk) {
    desk.source("den", SourceKind::Jellyfin).await;
    let path = "/api/v1/sources/den/schedule";
    let before = fine(&desk.get(path).await);
    assert_eq!((&before["full"], &before["quick"]), (&json!("off"), &json!("off")));
    let times = json!({ "full": "24h", "quick": "15m", "quiet": "01:00-06:00" });
    let set = fine(&desk.send(Method::PUT, path, &times).await);
    for key in ["full", "quick", "quiet"] {
        assert_eq!(set[key], times[key], "{set}");
    }
    assert!(set["next_full"].is_string(), "{set}");
    assert_eq!(fine(&desk.get("/api/v1/schedule").await)["schedule"][0]["full"], "24h");
    let less = fine(&desk.send(Method::PUT, path, &json!({ "full": "12h" })).await);
    assert_eq!((&less["full"], &less["quick"]), (&json!("12h"), &json!("off")), "a put is whole");
    for odd in [json!({ "full": "soon" }), json!({ "fill": "1h" }), json!({ "quiet": "noon" })] {
        refused(&desk.send(Method::PUT, path, &odd).await, 422, "invalid");
    }
    let nobody = "/api/v1/sources/nobody/schedule";
    refused(&desk.get(nobody).await, 404, "not-found");
    refused(&desk.send(Method::PUT, nobody, &json!({})).await, 404, "not-found");
}

async fn webhooks_bring_a_secret(desk: Desk) {
    desk.source("den", SourceKind::Jellyfin).await;
    desk.program_added("a box", ClientKind::Transmission).await;
    for (path, name) in
        [("/api/v1/sources/den/hook", "den"), ("/api/v1/clients/a%20box/hook", "a%20box")]
    {
        let shown = desk.get(path).await;
        assert_eq!(shown.header("cache-control"), "no-store");
        let first = fine(&shown);
        let secret = first["secret"].as_str().unwrap();
        assert_eq!(first["path"], format!("/hooks/{name}?key={secret}"));
        assert_eq!(fine(&desk.get(path).await), first, "it stays");
        assert_eq!(called(&desk, &first).await, StatusCode::ACCEPTED);
        let renewed = fine(&desk.order(path).await);
        assert_ne!(renewed["secret"], first["secret"]);
        assert_eq!(called(&desk, &first).await, StatusCode::UNAUTHORIZED, "the old one is gone");
        let set = fine(&desk.send(Method::PUT, path, &json!({ "secret": "a & b" })).await);
        assert_eq!(set["path"], format!("/hooks/{name}?key=a+%26+b"));
        assert_eq!(called(&desk, &set).await, StatusCode::ACCEPTED);
        refused(&desk.send(Method::PUT, path, &json!({ "secret": " " })).await, 422, "invalid");
    }
    // A client is no source, and the other way round.
    refused(&desk.get("/api/v1/sources/a%20box/hook").await, 404, "not-found");
    refused(&desk.get("/api/v1/clients/den/hook").await, 404, "not-found");
}

/// What somebody who knows nothing but the address is answered.
async fn called(desk: &Desk, hook: &Value) -> StatusCode {
    said(desk.ask(Method::POST, hook["path"].as_str().unwrap())).await.status
}

/// Everything of a history, page by page, each entry as a few words.
async fn history(desk: &Desk, item: &str, limit: u64) -> Vec<String> {
    let (mut told, mut next) = (Vec::new(), Some(String::new()));
    while let Some(after) = next {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(Some(("after", after.as_str())).filter(|_| !after.is_empty()));
        let url = reqwest::Url::parse_with_params("http://x/", query).unwrap();
        let path = format!("/api/v1/items/{item}/history?{}", url.query().unwrap());
        let page = fine(&desk.get(&path).await);
        let entries = page["history"].as_array().unwrap();
        assert!(!entries.is_empty() && entries.len() as u64 <= limit.parse().unwrap(), "{page}");
        told.extend(entries.iter().map(words));
        next = page["next"].as_str().map(str::to_owned);
    }
    told
}

fn words(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match (&entry["change"], &entry["event"]) {
        (change, Value::Null) => {
            assert!(change["at"].is_string() && change["run"].is_string(), "{entry}");
            format!(
                "{} {} by {}",
                text(&change["op"]),
                text(&change["entity"]),
                text(&change["source"])
            )
        }
        (_, event) => text(&event["kind"]),
    }
}

async fn an_item_has_a_history(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let item = desk.item("Alpha").await;
    let path = format!("/api/v1/items/{item}");
    assert_eq!(
        fine(&desk.get(&format!("{path}/history")).await),
        json!({ "history": [], "next": null })
    );
    for year in ["2002", "2003", "2004"] {
        fine(&desk.patch(&format!("{path}/overrides"), &json!({ "year": year })).await);
    }
    fine(&desk.patch(&format!("{path}/settings"), &json!({ "auto_download": true })).await);
    let whole = history(&desk, &item, 1_000).await;
    assert_eq!(whole[0], "add settings by a person");
    assert!(
        whole.iter().filter(|line| *line == "update item by a person").count() == 3,
        "{whole:?}"
    );
    for limit in [1, 2, 3] {
        assert_eq!(history(&desk, &item, limit).await, whole, "in pages of {limit}");
    }
    let page = format!("{path}/history");
    refused(&desk.get(&format!("{page}?after=x")).await, 422, "invalid");
    refused(&desk.get(&format!("{page}?limit=0")).await, 422, "invalid");
    refused(&desk.get("/api/v1/items/x/history").await, 404, "not-found");
    let nobody = format!("/api/v1/items/{}/history", super::NOBODY);
    refused(&desk.get(&nobody).await, 404, "not-found");
}

async fn the_history_of_what_is_gone(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, "movie a \"Alpha\" 2001\nmovie b \"Beta\" 2002");
    desk.synced().await;
    let item = desk.item("Alpha").await;
    den.inner().lists("1", LibraryKind::Movies, "movie b \"Beta\" 2002");
    desk.synced().await;
    refused(&desk.get(&format!("/api/v1/items/{item}")).await, 404, "not-found");
    let told = history(&desk, &item, 1).await;
    assert!(told.contains(&"item.removed".to_owned()), "{told:?}");
    assert!(told.contains(&"remove item by den".to_owned()), "{told:?}");
}
