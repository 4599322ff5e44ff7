//! The API: every operation in its good case and in its errors.

mod access;
mod again;
mod automation;
mod document;
mod downloads;
mod edges;
mod etag;
mod items;
mod live;
mod notifications;
mod rest;
mod runs;
mod sources;
mod unchanged;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shelfread_domain::SourceKind;
use shelfread_domain::port::LibraryKind;
use shelfread_testkit::until;

use crate::desk::{Desk, Said};

pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// An id that nothing has.
pub const NOBODY: &str = "01900000-0000-7000-8000-000000000000";

/// An answer that is a problem of this kind.
#[track_caller]
pub fn refused(said: &Said, status: u16, code: &str) {
    assert_eq!(said.status.as_u16(), status, "{said:?}");
    assert_eq!(said.header("content-type"), "application/problem+json", "{said:?}");
    let problem = said.json();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{said:?}");
    assert!(problem["detail"].is_string() && problem["title"].is_string(), "{said:?}");
}

/// An answer that is fine.
#[track_caller]
pub fn fine(said: &Said) -> Value {
    assert!(said.status.is_success(), "{said:?}");
    said.json()
}

impl Desk {
    pub async fn patch(&self, path: &str, body: &Value) -> Said {
        self.send(Method::PATCH, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Said {
        crate::desk::said(self.request(Method::DELETE, path)).await
    }

    /// Sends a POST without a body.
    pub async fn order(&self, path: &str) -> Said {
        crate::desk::said(self.request(Method::POST, path)).await
    }

    /// A server `den` whose only library has these.
    pub async fn den(&self, kind: LibraryKind, shelf: &str) {
        let den = self.source("den", SourceKind::Jellyfin).await;
        den.inner().lists("1", kind, shelf);
        self.synced().await;
    }

    /// Syncs all sources through the API, and gives the run of the first.
    pub async fn synced(&self) -> Value {
        let said = self.order("/api/v1/sync").await;
        assert_eq!(said.status, StatusCode::ACCEPTED, "{said:?}");
        self.ended(said.json()["runs"][0]["id"].as_str().unwrap()).await
    }

    pub async fn ended(&self, run: &str) -> Value {
        let path = format!("/api/v1/runs/{run}");
        until(PATIENCE, || async { fine(&self.get(&path).await)["status"] != "running" }).await;
        fine(&self.get(&path).await)
    }

    /// The id of the item with this title.
    pub async fn item(&self, title: &str) -> String {
        let page = fine(&self.get(&format!("/api/v1/items?query={title}")).await);
        let items = page["items"].as_array().unwrap();
        let found = items.iter().find(|item| item["title"] == title);
        found.unwrap_or_else(|| panic!("no '{title}' in {page}"))["id"].as_str().unwrap().to_owned()
    }
}
