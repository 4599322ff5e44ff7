//! Transmission: the real one, and scripted ones of versions that the distribution lacks.

use std::fs;
use std::path::Path;

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use expect_test::expect;
use serde_json::{Value, json};
use shelfread_domain::download::{ClientKind, DownloadClient};
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Request, Wire};

use crate::daemon::{Daemon, PASSWORD, Process, USER, folder, free_port};
use crate::torrents::Torrent;
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
    suite::a_stranger(&*client).await;
    suite::a_bad_torrent(&*client).await;
    suite::a_wrong_password(&daemon).await;
    suite::a_day(&*client).await;
    suite::a_magnet(&*client).await;
    suite::twice(&*client).await;
    suite::data_stays_or_goes(&*client, &daemon).await;
    suite::behind_our_back(&*client, &*daemon.client(PASSWORD)).await;
}

#[tokio::test]
async fn the_real_one_goes_down_and_comes_back() {
    let mut daemon = start();
    let client = daemon.ready().await;
    suite::down_and_up(&*client, &mut daemon).await;
}

/// The JSON-RPC 2.0 of Transmission 4.1: names in snake case, whatever was asked in another way is
/// an error, and the session id of the first request is wrong.
#[derive(Default)]
struct Fake41 {
    torrents: Vec<Value>,
}

const SESSION: &str = "fresh";

impl Fake41 {
    fn answer(&mut self, request: &Request) -> Reply {
        if request.header("x-transmission-session-id") != Some(SESSION) {
            return Reply::status(409)
                .header("X-Transmission-Session-Id", SESSION)
                .header("X-Transmission-Rpc-Version", "6.0.0");
        }
        let call: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((request.path.as_str(), &call["jsonrpc"]), ("/transmission/rpc", &json!("2.0")));
        let envelope = match self.call(call["method"].as_str().unwrap(), &call["params"]) {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }),
            Err(error) => json!({ "jsonrpc": "2.0", "id": call["id"], "error": error }),
        };
        Reply::json(envelope.to_string())
    }

    fn call(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        let is_meant =
            |t: &Value| params["ids"].as_array().is_none_or(|ids| ids.contains(&t["hash_string"]));
        match method {
            "session_get" => Ok(json!({
                "version": "4.1.0 (test)", "rpc_version": 18, "rpc_version_semver": "6.0.0"
            })),
            "torrent_get" => {
                let fields: Vec<&str> = params["fields"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|f| f.as_str().unwrap())
                    .collect();
                let shown = self.torrents.iter().filter(|t| is_meant(t)).map(|t| {
                    let fields = fields.iter().map(|f| ((*f).to_owned(), t[*f].clone()));
                    Value::Object(fields.filter(|(_, value)| !value.is_null()).collect())
                });
                Ok(json!({ "torrents": shown.collect::<Vec<_>>() }))
            }
            "torrent_add" => self.add(params),
            "torrent_remove" => {
                assert!(params["delete_local_data"].is_boolean());
                self.torrents.retain(|t| !is_meant(t));
                Ok(json!({}))
            }
            "torrent_stop" | "torrent_start" | "torrent_verify" | "torrent_set" => {
                for torrent in self.torrents.iter_mut().filter(|t| is_meant(t)) {
                    match method {
                        "torrent_stop" => torrent["status"] = json!(0),
                        "torrent_set" => torrent["labels"] = params["labels"].clone(),
                        _ => torrent["status"] = json!(4),
                    }
                }
                Ok(json!({}))
            }
            _ => Err(json!({ "code": -32601, "message": "Method not found" })),
        }
    }

    fn add(&mut self, params: &Value) -> Result<Value, Value> {
        let refused = json!({ "code": 4, "message": "invalid or corrupt torrent file",
                              "data": { "error_string": "no info" } });
        let (hash, name, size) = match (params["metainfo"].as_str(), params["filename"].as_str()) {
            (Some(metainfo), _) => {
                Torrent::read(&BASE64_STANDARD.decode(metainfo).unwrap()).ok_or(refused)?
            }
            (_, Some(link)) => (link[20..60].to_lowercase(), "magnet".to_owned(), 0),
            _ => return Err(refused),
        };
        let named = json!({ "id": 1, "name": name, "hash_string": hash });
        if self.torrents.iter().any(|t| t["hash_string"] == hash) {
            return Ok(json!({ "torrent_duplicate": named }));
        }
        let status = if params["paused"] == true { 0 } else { 4 };
        self.torrents.push(json!({
            "id": 1, "hash_string": hash, "name": name, "status": status, "error": 0,
            "error_string": "", "is_stalled": false, "percent_done": 0.0,
            "metadata_percent_complete": 1.0, "size_when_done": size, "left_until_done": size,
            "rate_download": 0, "rate_upload": 0, "eta": -1, "upload_ratio": -1.0, "labels": [],
            "download_dir": "/dl", "added_date": 1_795_223_813, "done_date": 0,
            "files": [{ "name": name, "length": size, "bytes_completed": 0 }],
        }));
        Ok(json!({ "torrent_added": named }))
    }
}

#[tokio::test]
async fn a_day_with_the_json_rpc_of_4_1() {
    let fake = Mutex::new(Fake41::default());
    let wire = Wire::start(move |request| fake.lock().unwrap().answer(request)).await;
    let client = fake_client(ClientKind::Transmission, &wire);
    assert_eq!(client.test().await.unwrap().protocol, "6.0.0");
    suite::a_stranger(&*client).await;
    suite::a_bad_torrent(&*client).await;
    suite::a_day(&*client).await;
    suite::twice(&*client).await;
    suite::behind_our_back(&*client, &*fake_client(ClientKind::Transmission, &wire)).await;
}

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
