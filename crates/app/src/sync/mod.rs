//! Sync: from a source to the catalogue. One file per phase; this one is their table of contents.
//!
//! 1. `begin`: the lease of the source, the run's record, who answers at the address;
//! 2. `libraries`: what the source has, and which of our libraries that is;
//! 3. `listing`: a library's pages against the index of what is known (`index`), what differs
//!    collected into batches (`batch`), planned and applied one at a time;
//! 4. `departures`: what complete listings did not show — after the guard, and after the listings
//!    of all libraries and sources of this sync, so that what moved from one to the other is there
//!    before it is gone here;
//! 5. `finish`: status, counts and coverage into the run's record, the lease given back.
//!
//! `start` does the same in the background, `approve` what a person let happen.
//!
//! Additions and updates are applied as they stream in; removals come last, when coverage is
//! known. Never the other way round. A run keeps no memory: the next run is the retry.

mod approve;
mod batch;
mod begin;
mod departures;
mod finish;
pub(crate) mod index;
mod libraries;
mod listing;
mod overlay;
mod report;
mod run;
mod start;

pub(crate) use begin::{keep_lease, take_lease, take_named, take_persons_lease};

use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use begin::UNPROVEN;
use futures::StreamExt;
pub use report::RunReport;
use shelfread_domain::{Change, Existing, LibraryId, RemoteId, RunId, SourceId, Trigger};
use shelfread_store::SourceRow;
pub use shelfread_store::{LibraryCoverage, RunError};
pub use start::{Started, StartedRun};

use crate::App;
use crate::error::{AppError, Result};

/// How many sources are synced at the same time.
const AT_ONCE: usize = 4;

/// What to sync and how.
#[derive(Clone, Debug)]
pub struct SyncRequest {
    /// The sources by name; all enabled ones when empty.
    pub sources: Vec<String>,
    /// Only the library of this name.
    pub library: Option<String>,
    /// Plan and show, but write nothing but the run's record.
    pub dry_run: bool,
    /// What may be done to known items.
    pub existing: Existing,
    /// Only what changed since the last complete run, where there was one.
    pub quick: bool,
    /// Only these objects of these libraries, unless it is empty.
    pub only: BTreeMap<LibraryId, Vec<RemoteId>>,
    /// What started it.
    pub trigger: Trigger,
}

impl Default for SyncRequest {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            library: None,
            dry_run: false,
            existing: Existing::Update,
            quick: false,
            only: BTreeMap::new(),
            trigger: Trigger::Manual,
        }
    }
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress<'a> {
    /// Which run.
    pub run: RunId,
    /// Which source.
    pub source: &'a str,
    /// Which of its libraries.
    pub library: &'a str,
    /// Remote items read so far.
    pub received: u64,
    /// How many there are, when the source said so.
    pub expected: Option<u64>,
}

/// Watches runs: a progress bar, a log, a page.
pub trait Observer: Send + Sync {
    /// A run is on record and has its source for itself.
    fn began(&self, _run: RunId, _source: &str) {}
    /// A run is that far.
    fn progress(&self, _progress: Progress<'_>) {}
    /// A change is planned, and applied unless the run is dry.
    fn change(&self, _source: &str, _change: &Change) {}
    /// A run is over.
    fn ended(&self, _report: &RunReport) {}
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Observer for Quiet {}

impl App {
    /// Syncs sources, several at once. One failure stays one failure: every source has its own
    /// report, in the order in which the sources were named.
    ///
    /// # Errors
    /// Only when a named source does not exist or the list of sources cannot be read.
    pub fn sync<'a>(
        &'a self,
        request: &'a SyncRequest,
        observer: Arc<dyn Observer>,
    ) -> BoxFuture<'a, Result<Vec<RunReport>>> {
        Box::pin(async move {
            if !request.dry_run {
                self.settle_order().await?;
            }
            let reports = self.sync_sources(request, &*observer).await?;
            self.tell_play_states(request).await?;
            Ok(reports)
        })
    }

    /// Syncs sources, and nothing that follows from it.
    pub(crate) async fn sync_sources(
        &self,
        request: &SyncRequest,
        observer: &dyn Observer,
    ) -> Result<Vec<RunReport>> {
        let sources = self.wanted_sources(&request.sources).await?;
        let turns = sources.into_iter().map(|source| (source, None)).collect();
        Ok(self.sync_turns(turns, request, observer).await)
    }

    /// Lists all sources and draws the conclusions after that.
    async fn sync_turns(
        &self,
        turns: Vec<(SourceRow, Option<begin::Reserved>)>,
        request: &SyncRequest,
        observer: &dyn Observer,
    ) -> Vec<RunReport> {
        let listings = turns
            .into_iter()
            .map(|(source, mine)| run::list_source(self, source, mine, request, observer))
            .collect::<Vec<_>>();
        let listed: Vec<_> = futures::stream::iter(listings).buffered(AT_ONCE).collect().await;
        let ends = listed.into_iter().map(run::Stage::conclude).collect::<Vec<_>>();
        futures::stream::iter(ends).buffered(AT_ONCE).collect().await
    }

    async fn tell_play_states(&self, request: &SyncRequest) -> Result<()> {
        if self.tells_play_states && !request.dry_run {
            self.push_play_states().await?;
        }
        Ok(())
    }

    async fn wanted_sources(&self, names: &[String]) -> Result<Vec<SourceRow>> {
        let all = self.store.sources().await?;
        if names.is_empty() {
            return Ok(all.into_iter().filter(|s| s.enabled).collect());
        }
        let mut wanted: Vec<SourceRow> = Vec::new();
        for name in names {
            let found = all.iter().find(|s| s.name == *name);
            let source = found.ok_or_else(|| AppError::not_found("source", name))?;
            if !wanted.iter().any(|s| s.id == source.id) {
                wanted.push(source.clone());
            }
        }
        Ok(wanted)
    }
}

/// The name of the lease that makes a source have one run at a time.
pub(crate) fn lease_name(source: SourceId) -> String {
    format!("source:{source}")
}
