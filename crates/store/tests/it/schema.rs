//! The schema: made once whoever comes, refused when newer, and as the program knows it.

use shelfread_migration::{Migrator, MigratorTrait};
use shelfread_store::{SchemaState, Store, StoreError};
use shelfread_testkit::postgres::postgres;

use crate::db::{Db, both, now};

both!(
    entities_and_schema_agree,
    migrating_again_does_nothing,
    a_newer_database_is_refused,
    damage_to_the_schema_is_found
);

async fn entities_and_schema_agree(db: Db) {
    assert_eq!(db.doctor(now()).await.unwrap(), []);
    assert_eq!(db.schema_state().await.unwrap(), SchemaState::Current);
}

async fn migrating_again_does_nothing(db: Db) {
    db.migrate().await.unwrap();
    let made = Migrator::migrations().len();
    assert_eq!(db.count("seaql_migrations").await, i64::try_from(made).unwrap());
    assert_eq!(db.count("leases").await, 1);
}

async fn a_newer_database_is_refused(db: Db) {
    db.damage("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m2099_moon', 0)").await;
    db.damage("DELETE FROM seaql_migrations WHERE version <> 'm2099_moon'").await;
    let error = db.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { .. }), "{error}");
    assert!(error.to_string().contains("m2099_moon"), "{error}");
    assert_eq!(db.count("seaql_migrations").await, 1, "nothing was written");
    let unknown = vec!["m2099_moon".to_owned()];
    assert_eq!(db.schema_state().await.unwrap(), SchemaState::Newer(unknown));
}

async fn damage_to_the_schema_is_found(db: Db) {
    db.damage("ALTER TABLE items ADD COLUMN mood TEXT").await;
    db.damage("ALTER TABLE viewers DROP COLUMN retry_at").await;
    let found = db.doctor(now()).await.unwrap();
    let messages: Vec<_> = found.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].contains("viewers.retry_at"), "{messages:?}");
    assert!(messages[1].contains("items.mood"), "{messages:?}");
}

async fn migrate_at_once(url: &str) {
    let stores = futures::future::join_all((0..4).map(|_| Store::open(url))).await;
    let stores: Vec<_> = stores.into_iter().map(Result::unwrap).collect();
    let done = futures::future::join_all(stores.iter().map(Store::migrate)).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(stores[0].schema_state().await.unwrap(), SchemaState::Current);
}

#[tokio::test]
async fn four_at_once_make_one_schema_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    migrate_at_once(&format!("sqlite://{}/new/x.db", folder.path().display())).await;
}

#[tokio::test]
async fn four_at_once_make_one_schema_on_postgres() {
    migrate_at_once(&postgres().database()).await;
}

#[tokio::test]
async fn what_is_no_database_is_refused_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = format!("sqlite://{}/file/x.db", folder.path().display());
    for (url, unavailable) in [
        ("mysql://anna:s3cret@localhost/x", false),
        ("postgres://anna:s3cret@localhost:notaport/x", false),
        ("postgres://anna:s3cret@127.0.0.1:1/x", true),
        ("sqlite::memory:", false),
        (below_a_file.as_str(), true),
    ] {
        let error = Store::open(url).await.unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        assert_eq!(matches!(error, StoreError::Unavailable { .. }), unavailable, "{error:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_as_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    std::fs::write(&path, "this is a text, not a database, and long enough to be read".repeat(9))
        .unwrap();
    let opened = Store::open(&format!("sqlite://{}", path.display())).await;
    let error = match opened {
        Ok(store) => store.migrate().await.unwrap_err(),
        Err(error) => error,
    };
    let text = error.to_string();
    assert!(text.contains("not a database"), "{text}");
}
