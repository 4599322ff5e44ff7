//! Order: what items show when the order of their sources changed, or when one of them is about to
//! be forgotten. Nobody observed anything: the same facts are settled again.

use std::collections::BTreeSet;

use shelfread_domain::{ItemId, Known, LibraryId, ListingId, Plan, Row};

use super::{Work, asked};

/// Settles items again by the order of their sources. What the listings of the libraries in
/// `leaving` say no longer counts; the listings themselves are left to whoever takes the libraries
/// away, and progress is not touched. Places that another item may have are only looked at again in
/// the next run.
///
/// `known` has the items with all their listings, and the owners of all external ids that these
/// say.
pub fn again(known: &mut Known, items: &[ItemId], leaving: &[LibraryId]) -> Plan {
    let asked = asked(known);
    let gone: BTreeSet<ListingId> = items
        .iter()
        .flat_map(|item| known.listings_of(*item))
        .filter(|l| leaving.contains(&l.library_id))
        .map(|l| l.id)
        .collect();
    let mut work = Work::new(known, LibraryId(uuid::Uuid::nil()), None, &asked);
    for item in items {
        work.draft.touch_item(*item);
    }
    for id in &gone {
        work.draft.remove_listing(*id);
    }
    let mut plan = work.finish("the order of the sources changed");
    plan.changes.retain(
        |change| !matches!(change.row(), Some(Row::Listing(listing)) if gone.contains(&listing.id)),
    );
    plan.counts = super::counted(&plan.changes);
    plan
}
