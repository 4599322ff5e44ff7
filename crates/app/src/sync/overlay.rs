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
}

impl Overlay {
    /// What planning must know: what was planned so far over what the database says.
    pub(crate) fn over(&mut self, loaded: Known) -> &mut Known {
        self.known.absorb(loaded, &self.gone);
        &mut self.known
    }

    /// Remembers what a plan takes away, so that the database cannot bring it back.
    pub(crate) fn remember(&mut self, plan: &Plan) {
        for change in &plan.changes {
            if let (Some(Row::ExternalId(record)), None) = (&change.before, &change.after) {
                self.gone.insert(record.clone());
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
