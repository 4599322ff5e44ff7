//! Restore: a server that was rebuilt gets its play states back, when a person asks for it.

use std::collections::HashMap;

use futures::future::BoxFuture;
use serde::Serialize;
use shelfread_domain::{ItemId, PlayState};
use shelfread_reconcile::play;
use shelfread_store::ViewerRow;

use super::{BATCH, Wish};
use crate::App;
use crate::error::{AppError, Result};

/// A play state that a server lacks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Restored {
    /// Of which item.
    pub item: ItemId,
    /// How a person would call it.
    pub label: String,
    /// What is known of it.
    pub state: PlayState,
    /// Whether it was written; never in a dry run.
    pub written: bool,
    /// Why it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl App {
    /// What a source has forgotten of the play states of its viewer, or never knew of what the same
    /// person saw elsewhere; with `apply` it is written there.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Usage`] when the source has no viewer; what the database
    /// says. What the source refuses is told with the state.
    pub fn restore_play_states<'a>(
        &'a self,
        source: &'a str,
        apply: bool,
    ) -> BoxFuture<'a, Result<Vec<Restored>>> {
        Box::pin(async move {
            let source = self.source(source).await?;
            let last = self.store.last_viewer(source.id).await?;
            let all = self.store.viewers().await?;
            let viewer = last.and_then(|(id, _)| all.iter().find(|v| v.id == id));
            let Some(viewer) = viewer else {
                let message =
                    format!("nobody's play states are known of '{}'; sync it", source.name);
                return Err(AppError::Usage(message));
            };
            let is_person = |v: &&ViewerRow| {
                v.id == viewer.id || (v.person_id.is_some() && v.person_id == viewer.person_id)
            };
            let person: Vec<ViewerRow> = all.iter().filter(is_person).cloned().collect();
            let mut found = Vec::new();
            let mut wishes = Vec::new();
            let ids: Vec<_> = person.iter().map(|v| v.id).collect();
            for chunk in self.store.played_items(&ids).await?.chunks(BATCH) {
                self.lacking(&person, viewer, chunk, &mut found, &mut wishes).await?;
            }
            if apply {
                let told = self.tell(viewer, &wishes).await?;
                let why: HashMap<_, _> = told.failed.into_iter().collect();
                for restored in &mut found {
                    restored.written = told.written.contains(&restored.item);
                    restored.error = why.get(&restored.item).cloned();
                }
            }
            Ok(found)
        })
    }

    async fn lacking(
        &self,
        person: &[ViewerRow],
        viewer: &ViewerRow,
        items: &[ItemId],
        found: &mut Vec<Restored>,
        wishes: &mut Vec<Wish>,
    ) -> Result<()> {
        let places = self.store.play_places(viewer.source_id, items).await?;
        let mut ears = self.hear(items).await?;
        // What the listings carry is known here, and the server has forgotten it.
        for place in places.iter().filter(|place| place.carried) {
            if let Some((said, _)) = ears.said.get_mut(&(place.item_id, viewer.id)) {
                said.carried = true;
            }
        }
        let labels: HashMap<ItemId, String> =
            places.into_iter().map(|place| (place.item_id, place.label)).collect();
        for item in items {
            let Some(label) = labels.get(item) else { continue };
            let heard = ears.heard(*item, person);
            let Some(state) = play::restore(&heard, viewer.id) else { continue };
            wishes.push(ears.wish(*item, viewer.id, state));
            let (label, error) = (label.clone(), None);
            found.push(Restored { item: *item, label, state, written: false, error });
        }
        Ok(())
    }
}
