//! A draft: a working copy of what is known, with the rows as they were before. The plan is the
//! difference, one change per row. Knows nothing of observations or of why rows change.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use shelfread_domain::{
    Change, ExternalId, ExternalIdRecord, ItemId, ItemKind, ItemRecord, Known, LibraryId,
    ListingId, ListingRecord, NaturalKey, Op, RemoteId, Row, ViewerId,
};

use crate::settle::Claim;

pub(crate) struct Draft<'a> {
    pub(crate) known: &'a mut Known,
    /// The library whose listing is at work.
    pub(crate) library: LibraryId,
    /// Whose play state its source reads.
    pub(crate) viewer: Option<ViewerId>,
    /// Touched items.
    pub(crate) items: BTreeMap<ItemId, Was>,
    /// Touched listings as they were; `None` for new ones.
    pub(crate) listings: BTreeMap<ListingId, Option<ListingRecord>>,
    /// Listings that an observation of this batch stands for.
    pub(crate) observed: BTreeSet<ListingId>,
    /// Places that the observations of this batch say, so that it is known who has them.
    pub(crate) asked: HashSet<NaturalKey>,
    /// What was seen of the library, while it is being listed.
    pub(crate) sight: Option<Sight<'a>>,
    /// Items that were touched since they were settled.
    pub(crate) stale: BTreeSet<ItemId>,
    /// What items claim although others have it, by the last time they were settled.
    pub(crate) claims: BTreeMap<ItemId, Claim>,
    /// What went along with removed items.
    removed: Vec<Change>,
}

/// What was seen of a library so far.
pub(crate) struct Sight<'a> {
    /// Whether everything is to be listed.
    pub(crate) full: bool,
    /// Remote ids and parts of this batch.
    pub(crate) batch: HashSet<(&'a RemoteId, u16)>,
    /// External ids that the observations of this batch say.
    pub(crate) external_ids: HashSet<(ItemKind, &'a ExternalId)>,
    /// Whether a remote id was seen in this run.
    pub(crate) seen: &'a (dyn Fn(&RemoteId, u16) -> bool + Sync),
}

/// A touched item as it was.
#[derive(Default)]
pub(crate) struct Was {
    /// `None` for a new one.
    pub(crate) item: Option<ItemRecord>,
    /// The external ids that it owned.
    pub(crate) external_ids: Vec<ExternalId>,
    /// Those of its listings, then or now, that were touched.
    pub(crate) listings: Vec<ListingId>,
}

/// The changes of a draft by table.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) removed: Vec<Change>,
    pub(crate) items: Vec<Change>,
    pub(crate) listings: Vec<Change>,
    pub(crate) external_ids: Vec<Change>,
    pub(crate) progress: Vec<Change>,
}

impl Changes {
    /// All of them in the order in which they are applied: what goes before what comes, and what
    /// is referred to before what refers to it.
    pub(crate) fn into_vec(self) -> Vec<Change> {
        let (gone, listings): (Vec<_>, Vec<_>) =
            self.listings.into_iter().partition(|c| c.after.is_none());
        let parts = [gone, self.removed, self.items, listings, self.external_ids, self.progress];
        parts.into_iter().flatten().collect()
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        known: &'a mut Known,
        library: LibraryId,
        viewer: Option<ViewerId>,
        sight: Option<Sight<'a>>,
    ) -> Self {
        Self {
            known,
            library,
            viewer,
            items: BTreeMap::new(),
            listings: BTreeMap::new(),
            observed: BTreeSet::new(),
            asked: HashSet::new(),
            sight,
            stale: BTreeSet::new(),
            claims: BTreeMap::new(),
            removed: Vec::new(),
        }
    }

    /// Adds a new item.
    pub(crate) fn add_item(&mut self, item: ItemRecord) {
        self.items.insert(item.id, Was::default());
        self.stale.insert(item.id);
        self.known.put_item(item);
    }

    /// Remembers an item as it is, because something that it depends on is about to change.
    pub(crate) fn touch_item(&mut self, id: ItemId) -> Option<&mut Was> {
        let item = self.known.item(id)?;
        self.stale.insert(id);
        Some(self.items.entry(id).or_insert_with(|| Was {
            item: Some(item.clone()),
            external_ids: self.known.external_ids(id).cloned().collect(),
            listings: Vec::new(),
        }))
    }

    /// Whether an item is made by this draft.
    pub(crate) fn is_new(&self, id: ItemId) -> bool {
        self.items.get(&id).is_some_and(|was| was.item.is_none())
    }

    /// Whether a listing of this library could be there under another remote id, or gone: nothing
    /// in this run stood for it so far. An id of this batch that did not lead to its listing names
    /// something else.
    pub(crate) fn is_gone(&self, l: &ListingRecord) -> bool {
        self.sight.as_ref().is_some_and(|sight| {
            sight.full
                && l.library_id == self.library
                && !self.observed.contains(&l.id)
                && (sight.batch.contains(&(&l.remote_id, l.part))
                    || !(sight.seen)(&l.remote_id, l.part))
        })
    }

    /// Adds or replaces a listing.
    pub(crate) fn put_listing(&mut self, after: ListingRecord) {
        let before = self.known.listing(after.id);
        if before == Some(&after) {
            return;
        }
        let before = before.cloned();
        self.touch_items_of(after.id, [before.as_ref(), Some(&after)]);
        self.listings.entry(after.id).or_insert(before);
        self.known.put_listing(after);
    }

    /// Removes a listing; its item stays.
    pub(crate) fn remove_listing(&mut self, id: ListingId) {
        let Some(before) = self.known.listing(id).cloned() else { return };
        self.touch_items_of(id, [Some(&before), None]);
        self.listings.entry(id).or_insert(Some(before));
        self.known.drop_listing(id);
    }

    fn touch_items_of(&mut self, id: ListingId, states: [Option<&ListingRecord>; 2]) {
        for item in states.into_iter().flatten().filter_map(|l| l.item_id) {
            if let Some(was) = self.touch_item(item)
                && !was.listings.contains(&id)
            {
                was.listings.push(id);
            }
        }
    }

    /// The listings of an item as they were before this draft.
    pub(crate) fn listings_before<'s>(
        &'s self,
        item: &'s ItemRecord,
    ) -> impl Iterator<Item = &'s ListingRecord> {
        let touched = self.items.get(&item.id).map_or(&[][..], |was| &was.listings);
        let untouched =
            self.known.listings_of(item.id).filter(|l| !self.listings.contains_key(&l.id));
        let before = touched.iter().filter_map(|id| self.listings.get(id)?.as_ref());
        before.filter(|l| l.item_id == Some(item.id)).chain(untouched)
    }

    /// Removes an item with its children and all that hangs on them, and says how many items that
    /// were. Their rows become changes of their own, so that a revert can bring every one back.
    pub(crate) fn remove_item(&mut self, id: ItemId, reason: &'static str) -> u64 {
        let children: Vec<_> = self.known.children(id).map(|child| child.id).collect();
        let below: u64 = children.into_iter().map(|child| self.remove_item(child, reason)).sum();
        let Some(item) = self.known.item(id).cloned() else { return below };
        let listings: Vec<_> = self.known.listings_of(id).cloned().collect();
        let listings = listings.into_iter().filter_map(|l| match self.listings.remove(&l.id) {
            Some(before) => before,
            None => Some(l),
        });
        let mut rows: Vec<_> = listings.map(|l| Row::Listing(Box::new(l))).collect();
        rows.extend(self.rows_of(&item));
        rows.push(Row::Item(Box::new(item.clone())));
        self.removed.extend(rows.into_iter().map(|row| Change {
            op: Op::Remove,
            kind: item.kind,
            label: item.label(),
            before: Some(row),
            after: None,
            reason: Cow::Borrowed(reason),
            basis: None,
        }));
        self.known.drop_item(id);
        below + 1
    }

    /// What hangs on an item besides its listings and children.
    fn rows_of(&self, item: &ItemRecord) -> Vec<Row> {
        let external_ids = self.known.external_ids(item.id);
        let settings = self.known.settings(item.id).cloned().map(|s| Row::Settings(Box::new(s)));
        let overrides = self.known.overrides(item.id).iter().cloned().map(Row::Override);
        let progress = self.known.progress_of(item.id).cloned().map(Row::Progress);
        let external_ids = external_ids.map(|id| Row::ExternalId(owned(item, id.clone())));
        settings.into_iter().chain(overrides).chain(progress).chain(external_ids).collect()
    }

    /// Settles what was touched and gives the difference.
    pub(crate) fn finish(&mut self) -> Changes {
        self.settle();
        self.mark_claims();
        let progress = self.settle_progress();
        Changes {
            removed: std::mem::take(&mut self.removed),
            items: self.item_changes(),
            listings: self.listing_changes(),
            external_ids: self.external_id_changes(),
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
        let change = |(id, was): (&ItemId, &Was)| {
            let before = was.item.as_ref();
            let after = self.known.item(*id).filter(|after| before != Some(after))?;
            Some(Change {
                op: if before.is_some() { Op::Update } else { Op::Add },
                kind: after.kind,
                label: after.label(),
                before: before.map(|i| Row::Item(Box::new(i.clone()))),
                after: Some(Row::Item(Box::new(after.clone()))),
                reason: self.reason(before.is_none()),
                basis: None,
            })
        };
        let mut changes: Vec<_> = self.items.iter().filter_map(change).collect();
        changes.sort_by_key(|c| (c.kind.level(), c.op == Op::Add));
        changes
    }

    fn listing_changes(&self) -> Vec<Change> {
        let change = |(id, before): (&ListingId, &Option<ListingRecord>)| {
            let (before, after) = (before.as_ref(), self.known.listing(*id));
            match (before, after) {
                (Some(before), None) => Some(self.listing_gone(before)),
                (_, Some(after)) if before != Some(after) => {
                    Some(self.listing_change(before, after))
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
            Some(_) if after.remote_id == parked(after.id) => Op::Update,
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
                (Op::Update, _) if after.remote_id == parked(after.id) => {
                    Cow::Borrowed("its remote id names another object now")
                }
                (Op::Return, _) => Cow::Borrowed("listed again"),
                (Op::Missing, _) => Cow::Owned(format!("{} no longer lists it", self.source())),
                (Op::Quarantine, Some(review)) => Cow::Borrowed(review.reason.as_str()),
                _ => self.reason(before.is_none()),
            },
            basis: Some(after.match_basis),
        }
    }

    fn external_id_changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (id, was) in &self.items {
            let Some(item) = self.known.item(*id).filter(|item| item.kind.is_top()) else {
                continue;
            };
            let row = |id: &ExternalId| Some(Row::ExternalId(owned(item, id.clone())));
            let owns = |id: &ExternalId| self.known.owner(item.kind, id) == Some(item.id);
            let gone = was.external_ids.iter().filter(|id| !owns(id));
            changes.extend(gone.map(|id| self.small_change(item, row(id), None)));
            let new = self.known.external_ids(item.id).filter(|id| !was.external_ids.contains(id));
            changes.extend(new.map(|id| self.small_change(item, None, row(id))));
        }
        changes.sort_by_key(|c| c.op != Op::Remove);
        changes
    }

    /// A change of a row that hangs on an item.
    pub(crate) fn small_change(
        &self,
        item: &ItemRecord,
        before: Option<Row>,
        after: Option<Row>,
    ) -> Change {
        Change {
            op: match (&before, &after) {
                (None, _) => Op::Add,
                (_, None) => Op::Remove,
                _ => Op::Update,
            },
            kind: item.kind,
            label: item.label(),
            before,
            after,
            reason: Cow::Owned(format!("{} says so", self.source())),
            basis: None,
        }
    }

    fn label(&self, listing: &ListingRecord) -> String {
        let item = listing.item_id.and_then(|id| {
            self.known.item(id).or_else(|| self.items.get(&id).and_then(|was| was.item.as_ref()))
        });
        let title = || listing.facts.title.clone().unwrap_or_else(|| listing.remote_id.0.clone());
        item.map_or_else(title, ItemRecord::label)
    }
}

/// What a listing is called while its remote id names another object.
pub(crate) fn parked(id: ListingId) -> RemoteId {
    RemoteId(format!("given away: {id}"))
}

/// The row of an external id that an item owns.
pub(crate) fn owned(item: &ItemRecord, id: ExternalId) -> ExternalIdRecord {
    ExternalIdRecord { item_id: item.id, kind: item.kind, id }
}
