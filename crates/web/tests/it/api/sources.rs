//! Sources and their libraries.

use serde_json::json;
use shelfread_domain::SourceKind;
use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_testkit::faults::Fault;

use super::{fine, refused};
use crate::desk::{Desk, both};

both!(
    a_source_is_added_changed_paused_and_forgotten,
    what_makes_no_sense_is_refused,
    a_source_is_tested,
    a_library_is_left_out_of_syncs,
    secrets_come_in_and_never_go_out,
);

async fn a_source_is_added_changed_paused_and_forgotten(desk: Desk) {
    desk.script("den", SourceKind::Jellyfin);
    let body =
        json!({ "name": "den", "kind": "jellyfin", "url": "http://den:8096", "user": "anna" });
    let added = desk.post("/api/v1/sources", &body).await;
    assert_eq!((added.status.as_u16(), added.header("location")), (201, "/api/v1/sources/den"));
    refused(&desk.post("/api/v1/sources", &body).await, 409, "taken");
    let all = fine(&desk.get("/api/v1/sources").await);
    assert_eq!(all["sources"][0], fine(&desk.get("/api/v1/sources/den").await));
    assert_eq!(all["sources"][0]["settings"]["user"], "anna");
    let change = json!({ "enabled": false, "max_removals": "20%", "on_missing": "grace:30d" });
    for _ in 0..2 {
        let changed = fine(&desk.patch("/api/v1/sources/den", &change).await);
        assert_eq!((&changed["enabled"], &changed["max_removals"]), (&json!(false), &json!("20%")));
        assert_eq!(changed["settings"]["user"], "anna", "what is not named stays");
    }
    assert_eq!(fine(&desk.delete("/api/v1/sources/den").await)["unlisted_items"], 0);
    refused(&desk.delete("/api/v1/sources/den").await, 404, "not-found");
    refused(&desk.get("/api/v1/sources/den").await, 404, "not-found");
    refused(&desk.patch("/api/v1/sources/den", &change).await, 404, "not-found");
}

async fn what_makes_no_sense_is_refused(desk: Desk) {
    desk.script("den", SourceKind::Jellyfin);
    let add = async |body| desk.post("/api/v1/sources", &body).await;
    for body in [
        json!({ "kind": "jellyfin" }),
        json!({ "name": "den" }),
        json!({ "name": "den", "kind": "toaster" }),
        json!({ "name": "den", "kind": "jellyfin", "colour": "red" }),
        json!({ "name": "den", "kind": "jellyfin", "max_removals": "many" }),
        json!({ "name": "a/b", "kind": "jellyfin" }),
        json!({ "name": "d\u{0}n", "kind": "jellyfin" }),
        json!({ "name": "films", "kind": "folder", "path": "films", "media": "movies" }),
        json!({ "name": "nobody", "kind": "jellyfin" }),
        json!([]),
    ] {
        refused(&add(body).await, 422, "invalid");
    }
    fine(&add(json!({ "name": "den", "kind": "jellyfin" })).await);
    let other = desk.patch("/api/v1/sources/den", &json!({ "kind": "emby" })).await;
    refused(&other, 422, "invalid");
}

async fn a_source_is_tested(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, "movie a \"Alpha\" 2001");
    let found = fine(&desk.order("/api/v1/sources/den/test").await);
    assert_eq!(
        (&found["source"], &found["libraries"][0]["remote_id"]),
        (&json!("den"), &json!("1"))
    );
    den.set([Fault::Identify(SourceError::new("asking who it is", Problem::Unauthorized))]);
    let told = desk.order("/api/v1/sources/den/test").await;
    refused(&told, 502, "source");
    assert!(told.json()["hint"].is_string(), "{told:?}");
    refused(&desk.order("/api/v1/sources/nobody/test").await, 404, "not-found");
}

async fn a_library_is_left_out_of_syncs(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let path = "/api/v1/sources/den/libraries";
    let library = fine(&desk.get(path).await)["libraries"][0].clone();
    assert_eq!((&library["enabled"], &library["kind"]), (&json!(true), &json!("movies")));
    let one = format!("{path}/{}", library["id"].as_str().unwrap());
    for _ in 0..2 {
        let off = fine(&desk.patch(&one, &json!({ "enabled": false })).await);
        assert_eq!(off["enabled"], false);
    }
    assert_eq!(desk.synced().await["counts"]["seen"], 0);
    fine(&desk.patch(&one, &json!({ "enabled": true })).await);
    assert_eq!(desk.synced().await["counts"]["seen"], 1);
    refused(&desk.patch(&one, &json!({})).await, 422, "invalid");
    let nobody = format!("{path}/{}", super::NOBODY);
    refused(&desk.patch(&nobody, &json!({ "enabled": true })).await, 404, "not-found");
    let odd = desk.patch(&format!("{path}/odd"), &json!({ "enabled": true })).await;
    refused(&odd, 404, "not-found");
    refused(&desk.get("/api/v1/sources/nobody/libraries").await, 404, "not-found");
}

async fn secrets_come_in_and_never_go_out(desk: Desk) {
    desk.script("den", SourceKind::Jellyfin);
    let (token, password) = ("t0ken-of-den", "pa55word-in-address");
    let url = format!("http://anna:{password}@den:8096");
    let body = json!({ "name": "den", "kind": "jellyfin", "url": url });
    let mut said = vec![desk.post("/api/v1/sources", &body).await];
    let changed = desk.patch("/api/v1/sources/den", &json!({ "token": token })).await;
    assert_eq!(fine(&changed)["has_token"], true);
    said.push(changed);
    for path in ["sources", "sources/den", "events", "doctor?connections=true"] {
        said.push(desk.get(&format!("/api/v1/{path}")).await);
    }
    said.push(desk.order("/api/v1/sources/den/test").await);
    for said in said {
        for secret in [token, password] {
            assert!(!said.text.contains(secret), "{said:?}");
        }
    }
}
