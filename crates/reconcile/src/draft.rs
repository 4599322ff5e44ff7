//! A draft: a working copy of what is known, with the rows as they were before. The plan is the
//! difference, one change per row. Knows nothing of observations or of why rows change.

use std::borrow::Cow;
use std::collections::BTreeMap;

use shelfread_domain::{
    Change, ItemId, ItemRecord, Known, LibraryId, ListingId, ListingRecord, Op, Row, ViewerId,
};

pub(crate) struct Draft<'a> {
    pub(crate) known: &'a mut Known,
    /// The library whose listing is at work.
    pub(crate) library: LibraryId,
    /// Whose play state its source reads.
    pub(crate) viewer: Option<ViewerId>,
    /// Touched rows as they were; `None` for new ones.
    pub(crate) items: BTreeMap<ItemId, Option<ItemRecord>>,
    pub(crate) listings: BTreeMap<ListingId, Option<ListingRecord>>,
    /// What went along with removed items.
    removed: Vec<Change>,
}

/// The changes of a draft by table, in the order in which they are applied.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) removed: Vec<Change>,
    pub(crate) items: Vec<Change>,
    pub(crate) listings: Vec<Change>,
    pub(crate) external_ids: Vec<Change>,
    pub(crate) progress: Vec<Change>,
}

impl Changes {
    pub(crate) fn into_vec(self) -> Vec<Change> {
        [self.removed, self.items, self.listings, self.external_ids, self.progress].concat()
    }
}

impl<'a> Draft<'a> {
    pub(crate) const fn new(
        known: &'a mut Known,
        library: LibraryId,
        viewer: Option<ViewerId>,
    ) -> Self {
        Self {
            known,
            library,
            viewer,
            items: BTreeMap::new(),
            listings: BTreeMap::new(),
            removed: Vec::new(),
        }
    }

    /// Adds a new item.
    pub(crate) fn add_item(&mut self, item: ItemRecord) {
        self.items.insert(item.id, None);
        self.known.put_item(item);
    }

    /// Remembers an item as it is, because something that it depends on is about to change.
    pub(crate) fn touch_item(&mut self, id: ItemId) {
        if let Some(item) = self.known.item(id) {
            self.items.entry(id).or_insert_with(|| Some(item.clone()));
        }
    }

    /// Whether an item is made by this draft.
    pub(crate) fn is_new(&self, id: ItemId) -> bool {
        self.items.get(&id) == Some(&None)
    }

    /// Adds or replaces a listing.
    pub(crate) fn put_listing(&mut self, after: ListingRecord) {
        let before = self.known.listing(after.id).cloned();
        if before.as_ref() == Some(&after) {
            return;
        }
        for item in [before.as_ref().and_then(|l| l.item_id), after.item_id].into_iter().flatten() {
            self.touch_item(item);
        }
        self.listings.entry(after.id).or_insert(before);
        self.known.put_listing(after);
    }

    /// Removes a listing; its item stays.
    pub(crate) fn remove_listing(&mut self, id: ListingId) {
        let Some(before) = self.known.listing(id).cloned() else { return };
        if let Some(item) = before.item_id {
            self.touch_item(item);
        }
        self.listings.entry(id).or_insert(Some(before));
        self.known.drop_listing(id);
    }

    /// Removes an item with its children and all that hangs on them. Their rows become changes of
    /// their own, so that a revert can bring every one of them back.
    pub(crate) fn remove_item(&mut self, id: ItemId, reason: &'static str) -> u64 {
        let children: Vec<_> = self.known.children(id).map(|child| child.id).collect();
        let below: u64 = children.into_iter().map(|child| self.remove_item(child, reason)).sum();
        let Some(item) = self.known.item(id).cloned() else { return below };
        let gone = |row: Row| Change {
            op: Op::Remove,
            kind: item.kind,
            label: item.label(),
            before: Some(row),
            after: None,
            reason: Cow::Borrowed(reason),
            basis: None,
        };
        let known = &*self.known;
        let external = known.external_ids(id).map(|e| {
            Row::ExternalId(shelfread_domain::ExternalIdRecord {
                item_id: id,
                kind: item.kind,
                id: e.clone(),
            })
        });
        let settings = known.settings(id).cloned().map(|s| Row::Settings(Box::new(s)));
        let overrides = known.overrides(id).iter().cloned().map(Row::Override);
        let progress = known.progress_of(id).cloned().map(Row::Progress);
        let listings = known.listings_of(id).cloned().map(|l| Row::Listing(Box::new(l)));
        let rows = settings.into_iter().chain(overrides).chain(progress).chain(external);
        self.removed.extend(rows.chain(listings).map(gone));
        self.removed.push(gone(Row::Item(Box::new(item.clone()))));
        self.items.remove(&id);
        self.known.drop_item(id);
        below + 1
    }

    /// Settles what was touched and gives the difference.
    pub(crate) fn finish(&mut self) -> Changes {
        self.settle_numbers();
        self.settle_fields();
        let external_ids = self.settle_external_ids();
        let progress = self.settle_progress();
        Changes {
            removed: std::mem::take(&mut self.removed),
            items: self.item_changes(),
            listings: self.listing_changes(),
            external_ids,
            progress,
        }
    }

    /// The name of the source at work.
    pub(crate) fn source(&self) -> &str {
        self.known.library(self.library).map_or("the source", |l| l.source_name.as_str())
    }

    fn reason(&self, new: bool) -> Cow<'static, str> {
        match new {
            true => Cow::Borrowed("listed for the first time"),
            false => Cow::Owned(format!("{} says so", self.source())),
        }
    }

    fn item_changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (id, before) in &self.items {
            let Some(after) = self.known.item(*id) else { continue };
            if before.as_ref() == Some(after) {
                continue;
            }
            changes.push(Change {
                op: if before.is_some() { Op::Update } else { Op::Add },
                kind: after.kind,
                label: after.label(),
                before: before.clone().map(|i| Row::Item(Box::new(i))),
                after: Some(Row::Item(Box::new(after.clone()))),
                reason: self.reason(before.is_none()),
                basis: None,
            });
        }
        changes.sort_by_key(|c| (c.op != Op::Add, c.kind.level()));
        changes
    }

    fn listing_changes(&self) -> Vec<Change> {
        let change = |(id, before): (&ListingId, &Option<ListingRecord>)| {
            let after = self.known.listing(*id);
            match (before, after) {
                (Some(before), None) => Some(self.listing_gone(before)),
                (before, Some(after)) if before.as_ref() != Some(after) => {
                    Some(self.listing_change(before.as_ref(), after))
                }
                _ => None,
            }
        };
        self.listings.iter().filter_map(change).collect()
    }

    fn listing_gone(&self, before: &ListingRecord) -> Change {
        Change {
            op: Op::Remove,
            kind: before.kind,
            label: self.label(before),
            before: Some(Row::Listing(Box::new(before.clone()))),
            after: None,
            reason: Cow::Owned(format!("{} no longer lists it", self.source())),
            basis: None,
        }
    }

    fn listing_change(&self, before: Option<&ListingRecord>, after: &ListingRecord) -> Change {
        let op = match before {
            _ if after.item_id.is_none() => Op::Quarantine,
            None => Op::Add,
            Some(b) if b.remote_id != after.remote_id => Op::Relink,
            Some(b) if b.missing_since.is_some() && after.missing_since.is_none() => Op::Return,
            Some(b) if b.missing_since.is_none() && after.missing_since.is_some() => Op::Missing,
            Some(_) => Op::Update,
        };
        Change {
            op,
            kind: after.kind,
            label: self.label(after),
            before: before.map(|l| Row::Listing(Box::new(l.clone()))),
            after: Some(Row::Listing(Box::new(after.clone()))),
            reason: match (op, &after.review) {
                (Op::Relink, _) => Cow::Borrowed("the same object has another remote id"),
                (Op::Return, _) => Cow::Borrowed("listed again"),
                (Op::Missing, _) => Cow::Owned(format!("{} no longer lists it", self.source())),
                (Op::Quarantine, Some(review)) => Cow::Borrowed(review.reason.as_str()),
                _ => self.reason(before.is_none()),
            },
            basis: Some(after.match_basis),
        }
    }

    fn label(&self, listing: &ListingRecord) -> String {
        let item = listing.item_id.and_then(|id| self.known.item(id));
        let title = || listing.facts.title.clone().unwrap_or_else(|| listing.remote_id.0.clone());
        item.map_or_else(title, ItemRecord::label)
    }
}
