//! Play states of people: viewers of several servers that are one person (`people`), what their
//! servers are told when one of them heard something new (`push`, `tell`), and how a server that
//! was rebuilt gets its states back (`restore`).
//!
//! Telling is off unless a person wants it. It comes after the syncs of all sources, with what
//! these heard. What was told is read back at once, so that the next run finds nothing new. It
//! knows the store, the ports and the heart's rules, and deliberately no server.

mod people;
mod push;
mod restore;
mod tell;

use std::collections::HashMap;

pub use restore::Restored;
use shelfread_domain::{ItemId, PlayState, ViewerId};
use shelfread_reconcile::play::{Heard, Wrote};
use shelfread_store::PlayWriteRow;
pub use shelfread_store::ViewerRow;

use crate::App;
use crate::error::Result;

/// Items that are looked at, told or read back at once.
const BATCH: usize = 500;

/// A state that the server of a viewer is to have.
#[derive(Clone, Copy, Debug)]
struct Wish {
    item: ItemId,
    state: PlayState,
    /// What it says now.
    said: PlayState,
    /// How often this failed in a row.
    failures: i32,
}

/// What is known of some items for the viewers of one person.
struct Ears {
    said: HashMap<(ItemId, ViewerId), (PlayState, chrono::DateTime<chrono::Utc>)>,
    wrote: HashMap<(ItemId, ViewerId), PlayWriteRow>,
}

impl App {
    async fn hear(&self, items: &[ItemId]) -> Result<Ears> {
        let said = self.store.play_states(items).await?;
        let wrote = self.store.play_writes(items).await?;
        let key = |p: &shelfread_domain::ProgressRecord| (p.item_id, p.viewer_id);
        Ok(Ears {
            said: said
                .iter()
                .map(|s| (key(&s.progress), (s.progress.state, s.noticed_at)))
                .collect(),
            wrote: wrote.into_iter().map(|w| ((w.item_id, w.viewer_id), w)).collect(),
        })
    }
}

impl Ears {
    fn heard(&self, item: ItemId, person: &[ViewerRow]) -> Vec<Heard> {
        person.iter().map(|viewer| self.of(item, viewer.id)).collect()
    }

    fn of(&self, item: ItemId, viewer: ViewerId) -> Heard {
        let wrote = self.wrote.get(&(item, viewer)).filter(|w| w.failures == 0);
        Heard {
            viewer,
            said: self.said.get(&(item, viewer)).copied(),
            wrote: wrote.map(|w| Wrote { state: w.state, echo: w.echo, settled: w.settled }),
        }
    }

    fn wish(&self, item: ItemId, viewer: ViewerId, state: PlayState) -> Wish {
        let said = self.said.get(&(item, viewer)).map(|(said, _)| *said).unwrap_or_default();
        let failures = self.wrote.get(&(item, viewer)).map_or(0, |w| w.failures);
        Wish { item, state, said: PlayState { carried: false, ..said }, failures }
    }
}
