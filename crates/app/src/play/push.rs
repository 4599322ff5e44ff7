//! Push: what the other servers of a person are told after a sync.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use shelfread_domain::ViewerId;
use shelfread_reconcile::play;
use shelfread_store::{PlayWriteRow, ViewerRow};
use uuid::Uuid;

use super::{BATCH, Ears, Wish};
use crate::App;
use crate::error::Result;

/// What each viewer's server is to be told.
type Wishes = BTreeMap<ViewerId, Vec<Wish>>;

impl App {
    /// Tells the servers of every person what they do not know yet. What fails is recorded and
    /// tried again later, and keeps nothing else from being told.
    ///
    /// # Errors
    /// What the database says.
    pub fn push_play_states(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut persons: BTreeMap<Uuid, Vec<ViewerRow>> = BTreeMap::new();
            for viewer in self.store.viewers().await? {
                if let Some(person) = viewer.person_id {
                    persons.entry(person).or_default().push(viewer);
                }
            }
            for person in persons.into_values().filter(|person| person.len() > 1) {
                let wishes = self.wishes(&person).await?;
                for viewer in &person {
                    if viewer.retry_at.is_some_and(|at| at > self.clock.now()) {
                        continue;
                    }
                    if let Some(wishes) = wishes.get(&viewer.id) {
                        self.tell(viewer, wishes).await?;
                    }
                }
            }
            Ok(())
        })
    }

    async fn wishes(&self, person: &[ViewerRow]) -> Result<Wishes> {
        let ids: Vec<_> = person.iter().map(|v| v.id).collect();
        let items = self.store.played_items(&ids).await?;
        let mut wishes = Wishes::new();
        for chunk in items.chunks(BATCH) {
            let ears = self.hear(chunk).await?;
            let mut echoes = Vec::new();
            for item in chunk {
                let planned = play::plan(&ears.heard(*item, person));
                let heard = planned.echoes.iter().filter_map(|(viewer, echo)| {
                    let row = ears.wrote.get(&(*item, *viewer))?.clone();
                    Some(PlayWriteRow { echo: *echo, settled: true, ..row })
                });
                echoes.extend(heard);
                let Some(state) = planned.state else { continue };
                for viewer in planned.tell.iter().filter(|v| self.is_due(&ears, *item, **v)) {
                    let wish = ears.wish(*item, *viewer, state);
                    wishes.entry(*viewer).or_default().push(wish);
                }
            }
            if !echoes.is_empty() {
                self.store.put_play_writes(&echoes, self.clock.now()).await?;
            }
        }
        Ok(wishes)
    }

    /// Whether an item that failed before may be tried again.
    fn is_due(&self, ears: &Ears, item: shelfread_domain::ItemId, viewer: ViewerId) -> bool {
        let retry_at = ears.wrote.get(&(item, viewer)).and_then(|w| w.retry_at);
        retry_at.is_none_or(|at| at <= self.clock.now())
    }
}
