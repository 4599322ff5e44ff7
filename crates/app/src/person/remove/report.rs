//! How the removal of an item stands, as programs and people see it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use shelfread_domain::{ItemId, RunId, RunStatus};
use shelfread_store::{NewEvent, RemovalRow, RemovalState};
use utoipa::ToSchema;

/// How the removal of an item stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RemovalReport {
    /// The item.
    pub item: ItemId,
    /// How a person would call it.
    pub label: String,
    /// The run that did it; `None` when it was only shown.
    pub run: Option<RunId>,
    /// How that run ended.
    pub status: Option<RunStatus>,
    /// Whether the catalogue no longer has the item.
    pub gone: bool,
    /// Source by source.
    pub targets: Vec<RemovalView>,
}

/// How it stands at one source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct RemovalView {
    /// The listing that names the object.
    pub listing: shelfread_domain::ListingId,
    /// The source's name.
    pub source: String,
    /// The library's name.
    pub library: String,
    /// The source's id for the object.
    pub remote_id: String,
    /// How a person would call it.
    pub label: String,
    /// What goes: `files`, `entry`, `files_only`; `None` when nothing does or nobody knows yet.
    pub effect: Option<String>,
    /// How it stands.
    pub state: RemovalState,
    /// Why, where there is more to say.
    pub reason: Option<String>,
}

impl RemovalView {
    pub(super) fn of(row: &RemovalRow) -> Self {
        Self {
            listing: row.listing_id,
            source: row.source_name.clone(),
            library: row.library_name.clone(),
            remote_id: row.remote_id.0.clone(),
            label: row.label.clone(),
            effect: row.effect.clone(),
            state: row.state,
            reason: row.reason.clone(),
        }
    }
}

impl RemovalReport {
    /// Puts a target in the place of what was known of the same one.
    pub(super) fn put(&mut self, view: RemovalView) {
        match self.targets.iter_mut().find(|t| t.listing == view.listing) {
            Some(known) => *known = view,
            None => self.targets.push(view),
        }
    }
}

/// What history remembers of an attempt.
pub(super) fn event(row: &RemovalRow, at: DateTime<Utc>) -> NewEvent {
    let severity = if row.state.is_settled() { "info" } else { "warning" };
    let data = json!({
        "label": row.label,
        "source": row.source_name,
        "library": row.library_name,
        "remote_id": row.remote_id,
        "effect": row.effect,
        "state": row.state,
        "reason": row.reason,
    });
    NewEvent {
        item_id: Some(row.item_id),
        source_id: Some(row.source_id),
        run_id: Some(row.run_id),
        ..NewEvent::new(at, "item.removed_at_source", severity, data)
    }
}
