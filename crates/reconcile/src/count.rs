//! Count: what a plan amounts to, in items. Knows the changes and what became of each observation,
//! and nothing of why.

use std::collections::BTreeSet;

use shelfread_domain::{Change, Counts, Field, ItemId, Op, Review, Row};

use crate::draft::{Changes, Draft};

/// What became of an observation.
pub(crate) struct Outcome {
    /// Its item, if it has one.
    pub(crate) item: Option<ItemId>,
    /// Whether it waits for a person since now.
    pub(crate) conflict: bool,
}

/// Adds up. Several observations of one item count as one in all but `seen`.
pub(crate) fn count(draft: &Draft<'_>, changes: &Changes, outcomes: &[Outcome]) -> Counts {
    let changed = changed_items(changes);
    let relinked = changes.listings.iter().filter(|c| c.op == Op::Relink).count();
    let claims = changes.listings.iter().filter(|c| newly_claims(c)).count();
    let conflicts = outcomes.iter().filter(|o| o.conflict).count() + claims;
    let waiting = outcomes.iter().filter(|o| o.item.is_none() && !o.conflict).count();
    let mut counts = Counts {
        seen: outcomes.len() as u64,
        relinked: relinked as u64,
        conflicts: conflicts as u64,
        unchanged: waiting as u64,
        ..Counts::default()
    };
    let items: BTreeSet<ItemId> = outcomes.iter().filter_map(|o| o.item).collect();
    for item in items {
        let count = match item {
            item if draft.is_new(item) => &mut counts.added,
            item if changed.contains(&item) => &mut counts.updated,
            _ => &mut counts.unchanged,
        };
        *count += 1;
    }
    counts
}

/// The item that a change is about.
pub(crate) fn item_of(change: &Change) -> Option<ItemId> {
    change.row().and_then(Row::item_id)
}

/// The items of which something changed. That a listing has another remote id is no change of its
/// item, nor is the new address of the poster that it brings along.
fn changed_items(changes: &Changes) -> BTreeSet<ItemId> {
    let relinked: BTreeSet<_> =
        changes.listings.iter().filter(|c| c.op == Op::Relink).filter_map(item_of).collect();
    let of_item =
        |c: &&Change| !only_poster(c) || item_of(c).is_some_and(|item| !relinked.contains(&item));
    let items = changes.items.iter().filter(of_item);
    let listings = changes.listings.iter().filter(|c| says_more(c));
    let rest = changes.external_ids.iter().chain(&changes.progress);
    items.chain(listings).chain(rest).filter_map(item_of).collect()
}

fn only_poster(change: &Change) -> bool {
    let (Some(Row::Item(before)), Some(Row::Item(after))) = (&change.before, &change.after) else {
        return false;
    };
    before.fields.differing(&after.fields) == [Field::PosterUrl]
        && (before.parent_id, before.season_number, before.episode_number)
            == (after.parent_id, after.season_number, after.episode_number)
}

/// Whether a listing says more than that it has another remote id.
fn says_more(change: &Change) -> bool {
    let (Some(Row::Listing(before)), Some(Row::Listing(after))) = (&change.before, &change.after)
    else {
        return true;
    };
    let same_facts = match change.op {
        Op::Relink => before.facts.same_but_poster(&after.facts),
        _ => before.facts == after.facts,
    };
    !same_facts || (before.missing_since, before.item_id) != (after.missing_since, after.item_id)
}

fn newly_claims(change: &Change) -> bool {
    let review = |row: &Option<Row>| -> Option<Review> {
        match row {
            Some(Row::Listing(l)) if l.item_id.is_some() => l.review.clone(),
            _ => None,
        }
    };
    let after = review(&change.after);
    after.is_some() && after != review(&change.before)
}
