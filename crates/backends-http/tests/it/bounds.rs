//! What comes back is bounded in size and time, and what is no answer is named.

use std::time::Duration;

use proptest::prelude::*;
use shelfread_backends_http::{Http, HttpConfig};
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::{config, get, http, problem};

fn limited(wire: &Wire, bytes: u64) -> Http {
    Http::new(HttpConfig { max_body: bytes, ..config(wire) }).unwrap()
}

#[tokio::test]
async fn plain_and_packed_answers_are_read() {
    let wire = Wire::queue([Reply::json("[1,2]"), Reply::json("[3]").gzip()]).await;
    let http = http(&wire);
    assert_eq!(http.json::<Vec<u32>>(&get()).await.unwrap(), [1, 2]);
    assert_eq!(http.json::<Vec<u32>>(&get()).await.unwrap(), [3]);
    assert!(wire.requests()[0].header("accept-encoding").unwrap().contains("gzip"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let big = vec![b' '; 3 << 20];
    for reply in [
        Reply::json(big.clone()),
        Reply::json(big.clone()).gzip(),
        Reply::json(vec![b' '; 1 << 16]).endless(),
    ] {
        let wire = Wire::queue([reply]).await;
        assert_eq!(problem(&limited(&wire, 2 << 20)).await, Problem::TooLarge(2));
    }
    let wire = Wire::queue([Reply::json([big, b"[]".to_vec()].concat())]).await;
    let fits = limited(&wire, (3 << 20) + 2);
    assert!(fits.json::<Vec<u32>>(&get()).await.unwrap().is_empty());
}

#[tokio::test]
async fn silence_is_a_timeout() {
    for reply in [Reply::silence(), Reply::json("[1,2]").stall(2)] {
        let wire = Wire::queue([reply]).await;
        assert_eq!(problem(&http(&wire)).await, Problem::Timeout(0));
    }
}

#[tokio::test]
async fn a_slow_answer_that_goes_on_is_no_timeout() {
    let wire = Wire::queue([Reply::json("[1,2,3,4,5]").drip(1, Duration::from_millis(50))]).await;
    assert_eq!(http(&wire).json::<Vec<u32>>(&get()).await.unwrap(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn the_total_timeout_ends_even_a_steady_drip() {
    let wire = Wire::start(|_| Reply::json(vec![b' '; 100_000]).drip(1, Duration::from_millis(20)));
    let wire = wire.await;
    let mut config = config(&wire);
    config.timeouts.total = Duration::from_secs(1);
    config.retries.count = 5;
    assert_eq!(problem(&Http::new(config).unwrap()).await, Problem::Timeout(1));
}

#[tokio::test]
async fn what_is_cut_or_lies_is_malformed() {
    let body = format!("[{}1]", "1,".repeat(1000));
    for reply in [
        Reply::json(body.clone()).cut(100),
        Reply::json(body.clone()).claim(body.len() + 10),
        Reply::json(body.clone()).claim(100),
        Reply::json(body).gzip().cut(20),
        Reply::json("[1,2]").header("content-encoding", "gzip"),
        Reply::json(""),
        Reply::json(r#"{"not":"a list"}"#),
        Reply::raw("HTTP/1.1 banana\r\n\r\n"),
        Reply::close(),
    ] {
        let wire = Wire::queue([reply.clone()]).await;
        let problem = problem(&http(&wire)).await;
        assert!(matches!(problem, Problem::Malformed(_)), "{reply:?}: {problem}");
    }
}

#[tokio::test]
async fn a_web_page_is_the_wrong_server() {
    let wire = Wire::queue([Reply::html("<html>hello</html>")]).await;
    assert!(matches!(problem(&http(&wire)).await, Problem::WrongServer { .. }));
}

#[tokio::test]
async fn each_status_has_its_words() {
    for (status, expected) in [
        (401, Problem::Unauthorized),
        (403, Problem::Forbidden),
        (404, Problem::NotFound),
        (429, Problem::RateLimited),
        (400, Problem::Status(400)),
        (503, Problem::Status(503)),
    ] {
        let wire = Wire::queue([Reply::html("<p>no</p>").with_status(status)]).await;
        assert_eq!(problem(&http(&wire)).await, expected);
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let wire = Wire::start(|_| Reply::status(200)).await;
    let mut config = config(&wire);
    drop(wire);
    shelfread_testkit::until(Duration::from_secs(5), async || {
        let http = Http::new(config.clone()).unwrap();
        matches!(problem(&http).await, Problem::Unreachable(_))
    })
    .await;
    // A label that long is no name anywhere, so nobody is asked.
    config.base_url = format!("http://{}.invalid/", "a".repeat(64)).parse().unwrap();
    let problem = problem(&Http::new(config).unwrap()).await;
    assert_eq!(problem, Problem::Unreachable("the host name is unknown".into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever bytes come instead of an answer, there is an answer or an error.
    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n".as_slice();
            let wire = Wire::queue([
                Reply::raw(bytes.clone()),
                Reply::raw([head, &bytes].concat()),
                Reply::json(bytes.clone()),
            ]).await;
            for _ in 0..3 {
                let _ = http(&wire).json::<serde_json::Value>(&get()).await;
            }
        });
    }
}
