//! `NZBGet`: the real one with a news server, and scripted answers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use expect_test::expect;
use serde_json::{Value, json};
use shelfread_backends_http::{Http, HttpConfig, Request as HttpRequest};
use shelfread_domain::download::{ClientKind, DownloadClient};
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::daemon::{Daemon, PASSWORD, Process, USER, folder, free_port};
use crate::usenet::{NewsServer, Post};
use crate::{fake_client, jobs, suite};

/// An `NZBGet` that fetches from `news`.
fn start(news: &NewsServer) -> Daemon {
    let (folder, port) = (folder(), free_port());
    let config = format!(
        "MainDir={}\nDestDir=${{MainDir}}/dl\nInterDir=${{MainDir}}/inter\nNzbDir=${{MainDir}}/nzb\n\
         QueueDir=${{MainDir}}/queue\nTempDir=${{MainDir}}/tmp\nScriptDir=${{MainDir}}/scripts\n\
         LockFile=${{MainDir}}/lock\nLogFile=${{MainDir}}/nzbget.log\nOutputMode=log\nDiskSpace=0\n\
         ControlIP=127.0.0.1\nControlPort={port}\nControlUsername={USER}\n\
         ControlPassword={PASSWORD}\nAddUsername=only\nAddPassword=adds\nWebDir=\n\
         Server1.Active=yes\nServer1.Host=127.0.0.1\nServer1.Port={}\nServer1.Encryption=no\n\
         Server1.Connections=1\nArticleRetries=0\nArticleInterval=0\nUnpack=no\n\
         Category1.Name=films\nCategory2.Name=series\n",
        folder.path().display(),
        news.port,
    );
    fs::write(folder.path().join("nzbget.conf"), config).unwrap();
    Daemon::start(ClientKind::Nzbget, folder, port, launch)
}

fn launch(folder: &Path) -> Vec<Process> {
    let config = folder.join("nzbget.conf");
    let command = ["nzbget", "--server", "--configfile", config.to_str().unwrap()];
    vec![Process::start("nzbget", &folder.join("log"), &command)]
}

/// Calls a method directly, as another program would.
async fn call(daemon: &Daemon, method: &str, params: Value) -> Value {
    let mut config = HttpConfig::parse(&format!("http://127.0.0.1:{}", daemon.port), "NZBGet");
    let config = config.as_mut().unwrap();
    config.basic_auth = Some((USER.into(), PASSWORD.into()));
    let body = json!({ "method": method, "params": params }).to_string();
    let request = HttpRequest::post(["jsonrpc"]).body("application/json", body);
    let answer: Value = Http::new(config.clone()).unwrap().json(&request).await.unwrap();
    answer["result"].clone()
}

#[tokio::test]
async fn a_day_with_the_real_one() {
    let news = NewsServer::start().await;
    let daemon = start(&news);
    let client = daemon.ready().await;
    let identity = client.test().await.unwrap();
    assert!(identity.version.starts_with(['2', '3']), "{identity:?}");
    suite::a_stranger(&*client).await;
    jobs::a_bad_nzb(&*client).await;
    suite::a_wrong_password(&*daemon.client(suite::WRONG), &*client).await;
    jobs::a_day(&*client, &news).await;
    jobs::twice(&*client).await;
    jobs::failed_and_tried_again(&*client, &news).await;
    jobs::behind_our_back(&*client, &*daemon.client(PASSWORD)).await;
}

#[tokio::test]
async fn the_real_one_goes_down_and_comes_back() {
    let news = NewsServer::start().await;
    let mut daemon = start(&news);
    let client = daemon.ready().await;
    jobs::down_and_up(&*client, &news, &mut daemon).await;
}

/// Adds a job without telling it an id, as a person does in the program itself.
async fn by_hand(daemon: &Daemon, name: &str) -> Value {
    use base64::Engine;
    let nzb = base64::prelude::BASE64_STANDARD.encode(Post::new(name, 1000).nzb());
    let params = json!([format!("{name}.nzb"), nzb, "", 0, false, true, "", 0, "SCORE"]);
    call(daemon, "append", params).await
}

#[tokio::test]
async fn a_number_that_is_given_away_anew_is_no_mix_up() {
    let news = NewsServer::start().await;
    let mut daemon = start(&news);
    let client = daemon.ready().await;
    let number = by_hand(&daemon, "Persona.1966").await;
    let id = client.list().await.unwrap()[0].id.clone();
    client.remove(&id, true).await.unwrap();
    daemon.stop().await;
    daemon.start_again();
    daemon.answers(&*client).await;
    assert_eq!(by_hand(&daemon, "Vertigo.1958").await, number, "the number is another job's now");
    let list = client.list().await.unwrap();
    assert_eq!(list[0].name, "Vertigo.1958");
    assert_ne!(list[0].id, id);
    assert!(client.files(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn what_somebody_deletes_in_it_is_gone_though_its_history_tells_of_it() {
    let news = NewsServer::start().await;
    let daemon = start(&news);
    let client = daemon.ready().await;
    let number = by_hand(&daemon, "Rashomon.1950").await;
    assert_eq!(client.list().await.unwrap().len(), 1);
    assert_eq!(call(&daemon, "editqueue", json!(["GroupDelete", "", [number]])).await, true);
    shelfread_testkit::until(crate::daemon::PATIENCE, async || {
        call(&daemon, "history", json!([false])).await[0]["Status"] == "DELETED/MANUAL"
    })
    .await;
    assert_eq!(client.list().await.unwrap(), []);
}

#[tokio::test]
async fn an_account_that_may_only_add_is_refused() {
    let news = NewsServer::start().await;
    let daemon = start(&news);
    daemon.ready().await;
    let mut config = daemon.config("adds");
    config.username = Some("only".into());
    let client = shelfread_backends_download::connect(ClientKind::Nzbget, &config).unwrap();
    for error in [client.test().await.unwrap_err(), client.list().await.unwrap_err()] {
        assert_eq!(error.problem, Problem::Forbidden);
    }
}

/// A server with this queue and this history.
async fn scripted(queue: &'static str, history: &'static str) -> (Wire, Arc<dyn DownloadClient>) {
    let wire = Wire::start(move |request| {
        let call: Value = serde_json::from_slice(&request.body).unwrap();
        let result = match call["method"].as_str().unwrap() {
            "listgroups" => queue,
            "history" => history,
            "status" => r#"{"DownloadRate":500}"#,
            method => panic!("{method}"),
        };
        Reply::json(format!("\u{feff}{{\"version\":\"1.1\",\"result\":{result}}}"))
    })
    .await;
    let client = fake_client(ClientKind::Nzbget, &wire);
    (wire, client)
}

#[tokio::test]
async fn states_are_those_of_the_program() {
    let (_wire, client) = scripted(
        r#"[
        {"NZBID":1,"NZBName":"waits","NZBFilename":"waits.nzb","Status":"QUEUED","FileSizeLo":8,"FileSizeHi":1,"RemainingSizeLo":8,"RemainingSizeHi":1},
        {"NZBID":2,"NZBName":"comes","Status":"DOWNLOADING","FileSizeLo":3000,"FileSizeHi":0,"RemainingSizeLo":2000,"RemainingSizeHi":0,"PausedSizeLo":1000,"PausedSizeHi":0,"Category":"films","Parameters":[{"Name":"*Unpack:","Value":"yes"},{"Name":"drone","Value":"ABC123"}],"DestDir":"/inter/comes.#2"},
        {"NZBID":3,"NZBName":"is unpacked","Status":"UNPACKING","FileSizeLo":9,"FileSizeHi":0,"RemainingSizeLo":2,"RemainingSizeHi":0},
        {"NZBID":4,"NZBName":"address","Status":"FETCHING","URL":"http://h/x","Parameters":"x"},
        {"NZBID":5,"NZBName":"stopped","Status":"PAUSED","FileSizeLo":8,"FileSizeHi":0,"RemainingSizeLo":6,"RemainingSizeHi":0,"PausedSizeLo":6,"PausedSizeHi":0},
        {"NZBID":6.0,"NZBName":"new","Status":"DREAMING","FileSizeLo":-1,"FileSizeHi":1e40,"RemainingSizeLo":"x"}
        ]"#,
        r#"[
        {"NZBID":7,"NZBName":"whole","Status":"SUCCESS/ALL","HistoryTime":1795223900,"FileSizeLo":9,"FileSizeHi":0,"DestDir":"/dl/whole","FinalDir":""},
        {"NZBID":8,"NZBName":"moved","Status":"WARNING/SCRIPT","HistoryTime":1795223901,"DestDir":"/dl/moved","FinalDir":"/films/moved"},
        {"NZBID":9,"NZBName":"locked","Status":"WARNING/PASSWORD","HistoryTime":1795223902},
        {"NZBID":10,"NZBName":"broken","Status":"FAILURE/PAR","HistoryTime":1795223903,"FileSizeLo":9,"FileSizeHi":0},
        {"NZBID":11,"NZBName":"thrown away","Status":"DELETED/MANUAL","HistoryTime":1795223904},
        {"NZBID":12,"NZBName":"dreamt","Status":"DREAM/OVER","HistoryTime":-1}
        ]"#,
    )
    .await;
    expect![[r#"
        1-353d9756f6a92ce0 "waits" queued 0% of 4294967304, left 4294967304
        10-da39a3ee5e6b4b0d "broken" failed 0% history, of 9, done 1795223903, (FAILURE/PAR)
        12-da39a3ee5e6b4b0d "dreamt" unknown:DREAM/OVER 0% history, (DREAM/OVER)
        3-da39a3ee5e6b4b0d "is unpacked" processing 100% of 9, left 0
        4-4ababd396e0ce52f "address" metadata 0% 
        5-da39a3ee5e6b4b0d "stopped" paused 25% of 8, left 6
        6-da39a3ee5e6b4b0d "new" unknown:DREAMING 0% 
        7-da39a3ee5e6b4b0d "whole" completed 100% finished, history, of 9, left 0, at /dl/whole, done 1795223900
        8-da39a3ee5e6b4b0d "moved" completed 100% finished, history, at /films/moved, done 1795223901, (WARNING/SCRIPT)
        9-da39a3ee5e6b4b0d "locked" failed 0% history, done 1795223902, (WARNING/PASSWORD)
        ABC123 "comes" downloading 50% of 3000, left 1000, down 500, eta 2, label films
    "#]].assert_eq(&jobs::table(client.list().await.unwrap()));
}

#[tokio::test]
async fn an_answer_that_could_hide_a_job_is_no_answer() {
    for jobs in [r#"[{"NZBName":"x"}]"#, r#"[{"NZBID":1e300}]"#, "{}", "[[]]", "null", "7"] {
        for (queue, history) in [(jobs, "[]"), ("[]", jobs)] {
            let (_wire, client) = scripted(queue, history).await;
            let error = client.list().await.unwrap_err();
            assert!(matches!(error.problem, Problem::Malformed(_)), "{jobs}: {error}");
        }
    }
}

#[tokio::test]
async fn a_refusal_comes_in_the_server_s_words() {
    let wire = Wire::start(|_| {
        Reply::json(r#"{"version":"1.1","error":{"name":"JSONRPCError","code":1,"message":"Invalid procedure"}}"#)
    })
    .await;
    let error = fake_client(ClientKind::Nzbget, &wire).list().await.unwrap_err();
    assert_eq!(error.problem, Problem::Rejected("Invalid procedure".into()));
}
