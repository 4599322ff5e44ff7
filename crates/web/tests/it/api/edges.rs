//! Whatever is sent, the answer is a problem with a code.

use reqwest::Method;
use serde_json::json;
use shelfread_domain::SourceKind;

use super::refused;
use crate::desk::{Desk, both, said};

both!(nothing_is_there, bodies_that_are_none, odd_paths_and_queries);

async fn nothing_is_there(desk: Desk) {
    for path in ["/api/v1/nothing", "/api/v1/sources/den/nothing/at/all", "/api/v1/"] {
        refused(&desk.get(path).await, 404, "not-found");
        refused(&desk.post(path, &json!({})).await, 404, "not-found");
    }
    for path in ["/api/v1/sync", "/api/v1/viewers/join"] {
        refused(&desk.get(path).await, 405, "method-not-allowed");
    }
    refused(&desk.delete("/api/v1/sources").await, 405, "method-not-allowed");
}

async fn bodies_that_are_none(desk: Desk) {
    let path = "/api/v1/sources";
    let post = |body: Vec<u8>| desk.request(Method::POST, path).body(body);
    refused(&said(post(b"{}".to_vec())).await, 415, "unsupported-media-type");
    let text = post(b"{}".to_vec()).header("content-type", "text/plain");
    refused(&said(text).await, 415, "unsupported-media-type");
    for body in [&b""[..], b"{", b"\xff\xfe", b"nonsense", &b"[".repeat(10_000)] {
        let json = post(body.to_vec()).header("content-type", "application/json");
        refused(&said(json).await, 400, "bad-request");
    }
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(300_000));
    let json = post(large.into_bytes()).header("content-type", "application/json");
    refused(&said(json).await, 413, "too-large");
}

async fn odd_paths_and_queries(desk: Desk) {
    desk.source("den", SourceKind::Jellyfin).await;
    for name in ["..%2f..%2fetc", "%00", "%ff", "d%65n%00", "'%3B--", "%F0%9F%8E%AC"] {
        refused(&desk.get(&format!("/api/v1/sources/{name}")).await, 404, "not-found");
    }
    for query in ["query=%00", "query=%ff", "%00=1"] {
        refused(&desk.get(&format!("/api/v1/items?{query}")).await, 400, "bad-request");
    }
    refused(&desk.get("/api/v1/items?limit=1&limit=2").await, 422, "invalid");
}
