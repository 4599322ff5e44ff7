//! Approve: a person let held removals happen. The source is asked once more; when its listing or
//! the catalogue no longer fits what the person saw, nothing is done and it is said what changed.

use std::collections::{BTreeSet, HashSet};

use futures::StreamExt;
use shelfread_domain::port::{Listed, RemoteLibrary, Scope};
use shelfread_domain::{ListingId, RemoteId, RunId, Trigger};
use shelfread_store::{ChangeState, HoldRow, HoldState, LibraryRow, SourceRow};

use super::departures::fingerprint;
use super::index::{Index, key};
use super::report::RunReport;
use super::run::{Run, new_report};
use super::{Observer, SyncRequest};
use crate::App;
use crate::error::{AppError, Result};

/// Changes of a journal that are read at once.
const PAGE: u64 = 1_000;

impl App {
    /// Really removes what a run held.
    ///
    /// # Errors
    /// [`AppError::Stale`] when it no longer fits: nothing was done, and the decision is no longer
    /// waiting. [`AppError::Usage`] when nothing of the run waits. Otherwise what went wrong is in
    /// the report.
    pub async fn approve(&self, id: RunId, observer: &dyn Observer) -> Result<RunReport> {
        let (source, holds) = self.waiting(id).await?;
        let request = SyncRequest { trigger: Trigger::Approve, ..SyncRequest::default() };
        let report = new_report(&source, &request);
        let begun = super::begin::begin(self, &source, &request, observer, report.clone()).await;
        let mut run = match begun {
            Ok(run) => run,
            Err(error) => return Ok(super::begin::failed(self, &source, report, &error).await),
        };
        let done = run.approve_all(&holds).await;
        if let Err(error) = &done {
            run.fail(error);
        }
        let report = run.finish().await;
        match done {
            Err(AppError::Stale(why)) => Err(AppError::Stale(why)),
            _ => Ok(report),
        }
    }

    /// Keeps what a run would have removed, and remembers it: the same removals are not asked for
    /// again. Gives how many items are kept.
    ///
    /// # Errors
    /// [`AppError::Usage`] when nothing of the run waits; what the database says.
    pub async fn discard(&self, id: RunId) -> Result<u64> {
        let (source, holds) = self.waiting(id).await?;
        let lease = super::take_lease(self, &source).await?;
        let kept = self.keep_held(id, &holds).await;
        self.store.release_lease(lease).await?;
        kept?;
        Ok(holds.iter().map(|h| h.items).sum())
    }

    async fn keep_held(&self, id: RunId, holds: &[HoldRow]) -> Result<()> {
        let now = self.clock.now();
        let held: Vec<ListingId> = self.held_listings(id, None).await?.into_iter().collect();
        let mut batch = self.store.begin(None).await?;
        for chunk in held.chunks(500) {
            batch.keep_listings(chunk, now).await?;
        }
        for hold in holds {
            batch.decide_hold(hold.id, HoldState::Discarded, now).await?;
        }
        batch.commit().await?;
        self.store.set_change_state(id, ChangeState::Held, ChangeState::Discarded).await?;
        Ok(())
    }

    async fn waiting(&self, id: RunId) -> Result<(SourceRow, Vec<HoldRow>)> {
        let run = self.store.run(id).await?;
        let run = run.ok_or_else(|| AppError::not_found("run", id.to_string()))?;
        let mut holds = self.store.holds(id).await?;
        let states: BTreeSet<_> = holds.iter().map(|h| h.state.clone()).collect();
        holds.retain(|h| h.state == HoldState::Pending.as_str());
        if holds.is_empty() {
            let states: Vec<_> = states.into_iter().collect();
            let so = if states.is_empty() { "it held nothing".into() } else { states.join(", ") };
            return Err(AppError::Usage(format!("nothing of run {id} waits for a decision: {so}")));
        }
        let sources = self.store.sources().await?;
        let source = sources.into_iter().find(|s| Some(s.id) == run.run.source_id);
        let gone = || AppError::not_found("source", &run.run.source_name);
        Ok((source.ok_or_else(gone)?, holds))
    }

    /// The listings that a run held, of one library or of all.
    async fn held_listings(
        &self,
        id: RunId,
        library: Option<&LibraryRow>,
    ) -> Result<HashSet<ListingId>> {
        let mut held = HashSet::new();
        let mut after = 0;
        loop {
            let page = self.store.run_changes(id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(held) };
            after = last.seq;
            for change in page.into_iter().filter(|c| c.state == ChangeState::Held) {
                let here = |value: &serde_json::Value| {
                    library.is_none_or(|l| value["library_id"] == l.id.to_string())
                };
                if change.entity == "listing" && change.before.as_ref().is_some_and(here) {
                    held.extend(change.entity_id.map(ListingId));
                }
            }
        }
    }
}

impl Run<'_> {
    async fn approve_all(&mut self, holds: &[HoldRow]) -> Result<()> {
        for hold in holds {
            self.approve_hold(hold).await?;
        }
        Ok(())
    }

    async fn approve_hold(&mut self, hold: &HoldRow) -> Result<()> {
        let libraries = self.app.store.libraries(self.source.id).await?;
        let library = libraries.into_iter().find(|l| l.id == hold.library_id);
        let library = library.ok_or_else(|| AppError::Stale("the library is gone".to_owned()))?;
        let (index, unreadable) = self.look(&library).await?;
        let absent = self.absent(&library, &index, &unreadable).await?;
        if fingerprint(&absent.leaving) != hold.fingerprint {
            let held = self.app.held_listings(hold.run_id, Some(&library)).await?;
            let now: HashSet<_> = absent.leaving.iter().map(|l| l.id).collect();
            self.decide(hold, HoldState::Stale).await?;
            return Err(AppError::Stale(format!(
                "of what '{}' would lose {} are listed again or changed, and {} more are gone",
                library.name,
                held.difference(&now).count(),
                now.difference(&held).count(),
            )));
        }
        self.remove_all(&library, &index, &absent.leaving).await?;
        self.decide(hold, HoldState::Approved).await
    }

    async fn decide(&self, hold: &HoldRow, state: HoldState) -> Result<()> {
        let mut batch = self.app.store.begin(Some(&self.lease)).await?;
        batch.decide_hold(hold.id, state, self.app.clock.now()).await?;
        Ok(batch.commit().await?)
    }

    /// Lists a library once more, only to see what is there. A library that the source no longer
    /// has lists nothing.
    async fn look(&mut self, library: &LibraryRow) -> Result<(Index, HashSet<RemoteId>)> {
        let named = |error| AppError::Source { name: self.source.name.clone(), error };
        let remote = self.open.media.libraries().await.map_err(named)?;
        let mut unreadable = HashSet::new();
        let Some(remote) = remote.into_iter().find(|r| r.remote_id == library.remote_id) else {
            return Ok((Index::default(), unreadable));
        };
        let mut index = self.load_index(library).await?;
        let media = std::sync::Arc::clone(&self.open.media);
        let mut steps = media.list(&remote, Scope::Full);
        while let Some(step) = steps.next().await {
            match step
                .map_err(|error| AppError::Source { name: self.source.name.clone(), error })?
            {
                Listed::Page(page) => page.iter().for_each(|o| {
                    index.note_exists(key(o.remote_id.as_str(), o.part));
                }),
                Listed::Failed(failure) => unreadable.extend(failure.remote_id),
                Listed::Expected(_) => {}
                Listed::End(coverage) if coverage.complete => return Ok((index, unreadable)),
                Listed::End(coverage) => return Err(self.incomplete(&remote, coverage.reason)),
            }
        }
        Err(self.incomplete(&remote, None))
    }

    fn incomplete(&self, remote: &RemoteLibrary, reason: Option<String>) -> AppError {
        let reason = reason.unwrap_or_else(|| "the listing broke off".to_owned());
        AppError::Stale(format!("'{}' could not be listed whole: {reason}", remote.name))
    }
}
