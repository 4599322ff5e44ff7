//! Events: history for people and programs, and how long it is kept.

use std::time::Duration;

use chrono::TimeDelta;

use crate::App;
use crate::error::Result;

/// Events that are forgotten in one step, so that nobody waits for it.
const AT_ONCE: u64 = 1_000;

impl App {
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
