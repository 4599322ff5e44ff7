//! What goes wrong on the wire: nothing is ever taken for gone.

use std::time::Duration;

use expect_test::expect;
use futures::StreamExt;
use proptest::prelude::*;
use serde_json::json;
use shelfread_backends_plex::Plex;
use shelfread_domain::port::{LibraryKind, Listed, MediaSource, Problem, Scope};
use shelfread_testkit::fixtures::check;
use shelfread_testkit::wire::{Reply, Request, Wire};

use crate::fake::{Fake, Step, config, container, library, places, plex, sections, steps};

/// A listing of 35 films whose pages `fault` answers where it wants to.
async fn films(fault: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Vec<Step> {
    let fake = Fake::many(35);
    let answer = move |r: &Request| {
        let is_page = r.path.ends_with("/all") && !places(r).is_empty();
        let reply = if is_page { fault(r) } else { None };
        reply.unwrap_or_else(|| fake.answer(r))
    };
    let steps = steps(LibraryKind::Movies, Scope::Full, answer).await;
    check(&steps).unwrap();
    steps
}

/// Whether the listing ended without proof that anything is gone.
fn is_unproven(steps: &[Step]) -> bool {
    matches!(steps.last(), Some(Err(_)))
        || matches!(steps.last(), Some(Ok(Listed::End(c))) if !c.complete && c.reason.is_some())
}

fn third(r: &Request) -> bool {
    places(r).contains(&25)
}

#[tokio::test]
async fn no_fault_on_a_page_proves_that_anything_is_gone() {
    let page = || {
        let films: Vec<_> = (21..=30).map(|n| json!({"ratingKey": n, "title": "x"})).collect();
        json!({"size": 10, "totalSize": 35, "Metadata": films})
    };
    let replies: Vec<(&str, Reply)> = vec![
        ("cut", container(page()).cut(40)),
        ("short", container(page()).claim(40)),
        ("never ends", Reply::json(vec![b' '; 1 << 16]).endless()),
        ("too large", Reply::json(vec![b' '; 2 << 20])),
        ("a web page", Reply::html("<html>502</html>")),
        ("garbage", Reply::json("\u{0}\u{1}{{{[")),
        ("gzip garbage", Reply::json("no gzip").header("content-encoding", "gzip")),
        ("closed", Reply::close()),
        ("redirected", Reply::redirect("http://127.0.0.1:1/library")),
        ("401", Reply::status(401)),
        ("403", Reply::status(403)),
        ("404", Reply::status(404)),
        ("429", Reply::status(429).header("retry-after", "0")),
        ("500", Reply::status(500)),
        ("503", Reply::status(503)),
        ("empty object", Reply::json("{}")),
        ("empty container", container(json!({}))),
        ("empty page", container(json!({"size": 0, "totalSize": 35}))),
        (
            "half a page",
            container(json!({"size": 0, "totalSize": 35, "Metadata": [{"ratingKey": 21}]})),
        ),
        (
            "other total",
            container(json!({"size": 10, "totalSize": 34, "Metadata": page()["Metadata"]})),
        ),
        ("no list", container(json!({"totalSize": 35, "Metadata": {}}))),
        ("another page", container(json!({"totalSize": 35, "Metadata": [{"ratingKey": 1}]}))),
        ("not items", container(json!({"totalSize": 35, "Metadata": [1, null, "x"]}))),
    ];
    for (name, reply) in replies {
        let steps = films(move |r| third(r).then(|| reply.clone())).await;
        assert!(is_unproven(&steps), "{name}: {:?}", steps.last());
    }
}

#[tokio::test]
async fn a_stall_ends_the_listing() {
    let wire = Wire::start(|r| match r.path.ends_with("/all") && third(r) {
        true => Reply::json(r#"{"MediaContainer":{"#).stall(5),
        false => Fake::many(35).answer(r),
    })
    .await;
    let mut hasty = config(&wire);
    hasty.http.timeouts.idle = Duration::from_millis(50);
    let plex = Plex::new(hasty).unwrap();
    let films = library(LibraryKind::Movies);
    let steps: Vec<Step> = plex.list(&films, Scope::Full).collect().await;
    let error = steps.last().unwrap().as_ref().unwrap_err();
    assert!(matches!(error.problem, Problem::Timeout(_)), "{error}");
}

#[tokio::test]
async fn a_page_is_halved_down_to_the_item_that_fails() {
    let steps = films(|r| places(r).contains(&24).then(|| Reply::status(500))).await;
    let count = |steps: &[Step]| {
        let of = |s: &Step| if let Ok(Listed::Page(page)) = s { page.len() } else { 0 };
        steps.iter().map(of).sum::<usize>()
    };
    assert_eq!(count(&steps), 34);
    let failed: Vec<_> = steps
        .iter()
        .filter_map(|s| if let Ok(Listed::Failed(f)) = s { Some(f.label.as_str()) } else { None })
        .collect();
    assert_eq!(failed, ["movie number 25"]);
    assert!(is_unproven(&steps));
}

#[tokio::test]
async fn an_item_with_an_id_may_be_bad() {
    let fake = || {
        let mut fake = Fake::many(5);
        let movies = fake.items.get_mut(&1).unwrap();
        movies[2] = json!({"ratingKey": "3", "title": "Odd", "year": {"no": "year"}});
        movies[3] = json!({"ratingKey": 4, "title": "Reel", "type": "clip"});
        fake
    };
    let steps = steps(LibraryKind::Movies, Scope::Full, move |r| fake().answer(r)).await;
    check(&steps).unwrap();
    let failed: Vec<_> = steps
        .iter()
        .filter_map(|s| if let Ok(Listed::Failed(f)) = s { Some(f) } else { None })
        .map(|f| format!("{} ({}): {}", f.label, f.remote_id.as_ref().unwrap(), f.message))
        .collect();
    expect![[r#"
        [
            "Odd (3): it is not written as expected (invalid type: map, expected a text or a number at line 1 column 39)",
            "Reel (4): it is a 'clip', which is neither a movie nor a part of a show",
        ]
    "#]]
    .assert_debug_eq(&failed);
    assert!(matches!(steps.last(), Some(Ok(Listed::End(c))) if c.complete && c.received == 5));
}

#[tokio::test]
async fn a_library_that_changes_meanwhile_is_partial() {
    let asked = std::sync::atomic::AtomicU64::new(0);
    let answer = move |r: &Request| {
        if r.path == "/library/sections" {
            let mut sections = sections();
            let n = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            sections["Directory"][0]["contentChangedAt"] = json!(n);
            return container(sections);
        }
        Fake::many(5).answer(r)
    };
    let steps = steps(LibraryKind::Movies, Scope::Full, answer).await;
    assert!(is_unproven(&steps));
}

#[tokio::test]
async fn a_count_that_does_not_say_is_no_zero() {
    for silent in
        [json!({}), json!({"size": 0}), json!({"totalSize": -1}), json!({"totalSize": "x"})]
    {
        let answer = move |r: &Request| match r.path.ends_with("/all") {
            true => container(silent.clone()),
            false => Fake::default().answer(r),
        };
        let steps = steps(LibraryKind::Movies, Scope::Full, answer).await;
        assert!(matches!(steps[..], [Err(_)]), "{steps:?}");
    }
}

#[tokio::test]
async fn more_than_was_counted_is_noticed() {
    for (has, says) in [(1, 0), (10, 5), (12, 10)] {
        let answer = move |r: &Request| match r.path.ends_with("/all") && places(r).is_empty() {
            true => container(json!({"size": 0, "totalSize": says})),
            false => Fake::many(has).answer(r),
        };
        let steps = steps(LibraryKind::Movies, Scope::Full, answer).await;
        assert!(is_unproven(&steps), "{has} where {says} were counted");
    }
}

#[tokio::test]
async fn a_server_behind_something_that_drops_headers_sends_all_at_once() {
    let answer = |r: &Request| match r.path.ends_with("/all") {
        true => {
            let films: Vec<_> = (0..5).map(|n| json!({"ratingKey": n, "title": "x"})).collect();
            container(json!({"size": 5, "Metadata": films}))
        }
        false => Fake::default().answer(r),
    };
    let steps = steps(LibraryKind::Movies, Scope::Full, answer).await;
    assert!(matches!(steps.last(), Some(Ok(Listed::End(c))) if c.complete && c.received == 5));
}

#[tokio::test]
async fn a_library_that_the_token_does_not_see_is_an_error() {
    let wire = Wire::start(|r| Fake::movies().answer(r)).await;
    let mut gone = library(LibraryKind::Movies);
    gone.remote_id = "u-gone".into();
    let plex = plex(&wire);
    let steps: Vec<Step> = plex.list(&gone, Scope::Full).collect().await;
    assert!(matches!(&steps[..], [Err(e)] if e.problem == Problem::NotFound));
}

#[tokio::test]
async fn no_token_is_ever_shown() {
    let wire = Wire::start(|_| Reply::status(401)).await;
    let plex = plex(&wire);
    let films = library(LibraryKind::Movies);
    let mut shown = format!("{plex:?}");
    shown += &plex.identify().await.unwrap_err().to_string();
    shown += &plex.libraries().await.unwrap_err().to_string();
    let steps: Vec<Step> = plex.list(&films, Scope::Full).collect().await;
    shown += &format!("{steps:?}");
    assert!(!shown.contains(crate::fake::TOKEN), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever comes for a page, nothing panics and nothing is proven that was not said.
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let steps = runtime.block_on(films(move |r| third(r).then(|| Reply::json(bytes.clone()))));
        prop_assert!(is_unproven(&steps));
    }

    /// Whatever an item holds, the others are read.
    #[test]
    fn any_item_is_survived(
        field in proptest::sample::select(vec![
            "ratingKey", "type", "title", "year", "index", "duration", "addedAt", "lastViewedAt",
            "viewCount", "viewOffset", "guid", "Guid", "Media", "originallyAvailableAt",
        ]),
        value in any_json(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let steps = runtime.block_on(async move {
            let mut fake = Fake::many(3);
            fake.items.get_mut(&1).unwrap()[1][field] = value;
            steps(LibraryKind::Movies, Scope::Full, move |r| fake.answer(r)).await
        });
        check(&steps).unwrap();
        let told = steps.iter().filter(|s| matches!(s, Ok(Listed::Failed(_)))).count();
        let read: usize = steps
            .iter()
            .map(|s| if let Ok(Listed::Page(page)) = s { page.len() } else { 0 })
            .sum();
        prop_assert!(read + told >= 2 && read >= 2);
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,20}".prop_map(|s| json!(s)),
        Just(json!("0001-01-01T00:00:00.0000000Z")),
        Just(json!([{"Part": [{"file": 7, "size": -1}]}, {"id": null}])),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|v| json!(v)),
            proptest::collection::hash_map("[a-z]{1,3}", inner, 0..3).prop_map(|m| json!(m)),
        ]
    })
}
