//! Plan: what a batch of observations changes in the catalogue.
//!
//! Three steps over one working copy of what is known:
//! 1. observations whose listing is known restate it (rule 1), so that renumbered episodes leave
//!    their old numbers before anything else looks for them;
//! 2. the others find their item (rules 2 to 6), and their listing is a relinked or a new one;
//! 3. every touched item is settled: numbers, fields, external ids, progress (`settle`).
//!
//! The plan is the difference between the rows before and after, one change per row. It never
//! removes anything but an external id that no listing claims any more: removals are planned in
//! [`removal`](crate::removal), when coverage is known.

use std::borrow::Cow;
use std::collections::BTreeSet;

use shelfread_domain::{
    Change, Counts, Existing, ExternalIdRecord, Facts, Field, Fields, ItemId, ItemRecord, Known,
    LibraryId, ListingId, ListingRecord, MatchBasis, Observation, Op, Plan, PlayState, RemoteId,
    Review, Row, RunId, ViewerId,
};
use uuid::Uuid;

use crate::draft::{Changes, Draft};
use crate::matching::{self, Found};

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
    /// Whether the server is the one whose remote ids we know.
    pub trust_remote_ids: bool,
    /// Whether a remote id of this library was seen in this run already.
    pub seen: &'a dyn Fn(&RemoteId, u16) -> bool,
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
pub fn plan(
    known: &mut Known,
    observations: &[Observation],
    context: &Context<'_>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Planned {
    let mut planner = Planner::new(known, *context, new_id);
    for level in 0..=2 {
        let batch = in_order(observations.iter().filter(|o| o.kind.level() == level));
        planner.plan_level(&batch);
    }
    planner.finish()
}

/// The order in which observations are planned, whatever the order in which they came.
fn in_order<'o>(batch: impl Iterator<Item = &'o Observation>) -> Vec<&'o Observation> {
    let mut batch: Vec<_> = batch.collect();
    batch.sort_by(|a, b| {
        let key = |o: &Observation| (o.kind, o.facts.season_number, o.facts.episode_number);
        (&a.parent, key(a), &a.remote_id, a.part).cmp(&(&b.parent, key(b), &b.remote_id, b.part))
    });
    batch.dedup_by(|a, b| (&a.remote_id, a.part, a.kind) == (&b.remote_id, b.part, b.kind));
    batch
}

/// What became of an observation.
struct Outcome {
    item: Option<ItemId>,
    conflict: bool,
}

struct Planner<'a> {
    draft: Draft<'a>,
    context: Context<'a>,
    new_id: &'a mut dyn FnMut() -> Uuid,
    /// Listings that observations of this batch stand for.
    claimed: BTreeSet<ListingId>,
    outcomes: Vec<Outcome>,
    failures: Vec<(Observation, Cow<'static, str>)>,
}

impl<'a> Planner<'a> {
    const fn new(
        known: &'a mut Known,
        context: Context<'a>,
        new_id: &'a mut dyn FnMut() -> Uuid,
    ) -> Self {
        Self {
            draft: Draft::new(known, context.library, context.viewer),
            context,
            new_id,
            claimed: BTreeSet::new(),
            outcomes: Vec::new(),
            failures: Vec::new(),
        }
    }

    fn plan_level(&mut self, batch: &[&Observation]) {
        let (known, unknown): (Vec<_>, Vec<_>) =
            batch.iter().partition(|o| self.known_listing(o).is_some());
        for o in known {
            if let Some(id) = self.known_listing(o) {
                self.restate(id, o);
            }
        }
        self.draft.settle_numbers();
        for o in unknown {
            self.place(o);
        }
        self.draft.settle_numbers();
    }

    fn known_listing(&self, o: &Observation) -> Option<ListingId> {
        let listing =
            self.draft.known.listing_by_remote(self.context.library, &o.remote_id, o.part)?;
        let trusted = self.context.trust_remote_ids;
        let same = matching::is_same_object(self.draft.known, listing, o, self.show_of(o), trusted);
        let placed = listing.item_id.is_some();
        (same && placed && !self.claimed.contains(&listing.id)).then_some(listing.id)
    }

    fn show_of(&self, o: &Observation) -> Option<ItemId> {
        self.draft.known.show(self.context.library, o.parent.as_ref()?)
    }

    /// Rule 1: the listing says something else now, or has another remote id.
    fn restate(&mut self, id: ListingId, o: &Observation) {
        let Some(before) = self.draft.known.listing(id).cloned() else { return };
        let after = self.restated(&before, o);
        self.claimed.insert(id);
        self.outcomes.push(Outcome { item: after.item_id, conflict: false });
        self.draft.put_listing(after);
    }

    fn restated(&self, before: &ListingRecord, o: &Observation) -> ListingRecord {
        let relinked = before.remote_id != o.remote_id;
        let mut after = before.clone();
        after.remote_id = o.remote_id.clone();
        after.parent_remote_id = o.parent.clone();
        after.missing_since = None;
        after.kept_since = None;
        match self.context.existing {
            Existing::Update => {
                after.facts = o.facts.clone();
                after.play = next_play(before, o, relinked || !self.context.trust_remote_ids);
                after.fingerprint = o.fingerprint(self.context.remote_user);
                after.moved_key = o.moved_key();
            }
            Existing::Fill => {
                let item = before.item_id.and_then(|id| self.draft.known.item(id));
                after.facts = filled(&before.facts, &o.facts, item);
                after.play = before.play.or(o.play);
                after.moved_key = before.moved_key.or_else(|| o.moved_key());
            }
            Existing::Skip => {}
        }
        after.file_key = after.facts.file_key();
        after
    }

    /// Rules 2 to 6 for an observation whose listing is not known.
    fn place(&mut self, o: &Observation) {
        let show = self.show_of(o);
        if !o.kind.is_top() && show.is_none() {
            self.failures.push((o.clone(), Cow::Borrowed("its show is not in the listing")));
            return;
        }
        let found = {
            let gone = |l: &ListingRecord| self.is_gone(l);
            matching::find(self.draft.known, self.context.library, o, show, &gone)
        };
        match found {
            Found::Item(item, basis) => self.join(o, item, basis),
            Found::Nowhere(review) => self.quarantine(o, review),
            Found::New => self.add(o, show),
        }
    }

    /// Whether a listing of this library could be the same object under an old remote id: nothing
    /// in this run stood for it so far.
    fn is_gone(&self, l: &ListingRecord) -> bool {
        self.context.full
            && l.library_id == self.context.library
            && !self.claimed.contains(&l.id)
            && !(self.context.seen)(&l.remote_id, l.part)
    }

    fn join(&mut self, o: &Observation, item: ItemId, basis: MatchBasis) {
        if let Some(id) = self.relinkable(o, item) {
            self.free_remote_id(o, id);
            self.restate(id, o);
            return;
        }
        if self.context.existing == Existing::Skip {
            return;
        }
        let mut listing = self.new_listing(o, Some(item), basis);
        if self.context.existing == Existing::Fill {
            listing.facts = filled(&Facts::default(), &o.facts, self.draft.known.item(item));
            listing.fingerprint = 0;
        }
        self.put_new(listing, false);
    }

    /// The listing of this item in this library that has lost its remote id: of the same file, or
    /// of something that has no file.
    fn relinkable(&self, o: &Observation, item: ItemId) -> Option<ListingId> {
        let same_file = |l: &&ListingRecord| match (l.file_key, o.facts.file_key()) {
            (Some(was), Some(is)) => {
                was == is || (l.moved_key.is_some() && l.moved_key == o.moved_key())
            }
            _ => true,
        };
        let fits = |l: &&ListingRecord| l.kind == o.kind && l.part == o.part && self.is_gone(l);
        let mut candidates: Vec<_> =
            self.draft.known.listings_of(item).filter(fits).filter(same_file).collect();
        candidates.sort_by_key(|l| (l.file_key != o.facts.file_key(), l.id));
        candidates.first().map(|l| l.id)
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
            // What later observations of this batch find it by; settling sets the rest.
            fields: Fields { air_date: facts.air_date, year: facts.year, ..Fields::default() },
            title_key: crate::resolve::item_title_key(*kind, facts.title.as_deref()),
            created_run_id: Some(self.context.run),
        });
        if o.kind.is_top() {
            self.own_free_ids(o, id);
        }
        let listing = self.new_listing(o, Some(id), MatchBasis::New);
        self.put_new(listing, false);
    }

    /// Lets later observations of the batch find the new item by its ids; settling decides.
    fn own_free_ids(&mut self, o: &Observation, item: ItemId) {
        for id in &o.facts.external_ids {
            if self.draft.known.owner(o.kind, id).is_none() {
                self.draft.known.put_external_id(ExternalIdRecord {
                    item_id: item,
                    kind: o.kind,
                    id: id.clone(),
                });
            }
        }
    }

    fn quarantine(&mut self, o: &Observation, review: Review) {
        let known = self.draft.known.listing_by_remote(self.context.library, &o.remote_id, o.part);
        if let Some(before) = known.filter(|l| l.kind == o.kind && l.item_id.is_none()).cloned() {
            let news = before.review.as_ref() != Some(&review);
            let mut after = self.restated(&before, o);
            after.review = Some(review);
            self.claimed.insert(after.id);
            self.outcomes.push(Outcome { item: None, conflict: news });
            self.draft.put_listing(after);
            return;
        }
        let mut listing = self.new_listing(o, None, MatchBasis::Quarantine);
        listing.review = Some(review);
        self.put_new(listing, true);
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
            facts: o.facts.clone(),
            play: o.play.filter(|_| self.context.viewer.is_some()),
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

    /// Puts a new listing, or lets a quarantined one with the same remote id become it.
    fn put_new(&mut self, mut listing: ListingRecord, conflict: bool) {
        let at = (listing.library_id, &listing.remote_id, listing.part);
        let quarantined = self.draft.known.listing_by_remote(at.0, at.1, at.2);
        let same = |l: &&ListingRecord| l.item_id.is_none() && l.kind == listing.kind;
        if let Some(before) = quarantined.filter(same) {
            listing.id = before.id;
            listing.created_run_id = before.created_run_id;
        } else {
            let remote = (listing.remote_id.clone(), listing.part);
            self.park(&remote.0, remote.1, None);
        }
        self.claimed.insert(listing.id);
        self.outcomes.push(Outcome { item: listing.item_id, conflict });
        self.draft.put_listing(listing);
    }

    fn free_remote_id(&mut self, o: &Observation, for_listing: ListingId) {
        self.park(&o.remote_id, o.part, Some(for_listing));
    }

    /// A remote id now names another object. The listing that had it keeps everything but the id,
    /// until it is seen under its new one or a complete listing proves it gone.
    fn park(&mut self, remote_id: &RemoteId, part: u16, except: Option<ListingId>) {
        let holder = self.draft.known.listing_by_remote(self.context.library, remote_id, part);
        let Some(holder) = holder.filter(|l| Some(l.id) != except).cloned() else { return };
        let parked = RemoteId(format!("given away: {}", holder.id));
        self.draft.put_listing(ListingRecord { remote_id: parked, ..holder });
    }

    fn finish(mut self) -> Planned {
        let changes = self.draft.finish();
        let counts = self.count(&changes);
        let vacated = self.vacated();
        let plan = Plan { changes: changes.into_vec(), counts };
        Planned { plan, failures: self.failures, vacated }
    }

    fn vacated(&self) -> Vec<(RemoteId, u16)> {
        let moved = |(id, before): (&ListingId, &Option<ListingRecord>)| {
            let before = before.as_ref()?;
            let after = self.draft.known.listing(*id)?;
            (after.remote_id != before.remote_id).then(|| (before.remote_id.clone(), before.part))
        };
        self.draft.listings.iter().filter_map(moved).collect()
    }

    fn count(&self, changes: &Changes) -> Counts {
        let changed = changed_items(changes);
        let relinked = changes.listings.iter().filter(|c| c.op == Op::Relink).count();
        let conflicts = self.outcomes.iter().filter(|o| o.conflict).count()
            + changes.listings.iter().filter(|c| newly_claims(c)).count();
        let mut counts = Counts {
            seen: self.outcomes.len() as u64,
            relinked: relinked as u64,
            conflicts: conflicts as u64,
            ..Counts::default()
        };
        let mut added = BTreeSet::new();
        for outcome in &self.outcomes {
            match outcome.item {
                Some(item) if self.draft.is_new(item) => {
                    counts.added += u64::from(added.insert(item));
                }
                Some(item) if changed.contains(&item) => counts.updated += 1,
                Some(_) => counts.unchanged += 1,
                None if !outcome.conflict => counts.unchanged += 1,
                None => {}
            }
        }
        counts
    }
}

/// The items of which something changed. That a listing has another remote id is no change of its
/// item, nor is the new address of the poster that it brings along.
fn changed_items(changes: &Changes) -> BTreeSet<ItemId> {
    let relinked = relinked(&changes.listings);
    let of_item =
        |c: &&Change| !only_poster(c) || item_of(c).is_some_and(|item| !relinked.contains(&item));
    let items = changes.items.iter().filter(of_item);
    let listings = changes.listings.iter().filter(|c| says_more(c));
    let rest = changes.external_ids.iter().chain(&changes.progress);
    items.chain(listings).chain(rest).filter_map(item_of).collect()
}

fn relinked(listings: &[Change]) -> BTreeSet<ItemId> {
    listings.iter().filter(|c| c.op == Op::Relink).filter_map(item_of).collect()
}

/// The item that a change is about.
pub(crate) fn item_of(change: &Change) -> Option<ItemId> {
    match change.row()? {
        Row::Item(item) => Some(item.id),
        Row::Listing(listing) => listing.item_id,
        Row::ExternalId(record) => Some(record.item_id),
        Row::Progress(record) => Some(record.item_id),
        Row::Settings(record) => Some(record.item_id),
        Row::Override(record) => Some(record.item_id),
    }
}

/// A new remote id brings a new address of the poster along; that alone is no update.
fn only_poster(change: &Change) -> bool {
    match (&change.before, &change.after) {
        (Some(Row::Item(before)), Some(Row::Item(after))) => {
            before.fields.differing(&after.fields) == [Field::PosterUrl]
                && (before.season_number, before.episode_number)
                    == (after.season_number, after.episode_number)
        }
        _ => false,
    }
}

/// Whether a listing says more than that it has another remote id.
fn says_more(change: &Change) -> bool {
    match (&change.before, &change.after) {
        (Some(Row::Listing(before)), Some(Row::Listing(after))) => {
            let bare = |facts: &Facts| Facts { poster_url: None, ..facts.clone() };
            let moved = before.remote_id != after.remote_id;
            let facts_differ = if moved {
                bare(&before.facts) != bare(&after.facts)
            } else {
                before.facts != after.facts
            };
            facts_differ
                || before.missing_since != after.missing_since
                || before.item_id != after.item_id
        }
        _ => true,
    }
}

fn newly_claims(change: &Change) -> bool {
    let review = |row: &Option<Row>| match row {
        Some(Row::Listing(l)) if l.item_id.is_some() => l.review.clone(),
        _ => None,
    };
    let after = review(&change.after);
    after.is_some() && after != review(&change.before)
}

/// The play state that a listing has after an observation. A server that was rebuilt forgets; what
/// it knew before is carried until it says something new, so that history survives (P2).
fn next_play(before: &ListingRecord, o: &Observation, forgot: bool) -> Option<PlayState> {
    match (o.play, before.play) {
        (Some(play), _) => Some(play),
        (None, Some(old)) if forgot || old.carried => Some(PlayState { carried: true, ..old }),
        (None, _) => None,
    }
}

/// The facts of a listing that may only be completed: what it said stays, and what it did not say
/// is taken over where the item shows nothing yet.
fn filled(before: &Facts, observed: &Facts, item: Option<&ItemRecord>) -> Facts {
    let shown = item.map(|i| i.fields.clone()).unwrap_or_default();
    let mut facts = before.clone();
    macro_rules! fill {
        ($($field:ident),*) => {$(
            if facts.$field.is_none() && shown.$field.is_none() {
                facts.$field = observed.$field.clone();
            }
        )*};
    }
    fill!(title, sort_title, overview, year, air_date, runtime_seconds, poster_url);
    facts.season_number = facts.season_number.or(observed.season_number);
    facts.episode_number = facts.episode_number.or(observed.episode_number);
    facts.absolute_number = facts.absolute_number.or(observed.absolute_number);
    facts.monitored = facts.monitored.or(observed.monitored);
    facts.added_at = facts.added_at.or(observed.added_at);
    if facts.files.is_empty() {
        facts.files = observed.files.clone();
    }
    for id in &observed.external_ids {
        if !facts.external_ids.iter().any(|known| known.provider == id.provider) {
            facts.external_ids.push(id.clone());
        }
    }
    facts.external_ids.sort();
    facts
}
