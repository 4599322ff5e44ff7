//! Damage of every kind is found, and mended where the right value follows from what is there.

use shelfread_domain::{ItemKind, ListingRecord};
use shelfread_store::Finding;
use uuid::Uuid;

use crate::db::{Catalogue, Db, add, both, later, now, plan};
use crate::records::{corrected, episode, external, listing, movie, progress, settings, show};

both!(
    what_follows_is_mended_and_the_rest_is_told,
    a_place_that_is_taken_is_not_given_twice,
    the_lock_is_put_back,
    a_sound_database_is_left_alone,
);

/// Lets rows refer to nothing, as a database does that lost some of them.
async fn without_keys(c: &Catalogue) {
    if c.url.starts_with("sqlite") {
        return;
    }
    for (table, column) in [
        ("items", "parent_id"),
        ("listings", "item_id"),
        ("external_ids", "item_id"),
        ("progress", "item_id"),
        ("overrides", "item_id"),
        ("item_settings", "item_id"),
    ] {
        c.damage(&format!("ALTER TABLE {table} DROP CONSTRAINT fk_{table}_{column}")).await;
    }
}

/// An id as both databases write it down.
fn literal(c: &Catalogue, id: Uuid) -> String {
    match c.url.starts_with("sqlite") {
        true => format!("x'{}'", id.simple()),
        false => format!("'{id}'"),
    }
}

fn kinds(findings: &[Finding]) -> Vec<String> {
    let mut all: Vec<_> = findings.iter().map(|f| format!("{} {}", f.kind, f.subject)).collect();
    all.sort();
    all
}

async fn mend(c: &Catalogue) -> Vec<Finding> {
    let mut batch = c.begin(None).await.unwrap();
    let mended = batch.mend(now()).await.unwrap();
    batch.commit().await.unwrap();
    mended
}

async fn what_follows_is_mended_and_the_rest_is_told(db: Db) {
    let c = db.with_catalogue().await;
    let (dark, lost, film) = (show("Dark"), show("Lost"), movie("Heat"));
    let (child, stray, gone) = (episode(&dark, 1, 1), episode(&lost, 1, 1), movie("Gone"));
    let below = |id: &str, item, parent: &str| ListingRecord {
        parent_remote_id: Some(parent.into()),
        ..listing(c.library, id, item)
    };
    let rows = vec![
        add(dark.clone()),
        add(lost.clone()),
        add(film.clone()),
        add(gone.clone()),
        add(child.clone()),
        add(stray.clone()),
        add(listing(c.library, "s1", &dark)),
        add(below("e1", &child, "s1")),
        add(below("e2", &stray, "nowhere")),
        add(listing(c.library, "g", &gone)),
        add(ListingRecord { item_id: None, ..listing(c.library, "nobody", &film) }),
        add(ListingRecord { file_key: Some(1), ..listing(c.library, "keys", &film) }),
        add(ListingRecord { kind: ItemKind::Show, ..listing(c.other, "odd", &film) }),
        add(external(&gone, "tmdb", "7")),
        add(progress(&gone, c.viewer, 7)),
        add(settings(&gone)),
        add(corrected(&gone, shelfread_domain::Field::Title, Some("mine"))),
    ];
    let mut batch = c.begin(None).await.unwrap();
    batch.apply_revert(c.run, &plan(rows), now()).await.unwrap();
    batch.commit().await.unwrap();
    c.set_library_complete(c.library, c.run, now()).await.unwrap();
    without_keys(&c).await;
    for id in [child.id, stray.id] {
        let (ghost, id) = (literal(&c, Uuid::now_v7()), literal(&c, id.0));
        c.damage(&format!("UPDATE items SET parent_id = {ghost} WHERE id = {id}")).await;
    }
    c.damage(&format!("DELETE FROM items WHERE id = {}", literal(&c, gone.id.0))).await;
    c.damage("UPDATE items SET presence = 'wanted' WHERE title = 'Heat'").await;
    let found = c.doctor(now()).await.unwrap();
    let every = [
        "derived Heat",
        "derived keys",
        "misplaced odd",
        "open_run den",
        "orphan 1x1",
        "orphan 1x1",
        "orphan g",
        "orphan play state",
        "orphan title",
        "orphan tmdb",
        "orphan wanted",
        "unplaced nobody",
    ];
    assert_eq!(kinds(&found), every, "{found:#?}");
    let mended = mend(&c).await;
    let told = [
        "derived Heat",
        "derived keys",
        "open_run den",
        "orphan 1x1",
        "orphan play state",
        "orphan tmdb",
        "unplaced g",
        "unplaced nobody",
    ];
    assert_eq!(kinds(&mended), told, "{mended:#?}");
    let left = c.doctor(now()).await.unwrap();
    // What a person set, what lies below nothing, and what is of two kinds is for a person.
    let rest = ["misplaced odd", "orphan 1x1", "orphan title", "orphan wanted"];
    assert_eq!(kinds(&left), rest, "{left:#?}");
    let child = c.item(child.id).await.unwrap().unwrap();
    assert_eq!(child.item.parent_id, Some(dark.id));
    let libraries = c.libraries(c.source).await.unwrap();
    let library = libraries.iter().find(|l| l.id == c.library).unwrap();
    assert_eq!(library.last_complete_at, None, "the next sync must be a full one");
    assert!(mend(&c).await.is_empty(), "what was mended is well");
}

async fn a_place_that_is_taken_is_not_given_twice(db: Db) {
    let c = db.with_catalogue().await;
    let (dark, ghost) = (show("Dark"), show("Ghost"));
    let other = show("Other ghost");
    let twins = [episode(&ghost, 1, 1), episode(&other, 1, 1)];
    let mut rows = vec![add(dark.clone()), add(ghost.clone()), add(other.clone())];
    rows.push(add(listing(c.library, "s1", &dark)));
    for (n, twin) in twins.iter().enumerate() {
        rows.push(add(twin.clone()));
        rows.push(add(ListingRecord {
            parent_remote_id: Some("s1".into()),
            ..listing(c.library, &format!("e{n}"), twin)
        }));
    }
    c.apply(rows).await.unwrap();
    without_keys(&c).await;
    for ghost in [&ghost, &other] {
        c.damage(&format!("DELETE FROM items WHERE id = {}", literal(&c, ghost.id.0))).await;
    }
    let mended = mend(&c).await;
    assert_eq!(mended.iter().filter(|f| f.kind == "orphan").count(), 1, "{mended:?}");
    assert_eq!(kinds(&c.doctor(now()).await.unwrap()), ["orphan 1x1"]);
}

async fn the_lock_is_put_back(db: Db) {
    db.damage("DELETE FROM leases").await;
    assert_eq!(kinds(&db.doctor(now()).await.unwrap()), ["lease catalogue"]);
    assert!(db.restore_lock().await.unwrap());
    assert!(!db.restore_lock().await.unwrap(), "it is there");
    assert_eq!(db.doctor(now()).await.unwrap(), []);
    db.begin(None).await.unwrap().commit().await.unwrap();
}

async fn a_sound_database_is_left_alone(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    c.apply(vec![add(film.clone()), add(listing(c.library, "a", &film))]).await.unwrap();
    let ttl = std::time::Duration::from_secs(60);
    let name = format!("source:{}", c.source);
    c.acquire_lease(&name, "a", ttl, now()).await.unwrap().unwrap();
    assert!(mend(&c).await.is_empty());
    assert_eq!(c.live_leases(now()).await.unwrap().len(), 1);
    assert!(c.live_leases(later(61)).await.unwrap().is_empty());
}
