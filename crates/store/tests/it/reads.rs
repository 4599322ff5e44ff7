//! The index of a library, pages of items, and what the doctor finds.

use shelfread_domain::{Facts, ItemKind, ItemRecord, ItemStatus, ListingRecord};
use shelfread_store::{IndexEntry, ItemFilter, ListingKey};

use crate::db::{Catalogue, Db, add, both, later, now, plan, remove};
use crate::records::{MadeBy, episode, external, listing, movie, progress, season, settings, show};

both!(
    the_index_is_whole_over_pages,
    keys_for_removals,
    items_are_counted_once,
    items_come_in_pages,
    items_are_filtered,
    an_item_is_shown_whole,
    the_doctor_finds_damage,
    open_runs_are_found
);

async fn the_index_is_whole_over_pages(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let count = 10_001;
    let listings = (0..count).map(|n| {
        let remote_id = format!("{:05}", u32::from(n) / 3 * 7 % 100_000);
        ListingRecord {
            part: n % 3,
            fingerprint: i64::from(n),
            ..listing(c.library, &remote_id, &film)
        }
    });
    let mut rows = vec![add(film.clone())];
    rows.extend(listings.map(add));
    rows.push(add(ListingRecord { missing_since: Some(now()), ..listing(c.library, "é", &film) }));
    rows.push(add(ListingRecord { kept_since: Some(now()), ..listing(c.library, "Z", &film) }));
    rows.push(add(listing(c.other, "00000", &film)));
    c.apply(rows).await.unwrap();
    let mut entries: Vec<IndexEntry> = Vec::new();
    c.for_each_index(c.library, |entry| entries.push(entry)).await.unwrap();
    assert_eq!(entries.len(), usize::from(count) + 2);
    entries.sort_by(|a, b| (&a.remote_id, a.part).cmp(&(&b.remote_id, b.part)));
    assert!(entries.is_sorted_by(|a, b| (&a.remote_id, a.part) < (&b.remote_id, b.part)));
    let last: Vec<_> = entries[entries.len() - 2..]
        .iter()
        .map(|e| (e.remote_id.as_str(), e.missing, e.kept))
        .collect();
    assert_eq!(last, [("Z", false, true), ("é", true, false)]);
    let known: i64 = entries.iter().map(|e| e.fingerprint.max(0)).sum();
    assert_eq!(known, (0..i64::from(count)).sum::<i64>());
}

async fn keys_for_removals(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let gone = ListingRecord { missing_since: Some(later(-9)), ..listing(c.library, "a", &film) };
    let lost = ListingRecord { item_id: None, part: 2, ..listing(c.library, "b", &film) };
    c.apply(vec![add(film.clone()), add(gone.clone()), add(lost.clone())]).await.unwrap();
    let mut places = Vec::new();
    let each = |remote_id: &str, part| places.push((remote_id.to_owned(), part));
    c.for_each_remote_id(c.library, each).await.unwrap();
    assert_eq!(places, [("a".to_owned(), 0), ("b".to_owned(), 2)]);
    let mut keys = c.listing_keys(c.library, &places).await.unwrap();
    keys.sort_by(|a, b| a.remote_id.cmp(&b.remote_id));
    assert_eq!(c.listing_keys_by_id(c.library, &[gone.id]).await.unwrap(), keys[..1]);
    assert_eq!(c.listing_keys_by_id(c.other, &[gone.id]).await.unwrap(), []);
    assert_eq!(c.listing_keys_of(c.library, &[film.id]).await.unwrap(), keys[..1]);
    assert_eq!(c.listing_keys_of(c.other, &[film.id]).await.unwrap(), []);
    assert_eq!(keys, [&gone, &lost].map(ListingKey::of));
    assert_eq!((keys[0].id, keys[0].item_id), (gone.id, Some(film.id)));
    assert_eq!((keys[0].kind, keys[0].missing_since), (ItemKind::Movie, Some(later(-9))));
    assert_eq!((keys[1].id, keys[1].item_id, keys[1].part), (lost.id, None, 2));
    let whole = c.listings_by_ids(&[lost.id]).await.unwrap();
    assert_eq!(whole, [lost.made_by(c.run)]);
    assert_eq!(c.listings_by_ids(&[]).await.unwrap(), []);
}

async fn items_are_counted_once(db: Db) {
    let c = db.with_catalogue().await;
    let (a, b, kept) = (movie("Heat"), movie("Ronin"), movie("Kept"));
    let missing = |id| ListingRecord { missing_since: Some(now()), ..listing(c.library, id, &b) };
    let rows = vec![
        add(a.clone()),
        add(b.clone()),
        add(kept.clone()),
        add(listing(c.library, "1", &a)),
        add(listing(c.library, "2", &a)),
        add(missing("3")),
        add(ListingRecord { kept_since: Some(now()), ..listing(c.library, "4", &kept) }),
        add(listing(c.other, "5", &b)),
    ];
    c.apply(rows).await.unwrap();
    assert_eq!(c.count_items(c.library).await.unwrap(), 3);
    assert_eq!(c.count_items(c.other).await.unwrap(), 1);
}

async fn titles(c: &Catalogue, filter: &ItemFilter) -> Vec<String> {
    let (items, _) = c.items(filter, None, 100).await.unwrap();
    items.into_iter().filter_map(|i| i.item.fields.title).collect()
}

async fn items_come_in_pages(db: Db) {
    let c = db.with_catalogue().await;
    // Equal titles to sort by are told apart by id; one has none.
    let mut films: Vec<_> = ["b", "a", "a", "a", "c"].into_iter().map(movie).collect();
    films[4].fields.sort_title = None;
    let mut rows: Vec<_> = films.iter().cloned().map(add).collect();
    rows.push(add(listing(c.library, "x", &films[0])));
    c.apply(rows).await.unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = c.items(&ItemFilter::default(), after.as_ref(), 2).await.unwrap();
        all.extend(page);
        after = next;
        if after.is_none() {
            break;
        }
    }
    let ids: Vec<_> = all.iter().map(|i| i.item.id).collect();
    assert_eq!(ids, [4, 1, 2, 3, 0].map(|n: usize| films[n].id));
    let entry = &all[4].listings[0];
    assert_eq!((entry.source.as_str(), entry.library.as_str()), ("den", "Films"));
    assert_eq!((entry.remote_id.as_str(), all[4].status), ("x", ItemStatus::Available));
}

async fn items_are_filtered(db: Db) {
    let c = db.with_catalogue().await;
    let (film, dark) = (movie("100% Wolf_x"), show("Dark"));
    let e = episode(&dark, 1, 1);
    let facts = Facts { monitored: Some(true), ..Facts::default() }.into();
    let watched =
        ListingRecord { facts, missing_since: Some(now()), ..listing(c.library, "d", &dark) };
    let rows = vec![
        add(film.clone()),
        add(dark.clone()),
        add(e.clone()),
        add(listing(c.library, "f", &film)),
        add(watched),
    ];
    c.apply(rows).await.unwrap();
    let any = ItemFilter::default;
    let query = |text: &str| ItemFilter { query: Some(text.to_owned()), ..any() };
    assert_eq!(titles(&c, &any()).await, ["100% Wolf_x", "1x1", "Dark"]);
    assert_eq!(titles(&c, &query("DARK")).await, ["Dark"]);
    assert_eq!(titles(&c, &query("% wolf_")).await, ["100% Wolf_x"]);
    assert_eq!(titles(&c, &query("%k")).await, [""; 0], "no wildcards from outside");
    assert_eq!(titles(&c, &ItemFilter { kind: Some(ItemKind::Show), ..any() }).await, ["Dark"]);
    assert_eq!(titles(&c, &ItemFilter { parent: Some(dark.id), ..any() }).await, ["1x1"]);
    let here = ItemFilter { source: Some(c.source), ..any() };
    assert_eq!(titles(&c, &here).await, ["100% Wolf_x", "Dark"]);
    let (items, _) =
        c.items(&ItemFilter { parent: Some(dark.id), ..any() }, None, 9).await.unwrap();
    assert_eq!(items[0].show.as_deref(), Some("Dark"));
    let counts = c.count_by_kind().await.unwrap();
    assert_eq!(counts, [(ItemKind::Episode, 1), (ItemKind::Movie, 1), (ItemKind::Show, 1)]);
}

async fn an_item_is_shown_whole(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    let (s, e1, e2) = (season(&dark, 1), episode(&dark, 1, 1), episode(&dark, 1, 2));
    let rows = vec![
        add(dark.clone()),
        add(e2.clone()),
        add(e1.clone()),
        add(s.clone()),
        add(listing(c.library, "d", &dark)),
        add(external(&dark, "tvdb", "7")),
        add(progress(&e1, c.viewer, 5)),
        add(settings(&dark)),
    ];
    let mut batch = c.begin(None).await.unwrap();
    batch.apply_revert(c.run, &plan(rows), now()).await.unwrap();
    batch.commit().await.unwrap();
    let shown = c.item(dark.id).await.unwrap().unwrap();
    let order: Vec<_> = shown.children.iter().map(|i| i.id).collect();
    assert_eq!(order, [s.id, e1.id, e2.id]);
    assert_eq!(shown.listings[0].updated_at, now());
    assert_eq!((shown.listings[0].source.as_str(), shown.external_ids.len()), ("den", 1));
    assert_eq!(shown.settings, Some(settings(&dark)));
    let shown = c.item(e1.id).await.unwrap().unwrap();
    assert_eq!(shown.show.map(|show| show.id), Some(dark.id));
    assert_eq!(shown.progress, [progress(&e1, c.viewer, 5)]);
    c.apply(vec![remove(e1.clone())]).await.unwrap();
    assert_eq!(c.item(e1.id).await.unwrap(), None);
}

async fn the_doctor_finds_damage(db: Db) {
    let c = db.with_catalogue().await;
    let (film, dark) = (movie("Heat"), show("Dark"));
    let e = episode(&dark, 1, 1);
    let quiet = ListingRecord { item_id: None, ..listing(c.library, "unplaced", &film) };
    let wrong = ListingRecord { file_key: Some(1), ..listing(c.library, "derived", &film) };
    let misplaced =
        ListingRecord { kind: ItemKind::Show, ..listing(c.library, "misplaced", &film) };
    let rows = vec![
        add(film.clone()),
        add(dark.clone()),
        add(e),
        add(quiet),
        add(wrong),
        add(misplaced),
        add(ItemRecord { ..movie("Fine") }),
    ];
    c.apply(rows).await.unwrap();
    let finish = "UPDATE runs SET status = 'succeeded'; ";
    let twins = "DROP INDEX uq_items_episode; INSERT INTO items (id, kind, parent_id, \
        season_number, episode_number, created_at, updated_at, title, sort_title) \
        SELECT i.created_run_id, i.kind, i.parent_id, i.season_number, i.episode_number, \
        i.created_at, i.updated_at, i.title, i.sort_title FROM items i WHERE i.kind = 'episode'";
    c.damage(&format!("{finish}{twins}")).await;
    let mut kinds: Vec<_> = (c.doctor(now()).await.unwrap().into_iter())
        .map(|f| format!("{} {}", f.kind, if f.kind == "duplicate" { "" } else { &f.subject }))
        .collect();
    kinds.sort();
    assert_eq!(
        kinds,
        ["derived derived", "duplicate ", "misplaced misplaced", "unplaced unplaced"]
    );
}

async fn open_runs_are_found(db: Db) {
    let c = db.with_catalogue().await;
    let found = c.doctor(now()).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].kind, found[0].subject.as_str()), ("open_run", "den"));
    let name = format!("source:{}", c.source);
    let ttl = std::time::Duration::from_secs(9);
    c.acquire_lease(&name, "a", ttl, now()).await.unwrap().unwrap();
    assert_eq!(c.doctor(now()).await.unwrap(), [], "somebody is at work");
    assert_eq!(c.doctor(later(9)).await.unwrap().len(), 1, "nobody any more");
}
