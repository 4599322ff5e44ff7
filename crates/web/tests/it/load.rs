//! Slow, silent, greedy and hostile clients: answers are bounded, and everything else goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use shelfread_app::{Quiet, SyncRequest};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{RunStatus, SourceKind};
use shelfread_testkit::until;
use shelfread_web::Patience;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::desk::Desk;
use crate::wire::{PATIENCE, exchange, rest, status};

/// A desk whose server loses patience quickly.
async fn impatient() -> Desk {
    let [to_ask, to_answer, to_take] = [500, 3_000, 500].map(Duration::from_millis);
    Desk::sqlite_with(|web| web.with_patience(Patience { to_ask, to_answer, to_take })).await
}

async fn is_well(desk: &Desk) -> bool {
    desk.get("/readyz").await.status == StatusCode::OK
}

#[tokio::test]
async fn who_is_too_slow_to_ask_is_cut_off() {
    let desk = impatient().await;
    let mut slow = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(desk.address).await.unwrap();
        // Some say nothing at all, some begin and never end.
        if n % 2 == 0 {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        }
        slow.push(stream);
    }
    assert!(is_well(&desk).await, "in between");
    let dripping = async {
        let mut stream = TcpStream::connect(desk.address).await.unwrap();
        let (began, mut said) = (Instant::now(), b"GET / HTTP/1.1\r\n".to_vec());
        // A header of one byte after the other never ends; some day nobody listens any more.
        while stream.write_all(&said).await.is_ok() {
            assert!(began.elapsed() < PATIENCE, "it still listens");
            said = b"x".to_vec();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let closed = futures::future::join_all(slow.iter_mut().map(rest));
    let (_, answers) = tokio::join!(dripping, closed);
    assert!(answers.iter().all(|a| [0, 408].contains(&status(a))), "{answers:?}");
    assert!(is_well(&desk).await);
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_cut_off() {
    let desk = impatient().await;
    let token = desk.token.expose_secret();
    let ask = format!(
        "GET /api/openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    // Ever more answers, of which nothing is taken: some day the server hangs up.
    let asking = async { while stream.write_all(ask.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, asking).await.expect("the server hangs up");
    assert!(is_well(&desk).await);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let desk = impatient().await;
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\nname=anna";
    let answers = futures::future::join_all((0..100).map(|_| exchange(&desk, head.as_bytes())));
    let known = async {
        assert!(is_well(&desk).await);
        assert_eq!(desk.get("/api/v1/nothing").await.status, StatusCode::NOT_FOUND);
    };
    let (answers, ()) = tokio::join!(answers, known);
    let given_up = answers.iter().filter(|a| status(a) == 503).count();
    assert_eq!(given_up, answers.len(), "{answers:?}");
}

#[tokio::test]
async fn a_burst_of_ten_thousand_is_answered_while_a_sync_goes_on() {
    // Below the number of connections that the server takes with a common limit of open files.
    const AT_ONCE: usize = 800;
    let desk = Desk::sqlite().await;
    let den = desk.source("den", SourceKind::Jellyfin).await;
    let films: String =
        (0..500).map(|n| format!("movie m{n} \"Film {n}\" 1995 tmdb={n}9\n")).collect();
    den.inner().lists("1", LibraryKind::Movies, &films);
    let paths = ["/healthz", "/login", "/api/v1/nothing", "/metrics", "/", "/api/openapi.json"];
    let before = resident();
    let ask = async |n: usize| {
        let path = paths[n % paths.len()];
        let known = !n.is_multiple_of(3);
        let request =
            || if known { desk.request(Method::GET, path) } else { desk.ask(Method::GET, path) };
        // Both ends may close an idle connection at any time; a client then asks once more.
        let answer = match request().send().await {
            Ok(answer) => answer,
            Err(_) => request().send().await.unwrap(),
        };
        let status = answer.status();
        answer.bytes().await.unwrap();
        (path, status)
    };
    let burst =
        futures::stream::iter(0..10_000).map(ask).buffer_unordered(AT_ONCE).collect::<Vec<_>>();
    let request = SyncRequest::default();
    let (answers, synced) = tokio::join!(burst, desk.app.sync(&request, Arc::new(Quiet)));
    let bad: Vec<_> = answers.iter().filter(|(_, status)| status.is_server_error()).collect();
    assert!(bad.is_empty(), "{} of {}: {bad:?}", bad.len(), answers.len());
    assert_eq!(synced.unwrap()[0].status, RunStatus::Succeeded);
    let grown = resident().saturating_sub(before);
    assert!(grown < 400 << 20, "{} MiB more", grown >> 20);
    until(PATIENCE, async || is_well(&desk).await).await;
}

/// The memory of this process, in bytes: of the server, and of a thousand clients.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// Every route that there is, with its methods: those of the document, and those for people.
fn routes() -> Vec<(String, String)> {
    let document = serde_json::to_value(shelfread_web::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let known = ["get", "put", "post", "delete", "patch"];
    let documented = paths.iter().flat_map(|(path, item)| {
        let methods = methods(item).into_iter().filter(|m| known.contains(&m.as_str()));
        methods.map(|m| (m.to_uppercase(), path.clone())).collect::<Vec<_>>()
    });
    let others = [
        "/",
        "/login",
        "/logout",
        "/setup",
        "/hooks/{x}",
        "/assets/{x}",
        "/posters/{x}",
        "/metrics",
    ];
    let others =
        others.iter().flat_map(|path| ["GET", "POST"].map(|m| (m.to_owned(), (*path).to_owned())));
    documented.chain(others).collect()
}

/// What may stand in the place of a parameter.
const TRICKS: [&str; 9] = [
    "%00",
    "..%2f..%2f..%2fetc%2fpasswd",
    "../../../etc/passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%ff%fe%fd",
    "%",
    "'%20OR%201=1;--",
    "%F0%9F%8E%AC%E2%80%AE",
    "{x}",
];

#[tokio::test]
async fn no_trick_in_a_path_or_body_breaks_a_route() {
    let desk = Desk::sqlite().await;
    let token = desk.token.expose_secret().to_owned();
    let long = "x".repeat(8_000);
    let bodies: [&[u8]; 6] =
        [b"", b"\xff\xfe\x00", b"{", b"[[[[[[[[", b"null", b"{\"name\":\"\\u0000\"}"];
    let mut failed = Vec::new();
    for (method, path) in routes() {
        for trick in TRICKS.into_iter().chain([long.as_str()]) {
            let target = filled(&path, trick);
            for body in if method == "GET" { &bodies[..1] } else { &bodies[..] } {
                for kind in ["application/json", "application/x-www-form-urlencoded"] {
                    let head = format!(
                        "{method} {target}?q=%ff&limit=x&cursor=%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                         Authorization: Bearer {token}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    let answer = exchange(&desk, &[head.as_bytes(), body].concat()).await;
                    if !is_bounded(&answer) {
                        failed.push(format!("{method} {target} {body:?}: {answer:.300}"));
                    }
                    if method == "GET" {
                        break;
                    }
                }
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed[..failed.len().min(20)].join("\n")
    );
    assert!(is_well(&desk).await);
}

#[tokio::test]
async fn bodies_have_a_size_on_every_route() {
    let desk = Desk::sqlite().await;
    let token = desk.token.expose_secret();
    for (method, path) in routes().into_iter().filter(|(method, _)| method != "GET") {
        let target = filled(&path, "x");
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\n"
        );
        let told =
            exchange(&desk, format!("{head}Content-Length: 99999999999\r\n\r\n").as_bytes()).await;
        assert!((400..500).contains(&status(&told)), "{method} {path}: {told}");
        // 32 MiB in pieces of which nobody said how many there are.
        let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", piece.repeat(512));
        let answer = exchange(&desk, chunked.as_bytes()).await;
        assert!(status(&answer) < 500, "{method} {path}: {answer}");
    }
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
