//! Settle: what the touched items are after their listings changed. Numbers first, because they
//! are unique within a show, then fields, external ids and progress.

use std::borrow::Cow;
use std::collections::BTreeMap;

use shelfread_domain::record::ReviewReason;
use shelfread_domain::{
    Change, ExternalId, ExternalIdRecord, Field, Fields, ItemId, ItemRecord, Known, ListingRecord,
    NaturalKey, Op, PlayState, ProgressRecord, Review, Row, ViewerId,
};

use crate::draft::Draft;
use crate::resolve::{by_priority, effective, item_title_key, placeholder, resolve};

type Numbers = (Option<i32>, Option<i32>, Option<i32>);

impl Draft<'_> {
    /// Gives touched seasons and episodes the numbers that their listings say. Two items may
    /// exchange theirs; an item whose number another one keeps stays where it is, for review.
    pub(crate) fn settle_numbers(&mut self) {
        let moving: Vec<(ItemId, Numbers)> =
            self.items.keys().filter_map(|id| Some((*id, self.wanted_numbers(*id)?))).collect();
        for (id, _) in &moving {
            self.known.vacate(*id);
        }
        let mut blocked = Vec::new();
        for (id, wanted) in moving {
            if !self.take_numbers(id, wanted) {
                blocked.push((id, wanted));
            }
        }
        for (id, wanted) in blocked {
            let own = self.known.item(id).map(numbers).unwrap_or_default();
            if !self.take_numbers(id, own) {
                self.take_numbers(id, (own.0, None, own.2));
            }
            self.claim_place(id, wanted);
        }
    }

    fn wanted_numbers(&self, id: ItemId) -> Option<Numbers> {
        let item = self.known.item(id).filter(|i| !i.kind.is_top())?;
        let resolved = resolve(item.kind, &by_priority(self.known, item));
        let wanted = (
            resolved.season_number.or(item.season_number),
            resolved.episode_number.or(item.episode_number),
            resolved.absolute_number.or(item.absolute_number),
        );
        (wanted != numbers(item)).then_some(wanted)
    }

    fn take_numbers(&mut self, id: ItemId, (season, episode, absolute): Numbers) -> bool {
        let Some(mut item) = self.known.item(id).cloned() else { return true };
        item.season_number = season;
        item.episode_number = episode;
        item.absolute_number = absolute;
        let holder = item.natural_key().and_then(|key| self.known.by_natural(&key));
        let free = holder.is_none_or(|holder| holder == id);
        if free {
            self.known.put_item(item);
        }
        free
    }

    fn claim_place(&mut self, id: ItemId, wanted: Numbers) {
        let Some(item) = self.known.item(id) else { return };
        let key = item.parent_id.and_then(|show| {
            NaturalKey::of(item.kind, show, wanted.0, wanted.1, item.fields.air_date)
        });
        let holder = key.and_then(|key| self.known.by_natural(&key));
        self.claim(id, holder.as_slice(), &[]);
    }

    /// Marks the listings of an item in this library that claim what other items own.
    fn claim(&mut self, id: ItemId, candidates: &[ItemId], claims: &[ExternalId]) {
        let library = self.library;
        let makes = |l: &&ListingRecord| {
            l.library_id == library
                && (claims.is_empty() || claims.iter().any(|c| l.facts.external_ids.contains(c)))
        };
        let claiming: Vec<_> = self.known.listings_of(id).filter(makes).cloned().collect();
        for mut listing in claiming {
            listing.review = Some(Review {
                reason: ReviewReason::Claim,
                candidates: candidates.to_vec(),
                claims: claims.to_vec(),
            });
            self.put_listing(listing);
        }
    }

    /// The effective fields of the touched items.
    pub(crate) fn settle_fields(&mut self) {
        for id in self.items.keys().copied().collect::<Vec<_>>() {
            let Some(item) = self.known.item(id).cloned() else { continue };
            let is = resolve(item.kind, &by_priority(self.known, &item)).fields;
            let was = self.resolved_before(&item);
            let base = keep_unsaid(&item, is, &was);
            let settled = ItemRecord {
                title_key: item_title_key(item.kind, base.title.as_deref()),
                fields: effective(&item, &base, self.known.overrides(id)),
                ..item
            };
            self.known.put_item(settled);
        }
    }

    /// What the listings said before this plan.
    fn resolved_before(&self, item: &ItemRecord) -> Fields {
        let now = by_priority(self.known, item);
        let before: Vec<_> = now
            .into_iter()
            .filter_map(|l| match self.listings.get(&l.id) {
                Some(before) => before.as_ref(),
                None => Some(l),
            })
            .collect();
        resolve(item.kind, &before).fields
    }

    /// The external ids of the touched movies and shows. An id that the listings gave up goes
    /// before another item may take it; one that no listing ever said stays (it was set before
    /// there was a sync); one that another item owns is a claim for review.
    pub(crate) fn settle_external_ids(&mut self) -> Vec<Change> {
        let touched: Vec<ItemRecord> = self
            .items
            .keys()
            .filter_map(|id| self.known.item(*id))
            .filter(|item| item.kind.is_top())
            .cloned()
            .collect();
        let wanted: BTreeMap<ItemId, Vec<ExternalId>> = touched
            .iter()
            .map(|i| (i.id, resolve(i.kind, &by_priority(self.known, i)).external_ids))
            .collect();
        let before: BTreeMap<_, _> = touched.iter().map(|i| (i.id, self.owned_before(i))).collect();
        for item in &touched {
            self.release(item, &wanted[&item.id]);
        }
        for item in &touched {
            self.acquire(item, &wanted[&item.id]);
        }
        let mut changes: Vec<Change> = Vec::new();
        for item in &touched {
            changes.extend(self.ownership_changes(item, &before[&item.id]));
        }
        changes.sort_by_key(|c| c.op != Op::Remove);
        changes
    }

    /// New items own nothing yet, whatever the batch let others find by their ids.
    fn owned_before(&self, item: &ItemRecord) -> Vec<ExternalId> {
        match self.items.get(&item.id) {
            Some(Some(_)) => self.known.external_ids(item.id).cloned().collect(),
            _ => Vec::new(),
        }
    }

    fn release(&mut self, item: &ItemRecord, wanted: &[ExternalId]) {
        let said = |id: &ExternalId| {
            let listings = self.listings.values().flatten();
            let mut own = listings.filter(|l| l.item_id == Some(item.id));
            own.any(|l| l.facts.external_ids.contains(id)) || self.items[&item.id].is_none()
        };
        let gone: Vec<_> = self
            .known
            .external_ids(item.id)
            .filter(|id| !wanted.contains(id) && said(id))
            .cloned()
            .collect();
        for id in gone {
            self.known.drop_external_id(&record(item, id));
        }
    }

    fn acquire(&mut self, item: &ItemRecord, wanted: &[ExternalId]) {
        let mut contested = Vec::new();
        let mut owners = Vec::new();
        for id in wanted {
            match self.known.owner(item.kind, id) {
                None => self.known.put_external_id(record(item, id.clone())),
                Some(owner) if owner == item.id => {}
                Some(owner) => {
                    contested.push(id.clone());
                    owners.push(owner);
                }
            }
        }
        if contested.is_empty() {
            self.drop_old_claims(item);
        } else {
            owners.dedup();
            self.claim(item.id, &owners, &contested);
        }
    }

    fn drop_old_claims(&mut self, item: &ItemRecord) {
        let library = self.library;
        let restated: Vec<_> = self
            .known
            .listings_of(item.id)
            .filter(|l| l.library_id == library && l.review.is_some())
            .filter(|l| self.listings.contains_key(&l.id))
            .cloned()
            .collect();
        for mut listing in restated {
            listing.review = None;
            self.put_listing(listing);
        }
    }

    fn ownership_changes(&self, item: &ItemRecord, before: &[ExternalId]) -> Vec<Change> {
        let after: Vec<_> = self.known.external_ids(item.id).cloned().collect();
        let row = |id: &ExternalId| Some(Row::ExternalId(record(item, id.clone())));
        let gone = before.iter().filter(|id| !after.contains(id)).map(|id| (row(id), None));
        let new = after.iter().filter(|id| !before.contains(id)).map(|id| (None, row(id)));
        gone.chain(new).map(|(before, after)| self.small_change(item, before, after)).collect()
    }

    fn small_change(&self, item: &ItemRecord, before: Option<Row>, after: Option<Row>) -> Change {
        Change {
            op: match (&before, &after) {
                (None, _) => Op::Add,
                (_, None) => Op::Remove,
                _ => Op::Update,
            },
            kind: item.kind,
            label: item.label(),
            before,
            after,
            reason: Cow::Owned(format!("{} says so", self.source())),
            basis: None,
        }
    }

    /// The progress of the touched items: of all that the listings of this source say, the newest.
    /// An item is left alone unless a listing says something else than before.
    pub(crate) fn settle_progress(&mut self) -> Vec<Change> {
        let Some(viewer) = self.viewer else { return Vec::new() };
        let mut items: Vec<ItemId> = Vec::new();
        for (id, before) in &self.listings {
            let after = self.known.listing(*id);
            if after.and_then(|l| l.play) != before.as_ref().and_then(|l| l.play) {
                items.extend(after.and_then(|l| l.item_id));
            }
        }
        items.sort_unstable();
        items.dedup();
        items.into_iter().filter_map(|id| self.progress_change(id, viewer)).collect()
    }

    fn progress_change(&mut self, id: ItemId, viewer: ViewerId) -> Option<Change> {
        let item = self.known.item(id)?.clone();
        let said = said_play(self.known, &item, self.known.library(self.library)?.source_id);
        let before = self.known.progress(id, viewer).cloned();
        let state = said.unwrap_or_default();
        if before.as_ref().map_or(state.is_blank(), |b| b.state == state) {
            return None;
        }
        let after = ProgressRecord { item_id: id, viewer_id: viewer, state };
        self.known.put_progress(after.clone());
        Some(self.small_change(&item, before.map(Row::Progress), Some(Row::Progress(after))))
    }
}

/// Of what the listings of one source say of the play state of an item, the newest.
pub(crate) fn said_play(
    known: &Known,
    item: &ItemRecord,
    source: shelfread_domain::SourceId,
) -> Option<PlayState> {
    let of_source =
        |l: &&ListingRecord| known.library(l.library_id).is_some_and(|l| l.source_id == source);
    known.listings_of(item.id).filter(of_source).filter_map(|l| l.play).reduce(PlayState::newer)
}

fn numbers(item: &ItemRecord) -> Numbers {
    (item.season_number, item.episode_number, item.absolute_number)
}

fn record(item: &ItemRecord, id: ExternalId) -> ExternalIdRecord {
    ExternalIdRecord { item_id: item.id, kind: item.kind, id }
}

/// Keeps what an item shows where no listing says anything and none ever did: it was set before
/// there was a sync. A value that a listing took back goes.
fn keep_unsaid(item: &ItemRecord, mut is: Fields, was: &Fields) -> Fields {
    for field in Field::ALL {
        let shown = item.fields.get(field);
        let derived = match field {
            Field::SortTitle => true,
            Field::Title => shown.as_deref() == Some(&placeholder(item)),
            _ => false,
        };
        if !derived && is.get(field).is_none() && was.get(field).is_none() {
            // A value that was shown fits its field.
            let _ = is.set(field, shown.as_deref());
        }
    }
    is
}
