//! Departures: what a complete listing did not show. Only here can anything be removed, and only
//! after the guard.

use std::collections::{BTreeSet, HashMap, HashSet};

use shelfread_domain::id::HoldId;
use shelfread_domain::{
    Existing, ItemId, Known, ListingId, ListingRecord, OnMissing, Plan, RemoteId,
};
use shelfread_reconcile::guard::{Loss, Verdict, judge};
use shelfread_reconcile::removal::{self, Departure};
use shelfread_store::{Batch, ChangeState, HoldRow, HoldState, LibraryRow, ListingKey};
use twox_hash::XxHash3_128;
use uuid::Uuid;

use super::index::{Index, key, seen_in};
use super::listing::Listing;
use super::overlay::Overlay;
use super::run::Run;
use crate::error::Result;

/// Listings whose items are loaded and removed in one transaction.
const CHUNK: usize = 500;
/// What leaves in one transaction: its rows lie all over the tables and their indexes, and what
/// does not fit into the cache of a transaction is written twice.
const LEAVING_AT_ONCE: usize = 125;

/// What of a library was not seen.
#[derive(Default)]
pub(super) struct Absent {
    /// Their item is listed under another remote id.
    superseded: Vec<ListingKey>,
    /// Gone, for all that the listing shows.
    pub(super) leaving: Vec<ListingKey>,
    /// Items that the library had before this run.
    had: u64,
}

/// Why listings leave.
#[derive(Clone, Copy)]
enum Leaving {
    /// Their items are listed under other remote ids.
    Superseded,
    /// The source no longer has them.
    Gone,
}

impl Run<'_> {
    /// Draws the conclusions from a complete listing.
    pub(super) async fn conclude_library(&mut self, listing: &Listing) -> Result<()> {
        let library = &listing.library.row;
        if !listing.index.all_seen() && self.request.existing != Existing::Skip {
            let absent = self.absent(library, &listing.index, &listing.unreadable).await?;
            self.depart(library, &listing.index, absent, listing.received).await?;
        }
        let whole = self.request.existing == Existing::Update && !self.request.dry_run;
        if whole {
            self.app.store.set_library_complete(library.id, self.id, self.started).await?;
        }
        if whole && self.report.counts.held == 0 {
            self.app.store.supersede_holds(library.id, self.app.clock.now()).await?;
        }
        Ok(())
    }

    /// A library that the source no longer has is like one that lists nothing: a person decides.
    pub(super) async fn library_vanished(&mut self, library: &LibraryRow) -> Result<()> {
        if self.request.existing == Existing::Skip {
            return Ok(());
        }
        let index = Index::default();
        let absent = self.absent(library, &index, &HashSet::new()).await?;
        if absent.leaving.is_empty() {
            return Ok(());
        }
        self.depart(library, &index, absent, 0).await
    }

    async fn depart(
        &mut self,
        library: &LibraryRow,
        index: &Index,
        absent: Absent,
        listed: u64,
    ) -> Result<()> {
        for chunk in absent.superseded.chunks(CHUNK) {
            self.apply_departures(library, index, chunk, Leaving::Superseded).await?;
        }
        if absent.leaving.is_empty() || self.request.existing != Existing::Update {
            return Ok(());
        }
        let losing: HashSet<ItemId> = absent.leaving.iter().filter_map(|k| k.item_id).collect();
        let loss = Loss {
            had: absent.had,
            losing: losing.len() as u64,
            listed,
            other_server: self.other_server,
            limit: self.source.max_removals,
        };
        match judge(&loss) {
            Verdict::Apply => self.remove_all(library, index, &absent.leaving).await,
            Verdict::Hold(reason) => self.hold(library, &absent.leaving, &loss, reason).await,
        }
    }

    /// Does what the policy says with listings that are gone.
    pub(super) async fn remove_all(
        &mut self,
        library: &LibraryRow,
        index: &Index,
        leaving: &[ListingKey],
    ) -> Result<()> {
        for chunk in leaving.chunks(LEAVING_AT_ONCE) {
            self.apply_departures(library, index, chunk, Leaving::Gone).await?;
        }
        Ok(())
    }

    /// What the listing did not show, shows before seasons before episodes.
    pub(super) async fn absent(
        &self,
        library: &LibraryRow,
        index: &Index,
        unreadable: &HashSet<RemoteId>,
    ) -> Result<Absent> {
        let stands = |remote_id: &RemoteId, part| {
            index.is_seen(key(remote_id.as_str(), part)) || unreadable.contains(remote_id)
        };
        let mut unseen = self.unseen(library, index).await?;
        unseen.retain(|l| !stands(&l.remote_id, l.part));
        let items: BTreeSet<ItemId> = unseen.iter().filter_map(|l| l.item_id).collect();
        let items: Vec<ItemId> = items.into_iter().collect();
        let mut beside = Vec::new();
        for part in items.chunks(CHUNK) {
            beside.extend(self.app.store.listing_keys_of(library.id, part).await?);
        }
        let overlay = self.overlay.iter().flat_map(Overlay::listings);
        let planned: HashMap<ListingId, &ListingRecord> =
            overlay.filter(|l| l.library_id == library.id).map(|l| (l.id, l)).collect();
        let stored = beside.iter().filter(|l| !planned.contains_key(&l.id));
        let places = stored.map(|l| (&l.remote_id, l.part, l.item_id));
        let places = places.chain(planned.values().map(|l| (&l.remote_id, l.part, l.item_id)));
        let present: HashSet<ItemId> = places
            .filter(|(id, part, _)| stands(id, *part))
            .filter_map(|(.., item)| item)
            .collect();
        unseen.retain(|l| l.kept_since.is_none() && self.has_to_go(l));
        unseen.sort_by_key(|l| (l.kind.level(), l.id));
        let has_other = |l: &ListingKey| l.item_id.is_some_and(|item| present.contains(&item));
        let (superseded, leaving): (Vec<_>, Vec<_>) = unseen.into_iter().partition(has_other);
        let gone_before = leaving.iter().filter(|l| l.missing_since.is_some()).count() as u64;
        // Items that joined in this run do not make a loss smaller.
        let listed = self.app.store.count_items(library.id).await?;
        let had = index.present().min(listed) + gone_before;
        Ok(Absent { superseded, leaving, had })
    }

    /// The listings of a library whose remote id was not seen. A dry run has given other remote
    /// ids to some, and the database does not know it.
    async fn unseen(&self, library: &LibraryRow, index: &Index) -> Result<Vec<ListingKey>> {
        let mut unseen = match index.suspects() {
            Some(ids) => self.unseen_of(library, index, &ids).await?,
            None => self.unseen_of_all(library, index).await?,
        };
        if let Some(overlay) = &self.overlay {
            unseen.retain(|l| overlay.listing(l.id).is_none());
            let known = |l: &&ListingRecord| {
                l.library_id == library.id && l.created_run_id != Some(self.id)
            };
            unseen.extend(overlay.listings().filter(known).map(ListingKey::of));
        }
        Ok(unseen)
    }

    async fn unseen_of(
        &self,
        library: &LibraryRow,
        index: &Index,
        ids: &[ListingId],
    ) -> Result<Vec<ListingKey>> {
        let mut unseen = Vec::with_capacity(ids.len());
        for part in ids.chunks(CHUNK) {
            unseen.extend(self.app.store.listing_keys_by_id(library.id, part).await?);
        }
        // Somebody else may have given one another remote id meanwhile.
        unseen.retain(|l| !index.is_seen(key(l.remote_id.as_str(), l.part)));
        Ok(unseen)
    }

    async fn unseen_of_all(&self, library: &LibraryRow, index: &Index) -> Result<Vec<ListingKey>> {
        let mut places = Vec::new();
        let each = |remote_id: &str, part: u16| {
            if !index.is_seen(key(remote_id, part)) {
                places.push((remote_id.to_owned(), part));
            }
        };
        self.app.store.for_each_remote_id(library.id, each).await?;
        let mut unseen = Vec::new();
        for part in places.chunks(CHUNK) {
            unseen.extend(self.app.store.listing_keys(library.id, part).await?);
        }
        Ok(unseen)
    }

    /// Whether the policy has anything left to do with a listing that is gone.
    fn has_to_go(&self, listing: &ListingKey) -> bool {
        match (self.source.on_missing, listing.missing_since) {
            (OnMissing::Remove, _) | (_, None) => true,
            (OnMissing::Keep, Some(_)) => false,
            (OnMissing::Grace { days }, Some(since)) => {
                (self.started - since).num_days() >= i64::from(days)
            }
        }
    }

    async fn apply_departures(
        &mut self,
        library: &LibraryRow,
        index: &Index,
        chunk: &[ListingKey],
        kind: Leaving,
    ) -> Result<()> {
        let listings: Vec<ListingId> = chunk.iter().map(|l| l.id).collect();
        let (superseded, leaving): (&[_], &[_]) = match kind {
            Leaving::Superseded => (&listings, &[]),
            Leaving::Gone => (&[], &listings),
        };
        let store = self.app.store.clone();
        let mut transaction = store.begin(Some(&self.lease)).await?;
        let mut loaded = self.load_departing(&mut transaction, library, chunk).await?;
        let seen = seen_in(index);
        let departure = Departure { seen: &seen, ..self.departure(library) };
        let plan: Plan = match &mut self.overlay {
            None => {
                let plan = removal::plan(&mut loaded, superseded, leaving, &departure);
                self.write(&mut transaction, &plan).await?;
                transaction.commit().await?;
                plan
            }
            Some(overlay) => {
                let known = overlay.over(loaded);
                let plan = removal::plan(known, superseded, leaving, &departure);
                overlay.remember(&plan);
                plan
            }
        };
        self.report.counts += plan.counts;
        self.show(&plan.changes);
        Ok(())
    }

    fn departure(&self, library: &LibraryRow) -> Departure<'static> {
        Departure {
            library: library.id,
            run: self.id,
            policy: self.source.on_missing,
            now: self.started,
            seen: &|_, _| false,
        }
    }

    /// The items of listings with their whole trees, and the listings that have no item.
    async fn load_departing(
        &self,
        transaction: &mut Batch,
        library: &LibraryRow,
        chunk: &[ListingKey],
    ) -> Result<Known> {
        let items: BTreeSet<ItemId> = chunk.iter().filter_map(|l| l.item_id).collect();
        let items: Vec<ItemId> = items.into_iter().collect();
        let mut loaded = transaction.load_tree(&items).await?;
        let without_item: Vec<ListingId> =
            chunk.iter().filter(|l| l.item_id.is_none()).map(|l| l.id).collect();
        for listing in self.app.store.listings_by_ids(&without_item).await? {
            loaded.put_listing(listing);
        }
        loaded.put_library(self.library_ref(library));
        Ok(loaded)
    }

    /// What these listings would take with them.
    async fn planned_departures(
        &self,
        transaction: &mut Batch,
        library: &LibraryRow,
        chunk: &[ListingKey],
    ) -> Result<Plan> {
        let mut loaded = self.load_departing(transaction, library, chunk).await?;
        let nothing_seen = |_: &RemoteId, _| false;
        let departure = Departure { seen: &nothing_seen, ..self.departure(library) };
        let listings: Vec<_> = chunk.iter().map(|l| l.id).collect();
        Ok(removal::plan(&mut loaded, &[], &listings, &departure))
    }

    /// Whether anything is left to decide. What is marked as missing already, and stays for what
    /// hangs on it, would make a person decide about nothing for ever.
    async fn changes_anything(
        &self,
        transaction: &mut Batch,
        library: &LibraryRow,
        leaving: &[ListingKey],
    ) -> Result<bool> {
        for chunk in leaving.chunks(CHUNK) {
            if !self.planned_departures(transaction, library, chunk).await?.changes.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Keeps removals as they were planned, for a person. The same removals that wait already are
    /// not recorded twice.
    async fn hold(
        &mut self,
        library: &LibraryRow,
        leaving: &[ListingKey],
        loss: &Loss,
        reason: String,
    ) -> Result<()> {
        let store = self.app.store.clone();
        let mut transaction = store.begin(Some(&self.lease)).await?;
        if !self.changes_anything(&mut transaction, library, leaving).await? {
            return Ok(transaction.rollback().await?);
        }
        self.report.counts.held += loss.losing;
        self.note(&library.name, &format!("held: {reason}"));
        if self.request.dry_run {
            return Ok(transaction.rollback().await?);
        }
        let hold = HoldRow {
            id: HoldId(Uuid::now_v7()),
            run_id: self.id,
            library_id: library.id,
            fingerprint: self.fingerprint(leaving).await?,
            state: HoldState::Pending.as_str().to_owned(),
            items: loss.losing,
            listings: leaving.len() as u64,
            reason,
        };
        if transaction.pending_hold(library.id, &hold.fingerprint).await?.is_some() {
            return Ok(());
        }
        transaction.put_hold(&hold, self.app.clock.now()).await?;
        transaction.append_events(&[self.origin().held(library, &hold)]).await?;
        for chunk in leaving.chunks(CHUNK) {
            let plan = self.planned_departures(&mut transaction, library, chunk).await?;
            transaction.journal(self.id, &plan, ChangeState::Held).await?;
        }
        Ok(transaction.commit().await?)
    }
}

impl Run<'_> {
    /// What a plan of removals was planned against: exactly these listings of these items, what the
    /// policy does with them, and which items would go because nothing else lists them.
    pub(super) async fn fingerprint(&self, leaving: &[ListingKey]) -> Result<String> {
        let mut going: HashMap<ItemId, u64> = HashMap::new();
        for item in leaving.iter().filter_map(|l| l.item_id) {
            *going.entry(item).or_default() += 1;
        }
        let items: Vec<_> = going.keys().copied().collect();
        let listed = self.app.store.count_listings(&items).await?;
        let is_last = |item: &ItemId| listed.get(item) == going.get(item);
        let mut keys: Vec<_> = (leaving.iter())
            .map(|l| (l.id, l.item_id, l.item_id.as_ref().is_some_and(is_last)))
            .collect();
        keys.sort_unstable();
        let mut bytes = self.source.on_missing.to_string().into_bytes();
        for (listing, item, is_last) in keys {
            bytes.extend_from_slice(listing.0.as_bytes());
            bytes.extend_from_slice(item.map(|i| i.0).unwrap_or_default().as_bytes());
            bytes.push(u8::from(is_last));
        }
        Ok(format!("{:032x}", XxHash3_128::oneshot(&bytes)))
    }
}
