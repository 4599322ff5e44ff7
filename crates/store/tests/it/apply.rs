//! Applying plans: every kind of change, and rows that exchange their keys.

use chrono::NaiveDate;
use shelfread_domain::record::ReviewReason;
use shelfread_domain::{
    Facts, Field, FileRef, ItemRecord, Known, ListingRecord, MatchBasis, PlayState, Review,
};
use shelfread_store::StoreError;

use crate::db::{Catalogue, Db, add, both, later, now, plan, remove, update};
use crate::records::{
    MadeBy, corrected, episode, external, listing, movie, progress, season, settings, show,
};

both!(
    every_field_is_written_and_read_back,
    every_group_of_columns_is_updated,
    episodes_exchange_their_numbers,
    a_whole_season_shifts,
    a_new_episode_takes_the_place_of_a_removed_one,
    children_move_to_a_new_show,
    listings_exchange_their_remote_ids,
    a_new_listing_takes_a_freed_remote_id,
    an_external_id_changes_its_owner,
    a_listing_leaves_an_item_that_goes,
    a_row_that_is_not_there_is_stale,
    a_sync_cannot_write_what_a_person_set,
    several_changes_of_one_row_add_up,
    chunks_of_any_size
);

async fn known(c: &Catalogue, items: &[&ItemRecord]) -> Known {
    let ids: Vec<_> = items.iter().map(|item| item.id).collect();
    c.begin(None).await.unwrap().load_tree(&ids).await.unwrap()
}

fn full(item: ItemRecord) -> ItemRecord {
    let mut item = ItemRecord { absolute_number: Some(7), ..item };
    item.fields.overview = Some("A film.\nLong.".to_owned());
    item.fields.air_date = NaiveDate::from_ymd_opt(1995, 12, 15);
    item.fields.runtime_seconds = Some(10_200);
    item.fields.poster_url = Some("/Items/1/Images".to_owned());
    item
}

fn full_listing(l: ListingRecord) -> ListingRecord {
    let file = FileRef { modified: Some(later(-999)), ..FileRef::new("/m/a/b.mkv", Some(9)) };
    let facts = Facts {
        year: Some(1995),
        monitored: Some(false),
        added_at: Some(later(-5)),
        files: vec![file.clone()],
        ..Facts::clone(&l.facts)
    };
    let review = Review {
        reason: ReviewReason::Claim,
        candidates: l.item_id.into_iter().collect(),
        claims: Vec::new(),
    };
    ListingRecord {
        part: 3,
        parent_remote_id: Some("show".into()),
        play: Some(PlayState { played: true, last_played_at: Some(now()), ..Default::default() }),
        fingerprint: i64::MAX,
        file_key: facts.file_key(),
        moved_key: file.moved_key(),
        match_basis: MatchBasis::File,
        review: Some(review),
        missing_since: Some(later(-10)),
        kept_since: Some(later(-9)),
        facts: facts.into(),
        ..l
    }
}

async fn every_field_is_written_and_read_back(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    let first = full(episode(&dark, 1, 1));
    let entry = full_listing(listing(c.library, "a", &first));
    let id = external(&dark, "imdb", "tt5753856");
    let seen = progress(&first, c.viewer, 77);
    let rows = vec![
        add(dark.clone()),
        add(first.clone()),
        add(entry.clone()),
        add(id.clone()),
        add(seen.clone()),
    ];
    c.apply(rows).await.unwrap();
    let known = known(&c, &[&dark]).await;
    assert_eq!(known.item(dark.id), Some(&dark.made_by(c.run)));
    assert_eq!(known.item(first.id), Some(&first.clone().made_by(c.run)));
    assert_eq!(known.listing(entry.id), Some(&entry.made_by(c.run)));
    assert_eq!(known.external_ids(id.item_id).collect::<Vec<_>>(), [&id.id]);
    assert_eq!(known.progress(first.id, c.viewer), Some(&seen));
}

async fn every_group_of_columns_is_updated(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    let first = episode(&dark, 1, 1);
    let entry = listing(c.library, "a", &first);
    let seen = progress(&first, c.viewer, 77);
    c.apply(vec![add(dark.clone()), add(first.clone()), add(entry.clone()), add(seen.clone())])
        .await
        .unwrap();
    let (first, entry) = (first.made_by(c.run), entry.made_by(c.run));
    let mut renamed = full(first.clone());
    renamed.fields.title = Some("Secrets".to_owned());
    renamed.fields.sort_title = None;
    renamed.episode_number = Some(2);
    let moved =
        ListingRecord { library_id: c.other, remote_id: "b".into(), ..full_listing(entry.clone()) };
    let mut further = seen.clone();
    further.state = PlayState { position_seconds: 5, carried: true, ..PlayState::default() };
    let run = c.new_run(c.source).await;
    c.apply_as(
        run,
        vec![
            update(first.clone(), renamed.clone()),
            update(entry.clone(), moved.clone()),
            update(seen, further.clone()),
        ],
    )
    .await
    .unwrap();
    let known = known(&c, &[&dark]).await;
    assert_eq!(known.item(first.id), Some(&renamed));
    assert_eq!(known.listing(entry.id), Some(&moved));
    assert_eq!(known.progress(first.id, c.viewer), Some(&further));
}

async fn numbers(c: &Catalogue, show: &ItemRecord) -> Vec<(i32, i32, String)> {
    let children = c.item(show.id).await.unwrap().unwrap().children.into_iter();
    children.filter_map(|e| Some((e.season_number?, e.episode_number?, e.fields.title?))).collect()
}

fn renumbered(item: &ItemRecord, season: i32, episode: i32) -> ItemRecord {
    ItemRecord { season_number: Some(season), episode_number: Some(episode), ..item.clone() }
}

async fn episodes_exchange_their_numbers(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    let (one, two) = (episode(&dark, 1, 1), episode(&dark, 1, 2));
    c.apply(vec![add(dark.clone()), add(one.clone()), add(two.clone())]).await.unwrap();
    let swap = vec![
        update(one.clone(), renumbered(&one, 1, 2)),
        update(two.clone(), renumbered(&two, 1, 1)),
    ];
    c.apply(swap).await.unwrap();
    let expected = [(1, 1, "1x2".to_owned()), (1, 2, "1x1".to_owned())];
    assert_eq!(numbers(&c, &dark).await, expected);
}

async fn a_whole_season_shifts(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    let all: Vec<_> = (1..=300).map(|n| episode(&dark, 1, n)).collect();
    let mut rows = vec![add(dark.clone())];
    rows.extend(all.iter().cloned().map(add));
    c.apply(rows).await.unwrap();
    let inserted = episode(&dark, 1, 1);
    let mut rows = vec![add(inserted)];
    rows.extend(all.iter().zip(2..).map(|(e, n)| update(e.clone(), renumbered(e, 1, n))));
    c.apply(rows).await.unwrap();
    let after = numbers(&c, &dark).await;
    assert_eq!(after.len(), 301);
    assert_eq!(after[300], (1, 301, "1x300".to_owned()));
}

async fn a_new_episode_takes_the_place_of_a_removed_one(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    let (old, new) = (episode(&dark, 1, 1), episode(&dark, 1, 1));
    let entry = listing(c.library, "a", &old);
    c.apply(vec![add(dark.clone()), add(old.clone()), add(entry.clone())]).await.unwrap();
    let entry = entry.made_by(c.run);
    let kept = ListingRecord { item_id: Some(new.id), ..entry.clone() };
    c.apply(vec![remove(old.clone()), add(new.clone()), update(entry, kept.clone())])
        .await
        .unwrap();
    let known = known(&c, &[&dark]).await;
    assert_eq!(known.children(dark.id).map(|e| e.id).collect::<Vec<_>>(), [new.id]);
    assert_eq!(known.listing(kept.id), Some(&kept), "it was not taken along");
}

async fn children_move_to_a_new_show(db: Db) {
    let c = db.with_catalogue().await;
    let (old, new) = (show("Dark"), show("Dark (2017)"));
    let (s, e) = (season(&old, 1), episode(&old, 1, 1));
    c.apply(vec![add(old.clone()), add(s.clone()), add(e.clone())]).await.unwrap();
    let under = |row: &ItemRecord| ItemRecord { parent_id: Some(new.id), ..row.clone() };
    let rows = vec![
        update(s.clone(), under(&s)),
        update(e.clone(), under(&e)),
        remove(old),
        add(new.clone()),
    ];
    c.apply(rows).await.unwrap();
    let known = known(&c, &[&new]).await;
    assert_eq!(known.children(new.id).count(), 2);
    assert_eq!(c.count("items").await, 3);
}

async fn listings_exchange_their_remote_ids(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let all: Vec<_> = (0..3).map(|n| listing(c.library, &n.to_string(), &film)).collect();
    let mut rows = vec![add(film.clone())];
    rows.extend(all.iter().cloned().map(add));
    c.apply(rows).await.unwrap();
    let turned: Vec<_> = (all.iter().zip([1, 2, 0]))
        .map(|(l, n)| ListingRecord { remote_id: all[n].remote_id.clone(), ..l.clone() })
        .collect();
    let rows = all.iter().cloned().zip(turned.iter().cloned()).map(|(b, a)| update(b, a));
    c.apply(rows.collect()).await.unwrap();
    let known = known(&c, &[&film]).await;
    for l in turned {
        assert_eq!(known.listing(l.id), Some(&l.made_by(c.run)));
    }
}

async fn a_new_listing_takes_a_freed_remote_id(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let (moves, goes) = (listing(c.library, "a", &film), listing(c.library, "b", &film));
    c.apply(vec![add(film.clone()), add(moves.clone()), add(goes.clone())]).await.unwrap();
    let moved = ListingRecord { remote_id: "c".into(), ..moves.clone() };
    let (one, two) = (listing(c.library, "a", &film), listing(c.library, "b", &film));
    c.apply(vec![add(one), add(two), update(moves, moved), remove(goes)]).await.unwrap();
    let mut ids = Vec::new();
    c.for_each_index(c.library, |entry| ids.push((entry.remote_id, entry.part))).await.unwrap();
    ids.sort();
    assert_eq!(ids, [("a".to_owned(), 0), ("b".to_owned(), 0), ("c".to_owned(), 0)]);
}

async fn an_external_id_changes_its_owner(db: Db) {
    let c = db.with_catalogue().await;
    let (a, b) = (movie("Heat"), movie("Ronin"));
    let (tmdb, imdb) = (external(&a, "tmdb", "949"), external(&a, "imdb", "tt0113277"));
    c.apply(vec![add(a.clone()), add(b.clone()), add(tmdb.clone()), add(imdb.clone())])
        .await
        .unwrap();
    let taken = external(&b, "tmdb", "949");
    c.apply(vec![remove(tmdb), add(taken), remove(imdb)]).await.unwrap();
    let known = known(&c, &[&a, &b]).await;
    assert_eq!(known.external_ids(a.id).count(), 0);
    assert_eq!(known.external_ids(b.id).count(), 1);
}

async fn a_listing_leaves_an_item_that_goes(db: Db) {
    let c = db.with_catalogue().await;
    let (a, b) = (movie("Heat"), movie("Heat"));
    let entry = listing(c.library, "x", &a);
    let seen = progress(&a, c.viewer, 9);
    c.apply(vec![add(a.clone()), add(b.clone()), add(entry.clone()), add(seen.clone())])
        .await
        .unwrap();
    let merged = ListingRecord { item_id: Some(b.id), ..entry.clone() };
    let carried = progress(&b, c.viewer, 9);
    let rows = vec![remove(seen), remove(a), update(entry, merged.clone()), add(carried)];
    c.apply(rows).await.unwrap();
    let known = known(&c, &[&b]).await;
    assert_eq!(known.listing(merged.id).unwrap().item_id, Some(b.id));
    assert_eq!(known.progress(b.id, c.viewer).unwrap().state.position_seconds, 9);
    assert_eq!(c.count("items").await, 1);
}

async fn a_row_that_is_not_there_is_stale(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let mut renamed = film.clone();
    renamed.fields.title = Some("Ronin".to_owned());
    for step in [update(film.clone(), renamed), remove(film.clone())] {
        let error = c.apply(vec![add(movie("Other")), step]).await.unwrap_err();
        let StoreError::Stale { table: "items", expected: 1, found: 0 } = error else {
            panic!("{error}")
        };
    }
    let gone = listing(c.library, "x", &film);
    let error = c.apply(vec![remove(gone)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Stale { table: "listings", .. }), "{error}");
    assert_eq!(c.count("items").await, 0);
}

async fn a_sync_cannot_write_what_a_person_set(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    c.apply(vec![add(film.clone())]).await.unwrap();
    let title = corrected(&film, Field::Title, Some("Hitze"));
    let cleared = corrected(&film, Field::Title, None);
    let loud = settings(&film);
    for step in [
        add(loud.clone()),
        update(loud.clone(), loud.clone()),
        remove(loud.clone()),
        add(title.clone()),
        update(title.clone(), cleared),
        remove(title.clone()),
    ] {
        let changed = step.before != step.after;
        let done = c.apply(vec![step]).await;
        assert_eq!(matches!(done, Err(StoreError::UserOwned(_))), changed, "{done:?}");
    }
    let mut batch = c.begin(None).await.unwrap();
    let rows = plan(vec![add(loud.clone()), add(title.clone())]);
    batch.apply_revert(c.run, &rows, now()).await.unwrap();
    batch.commit().await.unwrap();
    let stored = c.item(film.id).await.unwrap().unwrap();
    assert_eq!(stored.settings, Some(loud.clone()));
    assert_eq!(stored.overrides, std::slice::from_ref(&title));

    // That they go along with their item is in the plan, for the journal.
    c.apply(vec![remove(loud), remove(title), remove(film)]).await.unwrap();
    assert_eq!(c.count("item_settings").await + c.count("overrides").await, 0);
}

async fn several_changes_of_one_row_add_up(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let titled = |title: &str| {
        let mut film = film.clone();
        film.fields.title = Some(title.to_owned());
        film
    };
    let short = movie("Never");
    let rows = vec![
        add(film.clone()),
        update(film.clone(), titled("a")),
        update(titled("a"), titled("b")),
        add(short.clone()),
        remove(short),
    ];
    c.apply(rows).await.unwrap();
    assert_eq!(c.item(film.id).await.unwrap().unwrap().item, titled("b").made_by(c.run));
    assert_eq!(c.count("items").await, 1);
    assert_eq!(c.count("run_changes").await, 0, "all of it is new");
}

async fn chunks_of_any_size(db: Db) {
    let c = db.with_catalogue().await;
    for size in [1, 9, 49, 250, 311, 2_001] {
        let films: Vec<_> = (0..size).map(|n| movie(&format!("{size}/{n}"))).collect();
        c.apply(films.iter().cloned().map(add).collect()).await.unwrap();
        assert_eq!(c.count("items").await, size);
        let renamed = films.iter().cloned().map(|film| {
            let mut other = film.clone();
            other.fields.title = Some("x".to_owned());
            update(film, other)
        });
        c.apply(renamed.collect()).await.unwrap();
        assert_eq!(c.count("items WHERE title = 'x'").await, size);
        c.apply(films.into_iter().map(remove).collect()).await.unwrap();
        assert_eq!(c.count("items").await, 0);
    }
}
