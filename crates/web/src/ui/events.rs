//! Events: history, newest first, filtered.

use askama::Template;
use axum::extract::Query;
use axum::routing::get;
use serde::Deserialize;
use shelfread_app::rows::EventFilter;

use super::layout::{Seen, Shell, Visit};
use super::story::{self, Line};
use super::{assets, parts};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new().route("/events", get(show))
}

/// Events of a page.
const PAGE: u64 = 100;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    kind: String,
    source: String,
    client: String,
    before: String,
}

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    shell: Shell,
    asked: Asked,
    lines: Vec<Line>,
    sources: Vec<String>,
    clients: Vec<String>,
    earlier: Option<String>,
}

impl Asked {
    fn address(&self, before: &str) -> String {
        let pairs = [
            ("kind", self.kind.as_str()),
            ("source", &self.source),
            ("client", &self.client),
            ("before", before),
        ];
        format!("/events{}", parts::query(&pairs))
    }
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Seen {
    let store = visit.web.app.store();
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let filter = EventFilter {
        kind: given(&asked.kind),
        source: given(&asked.source),
        client: given(&asked.client),
        before: asked.before.parse().ok(),
        ..EventFilter::default()
    };
    let events = store.events(&filter, PAGE).await?;
    let oldest = events.first().filter(|_| events.len() as u64 == PAGE).map(|e| e.seq);
    let page = EventsPage {
        shell: visit.shell.clone(),
        lines: events.iter().rev().map(story::of_event).collect(),
        sources: store.sources().await?.into_iter().map(|s| s.name).collect(),
        clients: store.clients().await?.into_iter().map(|c| c.name).collect(),
        earlier: oldest.map(|seq| asked.address(&seq.to_string())),
        asked,
    };
    visit.show(&page)
}
