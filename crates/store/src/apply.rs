//! Apply: writes a plan, table by table, never a statement per row.
//!
//! The order of the steps is what keeps every constraint satisfied at every statement, whatever
//! rows exchange:
//!
//! 1. rows that go free their keys (but not items: what moves away from them must move first);
//! 2. items that give up a natural key that another takes are parked without one;
//! 3. new items, then changed ones, so that every parent and owner is there;
//! 4. listings: those that exchange remote ids are parked, then changed ones, then new ones;
//! 5. external ids and progress, which only refer to what is there by now;
//! 6. items go last, children before their shows.
//!
//! What a person set is no business of this module: see [`crate::person`].

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use shelfread_domain::{
    Change, ExternalId, ExternalIdRecord, Field, ItemId, ItemKind, ItemRecord, ListingId,
    ListingRecord, NaturalKey, OverrideRecord, Plan, ProgressRecord, Row, RunId, SettingsRecord,
    ViewerId,
};

use crate::batch::Batch;
use crate::bulk;
use crate::error::{Result, StoreError};
use crate::mapping::{EXTERNAL_IDS, ITEMS, LISTINGS, Mapping, PROGRESS, Stamp};
use crate::sql::Session;

/// A row before and after all changes of a plan that touch it.
#[derive(Debug)]
pub struct Net<'a> {
    /// The last change, for its reason.
    pub change: &'a Change,
    pub before: Option<&'a Row>,
    pub after: Option<&'a Row>,
}

/// What identifies a row in its table.
#[derive(PartialEq, Eq, Hash)]
enum RowKey<'a> {
    Item(ItemId),
    Listing(ListingId),
    ExternalId(ItemKind, &'a ExternalId),
    Progress(ItemId, ViewerId),
    Settings(ItemId),
    Override(ItemId, Field),
}

impl<'a> RowKey<'a> {
    const fn of(row: &'a Row) -> Self {
        match row {
            Row::Item(r) => Self::Item(r.id),
            Row::Listing(r) => Self::Listing(r.id),
            Row::ExternalId(r) => Self::ExternalId(r.kind, &r.id),
            Row::Progress(r) => Self::Progress(r.item_id, r.viewer_id),
            Row::Settings(r) => Self::Settings(r.item_id),
            Row::Override(r) => Self::Override(r.item_id, r.field),
        }
    }
}

/// Adds up the changes of each row; rows that end as they began drop out.
pub fn net(changes: &[Change]) -> Vec<Net<'_>> {
    let mut places = HashMap::with_capacity(changes.len());
    let mut all: Vec<Net<'_>> = Vec::with_capacity(changes.len());
    for change in changes {
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        let Some(key) = change.row().map(RowKey::of) else { continue };
        let place = *places.entry(key).or_insert(all.len());
        match all.get_mut(place) {
            Some(net) => (net.change, net.after) = (change, after),
            None => all.push(Net { change, before, after }),
        }
    }
    all.retain(|net| net.before != net.after);
    all
}

/// What happens to one table.
#[derive(Debug)]
pub struct Steps<'a, R> {
    pub insert: Vec<&'a R>,
    pub update: Vec<(&'a R, &'a R)>,
    pub delete: Vec<&'a R>,
}

impl<R> Default for Steps<'_, R> {
    fn default() -> Self {
        Self { insert: Vec::new(), update: Vec::new(), delete: Vec::new() }
    }
}

impl<'a, R> Steps<'a, R> {
    fn add(&mut self, before: Option<&'a R>, after: Option<&'a R>) {
        match (before, after) {
            (None, Some(after)) => self.insert.push(after),
            (Some(before), Some(after)) => self.update.push((before, after)),
            (Some(before), None) => self.delete.push(before),
            (None, None) => {}
        }
    }

    const fn brings_nothing(&self) -> bool {
        self.insert.is_empty() && self.update.is_empty()
    }

    const fn typed(&self, record: &'a R) -> Option<&'a R> {
        Some(record)
    }
}

/// A plan by table.
#[derive(Debug, Default)]
pub struct Sorted<'a> {
    pub items: Steps<'a, ItemRecord>,
    pub listings: Steps<'a, ListingRecord>,
    pub external_ids: Steps<'a, ExternalIdRecord>,
    pub progress: Steps<'a, ProgressRecord>,
    pub settings: Steps<'a, SettingsRecord>,
    pub overrides: Steps<'a, OverrideRecord>,
}

macro_rules! add_rows {
    ($steps:expr, $before:expr, $after:expr, $variant:ident) => {{
        // The type of the steps makes boxed records and plain ones alike.
        let (mut before, mut after) = (None, None);
        if let Some(Row::$variant(record)) = $before {
            before = $steps.typed(record);
        }
        if let Some(Row::$variant(record)) = $after {
            after = $steps.typed(record);
        }
        $steps.add(before, after);
    }};
}

impl<'a> Sorted<'a> {
    pub fn of(all: &[Net<'a>]) -> Self {
        let mut sorted = Self::default();
        for Net { before, after, .. } in all {
            match after.or(*before) {
                Some(Row::Item(_)) => add_rows!(sorted.items, before, after, Item),
                Some(Row::Listing(_)) => add_rows!(sorted.listings, before, after, Listing),
                Some(Row::ExternalId(_)) => {
                    add_rows!(sorted.external_ids, before, after, ExternalId);
                }
                Some(Row::Progress(_)) => add_rows!(sorted.progress, before, after, Progress),
                Some(Row::Settings(_)) => add_rows!(sorted.settings, before, after, Settings),
                Some(Row::Override(_)) => add_rows!(sorted.overrides, before, after, Override),
                None => {}
            }
        }
        sorted
    }

    /// Refuses to write what a person set. That it goes along with a removed item is in the plan
    /// for the journal; the database does it by constraint.
    fn refuse_personal(&self) -> Result<()> {
        let gone: HashSet<_> = self.items.delete.iter().map(|item| item.id).collect();
        let (settings, overrides) = (&self.settings, &self.overrides);
        if !settings.insert.is_empty()
            || !settings.update.is_empty()
            || settings.delete.iter().any(|s| !gone.contains(&s.item_id))
        {
            return Err(StoreError::UserOwned("item_settings"));
        }
        if !overrides.insert.is_empty()
            || !overrides.update.is_empty()
            || overrides.delete.iter().any(|o| !gone.contains(&o.item_id))
        {
            return Err(StoreError::UserOwned("overrides"));
        }
        Ok(())
    }
}

impl Batch {
    /// Writes a plan and its journal. Every row must be as the plan found it.
    ///
    /// # Errors
    /// [`StoreError::UserOwned`] when the plan would write what a person set, which only
    /// [`Batch::apply_revert`] may; [`StoreError::Stale`], [`StoreError::Constraint`] and what the
    /// database says. After an error the batch can only be dropped.
    pub fn apply<'a>(
        &'a mut self,
        run: RunId,
        plan: &'a Plan,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.check()?;
            let net = net(&plan.changes);
            let sorted = Sorted::of(&net);
            sorted.refuse_personal()?;
            let stamp = Stamp { run, now };
            let applied = self.write(&net, &sorted, stamp).await;
            self.guard(applied)
        })
    }

    async fn write(&mut self, net: &[Net<'_>], sorted: &Sorted<'_>, stamp: Stamp) -> Result<()> {
        write_catalogue(&self.session, sorted, stamp).await?;
        self.journal_applied(net, sorted, stamp.run).await
    }
}

/// Steps 1 to 6 of the module.
pub fn write_catalogue<'a>(
    session: &'a Session<DatabaseTransaction>,
    sorted: &'a Sorted<'_>,
    stamp: Stamp,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let Sorted { items, listings, external_ids, progress, .. } = sorted;
        let alone = Alone::of(sorted);
        PROGRESS.delete(session, &alone.rows(progress, |p| Some(p.item_id))).await?;
        EXTERNAL_IDS.delete(session, &alone.rows(external_ids, |e| Some(e.item_id))).await?;
        LISTINGS.delete(session, &alone.rows(listings, |l| l.item_id)).await?;
        park_items(session, items).await?;
        ITEMS.insert(session, &items.insert, stamp).await?;
        ITEMS.update(session, &items.update, stamp).await?;
        park_listings(session, listings).await?;
        write_rows(session, &LISTINGS, listings, stamp).await?;
        note_unlisted(session, items, listings).await?;
        write_rows(session, &EXTERNAL_IDS, external_ids, stamp).await?;
        write_rows(session, &PROGRESS, progress, stamp).await?;
        delete_items(session, &items.delete).await
    })
}

/// New items without a listing are missing; the database only sees that when a listing goes.
async fn note_unlisted<C: ConnectionTrait>(
    session: &Session<C>,
    items: &Steps<'_, ItemRecord>,
    listings: &Steps<'_, ListingRecord>,
) -> Result<()> {
    let after =
        listings.update.iter().map(|(_, after)| *after).chain(listings.insert.iter().copied());
    let listed: HashSet<_> = after.filter_map(|l| l.item_id).collect();
    let unlisted = ITEMS.keys(items.insert.iter().copied().filter(|i| !listed.contains(&i.id)));
    let sql = "UPDATE items SET presence = 'missing' WHERE id IN (SELECT id FROM {k})";
    session.execute_keys(sql, ITEMS.key_columns(), &unlisted, []).await.map(drop)
}

/// Tells which rows go alone. Those that go with their item are left to the foreign keys, which is
/// less work, unless something else of the plan may need their keys before the items go.
struct Alone(HashSet<ItemId>);

impl Alone {
    fn of(sorted: &Sorted<'_>) -> Self {
        let Sorted { items, listings, external_ids, progress, .. } = sorted;
        let only_goes = items.insert.is_empty()
            && items.update.is_empty()
            && listings.brings_nothing()
            && external_ids.brings_nothing()
            && progress.brings_nothing();
        let gone = items.delete.iter().filter(|_| only_goes);
        Self(gone.map(|item| item.id).collect())
    }

    fn rows<'a, R>(&self, steps: &Steps<'a, R>, item: impl Fn(&R) -> Option<ItemId>) -> Vec<&'a R> {
        let goes_along = |row: &R| item(row).is_some_and(|item| self.0.contains(&item));
        steps.delete.iter().copied().filter(|row| !goes_along(row)).collect()
    }
}

async fn write_rows<R, C: ConnectionTrait>(
    session: &Session<C>,
    mapping: &Mapping<R>,
    steps: &Steps<'_, R>,
    stamp: Stamp,
) -> Result<()> {
    mapping.update(session, &steps.update, stamp).await?;
    mapping.insert(session, &steps.insert, stamp).await
}

/// Takes the natural key from items that lose it to another item of this plan.
async fn park_items<C: ConnectionTrait>(
    session: &Session<C>,
    items: &Steps<'_, ItemRecord>,
) -> Result<()> {
    let moved = || items.update.iter().filter(|(b, a)| b.natural_key() != a.natural_key());
    let wanted: HashSet<NaturalKey> = (moved().map(|(_, after)| *after))
        .chain(items.insert.iter().copied())
        .filter_map(ItemRecord::natural_key)
        .collect();
    let freed = moved().map(|(before, _)| *before).chain(items.delete.iter().copied());
    let lost = freed.filter(|item| item.natural_key().is_some_and(|key| wanted.contains(&key)));
    let ids = ITEMS.keys(lost);
    let sql = "UPDATE items SET season_number = NULL, episode_number = NULL, air_date = NULL \
               WHERE id IN (SELECT id FROM {k})";
    let found = session.execute_keys(sql, ITEMS.key_columns(), &ids, []).await?;
    bulk::expect(ITEMS.table, ids.len() as u64, found)
}

/// Moves listings that lose their remote id to another listing out of the way.
async fn park_listings<C: ConnectionTrait>(
    session: &Session<C>,
    listings: &Steps<'_, ListingRecord>,
) -> Result<()> {
    let place = |l: &'_ ListingRecord| (l.library_id, l.remote_id.clone(), l.part);
    let moved: Vec<_> = (listings.update.iter())
        .filter(|(b, a)| {
            (b.library_id, &b.remote_id, b.part) != (a.library_id, &a.remote_id, a.part)
        })
        .collect();
    let wanted: HashSet<_> = moved.iter().map(|(_, after)| place(after)).collect();
    let lost = moved.iter().map(|(before, _)| *before).filter(|b| wanted.contains(&place(b)));
    let ids = LISTINGS.keys(lost);
    // No file has so many parts.
    let sql = "UPDATE listings SET part = part + 1000000 WHERE id IN (SELECT id FROM {k})";
    let found = session.execute_keys(sql, LISTINGS.key_columns(), &ids, []).await?;
    bulk::expect(LISTINGS.table, ids.len() as u64, found)
}

async fn delete_items<C: ConnectionTrait>(
    session: &Session<C>,
    items: &[&ItemRecord],
) -> Result<()> {
    let (tops, children): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.kind.is_top());
    ITEMS.delete(session, &children).await?;
    ITEMS.delete(session, &tops).await
}
