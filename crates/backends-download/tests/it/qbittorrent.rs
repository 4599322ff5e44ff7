//! qBittorrent: the real one, two of them with each other, and scripted answers.

use std::fs;
use std::path::Path;

use expect_test::expect;
use serde_json::{Value, json};
use shelfread_backends_download::{ClientConfig, connect};
use shelfread_backends_http::{Http, HttpConfig, Request as HttpRequest};
use shelfread_domain::download::{ClientKind, TransferId, TransferState};
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::daemon::{Daemon, PASSWORD, Process, USER, folder, free_port};
use crate::fake_client;
use crate::suite::{self, find, finished, shows};
use crate::torrents::{Torrent, magnet};

/// PBKDF2-SHA-512 of the password, 100,000 rounds, as qBittorrent keeps it.
const HASH: &str = "AAECAwQFBgcICQoLDA0ODw==:Pt0kq/4+rM+zXNwJMO4eg1zaEEwcBm3HrBsmGnhA2dk85SOfwB6tEVSpi8uwfaLO6qJ3BPOIS2/y2LrgtJwI5A==";

/// A qBittorrent that looks for no peers by itself and receives `limit` KiB per second at most,
/// and the port on which it takes peers.
fn start(limit: u32) -> (Daemon, u16) {
    let (folder, port, peers) = (folder(), free_port(), free_port());
    let downloads = folder.path().join("dl");
    let config = format!(
        "[LegalNotice]\nAccepted=true\n\
         [BitTorrent]\nSession\\DHTEnabled=false\nSession\\LSDEnabled=false\n\
         Session\\Interface=lo\nSession\\InterfaceName=lo\nSession\\PeXEnabled=false\nSession\\Port={peers}\nSession\\DefaultSavePath={}\n\
         Session\\RefreshInterval=100\nSession\\QueueingSystemEnabled=false\nSession\\MultiConnectionsPerIp=true\n\
         Session\\GlobalDLSpeedLimit={limit}\n\
         [Network]\nPortForwardingEnabled=false\n\
         [Preferences]\nConnection\\ResolvePeerCountries=false\nWebUI\\Address=127.0.0.1\n\
         WebUI\\Port={port}\nWebUI\\Username={USER}\nWebUI\\UseUPnP=false\n\
         WebUI\\LocalHostAuth=true\nWebUI\\Password_PBKDF2=\"@ByteArray({HASH})\"\n",
        downloads.display(),
    );
    let place = folder.path().join("qBittorrent/config");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("qBittorrent.conf"), config).unwrap();
    (Daemon::start(ClientKind::Qbittorrent, folder, port, launch), peers)
}

fn launch(folder: &Path) -> Vec<Process> {
    let profile = format!("--profile={}", folder.display());
    let command = ["qbittorrent-nox", &profile];
    vec![Process::start("qbittorrent-nox", &folder.join("log"), &command)]
}

#[tokio::test]
async fn a_day_with_the_real_one() {
    let (daemon, _) = start(0);
    let client = daemon.ready().await;
    let identity = client.test().await.unwrap();
    assert!(identity.version.starts_with('v') && identity.protocol.starts_with("2."));
    let (theirs, wrong) = (daemon.client(PASSWORD), daemon.client(suite::WRONG));
    suite::everything(&*client, &*theirs, &*wrong).await;
    client.remove(&client.list().await.unwrap()[0].id, true).await.unwrap();
    suite::data_stays_or_goes(&*client, &daemon).await;
}

#[tokio::test]
async fn the_real_one_goes_down_and_comes_back() {
    let (mut daemon, _) = start(0);
    let client = daemon.ready().await;
    suite::down_and_up(&*client, &mut daemon).await;
}

/// Tells a program of a peer, as a tracker would.
async fn introduce(daemon: &Daemon, id: &TransferId, port: u16) {
    let url = format!("http://127.0.0.1:{}", daemon.port);
    let http = Http::new(HttpConfig::parse(&url, "qBittorrent").unwrap()).unwrap();
    let login = HttpRequest::post(["api", "v2", "auth", "login"])
        .form(&[("username", USER), ("password", PASSWORD)]);
    let cookie = http.send(&login).await.unwrap().headers["set-cookie"].clone();
    let peer = format!("127.0.0.1:{port}");
    let order = HttpRequest::post(["api", "v2", "torrents", "addPeers"])
        .header("cookie", cookie.to_str().unwrap())
        .form(&[("hashes", id.as_str()), ("peers", &peer)]);
    http.send(&order).await.unwrap();
}

#[tokio::test]
async fn one_real_one_downloads_from_another() {
    let (seeder, peers) = start(0);
    let (leecher, _) = start(1000);
    let (seeding, leeching) = (seeder.ready().await, leecher.ready().await);
    let torrent = Torrent::new("Blade.Runner.1982", 4_000_000);
    let id = finished(&*seeding, &seeder, &torrent).await;

    let link = format!("magnet:?xt=urn:btih:{id}&dn={}", torrent.name);
    assert_eq!(leeching.add(&magnet(&link).await).await.unwrap().id, id);
    introduce(&leecher, &id, peers).await;
    let moving = shows(&*leeching, &id, |t| {
        t.state == TransferState::Downloading && t.progress.fraction() > 0.0
    })
    .await;
    assert!(!moving.finished && moving.left_bytes.is_some_and(|n| n > 0 && n < 4_000_000));
    let done = shows(&*leeching, &id, |t| t.finished).await;
    assert_eq!((done.progress.fraction(), done.left_bytes), (1.0, Some(0)));
    assert!(done.completed_at >= done.added_at && done.completed_at.is_some());
    let received = fs::read(leecher.downloads().join(&torrent.name)).unwrap();
    assert!(received == torrent.content);
    assert!(find(&*seeding, &id).await.unwrap().is_seeding());
}

#[tokio::test]
async fn a_refused_password_is_not_tried_again_soon() {
    for (refusal, problem) in [
        (Reply::body("text/plain", "Fails."), Problem::Unauthorized),
        (Reply::status(401), Problem::Unauthorized),
        (
            Reply::body("text/plain", "Your IP address has been banned").with_status(403),
            Problem::Forbidden,
        ),
    ] {
        let wire = Wire::start(move |request| match request.path.as_str() {
            "/api/v2/auth/login" => refusal.clone(),
            _ => Reply::status(403),
        })
        .await;
        let client = fake_client(ClientKind::Qbittorrent, &wire);
        let logins = || wire.requests().iter().filter(|r| r.path.ends_with("login")).count();
        assert_eq!(client.list().await.unwrap_err().problem, problem);
        assert_eq!(client.list().await.unwrap_err().problem, Problem::Unauthorized);
        assert_eq!(logins(), 1);
        assert!(client.test().await.is_err());
        assert_eq!(logins(), 2);
    }
}

#[tokio::test]
async fn states_are_those_of_the_program() {
    let states = [
        "error",
        "missingFiles",
        "uploading",
        "pausedUP",
        "stoppedUP",
        "queuedUP",
        "stalledUP",
        "checkingUP",
        "forcedUP",
        "allocating",
        "downloading",
        "metaDL",
        "forcedMetaDL",
        "pausedDL",
        "stoppedDL",
        "queuedDL",
        "stalledDL",
        "checkingDL",
        "forcedDL",
        "checkingResumeData",
        "moving",
        "unknown",
        "dreaming",
    ];
    let torrents: Vec<Value> = states
        .iter()
        .enumerate()
        .map(|(i, state)| json!({ "hash": format!("{i:040x}"), "name": state, "state": state }))
        .collect();
    let wire = Wire::start(move |_| Reply::json(json!(torrents).to_string())).await;
    let list = fake_client(ClientKind::Qbittorrent, &wire).list().await.unwrap();
    let table: String = list
        .iter()
        .map(|t| format!("{} {}{}\n", t.name, t.state, if t.finished { " finished" } else { "" }))
        .collect();
    expect![[r#"
        error failed
        missingFiles failed
        uploading seeding finished
        pausedUP completed finished
        stoppedUP completed finished
        queuedUP seeding finished
        stalledUP seeding finished
        checkingUP checking
        forcedUP seeding finished
        allocating queued
        downloading downloading
        metaDL metadata
        forcedMetaDL metadata
        pausedDL paused
        stoppedDL paused
        queuedDL queued
        stalledDL stalled
        checkingDL checking
        forcedDL downloading
        checkingResumeData checking
        moving processing
        unknown unknown:unknown
        dreaming unknown:dreaming
    "#]]
    .assert_eq(&table);
}

#[tokio::test]
async fn numbers_that_mean_nothing_are_none() {
    let torrent = json!([{
        "hash": "DBC6A19A11FC1584000912F2F5031106A6FE2537", "name": "a\u{0}b", "state": "downloading",
        "progress": 7, "size": -1, "amount_left": "x", "eta": 8_640_000, "ratio": -1,
        "dlspeed": 1e30, "added_on": -1, "completion_on": -4_294_967_296_i64, "category": "",
        "tags": "x, y", "content_path": "", "new": { "a": [1] },
    }]);
    let wire = Wire::start(move |_| Reply::json(torrent.to_string())).await;
    let list = fake_client(ClientKind::Qbittorrent, &wire).list().await.unwrap();
    expect![[r#"
        dbc6a19a11fc1584000912f2f5031106a6fe2537 "ab" downloading 100% label x
    "#]]
    .assert_eq(&suite::table(&list));
}

#[tokio::test]
async fn an_api_key_needs_no_login() {
    let wire = Wire::start(|request| match request.header("authorization") {
        Some("Bearer qbt_key") => Reply::json("[]"),
        _ => Reply::status(403),
    })
    .await;
    let mut config = ClientConfig::new(wire.url());
    config.password = Some("qbt_key".into());
    let client = connect(ClientKind::Qbittorrent, &config).unwrap();
    assert_eq!(client.list().await.unwrap(), []);
    config.password = Some("hunter2".into());
    let client = connect(ClientKind::Qbittorrent, &config).unwrap();
    assert_eq!(client.list().await.unwrap_err().problem, Problem::Forbidden);
}
