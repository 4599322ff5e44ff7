//! The shape of the work: a number of rows never makes a number of statements.

use std::ops::Range;
use std::time::Duration;

use shelfread_domain::known::ChildKey;
use shelfread_domain::{Change, ItemRecord, ListingRecord, Lookup};
use shelfread_store::Store;
use shelfread_testkit::until;

use crate::db::{Catalogue, Db, add, both, now, plan, remove, update};
use crate::records::{MadeBy, episode, external, listing, movie, progress, show};

both!(a_batch_costs_a_bounded_number_of_statements, an_empty_plan_costs_nothing);

/// Chunks of one table for a batch of a thousand rows on SQLite, whatever the size.
const CHUNKS: u64 = 24;

async fn statements(c: &Catalogue, changes: Vec<Change>) -> u64 {
    let mut batch = c.begin(None).await.unwrap();
    let before = batch.statements();
    batch.apply(c.run, &plan(changes), now()).await.unwrap();
    let spent = batch.statements() - before;
    batch.commit().await.unwrap();
    spent
}

async fn a_batch_costs_a_bounded_number_of_statements(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    c.apply(vec![add(dark.clone())]).await.unwrap();
    let films: Vec<_> = (0..999).map(|n| movie(&format!("{n}"))).collect();
    let listings: Vec<_> =
        films.iter().map(|f| listing(c.library, f.fields.title.as_deref().unwrap(), f)).collect();
    let mut rows: Vec<_> = films.iter().cloned().map(add).collect();
    rows.extend(listings.iter().cloned().map(add));
    rows.extend(films.iter().zip(1..).map(|(f, n)| add(external(f, "tmdb", &n.to_string()))));
    rows.extend(films.iter().map(|f| add(progress(f, c.viewer, 1))));
    rows.extend((1..999).map(|n| add(episode(&dark, 1, n))));
    let spent = statements(&c, rows).await;
    assert!(spent <= 5 * CHUNKS, "adding: {spent}");

    let lookup = Lookup {
        remote_ids: listings.iter().map(|l| l.remote_id.clone()).collect(),
        file_keys: listings.iter().filter_map(|l| l.file_key).collect(),
        ..Lookup::default()
    };
    let mut batch = c.begin(None).await.unwrap();
    let before = batch.statements();
    let known = batch.load(c.library, Some(c.viewer), &lookup).await.unwrap();
    assert_eq!(known.items().count(), 999);
    let spent = batch.statements() - before;
    assert!(spent <= 16, "loading: {spent}");
    drop(batch);

    let renamed = listings.iter().cloned().map(|l| {
        let l = l.made_by(c.run);
        update(l.clone(), ListingRecord { remote_id: format!("n{}", l.remote_id).into(), ..l })
    });
    let spent = statements(&c, renamed.collect()).await;
    assert!(spent <= CHUNKS, "relinking what this run made: {spent}");
    let spent = statements(&c, films.into_iter().map(remove).collect()).await;
    assert!(spent <= 2 + CHUNKS, "removing with a journal: {spent}");
}

async fn an_empty_plan_costs_nothing(db: Db) {
    let c = db.with_catalogue().await;
    assert_eq!(statements(&c, Vec::new()).await, 0);
    let film = movie("Heat");
    assert_eq!(statements(&c, vec![update(film.clone(), film)]).await, 0);
}

/// PostgreSQL counts its tables only now and then. A first sync must not wait for that: whatever
/// the tables grow to in between, a batch reads what it looks for and not the whole of them.
#[tokio::test]
async fn growing_films_are_never_read_whole() {
    growing_is_read_in_proportion(None).await;
}

#[tokio::test]
async fn growing_shows_are_never_read_whole() {
    growing_is_read_in_proportion(Some(show("Dark"))).await;
}

/// How the first batches read their small tables does not matter: PostgreSQL takes any index then,
/// and how often depends on which connection plans. So what is counted begins after them, with
/// connections that have planned nothing. Besides what is written, the trigger of a new listing
/// looks at its item.
async fn growing_is_read_in_proportion(show: Option<ItemRecord>) {
    let mut c = uncounted().await;
    if let Some(show) = &show {
        c.apply(vec![add(show.clone()), add(listing(c.library, "show", show))]).await.unwrap();
    }
    grow(&c, show.as_ref(), 0..15).await;
    let before = rows_read(&mut c).await;
    grow(&c, show.as_ref(), 15..45).await;
    let read = rows_read(&mut c).await - before;
    let written = 30 * 300;
    assert!(read <= 4 * written, "{read} rows read to write {written}");
}

async fn grow(c: &Catalogue, show: Option<&ItemRecord>, batches: Range<i64>) {
    for batch in batches {
        first_seen(c, show, batch).await;
    }
}

#[tokio::test]
async fn a_library_that_grew_is_read_once_for_its_index() {
    let mut c = uncounted().await;
    let film = movie("Many");
    let many = (0..9_000).map(|n| listing(c.other, &n.to_string(), &film)).map(add);
    c.apply([add(film.clone())].into_iter().chain(many).collect()).await.unwrap();
    let before = rows_read(&mut c).await;
    let mut entries = 0;
    c.for_each_index(c.other, |_| entries += 1).await.unwrap();
    let read = rows_read(&mut c).await - before;
    assert_eq!(entries, 9_000);
    assert!(read <= entries + 100, "{read} rows read for an index of {entries}");
}

/// A PostgreSQL that never counts its tables.
async fn uncounted() -> Catalogue {
    let c = Db::postgres().await.with_catalogue().await;
    for table in ["items", "listings", "external_ids"] {
        c.damage(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)")).await;
    }
    c
}

/// How many rows of the large tables were read so far. Connections tell when PostgreSQL has ended
/// them, which is a moment after they were closed.
async fn rows_read(c: &mut Catalogue) -> i64 {
    let now = c.number("SELECT CAST(1e6 * EXTRACT(EPOCH FROM clock_timestamp()) AS bigint)").await;
    let fresh = Store::open(&c.url).await.unwrap();
    std::mem::replace(&mut c.db.store, fresh).close().await.unwrap();
    let older = format!(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND 1e6 * EXTRACT(EPOCH FROM backend_start) < {now}"
    );
    until(Duration::from_secs(20), async || c.number(&older).await == 0).await;
    c.number(
        "SELECT CAST(SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)) AS bigint) \
         FROM pg_stat_user_tables WHERE relname IN ('items', 'listings', 'external_ids')",
    )
    .await
}

/// Looks for a hundred films, or as many episodes of a show, that are not there, and adds them.
async fn first_seen(c: &Catalogue, show: Option<&ItemRecord>, batch: i64) {
    let mut lookup = Lookup { parents: vec!["show".into()], ..Lookup::default() };
    let mut rows = Vec::new();
    for n in 0..100 {
        let item = match show {
            Some(show) => episode(show, i32::try_from(batch).unwrap(), n),
            None => movie(&format!("{batch}-{n}")),
        };
        let entry = listing(c.library, &format!("{batch}-{n}"), &item);
        let id = external(&item, "tmdb", &(batch * 100 + i64::from(n) + 1).to_string());
        lookup.remote_ids.push(entry.remote_id.clone());
        lookup.file_keys.extend(entry.file_key);
        lookup.external.push((item.kind, id.id.clone()));
        lookup.titles.extend(item.title_key.clone().map(|key| (item.kind, key, 1995)));
        let (season, episode) = (item.season_number, item.episode_number);
        let parent = "show".into();
        let child = ChildKey { parent, kind: item.kind, season, episode, air_date: None };
        lookup.children.extend(season.map(|_| child));
        rows.extend([add(item), add(entry), add(id)]);
    }
    let mut batch = c.begin(None).await.unwrap();
    let known = batch.load(c.library, Some(c.viewer), &lookup).await.unwrap();
    assert_eq!(known.items().count(), 0);
    batch.apply(c.run, &plan(rows), now()).await.unwrap();
    batch.commit().await.unwrap();
}
