//! `SABnzbd`: the real one with a news server, and scripted answers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use expect_test::expect;
use shelfread_domain::download::{ClientKind, DownloadClient};
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::daemon::{Daemon, PASSWORD, Process, folder, free_port, is_installed};
use crate::usenet::NewsServer;
use crate::{fake_client, jobs, suite};

/// A `SABnzbd` that fetches from `news`. `None` where it is not installed: it is the one program
/// that not every distribution has.
fn start(news: &NewsServer) -> Option<Daemon> {
    if !is_installed("sabnzbdplus") {
        return None;
    }
    let (folder, port) = (folder(), free_port());
    let place = folder.path().display();
    let config = format!(
        "__version__ = 19\n__encoding__ = utf-8\n[misc]\nhost = 127.0.0.1\nport = {port}\n\
         api_key = {PASSWORD}\nnzb_key = only_adds\nauto_browser = 0\ncheck_new_rel = 0\n\
         download_dir = {place}/inc\ncomplete_dir = {place}/dl\nlanguage = en\n\
         [servers]\n[[news]]\nname = news\ndisplayname = news\nhost = 127.0.0.1\nport = {}\n\
         connections = 1\nssl = 0\nenable = 1\n",
        news.port,
    );
    fs::write(folder.path().join("sabnzbd.ini"), config).unwrap();
    Some(Daemon::start(ClientKind::Sabnzbd, folder, port, launch))
}

fn launch(folder: &Path) -> Vec<Process> {
    let config = folder.join("sabnzbd.ini");
    let config = config.to_str().unwrap();
    let command = ["sabnzbdplus", "--config-file", config, "--browser", "0", "--disable-file-log"];
    vec![Process::start("sabnzbdplus", &folder.join("log"), &command)]
}

#[tokio::test]
async fn a_day_with_the_real_one() {
    let news = NewsServer::start().await;
    let Some(daemon) = start(&news) else { return };
    let client = daemon.ready().await;
    let identity = client.test().await.unwrap();
    assert!(identity.version.starts_with(['3', '4', '5']), "{identity:?}");
    suite::a_stranger(&*client).await;
    jobs::a_bad_nzb(&*client).await;
    suite::a_wrong_password(&*daemon.client(suite::WRONG), &*client).await;
    assert_eq!(daemon.client("only_adds").test().await.unwrap_err().problem, Problem::Unauthorized);
    jobs::a_day(&*client, &news).await;
    jobs::twice(&*client).await;
    jobs::failed_and_tried_again(&*client, &news).await;
    jobs::behind_our_back(&*client, &*daemon.client(PASSWORD)).await;
}

#[tokio::test]
async fn the_real_one_goes_down_and_comes_back() {
    let news = NewsServer::start().await;
    let Some(mut daemon) = start(&news) else { return };
    let client = daemon.ready().await;
    jobs::down_and_up(&*client, &news, &mut daemon).await;
}

/// A server with this queue and this history.
async fn scripted(queue: &'static str, history: &'static str) -> (Wire, Arc<dyn DownloadClient>) {
    let wire = Wire::start(move |request| {
        let form = String::from_utf8_lossy(&request.body);
        assert!(form.contains(PASSWORD) && request.query.is_empty());
        Reply::json(if form.contains("mode=queue") { queue } else { history })
    })
    .await;
    let client = fake_client(ClientKind::Sabnzbd, &wire);
    (wire, client)
}

const NO_QUEUE: &str = r#"{"queue":{"noofslots":0,"slots":[]}}"#;
const NO_HISTORY: &str = r#"{"history":{"noofslots":0,"slots":[]}}"#;

#[tokio::test]
async fn states_are_those_of_the_program() {
    let (_wire, client) = scripted(
        r#"{"queue":{"kbpersec":"512.00","noofslots":8,"noofslots_total":7,"slots":[
        {"nzo_id":"SABnzbd_nzo_1","filename":"waits for a person","status":"Paused","cat":"*","mb":"2.00","mbleft":"2.00"},
        {"nzo_id":"SABnzbd_nzo_2","filename":"comes","status":"Downloading","cat":"films","mb":"4.00","mbleft":"1.00","time_added":1795224151},
        {"nzo_id":"SABnzbd_nzo_3","filename":"is next","status":"Downloading","cat":"None","mb":1,"mbleft":"x"},
        {"nzo_id":"SABnzbd_nzo_4","filename":"Trying to fetch NZB","status":"Grabbing","mb":"0.00","mbleft":"0.00"},
        {"nzo_id":"SABnzbd_nzo_5","filename":"is checked","status":"Checking","mb":"-1"},
        {"nzo_id":"SABnzbd_nzo_6","filename":"spreads","status":"Propagating","mb":"1e300"},
        {"nzo_id":"SABnzbd_nzo_7","filename":"fetches repair data","status":"Fetching","priority":{}},
        {"nzo_id":"SABnzbd_nzo_8","filename":"new","status":"Dreaming"}
        ]}}"#,
        r#"{"history":{"noofslots":7,"slots":[
        {"nzo_id":"SABnzbd_nzo_9","name":"is unpacked","status":"Extracting","category":"films","bytes":9,"completed":1795224152,"storage":""},
        {"nzo_id":"SABnzbd_nzo_a","name":"whole","status":"Completed","category":"films","bytes":9,"completed":1795224153,"storage":"/dl/films/whole"},
        {"nzo_id":"SABnzbd_nzo_b","name":"broken","status":"Failed","bytes":0,"completed":1795224154,"fail_message":"Aborted, cannot be completed"},
        {"nzo_id":"SABnzbd_nzo_c","name":"waits to be unpacked","status":"Queued","completed":0},
        {"nzo_id":"SABnzbd_nzo_d","name":"is moved","status":"Completed","completed":1795224155,"loaded":true,"storage":"/x"},
        {"nzo_id":"SABnzbd_nzo_e","name":"was moved","status":"Completed","completed":1795224155,"storage":""},
        {"nzo_id":"SABnzbd_nzo_e","name":"was moved","status":"Completed","completed":1795224155,"storage":"/dl/was moved"}
        ]}}"#,
    )
    .await;
    expect![[r#"
        SABnzbd_nzo_1 "waits for a person" paused 0% of 2097152, left 2097152
        SABnzbd_nzo_2 "comes" downloading 75% of 4194304, left 1048576, down 524288, eta 2, label films, added 1795224151
        SABnzbd_nzo_3 "is next" queued 0% of 1048576
        SABnzbd_nzo_4 "Trying to fetch NZB" metadata 0% 
        SABnzbd_nzo_5 "is checked" checking 0% 
        SABnzbd_nzo_6 "spreads" queued 0% 
        SABnzbd_nzo_7 "fetches repair data" processing 0% 
        SABnzbd_nzo_8 "new" unknown:Dreaming 0% 
        SABnzbd_nzo_9 "is unpacked" processing 100% of 9, left 0, label films
        SABnzbd_nzo_a "whole" completed 100% finished, history, of 9, left 0, label films, at /dl/films/whole, done 1795224153
        SABnzbd_nzo_b "broken" failed 0% history, done 1795224154, (Aborted, cannot be completed)
        SABnzbd_nzo_c "waits to be unpacked" processing 100% 
        SABnzbd_nzo_d "is moved" processing 100% 
        SABnzbd_nzo_e "was moved" completed 100% finished, history, at /dl/was moved, done 1795224155
    "#]].assert_eq(&jobs::table(client.list().await.unwrap()));
}

#[tokio::test]
async fn an_answer_that_could_hide_a_job_is_no_answer() {
    for (queue, history) in [
        (r#"{"queue":{"noofslots":1,"slots":[{"filename":"x"}]}}"#, NO_HISTORY),
        (r#"{"queue":{"noofslots":2,"slots":[{"nzo_id":"x"}]}}"#, NO_HISTORY),
        (r#"{"queue":{"noofslots":"many","slots":[]}}"#, NO_HISTORY),
        (r#"{"queue":{"noofslots":0}}"#, NO_HISTORY),
        ("null", NO_HISTORY),
        (NO_QUEUE, r#"{"history":false}"#),
        (NO_QUEUE, r#"{"history":{"noofslots":7,"slots":[]}}"#),
        (NO_QUEUE, r#"{"history":{"noofslots":1e18,"slots":[{"nzo_id":"x"}]}}"#),
        (NO_QUEUE, r#"{"history":{"slots":[]}}"#),
        (NO_QUEUE, "[]"),
    ] {
        let (_wire, client) = scripted(queue, history).await;
        let error = client.list().await.unwrap_err();
        assert!(matches!(error.problem, Problem::Malformed(_)), "{queue} {history}: {error}");
    }
}

#[tokio::test]
async fn a_long_history_comes_page_by_page() {
    let wire = Wire::start(|request| {
        let form: Vec<(String, String)> =
            url::form_urlencoded::parse(&request.body).into_owned().collect();
        let number = |name| form.iter().find(|(k, _)| k == name).map(|(_, v)| v.parse().unwrap());
        let (Some(start), Some(limit)) = (number("start"), number("limit")) else {
            return Reply::json(NO_QUEUE);
        };
        let slots: Vec<_> = (start..2500.min(start + limit))
            .map(|n: usize| serde_json::json!({ "nzo_id": format!("x{n}"), "completed": 1 }))
            .collect();
        let history = serde_json::json!({ "noofslots": 2500, "slots": slots });
        Reply::json(serde_json::json!({ "history": history }).to_string())
    })
    .await;
    let list = fake_client(ClientKind::Sabnzbd, &wire).list().await.unwrap();
    assert_eq!((list.len(), wire.requests().len()), (2500, 4));
}

#[tokio::test]
async fn a_refusal_comes_in_the_server_s_words() {
    for (body, problem) in [
        (r#"{"status":false,"error":"API Key Incorrect"}"#, Problem::Unauthorized),
        (
            r#"{"status":false,"error":"not implemented"}"#,
            Problem::Rejected("not implemented".into()),
        ),
    ] {
        let wire = Wire::start(move |_| Reply::json(body)).await;
        let error = fake_client(ClientKind::Sabnzbd, &wire).list().await.unwrap_err();
        assert_eq!(error.problem, problem);
    }
    let wire = Wire::start(|_| Reply::body("text/html", "Access denied").with_status(403)).await;
    let error = fake_client(ClientKind::Sabnzbd, &wire).list().await.unwrap_err();
    assert_eq!(error.problem, Problem::Forbidden);
}
