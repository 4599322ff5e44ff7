//! Sources with their secrets, libraries and viewers.

use secrecy::{ExposeSecret, SecretString};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{ItemKind, OnMissing, RunId, SourceId};
use shelfread_store::{SourceRow, StoreError, Vault};
use tempfile::TempDir;
use uuid::Uuid;

use crate::db::{Db, add, both, later, now, source};
use crate::records::{item, listing, progress};

both!(
    a_source_is_put_once,
    sources_come_by_priority,
    secrets_are_sealed,
    an_unreadable_secret_does_not_hide_its_source,
    what_a_source_told_is_remembered,
    a_removed_source_takes_its_listings_along,
    libraries_keep_their_ids,
    viewers_keep_their_ids
);

async fn a_source_is_put_once(db: Db) {
    let first = source("den");
    let id = db.put_source(&first, now()).await.unwrap();
    assert_eq!(id, first.id);
    let again = SourceRow { id: SourceId(Uuid::now_v7()), ..first.clone() };
    assert_eq!(db.put_source(&again, later(1)).await.unwrap(), id);
    assert_eq!(db.count("sources WHERE updated_at = created_at").await, 1, "nothing was written");

    let changed = SourceRow { on_missing: OnMissing::Grace { days: 3 }, ..first.clone() };
    assert_eq!(db.put_source(&changed, later(1)).await.unwrap(), id);
    let stored = db.source_by_name("den").await.unwrap().unwrap();
    assert_eq!(stored.on_missing, OnMissing::Grace { days: 3 });
    assert_eq!(stored.settings, first.settings);
    assert_eq!(db.count("sources WHERE updated_at > created_at").await, 1);
    assert!(db.source_by_name("attic").await.unwrap().is_none());
}

async fn sources_come_by_priority(db: Db) {
    for (name, priority) in [("b", 20), ("a", 30), ("c", 20)] {
        db.put_source(&SourceRow { priority, ..source(name) }, now()).await.unwrap();
    }
    let names: Vec<_> = db.sources().await.unwrap().into_iter().map(|s| s.name).collect();
    assert_eq!(names, ["b", "c", "a"]);
}

fn with_secret(secret: &str) -> SourceRow {
    SourceRow { secret: Some(SecretString::from(secret)), ..source("den") }
}

async fn secrets_are_sealed(db: Db) {
    let data = TempDir::new().unwrap();
    let without = db.put_source(&with_secret("t0ken"), now()).await.unwrap_err();
    assert!(matches!(without, StoreError::Key { .. }), "{without}");

    let store = db.store.clone().with_vault(Vault::open(data.path()).unwrap());
    store.put_source(&with_secret("t0ken"), now()).await.unwrap();
    let stored = store.source_by_name("den").await.unwrap().unwrap();
    assert_eq!(stored.secret.unwrap().expose_secret(), "t0ken");
    let sealed = "sources WHERE length(secret) = 1 + 24 + 5 + 16";
    assert_eq!(db.count(sealed).await, 1);

    store.put_source(&with_secret("t0ken"), later(1)).await.unwrap();
    assert_eq!(db.count("sources WHERE updated_at = created_at").await, 1, "nothing was written");
    store.put_source(&with_secret("other"), later(1)).await.unwrap();
    let stored = store.source_by_name("den").await.unwrap().unwrap();
    assert_eq!(stored.secret.unwrap().expose_secret(), "other");
    store.put_source(&source("den"), later(2)).await.unwrap();
    assert_eq!(db.count("sources WHERE secret IS NULL").await, 1);
}

async fn an_unreadable_secret_does_not_hide_its_source(db: Db) {
    let (data, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = db.store.clone().with_vault(Vault::open(data.path()).unwrap());
    store.put_source(&with_secret("t0ken"), now()).await.unwrap();
    store.put_source(&source("attic"), now()).await.unwrap();

    let store = db.store.clone().with_vault(Vault::open(elsewhere.path()).unwrap());
    let sources = store.sources().await.unwrap();
    assert_eq!(sources.len(), 2);
    assert!(sources[0].secret.is_none());
    let problem = sources[0].secret_problem.as_deref().unwrap();
    assert!(problem.contains("set the secret again"), "{problem}");
    assert_eq!(sources[1].secret_problem, None);
    store.put_source(&with_secret("new"), later(1)).await.unwrap();
    let stored = store.source_by_name("den").await.unwrap().unwrap();
    assert_eq!(stored.secret.unwrap().expose_secret(), "new");
}

async fn what_a_source_told_is_remembered(db: Db) {
    let id = db.put_source(&source("den"), now()).await.unwrap();
    db.set_server_id(id, Some("abc")).await.unwrap();
    db.note_source_health(id, None, later(5)).await.unwrap();
    db.note_source_health(id, Some("no answer"), later(9)).await.unwrap();
    db.put_source(&SourceRow { priority: 1, ..source("den") }, later(9)).await.unwrap();
    let stored = db.source_by_name("den").await.unwrap().unwrap();
    assert_eq!(stored.server_id.as_deref(), Some("abc"));
    assert_eq!(stored.last_seen_at, Some(later(5)));
    assert_eq!(stored.last_error.as_deref(), Some("no answer"));
    let error = db.set_server_id(SourceId(Uuid::nil()), None).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
}

async fn a_removed_source_takes_its_listings_along(db: Db) {
    let c = db.with_catalogue().await;
    let film = item(ItemKind::Movie, "Heat");
    let rows =
        [add(film.clone()), add(listing(c.library, "a", &film)), add(progress(&film, c.viewer, 5))];
    c.apply(rows.into()).await.unwrap();
    assert!(c.remove_source(c.source).await.unwrap());
    for table in ["sources", "libraries", "listings", "viewers", "progress"] {
        assert_eq!(c.count(table).await, 0, "{table}");
    }
    assert_eq!(c.count("items").await, 1);
    assert_eq!(c.count("runs WHERE source_id IS NULL AND source_name = 'den'").await, 1);
    assert!(!c.remove_source(c.source).await.unwrap());
}

async fn libraries_keep_their_ids(db: Db) {
    let c = db.with_catalogue().await;
    let put =
        |name: &'static str| c.put_library(c.source, "1", name, LibraryKind::Movies, later(1));
    assert_eq!(put("Films").await.unwrap(), c.library);
    assert_eq!(put("Cinema").await.unwrap(), c.library);
    let run = RunId(Uuid::now_v7());
    c.set_library_complete(c.library, run, later(2)).await.unwrap();
    c.relink_library(c.library, "9", "Kino", later(3)).await.unwrap();
    let libraries = c.libraries(c.source).await.unwrap();
    assert_eq!(libraries.len(), 2);
    let library = libraries.iter().find(|l| l.id == c.library).unwrap();
    assert_eq!((library.remote_id.as_str(), library.name.as_str()), ("9", "Kino"));
    assert_eq!(library.kind, LibraryKind::Movies);
    assert_eq!(library.last_complete_run_id, Some(run));
    assert_eq!(library.last_complete_at, Some(later(2)));
    let error = c.relink_library(c.library, "2", "Kino", later(4)).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Constraint { name, .. }
            if name == "uq_libraries_source_id_remote_id"),
        "{error}"
    );
}

async fn viewers_keep_their_ids(db: Db) {
    let c = db.with_catalogue().await;
    assert_eq!(c.viewer(c.source, "anna").await.unwrap(), Some(c.viewer));
    assert_eq!(c.put_viewer(c.source, "anna", "Ann", later(1)).await.unwrap(), c.viewer);
    assert_eq!(c.count("viewers WHERE name = 'Ann'").await, 1);
    assert_eq!(c.viewer(c.source, "bert").await.unwrap(), None);
}

#[test]
fn a_sealed_secret_fits_its_row_and_key_only() {
    let data = TempDir::new().unwrap();
    let vault = Vault::open(data.path()).unwrap();
    let (row, other) = (Uuid::now_v7(), Uuid::now_v7());
    let sealed = vault.seal("sources", row, &SecretString::from("t0ken")).unwrap();
    assert!(!sealed.windows(5).any(|w| w == b"t0ken"));
    let open = |vault: &Vault, table, row, sealed: &[u8]| {
        vault.unseal(table, row, sealed).map(|s| s.expose_secret().to_owned()).ok()
    };
    assert_eq!(open(&vault, "sources", row, &sealed).as_deref(), Some("t0ken"));
    assert_eq!(open(&vault, "sources", other, &sealed), None);
    assert_eq!(open(&vault, "clients", row, &sealed), None);
    for place in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[place] ^= 1;
        assert_eq!(open(&vault, "sources", row, &bent), None, "byte {place}");
        assert_eq!(open(&vault, "sources", row, &sealed[..place]), None, "cut at {place}");
    }
    let again = Vault::open(data.path()).unwrap();
    assert_eq!(open(&again, "sources", row, &sealed).as_deref(), Some("t0ken"));
    assert_eq!(format!("{again:?}"), "Vault");
}

#[cfg(unix)]
#[test]
fn a_key_file_is_private_and_whole() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    let data = TempDir::new().unwrap();
    Vault::open(data.path()).unwrap();
    let path = data.path().join("shelfread.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "no draft is left behind");

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Vault::open(data.path()).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for text in ["", "1 abc", "x\n", &format!("1 {}\n", "é".repeat(32))] {
        fs::write(&path, text).unwrap();
        assert!(Vault::open(data.path()).is_err(), "{text:?}");
    }
}
