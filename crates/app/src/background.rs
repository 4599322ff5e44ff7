//! Background: work that goes on for as long as the program does, and ends when it is told to.
//!
//! A task that ends or breaks by itself is reported and started again, after a pause that grows
//! with every failure: nothing is ever silently gone. Who stops waits for what is at work, but not
//! for ever; what is cut off then leaves nothing half-written, and its leases are given back. It
//! knows what follows events; everything else it is handed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use shelfread_domain::SourceId;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::error::Result;
use crate::{App, Clock};

/// How often the table of events is read.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// The pause before a task that broke is started again, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Tasks that are kept going.
#[derive(Debug)]
pub struct Background {
    keepers: JoinSet<()>,
    stop: CancellationToken,
}

impl Background {
    /// No task yet; all of them will end when `stop` is told.
    pub fn new(stop: CancellationToken) -> Self {
        Self { keepers: JoinSet::new(), stop }
    }

    /// Keeps a task going. `work` makes it afresh each time; it ends when its token is told.
    pub fn keep<W, F>(&mut self, clock: Arc<dyn Clock>, name: &'static str, work: W)
    where
        W: Fn(CancellationToken) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        self.keepers.spawn(keep(clock, name, work, self.stop.clone()));
    }

    /// Waits until it is told to stop, then as long as its tasks take to end, but at most this
    /// long. Whether all of them ended by themselves.
    pub async fn end(mut self, patience: Duration) -> bool {
        self.stop.cancelled().await;
        let all = async { while self.keepers.join_next().await.is_some() {} };
        let ended = tokio::time::timeout(patience, all).await.is_ok();
        self.keepers.shutdown().await;
        ended
    }
}

async fn keep<W, F>(clock: Arc<dyn Clock>, name: &'static str, work: W, stop: CancellationToken)
where
    W: Fn(CancellationToken) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = clock.now();
        let ended = AbortOnDropHandle::new(tokio::spawn(work(stop.child_token()))).await;
        if stop.is_cancelled() {
            return;
        }
        // What went well for long is not failing again and again.
        let went_well = (clock.now() - begun).to_std().is_ok_and(|time| time > LONGEST_PAUSE);
        pause = if went_well { FIRST_PAUSE } else { pause };
        let why = why(ended);
        tracing::error!("{name} {why}; it is started again in {} s", pause.as_secs());
        tokio::select! {
            () = clock.sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn why(ended: Result<(), JoinError>) -> String {
    let Err(error) = ended else { return "ended by itself".to_owned() };
    let Ok(panic) = error.try_into_panic() else { return "was cut off".to_owned() };
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("broke: {}", text.unwrap_or("nobody knows why"))
}

impl App {
    /// The clock of this application.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Hands on events until it is told to stop: those of this process at once, those of others
    /// within a second.
    pub fn follow_events(&self, stop: CancellationToken) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut fails = false;
            loop {
                let published = self.publish().await;
                match &published {
                    Err(error) if !fails => tracing::warn!(%error, "events could not be read"),
                    Ok(()) if fails => tracing::info!("events can be read again"),
                    _ => {}
                }
                fails = published.is_err();
                tokio::select! {
                    () = self.clock.sleep(FOLLOW_EVERY) => {}
                    () = self.store.events_written() => {}
                    () = stop.cancelled() => return,
                }
            }
        })
    }

    /// Gives back what this process holds, once nothing of it is at work: runs that were cut off
    /// are closed, and their sources are free for others at once.
    ///
    /// # Errors
    /// What the database says; leases run out by themselves then.
    pub async fn leave(&self) -> Result<()> {
        for name in self.store.release_leases_of(&self.owner).await? {
            let id = name.strip_prefix("source:").and_then(|id| id.parse().ok());
            if let Some(id) = id {
                self.store.close_killed_runs(Some(SourceId(id)), self.clock.now()).await?;
            }
        }
        Ok(())
    }
}
