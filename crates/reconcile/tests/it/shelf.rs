//! A catalogue in memory and the engine that syncs libraries into it: what the application does
//! with a database, without one. Each step is checked against the rules of [`crate::check`].

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_domain::{
    Counts, Existing, ExternalIdRecord, ItemId, Known, LibraryId, LibraryRef, ListingId,
    ListingRecord, Lookup, MaxRemovals, NaturalKey, Observation, OnMissing, Plan, RemoteId, RunId,
    SourceId, ViewerId,
};
use shelfread_reconcile::guard::{Loss, Verdict, judge};
use shelfread_reconcile::removal::{self, Departure};
use shelfread_reconcile::{Context, Planned, plan};
use uuid::Uuid;

use crate::{check, render};

const REMOTE_USER: &str = "anna";

/// A library of a source, and what a person chose for it.
#[derive(Clone)]
pub struct Library {
    pub name: String,
    pub id: LibraryId,
    /// Whose play state the source reads.
    pub viewer: ViewerId,
    pub on_missing: OnMissing,
    pub max_removals: MaxRemovals,
}

/// How far a listing reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Everything was listed.
    Full,
    /// Everything was to be listed, and something is missing.
    Partial,
    /// Only what changed was asked for.
    Quick,
}

/// One sync of a library.
#[derive(Clone)]
pub struct Sync {
    pub library: String,
    pub reach: Reach,
    pub existing: Existing,
    /// Another server answers than before.
    pub rebuilt: bool,
    /// What the library lists, page by page.
    pub pages: Vec<Vec<Observation>>,
}

impl fmt::Debug for Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::sync(self))
    }
}

/// What a sync did.
#[derive(Default)]
pub struct Report {
    pub plan: Plan,
    pub failures: Vec<String>,
    /// Why removals are held.
    pub held: Option<String>,
}

/// The catalogue and its libraries.
#[derive(Clone, Default)]
pub struct Shelf {
    pub known: Known,
    pub libraries: Vec<Library>,
    /// Plan as if nothing were known to be unchanged.
    pub ignores_fingerprints: bool,
    pub now: DateTime<Utc>,
    /// Removals that wait for a person.
    pub held: BTreeMap<String, Vec<ListingId>>,
    sources: Vec<String>,
    fresh: u128,
}

/// A listing under way.
struct Run<'s> {
    sync: &'s Sync,
    id: RunId,
    library: Library,
    seen: HashSet<(RemoteId, u16)>,
    report: Report,
}

impl Shelf {
    /// The library of this name, which is made if there is none. `den` is a library of the source
    /// `den`, `den/kids` another one of the same source. Sources count in the order in which they
    /// came.
    pub fn library(&mut self, name: &str) -> Library {
        if let Some(library) = self.libraries.iter().find(|l| l.name == name) {
            return library.clone();
        }
        let source = name.split('/').next().unwrap_or(name).to_owned();
        let number = self.sources.iter().position(|s| *s == source).unwrap_or_else(|| {
            self.sources.push(source.clone());
            self.sources.len() - 1
        });
        let library = Library {
            name: name.to_owned(),
            id: LibraryId(Uuid::from_u128(0x1000 + self.libraries.len() as u128)),
            viewer: ViewerId(Uuid::from_u128(0x3000 + number as u128)),
            on_missing: OnMissing::Remove,
            max_removals: MaxRemovals::default(),
        };
        self.known.put_library(LibraryRef {
            id: library.id,
            source_id: SourceId(Uuid::from_u128(0x2000 + number as u128)),
            source_name: source,
            priority: i32::try_from(number).unwrap(),
        });
        self.libraries.push(library.clone());
        library
    }

    /// Says what a source or library is to be like.
    pub fn configure(&mut self, name: &str, configure: impl Fn(&mut Library, &mut LibraryRef)) {
        let id = self.library(name).id;
        let mut known = self.known.library(id).unwrap().clone();
        let library = self.libraries.iter_mut().find(|l| l.id == id).unwrap();
        configure(library, &mut known);
        self.known.put_library(known);
    }

    /// The name of a library.
    pub fn name_of(&self, id: LibraryId) -> &str {
        self.libraries.iter().find(|l| l.id == id).map_or("?", |l| &l.name)
    }

    /// A fresh id, greater than all before.
    pub fn fresh_id(&mut self) -> Uuid {
        self.fresh += 1;
        Uuid::from_u128(0x1_0000_0000 + self.fresh)
    }

    /// Syncs a library.
    pub fn sync(&mut self, sync: &Sync) -> Report {
        let library = self.library(&sync.library);
        let before: BTreeSet<_> = self.listed(library.id).filter_map(|l| l.item_id).collect();
        let mut run = Run {
            sync,
            id: RunId(self.fresh_id()),
            library: library.clone(),
            seen: HashSet::new(),
            report: Report::default(),
        };
        for page in &sync.pages {
            for level in 0..=2 {
                let batch = page.iter().filter(|o| o.kind.level() == level).cloned().collect();
                self.take(&mut run, batch);
            }
        }
        if sync.reach == Reach::Full && sync.existing != Existing::Skip {
            self.conclude(&mut run, before.len() as u64);
        }
        run.report
    }

    fn listed(&self, library: LibraryId) -> impl Iterator<Item = &ListingRecord> {
        self.known.listings().filter(move |l| l.library_id == library)
    }

    /// Plans and applies what is new or changed of a batch.
    fn take(&mut self, run: &mut Run<'_>, mut batch: Vec<Observation>) {
        run.seen.extend(batch.iter().map(|o| (o.remote_id.clone(), o.part)));
        let all = batch.len() as u64;
        batch.retain(|o| run.sync.rebuilt || self.ignores_fingerprints || self.is_news(run, o));
        let dropped = all - batch.len() as u64;
        run.report.plan.counts += Counts { seen: dropped, unchanged: dropped, ..Counts::default() };
        if !batch.is_empty() {
            let planned = self.plan(run, &batch);
            let names = planned.failures.iter().map(|(o, why)| format!("{}: {why}", o.label()));
            run.report.failures.extend(names);
            self.apply(run, planned.plan);
        }
    }

    fn is_news(&self, run: &Run<'_>, o: &Observation) -> bool {
        let known = self.known.listing_by_remote(run.library.id, &o.remote_id, o.part);
        !known.is_some_and(|l| {
            l.fingerprint == o.fingerprint(Some(REMOTE_USER))
                && l.missing_since.is_none()
                && l.kept_since.is_none()
        })
    }

    /// Plans with what the database would find for the batch, and checks that knowing everything
    /// and another order would have made no difference.
    fn plan(&mut self, run: &Run<'_>, batch: &[Observation]) -> Planned {
        let seen = |remote_id: &RemoteId, part| run.seen.contains(&(remote_id.clone(), part));
        let context = Context {
            library: run.library.id,
            viewer: Some(run.library.viewer),
            remote_user: Some(REMOTE_USER),
            run: run.id,
            existing: run.sync.existing,
            full: run.sync.reach != Reach::Quick,
            trust_remote_ids: !run.sync.rebuilt,
            seen: &seen,
        };
        let plan_with = |mut known: Known, batch: &[Observation]| {
            let mut shelf = Self { fresh: self.fresh, ..Self::default() };
            let planned = plan(&mut known, batch, &context, &mut || shelf.fresh_id());
            (planned, known, shelf.fresh)
        };
        let (planned, _, fresh) = plan_with(self.found(&run.library, batch), batch);
        let (whole, known, _) = plan_with(self.known.clone(), batch);
        check::same_plan("everything known", &planned.plan, &whole.plan);
        check::same_catalogue(&applied(&self.known, &planned.plan), &known);
        let reversed: Vec<_> = batch.iter().rev().cloned().collect();
        let (backwards, ..) = plan_with(self.found(&run.library, &reversed), &reversed);
        check::same_plan("another order", &planned.plan, &backwards.plan);
        self.fresh = fresh;
        planned
    }

    fn apply(&mut self, run: &mut Run<'_>, plan: Plan) {
        check::fits(&self.known, &plan);
        self.known.apply(&plan);
        check::sound(&self.known);
        run.report.plan.extend(plan);
    }

    /// Draws the conclusions from a complete listing.
    fn conclude(&mut self, run: &mut Run<'_>, had: u64) {
        let library = run.library.clone();
        let is_seen = |l: &ListingRecord| run.seen.contains(&(l.remote_id.clone(), l.part));
        let present: BTreeSet<ItemId> =
            self.listed(library.id).filter(|l| is_seen(l)).filter_map(|l| l.item_id).collect();
        let mut absent: Vec<_> = self
            .listed(library.id)
            .filter(|l| !is_seen(l) && l.kept_since.is_none())
            .map(|l| (l.kind.level(), l.id, l.item_id))
            .collect();
        absent.sort_unstable();
        let (superseded, leaving): (Vec<_>, Vec<_>) = absent
            .into_iter()
            .partition(|(_, _, item)| item.is_some_and(|item| present.contains(&item)));
        let ids = |all: Vec<(u8, ListingId, Option<ItemId>)>| -> Vec<ListingId> {
            all.into_iter().map(|(_, id, _)| id).collect()
        };
        let losing: BTreeSet<_> = leaving.iter().filter_map(|(.., item)| *item).collect();
        let loss = Loss {
            had,
            losing: losing.len() as u64,
            listed: run.sync.pages.iter().map(|page| page.len() as u64).sum(),
            other_server: run.sync.rebuilt,
            limit: library.max_removals,
        };
        self.depart(run, &ids(superseded), &[]);
        if run.sync.existing != Existing::Update {
            return;
        }
        match judge(&loss) {
            Verdict::Apply => self.depart(run, &[], &ids(leaving)),
            Verdict::Hold(reason) => {
                run.report.plan.counts.held += loss.losing;
                run.report.held = Some(reason);
                self.held.insert(library.name.clone(), ids(leaving));
            }
        }
    }

    fn depart(&mut self, run: &mut Run<'_>, superseded: &[ListingId], leaving: &[ListingId]) {
        let seen = |remote_id: &RemoteId, part| run.seen.contains(&(remote_id.clone(), part));
        let departure = Departure {
            library: run.library.id,
            run: run.id,
            policy: run.library.on_missing,
            now: self.now,
            seen: &seen,
        };
        let mut known = self.known.clone();
        let plan = removal::plan(&mut known, superseded, leaving, &departure);
        check::same_catalogue(&applied(&self.known, &plan), &known);
        self.apply(run, plan);
    }

    /// Removes what is held for a library, as a person approved.
    pub fn approve(&mut self, name: &str) -> Report {
        let library = self.library(name);
        let leaving = self.held.remove(name).unwrap_or_default();
        let sync = Sync {
            library: name.to_owned(),
            reach: Reach::Full,
            existing: Existing::Update,
            rebuilt: false,
            pages: Vec::new(),
        };
        let mut run = Run {
            sync: &sync,
            id: RunId(self.fresh_id()),
            library: library.clone(),
            seen: HashSet::new(),
            report: Report::default(),
        };
        self.depart(&mut run, &[], &leaving);
        run.report
    }

    /// Keeps what is held for a library, as a person wants.
    pub fn discard(&mut self, name: &str) {
        for id in self.held.remove(name).unwrap_or_default() {
            let kept_since = Some(self.now);
            let listing = self.known.listing(id).unwrap().clone();
            self.known.put_listing(ListingRecord { kept_since, ..listing });
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, days: i64) {
        self.now += TimeDelta::days(days);
    }

    /// What the database finds for a batch: the items that any rule of identity could mean, with
    /// all that hangs on them, and the shows that are named as parents.
    fn found(&self, library: &Library, batch: &[Observation]) -> Known {
        let all = &self.known;
        let lookup = Lookup::of(batch);
        let mut shows = BTreeMap::new();
        for parent in &lookup.parents {
            shows.extend(all.show(library.id, parent).map(|show| (parent.clone(), show)));
        }
        let here = |l: &&ListingRecord| l.library_id == library.id;
        let listings = self.listed(library.id).filter(|l| lookup.remote_ids.contains(&l.remote_id));
        let listings: Vec<_> = listings
            .chain(lookup.file_keys.iter().flat_map(|key| all.by_file(*key)))
            .chain(lookup.moved_keys.iter().flat_map(|key| all.by_moved(*key).filter(here)))
            .collect();
        let mut items: BTreeSet<ItemId> = listings.iter().filter_map(|l| l.item_id).collect();
        items.extend(lookup.children.iter().filter_map(|c| {
            let show = *shows.get(&c.parent)?;
            all.by_natural(&NaturalKey::of(c.kind, show, c.season, c.episode, c.air_date)?)
        }));
        items.extend(lookup.external.iter().filter_map(|(kind, id)| all.owner(*kind, id)));
        items.extend(lookup.titles.iter().flat_map(|key| all.by_title(key)));
        let orphans = listings.into_iter().filter(|l| l.item_id.is_none());
        let mut found = self.part(&items, library.viewer);
        orphans.for_each(|l| found.put_listing(l.clone()));
        for (remote_id, item) in shows {
            found.put_show(library.id, remote_id, item);
        }
        found
    }

    fn part(&self, items: &BTreeSet<ItemId>, viewer: ViewerId) -> Known {
        let mut part = Known::default();
        for library in &self.libraries {
            part.put_library(self.known.library(library.id).unwrap().clone());
        }
        for item in items.iter().filter_map(|id| self.known.item(*id)) {
            part.put_item(item.clone());
            self.known.listings_of(item.id).for_each(|l| part.put_listing(l.clone()));
            self.known.overrides(item.id).iter().for_each(|o| part.put_override(o.clone()));
            self.known.external_ids(item.id).for_each(|id| {
                let (item_id, kind, id) = (item.id, item.kind, id.clone());
                part.put_external_id(ExternalIdRecord { item_id, kind, id });
            });
            if let Some(progress) = self.known.progress(item.id, viewer) {
                part.put_progress(progress.clone());
            }
        }
        part
    }
}

/// The catalogue after a plan.
fn applied(known: &Known, plan: &Plan) -> Known {
    let mut known = known.clone();
    known.apply(plan);
    known
}
