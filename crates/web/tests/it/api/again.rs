//! A request that is sent twice is done once.

use reqwest::Method;
use serde_json::json;
use shelfread_domain::SourceKind;
use shelfread_domain::port::LibraryKind;

use super::refused;
use crate::desk::{Desk, Said, both, said};

both!(the_same_key_is_the_same_answer);

async fn the_same_key_is_the_same_answer(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1");
    let send = async |key: &str| -> Said {
        said(desk.request(Method::POST, "/api/v1/sync").header("idempotency-key", key)).await
    };
    let first = send("one").await;
    let id = first.json()["runs"][0]["id"].as_str().unwrap().to_owned();
    desk.ended(&id).await;
    let again = send("one").await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    let other = send("two").await;
    assert_ne!(other.json()["runs"][0]["id"], json!(id));
    desk.ended(other.json()["runs"][0]["id"].as_str().unwrap()).await;
    let runs = desk.get("/api/v1/runs").await.json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 2);
    refused(&send("").await, 400, "bad-request");
    refused(&send(&"x".repeat(201)).await, 400, "bad-request");
}
