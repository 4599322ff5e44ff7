//! What the catalogue knows, as far as one batch needs it: the input of planning besides the
//! observations. The store fills it from a [`Lookup`]; a plan can be applied to it in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use crate::change::{Plan, Row};
use crate::external_id::ExternalId;
use crate::id::{ItemId, LibraryId, ListingId, RemoteId, ViewerId};
use crate::item::{ItemKind, NaturalKey};
use crate::observation::Observation;
use crate::record::{
    ExternalIdRecord, ItemRecord, LibraryRef, ListingRecord, OverrideRecord, ProgressRecord,
    SettingsRecord,
};
use crate::text::title_key;

/// A child of a show as an observation names it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ChildKey {
    /// Remote id of the show.
    pub parent: RemoteId,
    /// Season or episode.
    pub kind: ItemKind,
    /// Number of the season.
    pub season: Option<i32>,
    /// Number of the episode.
    pub episode: Option<i32>,
    /// Day of airing, for an episode without number.
    pub air_date: Option<NaiveDate>,
}

/// What planning a batch needs to know. Every list is without doubles.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// Remote ids of the observations, in the batch's library.
    pub remote_ids: Vec<RemoteId>,
    /// Remote ids of their shows, in the batch's library.
    pub parents: Vec<RemoteId>,
    /// Natural keys (rule 2).
    pub children: Vec<ChildKey>,
    /// External ids (rule 3).
    pub external: Vec<(ItemKind, ExternalId)>,
    /// Keys of files, in any library (rule 4).
    pub file_keys: Vec<i64>,
    /// Keys of moved files, in the batch's library only.
    pub moved_keys: Vec<i64>,
    /// Kind, normalized title and year (rule 5).
    pub titles: Vec<(ItemKind, String, i32)>,
}

impl Lookup {
    /// What is needed to plan these observations.
    pub fn of(observations: &[Observation]) -> Self {
        let mut remote_ids = HashSet::new();
        let mut parents = HashSet::new();
        let mut children = HashSet::new();
        let mut external = HashSet::new();
        let mut file_keys = HashSet::new();
        let mut moved_keys = HashSet::new();
        let mut titles = HashSet::new();
        for o in observations {
            remote_ids.insert(o.remote_id.clone());
            file_keys.extend(o.facts.file_key());
            moved_keys.extend(o.moved_key());
            if let Some(parent) = &o.parent {
                parents.insert(parent.clone());
                children.extend(ChildKey::of(o));
            } else {
                external.extend(o.facts.external_ids.iter().map(|id| (o.kind, id.clone())));
                titles.extend(title_of(o));
            }
        }
        Self {
            remote_ids: remote_ids.into_iter().collect(),
            parents: parents.into_iter().collect(),
            children: children.into_iter().collect(),
            external: external.into_iter().collect(),
            file_keys: file_keys.into_iter().collect(),
            moved_keys: moved_keys.into_iter().collect(),
            titles: titles.into_iter().collect(),
        }
    }
}

impl ChildKey {
    fn of(o: &Observation) -> Option<Self> {
        let f = &o.facts;
        let numbered = match o.kind {
            ItemKind::Season => f.season_number.is_some(),
            _ => f.season_number.is_some() && f.episode_number.is_some(),
        };
        let dated = o.kind == ItemKind::Episode && f.episode_number.is_none();
        if !numbered && (!dated || f.air_date.is_none()) {
            return None;
        }
        Some(Self {
            parent: o.parent.clone()?,
            kind: o.kind,
            season: f.season_number,
            episode: f.episode_number,
            air_date: f.air_date.filter(|_| !numbered),
        })
    }
}

/// The key of rule 5 of an observation: kind, normalized title and year, if it has both.
pub fn title_of(o: &Observation) -> Option<(ItemKind, String, i32)> {
    let year = o.facts.year?;
    let key = title_key(o.facts.title.as_deref()?);
    (!key.is_empty()).then_some((o.kind, key, year))
}

/// The part of the catalogue that one batch needs. Items come with all their listings, external
/// ids and overrides, and with the progress of the source's viewer.
#[derive(Clone, Debug, Default)]
pub struct Known {
    libraries: HashMap<LibraryId, LibraryRef>,
    items: HashMap<ItemId, ItemRecord>,
    listings: HashMap<ListingId, ListingRecord>,
    overrides: HashMap<ItemId, Vec<OverrideRecord>>,
    settings: HashMap<ItemId, SettingsRecord>,
    progress: HashMap<ItemId, BTreeMap<ViewerId, ProgressRecord>>,
    children: HashMap<ItemId, BTreeSet<ItemId>>,
    owners: HashMap<(ItemKind, ExternalId), ItemId>,
    owned: HashMap<ItemId, BTreeSet<ExternalId>>,
    by_remote: HashMap<(LibraryId, RemoteId, u16), ListingId>,
    by_item: HashMap<ItemId, BTreeSet<ListingId>>,
    by_natural: HashMap<NaturalKey, ItemId>,
    by_file: HashMap<i64, BTreeSet<ListingId>>,
    by_moved: HashMap<i64, BTreeSet<ListingId>>,
    by_title: HashMap<(ItemKind, String, i32), BTreeSet<ItemId>>,
    shows: HashMap<(LibraryId, RemoteId), ItemId>,
}

impl Known {
    /// Adds or replaces a library.
    pub fn put_library(&mut self, library: LibraryRef) {
        self.libraries.insert(library.id, library);
    }

    /// Adds or replaces an item.
    pub fn put_item(&mut self, item: ItemRecord) {
        self.drop_item_keys(item.id);
        if let Some(key) = item.natural_key() {
            self.by_natural.insert(key, item.id);
        }
        if let Some(key) = title_index(&item) {
            self.by_title.entry(key).or_default().insert(item.id);
        }
        if let Some(show) = item.parent_id {
            self.children.entry(show).or_default().insert(item.id);
        }
        self.items.insert(item.id, item);
    }

    /// Frees the natural key of an item that is about to get another one, so that items can
    /// exchange their numbers.
    pub fn vacate(&mut self, id: ItemId) {
        if let Some(key) = self.items.get(&id).and_then(ItemRecord::natural_key) {
            self.by_natural.retain_exact(&key, |i| *i == id);
        }
    }

    /// Adds or replaces a listing.
    pub fn put_listing(&mut self, listing: ListingRecord) {
        self.drop_listing(listing.id);
        let (id, library) = (listing.id, listing.library_id);
        self.by_remote.insert((library, listing.remote_id.clone(), listing.part), id);
        if let Some(item) = listing.item_id {
            self.by_item.entry(item).or_default().insert(id);
            if listing.kind == ItemKind::Show {
                self.put_show(library, listing.remote_id.clone(), item);
            }
        }
        if let Some(key) = listing.file_key {
            self.by_file.entry(key).or_default().insert(id);
        }
        if let Some(key) = listing.moved_key {
            self.by_moved.entry(key).or_default().insert(id);
        }
        self.listings.insert(id, listing);
    }

    /// Says which item a remote show is, where its listing itself is not needed.
    pub fn put_show(&mut self, library: LibraryId, remote_id: RemoteId, item: ItemId) {
        self.shows.insert((library, remote_id), item);
    }

    /// Adds an external id.
    pub fn put_external_id(&mut self, record: ExternalIdRecord) {
        self.owned.entry(record.item_id).or_default().insert(record.id.clone());
        self.owners.insert((record.kind, record.id), record.item_id);
    }

    /// Adds or replaces an override.
    pub fn put_override(&mut self, record: OverrideRecord) {
        let all = self.overrides.entry(record.item_id).or_default();
        all.retain(|o| o.field != record.field);
        all.push(record);
    }

    /// Adds or replaces what a person set; needed only where items may be removed.
    pub fn put_settings(&mut self, record: SettingsRecord) {
        self.settings.insert(record.item_id, record);
    }

    /// Adds or replaces progress.
    pub fn put_progress(&mut self, record: ProgressRecord) {
        self.progress.entry(record.item_id).or_default().insert(record.viewer_id, record);
    }

    /// Takes an item with all that hangs on it away, as the database would by constraint.
    pub fn drop_item(&mut self, id: ItemId) {
        self.drop_item_keys(id);
        let kind = self.items.remove(&id).map(|item| item.kind);
        for listing in self.by_item.remove(&id).unwrap_or_default() {
            self.drop_listing(listing);
        }
        for external in self.owned.remove(&id).unwrap_or_default() {
            if let Some(kind) = kind {
                self.owners.retain_exact(&(kind, external), |owner| *owner == id);
            }
        }
        self.overrides.remove(&id);
        self.settings.remove(&id);
        self.progress.remove(&id);
        if kind == Some(ItemKind::Show) {
            self.shows.retain(|_, item| *item != id);
        }
        for child in self.children.remove(&id).unwrap_or_default() {
            self.drop_item(child);
        }
    }

    /// Takes an external id away from its owner.
    pub fn drop_external_id(&mut self, record: &ExternalIdRecord) {
        self.owners.retain_exact(&(record.kind, record.id.clone()), |i| *i == record.item_id);
        if let Some(all) = self.owned.get_mut(&record.item_id) {
            all.remove(&record.id);
        }
    }

    /// Takes a listing away.
    pub fn drop_listing(&mut self, id: ListingId) {
        let Some(old) = self.listings.remove(&id) else { return };
        if let Some(all) = old.item_id.and_then(|item| self.by_item.get_mut(&item)) {
            all.remove(&id);
        }
        let at = (old.library_id, old.remote_id, old.part);
        if self.by_remote.get(&at) == Some(&id) {
            self.by_remote.remove(&at);
            if old.kind == ItemKind::Show {
                self.shows.remove(&(at.0, at.1));
            }
        }
        for (key, index) in [(old.file_key, &mut self.by_file), (old.moved_key, &mut self.by_moved)]
        {
            if let Some(all) = key.and_then(|k| index.get_mut(&k)) {
                all.remove(&id);
            }
        }
    }

    fn drop_item_keys(&mut self, id: ItemId) {
        let Some(old) = self.items.get(&id) else { return };
        if let Some(key) = old.natural_key() {
            self.by_natural.retain_exact(&key, |i| *i == id);
        }
        if let Some(all) = title_index(old).and_then(|key| self.by_title.get_mut(&key)) {
            all.remove(&id);
        }
        if let Some(all) = old.parent_id.and_then(|show| self.children.get_mut(&show)) {
            all.remove(&id);
        }
    }

    /// A library that was put in.
    pub fn library(&self, id: LibraryId) -> Option<&LibraryRef> {
        self.libraries.get(&id)
    }

    /// An item by id.
    pub fn item(&self, id: ItemId) -> Option<&ItemRecord> {
        self.items.get(&id)
    }

    /// All items.
    pub fn items(&self) -> impl Iterator<Item = &ItemRecord> {
        self.items.values()
    }

    /// A listing by id.
    pub fn listing(&self, id: ListingId) -> Option<&ListingRecord> {
        self.listings.get(&id)
    }

    /// All listings.
    pub fn listings(&self) -> impl Iterator<Item = &ListingRecord> {
        self.listings.values()
    }

    /// The listing of a remote id.
    pub fn listing_by_remote(
        &self,
        library: LibraryId,
        remote_id: &RemoteId,
        part: u16,
    ) -> Option<&ListingRecord> {
        self.listing(*self.by_remote.get(&(library, remote_id.clone(), part))?)
    }

    /// The listings of an item, in a stable order.
    pub fn listings_of(&self, item: ItemId) -> impl Iterator<Item = &ListingRecord> {
        self.by_item.get(&item).into_iter().flatten().filter_map(|id| self.listing(*id))
    }

    /// The item that a remote show is.
    pub fn show(&self, library: LibraryId, remote_id: &RemoteId) -> Option<ItemId> {
        self.shows.get(&(library, remote_id.clone())).copied()
    }

    /// The item with a natural key (rule 2).
    pub fn by_natural(&self, key: &NaturalKey) -> Option<ItemId> {
        self.by_natural.get(key).copied()
    }

    /// The item that owns an external id (rule 3).
    pub fn owner(&self, kind: ItemKind, id: &ExternalId) -> Option<ItemId> {
        self.owners.get(&(kind, id.clone())).copied()
    }

    /// The external ids that an item owns, in a stable order.
    pub fn external_ids(&self, item: ItemId) -> impl Iterator<Item = &ExternalId> {
        self.owned.get(&item).into_iter().flatten()
    }

    /// Listings with this file (rule 4), in a stable order.
    pub fn by_file(&self, key: i64) -> impl Iterator<Item = &ListingRecord> {
        self.by_file.get(&key).into_iter().flatten().filter_map(|id| self.listing(*id))
    }

    /// Listings with this moved file, in a stable order.
    pub fn by_moved(&self, key: i64) -> impl Iterator<Item = &ListingRecord> {
        self.by_moved.get(&key).into_iter().flatten().filter_map(|id| self.listing(*id))
    }

    /// Items with this title and year (rule 5), in a stable order.
    pub fn by_title(&self, key: &(ItemKind, String, i32)) -> impl Iterator<Item = ItemId> {
        self.by_title.get(key).into_iter().flatten().copied()
    }

    /// What persons corrected of an item.
    pub fn overrides(&self, item: ItemId) -> &[OverrideRecord] {
        self.overrides.get(&item).map_or(&[], Vec::as_slice)
    }

    /// What a person set for an item.
    pub fn settings(&self, item: ItemId) -> Option<&SettingsRecord> {
        self.settings.get(&item)
    }

    /// The progress of all viewers that was put in.
    pub fn progress_of(&self, item: ItemId) -> impl Iterator<Item = &ProgressRecord> {
        self.progress.get(&item).into_iter().flat_map(BTreeMap::values)
    }

    /// The seasons and episodes of a show that were put in.
    pub fn children(&self, show: ItemId) -> impl Iterator<Item = &ItemRecord> {
        self.children.get(&show).into_iter().flatten().filter_map(|id| self.item(*id))
    }

    /// The progress of a viewer.
    pub fn progress(&self, item: ItemId, viewer: ViewerId) -> Option<&ProgressRecord> {
        self.progress.get(&item)?.get(&viewer)
    }

    /// Takes over what `other` knows besides: rows that are here already stay as they are, and
    /// external ids in `gone` do not come back. With it a dry run goes on from what it planned so
    /// far, although the database does not have it.
    pub fn absorb(&mut self, other: Self, gone: &HashSet<ExternalIdRecord>) {
        let Self {
            libraries, items, listings, overrides, settings, progress, owners, shows, ..
        } = other;
        self.libraries.extend(libraries);
        for item in
            items.into_values().filter(|i| !self.items.contains_key(&i.id)).collect::<Vec<_>>()
        {
            self.put_item(item);
        }
        for (key, item) in shows {
            self.shows.entry(key).or_insert(item);
        }
        let new = |l: &ListingRecord| !self.listings.contains_key(&l.id);
        for listing in listings.into_values().filter(new).collect::<Vec<_>>() {
            self.put_listing(listing);
        }
        for ((kind, id), item_id) in owners {
            let record = ExternalIdRecord { item_id, kind, id };
            if !gone.contains(&record) && self.owner(kind, &record.id).is_none() {
                self.put_external_id(record);
            }
        }
        for (item, all) in overrides {
            self.overrides.entry(item).or_insert(all);
        }
        for (item, record) in settings {
            self.settings.entry(item).or_insert(record);
        }
        for (item, all) in progress {
            let known = self.progress.entry(item).or_default();
            for (viewer, record) in all {
                known.entry(viewer).or_insert(record);
            }
        }
    }

    /// Applies a plan in memory, as the store would.
    pub fn apply(&mut self, plan: &Plan) {
        for change in &plan.changes {
            match (&change.before, &change.after) {
                (_, Some(row)) => self.put_row(row.clone()),
                (Some(row), None) => self.drop_row(row),
                (None, None) => {}
            }
        }
    }

    fn put_row(&mut self, row: Row) {
        match row {
            Row::Item(item) => self.put_item(*item),
            Row::Listing(listing) => self.put_listing(*listing),
            Row::ExternalId(record) => self.put_external_id(record),
            Row::Progress(record) => self.put_progress(record),
            Row::Override(record) => self.put_override(record),
            Row::Settings(record) => self.put_settings(*record),
        }
    }

    fn drop_row(&mut self, row: &Row) {
        match row {
            Row::Item(item) => self.drop_item(item.id),
            Row::Listing(listing) => self.drop_listing(listing.id),
            Row::ExternalId(record) => self.drop_external_id(record),
            Row::Progress(record) => {
                if let Some(all) = self.progress.get_mut(&record.item_id) {
                    all.remove(&record.viewer_id);
                }
            }
            Row::Override(record) => {
                if let Some(all) = self.overrides.get_mut(&record.item_id) {
                    all.retain(|o| o.field != record.field);
                }
            }
            Row::Settings(record) => {
                self.settings.remove(&record.item_id);
            }
        }
    }
}

fn title_index(item: &ItemRecord) -> Option<(ItemKind, String, i32)> {
    Some((item.kind, item.title_key.clone()?, item.fields.year?))
}

/// Removes an entry only while it still says what the caller means, so that a key that was taken
/// over by another row stays with it.
trait RetainExact<K, V> {
    fn retain_exact(&mut self, key: &K, is_ours: impl Fn(&V) -> bool);
}

impl<K: std::hash::Hash + Eq, V> RetainExact<K, V> for HashMap<K, V> {
    fn retain_exact(&mut self, key: &K, is_ours: impl Fn(&V) -> bool) {
        if self.get(key).is_some_and(is_ours) {
            self.remove(key);
        }
    }
}
