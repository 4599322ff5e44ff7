//! Approve: a person let held removals happen. The source is asked once more; when its listing or
//! the catalogue no longer fits what the person saw, nothing is done and it is said what changed.

use std::collections::{BTreeSet, HashSet};

use futures::StreamExt;
use futures::future::BoxFuture;
use shelfread_domain::port::{Listed, Problem, RemoteLibrary, Scope, SourceError};
use shelfread_domain::{ListingId, RemoteId, RunId, RunStatus, Trigger};
use shelfread_store::{
    ChangeState, HoldRow, HoldState, Lease, LibraryRow, ListingKey, RunRow, SourceRow,
};

use super::batch::Batch;
use super::index::{Index, key};
use super::libraries::Library;
use super::listing::Listing;
use super::report::RunReport;
use super::run::Run;
use super::{Observer, SyncRequest};
use crate::App;
use crate::error::{AppError, Result};
use crate::history::Origin;

/// Changes of a journal that are read at once.
const PAGE: u64 = 1_000;

impl App {
    /// Really removes what a run held.
    ///
    /// # Errors
    /// [`AppError::Stale`] when it no longer fits: nothing was done, and the decision is no longer
    /// waiting. [`AppError::Usage`] when nothing of the run waits. Otherwise what went wrong is in
    /// the report.
    pub fn approve<'a>(
        &'a self,
        id: RunId,
        observer: &'a dyn Observer,
    ) -> BoxFuture<'a, Result<RunReport>> {
        Box::pin(async move {
            let (held_run, source) = self.held_run(id).await?;
            let request = SyncRequest { trigger: Trigger::Approve, ..SyncRequest::default() };
            self.waiting(&held_run).await?;
            let mut run = match super::run::begin(self, &source, None, &request, observer).await {
                Ok(run) => run,
                Err(report) => return Ok(report),
            };
            run.proves_server = held_run.coverage.iter().all(|c| c.coverage.complete);
            let done = run.approve_all(&held_run).await;
            if let Err(error) = &done {
                run.fail(error);
            }
            let report = run.finish().await;
            match done {
                Err(AppError::Stale(why)) => Err(AppError::Stale(why)),
                _ => Ok(report),
            }
        })
    }

    /// Keeps what a run would have removed, and remembers it: the same removals are not asked for
    /// again. Gives how many items are kept.
    ///
    /// # Errors
    /// [`AppError::Usage`] when nothing of the run waits; what the database says.
    pub fn discard(&self, id: RunId) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async move {
            let (held_run, source) = self.held_run(id).await?;
            let lease = super::take_lease(self, &source).await?;
            let renewal = super::keep_lease(self, &lease);
            let kept = self.keep_held(&held_run, &lease).await;
            drop(renewal);
            self.store.release_lease(lease).await?;
            kept
        })
    }

    /// Whether something of a run waits for a person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn is_waiting(&self, run: &RunRow) -> Result<bool> {
        match self.waiting(run).await {
            Ok(_) => Ok(true),
            Err(AppError::Usage(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn keep_held(&self, held_run: &RunRow, lease: &Lease) -> Result<u64> {
        let holds = self.waiting(held_run).await?;
        let now = self.clock.now();
        for hold in &holds {
            let held = self.held_listings(hold).await?;
            let held: Vec<ListingId> = held.into_iter().collect();
            let mut batch = self.store.begin(Some(lease)).await?;
            for chunk in held.chunks(500) {
                batch.keep_listings(chunk, now).await?;
            }
            batch.decide_hold(hold.id, HoldState::Discarded, now).await?;
            let (source, name) = (held_run.run.source_id, held_run.run.source_name.as_str());
            let origin = Origin { run: hold.run_id, source, name, now };
            batch.append_events(&[origin.discarded(hold)]).await?;
            batch.commit().await?;
        }
        Ok(holds.iter().map(|h| h.items).sum())
    }

    async fn held_run(&self, id: RunId) -> Result<(RunRow, SourceRow)> {
        let run = self.store.run(id).await?;
        let run = run.ok_or_else(|| AppError::not_found("run", id.to_string()))?;
        let sources = self.store.sources().await?;
        let source = sources.into_iter().find(|s| Some(s.id) == run.run.source_id);
        let gone = || AppError::not_found("source", &run.run.source_name);
        let source = source.ok_or_else(gone)?;
        Ok((run, source))
    }

    /// The holds of a run that wait. A run that would have held what waits already recorded no
    /// hold of its own; deciding on it decides on that.
    async fn waiting(&self, run: &RunRow) -> Result<Vec<HoldRow>> {
        let pending = |h: &HoldRow| h.state == HoldState::Pending.as_str();
        let own = self.store.holds(run.run.id).await?;
        let states: BTreeSet<_> = own.iter().map(|h| h.state.clone()).collect();
        let mut waiting: Vec<_> = own.into_iter().filter(pending).collect();
        if let Some(source) = run.run.source_id
            && states.is_empty()
            && run.status == RunStatus::Held
        {
            waiting = self.store.pending_holds(source).await?;
        }
        if waiting.is_empty() {
            let states: Vec<_> = states.into_iter().collect();
            let so = if states.is_empty() { "it held nothing".into() } else { states.join(", ") };
            let id = run.run.id;
            return Err(AppError::Usage(format!("nothing of run {id} waits for a decision: {so}")));
        }
        Ok(waiting)
    }

    /// The listings that are held.
    async fn held_listings(&self, hold: &HoldRow) -> Result<HashSet<ListingId>> {
        let library = hold.library_id.to_string();
        let mut held = HashSet::new();
        let mut after = 0;
        loop {
            let page = self.store.run_changes(hold.run_id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(held) };
            after = last.seq;
            for change in page.into_iter().filter(|c| c.state == ChangeState::Held) {
                let here = |value: &serde_json::Value| value["library_id"] == library;
                if change.entity == "listing" && change.before.as_ref().is_some_and(here) {
                    held.extend(change.entity_id.map(ListingId));
                }
            }
        }
    }
}

/// A hold that still fits, ready to be applied.
struct Fitting<'h> {
    hold: &'h HoldRow,
    library: LibraryRow,
    index: Index,
    leaving: Vec<ListingKey>,
}

/// What a library lists now.
#[derive(Default)]
struct Look {
    index: Index,
    unreadable: HashSet<RemoteId>,
    /// It lists something that a sync would find a place for.
    has_news: bool,
}

impl Run<'_> {
    /// All holds are looked at before anything is removed.
    async fn approve_all(&mut self, held_run: &RunRow) -> Result<()> {
        let holds = self.app.waiting(held_run).await?;
        let mut fitting = Vec::new();
        for hold in &holds {
            fitting.push(self.fits(hold).await?);
        }
        for Fitting { hold, library, index, leaving } in fitting {
            self.remove_all(&library, &index, &leaving).await?;
            self.decide(hold, HoldState::Approved).await?;
        }
        Ok(())
    }

    async fn fits<'h>(&mut self, hold: &'h HoldRow) -> Result<Fitting<'h>> {
        let libraries = self.app.store.libraries(self.source.id).await?;
        let library = libraries.into_iter().find(|l| l.id == hold.library_id);
        let library = library.ok_or_else(|| AppError::Stale("the library is gone".to_owned()))?;
        let Look { index, unreadable, has_news } = self.look(&library).await?;
        let absent = self.absent(&library, &index, &unreadable).await?;
        if has_news {
            self.decide(hold, HoldState::Stale).await?;
            let why =
                format!("'{}' lists things by now that the catalogue does not know", library.name);
            return Err(AppError::Stale(why));
        }
        if self.fingerprint(&absent.leaving).await? != hold.fingerprint {
            let held = self.app.held_listings(hold).await?;
            let now: HashSet<_> = absent.leaving.iter().map(|l| l.id).collect();
            self.decide(hold, HoldState::Stale).await?;
            return Err(AppError::Stale(what_changed(&library, &held, &now)));
        }
        Ok(Fitting { hold, library, index, leaving: absent.leaving })
    }

    async fn decide(&self, hold: &HoldRow, state: HoldState) -> Result<()> {
        let mut batch = self.app.store.begin(Some(&self.lease)).await?;
        batch.decide_hold(hold.id, state, self.app.clock.now()).await?;
        Ok(batch.commit().await?)
    }

    /// Lists a library once more, only to see what is there. A library that the source no longer
    /// has lists nothing.
    async fn look(&mut self, library: &LibraryRow) -> Result<Look> {
        let named = |error| AppError::Source { name: self.source.name.clone(), error };
        let remote = self.open.media.libraries().await.map_err(named)?;
        let again = remote.iter().any(|r| r.kind == library.kind && r.name == library.name);
        let Some(remote) = remote.into_iter().find(|r| r.remote_id == library.remote_id) else {
            return match again {
                true => Err(AppError::Stale(format!("'{}' is there again", library.name))),
                false => Ok(Look::default()),
            };
        };
        let index = self.load_index(library).await?;
        let row = library.clone();
        self.look_through(Listing::new(Library { remote, row }, index, true)).await
    }

    async fn look_through(&mut self, mut listing: Listing) -> Result<Look> {
        let media = std::sync::Arc::clone(&self.open.media);
        let remote = listing.library.remote.clone();
        let mut steps = media.list(&remote, Scope::Full);
        let (mut unknown, mut has_news) = (Batch::default(), false);
        while let Some(step) = steps.next().await {
            match step
                .map_err(|error| AppError::Source { name: self.source.name.clone(), error })?
            {
                Listed::Page(page) => page.into_iter().for_each(|o| {
                    let key = key(o.remote_id.as_str(), o.part);
                    listing.index.note_exists(key);
                    if !listing.index.is_known(key)
                        && let Ok(observation) = o.normalize()
                    {
                        unknown.push(observation);
                    }
                }),
                Listed::Failed(failure) => listing.unreadable.extend(failure.remote_id),
                Listed::Expected(_) => {}
                Listed::End(coverage) if coverage.complete => {
                    has_news = has_news || self.finds_place(&listing, unknown.take_all()).await?;
                    let Listing { index, unreadable, .. } = listing;
                    return Ok(Look { index, unreadable, has_news });
                }
                Listed::End(coverage) => return Err(self.incomplete(&remote, coverage.reason)),
            }
            while let Some(ready) = unknown.take_ready() {
                has_news = has_news || self.finds_place(&listing, ready).await?;
            }
        }
        Err(self.incomplete(&remote, None))
    }

    fn incomplete(&self, remote: &RemoteLibrary, reason: Option<String>) -> AppError {
        let reason = reason.unwrap_or_else(|| "the listing broke off".to_owned());
        let what = format!("listing '{}' whole", remote.name);
        let error = SourceError::new(what, Problem::Malformed(reason));
        AppError::Source { name: self.source.name.clone(), error }
    }
}

/// Why removals no longer fit, for the person who approved them.
fn what_changed(
    library: &LibraryRow,
    held: &HashSet<ListingId>,
    now: &HashSet<ListingId>,
) -> String {
    let name = &library.name;
    if held == now {
        return format!(
            "what '{name}' would lose is listed by other sources than before, or by none any more"
        );
    }
    format!(
        "of what '{name}' would lose {} are listed again or changed, and {} more are gone",
        held.difference(now).count(),
        now.difference(held).count(),
    )
}
