//! Removing an item at a person's word: from the catalogue alone when nothing lists it, or
//! everywhere, through each source's own API.
//!
//! How each removal stands is written down before a source is asked, and after each answer
//! together with what the catalogue forgets. So a crash in the middle loses nothing: the same
//! command goes on, and what a source had removed already is looked for and found gone.

mod at_source;
mod report;

use futures::future::BoxFuture;
use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
pub use report::{RemovalReport, RemovalView};
use shelfread_domain::{Counts, ItemId, Known, ListingId, Plan, RunId, RunStatus, Trigger};
use shelfread_reconcile::everywhere;
use shelfread_store::{Batch, RemovalRow, RemovalState, RunEnd, RunError, StoreError};
use uuid::Uuid;

use super::{Correction, PERSON, new_run, record};
use crate::App;
use crate::error::{AppError, Result};
use crate::history::Origin;

impl App {
    /// Takes an item out of the catalogue that no source lists any more.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Usage`] while a source lists it, with the names of those
    /// that do; what the database says.
    pub fn remove_item(&self, item: ItemId) -> BoxFuture<'_, Result<Correction>> {
        Box::pin(async move {
            let run = RunId(Uuid::now_v7());
            let mut batch = self.store.begin(None).await?;
            let found = load(&mut batch, item).await?;
            let mut known = found.ok_or_else(|| AppError::not_found("item", item.to_string()))?;
            let listed = listed_by(&known, item);
            if !listed.is_empty() {
                batch.rollback().await?;
                let who = listed.into_iter().collect::<Vec<_>>().join(", ");
                let message = format!(
                    "it is listed by {who}, and would come back with the next sync; `shelfread item \
                 remove {item} --everywhere` removes it there as well"
                );
                return Err(AppError::Usage(message));
            }
            let plan = everywhere::drop_rows(&mut known, item);
            let now = self.clock.now();
            let done = record(&mut batch, run, &plan, now).await?;
            batch.commit().await?;
            Ok(done)
        })
    }

    /// Shows what [`App::remove_everywhere`] would do, source by source. Changes nothing.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the item was never there; what the database says.
    pub fn preview_removal(&self, item: ItemId) -> BoxFuture<'_, Result<RemovalReport>> {
        Box::pin(async move {
            let Some(known) = self.around(item).await? else { return self.remembered(item).await };
            let mut report = self.report(item, Some(&known), None).await?;
            for target in everywhere::targets(&known, item) {
                let seen = self.foresee(item, &known, &target).await?;
                report.put(RemovalView::of(&seen));
            }
            Ok(report)
        })
    }

    /// Removes an item from every source that lists it, and from the catalogue. Asked again, it
    /// goes on where it was cut off or failed.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the item was never there; [`AppError::AtWork`]; what the
    /// database says. What a source says is in the report.
    pub fn remove_everywhere(&self, item: ItemId) -> BoxFuture<'_, Result<RemovalReport>> {
        Box::pin(async move {
            let lease = crate::sync::take_persons_lease(self).await?;
            let renewal = crate::sync::keep_lease(self, &lease);
            let done = self.remove_leased(item).await;
            drop(renewal);
            self.store.release_lease(lease).await?;
            done
        })
    }

    async fn remove_leased(&self, item: ItemId) -> Result<RemovalReport> {
        let now = self.clock.now();
        self.store.close_killed_runs(None, now).await?;
        let Some(known) = self.around(item).await? else { return self.remembered(item).await };
        let id = RunId(Uuid::now_v7());
        self.store.begin_run(&new_run(id, now)).await?;
        let mut work = Removal {
            app: self,
            item,
            run: id,
            tried: HashSet::new(),
            relisted: HashSet::new(),
            counts: Counts::default(),
        };
        let done = work.all(&known).await;
        let status = work.finish(done.as_ref().err()).await?;
        done?;
        let now_known = self.around(item).await?;
        let mut report = self.report(item, now_known.as_ref().or(Some(&known)), Some(id)).await?;
        report.status = Some(status);
        report.gone = now_known.is_none();
        Ok(report)
    }

    /// The item with all that planning its removal must know; `None` when it is not there.
    async fn around(&self, item: ItemId) -> Result<Option<Known>> {
        let mut batch = self.store.begin(None).await?;
        let known = load(&mut batch, item).await?;
        batch.rollback().await?;
        Ok(known)
    }

    async fn report(
        &self,
        item: ItemId,
        known: Option<&Known>,
        run: Option<RunId>,
    ) -> Result<RemovalReport> {
        let label = known.and_then(|k| k.item(item)).map(shelfread_domain::ItemRecord::label);
        let rows = self.store.removals(item).await?;
        let targets = rows.iter().map(RemovalView::of).collect();
        let label = label.unwrap_or_else(|| item.to_string());
        Ok(RemovalReport { item, label, run, status: None, gone: known.is_none(), targets })
    }

    /// What is written of the removal of an item that is gone.
    async fn remembered(&self, item: ItemId) -> Result<RemovalReport> {
        let mut report = self.report(item, None, None).await?;
        match report.targets.first() {
            Some(first) => report.label.clone_from(&first.label),
            None => return Err(AppError::not_found("item", item.to_string())),
        }
        Ok(report)
    }
}

async fn load(batch: &mut Batch, item: ItemId) -> Result<Option<Known>, StoreError> {
    let mut known = batch.load_tree(&[item]).await?;
    let Some(record) = known.item(item) else { return Ok(None) };
    if let Some(show) = record.parent_id {
        known = batch.load_tree(&[show]).await?;
    }
    let covered = everywhere::covered(&known, item);
    let own: Vec<_> = covered.iter().flat_map(|id| known.listings_of(*id)).collect();
    let entangled = batch.load_entangled(&own).await?;
    known.absorb(entangled, &HashSet::new());
    Ok(Some(known))
}

/// The names of the sources that list an item or something below it now.
fn listed_by(known: &Known, item: ItemId) -> BTreeSet<String> {
    let covered = everywhere::covered(known, item);
    let all = covered.iter().flat_map(|id| known.listings_of(*id));
    let present = all.filter(|l| l.missing_since.is_none() && l.kept_since.is_none());
    present.filter_map(|l| Some(known.library(l.library_id)?.source_name.clone())).collect()
}

/// A removal at work.
struct Removal<'a> {
    app: &'a App,
    item: ItemId,
    run: RunId,
    tried: HashSet<ListingId>,
    /// Libraries that were listed again to find objects under new ids.
    relisted: HashSet<shelfread_domain::LibraryId>,
    counts: Counts,
}

impl Removal<'_> {
    /// One source after the other. The targets are found anew each time, because listing a library
    /// again may find the item under another id.
    async fn all(&mut self, known: &Known) -> Result<()> {
        self.write_down(known).await?;
        loop {
            let Some(known) = self.app.around(self.item).await? else { return Ok(()) };
            let targets = everywhere::targets(&known, self.item);
            if targets.is_empty() {
                let mut known = known;
                let plan = everywhere::drop_rows(&mut known, self.item);
                return self.apply(&[], plan, None).await;
            }
            let untried = targets.into_iter().find(|t| !self.tried.contains(&t.listing));
            let Some(target) = untried else { return Ok(()) };
            self.tried.insert(target.listing);
            let row = self.attempt(&known, target).await?;
            tracing::info!(source = row.source_name, state = row.state.as_str(), "removal");
        }
    }

    /// Writes down what is to be done, before anything is.
    async fn write_down(&self, known: &Known) -> Result<()> {
        let mut rows = Vec::new();
        for target in everywhere::targets(known, self.item) {
            let place = self.app.place(known, &target).await?;
            rows.push(place.row(self.item, self.run, RemovalState::Pending));
        }
        let mut batch = self.app.store.begin(None).await?;
        batch.put_removals(&rows, self.app.clock.now()).await?;
        Ok(batch.commit().await?)
    }

    /// Writes how a removal stands together with what the catalogue forgets.
    async fn apply(
        &mut self,
        rows: &[RemovalRow],
        plan: Plan,
        lease: Option<&shelfread_store::Lease>,
    ) -> Result<()> {
        let now = self.app.clock.now();
        let mut batch = self.app.store.begin(lease).await?;
        batch.put_removals(rows, now).await?;
        batch.apply(self.run, &plan, now).await?;
        let asked = rows.iter().map(|row| report::event(row, now));
        let events: Vec<_> = asked.chain(self.origin(now).removals(&plan)).collect();
        batch.append_events(&events).await?;
        batch.commit().await?;
        self.counts += plan.counts;
        Ok(())
    }

    /// For the events of this run.
    const fn origin(&self, now: DateTime<Utc>) -> Origin<'static> {
        Origin { run: self.run, source: None, name: PERSON, now }
    }

    /// Records how the run ended.
    async fn finish(&self, error: Option<&AppError>) -> Result<RunStatus> {
        let rows = self.app.store.removals(self.item).await?;
        let own: Vec<_> = rows.iter().filter(|row| row.run_id == self.run).collect();
        let open: Vec<_> = own.iter().filter(|row| !row.state.is_settled()).collect();
        let status = match (error, open.len()) {
            (Some(_), _) => RunStatus::Failed,
            (None, 0) => RunStatus::Succeeded,
            (None, n) if n == own.len() => RunStatus::Failed,
            _ => RunStatus::Partial,
        };
        let errors: Vec<_> = open.iter().map(|row| unsettled(row)).collect();
        self.app.store.add_run_errors(self.run, &errors).await?;
        let message = error.map(ToString::to_string);
        let end = RunEnd {
            status,
            counts: &self.counts,
            coverage: &[],
            message: message.as_deref(),
            finished_at: self.app.clock.now(),
        };
        let ended = self.origin(end.finished_at).end(Trigger::Manual, &end);
        self.app.store.finish_run(self.run, &end, &Vec::from_iter(ended)).await?;
        Ok(status)
    }
}

fn unsettled(row: &RemovalRow) -> RunError {
    let reason = row.reason.clone().unwrap_or_else(|| row.state.as_str().to_owned());
    RunError { scope: format!("{}: {}", row.source_name, row.label), message: reason }
}
