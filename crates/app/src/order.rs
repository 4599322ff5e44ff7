//! Order: what items show follows the order of the sources at once, not item by item as syncs
//! happen to touch them. It is a run of its own, in batches, so that it can be seen and taken back.
//!
//! The database remembers by which priority each source was settled. So it does not matter who
//! changed the order and whether the program was killed while it followed.

use std::collections::HashSet;

use futures::future::BoxFuture;
use shelfread_domain::{
    Counts, Existing, ItemId, LibraryId, Lookup, RunId, RunMode, RunStatus, Trigger,
};
use shelfread_reconcile::correct;
use shelfread_store::{NewRun, RunEnd};
use uuid::Uuid;

use crate::App;
use crate::error::Result;
use crate::history::Origin;

/// Items that are settled in one transaction.
const BATCH: usize = 500;

/// Whom the record of the run names as its source.
const NAME: &str = "the order of sources";

impl App {
    /// Settles the items of the sources whose priority changed since that was last done. Gives the
    /// run; `None` when nothing had to be written.
    ///
    /// # Errors
    /// What the database says; what was done so far stays, and the rest is done the next time.
    pub fn settle_order(&self) -> BoxFuture<'_, Result<Option<RunId>>> {
        Box::pin(async move {
            let changed = self.store.unsettled_sources().await?;
            if changed.is_empty() {
                return Ok(None);
            }
            let sources: Vec<_> = changed.iter().map(|(id, _)| *id).collect();
            let items = self.store.items_shared_by(&sources).await?;
            let run = self.settle_items(&items, &[]).await?;
            self.store.set_settled(&changed).await?;
            Ok(run)
        })
    }

    /// Settles items as if nothing were listed in the libraries that are `leaving`.
    pub(crate) async fn settle_items(
        &self,
        items: &[ItemId],
        leaving: &[LibraryId],
    ) -> Result<Option<RunId>> {
        let run = RunId(Uuid::now_v7());
        let (started, mut counts, mut begun) = (self.clock.now(), Counts::default(), false);
        for chunk in items.chunks(BATCH) {
            let mut batch = self.store.begin(None).await?;
            let mut known = batch.load_items(chunk, None).await?;
            let tops = known.listings().filter(|l| l.kind.is_top());
            let said =
                tops.flat_map(|l| l.facts.external_ids.iter().map(|id| (l.kind, id.clone())));
            let external: HashSet<_> = said.collect();
            let owners = Lookup { external: external.into_iter().collect(), ..Lookup::default() };
            let owners = batch.load(LibraryId(Uuid::nil()), None, &owners).await?;
            known.absorb(owners, &HashSet::new());
            let plan = correct::again(&mut known, chunk, leaving);
            if plan.is_empty() {
                batch.rollback().await?;
                continue;
            }
            counts += plan.counts;
            let now = self.clock.now();
            if !begun {
                batch.record_run(&new_run(run, started), &end(&counts, now)).await?;
                begun = true;
            }
            batch.apply(run, &plan, now).await?;
            batch.commit().await?;
        }
        if !begun {
            return Ok(None);
        }
        let now = self.clock.now();
        let origin = Origin { run, source: None, name: NAME, now };
        let events: Vec<_> = origin.end(Trigger::Manual, &end(&counts, now)).into_iter().collect();
        self.store.finish_run(run, &end(&counts, now), &events).await?;
        Ok(Some(run))
    }
}

fn new_run(id: RunId, started_at: chrono::DateTime<chrono::Utc>) -> NewRun {
    NewRun {
        id,
        source_id: None,
        source_name: NAME.to_owned(),
        trigger: Trigger::Manual,
        mode: RunMode::Targeted,
        library: None,
        dry_run: false,
        existing: Existing::Update,
        reverts_run_id: None,
        started_at,
    }
}

const fn end(counts: &Counts, finished_at: chrono::DateTime<chrono::Utc>) -> RunEnd<'_> {
    RunEnd { status: RunStatus::Succeeded, counts, coverage: &[], message: None, finished_at }
}
