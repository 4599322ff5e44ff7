//! What every answer has and every request goes through.

use reqwest::{Method, StatusCode};
use shelfread_app::access::Role;
use shelfread_domain::SourceKind;
use shelfread_domain::port::LibraryKind;
use shelfread_web::AccessConfig;

use crate::desk::{Desk, said};

#[tokio::test]
async fn browsers_are_told_what_not_to_do() {
    let desk = Desk::sqlite().await;
    for path in ["/login", "/setup", "/healthz", "/nothing", "/api/openapi.json", "/metrics"] {
        let answer = desk.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        assert!(["no-store", "private, no-cache"].contains(&answer.header("cache-control")));
        assert_eq!(answer.header("strict-transport-security"), "", "{path}: there is no TLS");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
    }
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let desk = Desk::with_access(AccessConfig { trusted_proxies, ..Default::default() }).await;
    let over_tls = said(desk.ask(Method::GET, "/login").header("x-forwarded-proto", "https")).await;
    assert!(over_tls.header("strict-transport-security").starts_with("max-age="), "{over_tls:?}");
}

#[tokio::test]
async fn another_site_cannot_use_a_browser() {
    let public_url = "http://shelf.example".parse().ok();
    let desk = Desk::with_access(AccessConfig { public_url, ..AccessConfig::default() }).await;
    let cookie = desk.logged_in("anna", Role::Admin).await;
    let post = |cookie: &str| desk.ask(Method::POST, "/nothing").header("cookie", cookie);
    for (header, value, expected) in [
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-site", StatusCode::FORBIDDEN),
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-origin", StatusCode::NOT_FOUND),
        ("origin", "http://shelf.example", StatusCode::NOT_FOUND),
    ] {
        let answer = said(post(&cookie).header(header, value)).await;
        assert_eq!(answer.status, expected, "{header}: {value}");
    }
    let login = desk.ask(Method::POST, "/login").header("origin", "https://evil.example");
    assert_eq!(said(login).await.status, StatusCode::FORBIDDEN, "not even to log in");
    let with_token = desk.request(Method::POST, "/nothing").header("origin", "app://tool");
    assert_eq!(said(with_token).await.status, StatusCode::NOT_FOUND, "no browser sends a token");
}

#[tokio::test]
async fn programs_and_people_are_told_differently() {
    let desk = Desk::sqlite().await;
    let told = desk.get("/api/v1/nothing").await;
    assert_eq!(told.header("content-type"), "application/problem+json");
    assert_eq!(told.json()["code"], "not-found");
    let method = said(desk.request(Method::DELETE, "/login")).await;
    assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(method.json()["code"], "method-not-allowed");
    assert!(method.header("allow").contains("POST"), "{method:?}");
    let cookie = desk.logged_in("anna", Role::Admin).await;
    let shown = desk.page("/nothing", Some(&cookie)).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    assert!(shown.header("content-type").starts_with("text/html"), "{shown:?}");
    assert!(shown.text.contains("There is no such thing"), "{shown:?}");
    let request = desk.ask(Method::GET, "/nothing").header("hx-request", "true");
    let part = said(request.header("cookie", cookie)).await;
    assert!(part.text.starts_with("<p class=\"problem\""), "{part:?}");
}

#[tokio::test]
async fn metrics_tell_what_happened_and_how_things_are() {
    let desk = Desk::sqlite().await;
    let den = desk.source("metered", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, "movie m1 \"Heat\" 1995 tmdb=949");
    desk.app.sync(&Default::default(), std::sync::Arc::new(shelfread_app::Quiet)).await.unwrap();
    desk.get("/secret/path?key=value").await;
    let answer = said(desk.ask(Method::GET, "/metrics")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let metrics = desk.get("/metrics").await.text;
    for line in [
        "shelfread_runs_total{source=\"metered\",status=\"succeeded\"} 1",
        "shelfread_changes_total{source=\"metered\",kind=\"added\"} 1",
        "shelfread_source_up{source=\"metered\"} 1",
        "shelfread_removals_held 0",
        "# TYPE shelfread_run_seconds histogram",
        "# TYPE shelfread_http_request_seconds histogram",
    ] {
        assert!(metrics.contains(line), "{line}:\n{metrics}");
    }
    let requests = "shelfread_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}";
    assert!(metrics.contains(requests), "{metrics}");
    assert!(!metrics.contains("secret/path") && !metrics.contains("key=value"), "{metrics}");
}
