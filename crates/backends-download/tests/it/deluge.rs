//! Deluge: the real daemon behind the real web server, and scripted web servers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use expect_test::expect;
use serde_json::{Value, json};
use shelfread_domain::download::{ClientAnswer, ClientKind, DownloadClient};
use shelfread_domain::port::Problem;
use shelfread_testkit::until;
use shelfread_testkit::wire::{Reply, Wire};

use crate::daemon::{Daemon, PASSWORD, PATIENCE, Process, folder, free_port};
use crate::torrents::Torrent;
use crate::{fake_client, suite};

/// The password of the web server in the tests: salted SHA-1, as Deluge keeps it.
const SALT: &str = "c26ab3bbd8b137f99cd83c2c1c0963bcc1a35cad";

fn start() -> Daemon {
    let (folder, web, rpc, peers) = (folder(), free_port(), free_port(), free_port());
    let write = |name: &str, version: u32, settings: Value| {
        let text = format!("{}{settings}", json!({ "file": version, "format": 1 }));
        fs::write(folder.path().join(name), text).unwrap();
    };
    write(
        "core.conf",
        1,
        json!({
            "daemon_port": rpc, "allow_remote": false, "dht": false, "upnp": false,
            "natpmp": false, "lsd": false, "utpex": false, "random_port": false,
            "listen_ports": [peers, peers], "listen_interface": "127.0.0.1",
            "outgoing_interface": "127.0.0.1", "new_release_check": false, "send_info": false,
            "download_location": folder.path().join("dl"), "enabled_plugins": ["Label"],
        }),
    );
    write("hostlist.conf", 3, json!({ "hosts": [["box", "127.0.0.1", rpc, "test", "pw"]] }));
    write(
        "web.conf",
        2,
        json!({
            "port": web, "interface": "127.0.0.1", "first_login": false, "base": "/",
            "https": false, "default_daemon": "", "pwd_salt": SALT,
            "pwd_sha1": sha1_hex(&format!("{SALT}{PASSWORD}")),
        }),
    );
    fs::write(folder.path().join("auth"), "localclient:x:10\ntest:pw:10\n").unwrap();
    Daemon::start(ClientKind::Deluge, folder, web, launch)
}

fn sha1_hex(text: &str) -> String {
    use sha1::{Digest, Sha1};
    Sha1::digest(text).iter().map(|b| format!("{b:02x}")).collect()
}

fn launch(folder: &Path) -> Vec<Process> {
    let config = folder.to_str().unwrap();
    ["deluge-web", "deluged"]
        .map(|program| {
            let log = folder.join("log");
            Process::start(program, &log, &[program, "--do-not-daemonize", "--config", config])
        })
        .into()
}

#[tokio::test]
async fn a_day_with_the_real_one() {
    let daemon = start();
    let client = daemon.ready().await;
    assert!(client.test().await.unwrap().version.starts_with("2."));
    let (theirs, wrong) = (daemon.client(PASSWORD), daemon.client(suite::WRONG));
    suite::everything(&*client, &*theirs, &*wrong).await;
    client.remove(&client.list().await.unwrap()[0].id, true).await.unwrap();
    suite::data_stays_or_goes(&*client, &daemon).await;
}

#[tokio::test]
async fn the_real_one_goes_down_and_comes_back() {
    let mut daemon = start();
    let client = daemon.ready().await;
    suite::down_and_up(&*client, &mut daemon).await;
}

#[tokio::test]
async fn a_web_server_without_its_daemon_is_no_empty_client() {
    let mut daemon = start();
    let client = daemon.ready().await;
    client.add(&Torrent::new("Ikiru.1952", 1000).new_transfer().await).await.unwrap();
    daemon.stop_last().await;
    until(PATIENCE, async || {
        let answer = ClientAnswer::from(client.list().await);
        let ClientAnswer::Unreachable(why) = answer else { panic!("{answer:?}") };
        why.contains("the daemon behind it does not")
    })
    .await;
}

/// A web server of Deluge that answers `core.get_torrents_status` with these torrents.
async fn scripted(torrents: &'static str) -> (Wire, Arc<dyn DownloadClient>) {
    let wire = Wire::start(move |request| {
        let asked = String::from_utf8_lossy(&request.body).into_owned();
        let result = if asked.contains("web.connected") { "true" } else { torrents };
        Reply::json(format!(r#"{{"result":{result},"error":null,"id":1}}"#))
    })
    .await;
    let client = fake_client(ClientKind::Deluge, &wire);
    (wire, client)
}

#[tokio::test]
async fn states_are_those_of_the_program() {
    let (_wire, client) = scripted(
        r#"{
        "A1": {"name":"moves","state":"Moving","progress":100.0,"is_finished":true},
        "a2": {"name":"broken","state":"Error","progress":50.5,"message":"no space left","total_wanted":8,"total_remaining":4},
        "a3": {"name":"tracked","state":"Downloading","tracker_status":"Error: unregistered","total_size":8,"eta":0,"ratio":-1.0,"download_payload_rate":3},
        "a4": {"name":"waits","state":"Queued","is_finished":false},
        "a5": {"name":"waits to seed","state":"Queued","is_finished":true,"completed_time":1795250491},
        "a6": {"name":"done","state":"Paused","is_finished":true,"download_location":"/dl","label":"films","ratio":1.5},
        "a7": {"name":"checks","state":"Checking","progress":"x","total_wanted":-5,"time_added":1e30,"label":[]},
        "a8": {"name":"new","state":"Dreaming","progress":1e9},
        "a9": {"name":"magnet","state":"Downloading","total_size":0,"total_remaining":0}
        }"#,
    )
    .await;
    let mut list = client.list().await.unwrap();
    list.sort_by(|a, b| a.name.cmp(&b.name));
    expect![[r#"
        a2 "broken" failed 50.5% of 8, left 4, (no space left)
        a7 "checks" checking 0% 
        a6 "done" completed 0% finished, ratio 1.5, label films, at /dl/done
        a9 "magnet" metadata 0% 
        A1 "moves" processing 100% 
        a8 "new" unknown:Dreaming 100% 
        a3 "tracked" downloading 0% down 3, (unregistered)
        a4 "waits" queued 0% 
        a5 "waits to seed" seeding 0% finished, done 1795250491
    "#]]
    .assert_eq(&suite::table(&list));
}

#[tokio::test]
async fn an_answer_that_could_hide_a_torrent_is_no_answer() {
    for torrents in ["null", "[]", r#"{"":{"name":"x"}}"#, r#"{"a":7}"#] {
        let (_wire, client) = scripted(torrents).await;
        let error = client.list().await.unwrap_err();
        assert!(matches!(error.problem, Problem::Malformed(_)), "{torrents}: {error}");
    }
}

#[tokio::test]
async fn without_the_label_plugin_nothing_is_added() {
    let wire = Wire::start(|request| {
        let call: Value = serde_json::from_slice(&request.body).unwrap();
        Reply::json(match call["method"].as_str().unwrap() {
            "web.connected" => r#"{"result":true,"error":null}"#,
            "core.get_torrent_status" => r#"{"result":{},"error":null}"#,
            "label.get_labels" => {
                r#"{"result":null,"error":{"message":"Unknown method","code":2}}"#
            }
            method => panic!("{method}"),
        })
    })
    .await;
    let mut new = Torrent::new("Ikiru.1952", 1000).new_transfer().await;
    new.label = Some("films".into());
    let error = fake_client(ClientKind::Deluge, &wire).add(&new).await.unwrap_err();
    assert_eq!(error.problem, Problem::Rejected("its Label plugin is not switched on".into()));
}
