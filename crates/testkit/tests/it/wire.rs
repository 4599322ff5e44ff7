//! The scripted server misbehaves exactly as told.

use std::time::Duration;

use shelfread_testkit::until;
use shelfread_testkit::wire::{Reply, Request, Wire, forward};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

async fn connect(wire: &Wire) -> TcpStream {
    TcpStream::connect(("127.0.0.1", wire.url().port().unwrap())).await.unwrap()
}

/// Sends one request and reads until the server closes.
async fn get(wire: &Wire) -> String {
    let mut stream = connect(wire).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    timeout(SOON, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn one_connection_serves_many_requests_and_all_are_written_down() {
    let wire = Wire::start(|r| Reply::json(r.path.clone())).await;
    let mut stream = connect(&wire).await;
    for request in [
        "GET /a%20b?x=1&y=%26 HTTP/1.1\r\nX-Key: k\r\n\r\n",
        "POST /c HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc",
    ] {
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    until(SOON, async || wire.requests().len() == 2).await;
    let [first, second] = &wire.requests()[..] else { panic!() };
    assert_eq!(
        (first.path.as_str(), first.number("x"), first.param("y")),
        ("/a%20b", Some(1), Some("&"))
    );
    assert_eq!(first.header("x-key"), Some("k"));
    assert_eq!((second.method.as_str(), &second.body[..]), ("POST", &b"abc"[..]));
    drop(wire);
    let mut answers = String::new();
    timeout(SOON, stream.read_to_string(&mut answers)).await.unwrap().unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
    assert!(answers.ends_with("/c"));
}

#[tokio::test]
async fn lengths_lie_and_bodies_break_off() {
    let body = "0123456789";
    for (reply, length, received) in [
        (Reply::json(body).cut(4), "content-length: 10", "\r\n\r\n0123"),
        (Reply::json(body).claim(99), "content-length: 99", "\r\n\r\n0123456789"),
        (Reply::json(body).claim(2), "content-length: 2\r", "\r\n\r\n0123456789"),
    ] {
        let answer = get(&Wire::queue([reply]).await).await;
        assert!(answer.contains(length) && answer.ends_with(received), "{answer}");
    }
    assert_eq!(get(&Wire::queue([Reply::close()]).await).await, "");
    assert_eq!(get(&Wire::queue([Reply::raw("\0garbage")]).await).await, "\0garbage");
}

#[tokio::test]
async fn what_never_ends_ends_with_the_server() {
    for reply in [Reply::silence(), Reply::json("0123456789").stall(3)] {
        let wire = Wire::queue([reply]).await;
        let mut stream = connect(&wire).await;
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        until(SOON, async || wire.waiting() == 1).await;
        drop(wire);
        let mut rest = Vec::new();
        timeout(SOON, stream.read_to_end(&mut rest)).await.unwrap().ok();
        assert!(rest.is_empty() || rest.ends_with(b"012"));
    }
    let wire = Wire::queue([Reply::json("0123456789").endless()]).await;
    let mut stream = connect(&wire).await;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut much = vec![0; 1 << 20];
    timeout(SOON, stream.read_exact(&mut much)).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&much).contains("a\r\n0123456789\r\na\r\n"));
}

#[tokio::test]
async fn a_drip_is_slow_and_whole() {
    let wire = Wire::queue([Reply::json("abcdef").drip(2, Duration::from_millis(10))]).await;
    let mut stream = connect(&wire).await;
    let begun = std::time::Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("abcdef") {
        answer.push(char::from(timeout(SOON, stream.read_u8()).await.unwrap().unwrap()));
    }
    assert!(begun.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn it_sees_when_a_client_no_longer_waits() {
    let wire = Wire::queue([Reply::silence()]).await;
    let mut stream = connect(&wire).await;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    until(SOON, async || wire.waiting() == 1).await;
    drop(stream);
    until(SOON, async || wire.waiting() == 0).await;
}

#[tokio::test]
async fn what_is_forwarded_arrives_whole() {
    let wire = Wire::start(|r| Reply::json(format!("{} {:?}", r.path, r.query)).header("x-a", "b"));
    let wire = wire.await;
    let request = Request {
        method: "POST".into(),
        path: "/a%20b".into(),
        query: vec![("q".into(), "x & y".into())],
        headers: vec![("X-Key".into(), "k".into())],
        body: b"body".to_vec(),
    };
    let reply = forward(&wire.url(), &request).await.unwrap();
    assert_eq!((reply.code(), reply.text()), (200, r#"/a%20b [("q", "x & y")]"#.to_owned()));
    let seen = &wire.requests()[0];
    assert_eq!((&seen.body, seen.header("x-key")), (&request.body, Some("k")));
}
