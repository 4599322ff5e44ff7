//! Restore: items with all that hangs on them come back from an export, into a catalogue that may
//! know them already. They find their items by the rules of identity, and nothing that is there
//! already is written over: a listing, a setting or a corrected field that the catalogue has stays.
//!
//! It deliberately does not know files or lines, and trusts the ids in what it gets only where
//! nothing else has them.

use std::collections::BTreeSet;

use shelfread_domain::{
    ExternalId, ExternalIdRecord, Facts, ItemId, ItemRecord, Known, LibraryId, ListingRecord,
    NaturalKey, Observation, OverrideRecord, Plan, ProgressRecord, Row, RunId, SettingsRecord,
};
use uuid::Uuid;

use super::{Work, asked};
use crate::matching::{self, Found};

/// An item with all that hangs on it. Its libraries, viewers and show are ours already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Whole {
    /// The item; its id is kept if nothing else has it.
    pub item: ItemRecord,
    /// What sources say of it. Their ids are fresh.
    pub listings: Vec<ListingRecord>,
    /// The external ids that it owns.
    pub external_ids: Vec<ExternalId>,
    /// What a person corrected.
    pub overrides: Vec<OverrideRecord>,
    /// What a person set.
    pub settings: Option<SettingsRecord>,
    /// Who watched it.
    pub progress: Vec<ProgressRecord>,
}

impl Whole {
    /// What sources call it, or what it shows when none says.
    pub fn said_title(&self) -> Option<&str> {
        let said = self.listings.iter().find_map(|l| l.facts.title.as_deref());
        said.or(self.item.fields.title.as_deref())
    }
}

/// What became of some items.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// What is written.
    pub plan: Plan,
    /// The item that each one is here, in their order; `None` for one that has no place.
    pub items: Vec<Option<ItemId>>,
    /// What could not be taken over, with the name of the item.
    pub failures: Vec<(String, String)>,
}

/// Plans how items come back. `known` has everything that the rules of identity could mean: the
/// items of these ids, of these listings' remote ids and files, of these external ids and titles,
/// and of children the tree of their show; all with progress and settings.
pub fn restore(
    known: &mut Known,
    all: Vec<Whole>,
    run: RunId,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Restored {
    let mut said = asked(known);
    for whole in all.iter().filter(|w| w.item.kind.is_top()) {
        let ids = whole.listings.iter().flat_map(|l| &l.facts.external_ids);
        said.extend(ids.chain(&whole.external_ids).map(|id| (whole.item.kind, id.clone())));
    }
    let mut work = Work::new(known, LibraryId(Uuid::nil()), None, &said);
    let mut restored = Restored::default();
    let mut owned = Vec::new();
    for whole in all {
        let label = whole.item.label();
        match work.home(&whole) {
            Ok(home) => {
                let id = work.take_in(whole, home, run, new_id, &mut restored, &mut owned);
                restored.items.push(Some(id));
            }
            Err(why) => {
                restored.items.push(None);
                restored.failures.push((label, why.to_owned()));
            }
        }
    }
    work.own(owned, &mut restored);
    restored.plan = work.finish("imported");
    restored
}

/// An external id that an item owned where it comes from, and the item's name.
type Owned = (ExternalIdRecord, String);

impl Work<'_> {
    /// The item that a whole one is here; `None` for a new one.
    fn home(&self, whole: &Whole) -> Result<Option<ItemId>, &'static str> {
        let known = &*self.draft.known;
        let item = &whole.item;
        if known.item(item.id).is_some_and(|k| (k.kind, k.parent_id) == (item.kind, item.parent_id))
        {
            return Ok(Some(item.id));
        }
        let of_kind = |id: &ItemId| known.item(*id).is_some_and(|k| k.kind == item.kind);
        let listed = whole
            .listings
            .iter()
            .filter_map(|l| known.listing_by_remote(l.library_id, &l.remote_id, l.part)?.item_id);
        let listed: BTreeSet<_> = listed.filter(of_kind).collect();
        let mut listed = listed.into_iter();
        match (listed.next(), listed.next()) {
            (Some(only), None) => return Ok(Some(only)),
            (Some(_), Some(_)) => return Err("its listings belong to different items here"),
            (None, _) => {}
        }
        let place = item.parent_id.and_then(|show| {
            let (season, episode) = (item.season_number, item.episode_number);
            NaturalKey::of(item.kind, show, season, episode, item.fields.air_date)
        });
        if let Some(taken) = place.and_then(|place| known.by_natural(&place)) {
            return Ok(Some(taken));
        }
        let nothing_gone = |_: &ListingRecord| false;
        let seen = observed(whole);
        let library = LibraryId(Uuid::nil());
        match matching::find(known, library, &seen, item.parent_id, &nothing_gone) {
            Found::Item(id, _) => Ok(Some(id)),
            Found::New => Ok(None),
            Found::Nowhere(_) => Err("it could be one of several items here; review or merge them"),
        }
    }

    fn take_in(
        &mut self,
        whole: Whole,
        home: Option<ItemId>,
        run: RunId,
        new_id: &mut dyn FnMut() -> Uuid,
        restored: &mut Restored,
        owned: &mut Vec<Owned>,
    ) -> ItemId {
        let Whole { item, listings, external_ids, overrides, settings, progress } = whole;
        let id = home.unwrap_or_else(|| match self.draft.known.item(item.id) {
            Some(_) => ItemId(new_id()),
            None => item.id,
        });
        let ours = match self.draft.known.item(id).cloned() {
            Some(ours) => {
                self.draft.touch_item(id);
                ours
            }
            None => {
                let new = ItemRecord { id, created_run_id: Some(run), ..item };
                self.draft.add_item(new.clone());
                new
            }
        };
        for listing in listings {
            let listing = ListingRecord { item_id: Some(id), created_run_id: Some(run), ..listing };
            if let Err(why) = self.take_listing(listing) {
                restored.failures.push((ours.label(), why));
            }
        }
        for wish in overrides {
            if self.override_of(id, wish.field).is_none() {
                self.put_override(&ours, OverrideRecord { item_id: id, ..wish });
            }
        }
        if let Some(settings) = settings.filter(|_| self.draft.known.settings(id).is_none()) {
            self.put_settings(&ours, SettingsRecord { item_id: id, ..settings });
        }
        self.take_progress(&ours, progress);
        owned.extend(external_ids.into_iter().map(|external| {
            (ExternalIdRecord { item_id: id, kind: ours.kind, id: external }, ours.label())
        }));
        id
    }

    /// A listing that is known stays as it is; where it belongs to another item, that is told.
    fn take_listing(&mut self, listing: ListingRecord) -> Result<(), String> {
        let at = (listing.library_id, &listing.remote_id, listing.part);
        let Some(known) = self.draft.known.listing_by_remote(at.0, at.1, at.2) else {
            self.draft.put_listing(listing);
            return Ok(());
        };
        match known.item_id {
            item if item == listing.item_id => Ok(()),
            Some(_) => Err(format!("its listing {} belongs to another item here", at.1)),
            None => Err(format!("its listing {} waits for review here", at.1)),
        }
    }

    fn take_progress(&mut self, ours: &ItemRecord, progress: Vec<ProgressRecord>) {
        for ProgressRecord { viewer_id, state, .. } in progress {
            let before = self.draft.known.progress(ours.id, viewer_id).cloned();
            let state = before.as_ref().map_or(state, |b| b.state.newer(state));
            let after = ProgressRecord { item_id: ours.id, viewer_id, state };
            if before.as_ref() != Some(&after) {
                self.draft.known.put_progress(after.clone());
                self.personal(ours, before.map(Row::Progress), Row::Progress(after));
            }
        }
    }

    /// Takes external ids over that no listing says. Those that listings say are settled with them.
    fn own(&mut self, owned: Vec<Owned>, restored: &mut Restored) {
        self.draft.settle();
        for (record, label) in owned {
            match self.draft.known.owner(record.kind, &record.id) {
                Some(owner) if owner == record.item_id => {}
                Some(_) => {
                    let why = format!("its id {} belongs to another item here", record.id);
                    restored.failures.push((label, why));
                }
                None => self.draft.known.put_external_id(record),
            }
        }
    }
}

/// A whole item as a source would show it, to find out which one it is.
fn observed(whole: &Whole) -> Observation {
    let item = &whole.item;
    let mut o = Observation::new(item.id.to_string(), item.kind);
    let said = whole.listings.iter().flat_map(|l| &l.facts.external_ids);
    let external: BTreeSet<_> = said.chain(&whole.external_ids).cloned().collect();
    o.part = whole.listings.first().map_or(0, |l| l.part);
    o.facts = Facts {
        title: whole.said_title().map(str::to_owned),
        year: item.fields.year,
        air_date: item.fields.air_date,
        season_number: item.season_number,
        episode_number: item.episode_number,
        external_ids: external.into_iter().collect(),
        files: whole.listings.iter().flat_map(|l| l.facts.files.clone()).collect(),
        ..Facts::default()
    };
    if !item.kind.is_top() {
        o.facts.external_ids.clear();
    }
    o
}
