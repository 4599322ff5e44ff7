//! Plan: what a batch of observations changes in the catalogue.
//!
//! Three steps over one working copy of what is known, shows and movies first, then seasons, then
//! episodes:
//! 1. observations whose listing is known restate it (rule 1), so that renumbered episodes leave
//!    their old numbers before anything else looks for them;
//! 2. the others find their item (rules 2 to 6), and their listing is a relinked or a new one;
//! 3. every touched item is settled: numbers, external ids, fields, progress (`settle`).
//!
//! The plan is the difference between the rows before and after, one change per row. It never
//! removes anything but an external id that no listing claims any more: removals are planned in
//! [`removal`](crate::removal), when coverage is known.
//!
//! What the rules of identity leave open is decided for what a person would lose least by:
//! - a remote id that names another object now is *parked*: the listing that had it keeps all but
//!   the id, until it is seen under its new one or a complete listing proves it gone;
//! - an episode that the source now lists under another show moves there with all it has, when it
//!   has no other listing and its place is free; else its listing goes to the item at that place;
//! - an episode takes the place of one that nothing in this full listing stood for so far: that one
//!   is left without a number, until it is seen or leaves;
//! - where facts may only be completed, any listing of the item that is gone is relinked, whatever
//!   its file: with it would go what it said. Where known items are skipped, only shows are linked,
//!   without a word, so that their new episodes find them; and no absence proves anything;
//! - what waits for a person, or for a place that is not free, is looked at again in every run.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use shelfread_domain::{
    Existing, Facts, Fields, ItemId, ItemKind, ItemRecord, Known, LibraryId, ListingId,
    ListingRecord, MatchBasis, NaturalKey, Observation, Plan, RemoteId, Review, RunId, ViewerId,
};
use uuid::Uuid;

use crate::count::{Outcome, count};
use crate::draft::{Draft, Sight, parked};
use crate::matching::{self, Found};
use crate::resolve::item_title_key;
use crate::restate::{filled, observed_play, restated};
use crate::settle::LOOK_AGAIN;

/// What planning must know besides the catalogue and the observations.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The library that is listed.
    pub library: LibraryId,
    /// Whose play state the source reads.
    pub viewer: Option<ViewerId>,
    /// The same viewer as the source names them; part of the fingerprints.
    pub remote_user: Option<&'a str>,
    /// The run that will have made what is new.
    pub run: RunId,
    /// What may be done to known items.
    pub existing: Existing,
    /// Whether this is a full listing, in which a listing that was not seen so far may be relinked.
    pub full: bool,
    /// Whether the server is the one whose remote ids we know. If not, no observation may be left
    /// out because its fingerprint is known: under an old id it may be another object.
    pub trust_remote_ids: bool,
    /// Whether a remote id of this library was seen in this run already, unchanged ones included.
    /// Those of this batch may or may not count.
    pub seen: &'a (dyn Fn(&RemoteId, u16) -> bool + Sync),
}

/// A plan and what could not be planned.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// What to do.
    pub plan: Plan,
    /// Observations that have no place, with the reason.
    pub failures: Vec<(Observation, Cow<'static, str>)>,
    /// Remote ids (and parts) that listings gave up for another one in this plan.
    pub vacated: Vec<(RemoteId, u16)>,
}

/// Plans a batch. `known` is what the store found for
/// [`Lookup::of`](shelfread_domain::Lookup::of) these observations; it is left as it will be after
/// the plan is applied. `new_id` makes fresh UUIDv7s.
///
/// Children are looked up by the item of their show. Where the remote id of a show may be new, its
/// own observation must therefore be planned and applied before `known` is found for its children.
pub fn plan(
    known: &mut Known,
    observations: &[Observation],
    context: &Context<'_>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Planned {
    let batch = in_order(observations);
    let mut planner = Planner::new(known, *context, &batch, new_id);
    for level in batch.chunk_by(|a, b| a.kind.level() == b.kind.level()) {
        planner.plan_level(level);
    }
    planner.finish()
}

/// The order in which observations are planned, whatever the order in which they came: parents
/// first, and what says its ids before what has only a title. Each object once.
fn in_order(observations: &[Observation]) -> Vec<&Observation> {
    let mut batch: Vec<_> = observations.iter().collect();
    batch.sort_by(|a, b| {
        let place = |o: &Observation| {
            let f = &o.facts;
            (o.kind.level(), f.external_ids.is_empty(), f.season_number, f.episode_number)
        };
        (place(a), &a.parent, &a.remote_id, a.part)
            .cmp(&(place(b), &b.parent, &b.remote_id, b.part))
            .then_with(|| a.fingerprint(None).cmp(&b.fingerprint(None)))
    });
    let mut met = HashSet::with_capacity(batch.len());
    batch.retain(|o| met.insert((&o.remote_id, o.part)));
    batch
}

struct Planner<'a> {
    draft: Draft<'a>,
    context: Context<'a>,
    new_id: &'a mut dyn FnMut() -> Uuid,
    outcomes: Vec<Outcome>,
    failures: Vec<(Observation, Cow<'static, str>)>,
}

impl<'a> Planner<'a> {
    fn new(
        known: &'a mut Known,
        context: Context<'a>,
        batch: &[&'a Observation],
        new_id: &'a mut dyn FnMut() -> Uuid,
    ) -> Self {
        let ids = |o: &&'a Observation| o.facts.external_ids.iter().map(|id| (o.kind, id));
        let sight = Sight {
            full: context.full,
            batch: batch.iter().map(|o| (&o.remote_id, o.part)).collect(),
            external_ids: batch.iter().filter(|o| o.kind.is_top()).flat_map(ids).collect(),
            seen: context.seen,
        };
        Self {
            draft: Draft::new(known, context.library, context.viewer, Some(sight)),
            context,
            new_id,
            outcomes: Vec::new(),
            failures: Vec::new(),
        }
    }

    fn plan_level(&mut self, batch: &[&Observation]) {
        let places = batch.iter().filter_map(|o| {
            let f = &o.facts;
            let (season, episode) = (f.season_number, f.episode_number);
            NaturalKey::of(o.kind, self.show_of(o)?, season, episode, f.air_date)
        });
        let places: Vec<_> = places.collect();
        self.draft.asked.extend(places);
        let mut unknown = Vec::new();
        for o in batch {
            match self.standing(o) {
                Some(id) => self.restate(id, o, None),
                None => unknown.push(*o),
            }
        }
        self.draft.settle();
        for o in unknown {
            self.place(o);
            self.draft.settle();
        }
    }

    /// Rule 1: the listing of an observation, where it is known and still under its item.
    fn standing(&mut self, o: &Observation) -> Option<ListingId> {
        let known = &*self.draft.known;
        let listing = known.listing_by_remote(self.context.library, &o.remote_id, o.part)?;
        let (show, trusted) = (self.show_of(o), self.context.trust_remote_ids);
        let item = known.item(listing.item_id?)?;
        if !matching::is_same_object(known, listing, o, show, trusted) {
            return None;
        }
        let stays = show.is_none()
            || item.parent_id == show
            || o.kind.is_top()
            || listing.match_basis == MatchBasis::Person;
        let id = listing.id;
        (stays || self.follow_show(o, show?, item.clone())).then_some(id)
    }

    /// Moves an episode or season to the show under which it is now listed, if nothing else holds
    /// it where it is and its place there is free.
    fn follow_show(&mut self, o: &Observation, show: ItemId, item: ItemRecord) -> bool {
        let facts = &o.facts;
        let (season, episode) = (facts.season_number, facts.episode_number);
        let place = NaturalKey::of(o.kind, show, season, episode, facts.air_date);
        let known = &*self.draft.known;
        let taken = place.is_some_and(|place| known.by_natural(&place).is_some());
        if taken || known.listings_of(item.id).nth(1).is_some() {
            return false;
        }
        self.draft.touch_item(item.id);
        self.draft.known.put_item(ItemRecord {
            parent_id: Some(show),
            season_number: season,
            episode_number: episode,
            ..item
        });
        true
    }

    fn show_of(&self, o: &Observation) -> Option<ItemId> {
        self.draft.known.show(self.context.library, o.parent.as_ref()?)
    }

    /// A listing says something else now, or has another remote id and was told by a `basis`.
    fn restate(&mut self, id: ListingId, o: &Observation, basis: Option<MatchBasis>) {
        let Some(before) = self.draft.known.listing(id) else { return };
        let mut after = restated(self.draft.known, before, o, &self.context);
        if let Some(basis) = basis.filter(|_| before.match_basis != MatchBasis::Person) {
            after.match_basis = basis;
        }
        self.observe(after, false);
    }

    /// Puts the listing that an observation stands for.
    fn observe(&mut self, listing: ListingRecord, conflict: bool) {
        self.draft.observed.insert(listing.id);
        self.outcomes.push(Outcome { item: listing.item_id, conflict });
        self.draft.put_listing(listing);
    }

    /// Rules 2 to 6 for an observation whose listing is not known.
    fn place(&mut self, o: &Observation) {
        let show = self.show_of(o);
        if !o.kind.is_top() && show.is_none() {
            let reason = "its show is not in the listing, or waits for review";
            self.failures.push((o.clone(), Cow::Borrowed(reason)));
            return;
        }
        let found = {
            let gone = |l: &ListingRecord| self.draft.is_gone(l);
            matching::find(self.draft.known, self.context.library, o, show, &gone)
        };
        match found {
            Found::Item(item, basis) => self.join(o, item, basis),
            Found::Nowhere(review) => self.quarantine(o, review),
            Found::New => self.add(o, show),
        }
    }

    fn join(&mut self, o: &Observation, item: ItemId, basis: MatchBasis) {
        let existing = self.context.existing;
        if existing == Existing::Skip && o.kind != ItemKind::Show {
            self.outcomes.push(Outcome { item: Some(item), conflict: false });
            return;
        }
        if let Some(id) = self.relinkable(o, item) {
            self.park(o, Some(id));
            self.restate(id, o, Some(basis));
            return;
        }
        let mut listing = self.new_listing(o, Some(item), basis);
        if existing != Existing::Update {
            let known = &*self.draft.known;
            let nothing = Facts::default();
            listing.facts = Arc::new(match existing {
                Existing::Fill => filled(known, &nothing, &o.facts, known.item(item)),
                _ => nothing,
            });
            listing.play = listing.play.filter(|_| existing == Existing::Fill);
            listing.fingerprint = LOOK_AGAIN;
        }
        self.put_new(listing, o, false);
    }

    /// The listing of this item in this library that has lost its remote id: of the same file, or
    /// of something that has no file.
    fn relinkable(&self, o: &Observation, item: ItemId) -> Option<ListingId> {
        if self.waiting(o).is_some() {
            return None;
        }
        let is = o.facts.file_key();
        let same_file = |l: &ListingRecord| {
            l.file_key.zip(is).is_none_or(|(was, is)| was == is)
                || (l.moved_key.is_some() && l.moved_key == o.moved_key())
        };
        let fits = |l: &&ListingRecord| {
            (l.kind, l.part) == (o.kind, o.part)
                && (same_file(l) || self.context.existing != Existing::Update)
                && self.draft.is_gone(l)
        };
        let candidates = self.draft.known.listings_of(item).filter(fits);
        let unlikely = |l: &&ListingRecord| {
            (l.file_key != is, !same_file(l), l.remote_id != o.remote_id, l.id)
        };
        candidates.min_by_key(unlikely).map(|l| l.id)
    }

    /// The listing without item that has the remote id of an observation.
    fn waiting(&self, o: &Observation) -> Option<&ListingRecord> {
        let library = self.context.library;
        let listing = self.draft.known.listing_by_remote(library, &o.remote_id, o.part)?;
        (listing.item_id.is_none() && listing.kind == o.kind).then_some(listing)
    }

    fn add(&mut self, o: &Observation, show: Option<ItemId>) {
        let id = ItemId((self.new_id)());
        let Observation { kind, facts, .. } = o;
        self.draft.add_item(ItemRecord {
            id,
            kind: *kind,
            parent_id: show,
            season_number: facts.season_number,
            episode_number: facts.episode_number,
            absolute_number: facts.absolute_number,
            fields: Fields { air_date: facts.air_date, year: facts.year, ..Fields::default() },
            title_key: item_title_key(*kind, facts.title.as_deref()),
            created_run_id: Some(self.context.run),
        });
        let listing = self.new_listing(o, Some(id), MatchBasis::New);
        self.put_new(listing, o, false);
    }

    fn quarantine(&mut self, o: &Observation, review: Review) {
        let (listing, news) = match self.waiting(o) {
            Some(before) => {
                let after = restated(self.draft.known, before, o, &self.context);
                (after, before.review.as_ref() != Some(&review))
            }
            None if self.context.existing == Existing::Skip => {
                self.outcomes.push(Outcome { item: None, conflict: false });
                return;
            }
            None => (self.new_listing(o, None, MatchBasis::Quarantine), true),
        };
        let review = Some(review);
        self.put_new(ListingRecord { review, fingerprint: LOOK_AGAIN, ..listing }, o, news);
    }

    fn new_listing(
        &mut self,
        o: &Observation,
        item_id: Option<ItemId>,
        match_basis: MatchBasis,
    ) -> ListingRecord {
        ListingRecord {
            id: ListingId((self.new_id)()),
            library_id: self.context.library,
            remote_id: o.remote_id.clone(),
            part: o.part,
            kind: o.kind,
            parent_remote_id: o.parent.clone(),
            item_id,
            facts: Arc::new(o.facts.clone()),
            play: observed_play(o, &self.context),
            fingerprint: o.fingerprint(self.context.remote_user),
            file_key: o.facts.file_key(),
            moved_key: o.moved_key(),
            match_basis,
            review: None,
            missing_since: None,
            kept_since: None,
            created_run_id: Some(self.context.run),
        }
    }

    /// Puts a new listing, or lets one without item that has the same remote id become it.
    fn put_new(&mut self, mut listing: ListingRecord, o: &Observation, conflict: bool) {
        if let Some(before) = self.waiting(o) {
            listing.id = before.id;
            listing.created_run_id = before.created_run_id;
        } else {
            self.park(o, None);
        }
        self.observe(listing, conflict);
    }

    /// Takes the remote id of an observation from whatever other listing has it.
    fn park(&mut self, o: &Observation, except: Option<ListingId>) {
        let library = self.context.library;
        let holder = self.draft.known.listing_by_remote(library, &o.remote_id, o.part);
        if let Some(holder) = holder.filter(|l| Some(l.id) != except).cloned() {
            self.draft.put_listing(ListingRecord { remote_id: parked(holder.id), ..holder });
        }
    }

    fn finish(mut self) -> Planned {
        let changes = self.draft.finish();
        let counts = count(&self.draft, &changes, &self.outcomes);
        let vacated = self.vacated();
        let plan = Plan { changes: changes.into_vec(), counts };
        Planned { plan, failures: self.failures, vacated }
    }

    fn vacated(&self) -> Vec<(RemoteId, u16)> {
        let moved = |(id, before): (&ListingId, &Option<ListingRecord>)| {
            let (before, after) = (before.as_ref()?, self.draft.known.listing(*id)?);
            (after.remote_id != before.remote_id).then(|| (before.remote_id.clone(), before.part))
        };
        self.draft.listings.iter().filter_map(moved).collect()
    }
}
