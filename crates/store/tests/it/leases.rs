//! Leases: one owner at a time, and one that lost it cannot write.

use std::time::Duration;

use shelfread_store::{Lease, StoreError};

use crate::db::{Db, add, both, later, now, plan};
use crate::records::movie;

both!(
    a_lease_has_one_owner,
    of_many_at_once_one_wins,
    an_expired_lease_is_taken_over,
    who_lost_a_lease_cannot_write,
    a_batch_keeps_its_lease,
    the_lock_of_the_catalogue_is_no_lease
);

const TTL: Duration = Duration::from_secs(60);

async fn take(db: &Db, owner: &str, at: i64) -> Option<Lease> {
    db.acquire_lease("source:1", owner, TTL, later(at)).await.unwrap()
}

async fn a_lease_has_one_owner(db: Db) {
    let lease = take(&db, "a", 0).await.unwrap();
    assert_eq!((lease.fencing_token, lease.expires_at), (1, later(60)));
    assert_eq!(take(&db, "b", 59).await, None);
    assert_eq!(take(&db, "a", 59).await, None, "not even the same owner");
    assert_eq!(db.lease("source:1").await.unwrap().as_ref(), Some(&lease));
    assert!(db.acquire_lease("source:2", "b", TTL, now()).await.unwrap().is_some());
    db.release_lease(lease).await.unwrap();
    assert_eq!(db.lease("source:1").await.unwrap(), None);
    assert_eq!(take(&db, "b", 1).await.unwrap().fencing_token, 2, "tokens never repeat");
}

async fn of_many_at_once_one_wins(db: Db) {
    let owners: Vec<_> = (0..8).map(|n| format!("owner {n}")).collect();
    let all = futures::future::join_all(owners.iter().map(|owner| take(&db, owner, 0))).await;
    assert_eq!(all.iter().flatten().count(), 1);
}

async fn an_expired_lease_is_taken_over(db: Db) {
    let mut old = take(&db, "a", 0).await.unwrap();
    db.renew_lease(&mut old, TTL, later(30)).await.unwrap();
    assert_eq!(take(&db, "b", 89).await, None, "it was renewed");
    let new = take(&db, "b", 90).await.unwrap();
    assert_eq!(new.fencing_token, 2);
    let error = db.renew_lease(&mut old, TTL, later(91)).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
    db.release_lease(old).await.unwrap();
    assert_eq!(db.lease("source:1").await.unwrap(), Some(new), "the new owner keeps it");
}

async fn who_lost_a_lease_cannot_write(db: Db) {
    let c = db.with_catalogue().await;
    let old = take(&c, "a", 0).await.unwrap();
    let mut batch = c.begin(Some(&old)).await.unwrap();
    batch.apply(c.run, &plan(vec![add(movie("Heat"))]), now()).await.unwrap();
    batch.commit().await.unwrap();
    take(&c, "b", 60).await.unwrap();
    let error = c.begin(Some(&old)).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
    let never = Lease { name: "source:9".to_owned(), ..old };
    let error = c.begin(Some(&never)).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
}

async fn a_batch_keeps_its_lease(db: Db) {
    let c = db.with_catalogue().await;
    let lease = take(&c, "a", 0).await.unwrap();
    let mut batch = c.begin(Some(&lease)).await.unwrap();
    batch.apply(c.run, &plan(vec![add(movie("Heat"))]), now()).await.unwrap();
    let (thief, committed) = tokio::join!(take(&c, "b", 60), batch.commit());
    committed.unwrap();
    assert_eq!(thief.unwrap().fencing_token, 2, "after the batch it may go");
    assert_eq!(c.count("items").await, 1);
}

async fn the_lock_of_the_catalogue_is_no_lease(db: Db) {
    let taken = db.acquire_lease("catalogue", "a", TTL, now()).await.unwrap();
    assert_eq!(taken, None);
    assert_eq!(db.lease("catalogue").await.unwrap(), None);
    db.damage("DELETE FROM leases").await;
    let begun = db.begin(None).await;
    if db.url.starts_with("postgres") {
        assert!(matches!(begun, Err(StoreError::Corrupt { .. })), "without it there is no lock");
    }
}
