//! The shape of the work: a number of rows never makes a number of statements.

use shelfread_domain::{Change, ListingRecord, Lookup};

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
