//! Pages of items: what their listings amount to, every filter and every order.

use shelfread_domain::{Facts, ItemKind, ItemRecord, ItemStatus, ListingRecord, Standing};
use shelfread_store::{ItemFilter, Sort};

use crate::db::{Catalogue, Db, add, both, now, remove, source, update};
use crate::records::{MadeBy, episode, listing, movie, season, show};

both!(
    a_status_follows_every_change,
    the_database_keeps_the_status_whoever_writes,
    every_order_comes_in_pages,
    filters_go_together,
    what_a_transfer_brings_is_downloading,
    a_rare_text_is_found_among_many,
    the_children_of_a_show
);

async fn status(c: &Catalogue, item: &ItemRecord) -> &'static str {
    let shown = c.item(item.id).await.unwrap().unwrap().status;
    let filter = ItemFilter { status: Some(shown), ..ItemFilter::default() };
    let (found, _) = c.items(&filter, None, 100).await.unwrap();
    assert!(found.iter().any(|i| i.item.id == item.id), "the filter finds what is shown");
    shown.as_str()
}

/// A listing of a library manager, without a file.
fn managed(c: &Catalogue, remote_id: &str, item: &ItemRecord, monitored: bool) -> ListingRecord {
    let facts = Facts { monitored: Some(monitored), ..Facts::default() }.into();
    ListingRecord { facts, file_key: None, ..listing(c.library, remote_id, item) }.made_by(c.run)
}

async fn a_status_follows_every_change(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat").made_by(c.run);
    c.apply(vec![add(film.clone())]).await.unwrap();
    assert_eq!(status(&c, &film).await, "missing", "nobody lists it");
    let known = managed(&c, "known", &film, false);
    c.apply(vec![add(known.clone())]).await.unwrap();
    assert_eq!(status(&c, &film).await, "unmonitored");
    let wanted = managed(&c, "wanted", &film, true);
    c.apply(vec![add(wanted.clone())]).await.unwrap();
    assert_eq!(status(&c, &film).await, "wanted");
    let there = listing(c.other, "there", &film).made_by(c.run);
    c.apply(vec![add(there.clone())]).await.unwrap();
    assert_eq!(status(&c, &film).await, "available");
    let mut trashed = there.clone();
    std::sync::Arc::make_mut(&mut trashed.facts).trashed = true;
    assert_eq!(trashed.standing(), Standing::Absent);
    c.apply(vec![update(there.clone(), trashed.clone())]).await.unwrap();
    assert_eq!(status(&c, &film).await, "wanted", "what lies in the trash is not there");
    let gone = ListingRecord { missing_since: Some(now()), ..there.clone() };
    c.apply(vec![update(trashed, gone.clone())]).await.unwrap();
    assert_eq!(status(&c, &film).await, "wanted");
    c.apply(vec![update(gone, there.clone())]).await.unwrap();
    assert_eq!(status(&c, &film).await, "available");
    let other = movie("Ronin").made_by(c.run);
    let moved = ListingRecord { item_id: Some(other.id), ..there.clone() };
    c.apply(vec![add(other.clone()), update(there, moved)]).await.unwrap();
    assert_eq!(status(&c, &film).await, "wanted", "its listing went to another item");
    assert_eq!(status(&c, &other).await, "available");
    c.apply(vec![remove(wanted)]).await.unwrap();
    assert_eq!(status(&c, &film).await, "unmonitored");
    c.apply(vec![remove(known)]).await.unwrap();
    assert_eq!(status(&c, &film).await, "missing");
    assert_eq!(c.doctor(now()).await.unwrap().len(), 1, "only the run that is open");
}

async fn the_database_keeps_the_status_whoever_writes(db: Db) {
    let c = db.with_catalogue().await;
    let (film, kept) = (movie("Heat").made_by(c.run), movie("Kept").made_by(c.run));
    let held = listing(c.library, "k", &kept);
    c.apply(vec![
        add(film.clone()),
        add(kept.clone()),
        add(listing(c.library, "h", &film)),
        add(held.clone()),
    ])
    .await
    .unwrap();
    let mut batch = c.begin(None).await.unwrap();
    batch.keep_listings(&[held.id], now()).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(status(&c, &kept).await, "missing", "it is kept, and not there");
    assert_eq!(status(&c, &film).await, "available");
    c.remove_source(c.source).await.unwrap();
    assert_eq!(status(&c, &film).await, "missing");
    assert_eq!(c.doctor(now()).await.unwrap().len(), 1, "only the run that is open");
    c.damage("UPDATE items SET presence = 'wanted' WHERE title = 'Heat'").await;
    let found = c.doctor(now()).await.unwrap();
    assert!(found.iter().any(|f| f.kind == "derived" && f.subject == "Heat"), "{found:?}");
}

async fn pages(c: &Catalogue, filter: &ItemFilter, size: u64) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = c.items(filter, after.as_ref(), size).await.unwrap();
        assert!(next.is_none() || page.len() as u64 == size, "pages are full");
        all.extend(page.into_iter().filter_map(|i| i.item.fields.title));
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

async fn every_order_comes_in_pages(db: Db) {
    let c = db.with_catalogue().await;
    let mut films: Vec<_> = ["b", "a", "d", "c", "e"].into_iter().map(movie).collect();
    for (film, year) in films.iter_mut().zip([Some(1999), Some(2001), None, Some(1999), Some(1)]) {
        film.fields.year = year;
    }
    let dark = show("dd");
    let mut rows: Vec<_> = films.iter().cloned().map(add).collect();
    rows.extend([add(dark.clone()), add(season(&dark, 1))]);
    // Some are there and some are not: an order goes over all of them.
    rows.push(add(listing(c.library, "1", &films[1])));
    rows.push(add(managed(&c, "2", &films[3], true)));
    c.apply(rows).await.unwrap();
    for size in [1, 2, 3, 100] {
        let by = |sort| ItemFilter { sort, ..ItemFilter::default() };
        let title = pages(&c, &by(Sort::Title), size).await;
        assert_eq!(title, ["a", "b", "c", "d", "dd", "e", "Season 1"]);
        let added = pages(&c, &by(Sort::Added), size).await;
        assert_eq!(added, ["Season 1", "dd", "e", "c", "d", "a", "b"]);
        let year = pages(&c, &by(Sort::Year), size).await;
        assert_eq!(year, ["a", "c", "b", "dd", "e", "d"]);
        let films = ItemFilter { kind: Some(ItemKind::Movie), ..by(Sort::Year) };
        assert_eq!(pages(&c, &films, size).await, ["a", "c", "b", "e", "d"]);
    }
}

async fn filters_go_together(db: Db) {
    let c = db.with_catalogue().await;
    let attic = c.put_source(&source("attic"), now()).await.unwrap();
    let kind = shelfread_domain::port::LibraryKind::Mixed;
    let shelf = c.put_library(attic, "1", "Films", kind, now()).await.unwrap();
    let (both, den, wanted) = (movie("Both"), movie("Den"), movie("Wanted"));
    let gone = ListingRecord { missing_since: Some(now()), ..listing(shelf, "g", &den) };
    c.apply(vec![
        add(both.clone()),
        add(den.clone()),
        add(wanted.clone()),
        add(listing(c.library, "b", &both)),
        add(listing(shelf, "b", &both)),
        add(listing(c.library, "d", &den)),
        add(gone),
        add(managed(&c, "w", &wanted, true)),
    ])
    .await
    .unwrap();
    let any = ItemFilter::default;
    let lacking = ItemFilter { missing_on: Some(attic), ..any() };
    assert_eq!(pages(&c, &lacking, 1).await, ["Den", "Wanted"], "what is missing there lacks too");
    let all = ItemFilter {
        kind: Some(ItemKind::Movie),
        status: Some(ItemStatus::Wanted),
        source: Some(c.source),
        query: Some("ANT".to_owned()),
        sort: Sort::Added,
        ..lacking.clone()
    };
    assert_eq!(pages(&c, &all, 1).await, ["Wanted"]);
    let elsewhere = ItemFilter { source: Some(attic), ..all };
    assert_eq!(pages(&c, &elsewhere, 1).await, [""; 0]);
    let seasons = ItemFilter { kind: Some(ItemKind::Season), sort: Sort::Year, ..any() };
    assert_eq!(pages(&c, &seasons, 1).await, [""; 0], "they have no year of their own");
}

async fn what_a_transfer_brings_is_downloading(db: Db) {
    let c = db.with_catalogue().await;
    let (there, wanted, gone) = (movie("There"), movie("Wanted"), movie("Gone"));
    c.apply(vec![
        add(there.clone()),
        add(wanted.clone()),
        add(gone.clone()),
        add(listing(c.library, "t", &there)),
        add(managed(&c, "w", &wanted, true)),
    ])
    .await
    .unwrap();
    c.damage(
        "INSERT INTO download_clients (id, name, kind, url, settings, priority, enabled, \
         managed_by, created_at, updated_at) \
         SELECT id, 'box', 'transmission', '', '{}', 1, true, 'person', created_at, created_at \
         FROM items WHERE title = 'Wanted'; \
         INSERT INTO downloads (id, client_id, client_download_id, title, state, progress, origin, \
         absent_count, created_at, updated_at) \
         SELECT i.id, c.id, i.title, i.title, 'stalled', 1, 'added', 0, i.created_at, i.created_at \
         FROM items i CROSS JOIN download_clients c; \
         INSERT INTO download_items (download_id, item_id, created_at) \
         SELECT id, id, created_at FROM downloads",
    )
    .await;
    let by = |status| ItemFilter { status: Some(status), ..ItemFilter::default() };
    for sort in Sort::ALL {
        let filter =
            ItemFilter { sort, kind: Some(ItemKind::Movie), ..by(ItemStatus::Downloading) };
        let mut found = pages(&c, &filter, 1).await;
        found.sort();
        assert_eq!(found, ["Gone", "Wanted"], "what is there needs no transfer");
    }
    let seasons = ItemFilter { kind: Some(ItemKind::Season), ..by(ItemStatus::Downloading) };
    assert_eq!(pages(&c, &seasons, 9).await, [""; 0]);
    assert_eq!(pages(&c, &by(ItemStatus::Wanted), 9).await, [""; 0]);
    assert_eq!(pages(&c, &by(ItemStatus::Available), 9).await, ["There"]);
    assert_eq!(status(&c, &wanted).await, "downloading");
    c.damage("UPDATE downloads SET state = 'failed'").await;
    assert_eq!(status(&c, &wanted).await, "wanted");
    assert_eq!(pages(&c, &by(ItemStatus::Missing), 9).await, ["Gone"]);
    assert_eq!(pages(&c, &by(ItemStatus::Downloading), 9).await, [""; 0]);
}

async fn a_rare_text_is_found_among_many(db: Db) {
    let c = db.with_catalogue().await;
    let mut rows: Vec<_> = (0..5_500).map(|n| add(movie(&format!("film {n:04}")))).collect();
    rows.push(add(movie("zz needle")));
    rows.push(add(movie("aa needle")));
    c.apply(rows).await.unwrap();
    let query = |text: &str| ItemFilter { query: Some(text.to_owned()), ..ItemFilter::default() };
    assert_eq!(pages(&c, &query("Needle"), 1).await, ["aa needle", "zz needle"]);
    assert_eq!(pages(&c, &query("needle"), 9).await, ["aa needle", "zz needle"]);
    assert_eq!(pages(&c, &query("nothing"), 9).await, [""; 0]);
    assert_eq!(pages(&c, &query("5499"), 1).await, ["film 5499"]);
}

async fn the_children_of_a_show(db: Db) {
    let c = db.with_catalogue().await;
    let (dark, other) = (show("Dark"), show("Other"));
    let (e1, e2) = (episode(&dark, 1, 1), episode(&dark, 1, 2));
    c.apply(vec![
        add(dark.clone()),
        add(other.clone()),
        add(season(&dark, 1)),
        add(e1.clone()),
        add(e2.clone()),
        add(episode(&other, 1, 3)),
        add(listing(c.library, "1", &e1)),
        add(managed(&c, "2", &e2, true)),
    ])
    .await
    .unwrap();
    let children = ItemFilter { parent: Some(dark.id), ..ItemFilter::default() };
    assert_eq!(pages(&c, &children, 2).await, ["1x1", "1x2", "Season 1"]);
    let episodes = ItemFilter { kind: Some(ItemKind::Episode), ..children };
    let wanted = ItemFilter { status: Some(ItemStatus::Wanted), ..episodes };
    assert_eq!(pages(&c, &wanted, 1).await, ["1x2"]);
}
