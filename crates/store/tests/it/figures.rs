//! What pages show at a glance: counts, seasons with their episodes, what waits, and what happened
//! to one item.

use std::collections::HashSet;

use serde_json::json;
use shelfread_domain::id::HoldId;
use shelfread_domain::record::{Review, ReviewReason};
use shelfread_domain::{ItemKind, ItemStatus, ListingRecord};
use shelfread_store::{HoldRow, HoldState, ItemFilter, NewEvent, Sort};
use uuid::Uuid;

use crate::db::{Db, add, both, later, now, plan, remove};
use crate::records::{MadeBy, episode, listing, movie, progress, season, settings, show};

both!(
    items_and_listings_are_counted,
    only_movies_and_shows_when_asked,
    a_season_with_its_episodes,
    what_waits_is_found_with_its_names,
    the_past_of_one_item
);

async fn items_and_listings_are_counted(db: Db) {
    let c = db.with_catalogue().await;
    let (heat, ronin, dark) = (movie("Heat"), movie("Ronin"), show("Dark"));
    let review = Review { reason: ReviewReason::Claim, candidates: vec![heat.id], claims: vec![] };
    c.apply(vec![
        add(heat.clone()),
        add(ronin.clone()),
        add(dark.clone()),
        add(listing(c.library, "h", &heat)),
        add(listing(c.other, "h", &heat)),
        add(ListingRecord { review: Some(review), ..listing(c.library, "d", &dark) }),
    ])
    .await
    .unwrap();
    let tally = c.tally().await.unwrap();
    let expected = [
        (ItemKind::Movie, ItemStatus::Available, 1),
        (ItemKind::Movie, ItemStatus::Missing, 1),
        (ItemKind::Show, ItemStatus::Available, 1),
    ];
    assert_eq!(tally, expected);
    let counts = c.listings_by_library().await.unwrap();
    assert_eq!((counts[&c.library], counts[&c.other]), (2, 1));
    assert_eq!(c.count_reviews().await.unwrap(), 1);
    let shown: HashSet<_> = [&heat, &dark]
        .into_iter()
        .filter(|i| i.fields.poster_url.is_some())
        .map(|i| i.id)
        .collect();
    assert_eq!(c.with_poster(&[heat.id, dark.id]).await.unwrap(), shown);
    assert!(c.with_poster(&[]).await.unwrap().is_empty());
}

async fn only_movies_and_shows_when_asked(db: Db) {
    let c = db.with_catalogue().await;
    let (heat, dark) = (movie("Heat"), show("Dark"));
    let rows = vec![add(heat), add(dark.clone()), add(season(&dark, 1)), add(episode(&dark, 1, 1))];
    c.apply(rows).await.unwrap();
    for sort in Sort::ALL {
        for query in [None, Some("a".to_owned())] {
            let is_search = query.is_some();
            let filter = ItemFilter { top: true, sort, query, ..ItemFilter::default() };
            let (items, _) = c.items(&filter, None, 9).await.unwrap();
            let mut kinds: Vec<_> = items.iter().map(|i| i.item.kind).collect();
            kinds.sort();
            assert_eq!(kinds, [ItemKind::Movie, ItemKind::Show], "{sort:?} {is_search}");
        }
    }
}

async fn a_season_with_its_episodes(db: Db) {
    let c = db.with_catalogue().await;
    let dark = show("Dark");
    let (e1, e2, special) = (episode(&dark, 1, 1), episode(&dark, 1, 2), episode(&dark, 0, 1));
    let first = season(&dark, 1);
    c.apply(vec![
        add(dark.clone()),
        add(first.clone()),
        add(e1.clone()),
        add(e2.clone()),
        add(special.clone()),
        add(listing(c.library, "1", &e1)),
        add(progress(&e1, c.viewer, 60)),
    ])
    .await
    .unwrap();
    let mut batch = c.begin(None).await.unwrap();
    let set = plan(vec![add(settings(&e2))]);
    batch.apply_revert(c.run, &set, now()).await.unwrap();
    batch.commit().await.unwrap();
    let seasons = c.seasons(dark.id).await.unwrap();
    let told: Vec<_> =
        seasons.iter().map(|s| (s.number, s.item, s.episodes, s.available)).collect();
    assert_eq!(told, [(Some(0), None, 1, 0), (Some(1), Some(first.id), 2, 1)]);
    let episodes = c.episodes(dark.id, Some(1), 9).await.unwrap();
    let ids: Vec<_> = episodes.iter().map(|e| e.item.id).collect();
    assert_eq!(ids, [e1.id, e2.id]);
    assert_eq!(episodes[0].position_seconds, 60);
    assert_eq!(episodes[0].auto_download, None, "nobody said");
    assert_eq!(episodes[1].auto_download, Some(true));
    assert_eq!(episodes[1].status, ItemStatus::Missing);
    assert_eq!(c.episodes(dark.id, Some(1), 1).await.unwrap().len(), 1);
    assert_eq!(c.episodes(dark.id, None, 9).await.unwrap(), []);
}

async fn what_waits_is_found_with_its_names(db: Db) {
    let c = db.with_catalogue().await;
    let hold = |state: HoldState, library| HoldRow {
        id: HoldId(Uuid::now_v7()),
        run_id: c.run,
        library_id: library,
        fingerprint: "f".to_owned(),
        state: state.as_str().to_owned(),
        items: 7,
        listings: 8,
        reason: "too many".to_owned(),
    };
    let mut batch = c.begin(None).await.unwrap();
    batch.put_hold(&hold(HoldState::Pending, c.library), now()).await.unwrap();
    batch.put_hold(&hold(HoldState::Stale, c.other), now()).await.unwrap();
    batch.commit().await.unwrap();
    let waiting = c.waiting_holds(9).await.unwrap();
    let [one] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!((one.hold.items, one.hold.run_id), (7, c.run));
    let library = c.libraries(c.source).await.unwrap();
    let library = library.iter().find(|l| l.id == c.library).unwrap();
    assert_eq!(one.library, library.name);
}

async fn the_past_of_one_item(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat").made_by(c.run);
    let own = listing(c.library, "h", &film).made_by(c.run);
    c.apply(vec![add(film.clone()), add(own.clone())]).await.unwrap();
    let second = c.new_run(c.source).await;
    c.apply_as(second, vec![remove(own)]).await.unwrap();
    let past = c.changes_of(film.id, None, 9).await.unwrap();
    assert!(past.iter().all(|p| p.run == second), "{past:?}");
    assert!(past.iter().any(|p| p.change.entity == "listing"), "{past:?}");
    let event = |item| NewEvent {
        item_id: item,
        ..NewEvent::new(later(1), "item.removed", "info", json!({}))
    };
    c.append_events(&[event(Some(film.id)), event(None)]).await.unwrap();
    let events = c.events_of(film.id, None, 9).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event.item_id, Some(film.id));
}
