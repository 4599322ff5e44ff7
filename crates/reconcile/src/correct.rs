//! Correct: what a person decides about items, as a plan. A field that is set or cleared, two items
//! that are one, a listing that belongs elsewhere. Listings that a person placed say so by their
//! basis, and every later run leaves them there.
//!
//! Pure like its neighbours. It deliberately does not know who may correct, how a person names
//! items, or whether a text fits its field: that was checked when it was read.
//!
//! Every function takes what the catalogue knows of the items concerned, *with their whole trees*
//! and with the owners of all external ids that their listings say, and leaves it as it will be
//! after the plan is applied.

mod order;
mod restore;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

pub use restore::{Restored, Whole, restore};
use shelfread_domain::{
    Change, Counts, ExternalId, Facts, Field, Fields, ItemId, ItemKind, ItemRecord, Known,
    LibraryId, ListingId, ListingRecord, MatchBasis, NaturalKey, Observation, Op, OverrideRecord,
    Plan, ProgressRecord, Row, RunId, SettingsRecord, ViewerId,
};
use uuid::Uuid;

pub use order::again;

use crate::count::item_of;
use crate::draft::{Draft, Sight};
use crate::resolve::item_title_key;
use crate::settle::LOOK_AGAIN;

/// What a person wants a field to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// This, whatever sources say.
    Value(String),
    /// Nothing, whatever sources say.
    Nothing,
    /// What the sources say, as if no person had ever said anything.
    Sources,
}

/// Why a correction cannot be done. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It was never there, or went meanwhile.
    #[error("there is no item '{0}'")]
    NoItem(ItemId),
    /// It was never there, or went meanwhile.
    #[error("there is no listing '{0}'")]
    NoListing(ListingId),
    /// Both names name one item.
    #[error("an item cannot be merged with itself")]
    Itself,
    /// A film is no series.
    #[error("a {0} cannot become a {1}")]
    OtherKind(ItemKind, ItemKind),
    /// A listing was named that is not one of the item.
    #[error("listing '{0}' is of another item, or of none")]
    NotOfItem(ListingId),
    /// Nothing would be left of the item.
    #[error("listing '{0}' is the only one of its item, which is its own already")]
    OnlyListing(ListingId),
}

/// What placing a listing must know besides the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The run that will have made what is new.
    pub run: RunId,
    /// Whose play state the source of the listing reads, and the source's name for them.
    pub viewer: Option<(ViewerId, &'a str)>,
}

/// Sets, clears or resets fields of an item.
///
/// # Errors
/// [`Refusal::NoItem`].
pub fn set(known: &mut Known, id: ItemId, wishes: &[(Field, Wish)]) -> Result<Plan, Refusal> {
    let asked = asked(known);
    let mut work = Work::new(known, LibraryId(Uuid::nil()), None, &asked);
    let item = work.item(id)?;
    work.draft.touch_item(id);
    for (field, wish) in wishes {
        work.wish(&item, *field, wish);
    }
    Ok(work.finish("corrected by a person"))
}

/// Sets what a person wants done with an item.
///
/// # Errors
/// [`Refusal::NoItem`].
pub fn settings(known: &mut Known, after: SettingsRecord) -> Result<Plan, Refusal> {
    let mut work = Work::new(known, LibraryId(Uuid::nil()), None, &[]);
    let item = work.item(after.item_id)?;
    work.put_settings(&item, after);
    Ok(work.finish("set by a person"))
}

/// Makes two items one. Listings, children, external ids, progress (of each viewer the newest) and
/// what a person set go to the first; where both have something, the first one's stays. Children in
/// the same place of both shows become one as well. The second item goes.
///
/// # Errors
/// [`Refusal::NoItem`], [`Refusal::Itself`], [`Refusal::OtherKind`].
pub fn merge(known: &mut Known, keep: ItemId, gone: ItemId) -> Result<Plan, Refusal> {
    let asked = asked(known);
    let mut work = Work::new(known, LibraryId(Uuid::nil()), None, &asked);
    let (kept, other) = (work.item(keep)?, work.item(gone)?);
    if keep == gone {
        return Err(Refusal::Itself);
    }
    if kept.kind != other.kind {
        return Err(Refusal::OtherKind(other.kind, kept.kind));
    }
    work.merge(&kept, &other);
    Ok(work.finish(MERGED))
}

/// Puts a listing where a person wants it: a listing without item gets one, one that claims what
/// another item owns goes there or is confirmed where it is. When it was the last one of its item,
/// that item is merged into the other.
///
/// # Errors
/// [`Refusal::NoItem`], [`Refusal::NoListing`], [`Refusal::OtherKind`].
pub fn place(
    known: &mut Known,
    id: ListingId,
    to: ItemId,
    context: &Context<'_>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Result<Plan, Refusal> {
    let listing = known.listing(id).cloned().ok_or(Refusal::NoListing(id))?;
    let asked = asked(known);
    let viewer = context.viewer.map(|(viewer, _)| viewer);
    let mut work = Work::new(known, listing.library_id, viewer, &asked);
    let target = work.item(to)?;
    if target.kind != listing.kind {
        return Err(Refusal::OtherKind(listing.kind, target.kind));
    }
    let from = listing.item_id.filter(|from| *from != to).and_then(|id| work.item(id).ok());
    match from {
        Some(from) if work.draft.known.listings_of(from.id).nth(1).is_none() => {
            work.merge(&target, &from);
        }
        from => work.move_listing(&listing, from.as_ref(), to, context, new_id),
    }
    Ok(work.finish("placed by a person"))
}

/// Makes a listing an item of its own: one of several of an item, or one that has none. Of a show,
/// the seasons and episodes that are listed below this listing go along.
///
/// # Errors
/// [`Refusal::NoListing`], [`Refusal::OnlyListing`].
pub fn split(
    known: &mut Known,
    id: ListingId,
    context: &Context<'_>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Result<Plan, Refusal> {
    let listing = known.listing(id).cloned().ok_or(Refusal::NoListing(id))?;
    let asked = asked(known);
    let viewer = context.viewer.map(|(viewer, _)| viewer);
    let mut work = Work::new(known, listing.library_id, viewer, &asked);
    let from = listing.item_id.and_then(|id| work.item(id).ok());
    if from.as_ref().is_some_and(|i| work.draft.known.listings_of(i.id).nth(1).is_none()) {
        return Err(Refusal::OnlyListing(id));
    }
    let parent = from.as_ref().and_then(|i| i.parent_id);
    let to = work.new_item(&listing, parent, context, new_id);
    work.move_listing(&listing, from.as_ref(), to, context, new_id);
    Ok(work.finish("split off by a person"))
}

/// Brings what items show to what follows from their listings and from what a person said of them.
/// Nothing where it does already.
pub fn settle(known: &mut Known, items: &[ItemId], reason: &'static str) -> Plan {
    let asked = asked(known);
    let mut work = Work::new(known, LibraryId(Uuid::nil()), None, &asked);
    for id in items {
        work.draft.touch_item(*id);
    }
    work.finish(reason)
}

const MERGED: &str = "merged by a person";

/// The external ids that listings of what is known say; their owners are known.
fn asked(known: &Known) -> Vec<(ItemKind, ExternalId)> {
    let tops = known.listings().filter(|l| l.kind.is_top());
    tops.flat_map(|l| l.facts.external_ids.iter().map(|id| (l.kind, id.clone()))).collect()
}

/// A correction at work: the draft of what sources have a say in, and the rows of a person.
struct Work<'a> {
    draft: Draft<'a>,
    personal: Vec<Change>,
}

impl<'a> Work<'a> {
    fn new(
        known: &'a mut Known,
        library: LibraryId,
        viewer: Option<ViewerId>,
        asked: &'a [(ItemKind, ExternalId)],
    ) -> Self {
        let sight = Sight {
            full: false,
            batch: HashSet::new(),
            external_ids: asked.iter().map(|(kind, id)| (*kind, id)).collect(),
            seen: &|_, _| true,
        };
        Self { draft: Draft::new(known, library, viewer, Some(sight)), personal: Vec::new() }
    }

    fn item(&self, id: ItemId) -> Result<ItemRecord, Refusal> {
        self.draft.known.item(id).cloned().ok_or(Refusal::NoItem(id))
    }

    fn wish(&mut self, item: &ItemRecord, field: Field, wish: &Wish) {
        let value = match wish {
            Wish::Value(text) => Some(text.clone()),
            Wish::Nothing => None,
            Wish::Sources => return self.reset(item, field),
        };
        self.put_override(item, OverrideRecord { item_id: item.id, field, value });
    }

    /// What only a person said is gone with the override.
    fn reset(&mut self, item: &ItemRecord, field: Field) {
        let before = self.override_of(item.id, field);
        let Some(before) = before else { return };
        let step = self.draft.small_change(item, Some(Row::Override(before)), None);
        self.personal.push(step.clone());
        let known = &mut *self.draft.known;
        known.apply(&Plan { changes: vec![step], ..Plan::default() });
        if let Some(shown) = known.item(item.id).cloned() {
            let mut bare = shown;
            // To clear a field fits every field.
            let _ = bare.fields.set(field, None);
            known.put_item(bare);
        }
    }

    fn override_of(&self, item: ItemId, field: Field) -> Option<OverrideRecord> {
        self.draft.known.overrides(item).iter().find(|o| o.field == field).cloned()
    }

    fn put_override(&mut self, item: &ItemRecord, after: OverrideRecord) {
        let before = self.override_of(item.id, after.field);
        if before.as_ref() == Some(&after) {
            return;
        }
        self.draft.known.put_override(after.clone());
        self.personal(item, before.map(Row::Override), Row::Override(after));
    }

    fn put_settings(&mut self, item: &ItemRecord, after: SettingsRecord) {
        let before = self.draft.known.settings(item.id).cloned();
        if before.as_ref() == Some(&after) {
            return;
        }
        self.draft.known.put_settings(after.clone());
        let before = before.map(|s| Row::Settings(Box::new(s)));
        self.personal(item, before, Row::Settings(Box::new(after)));
    }

    fn personal(&mut self, item: &ItemRecord, before: Option<Row>, after: Row) {
        let step = self.draft.small_change(item, before, Some(after));
        self.personal.push(step);
    }

    fn merge(&mut self, keep: &ItemRecord, gone: &ItemRecord) {
        if keep.kind.is_top() {
            // Ids that contradict each other both stay only where a person vouches for both.
            self.restamp(keep.id, keep.id, MatchBasis::Person);
        }
        self.absorb(keep, gone, MatchBasis::Person);
    }

    /// Gives all listings of one item to another; by this basis, unless a person placed them.
    fn restamp(&mut self, from: ItemId, to: ItemId, basis: MatchBasis) {
        let listings: Vec<_> = self.draft.known.listings_of(from).cloned().collect();
        for listing in listings {
            self.hand(listing, to, basis);
        }
    }

    fn hand(&mut self, listing: ListingRecord, to: ItemId, basis: MatchBasis) {
        let is_persons = listing.match_basis == MatchBasis::Person;
        let match_basis = if is_persons { MatchBasis::Person } else { basis };
        let review = listing.review.clone().filter(|_| match_basis != MatchBasis::Person);
        let item_id = Some(to);
        self.draft.put_listing(ListingRecord { item_id, match_basis, review, ..listing });
    }

    /// Gives all that an item has to another one of its kind, and lets it go.
    fn absorb(&mut self, keep: &ItemRecord, gone: &ItemRecord, basis: MatchBasis) {
        self.draft.touch_item(keep.id);
        self.restamp(gone.id, keep.id, basis);
        let children: Vec<_> = self.draft.known.children(gone.id).cloned().collect();
        for child in children {
            match self.twin(&child, keep.id) {
                Some(twin) => self.absorb(&twin, &child, MatchBasis::NaturalKey),
                None => self.reparent(child, keep.id),
            }
        }
        self.absorb_progress(keep, gone.id);
        self.absorb_wishes(keep, gone.id);
        self.draft.remove_item(gone.id, MERGED);
    }

    /// The item in the same place of another show.
    fn twin(&self, child: &ItemRecord, show: ItemId) -> Option<ItemRecord> {
        let (season, episode) = (child.season_number, child.episode_number);
        let key = NaturalKey::of(child.kind, show, season, episode, child.fields.air_date)?;
        let twin = self.draft.known.by_natural(&key).filter(|twin| *twin != child.id)?;
        self.draft.known.item(twin).cloned()
    }

    fn reparent(&mut self, child: ItemRecord, show: ItemId) {
        self.draft.touch_item(child.id);
        self.draft.known.put_item(ItemRecord { parent_id: Some(show), ..child });
    }

    fn absorb_progress(&mut self, keep: &ItemRecord, gone: ItemId) {
        let theirs: Vec<_> = self.draft.known.progress_of(gone).cloned().collect();
        for ProgressRecord { viewer_id, state, .. } in theirs {
            let before = self.draft.known.progress(keep.id, viewer_id).cloned();
            let state = before.as_ref().map_or(state, |b| b.state.newer(state));
            let after = ProgressRecord { item_id: keep.id, viewer_id, state };
            if before.as_ref() != Some(&after) {
                self.draft.known.put_progress(after.clone());
                self.personal(keep, before.map(Row::Progress), Row::Progress(after));
            }
        }
    }

    /// Settings and corrected fields of the item that goes, where the other one has none.
    fn absorb_wishes(&mut self, keep: &ItemRecord, gone: ItemId) {
        if let Some(theirs) = self.draft.known.settings(gone).cloned() {
            let after = match self.draft.known.settings(keep.id).cloned() {
                None => SettingsRecord { item_id: keep.id, ..theirs },
                Some(ours) => SettingsRecord {
                    status: ours.status.or(theirs.status),
                    downloaded_at: ours.downloaded_at.or(theirs.downloaded_at),
                    extra: ours.extra.or(theirs.extra),
                    ..ours
                },
            };
            self.put_settings(keep, after);
        }
        let theirs = self.draft.known.overrides(gone).to_vec();
        for wish in theirs {
            if self.override_of(keep.id, wish.field).is_none() {
                self.put_override(keep, OverrideRecord { item_id: keep.id, ..wish });
            }
        }
    }

    /// Adds the item that a listing becomes. A place that another item has stays with that one.
    fn new_item(
        &mut self,
        listing: &ListingRecord,
        parent_id: Option<ItemId>,
        context: &Context<'_>,
        new_id: &mut dyn FnMut() -> Uuid,
    ) -> ItemId {
        let id = ItemId(new_id());
        let ListingRecord { kind, facts, .. } = listing;
        let mut item = ItemRecord {
            id,
            kind: *kind,
            parent_id,
            season_number: facts.season_number,
            episode_number: facts.episode_number,
            absolute_number: facts.absolute_number,
            fields: Fields { air_date: facts.air_date, year: facts.year, ..Fields::default() },
            title_key: item_title_key(*kind, facts.title.as_deref()),
            created_run_id: Some(context.run),
        };
        let taken = item.natural_key().is_some_and(|k| self.draft.known.by_natural(&k).is_some());
        match item.kind {
            ItemKind::Season if taken => item.season_number = None,
            ItemKind::Episode if taken => item.episode_number = None,
            _ => {}
        }
        self.draft.add_item(item);
        id
    }

    fn move_listing(
        &mut self,
        listing: &ListingRecord,
        from: Option<&ItemRecord>,
        to: ItemId,
        context: &Context<'_>,
        new_id: &mut dyn FnMut() -> Uuid,
    ) {
        let mut placed = listing.clone();
        if placed.fingerprint == LOOK_AGAIN {
            placed.fingerprint = fingerprint(listing, context);
        }
        self.hand(placed, to, MatchBasis::Person);
        if let Some(from) = from.filter(|from| from.kind == ItemKind::Show) {
            self.bring_children(from.id, listing, to, context, new_id);
        }
    }

    /// Seasons and episodes that are listed below a show's listing follow it. Those that nothing
    /// else lists go with all that they have.
    fn bring_children(
        &mut self,
        from: ItemId,
        listing: &ListingRecord,
        to: ItemId,
        context: &Context<'_>,
        new_id: &mut dyn FnMut() -> Uuid,
    ) {
        let children: Vec<_> = self.draft.known.children(from).cloned().collect();
        for child in children {
            let (going, staying): (Vec<_>, Vec<_>) =
                self.draft.known.listings_of(child.id).cloned().partition(|l| {
                    l.library_id == listing.library_id
                        && l.parent_remote_id.as_ref() == Some(&listing.remote_id)
                });
            let Some(first) = going.first() else { continue };
            match (self.twin(&child, to), staying.is_empty()) {
                (Some(twin), true) => self.absorb(&twin, &child, MatchBasis::NaturalKey),
                (None, true) => self.reparent(child, to),
                (twin, false) => {
                    let twin = twin.map(|twin| twin.id);
                    let id =
                        twin.unwrap_or_else(|| self.new_item(first, Some(to), context, new_id));
                    going.into_iter().for_each(|l| self.hand(l, id, MatchBasis::NaturalKey));
                }
            }
        }
    }

    fn finish(mut self, reason: &'static str) -> Plan {
        let mut changes = self.draft.finish().into_vec();
        changes.append(&mut self.personal);
        for change in &mut changes {
            change.reason = Cow::Borrowed(reason);
        }
        let counts = counted(&changes);
        Plan { changes, counts }
    }
}

/// The fingerprint that the listing of an unchanged object has. It was forgotten while the listing
/// waited for a person; now it need not be looked at again. What the folder of a show is recognized
/// by is not kept, so such a listing is looked at once more.
fn fingerprint(listing: &ListingRecord, context: &Context<'_>) -> i64 {
    let observed = Observation {
        remote_id: listing.remote_id.clone(),
        part: listing.part,
        kind: listing.kind,
        parent: listing.parent_remote_id.clone(),
        facts: Facts::clone(&listing.facts),
        play: listing.play,
        anchor: None,
    };
    observed.fingerprint(context.viewer.map(|(_, remote_user)| remote_user))
}

fn counted(changes: &[Change]) -> Counts {
    let items = |op: Op| {
        let of =
            changes.iter().filter(move |c| c.op == op && matches!(c.row(), Some(Row::Item(_))));
        of.filter_map(item_of).collect::<BTreeSet<_>>()
    };
    let (added, removed) = (items(Op::Add), items(Op::Remove));
    let touched: BTreeSet<_> = changes.iter().filter_map(item_of).collect();
    let updated = touched.iter().filter(|id| !added.contains(id) && !removed.contains(id)).count();
    Counts {
        added: added.len() as u64,
        updated: updated as u64,
        removed: removed.len() as u64,
        ..Counts::default()
    }
}

#[cfg(test)]
mod tests;
