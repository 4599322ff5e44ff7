//! Listing: the pages of a library against the index of what is known.

use std::collections::HashSet;

use futures::StreamExt;
use shelfread_domain::port::{ItemFailure, Listed, Scope, SourceError};
use shelfread_domain::{Coverage, Observation, RemoteId};
use shelfread_store::{IndexEntry, LibraryCoverage, LibraryRow};

use super::Progress;
use super::batch::Batch;
use super::index::{Index, key};
use super::libraries::Library;
use super::run::Run;
use crate::error::{AppError, Result};

/// What one listing of a library showed.
pub(super) struct Listing {
    pub(super) library: Library,
    pub(super) index: Index,
    pub(super) full: bool,
    /// Remote items received, and how many there are.
    pub(super) received: u64,
    expected: Option<u64>,
    /// Remote ids that exist although they could not be read.
    pub(super) unreadable: HashSet<RemoteId>,
    /// Something could not be read, and nobody knows what: the listing proves nothing.
    unnamed: bool,
}

impl Listing {
    /// Before its first page.
    pub(super) fn new(library: Library, index: Index, full: bool) -> Self {
        let (received, expected, unnamed) = (0, None, false);
        Self { library, index, full, received, expected, unreadable: HashSet::new(), unnamed }
    }

    /// Notes that an object is there although nothing can be recorded of it.
    fn note_exists(&mut self, id: RemoteId) {
        self.index.note_exists(key(id.as_str(), 0));
        self.unreadable.insert(id);
    }
}

impl Run<'_> {
    pub(super) async fn sync_library(&mut self, library: Library) -> Result<()> {
        let scope = self.scope(&library);
        let index = self.load_index(&library.row).await?;
        let mut listing = Listing::new(library, index, scope == Scope::Full);
        let coverage = self.read(&mut listing, scope).await?;
        listing.received = coverage.received;
        let complete = coverage.complete && listing.full && !listing.unnamed;
        self.broken |= listing.full && !coverage.complete;
        let library = listing.library.row.name.clone();
        self.report.coverage.push(LibraryCoverage { library, coverage });
        if complete {
            self.complete.push(listing);
        }
        Ok(())
    }

    /// Quick where there was a complete run before; full otherwise.
    fn scope(&self, library: &Library) -> Scope {
        if let Some(ids) = self.request.only.get(&library.row.id) {
            return Scope::Only(ids.clone());
        }
        match library.row.last_complete_at {
            Some(since) if self.request.quick && !self.other_server => Scope::ChangedSince(since),
            _ => Scope::Full,
        }
    }

    pub(super) async fn load_index(&self, library: &LibraryRow) -> Result<Index> {
        let mut index = Index::default();
        let add = |e: IndexEntry| {
            index.add(e.id, key(&e.remote_id, e.part), e.fingerprint, e.missing || e.kept);
        };
        self.app.store.for_each_index(library.id, add).await?;
        index.sort();
        Ok(index)
    }

    /// Reads the listing to its end and applies what differs as it comes.
    async fn read(&mut self, listing: &mut Listing, scope: Scope) -> Result<Coverage> {
        let media = std::sync::Arc::clone(&self.open.media);
        let remote = listing.library.remote.clone();
        let mut steps = media.list(&remote, scope);
        let mut batch = Batch::default();
        let mut end = None;
        while let Some(step) = steps.next().await {
            match step {
                Ok(Listed::Page(page)) => self.take_page(listing, page, &mut batch).await?,
                Ok(Listed::Failed(failure)) => self.note_failure(listing, failure),
                Ok(Listed::Expected(count)) => listing.expected = Some(count),
                Ok(Listed::End(coverage)) => end = Some(coverage),
                Err(error) => end = Some(self.broke_off(listing, error)),
            }
            if end.is_some() {
                break;
            }
        }
        drop(steps);
        self.apply_batch(listing, batch.take_all()).await?;
        Ok(end.unwrap_or_else(|| {
            Coverage::partial(listing.expected, listing.received, "the listing broke off")
        }))
    }

    async fn take_page(
        &mut self,
        listing: &mut Listing,
        page: Vec<Observation>,
        batch: &mut Batch,
    ) -> Result<()> {
        for observation in page {
            listing.received += u64::from(observation.part == 0);
            let id = observation.remote_id.clone();
            match observation.normalize() {
                Ok(observation) => self.take(listing, observation, batch),
                Err(error) => {
                    self.report.counts.seen += 1;
                    self.item_failed(&error.to_string(), "it was left out");
                    listing.note_exists(id);
                }
            }
        }
        self.observer.progress(Progress {
            run: self.id,
            source: &self.source.name,
            library: &listing.library.row.name,
            received: listing.received,
            expected: listing.expected,
        });
        while let Some(ready) = batch.take_ready() {
            self.apply_batch(listing, ready).await?;
        }
        Ok(())
    }

    fn take(&mut self, listing: &mut Listing, o: Observation, batch: &mut Batch) {
        let viewer = self.identity.viewer.as_ref().map(|v| v.remote_user.as_str());
        let fingerprint = o.fingerprint(viewer);
        let same = listing.index.observe(key(o.remote_id.as_str(), o.part), fingerprint);
        // The ids of another server prove nothing: what looks as before may be something else.
        if same && !self.other_server {
            self.report.counts.seen += 1;
            self.report.counts.unchanged += 1;
        } else {
            batch.push(o);
        }
    }

    fn note_failure(&mut self, listing: &mut Listing, failure: ItemFailure) {
        self.item_failed(&failure.label, &failure.message);
        match failure.remote_id {
            Some(id) => listing.note_exists(id),
            None => listing.unnamed = true,
        }
    }

    pub(super) fn item_failed(&mut self, scope: &str, message: &str) {
        self.report.counts.failed += 1;
        self.note(scope, message);
    }

    fn broke_off(&mut self, listing: &Listing, error: SourceError) -> Coverage {
        self.broken = true;
        let coverage = Coverage::partial(listing.expected, listing.received, error.to_string());
        let error = AppError::Source { name: self.source.name.clone(), error };
        self.note_error(&listing.library.row.name, &error);
        coverage
    }
}
