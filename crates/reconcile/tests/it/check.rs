//! What holds for every plan and every catalogue, whatever happened. Knows no test of its own: the
//! engine in memory calls it at each step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use shelfread_domain::record::ReviewReason;
use shelfread_domain::{
    Change, ItemKind, ItemRecord, Known, ListingRecord, MatchBasis, NaturalKey, Plan, Row,
};
use shelfread_reconcile::resolve::{by_priority, effective, resolve};

/// Two plans that must not differ.
#[track_caller]
pub fn same_plan(what: &str, a: &Plan, b: &Plan) {
    for (a, b) in a.changes.iter().zip(&b.changes) {
        assert_eq!(a, b, "{what} makes another change");
    }
    assert_eq!((a.changes.len(), a.counts), (b.changes.len(), b.counts), "{what}: another plan");
}

/// Two catalogues that must not differ.
#[track_caller]
pub fn same_catalogue(a: &Known, b: &Known) {
    let (a, b) = (rows(a), rows(b));
    let row = a.symmetric_difference(&b).next();
    assert_eq!(row, None, "the plan and what planning left as known differ in");
}

/// Every row of a catalogue as text.
pub fn rows(known: &Known) -> BTreeSet<String> {
    fn row(row: impl Debug) -> String {
        format!("{row:?}")
    }
    let mut rows = BTreeSet::new();
    for item in known.items() {
        rows.insert(row(item));
        rows.extend(known.external_ids(item.id).map(|id| row((item.id, item.kind, id))));
        rows.extend(known.overrides(item.id).iter().map(row));
        rows.extend(known.progress_of(item.id).map(row));
        rows.extend(known.settings(item.id).map(row));
    }
    rows.extend(known.listings().map(row));
    rows
}

/// Every change finds the row as it says that it was, no row is changed twice, and none to what it
/// is already.
#[track_caller]
pub fn fits(known: &Known, plan: &Plan) {
    let mut met = BTreeSet::new();
    for change in &plan.changes {
        assert_ne!(change.before, change.after, "changes nothing: {change:?}");
        let row = change.row().unwrap();
        assert_eq!(change.before, present(known, row), "is not so: {change:?}");
        assert!(met.insert((key(row), change.before.is_some())), "changed twice: {change:?}");
        if let (Some(before), Some(after)) = (&change.before, &change.after) {
            assert_eq!(key(before), key(after), "another row: {change:?}");
        }
        is_no_persons(change);
    }
}

/// What a person set goes along with a removed item and is never written.
#[track_caller]
fn is_no_persons(change: &Change) {
    let personal = matches!(change.row(), Some(Row::Settings(_) | Row::Override(_)));
    assert!(!personal || change.after.is_none(), "writes what a person set: {change:?}");
}

fn key(row: &Row) -> String {
    match row {
        Row::Item(r) => r.id.to_string(),
        Row::Listing(r) => r.id.to_string(),
        Row::ExternalId(r) => format!("{} {} {}", r.item_id, r.kind, r.id),
        Row::Progress(r) => format!("{} {}", r.item_id, r.viewer_id),
        Row::Settings(r) => format!("settings {}", r.item_id),
        Row::Override(r) => format!("{} {}", r.item_id, r.field),
    }
}

/// The row of the catalogue with the key of this one.
fn present(known: &Known, row: &Row) -> Option<Row> {
    match row {
        Row::Item(r) => known.item(r.id).cloned().map(Row::from),
        Row::Listing(r) => known.listing(r.id).cloned().map(Row::from),
        Row::ExternalId(r) => {
            (known.owner(r.kind, &r.id) == Some(r.item_id)).then(|| Row::from(r.clone()))
        }
        Row::Progress(r) => known.progress(r.item_id, r.viewer_id).cloned().map(Row::from),
        Row::Settings(r) => known.settings(r.item_id).cloned().map(Row::from),
        Row::Override(r) => {
            known.overrides(r.item_id).iter().find(|o| o.field == r.field).cloned().map(Row::from)
        }
    }
}

/// What the database would refuse, and what `doctor` would find.
#[track_caller]
pub fn sound(known: &Known) {
    unique(known.items().filter_map(ItemRecord::natural_key).filter(is_constrained));
    unique(known.listings().map(|l| (l.library_id, l.remote_id.clone(), l.part)));
    for item in known.items() {
        for id in known.external_ids(item.id) {
            assert_eq!(known.owner(item.kind, id), Some(item.id), "{id} of {item:?}");
        }
        assert_eq!(item.parent_id.is_none(), item.kind.is_top(), "{item:?}");
        let show = item.parent_id.map(|show| known.item(show));
        assert!(show.is_none_or(|show| show.is_some()), "orphan: {item:?}");
        follows(known, item);
    }
    for listing in known.listings() {
        let waits = matches!(listing.match_basis, MatchBasis::Quarantine);
        assert_eq!(waits, listing.item_id.is_none(), "{listing:?}");
        let item = listing.item_id.map(|id| known.item(id).map(|item| item.kind));
        assert!(item.is_none_or(|kind| kind == Some(listing.kind)), "orphan: {listing:?}");
    }
}

/// The database lets episodes without number share a day.
const fn is_constrained(key: &NaturalKey) -> bool {
    !matches!(key, NaturalKey::AirDate(..))
}

#[track_caller]
fn unique<K: Ord + Debug>(keys: impl Iterator<Item = K>) {
    let mut met: BTreeMap<K, ()> = BTreeMap::new();
    for key in keys {
        assert!(!met.contains_key(&key), "twice: {key:?}");
        met.insert(key, ());
    }
}

/// An item shows what its listings say, or a person; its numbers too, unless that is for review or
/// to be looked at again.
#[track_caller]
fn follows(known: &Known, item: &ItemRecord) {
    let listings = by_priority(known, item);
    let said = resolve(item.kind, &listings);
    let overrides = known.overrides(item.id);
    let shown = effective(item, &said.fields, overrides);
    for field in shown.differing(&item.fields) {
        let unsaid = !said.fields.has(field) && overrides.iter().all(|o| o.field != field);
        assert!(unsaid, "{field} of {item:?} does not follow from {listings:?}");
    }
    if listings.iter().any(|l| is_open(l)) {
        return;
    }
    let place = (said.season_number, said.episode_number);
    if place.0.is_some() && (place.1.is_some() || item.kind == ItemKind::Season) {
        let has = (item.season_number, item.episode_number);
        assert_eq!(has, place, "{item:?} does not follow {listings:?}");
    }
    for id in &said.external_ids {
        let owner = known.owner(item.kind, id);
        assert_eq!(owner, Some(item.id), "{id} of {item:?} is not taken");
    }
}

/// Whether a listing waits for a person, or to be looked at again.
fn is_open(listing: &ListingRecord) -> bool {
    let claims = listing.review.as_ref().is_some_and(|r| r.reason == ReviewReason::Claim);
    claims || listing.fingerprint == 0 || listing.match_basis == MatchBasis::Person
}
