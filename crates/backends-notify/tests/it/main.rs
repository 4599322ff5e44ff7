//! Targets over the wire: what they are sent, and what becomes of every answer.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may just fail")]

use std::time::Duration;

use chrono::DateTime;
use secrecy::SecretString;
use shelfread_backends_http::Timeouts;
use shelfread_backends_notify::{
    NotifyConfig, SIGNATURE, TIMESTAMP, Target, address, connect, signature,
};
use shelfread_domain::notify::{Notice, Notifier, TargetKind};
use shelfread_domain::port::{Problem, SourceError};
use shelfread_testkit::wire::{Reply, Wire};

fn notice() -> Notice {
    Notice {
        seq: 7,
        at: DateTime::UNIX_EPOCH,
        kind: "run.held".to_owned(),
        severity: "warning".to_owned(),
        title: "den: removals wait for you".to_owned(),
        text: "12 items would go".to_owned(),
        data: serde_json::json!({ "seq": 7, "kind": "run.held" }),
    }
}

fn target(kind: TargetKind, url: &str, secret: Option<&str>) -> Target {
    let url = SecretString::from(url.to_owned());
    let mut config = NotifyConfig::new(kind, url, secret.map(|s| s.to_owned().into()));
    let soon = Duration::from_millis(300);
    config.timeouts = Timeouts { connect: soon, idle: soon, total: soon };
    connect(config).unwrap()
}

async fn tell(target: &Target) -> Result<(), SourceError> {
    target.tell(&notice(), DateTime::from_timestamp(1_700_000_000, 0).unwrap()).await
}

#[tokio::test]
async fn a_webhook_is_sent_signed_and_once() {
    let wire = Wire::start(|_| Reply::status(204)).await;
    let url = format!("{}hook/a%20b?token=t&x=1", wire.url());
    tell(&target(TargetKind::Webhook, &url, Some("key"))).await.unwrap();
    let requests = wire.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/hook/a%20b"));
    assert_eq!((requests[0].param("token"), requests[0].param("x")), (Some("t"), Some("1")));
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let signed = signature("key", at, &requests[0].body).unwrap();
    assert_eq!(requests[0].header(SIGNATURE), Some(signed.as_str()));
    assert_eq!(requests[0].header(TIMESTAMP), Some("1700000000"));
}

#[tokio::test]
async fn every_kind_is_sent_where_it_wants_it() {
    let wire = Wire::start(|_| Reply::json("{}")).await;
    for (kind, path, at, header) in [
        (TargetKind::Ntfy, "topic", "/", ("authorization", "Bearer tk")),
        (TargetKind::Discord, "api/webhooks/1/abc", "/api/webhooks/1/abc", ("accept", "*/*")),
        (TargetKind::Gotify, "message", "/message", ("x-gotify-key", "tk")),
        (TargetKind::Apprise, "notify/me/", "/notify/me/", ("authorization", "Bearer tk")),
    ] {
        tell(&target(kind, &format!("{}{path}", wire.url()), Some("tk"))).await.unwrap();
        let request = wire.requests().pop().unwrap();
        assert_eq!(request.path, at, "{kind}");
        assert_eq!(request.header(header.0), Some(header.1), "{kind}");
        assert!(serde_json::from_slice::<serde_json::Value>(&request.body).is_ok());
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_the_url() {
    let answers = [
        Reply::status(500),
        Reply::status(404),
        Reply::status(429),
        Reply::redirect("https://elsewhere.example/s3cret/path"),
        Reply::status(301).header("location", "/s3cret/moved"),
        Reply::status(204).endless(),
        Reply::silence(),
        Reply::close(),
    ];
    let count = answers.len();
    let wire = Wire::queue(answers).await;
    for kind in [TargetKind::Webhook, TargetKind::Discord].into_iter().cycle().take(count) {
        let url = format!("{}s3cret/path?token=s3cret", wire.url());
        let target = target(kind, &url, Some("s3cret"));
        let asked = wire.requests().len();
        let told = tell(&target).await;
        assert_eq!(
            wire.requests().len(),
            asked + 1,
            "nothing is sent twice, and no redirect followed"
        );
        if let Err(error) = told {
            let shown = format!("{error} {error:?} {target:?}");
            assert!(!shown.contains("s3cret"), "{shown}");
            assert!(shown.contains("127.0.0.1"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_an_error_and_says_where_to() {
    let wire = Wire::queue([Reply::redirect("https://elsewhere.example/path")]).await;
    let error = tell(&target(TargetKind::Webhook, wire.url().as_str(), None)).await.unwrap_err();
    assert_eq!(error.problem, Problem::Redirected("https://elsewhere.example".to_owned()));
}

#[test]
fn only_http_goes_out() {
    for url in ["", "ftp://h/x", "file:///etc/passwd", "javascript:alert(1)", "h/x", "https://"] {
        let secret = SecretString::from(url.to_owned());
        assert!(address(&secret).is_err(), "{url}");
        let config = NotifyConfig::new(TargetKind::Webhook, secret, None);
        let error = connect(config).map(|_| ()).unwrap_err();
        assert!(matches!(error.problem, Problem::Configuration(_)), "{url}: {error}");
    }
    let shown = address(&"https://me:pw@h:8443/secret?token=t".to_owned().into()).unwrap();
    assert_eq!(shown, "https://h:8443");
}
