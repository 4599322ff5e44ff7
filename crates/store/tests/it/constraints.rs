//! What the database itself refuses, by name, and what goes along by constraint.

use chrono::NaiveDate;
use shelfread_domain::{Change, Field, Fields, ItemRecord, Lookup, Op, RemoteId};
use shelfread_store::StoreError;

use crate::db::{Catalogue, Db, add, both, change, remove};
use crate::records::{
    MadeBy, corrected, episode, external, listing, movie, progress, season, settings, show,
};

both!(
    a_second_row_for_a_natural_key_is_refused,
    rows_that_make_no_sense_are_refused,
    what_has_no_number_does_not_collide,
    a_poison_row_leaves_nothing_behind,
    a_show_takes_everything_along,
    any_text_is_stored_as_it_is
);

async fn refused(c: &Catalogue, name: &str, changes: Vec<Change>) {
    match c.apply(changes).await {
        Err(StoreError::Constraint { name: found, detail }) => assert_eq!(found, name, "{detail}"),
        other => panic!("{name}: {other:?}"),
    }
}

fn aired(show: &ItemRecord, day: u32) -> ItemRecord {
    let date = NaiveDate::from_ymd_opt(2026, 11, day);
    let row = episode(show, 1, 1);
    let fields = Fields { air_date: date, ..row.fields };
    ItemRecord { season_number: None, episode_number: None, fields, ..row }
}

async fn a_second_row_for_a_natural_key_is_refused(db: Db) {
    let c = db.with_catalogue().await;
    let (a, film) = (show("Dark"), movie("Heat"));
    let rows = [
        add(a.clone()),
        add(film.clone()),
        add(season(&a, 1)),
        add(episode(&a, 1, 1)),
        add(aired(&a, 2)),
        add(listing(c.library, "x", &film)),
        add(external(&film, "tmdb", "949")),
        add(progress(&film, c.viewer, 1)),
    ];
    c.apply(rows.into()).await.unwrap();
    refused(&c, "uq_items_season", vec![add(season(&a, 1))]).await;
    refused(&c, "uq_items_episode", vec![add(episode(&a, 1, 1))]).await;
    refused(&c, "uq_items_air_date", vec![add(aired(&a, 2))]).await;
    let again = vec![add(listing(c.library, "x", &film))];
    refused(&c, "uq_listings_library_id_remote_id_part", again).await;
    let other = movie("Heat 2");
    let taken = vec![add(other.clone()), add(external(&other, "tmdb", "949"))];
    refused(&c, "uq_external_ids_kind_provider_value", taken).await;
    refused(&c, "uq_progress_item_id_viewer_id", vec![add(progress(&film, c.viewer, 2))]).await;

    let series = show("Heat");
    let rows = vec![add(series.clone()), add(external(&series, "tmdb", "949"))];
    c.apply(rows).await.unwrap();
    c.apply(vec![add(listing(c.other, "x", &film)), add(episode(&series, 1, 1))]).await.unwrap();
}

async fn rows_that_make_no_sense_are_refused(db: Db) {
    let c = db.with_catalogue().await;
    let parent = show("Dark");
    let lost = ItemRecord { parent_id: None, ..episode(&parent, 1, 1) };
    refused(&c, "ck_items_parent_id", vec![add(lost)]).await;
    let held = ItemRecord { parent_id: Some(parent.id), ..movie("Heat") };
    refused(&c, "ck_items_parent_id", vec![add(parent.clone()), add(held)]).await;
    let negative = season(&parent, -1);
    refused(&c, "ck_items_season_number", vec![add(parent.clone()), add(negative)]).await;
    let orphan = c.apply(vec![add(episode(&parent, 1, 1))]).await.unwrap_err();
    let StoreError::Constraint { name, .. } = orphan else { panic!("{orphan}") };
    assert!(["fk_items_parent_id", "foreign_key"].contains(&name.as_str()), "{name}");
    assert_eq!(c.count("items").await, 0);
}

async fn what_has_no_number_does_not_collide(db: Db) {
    let c = db.with_catalogue().await;
    let a = show("Dark");
    let blank = || ItemRecord { season_number: None, episode_number: None, ..episode(&a, 1, 1) };
    let numbered = |n| ItemRecord { season_number: None, ..episode(&a, 1, n) };
    let rows = vec![
        add(a.clone()),
        add(blank()),
        add(blank()),
        add(numbered(1)),
        add(numbered(1)),
        add(season(&a, 0)),
        add(episode(&a, 0, 0)),
    ];
    c.apply(rows).await.unwrap();
    assert_eq!(c.count("items").await, 7);
}

async fn a_poison_row_leaves_nothing_behind(db: Db) {
    let c = db.with_catalogue().await;
    let mut batch = c.begin(None).await.unwrap();
    let film = movie("Heat");
    let good = crate::db::plan(vec![add(film.clone()), add(listing(c.library, "a", &film))]);
    batch.apply(c.run, &good, crate::db::now()).await.unwrap();
    let poison = crate::db::plan(vec![add(movie("Ronin")), add(listing(c.library, "a", &film))]);
    let error = batch.apply(c.run, &poison, crate::db::now()).await.unwrap_err();
    assert!(matches!(error, StoreError::Constraint { .. }), "{error}");
    let after = batch.apply(c.run, &good, crate::db::now()).await.unwrap_err();
    assert!(matches!(after, StoreError::BatchFailed), "{after}");
    let commit = batch.commit().await.unwrap_err();
    assert!(matches!(commit, StoreError::BatchFailed), "{commit}");
    for table in ["items", "listings", "run_changes"] {
        assert_eq!(c.count(table).await, 0, "{table}");
    }
    c.apply(vec![add(movie("Ronin"))]).await.unwrap();
}

async fn a_show_takes_everything_along(db: Db) {
    let c = db.with_catalogue().await;
    let (a, film) = (show("Dark"), movie("Heat"));
    let (s, e) = (season(&a, 1), episode(&a, 1, 1));
    let mut batch = c.begin(None).await.unwrap();
    let mut rows = vec![add(a.clone()), add(film.clone()), add(s.clone()), add(e.clone())];
    for (n, row) in [&a, &s, &e, &film].into_iter().enumerate() {
        rows.push(add(listing(c.library, &n.to_string(), row)));
        rows.push(add(progress(row, c.viewer, 1)));
        rows.push(add(settings(row)));
        rows.push(add(corrected(row, Field::Title, Some("mine"))));
        rows.push(add(external(row, "tmdb", &(n + 1).to_string())));
    }
    batch.apply_revert(c.run, &crate::db::plan(rows), crate::db::now()).await.unwrap();
    batch.commit().await.unwrap();
    c.apply(vec![remove(a)]).await.unwrap();
    for table in ["items", "listings", "progress", "item_settings", "overrides", "external_ids"] {
        assert_eq!(c.count(table).await, 1, "{table}");
    }
    let found = c.doctor(crate::db::now()).await.unwrap();
    assert!(found.iter().all(|f| f.kind == "open_run"), "{found:?}");
}

async fn any_text_is_stored_as_it_is(db: Db) {
    let c = db.with_catalogue().await;
    let texts =
        ["<b>שלום</b> 🎬", r#"a "quoted" \ {NULL,} 'title'"#, "NULL", "{}", "", "1e5", "  "];
    for text in texts {
        let mut film = movie(text);
        film.fields.sort_title = Some("x".to_owned());
        film.fields.overview = Some(format!("{text}\n{text}"));
        let mut entry = listing(c.library, text, &film);
        entry.parent_remote_id = Some(RemoteId(text.to_owned()));
        let rows = vec![add(film.clone()), add(entry.clone())];
        c.apply(rows).await.unwrap();
        let stored = c.item(film.id).await.unwrap().unwrap();
        assert_eq!(stored.item.fields, film.fields);
        assert_eq!(stored.listings[0].listing.remote_id, entry.remote_id);
        assert_eq!(stored.listings[0].listing.parent_remote_id, entry.parent_remote_id);
        assert_eq!(stored.listings[0].listing.facts, entry.facts);
        // The same through an update and through a list of keys.
        let mut longer = film.clone().made_by(c.run);
        longer.fields.poster_url = Some(text.to_owned());
        let row = |item: &ItemRecord| Some(item.clone().into());
        let step = change(Op::Update, row(&film.made_by(c.run)), row(&longer));
        c.apply(vec![step]).await.unwrap();
        let mut batch = c.begin(None).await.unwrap();
        let lookup = Lookup { remote_ids: vec![entry.remote_id.clone()], ..Lookup::default() };
        let known = batch.load(c.library, None, &lookup).await.unwrap();
        assert_eq!(known.items().next(), Some(&longer), "{text}");
    }
}
