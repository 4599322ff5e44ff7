//! What is safe to repeat is repeated, as often as allowed and not before it is time.

use std::time::{Duration, Instant};

use shelfread_backends_http::Request;
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::{get, http, patient, problem};

#[tokio::test]
async fn passing_troubles_pass() {
    let troubles = [500, 502, 503, 504, 429].map(Reply::status).into_iter();
    let cut = [Reply::json("[1,2,3]").cut(3), Reply::close(), Reply::silence()];
    for trouble in troubles.chain(cut) {
        let wire = Wire::queue([trouble, Reply::json("[7]")]).await;
        assert_eq!(patient(&wire, 1).json::<Vec<u32>>(&get()).await.unwrap(), [7]);
        assert_eq!(wire.requests().len(), 2);
    }
}

#[tokio::test]
async fn lasting_troubles_are_not_repeated() {
    for reply in [400, 401, 403, 404].map(Reply::status).into_iter().chain([Reply::html("<p>")]) {
        let wire = Wire::queue([reply]).await;
        problem(&patient(&wire, 3)).await;
        assert_eq!(wire.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_number_of_tries_is_bounded() {
    let wire = Wire::start(|_| Reply::status(500)).await;
    assert_eq!(problem(&patient(&wire, 3)).await, Problem::Status(500));
    assert_eq!(wire.requests().len(), 4);
    let error = patient(&wire, 3).send(&get().most_retries(1)).await.unwrap_err();
    assert_eq!(error.problem, Problem::Status(500));
    assert_eq!(wire.requests().len(), 6);
}

#[tokio::test]
async fn a_post_is_sent_once_unless_it_may_be_repeated() {
    let wire = Wire::start(|_| Reply::status(503)).await;
    let post = Request::post(["rpc"]).json(&["torrent-get"]).unwrap();
    patient(&wire, 2).send(&post).await.unwrap_err();
    assert_eq!(wire.requests().len(), 1);
    patient(&wire, 2).send(&post.repeatable(true)).await.unwrap_err();
    assert_eq!(wire.requests().len(), 4);
    assert!(wire.requests().iter().all(|r| r.body == b"[\"torrent-get\"]"));
}

#[tokio::test]
async fn the_server_says_when_to_come_back() {
    let wire =
        Wire::queue([Reply::status(503).header("retry-after", "1"), Reply::json("[1]")]).await;
    let start = Instant::now();
    patient(&wire, 1).send(&get()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn what_would_take_too_long_is_given_up_at_once() {
    let wire = Wire::start(|_| Reply::status(429).header("retry-after", "3600")).await;
    assert_eq!(problem(&patient(&wire, 5)).await, Problem::RateLimited);
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn connections_are_used_again() {
    let wire = Wire::start(|_| Reply::json("[1]")).await;
    let http = http(&wire);
    for _ in 0..3 {
        http.send(&get()).await.unwrap();
    }
    assert_eq!(wire.requests().len(), 3);
}
