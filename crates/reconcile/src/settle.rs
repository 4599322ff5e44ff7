//! Settle: what the touched items are after their listings changed. Numbers first, because they
//! are unique within a show, then external ids, which are unique too, then fields; progress last.
//!
//! An item takes a place or an external id only when an observation of the batch says it: only then
//! the catalogue was asked who else has it. What other listings say is left for the next time that
//! they are observed, and their fingerprint is forgotten so that this is the next run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shelfread_domain::record::ReviewReason;
use shelfread_domain::{
    Change, ExternalId, Facts, Field, Fields, ItemId, ItemKind, ItemRecord, Known, ListingId,
    ListingRecord, MatchBasis, NaturalKey, PlayState, ProgressRecord, Review, Row, SourceId,
    ViewerId,
};

use crate::draft::{Draft, owned};
use crate::resolve::{Resolved, by_priority, effective, item_title_key, placeholder, resolve};

/// The fingerprint of a listing that is looked at again in the next run, changed or not.
pub(crate) const LOOK_AGAIN: i64 = 0;

/// Season, episode and absolute number.
type Numbers = (Option<i32>, Option<i32>, Option<i32>);

/// What an item claims although another one has it.
pub(crate) enum Claim {
    /// A place in the show.
    Place { season: Option<i32>, episode: Option<i32>, holder: ItemId },
    /// External ids.
    Ids { ids: Vec<ExternalId>, owners: BTreeSet<ItemId> },
}

impl Claim {
    fn is_made_by(&self, facts: &Facts) -> bool {
        match self {
            Self::Place { season, episode, .. } => says_place(facts, (*season, *episode)),
            Self::Ids { ids, .. } => facts.external_ids.iter().any(|id| ids.contains(id)),
        }
    }

    fn review(&self) -> Review {
        let (candidates, claims) = match self {
            Self::Place { holder, .. } => (vec![*holder], Vec::new()),
            Self::Ids { ids, owners } => (owners.iter().copied().collect(), ids.clone()),
        };
        Review { reason: ReviewReason::Claim, candidates, claims }
    }
}

impl Draft<'_> {
    /// Settles the items that were touched since the last time. Those that are touched by that are
    /// left for the next time.
    pub(crate) fn settle(&mut self) {
        let stale = std::mem::take(&mut self.stale);
        let resolved = |id: ItemId| {
            let item = self.known.item(id)?;
            Some((id, resolve(item.kind, &by_priority(self.known, item))))
        };
        let stale: Vec<(ItemId, Resolved)> = stale.into_iter().filter_map(resolved).collect();
        for (id, _) in &stale {
            self.claims.remove(id);
        }
        self.settle_numbers(&stale);
        self.settle_external_ids(&stale);
        for (id, resolved) in stale {
            self.settle_fields(id, resolved.fields);
        }
    }

    /// Gives seasons and episodes the numbers that their listings say. They may exchange theirs;
    /// an item whose place another one keeps stays where it is, for review.
    fn settle_numbers(&mut self, stale: &[(ItemId, Resolved)]) {
        let mut moving = BTreeMap::new();
        for (id, resolved) in stale {
            moving.extend(self.wanted_numbers(*id, resolved).map(|wanted| (*id, wanted)));
        }
        if moving.is_empty() {
            return;
        }
        self.make_room(&mut moving);
        let blocked = self.blocked(&moving);
        for (id, numbers) in moving.iter().filter(|(id, _)| !blocked.contains_key(id)) {
            self.renumber(*id, *numbers);
        }
        for (id, holder) in blocked {
            let (season, episode, _) = moving[&id];
            self.claims.insert(id, Claim::Place { season, episode, holder });
        }
    }

    fn renumber(&mut self, id: ItemId, numbers: Numbers) {
        if let Some(item) = self.known.item(id) {
            let renumbered = with_numbers(item, numbers);
            self.known.put_item(renumbered);
        }
    }

    /// Takes the number from items that nothing in this run stood for so far and whose place is
    /// wanted. Whoever turns up later in the listing, or in a later one, is looked at again.
    fn make_room(&mut self, moving: &mut BTreeMap<ItemId, Numbers>) {
        let wanted = moving.iter().filter_map(|(id, numbers)| {
            let key = place_of(&with_numbers(self.known.item(*id)?, *numbers))?;
            self.known.by_natural(&key).filter(|holder| !moving.contains_key(holder))
        });
        let unseen: Vec<_> = wanted.filter(|holder| self.is_unseen(*holder)).collect();
        for id in unseen {
            let Some(item) = self.known.item(id) else { continue };
            let season = item.season_number.filter(|_| item.kind == ItemKind::Episode);
            moving.insert(id, (season, None, item.absolute_number));
            self.look_again(id, |_| true);
        }
    }

    /// Whether nothing in this full listing stood for an item so far, nor any other library.
    fn is_unseen(&self, id: ItemId) -> bool {
        let mut listings = self.known.listings_of(id).peekable();
        listings.peek().is_some() && listings.all(|l| self.is_gone(l))
    }

    /// The numbers that an item has to get. Half a place does not move what has a whole one.
    fn wanted_numbers(&mut self, id: ItemId, resolved: &Resolved) -> Option<Numbers> {
        let item = self.known.item(id).filter(|i| !i.kind.is_top())?;
        let is_place = |(season, episode): (Option<i32>, Option<i32>)| {
            season.is_some() && (episode.is_some() || item.kind == ItemKind::Season)
        };
        let has = (item.season_number, item.episode_number);
        let said = (resolved.season_number, resolved.episode_number);
        let keeps = !is_place(said) && (is_place(has) || said == (None, None));
        let (season, episode) = if keeps { has } else { said };
        let wanted = (season, episode, resolved.absolute_number.or(item.absolute_number));
        if wanted == numbers(item) || self.is_unseen(id) {
            return None;
        }
        let place = place_of(&with_numbers(item, wanted));
        if (season, episode) == has || place.is_none_or(|place| self.asked.contains(&place)) {
            return Some(wanted);
        }
        self.look_again(id, |f| says_place(f, (season, episode)));
        None
    }

    /// The listings of an item that say something. Where a person placed one, nothing is left to
    /// find out or to review.
    fn saying(&self, item: ItemId, says: impl Fn(&Facts) -> bool) -> Vec<ListingRecord> {
        let listings = self.known.listings_of(item);
        let saying = listings.filter(|l| l.match_basis != MatchBasis::Person && says(&l.facts));
        saying.cloned().collect()
    }

    /// Forgets the fingerprints of the listings of an item that say something.
    fn look_again(&mut self, item: ItemId, says: impl Fn(&Facts) -> bool) {
        for listing in self.saying(item, says) {
            self.put_listing(ListingRecord { fingerprint: LOOK_AGAIN, ..listing });
        }
    }

    /// Who of the moving ones cannot move, and who is in the way: someone who stays, or another
    /// one who moves to the same place. Whoever wants the place of one who must stay, stays too.
    fn blocked(&self, moving: &BTreeMap<ItemId, Numbers>) -> BTreeMap<ItemId, ItemId> {
        let mut takers: HashMap<NaturalKey, ItemId> = HashMap::new();
        let mut waiting = Vec::new();
        for (id, numbers) in moving {
            let Some(item) = self.known.item(*id) else { continue };
            let Some(key) = place_of(&with_numbers(item, *numbers)) else { continue };
            let holder = self.known.by_natural(&key).filter(|h| h != id);
            let staying = holder.filter(|h| !moving.contains_key(h));
            match staying.or_else(|| takers.get(&key).copied()) {
                Some(holder) => waiting.push((*id, holder)),
                None => {
                    takers.insert(key, *id);
                }
            }
        }
        let mut blocked = BTreeMap::new();
        while let Some((id, holder)) = waiting.pop() {
            let own = self.known.item(id).and_then(place_of);
            if blocked.insert(id, holder).is_none() {
                let next = own.and_then(|key| takers.remove(&key)).filter(|next| *next != id);
                waiting.extend(next.map(|next| (next, id)));
            }
        }
        blocked
    }

    /// Marks the listings that say what another item has.
    pub(crate) fn mark_claims(&mut self) {
        for (item, claim) in std::mem::take(&mut self.claims) {
            for listing in self.saying(item, |facts| claim.is_made_by(facts)) {
                let review = Some(claim.review());
                self.put_listing(ListingRecord { review, fingerprint: LOOK_AGAIN, ..listing });
            }
        }
    }

    /// The external ids of movies and shows. An id that the listings gave up goes before another
    /// item may take it; one that no listing ever said stays (it was set before there was a sync);
    /// one that another item owns is a claim for review.
    fn settle_external_ids(&mut self, stale: &[(ItemId, Resolved)]) {
        let tops: Vec<_> = stale
            .iter()
            .filter_map(|(id, resolved)| Some((self.known.item(*id)?, &resolved.external_ids)))
            .filter(|(item, _)| item.kind.is_top())
            .map(|(item, wanted)| (item.clone(), wanted))
            .collect();
        for (item, wanted) in &tops {
            self.release(item, wanted);
        }
        for (item, wanted) in &tops {
            self.acquire(item, wanted);
        }
    }

    fn release(&mut self, item: &ItemRecord, wanted: &[ExternalId]) {
        let was_said = |id| self.listings_before(item).any(|l| l.facts.external_ids.contains(id));
        let is_old = |id| self.items.get(&item.id).is_some_and(|w| w.external_ids.contains(id));
        let gone: Vec<_> = self
            .known
            .external_ids(item.id)
            .filter(|id| !wanted.contains(id) && (!is_old(id) || was_said(id)))
            .cloned()
            .collect();
        for id in gone {
            self.known.drop_external_id(&owned(item, id));
        }
    }

    fn acquire(&mut self, item: &ItemRecord, wanted: &[ExternalId]) {
        let mut contested = Vec::new();
        let mut owners = BTreeSet::new();
        for id in wanted {
            let sight = self.sight.as_ref();
            let asked = sight.is_some_and(|sight| sight.external_ids.contains(&(item.kind, id)));
            match self.known.owner(item.kind, id) {
                Some(owner) if owner == item.id => {}
                _ if !asked => self.look_again(item.id, |f| f.external_ids.contains(id)),
                None => self.known.put_external_id(owned(item, id.clone())),
                Some(owner) => {
                    contested.push(id.clone());
                    owners.insert(owner);
                }
            }
        }
        if !contested.is_empty() {
            self.claims.insert(item.id, Claim::Ids { ids: contested, owners });
        }
    }

    /// The effective fields of an item.
    fn settle_fields(&mut self, id: ItemId, said: Fields) {
        let Some(item) = self.known.item(id) else { return };
        let base = self.with_unsaid(item, said);
        let settled = ItemRecord {
            title_key: item_title_key(item.kind, base.title.as_deref()),
            fields: effective(item, &base, self.known.overrides(id)),
            ..item.clone()
        };
        if settled != *item {
            self.known.put_item(settled);
        }
    }

    /// Keeps what an item shows where no listing says anything and none ever did: it was set
    /// before there was a sync. A value that a listing took back goes.
    fn with_unsaid(&self, item: &ItemRecord, mut said: Fields) -> Fields {
        let unsaid = |field: &Field| !said.has(*field) && item.fields.has(*field);
        let unsaid: Vec<_> = Field::ALL.into_iter().filter(unsaid).collect();
        if unsaid.is_empty() || unsaid == [Field::SortTitle] {
            return said;
        }
        let before = resolve(item.kind, &Vec::from_iter(self.listings_before(item))).fields;
        for field in unsaid {
            let shown = item.fields.get(field);
            let derived = match field {
                Field::SortTitle => true,
                Field::Title => shown.as_deref() == Some(&placeholder(item)),
                _ => false,
            };
            if !derived && !before.has(field) {
                // A value that was shown fits its field.
                let _ = said.set(field, shown.as_deref());
            }
        }
        said
    }

    /// The progress of the items whose listings say something else than before: of all that the
    /// listings of this source say, the newest. Other items are left alone.
    pub(crate) fn settle_progress(&mut self) -> Vec<Change> {
        let Some(viewer) = self.viewer else { return Vec::new() };
        let says_else = |(id, before): (&ListingId, &Option<ListingRecord>)| {
            let after = self.known.listing(*id)?;
            let item = after.item_id?;
            let same = before.as_ref().map_or(after.play.is_none(), |before| {
                (before.item_id, before.play) == (after.item_id, after.play)
            });
            let unheard = || after.play.is_some() && self.known.progress(item, viewer).is_none();
            (!same || unheard()).then_some(item)
        };
        let items: BTreeSet<_> = self.listings.iter().filter_map(says_else).collect();
        items.into_iter().filter_map(|id| self.progress_change(id, viewer)).collect()
    }

    fn progress_change(&mut self, id: ItemId, viewer: ViewerId) -> Option<Change> {
        let item = self.known.item(id)?.clone();
        let source = self.known.library(self.library)?.source_id;
        let said = said_play(self.known, id, source).unwrap_or_default();
        let state = PlayState { carried: false, ..said };
        let before = self.known.progress(id, viewer).cloned();
        if before.as_ref().map_or(state.is_blank(), |b| b.state == state) {
            return None;
        }
        let after = ProgressRecord { item_id: id, viewer_id: viewer, state };
        self.known.put_progress(after.clone());
        Some(self.small_change(&item, before.map(Row::Progress), Some(Row::Progress(after))))
    }
}

/// Of what the listings of one source say of the play state of an item, the newest.
fn said_play(known: &Known, item: ItemId, source: SourceId) -> Option<PlayState> {
    let of_source =
        |l: &&ListingRecord| known.library(l.library_id).is_some_and(|l| l.source_id == source);
    known.listings_of(item).filter(of_source).filter_map(|l| l.play).reduce(PlayState::newer)
}

const fn numbers(item: &ItemRecord) -> Numbers {
    (item.season_number, item.episode_number, item.absolute_number)
}

fn says_place(facts: &Facts, place: (Option<i32>, Option<i32>)) -> bool {
    (facts.season_number, facts.episode_number) == place
}

/// The place that only one item can have. Episodes without number may share a day.
fn place_of(item: &ItemRecord) -> Option<NaturalKey> {
    item.natural_key().filter(|key| !matches!(key, NaturalKey::AirDate(..)))
}

fn with_numbers(item: &ItemRecord, (season, episode, absolute): Numbers) -> ItemRecord {
    ItemRecord {
        season_number: season,
        episode_number: episode,
        absolute_number: absolute,
        ..item.clone()
    }
}
