//! Pages that do not fit together.

use std::sync::atomic::{AtomicUsize, Ordering};

use shelfread_domain::port::Problem;
use shelfread_testkit::wire::Reply;

use crate::{full, is_tops, movie, page, scripted};

fn movies(count: usize) -> Vec<String> {
    (0..count).map(movie).collect()
}

#[tokio::test]
async fn a_total_that_changes_is_partial() {
    let asked = AtomicUsize::new(0);
    let (_wire, source) = scripted(move |request| {
        let more = usize::from(is_tops(request) && asked.fetch_add(1, Ordering::Relaxed) > 1);
        page(request, &movies(if is_tops(request) { 60 + more } else { 0 }))
    })
    .await;
    let seen = full(&source).await;
    assert!(!seen.is_complete());
    assert!(seen.reason().contains("changed from 60 to 61"), "{}", seen.reason());
}

#[tokio::test]
async fn a_page_from_another_place_is_partial() {
    let (_wire, source) = scripted(|request| {
        let start = request.number("startIndex").unwrap();
        let items: Vec<_> = (start..start + 20).map(movie).collect();
        let items = if is_tops(request) { items } else { Vec::new() };
        let total = if is_tops(request) { 40 } else { 0 };
        Reply::json(format!(
            r#"{{"Items":[{}],"TotalRecordCount":{total},"StartIndex":0}}"#,
            items.join(",")
        ))
    })
    .await;
    let seen = full(&source).await;
    assert!(!seen.is_complete());
    assert!(seen.reason().contains("asked from 20, it listed from 0"), "{}", seen.reason());
}

#[tokio::test]
async fn a_server_that_ignores_paging_is_partial_and_lists_nothing_twice() {
    let (_wire, source) = scripted(|request| {
        let items = movies(if is_tops(request) { 50 } else { 0 });
        let total = items.len();
        Reply::json(format!(r#"{{"Items":[{}],"TotalRecordCount":{total}}}"#, items.join(",")))
    })
    .await;
    let seen = full(&source).await;
    assert!(!seen.is_complete());
    assert_eq!(seen.all().count(), 50);
}

#[tokio::test]
async fn without_a_total_nothing_is_certain() {
    for total in ["", r#","TotalRecordCount":null"#, r#","TotalRecordCount":-1"#] {
        let (_wire, source) = scripted(move |request| {
            let items = movies(if is_tops(request) { 3 } else { 0 });
            Reply::json(format!(r#"{{"Items":[{}]{total}}}"#, items.join(",")))
        })
        .await;
        let seen = full(&source).await;
        assert!(!seen.is_complete(), "{total}");
        assert_eq!((seen.all().count(), seen.expected), (3, None));
    }
}

#[tokio::test]
async fn more_than_the_server_says_is_seen() {
    for said in [19, 20, 30, 39, 40] {
        let (_wire, source) = scripted(move |request| {
            let start = request.number("startIndex").unwrap();
            let (there, said) = if is_tops(request) { (41, said) } else { (0, 0) };
            let items: Vec<_> = movies(there).into_iter().skip(start).take(20).collect();
            let items = items.join(",");
            Reply::json(format!(r#"{{"Items":[{items}],"TotalRecordCount":{said}}}"#))
        })
        .await;
        let seen = full(&source).await;
        assert!(!seen.is_complete(), "{said}");
    }
}

/// The server sorts by the name of the show that it noted with each episode, which may be an old
/// one.
#[tokio::test]
async fn episodes_of_a_renamed_show_come_from_two_places() {
    let item = |kind: &str, id: &str, show: &str| {
        format!(r#"{{"Id":"{id}","Name":"{id}","Type":"{kind}","SeriesId":"{show}"}}"#)
    };
    let shows = ["a", "b"].map(|id| item("Series", id, id));
    let episodes = [("1", "a"), ("2", "b"), ("3", "a"), ("4", "b")];
    let episodes = episodes.map(|(id, show)| item("Episode", id, show));
    let (_wire, source) = scripted(move |request| match request.param("includeItemTypes") {
        Some("Movie,Series") => page(request, &shows),
        Some("Episode") => page(request, &episodes),
        _ => page(request, &[]),
    })
    .await;
    let seen = full(&source).await;
    assert!(seen.is_complete(), "{}", seen.reason());
    assert_eq!(seen.titles(), ["a", "b", "1", "2", "4", "3"]);
}

#[tokio::test]
async fn an_absurd_total_ends_with_the_first_empty_page() {
    for total in [1_000_000, i64::MAX / 4, i64::MAX] {
        let (wire, source) = scripted(move |request| {
            let items = movies(if is_tops(request) { 20 } else { 0 });
            let start = request.number("startIndex").unwrap();
            let items = if start == 0 { items.join(",") } else { String::new() };
            Reply::json(format!(r#"{{"Items":[{items}],"TotalRecordCount":{total}}}"#))
        })
        .await;
        let seen = full(&source).await;
        assert!(!seen.is_complete());
        assert!(wire.requests().len() < 30, "{}", wire.requests().len());
    }
}

#[tokio::test]
async fn an_answer_without_items_is_an_error() {
    for body in ["{}", r#"{"Items":null}"#, r#"{"Items":{}}"#, "null", "[]", "7", ""] {
        let (_wire, source) = scripted(move |_| Reply::json(body)).await;
        let error = full(&source).await.error.unwrap();
        assert!(matches!(error.problem, Problem::Malformed(_)), "{body}: {error}");
    }
}

/// Pages that came before an error stay valid, and there is no certificate.
#[tokio::test]
async fn a_server_that_breaks_in_the_middle_is_an_error() {
    let (wire, source) = scripted(|request| {
        let end = request.number("startIndex").unwrap() + request.number("limit").unwrap();
        match is_tops(request) {
            true if end > 40 => Reply::status(500),
            tops => page(request, &movies(if tops { 1_000 } else { 0 })),
        }
    })
    .await;
    let seen = full(&source).await;
    assert_eq!(seen.error.as_ref().unwrap().problem, Problem::Status(500));
    assert!(!seen.is_complete());
    assert_eq!((seen.expected, seen.all().count()), (Some(1_000), 40));
    assert!(wire.requests().len() < 400, "{}", wire.requests().len());
}

#[tokio::test]
async fn a_packed_page_and_a_page_that_is_cut_are_read_at_last() {
    let asked = AtomicUsize::new(0);
    let (_wire, source) = scripted(move |request| {
        let reply = page(request, &movies(if is_tops(request) { 45 } else { 0 })).gzip();
        if asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { reply.cut(60) } else { reply }
    })
    .await;
    let seen = full(&source).await;
    assert!(seen.is_complete(), "{} {:?}", seen.reason(), seen.error);
    assert_eq!(seen.all().count(), 45);
}

#[tokio::test]
async fn a_redirect_to_another_host_gets_no_token() {
    let other = shelfread_testkit::wire::Wire::start(|_| Reply::status(200)).await;
    let target = other.url();
    let (_wire, source) = scripted(move |_| Reply::redirect(&target)).await;
    let error = full(&source).await.error.unwrap();
    assert_eq!(error.problem, Problem::Redirected(other.url().into()));
    assert_eq!(other.requests(), []);
}

#[tokio::test]
async fn only_the_documented_form_of_the_token_is_sent() {
    let (wire, source) = scripted(|request| page(request, &[])).await;
    assert!(full(&source).await.is_complete());
    let requests = wire.requests();
    assert_eq!(requests[0].header("authorization"), None, "nobody knows yet who answers");
    for request in &requests[1..] {
        let sent = request.header("authorization").unwrap();
        assert!(sent.starts_with("MediaBrowser Token=\"t0ken\", Client=\"Shelfread\""), "{sent}");
        assert_eq!(request.header("x-emby-token"), None);
        assert!(!format!("{:?}", request.query).contains("t0ken"));
    }
}
