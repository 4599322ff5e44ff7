//! Everywhere: which objects of which sources must go when a person wants an item gone, and what
//! the catalogue forgets once one of them is. Pure like its neighbours; it deliberately asks no
//! source, and does not know which of them can remove.
//!
//! An object that holds more than the item (a file with other episodes, a show whose episodes are
//! another item's) is named as such: removing it would take along what nobody asked for.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use shelfread_domain::external_id::agree;
use shelfread_domain::{
    Counts, Facts, ItemId, ItemKind, ItemRecord, Known, LibraryId, ListingId, ListingRecord,
    Observation, OnMissing, Plan, RemoteId, RunId,
};
use uuid::Uuid;

use crate::draft::Draft;
use crate::matching::same_title;
use crate::removal::{self, Departure};

const REASON: &str = "removed by a person";

/// One object of one source that must go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The listing that names it.
    pub listing: ListingId,
    /// The library that lists it.
    pub library: LibraryId,
    /// What the source calls it.
    pub remote_id: RemoteId,
    /// How a person would call it.
    pub label: String,
    /// The listings that are gone with it, children before what they hang on.
    pub listings: Vec<ListingId>,
    /// Other items that would lose a file with it, as a person would call them.
    pub shared_with: Vec<String>,
}

/// The item and what goes with it: of a show its seasons and episodes, of a season its episodes.
pub fn covered(known: &Known, id: ItemId) -> BTreeSet<ItemId> {
    let Some(item) = known.item(id) else { return BTreeSet::new() };
    let of_season =
        |e: &&ItemRecord| e.kind == ItemKind::Episode && e.season_number == item.season_number;
    let below: Vec<ItemId> = match (item.kind, item.parent_id) {
        (ItemKind::Season, Some(show)) => {
            known.children(show).filter(of_season).map(|e| e.id).collect()
        }
        _ => known.children(id).map(|child| child.id).collect(),
    };
    below.into_iter().chain([id]).collect()
}

/// The objects that must go. `known` has the item's whole tree (of a season its show's), and every
/// listing that has the same remote object, parent or file as a listing of it.
pub fn targets(known: &Known, id: ItemId) -> Vec<Target> {
    let covered = covered(known, id);
    let mut own: Vec<&ListingRecord> =
        covered.iter().flat_map(|item| known.listings_of(*item)).collect();
    own.sort_by_key(|l| (l.kind.level(), l.id));
    let mut taken: HashSet<ListingId> = HashSet::new();
    let mut targets = Vec::new();
    for head in &own {
        if taken.contains(&head.id) {
            continue;
        }
        let with: Vec<_> = own.iter().rev().filter(|l| goes_with(l, head)).map(|l| l.id).collect();
        taken.extend(&with);
        targets.push(Target {
            listing: head.id,
            library: head.library_id,
            remote_id: head.remote_id.clone(),
            label: label(known, head),
            shared_with: shared(known, &covered, head, &with),
            listings: with,
        });
    }
    targets
}

/// Whether a listing is gone when the object of another one is.
fn goes_with(l: &ListingRecord, head: &ListingRecord) -> bool {
    let hangs = match head.kind {
        ItemKind::Show => l.parent_remote_id.as_ref() == Some(&head.remote_id),
        ItemKind::Season => {
            l.kind == ItemKind::Episode
                && l.parent_remote_id == head.parent_remote_id
                && l.facts.season_number == head.facts.season_number
        }
        ItemKind::Movie | ItemKind::Episode => false,
    };
    l.library_id == head.library_id && (l.remote_id == head.remote_id || hangs)
}

/// Other items that have a part of the object, or a file that goes with it.
fn shared(
    known: &Known,
    covered: &BTreeSet<ItemId>,
    head: &ListingRecord,
    with: &[ListingId],
) -> Vec<String> {
    let is_other = |l: &&ListingRecord| l.item_id.is_some_and(|item| !covered.contains(&item));
    let files: HashSet<i64> = with.iter().filter_map(|id| known.listing(*id)?.file_key).collect();
    let has_file = |l: &ListingRecord| l.file_key.is_some_and(|key| files.contains(&key));
    let entangled = |l: &&ListingRecord| goes_with(l, head) || has_file(l);
    let others = known.listings().filter(is_other).filter(entangled);
    let labels: BTreeSet<String> = others.map(|l| label(known, l)).collect();
    labels.into_iter().collect()
}

fn label(known: &Known, listing: &ListingRecord) -> String {
    let item = listing.item_id.and_then(|id| known.item(id));
    item.map_or_else(|| listing.remote_id.0.clone(), ItemRecord::label)
}

/// Whether what a source shows under a remote id is evidently still what the listing says. Files
/// are deleted on this word, so a remote id alone is not enough: ids, file, place, or title and
/// year must agree as well.
pub fn is_evident(listing: &ListingRecord, o: &Observation) -> bool {
    let file = listing.file_key.zip(o.facts.file_key()).map(|(was, is)| was == is);
    if listing.kind != o.kind {
        return false;
    }
    if o.kind.is_top() {
        let said = agree(o.kind, &listing.facts.external_ids, &o.facts.external_ids);
        return said.unwrap_or_else(|| file == Some(true) || same_title(listing, o));
    }
    let place = |f: &Facts| (f.season_number, f.episode_number, f.air_date);
    let numbered = o.facts.season_number.is_some() || o.facts.air_date.is_some();
    file == Some(true) || (numbered && place(&listing.facts) == place(&o.facts))
}

/// What the catalogue forgets when a source has removed an object: its listings, and the items that
/// nothing lists any more.
pub fn forget(known: &mut Known, target: &Target, run: RunId, now: DateTime<Utc>) -> Plan {
    let departure = Departure {
        library: target.library,
        run,
        policy: OnMissing::Remove,
        now,
        seen: &|_, _| false,
    };
    said_by_person(removal::plan(known, &[], &target.listings, &departure))
}

/// Removes an item with what goes with it, whatever lists it.
pub fn drop_rows(known: &mut Known, id: ItemId) -> Plan {
    let covered = covered(known, id);
    let mut draft = Draft::new(known, LibraryId(Uuid::nil()), None, None);
    let first = draft.remove_item(id, REASON);
    let rest: u64 = covered.into_iter().map(|item| draft.remove_item(item, REASON)).sum();
    let changes = draft.finish().into_vec();
    Plan { changes, counts: Counts { removed: first + rest, ..Counts::default() } }
}

fn said_by_person(mut plan: Plan) -> Plan {
    for change in plan.changes.iter_mut().filter(|c| c.after.is_none()) {
        change.reason = Cow::Borrowed(REASON);
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(o: &Observation) -> ListingRecord {
        ListingRecord {
            id: ListingId(Uuid::now_v7()),
            library_id: LibraryId(Uuid::nil()),
            remote_id: o.remote_id.clone(),
            part: o.part,
            kind: o.kind,
            parent_remote_id: o.parent.clone(),
            item_id: None,
            file_key: o.facts.file_key(),
            facts: o.facts.clone().into(),
            play: None,
            fingerprint: 0,
            moved_key: None,
            match_basis: shelfread_domain::MatchBasis::New,
            review: None,
            missing_since: None,
            kept_since: None,
            created_run_id: None,
        }
    }

    fn film(title: &str, year: i32, tmdb: Option<&str>) -> Observation {
        let mut o = Observation::new("1", ItemKind::Movie);
        o.facts.title = Some(title.to_owned());
        o.facts.year = Some(year);
        let ids = tmdb.and_then(|id| shelfread_domain::ExternalId::parse("tmdb", id));
        o.facts.external_ids = ids.into_iter().collect();
        o
    }

    #[test]
    fn a_remote_id_alone_is_no_evidence() {
        let heat = record(&film("Heat", 1995, Some("949")));
        assert!(is_evident(&heat, &film("Heat!", 1995, Some("949"))));
        assert!(!is_evident(&heat, &film("Heat", 1995, Some("11"))), "ids contradict");
        let bare = record(&film("Heat", 1995, None));
        assert!(is_evident(&bare, &film("Heat", 1995, None)));
        assert!(!is_evident(&bare, &film("Ran", 1985, None)));
        let show = Observation::new("1", ItemKind::Show);
        assert!(!is_evident(&bare, &show));
    }
}
