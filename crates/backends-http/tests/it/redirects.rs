//! Redirects are followed at home and never abroad.

use shelfread_backends_http::Request;
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::{TOKEN, get, http, problem};

#[tokio::test]
async fn a_redirect_at_home_is_followed_with_the_token() {
    let wire = Wire::queue([Reply::redirect("/base/items/"), Reply::json("[1]")]).await;
    assert_eq!(http(&wire).json::<Vec<u32>>(&get()).await.unwrap(), [1]);
    let requests = wire.requests();
    assert_eq!(requests[1].path, "/base/items/");
    assert_eq!(requests[1].header("x-api-key"), Some(TOKEN));
}

#[tokio::test]
async fn another_origin_gets_nothing() {
    let other = Wire::start(|_| Reply::json("[1]")).await;
    let target = other.url().join("items?api_key=hunter2").unwrap();
    for status in [301, 302, 303, 307, 308] {
        let wire = Wire::queue([Reply::redirect(&target).with_status(status)]).await;
        let shown = format!("{}items?api_key=…", other.url());
        assert_eq!(problem(&http(&wire)).await, Problem::Redirected(shown));
    }
    assert_eq!(other.requests(), []);
}

#[tokio::test]
async fn other_schemes_and_loops_end() {
    let wire = Wire::start(|r| Reply::redirect(&r.path)).await;
    assert!(matches!(problem(&http(&wire)).await, Problem::Redirected(_)));
    assert_eq!(wire.requests().len(), 6);
    let secure = wire.url().to_string().replace("http:", "https:");
    let wire = Wire::queue([Reply::redirect(&secure), Reply::redirect("file:///etc/passwd")]).await;
    assert_eq!(problem(&http(&wire)).await, Problem::Redirected(secure));
    assert_eq!(problem(&http(&wire)).await, Problem::Redirected("file:///etc/passwd".into()));
}

#[tokio::test]
async fn only_questions_follow() {
    let wire = Wire::start(|_| Reply::redirect("/elsewhere")).await;
    for request in [Request::post(["a"]).form(&[("x", "y")]), Request::delete(["a"])] {
        let error = http(&wire).send(&request).await.unwrap_err();
        assert!(matches!(error.problem, Problem::Redirected(_)), "{error}");
    }
    assert_eq!(wire.requests().len(), 2);
}

#[tokio::test]
async fn an_address_given_whole_is_asked_as_it_is() {
    let wire = Wire::queue([Reply::redirect("magnet:?xt=urn:btih:0"), Reply::status(200)]).await;
    let address = wire.url().join("dl//a%2Fb/?x&y=%20+").unwrap();
    let answer = http(&wire).exchange(&Request::at(address).without_redirects()).await.unwrap();
    assert_eq!(answer.headers["location"], "magnet:?xt=urn:btih:0");
    assert_eq!(wire.requests()[0].path, "/dl//a%2Fb/");
    assert_eq!(wire.requests()[0].param("y"), Some("  "));

    let elsewhere = Request::at("http://h.invalid/?apikey=hunter2".parse().unwrap());
    let error = http(&wire).exchange(&elsewhere).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Configuration(_)), "{error}");
    assert!(!error.to_string().contains(TOKEN), "{error}");
    assert_eq!(wire.requests().len(), 1);
}
