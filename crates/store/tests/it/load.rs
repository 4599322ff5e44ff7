//! Loading: every rule of identity finds its items, and they come whole.

use chrono::NaiveDate;
use shelfread_domain::known::ChildKey;
use shelfread_domain::{
    Field, Fields, ItemKind, ItemRecord, Known, ListingRecord, Lookup, ViewerId,
};

use crate::db::{Catalogue, Db, add, both, now, plan};
use crate::records::{
    corrected, episode, external, listing, movie, progress, season, settings, show,
};

both!(
    nothing_is_found_for_nothing,
    rule_1_by_remote_id,
    rule_2_by_natural_key,
    rule_3_by_external_id,
    rule_4_by_file,
    rule_5_by_title,
    an_item_comes_with_all_that_hangs_on_it,
    a_tree_comes_whole,
    hostile_keys_find_nothing
);

async fn load(c: &Catalogue, lookup: Lookup) -> Known {
    load_as(c, None, lookup).await
}

async fn load_as(c: &Catalogue, viewer: Option<ViewerId>, lookup: Lookup) -> Known {
    c.begin(None).await.unwrap().load(c.library, viewer, &lookup).await.unwrap()
}

fn found(known: &Known) -> Vec<&str> {
    let mut titles: Vec<_> =
        known.items().filter_map(|item| item.fields.title.as_deref()).collect();
    titles.sort_unstable();
    titles
}

async fn nothing_is_found_for_nothing(db: Db) {
    let c = db.with_catalogue().await;
    c.apply(vec![add(movie("Heat"))]).await.unwrap();
    let known = load(&c, Lookup::default()).await;
    assert_eq!(known.items().count(), 0);
    let library = known.library(c.library).unwrap();
    assert_eq!((library.source_id, library.source_name.as_str()), (c.source, "den"));
    assert_eq!(library.priority, 10);
}

async fn rule_1_by_remote_id(db: Db) {
    let c = db.with_catalogue().await;
    let (a, b) = (movie("Heat"), movie("Ronin"));
    let lost = ListingRecord { item_id: None, ..listing(c.library, "q", &a) };
    let second = ListingRecord { part: 1, ..listing(c.library, "a", &b) };
    let rows = vec![
        add(a.clone()),
        add(b.clone()),
        add(listing(c.library, "a", &a)),
        add(second),
        add(listing(c.other, "b", &b)),
        add(lost.clone()),
    ];
    c.apply(rows).await.unwrap();
    let of = |ids: &[&str]| Lookup {
        remote_ids: ids.iter().map(|id| (*id).into()).collect(),
        ..Lookup::default()
    };
    assert_eq!(found(&load(&c, of(&["a", "z"])).await), ["Heat", "Ronin"], "both parts");
    assert_eq!(found(&load(&c, of(&["b"])).await), [""; 0], "another library");
    let known = load(&c, of(&["q"])).await;
    assert!(known.listing(lost.id).is_some(), "a quarantined listing has no item");
}

fn child(kind: ItemKind, season: Option<i32>, episode: Option<i32>) -> ChildKey {
    ChildKey { parent: "dark".into(), kind, season, episode, air_date: None }
}

async fn rule_2_by_natural_key(db: Db) {
    let c = db.with_catalogue().await;
    let (dark, other) = (show("Dark"), show("Other"));
    let date = NaiveDate::from_ymd_opt(2026, 11, 21);
    let daily = episode(&dark, 1, 1);
    let fields = Fields { air_date: date, title: Some("today".into()), ..daily.fields.clone() };
    let daily = ItemRecord { season_number: None, episode_number: None, fields, ..daily };
    let rows = vec![
        add(dark.clone()),
        add(other.clone()),
        add(season(&dark, 1)),
        add(season(&other, 1)),
        add(episode(&dark, 1, 1)),
        add(episode(&dark, 1, 2)),
        add(episode(&other, 1, 1)),
        add(daily),
        add(listing(c.library, "dark", &dark)),
    ];
    c.apply(rows).await.unwrap();
    let of = |child: ChildKey| Lookup {
        parents: vec!["dark".into()],
        children: vec![child],
        ..Lookup::default()
    };
    let known = load(&c, of(child(ItemKind::Season, Some(1), None))).await;
    assert_eq!(found(&known), ["Season 1"]);
    assert_eq!(known.show(c.library, &"dark".into()), Some(dark.id));
    let known = load(&c, of(child(ItemKind::Episode, Some(1), Some(2)))).await;
    assert_eq!(found(&known), ["1x2"]);
    let dated = ChildKey { air_date: date, ..child(ItemKind::Episode, Some(9), None) };
    assert_eq!(found(&load(&c, of(dated)).await), ["today"]);
    assert_eq!(found(&load(&c, of(child(ItemKind::Season, Some(2), None))).await), [""; 0]);
    let without_parent =
        Lookup { parents: Vec::new(), ..of(child(ItemKind::Season, Some(1), None)) };
    assert_eq!(found(&load(&c, without_parent).await), [""; 0]);
}

async fn rule_3_by_external_id(db: Db) {
    let c = db.with_catalogue().await;
    let (film, series) = (movie("Heat"), show("Heat, the series"));
    let (a, b) = (external(&film, "tmdb", "949"), external(&series, "tmdb", "949"));
    c.apply(vec![add(film), add(series), add(a.clone()), add(b)]).await.unwrap();
    let of = |kind| Lookup { external: vec![(kind, a.id.clone())], ..Lookup::default() };
    let known = load(&c, of(ItemKind::Movie)).await;
    assert_eq!(found(&known), ["Heat"]);
    assert_eq!(known.owner(ItemKind::Movie, &a.id), Some(a.item_id));
    assert_eq!(found(&load(&c, of(ItemKind::Show)).await), ["Heat, the series"]);
}

async fn rule_4_by_file(db: Db) {
    let c = db.with_catalogue().await;
    let (a, b) = (movie("Heat"), movie("Ronin"));
    let here = ListingRecord {
        file_key: Some(i64::MIN),
        moved_key: Some(-1),
        ..listing(c.library, "a", &a)
    };
    let there = ListingRecord {
        file_key: Some(i64::MAX),
        moved_key: Some(-2),
        ..listing(c.other, "b", &b)
    };
    c.apply(vec![add(a), add(b), add(here), add(there)]).await.unwrap();
    let files = |keys: &[i64]| Lookup { file_keys: keys.to_vec(), ..Lookup::default() };
    let moved = |keys: &[i64]| Lookup { moved_keys: keys.to_vec(), ..Lookup::default() };
    assert_eq!(found(&load(&c, files(&[i64::MIN])).await), ["Heat"]);
    assert_eq!(found(&load(&c, files(&[i64::MAX, 0])).await), ["Ronin"], "any library");
    assert_eq!(found(&load(&c, moved(&[-1, -2])).await), ["Heat"], "this library only");
}

async fn rule_5_by_title(db: Db) {
    let c = db.with_catalogue().await;
    let (film, series, same) = (movie("heat"), show("heat"), movie("heat"));
    c.apply(vec![add(film), add(series), add(same)]).await.unwrap();
    let of =
        |kind, year| Lookup { titles: vec![(kind, "heat".to_owned(), year)], ..Lookup::default() };
    assert_eq!(load(&c, of(ItemKind::Movie, 1995)).await.items().count(), 2, "all candidates");
    assert_eq!(load(&c, of(ItemKind::Show, 1995)).await.items().count(), 1);
    assert_eq!(load(&c, of(ItemKind::Movie, 1996)).await.items().count(), 0);
}

async fn furnish(c: &Catalogue, item: &ItemRecord, name: &str) {
    let bert = c.put_viewer(c.source, "bert", "Bert", now()).await.unwrap();
    let rows = vec![
        add(listing(c.library, name, item)),
        add(listing(c.other, name, item)),
        add(progress(item, c.viewer, 1)),
        add(progress(item, bert, 2)),
        add(settings(item)),
        add(corrected(item, Field::Overview, None)),
    ];
    let mut batch = c.begin(None).await.unwrap();
    batch.apply_revert(c.run, &plan(rows), now()).await.unwrap();
    batch.commit().await.unwrap();
}

async fn an_item_comes_with_all_that_hangs_on_it(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    c.apply(vec![add(film.clone()), add(external(&film, "tmdb", "949"))]).await.unwrap();
    furnish(&c, &film, "a").await;
    let lookup = Lookup { remote_ids: vec!["a".into()], ..Lookup::default() };
    let by_lookup = load_as(&c, Some(c.viewer), lookup.clone()).await;
    let by_id = c.begin(None).await.unwrap().load_items(&[film.id], Some(c.viewer)).await.unwrap();
    for known in [by_lookup, by_id] {
        assert_eq!(known.listings_of(film.id).count(), 2);
        assert!(known.library(c.other).is_some(), "every library met");
        assert_eq!(known.external_ids(film.id).count(), 1);
        assert_eq!(known.overrides(film.id).len(), 1);
        assert_eq!(known.progress_of(film.id).count(), 1, "only this viewer's");
        assert_eq!(known.settings(film.id), None);
    }
    assert_eq!(load(&c, lookup).await.progress_of(film.id).count(), 0, "no viewer");
}

async fn a_tree_comes_whole(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    let (s, e) = (season(&dark, 1), episode(&dark, 1, 1));
    let rows =
        vec![add(dark.clone()), add(s.clone()), add(e.clone()), add(external(&dark, "tvdb", "7"))];
    c.apply(rows).await.unwrap();
    furnish(&c, &e, "e").await;
    let known = c.begin(None).await.unwrap().load_tree(&[dark.id]).await.unwrap();
    assert_eq!(found(&known), ["1x1", "Dark", "Season 1"]);
    assert_eq!(known.listings_of(e.id).count(), 2);
    assert_eq!(known.progress_of(e.id).count(), 2, "of all viewers");
    assert_eq!(known.settings(e.id), Some(&settings(&e)));
    assert_eq!(known.external_ids(dark.id).count(), 1);
}

async fn hostile_keys_find_nothing(db: Db) {
    let c = db.with_catalogue().await;
    c.apply(vec![add(movie("Heat"))]).await.unwrap();
    let keys = ["'; DROP TABLE items; --", "\"", "\\", "{a,b}", "[1]", "NULL", "", "%"];
    let lookup = Lookup {
        remote_ids: keys.map(Into::into).into(),
        parents: keys.map(Into::into).into(),
        titles: keys.map(|key| (ItemKind::Movie, key.to_owned(), 1995)).into(),
        ..Lookup::default()
    };
    assert_eq!(load(&c, lookup).await.items().count(), 0);
    assert_eq!(c.count("items").await, 1);
}
