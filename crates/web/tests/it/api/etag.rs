//! Reads have validators.

use reqwest::Method;
use serde_json::json;
use shelfread_domain::SourceKind;

use crate::desk::{Desk, both, said};

both!(what_is_known_is_not_sent_again);

async fn what_is_known_is_not_sent_again(desk: Desk) {
    desk.source("den", SourceKind::Jellyfin).await;
    let first = desk.get("/api/v1/sources").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{first:?}");
    let ask = async |tag: &str| {
        said(desk.request(Method::GET, "/api/v1/sources").header("if-none-match", tag)).await
    };
    for known in [tag.as_str(), "*", &format!("\"x\", {tag}"), tag.trim_start_matches("W/")] {
        let same = ask(known).await;
        assert_eq!((same.status.as_u16(), same.text.as_str()), (304, ""), "{known}");
        assert_eq!(same.header("etag"), tag);
    }
    desk.patch("/api/v1/sources/den", &json!({ "enabled": false })).await;
    let changed = ask(&tag).await;
    assert_eq!(changed.status.as_u16(), 200);
    assert_ne!(changed.header("etag"), tag);
}
