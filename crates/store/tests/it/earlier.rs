//! Tables of the queue that an earlier program made without its constraint are taken over.

use crate::db::{Db, both, now};

both!(
    duplicates_leave_the_most_recent_one,
    a_poor_table_is_enough,
    another_programs_table_is_named
);

const HEAT: &str = "dbc6a19a11fc1584000912f2f5031106a6fe2537";

/// An id as both databases write it down.
fn id(db: &Db, n: u32) -> String {
    match db.url.starts_with("sqlite") {
        true => format!("x'{n:032x}'"),
        false => format!("'{}'", uuid::Uuid::from_u128(n.into())),
    }
}

fn types(db: &Db, sql: &str) -> String {
    let (uuid, time) = match db.url.starts_with("sqlite") {
        true => ("BLOB", "TEXT"),
        false => ("uuid", "timestamptz"),
    };
    sql.replace("{uuid}", uuid).replace("{time}", time)
}

async fn duplicates_leave_the_most_recent_one(db: Db) {
    let db = db.at_migration(1).await;
    let tables = "CREATE TABLE download_clients (id {uuid} PRIMARY KEY, name TEXT, kind TEXT, \
        url TEXT, created_at {time}, updated_at {time}); \
        CREATE TABLE downloads (id {uuid} CONSTRAINT pk_downloads PRIMARY KEY, client_id {uuid}, \
        client_download_id TEXT, title TEXT, state TEXT, size_bytes BIGINT, \
        created_at {time}, updated_at {time}); \
        CREATE TABLE download_items (download_id {uuid} REFERENCES downloads (id), item_id {uuid});";
    db.damage(&types(&db, tables)).await;
    let at = |minute: u32| format!("'2026-01-01T00:{minute:02}:00+00:00'");
    for (n, name) in [(1, "box"), (2, "box"), (3, "den")] {
        let (id, at) = (id(&db, n), at(n));
        db.damage(&format!(
            "INSERT INTO download_clients VALUES \
             ({id}, '{name}', 'transmission', 'http://h', {at}, {at})"
        ))
        .await;
    }
    let upper = HEAT.to_uppercase();
    for (n, client, hash, title, minute) in [
        (11, 1, Some(HEAT), "older", 10),
        (12, 1, Some(upper.as_str()), "newest", 30),
        (13, 1, Some(HEAT), "old", 20),
        (14, 3, Some(HEAT), "of another client", 10),
        (15, 1, None, "nameless", 10),
        (16, 9, Some(HEAT), "of no client", 10),
        (17, 1, Some("SABnzbd_nzo_Ab"), "job", 10),
    ] {
        let (row, client, at) = (id(&db, n), id(&db, client), at(minute));
        let hash = hash.map_or("NULL".to_owned(), |hash| format!("'{hash}'"));
        db.damage(&format!(
            "INSERT INTO downloads VALUES \
             ({row}, {client}, {hash}, '{title}', 'seeding', 700, {at}, {at})"
        ))
        .await;
    }
    let (film, at) = (id(&db, 20), at(1));
    db.damage(&format!(
        "INSERT INTO items (id, kind, title, sort_title, created_at, updated_at) \
         VALUES ({film}, 'movie', 'Heat', 'heat', {at}, {at})"
    ))
    .await;
    for download in [11, 12, 13] {
        let download = id(&db, download);
        db.damage(&format!("INSERT INTO download_items VALUES ({download}, {film})")).await;
    }
    db.damage(&format!("INSERT INTO download_items VALUES ({}, {})", id(&db, 14), id(&db, 99)))
        .await;

    db.migrate().await.unwrap();
    assert_eq!(db.doctor(now()).await.unwrap(), []);
    let clients: Vec<_> = db.clients().await.unwrap().into_iter().map(|c| c.name).collect();
    assert_eq!(clients, ["box-2", "box", "den"]);
    let (rows, _) = db.queue(&Default::default(), None, 100).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|r| (r.record.title.as_str(), r.record.transfer_id.as_str(), r.items.len()))
        .collect();
    let job = ("job", "SABnzbd_nzo_Ab", 0);
    assert_eq!(rows, [("newest", HEAT, 1), ("of another client", HEAT, 0), job]);
    let events = db.events_after(0, 100).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|e| {
            let text = |key| e.event.data[key].as_str().unwrap_or("-").to_owned();
            (e.event.kind.as_str(), text("title"), text("reason"))
        })
        .map(|(kind, title, reason)| format!("{kind} {title}: {reason}"))
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
    for line in [
        "download.removed older: an older row of the same transfer",
        "download.removed old: an older row of the same transfer",
        "download.removed nameless: it had no id of its client",
        "download.removed of no client: its client is gone",
    ] {
        assert!(told.iter().any(|t| t == line), "{line}: {told:?}");
    }
    assert_eq!(events[0].event.severity, "warning");
    for table in ["downloads", "download_clients", "download_items", "ranked"] {
        let gone = db.raw().await;
        let sql = format!("SELECT 1 FROM old_{table}");
        assert!(
            sea_orm::ConnectionTrait::execute_unprepared(&gone, &sql).await.is_err(),
            "{table}"
        );
    }
}

async fn a_poor_table_is_enough(db: Db) {
    let db = db.at_migration(1).await;
    let tables = "CREATE TABLE downloads (id {uuid}, client_id {uuid}, client_download_id TEXT);";
    db.damage(&types(&db, tables)).await;
    let (row, client) = (id(&db, 1), id(&db, 2));
    db.damage(&format!("INSERT INTO downloads VALUES ({row}, {client}, 'x')")).await;
    db.migrate().await.unwrap();
    assert_eq!(db.count("downloads").await, 0);
    assert_eq!(db.count("events").await, 1);
}

async fn another_programs_table_is_named(db: Db) {
    let db = db.at_migration(1).await;
    db.damage("CREATE TABLE downloads (file TEXT)").await;
    let error = db.migrate().await.unwrap_err().to_string();
    assert!(error.contains("downloads") && error.contains("another program"), "{error}");
    assert_eq!(db.count("downloads").await, 0, "nothing was changed");
}
