//! Events: history for people and programs, and how long it is kept.

use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;
pub use shelfread_store::{Event, EventFilter};
use utoipa::ToSchema;

use crate::App;
use crate::error::Result;

/// Events that are forgotten in one step, so that nobody waits for it.
const AT_ONCE: u64 = 1_000;

/// A page of history, in the order in which it happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events, the newest at the end.
    pub events: Vec<Event>,
    /// The number before which the page of earlier ones ends.
    pub next: Option<i64>,
}

impl App {
    /// The newest events that fit.
    ///
    /// # Errors
    /// What the database says.
    pub async fn events(&self, filter: &EventFilter, limit: u64) -> Result<EventPage> {
        let events = self.store.events(filter, limit).await?;
        let full = events.len() as u64 == limit;
        let next = events.first().filter(|_| full).map(|event| event.seq);
        Ok(EventPage { events, next })
    }

    /// Forgets what happened longer ago than this, a little at a time, and gives how many events
    /// that were. What keeps a seeding torrent from being adopted again is never forgotten.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_events(&self, keep: Duration) -> Result<u64> {
        let before = TimeDelta::from_std(keep).ok();
        let Some(before) = before.and_then(|keep| self.clock.now().checked_sub_signed(keep)) else {
            return Ok(0);
        };
        let mut all = 0;
        loop {
            let some = self.store.forget_events(before, AT_ONCE).await?;
            all += some;
            if some < AT_ONCE {
                return Ok(all);
            }
            // Whoever waits for the database goes first.
            tokio::task::yield_now().await;
        }
    }
}
