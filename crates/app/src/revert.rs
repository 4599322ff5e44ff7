//! Revert: what a run did, taken back. Rows that later runs or people changed since are left alone
//! and named. A revert is a run itself, so that it can be reverted too.
//!
//! In this order, a transaction per part:
//! 1. what was removed comes back: shows and films, then seasons and episodes, then all that hung
//!    on them. Listings that come back are kept until their source lists them again. What is there
//!    again as another item gets what a person had set of it, and shows it at once;
//! 2. what was changed changes back, newest first, if it still is as the run left it;
//! 3. what was added goes: ids and play states, then listings, then items with nothing newer.
//!
//! Remote ids that are put back may be those of an earlier server. Whether that one is there again,
//! only its next full sync can prove; until then no remote id of the source is believed.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use shelfread_domain::{
    Change, Counts, Existing, ItemId, ItemRecord, Known, LibraryId, ListingId, ListingRecord,
    Lookup, Op, OverrideRecord, Plan, ProgressRecord, Row, RunId, RunMode, RunStatus,
    SettingsRecord, Trigger,
};
use shelfread_reconcile::{correct, removal};
use shelfread_store::{
    ChangeState, Lease, NewRun, RunChange, RunEnd, RunError, RunRow, Store, StoreError, patched,
};
use uuid::Uuid;

use crate::App;
use crate::error::{AppError, Result};
use crate::history::Origin;
use crate::person::Concerned;
use crate::sync::{RunReport, UNPROVEN};

/// Changes of a journal that are read at once, and at the most written in one transaction.
const PART: usize = 500;

impl App {
    /// Takes back what a run did.
    ///
    /// # Errors
    /// [`AppError::Usage`] when there is nothing to take back: it was a dry run, is still at work,
    /// or was reverted before. What the database says.
    pub fn revert(&self, id: RunId) -> BoxFuture<'_, Result<RunReport>> {
        Box::pin(async move {
            let reverted = self.revertible(id).await?;
            let sources = self.store.sources().await?;
            let source = sources.iter().find(|s| Some(s.id) == reverted.run.source_id);
            let lease = match source {
                Some(source) => crate::sync::take_lease(self, source).await?,
                None => crate::sync::take_persons_lease(self).await?,
            };
            let renewal = crate::sync::keep_lease(self, &lease);
            let done = self.revert_leased(&reverted, lease.clone()).await;
            drop(renewal);
            self.store.release_lease(lease).await?;
            done
        })
    }

    async fn revertible(&self, id: RunId) -> Result<RunRow> {
        let run = self.store.run(id).await?;
        let run = run.ok_or_else(|| AppError::not_found("run", id.to_string()))?;
        let refuse = |why: String| Err(AppError::Usage(format!("run {id} {why}")));
        match (run.status, run.reverted_by_run_id) {
            (_, Some(by)) => refuse(format!("was reverted already, by run {by}")),
            (RunStatus::Running, _) => refuse("is still at work".to_owned()),
            _ if run.run.dry_run => refuse("was a dry run and wrote nothing".to_owned()),
            _ => Ok(run),
        }
    }

    async fn revert_leased(&self, reverted: &RunRow, lease: Lease) -> Result<RunReport> {
        let now = self.clock.now();
        let run = NewRun {
            id: RunId(Uuid::now_v7()),
            trigger: Trigger::Revert,
            mode: RunMode::Full,
            existing: Existing::Update,
            reverts_run_id: Some(reverted.run.id),
            started_at: now,
            ..reverted.run.clone()
        };
        self.store.begin_run(&run).await?;
        let mut revert = Revert {
            store: self.store.clone(),
            run: run.clone(),
            reverted: reverted.run.id,
            now,
            lease,
            returned: HashMap::new(),
            counts: Counts::default(),
            left: Vec::new(),
        };
        let done = revert.all().await;
        let Revert { counts, left, .. } = revert;
        let status = match (&done, left.is_empty()) {
            (Err(_), _) => RunStatus::Failed,
            (Ok(()), true) => RunStatus::Succeeded,
            (Ok(()), false) => RunStatus::Partial,
        };
        let message = done.as_ref().err().map(ToString::to_string);
        let end = RunEnd {
            status,
            counts: &counts,
            coverage: &[],
            message: message.as_deref(),
            finished_at: self.clock.now(),
        };
        self.store.add_run_errors(run.id, &left).await?;
        let origin = origin(&run, end.finished_at);
        let ended: Vec<_> = origin.end(Trigger::Revert, &end).into_iter().collect();
        self.store.finish_run(run.id, &end, &ended).await?;
        done?;
        self.store.forget_complete(run.source_id).await?;
        self.store.set_reverted_by(reverted.run.id, run.id).await?;
        Ok(RunReport {
            id: run.id,
            source: run.source_name,
            status,
            dry_run: false,
            counts,
            coverage: Vec::new(),
            errors: left,
            changes: None,
        })
    }
}

fn origin(run: &NewRun, now: DateTime<Utc>) -> Origin<'_> {
    Origin { run: run.id, source: run.source_id, name: &run.source_name, now }
}

/// A revert at work.
struct Revert {
    store: Store,
    run: NewRun,
    reverted: RunId,
    now: DateTime<Utc>,
    lease: Lease,
    /// Removed items that came back as other ones: what a person had set goes to those.
    returned: HashMap<ItemId, Option<ItemId>>,
    counts: Counts,
    left: Vec<RunError>,
}

impl Revert {
    async fn all(&mut self) -> Result<(), StoreError> {
        let journal = self.journal().await?;
        if let Some(source) = self.run.source_id.filter(|_| journal.iter().any(gave_id)) {
            self.store.set_server_id(source, Some(UNPROVEN)).await?;
        }
        self.find_returned(&journal).await?;
        self.restore(&journal, |row| matches!(row, Row::Item(i) if i.kind.is_top())).await?;
        self.restore(&journal, |row| matches!(row, Row::Item(i) if !i.kind.is_top())).await?;
        self.restore(&journal, |row| !matches!(row, Row::Item(_))).await?;
        self.settle_heirs().await?;
        for part in journal.rchunks(PART) {
            self.change_back(part).await?;
        }
        self.take_back_added().await
    }

    /// What the run did, oldest first. Its before-images are what a revert is made of, so it is
    /// read whole.
    async fn journal(&self) -> Result<Vec<RunChange>, StoreError> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(0, |c: &RunChange| c.seq);
            let page = self.store.run_changes(self.reverted, after, PART as u64).await?;
            if page.is_empty() {
                all.retain(|c| c.state == ChangeState::Applied);
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Brings back removed rows of one sort.
    async fn restore(
        &mut self,
        journal: &[RunChange],
        wanted: impl Fn(&Row) -> bool,
    ) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        for gone in journal.iter().filter(|c| c.after.is_none()) {
            if let Some(row) = gone.whole_before()?.filter(|row| wanted(row)) {
                changes.extend(self.restored(gone, row));
            }
        }
        for part in changes.chunks(PART) {
            self.write_or_leave(part.to_vec()).await?;
        }
        Ok(())
    }

    fn restored(&mut self, gone: &RunChange, row: Row) -> Option<Change> {
        let heir = gone.item_id.and_then(|item| self.returned.get(&item).copied());
        let row = match (heir, row) {
            (None, row) => row,
            (Some(heir), row) => {
                let inherited = heir.and_then(|heir| inherited(&row, heir));
                if inherited.is_none() && matches!(row, Row::Item(_)) {
                    self.leave(&gone.label, "it is there again as another item");
                }
                inherited?
            }
        };
        let row = match row {
            // The source does not list it, and must not take it away again before it does.
            Row::Listing(listing) => {
                Row::Listing(Box::new(ListingRecord { kept_since: Some(self.now), ..*listing }))
            }
            row => row,
        };
        Some(change(gone, None, Some(row)))
    }

    /// What heirs show follows at once from what they inherited.
    async fn settle_heirs(&mut self) -> Result<(), StoreError> {
        let heirs: BTreeSet<ItemId> = self.returned.values().filter_map(|heir| *heir).collect();
        for part in Vec::from_iter(heirs).chunks(PART) {
            let mut batch = self.store.begin(None).await?;
            let mut known = Concerned::items(part).load(&mut batch).await?;
            batch.rollback().await?;
            let plan = correct::settle(&mut known, part, "inherited from an item that was removed");
            self.write_or_leave(plan.changes).await?;
        }
        Ok(())
    }

    /// Finds removed items that are there again as other ones: somebody owns their external ids, or
    /// has their place in a show that is there again.
    async fn find_returned(&mut self, journal: &[RunChange]) -> Result<(), StoreError> {
        let removed: Vec<Row> = journal
            .iter()
            .filter(|c| c.after.is_none())
            .filter_map(|c| c.whole_before().transpose())
            .collect::<Result<_, _>>()?;
        let mut lookup = Lookup::default();
        let mut claims = Vec::new();
        for row in &removed {
            if let Row::ExternalId(e) = row {
                lookup.external.push((e.kind, e.id.clone()));
                claims.push(e.clone());
            }
        }
        let mut batch = self.store.begin(None).await?;
        let known = batch.load(LibraryId(Uuid::nil()), None, &lookup).await?;
        for claim in claims {
            let owner = known.owner(claim.kind, &claim.id).filter(|owner| *owner != claim.item_id);
            if let Some(owner) = owner {
                self.returned.insert(claim.item_id, Some(owner));
            }
        }
        let shows: Vec<ItemId> = self.returned.values().filter_map(|heir| *heir).collect();
        let trees = batch.load_tree(&shows).await?;
        batch.rollback().await?;
        for row in removed {
            let Row::Item(child) = row else { continue };
            let show = child.parent_id.and_then(|show| self.returned.get(&show).copied().flatten());
            let Some(show) = show else { continue };
            let place = ItemRecord { parent_id: Some(show), ..*child.clone() }.natural_key();
            let heir = place.and_then(|key| trees.by_natural(&key));
            self.returned.insert(child.id, heir);
        }
        Ok(())
    }

    /// Writes changes; one that no longer fits is found by halving, left alone and named.
    async fn write_or_leave(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut waiting = vec![changes];
        while let Some(mut part) = waiting.pop() {
            match self.write(&part).await {
                Ok(()) => self.count(&part),
                Err(StoreError::Constraint { .. } | StoreError::Stale { .. }) if part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    waiting.extend([second, part]);
                }
                Err(StoreError::Constraint { .. } | StoreError::Stale { .. }) => {
                    part.iter().for_each(|c| self.leave(&c.label, "something else took its place"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let plan = Plan { changes: changes.to_vec(), ..Plan::default() };
        let mut batch = self.store.begin(Some(&self.lease)).await?;
        batch.apply_revert(self.run.id, &plan, self.now).await?;
        batch.append_events(&origin(&self.run, self.now).removals(&plan)).await?;
        batch.commit().await
    }

    fn count(&mut self, changes: &[Change]) {
        for c in changes {
            let item = matches!(c.row(), Some(Row::Item(_)));
            match (item, &c.before, &c.after) {
                (true, None, _) => self.counts.added += 1,
                (true, _, None) => self.counts.removed += 1,
                (true, ..) => self.counts.updated += 1,
                (false, ..) => {}
            }
        }
    }

    fn leave(&mut self, label: &str, why: &str) {
        let message = format!("left alone: {why}");
        self.left.push(RunError { scope: label.to_owned(), message });
    }

    /// Changes back what is still as the run left it.
    async fn change_back(&mut self, part: &[RunChange]) -> Result<(), StoreError> {
        let items: BTreeSet<ItemId> = part.iter().flat_map(items_of).collect();
        let items: Vec<_> = items.into_iter().collect();
        let mut batch = self.store.begin(None).await?;
        let mut known = batch.load_tree(&items).await?;
        batch.rollback().await?;
        let mut changes = Vec::new();
        for done in part.iter().rev().filter(|c| c.after.is_some()) {
            match back(&known, done)? {
                Back::To(row) => {
                    let step = change(done, current(&known, done)?, row);
                    known.apply(&Plan { changes: vec![step.clone()], ..Plan::default() });
                    changes.push(step);
                }
                Back::Nothing => {}
                Back::Changed => self.leave(&done.label, "it was changed since"),
            }
        }
        self.write_or_leave(changes).await
    }

    /// Items and listings that the run added go, unless something newer hangs on them.
    async fn take_back_added(&mut self) -> Result<(), StoreError> {
        let (items, listings) = self.store.made_by(self.reverted).await?;
        let newer = self.store.touched_after(self.reverted, self.run.id, &items, &listings).await?;
        let free: Vec<_> = items.iter().copied().filter(|i| !newer.contains(&i.0)).collect();
        let (stay, go): (Vec<_>, Vec<_>) = listings.into_iter().partition(|l| newer.contains(&l.0));
        for _ in stay {
            self.leave("a listing", "it was changed since");
        }
        for part in go.chunks(PART) {
            self.take_back_listings(part).await?;
        }
        for part in free.chunks(PART) {
            self.take_back_items(part).await?;
        }
        for _ in 0..items.len() - free.len() {
            self.leave("an item", "it was changed since");
        }
        Ok(())
    }

    async fn take_back_listings(&mut self, ids: &[ListingId]) -> Result<(), StoreError> {
        let rows = self.store.listings_by_ids(ids).await?;
        let gone = |listing: ListingRecord| Change {
            op: Op::Remove,
            kind: listing.kind,
            label: listing.facts.title.clone().unwrap_or_else(|| listing.remote_id.0.clone()),
            before: Some(Row::Listing(Box::new(listing))),
            after: None,
            reason: "reverted".into(),
            basis: None,
        };
        self.write_or_leave(rows.into_iter().map(gone).collect()).await
    }

    /// An item that is listed by now, or has a child that is, stays.
    async fn take_back_items(&mut self, ids: &[ItemId]) -> Result<(), StoreError> {
        let mut batch = self.store.begin(None).await?;
        let mut known = batch.load_tree(ids).await?;
        batch.rollback().await?;
        let plan = removal::take_back(&mut known, ids);
        for id in ids.iter().filter_map(|id| known.item(*id)) {
            let label = id.label();
            self.leave(&label, "something else needs it by now");
        }
        self.counts.removed += plan.counts.removed;
        self.write(&plan.changes).await
    }
}

/// Whether a listing got another remote id.
fn gave_id(done: &RunChange) -> bool {
    let id = |row: &Option<serde_json::Value>| row.as_ref()?.get("remote_id").cloned();
    let (before, after) = (id(&done.before), id(&done.after));
    done.entity == "listing" && after.is_some() && before.is_some_and(|id| Some(id) != after)
}

/// What a person set and what was played, handed to the item that is there now.
fn inherited(row: &Row, heir: ItemId) -> Option<Row> {
    Some(match row.clone() {
        Row::Settings(s) => Row::Settings(Box::new(SettingsRecord { item_id: heir, ..*s })),
        Row::Override(o) => Row::Override(OverrideRecord { item_id: heir, ..o }),
        Row::Progress(p) => Row::Progress(ProgressRecord { item_id: heir, ..p }),
        Row::Item(_) | Row::Listing(_) | Row::ExternalId(_) => return None,
    })
}

/// What a change of the journal goes back to.
enum Back {
    /// To this row; `None` takes the row away.
    To(Option<Row>),
    /// The row is gone already.
    Nothing,
    /// Somebody changed it since.
    Changed,
}

fn back(known: &Known, done: &RunChange) -> Result<Back, StoreError> {
    let Some(now) = current(known, done)? else { return Ok(Back::Nothing) };
    let (Some(after), before) = (&done.after, &done.before) else { return Ok(Back::Nothing) };
    if patched(&now, after)? != now {
        return Ok(Back::Changed);
    }
    match (before, done.whole_before()?) {
        (None, _) => Ok(Back::To(None)),
        (Some(_), Some(whole)) => Ok(Back::To(Some(whole))),
        (Some(patch), None) => Ok(Back::To(Some(patched(&now, patch)?))),
    }
}

/// The items that a change of the journal is about: whose the row was, and whose it became.
fn items_of(done: &RunChange) -> impl Iterator<Item = ItemId> {
    let after = done.after.as_ref().and_then(|after| after.get("item_id")?.as_str()?.parse().ok());
    done.item_id.into_iter().chain(after)
}

/// The row that a change of the journal is about, as it is now.
fn current(known: &Known, done: &RunChange) -> Result<Option<Row>, StoreError> {
    let Some(item) = items_of(done).next() else { return Ok(None) };
    let whole = || done.whole_after();
    Ok(match done.entity.as_str() {
        "item" => known.item(item).map(|i| Row::Item(Box::new(i.clone()))),
        "listing" => {
            let id = done.entity_id.map(ListingId);
            id.and_then(|id| known.listing(id)).map(|l| Row::Listing(Box::new(l.clone())))
        }
        "settings" => known.settings(item).map(|s| Row::Settings(Box::new(s.clone()))),
        "external_id" => whole()?.filter(|row| match row {
            Row::ExternalId(e) => known.owner(e.kind, &e.id) == Some(e.item_id),
            _ => false,
        }),
        "progress" => match whole()? {
            Some(Row::Progress(p)) => known.progress(item, p.viewer_id).cloned().map(Row::Progress),
            _ => None,
        },
        "override" => match whole()? {
            Some(Row::Override(o)) => known
                .overrides(item)
                .iter()
                .find(|k| k.field == o.field)
                .cloned()
                .map(Row::Override),
            _ => None,
        },
        _ => None,
    })
}

fn change(done: &RunChange, before: Option<Row>, after: Option<Row>) -> Change {
    Change {
        op: match (&before, &after) {
            (None, _) => Op::Add,
            (_, None) => Op::Remove,
            _ => Op::Update,
        },
        kind: done.kind,
        label: done.label.clone(),
        before,
        after,
        reason: "reverted".into(),
        basis: None,
    }
}
