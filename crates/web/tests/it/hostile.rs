//! Hostile clients, on every route that there is: the program itself says which these are, so a new
//! one is tested before anybody names it. No request breaks anything, and no answer is without bounds.

use std::collections::BTreeSet;

use futures::StreamExt;
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use shelfread_app::access::Role;
use tokio::time::timeout;

use crate::desk::Desk;
use crate::wire::{PATIENCE, exchange, is_well, status};

/// Requests that are sent at once.
const AT_ONCE: usize = 8;

/// Every route that there is, with its methods: those of the document, and those for people.
fn routes() -> Vec<(String, String)> {
    let document = serde_json::to_value(shelfread_web::openapi()).unwrap();
    let known = ["get", "put", "post", "delete", "patch"];
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys().filter(|m| known.contains(&m.as_str()));
        all.extend(methods.map(|m| (m.to_uppercase(), path.clone())));
    }
    for path in shelfread_web::paths() {
        all.extend(["GET", "POST"].map(|method| (method.to_owned(), path.to_owned())));
    }
    all
}

#[test]
fn the_program_names_its_routes() {
    let paths: BTreeSet<_> = routes().into_iter().map(|(_, path)| path).collect();
    for known in ["/", "/login", "/healthz", "/items/{id}/edit", "/api/v1/items", "/hooks/{name}"] {
        assert!(paths.contains(known), "{known} is not in {paths:?}");
    }
    assert!(paths.len() > 100, "{} routes", paths.len());
}

/// What may stand in the place of a parameter.
const TRICKS: [&str; 11] = [
    "%00",
    "..%2f..%2f..%2fetc%2fpasswd",
    "../../../etc/passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cetc%5cpasswd",
    "%ff%fe%fd",
    "%c0%ae%c0%ae",
    "%",
    "'%20OR%201=1;--",
    "%F0%9F%8E%AC%E2%80%AE",
    "{x}",
];

/// What no parser of queries, forms or JSON likes.
const BODIES: [&[u8]; 7] = [
    b"",
    b"\xff\xfe\x00",
    b"{",
    b"[[[[[[[[",
    b"null",
    b"{\"name\":\"\\u0000\"}",
    b"name=%ff%00&q=%",
];
const QUERIES: [&str; 2] =
    ["", "?q=%ff&limit=x&cursor=%00&after=%&offset=-1&before=%F0%9F&kind=%00"];
const KINDS: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

/// Everything that is sent to one route: its target and its body, and of which kind that is.
fn requests(method: &str, path: &str) -> Vec<(String, &'static [u8], &'static str)> {
    let long = "x".repeat(8_000);
    let tricks = TRICKS.into_iter().chain([long.as_str()]);
    // Without a parameter all of them are one.
    let targets: BTreeSet<_> = tricks.map(|trick| filled(path, trick)).collect();
    let (bodies, kinds) =
        if method == "GET" { (&BODIES[..1], &KINDS[..1]) } else { (&BODIES[..], &KINDS[..]) };
    let mut all = Vec::new();
    for target in targets {
        for query in QUERIES {
            all.push((format!("{target}{query}"), BODIES[0], KINDS[0]));
        }
        for body in bodies {
            all.extend(kinds.iter().map(|kind| (target.clone(), *body, *kind)));
        }
    }
    all
}

/// The head of a request by somebody who may do everything.
fn head(desk: &Desk, method: &str, target: &str, rest: &str) -> String {
    let token = desk.token.expose_secret();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/html\r\n\
         Authorization: Bearer {token}\r\n{rest}\r\n"
    )
}

#[tokio::test]
async fn no_trick_in_a_path_query_or_body_breaks_a_route() {
    let desk = Desk::sqlite().await;
    let all = routes().into_iter().flat_map(|(method, path)| {
        let requests = requests(&method, &path);
        requests.into_iter().map(move |request| (method.clone(), request))
    });
    let ask = async |(method, (target, body, kind)): (String, (String, &[u8], &str))| {
        let length = body.len();
        let rest = format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n");
        let head = head(&desk, &method, &target, &rest);
        let request = [head.as_bytes(), body].concat();
        // Whoever is not answered at all shall be named, too.
        let answer = timeout(PATIENCE / 2, exchange(&desk, &request)).await.unwrap_or_default();
        let told = || format!("{method} {target:.200} {body:?}: {answer:.300}");
        (!is_bounded(&answer)).then(told)
    };
    let failed = futures::stream::iter(all).map(ask).buffer_unordered(AT_ONCE);
    let failed: Vec<_> = failed.filter_map(async |told| told).collect().await;
    let shown = failed[..failed.len().min(20)].join("\n");
    assert!(failed.is_empty(), "{} failed:\n{shown}", failed.len());
    assert!(is_well(&desk).await);
}

#[tokio::test]
async fn pages_take_no_trick_of_a_browser_either() {
    let desk = Desk::sqlite().await;
    let cookie = desk.logged_in("anna", Role::Admin).await;
    for path in shelfread_web::paths() {
        for trick in ["%00", "%ff", "..%2f..", "%"] {
            let said = exchange(
                &desk,
                format!(
                    "GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/html\r\n\
                     Cookie: {cookie}; theme=%ff; said=good:%ff:%00\r\nReferer: http://x/%ff\r\n\
                     HX-Request: true\r\n\r\n",
                    filled(path, trick)
                )
                .as_bytes(),
            )
            .await;
            assert!(is_bounded(&said), "{path} {trick}: {said:.500}");
        }
    }
    assert_eq!(desk.page("/", Some(&cookie)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn bodies_have_a_size_on_every_route() {
    let desk = Desk::sqlite().await;
    let kind = "Content-Type: application/json\r\n";
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    // 32 MiB in pieces of which nobody said how many there are.
    let endless = piece.repeat(512);
    let writes = routes().into_iter().filter(|(method, _)| method != "GET");
    let ask = async |(method, path): (String, String)| {
        let target = filled(&path, "x");
        let told = head(&desk, &method, &target, &format!("{kind}Content-Length: 99999999999\r\n"));
        let told = exchange(&desk, told.as_bytes()).await;
        assert!((400..500).contains(&status(&told)), "{method} {path}: {told}");
        let chunked =
            head(&desk, &method, &target, &format!("{kind}Transfer-Encoding: chunked\r\n"));
        let answer = exchange(&desk, (chunked + &endless).as_bytes()).await;
        assert!(status(&answer) < 500, "{method} {path}: {answer}");
    };
    futures::stream::iter(writes).map(ask).buffer_unordered(4).collect::<Vec<_>>().await;
    for (head, expected) in [
        (format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(1 << 20)), [431, 0]),
        (format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "y".repeat(1 << 20)), [414, 431]),
        ("G\0T / HTTP/1.1\r\n\r\n".to_owned(), [400, 0]),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_owned(), [400, 0]),
    ] {
        let answer = exchange(&desk, head.as_bytes()).await;
        assert!(expected.contains(&status(&answer)), "{head:.60}: {answer}");
    }
    assert!(is_well(&desk).await);
}

/// A path with something in the place of each parameter.
fn filled(path: &str, with: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |made, part| made + with + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// Whether an answer is one, blames nobody but the one who asked, and gives away nothing.
fn is_bounded(answer: &str) -> bool {
    (200..500).contains(&status(answer)) && !answer.contains("root:") && answer.len() < 4 << 20
}
