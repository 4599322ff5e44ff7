//! Items, corrections and what waits for a decision.

use reqwest::Method;
use serde_json::{Value, json};
use shelfread_domain::SourceKind;
use shelfread_domain::port::LibraryKind;

use super::{NOBODY, fine, refused};
use crate::desk::{Desk, both};

both!(
    items_are_found_and_paged,
    an_item_is_shown,
    fields_are_corrected_and_reset,
    settings_are_set,
    items_are_merged_and_split,
    an_item_is_removed,
    a_listing_waits_for_a_decision,
    what_is_not_there_and_makes_no_sense,
);

const SHELF: &str = "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 tmdb=2\n\
                     show d \"Dark\" 2017 tmdb=70523\nepisode d 1x01 e \"Secrets\"";

fn titles(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|i| i["title"].as_str().unwrap()).collect()
}

async fn items_are_found_and_paged(desk: Desk) {
    desk.den(LibraryKind::Mixed, SHELF).await;
    desk.source("attic", SourceKind::Emby).await;
    for (query, expected) in [
        ("kind=movie", vec!["Alpha", "Beta"]),
        ("kind=movie&sort=year", vec!["Beta", "Alpha"]),
        ("kind=movie&sort=added", vec!["Beta", "Alpha"]),
        ("query=lph", vec!["Alpha"]),
        ("source=den&kind=episode", vec!["Secrets"]),
        ("source=attic", vec![]),
        ("missing_on=attic&kind=show", vec!["Dark"]),
        ("status=available&kind=movie", vec!["Alpha", "Beta"]),
        ("status=wanted", vec![]),
    ] {
        let page = fine(&desk.get(&format!("/api/v1/items?{query}")).await);
        assert_eq!(titles(&page), expected, "{query}");
    }
    let (mut seen, mut next) = (Vec::new(), Some(String::new()));
    while let Some(after) = next {
        let url = reqwest::Url::parse_with_params("http://x/", [("after", &after)]).unwrap();
        let query = if after.is_empty() { "" } else { url.query().unwrap() };
        let page = fine(&desk.get(&format!("/api/v1/items?limit=1&{query}")).await);
        seen.extend(titles(&page).into_iter().map(str::to_owned));
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    let show = desk.item("Dark").await;
    let below = fine(&desk.get(&format!("/api/v1/items?show={show}")).await);
    assert_eq!(titles(&below), ["Secrets"]);
}

async fn an_item_is_shown(desk: Desk) {
    desk.den(LibraryKind::Mixed, SHELF).await;
    let path = format!("/api/v1/items/{}", desk.item("Alpha").await);
    let shown = fine(&desk.get(&path).await);
    assert_eq!(
        (&shown["title"], &shown["fields"]["year"]["origin"]),
        (&json!("Alpha"), &json!("den"))
    );
    assert_eq!(shown["external_ids"], json!([{ "provider": "tmdb", "value": "1" }]));
    let listings = fine(&desk.get(&format!("{path}/listings")).await);
    assert_eq!(listings["listings"], shown["listings"]);
    assert_eq!(listings["listings"][0]["remote_id"], "a");
    let progress = fine(&desk.get(&format!("{path}/progress")).await);
    assert_eq!(progress["progress"], shown["progress"]);
}

async fn fields_are_corrected_and_reset(desk: Desk) {
    desk.den(LibraryKind::Mixed, SHELF).await;
    let path = format!("/api/v1/items/{}", desk.item("Alpha").await);
    let wishes = json!({ "title": "The Alpha", "overview": null });
    let done = fine(&desk.patch(&format!("{path}/overrides"), &wishes).await);
    assert!(done["run"].is_string(), "{done}");
    let again = fine(&desk.patch(&format!("{path}/overrides"), &wishes).await);
    assert_eq!(again["run"], json!(null), "it is so already");
    let shown = fine(&desk.get(&path).await);
    assert_eq!(
        (&shown["title"], &shown["fields"]["title"]["origin"]),
        (&json!("The Alpha"), &json!("a person"))
    );
    assert_eq!(desk.synced().await["counts"]["updated"], 0);
    for _ in 0..2 {
        fine(&desk.delete(&format!("{path}/overrides/title")).await);
    }
    assert_eq!(fine(&desk.get(&path).await)["title"], "Alpha");
    for wrong in [
        json!({ "year": "soon" }),
        json!({ "title": null }),
        json!({ "colour": "red" }),
        json!({ "year": 5 }),
    ] {
        refused(&desk.patch(&format!("{path}/overrides"), &wrong).await, 422, "invalid");
    }
    refused(&desk.delete(&format!("{path}/overrides/colour")).await, 404, "not-found");
}

async fn settings_are_set(desk: Desk) {
    desk.den(LibraryKind::Mixed, SHELF).await;
    let path = format!("/api/v1/items/{}", desk.item("Dark").await);
    let body = json!({ "auto_download": true, "status": "waiting" });
    for _ in 0..2 {
        fine(&desk.patch(&format!("{path}/settings"), &body).await);
    }
    let settings = &fine(&desk.get(&path).await)["settings"];
    assert_eq!(
        (&settings["auto_download"], &settings["status"]),
        (&json!(true), &json!("waiting"))
    );
    refused(&desk.patch(&format!("{path}/settings"), &json!({})).await, 422, "invalid");
    refused(
        &desk.patch(&format!("{path}/settings"), &json!({ "auto_download": 1 })).await,
        422,
        "invalid",
    );
}

async fn items_are_merged_and_split(desk: Desk) {
    desk.den(LibraryKind::Mixed, SHELF).await;
    let (alpha, beta, dark) =
        (desk.item("Alpha").await, desk.item("Beta").await, desk.item("Dark").await);
    let merge = format!("/api/v1/items/{alpha}/merge");
    refused(&desk.post(&merge, &json!({ "gone": dark })).await, 422, "invalid");
    refused(&desk.post(&merge, &json!({ "gone": alpha })).await, 422, "invalid");
    refused(&desk.post(&merge, &json!({ "gone": NOBODY })).await, 404, "not-found");
    let done = fine(&desk.post(&merge, &json!({ "gone": beta })).await);
    assert_eq!(done["item"], json!(alpha));
    refused(&desk.get(&format!("/api/v1/items/{beta}")).await, 404, "not-found");
    let listings = fine(&desk.get(&format!("/api/v1/items/{alpha}/listings")).await);
    let split =
        listings["listings"].as_array().unwrap().iter().find(|l| l["remote_id"] == "b").unwrap();
    let body = json!({ "listing": split["id"] });
    let done = fine(&desk.post(&format!("/api/v1/items/{alpha}/split"), &body).await);
    assert_ne!(done["item"], json!(alpha));
    refused(&desk.post(&format!("/api/v1/items/{dark}/split"), &body).await, 422, "invalid");
    refused(&desk.post(&format!("/api/v1/items/{NOBODY}/split"), &body).await, 404, "not-found");
}

async fn an_item_is_removed(desk: Desk) {
    desk.den(LibraryKind::Mixed, SHELF).await;
    let path = format!("/api/v1/items/{}", desk.item("Alpha").await);
    refused(&desk.delete(&path).await, 422, "invalid");
    let preview = fine(&desk.get(&format!("{path}/removal")).await);
    assert_eq!(
        (&preview["gone"], &preview["targets"][0]["source"]),
        (&json!(false), &json!("den"))
    );
    let report = fine(&desk.order(&format!("{path}/removal")).await);
    assert!(report["run"].is_string(), "{report}");
    fine(&desk.delete("/api/v1/sources/den").await);
    let item = desk.item("Beta").await;
    fine(&desk.delete(&format!("/api/v1/items/{item}")).await);
    refused(&desk.delete(&format!("/api/v1/items/{item}")).await, 404, "not-found");
}

async fn a_listing_waits_for_a_decision(desk: Desk) {
    desk.den(LibraryKind::Mixed, SHELF).await;
    let attic = desk.source("attic", SourceKind::Emby).await;
    attic.inner().lists("1", LibraryKind::Movies, "movie x \"Alpha\" 2001 tmdb=1 imdb=tt0000002");
    desk.synced().await;
    let den = desk.source("cellar", SourceKind::Emby).await;
    den.inner().lists("1", LibraryKind::Movies, "movie y \"Both\" 2001 tmdb=2 imdb=tt0000002");
    desk.synced().await;
    let waiting = fine(&desk.get("/api/v1/reviews").await);
    let listing = waiting["listings"][0]["listing"].as_str().unwrap();
    let (path, beta) = (format!("/api/v1/reviews/{listing}"), desk.item("Beta").await);
    refused(&desk.post(&path, &json!({ "to": NOBODY })).await, 404, "not-found");
    let done = fine(&desk.post(&path, &json!({ "to": beta })).await);
    assert_eq!(done["item"], json!(beta));
    assert_eq!(fine(&desk.get("/api/v1/reviews?limit=5").await)["listings"], json!([]));
    refused(&desk.get("/api/v1/reviews?limit=5000").await, 422, "invalid");
}

async fn what_is_not_there_and_makes_no_sense(desk: Desk) {
    for path in ["", "/listings", "/progress", "/removal"] {
        for id in [NOBODY, "odd"] {
            refused(&desk.get(&format!("/api/v1/items/{id}{path}")).await, 404, "not-found");
        }
    }
    for query in ["kind=toaster", "sort=size", "status=lost", "kind=season&sort=year", "after=odd"]
    {
        refused(&desk.get(&format!("/api/v1/items?{query}")).await, 422, "invalid");
    }
    refused(&desk.get("/api/v1/items?source=nobody").await, 404, "not-found");
    refused(&desk.get("/api/v1/items?show=odd").await, 404, "not-found");
    let unknown = desk.get("/api/v1/items?soruce=den").await;
    refused(&unknown, 400, "unknown-parameter");
    assert_eq!(unknown.json()["hint"], "did you mean 'source'?");
    let item = format!("/api/v1/items/{NOBODY}");
    refused(
        &desk.patch(&format!("{item}/overrides"), &json!({ "title": "x" })).await,
        404,
        "not-found",
    );
    refused(
        &desk.patch(&format!("{item}/settings"), &json!({ "status": "x" })).await,
        404,
        "not-found",
    );
    refused(&desk.send(Method::PUT, &item, &json!({})).await, 405, "method-not-allowed");
}
