//! Where a token goes and where it does not.

use shelfread_backends_http::{Http, HttpConfig, Request};
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::{TOKEN, config, get, http};

#[tokio::test]
async fn credentials_go_with_requests_that_are_not_anonymous() {
    let wire = Wire::start(|_| Reply::json("[]")).await;
    let mut config = config(&wire);
    config.basic_auth = Some(("anna".into(), TOKEN.into()));
    let http = Http::new(config).unwrap();
    http.send(&get()).await.unwrap();
    http.send(&get().anonymous()).await.unwrap();
    let requests = wire.requests();
    assert_eq!(requests[0].header("x-api-key"), Some(TOKEN));
    assert_eq!(requests[0].header("authorization"), Some("Basic YW5uYTpodW50ZXIy"));
    assert_eq!(requests[1].header("x-api-key"), None);
    assert_eq!(requests[1].header("authorization"), None);
}

#[tokio::test]
async fn no_error_and_no_debug_shows_a_token() {
    let wire = Wire::start(|_| Reply::status(401)).await;
    let http = http(&wire);
    let request = get().query("api_key", TOKEN).header("x-other", TOKEN).body("text/plain", TOKEN);
    let error = http.send(&request).await.unwrap_err();
    let response = http.exchange(&request).await.unwrap();
    let shown = format!("{error} {error:?} {http:?} {request:?} {response:?} {:?}", config(&wire));
    assert!(!shown.contains(TOKEN), "{shown}");
    assert!(shown.contains(&format!("GET {}items", wire.url())), "{shown}");
}

#[test]
fn an_address_with_secrets_or_without_sense_is_refused() {
    for (url, says) in [
        ("http://me:hunter2@h", "password"),
        ("http://h/?api_key=hunter2", "query"),
        ("ftp://h", "http://"),
        ("h:8096", "http://"),
        ("hunter2", "http://"),
        ("", "http://"),
    ] {
        let error = HttpConfig::parse(url, "Jellyfin").and_then(Http::new).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(matches!(error.problem, Problem::Configuration(_)), "{shown}");
        assert!(shown.contains(says) && !shown.contains("hunter2"), "{url}: {shown}");
    }
    let mut config = HttpConfig::parse("http://h", "Jellyfin").unwrap();
    for header in [("x-api-key", "a\nb"), ("x api key", "a"), ("", "a")] {
        config.headers = vec![(header.0, header.1.into())];
        let error = Http::new(config.clone()).unwrap_err();
        assert!(matches!(error.problem, Problem::Configuration(_)), "{error}");
    }
}

#[tokio::test]
async fn a_prefix_is_kept() {
    let wire = Wire::start(|_| Reply::json("[]")).await;
    let mut config = config(&wire);
    config.base_url = wire.url().join("jellyfin/").unwrap();
    Http::new(config).unwrap().send(&Request::get(["Items", "a/b"])).await.unwrap();
    assert_eq!(wire.requests()[0].path, "/jellyfin/Items/a%2Fb");
}
