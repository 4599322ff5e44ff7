//! Start: runs in the background, for whoever cannot wait for their end. All or nothing: the leases
//! are taken first, so that a source that is syncing already refuses the request before anything
//! is recorded.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Serialize;
use shelfread_domain::RunId;
use shelfread_store::{Lease, SourceRow};
use utoipa::ToSchema;

use super::begin::Reserved;
use super::{Observer, SyncRequest, take_lease};
use crate::App;
use crate::error::{AppError, Result};

/// Runs that were started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Started {
    /// One for each source, in the order in which the sources were named.
    pub runs: Vec<StartedRun>,
    /// Sources that were left out because they are being synced already. Never those that were
    /// named.
    pub busy: Vec<String>,
}

/// A run that was started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct StartedRun {
    /// Its id.
    pub id: RunId,
    /// Of which source.
    pub source: String,
}

impl App {
    /// Starts runs and returns at once; they go on in the background, and tell how far they are
    /// (see [`App::watch_live`]).
    ///
    /// # Errors
    /// [`AppError::Busy`] when a source that is named is being synced already, or all of them are:
    /// nothing is started then and nobody is disturbed. [`AppError::NotFound`];
    /// [`AppError::Closing`]; what the database says.
    pub fn start_sync(&self, request: SyncRequest) -> BoxFuture<'_, Result<Started>> {
        Box::pin(async move {
            let app = self.clone();
            self.to_the_end(async move { app.start_all(request).await }).await
        })
    }

    async fn start_all(&self, request: SyncRequest) -> Result<Started> {
        if !request.dry_run {
            self.settle_order().await?;
        }
        let sources = self.wanted_sources(&request.sources).await?;
        let (leased, busy) = self.take_leases(sources).await?;
        if let Some(first) = busy.first()
            && (leased.is_empty() || !request.sources.is_empty())
        {
            let source_name = first.clone();
            self.release_all(leased).await;
            return Err(AppError::Busy { source_name });
        }
        let teller = Arc::new(self.teller());
        let turns = self.reserve_all(leased, &request, &*teller).await?;
        let started = |(source, reserved): &(SourceRow, Reserved)| StartedRun {
            id: reserved.run,
            source: source.name.clone(),
        };
        let runs = turns.iter().map(started).collect();
        let app = self.clone();
        self.in_background(async move { app.go_on(turns, &request, teller).await });
        Ok(Started { runs, busy })
    }

    /// The leases of those sources that are free, and the names of the others.
    async fn take_leases(
        &self,
        sources: Vec<SourceRow>,
    ) -> Result<(Vec<(SourceRow, Lease)>, Vec<String>)> {
        let (mut leased, mut busy) = (Vec::new(), Vec::new());
        for source in sources {
            match take_lease(self, &source).await {
                Ok(lease) => leased.push((source, lease)),
                Err(AppError::Busy { source_name }) => busy.push(source_name),
                Err(error) => {
                    self.release_all(leased).await;
                    return Err(error);
                }
            }
        }
        Ok((leased, busy))
    }

    async fn release_all(&self, leased: Vec<(SourceRow, Lease)>) {
        for (_, lease) in leased {
            self.let_go(lease).await;
        }
    }

    async fn reserve_all(
        &self,
        leased: Vec<(SourceRow, Lease)>,
        request: &SyncRequest,
        observer: &dyn Observer,
    ) -> Result<Vec<(SourceRow, Reserved)>> {
        let mut turns: Vec<(SourceRow, Reserved)> = Vec::with_capacity(leased.len());
        let mut leased = leased.into_iter();
        while let Some((source, lease)) = leased.next() {
            match super::begin::record(self, &source, lease, request, observer).await {
                Ok(reserved) => turns.push((source, reserved)),
                Err(error) => {
                    self.release_all(leased.collect()).await;
                    self.abandon(leases(&turns)).await;
                    return Err(error);
                }
            }
        }
        Ok(turns)
    }

    /// Runs to their end, or until the program ends.
    async fn go_on(
        &self,
        turns: Vec<(SourceRow, Reserved)>,
        request: &SyncRequest,
        teller: Arc<dyn Observer>,
    ) {
        let leases = leases(&turns);
        let turns = turns.into_iter().map(|(source, reserved)| (source, Some(reserved))).collect();
        let work = async {
            self.sync_turns(turns, request, &*teller).await;
            self.tell_play_states(request).await
        };
        tokio::select! {
            done = work => if let Err(error) = done {
                tracing::warn!(%error, "play states could not be told");
            },
            () = self.work.stopped() => self.abandon(leases).await,
        }
    }

    /// Ends the records of runs that are no longer at work, and frees their sources. One that had
    /// ended is left alone.
    async fn abandon(&self, leases: Vec<(SourceRow, Lease)>) {
        for (source, lease) in leases {
            // Whoever has the lease by now closes what it finds.
            let held = self.store.lease(&lease.name).await;
            let ours = |held: &Lease| held.fencing_token == lease.fencing_token;
            if !held.is_ok_and(|held| held.as_ref().is_some_and(ours)) {
                continue;
            }
            let closed = self.store.close_killed_runs(Some(source.id), self.clock.now()).await;
            if let Err(error) = closed {
                tracing::warn!(source = source.name, %error, "an abandoned run was not closed");
            }
            self.let_go(lease).await;
        }
    }

    async fn let_go(&self, lease: Lease) {
        if let Err(error) = self.store.release_lease(lease).await {
            tracing::warn!(%error, "the lease was not given back; it runs out by itself");
        }
    }
}

fn leases(turns: &[(SourceRow, Reserved)]) -> Vec<(SourceRow, Lease)> {
    turns.iter().map(|(source, mine)| (source.clone(), mine.lease.clone())).collect()
}
