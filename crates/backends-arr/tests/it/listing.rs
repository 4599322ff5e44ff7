//! What is listed, how and in which order.

use chrono::DateTime;
use serde_json::json;
use shelfread_backends_arr::Program::{Radarr, Sonarr};
use shelfread_domain::Coverage;
use shelfread_domain::port::Scope;
use shelfread_testkit::fixtures::check;
use shelfread_testkit::notation::observations;

use crate::fake::{Step, end, pages, radarr, sonarr, sonarr_data, steps};

const DARK: &str = r#"
    show 7 "Dark" 2017 sort=dark slug=dark overview="A missing child." tvdb=334824 tmdb=70523 tvmaze=17861 imdb=tt5753856 date=2017-12-01 added=2020-01-20T09:54:48.1234567Z poster=https://art.example/p.jpg monitored
    season 7 0 7#0 unmonitored
    season 7 1 7#1 monitored
    episode 7 1x01 7/311 "Secrets" date=2017-12-01 runtime=3060 abs=1 overview="It begins." tvdb=6320203 monitored file="/media/tv/Dark/Season 1/Dark.S01E01-E02.mkv":900
    episode 7 1x02 7/312 "Lies" date=2017-12-01 monitored file="/media/tv/Dark/Season 1/Dark.S01E01-E02.mkv":900
    episode 7 1x03 7/313 "TBA" date=2017-12-02 unmonitored
    episode 7 0x01 7/310 "Trailer" monitored
"#;

const NEW: &str = r#"show 9 "New" tvdb=5 unmonitored"#;

fn ids(steps: &[Step]) -> String {
    pages(steps).into_iter().map(|o| o.remote_id.0).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn series_with_seasons_and_episodes() {
    let steps = steps(Sonarr, Scope::Full, |r| sonarr(&sonarr_data(), r)).await;
    check(&steps).unwrap();
    assert_eq!(pages(&steps), observations(&format!("{DARK}\n{NEW}")));
    assert_eq!(end(&steps), Coverage::complete(Some(8), 8));
}

#[tokio::test]
async fn sonarr_3_lists_files_apart() {
    let mut data = sonarr_data();
    let file = data["episode"][0]["episodeFile"].take();
    data["episode"][1].as_object_mut().unwrap().remove("episodeFile");
    data["episodefile"] = json!([file]);
    let steps = steps(Sonarr, Scope::Full, move |r| sonarr(&data, r)).await;
    assert_eq!(pages(&steps), observations(&format!("{DARK}\n{NEW}")));
}

#[tokio::test]
async fn an_episode_is_wanted_only_with_its_series() {
    let mut data = sonarr_data();
    data["series"][0]["monitored"] = json!(false);
    let steps = steps(Sonarr, Scope::Full, move |r| sonarr(&data, r)).await;
    let is_wanted = pages(&steps)
        .iter()
        .any(|o| o.facts.monitored == Some(true) && o.kind == shelfread_domain::ItemKind::Episode);
    assert!(!is_wanted);
}

#[tokio::test]
async fn series_come_in_order_whatever_arrives_first() {
    let series = |n: i64| {
        json!({"id": n, "title": format!("Show {n}"), "monitored": true,
        "statistics": {"totalEpisodeCount": 2}})
    };
    let episode = |n: i64| {
        json!({"id": n, "seriesId": n / 10, "seasonNumber": 1,
        "episodeNumber": n % 10})
    };
    let data = json!({
        "series": (1..=40).map(series).collect::<Vec<_>>(),
        "episode": (1..=40).flat_map(|n| [n * 10 + 1, n * 10 + 2]).map(episode).collect::<Vec<_>>(),
    });
    let steps = steps(Sonarr, Scope::Full, move |r| sonarr(&data, r)).await;
    check(&steps).unwrap();
    assert_eq!(end(&steps), Coverage::complete(Some(120), 120));
    let expected: Vec<_> = (1..=40).map(|n| format!("{n} {n}/{n}1 {n}/{n}2")).collect();
    assert_eq!(ids(&steps), expected.join(" "));
}

#[tokio::test]
async fn only_series_with_a_history_bring_their_episodes() {
    let moment = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    let steps = steps(Sonarr, Scope::ChangedSince(moment), |r| {
        assert_ne!(r.param("seriesId"), Some("9"), "nothing happened to it");
        sonarr(&sonarr_data(), r)
    })
    .await;
    check(&steps).unwrap();
    assert_eq!(ids(&steps), "7 7#0 7#1 7/311 7/312 7/313 7/310 9");
    assert!(!end(&steps).complete);
}

#[tokio::test]
async fn some_series_come_whole() {
    for (asked, expected) in [
        (&["9"][..], "9"),
        (&["7/313", "7#1"], "7 7#0 7#1 7/311 7/312 7/313 7/310"),
        (&["8", "x", "../7"], ""),
    ] {
        let scope = Scope::Only(asked.iter().map(|id| (*id).into()).collect());
        let steps = steps(Sonarr, scope, |r| sonarr(&sonarr_data(), r)).await;
        check(&steps).unwrap();
        assert_eq!(ids(&steps), expected);
        assert!(!end(&steps).complete);
    }
}

#[tokio::test]
async fn films_with_and_without_files() {
    let all = steps(Radarr, Scope::Full, radarr).await;
    check(&all).unwrap();
    let expected = observations(
        r#"
        movie 1 "Heat" 1995 sort=heat overview="A heist." tmdb=949 imdb=tt0113277 date=1995-12-15 runtime=10200 added=2020-03-15T15:39:15.879Z poster=/MediaCover/1/poster.jpg unmonitored file="/media/films/Heat (1995)/Heat.mkv":700
        movie 2 "Wanted" tmdb=12 date=2027-01-01 monitored
        movie 3 "Folder" monitored file="D:\\movies\\Folder\\folder.mkv":5
        "#,
    );
    assert_eq!(pages(&all), expected);
    assert_eq!(end(&all), Coverage::complete(Some(3), 3));

    let one = steps(Radarr, Scope::Only(vec!["2".into(), "4".into()]), radarr).await;
    assert_eq!(ids(&one), "2");
    assert!(!end(&one).complete);
    let changed = steps(Radarr, Scope::ChangedSince(DateTime::UNIX_EPOCH), radarr).await;
    assert_eq!(ids(&changed), "1 2 3");
    assert!(!end(&changed).complete);
}

#[tokio::test]
async fn nothing_is_complete_too() {
    let none = |r: &_| sonarr(&json!({"series": []}), r);
    let steps = steps(Sonarr, Scope::Full, none).await;
    assert_eq!(end(&steps), Coverage::complete(Some(0), 0));
}
