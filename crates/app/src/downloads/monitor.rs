//! The monitor: looks at every client at its own pace, for as long as it is let.
//!
//! Each client has a task of its own, so one that hangs delays nobody else. Fast while something
//! moves, slow when idle, ever slower while it is down, and rarely while it refuses us. Clients
//! that are added, changed or removed meanwhile are met within [`CLIENTS_EVERY`]. It knows when to
//! look; what a look does is in `look`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use shelfread_domain::id::ClientId;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Look;
use crate::App;
use crate::error::Result;

/// How often the list of clients is read.
const CLIENTS_EVERY: Duration = Duration::from_secs(30);
/// How often old events are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(3_600);
/// The longest pause between two looks at a client that is down.
const LONGEST: Duration = Duration::from_secs(300);
/// The pause after a refusal. qBittorrent bans who tries more often.
const REFUSED: Duration = Duration::from_secs(900);

/// How often clients are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// The pause while something moves.
    pub moving: Duration,
    /// The pause when nothing does.
    pub idle: Duration,
}

impl Pace {
    /// The pace for a pause while something moves; idle clients are looked at a twelfth as often,
    /// and at least every minute.
    pub fn new(moving: Duration) -> Self {
        let moving = moving.max(Duration::from_millis(100));
        let idle = (moving * 12).min(Duration::from_secs(60)).max(moving);
        Self { moving, idle }
    }

    /// How long to wait after a look; `failures` is how many in a row had no answer.
    pub fn pause(self, look: &Look, failures: u32) -> Duration {
        match (&look.problem, look.refused) {
            (_, true) => REFUSED.max(self.idle),
            (Some(_), _) => {
                let doubled = self.moving.saturating_mul(1 << failures.saturating_sub(1).min(16));
                doubled.min(LONGEST.max(self.moving))
            }
            (None, _) if look.moving => self.moving,
            (None, _) => self.idle,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(Duration::from_secs(5))
    }
}

/// Watches a monitor.
pub trait WatchDownloads: Send + Sync {
    /// A client was looked at.
    fn looked(&self, look: &Look);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl WatchDownloads for Silent {
    fn looked(&self, _: &Look) {}
}

impl App {
    /// Looks at every client until it is told to stop, and forgets events that are older than
    /// `keep`. A database that fails is tried again.
    pub fn watch_downloads(
        &self,
        pace: Pace,
        keep: Option<Duration>,
        observer: Arc<dyn WatchDownloads>,
        stop: CancellationToken,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut tasks = JoinSet::new();
            let mut clients: HashMap<ClientId, DropGuard> = HashMap::new();
            if let Some(keep) = keep {
                tasks.spawn(forget(self.clone(), keep, stop.clone()));
            }
            while !stop.is_cancelled() {
                match self.store.clients().await {
                    Ok(found) => {
                        clients.retain(|id, _| found.iter().any(|client| client.id == *id));
                        for client in found {
                            clients.entry(client.id).or_insert_with(|| {
                                let mine = stop.child_token();
                                let watch = Arc::clone(&observer);
                                tasks.spawn(follow(
                                    self.clone(),
                                    client.id,
                                    pace,
                                    watch,
                                    mine.clone(),
                                ));
                                mine.drop_guard()
                            });
                        }
                    }
                    Err(error) => tracing::warn!(%error, "the download clients could not be read"),
                }
                while tasks.try_join_next().is_some() {}
                tokio::select! {
                    () = self.clock.sleep(CLIENTS_EVERY) => {}
                    () = stop.cancelled() => {}
                }
            }
            drop(clients);
            while tasks.join_next().await.is_some() {}
        })
    }
}

/// Looks at one client until it is told to stop or the client is gone. A look that is under way
/// when that happens is given up: whatever it wrote is whole.
async fn follow(
    app: App,
    id: ClientId,
    pace: Pace,
    observer: Arc<dyn WatchDownloads>,
    stop: CancellationToken,
) {
    let mut failures = 0;
    loop {
        let woken = app.downloads.woken.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let looked = tokio::select! {
            looked = app.look(id) => looked,
            () = stop.cancelled() => return,
        };
        let pause = match looked {
            Ok(Some(look)) => {
                failures = if look.problem.is_some() { failures + 1 } else { 0 };
                observer.looked(&look);
                pace.pause(&look, failures)
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "a look at a download client could not be kept");
                pace.idle
            }
        };
        // Orders wake everybody, but not one that must be left alone.
        let may_wake = failures == 0;
        tokio::select! {
            () = app.clock.sleep(pause) => {}
            () = woken, if may_wake => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn forget(app: App, keep: Duration, stop: CancellationToken) {
    loop {
        if let Err(error) = logged(app.forget_events(keep).await) {
            tracing::warn!(%error, "old events could not be forgotten");
        }
        tokio::select! {
            () = app.clock.sleep(FORGET_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn logged(forgotten: Result<u64>) -> Result<()> {
    let forgotten = forgotten?;
    if forgotten > 0 {
        tracing::info!(forgotten, "old events were forgotten");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(problem: bool, refused: bool, moving: bool) -> Look {
        Look {
            client: "box".to_owned(),
            transfers: None,
            problem: problem.then(|| "no answer".to_owned()),
            refused,
            moving,
            written: 0,
            stalled: Vec::new(),
        }
    }

    #[test]
    fn each_client_has_the_pace_that_it_needs() {
        let pace = Pace::new(Duration::from_secs(5));
        let seconds = |look: &Look, failures| pace.pause(look, failures).as_secs();
        assert_eq!(seconds(&look(false, false, true), 0), 5);
        assert_eq!(seconds(&look(false, false, false), 0), 60);
        let down = look(true, false, false);
        let backs_off: Vec<_> = (1..=8).map(|n| seconds(&down, n)).collect();
        assert_eq!(backs_off, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(seconds(&down, u32::MAX), 300);
        assert_eq!(seconds(&look(true, true, false), 1), 900);
        assert_eq!(Pace::new(Duration::ZERO).moving, Duration::from_millis(100));
        let slow = Pace::new(Duration::from_secs(600));
        assert_eq!((slow.moving, slow.idle), (slow.idle, Duration::from_secs(600)));
        assert_eq!(slow.pause(&down, 3), Duration::from_secs(600));
    }
}
