//! One source is asked to remove one object. Before it is, the object is looked at: files are
//! deleted only of what is evidently still the item. One that is not there under its id is looked
//! for by listing its library again, as a sync that only completes what is known.

use std::sync::Arc;

use futures::StreamExt;
use shelfread_domain::port::{Listed, RemoteLibrary, RemovalEffect, RemoveMedia, Scope};
use shelfread_domain::{Existing, ItemId, Known, ListingRecord, Observation, RunId};
use shelfread_reconcile::everywhere::{self, Target};
use shelfread_store::{Lease, LibraryRow, RemovalRow, RemovalState, SourceRow};

use super::Removal;
use crate::App;
use crate::error::{AppError, Result};
use crate::source::OpenSource;
use crate::sync::{Quiet, SyncRequest};

/// A target with the source that has it.
pub(super) struct Place {
    target: Target,
    source: SourceRow,
    library: LibraryRow,
}

/// What becomes of a target.
struct Outcome {
    state: RemovalState,
    effect: Option<&'static str>,
    reason: Option<String>,
}

impl Outcome {
    fn because(state: RemovalState, reason: impl Into<String>) -> Self {
        Self { state, effect: None, reason: Some(reason.into()) }
    }

    fn failed(reason: impl Into<String>) -> Self {
        Self::because(RemovalState::Failed, reason)
    }

    fn not_supported(reason: impl Into<String>) -> Self {
        Self::because(RemovalState::NotSupported, reason)
    }
}

impl Place {
    /// The row of this target.
    pub(super) fn row(&self, item: ItemId, run: RunId, state: RemovalState) -> RemovalRow {
        RemovalRow {
            item_id: item,
            listing_id: self.target.listing,
            run_id: run,
            source_id: self.source.id,
            source_name: self.source.name.clone(),
            library_name: self.library.name.clone(),
            remote_id: self.target.remote_id.clone(),
            label: self.target.label.clone(),
            effect: None,
            state,
            reason: None,
        }
    }

    fn remote(&self) -> RemoteLibrary {
        RemoteLibrary {
            remote_id: self.library.remote_id.clone(),
            name: self.library.name.clone(),
            kind: self.library.kind,
        }
    }
}

/// What a source shows under the remote id of a listing.
enum Sight {
    Same,
    /// Something else, called so.
    Other(String),
    Nothing,
}

/// A source that can do it, and what it would do.
struct Able {
    open: OpenSource,
    remove: Arc<dyn RemoveMedia>,
    effect: &'static str,
}

impl App {
    pub(super) async fn place(&self, known: &Known, target: &Target) -> Result<Place> {
        let gone = || AppError::Stale("a library went meanwhile".to_owned());
        let id = known.library(target.library).map(|l| l.source_id).ok_or_else(gone)?;
        let sources = self.store.sources().await?;
        let source = sources.into_iter().find(|s| s.id == id).ok_or_else(gone)?;
        let libraries = self.store.libraries(id).await?;
        let library = libraries.into_iter().find(|l| l.id == target.library).ok_or_else(gone)?;
        Ok(Place { target: target.clone(), source, library })
    }

    /// What would become of a target. Removes nothing.
    pub(super) async fn foresee(
        &self,
        item: ItemId,
        known: &Known,
        target: &Target,
    ) -> Result<RemovalRow> {
        let place = self.place(known, target).await?;
        let row = place.row(item, RunId(uuid::Uuid::nil()), RemovalState::Pending);
        Ok(match self.able(&place).await {
            Ok(able) => RemovalRow { effect: Some(able.effect.to_owned()), ..row },
            Err(Outcome { state: RemovalState::Failed, reason, .. }) => {
                let reason = reason.map(|why| format!("cannot be asked now: {why}"));
                RemovalRow { reason, ..row }
            }
            Err(Outcome { state, reason, .. }) => RemovalRow { state, reason, ..row },
        })
    }

    /// Whether a source can remove a target at all, as far as it says so beforehand.
    async fn able(&self, place: &Place) -> Result<Able, Outcome> {
        let (source, target) = (&place.source, &place.target);
        if !source.enabled {
            return Err(Outcome::not_supported("the source is disabled"));
        }
        if !target.shared_with.is_empty() {
            let others = target.shared_with.join(", ");
            return Err(Outcome::not_supported(format!("it would take along {others}")));
        }
        let named = |error| AppError::Source { name: source.name.clone(), error };
        let failed = |error| Outcome::failed(named(error).advice());
        let open = self.factory.open(source).map_err(failed)?;
        let Some(remove) = open.remove.clone() else {
            return Err(Outcome::not_supported("this kind of source cannot remove anything"));
        };
        let effect = match remove.effect(&target.remote_id).await.map_err(failed)? {
            RemovalEffect::Files => "files",
            RemovalEffect::Entry => "entry",
            RemovalEffect::FilesOnly => FILES_ONLY,
            RemovalEffect::Impossible(why) => return Err(Outcome::not_supported(why)),
        };
        let identity = open.media.identify().await.map_err(failed)?;
        if source.server_id.as_ref().is_some_and(|id| *id != identity.server_id) {
            let why = "another server answers at the address, so its ids mean nothing; sync it";
            return Err(Outcome::failed(why));
        }
        Ok(Able { open, remove, effect })
    }
}

/// The effect after which the source still lists the object.
const FILES_ONLY: &str = "files_only";

impl Removal<'_> {
    /// Asks one source, and writes down what became of it.
    pub(super) async fn attempt(&mut self, known: &Known, target: Target) -> Result<RemovalRow> {
        let mut place = self.app.place(known, &target).await?;
        let able = match self.app.able(&place).await {
            Ok(able) => able,
            Err(outcome) => return self.settle(&place, outcome, None).await,
        };
        if let Err(outcome) = self.find(&mut place, &able).await? {
            return self.settle(&place, outcome, None).await;
        }
        let lease = match crate::sync::take_lease(self.app, &place.source).await {
            Ok(lease) => lease,
            Err(error @ AppError::Busy { .. }) => {
                return self.settle(&place, Outcome::failed(error.advice()), None).await;
            }
            Err(error) => return Err(error),
        };
        let renewal = crate::sync::keep_lease(self.app, &lease);
        let outcome = removed(&place, &able).await;
        let row = self.settle(&place, outcome, Some(&lease)).await;
        drop(renewal);
        self.app.store.release_lease(lease).await?;
        row
    }

    /// Makes sure that the remote id of a target names the item, listing the library again where it
    /// names nothing.
    async fn find(&mut self, place: &mut Place, able: &Able) -> Result<Result<(), Outcome>> {
        loop {
            let record = self.app.store.listings_by_ids(&[place.target.listing]).await?.pop();
            let Some(record) = record else {
                let why = "the source lists it under another id";
                return Ok(Err(Outcome::because(RemovalState::NotNeeded, why)));
            };
            place.target.remote_id = record.remote_id.clone();
            let why = match look(place, &able.open, &record).await {
                Err(error) => error.advice(),
                Ok(Sight::Same) => return Ok(Ok(())),
                Ok(Sight::Other(label)) => {
                    format!("the source calls '{label}' by its id now; sync it and look again")
                }
                Ok(Sight::Nothing) if self.relisted.contains(&place.library.id) => {
                    let why = "the source does not have it any more";
                    return Ok(Err(Outcome::because(RemovalState::NotNeeded, why)));
                }
                Ok(Sight::Nothing) => match self.list_again(place).await? {
                    Ok(()) => continue,
                    Err(why) => why,
                },
            };
            return Ok(Err(Outcome::failed(why)));
        }
    }

    /// Lists a library again, so that what is there under another id gets that; why it was not
    /// listed whole.
    async fn list_again(&mut self, place: &Place) -> Result<Result<(), String>> {
        let request = SyncRequest {
            sources: vec![place.source.name.clone()],
            library: Some(place.library.name.clone()),
            existing: Existing::Fill,
            ..SyncRequest::default()
        };
        let reports = self.app.sync(&request, Arc::new(Quiet)).await?;
        let coverage = || reports.iter().flat_map(|r| &r.coverage);
        if coverage().next().is_some() && coverage().all(|c| c.coverage.complete) {
            self.relisted.insert(place.library.id);
            return Ok(Ok(()));
        }
        let error = reports.iter().flat_map(|r| &r.errors).map(|e| e.message.clone()).next();
        let reason = || coverage().find_map(|c| c.coverage.reason.clone());
        let why = error.or_else(reason).unwrap_or_else(|| "its library is not there".to_owned());
        Ok(Err(format!("it could not be looked for: {why}")))
    }

    /// Writes down what became of a target. What is gone from the source goes from the catalogue in
    /// the same transaction.
    async fn settle(
        &mut self,
        place: &Place,
        outcome: Outcome,
        lease: Option<&Lease>,
    ) -> Result<RemovalRow> {
        let row = RemovalRow {
            effect: outcome.effect.map(str::to_owned),
            reason: outcome.reason,
            ..place.row(self.item, self.run, outcome.state)
        };
        let mut plan = shelfread_domain::Plan::default();
        let still_listed = outcome.effect == Some(FILES_ONLY);
        if row.state.is_settled()
            && !still_listed
            && let Some(mut known) = self.app.around(self.item).await?
        {
            let targets = everywhere::targets(&known, self.item);
            if let Some(target) = targets.iter().find(|t| t.listing == place.target.listing) {
                let now = self.app.clock.now();
                plan = everywhere::forget(&mut known, target, self.run, now);
            }
        }
        self.apply(std::slice::from_ref(&row), plan, lease).await?;
        Ok(row)
    }
}

async fn removed(place: &Place, able: &Able) -> Outcome {
    let effect = Some(able.effect);
    match able.remove.remove(&place.target.remote_id).await {
        Ok(true) => Outcome { state: RemovalState::Done, effect, reason: None },
        Ok(false) => {
            let reason = Some("the source had nothing left to remove".to_owned());
            Outcome { state: RemovalState::NotNeeded, effect, reason }
        }
        Err(error) => {
            let name = place.source.name.clone();
            Outcome { effect, ..Outcome::failed(AppError::Source { name, error }.advice()) }
        }
    }
}

/// What a source shows under the remote id of a listing.
async fn look(place: &Place, open: &OpenSource, record: &ListingRecord) -> Result<Sight> {
    let named = |error| AppError::Source { name: place.source.name.clone(), error };
    let (remote, id) = (place.remote(), record.remote_id.clone());
    let mut steps = open.media.list(&remote, Scope::Only(vec![id.clone()]));
    let mut found: Option<Observation> = None;
    while let Some(step) = steps.next().await {
        match step.map_err(named)? {
            Listed::Page(page) => {
                let is_it = |o: &Observation| o.remote_id == id && o.part == record.part;
                found = found.or_else(|| page.into_iter().find(is_it));
            }
            Listed::Failed(failure) if failure.remote_id.as_ref() == Some(&id) => {
                return Ok(Sight::Other(failure.label));
            }
            Listed::Failed(_) | Listed::Expected(_) | Listed::End(_) => {}
        }
    }
    Ok(match found.map(Observation::normalize) {
        Some(Ok(o)) if everywhere::is_evident(record, &o) => Sight::Same,
        Some(Ok(o)) => Sight::Other(o.label()),
        Some(Err(error)) => Sight::Other(error.to_string()),
        None => Sight::Nothing,
    })
}
