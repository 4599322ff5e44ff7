//! Transmission: the real one, and scripted answers.

use std::fs;
use std::path::Path;

use std::sync::Arc;

use expect_test::expect;
use serde_json::json;
use shelfread_domain::download::{ClientKind, DownloadClient};
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::daemon::{Daemon, PASSWORD, Process, USER, folder, free_port};
use crate::{fake_client, suite};

fn start() -> Daemon {
    let (folder, port) = (folder(), free_port());
    let settings = json!({
        "rpc-enabled": true, "rpc-bind-address": "127.0.0.1", "rpc-port": port,
        "rpc-authentication-required": true, "rpc-username": USER, "rpc-password": PASSWORD,
        "bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "peer-port": free_port(),
        "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false,
        "port-forwarding-enabled": false, "incomplete-dir-enabled": false,
        "download-dir": folder.path().join("dl"),
    });
    fs::write(folder.path().join("settings.json"), settings.to_string()).unwrap();
    Daemon::start(ClientKind::Transmission, folder, port, launch)
}

fn launch(folder: &Path) -> Vec<Process> {
    let folder_text = folder.to_str().unwrap();
    let command = ["transmission-daemon", "--foreground", "--config-dir", folder_text];
    vec![Process::start("transmission-daemon", &folder.join("log"), &command)]
}

#[tokio::test]
async fn a_day_with_the_real_one() {
    let daemon = start();
    let client = daemon.ready().await;
    let identity = client.test().await.unwrap();
    assert!(identity.version.starts_with(['3', '4']), "{identity:?}");
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

/// What sessions are called here.
const SESSION: &str = "fresh";

/// A server of the older dialect that answers every call with these torrents.
async fn legacy(torrents: &'static str) -> (Wire, Arc<dyn DownloadClient>) {
    let wire = Wire::start(move |request| {
        if request.header("x-transmission-session-id") != Some(SESSION) {
            return Reply::status(409).header("X-Transmission-Session-Id", SESSION);
        }
        let body = format!(r#"{{"arguments":{{"torrents":{torrents}}},"result":"success"}}"#);
        Reply::json(body)
    })
    .await;
    let client = fake_client(ClientKind::Transmission, &wire);
    (wire, client)
}

#[tokio::test]
async fn states_are_those_of_the_program() {
    let (_wire, client) = legacy(
        r#"[
        {"hashString":"A1","name":"missing","status":0,"error":3,"errorString":"No data found!","percentDone":1,"leftUntilDone":0,"sizeWhenDone":8,"metadataPercentComplete":1,"labels":[]},
        {"hashString":"a2","name":"tracker","status":4,"error":2,"errorString":"unregistered","percentDone":0.5,"leftUntilDone":4,"sizeWhenDone":8,"rateDownload":2,"eta":2,"labels":["x","y"]},
        {"hashString":"a3","name":"magnet","status":4,"percentDone":0,"leftUntilDone":0,"sizeWhenDone":0,"metadataPercentComplete":0},
        {"hashString":"a4","name":"ended","status":0,"percentDone":1,"leftUntilDone":0,"sizeWhenDone":8,"doneDate":1795223900,"uploadRatio":2.5},
        {"hashString":"a5","name":"new","status":9,"percentDone":"0.25","leftUntilDone":-7,"sizeWhenDone":1e40,"eta":-2,"addedDate":[],"labels":null,"isStalled":1},
        {"hashString":"a6","name":"dead","status":4,"isStalled":true,"percentDone":0.1,"leftUntilDone":7,"sizeWhenDone":8},
        {"hashString":"a7","name":"waits","status":3},
        {"hashString":"a8","status":2,"percentDone":1,"leftUntilDone":0,"sizeWhenDone":8}
        ]"#,
    )
    .await;
    expect![[r#"
        A1 "missing" failed 100% of 8, left 0, (No data found!)
        a2 "tracker" downloading 50% of 8, left 4, down 2, eta 2, label x, (unregistered)
        a3 "magnet" metadata 0% 
        a4 "ended" completed 100% finished, of 8, left 0, ratio 2.5, done 1795223900
        a5 "new" unknown:status 9 25% 
        a6 "dead" stalled 10% of 8, left 7
        a7 "waits" queued 0% 
        a8 "a8" checking 100% of 8, left 0
    "#]]
    .assert_eq(&suite::table(&client.list().await.unwrap()));
}

#[tokio::test]
async fn an_answer_that_could_hide_a_torrent_is_no_answer() {
    for torrents in [r#"[{"name":"x"}]"#, r#"[{"hashString":7.5e300}]"#, "{}", "[[]]", "null"] {
        let (_wire, client) = legacy(torrents).await;
        let error = client.list().await.unwrap_err();
        assert!(matches!(error.problem, Problem::Malformed(_)), "{torrents}: {error}");
    }
    let (wire, client) = legacy("[]").await;
    assert_eq!(client.list().await.unwrap(), []);
    let asked = wire.requests();
    assert!(asked.iter().all(|r| r.header("authorization").is_some()));
}

#[tokio::test]
async fn a_refusal_comes_in_the_server_s_words() {
    for (body, said) in [
        (r#"{"arguments":{},"result":"no fields specified"}"#, "no fields specified"),
        (r#"{"result":""}"#, "it does not say why"),
    ] {
        let wire = Wire::start(move |_| Reply::json(body)).await;
        let error = fake_client(ClientKind::Transmission, &wire).list().await.unwrap_err();
        assert_eq!(error.problem, Problem::Rejected(said.into()));
    }
    let wire = Wire::start(|_| {
        Reply::status(409).header("X-Transmission-Session-Id", "never good enough")
    })
    .await;
    let error = fake_client(ClientKind::Transmission, &wire).list().await.unwrap_err();
    assert!(matches!(error.problem, Problem::Malformed(_)), "{error}");
}
