//! Slow, silent and greedy clients: answers are bounded, and everything else goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use shelfread_app::{Quiet, SyncRequest};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{RunStatus, SourceKind};
use shelfread_testkit::until;
use shelfread_web::Patience;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};

use crate::desk::Desk;
use crate::wire::{PATIENCE, exchange, is_well, rest, status};

/// A desk whose server loses patience quickly.
async fn impatient() -> Desk {
    let [to_ask, to_answer, to_take] = [500, 3_000, 500].map(Duration::from_millis);
    Desk::sqlite_with(|web| web.with_patience(Patience { to_ask, to_answer, to_take })).await
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

/// Asks for something large and takes nothing of it yet.
async fn asks(desk: &Desk, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(desk.address).await.unwrap();
    let token = desk.token.expose_secret();
    let ask = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/html\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    stream
}

/// Whether an answer has begun to come.
fn has_begun(stream: &TcpStream) -> bool {
    stream.ready(Interest::READABLE).now_or_never().is_some_and(|ready| ready.is_ok())
}

#[tokio::test]
async fn two_hundred_large_answers_at_once_are_bounded() {
    let desk = Desk::sqlite().await;
    let den = desk.source("den", SourceKind::Jellyfin).await;
    let overview = "x".repeat(1_000);
    let films =
        (0..1_000).map(|n| format!("movie m{n} \"Film {n}\" 1995 overview=\"{overview}\"\n"));
    let episodes = (1..=500).map(|n| format!("episode d 1x{n:03} e{n} \"Part {n}\"\n"));
    let shelf: String =
        films.chain(["show d \"Dark\" 2017\n".to_owned()]).chain(episodes).collect();
    den.inner().lists("1", LibraryKind::Mixed, &shelf);
    desk.app.sync(&SyncRequest::default(), Arc::new(Quiet)).await.unwrap();
    let show = desk.get("/api/v1/items?kind=show").await.json()["items"][0]["id"].clone();
    let show = format!("/items/{}", show.as_str().unwrap());
    let before = resident();
    let paths =
        ["/api/v1/items?limit=1000", &show, "/api/v1/items?kind=movie&sort=added&limit=1000"];
    let mut open = Vec::new();
    for n in 0..200 {
        open.push(asks(&desk, paths[n % paths.len()]).await);
    }
    // As many answers as there is room for, and nobody takes any of them.
    until(PATIENCE, async || open.iter().filter(|stream| has_begun(stream)).count() >= 20).await;
    let grown = resident().saturating_sub(before);
    assert!(grown < 160 << 20, "{} MiB more", grown >> 20);
    let take = async |stream| {
        let answer = rest(stream).await;
        assert_eq!(status(&answer), 200, "{answer:.300}");
        assert!(answer.len() > 100_000, "{} bytes", answer.len());
    };
    futures::future::join_all(open.iter_mut().map(take)).await;
    let file = async |n: usize| {
        let path = ["/settings/export", "/settings/backup"][n % 2];
        let said = desk.request(Method::POST, path).send().await.unwrap();
        (said.status(), said.bytes().await.unwrap().len())
    };
    let files = futures::future::join_all((0..40).map(file)).await;
    assert!(files.iter().all(|(status, n)| *status == StatusCode::OK && *n > 100_000), "{files:?}");
    let grown = resident().saturating_sub(before);
    assert!(grown < 160 << 20, "{} MiB more", grown >> 20);
    assert!(is_well(&desk).await);
}
