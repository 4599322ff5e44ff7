//! Match: which item an observation is, by the six rules of identity. The first hit wins:
//!
//! 1. the listing that is known for the remote id ([`is_same_object`]);
//! 2. the natural key of a season or episode;
//! 3. a strong external id of the same kind. Ids of two different items quarantine the listing;
//! 4. the same file, in any library; or a file that moved with its folder, in the same library;
//! 5. equal normalized title and equal year, unless both sides have strong ids;
//! 6. otherwise a new item.
//!
//! Rule 3 does not hit when the strongest provider that both sides have says otherwise: two films
//! that share a wrong IMDb id stay two films. Rule 5 also hits when only the item has no strong id,
//! because that is how an item known from before gets its ids (F5).

use std::collections::BTreeSet;

use shelfread_domain::external_id::agree;
use shelfread_domain::known::title_of;
use shelfread_domain::record::ReviewReason;
use shelfread_domain::text::title_key;
use shelfread_domain::{
    ExternalId, Facts, ItemId, Known, LibraryId, ListingRecord, MatchBasis, NaturalKey,
    Observation, Review,
};

/// Where an observation belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// To this item, by this rule.
    Item(ItemId, MatchBasis),
    /// To none: a person must decide.
    Nowhere(Review),
    /// To a new item (rule 6).
    New,
}

/// Finds the item of an observation whose listing is not known (rules 2 to 6). `show` is the item
/// of its show; `gone` says whether a listing of the same library was not seen in this run.
pub fn find(
    known: &Known,
    library: LibraryId,
    o: &Observation,
    show: Option<ItemId>,
    gone: &dyn Fn(&ListingRecord) -> bool,
) -> Found {
    if let Some(item) = by_person(known, library, o, gone) {
        return Found::Item(item, MatchBasis::Person);
    }
    if let Some(item) = show.and_then(|show| by_natural_key(known, o, show)) {
        return Found::Item(item, MatchBasis::NaturalKey);
    }
    if o.kind.is_top() {
        match by_external_id(known, o) {
            Found::New => {}
            found => return found,
        }
    }
    if let Some(item) = by_file(known, library, o, show, gone) {
        return Found::Item(item, MatchBasis::File);
    }
    if o.kind.is_top() { by_title(known, o) } else { Found::New }
}

/// What a person merged or split stays so when the server gives the same file another id. A
/// listing that is gone is the likelier one to have got it.
fn by_person(
    known: &Known,
    library: LibraryId,
    o: &Observation,
    gone: &dyn Fn(&ListingRecord) -> bool,
) -> Option<ItemId> {
    let same_file = known.by_file(o.facts.file_key()?);
    let likeliest = same_file
        .filter(|l| l.library_id == library && same_slot(l, o))
        .min_by_key(|l| (!gone(l), l.match_basis != MatchBasis::Person))?;
    likeliest.item_id.filter(|_| likeliest.match_basis == MatchBasis::Person)
}

fn by_natural_key(known: &Known, o: &Observation, show: ItemId) -> Option<ItemId> {
    let f = &o.facts;
    let key = NaturalKey::of(o.kind, show, f.season_number, f.episode_number, f.air_date)?;
    known.by_natural(&key)
}

fn by_external_id(known: &Known, o: &Observation) -> Found {
    let owners: BTreeSet<_> =
        o.facts.external_ids.iter().filter_map(|id| known.owner(o.kind, id)).collect();
    let mut owners = owners.into_iter();
    match (owners.next(), owners.next()) {
        (Some(a), Some(b)) => Found::Nowhere(Review {
            reason: ReviewReason::ConflictingIds,
            candidates: [a, b].into_iter().chain(owners).collect(),
            claims: o.facts.external_ids.clone(),
        }),
        (Some(item), None) if !contradicts(known, item, o) => {
            Found::Item(item, MatchBasis::ExternalId)
        }
        _ => Found::New,
    }
}

fn contradicts(known: &Known, item: ItemId, o: &Observation) -> bool {
    let owned: Vec<ExternalId> = known.external_ids(item).cloned().collect();
    agree(o.kind, &owned, &o.facts.external_ids) == Some(false)
}

fn by_file(
    known: &Known,
    library: LibraryId,
    o: &Observation,
    show: Option<ItemId>,
    gone: &dyn Fn(&ListingRecord) -> bool,
) -> Option<ItemId> {
    let in_show = |l: &&ListingRecord| {
        let item = l.item_id.and_then(|id| known.item(id));
        item.is_some_and(|item| item.parent_id == show) && same_slot(l, o)
    };
    let same = o.facts.file_key().into_iter().flat_map(|key| known.by_file(key)).filter(in_show);
    let moved = || {
        let key = o.moved_key().into_iter();
        let here = |l: &&ListingRecord| l.library_id == library && gone(l);
        key.flat_map(|key| known.by_moved(key)).filter(here).filter(in_show)
    };
    only(same.filter_map(|l| l.item_id)).or_else(|| only(moved().filter_map(|l| l.item_id)))
}

fn same_slot(l: &ListingRecord, o: &Observation) -> bool {
    l.kind == o.kind && l.part == o.part
}

/// The one item of a series of hits; `None` for none and for several.
fn only(items: impl Iterator<Item = ItemId>) -> Option<ItemId> {
    let unique: BTreeSet<_> = items.collect();
    unique.first().copied().filter(|_| unique.len() == 1)
}

fn by_title(known: &Known, o: &Observation) -> Found {
    let Some(key) = title_of(o) else { return Found::New };
    let has_ids = !o.facts.external_ids.is_empty();
    let fits = |item: &ItemId| !has_ids || known.external_ids(*item).next().is_none();
    let candidates: Vec<_> = known.by_title(&key).filter(fits).collect();
    match candidates[..] {
        [item] => Found::Item(item, MatchBasis::Title),
        [_, _, ..] if !has_ids => Found::Nowhere(Review {
            reason: ReviewReason::AmbiguousTitle,
            candidates,
            claims: Vec::new(),
        }),
        _ => Found::New,
    }
}

/// Rule 1: whether an observation is what the listing with its remote id was. Remote ids of the
/// server that we know are trusted. After its identity changed they may name other objects, and
/// something else must agree as well: the file, the place in the show, the strongest ids, or title
/// and year.
pub fn is_same_object(
    known: &Known,
    listing: &ListingRecord,
    o: &Observation,
    show: Option<ItemId>,
    trusted: bool,
) -> bool {
    if trusted || listing.kind != o.kind {
        return listing.kind == o.kind;
    }
    if let (Some(was), Some(is)) = (listing.facts.file_key(), o.facts.file_key()) {
        return was == is;
    }
    if o.kind.is_top() {
        let said = agree(o.kind, &listing.facts.external_ids, &o.facts.external_ids);
        return said.unwrap_or_else(|| same_title(listing, o));
    }
    let item = listing.item_id.and_then(|id| known.item(id));
    let place = |f: &Facts| {
        let show = show?;
        NaturalKey::of(o.kind, show, f.season_number, f.episode_number, f.air_date)
    };
    item.is_some_and(|item| item.parent_id == show)
        && match (place(&listing.facts), place(&o.facts)) {
            (None, None) => same_title(listing, o),
            (was, is) => was == is,
        }
}

pub(crate) fn same_title(listing: &ListingRecord, o: &Observation) -> bool {
    let key = |facts: &Facts| facts.title.as_deref().map(|title| (title_key(title), facts.year));
    let is = key(&o.facts);
    is.is_some() && is == key(&listing.facts)
}
