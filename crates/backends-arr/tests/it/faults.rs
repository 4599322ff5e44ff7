//! What goes wrong on the wire: nothing is ever taken for gone.

use expect_test::expect;
use proptest::prelude::*;
use serde_json::{Value, json};
use shelfread_backends_arr::Program::{Radarr, Sonarr};
use shelfread_domain::port::{LibraryKind, MediaSource, RemoteLibrary, Scope};
use shelfread_testkit::fixtures::check;
use shelfread_testkit::wire::{Reply, Request, Wire};

use crate::fake::{
    KEY, Listed, Step, arr, end, is_unproven, movies, pages, radarr, reply, sonarr, sonarr_data,
    steps,
};

fn faults() -> Vec<(&'static str, Reply)> {
    vec![
        ("cut", reply(&sonarr_data()["series"]).cut(40)),
        ("short", reply(&sonarr_data()["series"]).claim(40)),
        ("never ends", Reply::json(vec![b' '; 1 << 16]).endless()),
        ("too large", Reply::json(vec![b' '; 2 << 20])),
        ("a web page", Reply::html("<html>login</html>")),
        ("a web page that lies", Reply::json("<!doctype html>")),
        ("garbage", Reply::json("\u{0}{{[")),
        ("gzip garbage", Reply::json("no gzip").header("content-encoding", "gzip")),
        ("closed", Reply::close()),
        ("redirected", Reply::redirect("http://127.0.0.1:1/login")),
        ("401", Reply::status(401)),
        ("403", Reply::status(403)),
        ("429", Reply::status(429).header("retry-after", "0")),
        ("500", Reply::status(500)),
        ("503", Reply::status(503)),
        ("null", Reply::json("null")),
        ("an object", Reply::json(r#"{"message":"database is locked"}"#)),
        ("a text", Reply::json(r#""x""#)),
        ("not objects", Reply::json("[1,null,[]]")),
        ("nameless", Reply::json(r#"[{"title":"x"}]"#)),
    ]
}

#[tokio::test]
async fn no_fault_in_a_list_proves_that_anything_is_gone() {
    for (list, program) in [("series", Sonarr), ("movie", Radarr)] {
        for (name, fault) in faults() {
            let steps = steps(program, Scope::Full, move |r| match r.path.ends_with(list) {
                true => fault.clone(),
                false => sonarr(&sonarr_data(), r),
            })
            .await;
            check(&steps).unwrap();
            assert!(is_unproven(&steps), "{list} {name}: {:?}", steps.last());
            assert_eq!(pages(&steps), [], "{list} {name}");
        }
    }
}

#[tokio::test]
async fn no_fault_in_the_episodes_of_one_series_harms_another() {
    let data = || {
        let mut data = sonarr_data();
        data["series"][1]["statistics"] = json!({"totalEpisodeCount": 1});
        data["episode"].as_array_mut().unwrap().push(json!({"id": 500, "seriesId": 9,
            "seasonNumber": 1, "episodeNumber": 1}));
        data
    };
    for (name, fault) in faults() {
        let steps = steps(Sonarr, Scope::Full, move |r| match r.param("seriesId") {
            Some("7") => fault.clone(),
            _ => sonarr(&data(), r),
        })
        .await;
        check(&steps).unwrap();
        assert!(is_unproven(&steps), "{name}: {:?}", steps.last());
        if !matches!(steps.last(), Some(Err(_))) {
            let seen = pages(&steps);
            let has = |id: &str| seen.iter().any(|o| o.remote_id.as_str() == id);
            assert!(has("7") && has("7#1") && has("9/500"), "{name}");
        }
    }
}

#[tokio::test]
async fn a_server_that_fails_for_all_series_is_left_alone() {
    let series: Vec<_> = (1..=200).map(|n| json!({"id": n})).collect();
    let wire = Wire::start(move |r| match r.path.ends_with("/series") {
        true => reply(&json!(series)),
        false => Reply::status(500),
    })
    .await;
    let library =
        RemoteLibrary { remote_id: "series".into(), name: "x".into(), kind: LibraryKind::Shows };
    let steps: Vec<Step> =
        futures::StreamExt::collect(arr(Sonarr, &wire).list(&library, Scope::Full)).await;
    assert!(matches!(steps.last(), Some(Err(_))));
    assert!(wire.requests().len() < 60, "{}", wire.requests().len());
}

fn reason(steps: &[Step]) -> String {
    end(steps).reason.unwrap_or_default()
}

#[tokio::test]
async fn lists_that_do_not_agree_with_the_statistics_are_partial() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 5] = [
        ("an episode less", |d| drop(d["episode"].as_array_mut().unwrap().pop())),
        ("no statistics", |d| d["series"][0]["statistics"] = json!(null)),
        ("another season", |d| d["episode"][2]["seasonNumber"] = json!(0)),
        ("twice", |d| d["episode"][2]["id"] = json!(311)),
        ("a series twice", |d| d["series"][1]["id"] = json!(7)),
    ];
    let mut told = Vec::new();
    for (name, edit) in edits {
        let mut data = sonarr_data();
        edit(&mut data);
        let steps = steps(Sonarr, Scope::Full, move |r| sonarr(&data, r)).await;
        check(&steps).unwrap();
        assert!(is_unproven(&steps), "{name}");
        told.push(format!("{name}: {}", reason(&steps)));
    }
    expect![[r#"
        [
            "an episode less: Sonarr counts 4 episodes of Dark, 3 came",
            "no statistics: Sonarr counts 0 episodes of Dark, 4 came",
            "another season: the episodes of season 0 of Dark are not those that Sonarr counts",
            "twice: 7/311 was listed twice: the library changed meanwhile",
            "a series twice: Sonarr counts 0 episodes of New, 4 came",
        ]
    "#]]
    .assert_debug_eq(&told);
}

#[tokio::test]
async fn a_bad_object_is_named_and_the_others_go_on() {
    let failed = |steps: &[Step]| -> Vec<String> {
        let name = |s: &Step| match s {
            Ok(Listed::Failed(f)) => {
                Some(format!("{} {:?}", f.label, f.remote_id.as_ref().map(|id| id.as_str())))
            }
            _ => None,
        };
        steps.iter().filter_map(name).collect()
    };
    let mut data = sonarr_data();
    data["episode"][1]["monitored"] = json!("perhaps");
    let episodes = steps(Sonarr, Scope::Full, move |r| sonarr(&data, r)).await;
    check(&episodes).unwrap();
    assert_eq!(failed(&episodes), [r#"Lies Some("7/312")"#]);
    assert!(end(&episodes).complete, "it is known to exist");

    let mut data = sonarr_data();
    data["series"][0]["seasons"] = json!("many");
    let series = steps(Sonarr, Scope::Full, move |r| sonarr(&data, r)).await;
    check(&series).unwrap();
    assert_eq!(failed(&series), [r#"Dark Some("7")"#]);
    assert!(is_unproven(&series), "its episodes are unknown");

    let films = steps(Radarr, Scope::Full, |r| match r.path.ends_with("/movie") {
        true => {
            let mut movies = movies();
            movies[1]["movieFile"] = json!([]);
            movies[1]["id"] = json!({});
            reply(&movies)
        }
        false => radarr(r),
    })
    .await;
    check(&films).unwrap();
    assert_eq!(failed(&films), ["Wanted None"]);
    assert!(is_unproven(&films));
}

#[tokio::test]
async fn no_key_is_ever_shown() {
    let wire = Wire::start(|_| Reply::status(401)).await;
    let arr = arr(Sonarr, &wire);
    let mut shown = format!("{arr:?}");
    shown += &arr.identify().await.unwrap_err().to_string();
    shown += &arr.queue().await.unwrap_err().to_string();
    shown += &format!("{:?}", crate::fake::config(Sonarr, &wire));
    assert!(!shown.contains(KEY), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever comes for a list, nothing panics, and what is proven was said.
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for list in ["series", "episode"] {
            let bytes = bytes.clone();
            let steps = runtime.block_on(steps(Sonarr, Scope::Full, move |r: &Request| {
                match r.path.ends_with(list) {
                    true => Reply::json(bytes.clone()),
                    false => sonarr(&sonarr_data(), r),
                }
            }));
            check(&steps).unwrap();
            prop_assert!(is_unproven(&steps));
        }
    }

    /// Whatever one field holds, nothing panics and the contract is kept.
    #[test]
    fn any_field_is_survived(
        field in proptest::sample::select(vec![
            "id", "title", "year", "seasons", "statistics", "monitored", "tvdbId", "imdbId", "added",
            "images", "firstAired", "seasonNumber", "episodeNumber", "airDate", "airDateUtc",
            "runtime", "episodeFile", "episodeFileId",
        ]),
        value in prop_oneof![
            Just(json!(null)), any::<bool>().prop_map(|v| json!(v)),
            any::<i64>().prop_map(|v| json!(v)), any::<f64>().prop_map(|v| json!(v)),
            ".{0,12}".prop_map(|v| json!(v)), Just(json!([])), Just(json!([{}])), Just(json!({})),
            Just(json!("0001-01-01T00:00:00.0000000Z")), Just(json!("2024-13-99")),
        ],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for list in ["series", "episode"] {
            let mut data = sonarr_data();
            data[list][0][field] = value.clone();
            let steps = runtime.block_on(steps(Sonarr, Scope::Full, move |r: &Request| sonarr(&data, r)));
            check(&steps).unwrap();
        }
    }
}
