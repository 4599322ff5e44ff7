//! What is listed, how and in which order.

use chrono::DateTime;
use futures::StreamExt;
use serde_json::json;
use shelfread_domain::port::{LibraryKind, Listed, MediaSource, Scope};
use shelfread_domain::{Coverage, Observation};
use shelfread_testkit::fixtures::check;
use shelfread_testkit::notation::observations;
use shelfread_testkit::wire::Wire;

use crate::fake::{Fake, Step, library, places, plex, steps};

fn pages(steps: &[Step]) -> Vec<Observation> {
    let page = |step: &Step| match step {
        Ok(Listed::Page(page)) => page.clone(),
        _ => Vec::new(),
    };
    steps.iter().flat_map(page).collect()
}

fn ids(steps: &[Step]) -> Vec<String> {
    pages(steps).into_iter().map(|o| o.remote_id.0).collect()
}

fn end(steps: &[Step]) -> Coverage {
    match steps.last() {
        Some(Ok(Listed::End(coverage))) => coverage.clone(),
        other => panic!("no certificate but {other:?}"),
    }
}

#[tokio::test]
async fn films_of_old_and_new_agents() {
    let steps = steps(LibraryKind::Movies, Scope::Full, |r| Fake::movies().answer(r)).await;
    check(&steps).unwrap();
    assert_eq!(end(&steps), Coverage::complete(Some(4), 4));
    let expected = observations(
        r#"
        movie 55 "Big Buck Bunny" 2008 imdb=tt1254207 date=2008-04-10 runtime=596 added=2020-01-20T09:54:48Z overview="A giant rabbit." poster=/library/metadata/55/thumb/1579514152 file="/media/Films/Big Buck Bunny (2008)/bunny.mkv":13400382
        # Two versions, one of them in two parts; the third version is in the trash.
        movie 182 "Heat" 1995 tmdb=949 imdb=tt0113277 tvdb=1709 sort=Heat runtime=10200 added=2023-05-10T11:06:22Z played plays=2 position=61 last=2023-11-14T22:13:20Z file="/media/Films/Heat (1995)/Heat.1080p.mkv":20 file="/media/Films/Heat (1995)/Heat.2160p.cd1.mkv":30 file="/media/Films/Heat (1995)/Heat.2160p.cd2.mkv":31
        movie 183 "Holiday" trashed played plays=1    # in the trash: missing, not gone
        movie 184 "Bare"
        "#,
    );
    assert_eq!(pages(&steps), expected);
}

#[tokio::test]
async fn shows_before_what_hangs_on_them() {
    let steps = steps(LibraryKind::Shows, Scope::Full, |r| Fake::shows().answer(r)).await;
    check(&steps).unwrap();
    assert_eq!(end(&steps), Coverage::complete(Some(9), 9));
    let expected = observations(
        r#"
        show 22 "The 100" 2014 sort=100 tvdb=268592 date=2014-03-19 added=2020-01-20T00:09:51Z
        show 30 "Dark" 2017 tvdb=334824 imdb=tt5753856
        season 22 0 23 "Specials"
        season 22 1 24 "Season 1"
        season 30 1 31 "Season 1"
        episode 22 1x01 25 "Pilot" date=2014-03-19 runtime=2520 position=120 last=2023-11-14T22:13:20Z file="/media/Shows/The 100/S01E01-E02.mkv":900
        episode 22 1x02 26 "Earth Skills" file="/media/Shows/The 100/S01E01-E02.mkv":900
        episode 22 0x- 27 "A special evening" date=2015-01-01
        episode 30 1x01 32 "Secrets" abs=1 tvdb=6320203
        "#,
    );
    assert_eq!(pages(&steps), expected);
}

#[tokio::test]
async fn an_empty_library_is_complete() {
    let steps = steps(LibraryKind::Movies, Scope::Full, |r| Fake::default().answer(r)).await;
    assert_eq!(steps, [Ok(Listed::Expected(0)), Ok(Listed::End(Coverage::complete(Some(0), 0)))]);
}

#[tokio::test]
async fn pages_come_in_order_and_few_requests_are_made() {
    let wire = Wire::start(|r| Fake::many(95).answer(r)).await;
    let steps: Vec<_> =
        plex(&wire).list(&library(LibraryKind::Movies), Scope::Full).collect().await;
    check(&steps).unwrap();
    let expected: Vec<_> = (1..=95).map(|n| n.to_string()).collect();
    assert_eq!(ids(&steps), expected);
    // Ten pages, the count, and the section before and after.
    assert_eq!(wire.requests().len(), 13);
}

#[tokio::test]
async fn shows_of_one_title_do_not_mix() {
    let show = |key: u32| json!({"ratingKey": key, "type": "show", "title": "Hotel"});
    let episode = |key: u32, show: u32| {
        json!({"ratingKey": key, "type": "episode", "grandparentRatingKey": show,
            "parentIndex": 1, "index": key})
    };
    let fake = Fake {
        items: [
            (2, vec![show(1), show(2)]),
            (4, (10..40).map(|n| episode(n, 1 + n % 2)).collect()),
        ]
        .into(),
    };
    let steps = steps(LibraryKind::Shows, Scope::Full, move |r| fake.answer(r)).await;
    check(&steps).unwrap();
    assert!(end(&steps).complete);
}

#[tokio::test]
async fn what_changed_is_asked_with_overlap() {
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    let wire = Wire::start(|r| Fake::movies().answer(r)).await;
    let plex = plex(&wire);
    let films = library(LibraryKind::Movies);
    let scope = Scope::ChangedSince(at(1_700_000_100));
    let steps: Vec<_> = plex.list(&films, scope).collect().await;
    check(&steps).unwrap();
    assert_eq!(ids(&steps), ["182"], "played 100 s before is within the overlap");
    assert!(!end(&steps).complete);
    assert_eq!(wire.requests().len(), 4, "the section, two counts, one page");

    let steps: Vec<_> = plex.list(&films, Scope::ChangedSince(at(1_570_000_000))).collect().await;
    assert_eq!(ids(&steps), ["55", "182"], "each once");
}

#[tokio::test]
async fn some_items_come_with_what_hangs_on_them() {
    for (asked, expected) in [
        (&["22"][..], "22 23 24 25 26 27"),
        (&["32"], "30 32"),
        (&["24", "32", "30", "22"], "30 22 23 24 25 26 27 31 32"),
        (&["999"], ""),
        (&[], ""),
    ] {
        let scope = Scope::Only(asked.iter().map(|id| (*id).into()).collect());
        let steps = steps(LibraryKind::Shows, scope, |r| Fake::shows().answer(r)).await;
        check(&steps).unwrap();
        assert_eq!(ids(&steps).join(" "), expected);
        assert!(!end(&steps).complete);
    }
}

#[tokio::test]
async fn an_item_of_another_library_is_left_out() {
    let mut fake = Fake::shows();
    fake.items.extend(Fake::movies().items);
    let scope = Scope::Only(vec!["182".into(), "22".into()]);
    let steps = steps(LibraryKind::Shows, scope, move |r| fake.answer(r)).await;
    assert_eq!(ids(&steps)[..1], ["22"]);
    assert!(!ids(&steps).contains(&"182".to_owned()));
}

#[tokio::test]
async fn a_listing_that_is_dropped_asks_no_more() {
    let wire = Wire::start(|r| Fake::many(1000).answer(r)).await;
    let plex = plex(&wire);
    let films = library(LibraryKind::Movies);
    let mut steps = plex.list(&films, Scope::Full);
    while !matches!(steps.next().await, Some(Ok(Listed::Page(_)))) {}
    drop(steps);
    let asked = wire.requests().iter().filter(|r| r.path.ends_with("/all")).count();
    assert!(asked <= 1 + 2 * 4, "{asked} of 101 pages");
    let last = wire
        .requests()
        .iter()
        .filter(|r| r.path.ends_with("/all"))
        .map(places)
        .max_by_key(|p| p.end);
    assert!(last.is_some_and(|p| p.end <= 100));
}
