//! What a dry run planned so far. The database does not have it, but the next batch must see it.

use std::collections::HashSet;

use shelfread_domain::{
    ExternalIdRecord, ItemId, Known, LibraryId, ListingId, ListingRecord, Plan, RemoteId, Row,
};

/// The catalogue as it would be, as far as the dry run touched it.
#[derive(Default)]
pub(crate) struct Overlay {
    known: Known,
    gone: HashSet<ExternalIdRecord>,
    gone_listings: HashSet<ListingId>,
    gone_items: HashSet<ItemId>,
}

impl Overlay {
    /// What planning must know: what was planned so far over what the database says.
    pub(crate) fn over(&mut self, mut loaded: Known) -> &mut Known {
        self.gone_listings.iter().for_each(|id| loaded.drop_listing(*id));
        self.gone_items.iter().for_each(|id| loaded.drop_item(*id));
        self.known.absorb(loaded, &self.gone);
        &mut self.known
    }

    /// Remembers what a plan takes away, so that the database cannot bring it back.
    pub(crate) fn remember(&mut self, plan: &Plan) {
        for gone in plan.changes.iter().filter(|change| change.after.is_none()) {
            match &gone.before {
                Some(Row::ExternalId(record)) => {
                    self.gone.insert(record.clone());
                }
                Some(Row::Listing(listing)) => {
                    self.gone_listings.insert(listing.id);
                }
                Some(Row::Item(item)) => {
                    self.gone_items.insert(item.id);
                }
                _ => {}
            }
        }
    }

    /// The shows of these remote ids, as far as the dry run met them: the database does not know
    /// that their listings have other remote ids now, and would not find their children.
    pub(crate) fn shows(&self, library: LibraryId, parents: &[RemoteId]) -> Vec<ItemId> {
        parents.iter().filter_map(|id| self.known.show(library, id)).collect()
    }

    /// A listing as the dry run would leave it.
    pub(crate) fn listing(&self, id: ListingId) -> Option<&ListingRecord> {
        self.known.listing(id)
    }

    /// All listings that the dry run touched or read.
    pub(crate) fn listings(&self) -> impl Iterator<Item = &ListingRecord> {
        self.known.listings()
    }
}
