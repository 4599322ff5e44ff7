//! What a person decides about items: corrected fields and settings (`wishes`), which listings are
//! one item (`places`), and what waits to be looked at (`review`).
//!
//! Every correction is a run of its own, recorded with what it did in one transaction, so that it
//! is seen and can be reverted like any other. It knows the store and the heart, and deliberately
//! no command line and no rule of identity. Sync has no way here.

mod places;
mod remove;
mod review;
mod wishes;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
pub use remove::{RemovalReport, RemovalView};
pub use review::{Candidate, ReviewView};
use serde::Serialize;
use shelfread_domain::{
    Existing, ItemId, Known, LibraryId, ListingId, ListingRecord, Lookup, Plan, RunId, RunMode,
    RunStatus, SourceId, Trigger,
};
use shelfread_reconcile::correct::Refusal;
pub use shelfread_reconcile::correct::Wish;
use shelfread_store::{Batch, ItemDetail, NewRun, RunEnd, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;
pub use wishes::{SettingsChange, value_of};

use crate::App;
use crate::error::{AppError, Result};
use crate::history::Origin;
use crate::render::ChangeView;

/// Whom the record of a correction names as its source.
pub const PERSON: &str = "a person";

/// What a correction did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Correction {
    /// Its run; `None` when everything was so already and nothing was written.
    pub run: Option<RunId>,
    /// The item that was corrected, or that a listing has now.
    pub item: Option<ItemId>,
    /// What was changed.
    pub changes: Vec<ChangeView>,
}

impl App {
    /// Plans a correction of what is known and writes it: the plan is made in the transaction that
    /// writes it, so nothing can come between.
    async fn correct(
        &self,
        concerned: &Concerned,
        plan: impl FnOnce(&mut Known, RunId) -> Result<Plan>,
    ) -> Result<Correction> {
        let run = RunId(Uuid::now_v7());
        let seen = self.seen_item(concerned).await?;
        let mut batch = self.store.begin(None).await?;
        let mut known = concerned.load(&mut batch).await?;
        if let Some(seen) = seen.filter(|seen| !is_still(seen, &known)) {
            batch.rollback().await?;
            return Err(AppError::Changed { what: "item", name: seen.item.id.to_string() });
        }
        let plan = match plan(&mut known, run) {
            Ok(plan) if !plan.is_empty() => plan,
            refused_or_nothing => {
                batch.rollback().await?;
                refused_or_nothing?;
                return Ok(Correction { run: None, item: None, changes: Vec::new() });
            }
        };
        let now = self.clock.now();
        let done = record(&mut batch, run, &plan, now).await?;
        batch.commit().await?;
        Ok(done)
    }

    /// The item that is corrected, when it is to be as somebody saw it and is. Read before the
    /// batch: who holds the catalogue must not wait for another connection.
    async fn seen_item(&self, concerned: &Concerned) -> Result<Option<ItemDetail>> {
        let (Some(_), Some(id)) = (&self.seen, concerned.items.first()) else { return Ok(None) };
        let shown = self.item(*id).await?;
        self.expect("item", &id.to_string(), &shown.view())?;
        Ok(Some(shown.detail))
    }

    /// A listing as it is recorded.
    async fn listing(&self, id: ListingId) -> Result<ListingRecord> {
        let found = self.store.listings_by_ids(&[id]).await?.pop();
        found.ok_or_else(|| refused(Refusal::NoListing(id)))
    }

    /// The source that a library belongs to.
    async fn source_of(&self, library: LibraryId) -> Result<Option<SourceId>> {
        for source in self.store.sources().await? {
            let libraries = self.store.libraries(source.id).await?;
            if libraries.iter().any(|l| l.id == library) {
                return Ok(Some(source.id));
            }
        }
        Ok(None)
    }
}

/// Whether what people write of an item, and what it shows, is in a batch as it was just before.
fn is_still(seen: &ItemDetail, known: &Known) -> bool {
    let (id, overrides) = (seen.item.id, known.overrides(seen.item.id));
    known.item(id) == Some(&seen.item)
        && known.settings(id) == seen.settings.as_ref()
        && overrides.len() == seen.overrides.len()
        && overrides.iter().all(|one| seen.overrides.contains(one))
}

/// Writes a plan of a person as a run that is over, with what history shall know of it.
pub(crate) async fn record(
    batch: &mut Batch,
    run: RunId,
    plan: &Plan,
    now: DateTime<Utc>,
) -> Result<Correction> {
    let end = RunEnd {
        status: RunStatus::Succeeded,
        counts: &plan.counts,
        coverage: &[],
        message: None,
        finished_at: now,
    };
    batch.record_run(&new_run(run, now), &end).await?;
    batch.apply_revert(run, plan, now).await?;
    let origin = Origin { run, source: None, name: PERSON, now };
    let ended = origin.end(Trigger::Manual, &end);
    let events: Vec<_> = origin.removals(plan).into_iter().chain(ended).collect();
    batch.append_events(&events).await?;
    let changes = plan.changes.iter().map(ChangeView::of).collect();
    Ok(Correction { run: Some(run), item: None, changes })
}

fn new_run(id: RunId, now: DateTime<Utc>) -> NewRun {
    NewRun {
        id,
        source_id: None,
        source_name: PERSON.to_owned(),
        trigger: Trigger::Manual,
        mode: RunMode::Targeted,
        library: None,
        dry_run: false,
        existing: Existing::Update,
        reverts_run_id: None,
        started_at: now,
    }
}

/// What a correction is about.
#[derive(Default)]
pub(crate) struct Concerned {
    items: Vec<ItemId>,
    listing: Option<ListingRecord>,
}

impl Concerned {
    pub(crate) fn items(items: &[ItemId]) -> Self {
        Self { items: items.to_vec(), listing: None }
    }

    /// The items with their trees, the listing, and who owns the ids that they say.
    pub(crate) async fn load(&self, batch: &mut Batch) -> Result<Known, StoreError> {
        let known = batch.load_tree(&self.items).await?;
        self.with_owners(batch, known).await
    }

    /// The items without their trees, and who owns the ids that they say.
    pub(crate) async fn load_flat(&self, batch: &mut Batch) -> Result<Known, StoreError> {
        let known = batch.load_items(&self.items, None).await?;
        self.with_owners(batch, known).await
    }

    pub(crate) async fn with_owners(
        &self,
        batch: &mut Batch,
        mut known: Known,
    ) -> Result<Known, StoreError> {
        let listings = known.listings().chain(&self.listing).filter(|l| l.kind.is_top());
        let external: HashSet<_> = listings
            .flat_map(|l| l.facts.external_ids.iter().map(|id| (l.kind, id.clone())))
            .collect();
        let lookup = Lookup {
            remote_ids: self.listing.iter().map(|l| l.remote_id.clone()).collect(),
            external: external.into_iter().collect(),
            ..Lookup::default()
        };
        let library = self.listing.as_ref().map_or(LibraryId(Uuid::nil()), |l| l.library_id);
        let more = batch.load(library, None, &lookup).await?;
        known.absorb(more, &HashSet::new());
        Ok(known)
    }
}

/// A refusal as the error that ends with the right exit code.
fn refused(refusal: Refusal) -> AppError {
    match refusal {
        Refusal::NoItem(id) => AppError::not_found("item", id.to_string()),
        Refusal::NoListing(_) => AppError::Usage(format!(
            "{refusal}; `shelfread item show` and `shelfread item review` name them"
        )),
        other => AppError::Usage(other.to_string()),
    }
}
