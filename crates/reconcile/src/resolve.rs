//! Resolve: what an item shows, from what its listings say. Overrides win, then the first source
//! by priority that says anything. Knows nothing of where listings come from.

use shelfread_domain::external_id::agree;
use shelfread_domain::text::title_key;
use shelfread_domain::{
    ExternalId, Facts, Field, Fields, ItemKind, ItemRecord, Known, ListingRecord, MatchBasis,
    OverrideRecord,
};

/// The listings of an item in the order in which their facts count: present before missing, then
/// by priority of the source, then by age of source, library and listing, so that the order never
/// depends on when a sync ran.
pub fn by_priority<'a>(known: &'a Known, item: &ItemRecord) -> Vec<&'a ListingRecord> {
    let mut listings: Vec<_> = known.listings_of(item.id).collect();
    listings.sort_by_key(|l| {
        let library = known.library(l.library_id);
        (
            l.missing_since.is_some(),
            library.map_or(i32::MAX, |library| library.priority),
            library.map(|library| library.source_id),
            l.library_id,
            l.id,
        )
    });
    listings
}

/// What an item has to show according to its listings; `None` where no listing says anything.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Resolved {
    /// Before overrides.
    pub fields: Fields,
    /// Number of the season.
    pub season_number: Option<i32>,
    /// Number within the season.
    pub episode_number: Option<i32>,
    /// Number within the show.
    pub absolute_number: Option<i32>,
    /// The ids that the listings agree on; see [`external_ids`].
    pub external_ids: Vec<ExternalId>,
}

/// Resolves the listings of one item, given in order of priority. Season and episode number come
/// from one listing, because together they are a place; a listing that a person placed says none.
pub fn resolve(kind: ItemKind, listings: &[&ListingRecord]) -> Resolved {
    let facts = || listings.iter().map(|l| &l.facts);
    let text = |get: fn(&Facts) -> &Option<String>| facts().find_map(|f| get(f).clone());
    let placed = || {
        let by_source = |l: &&&ListingRecord| l.match_basis != MatchBasis::Person;
        listings.iter().filter(by_source).map(|l| &l.facts)
    };
    let place = placed().min_by_key(|f| {
        let lacks_episode = kind == ItemKind::Episode && f.episode_number.is_none();
        u8::from(f.season_number.is_none()) + u8::from(lacks_episode)
    });
    Resolved {
        fields: Fields {
            title: text(|f| &f.title),
            sort_title: text(|f| &f.sort_title),
            overview: text(|f| &f.overview),
            year: facts().find_map(|f| f.year),
            air_date: facts().find_map(|f| f.air_date),
            runtime_seconds: facts().find_map(|f| f.runtime_seconds),
            poster_url: text(|f| &f.poster_url),
        },
        season_number: place.and_then(|f| f.season_number),
        episode_number: place.and_then(|f| f.episode_number),
        absolute_number: placed().find_map(|f| f.absolute_number),
        external_ids: if kind.is_top() { external_ids(kind, listings) } else { Vec::new() },
    }
}

/// The external ids of an item: those of the first listing, and of each further one what does not
/// contradict them. An id that contradicts is the listing's word alone and never the item's, so
/// that one misread film cannot draw another film's listings to itself. Episodes and seasons have
/// none: their place in the show identifies them.
pub fn external_ids(kind: ItemKind, listings: &[&ListingRecord]) -> Vec<ExternalId> {
    let mut accepted: Vec<ExternalId> = Vec::new();
    for listing in listings {
        let by_person = listing.match_basis == MatchBasis::Person;
        let ids = &listing.facts.external_ids;
        if !by_person && agree(kind, &accepted, ids) == Some(false) {
            continue;
        }
        let first = accepted.len();
        for id in ids {
            let free = !accepted[..first].iter().any(|a| a.provider == id.provider);
            if (free || by_person) && !accepted.contains(id) {
                accepted.push(id.clone());
            }
        }
    }
    accepted
}

/// The fields that an item shows: overrides over what was resolved, and a title in any case. A
/// title that a person corrected is also what the item is sorted by.
pub fn effective(item: &ItemRecord, resolved: &Fields, overrides: &[OverrideRecord]) -> Fields {
    let mut fields = resolved.clone();
    if overrides.iter().any(|o| o.field == Field::Title) {
        fields.sort_title = None;
    }
    for o in overrides {
        // A value that no longer fits its field is as if it was not set; doctor names it.
        let _ = fields.set(o.field, o.value.as_deref());
    }
    if fields.title.is_none() {
        fields.title = Some(placeholder(item));
    }
    if fields.sort_title.is_none() && !overrides.iter().any(|o| o.field == Field::SortTitle) {
        fields.sort_title = fields.title.as_deref().map(shelfread_domain::text::sort_title);
    }
    fields
}

/// The key of rule 5 of an item with this title according to its sources.
pub fn item_title_key(kind: ItemKind, title: Option<&str>) -> Option<String> {
    title.filter(|_| kind.is_top()).map(title_key).filter(|key| !key.is_empty())
}

/// The title of an item that nobody named.
pub(crate) fn placeholder(item: &ItemRecord) -> String {
    match (item.kind, item.season_number, item.episode_number) {
        (ItemKind::Season, Some(0), _) => "Specials".to_owned(),
        (ItemKind::Season, Some(n), _) => format!("Season {n}"),
        (ItemKind::Episode, _, Some(n)) => format!("Episode {n}"),
        _ => "Untitled".to_owned(),
    }
}
