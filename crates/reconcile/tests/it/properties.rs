//! What holds for every catalogue and every listing. At each step of each case, [`crate::shelf`]
//! also checks that the plan fits the catalogue, that the catalogue is sound afterwards, that
//! knowing everything plans the same as knowing what was looked up, and that the order of the
//! observations makes no difference.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use shelfread_domain::{
    Existing, ExternalId, ItemKind, Observation, PlayState, Provider, RemoteId, SettingsRecord,
};

use crate::shelf::{Reach, Report, Shelf, Sync};
use crate::worlds::{play, tame_library, wild_syncs};

fn full(library: &str, observations: Vec<Observation>) -> Sync {
    Sync {
        library: library.to_owned(),
        reach: Reach::Full,
        existing: Existing::Update,
        rebuilt: false,
        pages: vec![observations],
    }
}

/// What was played of every item.
fn progress(shelf: &Shelf) -> BTreeMap<String, PlayState> {
    let all = shelf.known.items().flat_map(|i| shelf.known.progress_of(i.id));
    all.map(|p| (p.item_id.to_string(), p.state)).collect()
}

/// Listings and items, and how many of them are missing.
fn inventory(shelf: &Shelf) -> (BTreeSet<String>, BTreeSet<String>, usize) {
    let items = shelf.known.items().map(|i| i.id.to_string()).collect();
    let listings = shelf.known.listings().map(|l| l.id.to_string()).collect();
    (items, listings, shelf.known.listings().filter(|l| l.missing_since.is_some()).count())
}

/// Whether there is a reason for the next run to write although nothing changed.
fn leaves_something(shelf: &Shelf, report: &Report) -> bool {
    let mut listings = shelf.known.listings();
    report.held.is_some()
        || report.plan.changes.iter().any(|c| c.after.is_none())
        || listings.any(|l| l.fingerprint == 0 && l.review.is_none())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is listed, a second look at the same writes nothing, unless the first one left
    /// something to be done: removals that waited because another server answered, what removed
    /// listings left, or a place or id that a listing of another batch says.
    #[test]
    fn a_second_run_does_nothing(syncs in wild_syncs()) {
        let mut shelf = Shelf::default();
        for sync in syncs {
            shelf.ignores_fingerprints = false;
            let mut last = shelf.sync(&sync);
            shelf.ignores_fingerprints = true;
            // What had no place while ids proved nothing may have one now. A run that skips what is
            // known relinks nothing, so it is never followed by one that trusts the new ids.
            let skips = sync.existing == Existing::Skip;
            if sync.rebuilt && (skips || !last.failures.is_empty()) {
                continue;
            }
            let sync = Sync { rebuilt: false, ..sync };
            for _ in 0..3 {
                if leaves_something(&shelf, &last) {
                    last = shelf.sync(&sync);
                }
            }
            let again = shelf.sync(&sync).plan;
            prop_assert!(again.is_empty(), "{again:#?}");
        }
    }

    /// What is not complete takes nothing away and marks nothing missing.
    #[test]
    fn a_partial_listing_proves_nothing(syncs in wild_syncs(), quick: bool) {
        let mut shelf = Shelf::default();
        for sync in syncs {
            shelf.sync(&Sync { reach: Reach::Full, ..sync.clone() });
            let before = inventory(&shelf);
            let reach = if quick { Reach::Quick } else { Reach::Partial };
            let pages = sync.pages.into_iter().take(1).collect();
            let report = shelf.sync(&Sync { reach, pages, ..sync });
            let after = inventory(&shelf);
            prop_assert!(before.0.is_subset(&after.0) && before.1.is_subset(&after.1));
            prop_assert!(after.2 <= before.2);
            prop_assert_eq!((report.plan.counts.removed, report.plan.counts.missing), (0, 0));
        }
    }

    /// A server that was rebuilt keeps every item, whatever its objects are called now, and even
    /// when the old names mean other objects.
    #[test]
    fn a_rebuilt_server_adds_and_removes_nothing(
        library in tame_library(),
        reuses: bool,
        shift in 1..40_usize,
    ) {
        let mut shelf = Shelf::default();
        let first = full("den", renamed(library.clone(), true, 0));
        shelf.sync(&first);
        let (items, ..) = inventory(&shelf);
        let (played, settings) = (progress(&shelf), settings(&mut shelf));
        let forgotten = library.into_iter().map(|o| Observation { play: None, ..o }).collect();
        let rebuilt = full("den", renamed(forgotten, reuses, shift));
        let report = shelf.sync(&Sync { rebuilt: true, ..rebuilt.clone() });
        let counts = report.plan.counts;
        prop_assert_eq!((counts.added, counts.removed, counts.held, counts.conflicts), (0, 0, 0, 0));
        prop_assert_eq!((counts.updated, counts.unchanged), (0, counts.seen));
        prop_assert_eq!(report.failures, Vec::<String>::new());
        prop_assert_eq!(inventory(&shelf).0, items);
        prop_assert_eq!(progress(&shelf), played);
        let kept = settings.iter().all(|s| shelf.known.settings(s.item_id) == Some(s));
        prop_assert!(kept);
        prop_assert!(shelf.sync(&rebuilt).plan.is_empty());
    }

    /// The same for ids that change on a server that we trust: none is used for another object.
    #[test]
    fn new_ids_add_and_remove_nothing(library in tame_library()) {
        let mut shelf = Shelf::default();
        shelf.sync(&full("den", renamed(library.clone(), true, 0)));
        let (items, ..) = inventory(&shelf);
        let played = progress(&shelf);
        let counts = shelf.sync(&full("den", renamed(library, false, 0))).plan.counts;
        prop_assert_eq!((counts.added, counts.updated, counts.removed), (0, 0, 0));
        prop_assert_eq!(counts.relinked, counts.seen);
        prop_assert_eq!(inventory(&shelf).0, items);
        prop_assert_eq!(progress(&shelf), played);
    }

    /// What an item shows does not depend on which source was synced first.
    #[test]
    fn the_order_of_sources_makes_no_difference(said in vec(films(), 3), order in permutation()) {
        let sources = ["den", "loft", "attic"];
        let show = |order: &[usize]| {
            let mut shelf = Shelf::default();
            sources.iter().for_each(|s| drop(shelf.library(s)));
            for n in order {
                shelf.sync(&full(sources[*n], said[*n].clone()));
            }
            let again = order.iter().all(|n| {
                shelf.ignores_fingerprints = true;
                shelf.sync(&full(sources[*n], said[*n].clone())).plan.is_empty()
            });
            let mut shown: Vec<_> = shelf.known.items().map(|i| {
                let ids: Vec<_> = shelf.known.external_ids(i.id).cloned().collect();
                let played = shelf.known.progress_of(i.id).map(|p| (p.viewer_id, p.state));
                (ids, i.fields.clone(), played.collect::<Vec<_>>())
            }).collect();
            shown.sort_by_key(|(ids, ..)| ids.clone());
            (shown, again)
        };
        let (shown, rests) = show(&[0, 1, 2]);
        prop_assert!(rests, "every further round writes nothing");
        prop_assert_eq!(&shown, &show(&order).0);
    }
}

/// What a person set of every item.
fn settings(shelf: &mut Shelf) -> Vec<SettingsRecord> {
    let record = |item_id| SettingsRecord {
        item_id,
        auto_download: true,
        status: None,
        downloaded_at: None,
        extra: None,
    };
    let all: Vec<_> = shelf.known.items().map(|i| record(i.id)).collect();
    all.iter().for_each(|s| shelf.known.put_settings(s.clone()));
    all
}

/// The library with numbers for ids, as a server that counts its objects gives them: the same
/// numbers in another order (`reuses`), or others.
fn renamed(library: Vec<Observation>, reuses: bool, shift: usize) -> Vec<Observation> {
    let mut names: BTreeMap<RemoteId, usize> = BTreeMap::new();
    for o in &library {
        let next = names.len();
        names.entry(o.remote_id.clone()).or_insert(next);
    }
    let count = names.len().max(1);
    let name = |id: &RemoteId| {
        let number = (names[id] + shift) % count;
        RemoteId(if reuses { number.to_string() } else { format!("new {number}") })
    };
    let rename = |o: Observation| Observation {
        remote_id: name(&o.remote_id),
        parent: o.parent.as_ref().map(name),
        ..o
    };
    library.into_iter().map(rename).collect()
}

/// Some of four films as one source tells them; each says its strongest id.
fn films() -> impl Strategy<Value = Vec<Observation>> {
    let said = (of(0..3_u8), of(0..3_u8), of(2000..2003_i32), of(play()));
    vec(of(said), 4).prop_map(|films| {
        let film = |(n, said): (usize, Option<_>)| {
            let (title, overview, year, play): (Option<u8>, Option<u8>, _, _) = said?;
            let mut o = Observation::new(format!("m{n}"), ItemKind::Movie);
            o.facts.external_ids.extend(ExternalId::new(Provider::Tmdb, &(n + 1).to_string()));
            o.facts.title = title.map(|t| format!("Title {t}"));
            o.facts.overview = overview.map(|t| format!("Overview {t}"));
            o.facts.year = year;
            Observation { play, ..o }.normalize().ok()
        };
        films.into_iter().enumerate().filter_map(film).collect()
    })
}

fn permutation() -> impl Strategy<Value = Vec<usize>> {
    Just(vec![0, 1, 2]).prop_shuffle()
}
