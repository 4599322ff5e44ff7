//! Who answers, removal and the queue.

use expect_test::expect;
use serde_json::{Value, json};
use shelfread_backends_arr::Program::{Radarr, Sonarr};
use shelfread_backends_arr::{Arr, Program};
use shelfread_domain::port::{MediaSource, Problem, RemovalEffect, RemoveMedia};
use shelfread_testkit::wire::{Reply, Request, Wire};

use crate::fake::{KEY, arr, config, radarr, reply, sonarr, sonarr_data};

async fn identify(
    program: Program,
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> String {
    let wire = Wire::start(answer).await;
    match arr(program, &wire).identify().await {
        Ok(who) => format!("{} ({})", who.name, who.version),
        Err(e) => e.problem.to_string(),
    }
}

fn den(r: &Request) -> Reply {
    sonarr(&sonarr_data(), r)
}

#[tokio::test]
async fn each_program_is_told_from_the_other() {
    assert_eq!(identify(Sonarr, den).await, "Den (Sonarr 4.0.1)");
    assert_eq!(identify(Radarr, radarr).await, "Radarr (Radarr 5.0.3)");
    assert_eq!(identify(Radarr, den).await, "this is not Radarr, but Sonarr");
    assert_eq!(identify(Sonarr, radarr).await, "this is not Sonarr, but Radarr");
}

#[tokio::test]
async fn early_versions_are_told_apart_by_their_lists() {
    fn nameless(mut answer: impl FnMut(&Request) -> Reply) -> impl FnMut(&Request) -> Reply {
        move |r| match r.path.ends_with("/system/status") {
            true => reply(&json!({"version": "3.0.6.1196", "urlBase": "/base"})),
            false => answer(r),
        }
    }
    let early = |r: &Request| nameless(den)(r);
    assert_eq!(identify(Sonarr, early).await, "Sonarr (Sonarr 3.0.6.1196)");
    let other = identify(Radarr, early).await;
    assert!(other.starts_with("this is not Radarr"), "{other}");
    assert_eq!(identify(Radarr, |r| nameless(radarr)(r)).await, "Radarr (Radarr 3.0.6.1196)");
}

#[tokio::test]
async fn a_wrong_url_base_is_recognized() {
    let wire = Wire::start(den).await;
    let mut wrong = config(Sonarr, &wire);
    wrong.http.base_url = wire.url();
    let error = Arr::new(wrong).unwrap().identify().await.unwrap_err();
    assert!(matches!(error.problem, Problem::WrongServer { .. }), "{error}");
    assert!(error.to_string().contains("path of the url"), "{error}");
}

#[tokio::test]
async fn what_is_neither_is_recognized() {
    for (reply, expected) in [
        (Reply::status(401), "the token was refused"),
        (Reply::status(404), "there is no such address on the server"),
        (Reply::json("{}"), "this is not Sonarr"),
        (Reply::json("7"), "the answer could not be read"),
        (Reply::json("{\"appName\":"), "the answer could not be read"),
        (Reply::redirect("http://127.0.0.1:1/login"), "the server redirects"),
    ] {
        let told = identify(Sonarr, move |_| reply.clone()).await;
        assert!(told.starts_with(expected), "{expected}: {told}");
    }
}

#[tokio::test]
async fn another_key_is_another_installation() {
    let wire = Wire::start(|_| reply(&json!({"appName": "Sonarr", "version": "4"}))).await;
    let mut other = config(Sonarr, &wire);
    other.api_key = "another-key".into();
    let id = |arr: Arr| async move { arr.identify().await.unwrap().server_id };
    let first = id(arr(Sonarr, &wire)).await;
    assert_eq!(first, id(arr(Sonarr, &wire)).await);
    assert_ne!(first, id(Arr::new(other).unwrap()).await);
    assert!(!first.contains(KEY) && first.len() < KEY.len());
}

#[tokio::test]
async fn one_library_for_the_whole_program() {
    let wire = Wire::start(den).await;
    let libraries = arr(Sonarr, &wire).libraries().await.unwrap();
    assert_eq!(libraries.len(), 1);
    assert_eq!((libraries[0].remote_id.as_str(), libraries[0].name.as_str()), ("series", "Den"));
}

#[tokio::test]
async fn removal_keeps_files_unless_told() {
    for (delete_files, effect) in [(false, RemovalEffect::Entry), (true, RemovalEffect::Files)] {
        let wire = Wire::start(den).await;
        let mut config = config(Sonarr, &wire);
        config.delete_files = delete_files;
        let arr = Arr::new(config).unwrap();
        assert_eq!(arr.effect(&"7".into()).await, Ok(effect));
        assert!(arr.remove(&"7".into()).await.unwrap());
        let last = wire.requests().pop().unwrap();
        assert_eq!((last.method.as_str(), last.path.as_str()), ("DELETE", "/base/api/v3/series/7"));
        assert_eq!(last.param("deleteFiles"), Some(delete_files.to_string().as_str()));
    }
}

#[tokio::test]
async fn only_whole_series_that_are_there_are_removed() {
    let wire = Wire::start(den).await;
    let arr = arr(Sonarr, &wire);
    assert!(!arr.remove(&"8".into()).await.unwrap());
    for part in ["7#1", "7/311", "x", "", "../7"] {
        let effect = arr.effect(&part.into()).await.unwrap();
        assert!(matches!(effect, RemovalEffect::Impossible(_)), "{part}");
        let error = arr.remove(&part.into()).await.unwrap_err();
        assert!(matches!(error.problem, Problem::Rejected(_)), "{part}");
    }
    assert!(wire.requests().iter().all(|r| r.method == "GET"));
}

#[tokio::test]
async fn one_entry_of_the_queue_for_each_transfer() {
    let wire = Wire::start(den).await;
    let queue = arr(Sonarr, &wire).queue().await.unwrap();
    let told: Vec<_> = queue
        .iter()
        .map(|q| {
            let items: Vec<_> = q.items.iter().map(|id| id.as_str()).collect();
            format!("{} {}: {}", q.download_id, q.title.as_deref().unwrap_or("-"), items.join(" "))
        })
        .collect();
    expect![[r#"
        [
            "0123456789abcdef0123456789abcdef01234567 Dark.S01: 7/312 7/313",
            "SABnzbd_nzo_aSdf1234 Who.Knows: ",
            "drone1 Dark.S02: 7",
        ]
    "#]]
    .assert_debug_eq(&told);
    let asked = wire.requests().pop().unwrap();
    assert_eq!(asked.param("includeUnknownSeriesItems"), Some("true"));
}

#[tokio::test]
async fn a_long_queue_is_read_to_its_end() {
    let page = |r: &Request| {
        let records = |n: usize| -> Vec<Value> {
            (0..n).map(|i| json!({"downloadId": format!("{}-{i}", r.param("page").unwrap()), "movieId": i})).collect()
        };
        let records = match r.number("page") {
            Some(1 | 2) => records(1000),
            Some(3) => records(7),
            _ => Vec::new(),
        };
        reply(&json!({"totalRecords": 2007, "records": records}))
    };
    let wire = Wire::start(page).await;
    assert_eq!(arr(Radarr, &wire).queue().await.unwrap().len(), 2007);
    assert_eq!(wire.requests().len(), 3);

    let endless = Wire::start(|_| {
        reply(&json!({"totalRecords": 1_000_000, "records": [{"downloadId": "a"}]}))
    })
    .await;
    assert!(arr(Radarr, &endless).queue().await.is_err());
}
