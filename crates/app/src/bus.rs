//! The bus: what is written to the table of events, handed to whoever listens in this process.
//!
//! The table is the truth and the bus only follows it, so a listener that was too slow reads the
//! table from the last number it saw. It knows no subject of any event.

use std::sync::Arc;

use shelfread_store::{Event, Store};
use tokio::sync::{Mutex, broadcast};

use crate::App;
use crate::error::Result;

/// Events that wait for a slow listener.
const WAITING: usize = 1_024;
/// Events that are read at once.
const PAGE: u64 = 1_000;

#[derive(Debug)]
pub(crate) struct Bus {
    sender: broadcast::Sender<Arc<Event>>,
    /// The last event that was handed on; `None` while nobody ever listened.
    last: Mutex<Option<i64>>,
}

impl Default for Bus {
    fn default() -> Self {
        Self { sender: broadcast::channel(WAITING).0, last: Mutex::new(None) }
    }
}

impl Bus {
    async fn follow(&self, store: &Store) -> Result<()> {
        let mut last = self.last.lock().await;
        while let Some(seq) = *last {
            let events = store.events_after(seq, PAGE).await?;
            let Some(newest) = events.last().map(|event| event.seq) else { break };
            *last = Some(newest);
            for event in events {
                // Nobody listens just now: the table has it.
                let _ = self.sender.send(Arc::new(event));
            }
        }
        Ok(())
    }
}

impl App {
    /// Every event from now on, each once and in order. A listener that lags is told so, and reads
    /// the table behind the last number it saw.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listen(&self) -> Result<broadcast::Receiver<Arc<Event>>> {
        let mut last = self.bus.last.lock().await;
        if last.is_none() {
            *last = Some(self.store.last_event().await?);
        }
        Ok(self.bus.sender.subscribe())
    }

    /// Hands on what was written to the table, by this process or another one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn publish(&self) -> Result<()> {
        self.bus.follow(&self.store).await
    }
}
